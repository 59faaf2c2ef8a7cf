"""The board of the Gwent Hub: the same ten children and the ten picked again, with their lists."""

from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from broker.directory import Directory
from broker.reports.catalogue import report_named
from broker.reports.facts import Episode, Facts
from broker.reports.figures import Area, Asked, Report
from broker.reports.making import counted
from broker.reports.period import Period
from tests.scenarios.reports import rows, values

NEWPORT = "la.W06000022"
_NAMES = UUID(int=7)


def absences(name, year, number):
    """So many absences of one child in a year, the first on its second day."""
    child, first = uuid5(_NAMES, name), Period.parse(str(year)).starts_at + timedelta(days=1)
    return [
        Episode(
            uuid5(child, f"{year} {at}"), child, first + timedelta(days=8 * at), "missing",
            lives_in=NEWPORT, lead=NEWPORT,
        )
        for at in range(number)
    ]  # fmt: skip


def update(episodes, period="2026", **supplied) -> Report:
    when = Period.parse(period)
    asked = Asked(NEWPORT, (NEWPORT,), when, when.ends_at, Area.in_area)
    facts = Facts(asked, Directory.shipped(), tuple(episodes), supplied=supplied)
    return counted(report_named("board-update"), facts)


@pytest.fixture
def two_years():
    """Ten children average 42 in 2025 and 20 in 2026, when ten others average 39."""
    then = [
        one for n in range(10) for one in absences(f"then {n}", 2025, 42 + (n % 3 - 1) * (n < 9))
    ]
    now = [one for n in range(10) for one in absences(f"then {n}", 2026, 20)]
    others = [one for n in range(10) for one in absences(f"now {n}", 2026, 39)]
    return [*then, *now, *others]


@pytest.mark.report("board-update")
@pytest.mark.scheme("gwent-board-reports")
def test_the_same_children_fell_by_52_per_cent_and_the_ten_picked_again_by_7(two_years):
    """gwent-board-reports: -52 % and -7 %, both with lists. Naive: one of them."""
    made = update(two_years)

    found = values(made)
    assert (found["mean/before"], found["mean/same-children"], found["mean/re-picked"]) == (
        "42.0", "20.0", "39.0",
    )  # fmt: skip
    assert (found["change/same-children"], found["change/re-picked"]) == ("-52", "-7")
    assert len(made.figures["change/same-children"].items) == 200
    assert len(made.figures["change/re-picked"].items) == 390


@pytest.mark.report("board-update")
@pytest.mark.scheme("gwent-prevention")
def test_what_no_agency_supplied_is_said_to_be_that_and_never_nought(two_years):
    made = update(two_years)

    asked_for = ("units-told", "schools-supported", "peer-education", "better-outcomes", "cost")
    assert {values(made)[name] for name in asked_for} == {"not supplied"}


@pytest.mark.report("board-update")
def test_whatever_else_agencies_count_stands_beside_with_its_source(two_years):
    made = update(two_years, figures={"workshops": {"count": 3, "source": "Llamau"}})

    assert values(made)["supplied/workshops"] == "3"
    assert {row[0]: row[4] for row in rows(made, "how")}["workshops, count"] == "Llamau"


@pytest.mark.report("board-update")
def test_each_figure_says_its_target_its_method_and_where_it_is_from(two_years):
    units = {"count": 9, "of": 12, "method": "rung up", "source": "Llamau", "collected": "30 June"}
    made = update(two_years, figures={"units-told": units}, targets={"units-told": 12})

    how = {row[0]: row[1:] for row in rows(made, "how")}
    told = how["residential units told of the protocol, homes"]
    assert told == ("9/12", "12", "rung up", "Llamau", "30 June")
    assert how["children assessed, children"][1:4] == (
        "none set", "counted from messages", "Homeward's ledger",
    )  # fmt: skip
