"""Everyone who was told that it began knows that it ended, or stands on a list with a ladder."""

from datetime import timedelta

import pytest

from broker import closure
from tests.examples import FRIDAY_NIGHT, STOKE, notification, returned, update
from tests.scenarios.people import (
    CONTROL_ROOM,
    EDT,
    FRONT_DOOR,
    IRO_SERVICE,
    MONDAY_OPENING,
    NIGHT_STAFF,
    SOCIAL_WORK,
)

BACK = FRIDAY_NIGHT + timedelta(hours=8)


def closed(play):
    with play.ledger.reading() as connection:
        (found,) = closure.closures(connection)
    return found


def how(play):
    return {one.address: one.how for one in closed(play).everyone}


def test_after_the_end_everyone_is_on_the_list_until_they_confirm(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=BACK))

    assert set(how(play)) == set(play.episode().told)
    assert how(play)[NIGHT_STAFF] == "reported"
    assert how(play)[EDT] == "listed"
    assert not closed(play).is_complete

    for agency in ("la.E08000030", STOKE, "police.E23000015", "provider.SC999001"):
        for got in play.news(agency):
            if got.message.KIND in ("missing.return", "iro.alert"):
                play.answer(got, "received")
    assert {how(play)[address] for address in (EDT, FRONT_DOOR, CONTROL_ROOM)} == {"confirmed"}

    alerts = [got for got in play.news(IRO_SERVICE) if got.message.KIND == "iro.alert"]
    play.answer(alerts[-1])
    assert closed(play).is_complete


def test_what_is_on_the_list_has_a_time_and_somebody_it_climbs_to(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=BACK))

    listed = [one for one in closed(play).everyone if one.how == "listed"]
    assert all(one.due_at and one.next_rung for one in listed)
    play.until(MONDAY_OPENING + timedelta(days=1))
    with play.ledger.reading() as connection:
        late = closure.owed(connection, "la.E08000030", "confirm-the-end", late=True)
    assert {one.owed_by for one in late} >= {EDT, SOCIAL_WORK}
    assert not any(got.wakes for got in play.inbox(f"{STOKE}/duty-manager"))


def test_unanswered_alerts_are_on_a_list_that_a_manager_can_read(both):
    play = both()
    play.say(notification())

    with play.ledger.reading() as connection:
        found = closure.owed(connection, "la.E08000030", "answer-iro-alert")
    assert [(one.owed_by, one.state) for one in found] == [(IRO_SERVICE, "open")]
    play.answer(play.last(IRO_SERVICE))
    with play.ledger.reading() as connection:
        assert closure.owed(connection, "la.E08000030", "answer-iro-alert") == []


@pytest.mark.parametrize("outcome", ["died", "harmed"])
def test_when_no_message_goes_round_managers_ring(both, outcome):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=BACK, outcome=outcome))

    assert set(how(play).values()) <= {"telephone", "reported", "sent", "confirmed"}
    assert "missed" not in how(play).values()


def test_whoever_joined_late_is_told_the_end_too(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(update(said, protection_plan="la.E08000025", reason="A plan was found"))
    play.say_now(returned(said, at=BACK))

    assert "missed" not in how(play).values()


def test_whoever_a_duty_climbs_to_after_the_end_knows_the_end(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=BACK))
    play.until(MONDAY_OPENING + timedelta(days=1))

    assert how(play)[f"{STOKE}/duty-manager"] == "sent"
    assert "missed" not in how(play).values()
