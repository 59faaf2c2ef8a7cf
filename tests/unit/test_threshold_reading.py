"""Thresholds from a policy: what they say, and every mistake with its line."""

from datetime import time, timedelta

import pytest

from broker.catalogue.words import glossary
from broker.directory import Directory
from broker.policy import load
from broker.policy.check import problems
from broker.policy.model import Basis, Count, Exploitation, MissingFor, Overnight
from broker.policy.nodes import PolicyFault
from broker.policy.wording import condition, recipient

HEAD = """policy: place
version: place-1
nation: England
extends: england
valid: {from: 2026-01-01}
"""
RULES = """rules:
  - id: follows
    when: {kind: threshold.reached, threshold: [lamp], step: 5}
    tell: [lead-social-work]
    basis: local
    source: here
"""


def threshold(**changes):
    said = {
        "id": "lamp",
        "any": "[{count: {at_least: 5, window: {days: 30}}}]",
        "source": "here",
    } | changes
    lines = "\n    ".join(f"{name}: {text}" for name, text in said.items() if text is not None)
    return f"thresholds:\n  - {lines}\n"


def read(text):
    return load.load(HEAD + text, "place")


def wrong(text):
    with pytest.raises(PolicyFault) as fault:
        read(text)
    return "\n".join(fault.value.problems)


def test_a_threshold_says_what_is_counted_about_whom_and_when_it_holds():
    some = (
        "[{count: {steps: [3, 5], window: {calendar: month}, categories: [missing, absent],"
        ' reported_to_police: true}}, {overnight: {from: "22:00", to: "06:00"}},'
        " {missing_for: {hours: 24}}, {exploitation: true}]"
    )
    when = "{age: {from: 10, to: 12}, looked_after: true, sex: female}"

    (one,) = read(threshold(about="home", any=some, when=when)).thresholds

    assert (one.id, one.about, one.basis, one.steps) == ("lamp", "home", Basis.local, (3, 5))
    assert one.any == (
        Count((3, 5), None, frozenset({"missing", "absent"}), True),
        Overnight(time(22), time(6)),
        MissingFor(timedelta(hours=24)),
        Exploitation(),
    )
    assert one.when == {
        "age": {10, 11, 12}, "looked_after": {True}, "sex": {"female"},
    }  # fmt: skip


def test_the_national_policies_have_no_thresholds_and_need_no_rule_about_them():
    for policy in load.shipped().each.values():
        assert policy.thresholds == ()
        assert not [text for text in problems(policy, Directory.shipped()) if "threshold" in text]


def test_a_threshold_of_the_policy_below_stands(tmp_path):
    (tmp_path / "below.yaml").write_text(
        (HEAD + threshold() + RULES).replace("place", "below"), encoding="utf-8"
    )
    above = tmp_path / "above.yaml"
    above.write_text(
        HEAD.replace("place", "above").replace("england\nvalid", "below\nvalid"), encoding="utf-8"
    )

    assert [one.id for one in load.load(above).thresholds] == ["lamp"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (threshold(about="hoem"), "place:10: unknown about 'hoem'; did you mean 'home'?"),
        (threshold(any="[{overnigt: {}}]"), "unknown criterion 'overnigt'; did you mean"),
        (threshold(any="[]"), "place:8: the list of criteria is empty"),
        (threshold(any="[{count: {window: {days: 9}}}]"), "a count has steps or at_least"),
        (threshold(any="[{count: {at_least: 0, window: {days: 9}}}]"), "a whole number from 1"),
        (threshold(any="[{count: {steps: [5, 3], window: {days: 9}}}]"), "steps of a count rise"),
        (threshold(any="[{count: {at_least: 3}}]"), "'window' is missing"),
        (threshold(any="[{count: {at_least: 3, window: {dayz: 9}}}]"), "unknown window 'dayz'"),
        (threshold(any="[{count: {at_least: 3, window: {days: 900}}}]"), "days is at most 366"),
        (threshold(any="[{count: {at_least: 3, window: {}}}]"), "a window is {days: 90} or"),
        (
            threshold(any="[{count: {at_least: 3, window: {calendar: year}}}]"),
            "unknown calendar 'year'",
        ),
        (
            threshold(any="[{count: {at_least: 3, window: {days: 9}, categories: [lost]}}]"),
            "unknown category 'lost'",
        ),
        (threshold(any="[{overnight: {from: 22, to: 6}}]"), 'a time of day is written as "06:00"'),
        (
            threshold(any='[{overnight: {from: "06:00", to: "06:00"}}]'),
            "overnight from and to are the same time",
        ),
        (threshold(any="[{missing_for: 24}]"), "a duration is written as"),
        (threshold(any="[{exploitation: false}]"), "exploitation is true, or left out"),
        (threshold(when="{agee: {from: 10}}"), "unknown condition 'agee'; did you mean 'age'?"),
        (threshold(when="{age: {from: 17, to: 10}}"), "age from is above age to"),
        (threshold(when="{age: 10}"), "an age is written as {from: 10, to: 17}"),
        (threshold(when="{sex: femal}"), "unknown sex 'femal'; did you mean 'female'?"),
        (threshold(source=None), "'source' is missing"),
        (threshold(source='""'), "source must not be empty"),
        (
            threshold(any="[{count: {steps: [3, 5], window: {days: 9}}},"
                          " {count: {at_least: 3, window: {days: 9}}}]"),
            "counts of one threshold have the same number of steps",
        ),
        (
            threshold() + threshold().partition("\n")[2],
            "place:10: threshold 'lamp' is already on line 7",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_with_its_line(text, said):
    assert said in wrong(text + (RULES if "steps" not in text else ""))


def test_a_rule_asks_only_for_thresholds_and_steps_that_there_are():
    assert "unknown threshold 'lmp'; did you mean 'lamp'?" in wrong(
        threshold() + RULES.replace("[lamp]", "[lmp]")
    )
    assert "place:12: no threshold has step 6: 5" in wrong(
        threshold() + RULES.replace("step: 5", "step: 6")
    )
    assert "only a rule about threshold.reached asks for threshold" in wrong(
        threshold() + RULES.replace("kind: threshold.reached", "kind: missing.return")
    )


def test_a_threshold_or_a_step_that_no_rule_is_about_is_a_gap():
    steps = threshold(any="[{count: {steps: [3, 5], window: {days: 90}}}]")
    policy = read(steps + RULES)

    assert "threshold lamp: no rule says what follows at step 3" in problems(
        policy, Directory.shipped()
    )


def test_a_rule_may_tell_one_certain_desk_and_an_unknown_one_is_a_gap():
    named = RULES.replace("lead-social-work", '"address:service.lamp/return-interviews"')
    policy = read(threshold() + named)

    (rule,) = policy.by_kind["threshold.reached"]
    assert recipient(rule.tell[0]) == "service.lamp/return-interviews"
    assert "follows: service.lamp/return-interviews is not in the directory" in problems(
        policy, Directory.shipped()
    )


def test_a_rule_is_shown_in_words_with_its_threshold_and_step():
    one = threshold(any="[{count: {at_least: 1, window: {days: 30}}}]")
    (rule,) = read(one + RULES.replace("step: 5", "step: 1")).by_kind["threshold.reached"]

    assert condition(rule, glossary()["facts"]) == "the threshold is lamp, the step is 1"


def test_an_address_that_is_none_is_refused():
    named = RULES.replace("lead-social-work", '"address:lamp"')

    assert "unknown role 'address:lamp'" in wrong(threshold() + named)
