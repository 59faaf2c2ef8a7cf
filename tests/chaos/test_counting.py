"""What chaos counts as wrong, shown on records that were never in a Kafka: it finds each fault."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update

from broker.clock import SetClock
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.rows import _picture
from broker.provision import inbox
from producers.wire import Wire
from schemas.codec import encode
from schemas.kinds import RECORD_TOPICS
from schemas.message import Message
from tests.chaos.counting import (
    Counted,
    Found,
    Kafka,
    Sides,
    _count_accepted,
    _count_ends,
    _count_inboxes,
    _count_receipts,
    _count_told,
)
from tests.chaos.load import AGENCIES, Expected, Load, Sent
from tests.chaos.punctual import punctuality
from tests.chaos.victim import SPEED
from tests.examples import HOME, STAFFORDSHIRE_POLICE, THURSDAY_NOON, notification, returned
from tests.scenarios.people import CONTROL_ROOM, MISSING_UNIT
from tests.scenarios.play import KEYS, Play, prepared

POLICE_INBOX, HOME_INBOX = inbox(STAFFORDSHIRE_POLICE), inbox(HOME)
REPORTS, RETURNS = "missing.notifications", "missing.returns"


@dataclass
class Played:
    """A play, what was said in it, and what a reader of Kafka finds."""

    play: Play
    said: list[Message]
    kafka: Kafka

    def counted(self) -> dict[str, int]:
        """What is wrong, and how often."""
        sent = [
            Sent(HOME, offset, encode(one), Expected.accepted, one)
            for offset, one in enumerate(self.said)
        ]
        found, nobody = Counted(sent), Load(HOME, None, self.play.clock, Random(1))  # type: ignore
        sides = Sides(None, self.play.ledger, [])  # type: ignore[arg-type]
        _count_inboxes(sides, self.kafka, found)
        _count_receipts(nobody, sent, self.kafka, found)
        _count_accepted(self.kafka, found)
        _count_told(self.play.ledger, self.kafka, found)
        _count_ends(sides, found)
        return dict(+found.wrong)

    def of(self, topic: str, address: str, kind: str) -> list[Found]:
        """What an address was told of one kind, the first first."""
        return [
            one
            for one in self.kafka[topic]
            if one.headers.get("address", "") == address and kind == one.message.KIND
        ]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Message]]:
    """Asked late, a desk is told of the end; as it could not be sent, that climbs there as well."""
    path = tmp_path_factory.mktemp("stage") / "ledger.sqlite"
    ledger = Ledger(f"sqlite:///{path}")
    prepared(ledger, SetClock(THURSDAY_NOON))
    play = Play(ledger, THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.after(minutes=40)
    play.outage = True
    back = returned(said, at=play.clock.now())
    play.say(back)
    play.after(minutes=6)
    play.outage = False
    play.send()
    ledger.close()
    return path, [said, back]


@pytest.fixture
def played(stage: tuple[Path, list[Message]], tmp_path: Path) -> Iterator[Played]:
    """All of it, to be spoilt."""
    path, said = stage
    ledger = Ledger(f"sqlite:///{shutil.copy(path, tmp_path)}")
    play = Play(ledger, THURSDAY_NOON)
    yield Played(play, said, sent(play))
    ledger.close()


def sent(play: Play) -> Kafka:
    """Every record, as a reader of Kafka finds it."""
    relay, wire = play._relay, Wire(KEYS.pseudonym)
    kafka: Kafka = {inbox(agency): [] for agency in AGENCIES}
    kafka |= {topic: [] for topic in RECORD_TOPICS.values()}
    for number in range(1, relay.last() + 1):
        batch = relay.unsent(number)
        assert batch
        for topic, value, _, headers in wire.records(batch.records):
            said = {name: text.decode() for name, text in headers}
            at = play.clock.now().astimezone(UTC)
            found = kafka.setdefault(topic, [])
            found.append(Found(topic, len(found), at, value, said))
    return kafka


def test_nothing_is_wrong_when_a_ladder_brings_again_what_a_desk_has(played):
    assert len(played.of(POLICE_INBOX, MISSING_UNIT, "missing.return")) == 2
    assert played.counted() == {}


def test_what_comes_twice_by_itself_is_doubled_although_it_climbed(played):
    once = played.of(POLICE_INBOX, MISSING_UNIT, "missing.return")[0]
    played.kafka[POLICE_INBOX].append(once)

    assert played.counted() == {"doubled": 2, "gap": 1, "out of order": 1}


def test_what_only_a_ladder_brings_is_lost(played):
    once = played.of(POLICE_INBOX, MISSING_UNIT, "missing.return")[0]
    played.kafka[POLICE_INBOX].remove(once)

    assert played.counted() == {"lost": 2, "gap": 1}


def test_what_overtakes_another_of_its_child_is_out_of_order(played):
    records = played.kafka[POLICE_INBOX]
    began = played.of(POLICE_INBOX, CONTROL_ROOM, "missing.notification")[0]
    records.append(records.pop(records.index(began)))

    assert played.counted()["out of order"] == 1


@pytest.mark.parametrize("topic", [REPORTS, RETURNS])
def test_what_the_record_lacks_or_has_twice_is_found(played, topic):
    (once,) = played.kafka[topic]

    played.kafka[topic] = []
    lost = played.counted()
    played.kafka[topic] = [once, once]

    assert (lost, played.counted()) == ({"lost": 1}, {"doubled": 1})


def test_a_receipt_that_is_lost_or_doubled_is_found(played):
    records = played.kafka[HOME_INBOX]
    receipt = next(one for one in records if one.message.KIND == "receipt")

    records.append(receipt)
    doubled = played.counted()
    records[:] = [one for one in records if one is not receipt]

    assert doubled["doubled"] >= 2
    assert played.counted()["lost"] >= 2


def test_whoever_is_not_told_the_end_is_found(played):
    known = played.play.episode()
    told = {address: replace(one, end_told=False) for address, one in known.told.items()}
    with played.play.ledger.writing() as connection:
        connection.execute(t.duty.delete().where(t.duty.c.name == "confirm-the-end"))
        picture = _picture(replace(known, told=told))
        connection.execute(update(t.episode).values(picture=picture))

    assert played.counted() == {"end not told": len(told)}


def fired(played: Played, change: Callable[[], None]) -> Any:
    change()
    began = THURSDAY_NOON
    return punctuality(played.play.ledger, began, [(0.0, float("inf"))])


def test_each_step_fires_once_and_at_its_time(played):
    found = fired(played, lambda: None)

    assert found.fired > 0
    assert (found.late, found.twice) == ([], [])


def test_a_step_that_fires_late_is_found(played):
    def later() -> None:
        e = t.duty_event
        with played.play.ledger.writing() as connection:
            at = connection.execute(select(e.c.at).where(e.c.what == "late").limit(1)).scalar_one()
            late = at + timedelta(seconds=20) * SPEED
            connection.execute(update(e).where(e.c.what == "late").values(at=late))

    assert fired(played, later).late


def test_a_step_that_fires_twice_is_found(played):
    def again() -> None:
        e = t.duty_event
        with played.play.ledger.writing() as connection:
            row = connection.execute(select(e).where(e.c.what == "late").limit(1)).mappings().one()
            more = {name: value for name, value in row.items() if name != "number"}
            connection.execute(e.insert().values(more))

    assert len(fired(played, again).twice) == 1
