"""Staffordshire and Stoke-on-Trent: children who are placed there, and what homes owe."""

import pytest

from broker.placements.register import HERE, register
from schemas.casework import MeetingOutcome
from schemas.census import Census
from schemas.child import Place, Residence
from schemas.report_given import ReportGiven
from tests import examples
from tests.examples import STAFFORDSHIRE, STOKE, WALSALL, envelope
from tests.scenarios import staffordshire as of
from tests.scenarios.play import KEYS
from tests.scenarios.staffordshire import (
    CONTROL_ROOM,
    H1,
    H2,
    at,
    back,
    child,
    desk,
    from_home,
    interview,
)

WALSALLS = desk(WALSALL, "placements")
COMPLETE = "staffs-other-la-notices-complete"


@pytest.fixture
def staged(stage):
    """Starts a play under schemes: `staged(when, "staffs-sw140")`; their cast is on the broker."""

    def start(when, *named):
        return of.join(stage(at(when), policies=of.under(*named)))

    return start


# -- staffs-other-la-notices


def emergency(who, when, **changes):
    """Walsall gives notice of a child whom it placed on Christmas Eve."""
    whole = {
        "social_worker": {"function": "Social worker", "phone": "01632 960001"},
        "legal_status": "C2",
        "care_plan_sent": True,
        "emergency_contact": {"function": "Emergency duty", "phone": "01632 960002"},
    }
    said = {
        "child": who, "stage": "emergency", "starts_at": at("2026-12-24T17:00"), "approval": None,
        "host_authority": STAFFORDSHIRE, "home": H1,
    }  # fmt: skip
    return examples.placement(at(when), **said | whole | changes)


@pytest.fixture
def arrived(staged):
    """E, 12, of Walsall, came to a home in Stafford at ten past six on Christmas Eve."""
    play = staged("2026-12-24T18:10", "staffs-other-la-notices")
    e = child("E", "2014-03-01", WALSALL)
    play.say_now(examples.arrival(at("2026-12-24T18:10"), sender=H1, child=e))
    return play, e


@pytest.mark.scheme("staffs-other-la-notices")
def test_an_arrival_without_notice_is_told_and_notice_is_owed_past_the_bank_holidays(arrived):
    """staffs-other-la-notices: due 24:00 on 5 January; in the register from 24 December."""
    play, _ = arrived

    assert play.told() == {
        desk(STAFFORDSHIRE, "placements"), desk(STAFFORDSHIRE, "emergency-duty"),
        WALSALLS, desk(WALSALL, "emergency-duty"), desk(WALSALL, "iro-service"),
    }  # fmt: skip
    duty = play.duty("give-placement-notice")
    assert (duty.owed_by, duty.state, duty.due_at) == (WALSALLS, "open", at("2027-01-06T00:00"))
    with play.ledger.reading() as connection:
        (one,) = register(connection, STAFFORDSHIRE, play.clock.now(), KEYS.pseudonym)
    assert (one.where, one.notice, one.starts_at) == (HERE, "none", at("2026-12-24T18:10"))


@pytest.mark.scheme("staffs-other-la-notices")
def test_a_notice_without_a_risk_block_is_refused_and_stays_owed_until_none_known_is_said(arrived):
    play, e = arrived
    play.say_now(emergency(e, "2027-01-04T10:00", risk=None))
    assert [one.code for one in play.rejections(WALSALL)] == ["risk-block-required"]
    assert play.duty("give-placement-notice").state == "open"

    play.say_now(emergency(e, "2027-01-05T16:00"))

    assert play.duty("give-placement-notice").state == "met"
    with play.ledger.reading() as connection:
        (one,) = register(connection, STAFFORDSHIRE, play.clock.now(), KEYS.pseudonym)
    assert (one.notice, one.risk) == ("given", "none-known")
    assert play.duties(COMPLETE) == []


@pytest.mark.scheme("staffs-other-la-notices")
def test_what_the_revised_form_asks_for_and_a_notice_leaves_out_is_owed(arrived):
    play, e = arrived
    said = emergency(e, "2027-01-05T16:00", social_worker=None, legal_status=None)
    play.say_now(said)
    duty = play.duty(COMPLETE)
    assert (duty.owed_by, duty.state, duty.due_at) == (WALSALLS, "open", at("2027-01-13T00:00"))
    assert play.duty("give-placement-notice").state == "met"
    notice = next(
        got.message for got in play.inbox(WALSALLS, "duty") if got.message.name == COMPLETE
    )
    assert "Not stated: social worker, legal status." in notice.words

    again = {"action": "update", "replaces": said.message_id}
    play.say_now(emergency(e, "2027-01-06T10:00", **again))

    assert play.duty(COMPLETE).state == "met"


# -- missing-from-care-guidance-2002


@pytest.fixture
def without_risk(staged):
    """V, 13: going missing is held to be unlikely on 1 April; missing on the next evening."""
    play = staged("2026-04-01T10:00", "missing-from-care-guidance-2002")
    v = child("V", "2013-01-01")
    play.say_now(
        examples.placement(
            at("2026-04-01T10:00"), sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
            host_authority=STAFFORDSHIRE, distance="own-area", home=H1, child=v, approval=None,
            starts_at=at("2026-04-01T12:00"), risk={"none_known": True, "may_go_missing": "no"},
        )
    )  # fmt: skip
    report = from_home("2026-04-02T21:00", v, heard="2026-04-02T21:20", risk=None, risk_reason=None)
    play.say_at(at("2026-04-02T21:20"), report)
    return play, report


@pytest.mark.scheme("missing-from-care-guidance-2002")
def test_a_report_without_a_risk_is_told_at_once_and_the_risk_is_owed_within_the_hour(without_risk):
    """missing-from-care-guidance-2002: told at 21:20; state the risk by 22:20."""
    play, _ = without_risk

    for address in (
        CONTROL_ROOM, desk(STAFFORDSHIRE, "emergency-duty"), desk(STAFFORDSHIRE, "iro-service"),
    ):  # fmt: skip
        assert play.news(address), address
    duty = play.duty("state-the-risk")
    assert (duty.owed_by, duty.due_at) == (desk(H1, "night-staff"), at("2026-04-02T22:20"))


@pytest.mark.scheme("missing-from-care-guidance-2002")
def test_who_is_told_reads_what_was_assessed_at_the_placement_and_that_nothing_was_since(
    without_risk,
):
    play, _ = without_risk

    said = play.last(CONTROL_ROOM).message

    assert said.risk is None
    assert said.risk_reason == (
        "No risk is stated. Placement assessment of 1 April 2026: may go missing: no; no risk "
        "known. None since."
    )


@pytest.mark.scheme("missing-from-care-guidance-2002")
def test_a_notice_that_does_not_say_whether_the_child_may_go_missing_owes_it(staged):
    play = staged("2026-04-01T10:00", "missing-from-care-guidance-2002")
    notice = examples.placement(
        at("2026-04-01T10:00"), sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
        host_authority=STOKE, child=child("V", "2013-01-01"),
    )  # fmt: skip

    play.say_now(notice)

    assert play.duty("assess-risk-at-placement").state == "open"


# -- staffs-sw140


def census(home, when, first, last, **changes):
    said = envelope(home, "home-manager", at(when))
    return Census(**said | {"period_from": first, "period_to": last, "nil": True} | changes)


@pytest.mark.scheme("staffs-sw140")
def test_every_home_of_the_area_returns_each_month_and_is_late_after_the_fifth_working_day(staged):
    """staffs-sw140: September is late since 24:00 on 7 October; who returned nil is not."""
    play = staged("2026-08-31T12:00", "staffs-sw140")
    play.until(at("2026-10-01T09:00"))
    ours = (desk(H1, "home-manager"), desk(H2, "home-manager"))
    assert [play.duty("census", one).due_at for one in ours] == [at("2026-10-08T00:00")] * 2

    play.say_now(census(H1, "2026-10-05T09:00", "2026-09-01", "2026-09-30"))
    play.until(at("2026-10-08T00:00"))

    states = {duty.owed_by: duty.state for duty in play.duties("census")}
    assert (states[desk(H1, "home-manager")], states[desk(H2, "home-manager")]) == ("met", "late")


@pytest.mark.scheme("staffs-sw140")
def test_the_quarter_of_the_nation_stays_and_other_areas_owe_no_month(staged):
    play = staged("2026-06-30T12:00", "staffs-sw140")
    play.until(at("2026-10-01T09:00"))

    by_owner = {}
    for duty in play.duties("census"):
        by_owner.setdefault(duty.owed_by, []).append(duty.due_at)

    assert len(by_owner[desk(H1, "home-manager")]) == 4  # July, August, September; the quarter
    assert len(by_owner[desk(examples.HOME, "home-manager")]) == 2  # in Stoke: quarters alone


# -- staffs-two-interviews-2006

U = child("U", "2012-01-01")


def twice(staged):
    """U is back on Friday, the first time since admission, and gone before the officer calls."""
    play = staged("2026-05-20T10:00", "staffs-two-interviews-2006")
    play.say_now(
        examples.placement(
            at("2026-05-20T10:00"), sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
            host_authority=STAFFORDSHIRE, distance="own-area", home=H1, child=U, approval=None,
            starts_at=at("2026-05-21T12:00"),
        )
    )  # fmt: skip
    first = from_home("2026-06-04T20:00", U)
    second = from_home("2026-06-06T02:00", U)
    play.say_now(first)
    play.say_now(back(first, "2026-06-05T17:00"))
    play.say_now(second)
    return play, first, second


def by_start(play, name):
    return sorted(play.duties(name), key=lambda duty: duty.starts_at)


@pytest.mark.scheme("staffs-two-interviews-2006")
@pytest.mark.trigger("staffs-two-interviews-2006/first")
@pytest.mark.trigger("staffs-two-interviews-2006/hours")
def test_two_absences_have_two_checks_two_offers_one_visit_and_one_interview(staged):
    """staffs-two-interviews-2006: nothing is closed by a carer's word, and nothing counts twice."""
    play, first, second = twice(staged)
    not_done = {"result": "not-done", "reason": "not-seen", "decided_by": "Constable"}
    play.say_now(examples.checked(first, at=at("2026-06-06T10:00"), episode=None, **not_done))
    play.say_now(back(second, "2026-06-07T08:00"))
    ids = [str(one.id) for one in play.episodes() if one.state.heard]
    checked = examples.checked(
        first, at=at("2026-06-07T09:30"), episode=ids[0], also_covers=(ids[1],)
    )
    play.say_now(checked)
    for report, id in ((first, ids[0]), (second, ids[1])):
        police = {"sender": of.STAFFORDSHIRE_POLICE, "from_address": of.MISSING_UNIT}
        play.say_now(back(report, "2026-06-07T09:30", stage="closed", episode=id, **police))

    checks = by_start(play, "safe-and-well-check")
    assert [(one.due_at, one.state) for one in checks] == [
        (at("2026-06-06T17:00"), "met-late"), (at("2026-06-08T08:00"), "met"),
    ]  # fmt: skip
    closed = [one.state.closed_at for one in play.episodes() if one.state.heard]
    assert closed == [at("2026-06-07T09:30")] * 2
    offers = by_start(play, "offer-return-interview")
    assert [one.due_at for one in offers] == [at("2026-06-08T17:00"), at("2026-06-10T08:00")]
    (visit,) = play.duties("independent-visit")
    assert visit.due_at == at("2026-06-07T17:00")

    held = {"episode": ids[0], "also_covers": (ids[1],)}
    play.say_now(interview(first, "held", "2026-06-08T16:00", STAFFORDSHIRE, **held))

    assert [one.state for one in play.duties("offer-return-interview")] == ["met", "met"]
    assert play.duty("independent-visit").state == "met-late"


@pytest.mark.scheme("staffs-two-interviews-2006")
def test_an_earlier_absence_that_is_heard_of_late_is_the_first_and_the_other_is_not(staged):
    play, _, _ = twice(staged)
    earlier = from_home("2026-05-30T20:00", U, heard="2026-06-06T09:00")

    play.say_at(at("2026-06-06T09:00"), earlier, back(earlier, "2026-05-31T08:00"))

    visits = {duty.due_at: duty.state for duty in play.duties("independent-visit")}
    assert visits == {at("2026-06-02T08:00"): "late", at("2026-06-07T17:00"): "cancelled"}


def test_whoever_lives_with_family_has_no_first_time_since_a_placement(staged):
    play = staged("2026-06-04T20:00", "staffs-two-interviews-2006")
    report = of.missing("2026-06-04T20:00", U)
    play.say_now(report)

    play.say_now(back(report, "2026-06-05T17:00"))

    assert play.duties("independent-visit") == []


# -- staffs-joint-boards


def acted_on(owner, when, who, **changes):
    """Staffordshire reports a meeting that gave somebody something to do."""
    action = {"what": "See the child at school", "owner": owner, "due_on": "2026-10-02"}
    said = {"child": who, "type": "multi-agency-group", "held": True, "actions": (action,)}
    return MeetingOutcome(**envelope(STAFFORDSHIRE, "social-work", at(when)) | said | changes)


@pytest.mark.scheme("staffs-joint-boards")
@pytest.mark.parametrize("when", ["2017-02-28T10:00", "2026-09-21T10:00"])
def test_what_a_meeting_decides_goes_to_whoever_is_to_do_it_since_the_protocol(staged, when):
    """staffs-joint-boards: one overlay for two councils and a force, in force from its day on."""
    play, o = staged(when, "staffs-joint-boards"), child("O", "2013-01-01")
    lives = {"lives": Residence(authority=STOKE, home=examples.HOME)}
    report = from_home(when, o, home=examples.HOME, place=Place(authority=STOKE), **lives)
    play.say_now(report)
    owner = desk(STOKE, "exploitation-team")

    play.say_now(acted_on(owner, when, o, episode=None))

    got = [one for one in play.news(owner) if one.message.KIND == "meeting.outcome"]
    assert len(got) == (when >= "2017-03")
    if got:
        assert got[0].message.actions[0].due_on.isoformat() == "2026-10-02"
        assert play.duty("take-on-action").owed_by == owner


def test_nobody_hears_of_a_child_by_being_given_an_action(staged):
    play, o = staged("2026-09-21T10:00", "staffs-joint-boards"), child("O", "2013-01-01")
    play.say_now(from_home("2026-09-21T10:00", o))

    play.say_now(acted_on(desk(of.CHESHIRE_EAST, "social-work"), "2026-09-21T12:00", o))

    assert play.news(of.CHESHIRE_EAST) == []


# -- reports that are owed


POLICE = of.STAFFORDSHIRE_POLICE
TOP_15 = (pytest.mark.scheme("staffs-top-15"), pytest.mark.trigger("staffs-top-15"))
FRAMEWORK = pytest.mark.scheme("staffs-performance-framework")


@pytest.mark.parametrize(
    ("name", "report", "agency", "due"),
    [
        pytest.param("staffs-performance-framework", "monthly-missing", STAFFORDSHIRE,
                     "2026-10-08", marks=FRAMEWORK),
        pytest.param("staffs-performance-framework", "quarterly-missing", STAFFORDSHIRE,
                     "2026-10-15", marks=FRAMEWORK),
        pytest.param("staffs-top-15", "top-n", STOKE, "2026-10-15", marks=TOP_15),
        ("staffs-joint-boards", "exploitation-forum", POLICE, "2026-10-08"),
        ("compact-niche-feeds", "same-month", POLICE, "2026-10-08"),
    ],
)  # fmt: skip
def test_a_report_to_a_board_is_owed_and_met_by_saying_that_it_was_given(
    staged, name, report, agency, due
):
    play = staged("2026-06-30T12:00", name)
    play.until(at("2026-10-01T09:00"))
    owed = [one for one in play.duties(f"report-{report}") if one.owed_by.startswith(agency)]
    assert owed[-1].due_at == at(f"{due}T00:00")
    assert not play.duties(f"report-{report}", desk(WALSALL, "performance"))

    function = "performance" if agency.startswith("la.") else "missing-unit"
    quarter = report in ("quarterly-missing", "top-n")
    said = {"report": report, "period": "2026-Q3" if quarter else "2026-09"}
    play.say_now(ReportGiven(**envelope(agency, function, at("2026-10-05T10:00")) | said))

    mine = [one for one in play.duties(f"report-{report}") if one.owed_by.startswith(agency)]
    assert mine[-1].state == "met"
