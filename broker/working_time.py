"""
When a desk is open and when working days end: Europe/London, bank holidays of England and Wales.

Times go in and come out as aware datetimes; a time without a zone is a TypeError, never a guess.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

LONDON = ZoneInfo("Europe/London")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """
    The London weekdays (Monday is 0) on which a desk opens, and its hours.

    It is open from `opens` up to, not including, `closes`; a `closes` that is not after `opens`
    is on the following day, so that 00:00 to 00:00 is the whole day.
    """

    weekdays: frozenset[int]
    opens: time
    closes: time
    on_bank_holidays: bool = False

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= set(range(7)):
            raise ValueError("weekdays are one or more of 0 (Monday) to 6 (Sunday)")
        if self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError("opening hours are London times and name no zone")

    @property
    def never_closes(self) -> bool:
        return self.opens == self.closes and len(self.weekdays) == 7 and self.on_bank_holidays


OFFICE = OpeningHours(frozenset(range(5)), time(8, 30), time(17))
ALWAYS = OpeningHours(frozenset(range(7)), time(), time(), on_bank_holidays=True)


def is_open(hours: OpeningHours, at: datetime) -> bool:
    """Say whether a desk with these hours is open."""
    # An odd number of openings and closings behind us: the last one was an opening.
    return bisect_right(_changes(hours, at.year), (at - _EPOCH).total_seconds()) % 2 == 1


def opening(hours: OpeningHours, at: datetime) -> datetime:
    """Tell when a desk is next there to read: at once if it is open, else when it next opens."""
    changes = _changes(hours, at.year)
    passed = bisect_right(changes, (at - _EPOCH).total_seconds())
    return at if passed % 2 else datetime.fromtimestamp(changes[passed], UTC)


def is_working_day(day: date) -> bool:
    """Say whether a day is neither a Saturday, a Sunday nor a bank holiday."""
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year)


def add_working_days(start: datetime, days: int) -> datetime:
    """
    Tell when a duty of so many working days is due: the midnight that ends the last of them.

    The London day of the start does not count, whatever the hour and whether it is worked or not.
    """
    if days < 1:
        raise ValueError("a duty in working days has at least one")
    day = london_day(start)
    for _ in range(days):
        day = _working_day_after(day)
    return day_ends(day)


def add_days(start: datetime, days: int) -> datetime:
    """Tell when a duty of so many days is due: the midnight in London that ends the last."""
    return day_ends(london_day(start) + timedelta(days=days))


def london_day(at: datetime) -> date:
    """Tell which day it is in London."""
    return _in_london(at).date()


def at_clock(day: date, at: time) -> datetime:
    """Tell when clocks in London show this on a day, in UTC; the first time, if they do twice."""
    return _utc(day, at)


@lru_cache(maxsize=1024)  # whether a time is in a period is asked of the same few days
def day_starts(day: date) -> datetime:
    """Tell when a London day starts, in UTC."""
    return _utc(day, time())


def day_ends(day: date) -> datetime:
    """Tell when a London day ends, in UTC: the start of the next, 23 to 25 hours after its own."""
    return day_starts(day + _DAY)


def eighteenth_birthday(born: date) -> datetime:
    """
    Tell when somebody is of age: as that day starts in London.

    Who was born on 29 February is eighteen on 1 March (Family Law Reform Act 1969, section 9: at
    the start of the anniversary; in a year without one, the day after 28 February).
    """
    try:
        return day_starts(born.replace(year=born.year + 18))
    except ValueError:
        return day_starts(date(born.year + 18, 3, 1))


def age_on(of_age_at: datetime | None, at: datetime) -> int | None:
    """Tell the age in whole years at a time in London; None: no birth date is known."""
    if of_age_at is None:
        return None
    birthday, day = london_day(of_age_at), london_day(at)
    had_it = (day.month, day.day) >= (birthday.month, birthday.day)
    return 18 + day.year - birthday.year - (not had_it)


def local(at: datetime) -> str:
    """Write a time for people: `Fri 27 Mar 2026 23:50 GMT`."""
    there = _in_london(at)
    return f"{_written(there)} {there:%H:%M %Z}"


def local_due(at: datetime) -> str:
    """Write a due time for people: as `local`, but a midnight as the end of a day (24:00)."""
    there = _in_london(at)
    # Read as "00:00 Tuesday", the end of Monday is taken for the end of Tuesday.
    return local(at) if there.time() != time() else f"{_written(there - _DAY)} 24:00 {there:%Z}"


def in_full(at: datetime) -> str:
    """Write a time for a letter, by London's clock: `Thursday 24 December 2026 at 17:00`."""
    there = _in_london(at)
    comes_twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
    zone = f" {there:%Z}" if comes_twice else ""
    return f"{day_in_full(there)} at {there:%H:%M}{zone}"


def day_in_full(day: date) -> str:
    """Write a day for a letter: `Thursday 24 December 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def date_of(day: date) -> str:
    """Write a day without its name: `24 December 2026`."""
    return f"{day.day} {day:%B %Y}"


@lru_cache(maxsize=256)
def bank_holidays(year: int) -> frozenset[date]:
    """List the bank holidays of England, which are those of Wales, with substitute days."""
    return frozenset(country_holidays("GB", subdiv="ENG", years=year))


@lru_cache(maxsize=1024)
def _changes(hours: OpeningHours, year: int) -> tuple[float, ...]:
    """
    List the seconds since 1970 at which a desk opens, closes, opens ..., from before the year.

    It goes on into the next year far enough to hold the first opening after New Year.
    """
    return tuple(_openings_and_closings(hours, date(year - 1, 12, 29), date(year + 1, 1, 31)))


def _openings_and_closings(hours: OpeningHours, first: date, last: date) -> Iterator[float]:
    overnight = hours.closes <= hours.opens
    closed = float("-inf")
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if _opens_on(hours, day):
            # Times between 01:00 and 02:00 on the last Sunday of March do not exist, and land after
            # some that do: such hours may be over before they begin, or begin before the last end.
            opens = max(_utc(day, hours.opens).timestamp(), closed)
            closes = _utc(day + _DAY if overnight else day, hours.closes).timestamp()
            if opens < closes:
                yield from (opens, closes)
                closed = closes


def _opens_on(hours: OpeningHours, day: date) -> bool:
    if day.weekday() not in hours.weekdays:
        return False
    return hours.on_bank_holidays or day not in bank_holidays(day.year)


def _working_day_after(day: date) -> date:
    day += _DAY
    while not is_working_day(day):
        day += _DAY
    return day


def _in_london(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise TypeError("a time without a zone")
    return at.astimezone(LONDON)


def _utc(day: date, at: time) -> datetime:
    return datetime.combine(day, at, LONDON).astimezone(UTC)


def _written(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
