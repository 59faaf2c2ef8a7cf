"""What areas did in 2012 and others were asked to: groups, hosts, homes, trafficked children."""

import pytest

from schemas.casework import MeetingRequest, Referral
from tests import examples
from tests.examples import envelope
from tests.scenarios.areas import (
    alerts,
    all_of,
    at,
    back,
    cancelled,
    child,
    desk,
    desks,
    join,
    meeting,
    missing,
    owes,
    under,
    update,
)  # fmt: skip

WEST_MIDLANDS = "police.E23000014/missing-unit"


@pytest.fixture
def staged(stage):
    """Starts a play with the whole cast: `staged(when, *schemes)`."""

    def start(when, *schemes):
        return join(stage(at(when), policies=under(*schemes) if schemes else None))

    return start


# -- host and placing authorities


def third_of_three(play):
    """AB, 16, Greenwich's, placed in Coventry, last seen in Westminster: the third in 90 days."""
    ab = child(of="Greenwich", birth_date="2010-01-05")
    for day in ("07-01", "08-01"):
        report = missing(ab, f"2026-{day}T12:00", "Hill House", "Hill House", "Greenwich")
        play.say_now(report)
        play.say_now(back(report, f"2026-{day}T15:00"))
    play.until(at("2026-09-12T18:59"))
    place = {"place": {"authority": "la.E09000033"}, "heard": "2026-09-12T19:00"}
    third = missing(ab, "2026-09-12T18:00", "Hill House", "Hill House", "Greenwich", **place)
    play.say_at(at("2026-09-12T19:00"), third)
    return third


MET, OTHER = "Metropolitan Police control room", "West Midlands Police control room"


@pytest.mark.scheme("of-cross-boundary")
def test_the_force_of_the_place_leads_until_another_is_acting_and_two_refusals_climb(staged):
    """of-cross-boundary: AB; the Met leads, whoever says that it is not theirs."""
    play = staged("2026-07-01T09:00", "of-cross-boundary")
    third = third_of_three(play)
    knew = {got.address for got in play._everything() if got.message.KIND not in ("receipt", "duty")
            and getattr(got.message, "occurred_at", None) == third.occurred_at}  # fmt: skip

    assert knew >= desks(
        MET, "Westminster front door", "Coventry front door", "Greenwich front door",
        "Greenwich emergency duty team", "Greenwich reviewing officers", "Greenwich social work",
    )  # fmt: skip
    due = at("2026-09-12T19:30")
    assert owes(play, "answer", MET)[-1] == ("open", due)

    play.until(at("2026-09-12T19:10"))
    play.answer(play.last(desk(MET)), "not-ours", whose=desk(OTHER), reason="Lives there")
    assert play.last(desk(OTHER)).answer_by == due  # the same clock
    assert owes(play, "answer", MET)[-1] == ("open", due)

    play.until(at("2026-09-12T19:20"))
    play.answer(play.last(desk(OTHER)), "not-ours", reason="Last seen in London")
    play.until(at("2026-09-12T19:20"))
    climbed = set(play.climbed("answer"))
    assert climbed >= desks(
        "Metropolitan Police duty manager", "West Midlands Police duty manager",
        "Greenwich emergency duty team",
    )  # fmt: skip
    assert owes(play, "answer", MET)[-1] == ("open", due)  # the Met leads meanwhile


@pytest.mark.scheme("of-cross-boundary")
@pytest.mark.trigger("of-cross-boundary")
def test_the_childs_own_worker_owes_the_meeting_and_the_area_where_it_lives_comes(staged):
    """of-cross-boundary: Greenwich chairs, West Midlands Police and Coventry attend."""
    play = staged("2026-07-01T09:00", "of-cross-boundary")
    third_of_three(play)

    worker = "Greenwich social work"
    assert owes(play, "of-cross-boundary-meeting", worker) == [("open", at("2026-09-19T00:00"))]
    invited = {got.address for got in play._everything() if got.message.KIND == "threshold.reached"}
    assert invited == {desk(worker), desk("Coventry front door"), WEST_MIDLANDS}
    assert "threshold" in all_of(alerts(play, "Greenwich reviewing officers"), "event")


# -- trafficked and unaccompanied children


SOCIAL_WORK = "West Northamptonshire social work"


def ac(play, **changes):
    """AC, 16, unaccompanied, West Northamptonshire's, from Tuesday 3 November at 22:00."""
    who = child(of="West Northamptonshire", birth_date="2010-02-01")
    said = {"unaccompanied": True} | changes
    notice = examples.placement(
        at("2026-10-01T09:00"), sender="la.E06000062", responsible_authority="la.E06000062",
        host_authority="la.E08000026", home="provider.SC999004", child=who,
        starts_at=at("2026-10-02T09:00"), sent_at=play.clock.now(),
    )  # fmt: skip
    play.say(notice)
    report = missing(
        who, "2026-11-03T22:00", "Hill House", "Hill House", "West Northamptonshire", **said
    )
    play.say_now(report)
    return notice, report


@pytest.mark.scheme("of-trafficked")
@pytest.mark.parametrize("said", [{}, {"unaccompanied": None, "trafficked": True}])
def test_a_trafficked_child_is_met_about_after_a_day_three_days_and_each_week(staged, said):
    """of-trafficked: Wed 4 and Fri 6 November 22:00, then Fri 13 November 22:00."""
    play = staged("2026-11-01T09:00", "of-trafficked")
    _, report = ac(play, **said)
    met, owed = (
        meeting(report.child, "2026-11-04T10:00", SOCIAL_WORK, "strategy"),
        "of-trafficked-meeting",
    )
    assert owes(play, owed, SOCIAL_WORK) == [("open", at("2026-11-04T22:00"))]

    play.say_now(met)
    assert owes(play, owed, SOCIAL_WORK) == [("met", at("2026-11-04T22:00"))]
    play.until(at("2026-11-06T21:59"))
    assert owes(play, owed, SOCIAL_WORK)[1:] == [("open", at("2026-11-06T22:00"))]
    play.until(at("2026-11-06T22:00"))
    assert owes(play, owed, SOCIAL_WORK)[1:] == [
        ("late", at("2026-11-06T22:00")), ("open", at("2026-11-13T22:00")),
    ]  # fmt: skip

    assert play.climbed(owed) == [desk("West Northamptonshire duty manager")]
    play.say_now(meeting(report.child, "2026-11-09T10:00", SOCIAL_WORK, "missing"))
    assert [state for state, _ in owes(play, owed, SOCIAL_WORK)] == ["met", "met-late", "met"]

    play.until(at("2026-11-13T22:00"))
    assert owes(play, owed, SOCIAL_WORK)[3:] == [("open", at("2026-11-20T22:00"))]
    play.say_now(back(report, "2026-11-15T10:00"))
    play.until(at("2026-12-31T10:00"))
    assert [state for state, _ in owes(play, owed, SOCIAL_WORK)][3:] == ["cancelled"]


@pytest.mark.scheme("of-trafficked")
def test_the_absence_goes_on_when_the_placement_ends_and_a_sighting_anywhere_joins_it(staged):
    """of-trafficked: the placement ends on Fri 6 November; Essex sees AC on the 14th."""
    play = staged("2026-11-01T09:00", "of-trafficked")
    notice, report = ac(play)
    play.until(at("2026-11-06T12:00"))
    ended = {"stage": "ended", "ends_at": at("2026-11-06T12:00"), "starts_at": notice.starts_at}
    play.say(
        examples.placement(
            at("2026-11-06T12:00"), sender="la.E06000062", responsible_authority="la.E06000062",
            host_authority="la.E08000026", home="provider.SC999004", child=report.child, **ended,
        )
    )  # fmt: skip

    seen = {"sighted": {"authority": "la.E10000012"}, "source": "public", "facts": "At a station"}
    play.say_now(update(report, "2026-11-14T12:00", "Essex Police", **seen))
    play.until(at("2026-11-30T12:00"))

    (absence,) = [one for one in play.episodes() if one.state.heard]
    assert (absence.state.status, absence.state.ended_at) == ("open", None)
    assert absence.state.placement_ended_at == at("2026-11-06T12:00")
    assert "police.E23000028" in {fact.sender for fact in absence.facts}
    assert owes(play, "of-trafficked-meeting", SOCIAL_WORK)[-1][1] == at("2026-12-04T22:00")


# -- a home under a protocol


@pytest.mark.scheme("salford-home")
@pytest.mark.trigger("salford-home")
def test_the_agreed_word_makes_an_absent_child_missing_at_high_risk_within_the_minute(staged):
    """salford-home: ZZ, absent, calls on Sat 13 June 2026 at 01:20; no word is carried."""
    play = staged("2026-06-13T00:30")
    zz = child(of="Walsall")
    report = missing(zz, "2026-06-13T00:30", "Elm Court", "Elm Court", "Walsall", category="absent",
                     risk=None, risk_reason=None, checks_made="Rang her friends")  # fmt: skip
    play.say(report)
    assert play.woken() == set()

    play.say_now(update(report, "2026-06-13T01:20", danger_call=True, reason="Rang the home"))

    state = play.episode().state
    assert (state.category, state.risk) == ("missing", "high")
    for words in ("Greater Manchester Police control room", "Walsall emergency duty team"):
        assert desk(words) in play.woken()
        assert owes(play, "answer", words) == [("open", at("2026-06-13T01:30"))]


# -- groups, panels, teams round the family


WORKER = "Walsall social work"


@pytest.mark.scheme("of-casework-groups")
@pytest.mark.trigger("of-casework-groups")
def test_the_worker_hears_what_was_said_and_the_group_meets_again_within_six_weeks(staged):
    """of-casework-groups: UU, discussed on Thu 16 July; Tue 21 July, Thu 27 August."""
    play = staged("2026-07-16T09:00", "of-casework-groups")
    uu = child(of="Walsall")
    group = "Staffordshire Police missing persons unit"
    discussed = meeting(uu, "2026-07-16T12:00", group, "multi-agency-group",
                        summary="A plan was agreed", sent_at=at("2026-07-20T10:00"))  # fmt: skip
    play.say_at(at("2026-07-20T10:00"), discussed)

    telling = "of-casework-groups-tell-the-worker"
    assert owes(play, telling, group) == [("met", at("2026-07-22T00:00"))]
    assert play.last(desk(WORKER)).message.summary == "A plan was agreed"
    again = "of-casework-groups-meet-again"
    assert owes(play, again, WORKER) == [("open", at("2026-08-28T00:00"))]

    # Meanwhile the child is missing: the next meeting stands with that absence, and counts here.
    play.say_now(missing(uu, "2026-08-20T12:00", "The Beeches", "The Beeches", "Walsall"))
    play.say_now(meeting(uu, "2026-08-21T12:00", WORKER, "team-around-family"))

    assert owes(play, again, WORKER) == [
        ("met", at("2026-08-28T00:00")), ("open", at("2026-10-03T00:00")),
    ]  # fmt: skip
    play.until(at("2026-10-03T00:00"))
    assert owes(play, again, WORKER)[-1] == ("late", at("2026-10-03T00:00"))


@pytest.mark.scheme("of-casework-groups")
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (3, 2, 1, 0)])
def test_meetings_that_are_heard_of_in_any_order_leave_the_same_owed(staged, order):
    """of-casework-groups: a meeting about an absence, one about none, one that is taken back."""
    play = staged("2026-07-01T09:00", "of-casework-groups")
    uu = child(of="Walsall")
    report = missing(uu, "2026-07-10T12:00", "The Beeches", "The Beeches", "Walsall")
    first, second, third = (
        meeting(uu, f"2026-{day}T15:00", WORKER, "team-around-family")
        for day in ("07-02", "07-11", "08-03")
    )
    said = [first, second, third, report]
    play.until(at("2026-08-05T09:00"))
    for place in order:
        play.say(said[place])
        play.say(said[place])  # and again
    play.say(cancelled(third, "2026-08-05T10:00"))
    play.until(at("2026-08-22T00:00"))

    owed = owes(play, "of-casework-groups-meet-again", WORKER)
    assert [one for one in owed if one[0] != "cancelled"] == [
        ("met", at("2026-08-14T00:00")), ("open", at("2026-08-23T00:00")),
    ]  # fmt: skip


@pytest.mark.scheme("of-casework-groups")
def test_minutes_that_come_after_three_working_days_were_late(staged):
    play = staged("2026-07-16T09:00", "of-casework-groups")
    group = "Staffordshire Police missing persons unit"
    late = meeting(child(of="Walsall"), "2026-07-16T12:00", group, "multi-agency-group",
                   sent_at=at("2026-07-22T10:00"))  # fmt: skip

    play.say_at(at("2026-07-22T10:00"), late)

    telling = "of-casework-groups-tell-the-worker"
    assert owes(play, telling, group) == [("met-late", at("2026-07-22T00:00"))]


@pytest.mark.scheme("of-casework-groups")
def test_a_worker_refers_a_child_who_was_never_missing(staged):
    """of-casework-groups: VV, no absence; a panel approves beside the director only."""
    play = staged("2026-07-16T09:00", "of-casework-groups")
    vv, chair = child(7, of="Walsall"), "Staffordshire Police missing persons unit"
    asked = MeetingRequest(
        **envelope("la.E08000030", "social-work", at("2026-07-16T10:00")), child=vv,
        type="multi-agency-group", why="New and older friends", convenor=desk(chair),
    )  # fmt: skip

    play.say_now(asked)

    assert play.rejections("la.E08000030") == []
    assert owes(play, "hold-meeting", chair) == [("open", at("2026-07-24T00:00"))]
    assert not [one for one in play.episodes() if one.state.heard]

    play.say(examples.placement(play.clock.now(), child=vv, approval={"by": "panel"}))
    assert play.duty("state-approval").standing


# -- Worcestershire's routes


WORCESTERSHIRE, WEST_MERCIA = "la.E10000034", "police.E23000016"
SKILLS, FAMILIES = "service.worcs-support-guidance-skills", "service.worcs-family-support"
WORCS = (
    (WORCESTERSHIRE, "Worcestershire", None),
    (WEST_MERCIA, "West Mercia Police", None),
    (SKILLS, "Support, Guidance and Skills", WORCESTERSHIRE),
    (FAMILIES, "Early Intervention Family Support", WORCESTERSHIRE),
)


@pytest.mark.scheme("worcs-routing")
@pytest.mark.trigger("worcs-routing")
def test_siblings_go_to_three_services_by_age_at_the_return_and_by_who_knows_them(stage):
    """worcs-routing: RR is 11 on the day of the return, SS is 9, TT is looked after."""
    play = join(stage(at("2026-06-07T20:00"), policies=under("worcs-routing")), *WORCS)
    there = {"authority": WORCESTERSHIRE}
    by = {"sender": WEST_MERCIA, "from_address": f"{WEST_MERCIA}/control-room", "incident": "WM-7"}
    cared_for = {"care_status": "looked-after", "responsible_authority": WORCESTERSHIRE}
    said = {"lives": there, "place": there} | by
    siblings = [
        (child(1, birth_date="2015-06-08"), said),
        (child(2, birth_date="2016-10-01"), said),
        (child(3, birth_date="2012-01-15"), said | cared_for),
    ]
    left = "2026-06-07T20:00"
    reports = [missing(who, left, "Essex Police", "Kirklees", **each) for who, each in siblings]

    play.say(*reports)
    for report in reports:
        play.say_now(examples.returned(report, at=at("2026-06-08T07:30")))

    due = at("2026-06-11T07:30")
    owed = {(one.owed_by, one.due_at) for one in play.duties("hold-return-interview")}
    assert owed == {
        (f"{SKILLS}/return-interviews", due),
        (f"{FAMILIES}/return-interviews", due),
        (f"{WORCESTERSHIRE}/social-work", due),
    }
    assert len(play.children()) == 3
    assert {one.incident for one in reports} == {"WM-7"}


@pytest.mark.scheme("of-casework-groups")
def test_where_a_child_is_placed_says_more_than_whose_number_it_has(staged):
    """of-casework-groups: no absence; the child of Walsall lives in Stoke by the register."""
    play = staged("2026-07-16T09:00")
    uu = child(of="Walsall")
    asked = Referral(
        **envelope("la.E08000030", "social-work", at("2026-07-16T10:00")), child=uu,
        to="allegations-officer", reason="A worker gives lifts",
    )  # fmt: skip
    play.say(examples.placement(at("2026-07-10T09:00"), child=uu, starts_at=at("2026-07-11T09:00"),
                                sent_at=play.clock.now()))  # fmt: skip

    play.say_now(asked)

    kinds = {got.address for got in play._everything() if got.message.KIND == "referral"}
    assert kinds == desks("Walsall allegations officer", "Stoke-on-Trent allegations officer")
