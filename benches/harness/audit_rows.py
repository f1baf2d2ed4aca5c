"""Puts many rows into the audit log at once, by SQL. They are chained to nothing: `audit verify` finds that, lists do not ask."""

import json
from collections.abc import Callable

from .seed import Postgres, Sqlite

ROW_BATCH = 500_000
YEAR_MS = 365 * 86_400_000

SQL = """
INSERT INTO audit_events
    (seq, id, occurred_at, organization_id, actor, address, request_id, action, target, outcome, reason, before, after, hash)
SELECT
    g, 'audit_' || {g:26}, {now_ms} - CAST(({last} - g) * {step_ms} AS BIGINT),
    CASE WHEN g % 100 = 0 THEN NULL WHEN g % 2 = 0 THEN '{organization}' ELSE '{other}' END,
    CASE g / 2 % 4 WHEN 0 THEN '{busy}' WHEN 1 THEN 'anonymous' ELSE 'key_' || {actor:26} END,
    '192.0.2.1', {g:24},
    CASE g / 3 % 5 WHEN 0 THEN 'token.refused' WHEN 1 THEN 'api_key.created' ELSE 'api_key.edited' END,
    CASE WHEN g / 8 % 4 = 0 THEN '{busy}' ELSE 'key_' || {target:26} END,
    CASE WHEN g / 3 % 5 = 0 THEN 'refused' ELSE 'done' END,
    CASE WHEN g / 3 % 5 = 0 THEN 'wrong_secret' END,
    CASE WHEN g / 3 % 5 > 1 THEN '{before}' END, CASE WHEN g / 3 % 5 > 0 THEN '{after}' END,
    {hash}
FROM {numbers}
"""


class Padded:
    """An expression as so many digits, in the words of one database."""

    def __init__(self, database: Sqlite | Postgres, expression: str):
        self.is_sqlite, self.expression = isinstance(database, Sqlite), expression

    def __format__(self, digits: str) -> str:
        if self.is_sqlite:
            return f"printf('%0{digits}d', {self.expression})"
        return f"lpad(({self.expression})::text, {digits}, '0')"


def fill(database: Sqlite | Postgres, rows: int, now_ms: int, names: dict[str, str], say: Callable[[str], None]) -> None:
    """Adds rows of one year until the log has so many. `names`: `organization`, `other`, and the `busy` key."""
    is_sqlite = isinstance(database, Sqlite)
    first = int(database.value("SELECT coalesce(max(seq), 0) FROM audit_events")) + 1
    for start in range(first, rows + 1, ROW_BATCH):
        end = min(start + ROW_BATCH - 1, rows)
        say(f"audit rows {start:,} to {end:,}")
        numbers = f"generate_series(CAST({start} AS BIGINT), {end}) AS n (g)"
        if is_sqlite:
            numbers = f"(WITH RECURSIVE n (g) AS (SELECT {start} UNION ALL SELECT g + 1 FROM n WHERE g < {end}) SELECT g FROM n)"
        parts = {
            "g": Padded(database, "g"),
            "actor": Padded(database, "g * 7919 % 100000"),
            "target": Padded(database, "g * 104729 % 1000000"),
            "before": json.dumps({"name": "before"}),
            "after": json.dumps({"name": "a name of the usual length", "ip_allowlist": ["192.0.2.0/24"]}),
            "hash": "randomblob(32)" if is_sqlite else "sha256(CAST(g AS TEXT)::bytea)",
            "numbers": numbers,
            "now_ms": now_ms,
            "last": rows,
            "step_ms": YEAR_MS / rows,
        }
        database.execute(SQL.format(**parts, **names))
        # What is written from now on goes behind these rows.
        database.execute(f"UPDATE audit_head SET seq = {end}")
    database.finish()
