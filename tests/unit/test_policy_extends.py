"""A policy that extends another: what it takes over, what it replaces, adds and takes out."""

from itertools import pairwise
from pathlib import Path

import pytest

from broker.policy.load import load, shipped
from broker.policy.model import Basis, Policy
from broker.policy.nodes import PolicyFault

BELOW = """\
policy: below
version: below-1
nation: England
valid: {from: 2026-01-01}
early_review_at: 3
ladders:
  way:
    day: [{role: owner-duty-manager, after: {minutes: 0}}]
    night: [{role: owner-on-call-manager, after: {minutes: 0}}]
  other:
    day: [{role: owner-head-of-service, after: {minutes: 0}}]
    night: [{role: owner-on-call-manager, after: {minutes: 0}}]
rules:
  - id: first
    when:
      - {kind: missing.notification, category: missing}
      - {kind: missing.update, upgraded: true}
    tell: [lead-front-door]
    owe:
      - duty: answer
        owed_by: lead-front-door
        clock: {starts: sent, within: {minutes: 30}}
        met_by: [acting]
        ladder: way
    basis: local
    source: below
  - id: second
    when: {kind: missing.return}
    tell: [told]
    basis: local
    source: below
  - id: third
    when: {kind: iro.alert}
    tell: [lead-iro-service]
    owe:
      - duty: look
        owed_by: lead-iro-service
        clock: {starts: sent, working_days: 1}
        met_by: [acting]
        ladder: other
    basis: local
    source: below
"""
UPON = """\
policy: upon
version: upon-1
nation: England
valid: {from: 2026-02-01}
extends: below
"""
REPLACED = """
  - id: %s
    when: {kind: missing.return}
    tell: [acting]
    basis: local
    source: upon
"""
NATIONAL = """
  - id: interview
    when: {kind: missing.return}
    tell: [lead-return-interviews]
    basis: %s
    source: T14
"""


@pytest.fixture
def below(tmp_path: Path) -> Path:
    return written(tmp_path, "below", BELOW)


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(text)
    return file


def upon(below: Path, more: str = "", rules: str = "", head: str = UPON) -> Policy:
    return load(written(below.parent, "upon", head + more + (f"rules:{rules}" if rules else "")))


def problems(file: Path) -> list[str]:
    with pytest.raises(PolicyFault) as caught:
        load(file)
    return list(caught.value.problems)


def ids(policy: Policy) -> list[str]:
    return list(dict.fromkeys(rule.id for rule in policy.rules))


def test_it_takes_over_rules_ladders_and_values(below: Path) -> None:
    taken, base = upon(below, rules=REPLACED % "new"), load(below)

    assert taken.rules[:-1] == base.rules
    assert taken.ladders == base.ladders
    assert taken.early_review_at == 3
    assert taken.by_kind["iro.alert"] == base.by_kind["iro.alert"]


def test_every_rule_cites_the_policy_that_extends(below: Path) -> None:
    policy = upon(below, rules=REPLACED % "new")

    assert policy.version == "upon-1"
    assert policy.because(policy.rules[0]) == "first@upon-1"


def test_rules_of_its_own_come_last(below: Path) -> None:
    assert ids(upon(below, rules=REPLACED % "new")) == ["first", "second", "third", "new"]


def test_a_rule_with_the_same_id_takes_its_place_with_all_its_alternatives(below: Path) -> None:
    policy = upon(below, rules=REPLACED % "first")

    assert ids(policy) == ["first", "second", "third"]
    assert [rule.source for rule in policy.rules] == ["upon", "below", "below"]


def test_what_is_taken_out_is_gone_and_so_is_the_ladder_that_nothing_climbs(below: Path) -> None:
    policy = upon(below, "without: [third]\n", REPLACED % "new")

    assert ids(policy) == ["first", "second", "new"]
    assert set(policy.ladders) == {"way"}


def test_a_policy_may_extend_another_and_add_nothing(below: Path) -> None:
    assert ids(upon(below, "without: [second]\n")) == ["first", "third"]


def test_a_ladder_of_the_same_name_is_climbed_in_place_of_the_one_below(below: Path) -> None:
    ladder = """ladders:
  way:
    day: [{role: owner-head-of-service, after: {hours: 1}}]
    night: [{role: owner-on-call-manager, after: {hours: 1}}]
"""
    policy = upon(below, ladder, REPLACED % "new")

    assert policy.rules[0].owe[0].ladder == "way"
    assert [step.role for step in policy.ladders["way"].day] == ["owner-head-of-service"]
    assert policy.ladders["other"] == load(below).ladders["other"]


def test_a_value_of_its_own_counts(below: Path) -> None:
    assert upon(below, "early_review_at: 5\n", REPLACED % "new").early_review_at == 5


def test_a_ladder_of_the_policy_below_may_be_climbed(below: Path) -> None:
    rule = """
  - id: new
    when: {kind: identity.statement}
    tell: [lead-social-work]
    owe:
      - duty: look
        owed_by: lead-social-work
        clock: {starts: sent, working_days: 1}
        met_by: [acting]
        ladder: way
    basis: local
    source: upon
"""
    assert upon(below, rules=rule).rules[-1].owe[0].ladder == "way"


def test_the_digest_is_of_all_the_files_it_rests_on(below: Path) -> None:
    before = upon(below, rules=REPLACED % "new").digest
    below.write_text(BELOW + "# a remark\n")

    assert upon(below, rules=REPLACED % "new").digest != before


def test_a_shipped_policy_can_be_extended_from_anywhere() -> None:
    text = UPON.replace("below", "england") + "rules:" + REPLACED % "new"
    england = shipped().national("England")

    assert load(text).rules[: len(england.rules)] == england.rules


def test_nobody_takes_the_name_of_a_shipped_policy(tmp_path: Path) -> None:
    written(tmp_path, "england", BELOW)
    file = written(tmp_path, "upon", UPON.replace("below", "england") + "without: [first]\n")

    assert problems(file) == ["upon.yaml:6: unknown rule 'first'"]


@pytest.mark.parametrize(
    ("more", "rules", "problem"),
    [
        ("without: [secnd]\n", REPLACED % "new",
         "upon.yaml:6: unknown rule 'secnd'; did you mean 'second'?"),
        ("without: second\n", REPLACED % "new", "upon.yaml:6: here a list of rules is expected"),
        ("without: [second]\n", REPLACED % "second",
         "upon.yaml:6: rule 'second' is written anew, which replaces it already"),
        ("early_review_at: 0\n", REPLACED % "new",
         "upon.yaml:6: early_review_at must be a whole number from 1, not '0'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(below: Path, more: str, rules: str, problem: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        upon(below, more, rules)

    assert problem in caught.value.problems


def test_taking_out_rules_of_nothing_is_a_mistake(below: Path) -> None:
    below.write_text(BELOW.replace("early_review_at: 3", "without: [first]"))

    assert problems(below) == [
        "below.yaml:5: without takes out rules of the policy that it extends"
    ]


def test_a_policy_that_is_not_there_is_named(below: Path) -> None:
    file = written(below.parent, "upon", UPON.replace("below", "engand"))

    assert (
        "upon.yaml:5: there is no policy 'engand' to extend; did you mean 'england'?"
        in problems(file)
    )
    with pytest.raises(PolicyFault, match="policy:5: there is no policy 'below' to extend"):
        load(UPON)


def test_a_name_is_a_word_and_no_way_to_a_file(below: Path) -> None:
    file = written(below.parent, "upon", UPON.replace("below", "../below"))

    assert "upon.yaml:5: extends must be a word in small letters, not '../below'" in problems(file)


def test_mistakes_of_the_policy_below_are_named_in_its_own_file(below: Path) -> None:
    below.write_text(BELOW.replace("tell: [told]", "tell: [tolled]"))

    with pytest.raises(PolicyFault, match=r"^below\.yaml:29: unknown role 'tolled'"):
        upon(below, rules=REPLACED % "new")


def chain(folder: Path, *names: str) -> Path:
    """Each policy extends the next; the last one is whole."""
    for name, next in pairwise(names):
        written(folder, name, UPON.replace("upon", name).replace("below", next))
    return folder / f"{names[0]}.yaml"


def test_three_policies_may_be_extended_one_through_another(below: Path) -> None:
    assert load(chain(below.parent, "a", "b", "c", "below")).rules == load(below).rules


def test_a_longer_chain_is_a_mistake(below: Path) -> None:
    assert problems(chain(below.parent, "a", "b", "c", "d", "below")) == [
        "d.yaml:5: at most 3 policies are extended one through another"
    ]


def test_a_policy_that_comes_back_to_itself_is_a_mistake(tmp_path: Path) -> None:
    itself = chain(tmp_path, "a", "a")
    assert "a.yaml:5: policy 'a' would extend itself" in problems(itself)

    loop = chain(tmp_path, "a", "b", "a")
    assert "b.yaml:5: policy 'a' would extend itself" in problems(loop)


@pytest.mark.parametrize("basis", ["law", "statutory-guidance"])
def test_what_binds_in_one_nation_is_not_taken_over_by_another(below: Path, basis: str) -> None:
    below.write_text(BELOW + NATIONAL % basis)
    wales = UPON.replace("England", "Wales")

    with pytest.raises(PolicyFault) as caught:
        upon(below, rules=REPLACED % "new", head=wales)

    assert list(caught.value.problems) == [
        f"upon.yaml:5: rule 'interview' is {basis} of England and does not bind in Wales: "
        "write it anew with its own source, or name it under without"
    ]
    assert upon(below, rules=REPLACED % "new").rules[4].basis is Basis(basis)
    assert "interview" not in ids(upon(below, "without: [interview]\n", REPLACED % "new", wales))
    assert ids(upon(below, rules=REPLACED % "interview", head=wales))[-1] == "interview"
