"""Practices that need little: each as a scenario, and as those who had them would know them."""

import pytest

from broker.directory import Directory, Registered
from broker.homes import homes
from broker.policy.check import all_problems
from broker.policy.load import shipped
from schemas.missing import MissingUpdate
from schemas.readiness import HomeReadiness
from tests import examples
from tests.examples import envelope
from tests.scenarios.areas import (
    at,
    back,
    cancelled,
    child,
    desk,
    interview,
    join,
    meeting,
    missing,
    owes,
    under,
    update,
)
from tests.scenarios.steps_words import CAST

POLICE = "West Yorkshire Police"


@pytest.fixture
def staged(stage):
    """Starts a play with the whole cast: `staged(when, *schemes)`."""

    def start(when, *schemes, more=()):
        return join(stage(at(when), policies=under(*schemes) if schemes else None), *more)

    return start


def absences(play):
    """What was reported as an absence."""
    return [one for one in play.episodes() if one.state.heard]


# -- Manchester and Salford, Safe in the City


@pytest.mark.scheme("safe-in-the-city")
def test_a_talk_that_a_child_asked_for_before_is_not_the_interview_of_what_comes_after(staged):
    """safe-in-the-city: AJ refers self on Mon 20 July 2026, and is missing on the 24th."""
    play = staged("2026-07-20T09:00")
    aj, home = child(of="Salford"), "Salford return interview service"
    first = missing(aj, "2026-07-24T20:00", "Elm Court", "Salford")
    for stage in ("allocated", "held"):
        play.say_now(interview(first, "2026-07-20T16:00", home, stage, episode=None))
    assert absences(play) == []

    play.say_now(first)
    play.say_now(back(first, "2026-07-24T23:00"))
    play.until(at("2026-07-27T23:00"))

    assert len(absences(play)) == 1
    assert owes(play, "hold-return-interview", home) == [("late", at("2026-07-27T23:00"))]
    assert owes(play, "offer-return-interview", home) == [("late", at("2026-07-27T23:00"))]


# -- named only: Yorkshire, Aberdeen


@pytest.mark.scheme("missing-in-yorkshire")
@pytest.mark.scheme("aberdeen")
def test_a_service_of_yorkshire_is_an_agency_and_one_of_aberdeen_has_no_calendar():
    """missing-in-yorkshire, aberdeen: Scotland is outside this calendar and this law."""
    yorkshire = Registered("service.missing-in-yorkshire", "Missing in Yorkshire", "la.E08000034")
    aberdeen = Registered("service.aberdeen", "Aberdeen", "la.S12000033")
    known = Directory.shipped().with_agencies([yorkshire, aberdeen])

    assert known.police_for("service.missing-in-yorkshire") == "police.E23000010"
    assert [one for one in all_problems(shipped(), known) if "service." in one] == [
        "directory: service.aberdeen: no calendar for Scotland"
    ]


@pytest.mark.scheme("of-home-locations")
def test_a_home_of_which_no_force_is_known_is_found_by_the_policy_check():
    """of-home-locations: new home, no force entry -> policy check fails for it."""
    new = Registered("provider.SC999042", "The Larches")
    placed = Registered("provider.SC999043", "The Firs", "la.E08000034")
    known = Directory.shipped().with_agencies([new, placed])

    found, *further = all_problems(shipped(), known)

    assert all("provider.SC999042" in one for one in further)
    assert found == (
        "directory: provider.SC999042: no police force, as no area is given that has one"
    )


# -- the definition of 2009


@pytest.mark.scheme("definition-2009")
def test_who_was_told_to_leave_is_missing_and_the_front_door_sees_that_it_did_not_run_away(staged):
    """definition-2009: AL, 16, told to leave home on Sat 11 July 2026; nobody knows where."""
    play = staged("2026-07-11T12:00")
    al = child(birth_date="2010-05-01")
    said = {"circumstance": "forced-to-leave", "whereabouts_known": "no"}

    play.say(missing(al, "2026-07-11T12:00", POLICE, "Kirklees", **said))

    front_door = play.last(desk("Kirklees front door"))
    assert (front_door.message.category, front_door.message.circumstance) == (
        "missing", "forced-to-leave",
    )  # fmt: skip
    assert [one.state.category for one in absences(play)] == ["missing"]


# -- area social workers, night cover


@pytest.mark.scheme("area social workers")
def test_a_child_is_visited_within_twenty_eight_days_of_the_last_visit(staged):
    """area-social-workers: last visit on 1 May 2026 -> late after 24:00 on 29 May."""
    play = staged("2026-05-01T09:00", "area-social-workers")
    who, worker = child(of="Staffordshire"), "Staffordshire social work"
    play.say_now(meeting(who, "2026-05-01T15:00", worker, "visit"))

    due = at("2026-05-30T00:00")
    assert owes(play, "area-social-workers-visit", worker) == [("open", due)]
    play.until(due)
    assert owes(play, "area-social-workers-visit", worker) == [("late", due)]

    play.say_now(meeting(who, "2026-06-02T15:00", worker, "visit"))
    assert owes(play, "area-social-workers-visit", worker) == [
        ("met-late", due), ("open", at("2026-07-01T00:00")),
    ]  # fmt: skip


@pytest.mark.scheme("area social workers")
def test_a_visit_that_is_taken_back_was_not_paid(staged):
    play = staged("2026-05-01T09:00", "area-social-workers")
    who, worker = child(of="Staffordshire"), "Staffordshire social work"
    play.say_now(meeting(who, "2026-05-01T15:00", worker, "visit"))
    report = missing(who, "2026-05-10T12:00", "The Limes", "The Limes", "Staffordshire")
    play.say_now(report)
    second = meeting(who, "2026-05-11T15:00", worker, "visit")  # with the absence, that stands open
    play.say_now(second)
    first_due = at("2026-05-30T00:00")
    assert owes(play, "area-social-workers-visit", worker)[0] == ("met", first_due)

    play.say(cancelled(second, "2026-05-11T16:00"))

    assert [each for each in owes(play, "area-social-workers-visit", worker)
            if each[0] != "cancelled"] == [("open", first_due)]  # fmt: skip


@pytest.mark.scheme("night cover")
def test_at_two_in_the_morning_the_night_staff_hear_it_and_more_time_is_given_once(staged):
    """night-cover: 02:00 -> night staff; need-until 03:00 moves the ladder once."""
    play = staged("2026-06-20T02:00")
    who = child(of="Walsall")
    report = missing(who, "2026-06-20T02:00", "Staffordshire Police", "The Beeches", "Walsall")
    play.say(report)

    assert [got.message.KIND for got in play.news(desk("The Beeches night staff"))]
    assert play.news(desk("The Beeches home manager")) == []

    team, due = "Walsall emergency duty team", at("2026-06-20T02:30")
    play.answer(play.last(desk(team)), "need-until", until=at("2026-06-20T03:00"), reason="A call")
    play.until(at("2026-06-20T02:59"))
    assert play.climbed("answer").count(desk("Walsall on-call manager")) == 0
    assert ("open", due) in owes(play, "answer", team)  # the due time itself stays
    play.answer(play.last(desk(team)), "need-until", until=at("2026-06-20T03:30"), reason="Again")
    play.until(at("2026-06-20T03:00"))
    assert play.climbed("answer").count(desk("Walsall on-call manager")) == 1


# -- harbouring, moves, schools, shared desks


@pytest.mark.scheme("of-harbouring")
def test_a_notice_that_cites_the_wrong_law_is_accepted_and_said_so_and_nobody_below_sees_it(staged):
    """of-harbouring: AK, 16, at home; a notice of Sat 18 July 2026 citing section 49."""
    play = staged("2026-07-18T10:00", "of-need-to-know")
    ak = child(birth_date="2010-05-01")
    report = missing(ak, "2026-07-18T10:00", POLICE, "Kirklees", risk="high")
    play.say(report)
    measure = {"basis": "children-act-1989-s49", "against": "J. Smithson, 4 Mill Row"}

    play.say_now(update(report, "2026-07-18T12:00", legal_measure=measure, reason="Notice served"))

    words = play.receipts("police.E23000010")[-1].words
    assert "section 49 is for children in care, and this child is not in care" in words
    full, summary = play.last(desk("Kirklees front door")), play.last(desk("Kirklees director"))
    assert full.message.legal_measure.against == "J. Smithson, 4 Mill Row"
    assert summary.message.legal_measure is None
    assert "Smithson" not in str(summary.message)


@pytest.mark.scheme("of-placement-moves")
def test_a_child_who_is_moved_while_missing_is_one_absence_and_the_new_host_is_briefed(staged):
    """of-placement-moves: moved while missing -> same absence, one move, new host told."""
    play = staged("2026-06-01T09:00")
    who = child(of="Walsall")
    first = examples.placement(
        at("2026-06-01T09:00"),
        child=who,
        starts_at=at("2026-06-02T09:00"),
        home="provider.SC999001",
    )
    play.say(first)
    report = missing(who, "2026-06-10T20:00", "The Beeches", "The Beeches", "Walsall")
    play.say_now(report)
    moved = examples.placement(
        at("2026-06-12T10:00"), child=who, stage="emergency", starts_at=at("2026-06-12T10:00"),
        host_authority="la.E08000026", home="provider.SC999004",
    )  # fmt: skip
    play.say_now(moved)

    (absence,) = absences(play)
    assert absence.state.status == "open"
    assert absence.state.home == "provider.SC999004"
    assert play.news(desk("Coventry front door"))[0].message.KIND == "picture"
    assert play.last(desk("Hill House home manager"))
    placed = [one for one in play.episodes() if one.state.began_by]
    assert len(placed) == 2  # one move


SCHOOL = "school.123456"


@pytest.mark.scheme("of-schools")
def test_a_school_reads_on_monday_that_a_child_was_missing_and_that_it_is_back(staged):
    """of-schools: Fri 17 July 2026 22:00 -> Mon 20 July; back on Sunday; nobody is rung."""
    more = ((SCHOOL, "Mill Row School", "la.E08000034"),)
    play = staged("2026-07-01T09:00", "of-schools", more=more)
    who, worker = child(of="Kirklees"), f"{SCHOOL}/safeguarding-lead"
    play.say(
        examples.placement(
            at("2026-07-01T09:00"), sender="la.E08000034", responsible_authority="la.E08000034",
            host_authority="la.E08000034", distance="own-area", child=who, school=SCHOOL,
            starts_at=at("2026-07-02T09:00"), home="provider.SC999005",
        )
    )  # fmt: skip
    placed = len(play.inbox(worker))
    report = missing(who, "2026-07-17T22:00", "Moor View", "Moor View", "Kirklees")
    play.say_now(report)
    play.say_now(back(report, "2026-07-19T10:00"))

    got = play.inbox(worker)[placed:]
    assert [(one.message.KIND, one.view, one.wakes) for one in got] == [
        ("missing.notification", "signal", False), ("missing.return", "signal", False),
    ]  # fmt: skip
    assert "Sam" not in str([one.message for one in got])
    assert not any(one.owed_by == worker and one.name == "answer" for one in play.duties())


@pytest.mark.scheme("of-colocated")
def test_a_seconded_worker_answers_for_the_council_and_not_for_the_police(staged):
    """of-colocated: two agencies at one table; the answer says for whom."""
    play = staged("2026-07-14T11:00")
    report = missing(child(), "2026-07-14T11:00", "Moor View", "Kirklees")
    play.say(report)
    police, council = "West Yorkshire Police control room", "Kirklees front door"
    assert owes(play, "answer", police) == owes(play, "answer", council)

    play.until(at("2026-07-14T11:10"))
    play.answer(play.last(desk(council)))

    due = at("2026-07-14T11:30")
    assert owes(play, "answer", council) == [("met", due)]
    assert owes(play, "answer", police) == [("open", due)]


# -- Coventry, Say Something


@pytest.mark.scheme("coventry-say-something")
def test_what_the_public_saw_joins_an_open_absence_and_opens_none(staged):
    """coventry-say-something: a hotel's staff ring the police."""
    play = staged("2026-07-14T11:00")
    seen = {"sighted": {"authority": "la.E08000026"}, "source": "public", "facts": "At a hotel"}
    nobody = missing(child(5, of="Coventry"), "2026-07-14T10:00", POLICE, "Coventry")
    play.say_now(update(nobody, "2026-07-14T11:00", "West Midlands Police", **seen))
    assert absences(play) == []
    assert not any(one.standing for one in play.duties())

    report = missing(
        child(6, of="Coventry"), "2026-07-14T12:00", "West Midlands Police", "Coventry"
    )
    play.say_now(report)
    play.say_now(update(report, "2026-07-14T13:00", **seen))

    (absence,) = absences(play)
    assert [fact.kind for fact in absence.facts][-1] == MissingUpdate.KIND
    assert play.last(desk("Coventry front door")).message.source == "public"


# -- what homes have ready


@pytest.mark.scheme("staffs-children's wishes")
def test_a_home_without_a_care_pack_is_listed_to_its_council_and_its_police(staged):
    """staffs-children's wishes: pack version and date given; a home without one is listed."""
    play = staged("2026-07-14T11:00")
    said = {"care_pack": "2026-1", "care_pack_given_on": "2026-06-01"}
    oak = envelope("provider.SC999003", "home-manager", at("2026-07-14T11:00"))
    play.say(HomeReadiness(**oak, **said))
    known = Directory.shipped().with_agencies(
        [Registered(id, name, area) for id, (name, area) in CAST.items() if area]
    )

    with play.ledger.reading() as connection:
        here = homes(connection, known, "la.E10000028")
        of_force = homes(connection, known, "police.E23000015")

    assert [(one.name, one.care_pack) for one in here] == [("Oak Lodge", "2026-1")]
    assert [one.name for one in of_force if not one.care_pack] == ["The Beeches", "The Limes"]
    assert {one.force for one in of_force} == {"police.E23000015"}
