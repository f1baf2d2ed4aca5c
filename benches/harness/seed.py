"""Puts many API keys into a database at once.

A key that the server itself made is the template: its rows are copied with new ids, new secrets and new digests, so
this knows nothing of the tables but which columns name a key, a secret and a digest. Ids and secrets follow from the
seed alone: the same seed gives the same credentials. What is repeated here of the server's own arithmetic (the
spelling of secrets and ids, the pepper, the digest) is checked against the template first.

The server must not be running on the database meanwhile: nothing is written to the change feed.
"""

import base64
import hashlib
import hmac
import json
import sqlite3
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .processes import BenchError

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
THREE_BASE62 = [a + b + c for a in BASE62 for b in BASE62 for c in BASE62]
TWO_CROCKFORD = [a + b for a in CROCKFORD for b in CROCKFORD]
FIRST_MILLISECOND = 1_700_000_000_000
"""The clock part of the first id; each next one is a millisecond later, so that rows come in the order of their keys."""

TABLES = {"api_keys": "client_id", "grants": "client_id", "api_secrets": "client_id", "api_secret_uses": "secret_id"}
"""The tables that hold a key, in the order in which they must be filled, and the column that says whose row it is."""

BATCH = 10_000


@dataclass(frozen=True)
class Key:
    """One key to be."""

    number: int
    client_id: str
    secret_id: str
    secret: str
    digest: bytes


def pepper_of(master_key_file: Path) -> bytes:
    """HKDF-SHA-256 (RFC 5869) of the 64 hexadecimal digits in the file, for the digests of secrets."""
    master = bytes.fromhex(master_key_file.read_text().strip())
    extracted = hmac.digest(b"claviger/v1", master, "sha256")
    return hmac.digest(extracted, b"secret-pepper\x01", "sha256")


def digest_of(pepper: bytes, secret: str) -> bytes:
    """What is stored of a secret."""
    return hmac.digest(pepper, secret.encode(), "sha256")


def secret_of(random: bytes) -> str:
    """Spells 32 bytes as a secret: `clv_`, 43 base62 digits, 6 digits of checksum."""
    number, parts = int.from_bytes(random, "big"), []
    for _ in range(14):
        number, rest = divmod(number, 238_328)
        parts.append(THREE_BASE62[rest])
    body = "clv_" + BASE62[number] + "".join(reversed(parts))
    checksum = zlib.crc32(body.encode())
    return body + THREE_BASE62[checksum // 238_328] + THREE_BASE62[checksum % 238_328]


def ulid_of(milliseconds: int, random: bytes) -> str:
    """Spells a clock and 10 bytes as a lower-case ULID."""
    number, parts = (milliseconds << 80) | int.from_bytes(random, "big"), []
    for _ in range(13):
        number, rest = divmod(number, 1024)
        parts.append(TWO_CROCKFORD[rest])
    return "".join(reversed(parts))


def keys(count: int, seed: int, pepper: bytes) -> Iterator[Key]:
    """The keys of a seed."""
    start = hashlib.sha512(b"claviger bench %d" % seed)
    for number in range(count):
        state = start.copy()
        state.update(number.to_bytes(8, "big"))
        random, millisecond = state.digest(), FIRST_MILLISECOND + number
        secret = secret_of(random[:32])
        yield Key(
            number,
            "key_" + ulid_of(millisecond, random[32:42]),
            "sec_" + ulid_of(millisecond, random[42:52]),
            secret,
            digest_of(pepper, secret),
        )


Row = dict[str, object]


# Places in lists of their own, far above those that the server has made; in order, for nobody looks at them.
FIRST_LIST = 1_000
LIST_SIZE = 131_072


def place_of(key: Key) -> tuple[int, int]:
    """The status list and the place in it that a key's tokens name."""
    return FIRST_LIST + key.number // LIST_SIZE, key.number % LIST_SIZE


@dataclass(frozen=True)
class Template:
    """The rows of the key that is copied."""

    client_id: str
    secret_id: str
    rows: dict[str, list[Row]]

    def columns(self, table: str) -> list[str]:
        """The table's columns."""
        return list(self.rows[table][0])

    def copies(self, table: str, key: Key) -> list[tuple]:
        """The table's rows as another key has them."""
        replaced = {"client_id": key.client_id, "secret_id": key.secret_id, "digest": key.digest}
        if table == "api_keys":
            status_list, status_index = place_of(key)
            replaced |= {"name": f"bench {key.number}", "status_list": status_list, "status_index": status_index}
        elif table == "api_secrets":
            replaced |= {"id": key.secret_id, "hint": "clv_..." + key.secret[-4:]}
        return [tuple(replaced.get(column, value) for column, value in row.items()) for row in self.rows[table]]

    def check(self, pepper: bytes, secret: str) -> None:
        """Refuses to go on when our arithmetic is not the server's."""
        stored = self.rows["api_secrets"][0]["digest"]
        if secret_of(int_of_secret(secret).to_bytes(32, "big")) != secret:
            raise BenchError("the server spells secrets differently from benches/harness/seed.py")
        if digest_of(pepper, secret) != stored:
            raise BenchError("the server digests secrets differently from benches/harness/seed.py")


def int_of_secret(secret: str) -> int:
    """The number that the 43 digits spell."""
    number = 0
    for digit in secret[4:47]:
        number = number * 62 + BASE62.index(digit)
    return number


class Sqlite:
    """An SQLite file."""

    def __init__(self, path: Path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        # Lost with the machine, not with the program: it is a benchmark's database.
        self.connection.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA busy_timeout = 1000;")

    def template_rows(self, table: str, column: str, value: str) -> list[Row]:
        """The rows of one key."""
        return [dict(row) for row in self.connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))]

    def value(self, sql: str) -> object:
        """The one value that a query finds."""
        return self.connection.execute(sql).fetchone()[0]

    def execute(self, sql: str) -> None:
        """Runs a statement, in a transaction of its own."""
        self.connection.execute(sql)

    def insert(self, table: str, columns: list[str], rows: Iterable[tuple]) -> None:
        """Adds rows."""
        marks = ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def begin(self) -> None:
        """Opens the transaction of one batch."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Ends it."""
        self.connection.execute("COMMIT")

    def finish(self) -> None:
        """Checks what was written and leaves no write-ahead log behind."""
        broken = self.connection.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise BenchError(f"the copied rows break a foreign key: {tuple(broken)}")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()


class Postgres:
    """A PostgreSQL database, through psql."""

    def __init__(self, url: str):
        self.command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", url]

    def _run(self, sql: str, feed: str | None = None) -> str:
        try:
            done = subprocess.run(
                [*self.command, "-c", sql], input=feed, text=True, capture_output=True, timeout=600, check=False
            )
        except OSError as cause:
            raise BenchError(f"psql: {cause}") from None
        if done.returncode != 0:
            raise BenchError(f"psql: {done.stderr.strip()}")
        return done.stdout

    def template_rows(self, table: str, column: str, value: str) -> list[Row]:
        """The rows of one key."""
        rows = [
            json.loads(line)
            for line in self._run(f"SELECT row_to_json(t) FROM {table} t WHERE {column} = '{value}'").splitlines()
        ]
        for row in rows:
            if "digest" in row:
                row["digest"] = bytes.fromhex(row["digest"].removeprefix("\\x"))
        return rows

    def value(self, sql: str) -> object:
        """The one value that a query finds."""
        return self._run(sql).strip()

    def execute(self, sql: str) -> None:
        """Runs a statement, in a transaction of its own."""
        self._run(sql)

    def insert(self, table: str, columns: list[str], rows: Iterable[tuple]) -> None:
        """Adds rows, in a transaction of their own."""
        feed = "".join("\t".join(map(copy_text, row)) + "\n" for row in rows)
        self._run(f"COPY {table} ({', '.join(columns)}) FROM STDIN", feed)

    def begin(self) -> None:
        """Nothing: each COPY is a transaction."""

    def commit(self) -> None:
        """Nothing: each COPY is a transaction."""

    def finish(self) -> None:
        """Brings statistics and the map of visible pages up to date, as autovacuum would after a while."""
        self._run("VACUUM ANALYZE")


def copy_text(value: object) -> str:
    """A value in the text format of PostgreSQL's COPY."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def open_database(url: str) -> Sqlite | Postgres:
    """Opens the database that a URL names."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        if not Path(rest).exists():
            raise BenchError(f"there is no {rest}")
        return Sqlite(Path(rest))
    if scheme in ("postgres", "postgresql"):
        return Postgres(url)
    raise BenchError(f"not a database URL: {url}")


def seed_keys(url: str, master_key_file: Path, client_id: str, secret: str, count: int, seed: int, credentials: Path) -> None:
    """Adds `count` copies of the template key and writes their credentials, one `client_id:client_secret` a line.

    Beside them `<credentials>.basic` holds the same lines in base64, as the load generator sends them.
    """
    database, pepper = open_database(url), pepper_of(master_key_file)
    rows = {table: database.template_rows(table, column, client_id) for table, column in TABLES.items() if column == "client_id"}
    if not rows["api_keys"] or len(rows["api_secrets"]) != 1:
        raise BenchError(f"the template {client_id} is not a key with one secret")
    secret_id = str(rows["api_secrets"][0]["id"])
    rows |= {table: database.template_rows(table, column, secret_id) for table, column in TABLES.items() if column == "secret_id"}
    template = Template(client_id, secret_id, rows)
    template.check(pepper, secret)

    lists = range(FIRST_LIST, FIRST_LIST + count // LIST_SIZE + 1)
    database.begin()
    database.insert("status_lists", ["id", "size", "given", "created_at"], ((at, LIST_SIZE, LIST_SIZE, 0) for at in lists))
    database.commit()
    with credentials.open("w") as plain, Path(f"{credentials}.basic").open("w") as basic:
        batch: list[Key] = []

        def write() -> None:
            database.begin()
            for table in TABLES:
                if template.rows[table]:
                    database.insert(table, template.columns(table), (row for key in batch for row in template.copies(table, key)))
            places = ((*place_of(key), key.client_id, 0) for key in batch)
            database.insert("key_epochs", ["list_id", "list_index", "client_id", "opened_at"], places)
            database.commit()
            pairs = [f"{key.client_id}:{key.secret}" for key in batch]
            plain.writelines(pair + "\n" for pair in pairs)
            basic.writelines(base64.b64encode(pair.encode()).decode() + "\n" for pair in pairs)
            batch.clear()

        for key in keys(count, seed, pepper):
            batch.append(key)
            if len(batch) == BATCH:
                write()
        if batch:
            write()
    database.finish()
