"""The part of a working set that holds who is to settle what differs in a census."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select

from broker.answering import Delivered
from broker.census.settling import SETTLE, duty_id, occasion
from broker.duties import Duty
from broker.ledger import tables as t
from broker.ledger.rows import duty_of
from schemas.census import Differences


class Settling:
    """The duties to settle differences, and who was told of which."""

    _connection: Connection
    duties: dict[UUID, Duty]
    deliveries: dict[UUID, Delivered]

    def __init__(self) -> None:
        super().__init__()
        self._told_of: dict[int, set[str]] = {}

    def _gather_settling(self) -> None:
        """For answers to differences: what is owed for them, and who else was told of them."""
        numbers = {one.message for one in self.deliveries.values() if one.kind == Differences.KIND}
        if not numbers:
            return
        d, c = t.delivery.c, t.content.c
        self._hold_settling(t.duty.c.message.in_(numbers))
        query = (
            select(d.message, d.address)
            .join(t.content, c.number == d.content)
            .where(d.message.in_(numbers), c.kind == Differences.KIND)
        )
        for number, address in self._connection.execute(query):
            self._told_of.setdefault(number, set()).add(address)

    def settling(self, one: Any) -> list[Duty]:
        """What was ever owed for the period of this census, whichever list of it was told."""
        self._hold_settling(t.duty.c.occasion == occasion(one))
        return [duty for duty in self._settle_duties() if duty.id == duty_id(one, duty.owed_by)]

    def settling_after(self, number: int) -> tuple[Collection[str], list[Duty]]:
        """Who was told of the differences of a census, and what is owed for them."""
        owed = [duty for duty in self._settle_duties() if duty.message == number]
        return self._told_of.get(number, ()), owed

    def _settle_duties(self) -> list[Duty]:
        return [duty for duty in self.duties.values() if duty.name == SETTLE]

    def _hold_settling(self, which: ColumnElement[bool]) -> None:
        query = select(t.duty).where(t.duty.c.name == SETTLE, which)
        for row in self._connection.execute(query):
            self._hold_stored(duty_of(row))

    def _hold_stored(self, duty: Duty) -> None:
        raise NotImplementedError
