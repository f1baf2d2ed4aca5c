"""Databases with a known number of keys, made once and kept below the target directory, and servers on them."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import processes, seed
from .processes import ISSUER, ROOT, BenchError, Cores, Running

RESOURCE_SERVER = "https://api.example.com"
SCOPES = ["payments:read", "payments:write", "fx"]
"""What every key holds: a token of three scopes for one resource server."""


@dataclass(frozen=True)
class Dataset:
    """A database, its master key and the credentials of its keys."""

    keys: int
    algorithm: str
    directory: Path
    database_url: str

    @property
    def keys_dir(self) -> Path:
        """Where the master key is."""
        return self.directory / "keys"

    @property
    def credentials(self) -> Path:
        """One base64 `client_id:client_secret` a line."""
        return self.directory / "credentials.basic"

    def some_basic(self) -> str:
        """The first of the credentials."""
        with self.credentials.open() as lines:
            return lines.readline().strip()


class Server:
    """The server's binary."""

    def __init__(self, binary: Path, cores: Cores):
        self.binary, self.cores = binary, cores

    def command(self, dataset: Dataset, *words: str, secret: str | None = None) -> dict:
        """Runs a management command and returns what it printed as JSON."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("CLAVIGER_")}
        environment |= {"CLAVIGER_DATABASE_URL": dataset.database_url, "CLAVIGER_KEYS_DIR": str(dataset.keys_dir)}
        try:
            done = subprocess.run(
                [str(self.binary), *words, "--json"], env=environment, text=True, capture_output=True, timeout=120, check=False
            )
        except OSError as cause:
            raise BenchError(f"{self.binary}: {cause}") from None
        if done.returncode != 0:
            raise BenchError(f"`claviger {' '.join(words)}` ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def serve_command(self, dataset: Dataset, port: int, *flags: str) -> list[str]:
        """The command line of one server."""
        return [
            str(self.binary),
            "serve",
            "--listen",
            f"127.0.0.1:{port}",
            "--database-url",
            dataset.database_url,
            "--keys-dir",
            str(dataset.keys_dir),
            "--issuer",
            ISSUER,
            "--workers",
            "1",
            "--signing-algorithm",
            dataset.algorithm,
            *flags,
        ]

    def start(self, dataset: Dataset, *flags: str) -> Running:
        """Starts a server without waiting for it."""
        port = processes.free_port()
        name = f"claviger-{dataset.algorithm}-{dataset.keys}"
        return processes.start(name, self.serve_command(dataset, port, *flags), self.cores.server, port)

    @contextlib.contextmanager
    def running(self, dataset: Dataset, *flags: str) -> Iterator[Running]:
        """A server that is ready."""
        running = self.start(dataset, *flags)
        try:
            processes.wait_for(running, "/readyz")
            yield running
        finally:
            processes.stop(running)


def fingerprint(database_url: str) -> str:
    """Changes when the tables or the seeding do: an older database is then made anew."""
    hashed = hashlib.sha256(database_url.encode())
    for path in sorted([*(ROOT / "migrations").rglob("*.sql"), Path(seed.__file__), Path(__file__)]):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def prepare(server: Server, keys: int, algorithm: str, database_url: str | None, say) -> Dataset:
    """The database with so many keys and a signing key of the algorithm; made if it is not there.

    A PostgreSQL database must be empty, or made by an earlier run; it serves for one number of keys and one algorithm.
    """
    kind = "sqlite" if database_url is None else "given-" + hashlib.sha256(database_url.encode()).hexdigest()[:8]
    directory = processes.work_dir() / "data" / f"{kind}-{algorithm}-{keys}"
    dataset = Dataset(keys, algorithm, directory, database_url or f"sqlite://{directory / 'claviger.db'}")
    mark, wanted = directory / "complete", fingerprint(dataset.database_url)
    if mark.exists() and mark.read_text() == wanted:
        return dataset
    if database_url is not None and mark.exists():
        raise BenchError("this database was made by an older version of the benchmarks: give an empty one")
    say(f"making a database with {keys:,} keys ({algorithm})")
    shutil.rmtree(directory, ignore_errors=True)
    dataset.keys_dir.mkdir(parents=True, mode=0o700)
    # The first start makes the tables, the master key and the signing key.
    with server.running(dataset):
        pass
    organization = server.command(dataset, "organizations", "create", "Benchmark")["id"]
    server.command(dataset, "resource-servers", "create", RESOURCE_SERVER)
    for scope in SCOPES:
        server.command(dataset, "scopes", "create", scope, "--resource-server", RESOURCE_SERVER)
    template = server.command(
        dataset, "keys", "create", "--organization", organization, "--name", "template", "--grant", " ".join(SCOPES)
    )
    seed.seed_keys(
        dataset.database_url,
        dataset.keys_dir / "master.key",
        template["client_id"],
        template["client_secret"],
        keys,
        1,
        directory / "credentials",
    )
    mark.write_text(wanted)
    return dataset
