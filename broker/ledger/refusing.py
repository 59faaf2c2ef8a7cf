"""The part of a working set that refused records are in: kept, worked off, settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, literal, select, update

from broker.duties import Duty, DutyEvent, excused, met
from broker.errors import Rejected
from broker.ledger import tables as t
from broker.ledger.rows import bulk, duty_of
from broker.records import Record

OPEN, SENT_AGAIN, REPLAYED, DROPPED = "open", "sent-again", "replayed", "dropped"
STATES = (OPEN, SENT_AGAIN, REPLAYED, DROPPED)
TOPIC = "dead-letters"  # where a message came from that was replayed; no topic of Kafka

# Written out, as no database takes an index of only some rows for a value it does not see.
IS_OPEN = t.dead_letter.c.state == literal(OPEN, literal_execute=True)
IS_REPLAYED = t.message.c.topic == literal(TOPIC, literal_execute=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """A refused record as the ledger keeps it, and what an operator put in its place."""

    number: int
    record: Record
    code: str
    kind: str
    message_id: UUID | None
    repaired: bytes | None
    duty: UUID | None

    @property
    def value(self) -> bytes | None:
        """What is replayed: the bytes as they were sent, unless they were repaired."""
        return self.record.value if self.repaired is None else self.repaired


class Refusing:
    """Dead letters and their incidents, gathered and written with the rest."""

    now: datetime
    duties: dict[UUID, Duty]
    of_episode: dict[UUID | None, list[UUID]]
    _connection: Connection
    _stored_duties: set[UUID]

    def __init__(self) -> None:
        super().__init__()
        self._dead_letters: list[dict[str, Any]] = []
        self._refused: dict[tuple[str, UUID], list[tuple[int, UUID | None]]] = {}
        self._letters_changed: dict[int, dict[str, Any]] = {}
        self._incidents_touched: dict[UUID, str] = {}

    # -- gather

    def _gather_refused(self, ids: set[UUID]) -> None:
        """The open dead letters that these messages may settle."""
        x = t.dead_letter.c
        query = select(x.number, x.agency, x.message_id, x.duty)
        query = query.where(IS_OPEN, x.message_id.in_(ids))
        for row in self._connection.execute(query) if ids else ():
            key = (row.agency, row.message_id)
            self._refused.setdefault(key, []).append((row.number, row.duty))

    def letters(self, numbers: Sequence[int]) -> list[Letter]:
        """Those of these dead letters that are open still, in the order that is asked for."""
        x = t.dead_letter.c
        query = select(t.dead_letter).where(x.number.in_(numbers), IS_OPEN)
        found = {row.number: _letter(row) for row in self._connection.execute(query)}
        return [found[number] for number in numbers if number in found]

    def incident(self, id: UUID) -> Duty | None:
        """An incident by its id: it is of no absence, so that no gathering finds it."""
        if id not in self.duties:
            row = self._connection.execute(select(t.duty).where(t.duty.c.id == id)).first()
            if row is None:
                return None
            self.duties[id] = duty_of(row)
            self.of_episode.setdefault(None, []).append(id)
            self._stored_duties.add(id)
        return self.duties[id]

    # -- change it

    def bury(self, **row: Any) -> None:
        """Keep the bytes of a refused record."""
        rest = {"state": OPEN, "settled_at": None, "message": None, "repaired": None}
        self._dead_letters.append({**row, **rest, "at": self.now})

    def sent_again(self, sender: str, message_id: UUID, number: int) -> None:
        """A message is accepted: what its sender was refused under the same id is settled."""
        for letter, duty in self._refused.pop((sender, message_id), ()):
            self._settle(letter, duty, SENT_AGAIN, number)
        for row in self._dead_letters:  # refused a moment ago, in the same batch
            if (row["agency"], row["message_id"], row["state"]) == (sender, message_id, OPEN):
                row |= {"state": SENT_AGAIN, "settled_at": self.now, "message": number}
                self._incidents_touched[row["duty"]] = SENT_AGAIN

    def settle(self, letter: Letter, state: str, number: int | None = None) -> None:
        """How a dead letter ends; `number`: of the message that was accepted."""
        self._settle(letter.number, letter.duty, state, number)

    def _settle(self, letter: int, duty: UUID | None, state: str, number: int | None) -> None:
        values = {"state": state, "settled_at": self.now, "message": number}
        self._letters_changed.setdefault(letter, {}).update(values)
        if duty is not None:
            self._incidents_touched[duty] = state

    def reconsider(self, letter: Letter, fault: Rejected, duty: UUID) -> None:
        """A dead letter is refused for another reason: it belongs to another incident now."""
        if letter.duty is not None:
            self._incidents_touched[letter.duty] = REPLAYED
        values = {"code": fault.code, "field": fault.field, "detail": fault.detail, "duty": duty}
        self._letters_changed.setdefault(letter.number, {}).update(values)

    def repair(self, letter: Letter, value: bytes) -> None:
        """Put corrected bytes beside those that were sent."""
        self._letters_changed.setdefault(letter.number, {})["repaired"] = value

    # -- write

    def _write_refused(self) -> list[tuple[Duty, DutyEvent]]:
        """Write them; the answer is the incidents that are over with their last open record."""
        bulk(self._connection, t.dead_letter, self._dead_letters)
        for number, values in sorted(self._letters_changed.items()):
            where = t.dead_letter.c.number == number
            self._connection.execute(update(t.dead_letter).where(where).values(**values))
        if not self._incidents_touched:
            return []
        x = t.dead_letter.c
        left = select(x.duty, func.count()).where(x.duty.in_(self._incidents_touched), IS_OPEN)
        open_ones = {duty for duty, _ in self._connection.execute(left.group_by(x.duty))}
        over = []
        for id, state in self._incidents_touched.items():
            duty = self.incident(id)
            if id in open_ones or duty is None or not duty.standing:
                continue
            if state == DROPPED:
                over.append(excused(duty, self.now, DROPPED))
            else:
                over.append(met(duty, self.now, self.now, duty.owed_by))
        return over


def _letter(row: Any) -> Letter:
    record = Record(row.topic, row.topic_id, row.record_offset, row.value)
    return Letter(row.number, record, row.code, row.kind, row.message_id, row.repaired, row.duty)
