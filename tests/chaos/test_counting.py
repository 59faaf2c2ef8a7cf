"""What chaos counts as doubled or lost, shown on records that were never in a Kafka."""

from datetime import UTC
from pathlib import Path

import pytest

from broker.clock import SetClock
from broker.ledger.engine import Ledger
from broker.provision import inbox
from producers.wire import Wire
from tests.chaos.counting import Counted, Found, Kafka, _count_told
from tests.chaos.load import AGENCIES
from tests.examples import THURSDAY_NOON, notification, returned
from tests.scenarios.people import MISSING_UNIT
from tests.scenarios.play import KEYS, Play, prepared


@pytest.fixture
def play(tmp_path: Path):
    """Asked late, a desk is told of the end; as it could not be sent, that climbs there as well."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    prepared(ledger, SetClock(THURSDAY_NOON))
    play = Play(ledger, THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.after(minutes=40)
    play.outage = True
    play.say(returned(said, at=play.clock.now()))
    play.after(minutes=6)
    play.outage = False
    play.send()
    yield play
    ledger.close()


def sent(play: Play) -> Kafka:
    """Every record, as a reader of Kafka finds it."""
    relay, wire = play._relay, Wire(KEYS.pseudonym)
    kafka: Kafka = {inbox(agency): [] for agency in AGENCIES}
    for number in range(1, relay.last() + 1):
        batch = relay.unsent(number)
        assert batch
        for topic, value, _, headers in wire.records(batch.records):
            said = {name: text.decode() for name, text in headers}
            at = play.clock.now().astimezone(UTC)
            found = kafka.setdefault(topic, [])
            found.append(Found(topic, len(found), at, value, said))
    return kafka


def ends(kafka: Kafka, address: str) -> list[Found]:
    """That the child is back, as one address was told of it, the first first."""
    return [
        one
        for one in kafka[inbox(address.partition("/")[0])]
        if one.headers.get("address") == address and one.message.KIND == "missing.return"
    ]


def counted(play: Play, kafka: Kafka) -> Counted:
    found = Counted()
    _count_told(play.ledger, kafka, found)
    return found


def test_what_a_ladder_brings_again_is_not_doubled(play):
    kafka = sent(play)

    found = counted(play, kafka)

    assert len(ends(kafka, MISSING_UNIT)) == 2
    assert not +found.wrong


def test_what_comes_twice_by_itself_is_doubled_although_something_climbed(play):
    kafka = sent(play)
    kafka[inbox("police.E23000015")].append(ends(kafka, MISSING_UNIT)[0])

    found = counted(play, kafka)

    assert found.wrong == {"doubled": 1}


def test_what_only_a_ladder_brings_is_lost(play):
    kafka = sent(play)
    kafka[inbox("police.E23000015")].remove(ends(kafka, MISSING_UNIT)[0])

    found = counted(play, kafka)

    assert found.wrong == {"lost": 1}
