"""Opening the ledger, and the one lock under which things are decided."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from broker.clock import Clock
from broker.errors import Unavailable
from broker.ledger import tables

_DECIDER_LOCK = 0x486F6D65  # any fixed number: the one advisory lock of a ledger
LOCK_SECONDS = 10


class Ledger:
    """
    One database, SQLite or PostgreSQL, behind the same statements.

    Whatever shows that the database is away, full, locked or restarting is raised as
    `Unavailable`: the transaction did not happen, and the same call may succeed later.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url) if self.is_sqlite else _postgresql(url)
        # SQLite's writers poll for its lock, and an unlucky thread may wait for ever: queue here.
        self._queue: Any = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def deciding(self) -> Iterator[Connection]:
        """One transaction under the one lock: no two writers ever see half a truth."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _DECIDER_LOCK}
                )
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that changes rows no decision is made from."""
        with self._queue, _patiently(), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                _rollback(connection)
                raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look at the ledger, that blocks nobody."""
        with _patiently(), self.engine.connect() as connection:
            begin = "BEGIN" if self.is_sqlite else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            connection.exec_driver_sql(begin)
            try:
                yield connection
            finally:
                _rollback(connection)

    def create(self, clock: Clock, shards: int = 1) -> None:
        """Bring the tables up to date, and make the first rows where there are none."""
        from broker.ledger.migrate import upgrade

        with _patiently():
            upgrade(self.engine)
        with self.deciding() as connection:
            if connection.execute(select(tables.ledger.c.id)).first() is None:
                row = {"id": uuid4(), "created_at": clock.now()}
                connection.execute(insert(tables.ledger).values(row))
            held = set(connection.execute(select(tables.shard.c.number)).scalars())
            for number in set(range(shards)) - held:
                connection.execute(insert(tables.shard).values(number=number, last=0))

    def close(self) -> None:
        self.engine.dispose()


def _rollback(connection: Connection) -> None:
    if not connection.invalidated and not connection.closed:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except DBAPIError:  # the connection is gone, and with it the transaction
            connection.invalidate()


@contextmanager
def _patiently() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise Unavailable(f"the ledger does not answer: {_cause(error)}") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable(f"the ledger does not answer: {_cause(error)}") from error
        raise


def _cause(error: Exception) -> str:
    """The driver's first line: it names no row, and so no person."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,  # rows hold personal data: no error text may quote them
        connect_args={"timeout": LOCK_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine


def _postgresql(url: str) -> Engine:
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=LOCK_SECONDS,
        connect_args={"connect_timeout": LOCK_SECONDS},
    )
