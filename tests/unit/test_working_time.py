"""When desks are open and when working days end, against dates worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.working_time import (
    ALWAYS,
    LONDON,
    OFFICE,
    OpeningHours,
    add_working_days,
    day_ends,
    day_starts,
    eighteenth_birthday,
    is_open,
    is_working_day,
    local,
    local_due,
    london_day,
    opening,
)

times = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
numbers_of_days = st.integers(1, 30)
hours_of_desks = st.one_of(
    st.sampled_from([OFFICE, ALWAYS]),
    st.builds(
        OpeningHours,
        st.frozensets(st.integers(0, 6), min_size=1),
        st.times(),
        st.times(),
        st.booleans(),
    ),
)
any_example = settings(deadline=None)  # the first look into a year works out its calendar


def at(text: str) -> datetime:
    """Read a London time, as `2026-03-27 23:50`."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("year", range(2025, 2031))
def test_a_year_has_as_many_working_days_as_weekdays_less_bank_holidays(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    weekdays = [day for day in days if day.year == year and day.weekday() < 5]

    assert sum(map(is_working_day, weekdays)) == len(weekdays) - 8


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-20 22:00", 5, "2026-03-28 00:00"),  # Friday night: 24:00 on Fri 27 March
        ("2026-04-02 12:00", 5, "2026-04-14 00:00"),  # Easter: 24:00 on Mon 13 April
        ("2027-03-25 12:00", 1, "2027-03-31 00:00"),  # Maundy Thursday: Tue 30 March is the first
        ("2027-03-25 12:00", 5, "2027-04-06 00:00"),  # Easter with the clock change: Mon 5 April
        ("2027-03-28 12:00", 2, "2027-04-01 00:00"),  # Easter Sunday, when the clocks go forward
        ("2026-03-27 23:50", 1, "2026-03-31 00:00"),  # Friday 23:50, the clocks change on Sunday
        ("2026-10-23 23:50", 1, "2026-10-27 00:00"),  # the same in autumn
        ("2026-07-17 23:50", 3, "2026-07-23 00:00"),  # Friday 23:50 is already Friday's London day
        ("2026-03-29 02:30", 1, "2026-03-31 00:00"),  # a wall time that does not exist
        ("2026-12-25 12:00", 2, "2026-12-31 00:00"),  # on Christmas Day
        ("2026-07-19 00:30", 1, "2026-07-21 00:00"),  # Sunday 00:30 BST is Saturday in UTC
        ("2026-07-20 00:30", 1, "2026-07-22 00:00"),  # Monday 00:30 BST is Sunday in UTC
        ("2026-07-18 12:00", 1, "2026-07-21 00:00"),  # a start on Saturday does not move to Monday
        ("2028-02-28 09:00", 1, "2028-03-01 00:00"),  # 29 February 2028 is a Tuesday
        ("2028-02-29 09:00", 10, "2028-03-15 00:00"),
        ("2026-12-24 16:59", 1, "2026-12-30 00:00"),  # Fri 25 Dec, and Mon 28 Dec for Sat 26
        ("2026-12-24 16:59", 4, "2027-01-05 00:00"),  # 29, 30, 31 Dec, then Mon 4 Jan
        ("2027-01-09 11:00", 3, "2027-01-14 00:00"),  # sharing due 24:00 on Wed 13 January
        ("2027-12-24 16:59", 1, "2027-12-30 00:00"),  # Mon 27 and Tue 28 Dec for Sat and Sun
        ("2026-12-31 23:50", 1, "2027-01-05 00:00"),  # 1 January is a Friday
        ("2027-12-31 23:50", 1, "2028-01-05 00:00"),  # kept on Mon 3 January, so Tue 4
        ("2027-12-24 16:59", 4, "2028-01-05 00:00"),  # 29, 30, 31 Dec; Mon 3 Jan 2028 for Sat 1
    ],
)
def test_working_days_end_at_the_midnight_after_the_last_of_them(
    start: str, days: int, due: str
) -> None:
    assert add_working_days(at(start), days) == at(due)


def test_the_due_midnight_is_london_s_in_winter_and_in_summer() -> None:
    assert add_working_days(utc("2026-01-05 12:00"), 1) == utc("2026-01-07 00:00")
    assert add_working_days(utc("2026-07-06 12:00"), 1) == utc("2026-07-07 23:00")


@pytest.mark.parametrize("days", [0, -1])
def test_a_duty_of_no_working_days_is_a_mistake(days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        add_working_days(utc("2026-01-05 12:00"), days)


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        ("2026-03-27 08:29:59", "2026-03-27 08:30"),
        ("2026-03-27 08:30", "2026-03-27 08:30"),
        ("2026-03-27 16:59:59.999999", "2026-03-27 16:59:59.999999"),
        ("2026-03-27 17:00", "2026-03-30 08:30"),
        ("2026-03-27 23:50", "2026-03-30 08:30"),  # over the change to summer time
        ("2026-10-23 23:50", "2026-10-26 08:30"),  # and back
        ("2026-04-02 17:00", "2026-04-07 08:30"),  # Easter
        ("2027-03-25 17:00", "2027-03-30 08:30"),  # Easter with the change to summer time
        ("2026-12-24 18:00", "2026-12-29 08:30"),
        ("2026-12-26 12:00", "2026-12-29 08:30"),  # Mon 28 is kept for this Saturday
        ("2026-12-31 18:00", "2027-01-04 08:30"),
        ("2027-12-24 18:00", "2027-12-29 08:30"),
        ("2027-12-31 18:00", "2028-01-04 08:30"),
        ("2028-02-28 17:00", "2028-02-29 08:30"),
        ("2028-02-29 07:00", "2028-02-29 08:30"),
        ("2028-02-29 17:00", "2028-03-01 08:30"),
    ],
)
def test_an_office_opens_on_the_next_working_morning(when: str, opens: str) -> None:
    assert opening(OFFICE, at(when)) == at(opens)
    assert is_open(OFFICE, at(when)) == (when == opens)


def test_an_office_opens_an_hour_earlier_by_utc_in_summer() -> None:
    assert opening(OFFICE, utc("2026-03-27 20:00")) == utc("2026-03-30 07:30")
    assert opening(OFFICE, utc("2026-10-23 20:00")) == utc("2026-10-26 08:30")


def test_hours_that_end_next_morning_run_through_the_night() -> None:
    nights = OpeningHours(frozenset({4}), time(17), time(8, 30))

    assert not is_open(nights, at("2026-07-17 16:59"))
    assert is_open(nights, at("2026-07-18 02:00"))
    assert not is_open(nights, at("2026-07-18 08:30"))


def test_a_night_that_began_last_year_is_still_open() -> None:
    nights = OpeningHours(frozenset(range(7)), time(17), time(8, 30), on_bank_holidays=True)

    assert is_open(nights, at("2027-01-01 02:00"))


def test_a_desk_of_fridays_only_may_be_closed_for_three_weeks() -> None:
    fridays = OpeningHours(frozenset({4}), time(9), time(17))

    assert opening(fridays, at("2026-12-18 17:00")) == at("2027-01-08 09:00")


def test_a_time_in_the_hour_that_comes_twice_is_told_apart() -> None:
    early = OpeningHours(frozenset({6}), time(0, 30), time(1, 30))

    assert is_open(early, utc("2026-10-25 00:15"))  # 01:15 BST
    assert not is_open(early, utc("2026-10-25 01:15"))  # 01:15 GMT, an hour later


@pytest.mark.parametrize(
    ("opens", "closes"), [(time(2, 15), time(1, 30)), (time(1, 30), time(2, 15))]
)
def test_hours_in_the_hour_that_is_left_out_do_not_upset_the_day(opens: time, closes: time) -> None:
    odd = OpeningHours(frozenset(range(7)), opens, closes, on_bank_holidays=True)
    night = [utc("2026-03-29 00:00") + timedelta(minutes=5 * step) for step in range(24)]

    assert all(is_open(odd, opening(odd, when)) for when in night)
    assert [opening(odd, when) for when in night] == sorted(opening(odd, when) for when in night)
    assert is_open(odd, utc("2026-03-29 12:00")) == (opens > closes)


def test_both_passes_of_the_hour_that_comes_twice_are_one_day() -> None:
    first, second = utc("2026-10-25 00:30"), utc("2026-10-25 01:30")  # 01:30 BST, then 01:30 GMT

    assert london_day(first) == london_day(second) == date(2026, 10, 25)
    assert add_working_days(first, 1) == add_working_days(second, 1) == utc("2026-10-27 00:00")
    assert opening(OFFICE, first) == opening(OFFICE, second) == utc("2026-10-26 08:30")


def test_elapsed_hours_pass_over_a_clock_change_and_a_leap_day_as_they_are() -> None:
    for start, after in [
        ("2026-03-27 23:50", "2026-03-31 00:50"),  # 72 hours later the clock shows one more
        ("2026-10-23 23:50", "2026-10-26 22:50"),  # and here one less
        ("2028-02-27 12:00", "2028-03-01 12:00"),  # by way of 29 February
    ]:
        assert at(start) + timedelta(hours=72) == at(after)


@any_example
@given(times)
def test_a_desk_that_is_always_open_is_open(when: datetime) -> None:
    assert is_open(ALWAYS, when)
    assert opening(ALWAYS, when) == when


@any_example
@given(hours_of_desks, times)
def test_a_desk_is_open_at_its_opening_and_never_sooner(
    hours: OpeningHours, when: datetime
) -> None:
    opens = opening(hours, when)

    assert opens >= when
    assert is_open(hours, opens)
    assert opening(hours, opens) == opens
    assert is_open(hours, when) == (opens == when)
    assert not is_open(hours, opens - timedelta(microseconds=1)) or opens == when


@any_example
@given(hours_of_desks, times, times)
def test_who_comes_later_is_never_let_in_earlier(
    hours: OpeningHours, one: datetime, other: datetime
) -> None:
    assert opening(hours, min(one, other)) <= opening(hours, max(one, other))


@any_example
@given(times)
def test_an_office_is_open_on_working_days_in_office_hours_only(when: datetime) -> None:
    there = when.astimezone(LONDON)
    in_hours = is_working_day(there.date()) and time(8, 30) <= there.time() < time(17)

    assert is_open(OFFICE, when) == in_hours


@any_example
@given(times, numbers_of_days)
def test_a_due_time_is_a_london_midnight_after_that_many_working_days(
    start: datetime, days: int
) -> None:
    due = add_working_days(start, days)
    last = due.astimezone(LONDON).date() - timedelta(days=1)
    first = start.astimezone(LONDON).date() + timedelta(days=1)
    between = [first + timedelta(days=number) for number in range((last - first).days + 1)]

    assert due.astimezone(LONDON).time() == time()
    assert due.utcoffset() == timedelta()
    assert is_working_day(last)
    assert sum(map(is_working_day, between)) == days


@any_example
@given(times, times, numbers_of_days)
def test_who_starts_later_is_never_due_earlier(one: datetime, other: datetime, days: int) -> None:
    assert add_working_days(min(one, other), days) <= add_working_days(max(one, other), days)


@any_example
@given(times, numbers_of_days)
def test_one_working_day_more_is_due_later(start: datetime, days: int) -> None:
    assert add_working_days(start, days) < add_working_days(start, days + 1)


@any_example
@given(times, st.integers(-14, 14))
def test_the_zone_a_time_is_written_in_changes_nothing(when: datetime, offset: int) -> None:
    same = when.astimezone(timezone(timedelta(hours=offset)))

    assert is_open(OFFICE, same) == is_open(OFFICE, when)
    assert opening(OFFICE, same) == opening(OFFICE, when)
    assert add_working_days(same, 3) == add_working_days(when, 3)


@any_example
@given(times)
def test_every_time_lies_in_its_london_day(when: datetime) -> None:
    day = london_day(when)

    assert day_starts(day) <= when < day_ends(day)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-07-01", 24)]
)
def test_a_day_is_as_long_as_its_clock_change_makes_it(day: str, hours: int) -> None:
    there = date.fromisoformat(day)

    assert day_ends(there) - day_starts(there) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("born", "of_age"),
    [
        ("2008-02-29", "2026-03-01 00:00"),  # 18 years after a leap day there is none
        ("2008-03-01", "2026-03-01 00:00"),
        ("2010-02-28", "2028-02-28 00:00"),
        ("2010-03-01", "2028-03-01 00:00"),  # the day before is 29 February 2028
        ("2008-07-01", "2026-07-01 00:00"),  # by London's midnight, an hour before UTC's
        ("2008-03-29", "2026-03-29 00:00"),  # a day of 23 hours
    ],
)
def test_a_child_is_of_age_as_the_eighteenth_birthday_starts(born: str, of_age: str) -> None:
    assert eighteenth_birthday(date.fromisoformat(born)) == at(of_age)


@pytest.mark.parametrize(
    ("when", "written"),
    [
        ("2026-03-27 23:50", "Fri 27 Mar 2026 23:50 GMT"),
        ("2026-03-31 22:50", "Tue 31 Mar 2026 23:50 BST"),
        ("2026-04-02 11:05", "Thu 2 Apr 2026 12:05 BST"),
        ("2026-03-29 00:59", "Sun 29 Mar 2026 00:59 GMT"),
        ("2026-03-29 01:00", "Sun 29 Mar 2026 02:00 BST"),
        ("2026-10-25 00:30", "Sun 25 Oct 2026 01:30 BST"),
        ("2026-10-25 01:30", "Sun 25 Oct 2026 01:30 GMT"),
    ],
)
def test_people_read_london_time(when: str, written: str) -> None:
    assert local(utc(when)) == written
    assert local_due(utc(when)) == written


@pytest.mark.parametrize(
    ("due", "written"),
    [
        ("2026-04-14 00:00", "Mon 13 Apr 2026 24:00 BST"),
        ("2027-01-01 00:00", "Thu 31 Dec 2026 24:00 GMT"),
    ],
)
def test_people_read_a_due_midnight_as_the_end_of_its_day(due: str, written: str) -> None:
    assert local_due(at(due)) == written


def test_a_time_without_a_zone_is_refused() -> None:
    nowhere = datetime(2026, 3, 27, 23, 50)

    with pytest.raises(TypeError):
        is_open(OFFICE, nowhere)
    with pytest.raises(TypeError):
        opening(OFFICE, nowhere)
    with pytest.raises(TypeError):
        add_working_days(nowhere, 1)
    with pytest.raises(TypeError):
        local(nowhere)


@pytest.mark.parametrize("weekdays", [frozenset[int](), frozenset({7}), frozenset({-1, 0})])
def test_hours_name_the_days_of_a_week(weekdays: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="weekdays"):
        OpeningHours(weekdays, time(9), time(17))


def test_hours_name_no_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        OpeningHours(frozenset({0}), time(9, tzinfo=UTC), time(17))


def test_only_hours_of_every_day_and_night_never_close() -> None:
    assert ALWAYS.never_closes
    assert not OFFICE.never_closes
    assert not OpeningHours(frozenset(range(7)), time(), time()).never_closes
