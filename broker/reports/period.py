"""The time a report is about: whole London days, by the names that people use for them. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from broker.errors import Misuse
from broker.working_time import day_ends, day_starts, london_day

_DAY = timedelta(days=1)
_ASK = (
    "write a period as 2026-07, 2026-Q3 (July to September), 2026, 2026-W27, 2026-07-15, "
    "2026/27 (April to March), 2026/27-Q1 or 2026-07-01..2026-09-30"
)
_YEAR_STARTS = 4  # the financial year of councils: 1 April


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From the first moment of a London day up to the end of another."""

    first: date
    last: date
    name: str = ""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise Misuse(f"the period {self.name or self.first} ends before it begins")
        if not self.name:
            object.__setattr__(self, "name", f"{self.first}..{self.last}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a period; `Misuse` says how one is written."""
        text = text.strip()
        try:
            for pattern, read in _WRITTEN.items():
                if found := re.fullmatch(pattern, text, re.IGNORECASE):
                    first, last = read(*found.groups())
                    return cls(first, last, text.upper())
        except ValueError:
            pass
        raise Misuse(f"{text} is no period: {_ASK}")

    @property
    def starts_at(self) -> datetime:
        return day_starts(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return day_ends(self.last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, at: object) -> bool:
        return isinstance(at, datetime) and self.starts_at <= at < self.ends_at

    @property
    def before(self) -> "Period":
        """The period of the same kind that came just before."""
        months = self.whole_months
        if not months:
            return Period(self.first - timedelta(days=self.days), self.first - _DAY)
        return months_from(_months_after(self.first, -months), months)

    @property
    def year_before(self) -> "Period":
        """The same days a year before: the same months, if it is whole months."""
        if months := self.whole_months:
            return months_from(_months_after(self.first, -12), months)
        first = _year_before(self.first)
        return Period(first, first + timedelta(days=self.days - 1))

    @property
    def year_to_date(self) -> "Period":
        """From the 1 April before it, or on which it begins, to its end."""
        year = self.last.year - (self.last.month < _YEAR_STARTS)
        return Period(min(self.first, date(year, _YEAR_STARTS, 1)), self.last)

    @property
    def whole_months(self) -> int:
        """How many calendar months it is; 0: it is not of whole months."""
        if self.first.day != 1 or (self.last + _DAY).day != 1:
            return 0
        end = self.last + _DAY
        return (end.year - self.first.year) * 12 + end.month - self.first.month

    def split(self, months: int = 1) -> "tuple[Period, ...]":
        """Its months, or quarters; the whole of it, where it is not made of them."""
        if not self.whole_months or self.whole_months % months:
            return (self,)
        starts = range(0, self.whole_months, months)
        return tuple(months_from(_months_after(self.first, after), months) for after in starts)

    def series(self, count: int) -> "tuple[Period, ...]":
        """As many periods of this kind, the oldest first and this one last."""
        found = [self]
        while len(found) < count:
            found.append(found[-1].before)
        return tuple(reversed(found))

    def back(self, days: int) -> "Period":
        """The window of so many days that ends with this period's last day (rule N3)."""
        return Period(self.last - timedelta(days=days - 1), self.last)

    @property
    def words(self) -> str:
        """For people: `1 July 2026 to 30 September 2026`."""
        first, last = (f"{day.day} {day:%B %Y}" for day in (self.first, self.last))
        return first if first == last else f"{first} to {last}"


def months_from(first: date, months: int) -> Period:
    """So many calendar months from the first of one."""
    last = _months_after(first, months) - _DAY
    if months == 1:
        name = f"{first:%Y-%m}"
    elif months == 3 and first.month % 3 == 1:
        name = f"{first.year}-Q{first.month // 3 + 1}"
    elif months == 12 and first.month == 1:
        name = f"{first.year}"
    elif months == 12 and first.month == _YEAR_STARTS:
        name = f"{first.year}/{(first.year + 1) % 100:02}"
    else:
        name = ""
    return Period(first, last, name)


def window(at: datetime, days: int) -> Period:
    """The window of so many London days that ends with, and includes, the day of `at` (N3)."""
    day = london_day(at)
    return Period(day - timedelta(days=days - 1), day)


def _months_after(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


def _span(first: date, months: int) -> tuple[date, date]:
    return first, _months_after(first, months) - _DAY


def _week(year: str, week: str) -> tuple[date, date]:
    monday = date.fromisocalendar(int(year), int(week), 1)
    return monday, monday + timedelta(days=6)


def _financial(year: str, next_year: str, quarter: str | None) -> tuple[date, date]:
    if int(next_year) != (int(year) + 1) % 100:
        raise ValueError(next_year)
    first = date(int(year), _YEAR_STARTS, 1)
    return _span(_months_after(first, 3 * (int(quarter) - 1)), 3) if quarter else _span(first, 12)


_WRITTEN: Mapping[str, Callable[..., tuple[date, date]]] = {
    r"(\d{4})-(\d\d)": lambda year, month: _span(date(int(year), int(month), 1), 1),
    r"(\d{4})-Q([1-4])": lambda year, q: _span(date(int(year), 3 * int(q) - 2, 1), 3),
    r"(\d{4})": lambda year: _span(date(int(year), 1, 1), 12),
    r"(\d{4})-W(\d\d)": _week,
    r"(\d{4})/(\d\d)(?:-Q([1-4]))?": _financial,
    r"(\d{4}-\d\d-\d\d)": lambda day: (date.fromisoformat(day), date.fromisoformat(day)),
    r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)": lambda first, last: (
        date.fromisoformat(first),
        date.fromisoformat(last),
    ),
}
