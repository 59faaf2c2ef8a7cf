"""Periods as people write them: London days, months, quarters of either year."""

from datetime import UTC, date, datetime

import pytest

from broker.errors import Misuse
from broker.reports.period import Period, window


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2026-Q3", "2026-07-01", "2026-09-30"),
        ("2026-q3", "2026-07-01", "2026-09-30"),
        ("2026-07", "2026-07-01", "2026-07-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026/27", "2026-04-01", "2027-03-31"),
        ("2026/27-Q4", "2027-01-01", "2027-03-31"),
        ("2026-W27", "2026-06-29", "2026-07-05"),
        ("2026-07-15", "2026-07-15", "2026-07-15"),
        ("2026-07-01..2026-09-30", "2026-07-01", "2026-09-30"),
    ],
)
def test_a_period_is_read_as_it_is_written(written, first, last):
    period = Period.parse(written)

    assert (str(period.first), str(period.last)) == (first, last)


@pytest.mark.parametrize(
    "written", ["2026-13", "2026-Q5", "2026/28", "Q3", "2026-W54", "2026-02-30", "", "last month"]
)
def test_what_is_no_period_is_answered_with_how_one_is_written(written):
    with pytest.raises(Misuse, match=r"2026-Q3 \(July to September\)"):
        Period.parse(written)


def test_a_period_that_ends_before_it_begins_is_refused():
    with pytest.raises(Misuse, match="ends before it begins"):
        Period.parse("2026-09-30..2026-07-01")


def test_days_are_those_of_london():
    march = Period.parse("2026-03")

    assert datetime(2026, 3, 31, 22, 59, tzinfo=UTC) in march
    assert datetime(2026, 3, 31, 23, 0, tzinfo=UTC) not in march
    assert datetime(2026, 3, 1, 0, 0, tzinfo=UTC) in march


def test_what_came_before_is_of_the_same_kind():
    assert Period.parse("2026-Q1").before.name == "2025-Q4"
    assert Period.parse("2026-03").before.name == "2026-02"
    assert Period.parse("2026/27").before.name == "2025/26"
    assert Period.parse("2026-W01").before == Period(date(2025, 12, 22), date(2025, 12, 28))
    assert [each.name for each in Period.parse("2026-Q2").series(3)] == [
        "2025-Q4", "2026-Q1", "2026-Q2",
    ]  # fmt: skip


def test_the_year_to_date_begins_on_the_first_of_april():
    assert Period.parse("2026-Q3").year_to_date.first == date(2026, 4, 1)
    assert Period.parse("2026-Q1").year_to_date.first == date(2025, 4, 1)
    assert Period.parse("2026").year_to_date.first == date(2026, 1, 1)


def test_the_same_period_a_year_before_has_the_same_months():
    assert Period.parse("2024-02").year_before.last == date(2023, 2, 28)
    assert Period.parse("2024-02-29").year_before.first == date(2023, 2, 28)


def test_a_quarter_is_split_into_its_months_and_a_week_into_nothing():
    assert [m.name for m in Period.parse("2026-Q3").split()] == ["2026-07", "2026-08", "2026-09"]
    assert Period.parse("2026-W27").split() == (Period.parse("2026-W27"),)


def test_a_window_of_days_is_of_london_days_and_never_of_hours():
    newest = datetime(2026, 3, 31, 22, 50, tzinfo=UTC)  # 23:50 in summer time

    assert window(newest, 90).first == date(2026, 1, 1)
    assert datetime(2025, 12, 31, 23, 50, tzinfo=UTC) not in window(newest, 90)
