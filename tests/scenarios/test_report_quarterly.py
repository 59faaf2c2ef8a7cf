"""`quarterly-missing` and `monthly-missing` of Staffordshire, by the numbers of its framework."""

import pytest

from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, WALSALL
from tests.scenarios.framework import CHESHIRE_EAST, QUARTER
from tests.scenarios.reports import report, rows, values


@pytest.mark.scheme("staffs-performance-framework")
@pytest.mark.report("quarterly-missing")
def test_the_quarter_of_staffordshire_counts_children_and_episodes_apart(quarter):
    """staffs-performance-framework. Naive: counts S, drops V, or puts V's interview elsewhere."""
    made = report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER)
    said = values(made)

    assert (said["missing/episodes"], said["missing/children"]) == ("5", "3")
    assert (said["absent/episodes"], said["absent/children"]) == ("1", "1")
    assert said["within-a-day/episodes"] == "4/5"
    assert said["interviewed/children"] == "2/3"
    assert said["interviewed/episodes"] == "3/5"
    for name in ("other-authority", "lives/independent-home"):
        assert (said[f"{name}/children"], said[f"{name}/episodes"]) == ("1/3", "1/5")
    assert said["earlier/children"] == "1/3"
    assert (said["elsewhere/episodes"], said["elsewhere/children"]) == ("2", "1")


@pytest.mark.report("quarterly-missing")
def test_a_quarter_has_every_column_of_the_framework(quarter):
    made = report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER)
    said = values(made)

    assert {row[0]: row[1:] for row in rows(made, "district")} == {
        "Stafford": ("1/3", "3/5"), "Tamworth": ("1/3", "1/5"), "Lichfield": ("1/3", "1/5"),
    }  # fmt: skip
    assert {row[0]: row[1:] for row in rows(made, "age")} == {
        "12": ("1/3", "1/5"), "14": ("1/3", "1/5"), "15": ("1/3", "3/5"),
    }  # fmt: skip
    assert (said["age-12-16/children"], said["age-12-16/episodes"]) == ("3/3", "5/5")
    assert {row[0]: row[1] for row in rows(made, "reasons")} == {
        "boredom": "2/3", "friends": "1/3", "problems in care": "1/3",
    }  # fmt: skip
    assert said["interviewed-in-time/episodes"] == "3/5"
    assert rows(made, "trend")[-1] == (QUARTER, "3", "5", "1", "1")
    assert rows(made, "trend")[0] == ("2025-Q3", "0", "0", "0", "0")
    assert rows(made, "year-to-date") == [("missing", "3", "5"), ("absent", "1", "1")]


@pytest.mark.report("quarterly-missing")
def test_every_figure_has_the_list_behind_it(quarter):
    made = report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER)

    for figure in made.figures.values():
        assert figure.count == len(figure.items)
        assert figure.of is None or figure.of == len(figure.of_items)
        assert len({item.key for item in figure.items}) == len(figure.items)
        assert {i.key for i in figure.items} <= {i.key for i in figure.of_items or figure.items}


@pytest.mark.scheme("staffs-performance-framework")
@pytest.mark.report("monthly-missing")
def test_each_month_has_those_who_went_missing_in_it(quarter):
    """staffs-performance-framework: V's absence of 30 September is September's, to October."""
    months = [
        values(report(quarter, "monthly-missing", STAFFORDSHIRE, period=f"2026-{month}"))
        for month in ("07", "08", "09", "10")
    ]

    assert [said["missing/episodes"] for said in months] == ["3", "1", "1", "0"]
    assert [said["reached/3"] for said in months] == ["1", "0", "0", "0"]


def test_the_own_children_of_a_council_are_counted_wherever_they_live(quarter):
    own = values(report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER, area="own"))
    walsall = values(report(quarter, "quarterly-missing", WALSALL, period=QUARTER, area="own"))

    assert (own["missing/episodes"], own["missing/children"]) == ("6", "3")
    assert (walsall["missing/episodes"], walsall["interviewed/episodes"]) == ("1", "1/1")


def test_a_joint_report_counts_a_child_of_both_once(quarter):
    joint = values(
        report(quarter, "quarterly-missing", STAFFORDSHIRE, CHESHIRE_EAST, period=QUARTER)
    )

    assert (joint["missing/episodes"], joint["missing/children"]) == ("7", "4")
    assert joint["elsewhere/episodes"] == "0"


def test_the_report_of_a_force_is_of_all_councils_in_its_area(quarter):
    said = values(report(quarter, "quarterly-missing", STAFFORDSHIRE_POLICE, period=QUARTER))

    assert said["missing/episodes"] == "5"


@pytest.mark.parametrize(
    ("name", "tables"),
    [
        ("quarterly-missing", {"district"}),
        ("hot-spots", {"district"}),
        ("audit", {"district", "ethnicity"}),
    ],
)
def test_rows_that_are_named_by_what_reporters_wrote_are_known_as_that(quarter, name, tables):
    made = report(quarter, name, STAFFORDSHIRE, period=QUARTER)

    assert {t.name for part in made.sections for t in part.tables if t.as_written} == tables
