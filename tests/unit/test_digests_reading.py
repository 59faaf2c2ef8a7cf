"""The lists of each day in an overlay: what is wrong is said with its line."""

from datetime import time

import pytest

from broker.policy.load import load_overlay
from broker.policy.nodes import PolicyFault
from tests.examples import OVERLAY_HEAD, WALSALL

DAILY = f"""digests:
  - id: ours
    at: "07:00"
    to: [{WALSALL}/front-door]
    source: Our protocol, 2026.
"""


def test_a_list_has_an_hour_and_its_desks():
    (one,) = load_overlay(OVERLAY_HEAD + DAILY).digests

    assert (one.id, one.at, one.to) == ("ours", time(7), (f"{WALSALL}/front-door",))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('at: "07:00"', 'at: "7"', "policy:8: at is a time in London, written \"07:00\", not '7'"),
        (
            f"{WALSALL}/front-door",
            "lead-front-door",
            "policy:9: to names desks, such as la.E10000015/front-door, not 'lead-front-door'",
        ),
        ("source: Our protocol, 2026.", "source: ''", "policy:10: source must not be empty"),
        (
            "    source:",
            "    basis: law\n    source:",
            "policy:10: no law asks for a digest: its basis is local",
        ),
        ("id: ours", "hour: ours", "policy:7: unknown key 'hour'"),
    ],
)
def test_a_mistake_in_a_list_is_named_with_its_line(right, wrong, said):
    assert right in DAILY

    with pytest.raises(PolicyFault) as fault:
        load_overlay(OVERLAY_HEAD + DAILY.replace(right, wrong))

    assert any(one.startswith(said) for one in fault.value.problems)


def test_two_lists_of_one_name_are_a_mistake():
    twice = DAILY + DAILY.partition("\n")[2]

    with pytest.raises(PolicyFault, match="digest 'ours' is there twice"):
        load_overlay(OVERLAY_HEAD + twice)
