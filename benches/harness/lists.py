"""Lists and sweeps over as many rows as large installations have."""

import base64
import json
import random
import statistics
import time
import urllib.parse

from . import audit_rows, machine, processes, seed
from .datasets import Dataset
from .measure import Session
from .processes import BenchError, Running
from .report import Table, number

DEPTHS = [0, 0.1, 0.5, 0.9, 0.999]
PLACES = 15
"""How many pages are asked for around each depth."""


class Caller:
    """Reads pages of the management API with the token of one key."""

    def __init__(self, session: Session, dataset: Dataset, server: Running):
        key = session.server.command(
            dataset, "keys", "create", "--organization", organization_of(session, dataset), "--name", "reader", "--grant",
            "api-keys:read audit:read",
        )
        time.sleep(1.5)
        basic = base64.b64encode(f"{key['client_id']}:{key['client_secret']}".encode()).decode()
        answer = processes.http(server.port, processes.token_request(basic))
        self.port, self.token = server.port, json.loads(answer.body)["access_token"]

    def page_ms(self, path: str, query: dict[str, str]) -> tuple[float, int]:
        """How long a page of 50 takes, and how many rows it has."""
        line = f"GET /api/v1{path}?{urllib.parse.urlencode(query)} HTTP/1.1"
        request = f"{line}\r\nHost: localhost\r\nAuthorization: Bearer {self.token}\r\nConnection: close\r\n\r\n"
        started = time.perf_counter()
        answer = processes.http(self.port, request.encode(), timeout=60)
        took = (time.perf_counter() - started) * 1_000
        if answer.status != 200:
            raise BenchError(f"{line}: {answer.status} {answer.body.decode(errors='replace')}")
        return took, len(json.loads(answer.body)["data"])


def organization_of(session: Session, dataset: Dataset) -> str:
    """The one that has the keys."""
    return next(o["id"] for o in session.server.command(dataset, "organizations", "list") if o["name"] == "Benchmark")


def cursor(text: str) -> str:
    """As the API writes a place down."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def lists(session: Session) -> Table:
    """Pages of the lists of keys and of the audit log, at any depth."""
    dataset = session.dataset(session.many_keys, session.algorithms[0])
    keys = [line.split(":")[0] for line in (dataset.directory / "credentials").read_text().splitlines()]
    rows, busy = session.audit_rows, keys[0]
    organization = organization_of(session, dataset)
    others = [o["id"] for o in session.server.command(dataset, "organizations", "list") if o["name"] == "Other"]
    other = others[0] if others else session.server.command(dataset, "organizations", "create", "Other")["id"]
    names = {"organization": organization, "other": other, "busy": busy}
    audit_rows.fill(seed.open_database(dataset.database_url), rows, int(time.time() * 1_000), names, session.say)

    def at_key(spell):
        return lambda share: {"cursor": cursor(spell(int(share * (len(keys) - 1))))}

    def at_row(share: float) -> dict[str, str]:
        return {"cursor": cursor(str(max(2, int(rows * (1 - share)))))}

    month = {"since": moment(-200), "until": moment(-170)}
    wanted = [
        ("/api-keys", {}, at_key(lambda n: keys[-1 - n])),
        ("/api-keys", {"sort": "name"}, at_key(lambda n: f"{keys[n]} name bench {n}")),
        ("/api-keys", {"sort": "last_used"}, at_key(lambda n: f"{keys[-1 - n]} last_used 0")),
        ("/audit-events", {}, at_row),
        ("/audit-events", {"actor": busy}, at_row),
        ("/audit-events", {"target": busy}, at_row),
        ("/audit-events", {"outcome": "refused"}, at_row),
        ("/audit-events", {"action": "webhook"}, at_row),
        ("/audit-events", {"actor": busy, "action": "webhook"}, at_row),
        ("/audit-events", month, None),
    ]
    columns = ["list", "filter", "rows", *(f"at {share:.1%}" for share in DEPTHS), "**slowest**"]
    table = Table(f"A page of 50: {len(keys):,} keys, {rows:,} rows of the audit log", columns)
    with session.server.running(dataset) as server:
        caller = Caller(session, dataset, server)
        for path, query, at in wanted:
            cells, slowest, found = [], 0.0, 0
            for share in DEPTHS:
                if at is None and share:
                    cells.append("")
                    continue
                times = []
                for _ in range(PLACES):
                    place = at(min(1, share + random.random() / 1_000)) if at and share else {}
                    took, found = caller.page_ms(path, query | place)
                    times.append(took)
                cells.append(f"{number(statistics.median(times))} ms")
                slowest = max(slowest, *times)
            shown = ", ".join("a busy " + name if value == busy else f"{name}={value[:10]}" for name, value in query.items())
            table.add(path, shown or "–", found, *cells, f"{number(slowest)} ms")
            session.say(" | ".join(table.rows[-1]))
    table.note(
        f"Medians of {PLACES} pages around each depth, and the slowest of them all; rows: of the deepest page. A filter that",
        "nothing passes makes a page end after 20,000 rows; a quarter of all rows is by, or about, the busy key.",
    )
    return table


def moment(days: int) -> str:
    """So many days from now, as the API reads it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + days * 86_400))


DONE = "looked at the age and the use of all keys"


def sweep(session: Session) -> Table:
    """The daily look at every key: how long it takes, and of which processor time."""
    table = Table("The daily sweep", ["keys", "told of", "took", "CPU time of the server", "longest page meanwhile"])
    dataset = session.dataset(session.many_keys, session.algorithms[0])
    hundredth = [line.split(":")[0] for line in (dataset.directory / "credentials").read_text().splitlines()][::100]
    for stale in ([], hundredth):
        database = seed.open_database(dataset.database_url)
        for table_name, column in (("announcements", "1 = 1"), ("leases", "name = 'daily-sweep'"), ("events", "1 = 1")):
            database.execute(f"DELETE FROM {table_name} WHERE {column}")
        long_ago = int(time.time()) - 100 * 86_400
        for key in stale:
            database.execute(f"UPDATE api_secrets SET created_at = {long_ago} WHERE client_id = '{key}'")
        database.finish()
        # Without reading keys ahead, which would be counted too.
        with session.server.running(dataset, "--directory-max-keys", "100") as server:
            caller, slowest = Caller(session, dataset, server), 0.0
            before, started = machine.cpu_times(server.pid, session.cores.server), time.monotonic()
            while DONE not in server.log.read_text(errors="replace"):
                if time.monotonic() - started > 3_000:
                    raise server.fail("did not end its sweep")
                slowest = max(slowest, caller.page_ms("/api-keys", {})[0])
                time.sleep(0.5)
            took = time.monotonic() - started
            used = machine.cpu_times(server.pid, session.cores.server) - before
        table.add(f"{len(hundredth) * 100:,}", f"{len(stale):,}", f"{took:.0f} s", f"{used.process:.1f} s", f"{number(slowest)} ms")
        session.say(" | ".join(table.rows[-1]))
    table.note("With pages of the list of keys asked for twice a second meanwhile; their processor time is counted too.")
    return table


PARTS = {"lists": lists, "sweep": sweep}
