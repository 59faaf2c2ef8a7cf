"""A council with no tie to the children: numbers of a month, and not a trace of any child."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from broker.ledger import tables as t
from tests import examples as e
from tests.scenarios.subscribers import (
    BIRMINGHAM,
    HUB,
    SHROPSHIRE,
    agreed,
    by_subscription,
    corrected,
    first_of,
    joined,
    notice,
    somebody,
    subscribed,
)

NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
MARCH, APRIL = "2026-03", "2026-04"


@pytest.fixture
def play(both):
    return joined(both(NOON))


def many(at, number, host=e.STOKE, first=0, **changes):
    """So many children, placed by Walsall and Birmingham in turn."""
    return [
        notice(
            at, somebody(first + one), starts_at=at, host_authority=host,
            responsible_authority=(e.WALSALL, BIRMINGHAM)[one % 2], home=None,
            carer=f"F-{first + one}", **changes,
        )
        for one in range(number)
    ]  # fmt: skip


def counts(play, agency):
    return [got.message for got in play.inbox(agency, "counts")]


def cells(message):
    return {one.host: (one.placed, one.started, one.ended) for one in message.areas}


def test_nothing_of_forty_children_can_be_told_from_an_inbox_without_a_tie(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE])
    before = play.inbox(SHROPSHIRE)
    placements = many(NOON, 40)
    for each in placements:
        play.say(each)
    play.say(*(corrected(one, NOON, carer_contact={"name": "Kim"}) for one in placements[:9]))
    play.until(first_of(2026, 4))

    got = play.inbox(SHROPSHIRE)
    (last,) = got[len(before) :]
    assert [one.sequence for one in got] == list(range(1, len(got) + 1))
    assert last.message.KIND == "counts"
    assert cells(last.message) == {e.STOKE: (40, 40, None)}
    assert last.message.occurred_at == datetime(2026, 3, 31, 23, tzinfo=UTC)
    said = "".join(one.message.model_dump_json() + one.because for one in got)
    for one in placements:
        for hidden in (one.child.family_name, one.carer, str(one.message_id)):
            assert f'"{hidden}"' not in said
    d = t.delivery.c
    about = select(d.child, d.episode, d.message, d.answer_by, d.exercise).where(
        d.destination == f"inbox.{SHROPSHIRE}", d.id == last.id
    )
    with play.ledger.reading() as connection:
        assert connection.execute(about).all() == [(None, None, None, None, False)]


def test_counts_come_at_six_in_london_on_the_first_of_each_month_over_the_year(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE], until=NOON.date() + timedelta(days=360))
    play.say(*many(NOON, 12))
    play.until(datetime(2027, 2, 1, 5, 59, tzinfo=UTC))

    at = [one.sent_at for one in counts(play, SHROPSHIRE)]
    assert at[0] == NOON  # the last whole month, as it starts
    assert at[1] == datetime(2026, 4, 1, 5, tzinfo=UTC)
    assert at[8] == datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert at[10] == datetime(2027, 1, 1, 6, tzinfo=UTC)
    months = [one.month for one in counts(play, SHROPSHIRE)]
    assert months[:3] == ["2026-02", "2026-03", "2026-04"]
    assert months[-1] == "2026-12"
    assert cells(counts(play, SHROPSHIRE)[-1]) == {e.STOKE: (10, None, None)}


def test_two_who_ask_differently_see_the_same_numbers_also_when_they_ask_later(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE])
    play.say(*many(NOON, 13))
    play.until(first_of(2026, 4))
    late = many(NOON + timedelta(days=2), 8, first=50)  # what is told late of March
    play.until(datetime(2026, 4, 9, 12, tzinfo=UTC))
    play.say(*late)

    subscribed(play, BIRMINGHAM, hosts=[], region="West Midlands")

    one, other = counts(play, SHROPSHIRE)[-1], counts(play, BIRMINGHAM)[-1]
    assert (one.month, other.month) == (MARCH, MARCH)
    assert cells(one)[e.STOKE] == cells(other)[e.STOKE] == (15, 15, None)


def test_few_children_none_and_drills_look_the_same(play):
    subscribed(play, HUB, hosts=[e.STOKE, SHROPSHIRE, e.STAFFORDSHIRE])
    play.say(*many(NOON, 4), *many(NOON, 30, e.STAFFORDSHIRE, 100, exercise=True))

    play.until(first_of(2026, 4))

    nothing = (None, None, None)
    assert cells(counts(play, HUB)[-1]) == {
        e.STOKE: nothing, SHROPSHIRE: nothing, e.STAFFORDSHIRE: nothing,
    }  # fmt: skip


def test_placements_that_were_withdrawn_are_in_no_count(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE])
    placements = many(NOON, 20)
    play.say(*placements)
    play.say(*(corrected(one, NOON, action="cancel") for one in placements[:10]))

    play.until(first_of(2026, 4))

    assert cells(counts(play, SHROPSHIRE)[-1]) == {e.STOKE: (10, 10, None)}


def test_the_own_area_and_those_it_acts_for_are_in_no_count(play):
    agreed(play, SHROPSHIRE, e.STOKE)
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE, SHROPSHIRE, e.STAFFORDSHIRE])

    play.until(first_of(2026, 4))

    assert {*cells(counts(play, SHROPSHIRE)[-1])} == {e.STAFFORDSHIRE}


def test_a_drill_of_a_subscription_gets_no_numbers_of_real_children(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE], exercise=True)
    play.say(*many(NOON, 40))

    play.until(first_of(2026, 4))

    last = counts(play, SHROPSHIRE)[-1]
    assert last.exercise
    assert cells(last) == {e.STOKE: (None, None, None)}


def test_a_suspended_one_gets_no_counts(play):
    subscribed(play, SHROPSHIRE, hosts=[e.STOKE], until=datetime(2026, 4, 10).date())

    play.until(first_of(2026, 5))

    assert [one.month for one in counts(play, SHROPSHIRE)] == ["2026-02", MARCH]


def test_without_a_tie_the_register_is_empty_and_those_with_one_see_theirs_alone(play):
    play.say(*many(NOON, 10))

    subscribed(play, BIRMINGHAM, hosts=[e.STOKE])

    got = by_subscription(play, BIRMINGHAM)
    assert len(got) == 5
    assert {one.message.responsible_authority for one in got} == {BIRMINGHAM}
