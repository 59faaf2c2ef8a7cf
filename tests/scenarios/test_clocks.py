"""Clocks across both clock changes of 2026, Easter and weekends."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.examples import notification, returned
from tests.scenarios.people import EDT, FRONT_DOOR, IRO_SERVICE


def utc(month, day, hour=0, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


OPENINGS = {
    "the Friday before the clocks go forward": (utc(3, 27, 22, 10), utc(3, 30, 7, 30)),
    "the hour that does not exist": (utc(3, 29, 1, 30), utc(3, 30, 7, 30)),
    "Maundy Thursday, before four days of Easter": (utc(4, 2, 20, 0), utc(4, 7, 7, 30)),
    "Good Friday": (utc(4, 3, 11, 0), utc(4, 7, 7, 30)),
    "Easter Monday": (utc(4, 6, 11, 0), utc(4, 7, 7, 30)),
    "the Saturday before the clocks go back": (utc(10, 24, 22, 0), utc(10, 26, 8, 30)),
    "the hour that comes twice": (utc(10, 25, 1, 30), utc(10, 26, 8, 30)),
}


@pytest.mark.parametrize(("at", "opening"), OPENINGS.values(), ids=OPENINGS)
def test_a_closed_front_door_answers_from_its_opening(stage, at, opening):
    play = stage(at)

    play.say(notification(at))

    assert play.duty("answer", EDT).due_at == at + timedelta(minutes=30)
    assert play.duty("answer", FRONT_DOOR).starts_at == opening
    assert play.duty("answer-iro-alert").starts_at == at  # working days count from the delivery
    play.until(opening + timedelta(minutes=29))
    assert ("late", FRONT_DOOR) not in play.events()
    play.after(minutes=1)
    assert ("late", FRONT_DOOR) in play.events()


WORKING_DAYS = {
    "over the weekend of the spring change": (utc(3, 27, 10), utc(3, 30, 23)),
    "delivered at night, when nobody is there": (utc(3, 27, 22, 10), utc(3, 30, 23)),
    "delivered on a Sunday": (utc(10, 25, 12), utc(10, 27)),
    "over Easter": (utc(4, 2, 10), utc(4, 7, 23)),
    "over the weekend of the autumn change": (utc(10, 23, 10), utc(10, 27)),
    "on an ordinary Tuesday": (utc(11, 17, 10), utc(11, 19)),
}


@pytest.mark.parametrize(("at", "due"), WORKING_DAYS.values(), ids=WORKING_DAYS)
def test_a_working_day_ends_at_the_midnight_in_london(stage, at, due):
    play = stage(at)

    play.say(notification(at))

    assert play.duty("answer-iro-alert", IRO_SERVICE).due_at == due


@pytest.mark.parametrize("at", [utc(3, 28, 20), utc(10, 24, 20)], ids=["forward", "back"])
def test_elapsed_hours_are_elapsed_hours_over_a_clock_change(both, at):
    play = both(at)
    said = notification(at)
    play.say(said)
    back = at + timedelta(hours=3)

    play.say_now(returned(said, at=back))

    assert play.duty("safe-and-well-check").due_at == back + timedelta(hours=24)
    play.until(back + timedelta(hours=24) - timedelta(seconds=1))
    assert play.duty("safe-and-well-check").state == "open"
    play.after(seconds=1)
    assert play.duty("safe-and-well-check").state == "late"


def test_a_return_of_friday_that_is_told_on_monday_is_late_on_arrival_and_says_so(both):
    friday, monday = utc(3, 27, 22, 10), utc(3, 30, 9)
    play = both(friday)
    said = notification(friday)
    play.say(said)
    play.until(monday)

    play.say(returned(said, at=friday + timedelta(hours=1)))

    assert play.duty("safe-and-well-check").due_at == friday + timedelta(hours=25)
    play.after(seconds=1)
    assert play.duty("safe-and-well-check").state == "late"
