"""What the machine is, and how much processor time a process used."""

import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def facts() -> list[tuple[str, str]]:
    """The machine as far as it bears on the figures."""
    model = flags = ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name" and not model:
            model = value.strip()
        elif name.strip() == "flags" and not flags:
            flags = value
    memory = next(
        (line.split()[1] for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")), "0"
    )
    return [
        ("processor", model or platform.machine()),
        ("cores", str(os.cpu_count())),
        ("AVX512-IFMA (RSA is about twice as quick with it)", "yes" if "avx512ifma" in flags.split() else "no"),
        ("hypervisor", "yes" if "hypervisor" in flags.split() else "no"),
        ("memory", f"{int(memory) // 1024} MB"),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("Rust", first_line(["rustc", "--version"])),
    ]


def first_line(command: list[str]) -> str:
    """The first line that a command prints, or an empty string."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.partition("\n")[0].strip()
    except OSError:
        return ""


@dataclass(frozen=True)
class CpuTimes:
    """Seconds since the start: of one process (user and system, all its threads), and of the core it is pinned to."""

    process: float
    core_busy: float
    core_stolen: float

    def __sub__(self, earlier: "CpuTimes") -> "CpuTimes":
        return CpuTimes(
            self.process - earlier.process, self.core_busy - earlier.core_busy, self.core_stolen - earlier.core_stolen
        )


def cpu_times(pid: int, core: int) -> CpuTimes:
    """Reads both from /proc."""
    # The name, in parentheses, may hold spaces: count from the last parenthesis.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    process = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _wait, hard, soft, stolen = (int(field) / TICKS_PER_SECOND for field in line.split()[1:9])
            return CpuTimes(process, user + nice + system + hard + soft, stolen)
    raise RuntimeError(f"no core {core} in /proc/stat")


def memory_mb(pid: int) -> tuple[float, float]:
    """Resident memory of a process in MB (10^6 bytes): now, and the most it ever was."""
    values = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            values[name] = int(value.split()[0]) * 1024 / 1e6
    return values["VmRSS"], values["VmHWM"]
