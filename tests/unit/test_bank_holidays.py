"""The calendar that clocks run by, against the bank holidays of England and Wales, 2025 to 2030."""

from datetime import date
from itertools import pairwise

import pytest
from holidays import country_holidays

from broker.working_time import bank_holidays, is_working_day

# By hand, as gov.uk/bank-holidays writes them: a holiday that falls on a weekend is kept on the
# next free weekday (s). Easter Sunday is 20 Apr 2025, 5 Apr 2026, 28 Mar 2027, 16 Apr 2028,
# 1 Apr 2029 and 21 Apr 2030; the others are the first and last Monday of May, the last of August.
KEPT = """
    2025-01-01 Wed  New Year's Day          2028-01-03 Mon  New Year's Day (s)
    2025-04-18 Fri  Good Friday             2028-04-14 Fri  Good Friday
    2025-04-21 Mon  Easter Monday           2028-04-17 Mon  Easter Monday
    2025-05-05 Mon  Early May               2028-05-01 Mon  Early May
    2025-05-26 Mon  Spring                  2028-05-29 Mon  Spring
    2025-08-25 Mon  Summer                  2028-08-28 Mon  Summer
    2025-12-25 Thu  Christmas Day           2028-12-25 Mon  Christmas Day
    2025-12-26 Fri  Boxing Day              2028-12-26 Tue  Boxing Day
    2026-01-01 Thu  New Year's Day          2029-01-01 Mon  New Year's Day
    2026-04-03 Fri  Good Friday             2029-03-30 Fri  Good Friday
    2026-04-06 Mon  Easter Monday           2029-04-02 Mon  Easter Monday
    2026-05-04 Mon  Early May               2029-05-07 Mon  Early May
    2026-05-25 Mon  Spring                  2029-05-28 Mon  Spring
    2026-08-31 Mon  Summer                  2029-08-27 Mon  Summer
    2026-12-25 Fri  Christmas Day           2029-12-25 Tue  Christmas Day
    2026-12-28 Mon  Boxing Day (s)          2029-12-26 Wed  Boxing Day
    2027-01-01 Fri  New Year's Day          2030-01-01 Tue  New Year's Day
    2027-03-26 Fri  Good Friday             2030-04-19 Fri  Good Friday
    2027-03-29 Mon  Easter Monday           2030-04-22 Mon  Easter Monday
    2027-05-03 Mon  Early May               2030-05-06 Mon  Early May
    2027-05-31 Mon  Spring                  2030-05-27 Mon  Spring
    2027-08-30 Mon  Summer                  2030-08-26 Mon  Summer
    2027-12-27 Mon  Christmas Day (s)       2030-12-25 Wed  Christmas Day
    2027-12-28 Tue  Boxing Day (s)          2030-12-26 Thu  Boxing Day
"""

# The days themselves, where another is kept for them: nobody works on them either way.
ON_A_WEEKEND = {"2026-12-26", "2027-12-25", "2027-12-26", "2028-01-01"}

WORDS = KEPT.split()
DAYS = [(date.fromisoformat(day), weekday) for day, weekday in pairwise(WORDS) if day[:2] == "20"]
YEARS = range(2025, 2031)


@pytest.mark.parametrize(("day", "weekday"), DAYS, ids=[f"{day}" for day, _ in DAYS])
def test_nobody_works_on_a_bank_holiday(day: date, weekday: str) -> None:
    assert f"{day:%a}" == weekday
    assert not is_working_day(day)


@pytest.mark.parametrize("year", YEARS)
def test_the_calendar_has_the_days_written_down_and_no_others(year: int) -> None:
    written = {day for day, _ in DAYS if day.year == year}
    on_a_weekend = {day for day in map(date.fromisoformat, ON_A_WEEKEND) if day.year == year}

    assert len(written) == 8
    assert bank_holidays(year) == written | on_a_weekend


@pytest.mark.parametrize("year", YEARS)
def test_wales_keeps_the_same_days_as_england(year: int) -> None:
    assert bank_holidays(year) == set(country_holidays("GB", subdiv="WLS", years=year))
