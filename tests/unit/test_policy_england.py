"""The national default of England: who is told in which situation, what follows, on what ground."""

from dataclasses import fields
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.directory import Directory, Override, Registered
from broker.policy.check import problems
from broker.policy.load import load, shipped, values_of
from broker.policy.model import Basis, Owe, Situation, Start
from broker.policy.roles import ROLES

POLICY = shipped()
DIRECTORY = Directory.shipped()
STAFFORDSHIRE = "la.E10000028"

OUTCOMES = values_of("outcome") - {""}
STAGES = values_of("stage") - {""}
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
    },
)


def test_what_is_shipped_has_no_problems() -> None:
    assert problems(POLICY, DIRECTORY) == []


def test_no_local_number_is_shown_as_law() -> None:
    assert {rule.basis for rule in POLICY.rules} == {Basis.local, Basis.police_practice}


def test_every_rule_is_cited_with_the_version() -> None:
    (rule,) = POLICY.matching(Situation("identity.statement"))

    assert POLICY.because(rule) == "identity-stated@england-2026.1"


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (missing(), {"lead-front-door!", "police-of-place!"}),
        (missing(category="unrecognised"), {"lead-front-door!", "police-of-place!"}),
        (missing(sender="police"), {"lead-front-door!"}),
        (
            missing(sender="police", open_to_social_work=True),
            {"lead-front-door!", "lead-social-work"},
        ),
        (
            missing(sender="police", place_elsewhere=True),
            {"lead-front-door!", "place-front-door"},
        ),
        (
            missing(sender="police", protection_plan=True),
            {"lead-front-door!", "plan-social-work", "plan-chair"},
        ),
        (
            missing(sender="provider", looked_after=True, lives_in_home=True, place_elsewhere=True),
            {
                "lead-front-door!",
                "police-of-place!",
                "place-front-door",
                "lead-social-work",
                "host-front-door",
                "home",
                "lead-iro-service=iro.alert",
            },
        ),
        (missing(category="absent"), {"lead-front-door"}),
        (missing(category="absent", looked_after=True), {"lead-front-door"}),
        (missing(category="away"), {"lead-front-door"}),
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
        (back("returned", "safe"), {"told", "lead-return-interviews"}),
        (back("closed", "safe"), {"told", "lead-return-interviews"}),
        (
            back("returned", "safe", looked_after=True, lives_in_home=True),
            {"told", "lead-return-interviews", "lead-iro-service=iro.alert"},
        ),
        (back("found", "safe"), {"acting", "lead-front-door!", "police-of-place!"}),
        (
            back("found", "safe", sender="police", lives_in_home=True, looked_after=True),
            {"acting", "lead-front-door!", "home"},
        ),
        (back("unrecognised", "safe", sender="police"), {"acting", "lead-front-door!"}),
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

    assert told(situation) == {"acting", "lead-front-door!"}


@pytest.mark.parametrize("outcome", NOT_HOME)
def test_what_the_police_have_closed_is_told_to_everyone_who_was_told(outcome: str) -> None:
    situation = back("closed", outcome, sender="police")

    assert told(situation) == {"told", "acting", "lead-front-door!"}


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
    if situation.kind != "iro.alert":
        assert "lead-iro-service" not in told(situation)


@given(SITUATIONS)
def test_who_is_woken_is_named_before_everybody_is_told(situation: Situation) -> None:
    order = [tell for rule in POLICY.matching(situation) for tell in rule.tell]
    many = [place for place, tell in enumerate(order) if tell.role in ("told", "acting")]
    woken = [place for place, tell in enumerate(order) if tell.wakes]

    assert not many or not woken or max(woken) < min(many)


def test_lead_council_and_police_answer_in_half_an_hour_and_sooner_at_high_risk() -> None:
    owed = duties(missing(sender="provider"))

    for owner in ("lead-front-door", "police-of-place"):
        answer = owed["answer", owner]
        assert answer.clock.starts is Start.sent
        assert answer.clock.within == timedelta(minutes=30)
        assert answer.clock.high == timedelta(minutes=10)
        assert answer.met_by == ("acting",)
        assert answer.ladder


def test_police_who_reported_owe_no_answer() -> None:
    assert set(duties(missing(sender="police"))) == {("answer", "lead-front-door")}


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
        (back("returned", "hospital", category=""), {"safe-and-well-check"}),
        (back("returned", "safe", category="away"), set()),
        (back("closed", "safe"), set()),
        (back("found", "reported-in-error"), set()),
        (back("returned", "safe", looked_after=True), {"answer-iro-alert", "safe-and-well-check"}),
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


def test_the_safe_and_well_check_is_owed_where_the_child_was_found_until_it_is_closed() -> None:
    check = duties(back("found", "safe"))["safe-and-well-check", "found-force"]

    assert (check.clock.starts, check.clock.within) == (Start.found, timedelta(hours=24))
    assert check.met_by == ("missing.return:stage=closed",)
    assert not check.ends_with_absence


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


# What the check finds beyond loading

RULE = """
  - id: {id}
    when: {{{when}}}
    tell: [{tell}]
    basis: local
    source: none
"""
OWED = """
  - id: owed
    when: {kind: missing.notification, sender: police}
    tell: [lead-front-door, police-of-place]
    owe:
      - duty: answer
        owed_by: %s
        clock: {starts: sent, within: {minutes: 30}}
        met_by: [acting]
        ladder: way
    basis: local
    source: none
"""
WAY = """
ladders:
  way:
    day: [{role: %s, after: {minutes: 0}}]
    night: [{role: %s, after: {minutes: 0}}]
"""
ALL_KINDS = (
    "kind: [missing.notification, missing.update, missing.return, iro.alert, identity.statement]"
)


def checked(*rules: str, ladders: str = "", directory: Directory = DIRECTORY) -> list[str]:
    whole = RULE.format(id="whole", when=ALL_KINDS, tell="lead-social-work")
    head = "policy: x\nversion: x-1\nnation: England\nvalid: {from: 2026-01-01}\n"
    return problems(load(f"{head}{ladders}\nrules:\n{whole}{''.join(rules)}"), directory)


def rule(tell: str, when: str = "kind: missing.notification", id: str = "rule") -> str:
    return RULE.format(id=id, when=when, tell=tell)


def test_a_sound_policy_has_no_problems() -> None:
    assert checked(rule("{role: lead-front-door, wakes: true}")) == []


def test_a_kind_without_a_rule_is_a_problem() -> None:
    text = "policy: x\nversion: x-1\nnation: England\nvalid: {from: 2026-01-01}\nrules:\n"

    found = problems(load(text + rule("{role: lead-iro-service, as_kind: iro.alert}")), DIRECTORY)

    assert "no rule says who is told of missing.return" in found
    assert "rule: iro.alert is made here, and no rule is about it" in found


@pytest.mark.parametrize(
    ("tell", "when", "problem"),
    [
        (
            "found-force",
            "kind: missing.notification",
            "rule: nobody is found-force here, as kind is never missing.return",
        ),
        (
            "plan-chair",
            "kind: missing.update, protection_plan: false",
            "rule: nobody is plan-chair here, as protection_plan is never true",
        ),
        (
            "home",
            "kind: missing.update, lives_in_home: false",
            "rule: nobody is home here, as lives_in_home is never true",
        ),
    ],
)
def test_a_role_that_nobody_can_have_is_a_problem(tell: str, when: str, problem: str) -> None:
    assert checked(rule(tell, when)) == [problem]


def test_waking_a_desk_that_has_no_night_cover_is_a_problem() -> None:
    (problem,) = checked(rule("{role: lead-iro-service, wakes: true}"))

    assert problem.startswith("rule: wakes lead-iro-service, and at night nobody is there at la.")
    assert problem.endswith(" more)")


def test_one_council_without_night_cover_is_named() -> None:
    front_door = Override(cover="")
    without = DIRECTORY.with_agencies(
        [Registered(STAFFORDSHIRE, functions={"front-door": front_door})]
    )

    assert checked(rule("{role: lead-front-door, wakes: true}"), directory=without) == [
        f"rule: wakes lead-front-door, and at night nobody is there at {STAFFORDSHIRE}"
    ]


def test_waking_everybody_is_a_problem() -> None:
    assert checked(rule("{role: told, wakes: true}")) == [
        "rule: wakes told: name the desks that may be woken"
    ]


@pytest.mark.parametrize(
    ("owner", "day", "night", "problem"),
    [
        ("lead-front-door", "owner-duty-manager", "owner-on-call-manager", ""),
        ("lead-front-door", "police-missing-unit", "police-of-place", ""),
        ("police-of-place", "owner-missing-unit", "lead-front-door", ""),
        ("police-of-place", "owner-missing-unit", "owner-duty-manager", "by night"),
        ("police-of-place", "police-of-place", "lead-front-door", "by day"),
        ("lead-front-door", "owner-missing-unit", "owner-cover", "by day"),
        ("police-of-place", "lead-front-door", "owner-cover", "by night"),
    ],
)
def test_a_ladder_that_reaches_nobody_is_a_problem(
    owner: str, day: str, night: str, problem: str
) -> None:
    found = checked(OWED % owner, ladders=WAY % (day, night))

    assert len(found) == bool(problem)
    assert all(text.startswith(f"owed: ladder way {problem} reaches nobody") for text in found)


def test_a_ladder_that_no_duty_climbs_is_a_problem() -> None:
    assert checked(ladders=WAY % ("owner-duty-manager", "owner-cover")) == [
        "ladder way: no duty climbs it"
    ]


def test_telling_one_role_the_same_twice_is_a_problem() -> None:
    narrow = rule("lead-front-door", "kind: missing.update, category: [missing]", "narrow")
    wide = rule("lead-front-door", "kind: missing.update, category: [missing, away]", "wide")

    assert checked(narrow, wide) == ["narrow: tells lead-front-door what wide tells already"]


def test_telling_one_role_in_two_ways_is_a_problem() -> None:
    silent = rule("lead-front-door", id="silent")
    waking = rule("{role: lead-front-door, wakes: true}", id="waking")

    assert checked(silent, waking) == [
        "silent: tells lead-front-door otherwise than waking does",
        "waking: tells lead-front-door otherwise than silent does",
    ]
