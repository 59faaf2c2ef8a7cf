"""What a restore finds to be out, of which the ledger that it has knows nothing."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from broker.closure import closures
from broker.decision import inbox
from broker.ledger import tables as t
from broker.restoring import marking, orphans
from broker.restoring.out import out_of
from schemas.codec import encode
from tests.examples import THURSDAY_NOON, notification, returned
from tests.scenarios.people import BIRMINGHAM, CONTROL_ROOM

BIRMINGHAM_DOOR = f"{BIRMINGHAM}/front-door"


def out(play, message, address=BIRMINGHAM_DOOR, *, sequence=1, because="missing-lead@england"):
    """It went out in the time that was lost."""
    headers = {
        "sequence": str(sequence),
        "delivery": str(uuid4()),
        "ce_type": f"uk.homeward.{message.KIND}.v{message.VERSION}",
        "ce_id": str(message.message_id),
        "ce_source": message.sender,
        "ce_time": message.occurred_at.isoformat(),
        "address": address,
        "because": because,
    }
    return out_of(inbox(address), headers, encode(message), play.clock.now())


def restore(play, *outs):
    with play.ledger.deciding() as connection:
        last = connection.execute(select(t.shard.c.last)).scalar_one()
        marking.Marks(connection, play.clock.now(), {0: last + 1}).mark(outs)
        marking.go_on_above(connection, {one.destination: one.sequence for one in outs}, {})
        found = orphans.place(connection)
    joined = play.decider.operate(orphans.join(found))
    play.send()
    return joined


def how_it_ended_for(play, address):
    with play.ledger.reading() as connection:
        (found,) = closures(connection)
    return {one.address: one.how for one in found.everyone}.get(address)


@pytest.fixture
def over(stage):
    """A child was missing, and is back."""
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.after(hours=1)
    play.say_now(returned(said, at=play.clock.now()))
    return play, said


def test_whoever_has_an_old_report_is_told_that_it_is_over(over):
    play, said = over

    assert restore(play, out(play, said)) == 1

    _, picture = play.news(BIRMINGHAM_DOOR)
    assert (picture.message.KIND, picture.message.status) == ("picture", "returned")
    assert how_it_ended_for(play, BIRMINGHAM_DOOR) == "sent"


def test_whoever_has_a_report_of_a_child_who_is_missing_still_is_told_the_end_when_it_comes(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)

    assert restore(play, out(play, said)) == 1

    assert [one.message.KIND for one in play.news(BIRMINGHAM_DOOR)] == ["missing.notification"]
    play.after(hours=1)
    play.say_now(returned(said, at=play.clock.now()))
    assert play.last(BIRMINGHAM_DOOR).message.KIND == "missing.return"


def test_whoever_knew_of_it_anyway_is_told_nothing_more(over):
    play, said = over
    before = play.news(CONTROL_ROOM)
    sequence = play.inbox(CONTROL_ROOM.partition("/")[0])[-1].sequence + 1

    assert restore(play, out(play, said, CONTROL_ROOM, sequence=sequence)) == 0

    assert [one.message.KIND for one in play.news(CONTROL_ROOM)[len(before) :]] == [said.KIND]


@pytest.mark.parametrize("because", ["subscription s1@1", "taken-back@england"])
def test_what_came_by_a_subscription_or_was_taken_back_makes_nobody_join(over, because):
    play, said = over

    assert restore(play, out(play, said, because=because)) == 0

    assert how_it_ended_for(play, BIRMINGHAM_DOOR) is None
