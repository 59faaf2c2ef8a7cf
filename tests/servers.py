"""The real servers that tests and benches use, each in its own folder, ended whatever happens."""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import confluent_kafka
import psycopg

from broker import provision
from broker.connection import PARTS, KafkaAccess, access
from broker.local.kafka import LocalKafka
from broker.local.process import free_ports
from broker.settings import Settings

# The same jars for every test and for the demo; the environment says where, if not in the home.
_CACHE = Settings.read(os.environ).cache


class KafkaServer:
    """A prepared Kafka: the operator's topics and users are there, agencies are added."""

    def __init__(self, home: Path, nodes: int = 1, local: type[LocalKafka] = LocalKafka) -> None:
        self.settings = Settings(home=home, cache=_CACHE, kafka_nodes=nodes)
        self.local = local(self.settings)

    @property
    def bootstrap(self) -> str:
        return self.local.bootstrap

    def start(self) -> None:
        """Start it, also again after `stop` or `kill`: same topics, users and port."""
        self.local.start()

    def stop(self) -> None:
        self.local.stop()

    def kill(self) -> None:
        self.local.kill()

    def prepare(self, shards: int = 1) -> None:
        passwords = {user: self.access(user).password() for user in PARTS}
        provision.prepare(self.local.access(), passwords, shards=shards)

    def access(self, user: str) -> KafkaAccess:
        """How one of our users or an agency connects."""
        return access(self.settings, self.bootstrap, user)

    def add_agency(self, agency: str) -> KafkaAccess:
        """Topics, user and rights of an agency, and how it connects."""
        agency_access = self.access(agency)
        provision.add_agency(self.local.access(), agency, agency_access.password())
        return agency_access


@contextmanager
def kafka_server(shards: int = 1, nodes: int = 1) -> Iterator[KafkaServer]:
    """A Kafka of its own, ready and prepared, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="homeward-kafka-") as folder:
        server = KafkaServer(Path(folder), nodes)
        atexit.register(server.kill)
        try:
            server.start()
            server.prepare(shards)
            yield server
        finally:
            server.stop()
            atexit.unregister(server.kill)


class Postgres:
    """A PostgreSQL server in a folder; `start` after `stop` or `kill` finds its databases again."""

    def __init__(self, folder: Path, fsync: bool = True, **options: str) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._programs = _postgres_programs()
        self._user = _unprivileged_user()
        self.fsync, self._options = fsync, options  # fsync counts from the next start
        self._port = free_ports(1)[0]
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def runs(self) -> bool:
        """Whether it is there: on a full disk it ends by itself."""
        return self._server is not None and self._server.poll() is None

    @property
    def url(self) -> str:
        """The first database, as SQLAlchemy names it."""
        return self._url("postgres")

    def new_database(self) -> str:
        """The SQLAlchemy URL of a new empty database."""
        name = f"t{uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self._url(name)

    def start(self, limit_seconds: float = 60) -> None:
        """Start and wait until it serves; the files are made the first time."""
        if not self._data.exists():
            self._make_files()
        deadline = time.monotonic() + limit_seconds
        while not self._started(deadline):
            # After kill -9 its children hold the shared memory for a moment, so it may refuse.
            assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]

    def stop(self) -> None:
        """Break off what runs, and end in good order."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End as a power cut would end the process."""
        self._end(signal.SIGKILL)

    def crash(self) -> None:
        """End at once without saving anything, as `pg_ctl stop -m immediate` does."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        self.stop()
        self.start()

    def _address(self, database: str) -> str:
        return f"postgresql://homeward@127.0.0.1:{self._port}/{database}"

    def _url(self, database: str) -> str:
        return self._address(database).replace("postgresql:", "postgresql+psycopg:")

    def _make_files(self) -> None:
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        command = [f"{self._programs}/initdb", f"--pgdata={self._data}", "--username=homeward"]
        command += ["--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, **self._as_user())
        assert done.returncode == 0, done.stderr

    def _started(self, deadline: float) -> bool:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self._folder),
            "fsync": "on" if self.fsync else "off",
            "max_connections": "100",
            **self._options,
        }
        command = [f"{self._programs}/postgres", "-D", str(self._data), "-p", str(self._port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **self._as_user()
            )
        while self._server.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self._address("postgres"), connect_timeout=2).close()
                return True
            time.sleep(0.05)
        self._end(signal.SIGKILL)
        return False

    def _end(self, number: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(number)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def _as_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root, so root runs it as somebody else."""
        if self._user is None:
            return {"cwd": self._folder}
        group = pwd.getpwnam(self._user).pw_gid
        return {"cwd": self._folder, "user": self._user, "group": group}


@contextmanager
def postgres_server(fsync: bool = True, **options: str) -> Iterator[Postgres]:
    """A PostgreSQL of its own, ready, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="homeward-pg-") as folder:
        server = Postgres(Path(folder), fsync, **options)
        atexit.register(server.kill)
        try:
            server.start()
            yield server
        finally:
            server.stop()
            atexit.unregister(server.kill)


def _postgres_programs() -> Path:
    """The folder of initdb; Debian does not put it into the PATH."""
    found = [Path(path).resolve() for path in [shutil.which("initdb")] if path]
    found += sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0,
        reverse=True,
    )
    if not found and (config := shutil.which("pg_config")):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True)
        found = [path for path in [Path(said.stdout.strip(), "initdb")] if path.exists()]
    assert found, "PostgreSQL's server is not installed: deploy/test does that"
    return found[0].parent


def _unprivileged_user() -> str | None:
    """None: this process is not root and runs it itself."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def kcat(access: KafkaAccess, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """
    Run kcat as one user.

    Distributions ship it with a librdkafka before 2.6.1, whose SCRAM no Kafka 4 accepts, so it is
    lent the one that came with confluent-kafka.
    """
    library = next(Path(confluent_kafka.__file__).parent.parent.glob("*.libs/librdkafka*.so*"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "librdkafka.so.1").symlink_to(library)
        paths = f"{folder}:{library.parent}"  # its own companions are beside it
        configuration = Path(folder) / "kcat.conf"  # a file: arguments are seen by everybody
        configuration.write_text(
            "".join(f"{name}={value}\n" for name, value in access.for_confluent().items())
        )
        return subprocess.run(
            ["kcat", "-F", str(configuration), *arguments],
            env={**os.environ, "LD_LIBRARY_PATH": paths},
            capture_output=True,
            timeout=60,
        )
