"""A play: the decider over a real ledger, a clock that is moved by hand, and a relay that sends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from broker.clock import SetClock
from broker.decider import Decider, Outcome
from broker.episode import Episode, State, state_of
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.rows import episode_of
from broker.ledger.stamping import Stamping
from broker.policy import load
from broker.policy.policies import Policies
from broker.records import Record
from schemas.codec import decode, encode
from schemas.message import Message
from tests import examples

MORE_COUNCILS = {"la.E08000025": "Birmingham", "la.E06000051": "Shropshire"}
EVERYBODY = {
    examples.WALSALL: ("Walsall", None),
    examples.STOKE: ("Stoke-on-Trent", None),
    examples.STAFFORDSHIRE: ("Staffordshire", None),
    examples.STAFFORDSHIRE_POLICE: ("Staffordshire Police", None),
    "police.E23000014": ("West Midlands Police", None),
    examples.HOME: ("The Beeches", examples.STOKE),
    "provider.SC999002": ("The Limes", examples.STOKE),
    **{council: (name, None) for council, name in MORE_COUNCILS.items()},
}
NOTICES = ("receipt", "rejection", "duty", "heartbeat")
KEYS = Keys(b"a secret of the tests only")


@dataclass(frozen=True)
class Got:
    """One record of an inbox, as its reader sees it."""

    sequence: int
    id: UUID
    address: str
    because: str
    view: str
    wakes: bool
    answer_by: datetime | None
    message: Any

    @property
    def rule(self) -> str:
        return self.because.partition("@")[0]


@dataclass(frozen=True)
class Owing:
    """One duty as the ledger has it."""

    name: str
    owed_by: str
    state: str
    starts_at: datetime | None
    due_at: datetime | None
    next_at: datetime | None
    our_fault: bool
    episode: UUID | None
    settled_at: datetime | None

    @property
    def standing(self) -> bool:
        return self.state in ("open", "late")


def prepared(ledger: Ledger, clock: SetClock, policy: Policies | None = None) -> None:
    """Tables, everybody of the cast on the broker, and the policy in force."""
    ledger.create(clock)
    with ledger.writing() as connection:
        for agency, (name, area) in EVERYBODY.items():
            agencies.add(connection, agency, name, area, {}, clock.now())
    Decider(ledger, clock, policy or load.shipped(), KEYS).activate()


class Play:
    """
    One ledger and what happens to it, step by step.

    What is said is sent on at once, so that the clocks of answers start, unless `outage` is set.
    """

    def __init__(
        self,
        ledger: Ledger,
        at: datetime,
        decider: type[Decider] = Decider,
        policies: Policies | None = None,
    ) -> None:
        self.ledger, self.clock = ledger, SetClock(at)
        self.decider = decider(ledger, self.clock, policies or load.shipped(), KEYS)
        if policies:
            self.under(policies)
        self.outage = self.bugs_expected = False
        self._relay = Stamping(ledger, 0, self.clock, "play")
        self._offsets: dict[str, int] = {}

    def under(self, policies: Policies) -> None:
        """This policy is in force from now on."""
        self.decider = type(self.decider)(self.ledger, self.clock, policies, KEYS)
        with self.ledger.writing() as connection:
            values = {"policy": policies.digest, "policy_version": policies.version}
            connection.execute(update(t.ledger).values(**values))

    # -- what happens

    def say(self, *messages: Message, by: str | None = None) -> Outcome:
        """These arrive together; `by` is whose outbox they are in, if not their sender's."""
        return self.arrive(*((by or message.sender, encode(message)) for message in messages))

    def arrive(self, *values: tuple[str, bytes | None]) -> Outcome:
        """Records arrive together, each from an agency's outbox."""
        outcome = self.decider.take([self._record(agency, value) for agency, value in values])
        assert "unexpected" not in outcome.codes or self.bugs_expected
        self.send()
        return outcome

    def _record(self, agency: str, value: bytes | None) -> Record:
        offset = self._offsets.get(agency, 0)
        self._offsets[agency] = offset + 1
        return Record(f"outbox.{agency}", "topic-id", offset, value)

    def say_at(self, at: datetime, *messages: Message) -> Outcome:
        self.until(at)
        return self.say(*messages)

    def say_now(self, message: Message) -> Outcome:
        """It arrives now, whenever it happened; what was due until it happened fires first."""
        if message.occurred_at > self.clock.now():
            self.until(message.occurred_at)
        return self.say(message)

    def answer(self, got: Got, state: str = "acting", **changes: Any) -> Outcome:
        """The address that got it answers now."""
        return self.say(examples.answer(got.id, got.address, state, at=self.clock.now(), **changes))

    def send(self) -> None:
        """The relay sends everything that may go."""
        assert self._relay.hold()
        while not self.outage:
            batch = self._relay.stamp(self._relay.last())
            if batch is None:
                return
            self._relay.confirm(batch.number)

    def after(self, **time: float) -> None:
        """Time passes, and everything that falls due in it fires."""
        self.until(self.clock.now() + timedelta(**time))

    def until(self, at: datetime) -> None:
        """Time passes until then, each duty firing at its own moment."""
        while (due := self._next_due()) is not None and due <= at:
            self.clock.set(max(due, self.clock.now()))
            assert self.decider.tick().failed == 0
            self.send()
        self.clock.set(max(at, self.clock.now()))

    def _next_due(self) -> datetime | None:
        return self._one(select(func.min(t.duty.c.next_at)))

    def park(self, agency: str, reason: str | None = "test") -> None:
        """Nothing goes to this agency any more; None: it goes again."""
        with self.ledger.writing() as connection:
            connection.execute(
                update(t.inbox)
                .where(t.inbox.c.destination == f"inbox.{agency}")
                .values(parked=reason)
            )

    # -- what came of it

    def inbox(self, agency_or_address: str, kind: str | None = None) -> list[Got]:
        """What an agency, or one address of it, has got so far."""
        agency = agency_or_address.partition("/")[0]
        d, c = t.delivery.c, t.content.c
        query = (
            select(
                d.sequence,
                d.id,
                d.address,
                d.because,
                d.view,
                d.wakes,
                d.answer_by,
                c.value,
            )
            .join(t.content, c.number == d.content)
            .where(d.destination == f"inbox.{agency}", d.sequence.is_not(None))
            .order_by(d.sequence)
        )
        with self.ledger.reading() as connection:
            all_of_it = [Got(*row[:-1], decode(row.value)) for row in connection.execute(query)]
        return [
            got
            for got in all_of_it
            if agency_or_address in (agency, got.address) and kind in (None, got.message.KIND)
        ]

    def news(self, address: str) -> list[Got]:
        """What an address got about children: neither receipts nor notices of duties."""
        return [got for got in self.inbox(address) if got.message.KIND not in NOTICES]

    def last(self, address: str) -> Got:
        return self.news(address)[-1]

    def told(self) -> set[str]:
        """Every address that got news of a child."""
        return {got.address for got in self._everything() if got.message.KIND not in NOTICES}

    def woken(self) -> set[str]:
        """Every address that may have been rung."""
        return {got.address for got in self._everything() if got.wakes}

    def _everything(self) -> list[Got]:
        destinations = self._all(
            select(t.delivery.c.destination).where(t.delivery.c.destination.like("inbox.%"))
        )
        agencies_ = {destination.removeprefix("inbox.") for destination in destinations}
        return [got for agency in agencies_ for got in self.inbox(agency)]

    def receipts(self, agency: str) -> list[Any]:
        return [got.message for got in self.inbox(agency, "receipt")]

    def rejections(self, agency: str) -> list[Any]:
        return [got.message for got in self.inbox(agency, "rejection")]

    def duties(self, name: str | None = None, owed_by: str | None = None) -> list[Owing]:
        d = t.duty.c
        query = select(
            d.name, d.owed_by, d.state, d.starts_at, d.due_at, d.next_at, d.our_fault, d.episode,
            d.settled_at,
        ).order_by(d.opened_at, d.name, d.owed_by)  # fmt: skip
        with self.ledger.reading() as connection:
            found = [Owing(*row) for row in connection.execute(query)]
        return [
            duty for duty in found if name in (None, duty.name) and owed_by in (None, duty.owed_by)
        ]

    def duty(self, name: str, owed_by: str | None = None) -> Owing:
        """The one duty of this name (and owner)."""
        (found,) = self.duties(name, owed_by)
        return found

    def standing(self) -> set[tuple[str, str]]:
        return {(duty.name, duty.owed_by) for duty in self.duties() if duty.standing}

    def events(self, name: str | None = None) -> list[tuple[str, str]]:
        """What happened to duties, in order: what, and to which address."""
        e, d = t.duty_event.c, t.duty.c
        query = select(e.what, e.address, d.name).join(t.duty, d.id == e.duty).order_by(e.number)
        with self.ledger.reading() as connection:
            rows = connection.execute(query).all()
        return [(row.what, row.address or "") for row in rows if name in (None, row.name)]

    def climbed(self, name: str | None = None) -> list[str]:
        return [address for what, address in self.events(name) if what == "climbed"]

    def episodes(self) -> list[Episode]:
        query = select(t.episode).order_by(t.episode.c.started_at)
        with self.ledger.reading() as connection:
            return [episode_of(row) for row in connection.execute(query)]

    def episode(self) -> Episode:
        (found,) = self.episodes()
        return found

    def state(self) -> State:
        return state_of(self.episode().facts)

    def children(self) -> set[UUID]:
        return {episode.child for episode in self.episodes()}

    def dead_letters(self) -> list[str]:
        return list(self._all(select(t.dead_letter.c.code).order_by(t.dead_letter.c.number)))

    def words(self) -> str:
        """Everything that anybody was ever sent, as text."""
        with self.ledger.reading() as connection:
            values = connection.execute(select(t.content.c.value)).scalars().all()
        return "\n".join(decode(value).model_dump_json() for value in values)

    def _all(self, query: Any) -> Iterable[Any]:
        with self.ledger.reading() as connection:
            return connection.execute(query).scalars().all()

    def _one(self, query: Any) -> Any:
        with self.ledger.reading() as connection:
            return connection.execute(query).scalar_one_or_none()
