"""
The same clocks over Easter, Christmas, clock changes, leap day and a Friday night.

Elapsed hours run on whatever the clocks on the wall do; working days end at a midnight in London.
"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from broker.ledger import tables as t
from broker.ledger.rows import duty_of
from tests.examples import WALSALL, interview, notification, returned
from tests.scenarios.people import (
    CONTROL_ROOM,
    DUTY_MANAGER,
    EDT,
    FRONT_DOOR,
    INTERVIEWS,
    MISSING_UNIT,
    NIGHT_STAFF,
    SOCIAL_WORK,
)
from tests.scenarios.rows import DAY, HOUR, MINUTE, MONDAY, OTHER, ROWS, a_police_report, a_return
from tests.scenarios.test_every_clock import SECOND, duty, steps


def utc(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def stored(play, name, owner=None):
    """A duty as the ledger keeps it, with what is shown apart."""
    query = select(t.duty).where(t.duty.c.name == name)
    with play.ledger.reading() as connection:
        found = [duty_of(row) for row in connection.execute(query)]
    (one,) = [one for one in found if owner in (None, one.owed_by)]
    return one


# -- working days: one, two and three of them

IN_ONE, IN_TWO, IN_THREE = (
    ROWS[name]
    for name in ("reviewing officers answer an alert", "settle who it is", "share the outcome")
)
WORKING_DAYS = {
    "an ordinary Monday": (
        MONDAY, utc(2026, 3, 11), utc(2026, 3, 12), utc(2026, 3, 13)),
    "Easter 2026: from Maundy Thursday": (
        utc(2026, 4, 2, 10), utc(2026, 4, 7, 23), utc(2026, 4, 8, 23), utc(2026, 4, 9, 23)),
    "Easter 2026: from Good Friday": (
        utc(2026, 4, 3, 10), utc(2026, 4, 7, 23), utc(2026, 4, 8, 23), utc(2026, 4, 9, 23)),
    "Easter 2027, with the spring change": (
        utc(2027, 3, 25, 10), utc(2027, 3, 30, 23), utc(2027, 3, 31, 23), utc(2027, 4, 1, 23)),
    "Christmas 2026: Boxing Day is kept on the Monday": (
        utc(2026, 12, 24, 10), utc(2026, 12, 30), utc(2026, 12, 31), utc(2027, 1, 1)),
    "Christmas 2026: from the Tuesday, over New Year": (
        utc(2026, 12, 29, 10), utc(2026, 12, 31), utc(2027, 1, 1), utc(2027, 1, 5)),
    "New Year 2027: from New Year's Eve": (
        utc(2026, 12, 31, 10), utc(2027, 1, 5), utc(2027, 1, 6), utc(2027, 1, 7)),
    "Christmas 2027: both days are kept later": (
        utc(2027, 12, 24, 10), utc(2027, 12, 30), utc(2027, 12, 31), utc(2028, 1, 1)),
    "New Year 2028 falls on a Saturday": (
        utc(2027, 12, 30, 10), utc(2028, 1, 1), utc(2028, 1, 5), utc(2028, 1, 6)),
    "Friday 23:50, the clocks go forward": (
        utc(2026, 3, 27, 23, 50), utc(2026, 3, 30, 23), utc(2026, 3, 31, 23), utc(2026, 4, 1, 23)),
    "Friday 23:50, the clocks go back": (
        utc(2026, 10, 23, 22, 50), utc(2026, 10, 27), utc(2026, 10, 28), utc(2026, 10, 29)),
    "a Sunday, in the hour that comes twice": (
        utc(2026, 10, 25, 1, 30), utc(2026, 10, 27), utc(2026, 10, 28), utc(2026, 10, 29)),
    "leap day 2028": (
        utc(2028, 2, 28, 10), utc(2028, 3, 1), utc(2028, 3, 2), utc(2028, 3, 3)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("at", "one", "two", "three"), WORKING_DAYS.values(), ids=WORKING_DAYS
)  # fmt: skip
def test_working_days_end_at_a_midnight_in_london(stage, at, one, two, three):
    for row, due in ((IN_ONE, one), (IN_TWO, two), (IN_THREE, three)):
        play = stage(at)
        row.opened(play)

        assert duty(play, row).due_at == due
        play.until(due - SECOND)
        assert duty(play, row).state == "open"
        play.until(due)
        assert duty(play, row).state == "late"


# -- elapsed hours

ELAPSED = [
    "answer acting: police",
    "state the risk",
    "give the police reference",
    "next review of risk",
    "review of an absence, no time stated",
    "safe-and-well check, returned",
    "offer a return interview",
    "hold a return interview",
]
MOMENTS = {
    "before the clocks go forward": utc(2026, 3, 28, 20),
    "as the hour begins that does not exist": utc(2026, 3, 29, 1),
    "in the hour that comes twice, the first time": utc(2026, 10, 25, 0, 30),
    "in the hour that comes twice, the second time": utc(2026, 10, 25, 1, 30),
    "the day before leap day": utc(2028, 2, 28, 12),
    "Friday 23:50": utc(2026, 3, 27, 23, 50),
    "New Year's Eve": utc(2026, 12, 31, 23, 30),
}


@pytest.mark.parametrize("at", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("name", ELAPSED)
def test_elapsed_hours_are_elapsed_hours(stage, name, at):
    row = ROWS[name]
    play = stage(at)
    row.opened(play)
    due = at + (row.due - MONDAY)

    assert duty(play, row).due_at == due
    play.until(due - SECOND)
    assert duty(play, row).state == "open"
    play.until(due)
    assert duty(play, row).state == "late"


@pytest.mark.parametrize(
    ("back", "words"),
    [
        (utc(2026, 10, 24, 0, 30), "Sun 25 Oct 2026 01:30 BST"),
        (utc(2026, 10, 24, 1, 30), "Sun 25 Oct 2026 01:30 GMT"),
        (utc(2026, 3, 28, 1, 30), "Sun 29 Mar 2026 02:30 BST"),  # 01:30 is no time of that day
        (utc(2028, 2, 28, 12), "Tue 29 Feb 2028 12:00 GMT"),
    ],
)
def test_a_due_time_in_words_says_which_of_two_hours_it_is(stage, back, words):
    play = stage(back)
    a_return()(play)

    notices = [got.message for got in play.inbox(CONTROL_ROOM, "duty")]
    assert f"due {words}" in notices[-1].words


def test_on_a_friday_at_ten_to_midnight_the_night_team_has_half_an_hour_and_the_desk_opens(stage):
    friday = utc(2026, 3, 27, 23, 50)
    play = stage(friday)
    play.say(notification(friday))

    assert play.duty("answer", EDT).due_at == friday + 30 * MINUTE
    by_day = play.duty("answer", FRONT_DOOR)
    assert (by_day.starts_at, by_day.due_at) == (utc(2026, 3, 30, 7, 30), utc(2026, 3, 30, 8))


# -- a return that is reported three days late

LATE_ON_ARRIVAL = {
    "safe-and-well check": ("safe-and-well-check", 24 * HOUR, [MISSING_UNIT]),
    "offer": ("offer-return-interview", 72 * HOUR, [SOCIAL_WORK]),
    "hold": ("hold-return-interview", 72 * HOUR, [SOCIAL_WORK]),
}


@pytest.mark.parametrize(
    ("name", "length", "first"), LATE_ON_ARRIVAL.values(), ids=LATE_ON_ARRIVAL
)  # fmt: skip
def test_a_return_told_three_days_late_is_late_on_arrival_with_the_same_length_again(
    stage, name, length, first
):
    play = stage(MONDAY)
    said = notification(MONDAY)
    play.say(said)
    back, told = MONDAY + HOUR, MONDAY + HOUR + 73 * HOUR
    play.until(told)
    play.say(returned(said, at=back, sent_at=told))

    one = stored(play, name)
    assert (one.starts_at, one.due_at) == (back, back + length)  # the clock is the true one
    assert (one.state, one.late_on_arrival) == ("late", True)  # shown apart
    assert one.working_due_at == told + length
    notice = next(n.message for n in play.inbox(one.owed_by, "duty") if n.message.name == name)
    assert notice.late_on_arrival
    assert notice.working_due_at == told + length
    assert "before Homeward knew of it" in notice.words

    play.until(told + length - SECOND)
    assert play.climbed(name) == []
    play.after(seconds=1)
    assert play.climbed(name) == first
    assert not any(what == "late" for what, _ in play.events(name))  # said once, as what it is


def test_working_days_are_given_again_in_working_days(stage):
    """Held before Easter, told after it: three working days from then."""
    held, told = utc(2026, 3, 31, 12), utc(2026, 4, 10, 12)
    play = stage(held)
    said = notification(held - DAY)
    play.say(said)
    play.until(told)
    play.say(interview(said, at=held, sent_at=told))

    one = stored(play, "share-interview-outcome")
    assert one.due_at == utc(2026, 4, 7, 23)
    assert (one.late_on_arrival, one.working_due_at) == (True, utc(2026, 4, 15, 23))


def test_done_within_the_second_length_it_is_late_by_the_true_clock_all_the_same(stage):
    play = stage(MONDAY)
    said = notification(MONDAY)
    play.say(said)
    play.until(MONDAY + 74 * HOUR)
    play.say(returned(said, at=MONDAY + HOUR, sent_at=play.clock.now()))

    play.after(hours=10)
    play.say(interview(said, at=play.clock.now()))

    one = stored(play, "hold-return-interview")
    assert (one.state, one.late_on_arrival) == ("met-late", True)


# -- no time of return


def test_without_a_time_there_is_no_start_no_countdown_and_the_sender_is_asked(stage):
    play = stage(MONDAY)
    a_return(time_known=False)(play)

    play.after(days=30)

    for name, owner in (
        ("safe-and-well-check", CONTROL_ROOM),
        ("offer-return-interview", INTERVIEWS),
        ("hold-return-interview", INTERVIEWS),
    ):
        one = play.duty(name)
        assert (one.owed_by, one.state) == (owner, "open")
        assert (one.starts_at, one.due_at, one.next_at) == (None, None, None)
        assert play.climbed(name) == []
        notices = [got.message for got in play.inbox(owner, "duty") if got.message.name == name]
        assert all("no start recorded" in notice.words for notice in notices)
        assert all(notice.due_at is None for notice in notices)
    asked = play.duty("state-the-time")
    assert (asked.owed_by, asked.state) == (NIGHT_STAFF, "late")
    assert play.climbed("state-the-time") == [SOCIAL_WORK, DUTY_MANAGER]


@pytest.mark.parametrize("stage_of_it", ["found", "returned"])
def test_the_time_that_is_given_starts_every_clock_and_ends_the_chase(stage, stage_of_it):
    play = stage(MONDAY)
    said = a_return(time_known=False, stage=stage_of_it)(play)
    play.after(hours=3)
    back = MONDAY - 30 * MINUTE

    play.say(returned(said, at=back, sent_at=play.clock.now(), stage=stage_of_it))

    assert play.duty("state-the-time").state == "met"
    assert play.duty("safe-and-well-check").due_at == back + 24 * HOUR
    if stage_of_it == "returned":
        assert play.duty("hold-return-interview").due_at == back + 72 * HOUR


def test_a_correction_that_gives_the_time_is_the_doing_of_it(stage):
    play = stage(MONDAY)
    said = notification(MONDAY)
    play.say(said)
    unsure = returned(said, at=MONDAY, time_known=False)
    play.say(unsure)
    play.after(hours=1)

    play.say(returned(
        said, at=MONDAY - 30 * MINUTE, sent_at=play.clock.now(), action="update",
        replaces=unsure.message_id,
    ))  # fmt: skip

    assert play.duty("state-the-time").state == "met"
    assert play.duty("hold-return-interview").due_at == MONDAY + 72 * HOUR - 30 * MINUTE


def test_that_the_police_know_when_it_was_found_does_not_say_when_it_was_back(stage):
    play = stage(MONDAY)
    said = notification(MONDAY)
    play.say(said)
    play.say(returned(said, at=MONDAY, stage="found"))
    play.after(hours=1)
    play.say(returned(said, at=play.clock.now(), time_known=False))

    assert play.duty("state-the-time").state == "open"
    assert play.duty("safe-and-well-check").due_at == MONDAY + 24 * HOUR
    assert play.duty("hold-return-interview").due_at is None


# -- review times


def test_a_review_time_far_off_is_that_time(stage):
    play = stage(MONDAY)
    a_police_report(next_review_at=MONDAY + 40 * DAY)(play)

    assert play.duty("review-risk").due_at == MONDAY + 40 * DAY
    play.until(MONDAY + 40 * DAY - SECOND)
    assert play.duty("review-risk").state == "open"


def test_a_review_time_that_is_past_already_is_late_on_arrival_and_taken_further_at_once(stage):
    play = stage(MONDAY)
    a_police_report(next_review_at=MONDAY - HOUR)(play)

    one = stored(play, "review-risk")
    assert (one.state, one.late_on_arrival, one.due_at) == ("late", True, MONDAY - HOUR)
    play.after(seconds=1)
    assert play.climbed("review-risk") == [MISSING_UNIT]


def test_a_report_that_came_late_gets_the_time_again_that_it_gave_itself(stage):
    """Said at nine for eleven, heard at noon: until two."""
    play = stage(MONDAY)
    play.until(MONDAY + 3 * HOUR)
    said = notification(MONDAY, category="absent", review_at=MONDAY + 2 * HOUR)
    play.say(said)

    one = stored(play, "review-absence")
    assert (one.late_on_arrival, one.due_at) == (True, MONDAY + 2 * HOUR)
    assert one.working_due_at == MONDAY + 5 * HOUR


def test_an_absence_without_a_time_is_looked_at_six_hours_after_it_was_heard_of(stage):
    play = stage(MONDAY)
    play.say(notification(MONDAY - 5 * HOUR, category="absent"))

    assert play.duty("review-absence").due_at == MONDAY + 6 * HOUR


def test_a_correction_starts_no_clock_again(stage):
    play = stage(MONDAY)
    said = notification(MONDAY, risk=None, risk_reason=None)
    play.say(said)
    play.after(minutes=50)

    right = said.model_copy(update={
        "message_id": type(said.message_id)(int=5), "action": type(said.action)("update"),
        "replaces": said.message_id, "circumstances": "Spelt right", "sent_at": play.clock.now(),
    })  # fmt: skip
    play.say(right)

    assert play.duty("state-the-risk").due_at == MONDAY + HOUR


# -- need-until, and not ours


def test_need_until_moves_the_ladder_once_and_never_the_due_time(stage):
    play = stage(MONDAY)
    play.say(notification(MONDAY))
    row = ROWS["answer acting: lead council"]
    got = play.last(FRONT_DOOR)

    play.answer(got, "need-until", reason="On the phone", until=MONDAY + 50 * MINUTE)
    play.answer(got, "need-until", reason="Still", until=MONDAY + 300 * MINUTE)
    play.until(MONDAY + 50 * MINUTE - SECOND)
    assert steps(play, row) == []
    play.after(seconds=1)

    assert steps(play, row) == [(MONDAY + 50 * MINUTE, DUTY_MANAGER)]
    assert duty(play, row).due_at == MONDAY + 30 * MINUTE
    play.answer(got)
    assert duty(play, row).state == "met-late"


REFUSALS = {
    "one names another": [(FRONT_DOOR, f"{OTHER}/front-door")],
    "one names nobody": [(FRONT_DOOR, None)],
    "both refuse": [(FRONT_DOOR, f"{OTHER}/front-door"), (f"{OTHER}/front-door", None)],
    "they name each other": [
        (FRONT_DOOR, f"{OTHER}/front-door"),
        (f"{OTHER}/front-door", FRONT_DOOR),
    ],
    "round a third": [
        (FRONT_DOOR, f"{OTHER}/front-door"),
        (f"{OTHER}/front-door", "la.E06000051/front-door"),
        ("la.E06000051/front-door", FRONT_DOOR),
    ],
}


@pytest.mark.parametrize("refusals", REFUSALS.values(), ids=REFUSALS)
def test_not_ours_never_leaves_a_child_without_an_owner(stage, refusals):
    play = stage(MONDAY)
    play.say(notification(MONDAY))

    for who, whose in refusals:
        play.answer(play.last(who), "not-ours", reason="Moved", whose=whose)
        one = play.duty("answer", FRONT_DOOR)
        assert one.standing
        assert one.due_at == MONDAY + 30 * MINUTE

    play.until(MONDAY + 30 * MINUTE)
    assert play.duty("answer", FRONT_DOOR).state == "late"
    play.until(MONDAY + HOUR)
    assert MISSING_UNIT in play.climbed("answer")


def test_a_second_not_ours_climbs_at_once_to_both_duty_managers(stage):
    play = stage(MONDAY)
    play.say(notification(MONDAY))
    play.answer(play.last(FRONT_DOOR), "not-ours", reason="No", whose=f"{OTHER}/front-door")
    play.after(minutes=2)

    play.answer(play.last(f"{OTHER}/front-door"), "not-ours", reason="Nor ours")

    for council in (WALSALL, OTHER):
        assert play.last(f"{council}/duty-manager").message.KIND == "missing.notification"
