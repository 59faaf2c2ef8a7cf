"""The Gwent Multi-Agency Missing Children Hub and its desks of 2013-15, played in 2026."""

import json
from datetime import timedelta

import pytest

from broker.__main__ import commands
from broker.assessments import current, entries
from broker.classing import classed
from broker.cli import app as cli
from broker.episode import is_threshold
from schemas.casework import Referral
from schemas.child import Place, Residence
from schemas.missing import MissingUpdate
from tests.examples import envelope
from tests.scenarios.scheme_play import (
    at,
    away,
    back,
    child,
    joined,
    missing,
    schemes,
    shared_reference,
    talked,
)

CAERPHILLY, TORFAEN = "la.W06000018", "la.W06000020"
MONMOUTHSHIRE, NEWPORT, HEREFORDSHIRE = "la.W06000021", "la.W06000022", "la.E06000019"
POLICE = "police.W15000002"
HOSTEL = "provider.W7770002"
HOME, SCHOOL, CAMHS = "provider.W7770001", "school.W7771", "health.camhs"
HUB = "service.gwent-hub"
SCREENING, DEBRIEFS = f"{HUB}/screening", f"{HUB}/return-interviews"
CONTROL_ROOM = f"{POLICE}/control-room"
ALL = (
    "gwent-board-reports", "gwent-debrief", "gwent-debrief-england", "gwent-hub",
    "gwent-mediation", "gwent-miraf", "gwent-protocol", "gwent-told-back",
)  # fmt: skip


@pytest.fixture
def gwent(stage):
    """Starts a play under all of Gwent's schemes together, with everybody on the broker."""

    def start(when):
        play = stage(at(when), policies=schemes(*ALL))
        for agency, name in (
            (CAERPHILLY, "Caerphilly"), (TORFAEN, "Torfaen"), (MONMOUTHSHIRE, "Monmouthshire"),
            (NEWPORT, "Newport"), (HEREFORDSHIRE, "Herefordshire"), (POLICE, "Gwent Police"),
        ):  # fmt: skip
            joined(play, agency, name)
        joined(play, HUB, "Gwent Hub", NEWPORT, "screening", "mediation", "family-contact")
        joined(play, HOME, "A home in Monmouthshire", MONMOUTHSHIRE)
        joined(play, HOSTEL, "A hostel in Newport", NEWPORT)
        joined(play, SCHOOL, "A school", CAERPHILLY)
        joined(play, CAMHS, "CAMHS", TORFAEN, "designated-nurse")
        return play

    return start


def of(council, number, born="2011-06-01"):
    return child(council, number, born)


def update(report, sender, function, when, **changes):
    """What one agency adds while, or after, a child is missing."""
    said = {"child": report.child, "reason": "Looked at again"}
    return MissingUpdate(**envelope(sender, function, at(when)) | said | changes)


# -- the Hub


@pytest.mark.scheme("gwent-hub")
def test_the_council_is_told_at_once_at_night_and_the_hub_screens_when_it_opens(gwent):
    """
    `gwent-hub`: BB, 14, Newport, reported Saturday 2 May 2026 02:00, before a bank holiday.

    The emergency duty team answers by 02:30. The Hub has its copy at once, opens on Tuesday 08:30,
    and has screened it by the end of that day.
    """
    play = gwent("05-02T02:00")
    report = missing(of(NEWPORT, "BB"), POLICE, NEWPORT, "05-02T02:00")

    play.say_now(report)

    (night,) = play.news(f"{NEWPORT}/emergency-duty")
    assert (night.answer_by, night.wakes) == (at("05-02T02:30"), True)
    assert play.clock.now() == at("05-02T02:00")  # it is there in less than a minute
    (copy,) = play.news(SCREENING)
    assert (copy.rule, copy.wakes, copy.view) == ("gwent-hub-screening", False, "full")
    screen = play.duty("gwent-hub-screen")
    assert (screen.owed_by, screen.due_at) == (SCREENING, at("05-06T00:00"))
    assert play.duty("answer", f"{NEWPORT}/emergency-duty").due_at == at("05-02T02:30")

    play.until(at("05-05T08:30"))
    play.answer(copy)
    assert play.duty("gwent-hub-screen").state == "met"


@pytest.mark.scheme("gwent-hub")
def test_the_hub_does_not_relieve_the_council(gwent):
    """`gwent-hub`: whatever the Hub answers, Newport still owes its answer."""
    play = gwent("05-02T02:00")
    play.say_now(missing(of(NEWPORT, "BB"), POLICE, NEWPORT, "05-02T02:00"))

    play.answer(play.news(SCREENING)[0])
    play.until(at("05-02T02:31"))

    assert play.duty("answer", f"{NEWPORT}/emergency-duty").state == "late"


@pytest.mark.scheme("gwent-hub")
def test_an_absent_child_is_screened_too_and_one_who_is_away_is_not(gwent):
    """`gwent-hub`: all police reports on missing and absent children."""
    play = gwent("05-05T10:00")

    for number, category in (("1", "absent"), ("2", "away")):
        play.say_now(
            missing(of(NEWPORT, number), POLICE, NEWPORT, "05-05T10:00", category=category)
        )

    assert [duty.owed_by for duty in play.duties("gwent-hub-screen")] == [SCREENING]


@pytest.mark.scheme("gwent-hub")
@pytest.mark.parametrize("desk", [f"{SCHOOL}/safeguarding-lead", f"{CAMHS}/designated-nurse"])
def test_schools_and_health_answer_what_the_hub_asks_within_two_working_days(gwent, desk):
    """`gwent-hub`: asked on Friday 1 May, due when Wednesday 6 May ends (Monday is a holiday)."""
    play = gwent("05-01T10:00")
    report = missing(of(CAERPHILLY, "BC"), POLICE, CAERPHILLY, "05-01T10:00")
    play.say_now(report)

    asked = envelope(HUB, "screening", at("05-01T11:00"))
    play.say_now(Referral(**asked, child=report.child, to="other", service=desk,
                          consent="yes", reason="What is known of the last weeks"))  # fmt: skip

    answer = play.duty("answer-referral", desk)
    assert answer.due_at == at("05-07T00:00")
    play.answer(play.last(desk))
    assert play.duty("answer-referral", desk).state == "met"


# -- the MIRAF

CC = ("02-03", "02-08", "02-14", "02-20", "02-27")


@pytest.fixture
def torfaen(gwent):
    """CC, 15, Torfaen, missing five times in February; each time with an assessment."""
    play = gwent("02-03T18:00")
    reports = [
        away(
            play,
            missing(
                of(TORFAEN, "CC", "2010-09-01"), POLICE, TORFAEN, f"{day}T18:00",
                risk_likelihood="likely", risk_consequence="moderate",
            ),
        )
        for day in CC
    ]  # fmt: skip
    return play, reports


def assessments(play):
    facts = [fact for one in play.episodes() if not is_threshold(one) for fact in one.facts]
    return entries(facts)


@pytest.mark.scheme("gwent-miraf")
@pytest.mark.trigger("gwent-miraf")
def test_five_times_in_a_month_ask_for_an_update_with_its_reason(torfaen):
    """
    `gwent-miraf`: the update is due at the end of Tuesday 3 March (29 January to 27 February).

    One without a reason is refused and leaves it open; "almost certain / major" with one meets it.
    """
    play, reports = torfaen
    (said,) = [got.message for got in play.inbox(SCREENING, "threshold.reached")]
    assert (said.threshold, said.count, said.occurred_at) == (
        "gwent-miraf-five", 5, at("02-27T18:00"),
    )  # fmt: skip
    assert play.duty("gwent-miraf-update").due_at == at("03-04T00:00")

    levels = {"risk_likelihood": "almost certain", "risk_consequence": "major", "risk": "high"}
    about = {"episode": shared_reference(play, reports[-1]), **levels}
    bare = update(reports[-1], HUB, "screening", "03-02T15:00", **about)
    play.say_now(bare.model_copy(update={"reason": ""}))
    (refusal,) = play.rejections(HUB)
    assert (refusal.code, refusal.field) == ("reason-required", "reason")
    assert play.duty("gwent-miraf-update").state == "open"

    play.say_now(update(reports[-1], HUB, "screening", "03-03T15:00", **about))
    assert play.duty("gwent-miraf-update").state == "met"


@pytest.mark.scheme("gwent-miraf")
def test_a_late_fact_is_filed_where_it_belongs_and_takes_nothings_place(torfaen):
    """
    `gwent-miraf`: on 5 March CAMHS sends a fact obtained on 20 February.

    It is filed there, what stands is of 3 March, and all entries can be read: six grades, one fact.
    """
    play, reports = torfaen
    play.say_now(
        update(
            reports[-1], HUB, "screening", "03-03T15:00",
            episode=shared_reference(play, reports[-1]),
            risk_likelihood="almost certain", risk_consequence="major", risk="high",
        )
    )  # fmt: skip

    play.say_now(
        update(
            reports[-1], CAMHS, "designated-nurse", "03-05T09:00",
            episode=shared_reference(play, reports[-1]),
            facts="Seen at the clinic", risk_obtained_at=at("02-20T11:00"),
        )
    )  # fmt: skip

    each = assessments(play)
    assert [entry.obtained_at for entry in each if not entry.graded] == [at("02-20T11:00")]
    assert each.index(next(entry for entry in each if not entry.graded)) == 3  # before that evening
    assert sum(entry.graded for entry in each) == 6
    assert all(entry.reasoned for entry in each if entry.graded)
    stands = current(each)
    assert (stands.obtained_at, stands.likelihood, stands.consequence) == (
        at("03-03T15:00"), "almost-certain", "major",
    )  # fmt: skip
    told = [got.message.facts for got in play.inbox(SCREENING, "missing.update")]
    assert told[-1] == "Seen at the clinic"


@pytest.mark.scheme("gwent-miraf")
def test_all_entries_can_be_read_with_the_one_that_stands(torfaen, capsys):
    """`gwent-miraf`: every entry of the child, whichever absence it was said with."""
    play, reports = torfaen
    ledger = str(play.ledger.url)

    code = cli.run(
        commands(),
        ["assessments", shared_reference(play, reports[0]), "--ledger", ledger, "--json"],
    )

    said = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [one["stands"] for one in said] == [False] * 4 + [True]
    assert {one["author"] for one in said} == {CONTROL_ROOM}


@pytest.mark.scheme("gwent-miraf")
def test_a_late_grade_does_not_become_the_one_that_stands(torfaen):
    """`gwent-miraf`: also where what came late is a grade, it is of when it was obtained."""
    play, reports = torfaen

    play.say_now(
        update(
            reports[-1], CAMHS, "designated-nurse", "03-05T09:00",
            episode=shared_reference(play, reports[-1]),
            risk_likelihood="rare", risk_consequence="minor", risk_obtained_at=at("02-20T11:00"),
        )
    )  # fmt: skip

    assert current(assessments(play)).obtained_at == at("02-27T18:00")


@pytest.mark.scheme("gwent-miraf")
def test_a_level_that_nobody_agreed_is_kept_and_its_sender_is_told_the_words(gwent):
    """`gwent-miraf`: levels are policy data, and no report of a missing child is lost by a word."""
    play = gwent("05-05T10:00")

    play.say_now(
        missing(of(TORFAEN, "CC"), POLICE, TORFAEN, "05-05T10:00",
                risk_likelihood="very likely", risk_consequence="Major")
    )  # fmt: skip

    (receipt,) = play.receipts(POLICE)
    assert "risk_likelihood is none of the levels agreed here" in receipt.words
    assert "rare, unlikely, possible, likely, almost-certain" in receipt.words
    assert "risk_consequence" not in receipt.words


# -- debriefs


@pytest.mark.scheme("gwent-debrief")
@pytest.mark.trigger("gwent-debrief")
def test_for_every_child_the_hub_decides_on_a_debrief_and_one_decision_is_open(gwent):
    """
    `gwent-debrief`: October to December 2026: ten children, fourteen episodes, four debriefs.

    Four are referred (DD once, EE twice, FF once, one does not engage); of the six that are not,
    five have reasons and one decision is open. Absent children count as missing ones do.
    """
    play = gwent("10-01T18:00")
    names = ("DD", "EE", "FF", "1", "2", "3", "4", "5", "6", "7")
    episodes = {name: [] for name in names}
    for week in range(2):
        for place, name in enumerate(names[: 10 if week == 0 else 4]):
            day = f"10-{1 + 14 * week + place:02}T18:00"
            category = "absent" if name in ("6", "7") else "missing"
            report = missing(of(NEWPORT, name), POLICE, NEWPORT, day, category=category)
            episodes[name].append(away(play, report))
    assert len([one for one in play.episodes() if not is_threshold(one)]) == 14
    decisions = play.duties("decide-on-a-debrief")
    assert {duty.owed_by for duty in decisions} == {DEBRIEFS}
    assert decisions[0].due_at == at("10-06T00:00")  # back on Thursday evening: two working days

    play.until(at("10-28T12:00"))

    def said(report, stage, **changes):
        about = {"episode": shared_reference(play, report)} | changes
        play.say(talked(report, HUB, "return-interviews", "10-28T12:00", stage, **about))

    for report in (episodes["DD"][0], *episodes["EE"], episodes["FF"][0]):
        said(report, "held")
    said(episodes["1"][0], "not-held", reason="not-engaged")
    for name in ("DD", "FF", "1"):  # the second time nothing more was needed
        said(episodes[name][1], "not-referred", reason="held-elsewhere")
    for name in ("2", "3", "4", "5", "6"):
        said(episodes[name][0], "not-referred", reason="low-risk")

    standing = [duty for duty in play.duties("decide-on-a-debrief") if duty.standing]
    assert [str(duty.episode) for duty in standing] == [shared_reference(play, episodes["7"][0])]


@pytest.fixture
def monmouthshire(gwent):
    """GG, whom Herefordshire looks after, placed in Monmouthshire, back Friday 2 October 18:00."""
    play = gwent("10-02T12:00")
    report = missing(
        of(HEREFORDSHIRE, "GG"), POLICE, MONMOUTHSHIRE, "10-02T12:00",
        lives=Residence(authority=MONMOUTHSHIRE, home=HOME), care_status="looked-after",
        responsible_authority=HEREFORDSHIRE,
    )  # fmt: skip
    play.say_now(report)
    play.say_now(back(report, "10-02T18:00"))
    return play, report


@pytest.mark.scheme("gwent-debrief")
def test_a_child_of_an_english_council_keeps_the_72_hours_and_a_debrief_may_meet_them(
    monmouthshire,
):
    """`gwent-debrief`: Herefordshire's offer for GG is due Monday 5 October 18:00."""
    play, report = monmouthshire

    offer = play.duty("offer-return-interview")
    assert offer.due_at == at("10-05T18:00")
    assert play.duties("decide-on-a-debrief") == []

    play.say_now(talked(report, HUB, "return-interviews", "10-05T15:00", "held",
                        episode=shared_reference(play, report)))  # fmt: skip
    assert play.duty("offer-return-interview").state == "met"
    assert play.duty("hold-return-interview").state == "met"


@pytest.mark.scheme("gwent-debrief")
def test_a_welsh_child_has_no_72_hours(gwent):
    """`gwent-debrief`: in Wales somebody decides; no offer is owed by a clock of hours."""
    play = gwent("10-02T12:00")

    away(play, missing(of(NEWPORT, "DD"), POLICE, NEWPORT, "10-02T12:00"), hours=6)

    assert play.duties("offer-return-interview") == []
    assert play.duty("decide-on-a-debrief").due_at == at("10-07T00:00")


# -- mediation


def referral(report, when, **changes):
    said = {"child": report.child, "to": "mediation", "reason": "Agreed at the debrief"}
    return Referral(
        **envelope(HUB, changes.pop("desk", "return-interviews"), at(when)) | said | changes
    )


@pytest.mark.scheme("gwent-mediation")
def test_sessions_are_said_as_they_come_and_the_end_is_told_to_family_contact_and_worker(gwent):
    """`gwent-mediation`: HH, Caerphilly: one referral, two sessions in March, a third in April."""
    play = gwent("02-20T18:00")
    report = away(play, missing(of(CAERPHILLY, "HH"), POLICE, CAERPHILLY, "02-20T18:00"))
    about = {"consent": "yes", "episode": shared_reference(play, report)}
    first = referral(report, "02-27T10:00", service=f"{HUB}/mediation", **about)
    play.say_now(first)
    assert [got.message.stage for got in play.inbox(f"{HUB}/mediation", "referral")] == ["made"]

    answer = {"of": first.message_id, "desk": "mediation", **about}
    play.say_now(referral(report, "03-26T10:00", stage="started", sessions=2, **answer))
    play.say_now(referral(report, "04-20T10:00", stage="ended", sessions=3, **answer))

    for desk in (f"{HUB}/family-contact", f"{CAERPHILLY}/social-work"):
        (end,) = [got for got in play.inbox(desk, "referral") if got.message.stage == "ended"]
        assert (end.message.sessions, end.message.occurred_at) == (3, at("04-20T10:00"))
    sessions = [
        (fact.at, fact.said["sessions"])
        for episode in play.episodes()
        for fact in episode.facts
        if "sessions" in fact.said
    ]
    assert sessions == [(at("03-26T10:00"), 2), (at("04-20T10:00"), 3)]


@pytest.mark.scheme("gwent-mediation")
def test_without_consent_a_referral_is_on_the_record_and_goes_to_no_service(gwent):
    """`gwent-mediation`: II refuses: nothing is delivered to the service, and it is known."""
    play = gwent("02-20T18:00")
    report = away(play, missing(of(CAERPHILLY, "II"), POLICE, CAERPHILLY, "02-20T18:00"))

    play.say_now(referral(report, "02-27T10:00", consent="no", service=f"{HUB}/mediation"))

    assert play.inbox(f"{HUB}/mediation") == []
    assert play.duties("answer-referral") == []
    said = [fact.said for one in play.episodes() for fact in one.facts if fact.kind == "referral"]
    assert [(one["to"], one["consent"]) for one in said] == [("mediation", "no")]


# -- missing and absent


@pytest.fixture
def newport(gwent):
    """JJ, 16, in a hostel in Newport: assessed as major in April, absent on Friday 1 May 23:30."""
    play = gwent("04-10T18:00")
    jj = of(NEWPORT, "JJ", "2010-02-01")
    before = missing(
        jj, POLICE, NEWPORT, "04-10T18:00",
        risk_likelihood="possible", risk_consequence="major",
    )  # fmt: skip
    away(play, before)
    report = missing(
        jj, POLICE, NEWPORT, "05-01T23:30", sender=HOSTEL, category="absent",
        risk=None, risk_reason=None,
        whereabouts_known="yes", with_whom="People she is not meant to be with",
        place=Place(authority=NEWPORT, description="The hostel"),
        lives=Residence(authority=NEWPORT, home=HOSTEL),
    )  # fmt: skip
    play.say_now(report)
    return play, before, report


@pytest.mark.scheme("gwent-protocol")
def test_police_and_duty_team_are_told_at_once_of_an_absent_child_with_the_last_assessment(newport):
    """`gwent-protocol`: on Friday 23:30, woken, and with the risk entry of before by reference."""
    play, before, report = newport

    (told,) = [g for g in play.news(CONTROL_ROOM) if g.message.message_id == report.message_id]
    assert told.wakes
    (night,) = play.news(f"{NEWPORT}/emergency-duty")[-1:]
    assert (night.message.message_id, night.wakes) == (report.message_id, True)
    (risk,) = [g for g in play.news(CONTROL_ROOM) if g.rule == "gwent-protocol-risk"]
    assert (risk.message.message_id, risk.message.risk_consequence) == (before.message_id, "major")
    assert risk.message.episode == shared_reference(play, before)
    assert not risk.wakes


@pytest.mark.scheme("gwent-protocol")
def test_one_absence_is_absent_by_one_protocol_and_missing_by_the_other_from_midnight(newport):
    """
    `gwent-protocol`: back at 01:00, Gwent's table has missing 0 and absent 1, All Wales' missing 1.

    The naive build has one category and one number.
    """
    play, _, report = newport
    play.say_now(back(report, "05-02T01:00"))

    state = play.episodes()[-1].state
    assert (state.category, state.ended_at) == ("absent", at("05-02T01:00"))
    (protocol,) = schemes(*ALL).protocols
    assert protocol.name == "All Wales Protocol 2011"

    def by_all_wales(ended_at, as_at="05-03T00:00"):
        found = classed(protocol, state.category, state.started_at, ended_at, at(as_at))
        return found.category, found.since

    assert by_all_wales(state.ended_at) == ("missing", at("05-02T00:00"))
    assert by_all_wales(at("05-01T23:59")) == ("absent", at("05-01T23:30"))
    assert by_all_wales(None, as_at="05-01T23:45") == ("absent", at("05-01T23:30"))
    assert by_all_wales(None, as_at="05-02T00:00") == ("missing", at("05-02T00:00"))


@pytest.mark.scheme("gwent-protocol")
def test_more_than_six_hours_by_day_count_as_missing_too():
    """`gwent-protocol`: at six hours to the second it is still absent (rule N7)."""
    (protocol,) = schemes(*ALL).protocols
    began = at("05-05T09:00")

    def after(hours, seconds=0):
        ended = began + timedelta(hours=hours, seconds=seconds)
        return classed(protocol, "absent", began, ended, at("05-06T00:00")).category

    assert (after(6), after(6, 1), after(5)) == ("absent", "missing", "absent")
    assert classed(protocol, "away", began, None, at("05-09T00:00")).category == "away"


# -- told back


@pytest.fixture
def caerphilly(gwent):
    """KK, Caerphilly's, debriefed on Friday 1 May 2026 16:00, shared that day with police only."""
    play = gwent("04-30T18:00")
    report = away(play, missing(of(CAERPHILLY, "KK"), POLICE, CAERPHILLY, "04-30T18:00"))
    about = {"episode": shared_reference(play, report)}
    play.say_now(talked(report, HUB, "return-interviews", "05-01T16:00", "held", **about))
    play.say_now(
        talked(report, HUB, "return-interviews", "05-01T17:00", "shared",
               shared_with=("police",), **about)
    )  # fmt: skip
    return play, report, about


@pytest.mark.scheme("gwent-told-back")
def test_shared_with_the_police_alone_it_is_still_owed_to_the_worker(caerphilly):
    """`gwent-told-back`: due to Caerphilly's social work at the end of Thursday 7 May."""
    play, report, about = caerphilly

    worker = play.duty("share-interview-outcome")
    assert (worker.state, worker.due_at) == ("open", at("05-08T00:00"))
    assert play.duty("gwent-told-back-police").state == "met"
    assert play.inbox(SCHOOL) == []  # it is owed nothing, and gets nothing

    play.say_now(talked(report, HUB, "return-interviews", "05-06T10:00", "shared",
                        shared_with=("social-work",), **about))  # fmt: skip
    assert play.duty("share-interview-outcome").state == "met"


@pytest.mark.scheme("gwent-told-back")
def test_whoever_meets_the_child_next_is_shown_that_there_was_a_debrief(caerphilly):
    """`gwent-told-back`: the earlier record, by reference and without what the child said."""
    play, first, _ = caerphilly

    second = away(play, missing(of(CAERPHILLY, "KK"), POLICE, CAERPHILLY, "05-20T18:00"))

    for desk in (DEBRIEFS, f"{CAERPHILLY}/social-work"):
        (got,) = [one for one in play.news(desk) if one.rule == "gwent-told-back-next"]
        assert (got.view, got.message.KIND) == ("signal", "return-interview.outcome")
        assert got.message.occurred_at == at("05-01T16:00")
        assert got.message.episode == shared_reference(play, first)
        assert got.message.findings is None
    assert shared_reference(play, second) != shared_reference(play, first)


# -- targets


@pytest.mark.scheme("gwent-board-reports")
def test_targets_are_policy_and_say_how_they_are_measured():
    """`gwent-board-reports`: each with its number, day and method; the figures are in reports."""
    targets = {one.figure: one for one in schemes(*ALL).targets}

    same = targets["top-ten-trend/same-children"]
    assert (same.at_most, same.by.isoformat()) == (-20, "2027-03-31")
    assert all(one.how and one.source for one in targets.values())
