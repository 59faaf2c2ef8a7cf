"""`hot-spots` and `absence-by-placement`: where children go missing from, and what homes return."""

import pytest

from broker.reports.spots import places
from schemas.child import Place, Reference, Scheme
from tests.examples import STAFFORDSHIRE, STOKE, WALSALL, placement
from tests.scenarios.reports import report, rows, table, values
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import census, entry, gone, joined, said, times, young

H1, H4, FOSTERING = "provider.SC900001", "provider.SC900004", "provider.FA900009"
SCHOOL = Place(authority=STAFFORDSHIRE, description="Riverside School")


@pytest.fixture
def june(stage):
    """F, G and K live at H1; K, Walsall's, runs from school."""
    play = stage(at("2026-05-30 09:00"))
    joined(play, H1, area=STAFFORDSHIRE)
    here = {"home": H1, "placed_by": STAFFORDSHIRE}
    said(
        play,
        times(young("F"), ["2026-06-01", "2026-06-08", "2026-06-24"], **here),
        times(young("G"), ["2026-06-20"], **here),
        gone(
            young("K", by=WALSALL), "2026-06-30 14:00", home=H1, placed_by=WALSALL, place=SCHOOL,
            found=Place(authority=WALSALL, description="12 High Street, WS1 1AA"),
        ),
        gone(
            young("Z"), "2026-06-12 21:00",
            found=Place(authority=WALSALL, description="44a high street"),
        ),
    )  # fmt: skip
    return play


@pytest.mark.report("hot-spots")
@pytest.mark.scheme("staffs-hotspots-and-qa")
def test_by_placement_a_home_has_five_and_by_place_missing_from_four_and_the_school_one(june):
    """staffs-hotspots-and-qa: the naive build counts the place missing from only, and sees 4."""
    made = report(june, "hot-spots", STAFFORDSHIRE, period="2026-06")

    by_placement = {row[0]: row[1:] for row in rows(made, "placement")}
    assert by_placement[H1] == ("5", "3", "5/5", "2/5", "yes")
    missing_from = {row[0]: row[1] for row in rows(made, "from")}
    assert missing_from == {H1: "4", "Riverside School, Staffordshire": "1", "family home": "1"}
    assert values(made)["missing/episodes"] == "6"


@pytest.mark.report("hot-spots")
def test_a_street_is_one_place_however_it_is_written_and_no_house_is_named(june):
    made = report(june, "hot-spots", STAFFORDSHIRE, period="2026-06")

    found = {row[0]: row[1] for row in rows(made, "found")}
    assert found == {"High Street, Walsall": "2", "not stated": "4"}
    assert table(made, "found").private
    (spot,) = [
        spot
        for part in made.sections
        for chart in part.charts
        for spot in chart.spots
        if chart.name == "map-found"
    ]
    assert (spot.label, spot.figure.value) == ("Walsall", "2/6")
    assert (spot.latitude, spot.longitude) == pytest.approx((52.6, -1.97), abs=0.1)


@pytest.mark.report("hot-spots")
def test_a_place_with_one_child_is_shown_without_that_child(stage):
    play = stage(at("2026-05-30 09:00"))
    said(play, times(young("A"), [f"2026-06-{day:02d}" for day in range(1, 8)], place=SCHOOL))

    made = report(play, "hot-spots", STAFFORDSHIRE, period="2026-06")

    assert rows(made, "from") == [
        ("Riverside School, Staffordshire", "7", "1", "7/7", "0/7", "yes")
    ]


# -- what homes and foster carers return


def numbered(number):
    return Reference(holder=STAFFORDSHIRE, scheme=Scheme.la_person_id, value=f"P-{number}")


def listed(count):
    """So many absences of five children from July to September, nine of them missing."""
    for number in range(count):
        yield entry(
            f"H4-{number}", f"2026-{7 + number % 3:02d}-{1 + number % 28:02d} 21:00",
            child=numbered(number % 5), category="missing" if number < 9 else "absent",
        )  # fmt: skip


@pytest.mark.report("absence-by-placement")
@pytest.mark.scheme("staffs-sw140")
def test_foster_care_that_returns_nothing_is_no_return_and_not_nil(stage):
    """
    staffs-sw140: H4 returns 105 absences of 5 children, 9 missing, 21.0 a child.

    Of 14 foster placements 3 are returned nil and 11 not at all: the naive build shows 0 for all.
    """
    play = stage(at("2026-06-01 09:00"))
    joined(play, H4, FOSTERING, area=STAFFORDSHIRE)
    placed = [foster(number) for number in range(14)]
    lists = [
        census(H4, "2026-07-01", "2026-09-30", *listed(105), when="2026-10-05 10:00"),
        census(
            FOSTERING, "2026-07-01", "2026-09-30", when="2026-10-05 11:00",
            carers=("FC-0", "FC-1", "FC-2"),
        ),
    ]  # fmt: skip
    said(play, *placed, lists[0], lists[1])
    play.clock.set(at("2026-10-08 09:00"))

    made = report(play, "absence-by-placement", STAFFORDSHIRE, period="2026-Q3")

    home = {row[0]: row[1:] for row in rows(made, "homes")}[H4]
    assert home == ("105", "9", "5", "21.0", "8 h 00 min", "3/3", "returned")
    assert values(made)["foster/nil"] == "3/14"
    assert values(made)["foster/no-return"] == "11/14"
    by_carer = rows(made, "foster")
    nothing = "no return, late since Wed 7 Oct 2026 24:00 BST"
    assert [row[-1] for row in by_carer].count(nothing) == 11
    assert {row[1] for row in by_carer} == {"0", "no return"}
    assert values(made)["foster/absences"] == "0"


def foster(number):
    return placement(
        at("2026-06-02 10:00"), sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
        host_authority=STAFFORDSHIRE, home=None, carer=f"FC-{number}", type="U6",
        child=young(f"foster-{number}"), distance="own-area", approval=None,
    )  # fmt: skip


@pytest.mark.report("absence-by-placement")
def test_a_month_that_is_not_returned_makes_a_quarter_a_part(stage):
    play = stage(at("2026-06-01 09:00"))
    joined(play, H4, area=STAFFORDSHIRE)
    each = [
        census(H4, f"2026-0{month}-01", last, *some, when=f"2026-0{month + 1}-02 10:00")
        for month, last, some in (
            (7, "2026-07-31", [entry("a", "2026-07-03 20:00")]),
            (8, "2026-08-31", []),
        )
    ]
    said(play, *each)
    play.clock.set(at("2026-10-02 09:00"))

    made = report(play, "absence-by-placement", STAFFORDSHIRE, period="2026-Q3")

    ((*_, months, state),) = rows(made, "homes")
    assert (months, state) == ("2/3", "part returned, due Wed 7 Oct 2026 24:00 BST")


@pytest.mark.report("absence-by-placement")
@pytest.mark.scheme("salford-home")
def test_unequal_periods_are_compared_by_the_month_and_never_as_a_fall_of_100_per_cent(stage):
    """salford-home: 21 in 183 days (3.5 a month), none in 92; the naive build says -100 %."""
    play = stage(at("2011-11-30 09:00"))
    salford = "la.E08000006"
    joined(play, H1, area=salford, since="2011-01-01 09:00")
    of_months = [("2011-12", 4), ("2012-01", 4), ("2012-02", 4), ("2012-03", 3), ("2012-04", 3),
                 ("2012-05", 3)]  # fmt: skip
    said(
        play,
        *(
            times(
                young("S", born="1998-02-01", by=salford),
                [f"{month}-{3 * day:02d}" for day in range(1, count + 1)],
                area=salford, home=H1, placed_by=salford, sender="police.E23000005",
            )
            for month, count in of_months
        ),
    )  # fmt: skip
    play.clock.set(at("2012-09-03 09:00"))

    made = report(
        play, "absence-by-placement", salford, period="2012-06-01..2012-08-31",
        against="2011-12-01..2012-05-31",
    )  # fmt: skip

    assert rows(made, "two-times") == [(H1, "21", "3.5", "0", "0.0", "periods differ")]
    assert "183 and 92 days" in table(made, "two-times").note


def test_a_stay_in_another_area_is_in_that_areas_hot_spots(june):
    assert values(report(june, "hot-spots", STOKE, period="2026-06"))["missing/episodes"] == "0"


NEIGHBOURS = (
    ("Lancashire", "Blackburn with Darwen"), ("Leicestershire", "Leicester"), ("Kent", "Medway"),
    ("Devon", "Torbay"), ("Suffolk", "Norfolk"), ("Gloucestershire", "South Gloucestershire"),
    ("Hertfordshire", "Luton"), ("Warwickshire", "Coventry"), ("Worcestershire", "Herefordshire"),
    ("Oxfordshire", "Buckinghamshire"), ("Staffordshire", "Stoke-on-Trent"),
)  # fmt: skip


@pytest.mark.parametrize(("county", "beside"), NEIGHBOURS)
def test_a_county_stands_on_the_map_beside_its_neighbour(county, beside):
    by_name = {one.name: one for one in places()}
    one, other = by_name[county], by_name[beside]

    north = (one.latitude - other.latitude) * 111
    east = (one.longitude - other.longitude) * 68  # km, at this latitude

    assert (north**2 + east**2) ** 0.5 < 65
