"""`patterns`, `same-month`, `over-24h` and `audit`: when, how long and who, unmisled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from broker.directory import Directory
from broker.reports.catalogue import report_named
from broker.reports.facts import Facts, Start
from broker.reports.figures import Asked, Look
from broker.reports.kinds.audit import drawn_from
from broker.reports.making import counted
from broker.reports.period import Period
from schemas.child import Place
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import gone, met, said, times, young

HOME = "provider.SC999001"
NEWPORT = "la.W06000022"


@pytest.fixture
def quarter(stage):
    play = stage(at("2026-06-01 09:00"))
    said(
        play,
        times(young("A", sex="female"), ["2026-07-03", "2026-07-31"], clock="23:00"),  # 28 days
        times(young("B", sex="male"), ["2026-07-04", "2026-08-02"], clock="00:30"),  # 29 days
        gone(young("C", sex="male"), "2026-08-01 15:00", risk_factors=("gang", "self-harm")),
        gone(young("D"), "2026-09-20 15:00"),
        gone(young("E"), "2026-06-10 15:00"),
    )
    return play


@pytest.mark.report("patterns")
@pytest.mark.scheme("missing-from-care-guidance-2002")
def test_the_first_repeat_is_counted_from_each_childs_first_and_what_is_too_recent_apart(quarter):
    made = report(quarter, "patterns", STAFFORDSHIRE, period="2026-Q3")

    figures = values(made)
    assert (figures["missing/episodes"], figures["missing/children"]) == ("6", "4")
    assert figures["repeat"] == "2/4"
    assert figures["repeat/four-weeks"] == "1/2"
    assert figures["repeat/too-recent"] == "1/4"
    assert figures["repeat/earlier"] == "0/4"


@pytest.mark.report("patterns")
def test_the_hour_is_londons_and_each_split_adds_up(quarter):
    made = report(quarter, "patterns", STAFFORDSHIRE, period="2026-Q3")

    by_hour = {row[0]: row[1] for row in rows(made, "hour") if row[1] != "0"}
    assert by_hour == {"00": "2", "15": "2", "23": "2"}
    by_day = {row[0]: row[1] for row in rows(made, "weekday") if row[1] != "0"}
    assert by_day == {"Friday": "2", "Saturday": "2", "Sunday": "2"}
    for name in ("age", "sex", "season", "month", "weekday", "hour", "home"):
        assert sum(int(row[1]) for row in rows(made, name)) == 6
    factors = {row[0]: row[1:] for row in rows(made, "risk-factor")}
    assert factors == {"gang": ("1", "1"), "self harm": ("1", "1"), "none stated": ("5", "3")}
    (heat,) = [c for part in made.sections for c in part.charts if c.look is Look.heat]
    assert len(heat.series) == 7
    assert heat.says == "Most: Friday 23:00, 2."


@pytest.mark.report("patterns")
def test_targets_that_nobody_supplied_are_not_supplied_and_never_0(quarter):
    without = report(quarter, "patterns", STAFFORDSHIRE, period="2026-Q3")
    with_one = report(
        quarter, "patterns", STAFFORDSHIRE, period="2026-Q3", targets={"episodes": 5}
    )  # fmt: skip

    assert rows(without, "targets") == []
    assert rows(with_one, "targets") == [("missing, episodes", "at most 5", "6", "not met")]


# -- one protocol, two councils


@pytest.fixture
def boards(stage):
    """O, Staffordshire's, placed in Stoke; and a meeting that decided two things."""
    play = stage(at("2026-07-01 09:00"))
    o = young("O")
    action = {"what": "Visit the home", "owner": f"{STOKE}/placements", "due_on": "2026-10-02"}
    said(
        play,
        times(o, ["2026-07-10", "2026-08-10"], area=STOKE, home=HOME, placed_by=STAFFORDSHIRE),
        [met(o, "2026-08-20 10:00", actions=(action,))],
    )
    play.clock.set(at("2026-10-03 09:00"))
    return play


@pytest.mark.report("patterns")
@pytest.mark.scheme("staffs-joint-boards")
def test_a_child_of_two_councils_counts_once_in_their_joint_total(boards):
    """staffs-joint-boards: own 2, in-area 2, and together 2 of 1 child; the naive build says 4."""
    own = report(boards, "patterns", STAFFORDSHIRE, period="2026-Q3", area="own")
    there = report(boards, "patterns", STOKE, period="2026-Q3")
    joint = report(boards, "patterns", STAFFORDSHIRE, STOKE, period="2026-Q3")

    for made in (own, there, joint):
        assert values(made)["missing/episodes"] == "2"
        assert values(made)["missing/children"] == "1"
    in_staffordshire = report(boards, "patterns", STAFFORDSHIRE, period="2026-Q3")
    assert values(in_staffordshire)["missing/episodes"] == "0"


@pytest.mark.report("patterns")
@pytest.mark.scheme("staffs-joint-boards")
def test_an_action_without_a_closing_message_is_open_and_past_its_day_the_day_after(boards):
    on_the_day = report(
        boards, "patterns", STOKE, period="2026-Q3", as_at=at("2026-10-02 23:59")
    )  # fmt: skip
    after = report(boards, "patterns", STOKE, period="2026-Q3")

    assert (values(on_the_day)["actions-open"], values(on_the_day)["actions-late"]) == ("1", "0/1")
    assert values(after)["actions-late"] == "1/1"
    ((owner, due, late, meeting, *_),) = rows(after, "actions")
    assert (owner, due) == ("Stoke-on-Trent placements team", "2026-10-02")
    assert (late, meeting) == ("past its day", "intervention")


@pytest.mark.report("patterns")
def test_a_later_meeting_that_does_not_list_an_action_again_closes_it(boards):
    boards.clock.set(at("2026-10-05 12:00"))
    said(boards, [met(young("O"), "2026-10-05 10:00")])

    assert values(report(boards, "patterns", STOKE, period="2026-Q3"))["actions-open"] == "0"


@pytest.mark.report("patterns")
def test_an_action_is_closed_by_the_desk_that_owes_it_and_by_no_other(stage):
    play = stage(at("2026-08-01 09:00"))
    worker, o = f"{STAFFORDSHIRE}/social-work", young("O")
    actions = [{"what": "Made up", "owner": owner} for owner in (worker, f"{STOKE}/placements")]
    said(
        play,
        gone(o, "2026-08-10 20:00", None),
        [met(o, "2026-08-20 10:00", by=STAFFORDSHIRE_POLICE, actions=actions)],
    )
    (got,) = play.inbox(worker, "meeting.outcome")

    play.answer(got, "acting")
    acting = report(play, "patterns", STAFFORDSHIRE, period="2026-08")
    play.answer(got, "closed")
    closed = report(play, "patterns", STAFFORDSHIRE, period="2026-08")

    assert values(acting)["actions-open"] == "2"
    assert [row[0] for row in rows(closed, "actions")] == ["Stoke-on-Trent placements team"]


# -- the same month a year before


def absences(month, children, category="missing", first=0):
    began = datetime.fromisoformat(f"{month}-10T12:00:00").replace(tzinfo=UTC)
    for number in range(first, first + children):
        id = UUID(int=int(month.replace("-", "")) * 10_000 + number)
        yield Start(id, UUID(int=number), began, category, lives_in=NEWPORT)
        if number % 10 == 0:
            again = began + timedelta(days=3)
            yield Start(UUID(int=id.int + 5000), UUID(int=number), again, category,
                          lives_in=NEWPORT)  # fmt: skip


@pytest.mark.report("same-month")
@pytest.mark.scheme("compact-niche-feeds")
def test_a_hundred_children_and_107_a_year_later_are_seven_per_cent_more_children():
    """compact-niche-feeds: of children, with the episodes beside; never one for the other."""
    said_ = [
        *absences("2025-02", 60), *absences("2025-02", 50, "absent", 50),
        *absences("2026-02", 70), *absences("2026-02", 57, "absent", 50),
        *absences("2026-03", 9),
    ]  # fmt: skip

    made = pure("same-month", said_, NEWPORT, "2026-02")

    both = {row[0]: row[1:] for row in rows(made, "same-month")}
    assert both["missing or absent, each once: children"] == ("100", "107", "7")
    assert both["missing: children"] == ("60", "70", "17")
    assert both["missing: episodes"] == ("66", "77", "17")
    assert both["absent: children"] == ("50", "57", "14")


def pure(name, said_, council, period, **more):
    asked = Asked(council, (council,), Period.parse(period), at("2027-02-01 09:00"))
    facts = Facts(asked, Directory.shipped(), trend=tuple(said_), **more)
    return counted(report_named(name), facts)


# -- more than 24 hours


@pytest.mark.report("over-24h")
@pytest.mark.scheme("of-over-24h")
@pytest.mark.trigger("of-over-24h")
def test_in_the_night_the_clocks_go_back_25_hours_are_over_24_and_24_are_not(stage):
    """of-over-24h: by the clock on the wall both are 24 hours or less, as a naive build has it."""
    play = stage(at("2026-10-20 09:00"))
    care = {"home": HOME, "placed_by": STAFFORDSHIRE, "area": STOKE}
    said(
        play,
        gone(young("AD"), "2026-10-24 23:00", "2026-10-25 23:00", **care),
        gone(young("AE"), "2026-10-24 23:00", "2026-10-25 22:00", **care),
        gone(young("AF"), "2026-10-26 09:00", None, **care),
        gone(young("at home"), "2026-10-24 09:00", "2026-10-27 09:00"),
        gone(young("Walsall's", by=WALSALL), "2026-10-24 09:00", "2026-10-27 09:00", home=HOME,
             placed_by=WALSALL),
    )  # fmt: skip

    then = report(play, "over-24h", STAFFORDSHIRE, period="2026-10", as_at=at("2026-10-27 09:00"))
    passed = report(
        play, "over-24h", STAFFORDSHIRE, period="2026-10",
        as_at=at("2026-10-27 09:00") + timedelta(seconds=1),
    )  # fmt: skip

    assert values(then)["over-24h/episodes"] == "1/3"
    assert [row[1:5] for row in rows(then, "over-24h")] == [
        ("M", "2026-10-24", "2026-10-25", "25 h 00 min")
    ]
    assert values(passed)["over-24h/episodes"] == "2/3"
    assert values(passed)["still-missing/children"] == "1/2"
    assert rows(passed, "over-24h")[-1][3] == "still away"


# -- the audit


@pytest.fixture
def district(stage):
    """Twelve missing episodes of four children, nine of one; three of them in one incident."""
    play = stage(at("2026-01-01 09:00"))
    there = {"place": Place(authority=STAFFORDSHIRE, district="D")}
    top = young("top", ethnicity="Not a code")
    nine = [f"2026-{month:02d}-10" for month in range(1, 9)]
    together = [
        gone(one, "2026-06-01 00:30", incident="I-1", **there)  # 31 May, 23:30 in UTC
        for one in (young("one"), young("two"), young("friend"))
    ]
    absent = [
        gone(young("one"), f"2026-03-{day:02d} 20:00", category="absent", review_at=None, **there)
        for day in range(1, 6)
    ]
    said(play, times(top, nine, **there), gone(top, "2026-09-10 20:00", **there), *together,
         *absent)  # fmt: skip
    play.clock.set(at("2027-01-11 09:00"))
    return play


@pytest.mark.report("audit")
@pytest.mark.scheme("lancs-audit")
def test_a_district_is_no_hot_spot_where_one_child_makes_most_of_it(district):
    """lancs-audit: 12 of 4 children, 3 without the top child, absences apart; naive: 17."""
    made = report(district, "audit", STAFFORDSHIRE, period="2026")

    figures = values(made)
    assert (figures["missing/episodes"], figures["missing/children"]) == ("12", "4")
    assert figures["without-top/episodes"] == "3/12"
    assert figures["absent/episodes"] == "5"
    assert rows(made, "district") == [("D", "12", "4", "3/12")]
    with_whom = {row[0]: row[1] for row in rows(made, "with-whom")}
    assert with_whom == {"with others": "3", "alone, or not stated": "9"}
    months = {row[0]: row[1] for row in rows(made, "month")}
    assert (months.get("2026-05"), months["2026-06"]) == ("1", "4")
    ethnicity = {row[0]: row[1] for row in rows(made, "ethnicity")}
    assert ethnicity == {"Not a code": "9", "not stated": "3"}
    assert rows(made, "orientation") == []


@pytest.mark.report("audit")
def test_the_sample_is_the_same_for_the_same_seed_and_earlier_assessments_are_supplied(district):
    asked = {"period": "2026", "sample": 2, "seed": 7}
    first = report(district, "audit", STAFFORDSHIRE, **asked)
    drawn = [row[0] for row in rows(first, "sample")]
    again = report(district, "audit", STAFFORDSHIRE, **asked, earlier_caf=[drawn[0]])

    assert values(first)["sample"] == "2/4"
    assert values(first)["earlier-caf"] == "not supplied"
    assert [row[0] for row in rows(again, "sample")] == drawn
    assert values(again)["earlier-caf"] == "1/2"


@pytest.mark.parametrize("seed", range(3))
def test_strata_give_by_their_size_and_each_gives_one(seed):
    strata = {
        name: [UUID(int=n + 1000 * size) for n in range(size)]
        for name, size in (("home", 60), ("foster", 30), ("family", 9), ("other", 1))
    }

    drawn = drawn_from(strata, 20, seed)

    assert {name: len(some) for name, some in drawn.items()} == {
        "home": 12, "foster": 6, "family": 1, "other": 1,
    }  # fmt: skip
    assert drawn == drawn_from(strata, 20, seed)
    assert len(drawn_from(strata, 500, seed)["home"]) == 60
