"""Whatever is said, answered and late before and after the end: whoever heard of it has the end."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker import closure
from schemas.missing import MissingNotification, MissingUpdate
from tests.examples import THURSDAY_NOON, WALSALL, notification, returned, update
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    HOST_EDT,
    MISSING_UNIT,
    NIGHT_STAFF,
)
from tests.scenarios.play import Play

DUSK = THURSDAY_NOON + timedelta(hours=4, minutes=30)
BIRMINGHAM_DOOR = f"{BIRMINGHAM}/front-door"
QUIET = timedelta(days=4)


def have_the_end(play):
    """
    Nobody was missed, by the account and by what is in the inboxes.

    Whoever got news that the child is missing got, then or later, that it is not.
    """
    with play.ledger.reading() as connection:
        (found,) = closure.closures(connection)
    assert [one.address for one in found.everyone if one.how == "missed"] == []
    for address in play.told() - {NIGHT_STAFF, ""}:  # who reported it reported the end
        got = [one.message for one in play.inbox(address)]
        began = any(isinstance(one, MissingNotification | MissingUpdate) for one in got)
        ended = any(
            one.KIND == "missing.return" or (one.KIND == "picture" and one.status == "returned")
            for one in got
        )
        assert ended or not began, f"{address} was told that it began, and no end"


def past_the_office(stage):
    """The child comes back as Kafka is away: managers and the missing persons unit are asked."""
    play = stage(DUSK)
    said = notification(DUSK)
    play.say(said)
    play.after(minutes=1)
    play.outage = True
    play.say(returned(said, at=play.clock.now()))
    play.after(minutes=10)
    play.outage = False
    play.send()
    return play


def test_not_ours_to_an_old_report_is_no_word_about_the_end(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.after(minutes=40)  # the police answer late, and their missing persons unit is asked
    report = next(
        got for got in play.inbox(MISSING_UNIT) if got.message.KIND == "missing.notification"
    )
    play.outage = True
    play.say(returned(said, at=play.clock.now()))
    play.after(minutes=40)
    play.outage = False
    play.send()
    before = play.told()

    play.answer(report, "not-ours", reason="No such child here")

    assert play.told() - before == {NIGHT_STAFF}  # whoever reported it hears the answer
    assert ("not-ours", MISSING_UNIT) not in play.events("confirm-the-end")
    have_the_end(play)


@pytest.mark.parametrize("whose", [None, BIRMINGHAM_DOOR])
def test_whoever_is_asked_after_the_end_hears_first_that_it_is_over(both, whose):
    play = past_the_office(both)
    play.after(hours=1)

    end = next(got for got in play.inbox(CONTROL_ROOM) if got.message.KIND == "missing.return")
    play.answer(end, "not-ours", reason="No such child here", whose=whose)

    asked = f"{BIRMINGHAM}/emergency-duty" if whose else EDT
    picture, passed = play.news(asked)
    assert (picture.message.KIND, picture.message.status) == ("picture", "returned")
    assert passed.message.KIND == "missing.return"
    have_the_end(play)


def test_whoever_is_named_for_an_old_report_hears_first_that_it_is_over(stage):
    play = stage(DUSK)
    said = notification(DUSK)
    play.say(said)
    report = play.last(CONTROL_ROOM)
    play.say_now(returned(said, at=DUSK + timedelta(hours=2)))

    play.answer(report, "not-ours", reason="Moved", whose=BIRMINGHAM_DOOR)

    picture, passed = play.news(BIRMINGHAM_DOOR)
    assert (picture.message.KIND, picture.message.status) == ("picture", "returned")
    assert passed.message.KIND == "missing.notification"
    have_the_end(play)


# -- in any order

_STEPS = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from((1, 7, 31, 130, 700))),
    st.tuples(st.just("outage"), st.booleans()),
    st.tuples(st.just("update"), st.sampled_from(("risk", "plan"))),
    st.tuples(st.just("end"), st.none()),
    st.tuples(st.just("taken back"), st.none()),
    st.tuples(
        st.sampled_from(("acting", "received", "not-ours", "need-until")),
        st.tuples(st.integers(0, 40), st.sampled_from((None, BIRMINGHAM_DOOR, HOST_EDT))),
    ),
)


@given(st.lists(_STEPS, min_size=3, max_size=10))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_in_whatever_order_it_comes_everyone_has_the_end(copies, steps):
    ledger = copies()
    play = Play(ledger, DUSK)
    said = notification(DUSK)
    play.say(said)
    ends = []

    def end():
        ends.append(returned(said, at=play.clock.now()))
        play.say(ends[-1])

    for what, how in steps:
        if what == "wait":
            play.after(minutes=how)
        elif what == "outage":
            play.outage = how
            play.send()
        elif what == "update":
            said_of_it = {"risk": "high"} if how == "risk" else {"protection_plan": BIRMINGHAM}
            play.say(update(said, at=play.clock.now(), **said_of_it))
        elif what == "end" and not ends:
            end()
        elif what == "taken back" and ends:
            back = ends.pop()
            gone = {"action": "cancel", "replaces": back.message_id}
            play.say(returned(said, at=play.clock.now(), **gone))
        elif what in ("acting", "received", "not-ours", "need-until"):
            _answer(play, what, *how)
    if not ends:
        end()
    play.outage = False
    play.send()
    play.until(play.clock.now() + QUIET)
    have_the_end(play)
    ledger.close()


def _answer(play, state, which, whose):
    """Somebody answers something that they once got, however old."""
    got = [
        one
        for agency in (
            WALSALL,
            CONTROL_ROOM.partition("/")[0],
            BIRMINGHAM,
            HOST_EDT.partition("/")[0],
        )
        for one in play.inbox(agency)
        if one.message.KIND.startswith(("missing.", "iro."))
    ]
    if not got:
        return
    words = {
        "not-ours": {"reason": "Moved", "whose": whose},
        "need-until": {"reason": "Busy", "until": play.clock.now() + timedelta(hours=3)},
    }
    play.answer(got[which % len(got)], state, **words.get(state, {}))
