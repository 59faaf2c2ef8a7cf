"""`top-n` and `top-ten-trend`: who is missing most, and whether the same children still are."""

from datetime import timedelta
from uuid import UUID

import pytest

from broker.directory import Directory
from broker.reports.catalogue import report_named
from broker.reports.facts import Episode, Facts, Start
from broker.reports.figures import Asked
from broker.reports.making import counted
from broker.reports.period import Period
from tests.examples import STAFFORDSHIRE, STOKE
from tests.scenarios.play import KEYS
from tests.scenarios.reports import report, rows, table, values
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import said, times, young

BIRMINGHAM, CHESHIRE_EAST = "la.E08000025", "la.E06000049"
HOME = "provider.SC999001"


def days(month, count):
    return [f"2026-{month:02d}-{day:02d}" for day in range(1, count + 1)]


@pytest.fixture
def quarter(stage):
    """July to September: fourteen children with six or more, and two with five each."""
    play = stage(at("2026-06-01 09:00"))
    thirteen = [times(young(f"{n}"), days(7, 6 + n % 3)) for n in range(12)]
    moved = [*times(young("L"), days(7, 3), area=STOKE), *times(young("L"), days(8, 3))]
    placed = times(
        young("M", by=BIRMINGHAM), days(7, 7), home=HOME, placed_by=BIRMINGHAM,
        risk_factors=("offending",),
    )  # fmt: skip
    fives = [times(young(name), days(9, 5), risk_factors=()) for name in ("15", "16")]
    away = times(young("N"), days(7, 9), area=CHESHIRE_EAST, home=HOME, placed_by=STAFFORDSHIRE)
    few = times(young("few"), days(7, 4))
    earlier = [*times(young("L"), ["2026-06-02", "2026-06-03"], area=STOKE),
               *times(young("0"), ["2026-06-02"])]  # fmt: skip
    said(play, *thirteen, moved, placed, *fives, away, few, earlier)
    play.clock.set(at("2026-10-05 09:00"))
    return play


@pytest.mark.report("top-n")
@pytest.mark.scheme("staffs-top-15")
@pytest.mark.trigger("staffs-top-15")
def test_the_top_fifteen_of_both_councils_are_sixteen_where_the_last_two_are_tied(quarter):
    """
    staffs-top-15: L, who moved from Stoke to Stafford with 3 + 3, is one line with 6.

    M, Birmingham's and placed in Stafford, is in; N, placed in Cheshire East, has 9 in the annex.
    The naive build ranks for each council and loses L.
    """
    made = report(quarter, "top-n", STAFFORDSHIRE, STOKE, period="2026-Q3")

    cohort = rows(made, "cohort")
    assert len(cohort) == 16
    assert [row[0] for row in cohort[-2:]] == ["15=", "15="]
    assert [row[2] for row in cohort[-2:]] == ["5", "5"]
    assert (values(made)["listed"], values(made)["tied"]) == ("16", "2/16")
    moved = who_moved(quarter, made)
    (line,) = [row for row in cohort if row[1] == moved]
    assert (line[2], line[3]) == ("6", "yes")
    assert [row[1:] for row in rows(made, "elsewhere")] == [("Cheshire East", "9")]
    assert "9" not in {row[2] for row in cohort}


@pytest.mark.report("top-n")
def test_a_cohort_is_compared_with_the_one_before_and_what_is_not_known_says_so(quarter):
    made = report(quarter, "top-n", STAFFORDSHIRE, STOKE, period="2026-Q3")

    assert values(made)["overlap"] == "2/16"
    assert values(made)["offending"] == "1/16"
    assert values(made)["offending/not-known"] == "13/16"
    assert [row[4] for row in rows(made, "cohort")].count("not known") == 13
    assert [row[4] for row in rows(made, "cohort")[-2:]] == ["no", "no"]  # asked, and none known
    assert table(made, "cohort").private


def test_for_one_council_alone_the_child_who_moved_has_what_was_there(quarter):
    made = report(quarter, "top-n", STOKE, period="2026-Q3")

    assert [row[2] for row in rows(made, "cohort")] == ["3"]


def who_moved(play, made):
    """The pseudonym under which a report shows the child who began in Stoke in June."""
    (child,) = {
        episode.child
        for episode in play.episodes()
        if episode.state.started_at == at("2026-06-02 20:00") and episode.state.lives_in == STOKE
    }
    return KEYS.pseudonym(child, made.asked.reader)


# -- ten children a year on


def episodes(child, year, count):
    start = at(f"{year}-01-01 12:00")
    for number in range(count):
        id = UUID(int=child * 100_000 + year * 100 + number)
        began = start + timedelta(days=number * 3)
        yield Episode(id, UUID(int=child), began, "missing", lives_in=STAFFORDSHIRE)


@pytest.mark.report("top-ten-trend")
@pytest.mark.scheme("gwent-board-reports")
def test_the_same_ten_children_fall_by_52_per_cent_and_ten_picked_again_by_7():
    """gwent-board-reports: both, with their lists. The naive build shows one of them."""
    said = [
        *(one for child in range(10) for one in episodes(child, 2025, 42)),
        *(one for child in range(10) for one in episodes(child, 2026, 20)),
        *(one for child in range(10, 20) for one in episodes(child, 2026, 39)),
    ]
    made = trend(said)

    assert values(made)["mean/before"] == "42.0"
    assert values(made)["mean/same-children"] == "20.0"
    assert values(made)["change/same-children"] == "-52"
    assert values(made)["mean/re-picked"] == "39.0"
    assert values(made)["change/re-picked"] == "-7"
    assert values(made)["falling"] == "10/10"
    assert len(made.figures["mean/same-children"].items) == 200
    assert len(made.figures["mean/re-picked"].items) == 390


@pytest.mark.report("top-ten-trend")
def test_of_a_cohort_that_stays_the_same_nobody_falls():
    same = [one for child in range(10) for year in (2025, 2026) for one in episodes(child, year, 9)]

    made = trend(same)

    assert values(made)["falling"] == "0/10"
    assert values(made)["change/same-children"] == "0"


def bare(episodes):
    return tuple(
        Start(one.id, one.child, one.started_at, one.category, lives_in=one.lives_in)
        for one in episodes
    )


def trend(said):
    asked = Asked(STAFFORDSHIRE, (STAFFORDSHIRE,), Period.parse("2026"), at("2027-01-10 09:00"))
    facts = Facts(asked, Directory.shipped(), episodes=tuple(said), trend=bare(said))
    return counted(report_named("top-ten-trend"), facts)
