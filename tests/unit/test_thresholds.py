"""Which thresholds absences reach: windows in London days, nights, steps that are armed again."""

import random
import time as clock
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from broker.policy.model import Count, Exploitation, MissingFor, Overnight, Threshold
from broker.thresholds.counted import Absence
from broker.thresholds.counting import holds, next_moment, reached
from broker.working_time import eighteenth_birthday

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def at(text):
    """A London time of 2026, or of another year where that is written too."""
    text = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def absence(starts, ends=None, **changes):
    start = at(starts)
    end = at(ends) if ends else start + timedelta(hours=3)
    id = UUID(int=int(start.timestamp()))
    return Absence(id, UUID(int=1), start, None if ends == "" else end, **changes)


def threshold(*criteria, **changes):
    return Threshold(id="three", any=criteria, **changes)


def never(one):
    return None


def at_once(one):
    return one.at


def found(which, *absences, now=NOW, settled_at=never):
    return reached(
        which, absences, now, applies=lambda one: holds(which, one), settled_at=settled_at
    )


THREE_IN_90 = threshold(Count((3, 5, 9), days=90))
LAMP = threshold(Overnight(time(0), time(6)), Count((5,), days=30))


def test_a_window_is_of_london_days_and_not_of_hours():
    told = [absence("2025-12-31T23:50"), absence("01-01T23:50"), absence("03-31T23:50")]

    assert found(THREE_IN_90, *told) == []


def test_a_late_report_reaches_the_step_for_an_earlier_day_and_later_absences_join():
    told = [absence("2025-12-31T23:50"), absence("01-01T23:50"), absence("03-31T23:50")]
    late = absence("03-20T22:00")

    (one,) = found(THREE_IN_90, *told, late)

    assert (one.at, one.step) == (at("03-20T22:00"), 3)
    assert [each.started_at for each in one.absences] == [
        at("2025-12-31T23:50"), at("01-01T23:50"), at("03-20T22:00"), at("03-31T23:50"),
    ]  # fmt: skip
    assert (one.window.first, one.window.last) == (
        at("01-01T12:00").date(), at("03-31T12:00").date(),
    )  # fmt: skip


def test_the_first_of_ninety_days_counts_and_the_day_before_it_does_not():
    newest = "03-31T00:05"
    middle = absence("02-01T12:00")

    assert len(found(THREE_IN_90, absence("01-01T00:00"), middle, absence(newest))) == 1
    assert found(THREE_IN_90, absence("2025-12-31T23:59"), middle, absence(newest)) == []


def test_a_night_of_six_hours_is_a_night_though_the_clocks_went_forward():
    (one,) = found(LAMP, absence("03-28T23:30", "03-29T06:30"))

    assert one.at == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert one.step == 5


def test_a_night_that_is_not_covered_to_its_end_is_none():
    assert found(LAMP, absence("03-28T23:30", "03-29T05:59")) == []
    assert found(LAMP, absence("03-29T00:01", "03-29T23:00")) == []


def test_a_night_may_go_over_midnight():
    late = threshold(Overnight(time(22), time(6)))

    (one,) = found(late, absence("06-01T21:00", "06-02T06:00"))

    assert one.at == at("06-02T06:00")


def test_a_month_of_thirty_days_goes_across_calendar_months():
    days = ["03-25", "03-27", "04-02", "04-12", "04-20"]
    told = [absence(f"{day}T10:00") for day in days]
    by_calendar = threshold(Count((5,)))

    (one,) = found(LAMP, *told)

    assert one.at == at("04-20T10:00")
    assert one.window.first == at("03-22T12:00").date()
    assert found(by_calendar, *told) == []


def test_a_calendar_month_begins_at_midnight_in_london():
    by_calendar = threshold(Count((2,)))

    assert found(by_calendar, absence("05-31T23:59"), absence("06-30T10:00")) == []
    assert len(found(by_calendar, absence("06-01T00:00"), absence("06-30T10:00"))) == 1


def test_more_than_a_day_is_counted_in_elapsed_hours_and_is_more():
    day = threshold(MissingFor(timedelta(hours=24)))

    (one,) = found(day, absence("03-28T12:00", "03-29T13:01"))  # 24 h 01 min, as clocks changed

    assert one.at == at("03-28T12:00") + timedelta(hours=24)
    assert found(day, absence("03-28T12:00", "03-29T13:00")) == []


def test_what_goes_on_reaches_a_threshold_as_its_moment_comes():
    day = threshold(MissingFor(timedelta(hours=24)))
    still = absence("06-01T12:00", "")

    assert found(day, still, now=at("06-02T11:59")) == []
    assert len(found(day, still, now=at("06-02T12:00"))) == 1
    assert next_moment([day, LAMP], still, at("06-01T13:00")) == at("06-02T06:00")
    assert next_moment([day, LAMP], still, at("06-02T06:00")) == at("06-02T12:00")
    assert next_moment([day], still, at("06-02T12:00")) is None
    assert next_moment([day], absence("06-01T12:00"), at("06-01T13:00")) is None


def test_a_second_criterion_joins_what_the_first_one_reached():
    herts = threshold(Count((3,), days=90), MissingFor(timedelta(hours=24)))
    third = absence("03-31T23:40", "04-02T01:00")

    (one,) = found(herts, absence("02-01T10:00"), absence("03-01T10:00"), third)

    assert one.at == at("03-31T23:40")
    assert one.criteria == {0, 1}


def test_only_what_was_reported_to_the_police_counts_where_that_is_asked():
    sleuth = threshold(Count((3,), days=90, reported_to_police=True))
    to_police = {"said": {"police": True}}
    told = [
        absence("02-02T10:00", **to_police), absence("03-20T10:00", **to_police),
        absence("04-10T10:00"), absence("05-02T10:00", **to_police),
    ]  # fmt: skip

    (one,) = found(sleuth, *told)

    assert one.at == at("05-02T10:00")
    assert len(one.absences) == 3


def test_absent_counts_only_where_the_policy_says_so():
    told = [absence(f"06-0{day}T10:00", category="absent") for day in (1, 2, 3)]
    both = threshold(Count((3,), days=90, categories=frozenset({"missing", "absent"})))

    assert found(THREE_IN_90, *told) == []
    assert len(found(both, *told)) == 1


def test_an_absent_child_reaches_no_night_no_hours_and_no_risk():
    day, flagged = threshold(MissingFor(timedelta(hours=24))), threshold(Exploitation())
    long = ("06-01T21:00", "06-03T10:00")
    said = {"exploited_at": at("06-02T09:00")}

    for which in (LAMP, day, flagged):
        assert found(which, absence(*long, category="absent", said=said)) == []
        assert len(found(which, absence(*long, category="unrecognised", said=said))) == 1


def test_a_category_of_a_newer_version_counts_as_missing():
    told = [absence(f"06-0{day}T10:00", category="unrecognised") for day in (1, 2, 3)]

    assert len(found(THREE_IN_90, *told)) == 1


def test_a_night_is_covered_by_an_absence_of_just_these_hours():
    (one,) = found(LAMP, absence("06-01T00:00", "06-01T06:00"))

    assert one.at == at("06-01T06:00")


def test_who_is_not_of_the_sex_that_is_asked_for_is_not_counted():
    girls = threshold(Count((1,), days=90), when={"sex": frozenset({"female"})})

    assert len(found(girls, absence("06-01T10:00", said={"sex": "female"}))) == 1
    assert found(girls, absence("06-01T10:00", said={"sex": "male"})) == []


def test_each_step_is_reached_by_itself():
    told = [absence(f"06-{day:02}T10:00") for day in range(1, 10)]

    steps = [(one.step, one.at) for one in found(THREE_IN_90, *told)]

    assert steps == [(3, at("06-03T10:00")), (5, at("06-05T10:00")), (9, at("06-09T10:00"))]


def test_a_step_is_armed_again_when_the_count_fell_below_it_and_it_had_an_outcome():
    spring = [absence(f"03-0{day}T10:00") for day in (1, 2, 3)]
    autumn = [absence(f"09-0{day}T10:00") for day in (1, 2, 3)]

    assert len(found(THREE_IN_90, *spring, *autumn, settled_at=at_once)) == 2
    assert len(found(THREE_IN_90, *spring, *autumn, settled_at=never)) == 1
    assert len(found(THREE_IN_90, *spring, absence("03-05T10:00"), settled_at=at_once)) == 1


def test_only_an_outcome_before_the_absence_arms_the_step_for_it():
    spring = [absence(f"03-0{day}T10:00") for day in (1, 2, 3)]
    autumn = [absence(f"09-0{day}T10:00") for day in (1, 2, 3)]

    before, after = (
        [(one.at, len(one.absences)) for one in found(THREE_IN_90, *spring, *autumn,
                                                      settled_at=lambda one, day=day: at(day))]
        for day in ("09-02T12:00", "09-03T12:00")
    )  # fmt: skip

    assert before == [(at("03-03T10:00"), 5), (at("09-03T10:00"), 3)]
    assert after == [(at("03-03T10:00"), 6)]


def test_age_is_that_at_the_start():
    lamp = threshold(Overnight(time(0), time(6)), when={"age": frozenset(range(10, 18))})
    born = eighteenth_birthday(at("2016-03-29T12:00").date())  # ten on 29 March 2026
    the_night = ("03-28T23:30", "03-29T06:30")

    assert found(lamp, absence(*the_night, said={"of_age_at": born})) == []
    assert len(found(lamp, absence("03-29T23:30", "03-30T07:00", said={"of_age_at": born}))) == 1
    assert found(lamp, absence("03-29T23:30", "03-30T07:00")) == []  # no birth date is known


def test_exploitation_reaches_it_when_it_was_first_named():
    flagged = threshold(Exploitation())
    said = {"exploited_at": at("06-02T09:00")}

    (one,) = found(flagged, absence("06-01T10:00", "06-03T10:00", said=said))

    assert one.at == at("06-02T09:00")


@given(st.lists(st.integers(0, 250), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_absences_in_any_order_and_any_number_come_to_the_same(days, dice):
    told = [absence("01-01T23:50") for _ in days]
    told = [
        Absence(UUID(int=n), one.child, one.started_at + timedelta(days=day, hours=7 * n))
        for n, (one, day) in enumerate(zip(told, days, strict=True))
    ]
    shuffled = list(told)
    dice.shuffle(shuffled)

    def settled(one):
        return one.at + timedelta(days=5)

    both = threshold(Count((3, 5), days=90), Overnight(time(0), time(6)))
    first, again = (found(both, *each, settled_at=settled) for each in (told, shuffled))

    assert first == again


def test_five_hundred_absences_of_one_child_are_counted_in_less_than_fifty_milliseconds():
    dice = random.Random(7)
    said = {"of_age_at": at("2030-01-01T00:00")}
    start = at("2025-01-01T10:00")
    told = [
        Absence(UUID(int=n), UUID(int=1), start + timedelta(hours=16 * n),
                start + timedelta(hours=16 * n + dice.randint(1, 14)), said=said)
        for n in range(500)
    ]  # fmt: skip
    which = threshold(
        Count((3, 5, 9), days=90),
        Overnight(time(0), time(6)),
        when={"age": frozenset(range(10, 18))},
    )

    def one_run():
        began = clock.perf_counter()
        found(which, *told, settled_at=never)
        return clock.perf_counter() - began

    assert min(one_run() for _ in range(5)) < 0.05
