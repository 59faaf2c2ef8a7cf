"""`monthly-missing`, as managers of Staffordshire read it."""

from datetime import timedelta

import pytest

from tests import examples
from tests.examples import STAFFORDSHIRE, STOKE
from tests.scenarios import thresholds as of
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at, back, missing

THREE = ("2025-12-31T23:50", "01-01T23:50", "03-31T23:50")


@pytest.fixture
def march(stage):
    """Staffordshire's D, placed in Stoke: three absences, and one that was reported late."""
    play = stage(at("2025-12-31T23:50"), policies=of.policies(of.STAFFS))
    for each in map(missing, THREE):
        play.say_now(each)
        play.say_now(examples.returned(each, at=each.last_seen_at + timedelta(hours=3)))
    late = missing("03-20T22:00", heard="04-02T10:00")
    play.say_at(at("04-02T10:00"), late, back(late, "03-21T01:00"))
    play.until(at("04-03T09:00"))
    return play


@pytest.mark.report("monthly-missing")
@pytest.mark.scheme("staffs-3-5-9")
def test_the_list_made_on_1_april_counts_two_and_made_again_on_3_april_three(march):
    """staffs-3-5-9: the March list shows D at 2, then at 3. A naive list cannot be made again."""
    first = report(march, "monthly-missing", STOKE, period="2026-03", as_at=at("04-01T09:00"))
    again = report(march, "monthly-missing", STOKE, period="2026-03")

    assert [row[2] for row in rows(first, "children")] == ["2"]
    assert [row[2] for row in rows(again, "children")] == ["3"]
    assert values(first)["missing/episodes"] == "1"
    assert values(again)["missing/episodes"] == "2"
    assert (values(first)["reached/3"], values(again)["reached/3"]) == ("0", "1")


@pytest.mark.report("monthly-missing")
def test_a_child_placed_elsewhere_is_in_the_annex_of_its_own_council(march):
    own = report(march, "monthly-missing", STAFFORDSHIRE, period="2026-03")

    assert values(own)["missing/episodes"] == "0"
    assert values(own)["elsewhere/episodes"] == "2"
    assert values(own)["elsewhere/children"] == "1"
