"""The load generators, and what one measured run yields."""

import itertools
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import machine
from .processes import BENCHES, BenchError, Cores, Running, find_wrk, run_command, target_dir

_seeds = itertools.count(1)


@dataclass(frozen=True)
class Run:
    """One closed-loop run against one process."""

    answers: int
    """Answers of the kind that was wanted."""
    strangers: int
    """Answers of another kind."""
    seconds: float
    cpu_seconds: float
    """User and system time of the measured process."""
    others_share: float
    """Share of the core's time that went to other processes than the measured one."""
    stolen_share: float
    """Share of the core's time that the hypervisor gave to somebody else."""
    statuses: dict[str, int]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    @property
    def per_cpu_second(self) -> float:
        """Answers per second of processor time."""
        return self.answers / self.cpu_seconds if self.cpu_seconds else 0.0


def wrk_command(target: Running, credentials: Path, seconds: float, connections: int, settings: dict[str, object]) -> list[str]:
    """The command line of one wrk run. Its random choices differ from run to run, and are the same in the next session."""
    words = {"credentials": credentials, "seed": next(_seeds), **settings}
    return [
        find_wrk(),
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "10s",
        "-s",
        str(BENCHES / "wrk" / "token.lua"),
        f"http://127.0.0.1:{target.port}/connect/token",
        "--",
        *(f"{name}={value}" for name, value in words.items()),
    ]


def on_core(command: list[str], core: int) -> subprocess.Popen:
    """Starts a load generator pinned to one core; its output is read later."""
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, {core}))


def output_of(process: subprocess.Popen, seconds: float) -> str:
    """Waits for a load generator that was started for so many seconds; ends it when it does not end by itself."""
    try:
        out, _ = process.communicate(timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BenchError("the load generator did not end") from None
    if process.returncode != 0:
        raise BenchError(f"the load generator ended with {process.returncode}:\n{out}")
    return out


def finish(process: subprocess.Popen, seconds: float) -> dict:
    """Waits for wrk and reads the figures that its script printed."""
    return json.loads(output_of(process, seconds).strip().splitlines()[-1])


def closed_loop(
    target: Running,
    cores: Cores,
    credentials: Path,
    seconds: float,
    *,
    connections: int = 32,
    wanted: int = 200,
    **settings: object,
) -> Run:
    """Asks as fast as answers come (or at `rate`), and measures the target meanwhile.

    Any answer but the `wanted` one is counted as a stranger.
    """  # fmt: skip
    if wanted != 200:
        settings["statuses"] = "count"
    before = machine.cpu_times(target.pid, cores.server)
    figures = finish(on_core(wrk_command(target, credentials, seconds, connections, settings), cores.load), seconds)
    used = machine.cpu_times(target.pid, cores.server) - before
    if not target.is_alive():
        raise target.fail("ended under load")
    took = figures["microseconds"] / 1e6
    statuses = {
        name[1:] if name != "others" else name: figures[name]
        for name in ("s200", "s400", "s401", "s429", "s503", "others")
        if name in figures
    }
    answers = statuses[str(wanted)] if statuses else figures["requests"] - figures["status_errors"]
    return Run(
        answers=answers,
        strangers=figures["requests"] - answers + figures["socket_errors"],
        seconds=took,
        cpu_seconds=used.process,
        others_share=max(0.0, used.core_busy - used.process) / took,
        stolen_share=used.core_stolen / took,
        statuses={status: count for status, count in statuses.items() if count},
    )


@dataclass(frozen=True)
class Latency:
    """An open-loop run: requests sent by the clock, whether or not earlier ones were answered."""

    rate: float
    answered: int
    p50: float
    p99: float
    p999: float
    slowest: float
    late_p99: float
    """How late the generator sent, because it was not awake or the connection's last answer was not there yet."""


def open_loop(target: Running, cores: Cores, basic: str, rate: float, seconds: int, connections: int) -> Latency:
    """Sends `rate` requests a second, evenly spaced, and counts each one's time from when it was due."""
    command = [str(target_dir() / "release" / "yardstick"), "--open-loop", f"{rate:.0f}", "--port", str(target.port)]
    command += ["--seconds", str(seconds), "--connections", str(connections)]
    pin = {"preexec_fn": lambda: os.sched_setaffinity(0, {cores.load})}
    figures = json.loads(run_command(command, timeout=seconds + 60, input=f"Basic {basic}\n", **pin))
    times = (figures[name] / 1e9 for name in ("p50", "p99", "p999", "slowest", "late_p99"))
    return Latency(figures["answered"] / seconds, figures["answered"], *times)
