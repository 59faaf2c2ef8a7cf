"""An offset comes again: an outbox is made anew, or Kafka lost its end. A repeat stays a repeat."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from broker.ledger import tables as t
from broker.records import Record
from schemas.catch_up import CatchUp
from schemas.codec import encode
from tests.examples import FRIDAY_NIGHT, HOME, WALSALL, envelope, notification


def asks():
    return CatchUp(**envelope(WALSALL, "front-door", FRIDAY_NIGHT), since=0)


@pytest.mark.parametrize(("agency", "said"), [(HOME, notification()), (WALSALL, asks())])
def test_what_comes_again_from_an_outbox_made_anew_is_a_repeat_at_whatever_offset(
    both, agency, said
):
    play = both()
    topic, value = f"outbox.{agency}", encode(said)
    play.say(said)

    for topic_id in ("second", "third"):
        taken = play.decider.take([Record(topic, topic_id, offset, value) for offset in (0, 1)])
        assert (taken.repeated, taken.codes) == (2, {})
    play.send()

    receipts = play.receipts(agency)
    assert [one.repeated for one in receipts] == [False, True, True, True, True]
    assert len({one.message_id for one in receipts}) == 5


def test_what_is_refused_at_an_offset_that_kafka_lost_is_refused_again(both):
    play = both()
    play.arrive((HOME, b"noise"), (HOME, b"noise"))
    with play.ledger.writing() as connection:  # as a restore leaves it
        connection.execute(update(t.position).values(next=1, lost=1))
        lost = t.dead_letter.c.record_offset == 1
        connection.execute(update(t.dead_letter).where(lost).values(topic_id="topic-id lost 1"))
    play.clock.set(FRIDAY_NIGHT + timedelta(minutes=1))

    taken = play.decider.take([Record(f"outbox.{HOME}", "topic-id", n, b"noise") for n in (0, 1)])
    play.send()

    assert taken.codes == {"undecodable": 1}
    assert len({one.message_id for one in play.rejections(HOME)}) == 3
