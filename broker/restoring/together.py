"""Many transactions of the ledger as one: an interrupted restore leaves nothing half done."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from broker.ledger.engine import Ledger


class Together(Ledger):
    """A ledger within a transaction that is open: each of its own is a savepoint of that one."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        self.url, self.is_sqlite, self.engine = ledger.url, ledger.is_sqlite, ledger.engine
        self._connection = connection

    @contextmanager
    def deciding(self) -> Iterator[Connection]:
        with self.writing() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._connection.exec_driver_sql("SAVEPOINT step")
        try:
            yield self._connection
        except BaseException:
            self._connection.exec_driver_sql("ROLLBACK TO SAVEPOINT step")
            raise
        finally:
            self._connection.exec_driver_sql("RELEASE SAVEPOINT step")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        yield self._connection
