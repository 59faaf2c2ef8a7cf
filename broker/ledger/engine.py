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
from broker.ledger import shard, tables

_DECIDER_LOCK = 0x486F6D65  # any fixed number: the one advisory lock of a ledger
LOCK_SECONDS = 10

# What a writer may hold up others for. A transaction that waits for its own process so long is cut
# off by the database, before those who wait for its locks give up; and so is one statement.
IDLE_SECONDS = 8
STATEMENT_SECONDS = 30

# For what is not cut off by these: a machine that is gone, from either end, and a forgotten reader.
_GONE_SECONDS = 10
_READER_SECONDS = 600


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
            connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else _BEGIN)
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

    def create(self, clock: Clock, shards: int | None = None, *, new_with: int = 1) -> None:
        """
        Bring the tables up to date, and make the first rows where there are none.

        How many relay shards there are is said once, by whoever makes the ledger: `new_with` of
        them unless asked for. `Misuse` when it has another number than the one asked for.
        """
        from broker.ledger.migrate import upgrade

        with _patiently():
            upgrade(self.engine)
        with self.deciding() as connection:
            if connection.execute(select(tables.ledger.c.id)).first() is None:
                row = {"id": uuid4(), "created_at": clock.now()}
                connection.execute(insert(tables.ledger).values(row))
            shard.settle(connection, shards, new_with)

    def close(self) -> None:
        self.engine.dispose()


# One round trip: it is paid by every transaction.
_BEGIN = (
    f"BEGIN; SET LOCAL lock_timeout = '{LOCK_SECONDS}s';"
    f" SET LOCAL idle_in_transaction_session_timeout = '{IDLE_SECONDS}s';"
    f" SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"
)


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
        connect_args={"connect_timeout": LOCK_SECONDS, **_NOTICES, "options": _OPTIONS},
    )


# Either end notices within ten seconds that the other's machine is gone, also while it waits for
# an answer; and the server, that whoever asked was killed, also in the middle of a statement.
_NOTICES = {
    "keepalives_idle": _GONE_SECONDS // 2,
    "keepalives_interval": 1,
    "keepalives_count": _GONE_SECONDS // 2,
    "tcp_user_timeout": _GONE_SECONDS * 1000,
}
# And everything is looked up by an index, however much is wanted: a plan that reads a whole table,
# or is compiled first, costs the more the older the ledger is.
_OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "tcp_keepalives_idle": _GONE_SECONDS // 2,
        "tcp_keepalives_interval": 1,
        "tcp_keepalives_count": _GONE_SECONDS // 2,
        "tcp_user_timeout": _GONE_SECONDS * 1000,
        "client_connection_check_interval": "2s",
        "idle_in_transaction_session_timeout": f"{_READER_SECONDS}s",
        "random_page_cost": 1.1,
        "jit": "off",
    }.items()
)
