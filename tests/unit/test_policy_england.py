"""The national default of England: who is told in which situation, what follows, on what ground."""

from dataclasses import fields
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.directory import Directory
from broker.policy.check import problems
from broker.policy.facts import values_of
from broker.policy.load import shipped
from broker.policy.model import Basis, Owe, Policy, Situation, Start
from broker.policy.roles import ROLES
from schemas.missing import ReturnStage

POLICY = shipped().national("England")
DIRECTORY = Directory.shipped()

INTERVIEW = {"offer-return-interview", "hold-return-interview"}

# Who goes on while the child is not home.
SOUGHT = {"acting", "lead-front-door!", "police-of-place!"}
OUTCOMES = values_of("outcome") - {""}
# Whoever sends it: the routing leaves out who spoke.
ALWAYS = {"lead-front-door!", "police-of-place!", "police-of-place=child.profile"}
STAGES = frozenset(ReturnStage)
NOT_HOME = ("refuses", "hospital", "custody", "elsewhere", "unrecognised")


def missing(**facts: Any) -> Situation:
    """A council reports a child who lives with family as missing."""
    stated = {"sender": "la", "category": "missing", "risk": "medium", "police_report": "made"}
    return Situation("missing.notification", **stated | facts)


def update(**facts: Any) -> Situation:
    return Situation("missing.update", **{"sender": "la", "category": "missing"} | facts)


def back(stage: str, outcome: str, **facts: Any) -> Situation:
    stated = {"sender": "la", "category": "missing", "stage": stage, "outcome": outcome}
    return Situation("missing.return", **stated | facts)


def told(situation: Situation) -> set[str]:
    """The roles that are told; `!` marks who is woken, and `=kind` what is made for them."""
    return {
        tell.role + "!" * tell.wakes + (f"={tell.as_kind}" if tell.as_kind else "")
        for rule in POLICY.matching(situation)
        for tell in rule.tell
    }


def duties(situation: Situation) -> dict[tuple[str, str], Owe]:
    owed = [owe for rule in POLICY.matching(situation) for owe in rule.owe]
    return {(owe.duty, owe.owed_by): owe for owe in owed}


def names(situation: Situation) -> set[str]:
    return {duty for duty, _ in duties(situation)}


SITUATIONS = st.builds(
    Situation,
    **{
        fact.name: st.sampled_from(sorted(values_of(fact.name), key=str))
        for fact in fields(Situation)
        if fact.name != "lacks"  # `require` asks for that, and no condition
    },
)


def test_what_is_shipped_has_no_problems() -> None:
    assert problems(POLICY, DIRECTORY) == []


LAW = {
    "placement-host", "placement-school", "placement-health", "placement-iro",
    "notice-of-placement", "notice-of-emergency-placement",
    "approval-adjoining", "approval-at-a-distance",
    "notice-of-end", "notice-of-end-at-once", "moved-on",
    "arrival-host", "arrival-without-notice", "discharge-without-notice",
}  # fmt: skip


def test_only_what_the_law_or_the_guidance_says_is_shown_as_binding() -> None:
    def ids(basis: Basis) -> set[str]:
        return {rule.id for rule in POLICY.rules if rule.basis is basis}

    assert ids(Basis.law) == LAW
    assert ids(Basis.law_number_local) == {"tell-host-of-admission", "tell-host-of-discharge"}
    assert ids(Basis.statutory_guidance) == {"return-interview"}


def test_what_is_law_names_the_regulation_and_gives_nobody_a_number_that_is_local() -> None:
    for rule in POLICY.rules:
        if rule.basis is Basis.law:
            assert "regulation" in rule.source, rule.id
            for owe in rule.owe:
                by_law = owe.clock.before or owe.clock.starts in (Start.placed, Start.ends)
                assert by_law or owe.basis is Basis.local, rule.id


def test_every_rule_is_cited_with_the_version() -> None:
    (rule,) = POLICY.matching(Situation("identity.statement"))

    assert POLICY.because(rule) == f"identity-stated@{POLICY.version}"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (missing(), ALWAYS),
        (missing(category="unrecognised"), ALWAYS),
        (missing(sender="police"), ALWAYS),  # the force of the place may be another
        (missing(open_to_social_work=True), ALWAYS | {"lead-social-work"}),
        (missing(place_elsewhere=True), ALWAYS | {"place-front-door"}),
        (missing(protection_plan=True), ALWAYS | {"plan-social-work", "plan-chair"}),
        (
            missing(sender="provider", looked_after=True, lives_in_home=True, place_elsewhere=True),
            ALWAYS
            | {
                "place-front-door",
                "lead-social-work",
                "host-front-door",
                "home",
                "lead-iro-service=iro.alert",
            },
        ),
        (
            missing(of_age=True, looked_after=True, protection_plan=True),
            ALWAYS - {"lead-front-door!"} | {"lead-leaving-care"},
        ),
        (missing(category="absent"), {"lead-front-door"}),
        (missing(category="absent", looked_after=True), {"lead-front-door"}),
        (missing(category="away"), {"lead-front-door"}),
        (missing(category="away", concern_stated=True), {"lead-front-door", "police-of-place"}),
        (
            missing(category="away", immediate_danger=True),
            {"lead-front-door", "police-of-place!"},
        ),
        (missing(category="away", immediate_danger=True, sender="police"), {"lead-front-door"}),
    ],
)
def test_who_is_told_that_a_child_is_missing(situation: Situation, expected: set[str]) -> None:
    assert told(situation) == expected


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (update(), {"told"}),
        (update(risk="medium", looked_after=True), {"told"}),
        (update(risk="high"), {"told", "lead-front-door!"}),
        (update(category="away", immediate_danger=True), {"told", "police-of-place!"}),
    ],
)
def test_who_is_told_what_changes(situation: Situation, expected: set[str]) -> None:
    assert told(situation) == expected


@pytest.mark.parametrize("sender", ["la", "police", "provider"])
def test_an_absence_that_turns_into_a_missing_child_is_told_like_one(sender: str) -> None:
    facts = dict.fromkeys(
        ("looked_after", "lives_in_home", "place_elsewhere", "protection_plan"), True
    )
    turned = update(sender=sender, upgraded=True, **facts)
    reported = missing(sender=sender, **facts)

    assert told(turned) == told(reported) | {"told"}
    assert names(turned) == names(reported)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (back("returned", "safe"), {"told", "interviewer", "found-force"}),
        (back("closed", "safe"), {"told", "interviewer"}),
        (back("returned", "safe", of_age=True), {"told", "found-force"}),
        (
            back("returned", "safe", looked_after=True, lives_in_home=True),
            {"told", "interviewer", "found-force", "lead-iro-service=iro.alert"},
        ),
        (back("found", "safe"), SOUGHT | {"found-force"}),
        (
            back("found", "safe", sender="police", lives_in_home=True, looked_after=True),
            SOUGHT | {"found-force", "home"},
        ),
        (back("unrecognised", "safe", sender="police"), SOUGHT),
        (back("found", "reported-in-error"), {"told"}),
        (
            back("closed", "reported-in-error", looked_after=True),
            {"told", "lead-iro-service=iro.alert"},
        ),
    ],
)
def test_who_is_told_that_a_child_is_found_or_back(
    situation: Situation, expected: set[str]
) -> None:
    assert told(situation) == expected


@pytest.mark.parametrize("outcome", NOT_HOME)
@pytest.mark.parametrize("stage", ["found", "returned", "unrecognised"])
def test_there_is_no_all_clear_while_a_child_is_not_home(stage: str, outcome: str) -> None:
    situation = back(stage, outcome, sender="police", looked_after=True)

    assert told(situation) - {"interviewer", "found-force"} == SOUGHT


@pytest.mark.parametrize("outcome", NOT_HOME)
def test_what_the_police_have_closed_is_told_to_everyone_who_was_told(outcome: str) -> None:
    situation = back("closed", outcome, sender="police")

    assert told(situation) == {"told", "interviewer"} | SOUGHT


@pytest.mark.parametrize("outcome", ["died", "harmed"])
@pytest.mark.parametrize("stage", sorted(map(str, STAGES)))
def test_death_and_harm_go_to_managers_only_who_telephone(stage: str, outcome: str) -> None:
    situation = back(stage, outcome, sender="police", looked_after=True, lives_in_home=True)

    assert told(situation) == {"lead-duty-manager!", "lead-head-of-service!"}
    assert names(situation) == {"telephone"}
    assert told(back(stage, outcome, sender="la")) == told(situation) | {"police-missing-unit!"}


@pytest.mark.parametrize("sender", ["police", "la", "provider"])
def test_every_end_is_told_to_somebody(sender: str) -> None:
    for stage, outcome in product(STAGES, OUTCOMES):
        assert told(back(str(stage), str(outcome), sender=sender)), (stage, outcome)


def test_nobody_is_woken_for_good_news() -> None:
    for stage in ("returned", "closed"):
        news = back(stage, "safe", looked_after=True, lives_in_home=True, protection_plan=True)
        assert not any("!" in role for role in told(news))


@given(SITUATIONS)
def test_at_night_only_front_doors_police_and_managers_of_the_lead_council_are_woken(
    situation: Situation,
) -> None:
    woken = {role.split("!")[0] for role in told(situation) if "!" in role}

    assert woken <= {
        "lead-front-door",
        "lead-duty-manager",
        "lead-head-of-service",
        "police-of-place",
        "police-missing-unit",
    }


@given(SITUATIONS)
def test_any_situation_is_matched_and_names_known_roles(situation: Situation) -> None:
    rules = POLICY.matching(situation)

    assert all(tell.role in ROLES for rule in rules for tell in rule.tell)
    assert all(owe.owed_by in ROLES for rule in rules for owe in rule.owe)


@given(SITUATIONS)
def test_the_reviewing_officers_get_the_alert_and_never_the_report(situation: Situation) -> None:
    if situation.kind.startswith("missing."):
        assert "lead-iro-service" not in told(situation)


@given(SITUATIONS)
def test_who_is_woken_is_named_before_everybody_is_told(situation: Situation) -> None:
    order = [tell for rule in POLICY.matching(situation) for tell in rule.tell]
    many = [place for place, tell in enumerate(order) if tell.role in ("told", "acting")]
    woken = [place for place, tell in enumerate(order) if tell.wakes]

    # Of an end that is taken back only the rules that ask for that are followed.
    assert not many or not woken or situation.reopened or max(woken) < min(many)


def test_lead_council_and_police_answer_in_half_an_hour_and_sooner_at_high_risk() -> None:
    owed = duties(missing(sender="provider"))

    for owner in ("lead-front-door", "police-of-place"):
        answer = owed["answer", owner]
        assert answer.clock.starts is Start.sent
        assert answer.clock.within == timedelta(minutes=30)
        assert answer.clock.high == timedelta(minutes=10)
        assert answer.met_by == ("acting",)
        assert answer.ladder


def test_an_end_that_is_taken_back_wakes_those_who_stood_down() -> None:
    back_again = back("returned", "safe", sender="police", reopened=True)
    rules = [rule for rule in POLICY.matching(back_again) if "reopened" in rule.when]

    assert {tell.role for rule in rules for tell in rule.tell if tell.wakes} == {
        "lead-front-door",
        "police-of-place",
    }
    assert {(owe.duty, owe.owed_by) for rule in rules for owe in rule.owe} == {
        ("answer", "lead-front-door"),
        ("answer", "police-of-place"),
    }


def test_an_unanswered_council_climbs_to_the_police_by_day_and_by_night() -> None:
    ladder = POLICY.ladders["council-answer"]

    assert [step.role for step in ladder.day] == [
        "owner-duty-manager",
        "owner-head-of-service",
        "police-missing-unit",
    ]
    assert [step.role for step in ladder.night] == ["owner-on-call-manager", "police-of-place"]
    assert [step.after for step in ladder.night] == [timedelta(0), timedelta(minutes=15)]


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (missing(risk=""), {"answer", "state-the-risk"}),
        (missing(sender="provider", police_report="not-yet"), {"answer", "give-police-reference"}),
        (missing(sender="police", police_report="not-yet"), {"answer"}),
        (missing(sender="police", review_stated=True), {"answer", "review-risk"}),
        (missing(sender="la", review_stated=True), {"answer"}),
        (missing(looked_after=True), {"answer", "answer-iro-alert"}),
        (missing(identity="suspected"), {"answer", "settle-identity"}),
        (missing(category="absent", risk=""), {"review-absence"}),
        (missing(category="away", risk=""), set()),
        (update(sender="police", review_stated=True), {"review-risk"}),
        (update(identity="contradiction"), {"settle-identity"}),
        (update(risk="high"), set()),
        (back("found", "safe"), {"safe-and-well-check"}),
        (back("found", "safe", sender="police"), {"safe-and-well-check"}),
        (back("returned", "hospital", category=""), {"safe-and-well-check"} | INTERVIEW),
        (back("returned", "safe", category="away"), {"confirm-the-end"} | INTERVIEW),
        (back("closed", "safe"), {"confirm-the-end", "safe-and-well-check"} | INTERVIEW),
        (back("closed", "safe", of_age=True), {"confirm-the-end", "safe-and-well-check"}),
        (back("found", "reported-in-error"), {"confirm-the-end"}),
        (
            back("returned", "safe", looked_after=True),
            {"answer-iro-alert", "confirm-the-end", "safe-and-well-check"} | INTERVIEW,
        ),
        (Situation("iro.alert", sender="la", event="threshold"), {"answer-iro-alert"}),
        (Situation("identity.statement", sender="la"), set()),
        (Situation("answer", sender="la"), set()),
    ],
)
def test_what_is_owed(situation: Situation, expected: set[str]) -> None:
    assert names(situation) == expected


def test_an_absence_is_reviewed_when_the_sender_said_else_in_six_hours() -> None:
    review = duties(missing(category="absent"))["review-absence", "sender"]

    assert (review.clock.starts, review.clock.within) == (Start.stated, timedelta(hours=6))


def test_the_safe_and_well_check_is_owed_where_the_child_was_found_until_its_outcome() -> None:
    check = duties(back("found", "safe"))["safe-and-well-check", "found-force"]

    assert (check.clock.starts, check.clock.within) == (Start.found, timedelta(hours=24))
    assert check.met_by == ("safe-and-well.outcome:result=done",)
    assert check.excused_by == ("safe-and-well.outcome:result=not-done",)
    assert not check.ends_with_absence


def test_an_interview_is_offered_and_held_within_72_hours_of_the_return() -> None:
    owed = duties(back("returned", "safe"))

    for name in INTERVIEW:
        interview = owed[name, "lead-return-interviews"]
        assert (interview.clock.starts, interview.clock.within) == (
            Start.returned,
            timedelta(hours=72),
        )
        assert interview.until_18
        assert not interview.ends_with_absence


def test_a_child_who_declines_was_offered_an_interview_and_need_not_have_one() -> None:
    owed = duties(back("returned", "safe"))
    declined = "return-interview.outcome:stage=declined"

    assert declined in owed["offer-return-interview", "lead-return-interviews"].met_by
    assert declined in owed["hold-return-interview", "lead-return-interviews"].excused_by


def test_a_question_of_identity_is_owed_by_sender_and_lead_council() -> None:
    owed = duties(missing(identity="contradiction"))

    for owner in ("sender", "lead-front-door"):
        question = owed["settle-identity", owner]
        assert question.clock.working_days == 2
        assert question.met_by == ("identity.statement",)


def test_the_reviewing_officers_have_one_working_day() -> None:
    for situation in (missing(looked_after=True), back("returned", "safe", looked_after=True)):
        alert = duties(situation)["answer-iro-alert", "lead-iro-service"]
        assert (alert.clock.starts, alert.clock.working_days) == (Start.sent, 1)
        assert not alert.ends_with_absence


# -- where a child is placed

PLACED = """
placement-host: answer-placement-notice, by host-placements, 2 working days from sent
placement-iro: answer-iro-alert, by lead-iro-service, 1 working days from sent
notice-of-placement: give-placement-notice, by lead-placements, before placed
notice-of-emergency-placement: give-placement-notice, by lead-placements, 5 working days from placed
approval-adjoining: state-approval, by lead-placements, before placed
approval-at-a-distance: state-approval, by lead-placements, before placed
notice-of-end: give-end-notice, by lead-placements, before ends
notice-of-end-at-once: give-end-notice, by lead-placements, 10 working days from ends
moved-on: give-end-notice, by lead-placements, before ends
arrival-iro: answer-iro-alert, by lead-iro-service, 1 working days from sent
arrival-without-notice: give-placement-notice, by lead-placements, 5 working days from placed
discharge-without-notice: give-end-notice, by lead-placements, 10 working days from ends
tell-host-of-admission: tell-host-of-admission, by home-manager, 24 hours from came
tell-host-of-admission-supported: tell-host-of-admission, by home-manager, 24 hours from came
tell-host-of-discharge: tell-host-of-discharge, by home-manager, 24 hours from left
tell-host-of-discharge-supported: tell-host-of-discharge, by home-manager, 24 hours from left
two-homes: settle-where-the-child-lives, by lead-placements, 2 working days from sent
"""


def by_when(policy: Policy) -> list[str]:
    """What each rule makes owed of where a child is placed: by whom, and by when."""
    found = []
    for rule in policy.rules:
        if any(str(kind).startswith("placement.") for kind in rule.when["kind"]):
            for owe in rule.owe:
                clock = owe.clock
                hours = clock.within and int(clock.within / timedelta(hours=1))
                time = f"{hours} hours" if hours else f"{clock.working_days} working days"
                start = clock.starts.value
                due = f"before {start}" if clock.before else f"{time} from {start}"
                found.append(f"{rule.id}: {owe.duty}, by {owe.owed_by}, {due}")
    return list(dict.fromkeys(found))


def test_what_is_owed_of_a_placement_by_whom_and_by_when() -> None:
    assert by_when(POLICY) == PLACED.split("\n")[1:-1]


def test_in_wales_ten_working_days_take_the_place_of_the_five_of_england() -> None:
    wales = shipped().national("Wales")

    assert sorted(by_when(wales)) == sorted(
        line.replace("5 working days", "10 working days") for line in by_when(POLICY)
    )


@pytest.mark.parametrize(
    ("nation", "distance", "approved_by"),
    [
        ("England", "adjoining", {"nominated-officer", "director"}),
        ("England", "at-a-distance", {"director"}),
        ("Wales", "adjoining", {"panel"}),
        ("Wales", "at-a-distance", {"panel"}),
    ],
)
def test_who_may_approve_a_placement(nation: str, distance: str, approved_by: set[str]) -> None:
    begins = {"stage": "planned", "begins": True, "out_of_area": True, "distance": distance}
    notice = Situation("placement.notice", **begins)
    (approval,) = (
        owe
        for rule in shipped().national(nation).matching(notice)
        for owe in rule.owe
        if owe.duty == "state-approval"
    )

    assert set(approval.met_by) == {
        "placement.notice:approval.exception",
        *(f"placement.notice:approval.by={one}" for one in approved_by),
    }


@pytest.mark.parametrize("nation", ["England", "Wales"])
def test_who_is_told_of_a_placement_and_sees_how_much(nation: str) -> None:
    everything = {
        "looked_after": True, "out_of_area": True, "lives_in_home": True, "school_named": True,
        "health_named": True, "police_risk": True,
    }  # fmt: skip
    notice = Situation("placement.notice", stage="planned", **everything)
    rules = shipped().national(nation).matching(notice)

    assert {(tell.role, tell.view.value, tell.as_kind) for rule in rules for tell in rule.tell} == {
        ("lead-placements", "full", ""),
        ("host-placements", "full", ""),
        ("home", "summary", ""),
        ("placement-school", "summary", ""),
        ("placement-health", "summary", ""),
        ("police-missing-unit", "summary", ""),
        ("lead-iro-service", "full", "iro.alert"),
    }
