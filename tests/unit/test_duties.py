"""When something is owed, what fulfils it, and when the next rung of its ladder is due."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from broker.duties import (
    Due,
    Duty,
    Rung,
    asked_of,
    due,
    excused,
    is_met_by,
    met,
    restarted,
    spaced,
    was_met_by,
    within,
)
from broker.episode import State, fact_of
from broker.policy.model import Clock, Start
from tests.examples import (
    FRIDAY_NIGHT,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    notification,
    returned,
    update,
)

NOW = THURSDAY_NOON
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FRONT_DOOR = f"{WALSALL}/front-door"


def duty(**changes) -> Duty:
    return Duty(
        **{
            "id": UUID(int=1),
            "name": "answer",
            "owed_by": FRONT_DOOR,
            "because": "rule@policy",
            "basis": "local",
            "met_by": ("acting",),
            "message": 1,
            "opened_at": NOW,
            "starts_at": NOW,
            "due_at": NOW + 30 * MINUTE,
            "next_at": NOW + 30 * MINUTE,
            "rungs": (Rung(timedelta(0), "a/a"), Rung(15 * MINUTE, "b/b")),
        }
        | changes
    )


# -- clocks


def test_elapsed_time_runs_from_acceptance_or_from_when_it_happened():
    half = Clock(Start.accepted, within=30 * MINUTE)

    assert due(half, State(), NOW - HOUR, NOW) == Due(NOW, NOW + 30 * MINUTE)
    happened = replace(half, starts=Start.occurred)
    assert due(happened, State(), NOW - HOUR, NOW).due_at == NOW - 30 * MINUTE


def test_less_time_is_allowed_while_the_risk_is_high():
    clock = Clock(Start.accepted, within=30 * MINUTE, high=10 * MINUTE)

    assert within(clock, State(risk="high")) == 10 * MINUTE
    assert within(clock, State(risk="medium")) == 30 * MINUTE
    assert within(replace(clock, high=None), State(risk="high")) == 30 * MINUTE


def test_a_check_counts_from_the_find_else_from_the_return_else_from_the_closing():
    clock = Clock(Start.found, within=24 * HOUR)
    found = {"found_at": NOW - 3 * HOUR}
    back = {"returned_at": NOW - 2 * HOUR}
    closed = {"closed_at": NOW - HOUR}

    assert due(clock, State(**closed, **back, **found), NOW, NOW).starts_at == NOW - 3 * HOUR
    assert due(clock, State(**closed, **back), NOW, NOW).starts_at == NOW - 2 * HOUR
    assert due(clock, State(**closed), NOW, NOW).starts_at == NOW - HOUR


def test_no_time_recorded_is_no_start_and_no_countdown():
    state = State(returned_at=NOW, unsure=("returned",))

    assert due(Clock(Start.returned, within=72 * HOUR), state, NOW, NOW) == Due(None, None)
    assert due(Clock(Start.found, within=24 * HOUR), state, NOW, NOW) == Due(None, None)
    sure = replace(state, found_at=NOW - HOUR)
    assert due(Clock(Start.found, within=24 * HOUR), sure, NOW, NOW).starts_at == NOW - HOUR


def test_a_stated_time_is_the_due_time_else_the_allowance():
    clock = Clock(Start.stated, within=6 * HOUR)
    stated = State(category="absent", review_at=NOW + HOUR, next_review_at=NOW + 5 * HOUR)

    assert due(clock, stated, NOW, NOW).due_at == NOW + HOUR
    assert due(clock, replace(stated, category="missing"), NOW, NOW).due_at == NOW + 5 * HOUR
    assert due(clock, State(), NOW, NOW).due_at == NOW + 6 * HOUR
    assert due(Clock(Start.stated), State(), NOW, NOW).due_at is None


def test_working_days_end_at_the_midnight_of_london():
    one = Clock(Start.accepted, working_days=1)

    assert due(one, State(), NOW, NOW).due_at == (NOW + timedelta(days=2)).replace(hour=0)
    friday = due(one, State(), FRIDAY_NIGHT, FRIDAY_NIGHT).due_at
    assert friday == FRIDAY_NIGHT.replace(day=30, hour=23, minute=0)  # summer time by then


# -- what fulfils it


@pytest.mark.parametrize(
    ("token", "message", "fits"),
    [
        ("missing.update", update(notification()), True),
        ("missing.return", update(notification()), False),
        ("missing.update:risk", update(notification(), risk="low"), True),
        ("missing.update:risk", update(notification()), False),
        ("missing.update:immediate_danger", update(notification(), immediate_danger=False), True),
        ("missing.return:stage=closed", returned(notification(), stage="closed"), True),
        ("missing.return:stage=closed", returned(notification()), False),
        ("missing.notification:police_report.reference", notification(), True),
        (
            "missing.notification:police_report.reference",
            notification(police_report={"channel": "101"}),
            False,
        ),
        ("missing.notification:police_report.reference", notification(police_report=None), False),
    ],
)
def test_a_message_fulfils_what_the_policy_says_it_does(token, message, fits):
    assert is_met_by(duty(name="other", met_by=(token,)), message) is fits


def test_an_agency_that_reports_shows_that_it_is_acting_and_answers_for_nothing_else():
    said = notification(sender=WALSALL)

    assert is_met_by(duty(), said)
    assert not is_met_by(duty(name="answer-iro-alert"), said)
    assert not is_met_by(duty(), notification(sender=STOKE))


def test_what_was_heard_before_may_fulfil_it_already():
    def fact(message):
        return fact_of(message, 1, NOW, 1, UUID(int=9))

    check = duty(met_by=("missing.return:stage=closed",))
    assert was_met_by(check, fact(returned(notification(), stage="closed")))
    assert not was_met_by(check, fact(returned(notification())))
    review = duty(met_by=("missing.update:risk",))
    assert was_met_by(review, fact(update(notification(), risk="low")))
    assert not was_met_by(review, fact(update(notification())))
    assert was_met_by(duty(met_by=("missing.update",)), fact(update(notification())))


def test_met_after_its_due_time_is_met_late():
    in_time, _ = met(duty(), NOW + 30 * MINUTE, NOW + HOUR, FRONT_DOOR)
    late, event = met(duty(), NOW + 31 * MINUTE, NOW + HOUR, FRONT_DOOR)

    assert (in_time.state, late.state) == ("met", "met-late")
    assert (late.next_at, late.settled_at) == (None, NOW + HOUR)
    assert (event.what, event.address) == ("met-late", FRONT_DOOR)


def test_without_a_due_time_nothing_is_late():
    assert met(duty(due_at=None), NOW, NOW, "")[0].state == "met"


def test_what_nobody_needs_is_cancelled_in_time_and_excused_once_late():
    assert excused(duty(), NOW, "over")[0].state == "cancelled"
    assert excused(duty(state="late"), NOW, "over")[0].state == "excused"


def test_the_whole_agency_may_answer_and_whoever_was_asked():
    asked = duty(asked=("la.E06000021/front-door",))

    assert asked_of(asked, f"{WALSALL}/emergency-duty")
    assert asked_of(asked, "la.E06000021/front-door")
    assert not asked_of(asked, "la.E06000021/social-work")


# -- a clock that is known better


def test_a_clock_known_better_moves_the_due_time():
    known = Due(NOW - HOUR, NOW + HOUR)
    moved = restarted(duty(), known, NOW)

    assert (moved.starts_at, moved.due_at, moved.next_at) == (NOW - HOUR, NOW + HOUR, NOW + HOUR)
    assert restarted(duty(), Due(None, None), NOW) == duty()


def test_one_that_was_late_by_a_wrong_clock_is_not_late_any_more():
    late = duty(state="late")

    assert restarted(late, Due(NOW, NOW + HOUR), NOW + 40 * MINUTE).state == "open"
    assert restarted(late, Due(NOW, NOW + 35 * MINUTE), NOW + 40 * MINUTE).state == "late"


def test_steps_that_were_taken_stay_taken():
    climbing = duty(rung=1, next_at=NOW + 45 * MINUTE)

    assert restarted(climbing, Due(NOW, NOW + HOUR), NOW).next_at == NOW + 45 * MINUTE


# -- ladders


def test_rungs_follow_the_due_time():
    assert spaced(duty(), 0, NOW) == NOW + 30 * MINUTE
    assert spaced(duty(), 1, NOW + 30 * MINUTE) == NOW + 45 * MINUTE
    assert spaced(duty(), 2, NOW + 45 * MINUTE) is None


def test_after_an_outage_rungs_keep_their_spacing():
    much_later = NOW + 5 * HOUR

    assert spaced(duty(), 1, much_later) == much_later + 15 * MINUTE


def test_what_was_never_sent_climbs_on_in_the_same_spacing():
    unsent = duty(starts_at=None, due_at=None)

    assert spaced(unsent, 1, NOW) == NOW + 15 * MINUTE
    assert spaced(unsent, 2, NOW) is None
