"""
What was accepted once, decided again under other policies: who would be told, what would be owed.

Each run has an empty ledger of its own. Nothing is sent: every delivery counts as sent at once, so
that the clocks of answers start, and what falls due between two messages fires at its own moment.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from broker.clock import SetClock
from broker.decider import Decider
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.policy.policies import Policies
from broker.records import Record
from broker.working_time import local_due
from schemas.kinds import TO_AGENCIES
from schemas.message import BROKER

LARGEST = 5000  # messages of one replay; each is decided on twice

_Id = tuple[str, UUID]  # a message by its sender and its id


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment up to the last, which is not in it."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """One accepted message as it travelled; one from before the period `counts` for nothing."""

    id: _Id
    kind: str
    at: datetime
    value: bytes
    counts: bool


@dataclass(frozen=True, slots=True, order=True)
class Told:
    """One address that is told of a message, in which view, by which rule, and whether it rings."""

    address: str
    view: str
    kind: str
    because: str
    wakes: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it the same under two policies, whatever their versions are called."""
        return self.address, self.view, self.kind, self.because.partition("@")[0], self.wakes


@dataclass(frozen=True, slots=True)
class Owed:
    """One duty because of a message, as it stands at the end of the period."""

    due_at: datetime | None
    state: str
    because: str


@dataclass(frozen=True, slots=True)
class OwedOtherwise:
    """One duty that differs; None where it is not owed."""

    duty: str
    owed_by: str
    a: Owed | None
    b: Owed | None


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one replay, by message; `refused` counts by code what could not be taken in."""

    told: Mapping[_Id, frozenset[Told]]
    owed: Mapping[_Id, Mapping[tuple[str, str, str], Owed]]
    said: Sequence[Heard]
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """What two runs differ in, of one message."""

    message: str
    sender: str
    kind: str
    at: datetime
    only_a: tuple[Told, ...]
    only_b: tuple[Told, ...]
    owed: tuple[OwedOtherwise, ...]

    def lines(self) -> Iterator[str]:
        """The same for people."""
        for which, each in (("A", self.only_a), ("B", self.only_b)):
            for one in each:
                how = f"{one.view}, woken" if one.wakes else one.view
                yield f"told only under {which}: {one.address} ({how}) by {one.because}"
        for owed in self.owed:
            yield f"{owed.duty} of {owed.owed_by}: A {_words(owed.a)}; B {_words(owed.b)}"


def _words(owed: Owed | None) -> str:
    if owed is None:
        return "not owed"
    due = f"due {local_due(owed.due_at)}" if owed.due_at else "no start yet"
    return f"{due}, {owed.state}, by {owed.because}"


def heard(ledger: Ledger, period: Period, largest: int = LARGEST) -> list[Heard]:
    """
    What a ledger accepted in a period, and before it about the same children, in its order.

    `Misuse` when that is more than can be replayed.
    """
    m = t.message.c
    of_period = (m.accepted_at >= period.start, m.accepted_at < period.end)
    children = select(m.child).where(*of_period, m.child.is_not(None))
    query = (
        select(m.sender, m.message_id, m.kind, m.accepted_at, m.value)
        .where(
            m.accepted_at < period.end,
            func.length(m.value) > 0,  # what was erased cannot be decided on again
            or_(m.accepted_at >= period.start, m.child.in_(children)),
        )
        .order_by(m.number)
        .limit(largest + 1)
    )
    with ledger.reading() as connection:
        rows = connection.execute(query).all()
    if len(rows) > largest:
        raise Misuse(
            f"more than {largest} messages are concerned: compare a shorter time with --from and "
            "--until"
        )
    return [
        Heard((row.sender, row.message_id), row.kind, row.accepted_at, row.value,
              row.accepted_at >= period.start)
        for row in rows
    ]  # fmt: skip


def replay(
    said: Sequence[Heard],
    policies: Policies,
    ledger: Ledger,
    clock: SetClock,
    keys: Keys,
    period: Period,
) -> Run:
    """
    Decide on all of it again in an empty ledger, each thing when it was accepted.

    A message that no longer has what it refers to (an answer to what nobody is told) is refused.
    """
    replaying = _Replay(policies, ledger, clock, keys)
    refused: Counter[str] = Counter()
    for offset, one in enumerate(said):
        replaying.until(one.at)
        if one.id[0] == BROKER:  # what Homeward said itself it says again, or does not
            continue
        record = Record(f"outbox.{one.id[0]}", "replay", offset, one.value)
        refused.update(replaying.decider.take([record]).codes)
        replaying.send()
    replaying.until(period.end)
    return Run(_told(ledger), _owed(ledger), said, dict(refused))


class _Replay:
    """The decider, a clock moved by hand, and a relay that says of everything that it is sent."""

    def __init__(self, policies: Policies, ledger: Ledger, clock: SetClock, keys: Keys) -> None:
        self.ledger, self.clock = ledger, clock
        self.decider = Decider(ledger, clock, policies, keys)
        self.decider.activate()
        self._relay = Stamping(ledger, 0, clock, "replay")

    def until(self, at: datetime) -> None:
        """Time passes until then, each duty firing at its own moment."""
        while (due := self._next_due()) is not None and due <= at:
            self.clock.set(max(due, self.clock.now()))
            self.decider.tick()
            self.send()
        self.clock.set(max(at, self.clock.now()))

    def send(self) -> None:
        self._relay.hold()
        while (batch := self._relay.stamp(self._relay.last())) is not None:
            self._relay.confirm(batch.number)

    def _next_due(self) -> datetime | None:
        with self.ledger.reading() as connection:
            due: datetime | None = connection.execute(
                select(func.min(t.duty.c.next_at))
            ).scalar_one_or_none()
        return due


def _told(ledger: Ledger) -> dict[_Id, frozenset[Told]]:
    m, d, c = t.message.c, t.delivery.c, t.content.c
    query = (
        select(m.sender, m.message_id, d.address, d.view, c.kind, d.because, d.wakes)
        .join(t.delivery, d.message == m.number)
        .join(t.content, c.number == d.content)
        .where(d.address != "", c.kind.not_in(TO_AGENCIES))
    )
    found: dict[_Id, set[Told]] = {}
    with ledger.reading() as connection:
        for sender, id, *told in connection.execute(query):
            found.setdefault((sender, id), set()).add(Told(*told))
    return {id: frozenset(each) for id, each in found.items()}


def _owed(ledger: Ledger) -> dict[_Id, dict[tuple[str, str, str], Owed]]:
    m, d = t.message.c, t.duty.c
    query = (
        select(
            m.sender, m.message_id, d.name, d.owed_by, d.occasion, d.due_at, d.state, d.because
        )
        .join(t.duty, d.message == m.number)
        .where(d.owed_by.not_like(f"{BROKER}/%"), d.state != "superseded")
        .order_by(d.opened_at)
    )  # fmt: skip
    found: dict[_Id, dict[tuple[str, str, str], Owed]] = {}
    with ledger.reading() as connection:
        for row in connection.execute(query):
            key = (row.name, row.owed_by, row.occasion)
            owed = Owed(row.due_at, row.state, row.because)
            found.setdefault((row.sender, row.message_id), {})[key] = owed
    return found


def differences(a: Run, b: Run) -> list[Difference]:
    """What comes out otherwise, message by message in the order they were accepted."""
    found = []
    for one in a.said:
        if not one.counts:
            continue
        told_a, told_b = ({each.key: each for each in run.told.get(one.id, ())} for run in (a, b))
        only_a = tuple(sorted(told_a[key] for key in told_a.keys() - told_b.keys()))
        only_b = tuple(sorted(told_b[key] for key in told_b.keys() - told_a.keys()))
        owed = tuple(_owed_otherwise(a.owed.get(one.id, {}), b.owed.get(one.id, {})))
        if only_a or only_b or owed:
            sender, id = one.id
            found.append(Difference(str(id), sender, one.kind, one.at, only_a, only_b, owed))
    return found


def _owed_otherwise(
    a: Mapping[tuple[str, str, str], Owed], b: Mapping[tuple[str, str, str], Owed]
) -> Iterator[OwedOtherwise]:
    for key in sorted(a.keys() | b.keys()):
        one, other = a.get(key), b.get(key)
        if one is None or other is None or (one.due_at, one.state) != (other.due_at, other.state):
            yield OwedOtherwise(key[0], key[1], one, other)
