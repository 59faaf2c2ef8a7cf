"""Friday night: a child whom Walsall looks after goes missing from a home in Stoke."""

from datetime import UTC, datetime, timedelta

from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE,
    STOKE,
    checked,
    notification,
    returned,
    update,
)
from tests.scenarios.people import (
    CONTROL_ROOM,
    DUTY_MANAGER,
    EDT,
    FRONT_DOOR,
    HEAD_OF_SERVICE,
    HOST,
    INTERVIEWS,
    IRO_SERVICE,
    MISSING_UNIT,
    MONDAY_OPENING,
    NIGHT_STAFF,
    NOT_YET,
    ON_CALL,
    SOCIAL_WORK,
)

TOLD_AT_NIGHT = {CONTROL_ROOM, EDT, FRONT_DOOR, SOCIAL_WORK, IRO_SERVICE, HOST}
HALF_AN_HOUR = timedelta(minutes=30)


def test_at_night_all_who_must_know_are_told(both):
    play = both()

    play.say(notification())

    assert play.told() == TOLD_AT_NIGHT


def test_at_night_only_the_emergency_duty_team_and_the_police_owe_an_answer_now(both):
    play = both()

    play.say(notification())

    due = {duty.owed_by: duty.due_at for duty in play.duties("answer")}
    assert due[EDT] == due[CONTROL_ROOM] == FRIDAY_NIGHT + HALF_AN_HOUR
    assert due[FRONT_DOOR] == MONDAY_OPENING + HALF_AN_HOUR
    assert set(due) == {EDT, CONTROL_ROOM, FRONT_DOOR}


def test_at_night_only_those_who_may_be_woken_are_woken(both):
    play = both()

    play.say(notification())

    assert play.woken() == {EDT, CONTROL_ROOM}


def test_a_ladder_wakes_the_manager_on_call_and_never_a_desk_that_does_not_ring(stage):
    play = stage()
    play.say(notification())

    play.until(MONDAY_OPENING + timedelta(days=9))

    assert SOCIAL_WORK in play.climbed()  # the alert to the reviewing officers was not answered
    assert play.woken() == {EDT, CONTROL_ROOM, ON_CALL}


def test_the_reviewing_officers_get_the_alert_and_not_the_report_as_well(stage):
    play = stage()

    play.say(notification())

    (alert,) = play.news(IRO_SERVICE)
    assert alert.message.KIND == "iro.alert"
    assert alert.message.event == "missing"
    assert alert.rule == "missing-iro"


def test_the_home_is_answered_with_who_was_told_and_by_when_they_answer(both):
    play = both()

    play.say(notification())

    (receipt,) = play.receipts(HOME)
    assert {line.address for line in receipt.told} == TOLD_AT_NIGHT
    by = {line.address: line.answer_by for line in receipt.told}
    assert by[EDT] == FRIDAY_NIGHT + HALF_AN_HOUR
    assert by[HOST] is None
    assert "Not yet" not in receipt.words
    assert "101" not in receipt.words


def test_a_home_that_has_not_told_the_police_is_told_to_ring_them(both):
    play = both()

    play.say(notification(police_report=NOT_YET))

    assert "Ring 101 now" in play.receipts(HOME)[0].words
    assert play.duty("give-police-reference").due_at == FRIDAY_NIGHT + timedelta(minutes=15)


def test_the_police_reference_given_in_an_update_meets_the_duty(stage):
    play = stage()
    said = notification(police_report=NOT_YET)
    play.say(said)

    play.say_now(update(said, at=FRIDAY_NIGHT + timedelta(minutes=10), police_reference="SP-1"))

    assert play.duty("give-police-reference").state == "met"


def test_when_the_emergency_duty_team_answers_the_front_door_need_not(both):
    play = both()
    play.say(notification())

    play.answer(play.last(EDT))
    play.answer(play.last(CONTROL_ROOM))
    play.until(MONDAY_OPENING + timedelta(hours=5))

    assert play.climbed("answer") == []
    assert not [duty for duty in play.duties("answer") if duty.standing]


def test_silence_climbs_to_the_manager_on_call_and_then_to_the_police(both):
    play = both()
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))

    play.after(minutes=29)
    assert play.climbed() == []
    play.after(minutes=1)
    assert play.climbed() == [ON_CALL]
    play.after(minutes=15)
    assert play.climbed() == [ON_CALL, CONTROL_ROOM]
    play.after(hours=10)
    assert play.climbed() == [ON_CALL, CONTROL_ROOM]


def test_the_manager_on_call_gets_what_it_is_about_and_may_answer_it(both):
    play = both()
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))
    play.after(minutes=31)

    climbed = play.last(ON_CALL)
    assert climbed.message.KIND == "missing.notification"
    play.answer(climbed)
    play.after(hours=5)

    assert play.duty("answer", EDT).state == "met-late"
    assert play.climbed() == [ON_CALL]


def test_a_late_answer_is_met_late_and_nobody_is_asked_any_more(stage):
    play = stage()
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))
    play.after(minutes=31)

    play.answer(play.last(EDT))

    assert play.duty("answer", EDT).state == "met-late"
    play.after(hours=1)
    assert play.climbed() == [ON_CALL]


def test_having_received_it_is_not_yet_acting(stage):
    play = stage()
    play.say(notification())

    play.answer(play.last(EDT), "received")

    assert play.duty("answer", EDT).state == "open"


def test_at_high_risk_ten_minutes_are_allowed(both):
    play = both()

    play.say(notification(risk="high", risk_reason="Threatened to harm herself"))

    assert play.duty("answer", EDT).due_at == FRIDAY_NIGHT + timedelta(minutes=10)
    assert play.duty("answer", CONTROL_ROOM).due_at == FRIDAY_NIGHT + timedelta(minutes=10)
    assert play.duty("answer", FRONT_DOOR).due_at == MONDAY_OPENING + timedelta(minutes=10)


def test_immediate_danger_wakes_the_cover_of_every_desk_that_has_one(stage):
    play = stage()

    play.say(notification(immediate_danger=True))

    assert f"{STOKE}/emergency-duty" in play.told()


def test_the_all_clear_reaches_everyone_who_was_told(both):
    play = both()
    said = notification()
    play.say(said)
    play.answer(play.last(CONTROL_ROOM))
    play.after(minutes=31)  # the manager on call is told too

    play.say_now(returned(said))

    ends = {
        address
        for address in play.told()
        if play.last(address).message.KIND == "missing.return"
        or getattr(play.last(address).message, "event", "") == "returned"
    }
    assert ends == TOLD_AT_NIGHT | {ON_CALL, INTERVIEWS}
    assert all(told.end_told for told in play.episode().told.values())


def test_once_the_child_is_back_nobody_is_paged_for_its_absence(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=FRIDAY_NIGHT + timedelta(minutes=20)))

    play.until(MONDAY_OPENING + timedelta(days=1))

    assert {duty.state for duty in play.duties("answer")} == {"cancelled"}
    assert play.climbed("answer") == []


def test_good_news_wakes_nobody(both):
    play = both()
    said = notification()
    play.say(said)

    play.say_now(returned(said, at=FRIDAY_NIGHT + timedelta(minutes=20)))

    assert play.told() == TOLD_AT_NIGHT | {INTERVIEWS}
    assert play.last(EDT).rule == "return-all-clear"
    assert play.last(EDT).answer_by == datetime(2026, 3, 30, 23, tzinfo=UTC)  # a working day
    assert not any(play.last(address).wakes for address in play.told())


def test_a_return_opens_the_safe_and_well_check_from_when_the_child_was_back(both):
    play = both()
    said = notification()
    play.say(said)

    play.say_now(returned(said))

    check = play.duty("safe-and-well-check")
    assert check.owed_by == CONTROL_ROOM
    assert check.starts_at == FRIDAY_NIGHT + timedelta(hours=8)
    assert check.due_at == FRIDAY_NIGHT + timedelta(hours=32)


def test_that_the_police_closed_the_report_does_not_show_that_they_saw_the_child(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(returned(said))

    play.say_now(returned(said, stage="closed", at=FRIDAY_NIGHT + timedelta(hours=20)))
    assert play.duty("safe-and-well-check").state == "open"
    play.say(checked(said, at=FRIDAY_NIGHT + timedelta(hours=19)))

    assert play.duty("safe-and-well-check").state == "met"
    assert play.climbed("safe-and-well-check") == []


def test_a_safe_and_well_check_that_was_met_is_not_opened_again(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said))
    play.say_now(checked(said))

    outcome = play.say(returned(said, at=FRIDAY_NIGHT + timedelta(hours=9)))

    assert outcome.accepted == 1
    assert play.dead_letters() == []
    assert play.duty("safe-and-well-check").state == "met"


def test_a_return_without_a_time_starts_no_clock(stage):
    play = stage()
    said = notification()
    play.say(said)

    play.say_now(returned(said, time_known=False))

    check = play.duty("safe-and-well-check")
    assert (check.starts_at, check.due_at, check.next_at) == (None, None, None)
    notices = [got.message for got in play.inbox(CONTROL_ROOM, "duty")]
    assert "no start recorded" in notices[-1].words


def test_the_time_of_return_given_later_starts_the_clock(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(returned(said, time_known=False))

    at = FRIDAY_NIGHT + timedelta(hours=6)
    play.say(returned(said, at=at))

    assert play.duty("safe-and-well-check").due_at == at + timedelta(hours=24)


def test_a_child_who_is_back_but_refuses_is_no_all_clear(both):
    play = both()
    said = notification()
    play.say(said)
    play.answer(play.last(CONTROL_ROOM))
    held = len(play.news(SOCIAL_WORK))

    play.say_now(returned(said, stage="found", outcome="refuses"))

    assert play.last(EDT).message.outcome == "refuses"
    assert play.last(CONTROL_ROOM).message.outcome == "refuses"
    assert len(play.news(SOCIAL_WORK)) == held
    assert not play.state().over
    assert not play.episode().told[SOCIAL_WORK].end_told


def test_a_child_found_in_hospital_keeps_the_absence_open_until_it_is_back(stage):
    play = stage()
    said = notification()
    play.say(said)

    play.say_now(returned(said, stage="found", outcome="hospital"))
    assert play.state().status == "found"
    play.say_now(returned(said, at=FRIDAY_NIGHT + timedelta(hours=30)))

    assert play.state().status == "returned"
    assert play.last(SOCIAL_WORK).message.outcome == "safe"


def test_a_death_goes_to_the_managers_only(both):
    play = both()
    said = notification()
    play.say(said)

    play.say_now(returned(said, stage="found", outcome="died", at=FRIDAY_NIGHT + HALF_AN_HOUR))

    heard = {a for a in play.told() if getattr(play.last(a).message, "outcome", "") == "died"}
    assert heard == {DUTY_MANAGER, HEAD_OF_SERVICE, ON_CALL, MISSING_UNIT, CONTROL_ROOM}
    assert "telephone" in {name for name, _ in play.standing()}
    assert not [duty for duty in play.duties("answer") if duty.standing]


def test_news_at_night_is_told_to_those_who_know(both):
    play = both()
    said = notification()
    play.say(said)

    play.say_now(update(said, facts="Seen at Stoke station"))

    assert play.last(HOST).message.facts == "Seen at Stoke station"
    assert play.last(EDT).message.facts == "Seen at Stoke station"


def test_an_update_with_nothing_but_risk_meets_the_duty_to_state_it(stage):
    play = stage()
    said = notification(risk=None, risk_reason=None)
    play.say(said)
    assert play.duty("state-the-risk").due_at == FRIDAY_NIGHT + timedelta(hours=1)

    play.say_now(update(said, risk="medium", reason="Thought it over"))

    assert play.duty("state-the-risk").state == "met"


def test_a_home_that_says_nothing_more_is_chased_and_then_the_front_door_of_the_council(stage):
    play = stage()
    play.say(notification(police_report=NOT_YET))

    play.after(minutes=15)

    assert play.duty("give-police-reference").state == "late"
    assert play.climbed("give-police-reference") == [EDT]
    assert play.inbox(NIGHT_STAFF, "duty")[-1].message.change == "climbed"


def test_a_child_on_a_protection_plan_is_told_to_the_council_that_holds_it(stage):
    play = stage()

    play.say(notification(protection_plan=STAFFORDSHIRE))

    assert f"{STAFFORDSHIRE}/child-protection-chair" in play.told()
    assert f"{STAFFORDSHIRE}/social-work" in play.told()
