"""By day, and for children who live with their family; absences that are not missing ones."""

from datetime import UTC, datetime, timedelta

from schemas.child import Place, Residence
from schemas.iro_alert import IroAlert
from tests.examples import (
    STAFFORDSHIRE,
    STAFFORDSHIRE_POLICE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    child,
    envelope,
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
    IRO_SERVICE,
    MISSING_UNIT,
    ON_CALL,
)

FAMILY = {
    "lives": Residence(authority=STAFFORDSHIRE),
    "place": Place(authority=STAFFORDSHIRE),
    "care_status": "not-looked-after",
    "responsible_authority": None,
}
LOCAL = f"{STAFFORDSHIRE}/front-door"


def by_police(at=THURSDAY_NOON, **changes):
    said = {"sender": STAFFORDSHIRE_POLICE, "police_report": None, "episode": "SP-77"}
    return notification(at, **said | changes)


def test_a_child_of_a_family_is_told_to_the_council_where_it_lives_and_to_no_reviewing_officer(
    both,
):
    play = both(THURSDAY_NOON)

    play.say(by_police(**FAMILY))

    assert play.told() == {LOCAL}
    assert play.duty("answer").owed_by == LOCAL
    assert play.duty("answer").due_at == THURSDAY_NOON + timedelta(minutes=30)


def test_a_child_open_to_social_work_is_told_to_social_work_too(stage):
    play = stage(THURSDAY_NOON)

    play.say(by_police(**FAMILY, open_to_social_work=True))

    assert play.told() == {LOCAL, f"{STAFFORDSHIRE}/social-work"}


def test_the_council_of_the_place_is_told_where_it_is_another(stage):
    play = stage(THURSDAY_NOON)

    play.say(by_police(**FAMILY | {"place": Place(authority=STOKE)}))

    assert play.told() == {LOCAL, f"{STOKE}/front-door"}


def test_by_day_the_front_door_is_asked_and_the_night_team_left_alone(both):
    play = both(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON))

    assert FRONT_DOOR in play.told()
    assert EDT not in play.told()


def test_by_day_silence_climbs_through_the_council_and_then_to_the_police(both):
    play = both(THURSDAY_NOON)
    play.say(notification(THURSDAY_NOON))
    play.answer(play.last(CONTROL_ROOM))

    play.after(hours=3)

    assert play.climbed("answer") == [DUTY_MANAGER, HEAD_OF_SERVICE, MISSING_UNIT]


def test_a_ladder_that_began_by_day_finds_the_manager_on_call_after_hours(stage):
    at = datetime(2026, 3, 26, 16, 45, tzinfo=UTC)
    play = stage(at)
    play.say(notification(at))
    play.answer(play.last(CONTROL_ROOM))

    play.after(hours=3)

    assert play.climbed("answer") == [ON_CALL, CONTROL_ROOM]


def test_a_council_that_reports_its_own_child_owes_no_answer_but_its_officers_are_told(stage):
    play = stage(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON, sender=WALSALL, episode="W-1"))

    assert IRO_SERVICE in play.told()
    assert FRONT_DOOR not in play.told()
    assert [duty.owed_by for duty in play.duties("answer")] == [CONTROL_ROOM]


def test_a_council_that_reports_the_return_tells_its_own_officers_too(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)

    at = THURSDAY_NOON + timedelta(hours=3)
    play.say_now(returned(said, sender=WALSALL, from_address=FRONT_DOOR, episode=None, at=at))

    assert play.last(IRO_SERVICE).message.event == "returned"
    assert all(told.end_told for told in play.episode().told.values())


def test_the_police_are_not_told_what_they_reported(stage):
    play = stage(THURSDAY_NOON)

    play.say(by_police())

    assert CONTROL_ROOM not in play.told()


def test_an_absence_is_told_to_the_lead_council_and_reviewed_after_six_hours(both):
    play = both(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON, category="absent"))

    assert play.told() == {FRONT_DOOR}
    assert play.duty("review-absence").due_at == THURSDAY_NOON + timedelta(hours=6)


def test_an_absence_is_reviewed_at_the_time_its_sender_states(stage):
    play = stage(THURSDAY_NOON)
    at = THURSDAY_NOON + timedelta(hours=2)

    play.say(notification(THURSDAY_NOON, category="absent", review_at=at))

    assert play.duty("review-absence").due_at == at


def test_an_absence_that_nobody_reviews_climbs_to_the_lead_council(stage):
    play = stage(THURSDAY_NOON)
    play.say(notification(THURSDAY_NOON, category="absent"))

    play.after(hours=6)

    assert play.duty("review-absence").state == "late"
    assert play.climbed() == [EDT]


def test_an_absence_that_becomes_a_missing_child_is_told_to_all_and_its_review_is_met(both):
    play = both(THURSDAY_NOON)
    said = notification(THURSDAY_NOON, category="absent")
    play.say(said)

    at = THURSDAY_NOON + timedelta(hours=2)
    play.say_now(update(said, at=at, category="missing", reason="Not at the friend's"))

    assert play.duty("review-absence").state == "met"
    assert {CONTROL_ROOM, IRO_SERVICE, FRONT_DOOR} <= play.told()
    kinds = [got.message.KIND for got in play.news(CONTROL_ROOM)]
    assert kinds == ["missing.notification", "missing.update"]
    assert {duty.owed_by for duty in play.duties("answer")} == {CONTROL_ROOM, FRONT_DOOR}


def test_a_child_who_is_away_is_not_told_to_the_police(stage):
    play = stage(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON, category="away"))

    assert play.told() == {FRONT_DOOR}


def test_a_child_who_is_away_and_in_danger_is_told_to_the_police(stage):
    play = stage(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON, category="away", immediate_danger=True))

    assert CONTROL_ROOM in play.told()


def test_the_police_owe_the_review_that_they_state(both):
    play = both(THURSDAY_NOON)
    first = THURSDAY_NOON + timedelta(hours=4)
    said = by_police(next_review_at=first)
    play.say(said)
    assert play.duty("review-risk").due_at == first

    at, second = first - timedelta(minutes=5), first + timedelta(hours=8)
    play.say_now(
        update(said, at=at, from_address=CONTROL_ROOM, risk="medium", next_review_at=second)
    )

    assert [(duty.due_at, duty.state) for duty in play.duties("review-risk")] == [
        (first, "met"),
        (second, "open"),
    ]


def test_an_alert_that_another_council_sends_is_answered_by_the_reviewing_officers(stage):
    play = stage(THURSDAY_NOON)

    play.say(
        IroAlert(
            **envelope(STOKE, "front-door", THURSDAY_NOON),
            child=child(),
            event="threshold",
            responsible_authority=WALSALL,
        )
    )

    assert play.last(IRO_SERVICE).message.event == "threshold"
    duty = play.duty("answer-iro-alert")
    assert duty.starts_at == THURSDAY_NOON
    play.answer(play.last(IRO_SERVICE))
    assert play.duty("answer-iro-alert").state == "met"
