"""Building the programs, and starting and stopping them. Whatever is started is stopped by its own process id."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ROOT / "benches"
ISSUER = "http://127.0.0.1:8080"
"""What stands in the tokens. The same in every run, whatever the port, so that all tokens have one length."""


class BenchError(Exception):
    """Something that the person at the keyboard has to know."""


def target_dir() -> Path:
    """Where cargo puts what it builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def work_dir() -> Path:
    """Where databases, keys and logs of the benchmarks lie; below the target directory, so never committed."""
    return target_dir() / "bench"


def run_command(command: list[str], *, timeout: float = 3600, **options) -> str:
    """Runs a command to its end and returns what it printed."""
    try:
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, timeout=timeout, check=False, **options)
    except OSError as cause:
        raise BenchError(f"{command[0]}: {cause}") from None
    if done.returncode != 0:
        raise BenchError(f"`{' '.join(command)}` ended with {done.returncode}")
    return done.stdout


def build(*, server: bool, offline: bool) -> None:
    """Builds the yardstick, and the server unless it is not needed, both with the release profile."""
    common = ["cargo", "build", "--release", "--locked"] + (["--offline"] if offline else [])
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target_dir())}
    if server:
        run_command([*common, "--bin", "claviger"], cwd=ROOT, env=environment)
    run_command([*common, "--manifest-path", str(BENCHES / "yardstick" / "Cargo.toml")], cwd=ROOT, env=environment)


def different_versions() -> list[str]:
    """The packages that the yardstick's lock file has in another version than the server's."""
    versions = []
    for lock in (ROOT / "Cargo.lock", BENCHES / "yardstick" / "Cargo.lock"):
        pairs = re.findall(r'(?m)^name = "(.+)"\nversion = "(.+)"$', lock.read_text())
        versions.append({name: sorted(version for other, version in pairs if other == name) for name, _ in pairs})
    server, own = versions
    return sorted(name for name, found in own.items() if name != "yardstick" and not set(found) <= set(server.get(name, [])))


def find_wrk() -> str:
    """The closed-loop load generator; installed from Debian's packages when we may."""
    if not shutil.which("wrk"):
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise BenchError("wrk is needed: install it with your system's package manager")
        run_command(["apt-get", "update", "-qq"])
        run_command(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"])
    return shutil.which("wrk") or "wrk"


@dataclass
class Cores:
    """Which core the measured process has to itself, and which one the load comes from."""

    server: int
    load: int

    @staticmethod
    def choose(server: int | None, load: int | None) -> "Cores":
        """The first two cores that we may use, unless told otherwise."""
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2 and (server is None or load is None):
            raise BenchError("two cores are needed: one for the server, one for the load")
        return Cores(allowed[0] if server is None else server, allowed[1] if load is None else load)


@dataclass
class Running:
    """A started server, or a started yardstick."""

    name: str
    pid: int
    port: int
    log: Path
    process: subprocess.Popen = field(repr=False)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def fail(self, what: str) -> BenchError:
        """An error that shows the end of the log."""
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
        return BenchError(f"{self.name} {what}; the end of its log:\n{tail}")


def start(name: str, command: list[str], core: int, port: int) -> Running:
    """Starts a program pinned to one core."""
    log = work_dir() / "logs" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # Nothing of the caller's settings may change what is measured.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CLAVIGER_")}
    if not Path(command[0]).exists():
        raise BenchError(f"there is no {command[0]}: run without --no-build once")
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
    return Running(name, process.pid, port, log, process)


def stop(running: Running) -> None:
    """Asks a program to stop, and ends it if it does not."""
    if running.is_alive():
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(10)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait(10)


def free_port() -> int:
    """A port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def yardstick(cores: Cores, sign: str, *, signing_input_bytes: int, body_bytes: int) -> Iterator[Running]:
    """A running yardstick."""
    port = free_port()
    sizes = ["--signing-input-bytes", str(signing_input_bytes), "--body-bytes", str(body_bytes)]
    command = [str(target_dir() / "release" / "yardstick"), "--sign", sign, "--port", str(port), *sizes]
    running = start(f"yardstick-{sign}", command, cores.server, port)
    try:
        wait_for(running, "/connect/token", statuses=(405,))
        yield running
    finally:
        stop(running)


def signature_seconds(
    cores: Cores, sign: str, signing_input_bytes: int, seconds: int = 2, *, load_core_busy: bool = False
) -> float:
    """The time of one signature on the server's core, while the load's core is idle or busy."""
    command = [str(target_dir() / "release" / "yardstick"), "--sign", sign, "--time-signature", str(seconds)]
    command += ["--signing-input-bytes", str(signing_input_bytes)]
    neighbour = None
    if load_core_busy:
        # Bounded by itself too: it ends when we do not come to end it.
        loop = f"import time\nuntil = time.monotonic() + {seconds + 30}\nwhile time.monotonic() < until: pass"
        neighbour = subprocess.Popen([sys.executable, "-c", loop], preexec_fn=lambda: os.sched_setaffinity(0, {cores.load}))
    try:
        pin = {"preexec_fn": lambda: os.sched_setaffinity(0, {cores.server})}
        return int(run_command(command, timeout=seconds + 30, **pin)) / 1e9
    finally:
        if neighbour:
            neighbour.kill()
            neighbour.wait()


def wait_for(running: Running, path: str, statuses: tuple[int, ...] = (200,), seconds: float = 60) -> None:
    """Waits until a GET is answered with one of the statuses."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not running.is_alive():
            raise running.fail(f"ended by itself with {running.process.returncode}")
        with contextlib.suppress(OSError):
            if (
                http(running.port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()).status
                in statuses
            ):
                return
        time.sleep(0.02)
    raise running.fail(f"did not answer {path} within {seconds:.0f} s")


@dataclass
class Answer:
    """An HTTP answer, with its length on the wire."""

    status: int
    head: bytes
    body: bytes

    @property
    def wire_bytes(self) -> int:
        """Head, empty line and body."""
        return len(self.head) + 4 + len(self.body)


def http(port: int, request: bytes, timeout: float = 10) -> Answer:
    """Sends one request on a connection of its own and reads one answer, which must have a Content-Length."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
        connection.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += (chunk := connection.recv(65536))
            if not chunk:
                raise ConnectionError("closed before the answer's head")
        head, _, body = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", head)
        while length and len(body) < int(length[1]):
            body += (chunk := connection.recv(65536))
            if not chunk:
                raise ConnectionError("closed within the answer's body")
    return Answer(int(head.split(b" ", 2)[1]), head, body)


def token_request(basic: str) -> bytes:
    """The request that the load generators send, for one line of the credentials."""
    body = "grant_type=client_credentials"
    return (
        f"POST /connect/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Basic {basic}\r\n\r\n{body}"
    ).encode()
