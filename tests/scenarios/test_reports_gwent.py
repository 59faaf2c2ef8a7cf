"""What the boards of the Gwent Hub read, by the figures that the evaluation of 2015 asked for."""

import pytest

from broker.ledger import agencies
from schemas.casework import MeetingOutcome
from tests import examples
from tests.examples import envelope
from tests.scenarios.reports import report, rows, values
from tests.scenarios.scheme_play import schemes, shared_reference
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import gone, happened, interviewed, joined, referred, said, young

HUB = "service.gwent-hub"
POLICE = "police.W15000002"
SCHEMES = ("gwent-debrief", "gwent-hub", "gwent-mediation", "gwent-miraf", "gwent-told-back")
NAMES = ("Caerphilly", "Blaenau Gwent", "Torfaen", "Monmouthshire", "Newport")
COUNCILS = tuple(f"la.W060000{number}" for number in range(18, 23))
DESKS = {"screening": {}, "return-interviews": {}, "mediation": {}}
CAERPHILLY, _, TORFAEN, _, NEWPORT = COUNCILS


@pytest.fixture
def gwent(stage):
    """Starts a play in Gwent: its force, its councils and the Hub are on the broker."""

    def start(when):
        play = stage(at(when), policies=schemes(*SCHEMES))
        joined(play, POLICE, "health.W999")
        with play.ledger.writing() as connection:
            agencies.add(connection, HUB, "The Hub", None, DESKS, at(when))
            for council, name in zip(COUNCILS, NAMES, strict=True):
                agencies.add(connection, council, name, None, {}, at(when))
        return play

    return start


def of_gwent(play, name, period, **how):
    return report(play, name, HUB, *COUNCILS, period=period, **how)


def away(child, starts, area=NEWPORT, back="", **changes):
    return gone(child, starts, back, area=area, sender=POLICE, **changes)


def step(of, stage, when, **changes):
    """What the Hub's debriefers report of an absence."""
    return interviewed(of[0], stage, when, sender=HUB, **changes)


# -- debriefs


@pytest.fixture
def debriefs(gwent):
    """Ten children, fourteen absences; four are referred, three of them come; one undecided."""
    play = gwent("2026-08-01 09:00")
    dd, ee, ff, refuses = (young(name, by=NEWPORT) for name in ("DD", "EE", "FF", "refuses"))
    others = [young(f"other {number}", by=TORFAEN) for number in range(6)]
    august, dd_gone = away(dd, "2026-08-10 20:00"), away(dd, "2026-10-05 20:00")
    ee_gone = [away(ee, "2026-10-10 20:00"), away(ee, "2026-11-10 20:00")]
    ff_gone = away(ff, "2026-12-30 20:00")
    refused = [away(refuses, "2026-10-20 20:00"), away(refuses, "2026-10-24 20:00")]
    not_referred = [away(child, "2026-11-20 20:00", TORFAEN) for child in others]
    again = [away(child, "2026-12-01 20:00", TORFAEN, category="absent") for child in others[:2]]
    said(
        play,
        august,
        step(august, "held", "2026-08-20 16:00"),
        *(dd_gone, *ee_gone, ff_gone, *refused, *not_referred, *again),
        *(step(one, "allocated", "2026-12-31 09:00") for one in (dd_gone, *ee_gone, ff_gone)),
        step(refused[0], "allocated", "2026-10-21 09:00"),
        step(refused[0], "declined", "2026-10-22 09:00"),
        step(dd_gone, "held", "2026-10-08 16:00"),
        step(ee_gone[0], "held", "2026-10-12 16:00"),
        step(ee_gone[1], "held", "2026-11-12 16:00"),
        step(ff_gone, "held", "2027-01-02 16:00"),
        *(step(one, "not-referred", "2026-11-23 16:00", reason="low-risk")
          for one in not_referred[:4]),
        step(not_referred[4], "not-referred", "2026-11-23 16:00", reason="moved"),
    )  # fmt: skip
    return play


@pytest.mark.report("debriefs")
@pytest.mark.scheme("gwent-debrief")
def test_debriefs_are_shown_by_unique_children_take_up_and_repeats(debriefs):
    """gwent-debrief: 4 debriefs, 3/10, 3/4, 2/4. Naive: 4/14 or 4/10; repeats 1/4."""
    made = of_gwent(debriefs, "debriefs", "2026-Q4")

    found = values(made)
    assert found["debriefs"] == "4"
    assert (found["unique"], made.figures["unique"].percent) == ("3/10", "30%")
    assert (found["take-up"], made.figures["take-up"].percent) == ("3/4", "75%")
    assert found["repeats"] == "2/4"
    assert rows(made, "per-child") == [("1", "2/3"), ("2", "1/3")]


@pytest.mark.report("debriefs")
@pytest.mark.scheme("gwent-debrief")
def test_of_six_not_referred_five_have_reasons_and_one_is_open(debriefs):
    made = of_gwent(debriefs, "debriefs", "2026-Q4")

    assert rows(made, "not-referred") == [
        ("low risk", "4/6"),
        ("moved", "1/6"),
        ("no reason yet: the decision is open", "1/6"),
    ]


@pytest.mark.report("debriefs")
def test_a_debrief_is_of_the_month_its_absence_began_in_and_periods_do_not_overlap(debriefs):
    made = of_gwent(debriefs, "debriefs", "2026-Q4")

    assert [row[1] for row in rows(made, "by-month")] == ["2", "1", "1"]
    assert [row[2] for row in rows(made, "trend")] == ["0", "0", "1", "4"]
    assert values(made)["per-month"] == "1.3"
    assert [row[1:] for row in rows(made, "by-council")] == [
        ("0", "0/0"), ("0", "0/0"), ("0", "0/6"), ("0", "0/0"), ("4", "3/4"),
    ]  # fmt: skip


@pytest.mark.scheme("gwent-told-back")
def test_what_was_shared_with_the_police_only_is_not_shared_with_the_worker(gwent):
    """gwent-told-back: held 1, shared with worker 0/1. Naive: any share closes it."""
    play = gwent("2026-04-28 09:00")
    kk = away(young("KK", by=CAERPHILLY), "2026-04-30 20:00", CAERPHILLY)
    happened(
        play,
        kk,
        step(kk, "held", "2026-05-01 16:00"),
        step(kk, "shared", "2026-05-01 17:00", shared_with=["police"]),
    )

    found = values(of_gwent(play, "debriefs", "2026-Q2"))
    assert (found["held"], found["shared-with-worker"], found["read-by-worker"]) == (
        "1", "0/1", "0/1",
    )  # fmt: skip
    play.answer(play.last(f"{CAERPHILLY}/social-work"), "received")
    assert values(of_gwent(play, "debriefs", "2026-Q2"))["read-by-worker"] == "1/1"


# -- referred on


@pytest.fixture
def mediation(gwent):
    """HH is referred once and has three sessions; II, asked, does not agree."""
    play = gwent("2026-02-20 09:00")
    hh, ii = young("HH", by=CAERPHILLY), young("II", by=NEWPORT)
    hh_gone, ii_gone = away(hh, "2026-03-01 20:00", CAERPHILLY), away(ii, "2026-03-02 20:00")
    desk = f"{HUB}/mediation"
    made = referred(hh, desk, "made", "2026-03-04 10:00", to="mediation", sender=CAERPHILLY)

    def told(stage, when, sessions):
        more = {"to": "mediation", "of": made.message_id, "sessions": sessions, "sender": HUB}
        return referred(hh, desk, stage, when, **more)

    refuses = referred(
        ii, desk, "made", "2026-03-05 10:00", to="mediation", sender=NEWPORT, consent="no"
    )
    happened(
        play, hh_gone, ii_gone, step(hh_gone, "held", "2026-03-03 16:00"), made, refuses,
        told("started", "2026-03-10 17:00", 1), told("started", "2026-03-24 17:00", 2),
        told("ended", "2026-04-20 17:00", 3),
    )  # fmt: skip
    return play


@pytest.mark.report("onward-referrals")
@pytest.mark.scheme("gwent-mediation")
def test_one_child_with_three_sessions_is_one_referral_and_sessions_count_when_they_were(
    mediation,
):
    """gwent-mediation: Jan-Mar 1 child, 2 sessions; Apr-Jun none new, 1 session. Naive: 3."""
    winter = of_gwent(mediation, "onward-referrals", "2026-Q1")
    spring = of_gwent(mediation, "onward-referrals", "2026-Q2")

    assert (values(winter)["mediation"], values(winter)["mediation-sessions"]) == ("1", "2")
    assert (values(spring)["mediation"], values(spring)["mediation-sessions"]) == ("0", "1")
    assert values(winter)["of-debriefed"] == "1/1"
    assert values(winter)["taken-up"] == "1/1"


@pytest.mark.report("onward-referrals")
@pytest.mark.scheme("gwent-mediation")
def test_who_did_not_agree_is_counted_as_declined_and_was_sent_nowhere(mediation):
    made = of_gwent(mediation, "onward-referrals", "2026-Q1")

    assert (values(made)["declined"], values(made)["referred"]) == ("1", "1")
    (sent,) = [got for got in mediation.inbox(HUB, "referral") if got.message.stage == "made"]
    assert sent.message.child.references[0].value == "P-HH"


@pytest.mark.report("onward-referrals")
@pytest.mark.scheme("gwent-mediation")
def test_a_council_that_referred_nobody_is_listed_with_nought(mediation):
    made = of_gwent(mediation, "onward-referrals", "2026-Q1")

    assert rows(made, "by-council") == [
        ("Caerphilly", "1", "1", "2", "1/1"),
        *((name, "0", "0", "0", "0/0")
          for name in ("Blaenau Gwent", "Torfaen", "Monmouthshire", "Newport")),
    ]  # fmt: skip


# -- risk


def graded(child, starts, **changes):
    """A police report with the likelihood and consequence of the assessment form."""
    levels = {"risk": "medium", "risk_likelihood": "possible", "risk_consequence": "moderate"}
    return away(child, starts, TORFAEN, **levels, **changes)


@pytest.fixture
def miraf(gwent):
    """CC is missing five times in February; the assessment is updated on Tuesday 3 March."""
    play = gwent("2026-02-01 09:00")
    cc = young("CC", by=TORFAEN)
    gone_ = [graded(cc, f"2026-02-{day:02} 20:00") for day in (3, 8, 14, 20, 27)]
    happened(play, *gone_)
    about = gone_[-1][0]
    known_as = {"episode": shared_reference(play, about)}
    updated = examples.update(
        about, at=at("2026-03-03 15:00"), sender=HUB, from_address=f"{HUB}/screening",
        risk="high", reason="Was seen with the same adults again",
        risk_likelihood="almost certain", risk_consequence="major", **known_as,
    )  # fmt: skip
    late = examples.update(
        about, at=at("2026-03-05 10:00"), sender="health.W999", reason="Known to CAMHS since",
        from_address="health.W999/designated-nurse", facts="Made up",
        risk_obtained_at=at("2026-02-20 10:00"), **known_as,
    )  # fmt: skip
    happened(play, updated, late)
    return play


@pytest.mark.report("risk-assessments")
@pytest.mark.scheme("gwent-miraf")
def test_a_child_is_assessed_once_with_six_entries_and_a_late_fact_is_none(miraf):
    """gwent-miraf: assessed 1/1 child, 6 entries. Naive: overwrites, or the late fact counts."""
    made = of_gwent(miraf, "risk-assessments", "2026-Q1")

    found = values(made)
    assert (found["assessed"], found["entries"], found["changes-with-reason"]) == (
        "1/1", "6", "1/1",
    )  # fmt: skip
    assert (found["way/up"], found["way/same"], found["way/down"]) == ("1/1", "0/1", "0/1")
    assert (found["updates-met"], found["updates-late"]) == ("1/1", "0/1")
    assert [row[4] for row in rows(made, "each-entry")] == [
        *["medium / possible / moderate"] * 5,
        "high / almost certain / major",
    ]


# -- meetings and courses


def meeting(child_, when, type="strategy", came=(), by=HUB, **changes):
    said_ = {
        "child": child_, "type": type, "held": True,
        "attendance": [{"agency": one, "attended": yes} for one, yes in came],
    }  # fmt: skip
    return MeetingOutcome(**envelope(by, "screening", at(when)) | said_ | changes)


@pytest.mark.report("meetings")
@pytest.mark.scheme("gwent-meetings")
def test_of_five_who_were_invited_three_attended(gwent):
    """gwent-meetings: 3/5. Naive: 3."""
    play = gwent("2026-03-02 09:00")
    came = [(CAERPHILLY, True), (POLICE, True), (HUB, True), (NEWPORT, False), (TORFAEN, False)]
    happened(play, meeting(young("L", by=CAERPHILLY), "2026-03-02 10:00", came=came))

    made = of_gwent(play, "meetings", "2026-Q1")

    assert values(made)["attended"] == "3/5"
    assert ("Newport", "strategy", "0/1") in rows(made, "by-agency")
    assert rows(made, "by-type") == [("strategy", "1", "3/5")]


@pytest.mark.report("meetings")
@pytest.mark.scheme("of-casework-groups")
def test_the_worker_of_a_child_who_was_discussed_was_told(gwent):
    """of-casework-groups: discussed 1, worker told 1/1. Naive: minutes to attendees only."""
    play = gwent("2026-07-10 09:00")
    uu = young("UU", by=NEWPORT)
    happened(
        play,
        away(uu, "2026-07-15 20:00", back=None, open_to_social_work=True),
        meeting(uu, "2026-07-16 10:00", "multi-agency-group", [(POLICE, True)], POLICE),
    )

    found = values(of_gwent(play, "meetings", "2026-Q3"))

    assert (found["discussed"], found["worker-told"]) == ("1", "1/1")


@pytest.mark.report("training")
@pytest.mark.scheme("gwent-training")
def test_two_courses_of_eleven_and_seventeen_trained_twenty_eight(gwent):
    """gwent-training: 28. Naive: 60, at thirty a course."""
    play = gwent("2026-03-02 09:00")
    homes = {"audience": "home", "agency": "provider.SC999001", "people": 5}
    first = [{"audience": "agency", "agency": NEWPORT, "people": 6}, homes]
    second = [{"audience": "carer", "people": 17}]
    happened(
        play,
        meeting(None, "2026-03-02 10:00", "training", trained=first),
        meeting(None, "2026-03-03 10:00", "training", trained=second),
    )

    made = of_gwent(play, "training", "2026-Q1")

    found = values(made)
    assert (found["courses"], found["trained"]) == ("2", "28")
    assert [found[f"trained/{whom}"] for whom in ("agency", "home", "carer")] == ["6", "5", "17"]
    assert rows(made, "by-agency") == [("Newport", "6"), ("The Beeches", "5")]


# -- screening


@pytest.mark.report("screening")
@pytest.mark.scheme("gwent-hub")
def test_a_report_of_a_bank_holiday_night_is_screened_and_its_council_told_in_a_minute(gwent):
    """gwent-hub: screened 1/1, council told in a minute. Naive: BB waits until Tuesday."""
    play = gwent("2026-05-01 20:00")
    happened(play, away(young("BB", by=NEWPORT), "2026-05-02 02:00", back=None))
    waiting = of_gwent(play, "screening", "2026-05")
    play.until(at("2026-05-05 11:30"))
    play.answer(play.last(f"{HUB}/screening"))

    made = of_gwent(play, "screening", "2026-05")

    assert (values(waiting)["all/screened"], values(waiting)["all/told"]) == ("0/1", "1/1")
    assert rows(waiting, "not-screened")[0][2] == "Tue 5 May 2026 24:00 BST"
    assert (values(made)["all/screened"], values(made)["all/hours-to-screen"]) == ("1/1", "81.5")
    assert ("Newport", "1/1", "81.5", "1/1") in rows(made, "by-council")
    assert ("Torfaen", "0/0", "none screened", "0/0") in rows(made, "by-council")


@pytest.mark.report("board-update")
def test_the_board_sees_what_was_done_by_council_and_by_need(debriefs):
    made = of_gwent(debriefs, "board-update", "2026-Q4")

    assert [row[:3] + row[4:5] for row in rows(made, "council")] == [
        *((name, "0/10", "0/14", "0/0") for name in NAMES[:2]),
        ("Torfaen", "6/10", "8/14", "0/6"),
        ("Monmouthshire", "0/10", "0/14", "0/0"),
        ("Newport", "4/10", "6/14", "3/4"),
    ]
    assert rows(made, "care")[0][:3] == ("not looked after, or not known", "10/10", "14/14")
    assert values(made)["missing-or-absent/children"] == "10"
