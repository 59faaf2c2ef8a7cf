"""
What the bench sends: valid notifications about made-up children, the same for every contender.

Written to the outboxes before a clock starts, so that taking in never waits for a sender.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from confluent_kafka import Producer

from broker import provision
from broker.clock import SystemClock
from broker.connection import ADMIN
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.codec import encode
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingReturn
from tests.servers import KafkaServer

HOMES = 20

# Each looks after the children in its homes itself: police, front door, reviewing officer and
# social work are told, and the home gets its receipt.
_AREAS = {
    "la.E06000021": "police.E23000015",
    "la.E10000028": "police.E23000015",
    "la.E08000030": "police.E23000014",
    "la.E08000025": "police.E23000014",
}
_COUNCILS = tuple(_AREAS)
_GIVEN = ("Robin", "Sam", "Alex", "Charlie", "Jamie", "Ash", "Kit", "Rowan")
_NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
_NARRATIVE = (
    "Left after the evening meal with a rucksack and did not come back at the agreed time. "
    "The phone has been off since, and friends who were rung have not seen them."
)


class ThursdayNoon:
    """
    A clock that runs like the real one, from noon of a working day.

    Who is told depends on the hour: a bench in the evening would measure another load.
    """

    def __init__(self, offset: timedelta | None = None) -> None:
        self.offset = _NOON - datetime.now(UTC) if offset is None else offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def real(self, at: datetime) -> datetime:
        """When that was by the clock of this machine."""
        return at - self.offset


@dataclass(frozen=True)
class Home:
    """A children's home that reports."""

    agency: str
    council: str

    @property
    def outbox(self) -> str:
        return provision.outbox(self.agency)


def homes() -> list[Home]:
    """The homes, in turn in each of the areas."""
    return [
        Home(f"provider.SC9990{number:02}", _COUNCILS[number % len(_COUNCILS)])
        for number in range(HOMES)
    ]


def police_of(council: str) -> str:
    """The force of a council's area."""
    return _AREAS[council]


def everybody() -> list[str]:
    """Every agency that sends or is told."""
    return [*(home.agency for home in homes()), *_AREAS, *sorted(set(_AREAS.values()))]


def messages(
    count: int, at: datetime, first: int = 0, returns: float = 0.0
) -> Iterator[tuple[Home, ChildMessage]]:
    """
    Notifications, each of a child of its own, dealt out to the homes in turn.

    The children are numbered from `first`: whoever was reported before is not told of again.
    A share of `returns` of them is followed at once by the child's return, within the count.
    """
    dice = random.Random(first)
    sent = 0
    for number, home in enumerate(itertools.cycle(homes()), first):
        if sent >= count:
            return
        said = _notification(home, number, at, dice)
        yield home, said
        sent += 1
        if sent < count and dice.random() < returns:
            yield home, _return(said, dice)
            sent += 1


def _uuid(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)


def _notification(
    home: Home, number: int, at: datetime, dice: random.Random
) -> MissingNotification:
    happened = at - timedelta(minutes=dice.randint(5, 50))
    child = Child(
        references=(
            Reference(holder=home.agency, scheme=Scheme.home_reference, value=f"H-{number}"),
            Reference(holder=home.council, scheme=Scheme.la_person_id, value=f"{number}"),
        ),
        given_name=dice.choice(_GIVEN),
        family_name=f"Example{number:x}",
        birth_date=date(2009, 1, 1) + timedelta(days=dice.randint(0, 2500)),
    )
    return MissingNotification(
        message_id=_uuid(dice),
        sender=home.agency,
        from_address=f"{home.agency}/home-manager",
        occurred_at=happened,
        sent_at=at,
        child=child,
        episode=f"H-{number}/1",
        category="missing",
        last_seen_at=happened,
        place=Place(authority=home.council, description="The home"),
        lives=Residence(authority=home.council, home=home.agency),
        care_status="looked-after",
        responsible_authority=home.council,
        risk="medium",
        risk_reason="Out later than agreed, phone off",
        circumstances=_NARRATIVE,
        police_report={"channel": "101", "at": at, "reference": f"P-{number}"},
    )


def _return(of: MissingNotification, dice: random.Random) -> MissingReturn:
    return MissingReturn(
        message_id=_uuid(dice),
        sender=of.sender,
        from_address=of.from_address,
        occurred_at=of.sent_at,
        sent_at=of.sent_at,
        child=of.child,
        episode=of.episode,
        stage="returned",
        outcome="safe",
    )


def write(kafka: KafkaServer, said: Sequence[tuple[Home, ChildMessage]]) -> None:
    """Put messages into the outboxes of their senders, and return when Kafka has them all."""
    producer = Producer({**kafka.local.access(ADMIN).for_confluent(), "linger.ms": 5})
    for home, message in said:
        producer.produce(home.outbox, encode(message), partition=0)
        producer.poll(0)
    assert producer.flush(60) == 0


def add_everybody(kafka: KafkaServer) -> None:
    """Give every agency its topics."""
    for agency in everybody():
        kafka.add_agency(agency)


def register_everybody(ledger: Ledger) -> None:
    """Put every agency on the broker, so that its inbox is written."""
    areas = {home.agency: home.council for home in homes()}
    with ledger.deciding() as connection:
        for agency in everybody():
            agencies.add(connection, agency, agency, areas.get(agency), {}, SystemClock().now())
