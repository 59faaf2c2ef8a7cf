"""
The Missing file of the SSDA903 return: its columns, and the rules a file of them must pass. Pure.

The rules are the Department for Education's, by their numbers, as far as the file itself and what
is known of the placement can show them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from broker.exchange.problems import Problem

COLUMNS = ("CHILD", "DOB", "MISSING", "MIS_START", "MIS_END")
DAY = "%d/%m/%Y"

RULES = {
    "564": "the start is empty",
    "565": "there is a start, and not whether the child was missing (M) or away (A)",
    "566": "there is an end, and not whether the child was missing (M) or away (A)",
    "567": "it ends before it starts",
    "570": "it starts after the end of the year",
    "571": "it ends outside the year",
    "574": "it starts before the one before it of this child has ended",
    "575": "the placement it began from has ended, and it has no end: it ends with the placement",
    "586": "it starts before the child was born",
    "1005": "the end is no day, written as 31/12/2026",
    "1006": "it is neither M nor A",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; `placement_ended` is when the placement it began from did, if known."""

    line: int
    child: str
    born: date | None
    missing: str
    start: date | None
    end: date | None
    placement_ended: date | None = None


def year_of(day: date) -> tuple[date, date]:
    """The year of the return that a day lies in: from 1 April to 31 March."""
    first = date(day.year - (day.month < 4), 4, 1)
    return first, date(first.year + 1, 3, 31)


def broken(rows: Iterable[Row], first: date, last: date) -> list[Problem]:
    """The rules that these rows break, by line; `first` and `last` are the year's."""
    rows = list(rows)
    found = [problem for row in rows for problem in _alone(row, first, last)]
    of_child: dict[str, list[Row]] = {}
    for row in rows:
        if row.start:
            of_child.setdefault(row.child, []).append(row)
    for each in of_child.values():
        in_order = sorted(each, key=lambda row: (row.start, row.end or date.max, row.line))
        for before, row in pairwise(in_order):
            if before.end is None or (row.start and row.start < before.end):
                found.append(_problem(row, "574", "MIS_START"))
    return sorted(found)


def _alone(row: Row, first: date, last: date) -> Iterator[Problem]:
    if row.missing and row.missing not in ("M", "A"):
        yield _problem(row, "1006", "MISSING")
    if row.missing and row.start is None:
        yield _problem(row, "564", "MIS_START")
    if row.start and not row.missing:
        yield _problem(row, "565", "MISSING")
    if row.end and not row.missing:
        yield _problem(row, "566", "MISSING")
    if row.start and row.end and row.end < row.start:
        yield _problem(row, "567", "MIS_END")
    if row.start and row.start > last:
        yield _problem(row, "570", "MIS_START")
    if row.end and not first <= row.end <= last:
        yield _problem(row, "571", "MIS_END")
    if row.placement_ended and row.placement_ended <= last and row.end is None:
        yield _problem(row, "575", "MIS_END")
    if row.start and row.born and row.start <= row.born:
        yield _problem(row, "586", "MIS_START")


def _problem(row: Row, rule: str, column: str) -> Problem:
    return Problem(row.line, column, f"rule-{rule}", RULES[rule])


def cells(row: Row) -> tuple[str, ...]:
    """A row as the file has it."""
    return (row.child, _written(row.born), row.missing, _written(row.start), _written(row.end))


def _written(day: date | None) -> str:
    return day.strftime(DAY) if day else ""
