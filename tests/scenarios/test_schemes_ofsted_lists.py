"""What areas made or were asked for in 2012: daily lists, plans to be found, reports to boards."""

import pytest

from schemas.profile import ChildProfile, ProfileRequest
from schemas.report_given import ReportGiven
from tests import examples
from tests.examples import envelope
from tests.scenarios.areas import at, back, child, desk, join, missing, owes, reached, under


@pytest.fixture
def staged(stage):
    """Starts a play with the whole cast: `staged(when, *schemes)`."""

    def start(when, *schemes):
        return join(stage(at(when), policies=under(*schemes) if schemes else None))

    return start


# -- Hertfordshire's action group


GROUP, HERTFORDSHIRE = "police.E23000027", "la.E10000015"
HERTS = ((GROUP, "Hertfordshire Constabulary", None), (HERTFORDSHIRE, "Hertfordshire", None))
UNIT, FRONT_DOOR = f"{GROUP}/missing-unit", f"{HERTFORDSHIRE}/front-door"


@pytest.fixture
def herts(both):
    """Hertfordshire's play on either ledger, with the steps that Homeward owes itself."""

    def start(when):
        play = join(both(at(when), policies=under("herts-mamcag")), *HERTS)
        play.decider.activate()
        return play

    return start


def at_home(starts, number=1, **changes):
    """The police of Hertfordshire report a child who lives with family there."""
    there = {"authority": HERTFORDSHIRE}
    by = {"sender": GROUP, "from_address": f"{GROUP}/control-room"}
    who = child(number, birth_date="2010-08-01")
    return missing(
        who, starts, "Essex Police", "Kirklees", lives=there, place=there, **by, **changes
    )


def ended(report, when):
    return examples.returned(report, at=at(when))


@pytest.mark.scheme("herts-mamcag")
@pytest.mark.trigger("herts-mamcag")
def test_one_referral_lists_each_ground_that_was_met(herts):
    """herts-mamcag: WW, 15, third in 90 days from Tue 31 March 23:40, for longer than a day."""
    play = herts("2026-02-01T09:00")
    for day in ("2026-02-01", "2026-03-01"):
        report = at_home(f"{day}T10:00")
        play.say_now(report)
        play.say_now(ended(report, f"{day}T15:00"))
    third = at_home("2026-03-31T23:40")
    play.say_now(third)
    play.until(at("2026-04-01T23:41"))
    play.say_now(ended(third, "2026-04-02T01:00"))

    assert len(reached(play)) == 1
    said = [got.message for got in play.inbox(UNIT, "threshold.reached")]
    assert [one.action for one in said] == ["new", "update"]
    assert said[0].occurred_at == at("2026-03-31T23:40")
    assert said[0].criteria == ("3 in 90 days",)
    assert said[1].criteria == ("3 in 90 days", "missing for more than 24 hours")
    assert said[1].sent_at == at("2026-04-01T23:40")


@pytest.mark.scheme("herts-mamcag")
def test_the_list_comes_each_day_also_on_easter_sunday_and_of_nothing(herts):
    """herts-mamcag: Easter Sunday 5 April without reports: "0" still arrives."""
    play = herts("2026-04-03T09:00")
    first, other = at_home("2026-04-03T22:00"), at_home("2026-04-03T23:00", 2)
    play.say_now(first)
    play.say_now(other)
    play.until(at("2026-04-04T07:00"))
    play.say(ended(first, "2026-04-04T05:00"))  # heard of after the list was made
    play.until(at("2026-04-06T07:00"))

    for address in (UNIT, FRONT_DOOR):
        lists = [got.message for got in play.inbox(address, "digest")]
        assert [one.day.isoformat() for one in lists] == ["2026-04-04", "2026-04-05", "2026-04-06"]
        counts = [(len(one.new), len(one.updated), len(one.returned), one.open) for one in lists]
        assert counts == [(2, 0, 0, 2), (0, 0, 1, 1), (0, 0, 0, 1)], address
        assert lists[2].words.endswith("0 new, 0 updated, 0 returned. Going on: 1.")
        assert lists[1].since == at("2026-04-04T07:00")
        assert not any(got.wakes for got in play.inbox(address, "digest"))
    assert "Example" not in str([got.message for got in play.inbox(UNIT, "digest")])


@pytest.mark.scheme("herts-mamcag")
def test_the_list_of_a_day_when_homeward_was_away_covers_the_time_since_the_last(herts):
    play = herts("2026-04-03T09:00")
    play.say_now(at_home("2026-04-03T22:00"))
    play.clock.set(at("2026-04-06T12:00"))  # nothing fires meanwhile
    play.until(at("2026-04-07T07:00"))

    lists = [got.message for got in play.inbox(UNIT, "digest")]
    assert [len(one.new) for one in lists] == [1, 0]
    assert (lists[0].since, lists[0].until) == (at("2026-04-03T09:00"), at("2026-04-06T12:00"))


# -- a risk plan that people can find


def plan(who, obtained, by="Wakefield social work"):
    sender, _, function = desk(by).partition("/")
    none = [part for part in ("description", "associates", "places", "medical")]
    return ChildProfile(
        **envelope(sender, function, at(obtained)), child=who, obtained_at=at(obtained),
        none_known=none, risk_factors=("sexual-exploitation",), child_view="Ring my aunt first",
        risk_measures="A worker she trusts rings within the hour (social work)",
    )  # fmt: skip


def asks(who, when, by):
    sender, _, function = desk(by).partition("/")
    return ProfileRequest(**envelope(sender, function, at(when)), child=who, why="At the station")


@pytest.mark.scheme("of-risk-plan")
def test_the_duty_team_of_the_area_reads_the_plan_at_night_and_sees_that_it_is_stale(staged):
    """of-risk-plan: YY, 12, home in Kirklees, Wakefield's; plan of 10 February, back 1 March."""
    play = staged("2026-02-10T10:00", "of-risk-plan")
    yy = child(of="Wakefield", birth_date="2013-06-01")
    play.say(plan(yy, "2026-02-10T10:00"))
    report = missing(yy, "2026-03-01T18:00", "Moor View", "Moor View", "Wakefield")
    play.say_now(report)
    play.say_now(back(report, "2026-03-01T23:00"))
    worker = "Wakefield social work"
    assert owes(play, "of-risk-plan-review", worker) == [("open", at("2026-03-04T00:00"))]

    kirklees = "Kirklees emergency duty team"
    play.say_now(asks(yy, "2026-03-02T03:10", kirklees))

    (got,) = [one for one in play.inbox(desk(kirklees), "child.profile")]
    assert (got.view, got.because) == ("full", "asked")
    assert got.message.child_view == "Ring my aunt first"
    words = play.receipts("la.E08000034")[-1].words
    assert "10 Feb 2026" in words
    assert "Stale: an absence since, over Sun 1 Mar 2026 23:00" in words

    play.say_now(plan(yy, "2026-03-03T15:00"))
    assert owes(play, "of-risk-plan-review", worker) == [("met", at("2026-03-04T00:00"))]
    play.say_now(asks(yy, "2026-03-03T16:00", kirklees))
    assert "Stale" not in play.receipts("la.E08000034")[-1].words


@pytest.mark.scheme("of-risk-plan")
def test_the_same_form_serves_a_child_who_is_not_looked_after_and_strangers_get_nothing(staged):
    """of-risk-plan: YY's sister; a stranger learns not even that she is known."""
    play = staged("2026-02-10T10:00", "of-risk-plan")
    sister = child(2, of="Kirklees")
    play.say(plan(sister, "2026-02-10T10:00", "Kirklees social work"))
    play.say_now(missing(sister, "2026-03-01T18:00", "West Yorkshire Police", "Kirklees"))

    play.say_now(asks(sister, "2026-03-02T03:10", "West Yorkshire Police control room"))
    play.say_now(asks(sister, "2026-03-02T03:15", "Essex front door"))
    play.say_now(asks(child(77), "2026-03-02T03:20", "Essex front door"))

    # Once as she was reported missing, once as it was asked for.
    assert [one.because.partition("@")[0] for one in play.inbox("police.E23000010", "child.profile")
            ] == ["missing-profile", "asked"]  # fmt: skip
    assert play.inbox("la.E10000012", "child.profile") == []
    refusals = play.rejections("la.E10000012")
    assert [one.code for one in refusals] == ["not-your-child"] * 2
    assert refusals[0].detail == refusals[1].detail


# -- reports that boards and members are owed


@pytest.mark.scheme("of-corporate-parenting")
def test_a_report_that_no_board_was_given_is_late_and_one_that_was_is_met(staged):
    """of-corporate-parenting: Jul-Sep 2026, due 24:00 Wed 14 October."""
    play = staged("2026-06-30T09:00")
    performance = "Staffordshire performance team"
    boards = ("report-corporate-parenting", "report-safeguarding-board")
    play.until(at("2026-10-01T00:00"))
    due = at("2026-10-15T00:00")
    for name in boards:
        assert ("open", due) in owes(play, name, performance)

    given = ReportGiven(
        **envelope("la.E10000028", "performance", at("2026-10-13T18:00")),
        report="corporate-parenting", period="2026-Q3", to="Corporate parenting board",
    )  # fmt: skip
    play.say_now(given)
    play.until(due)

    assert ("met", due) in owes(play, boards[0], performance)
    assert ("late", due) in owes(play, boards[1], performance)
    assert "met" in play.receipts("la.E10000028")[-1].words
    assert desk("Staffordshire duty manager") in play.climbed(boards[1])


@pytest.mark.scheme("of-corporate-parenting")
def test_a_report_that_was_given_before_it_was_asked_for_is_not_owed(staged):
    play = staged("2026-06-30T09:00")
    early = ReportGiven(
        **envelope("la.E10000028", "performance", at("2026-09-30T18:00")),
        report="corporate-parenting", period="2026-Q3",
    )  # fmt: skip
    play.say_now(early)
    play.until(at("2026-10-01T00:00"))

    (duty,) = [one for one in play.duties("report-corporate-parenting", desk(
        "Staffordshire performance team")) if one.due_at == at("2026-10-15T00:00")]  # fmt: skip
    assert duty.state == "met"
