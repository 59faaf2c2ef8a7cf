"""`quarterly-missing` and `monthly-missing` of Staffordshire, by the numbers of its framework."""

import pytest
from structlog.testing import capture_logs

from broker.ledger import agencies
from schemas.child import Place, Residence
from tests import examples
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, WALSALL
from tests.scenarios.play import Play
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at, at_home, child

CHESHIRE_EAST = "la.E06000049"
LICHFIELD_HOME = "provider.SC999010"
AWAY_HOME = "provider.SC999011"
QUARTER = "2026-Q3"


def person(number, birth_date, **changes):
    return child(number, birth_date=birth_date, given_name=f"Child{number}", **changes)


P, R, S, T = (
    person(1, "2011-01-10"),
    person(2, "2014-02-10"),
    person(3, "2012-03-10"),
    person(4, "2010-04-10"),
)
V = examples.child(given_name="Val", birth_date="2012-01-20", references=(
    {"holder": WALSALL, "scheme": "la-person-id", "value": "W-22"},))  # fmt: skip


def in_district(district):
    return {"place": Place(authority=STAFFORDSHIRE, district=district)}


def told_off(play, report, ends):
    """Missing, and back."""
    play.say_now(report)
    play.say_now(examples.returned(report, at=at(ends)))


def interviewed(play, report, when, stage="held", **changes):
    play.say_now(examples.interview(report, stage, at=at(when), sender=STAFFORDSHIRE, **changes))


def in_home(of, starts, home, area, lead):
    """The home reports a looked-after child who lives there."""
    return examples.notification(
        at(starts),
        child=of,
        sender=home,
        from_address=f"{home}/night-staff",
        last_seen_at=at(starts),
        lives=Residence(authority=area, home=home),
        place=Place(authority=area, district="Lichfield" if area == STAFFORDSHIRE else None),
        responsible_authority=lead,
        police_report=None,
        episode=f"{home} {starts}",
    )


@pytest.fixture(scope="module")
def quarter(copies):
    """The children of the framework's proof, July to September 2026."""
    with capture_logs():
        play = Play(copies(), at("06-30T12:00"))
        _played(play)
        yield play
        play.ledger.close()


def _played(play):
    with play.ledger.writing() as connection:
        for home, area in ((LICHFIELD_HOME, STAFFORDSHIRE), (AWAY_HOME, CHESHIRE_EAST)):
            agencies.add(connection, home, home, area, {}, play.clock.now())
    play.say(
        examples.placement(
            at("06-30T12:00"), child=V, host_authority=STAFFORDSHIRE, home=LICHFIELD_HOME,
            starts_at=at("07-01T10:00"), provider="PR4",
        )
    )  # fmt: skip
    firsts = [at_home(f"07-{day}T20:00", P, **in_district("Stafford")) for day in (10, 12, 14)]
    for day, one in zip((11, 13, 15), firsts, strict=True):
        told_off(play, one, f"07-{day}T02:00")
    interviewed(play, firsts[0], "07-12T10:00", push_factors=("boredom",))
    interviewed(play, firsts[2], "07-17T10:00", pull_factors=("friends",))
    # U, R's brother, is named in the incident, and never left: nothing is said of him by itself.
    named = {"incident": "SP-2026-77", "circumstances": "Left a brother at home"}
    refuses = at_home("08-03T21:00", R, **in_district("Tamworth"), **named)
    told_off(play, refuses, "08-04T01:00")
    interviewed(play, refuses, "08-05T10:00", "declined")
    absent = at_home("08-10T21:00", T, category="absent", **in_district("Stafford"))
    told_off(play, absent, "08-10T23:00")
    interviewed(play, absent, "08-11T10:00")
    for day in (1, 5):
        away = in_home(S, f"09-0{day}T20:00", AWAY_HOME, CHESHIRE_EAST, STAFFORDSHIRE)
        told_off(play, away, f"09-0{day}T23:30")
    late = in_home(V, "09-30T23:00", LICHFIELD_HOME, STAFFORDSHIRE, WALSALL)
    told_off(play, late, "10-02T09:00")
    interviewed(play, late, "10-04T12:00", push_factors=("problems-in-care", "boredom"))
    play.until(at("10-06T09:00"))


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
