"""
What a curious, careless or hostile agency is never shown.

Everybody on the broker may write its own outbox and read its own inbox, and nothing else. A home
may be the place that a child is afraid of.
"""

from datetime import timedelta

import pytest

from schemas.casework import MeetingRequest
from schemas.child import Reference, Residence
from schemas.identity import IdentityStatement
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
from tests.scenarios.attackers import (
    BACK,
    OFFICER,
    SCHOOL,
    SECRET,
    back,
    catch_up,
    in_place_of,
    meeting,
    on_homeward,
    profile,
    referral,
    seen_by,
)
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    IRO_SERVICE,
    MONDAY_OPENING,
    NIGHT_STAFF,
    OTHER_HOME,
    SOCIAL_WORK,
)

# -- what a child said, a concern, a referral: taken back and corrected


@pytest.mark.parametrize(
    "make",
    [
        lambda said, at: interview(said, at=at, findings=SECRET, concern_about_carer="yes"),
        lambda said, at: interview(said, at=at, child_view=SECRET),
        lambda said, at: checked(said, at=at, concern_about_carer="yes", concern_detail=SECRET),
        lambda said, at: referral(at),
        lambda said, at: meeting(WALSALL, "social-work", at),
        lambda said, at: profile(occurred_at=at),
    ],
    ids=["concern", "view", "check", "referral", "meeting", "profile"],
)
@pytest.mark.parametrize("action", ["update", "cancel"])
@pytest.mark.parametrize("is_back", [True, False])
def test_what_is_taken_back_or_corrected_goes_to_nobody_who_had_not_seen_it(
    stage, make, action, is_back
):
    play = stage()
    notice = notification()
    play.say(notice)
    at = FRIDAY_NIGHT + timedelta(hours=1)
    if is_back:
        play.say_now(returned(notice, at=BACK))
        at = BACK + timedelta(hours=1)
    said = make(notice, at)
    play.say_now(said)
    others = (HOME, STOKE, STAFFORDSHIRE_POLICE, WALSALL)
    had = {got.address for a in others for got in play.inbox(a) if SECRET in str(got.message)}

    play.say(in_place_of(said, action))

    now = {got.address for a in others for got in play.inbox(a) if SECRET in str(got.message)}
    assert now <= had
    assert SECRET not in seen_by(play, HOME)


def test_the_home_does_not_hear_that_a_referral_or_a_meeting_was_taken_back(stage):
    play = stage()
    play.say(notification())
    for said in (referral(FRIDAY_NIGHT), meeting(WALSALL, "social-work", FRIDAY_NIGHT)):
        play.say(said)
        held = len(play.inbox(HOME))
        play.say(in_place_of(said))
        assert len(play.inbox(HOME)) == held


def test_a_concern_that_an_interviewer_adds_later_does_not_show_in_a_correction(stage):
    play, notice = back(stage)
    talk = interview(notice, released_to_home="Would like to see friends")
    play.say_now(talk)
    held = len(play.inbox(HOME))

    play.say(in_place_of(talk, "update", concern_about_carer="yes", released_to_home=None))

    assert len(play.inbox(HOME)) == held


# -- what stands beside a message: receipts, pictures, duties


def test_no_picture_shows_a_home_what_somebody_else_was_asked_because_of_a_concern(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    play.say(referral(FRIDAY_NIGHT))
    assert play.duty("answer-referral").owed_by == OFFICER
    also = child(references=(Reference(holder=HOME, scheme="home-reference", value="H-99"),))
    play.say(notification(child=also, episode="H-99/1", police_report=None))

    one, other = (
        Reference(holder=HOME, scheme="home-reference", value=value) for value in ("H-17", "H-99")
    )
    said = {"one": one, "other": other, "same": True, "reason": "Two files"}
    play.say(IdentityStatement(**envelope(HOME, "night-staff", FRIDAY_NIGHT), **said))

    assert play.inbox(HOME, "picture")
    assert "allegations" not in seen_by(play, HOME)
    assert "answer-referral" not in seen_by(play, HOME)


def test_a_home_that_a_child_is_moved_to_is_not_shown_what_is_asked_of_the_allegations_officer(
    stage,
):
    play = stage()
    notice = notification()
    play.say(notice)
    play.say(referral(FRIDAY_NIGHT))
    moved = {"lives": Residence(authority=BIRMINGHAM, home=OTHER_HOME)}
    play.say_now(update(notice, sender=WALSALL, from_address=EDT, episode=None, **moved))

    assert play.inbox(OTHER_HOME, "picture")
    assert "allegations" not in seen_by(play, OTHER_HOME)


def test_a_receipt_tells_a_home_nothing_of_the_allegations_officer(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    concern = checked(
        notice, at=FRIDAY_NIGHT + timedelta(hours=1), concern_about_carer="yes", condition=SECRET
    )
    play.say_now(concern)
    play.answer(play.last(SOCIAL_WORK), "not-ours", reason="The officer's", whose=OFFICER)

    news = update(notice, at=FRIDAY_NIGHT + timedelta(hours=2))
    play.say_now(news)
    play.say(news)

    assert "allegations" not in seen_by(play, HOME)


def test_who_asked_for_a_meeting_about_a_carer_does_not_hear_what_was_said_there(stage):
    play = stage(MONDAY_OPENING)
    play.say(notification(MONDAY_OPENING))
    asked = MeetingRequest(
        **envelope(HOME, "home-manager", MONDAY_OPENING),
        child=child(),
        type="strategy",
        why="Often",
    )
    play.say(asked)
    at = MONDAY_OPENING + timedelta(hours=2)
    play.say_now(meeting(WALSALL, "social-work", at, request=asked.message_id))

    assert play.news(HOME)[-1].message.KIND == "meeting.outcome", "that it was held"
    assert SECRET not in seen_by(play, HOME)


def test_the_home_does_not_hear_whether_the_child_feels_safe_to_come_back(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    end = returned(
        notice,
        sender=STAFFORDSHIRE_POLICE,
        from_address=CONTROL_ROOM,
        episode=None,
        stage="found",
        outcome="refuses",
        feels_safe_to_return=False,
        condition=SECRET,
        place={"authority": STOKE, "description": "With Aunt Jo"},
    )
    play.say_now(end)

    told = play.last(NIGHT_STAFF).message
    assert (told.KIND, told.outcome.value) == ("missing.return", "refuses")
    assert told.feels_safe_to_return is None
    assert SECRET not in seen_by(play, HOME)
    assert "Aunt Jo" not in seen_by(play, HOME)
    assert play.last(EDT).message.condition == SECRET


# -- the home that a child was moved away from


@pytest.mark.parametrize("kind", ["update", "return"])
def test_a_home_does_not_learn_where_a_child_was_moved_to(stage, kind):
    play = stage()
    notice = notification()
    play.say(notice)
    new = Residence(authority=BIRMINGHAM, home=OTHER_HOME, address="1 Safe Street")
    by = {"sender": WALSALL, "from_address": EDT, "episode": None, "lives": new}
    at = FRIDAY_NIGHT + timedelta(hours=1)
    if kind == "update":
        play.say_now(update(notice, at=at, reason=SECRET, **by))
    else:
        play.say_now(returned(notice, at=at, **by))

    play.say_now(update(notice, at=at + timedelta(hours=1)))
    play.say(catch_up(HOME, "night-staff", play.clock.now()))
    by = {"sender": WALSALL, "from_address": EDT, "episode": None}
    play.say_now(returned(notice, at=at + timedelta(hours=2), stage="closed", **by))

    seen = seen_by(play, HOME)
    assert OTHER_HOME not in seen
    assert "1 Safe Street" not in seen
    assert BIRMINGHAM not in seen
    assert SECRET not in seen
    assert "missing.return" in {got.message.KIND for got in play.news(HOME)}


def test_a_council_that_a_child_left_is_shown_no_more_when_it_catches_up(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    moved = {"lives": Residence(authority=BIRMINGHAM, home=OTHER_HOME)}
    play.say_now(update(notice, sender=WALSALL, from_address=EDT, episode=None, **moved))

    play.say(catch_up(STOKE, "front-door", play.clock.now()))

    assert not play.inbox(STOKE, "picture")


# -- not-ours


@pytest.mark.parametrize("whose", [f"{HOME}/home-manager", f"{SCHOOL}/safeguarding-lead"])
def test_alerts_and_meetings_are_passed_on_to_no_carer(stage, whose):
    play, notice = back(stage)
    on_homeward(play, SCHOOL)
    at = BACK + timedelta(hours=1)
    play.say_now(checked(notice, at=at, concern_about_carer="yes", concern_detail=SECRET))
    play.say_now(meeting(WALSALL, "duty-manager", at + timedelta(hours=1)))
    before = len(play.news(whose))

    for got in (play.last(IRO_SERVICE), play.last(SOCIAL_WORK)):
        assert play.answer(got, "not-ours", reason="Theirs", whose=whose).codes == {"invalid": 1}

    assert len(play.news(whose)) == before


def test_what_a_child_said_is_not_passed_to_the_council_of_the_place_by_a_guess(stage):
    play = stage()
    notice = notification(place={"authority": BIRMINGHAM}, police_report=None)
    play.say(notice)
    at = FRIDAY_NIGHT + timedelta(minutes=5)
    play.say_now(checked(notice, at=at, concern_about_carer="yes", concern_detail=SECRET))
    play.answer(play.last(EDT), "not-ours", reason="Not ours")
    play.after(hours=3)

    assert SECRET not in seen_by(play, BIRMINGHAM)
