"""The measurements. Each is a function that takes the settings of the session and returns one table.

Nothing here compares figures of different sessions: what is compared is measured in turns, within minutes.
"""

import base64
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import datasets, machine, processes
from .datasets import Dataset, Server
from .load import Run, closed_loop, finish, on_core, open_loop, wrk_command
from .processes import BenchError, Cores, Running
from .report import Table, number, ratio_spread, spread

TRUST_LOOPBACK = ("--trusted-proxies", "127.0.0.0/8")
"""So that X-Forwarded-For is believed and failures spread over many addresses, as behind a proxy."""


@dataclass
class Session:
    """What the person at the keyboard asked for."""

    server: Server
    cores: Cores
    algorithms: list[str]
    database_url: str | None
    pairs: int
    seconds: float
    connections: int
    few_keys: int
    many_keys: int
    audit_rows: int
    cold_starts: int
    disturbances: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Progress, on standard error."""
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def dataset(self, keys: int, algorithm: str) -> Dataset:
        """The database with so many keys."""
        return datasets.prepare(self.server, keys, algorithm, self.database_url, self.say)

    def cpu_seconds(self, target: Running) -> float:
        """Processor time of a server since its start."""
        return machine.cpu_times(target.pid, self.cores.server).process

    def load(self, target: Running, dataset: Dataset | Path, seconds: float | None = None, **settings: object) -> Run:
        """One closed-loop run; refuses figures that are not what they seem, and notes a disturbed core."""
        credentials = dataset.credentials if isinstance(dataset, Dataset) else dataset
        settings.setdefault("connections", self.connections)
        run = closed_loop(target, self.cores, credentials, seconds or self.seconds, **settings)
        # At the turn of a minute a throttled address is refused in the ordinary way for a moment.
        tolerated = 0.001 if settings.get("wanted", 200) == 200 else 0.01
        total = run.strangers + run.answers
        if run.strangers > total * tolerated:
            raise BenchError(f"{target.name}: {run.strangers} of {total} answers were not the expected ones {run.statuses}")
        if run.others_share + run.stolen_share > 0.03:
            self.disturbances.append(
                f"{target.name}: {run.others_share:.0%} of its core went to others, {run.stolen_share:.0%} was stolen"
            )
        self.say(
            f"{target.name}: {run.per_second:,.0f}/s, {run.per_cpu_second:,.0f} per CPU-second"
            f" (core: {run.cpu_seconds / run.seconds:.0%} its own, {run.others_share:.0%} others', {run.stolen_share:.0%} stolen)"
        )
        return run


@dataclass(frozen=True)
class Sizes:
    """What the yardstick must imitate: the bytes that a real token's signature covers, and those of the whole answer."""

    signing_input_bytes: int
    wire_bytes: int


def sizes_of(server: Running, dataset: Dataset) -> Sizes:
    """Asks the server for a token and measures it."""
    answer = processes.http(server.port, processes.token_request(dataset.some_basic()))
    if answer.status != 200:
        raise server.fail(f"refused a key of its own database: {answer.status} {answer.body[:300]!r}")
    token = json.loads(answer.body)["access_token"]
    header = json.loads(base64url(token.partition(".")[0]))
    if header["alg"] != dataset.algorithm:
        raise server.fail(f"signed with {header['alg']}, not {dataset.algorithm}")
    return Sizes(len(token.rpartition(".")[0]), answer.wire_bytes)


def base64url(text: str) -> bytes:
    """Decodes one part of a JWT."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@contextlib.contextmanager
def fitted_yardstick(session: Session, sign: str, sizes: Sizes):
    """A yardstick whose answer has as many bytes on the wire as the server's."""
    body_bytes = sizes.wire_bytes
    for _ in range(3):
        with processes.yardstick(
            session.cores, sign, signing_input_bytes=sizes.signing_input_bytes, body_bytes=body_bytes
        ) as running:
            excess = processes.http(running.port, processes.token_request("none")).wire_bytes - sizes.wire_bytes
            if excess == 0:
                yield running
                return
        body_bytes -= excess
    raise BenchError(f"the yardstick's answer is {excess} bytes off")


def ratio(session: Session) -> Table:
    """The server against the bare signing worker, in turns."""
    table = Table(
        "Server and bare signing worker, one core",
        [
            "algorithm",
            "yardstick/s",
            "server/s",
            "yardstick per CPU-s",
            "server per CPU-s",
            "ratio of /s",
            "**ratio per CPU-s**",
            "server's own CPU",
            "server RSS",
        ],
    )
    for algorithm in session.algorithms:
        dataset = session.dataset(session.few_keys, algorithm)
        with session.server.running(dataset) as server:
            sizes = sizes_of(server, dataset)
            with fitted_yardstick(session, algorithm.lower(), sizes) as bare:
                for target in (bare, server):
                    session.load(target, dataset, min(2, session.seconds))
                pairs = [(session.load(bare, dataset), session.load(server, dataset)) for _ in range(session.pairs)]
            rss, _ = machine.memory_mb(server.pid)
        own = [1e6 / b.per_cpu_second - 1e6 / a.per_cpu_second for a, b in pairs]
        table.add(
            algorithm,
            number(statistics.median(a.per_second for a, _ in pairs)),
            number(statistics.median(b.per_second for _, b in pairs)),
            number(statistics.median(a.per_cpu_second for a, _ in pairs)),
            number(statistics.median(b.per_cpu_second for _, b in pairs)),
            ratio_spread([b.per_second / a.per_second for a, b in pairs]),
            ratio_spread([b.per_cpu_second / a.per_cpu_second for a, b in pairs]),
            f"{number(statistics.median(own))} µs",
            f"{rss:.0f} MB",
        )
        table.note(
            f"{algorithm}: {session.pairs} pairs of runs of {session.seconds:g} s in turns, {session.connections} connections,",
            f"{session.few_keys:,} keys, a random one for each request; {sizes.signing_input_bytes} bytes signed and",
            f"{sizes.wire_bytes} bytes a whole answer in both. Ratios: median (least to greatest) of the pairs.",
        )
    return table


def yardstick(session: Session) -> Table:
    """The bare worker alone: what this machine can do. Needs no server."""
    table = Table(
        "Bare worker, one core",
        ["answers are", "answers/s", "answers per CPU-s", "one signature, load's core idle", "the same, busy", "CPU besides"],
    )
    credentials = processes.work_dir() / "any.basic"
    credentials.parent.mkdir(parents=True, exist_ok=True)
    credentials.write_text("A" * 112 + "\n")
    for sign in ["none", *(algorithm.lower() for algorithm in session.algorithms)]:
        idle, busy = (
            (0.0, 0.0)
            if sign == "none"
            else [processes.signature_seconds(session.cores, sign, 560, load_core_busy=busy) for busy in (False, True)]
        )
        with processes.yardstick(session.cores, sign, signing_input_bytes=560, body_bytes=1000) as running:
            session.load(running, credentials, 1)
            runs = [session.load(running, credentials) for _ in range(3)]
        per_cpu = [run.per_cpu_second for run in runs]
        besides = 1e6 / statistics.median(per_cpu) - idle * 1e6
        table.add(
            "static" if sign == "none" else f"signed, {sign.upper().replace('EDDSA', 'EdDSA')}",
            spread([run.per_second for run in runs]),
            spread(per_cpu),
            f"{number(idle * 1e6)} µs" if idle else "",
            f"{number(busy * 1e6)} µs" if busy else "",
            f"{number(besides)} µs",
        )
    table.note(
        "Medians (least to greatest) of three runs.",
        "The static worker may be quicker than the load generator; its figure per CPU-second stands all the same.",
        "Where a signature takes longer while the load's core is busy, the two are threads of one physical core, or share",
        "its clock: what is measured then depends on the load too, and only ratios of like loads say something.",
    )
    return table


def scale(session: Session) -> Table:
    """The same server with few and with many keys in the database, in turns."""
    table = Table(
        f"{session.many_keys:,} keys against {session.few_keys:,}, a random key for each request",
        [
            "algorithm",
            "directory with the many keys",
            "few keys per CPU-s",
            "many keys per CPU-s",
            "ratio of /s",
            "**ratio per CPU-s**",
            "ratio, pauses included",
        ],
    )
    for algorithm in session.algorithms:
        few_keys, many_keys = session.dataset(session.few_keys, algorithm), session.dataset(session.many_keys, algorithm)
        for name in ("as started", "warm"):
            with session.server.running(few_keys) as few, session.server.running(many_keys) as many:
                if name == "warm":
                    wait_until_warm(few)
                    wait_until_warm(many)
                session.load(few, few_keys, min(2, session.seconds))
                session.load(many, many_keys, min(2, session.seconds))
                before = [session.cpu_seconds(server) for server in (few, many)]
                pairs = [(session.load(few, few_keys), session.load(many, many_keys)) for _ in range(session.pairs)]
                few_seconds, many_seconds = (session.cpu_seconds(server) - was for server, was in zip((few, many), before))
            few_rate, many_rate = sum(a.answers for a, _ in pairs) / few_seconds, sum(b.answers for _, b in pairs) / many_seconds
            table.add(
                algorithm,
                name,
                number(statistics.median(a.per_cpu_second for a, _ in pairs)),
                number(statistics.median(b.per_cpu_second for _, b in pairs)),
                ratio_spread([b.per_second / a.per_second for a, b in pairs]),
                ratio_spread([b.per_cpu_second / a.per_cpu_second for a, b in pairs]),
                f"{many_rate / few_rate:.3f}",
            )
    table.note(
        "`as started`: a fresh server reads its keys meanwhile, and most requests are for one that it has not read yet, for both",
        "of which the same core pays; `warm`: it has read them, which its log says. Default settings. The",
        "last column counts all processor time of all pairs, also what a server writes down while the other one is asked.",
    )
    return table


def wait_until_warm(server: Running, seconds: float = 120) -> None:
    """Waits until the server has read its keys."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if "the directory is warm" in server.log.read_text(errors="replace"):
            return
        time.sleep(0.1)
    raise server.fail(f"has not read its keys within {seconds:.0f} s")


def touch_each(session: Session, server: Running, dataset: Dataset) -> None:
    """Asks for a token with every key once, one after the other, for three minutes at most."""
    rate = session.load(server, dataset, 2, pick="each").per_second
    # The first run's keys are asked again: each run begins with the first line.
    session.load(server, dataset, min(180, dataset.keys / rate * 1.15 + 1), pick="each")


def memory(session: Session) -> Table:
    """Resident memory when every key has been used."""
    table = Table("Resident memory after every key was used", ["keys", "--directory-max-keys", "resident", "most ever"])
    # The quickest signature, so that a million keys are asked for in a minute.
    algorithm = min(session.algorithms, key=["EdDSA", "ES256", "PS256", "RS256"].index)
    many = session.many_keys
    for keys, limit in ((session.few_keys, None), (many, None), (many, many // 100), (many, many * 2)):
        dataset = session.dataset(keys, algorithm)
        with session.server.running(dataset, *(("--directory-max-keys", str(limit)) if limit else ())) as server:
            touch_each(session, server, dataset)
            session.load(server, dataset)
            now, most = machine.memory_mb(server.pid)
        table.add(f"{keys:,}", f"{limit:,}" if limit else "default", f"{now:.1f} MB", f"{most:.1f} MB")
    table.note(
        f"{algorithm}; each key asked for once in order, then random ones for {session.seconds:g} s. MB: 10^6 bytes.",
    )
    return table


def cold_start(session: Session) -> Table:
    """From the start of the process to the first token, with an existing database."""
    table = Table("Process start to the first token, existing database", ["keys", "algorithm", "median", "least", "greatest"])
    wanted = [(session.few_keys, algorithm) for algorithm in session.algorithms] + [(session.many_keys, session.algorithms[0])]
    for keys, algorithm in wanted:
        dataset = session.dataset(keys, algorithm)
        request = processes.token_request(dataset.some_basic())
        times = [first_token_seconds(session, dataset, request) for _ in range(session.cold_starts)]
        session.say(f"cold start with {keys:,} keys ({algorithm}): {spread([seconds * 1000 for seconds in times])} ms")
        table.add(
            f"{keys:,}",
            algorithm,
            f"{statistics.median(times) * 1000:.0f} ms",
            f"{min(times) * 1000:.0f} ms",
            f"{max(times) * 1000:.0f} ms",
        )
    table.note(f"{session.cold_starts} starts each; the files are in the system's cache.")
    return table


def first_token_seconds(session: Session, dataset: Dataset, request: bytes) -> float:
    """Starts a server, asks until it gives a token, stops it."""
    started = time.monotonic()
    server = session.server.start(dataset)
    try:
        while time.monotonic() - started < 30:
            with contextlib.suppress(OSError):
                if processes.http(server.port, request).status == 200:
                    return time.monotonic() - started
            if not server.is_alive():
                break
            time.sleep(0.0005)
        raise server.fail("gave no token within 30 s of its start")
    finally:
        processes.stop(server)


def latency(session: Session) -> Table:
    """Answer times at 70 % of capacity, with requests sent by the clock (open loop)."""
    table = Table(
        "Answer times at 70 % of capacity, open loop",
        ["algorithm", "server", "capacity/s", "sent/s", "one signature", "p50", "**p99**", "p99.9", "slowest", "sent late, p99"],
    )
    seconds = max(3, round(session.seconds * 2))
    for algorithm in session.algorithms:
        dataset = session.dataset(session.few_keys, algorithm)
        with session.server.running(dataset) as server:
            sizes = sizes_of(server, dataset)
            signature = processes.signature_seconds(session.cores, algorithm.lower(), sizes.signing_input_bytes)
            with fitted_yardstick(session, algorithm.lower(), sizes) as bare:
                for name, target in (("yardstick", bare), ("claviger", server)):
                    session.load(target, dataset, min(2, session.seconds))
                    capacity = session.load(target, dataset, session.seconds / 2).per_second
                    seen = open_loop(target, session.cores, dataset.some_basic(), capacity * 0.7, seconds, session.connections)
                    session.say(f"{target.name}: p99 {seen.p99 * 1000:.2f} ms at {seen.rate:,.0f}/s")
                    table.add(
                        algorithm,
                        name,
                        number(capacity),
                        number(seen.rate),
                        f"{number(signature * 1e6)} µs",
                        *(
                            f"{value * 1000:.2f} ms = {value / signature:.1f}"
                            for value in (seen.p50, seen.p99, seen.p999, seen.slowest)
                        ),
                        f"{seen.late_p99 * 1000:.2f} ms",
                    )
    table.note(
        f"{seconds} s, {session.connections} connections; behind each time, the same in signature times. Each counts from when",
        "the request was due, so what the generator sends late is in it. The yardstick's row shows what of all this is the",
        "machine's and the generator's.",
    )
    return table


def refusals(session: Session) -> Table:
    """Processor time of a refusal in terms of a token's."""
    table = Table("Processor time of a refusal", ["request", "answer", "CPU each", "**relative to a token**", "answers/s"])
    algorithm = session.algorithms[0]
    dataset = session.dataset(session.few_keys, algorithm)
    with session.server.running(dataset, *TRUST_LOOPBACK) as server:
        session.load(server, dataset, min(2, session.seconds), forwarded="random")
        token = session.load(server, dataset, forwarded="random")
        table.add(f"right secret ({algorithm})", "200", f"{number(1e6 / token.per_cpu_second)} µs", "1", number(token.per_second))
        cases = [
            ("known id, wrong secret", "wrong-secret", 401, "random"),
            ("unknown random id", "unknown-id", 401, "random"),
            ("no credentials", "nobody", 401, "random"),
            ("unknown random ids, one address", "unknown-id", 429, "none"),
        ]
        for name, what, status, forwarded in cases:
            if status == 429:
                # The first 300 answers of the minute are 401.
                closed_loop(
                    server, session.cores, dataset.credentials, 1, connections=256, wanted=401, what=what, forwarded=forwarded
                )
            # Refusals are held back on purpose for a moment: many connections keep the core busy all the same.
            run = session.load(server, dataset, connections=256, wanted=status, what=what, forwarded=forwarded)
            table.add(
                name,
                status,
                f"{number(1e6 / run.per_cpu_second)} µs",
                f"{token.per_cpu_second / run.per_cpu_second:.3f}",
                number(run.per_second),
            )
        _, most = machine.memory_mb(server.pid)
    table.note(
        "`X-Forwarded-For` differs from request to request except in the last row.",
        f"Most memory ever resident: {most:.1f} MB.",
    )
    return table


def flood(session: Session) -> Table:
    """What known keys still get while unknown ids arrive at a fixed rate."""
    algorithm = session.algorithms[0]
    table = Table(
        f"Known keys while unknown random ids arrive ({algorithm})",
        [
            "unknown ids/s",
            "tokens/s",
            "of the tokens/s without",
            "tokens per CPU-s",
            "**of those without**",
            "share left if each request cost the same",
            "resident",
        ],
    )
    dataset = session.dataset(session.few_keys, algorithm)
    with session.server.running(dataset, *TRUST_LOOPBACK) as server:
        session.load(server, dataset, min(2, session.seconds), forwarded="random")
        calm = session.load(server, dataset, forwarded="random")
        table.add(
            0, number(calm.per_second), "1", number(calm.per_cpu_second), "1", "1", f"{machine.memory_mb(server.pid)[0]:.1f} MB"
        )
        for share in (0.25, 0.5, 1, 2):
            rate = max(10, round(calm.per_second * share, -1))
            settings = {"what": "unknown-id", "forwarded": "random", "rate": rate, "statuses": "count"}
            unknown = on_core(wrk_command(server, dataset.credentials, session.seconds + 2, 128, settings), session.cores.load)
            try:
                time.sleep(1)
                known = session.load(server, dataset, forwarded="random")
            finally:
                figures = finish(unknown, session.seconds + 2)
            arrived = figures["requests"] / (figures["microseconds"] / 1e6)
            if figures["s401"] < figures["requests"] * 0.99:
                raise BenchError(f"unknown ids were not all answered with 401: {figures}")
            table.add(
                number(arrived),
                number(known.per_second),
                f"{known.per_second / calm.per_second:.3f}",
                number(known.per_cpu_second),
                f"{known.per_cpu_second / calm.per_cpu_second:.3f}",
                f"{known.per_second / (known.per_second + arrived):.3f}",
                f"{machine.memory_mb(server.pid)[0]:.1f} MB",
            )
    table.note(
        "The processor time counted is all of the server's, so refusals included. The flood takes no more than its share",
        "as long as the marked column is above the one to its right.",
    )
    return table


def introspection(session: Session) -> Table:
    """Whether a live token is live, against the bare worker with a static answer, in turns."""
    table = Table(
        "Introspection of live tokens, one core",
        ["algorithm", "static yardstick per CPU-s", "introspections/s", "**introspections per CPU-s**", "CPU each", "ratio per CPU-s"],
    )
    for algorithm in session.algorithms:
        dataset = session.dataset(session.few_keys, algorithm)
        asking, tokens = introspector(session, dataset), dataset.directory / "tokens"
        with session.server.running(dataset) as server:
            with dataset.credentials.open() as lines:
                answers = [processes.http(server.port, processes.token_request(line.strip())) for line in lines]
            tokens.write_text("".join(json.loads(answer.body)["access_token"] + "\n" for answer in answers))
            answer = processes.http(server.port, introspection_request(asking.read_text().strip(), tokens.open().readline().strip()))
            if answer.status != 200 or not json.loads(answer.body)["active"]:
                raise server.fail(f"does not take a live token for one: {answer.status} {answer.body[:300]!r}")
            asked = {"what": "introspect", "tokens": tokens}
            with fitted_yardstick(session, "none", Sizes(0, answer.wire_bytes)) as bare:
                session.load(bare, dataset, min(2, session.seconds))
                session.load(server, asking, min(2, session.seconds), **asked)
                pairs = [
                    (session.load(bare, dataset), session.load(server, asking, **asked)) for _ in range(session.pairs)
                ]
        per_cpu = [run.per_cpu_second for _, run in pairs]
        table.add(
            algorithm,
            number(statistics.median(run.per_cpu_second for run, _ in pairs)),
            spread([run.per_second for _, run in pairs]),
            spread(per_cpu),
            f"{number(1e6 / statistics.median(per_cpu))} µs",
            ratio_spread([b.per_cpu_second / a.per_cpu_second for a, b in pairs]),
        )
    table.note(
        f"{session.pairs} pairs of runs of {session.seconds:g} s; {session.few_keys:,} tokens of as many keys, a random one for",
        "each request, the caller's secret compared and the token's signature verified each time.",
    )
    return table


def introspector(session: Session, dataset: Dataset) -> Path:
    """The credentials of a key that may ask about the tokens of the dataset's organization."""
    path = dataset.directory / "introspector.basic"
    if not path.exists():
        organization = session.server.command(dataset, "organizations", "list")[0]["id"]
        words = ("--organization", organization, "--name", "introspector", "--grant", "tokens:introspect")
        key = session.server.command(dataset, "keys", "create", *words)
        path.write_text(base64.b64encode(f"{key['client_id']}:{key['client_secret']}".encode()).decode() + "\n")
    return path


def introspection_request(basic: str, token: str) -> bytes:
    """The request that the load generator sends."""
    body = f"token={token}"
    return (
        f"POST /connect/introspect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nAuthorization: Basic {basic}\r\n\r\n{body}"
    ).encode()


PARTS: dict[str, Callable[[Session], Table]] = {
    "yardstick": yardstick,
    "ratio": ratio,
    "scale": scale,
    "memory": memory,
    "cold-start": cold_start,
    "latency": latency,
    "refusals": refusals,
    "flood": flood,
    "introspection": introspection,
}
