"""A policy loads, or every mistake in it is named with file and line."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import Misuse
from broker.policy.facts import values_of
from broker.policy.load import load, shipped, together
from broker.policy.model import (
    Basis,
    Clock,
    Ladder,
    Owe,
    Policy,
    Situation,
    Start,
    Step,
    Tell,
    View,
)
from broker.policy.nodes import LARGEST, PolicyFault

GOOD = """\
policy: testland
version: testland-1
nation: England
valid: {from: 2026-01-01, to: 2026-12-31}
ladders:
  council:
    day: [{role: owner-duty-manager, after: {minutes: 0}}]
    night: [{role: owner-on-call-manager, after: {hours: 1, minutes: 30}}]
rules:
  - id: missing
    when: {kind: missing.notification, category: [missing, absent], looked_after: true}
    tell:
      - {role: lead-front-door, view: summary, wakes: true}
      - lead-social-work
      - {role: lead-iro-service, as_kind: iro.alert}
    owe:
      - duty: answer
        owed_by: lead-front-door
        clock: {starts: sent, within: {minutes: 30}, high: {minutes: 10}}
        met_by: [acting]
        ladder: council
      - duty: settle
        owed_by: sender
        clock: {starts: accepted, working_days: 2}
        met_by: ["missing.return:stage=closed"]
        ends_with_absence: false
    basis: statutory-guidance
    source: T9
  - id: returned
    when:
      - {kind: missing.return, stage: {not: closed}}
      - {kind: missing.update, upgraded: true}
    tell: [told]
    basis: local
    source: our own
"""


def problems(text: str) -> list[str]:
    with pytest.raises(PolicyFault) as caught:
        load(text, "test.yaml")
    return list(caught.value.problems)


def broken(old: str, new: str) -> list[str]:
    """The good policy with one place changed."""
    assert old in GOOD
    return problems(GOOD.replace(old, new, 1))


def good() -> Policy:
    return load(GOOD)


def test_a_policy_says_what_it_is() -> None:
    policy = good()

    assert (policy.version, policy.nation) == ("testland-1", "England")
    assert (policy.valid_from, policy.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert policy.because(policy.rules[0]) == "missing@testland-1"


def test_a_rule_is_read_whole() -> None:
    rule = good().rules[0]

    assert rule.when == {
        "kind": {"missing.notification"},
        "category": {"missing", "absent"},
        "looked_after": {True},
    }
    assert rule.tell == (
        Tell("lead-front-door", View.summary, wakes=True),
        Tell("lead-social-work"),
        Tell("lead-iro-service", as_kind="iro.alert"),
    )
    answer = Clock(Start.sent, timedelta(minutes=30), high=timedelta(minutes=10))
    settle = Clock(Start.accepted, working_days=2)
    closed = ("missing.return:stage=closed",)
    assert rule.owe == (
        Owe("answer", "lead-front-door", answer, ("acting",), "council"),
        Owe("settle", "sender", settle, closed, ends_with_absence=False),
    )
    assert (rule.basis, rule.source) == (Basis.statutory_guidance, "T9")


def test_a_ladder_is_read_by_day_and_by_night() -> None:
    assert good().ladders == {
        "council": Ladder(
            "council",
            day=(Step(timedelta(0), "owner-duty-manager"),),
            night=(Step(timedelta(minutes=90), "owner-on-call-manager"),),
        )
    }


def test_a_rule_with_alternatives_fits_any_of_them() -> None:
    policy = good()
    fits = [
        Situation("missing.return", stage="found"),
        Situation("missing.update", upgraded=True),
    ]
    misfits = [
        Situation("missing.return", stage="closed"),
        Situation("missing.update"),
    ]

    assert [[rule.id for rule in policy.matching(one)] for one in fits] == [["returned"]] * 2
    assert not any(policy.matching(one) for one in misfits)


def test_rules_are_found_under_each_kind_they_name() -> None:
    kinds = {kind: [rule.id for rule in rules] for kind, rules in good().by_kind.items()}

    assert kinds == {
        "missing.notification": ["missing"],
        "missing.return": ["returned"],
        "missing.update": ["returned"],
    }


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "testland.yaml"
    file.write_text(GOOD)

    assert load(file) == good()
    assert load(GOOD + "# a remark\n").digest != good().digest


def test_every_fact_of_a_situation_can_be_a_condition() -> None:
    nothing_said = Situation("missing.notification", sender="la")

    for fact in Situation.__dataclass_fields__.keys() - {"lacks"}:  # `require` asks for that
        assert getattr(nothing_said, fact) in values_of(fact)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("looked_after: true", "catagory: missing",
         "test.yaml:11: unknown condition 'catagory'; did you mean 'category'?"),
        ("[missing, absent]", "[mising]",
         "test.yaml:11: unknown category 'mising'; did you mean 'missing'?"),
        ("looked_after: true", "looked_after: yes",
         "test.yaml:11: looked_after must be true or false, not 'yes'"),
        ("looked_after: true", "risk: 3", "test.yaml:11: risk must be a text, not '3'"),
        ("kind: missing.notification, ", "", "test.yaml:11: 'kind' is missing"),
        ("kind: missing.notification", "kind: missing.notifcation",
         "test.yaml:11: unknown kind 'missing.notifcation'; did you mean 'missing.notification'?"),
        ("kind: missing.notification", "kind: receipt", "test.yaml:11: unknown kind 'receipt'"),
        ("[missing, absent]", "[]", "test.yaml:11: nothing fits 'category'"),
        ("stage: {not: closed}", "stage: {no: closed}",
         "test.yaml:31: unknown key 'no'; did you mean 'not'?"),
        ("role: lead-front-door", "role: lead-frontdoor",
         "test.yaml:13: unknown role 'lead-frontdoor'; did you mean 'lead-front-door'?"),
        ("- lead-social-work", "- lead-front-door",
         "test.yaml:14: role 'lead-front-door' is told twice in one rule"),
        ("- lead-social-work", "- owner-duty-manager",
         "test.yaml:14: role 'owner-duty-manager' has a meaning on a ladder only"),
        ("view: summary", "view: sumary",
         "test.yaml:13: unknown view 'sumary'; did you mean 'summary'?"),
        ("wakes: true", "wakes: 1", "test.yaml:13: wakes must be true or false, not '1'"),
        ("as_kind: iro.alert", "as_kind: iro.alarm",
         "test.yaml:15: unknown as_kind 'iro.alarm'; did you mean 'iro.alert'?"),
        ("tell: [told]", "tell: told", "test.yaml:33: here a list of recipients is expected"),
        ("tell: [told]", "tell: []", "test.yaml:33: the list of recipients is empty"),
        ("    tell: [told]\n", "",
         "test.yaml:29: rule 'returned' tells nobody and nobody owes anything"),
        ("owed_by: sender", "owed_by: acting",
         "test.yaml:23: role 'acting' is many: each owes only when its clock starts sent"),
        ("starts: sent", "starts: send",
         "test.yaml:19: unknown starts 'send'; did you mean 'sent'?"),
        ("within: {minutes: 30}", "within: 30",
         "test.yaml:19: a duration is written as {minutes: 30}, not '30'"),
        ("within: {minutes: 30}", "within: {}",
         "test.yaml:19: a duration is written as {minutes: 30}, {hours: 72} or {days: 1}"),
        ("within: {minutes: 30}", "within: {minute: 30}",
         "test.yaml:19: unknown unit 'minute'; did you mean 'minutes'?"),
        ("within: {minutes: 30}", "within: {minutes: 0}",
         "test.yaml:19: minutes must be a whole number from 1, not '0'"),
        ("within: {minutes: 30}", "within: {minutes: 1.5}",
         "test.yaml:19: minutes must be a whole number from 1, not '1.5'"),
        ("within: {minutes: 30}", "within: {days: 400}",
         "test.yaml:19: a duration is at most 366 days"),
        ("high: {minutes: 10}", "high: {hours: 1}",
         "test.yaml:19: high must be shorter than within"),
        (", working_days: 2", "", "test.yaml:24: a clock has within, working_days or days"),
        (", working_days: 2", ", working_days: 2, within: {days: 2}",
         "test.yaml:24: a clock has within or working_days or days, not two of them"),
        (", working_days: 2", ", working_days: 2, days: 2",
         "test.yaml:24: a clock has within or working_days or days, not two of them"),
        ("starts: accepted, working_days: 2", "starts: sent, days: 2",
         "test.yaml:24: days count from what happened, not from starts: sent"),
        ("working_days: 2", "within: {days: 1}, again: {days: 7}",
         "test.yaml:24: again goes with starts: began, and within"),
        ("starts: accepted, working_days: 2",
         "starts: began, within: {days: 2}, then: [{days: 1}], again: {days: 7}",
         "test.yaml:24: then names later times than within, in their order"),
        ("starts: accepted, working_days: 2", "starts: began, within: {days: 1}, then: [{days: 3}]",
         "test.yaml:24: then goes with again: how long after the last it comes back"),
        ("working_days: 2", "working_days: -1",
         "test.yaml:24: working_days must be a whole number from 1, not '-1'"),
        ("starts: accepted, working_days: 2", "starts: stated",
         "test.yaml:24: a clock has within, working_days or days"),
        ("owed_by: sender\n        clock: {starts: accepted",
         "owed_by: home\n        clock: {starts: sent",
         "test.yaml:17: duty 'settle' starts when sent, but 'home' is told nothing here"),
        ("[acting]", "[actin]",
         "test.yaml:20: unknown answer or kind 'actin'; did you mean 'acting'?"),
        ("[acting]", "[not-ours]", "test.yaml:20: unknown answer or kind 'not-ours'"),
        ("[acting]", "[]", "test.yaml:20: the list of met_by is empty"),
        ("stage=closed", "stag=closed",
         "test.yaml:25: MissingReturn has no field 'stag'; did you mean 'stage'?"),
        ("stage=closed", "stage=close",
         "test.yaml:25: unknown stage 'close'; did you mean 'closed'?"),
        ("stage=closed", "place.town", "test.yaml:25: MissingReturn has no field 'place.town'"),
        ("ladder: council", "ladder: counsil",
         "test.yaml:21: unknown ladder 'counsil'; did you mean 'council'?"),
        ("basis: local", "basis: low", "test.yaml:34: unknown basis 'low'; did you mean 'law'?"),
        ("    basis: local\n", "", "test.yaml:29: 'basis' is missing"),
        ("    source: our own\n", "", "test.yaml:29: 'source' is missing"),
        ("source: our own", 'source: " "', "test.yaml:35: source must not be empty"),
        ("source: T9", "source: the guidance",
         "test.yaml:28: basis statutory-guidance: source must name a row (T14) or a document with "
         "its year"),
        ("id: returned", "id: missing", "test.yaml:29: rule 'missing' is already on line 10"),
        ("id: returned", "id: Re turned",
         "test.yaml:29: id must be a word in small letters, not 'Re turned'"),
        ("    source: our own", "    source: our own\n    basis: law",
         "test.yaml:36: 'basis' is here twice"),
        ("    source: our own", "    source: our own\n    tel: [told]",
         "test.yaml:36: unknown key 'tel'; did you mean 'tell'?"),
        ("after: {minutes: 0}}]", "after: {minutes: 0}}, {role: owner-duty-manager, after: "
         "{hours: 1}}]", "test.yaml:7: role 'owner-duty-manager' is on the ladder twice"),
        ("after: {minutes: 0}}]", "after: {hours: 2}}, {role: police-of-place, after: {hours: 1}}]",
         "test.yaml:7: the steps of a ladder are in order of time"),
        ("role: owner-duty-manager", "role: told",
         "test.yaml:7: role 'told' is many: here one desk is named"),
        ("version: testland-1", "version: wonderland-1",
         "test.yaml:2: version must start with 'testland-'"),
        ("nation: England", "nation: Engeland",
         "test.yaml:3: unknown nation 'Engeland'; did you mean 'England'?"),
        ("from: 2026-01-01", "from: soon",
         "test.yaml:4: a day is written as 2026-01-31, not 'soon'"),
        ("to: 2026-12-31", "to: 2025-12-31", "test.yaml:4: valid to lies before valid from"),
        ("valid: {from", "valide: {from",
         "test.yaml:4: unknown key 'valide'; did you mean 'valid'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(old: str, new: str, problem: str) -> None:
    assert problem in broken(old, new)


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("England", "Atlantis").replace("lead-social-work", "lead-social")
    text = text.replace("basis: local", "basis: lokal")

    assert [problem.split(":")[1] for problem in problems(text)] == ["3", "14", "34"]


def test_a_fault_of_a_policy_is_a_misuse_that_says_everything() -> None:
    with pytest.raises(Misuse, match=r"^test\.yaml:3: .*\ntest\.yaml:34: "):
        load(GOOD.replace("England", "X").replace("basis: local", "basis: X"), "test.yaml")


def test_a_clock_that_only_runs_when_a_time_is_stated_needs_no_other() -> None:
    text = GOOD.replace("starts: accepted, working_days: 2", "starts: stated")
    text = text.replace("looked_after: true", "review_stated: true", 1)

    assert load(text).rules[0].owe[1].clock == Clock(Start.stated)


WORK = """\
policy: work
version: work-1
nation: England
valid: {from: 2026-01-01}
early_review_at: 3
rules:
  - id: interview
    when: {kind: return-interview.outcome, stage: [held, accepted], concern_about_carer: "no"}
    tell:
      - told
      - {role: home, view: released}
      - {role: police-missing-unit, view: intelligence}
    owe:
      - duty: share
        owed_by: told
        clock: {starts: sent, working_days: 3}
        met_by: ["return-interview.outcome:stage=held&independent=true", "referral:to=health"]
        excused_by: ["return-interview.outcome:stage=not-held&reason=gone-again"]
        until_18: true
        each: true
    basis: local
    source: our own
"""


def test_a_duty_says_what_excuses_it_when_it_ends_and_whether_each_message_makes_one() -> None:
    (rule,) = load(WORK).rules

    assert rule.owe == (
        Owe(
            duty="share",
            owed_by="told",
            clock=Clock(Start.sent, working_days=3),
            met_by=(
                "return-interview.outcome:stage=held&independent=true",
                "referral:to=health",
            ),
            excused_by=("return-interview.outcome:stage=not-held&reason=gone-again",),
            until_18=True,
            each=True,
        ),
    )
    assert rule.tell[1:] == (
        Tell("home", View.released),
        Tell("police-missing-unit", View.intelligence),
    )


def test_a_policy_says_from_how_many_absences_an_early_review_is_asked() -> None:
    assert load(WORK).early_review_at == 3
    assert good().early_review_at is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("starts: sent", "starts: accepted",
         "test.yaml:15: role 'told' is many: each owes only when its clock starts sent"),
        ("independent=true", "independent=yes", "test.yaml:17: unknown independent 'yes'"),
        ("independent=true", "independant=true",
         "test.yaml:17: ReturnInterviewOutcome has no field 'independant'; did you mean "
         "'independent'?"),
        ("&independent=true", "&", "test.yaml:17: ReturnInterviewOutcome has no field ''"),
        ("to=health", "to=healt", "test.yaml:17: unknown to 'healt'; did you mean 'health'?"),
        ("gone-again", "gone", "test.yaml:18: unknown reason 'gone'"),
        ("stage=not-held&reason=gone-again", "stage=held&independent=true",
         "test.yaml:18: 'return-interview.outcome:stage=held&independent=true' meets the duty, so "
         "it does not excuse it"),
        ('["return-interview.outcome:stage=not-held&reason=gone-again"]', "[]",
         "test.yaml:18: the list of excused_by is empty"),
        ("until_18: true", "until_18: 18",
         "test.yaml:19: until_18 must be true or false, not '18'"),
        ("each: true", "each: day", "test.yaml:20: each must be true or false, not 'day'"),
        ("early_review_at: 3", "early_review_at: often",
         "test.yaml:5: early_review_at must be a whole number from 1, not 'often'"),
        ("view: released", "view: relesed",
         "test.yaml:11: unknown view 'relesed'; did you mean 'released'?"),
        ('"no"', '"yes, perhaps"', "test.yaml:8: unknown concern_about_carer 'yes, perhaps'"),
        ("id: interview", f"id: {'interview' * 9}", "test.yaml:7: id is at most 80 letters long"),
        ("duty: share", f"duty: {'share' * 9}", "test.yaml:14: duty is at most 40 letters long"),
        ("version: work-1", f"version: work-{'1' * 40}",
         "test.yaml:2: version is at most 39 letters long"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_is_owed_is_named(old: str, new: str, problem: str) -> None:
    assert WORK.count(old) == 1
    found = problems(WORK.replace(old, new))
    assert any(one.startswith(problem) for one in found), found


@pytest.mark.parametrize(
    ("fact", "word"),
    [
        ("stage", "closed"),
        ("stage", "not-referred"),
        ("stage", "made"),
        ("result", "not-done"),
        ("reason", "seen-by-other-force"),
        ("reason", "low-risk"),
        ("to", "allegations-officer"),
        ("type", "strategy"),
        ("concern_about_carer", "not-known"),
        ("need_to_know", True),
    ],
)
def test_words_of_every_kind_of_message_can_be_asked_for(fact: str, word: object) -> None:
    assert word in values_of(fact)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "test.yaml:1: empty"),
        ("# only a remark\n", "test.yaml:1: empty"),
        ("a: [1\n", "test.yaml:2: not YAML"),
        ("a: b: c\n", "test.yaml:1: not YAML"),
        ("a: 1\n--- \nb: 2\n", "test.yaml:2: not YAML"),
        ("a: \x07\n", "test.yaml:1: not YAML"),
        ("- a\n- b\n", "test.yaml:1: here a mapping is expected"),
        ("a: &x 1\nb: *x\n", "test.yaml:1: anchors and aliases are not used here"),
        ("a: 1\nb: *x\n", "test.yaml:2: anchors and aliases are not used here"),
        ("a: !!python/object:os.system ls\n", "test.yaml:1: tags are not used here"),
        ("a:\n" + " [" * 100, "test.yaml:2: nested too deep"),
        ("a: " + "[" * 500_000, "test.yaml:1: nested too deep"),
        ("#" * (LARGEST + 1), "test.yaml:1: larger than"),
    ],
)
def test_what_is_no_plain_yaml_is_refused(text: str, problem: str) -> None:
    assert problems(text)[0].startswith(problem)


def test_words_of_an_older_yaml_are_no_truth_values() -> None:
    text = "%YAML 1.1\n---\n" + GOOD.replace("wakes: true", "wakes: on")

    assert "test.yaml:15: wakes must be true or false, not 'on'" in problems(text)


@given(st.data())
def test_a_policy_with_anything_cut_out_or_put_in_loads_or_is_a_fault(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 40)))
    junk = data.draw(st.text("{}[]:,-?&*!|>'\"%@# \n\t~<=x0é\x00", max_size=6))
    fault = PolicyFault([])
    try:
        load(GOOD[:start] + junk + GOOD[end:])
    except PolicyFault as caught:
        fault = caught
    assert all(re.match(r"policy:[0-9]+: ", problem) for problem in fault.problems)


def test_the_policies_of_both_nations_are_shipped() -> None:
    policies = shipped()

    assert set(policies.each) == {"England", "Wales"}
    assert all(policies.national(nation).nation == nation for nation in policies.each)
    assert policies.national("Atlantis") is policies.national("England")
    assert policies.version == "+".join(policy.version for policy in policies.each.values())
    assert len(policies.version) <= 80


def test_the_digest_of_all_hangs_on_each_of_them_and_not_on_their_order() -> None:
    england, wales = shipped().each.values()

    assert together([wales, england]).digest == shipped().digest
    assert together([england, replace(wales, digest="another")]).digest != shipped().digest


def test_of_one_nation_the_last_policy_counts() -> None:
    assert together([*shipped().each.values(), good()]).national("England") == good()


def test_a_key_that_is_no_word_is_refused() -> None:
    assert "test.yaml:1: a key is a word" in problems("? [a, b]\n: 1\n")


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.yaml"
    garbage.write_bytes(b"policy: \xff\xfe")

    for file in (tmp_path / "none.yaml", garbage):
        with pytest.raises(PolicyFault, match=f"^{file.name}:1: cannot be read"):
            load(file)


@pytest.mark.parametrize(
    ("when", "tell"),
    [
        ("{kind: child.profile}", "[{role: home, view: summary}]"),
        ("{kind: child.profile}", "[{role: police-of-place, as_kind: child.profile}]"),
        ("{kind: child.profile, still_missing: true}", "[lead-social-work]"),
        ("{kind: missing.notification}", "[{role: home, as_kind: child.profile}]"),
        (
            "{kind: missing.notification}",
            "[{role: police-of-place, as_kind: child.profile, view: summary}]",
        ),
    ],
)
def test_what_is_kept_ready_cannot_be_told_in_any_other_way(when: str, tell: str) -> None:
    text = f"""
policy: test
version: test-1
nation: England
valid: {{from: 2026-01-01}}
rules:
  - id: leak
    when: {when}
    tell: {tell}
    basis: local
    source: "None."
"""
    with pytest.raises(PolicyFault, match=r"child\.profile"):
        load(text)
