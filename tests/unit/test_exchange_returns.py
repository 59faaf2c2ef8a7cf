"""Returns that a council sends on: what stands in them, and the rules they pass."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from broker.exchange import ssda903
from broker.exchange.held import Held
from broker.exchange.returns import ssd_missing, ssda903_missing
from broker.exchange.ssda903 import RULES, Row, broken, year_of

FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)
TODAY = date(2026, 12, 1)
BORN = date(2010, 5, 16)


def utc(month, day, hour=12, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def row(line=2, **changes):
    usual = {"child": "4711", "born": BORN, "missing": "M", "start": date(2026, 5, 1),
             "end": date(2026, 5, 2)}  # fmt: skip
    return Row(line, **usual | changes)


def rules(*rows):
    return [(one.line, one.code.removeprefix("rule-")) for one in broken(rows, FIRST, LAST)]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"start": None, "end": None}, "564"),
        ({"missing": "", "end": None}, "565"),
        ({"missing": "", "start": None}, "566"),
        ({"end": date(2026, 4, 30)}, "567"),
        ({"start": date(2027, 4, 1), "end": None}, "570"),
        ({"end": date(2027, 4, 1)}, "571"),
        ({"start": date(2026, 3, 1), "end": date(2026, 3, 31)}, "571"),
        ({"end": None, "placement_ended": date(2026, 6, 1)}, "575"),
        ({"born": date(2026, 5, 1)}, "586"),
        ({"missing": "X"}, "1006"),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_by_it(changes, rule):
    assert rules(row(**changes)) == [(2, rule)]


def test_a_row_that_breaks_none_passes():
    assert rules(row(), row(3, start=date(2026, 3, 1), end=date(2026, 4, 1))) == []


def test_periods_of_one_child_do_not_overlap_and_those_of_two_may():
    first = row(2, end=date(2026, 5, 9))
    assert rules(first, row(3, start=date(2026, 5, 9))) == [(3, "567")]
    assert rules(first, row(3, start=date(2026, 5, 8), end=date(2026, 5, 10))) == [(3, "574")]
    assert rules(first, row(3, start=date(2026, 5, 9), end=date(2026, 5, 10))) == []
    assert rules(row(2, end=None), row(3, start=date(2026, 6, 1), end=None)) == [(3, "574")]
    other = row(3, child="4712", start=date(2026, 5, 8), end=date(2026, 5, 10))
    assert rules(first, other) == []


def test_every_rule_says_what_is_wrong():
    assert {"564", "565", "566", "570", "571", "575", "1005"} <= RULES.keys()
    assert year_of(date(2026, 3, 31)) == (date(2025, 4, 1), date(2026, 3, 31))
    assert year_of(FIRST) == (FIRST, LAST)


def held(**changes):
    usual = {
        "id": UUID(int=1), "child": "4711", "born": BORN, "category": "missing",
        "looked_after": True, "started_at": utc(5, 1, 21), "found_at": None,
        "returned_at": utc(5, 2, 6), "ended_at": utc(5, 2, 6),
    }  # fmt: skip
    return Held(**usual | changes)


def written(*absences):
    made = ssda903_missing(absences, FIRST, LAST, TODAY)
    return [(cells[2:], [one.code for one in made.problems]) for cells in made.rows]


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({}, ("M", "01/05/2026", "02/05/2026")),
        # A quarter past eleven in May is past midnight in London.
        ({"started_at": utc(5, 1, 23, 15)}, ("M", "02/05/2026", "02/05/2026")),
        ({"found_at": utc(5, 2, 1), "returned_at": utc(5, 4)}, ("M", "01/05/2026", "02/05/2026")),
        ({"category": "away", "found_at": utc(5, 2, 1), "returned_at": utc(5, 4)},
         ("A", "01/05/2026", "04/05/2026")),
        ({"category": "absent"}, ("A", "01/05/2026", "02/05/2026")),
        ({"returned_at": None, "ended_at": None}, ("M", "01/05/2026", "")),
        # Rule 575, as of-trafficked has it: the row ends with the placement, the absence does not.
        ({"returned_at": None, "ended_at": None, "placement_ended_at": utc(5, 6)},
         ("M", "01/05/2026", "06/05/2026")),
        ({"returned_at": None, "ended_at": None, "of_age_at": utc(5, 16)},
         ("M", "01/05/2026", "16/05/2026")),
        ({"returned_at": None, "ended_at": None, "of_age_at": datetime(2028, 5, 16, tzinfo=UTC)},
         ("M", "01/05/2026", "")),
        ({"returned_at": datetime(2027, 4, 2, tzinfo=UTC)}, ("M", "01/05/2026", "")),
    ],
)  # fmt: skip
def test_a_row_has_the_days_that_the_return_asks_for(changes, cells):
    assert written(held(**changes)) == [(cells, [])]


def test_only_children_looked_after_stand_in_the_return():
    assert written(held(looked_after=False)) == []


def test_what_nobody_ever_said_is_named_by_its_line_and_not_made_up():
    made = ssda903_missing([held(), held(child="", born=None)], FIRST, LAST, TODAY)

    assert [(one.line, one.column) for one in made.problems] == [(3, "CHILD"), (3, "DOB")]
    assert made.text.splitlines()[2] == ",,M,01/05/2026,02/05/2026"


def test_the_file_begins_with_the_columns_of_the_return():
    made = ssda903_missing([], FIRST, LAST, TODAY)

    assert made.text.splitlines() == [",".join(ssda903.COLUMNS)]


@pytest.mark.parametrize(
    ("stages", "offered", "accepted"),
    [
        (set(), "N", "NA"),
        ({"allocated"}, "N", "NA"),
        ({"not-referred"}, "NA", "NA"),
        ({"offered"}, "Y", ""),
        ({"offered", "accepted"}, "Y", "Y"),
        ({"offered", "declined"}, "Y", "N"),
        ({"offered", "attempted", "not-held"}, "Y", "N"),
        ({"held"}, "Y", "Y"),
    ],
)
def test_a_return_interview_is_offered_and_accepted_as_the_dataset_counts(
    stages, offered, accepted
):
    (cells,) = ssd_missing([held(interview=frozenset(stages))]).rows

    assert cells[5:] == (offered, accepted)


def test_times_in_the_dataset_are_those_of_clocks_in_london():
    (cells,) = ssd_missing([held()]).rows

    assert cells[2:5] == ("2026-05-01 22:00:00", "M", "2026-05-02 07:00:00")
    open_one = held(returned_at=None, ended_at=None)
    assert ssd_missing([open_one]).rows[0][4:] == ("", "", "")
