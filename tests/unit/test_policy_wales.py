"""The national default of Wales: what differs from England's, and on what ground."""

from datetime import timedelta
from typing import Any

import pytest

from broker.policy.load import shipped
from broker.policy.model import BINDING, Basis, Owe, Policy, Situation, Start

POLICIES = shipped()
ENGLAND, WALES = POLICIES.national("England"), POLICIES.national("Wales")


def missing(category: str = "missing", **facts: Any) -> Situation:
    stated = {"sender": "provider", "looked_after": True, "lives_in_home": True}
    return Situation("missing.notification", category=category, nation="Wales", **stated | facts)


def back(**facts: Any) -> Situation:
    stated = {"sender": "provider", "stage": "returned", "outcome": "safe", "category": "missing"}
    return Situation("missing.return", nation="Wales", **stated | facts)


def told(policy: Policy, situation: Situation) -> set[str]:
    return {tell.role for rule in policy.matching(situation) for tell in rule.tell}


def duties(policy: Policy, situation: Situation) -> dict[str, Owe]:
    return {owe.duty: owe for rule in policy.matching(situation) for owe in rule.owe}


def source(rule_id: str) -> str:
    return next(rule.source for rule in WALES.rules if rule.id == rule_id)


def test_what_is_decided_in_wales_cites_the_policy_of_wales() -> None:
    assert {WALES.because(rule).partition("@")[2] for rule in WALES.rules} == {WALES.version}
    assert WALES.version.startswith("wales-")


def test_nothing_that_binds_in_england_is_taken_over() -> None:
    binding = [rule for rule in ENGLAND.rules if rule.basis in BINDING]

    assert not [rule.id for rule in WALES.rules if rule in binding]


def test_nothing_is_shown_as_binding_but_what_binds_homes_in_england() -> None:
    binding = [rule for rule in WALES.rules if rule.basis in BINDING]

    assert {rule.id for rule in binding} == {
        "arrival-host", "tell-host-of-admission", "tell-host-of-discharge",
    }  # fmt: skip
    assert all(rule.when["host_nation"] == {"England"} for rule in binding)


def test_what_differs_from_england_names_a_welsh_source_or_says_that_none_was_read() -> None:
    own = [rule for rule in WALES.rules if rule not in ENGLAND.rules]
    words = ("Wales", "Welsh", "Gwent", "SI 2015/1818", "SI 2007/310", "homes in England")

    assert own
    assert not [rule.id for rule in own if not any(word in rule.source for word in words)]


@pytest.mark.parametrize("stage", ["returned", "closed"])
def test_there_are_no_72_hours_in_wales(stage: str) -> None:
    for facts in ({}, {"looked_after": True}, {"sender": "police"}):
        owed = duties(WALES, back(stage=stage, **facts))
        assert not [name for name, owe in owed.items() if owe.clock.within == timedelta(hours=72)]


def test_a_debrief_is_decided_on_within_two_working_days_of_the_return() -> None:
    for facts in ({}, {"looked_after": True}):
        decide = duties(WALES, back(**facts))["decide-on-a-debrief"]
        assert decide.clock.starts is Start.returned
        assert decide.clock.working_days == 2
        assert decide.until_18
        assert not decide.ends_with_absence
        assert decide.ladder
    assert "decide-on-a-debrief" not in duties(ENGLAND, back())


@pytest.mark.parametrize("category", ["missing", "absent", "unrecognised"])
def test_a_home_s_report_reaches_the_council_in_whose_area_the_home_is(category: str) -> None:
    situation = missing(category)

    assert "host-front-door" in told(WALES, situation)
    (rule,) = (
        rule
        for rule in WALES.matching(situation)
        if "host-front-door" in {tell.role for tell in rule.tell}
    )
    assert "SI 2017/1264" in rule.source
    assert "paragraph 45" in rule.source
    assert "has not been read" in rule.source.replace("\n", " ")
    assert rule.basis is Basis.local


def test_only_the_home_owes_it_to_that_council_that_a_child_is_absent() -> None:
    assert "host-front-door" not in told(WALES, missing("absent", sender="police"))
    assert "host-front-door" not in told(ENGLAND, missing("absent"))


def test_an_absence_is_reviewed_in_six_hours_on_a_weak_ground() -> None:
    review = duties(WALES, missing("absent"))["review-absence"]

    assert (review.clock.starts, review.clock.within) == (Start.stated, timedelta(hours=6))
    assert "weak" in source("absent")
    assert "2011" in source("absent")


def test_who_is_told_at_once_is_the_same_in_both_nations() -> None:
    for sender in ("police", "la", "provider"):
        for category in ("missing", "unrecognised"):
            situation = missing(category, sender=sender, protection_plan=True, place_elsewhere=True)
            assert told(WALES, situation) == told(ENGLAND, situation)
