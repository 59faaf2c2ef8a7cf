"""A census is owed for each month or quarter, silently, met by its list, and late without it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from broker.census.returned import returned
from broker.census.returns import ASK_ID, named
from broker.closure import owed
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.policy.load import shipped
from schemas.census import Census
from tests.examples import FRIDAY_NIGHT, HOME, STAFFORDSHIRE_POLICE, STOKE, WALSALL, envelope
from tests.scenarios.people import CONTROL_ROOM, DUTY_MANAGER, HEAD_OF_SERVICE, MISSING_UNIT

FIGURES, MANAGER = f"{WALSALL}/performance", f"{HOME}/home-manager"
CARDIFF, SOUTH_WALES = "la.W06000015", "police.W15000003"


def utc(month, day, hour=0, minute=0, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def nil(sender, first, last, at, **changes):
    function = {"police": "missing-unit", "la": "performance", "provider": "home-manager"}
    said = envelope(sender, function[sender.partition(".")[0]], at)
    return Census(**said | {"period_from": first, "period_to": last, "nil": True} | changes)


def of_month(play, period, agency=FIGURES):
    """The duty of a period, as the ledger has it."""
    with play.ledger.reading() as connection:
        found = owed(connection, agency.partition("/")[0], "census")
    return [one for one in found if one.occasion == period]


def notices(play, address):
    return [got.message for got in play.inbox(address, "duty") if got.message.name == "census"]


def test_at_a_months_end_each_council_and_force_on_the_broker_owes_its_census(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(4, 30, 22, 59))  # March is not asked for: nobody was there on its first day
    assert play.duties("census") == []

    play.until(utc(4, 30, 23))

    owners = {duty.owed_by for duty in play.duties("census")}
    assert {FIGURES, f"{STOKE}/performance", MISSING_UNIT} <= owners
    assert not any(owner.startswith("provider.") for owner in owners)
    (duty,) = play.duties("census", FIGURES)
    assert (duty.starts_at, duty.due_at) == (utc(4, 30, 23), utc(5, 8, 23))  # past a bank holiday
    (notice,) = notices(play, FIGURES)
    assert notice.words == (
        "Census of 2026-04, by Walsall performance team, is owed; due Fri 8 May 2026 24:00 BST "
        "(local timescale)."
    )
    assert play.woken() == set()


def test_what_is_owed_is_listed_and_has_no_child(stage):
    play = stage(FRIDAY_NIGHT)
    play.until(utc(5, 1, 9))

    with play.ledger.reading() as connection:
        (found,) = owed(connection, WALSALL)
    assert (found.duty, found.occasion, found.state) == ("census", "2026-04", "open")
    assert (found.episode, found.basis) == (None, "local")


def test_its_census_meets_it_and_a_nil_return_is_one(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(5, 5, 9))

    play.say(nil(WALSALL, "2026-04-01", "2026-04-30", utc(5, 5, 9)))

    assert play.duty("census", FIGURES).state == "met"
    assert "What was owed is met: 2026-04." in play.receipts(WALSALL)[-1].words
    play.until(utc(5, 20))
    assert notices(play, DUTY_MANAGER) == []


@pytest.mark.parametrize(
    ("first", "last"), [("2026-04-02", "2026-04-30"), ("2026-03-01", "2026-03-31")]
)
def test_a_census_of_other_days_meets_nothing(stage, first, last):
    play = stage(FRIDAY_NIGHT)
    play.until(utc(5, 5, 9))

    play.say(nil(WALSALL, first, last, utc(5, 5, 9)))

    assert play.duty("census", FIGURES).state == "open"


def test_part_of_a_census_meets_nothing_until_all_are_here(stage):
    play = stage(FRIDAY_NIGHT)
    play.until(utc(5, 5, 9))
    entries = [{"reference": f"W-{n}", "started_at": utc(4, 9)} for n in (1, 2)]
    parts = [
        nil(WALSALL, "2026-04-01", "2026-04-30", utc(5, 5, 9), nil=False, entries=(entries[n - 1],),
            part=n, parts=2, list_id="april")
        for n in (1, 2)
    ]  # fmt: skip

    play.say(parts[1])
    assert play.duty("census", FIGURES).state == "open"
    play.say(parts[0])
    assert play.duty("census", FIGURES).state == "met"


def test_what_does_not_come_is_late_climbs_and_wakes_nobody(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(5, 8, 23))

    assert play.duty("census", FIGURES).state == "late"
    assert DUTY_MANAGER in play.climbed("census")
    assert notices(play, DUTY_MANAGER)[-1].change.value == "climbed"
    assert notices(play, HEAD_OF_SERVICE) == []
    play.until(utc(5, 13, 23))
    assert CONTROL_ROOM in play.climbed("census")
    assert play.woken() == set()

    play.say(nil(WALSALL, "2026-04-01", "2026-04-30", utc(5, 14, 9)))
    assert [d.state for d in play.duties("census", FIGURES)] == ["met-late"]


def test_a_home_owes_a_quarter_and_its_months_together_are_one(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(6, 30, 22, 59))
    assert play.duties("census", MANAGER) == []
    play.until(utc(7, 1, 9))
    assert play.duty("census", MANAGER).due_at == utc(7, 7, 23)

    months = [("2026-04-01", "2026-04-30"), ("2026-06-01", "2026-06-30")]
    for first, last in months:
        play.say(nil(HOME, first, last, utc(7, 1, 9)))
    assert play.duty("census", MANAGER).state == "open"
    play.say(nil(HOME, "2026-05-01", "2026-05-31", utc(7, 1, 9)))
    assert play.duty("census", MANAGER).state == "met"


def test_of_a_home_that_sends_nothing_the_council_of_its_area_hears(stage):
    play = stage(FRIDAY_NIGHT)

    play.until(utc(7, 12, 23))

    assert f"{STOKE}/duty-manager" in play.climbed("census")
    assert play.woken() == set()


DUE = {
    "over Easter": (utc(3, 15), "2026-03", utc(4, 9, 23)),
    "over Christmas": (utc(12, 15), "2026-12", utc(1, 9, year=2027)),
    "after the clocks went back": (utc(10, 12), "2026-10", utc(11, 7)),
}


@pytest.mark.parametrize(("at", "period", "due"), DUE.values(), ids=DUE)
def test_working_days_are_those_of_london_and_its_holidays(stage, at, period, due):
    play = stage(at)
    joined(play, SOUTH_WALES, at - timedelta(days=60))
    joined(play, CARDIFF, at - timedelta(days=60))
    play.until(named(period).ends_at)

    for agency in (SOUTH_WALES, CARDIFF):
        (duty,) = of_month(play, period, agency)
        assert duty.due_at == due
        assert duty.because == "returns@wales-2026.2"


def joined(play, agency, at):
    with play.ledger.writing() as connection:
        agencies.add(connection, agency, agency, None, {}, at)


def test_an_agency_owes_from_the_first_month_it_was_there_for_whole(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(5, 12))
    joined(play, CARDIFF, play.clock.now())
    play.until(utc(6, 20))
    joined(play, CARDIFF, play.clock.now())  # brought up to date, not added anew

    play.until(utc(7, 1))

    assert of_month(play, "2026-05", CARDIFF) == []
    assert len(of_month(play, "2026-06", CARDIFF)) == 1


def test_an_agency_that_is_taken_away_owes_nothing(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(5, 9))
    (late,) = play.duties("census", FIGURES)
    assert late.state == "late"

    with play.ledger.deciding() as connection:
        agencies.end_returns(connection, WALSALL, play.clock.now())
        connection.exec_driver_sql(f"UPDATE agency SET channel = 'none' WHERE id = '{WALSALL}'")
    play.until(utc(7, 1))

    assert [duty.state for duty in play.duties("census", FIGURES)] == ["excused"]
    assert ("excused", "") in play.events("census")
    assert [duty.state for duty in play.duties("census", f"{STOKE}/performance")] != []


def test_after_months_without_homeward_only_the_last_period_is_asked_for(both):
    play = both(FRIDAY_NIGHT)
    play.clock.set(utc(8, 20, 9))  # nothing ran since March

    play.after(seconds=1)

    assert {duty.due_at for duty in play.duties("census")} == {utc(8, 7, 23), utc(7, 7, 23)}
    (july,) = of_month(play, "2026-07")
    assert (july.state, july.late_on_arrival) == ("late", True)
    assert july.working_due_at == utc(8, 27, 23)
    assert play.climbed("census") == []
    assert "it was due Fri 7 Aug 2026 24:00 BST, before Homeward knew" in (
        notices(play, FIGURES)[0].words
    )
    play.until(utc(8, 31, 23))
    assert len(of_month(play, "2026-08")) == 1


def test_a_step_that_failed_at_the_months_end_is_made_up_for(stage):
    play = stage(FRIDAY_NIGHT)
    play.until(utc(4, 30, 22, 59))
    with play.ledger.writing() as connection:  # as the timekeeper puts off what failed
        d = t.duty.c
        later = update(t.duty).where(d.id == ASK_ID).values(next_at=utc(4, 30, 23, 5))
        connection.execute(later)

    play.until(utc(4, 30, 23, 5))

    assert play.duty("census", FIGURES).due_at == utc(5, 8, 23)


def test_a_census_that_was_here_before_it_was_asked_for_has_met_it(both):
    play = both(FRIDAY_NIGHT)
    play.clock.set(utc(5, 2, 9))  # the month's end passed while Homeward was down
    play.say(nil(WALSALL, "2026-04-01", "2026-04-30", utc(5, 2, 9)))

    play.after(seconds=1)

    assert [duty.state for duty in play.duties("census", FIGURES)] == ["met"]
    assert notices(play, FIGURES) == []


def test_nothing_returned_is_no_return_and_nil_is_nil(both):
    play = both(FRIDAY_NIGHT)
    play.until(utc(7, 2, 9))
    play.say(nil(WALSALL, "2026-06-01", "2026-06-30", utc(7, 2, 9)))
    play.say(nil(HOME, "2026-06-01", "2026-06-30", utc(7, 2, 9)))
    play.after(seconds=1)

    def listed(period):
        with play.ledger.reading() as connection:
            directory = agencies.directory_of(connection)
            found = returned(connection, shipped(), directory, None, named(period))
        return {one.agency: (one.state, one.nil) for one in found}

    june = listed("2026-06")
    assert june[WALSALL] == ("compared", True)
    assert june[STOKE] == ("no-return", False)
    assert june[STAFFORDSHIRE_POLICE] == ("no-return", False)
    assert "provider.SC999002" not in june  # a home owes a quarter
    assert listed("2026-Q2")["provider.SC999002"] == ("no-return", False)
    assert STOKE not in listed("2026-03")  # it was not there then
