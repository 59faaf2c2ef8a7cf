"""
What a curious, careless or hostile agency tries, and does not get.

Everybody on the broker may write its own outbox and read its own inbox, and nothing else. A home
may be the place that a child is afraid of.
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from broker.ledger import agencies
from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.catch_up import CatchUp
from schemas.child import Reference, Residence
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.missing import MissingReturn, MissingUpdate
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
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    INTERVIEWS,
    IRO_SERVICE,
    MONDAY_OPENING,
    NIGHT_STAFF,
    OTHER_HOME,
    SOCIAL_WORK,
)

BACK = FRIDAY_NIGHT + timedelta(hours=8)
SECRET = "was hit by a member of staff"
OFFICER = f"{WALSALL}/allegations-officer"
OTHER_FORCE = "police.E23000014"
SERVICE = "service.SV1"
SCHOOL = "school.100001"


def back(stage: Any, **changes: Any) -> Any:
    """A child of the home was missing, and is back."""
    play = stage()
    said = notification(**changes)
    play.say(said)
    play.say_now(returned(said, at=BACK))
    return play, said


def on_homeward(play: Any, agency: str, area: str = BIRMINGHAM) -> str:
    with play.ledger.writing() as connection:
        agencies.add(connection, agency, agency, area, {}, play.clock.now())
    return agency


def in_place_of(message: Any, action: str = "cancel", **changes: Any) -> Any:
    """The same again, as its correction or its withdrawal, with all that it said."""
    return type(message).model_validate(
        message.model_dump()
        | {
            "message_id": type(message.message_id)(int=message.message_id.int ^ 1),
            "action": action,
            "replaces": message.message_id,
        }
        | changes
    )


def seen_by(play: Any, agency: str) -> str:
    """Everything an agency was ever sent, with what stands beside it."""
    return "\n".join(
        f"{got.address} {got.because} {got.message.model_dump_json()}" for got in play.inbox(agency)
    )


def referral(at: Any = BACK, **changes: Any) -> Referral:
    said = {"child": child(), "to": "allegations-officer", "reason": SECRET}
    return Referral(
        **envelope(STAFFORDSHIRE_POLICE, "missing-unit", at)
        | said
        | {"concern_about_carer": "yes"}
        | changes
    )


def meeting(sender: str, function: str, at: Any, **changes: Any) -> MeetingOutcome:
    said = {"child": child(), "type": "strategy", "held": True, "summary": SECRET}
    return MeetingOutcome(**envelope(sender, function, at) | said | changes)


def profile(**changes: Any) -> ChildProfile:
    said = {
        "child": child(),
        "obtained_at": FRIDAY_NIGHT,
        "description": "Tall",
        "none_known": ("associates", "medical", "risk-factors", "places"),
        "child_view": SECRET,
    }
    return ChildProfile(**envelope(HOME, "home-manager", FRIDAY_NIGHT) | said | changes)


def alert(sender: str, responsible: str, at: Any, **changes: Any) -> IroAlert:
    said = {"child": child(), "event": "other", "responsible_authority": responsible}
    return IroAlert(**envelope(sender, "iro-service", at) | said | changes)


def catch_up(agency: str, function: str, at: Any, since: int = 0) -> CatchUp:
    return CatchUp(**envelope(agency, function, at), since=since)


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


# -- guessing and quoting


def test_a_service_cannot_allocate_an_interview_to_itself(stage):
    play, notice = back(stage)
    on_homeward(play, SERVICE)
    at = BACK + timedelta(hours=1)
    mine = {"sender": SERVICE, "from_address": f"{SERVICE}/front-desk", "service": SERVICE}
    play.say_now(interview(notice, "allocated", at=at, **mine))
    play.say_now(checked(notice, at=at + timedelta(hours=1), concern_detail=SECRET))

    assert not play.news(SERVICE)
    assert play.last(INTERVIEWS).message.concern_detail == SECRET


def test_a_council_cannot_allocate_another_councils_interview(stage):
    play, notice = back(stage)
    on_homeward(play, SERVICE)
    at = BACK + timedelta(hours=1)
    theirs = {"sender": BIRMINGHAM, "from_address": f"{BIRMINGHAM}/x", "service": SERVICE}
    play.say_now(interview(notice, "allocated", at=at, **theirs))

    assert not play.news(SERVICE)


def test_the_council_that_owes_it_allocates_the_interview(stage):
    play, notice = back(stage)
    on_homeward(play, SERVICE)
    at = BACK + timedelta(hours=1)
    play.say_now(interview(notice, "allocated", at=at, service=SERVICE))
    by = {"sender": SERVICE, "from_address": f"{SERVICE}/return-interviews"}
    play.say_now(interview(notice, at=at + timedelta(hours=1), **by))

    assert play.news(SERVICE)
    assert play.duty("hold-return-interview").state == "met"


STRANGER = {"references": (), "given_name": "Kit", "family_name": "Madeup", "birth_date": None}


def test_a_school_that_guesses_a_police_reference_gets_no_news(stage):
    play = stage()
    on_homeward(play, SCHOOL, STOKE)
    notice = notification()
    play.say(notice)
    guess = MissingUpdate(
        **envelope(SCHOOL, "safeguarding-lead", FRIDAY_NIGHT + timedelta(minutes=5)),
        child=child(**STRANGER),
        reason="-",
        police_reference="SP-2026-0815",
    )
    play.say_now(guess)
    play.say_now(update(notice, facts=SECRET, at=FRIDAY_NIGHT + timedelta(minutes=10)))

    assert not play.news(SCHOOL)
    (missing,) = [each.id for each in play.episodes() if each.state.heard]
    assert str(missing) not in seen_by(play, SCHOOL)


def test_a_slip_in_a_police_reference_does_not_end_another_childs_absence(stage):
    play = stage()
    play.say(notification())
    slip = MissingReturn(
        **envelope(OTHER_HOME, "night-staff", FRIDAY_NIGHT + timedelta(minutes=5)),
        child=child(**STRANGER),
        stage="returned",
        outcome="safe",
        place={"authority": STOKE},
        police_reference="SP-2026-0815",
    )
    play.say_now(slip)

    assert [each.state.status for each in play.episodes() if each.state.heard] == ["open"]


@pytest.mark.parametrize(
    "about", [STRANGER, {"birth_date": "2009-01-01", "given_name": "Kit", "family_name": "Madeup"}]
)
def test_another_agencys_reference_by_itself_is_no_ground(stage, about):
    play = stage()
    notice = notification()
    play.say(notice)
    known = {"references": child().references[1:]}
    fishing = notification(
        sender=BIRMINGHAM,
        from_address=f"{BIRMINGHAM}/front-door",
        child=child(**about | known),
        police_report=None,
        episode=None,
        responsible_authority=BIRMINGHAM,
        lives=Residence(authority=BIRMINGHAM),
    )
    play.say(fishing)
    play.say_now(update(notice, facts=SECRET))
    play.say_now(returned(notice, at=BACK))
    at = BACK + timedelta(hours=1)
    play.say_now(checked(notice, at=at, concern_about_carer="yes", concern_detail=SECRET))

    assert SECRET not in seen_by(play, BIRMINGHAM)
    assert len(play.children()) == 2


def test_numbers_claimed_beforehand_catch_nobody(stage):
    play = stage()
    numbers = tuple(
        Reference(holder=WALSALL, scheme="la-person-id", value=str(n)) for n in range(4700, 4720)
    )
    trap = notification(
        sender=OTHER_HOME,
        from_address=f"{OTHER_HOME}/night-staff",
        child=child(**STRANGER | {"references": numbers}),
        police_report=None,
        lives=Residence(authority=STOKE, home=OTHER_HOME),
        episode="T-1",
    )
    play.say(trap)
    held = len(play.news(OTHER_HOME))

    notice = notification(circumstances=SECRET)
    play.say(notice)
    play.say_now(update(notice, facts=SECRET))

    assert len(play.news(OTHER_HOME)) == held
    assert SECRET not in seen_by(play, OTHER_HOME)


def test_one_agency_alone_does_not_join_its_child_to_one_that_is_nothing_like_it(stage):
    play = stage()
    play.say(notification())
    mine = Reference(holder=OTHER_HOME, scheme="home-reference", value="L-4")
    made_up = notification(
        sender=OTHER_HOME,
        from_address=f"{OTHER_HOME}/night-staff",
        child=child(**STRANGER | {"references": (mine,)}),
        police_report=None,
        episode="L-4/1",
    )
    play.say(made_up)
    held = len(play.inbox(OTHER_HOME, "picture"))

    def claim(value: str) -> Any:
        other = Reference(holder=WALSALL, scheme="la-person-id", value=value)
        said = {"one": mine, "other": other, "same": True, "reason": "-"}
        return IdentityStatement(**envelope(OTHER_HOME, "night-staff", FRIDAY_NIGHT), **said)

    play.say(claim("4711"), claim("4712"))

    assert len(play.children()) == 2
    assert len(play.inbox(OTHER_HOME, "picture")) == held
    right, wrong = play.rejections(OTHER_HOME)
    assert (right.code, right.field, right.detail) == (wrong.code, wrong.field, wrong.detail), (
        "nobody finds out by trying which numbers are known"
    )


def test_an_exercise_takes_nothing_real_back_nor_the_other_way_round(stage):
    play = stage()
    notice = notification()
    play.say(notice)

    play.say(in_place_of(notice, exercise=True))

    assert [rejection.code for rejection in play.rejections(HOME)] == ["nothing-to-replace"]
    assert play.state().status == "open"


# -- silencing, and excusing what is owed


@pytest.mark.parametrize("stage_of_it", ["declined", "not-held", "held", "offered"])
@pytest.mark.parametrize("who", [BIRMINGHAM, SERVICE])
def test_nobody_excuses_or_meets_another_councils_interview(stage, stage_of_it, who):
    play, notice = back(stage)
    on_homeward(play, SERVICE)
    by = {"sender": who, "from_address": f"{who}/return-interviews", "reason": "other"}
    play.say_now(interview(notice, stage_of_it, **by))

    assert play.duty("offer-return-interview", INTERVIEWS).standing
    assert play.duty("hold-return-interview", INTERVIEWS).standing


def test_a_force_does_not_excuse_another_forces_check(stage):
    play, notice = back(stage)
    by = {"sender": OTHER_FORCE, "from_address": f"{OTHER_FORCE}/missing-unit"}
    said = {"result": "not-done", "reason": "frequent", "decided_by": "Sergeant"}
    play.say_now(checked(notice, **by, **said))
    assert play.duty("safe-and-well-check").standing

    play.say_now(checked(notice, at=BACK + timedelta(hours=15), **by))
    assert play.duty("safe-and-well-check").state == "met", "the child was seen, whoever saw it"


def test_a_home_does_not_answer_a_referral_about_its_carer(stage):
    play = stage()
    play.say(notification())
    play.say(referral(FRIDAY_NIGHT))
    mine = referral(
        FRIDAY_NIGHT,
        sender=HOME,
        from_address=f"{HOME}/home-manager",
        to="other",
        concern_about_carer="no",
    )
    play.say(mine)
    play.say(in_place_of(mine, "update", stage="accepted"))
    play.say(in_place_of(mine, "update", stage="declined", message_id=uuid4()))

    assert ("answer-referral", OFFICER) in play.standing()


def test_a_home_does_not_say_that_the_councils_meeting_was_held(stage):
    play = stage()
    play.say(notification())
    asked = MeetingRequest(
        **envelope(STAFFORDSHIRE_POLICE, "missing-unit", FRIDAY_NIGHT),
        child=child(),
        type="strategy",
        why="Often",
    )
    play.say(asked)
    play.say_now(meeting(HOME, "home-manager", FRIDAY_NIGHT + timedelta(minutes=5)))
    play.say_now(
        meeting(HOME, "home-manager", FRIDAY_NIGHT + timedelta(minutes=6), held=False, reason="-")
    )

    assert ("hold-meeting", SOCIAL_WORK) in play.standing()


def test_a_home_does_not_review_the_risk_for_the_police(stage):
    play = stage()
    notice = notification(police_report=None, episode=None)
    play.say(notice)
    theirs = notification(
        sender=STAFFORDSHIRE_POLICE,
        next_review_at=FRIDAY_NIGHT + timedelta(hours=4),
        police_report=None,
        episode="SP-1",
    )
    play.say(theirs)
    play.say_now(update(notice, risk="low", reason="Often"))

    assert ("review-risk", CONTROL_ROOM) in play.standing()


@pytest.mark.parametrize("category", ["away", "absent"])
def test_a_home_does_not_talk_down_what_the_police_call_missing(stage, category):
    play = stage()
    notice = notification(police_report=None, episode=None)
    play.say(notice)
    play.say(
        notification(
            sender=STAFFORDSHIRE_POLICE, police_report=None, episode="SP-1", immediate_danger=True
        )
    )
    play.say_now(update(notice, category=category, reason="Often", immediate_danger=False))
    assert play.state().category == "missing"
    assert play.state().immediate_danger

    play.say_now(returned(notice, at=BACK))
    assert ("safe-and-well-check", CONTROL_ROOM) in play.standing()


def test_a_birth_date_that_somebody_else_states_makes_nobody_of_age(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    play.say_now(returned(notice, at=BACK, child=child(birth_date="2005-01-01")))

    assert ("offer-return-interview", INTERVIEWS) in play.standing()


def test_need_until_does_not_silence_the_ladder_for_years(stage):
    play = stage()
    play.say(notification())
    until = FRIDAY_NIGHT + timedelta(days=3650)
    play.answer(play.last(EDT), "need-until", reason="Busy", until=until)

    play.after(days=2)

    assert play.duty("answer", EDT).state == "late"
    assert play.climbed("answer")


@pytest.mark.parametrize("years", [1, 50])
def test_an_end_in_the_future_puts_nothing_off(stage, years):
    play = stage()
    notice = notification()
    play.say(notice)
    end = returned(notice, at=FRIDAY_NIGHT + timedelta(days=365 * years))
    play.say(end.model_copy(update={"sent_at": FRIDAY_NIGHT}))

    assert [rejection.field for rejection in play.rejections(HOME)] == ["occurred_at"]
    assert play.state().status == "open"


# -- floods


def test_many_requests_to_catch_up_are_answered_once_at_a_time(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    for minute in range(20):
        play.say_now(update(notice, at=FRIDAY_NIGHT + timedelta(minutes=minute)))
    before = len(play.inbox(WALSALL))
    play.outage = True
    for _ in range(3):
        play.say(*(catch_up(WALSALL, "front-door", play.clock.now()) for _ in range(50)))
    play.outage = False
    play.send()

    again = len(play.inbox(WALSALL)) - before
    assert again <= before + 150 + 2, "150 receipts, and what was missed once"
    play.say(catch_up(WALSALL, "front-door", play.clock.now()))
    assert len(play.inbox(WALSALL)) > before + again + 1, "and once more when that has gone out"
