"""The months and quarters of censuses, and what a period is called. Pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from broker.working_time import day_ends

_ONE_DAY = timedelta(days=1)
_MONTH, _QUARTER = re.compile(r"(\d{4})-(\d{2})"), re.compile(r"(\d{4})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a quarter, London days, both included; `2026-06` or `2026-Q2`."""

    name: str
    first: date
    last: date

    @property
    def ends_at(self) -> datetime:
        return day_ends(self.last)


def named(text: str) -> Period | None:
    """The period of a name; None for any other text."""
    quarter, month = _QUARTER.fullmatch(text), _MONTH.fullmatch(text)
    if quarter:
        year, number = map(int, quarter.groups())
        return Period(text, date(year, 3 * number - 2, 1), month_ends(year, 3 * number))
    if month and 1 <= int(month[2]) <= 12:
        year, number = map(int, month.groups())
        return Period(text, date(year, number, 1), month_ends(year, number))
    return None


def period_name(first: date, last: date) -> str:
    """What a period is called: `2026-06`, `2026-Q2`, else `2026-06-01..2026-06-14`."""
    for name in (f"{first:%Y-%m}", f"{first:%Y}-Q{(first.month + 2) // 3}"):
        known = named(name)
        if known and (known.first, known.last) == (first, last):
            return name
    return f"{first}..{last}"


def month_ends(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - _ONE_DAY
