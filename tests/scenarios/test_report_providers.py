"""`provider-forum`, `provider-returns`, `differences`, `national`: homes, lists, and the whole."""

from datetime import date

import pytest

from broker.ledger import agencies
from schemas.child import Place
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL
from tests.scenarios.reports import report, rows, table, values
from tests.scenarios.test_undone import taken_back
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import census, checked, entry, gone, joined, said, young

H1, H2, H3, H5, H6 = (f"provider.SC90000{n}" for n in (1, 2, 3, 5, 6))
WEST_MIDLANDS = "police.E23000014"


@pytest.mark.report("provider-forum")
@pytest.mark.scheme("staffs-provider-forum")
def test_a_home_that_was_not_asked_has_a_number_and_counts_in_the_total(stage):
    """staffs-provider-forum: H1 and H2 agreed; H3 joined on 10 June. The naive build drops H3."""
    play = stage(at("2026-04-01 09:00"))
    joined(play, H1, H2, area=STAFFORDSHIRE)
    joined(play, H3, area=STAFFORDSHIRE, since="2026-06-10 09:00")
    with play.ledger.writing() as connection:
        agencies.add(
            connection, STAFFORDSHIRE_POLICE, "Staffordshire Police", None,
            {"contact.sc900002": {}}, at("2025-01-01 09:00"),
        )  # fmt: skip
    s = gone(young("S"), "2026-06-20 02:15", home=H2, placed_by=STAFFORDSHIRE, sender=H2)
    first = gone(young("W", by=WALSALL), "2026-05-02 20:00", home=H1, placed_by=WALSALL)
    second = gone(young("V"), "2026-05-03 20:00", home=H1, placed_by=STAFFORDSHIRE)
    third = gone(young("T"), "2026-06-15 20:00", home=H3, placed_by=STAFFORDSHIRE)
    said(play, s, first, second, third, [checked(first[0], "2026-05-03 18:00")])
    play.clock.set(at("2026-07-06 09:00"))

    agreed = {H1: date(2026, 4, 1), H2: date(2026, 6, 30), H3: date(2026, 7, 1)}
    made = report(
        play, "provider-forum", STAFFORDSHIRE, period="2026-Q2", identify_homes=agreed
    )  # fmt: skip

    by_home = {row[0]: row[1:] for row in rows(made, "homes")}
    assert by_home == {
        H1: ("2", "2", "2", "1/2", "none"),
        H2: ("1", "1", "1", "0/1", "yes"),
        "home 3": ("1", "1", "1", "0/1", "none"),
    }
    assert values(made)["missing/episodes"] == "4"
    assert values(made)["homes"] == "3"
    assert "2 of 3 homes" in table(made, "homes").note
    assert not any(row[0] == H3 for row in rows(made, "homes"))


# -- lists


@pytest.mark.report("provider-returns")
@pytest.mark.scheme("of-provider-returns")
def test_six_and_six_of_which_five_match_differ_in_two_and_nothing_sent_is_no_return(stage):
    """of-provider-returns: 6 = 6 and no difference, says the naive build."""
    play = stage(at("2026-04-01 00:00"))
    joined(play, H5, H6, area=STOKE)
    joined(play, H1, area=STOKE, since="2026-05-01 09:00")
    days = [f"2026-{day}" for day in ("04-11", "04-25", "05-09", "05-30", "06-06")]
    ours = [
        gone(young(str(n)), f"{day} 20:00", home=H5, area=STOKE, placed_by=STAFFORDSHIRE,
             sender=H5, episode=f"H5-{n}")
        for n, day in enumerate(days)
    ]  # fmt: skip
    missed = gone(young("9"), "2026-06-20 20:00", home=H5, area=STOKE, placed_by=STAFFORDSHIRE)
    theirs = [entry(f"H5-{n}", f"{day} 20:00") for n, day in enumerate(days)]
    theirs.append(entry("H5-X", "2026-06-27 20:00"))
    said(play, *ours, missed)
    said(play, [census(H5, "2026-04-01", "2026-06-30", *theirs, when="2026-07-02 09:00")])
    play.until(at("2026-07-09 09:00"))

    made = report(play, "provider-returns", STOKE, period="2026-Q2")

    by_home = {row[0]: row[1:] for row in rows(made, "homes")}
    assert by_home[H5] == ("returned", "6", "6", "5", "0", "1", "1")
    nothing = "no return, late since Tue 7 Jul 2026 24:00 BST"
    assert by_home[H6] == (nothing, *["no return"] * 6)
    assert by_home[H1][0] == "not owed"
    figures = values(made)
    assert figures["returned"] == f"1/{figures['due']}"
    assert figures["none"] == f"{int(figures['due']) - 1}/{figures['due']}"
    assert figures["nil"] == f"0/{figures['due']}"

    told = report(play, "differences", STOKE, period="2026-Q2")
    assert [row[1:] for row in rows(told, "senders")] == [("6", "6", "5", "1", "1", "0")]


@pytest.fixture
def siblings(stage):
    """Three of one incident; the youngest was at an aunt's, and one is found by another force."""
    play = stage(at("2026-06-01 00:00"))
    each = [
        gone(
            young(f"sibling-{age}", born=f"{2026 - age}-01-02"), "2026-06-09 20:00",
            area=STAFFORDSHIRE, episode=f"SP-7/{age}", incident="SP-7",
            found=Place(authority=WALSALL) if age == 12 else None,
        )
        for age in (9, 12, 15)
    ]  # fmt: skip
    young_one = [each[0][0], taken_back(each[0][0], at("2026-06-09 21:30"))]
    said(play, young_one, each[1], each[2])
    listed = [
        entry(f"SP-7/{age}", "2026-06-09 20:00", category="absent" if age == 15 else "missing",
              authority=STAFFORDSHIRE)
        for age in (9, 12, 15)
    ]  # fmt: skip
    said(play, [census(STAFFORDSHIRE_POLICE, "2026-06-01", "2026-06-30", *listed,
                       when="2026-07-02 09:00")])  # fmt: skip
    play.until(at("2026-07-03 09:00"))
    return play


@pytest.mark.report("differences")
@pytest.mark.scheme("of-reconciled")
def test_what_police_cancelled_themselves_is_only_with_them_and_says_why(siblings):
    """of-reconciled: three names in their record, two episodes. The naive build has 3, or 1."""
    made = report(siblings, "differences", STAFFORDSHIRE_POLICE, period="2026-06")

    assert rows(made, "senders") == [("Staffordshire Police", "3", "2", "2", "1", "0", "1")]
    assert values(made)["why/cancelled-by-sender"] == "1/1"
    assert values(made)["field/category"] == "1/1"
    assert values(made)["field/started-at"] == "0/1"
    (line,) = made.figures["why/cancelled-by-sender"].items
    assert line.says["their reference"] == "SP-7/9"
    assert ("Staffordshire",) in rows(made, "no-return")


@pytest.mark.report("national")
def test_an_absence_that_two_forces_record_counts_once_in_the_nation(siblings):
    made = report(siblings, "national", "broker.homeward", period="2026-06")

    assert values(made)["missing/episodes"] == "2"
    assert values(made)["missing/children"] == "2"
    by_force = {row[0]: row[1:] for row in rows(made, "forces")}
    assert by_force == {
        "Staffordshire Police": ("2", "2", "0", "0/0"),
        "West Midlands Police": ("0", "0", "1", "1/1"),
    }


def test_a_nil_list_compares_as_nil_and_none_as_no_return(siblings):
    made = report(siblings, "differences", WALSALL, period="2026-06")

    assert values(made)["all/theirs"] == "no return"
    assert rows(made, "senders") == []
