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
    fits,
    met,
    restarted,
    shows_acting,
    spaced,
    within,
)
from broker.episode import Fact, State
from broker.policy import load
from broker.policy.model import Clock, Start
from broker.said import fact_of
from schemas.casework import MeetingOutcome, Referral
from tests.examples import (
    FRIDAY_NIGHT,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    arrival,
    checked,
    child,
    envelope,
    interview,
    notification,
    placement,
    returned,
    update,
)

NOW = THURSDAY_NOON
DAY = timedelta(days=1)
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


def fact(message=None, heard=NOW, **said):
    if message is not None:
        return fact_of(message, 1, heard, 1, UUID(int=9))
    at = said.pop("at", NOW)
    return Fact(1, "m", "missing.update", WALSALL, FRONT_DOOR, at, heard, 1, said)


def referral(stage):
    said = {"child": child(), "to": "health", "stage": stage, "reason": "x", "of": UUID(int=3)}
    return Referral(**envelope(WALSALL, "social-work", NOW) | said)


def meeting(held):
    said = {"child": child(), "type": "missing", "held": held, "reason": "x"}
    return MeetingOutcome(**envelope(WALSALL, "social-work", NOW) | said)


# -- clocks


def test_elapsed_time_runs_from_acceptance_or_from_when_it_happened():
    half = Clock(Start.accepted, within=30 * MINUTE)
    an_hour_ago = fact(at=NOW - HOUR)

    assert due(half, State(), an_hour_ago) == Due(NOW, NOW + 30 * MINUTE)
    happened = replace(half, starts=Start.occurred)
    assert due(happened, State(), an_hour_ago).due_at == NOW - 30 * MINUTE


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

    assert due(clock, State(**closed, **back, **found), fact()).starts_at == NOW - 3 * HOUR
    assert due(clock, State(**closed, **back), fact()).starts_at == NOW - 2 * HOUR
    assert due(clock, State(**closed), fact()).starts_at == NOW - HOUR


def test_no_time_recorded_is_no_start_and_no_countdown():
    state = State(returned_at=NOW, unsure=("returned",))

    assert due(Clock(Start.returned, within=72 * HOUR), state, fact()) == Due(None, None)
    assert due(Clock(Start.found, within=24 * HOUR), state, fact()) == Due(None, None)
    sure = replace(state, found_at=NOW - HOUR)
    assert due(Clock(Start.found, within=24 * HOUR), sure, fact()).starts_at == NOW - HOUR


def test_a_stated_time_is_the_due_time_else_the_allowance_from_when_it_was_heard():
    clock = Clock(Start.stated, within=6 * HOUR)
    stated = fact(review_at=NOW + HOUR, next_review_at=NOW + 5 * HOUR)
    silent = fact(at=NOW - HOUR)

    assert due(clock, State(category="absent"), stated).due_at == NOW + HOUR
    assert due(clock, State(category="missing"), stated).due_at == NOW + 5 * HOUR
    assert due(clock, State(category="absent"), silent).due_at == NOW + 6 * HOUR
    assert due(Clock(Start.stated), State(), silent).due_at is None


def test_a_meeting_is_due_at_the_time_the_one_before_set():
    stated = fact(next_meeting_at=NOW + 3 * HOUR)

    assert due(Clock(Start.stated), State(), stated).due_at == NOW + 3 * HOUR


def test_working_days_end_at_the_midnight_of_london():
    one = Clock(Start.accepted, working_days=1)

    assert due(one, State(), fact()).due_at == (NOW + timedelta(days=2)).replace(hour=0)
    friday = due(one, State(), fact(heard=FRIDAY_NIGHT)).due_at
    assert friday == FRIDAY_NIGHT.replace(day=30, hour=23, minute=0)  # summer time by then


# -- what fulfils it


NOTED = notification()
TOKENS = [
    ("missing.update", update(NOTED), True),
    ("missing.return", update(NOTED), False),
    ("missing.update:risk", update(NOTED, risk="low"), True),
    ("missing.update:risk", update(NOTED), False),
    ("missing.return:stage=closed", returned(NOTED, stage="closed"), True),
    ("missing.return:stage=closed", returned(NOTED), False),
    ("missing.update:police_reference", update(NOTED, police_reference="SP-1"), True),
    ("missing.update:police_reference", update(NOTED), False),
    ("missing.notification:police_report.reference", NOTED, True),
    (
        "missing.notification:police_report.reference",
        notification(police_report={"channel": "101"}),
        False,
    ),
    ("missing.notification:police_report.reference", notification(police_report=None), False),
    ("safe-and-well.outcome:result=done", checked(NOTED), True),
    (
        "safe-and-well.outcome:result=done",
        checked(NOTED, result="not-done", reason="refused", decided_by="Sergeant"),
        False,
    ),
    ("return-interview.outcome:stage=held", interview(NOTED), True),
    ("return-interview.outcome:stage=held&independent=true", interview(NOTED), True),
    (
        "return-interview.outcome:stage=held&independent=true",
        interview(NOTED, independent=False),
        False,
    ),
    ("return-interview.outcome:stage=held&independent=true", interview(NOTED, "offered"), False),
    (
        "return-interview.outcome:stage=shared&shared_with=social-work",
        interview(NOTED, "shared", shared_with=("police", "social-work")),
        True,
    ),
    (
        "return-interview.outcome:stage=shared&shared_with=social-work",
        interview(NOTED, "shared", shared_with=("police",)),
        False,
    ),
]


@pytest.mark.parametrize(("token", "message", "so"), TOKENS)
def test_a_message_fulfils_what_the_policy_says_it_does(token, message, so):
    assert fits(token, fact(message)) is so


LATER = NOW + HOUR
STATED = [
    NOTED,
    returned(NOTED),
    returned(NOTED, stage="closed"),
    checked(NOTED),
    checked(NOTED, result="not-done", reason="refused", decided_by="Sergeant"),
    update(
        NOTED, category="missing", risk="low", review_at=LATER, next_review_at=LATER,
        police_reference="SP-1", responsible_authority=WALSALL,
    ),
    *(
        interview(NOTED, stage, reason="moved", shared_with=("social-work",))
        for stage in ("offered", "accepted", "declined", "held", "not-held", "shared")
    ),
    *(referral(stage) for stage in ("accepted", "declined")),
    *(meeting(held) for held in (True, False)),
    *(
        placement(NOW, stage=stage, ends_at=NOW + 9 * DAY)
        for stage in ("planned", "emergency", "change", "ending", "ended")
    ),
    placement(NOW, approval={"by": "nominated-officer"}),
    placement(NOW, approval={"by": "panel"}),
    placement(NOW, approval={"exception": "connected-person"}),
    *(arrival(NOW, stage=stage) for stage in ("admitted", "discharged")),
]  # fmt: skip


def tokens():
    owes = (owe for p in load.shipped().each.values() for rule in p.rules for owe in rule.owe)
    ends = {token for owe in owes for token in (*owe.met_by, *owe.excused_by)}
    return sorted(ends - {"acting", "received", "identity.statement", ""})


@pytest.mark.parametrize("token", tokens())
def test_whatever_a_policy_says_ends_a_duty_is_something_that_a_message_can_say(token):
    assert [message.KIND for message in STATED if fits(token, fact(message))]


def test_an_agency_that_reports_shows_that_it_is_acting_and_answers_for_nothing_else():
    said = notification(sender=WALSALL)

    assert shows_acting(duty(), said)
    assert not shows_acting(duty(name="answer-iro-alert"), said)
    assert not shows_acting(duty(), notification(sender=STOKE))


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
