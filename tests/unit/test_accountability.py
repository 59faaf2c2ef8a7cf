"""`accountability`: in time is out of what was due and not excused, and nothing is left out."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from broker.directory import Directory
from broker.reports.catalogue import report_named
from broker.reports.facts import Duty, Facts, Lateness, Start
from broker.reports.figures import Asked
from broker.reports.making import counted
from broker.reports.period import Period
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL
from tests.scenarios.reports import rows, values

NOW = datetime(2026, 9, 20, 9, tzinfo=UTC)
DUE = datetime(2026, 9, 10, 12, tzinfo=UTC)
CASE = UUID(int=7)


def owed(number, state, owed_by=f"{STAFFORDSHIRE}/social-work", **changes):
    done = {"met": timedelta(hours=-2), "met-late": timedelta(hours=3)}.get(state)
    return Duty(
        **{
            "id": UUID(int=number),
            "name": "offer-return-interview",
            "owed_by": owed_by,
            "state": state,
            "opened_at": DUE - timedelta(days=3),
            "due_at": DUE if state != "open" else NOW + timedelta(days=1),
            "done_at": DUE + done if done is not None else None,
            "basis": "statutory-guidance",
            "episode": CASE,
        }
        | changes
    )


TEN = (*("met",) * 6, "met-late", "late", "excused", "open")


def made(*duties, **changes):
    facts = Facts(
        asked=Asked(STAFFORDSHIRE, (STAFFORDSHIRE,), Period.parse("2026-Q3"), NOW),
        directory=Directory.shipped(),
        duties=duties,
        **changes,
    )
    return counted(report_named("accountability"), facts)


@pytest.mark.scheme("greenwich-accountability")
@pytest.mark.report("accountability")
def test_of_ten_duties_six_of_eight_are_in_time_and_all_ten_are_shown():
    """greenwich-accountability. Naive: 6/10, or 7/10 with what was done late."""
    said = made(*(owed(number, state) for number, state in enumerate(TEN)))

    assert said.figures["all/in-time"].text == "6/8 (75%)"
    assert values(said)["all/all"] == "10"
    others = ("met-late", "late", "excused", "not-due")
    assert [values(said)[f"all/{name}"] for name in others] == ["1", "1", "1", "1"]


@pytest.mark.report("accountability")
def test_lateness_is_of_all_that_was_not_in_time_also_of_what_is_late_still():
    said = made(owed(1, "met-late"), owed(2, "late"), owed(3, "met"))

    (row,) = rows(said, "agency")
    assert row[-3:] == ("3 h 00 min", "9 d 21 h", "9 d 21 h")


@pytest.mark.report("accountability")
def test_what_was_past_due_when_it_became_known_is_nobodys_lateness():
    said = made(owed(1, "met"), owed(2, "late", late_on_arrival=True))

    assert said.figures["all/in-time"].value == "1/1"
    assert said.figures["all/late-on-arrival"].value == "1"


@pytest.mark.report("accountability")
def test_both_sides_of_each_relationship_have_the_same_figures():
    about = {CASE: Start(CASE, UUID(int=9), DUE, "missing", lives_in=STOKE, lead=STAFFORDSHIRE)}

    said = made(
        owed(1, "met"),
        owed(2, "met-late"),
        owed(3, "late", owed_by=f"{STOKE}/front-door"),
        owed(4, "met", owed_by=f"{STAFFORDSHIRE_POLICE}/missing-unit"),
        about=about,
    )

    sides = {row[0]: row[1:] for row in rows(said, "sides")}
    assert sides["Stoke-on-Trent and Staffordshire"] == (
        "Stoke-on-Trent", "0/1", sides["Stoke-on-Trent and Staffordshire"][2],
        "Staffordshire", "1/2", "3 h 00 min",
    )  # fmt: skip
    assert sides["Staffordshire and Staffordshire Police"][:2] == ("Staffordshire", "0/0")
    assert sides["Staffordshire and Staffordshire Police"][4] == "1/1"


@pytest.mark.report("accountability")
def test_homewards_own_lateness_stands_beside_that_of_the_others():
    second = timedelta(seconds=1)
    late = Lateness(sent=(second, 2 * second, 90 * second), waiting=1, fired=(second,))

    said = made(owed(1, "met"), lateness=late)

    homeward = rows(said, "homeward")
    assert [row[1:] for row in homeward] == [
        ("2/4", "2.0 s", "2 min", "2 min"),
        ("1/1", "1.0 s", "1.0 s", "1.0 s"),
    ]


@pytest.mark.report("accountability")
def test_each_month_of_the_quarter_has_its_own_figure():
    july = owed(1, "met", due_at=datetime(2026, 7, 31, 22, 59, tzinfo=UTC))
    august = owed(2, "met-late", due_at=datetime(2026, 7, 31, 23, 0, tzinfo=UTC))

    said = made(july, august)

    assert rows(said, "months") == [("Staffordshire", "1/1", "0/1", "0/0")]


@pytest.mark.report("accountability")
def test_nobody_else_is_in_it_who_owed_nothing():
    assert WALSALL not in str(made(owed(1, "met")))
