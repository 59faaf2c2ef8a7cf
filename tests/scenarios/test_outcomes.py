"""The police check and the return interview: who hears how much, and what they end."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.profile import ChildProfile
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    checked,
    child,
    envelope,
    interview,
    notification,
    returned,
    update,
)
from tests.scenarios.people import (
    CONTROL_ROOM,
    EDT,
    INTERVIEWS,
    IRO_SERVICE,
    MISSING_UNIT,
    MONDAY_OPENING,
    NIGHT_STAFF,
    SOCIAL_WORK,
)

BACK = FRIDAY_NIGHT + timedelta(hours=8)
ALLEGATIONS = f"{WALSALL}/allegations-officer"
SECRET = "was hit by a member of staff"


def back(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=BACK))
    return play, said


def test_a_check_goes_to_the_worker_and_the_home_hears_only_that_it_was_done(both):
    play, said = back(both)
    play.say_now(checked(said, condition="Tired and hungry", where_and_with_whom=SECRET))

    assert play.last(SOCIAL_WORK).message.condition == "Tired and hungry"
    assert play.last(INTERVIEWS).message.KIND == "safe-and-well.outcome"
    assert play.last(f"{STOKE}/social-work").message.condition == "Tired and hungry"
    home = play.news(HOME)[-1]
    assert (home.view, home.message.result.value) == ("signal", "done")
    assert home.message.condition is None
    assert home.message.child.given_name == "-"
    assert play.duty("safe-and-well-check").state == "met"


def test_a_check_that_was_not_done_says_who_decided_and_is_excused(both):
    play, said = back(both)
    play.say_now(checked(said, result="not-done", reason="frequent", decided_by="Sergeant"))

    assert play.duty("safe-and-well-check").state == "cancelled" or "excused"
    assert play.duty("safe-and-well-check").state == "excused"
    alert = play.last(IRO_SERVICE).message
    assert (alert.KIND, alert.event.value) == ("iro.alert", "check-not-done")


def test_a_concern_about_a_carer_wakes_the_council_and_goes_nowhere_near_the_home(both):
    play, said = back(both)
    play.say_now(
        checked(
            said, at=BACK + timedelta(hours=1), concern_about_carer="yes", concern_detail=SECRET
        )
    )

    assert play.last(EDT).wakes
    assert play.last(EDT).message.concern_detail == SECRET
    assert play.last(ALLEGATIONS).message.concern_detail == SECRET
    assert play.last(f"{STOKE}/allegations-officer").message.concern_detail == SECRET
    assert SECRET not in str([got.message for got in play.inbox(HOME)])
    assert play.news(IRO_SERVICE)[-1].message.event.value == "concern-about-carer"


def test_findings_go_to_social_work_intelligence_to_the_police_and_the_release_to_the_home(both):
    play, said = back(both)
    talk = interview(
        said,
        findings="Feels bored",
        intelligence="A flat above the shop",
        released_to_home="Would like to see friends",
        risk_factors=["online-contact"],
    )
    play.say_now(talk)

    assert play.last(SOCIAL_WORK).message.findings == "Feels bored"
    police = play.last(MISSING_UNIT)
    assert police.view == "intelligence"
    assert police.message.intelligence == "A flat above the shop"
    assert (police.message.findings, police.message.child.given_name) == (None, "-")
    home = play.news(HOME)[-1].message
    assert (home.released_to_home, home.findings) == ("Would like to see friends", None)
    assert play.last(IRO_SERVICE).view == "summary"
    assert ALLEGATIONS not in play.told()
    assert play.duty("hold-return-interview").state == "met"
    assert play.duty("offer-return-interview").state == "met"


@pytest.mark.parametrize("concern", ["yes", "not-known"])
def test_with_a_concern_about_a_carer_the_home_gets_nothing(both, concern):
    play, said = back(both)
    held = len(play.news(HOME))
    play.say_now(
        interview(said, findings=SECRET, released_to_home="-", concern_about_carer=concern)
    )

    assert len(play.news(HOME)) == held
    assert play.last(ALLEGATIONS).message.findings == SECRET
    assert play.last(f"{STOKE}/allegations-officer").message.findings == SECRET


def test_findings_are_passed_on_to_no_carer(both):
    play, said = back(both)
    play.say_now(interview(said, findings=SECRET))
    outcome = play.answer(
        play.last(SOCIAL_WORK), "not-ours", reason="Theirs", whose=f"{HOME}/home-manager"
    )

    assert outcome.codes == {"invalid": 1}
    assert SECRET not in str([got.message for got in play.inbox(HOME)])


def test_a_decline_meets_the_offer_and_excuses_the_interview(both):
    play, said = back(both)
    play.say_now(interview(said, "declined"))

    assert play.duty("offer-return-interview").state == "met"
    assert play.duty("hold-return-interview").state == "excused"
    assert play.last(MISSING_UNIT).message.stage.value == "declined"
    assert play.news(HOME)[-1].message.stage.value == "declined"


def test_a_talk_by_somebody_who_cares_for_the_child_meets_nothing(both):
    play, said = back(both)
    play.say_now(interview(said, independent=False))

    assert play.duty("hold-return-interview").state == "open"


def test_shared_with_the_police_alone_is_not_shared(both):
    play, said = back(both)
    play.say_now(interview(said))
    at = play.clock.now()
    assert play.duty("share-interview-outcome").due_at == datetime(2026, 4, 1, 23, tzinfo=UTC)

    play.say_now(interview(said, "shared", at=at + timedelta(hours=1), shared_with=["police"]))
    assert play.duty("share-interview-outcome").state == "open"
    play.say_now(interview(said, "shared", at=at + timedelta(hours=2), shared_with=["social-work"]))
    assert play.duty("share-interview-outcome").state == "met"


def test_an_interview_that_is_not_held_in_time_climbs_to_the_reviewing_officers_by_day(both):
    play, _ = back(both)
    play.until(BACK + timedelta(hours=72 + 49))

    assert play.duty("hold-return-interview").state == "late"
    assert IRO_SERVICE in play.climbed("hold-return-interview")
    assert not any(got.wakes for got in play.inbox(IRO_SERVICE))


def profile(**changes):
    said = {
        "child": child(),
        "obtained_at": FRIDAY_NIGHT - timedelta(days=30),
        "description": "Tall, red hair",
        "places": ("The bus station",),
        "none_known": ("associates", "medical", "risk-factors"),
    }
    return ChildProfile(
        **envelope(HOME, "home-manager", FRIDAY_NIGHT - timedelta(days=1)) | said | changes
    )


def test_what_is_kept_ready_goes_to_the_police_when_the_child_is_missing_and_to_nobody_before(both):
    play = both(FRIDAY_NIGHT - timedelta(days=1))
    play.say(profile())
    assert play.told() == set()
    assert play.episodes() == []

    said = notification()
    play.say_now(said)

    got = [one for one in play.news(CONTROL_ROOM) if one.message.KIND == "child.profile"]
    assert [one.message.description for one in got] == ["Tall, red hair"]
    everywhere = [
        one.address
        for agency in (WALSALL, STOKE, HOME, STAFFORDSHIRE_POLICE)
        for one in play.inbox(agency, "child.profile")
    ]
    assert everywhere == [CONTROL_ROOM]


def test_an_absence_releases_no_profile_until_the_child_is_called_missing(both):
    play = both(FRIDAY_NIGHT - timedelta(days=1))
    play.say(profile())
    said = notification(category="absent")
    play.say_now(said)
    assert play.inbox(STAFFORDSHIRE_POLICE, "child.profile") == []

    play.say_now(update(said, category="missing", reason="Not at the friend's"))

    assert len(play.inbox(STAFFORDSHIRE_POLICE, "child.profile")) == 1


def test_a_profile_that_comes_during_an_absence_of_another_category_is_kept(both):
    play = both()
    play.say(notification(category="absent"))

    play.say(profile())

    assert play.inbox(STAFFORDSHIRE_POLICE, "child.profile") == []


def test_a_profile_that_comes_while_the_child_is_missing_goes_at_once_and_once(both):
    play = both()
    said = notification()
    play.say(said)
    play.say(profile())
    assert len(play.inbox(STAFFORDSHIRE_POLICE, "child.profile")) == 1, "at once"
    play.say_now(
        notification(FRIDAY_NIGHT + timedelta(hours=1), risk="high", last_seen_at=said.last_seen_at)
    )

    assert len(play.inbox(STAFFORDSHIRE_POLICE, "child.profile")) == 1
    assert len(play.episodes()) == 1


def test_a_referral_is_answered_in_time_or_climbs(both):
    play = both(MONDAY_OPENING)
    said = Referral(
        **envelope(HOME, "home-manager", MONDAY_OPENING),
        child=child(),
        to="exploitation-team",
        reason="New phone, new trainers",
        consent="yes",
    )
    notice = notification(MONDAY_OPENING)
    play.say(notice)
    play.say_now(said)
    team = f"{WALSALL}/exploitation-team"
    assert play.last(team).message.reason == "New phone, new trainers"
    assert play.duty("answer-referral").due_at == datetime(2026, 4, 1, 23, tzinfo=UTC)

    taken = Referral(
        **envelope(WALSALL, "exploitation-team", MONDAY_OPENING + timedelta(hours=5)),
        child=child(),
        to="exploitation-team",
        stage="accepted",
        of=said.message_id,
        reason="Worker allocated",
    )
    play.say_now(taken)

    assert play.duty("answer-referral").state == "met"
    assert play.last(f"{HOME}/home-manager").message.stage.value == "accepted"
    assert play.last(SOCIAL_WORK).message.stage.value == "accepted"


def test_a_meeting_that_was_asked_for_is_held_or_said_why_not(both):
    play = both(MONDAY_OPENING)
    play.say(notification(MONDAY_OPENING))
    asked = MeetingRequest(
        **envelope(STAFFORDSHIRE_POLICE, "missing-unit", MONDAY_OPENING),
        child=child(),
        type="strategy",
        why="Third time this month",
    )
    play.say(asked)
    assert play.duty("hold-meeting").owed_by == SOCIAL_WORK

    held = MeetingOutcome(
        **envelope(WALSALL, "social-work", MONDAY_OPENING + timedelta(days=2)),
        child=child(),
        type="strategy",
        held=True,
        request=asked.message_id,
        next_meeting_at=MONDAY_OPENING + timedelta(weeks=6),
    )
    play.say_now(held)

    assert play.duty("hold-meeting").state == "met"
    assert play.duty("hold-next-meeting").due_at == MONDAY_OPENING + timedelta(weeks=6)
    assert play.last(MISSING_UNIT).message.KIND == "meeting.outcome"


def test_who_turns_eighteen_while_missing_is_the_police_s_and_leaving_care_s(both):
    play = both()
    said = notification(child=child(birth_date="2008-03-28"))  # eighteen in two hours
    play.say(said)
    play.say_now(returned(said, at=FRIDAY_NIGHT + timedelta(hours=1)))
    offer = play.duty("offer-return-interview")
    assert offer.state == "open"

    play.until(FRIDAY_NIGHT + timedelta(hours=3))

    assert play.duty("offer-return-interview").state == "cancelled"
    again = notification(
        FRIDAY_NIGHT + timedelta(hours=4), child=child(birth_date="2008-03-28"), episode="H-17/4",
        police_report=None,
    )  # fmt: skip
    play.say_now(again)
    assert f"{WALSALL}/leaving-care" in play.told()
    assert play.last(CONTROL_ROOM).message.message_id == again.message_id
    assert len(play.duties("answer-iro-alert")) == 1, "for the first absence only"


def test_at_midnight_leaving_care_is_told_of_a_child_who_is_missing_still(both):
    play = both()
    play.say(notification(child=child(birth_date="2008-03-28")))

    play.until(FRIDAY_NIGHT + timedelta(hours=3))

    leaving_care = play.news(f"{WALSALL}/leaving-care")
    assert [got.message.KIND for got in leaving_care] == ["picture", "missing.notification"]
    assert not any(got.wakes for got in leaving_care)


def test_what_is_entered_from_paper_wakes_nobody_and_counts_from_its_true_times(both):
    play = both(FRIDAY_NIGHT + timedelta(days=3))
    said = notification(paper_form="P-20260327-00000001-5")
    end = returned(said, at=BACK, paper_form="P-20260327-00000002-3")

    play.say(
        said, end, checked(said, at=BACK + timedelta(hours=5), paper_form="P-20260327-00000003-1")
    )

    assert play.woken() == set()
    assert play.duty("safe-and-well-check").state == "met"
    assert play.duty("offer-return-interview").due_at == BACK + timedelta(hours=72)
    play.until(FRIDAY_NIGHT + timedelta(days=3, hours=2))
    assert play.woken() == set()


def test_a_return_reported_three_days_late_is_late_on_arrival_and_gets_its_time_again(both):
    play = both()
    said = notification()
    play.say(said)
    now = BACK + timedelta(days=3, hours=1)
    play.until(now)

    play.say(returned(said, at=BACK))

    offer = play.duty("offer-return-interview")
    assert (offer.state, offer.due_at) == ("late", BACK + timedelta(hours=72))
    assert offer.next_at == now + timedelta(hours=72)
    words = [got.message.words for got in play.inbox(INTERVIEWS, "duty")]
    assert any("before Homeward knew of it" in each for each in words)
    assert NIGHT_STAFF not in play.climbed("offer-return-interview")
