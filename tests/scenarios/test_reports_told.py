"""What inspectors could not find out in 2012: who was told, what was checked, what was not done."""

from datetime import timedelta

import pytest

from schemas.casework import MeetingOutcome
from schemas.child import Place
from tests import examples
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL, envelope
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import checked, gone, happened, interviewed, joined, said, young

KIRKLEES, WAKEFIELD, WESTMINSTER = "la.E08000034", "la.E08000036", "la.E09000033"
WEST_YORKSHIRE = "police.E23000010"
HERTFORDSHIRE, HERTS_POLICE = "la.E10000015", "police.E23000027"
HOME = "provider.SC999003"


@pytest.fixture
def start(stage):
    """Starts a play with the councils and forces of these tests on the broker."""

    def begin(when):
        play = stage(at(when))
        joined(play, KIRKLEES, WAKEFIELD, WESTMINSTER, WEST_YORKSHIRE, HERTFORDSHIRE, HERTS_POLICE)
        joined(play, HOME, area=STAFFORDSHIRE)
        return play

    return begin


# -- the check


@pytest.mark.report("safe-and-well")
@pytest.mark.scheme("of-safe-and-well")
def test_a_check_that_was_dropped_is_not_done_and_names_who_decided(start):
    """of-safe-and-well: done 0/1, reason 1, silent 0. Naive: "not done" counts as done."""
    play = start("2026-10-24 20:00")
    pp = gone(young("PP"), "2026-10-24 21:00", "2026-10-25 01:40", placed_by=STAFFORDSHIRE)
    dropped = {"result": "not-done", "reason": "frequent", "decided_by": "Duty inspector"}
    happened(play, pp, checked(pp[0], "2026-10-26 09:00", **dropped))

    made = report(play, "safe-and-well", STAFFORDSHIRE, period="2026-10")

    found = values(made)
    assert (found["done"], found["not-done"], found["silent"]) == ("0/1", "1/1", "0/1")
    assert rows(made, "reasons") == [("frequent", "Duty inspector", "1/1")]
    assert play.duty("safe-and-well-check").due_at == at("2026-10-26 00:40")
    assert found["hours-to-check"] == "no check"


@pytest.mark.report("safe-and-well")
def test_what_was_shared_and_how_soon_a_child_was_seen_is_told(start):
    play = start("2026-10-01 09:00")
    in_home = {"home": HOME, "placed_by": STAFFORDSHIRE}
    first = gone(young("first"), "2026-10-02 20:00", "2026-10-03 02:00", **in_home)
    second = gone(young("second"), "2026-10-04 20:00", "2026-10-05 02:00")
    silent = gone(young("silent"), "2026-10-06 20:00", "2026-10-07 02:00")
    happened(
        play, first, second, silent,
        checked(first[0], "2026-10-03 10:00"), checked(second[0], "2026-10-05 22:00"),
    )  # fmt: skip

    made = report(play, "safe-and-well", STAFFORDSHIRE, period="2026-10")

    found = values(made)
    assert (found["returned"], found["done"], found["silent"]) == ("3/3", "2/3", "1/3")
    assert found["hours-to-check"] == "8.0"
    assert (found["shared-with-worker"], found["shared-with-carer"]) == ("2/2", "1/2")


# -- reviewing officers and chairs


@pytest.mark.report("iro-told")
@pytest.mark.scheme("of-iro")
def test_each_absence_of_a_looked_after_child_has_its_alert(start):
    """of-iro: 2/2, to the responsible council. Naive: one alert, to the host."""
    play = start("2026-08-29 12:00")
    mm = young("MM", by=WESTMINSTER)
    where = {"home": HOME, "placed_by": WESTMINSTER}
    happened(
        play,
        gone(mm, "2026-08-29 22:00", "2026-08-30 09:00", **where),
        gone(mm, "2026-08-30 21:00", None, **where),
    )
    first = play.inbox(f"{WESTMINSTER}/iro-service", "iro.alert")[0]
    play.until(at("2026-09-01 10:00"))
    play.answer(first)
    play.until(at("2026-09-02 10:00"))

    made = report(play, "iro-told", WESTMINSTER, period="2026-08")

    found = values(made)
    assert found["alerted"] == "2/2"
    assert found["answered-in-time"] == "1/3"
    assert values(report(play, "iro-told", STAFFORDSHIRE, period="2026-08"))["alerted"] == "0/0"


@pytest.mark.report("iro-told")
def test_an_early_review_that_was_asked_for_counts_once_it_was_held(start):
    play = start("2026-08-01 12:00")
    child = young("repeat", by=STAFFORDSHIRE)
    days = ("2026-08-01 20:00", "2026-08-05 20:00", "2026-08-09 20:00")
    happened(play, *(gone(child, day, placed_by=STAFFORDSHIRE) for day in days))
    assert (
        values(report(play, "iro-told", STAFFORDSHIRE, period="2026-08"))["early-reviews"] == "0/1"
    )

    review = {"child": child, "type": "care-review", "held": True}
    happened(
        play,
        MeetingOutcome(**envelope(STAFFORDSHIRE, "iro-service", at("2026-08-20 10:00")) | review),
    )

    found = values(report(play, "iro-told", STAFFORDSHIRE, period="2026-08"))
    assert found["early-reviews"] == "1/1"


@pytest.mark.report("chair-told")
@pytest.mark.scheme("of-cp-chair")
def test_the_chair_of_the_council_that_holds_the_plan_was_told_and_told_the_end(start):
    """of-cp-chair: counted under plan, not looked after. Naive: Wakefield's chair."""
    play = start("2026-07-06 12:00")
    nn = gone(
        young("NN", "2016-03-04", by=KIRKLEES), "2026-07-06 19:00", None, area=KIRKLEES,
        sender=WEST_YORKSHIRE, protection_plan=KIRKLEES, place=Place(authority=WAKEFIELD),
    )[0]  # fmt: skip
    into_care = examples.update(
        nn, at=at("2026-07-08 11:00"), sender=KIRKLEES, from_address=f"{KIRKLEES}/social-work",
        care_status="looked-after", responsible_authority=KIRKLEES, episode=None,
    )  # fmt: skip
    happened(play, nn, into_care, examples.returned(nn, at=at("2026-07-09 10:00")))

    made = report(play, "chair-told", KIRKLEES, period="2026-07")
    alerts = report(play, "iro-told", KIRKLEES, period="2026-07")

    assert (values(made)["told"], values(made)["told-the-end"]) == ("1/1", "1/1")
    (row,) = rows(made, "each-absence")
    assert (row[2], row[-1]) == ("Mon 6 Jul 2026 19:00 BST", "no")
    assert values(alerts)["alerted"] == "0/0"
    assert values(report(play, "chair-told", WAKEFIELD, period="2026-07"))["told"] == "0/0"


# -- managers


@pytest.mark.report("need-to-know")
@pytest.mark.scheme("of-need-to-know")
def test_what_a_worker_raised_is_on_the_list_until_the_child_is_back(start):
    """of-need-to-know: 1 child, 1 open, then closed. Naive: only "high" climbs."""
    play = start("2026-07-12 12:00")
    oo = gone(young("OO"), "2026-07-12 18:00", None, home=HOME, placed_by=STAFFORDSHIRE)[0]
    raised = examples.update(
        oo, at=at("2026-07-12 20:00"), sender=STAFFORDSHIRE, episode=None, need_to_know=True,
        from_address=f"{STAFFORDSHIRE}/social-work",
    )  # fmt: skip
    happened(play, oo, raised)
    before = report(play, "need-to-know", STAFFORDSHIRE, period="2026-07-12")
    happened(play, examples.returned(oo, at=at("2026-07-12 23:10")))
    after = report(play, "need-to-know", STAFFORDSHIRE, period="2026-07-12")

    assert (values(before)["raised/children"], values(before)["open/children"]) == ("1", "1/1")
    assert (values(after)["raised/children"], values(after)["open/children"]) == ("1", "0/1")
    (row,) = rows(after, "by-child")
    assert row[3] == "raised by Staffordshire social work"
    assert "A friend rang" not in str(after)
    assert [row[1:] for row in rows(after, "by-home")] == [("1", "1", "0/1")]


@pytest.mark.report("not-done")
@pytest.mark.scheme("of-oversight")
def test_what_nobody_ever_says_anything_of_is_on_every_list(start):
    """of-oversight: late at its time, and on every weekly list. Naive: no message, no row."""
    play = start("2026-04-05 09:00")
    happened(play, gone(young("Easter"), "2026-04-05 09:00", "2026-04-05 14:00"))
    play.until(at("2026-04-20 12:00"))

    weeks = [
        report(play, "not-done", STAFFORDSHIRE_POLICE, period=week, as_at=at(made))
        for week, made in (("2026-W15", "2026-04-13 12:00"), ("2026-W16", "2026-04-20 12:00"))
    ]

    checks = [[row for row in rows(one, "ours-each") if row[0] == "safe-and-well-check"]
              for one in weeks]  # fmt: skip
    assert [len(each) for each in checks] == [1, 1]
    assert checks[0][0][2] == "Mon 6 Apr 2026 14:00 BST"
    assert "ontrol room" in checks[0][0][1]
    assert checks[0][0][4]  # whom it climbed to
    council = report(play, "not-done", STAFFORDSHIRE, period="2026-W16")
    assert "safe-and-well-check" in [row[0] for row in rows(council, "theirs-each")]


@pytest.mark.report("not-done")
def test_what_was_done_late_leaves_the_list(start):
    play = start("2026-04-05 09:00")
    absence = gone(young("seen"), "2026-04-05 09:00", "2026-04-05 14:00")
    happened(play, absence, checked(absence[0], "2026-04-08 10:00"))
    play.until(at("2026-04-13 12:00"))

    now = report(play, "not-done", STAFFORDSHIRE_POLICE, period="2026-W15")
    then = report(
        play, "not-done", STAFFORDSHIRE_POLICE, period="2026-W15", as_at=at("2026-04-07 12:00")
    )

    names = [[row[0] for row in rows(one, "ours-each")] for one in (then, now)]
    assert ["safe-and-well-check" in each for each in names] == [True, False]


@pytest.mark.report("notification-chain")
@pytest.mark.scheme("of-first-contact")
def test_a_report_by_night_is_told_at_once_answered_in_time_and_signed_off(start):
    """of-first-contact: told within, answered within. Naive: an e-mail that is read on Tuesday."""
    play = start("2026-05-22 20:00")
    ll = gone(
        young("LL", "2010-03-04", by=KIRKLEES), "2026-05-22 23:40", None, area=KIRKLEES,
        sender=WEST_YORKSHIRE, risk="high", risk_reviewed_by="Duty inspector",
    )  # fmt: skip
    happened(play, ll)
    play.after(minutes=7)
    play.answer(play.last(f"{KIRKLEES}/emergency-duty"))
    play.until(at("2026-05-26 12:00"))

    found = values(report(play, "notification-chain", KIRKLEES, period="2026-05"))

    assert found["told-within-a-minute"] == "1/1"
    assert found["answered-in-time"] == "1/1"
    assert found["out-of-hours"] == "1/1"
    assert (found["signed-off"], found["worker-told"]) == ("1/1", "0/1")


@pytest.mark.report("notification-chain")
def test_what_lay_in_an_outage_was_not_told_within_a_minute(start):
    play = start("2026-05-20 10:00")
    play.outage = True
    happened(play, gone(young("outage", by=KIRKLEES), "2026-05-20 10:00", None, area=KIRKLEES,
                        sender=WEST_YORKSHIRE))  # fmt: skip
    play.after(minutes=3)
    play.outage = False
    play.send()

    found = values(report(play, "notification-chain", KIRKLEES, period="2026-05"))

    assert found["told-within-a-minute"] == "0/1"


# -- a group


@pytest.mark.report("group-outcomes")
@pytest.mark.scheme("herts-mamcag")
def test_who_was_reviewed_too_recently_is_listed_and_in_no_denominator(start):
    """herts-mamcag: XX, reviewed 10 days before, is listed apart. Naive: 2/3 "no further"."""
    play = start("2026-01-02 09:00")
    names = ("none", "one", "two", "XX")
    none, one, two, recent = (young(name, by=HERTFORDSHIRE) for name in names)
    where = {"area": HERTFORDSHIRE, "sender": HERTS_POLICE, "risk": "high", "risk_reason": "Hurt"}

    def reviewed(child, when):
        about = {"child": child, "type": "multi-agency-group", "held": True}
        return MeetingOutcome(**envelope(HERTS_POLICE, "missing-unit", at(when)) | about)

    said(
        play,
        *(gone(child, "2026-01-03 20:00", **where) for child in (none, one, two)),
        *(reviewed(child, "2026-01-20 10:00") for child in (none, one, two)),
        gone(one, "2026-02-03 20:00", **where),
        *(gone(two, day, **where) for day in ("2026-02-03 20:00", "2026-04-20 20:00")),
        gone(none, "2026-04-21 20:00", **where),  # the 91st day
        gone(recent, "2026-06-10 20:00", **where),
        reviewed(recent, "2026-06-20 10:00"),
    )
    play.until(at("2026-06-30 10:00"))

    made = report(play, "group-outcomes", HERTFORDSHIRE, period="2026")

    found = values(made)
    assert (found["high-risk/reviewed"], found["high-risk/too-recent"]) == ("4", "1/4")
    assert [found[f"high-risk/{part}"] for part in ("none", "one", "more")] == ["1/3", "1/3", "1/3"]
    assert [row[-1] for row in rows(made, "cases")].count("too recent") == 1


@pytest.mark.report("daily-digest")
@pytest.mark.scheme("herts-mamcag")
def test_a_day_on_which_nothing_came_is_told_as_nought(start):
    """herts-mamcag: on Easter Sunday the digest says 0. Naive: silence."""
    play = start("2026-03-31 12:00")
    ww = gone(
        young("WW", by=HERTFORDSHIRE), "2026-03-31 23:40", "2026-04-02 01:00", area=HERTFORDSHIRE,
        sender=HERTS_POLICE,
    )  # fmt: skip
    happened(play, ww)
    play.until(at("2026-04-06 07:00"))

    days = {
        day: values(report(play, "daily-digest", HERTFORDSHIRE, period=f"2026-{day}"))
        for day in ("03-31", "04-01", "04-02", "04-05")
    }

    assert [(d["new"], d["updated"], d["returned"]) for d in days.values()] == [
        ("1", "0", "0"), ("0", "0", "0"), ("0", "0", "1"), ("0", "0", "0"),
    ]  # fmt: skip


# -- boards


@pytest.fixture
def quarter(start):
    """The children of of-corporate-parenting, July to September 2026."""
    play = start("2026-06-30 09:00")
    joined(play, "provider.SC999004", area="la.E06000049")
    af, ag, ai = (young(name, by=STAFFORDSHIRE) for name in ("AF", "AG", "AI"))
    ah = young("AH", by=WALSALL)
    stoke = {"area": STOKE, "home": examples.HOME, "placed_by": STAFFORDSHIRE}
    cheshire = {"area": "la.E06000049", "home": "provider.SC999004", "placed_by": STAFFORDSHIRE}
    here = {"home": HOME, "placed_by": WALSALL}
    held = gone(af, "2026-07-10 20:00", **stoke)
    said(
        play,
        *(held, gone(af, "2026-08-10 20:00", "2026-08-12 21:00", **stoke)),
        gone(ag, "2026-07-15 20:00", **cheshire),
        *(gone(ah, f"2026-09-{day:02} 20:00", **here) for day in (1, 8, 15, 22)),
        gone(ai, "2026-08-19 20:00"),
        gone(ai, "2026-08-25 20:00", None, placed_by=STAFFORDSHIRE),
        interviewed(held[0], "held", "2026-07-12 12:00"),
    )
    play.until(at("2026-10-05 09:00"))
    return play


@pytest.mark.report("corporate-parenting")
@pytest.mark.scheme("of-corporate-parenting")
def test_own_looked_after_children_are_counted_wherever_they_live(quarter):
    """of-corporate-parenting: 4 episodes, 3 children; others' 4 and 1. Naive: 9, or without AG."""
    made = report(quarter, "corporate-parenting", STAFFORDSHIRE, period="2026-Q3")

    found = values(made)
    assert (found["own/episodes"], found["own/children"]) == ("4", "3")
    assert (found["others/episodes"], found["others/children"]) == ("4", "1")
    assert found["over-24h"] == "2/4"
    assert (found["still-missing/episodes"], found["still-missing/children"]) == ("1/4", "1/3")
    assert (found["placed-out/episodes"], found["placed-out/children"]) == ("3/4", "2/3")
    assert (found["iro-told"], found["interviewed"]) == ("4/4", "1/4")
    assert "Wed 14 Oct 2026 24:00 BST" in made.sections[0].text


@pytest.mark.report("safeguarding-board")
@pytest.mark.scheme("of-corporate-parenting")
def test_the_safeguarding_board_sees_every_child_of_the_area_by_group(quarter):
    made = report(quarter, "safeguarding-board", STAFFORDSHIRE, period="2026-Q3")

    found = values(made)
    assert (found["missing/episodes"], found["missing/children"]) == ("6", "2")
    assert (found["care/looked-after/episodes"], found["care/looked-after/children"]) == (
        "5/6", "2/2",
    )  # fmt: skip
    assert [row[2] for row in rows(made, "trend")] == ["0", "0", "0", "6"]


@pytest.mark.report("corporate-parenting")
@pytest.mark.scheme("of-placement-moves")
def test_who_is_moved_while_missing_has_moved_once_and_is_missing_once(start):
    """of-placement-moves: one absence, one move, beside each other."""
    play = start("2026-07-01 09:00")
    child = young("moves", by=STAFFORDSHIRE)

    def placed(when, home, host, **changes):
        return examples.placement(
            at(when), child=child, sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
            host_authority=host, starts_at=at(when) + timedelta(hours=2), home=home, **changes,
        )  # fmt: skip

    where = {"area": STOKE, "home": examples.HOME, "placed_by": STAFFORDSHIRE}
    happened(
        play,
        placed("2026-07-02 09:00", examples.HOME, STOKE),
        gone(child, "2026-08-01 20:00", "2026-08-05 20:00", **where),
        placed("2026-08-03 09:00", "provider.SC999002", STOKE, stage="change"),
    )

    made = report(play, "corporate-parenting", STAFFORDSHIRE, period="2026-Q3")

    assert (values(made)["own/episodes"], values(made)["moves"]) == ("1", "1")
    assert [row[1:2] + row[-1:] for row in rows(made, "each-child")] == [("1", "1")]
