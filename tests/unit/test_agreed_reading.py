"""Bands, levels, protocols and targets of an overlay: what is read, and each mistake's line."""

import pytest

from broker.policy.agreed import LongerThan, Past
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.model import Situation
from broker.policy.nodes import PolicyFault
from broker.policy.overlay import composed
from tests.examples import OVERLAY_HEAD

GOOD = (
    OVERLAY_HEAD
    + """\
bands:
  - {band: red, when: [{risk: high}, {age: {to: 12}}], source: S}
  - {band: green, source: S}
levels:
  likelihood: [{level: rare, means: never}, {level: likely, means: often}]
  source: S
protocols:
  - id: older
    name: The older protocol
    classes:
      - {counts_as: missing, category: absent, any: [{longer_than: {hours: 6}}, {past: "00:00"}]}
    source: S
targets:
  - {figure: debriefs/take-up, at_least: 90.5, by: 2027-03-31, how: In per cent, source: S}
rules:
  - id: ours-red
    when: {kind: missing.update, band: red}
    tell: [lead-duty-manager]
    basis: local
    source: S
"""
)  # fmt: skip


def problems(text):
    with pytest.raises(PolicyFault) as fault:
        load_overlay(text, "ours.yaml")
    return "\n".join(fault.value.problems)


def test_what_is_agreed_is_read():
    agreed = load_overlay(GOOD, "ours.yaml").agreed

    assert [band.name for band in agreed.bands] == ["red", "green"]
    assert agreed.scales["likelihood"].words == ("rare", "likely")
    (protocol,) = agreed.protocols
    assert [type(one) for one in protocol.classes[0].any] == [LongerThan, Past]
    (target,) = agreed.targets
    assert (target.figure, target.at_least, target.at_most) == ("debriefs/take-up", 90.5, None)


@pytest.mark.parametrize(
    ("facts", "band"),
    [
        ({"risk": "high"}, "red"),
        ({"risk": "low", "age": 12}, "red"),
        ({"risk": "low", "age": 13}, "green"),
        ({"risk": "low"}, "green"),  # no birth date is known
    ],
)
def test_the_first_band_that_fits_counts(facts, band):
    overlay = load_overlay(GOOD, "ours.yaml")
    policy = composed(overlay.base, [overlay])

    assert policy.banded(Situation("missing.update", **facts)).band == band
    told = {rule.id for rule in policy.matching(Situation("missing.update", **facts))}
    assert ("ours-red" in told) is (band == "red")


@pytest.mark.parametrize(
    ("was", "wrong", "words"),
    [
        ("risk: high", "stage: held", "unknown condition of a band 'stage'"),
        ("band: green, source", "band: green, when: {risk: low}, source", "last band has"),
        (", when: [{risk: high}, {age: {to: 12}}], source", ", source", "fits all others"),
        ("band: green", "band: red", "band 'red' is already on line"),
        ("level: likely, means", "level: rare, means", "level 'rare' is already on line"),
        ("level: likely, means: often", "level: likely", "'means' is missing"),
        ("counts_as: missing", "counts_as: lost", "unknown category 'lost'"),
        ('{past: "00:00"}', '{past: "midnight"}', 'a time of day is written as "06:00"'),
        ('{past: "00:00"}', "{after: 6}", "a moment is {longer_than: {hours: 6}}"),
        ("at_least: 90.5, ", "", "a target has at_least, at_most or both"),
        ("at_least: 90.5", "at_least: many", "a target is a number, such as 90 or -7.5"),
        ("debriefs/take-up", "Take-up", "a figure is named as report/figure"),
        ("band: red}", "band: blue}", "unknown band 'blue'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(was, wrong, words):
    assert was in GOOD
    text = GOOD.replace(was, wrong)

    found = problems(text)

    assert words in found
    assert found.startswith("ours.yaml:")


def test_two_overlays_that_may_meet_do_not_both_set_bands():
    other = GOOD.replace("ours-", "more-").replace("overlay: ours", "overlay: more")

    with pytest.raises(PolicyFault) as fault:
        with_overlays(shipped(), [load_overlay(GOOD, "a.yaml"), load_overlay(other, "b.yaml")])

    assert "both set the bands" in str(fault.value)
    assert "both set the levels of likelihood" in str(fault.value)


@pytest.mark.parametrize("role", ["home", "placement-school", "told", "sender"])
def test_what_was_said_before_goes_to_no_home_or_school(role):
    text = GOOD.replace("[lead-duty-manager]", f"[{{role: {role}, as_kind: earlier.interview}}]")

    assert "earlier.interview goes to a certain desk, and to no home or school" in problems(text)
