"""The period that somebody typed, or that stands in the name of a file. Pure."""

import re
from datetime import date

from broker.census.period import named
from broker.errors import Misuse

_YEAR = re.compile(r"(20\d\d)-(\d\d)")
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)")
_IN_A_NAME = (_DAYS, re.compile(r"20\d\d-Q[1-4]"), re.compile(r"20\d\d-\d\d(?![\d-])"))

HOW = "a month as 2026-06, a quarter as 2026-Q2, a year as 2025-26, or 2026-06-01..2026-06-14"

Days = tuple[date, date]


def read(text: str) -> Days:
    """The first and last day of a period; a year such as 2025-26 is from April to March."""
    found = _named(text)
    if found is None:
        raise Misuse(f"{text} is no period: write {HOW}")
    return found


def in_name(name: str) -> Days | None:
    """The period that the name of a file holds: `missing-2026-06.csv`."""
    for pattern in _IN_A_NAME:
        for match in pattern.finditer(name):
            if found := _named(match[0]):
                return found
    return None


def _named(text: str) -> Days | None:
    if period := named(text):
        return period.first, period.last
    if (year := _YEAR.fullmatch(text)) and int(year[2]) == (int(year[1]) + 1) % 100:
        return date(int(year[1]), 4, 1), date(int(year[1]) + 1, 3, 31)
    if days := _DAYS.fullmatch(text):
        try:
            first, last = (date.fromisoformat(each) for each in days.groups())
        except ValueError:
            return None
        return (first, last) if first <= last else None
    return None
