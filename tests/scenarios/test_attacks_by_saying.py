"""What nobody gets by what they say: another's child by a guess, another's duty ended, a flood."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.casework import MeetingRequest
from schemas.child import Reference, Residence
from schemas.identity import IdentityStatement
from schemas.missing import MissingReturn, MissingUpdate
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
    OTHER_FORCE,
    SCHOOL,
    SECRET,
    SERVICE,
    alert,
    back,
    catch_up,
    in_place_of,
    meeting,
    on_homeward,
    referral,
    seen_by,
)
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    INTERVIEWS,
    OTHER_HOME,
    SOCIAL_WORK,
)

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


def test_a_school_that_has_news_of_a_child_hears_the_end_and_no_narrative(stage):
    play = stage()
    on_homeward(play, SCHOOL, STOKE)
    notice = notification()
    play.say(notice)
    at = FRIDAY_NIGHT + timedelta(minutes=5)
    said = {"child": child(), "reason": "Seen", "police_reference": "SP-2026-0815"}
    play.say_now(MissingUpdate(**envelope(SCHOOL, "safeguarding-lead", at), **said))
    assert len(play.episodes()) == 1
    play.say_now(update(notice, facts=SECRET))
    play.say_now(returned(notice, at=BACK))

    assert play.news(SCHOOL)[-1].message.KIND == "missing.return"
    assert SECRET not in seen_by(play, SCHOOL)


def test_a_home_that_says_its_number_is_another_childs_takes_nothing_from_the_council(stage):
    play = stage()
    play.say(notification())
    one, other = child().references
    told = set(play.episode().told)
    said = {"one": one, "other": other, "same": False, "reason": "-"}

    play.say(IdentityStatement(**envelope(HOME, "night-staff", FRIDAY_NIGHT), **said))

    assert [set(each.told) for each in play.episodes() if each.state.heard] == [told]


# -- what is open by design so far, or waits for a decision


def test_a_home_does_not_say_that_the_police_reported_in_error(stage):
    play = stage()
    notice = notification(police_report=None, episode=None)
    play.say(notice)
    play.say(notification(sender=STAFFORDSHIRE_POLICE, police_report=None, episode="SP-1"))
    play.say_now(returned(notice, at=BACK, outcome="reported-in-error"))

    assert ("safe-and-well-check", CONTROL_ROOM) in play.standing()


def test_an_absence_is_not_left_unreviewed_for_years(stage):
    play = stage()
    play.say(notification(category="absent", review_at=FRIDAY_NIGHT + timedelta(days=9000)))

    assert play.duty("review-absence").due_at < FRIDAY_NIGHT + timedelta(days=4)


def test_a_report_that_is_no_paper_form_wakes_the_council(stage):
    play = stage()
    play.say(notification(paper_form="x", risk="high"))

    assert EDT in play.woken()


def test_a_home_does_not_cut_the_council_off(stage):
    play = stage()
    notice = notification()
    play.say(notice)
    elsewhere = Residence(authority=BIRMINGHAM, home=HOME)
    play.say_now(update(notice, responsible_authority=BIRMINGHAM, lives=elsewhere))
    play.say_now(update(notice, at=FRIDAY_NIGHT + timedelta(hours=1), facts=SECRET))

    assert SECRET in seen_by(play, WALSALL)


def test_a_council_that_calls_itself_responsible_is_not_told_what_a_child_said(stage):
    play, notice = back(stage)
    known = child(references=child().references[1:])
    play.say(alert(BIRMINGHAM, BIRMINGHAM, BACK - timedelta(hours=1), child=known))
    at = BACK + timedelta(hours=1)
    play.say_now(checked(notice, at=at, concern_about_carer="yes", concern_detail=SECRET))

    assert SECRET not in seen_by(play, BIRMINGHAM)
