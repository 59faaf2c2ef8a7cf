"""Staffordshire and Stoke-on-Trent: when a child counts as missing, and when too often."""

from datetime import timedelta
from uuid import uuid4

import pytest

from broker.letters.items import Form, Recipient
from broker.letters.writing import render
from broker.thresholds.open import concerns_about
from schemas.casework import MeetingOutcome, MeetingRequest
from schemas.child import Place, Residence
from tests import examples
from tests.examples import HOME, STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, envelope
from tests.scenarios import staffordshire as of
from tests.scenarios.reports import report as reported
from tests.scenarios.reports import rows, values
from tests.scenarios.staffordshire import (
    CHESHIRE_EAST,
    CONTACT,
    CONTROL_ROOM,
    EXPLOITATION,
    H1,
    H2,
    MISSING_UNIT,
    at,
    back,
    child,
    desk,
    from_home,
)
from tests.scenarios.thresholds import cases, told_of_it

SOCIAL_WORK, FRONT_DOOR = desk(STAFFORDSHIRE, "social-work"), desk(STAFFORDSHIRE, "front-door")
IRO_SERVICE = desk(STAFFORDSHIRE, "iro-service")
MEETING = "staffs-3-5-9-intervention-meeting"


@pytest.fixture
def staged(stage):
    """Starts a play under schemes: `staged(when, "staffs-3-5-9")`; their cast is on the broker."""

    def start(when, *named):
        return of.join(stage(at(when), policies=of.under(*named)))

    return start


# -- staffs-3-5-9

THREE = ("2025-12-31T23:50", "2026-01-01T23:50", "2026-03-31T23:50")


def in_stoke(starts, who, **changes):
    """A home in Stoke reports a child whom Staffordshire placed there."""
    lives = {"lives": Residence(authority=STOKE, home=HOME), "place": Place(authority=STOKE)}
    return from_home(starts, who, home=HOME, **lives | changes)


def told(play, *reports):
    """Each report as it happens, and the child back three hours later."""
    for report in reports:
        play.say_now(report)
        play.say_now(examples.returned(report, at=report.last_seen_at + timedelta(hours=3)))


@pytest.fixture
def three(staged):
    """D is missing on New Year's Eve, on New Year's Day and on the last of March."""
    play, d = staged(THREE[0], "staffs-3-5-9"), child("D", "2011-10-01")
    told(play, *(in_stoke(day, d) for day in THREE))
    return play, d


@pytest.mark.scheme("staffs-3-5-9")
def test_ninety_days_are_days_in_london_and_no_hours(three):
    """staffs-3-5-9: from 1 January to 31 March there are two, though 90 x 24 hours hold three."""
    play, _ = three

    assert cases(play) == []


@pytest.mark.scheme("staffs-3-5-9")
@pytest.mark.trigger("staffs-3-5-9")
def test_a_late_report_reaches_three_for_its_own_day_and_is_late_on_arrival(three):
    play, d = three
    late = in_stoke("2026-03-20T22:00", d, heard="2026-04-02T10:00")
    play.say_at(at("2026-04-02T10:00"), late, back(late, "2026-03-21T01:00"))

    (said,) = told_of_it(play, SOCIAL_WORK)
    assert (said.occurred_at, said.known_at, said.step) == (
        at("2026-03-20T22:00"), at("2026-04-02T10:00"), 3,
    )  # fmt: skip
    assert [one.started_at for one in said.episodes] == [
        at(day) for day in (*THREE[:2], "2026-03-20T22:00", THREE[2])
    ]
    for address in (FRONT_DOOR, desk(STOKE, "front-door"), MISSING_UNIT, f"{HOME}/home-manager"):
        assert len(told_of_it(play, address)) == 1, address
    alerts = [got.message.event for got in play.inbox(IRO_SERVICE, "iro.alert")]
    assert alerts.count("threshold") == 1
    duty = play.duty(MEETING)
    assert (duty.owed_by, duty.state, duty.due_at) == (SOCIAL_WORK, "late", at("2026-03-28T00:00"))
    (notice,) = [
        one.message for one in play.inbox(SOCIAL_WORK, "duty") if one.message.name == MEETING
    ]
    assert (notice.late_on_arrival, notice.working_due_at) == (True, at("2026-04-14T00:00"))
    assert len(cases(play)) == 1


@pytest.mark.scheme("staffs-3-5-9")
def test_the_list_of_march_is_as_it_was_known_when_it_was_made(three):
    """staffs-3-5-9: two on 1 April, three on 3 April, once the late report has come."""
    play, d = three
    late = in_stoke("2026-03-20T22:00", d, heard="2026-04-02T10:00")
    play.say_at(at("2026-04-02T10:00"), late, back(late, "2026-03-21T01:00"))
    play.until(at("2026-04-03T12:00"))

    for day, count, reached in (("2026-04-01", "2", "0"), ("2026-04-03", "3", "1")):
        how = {"period": "2026-03", "as_at": at(f"{day}T12:00"), "area": "own"}
        said = reported(play, "monthly-missing", STAFFORDSHIRE, **how)
        assert rows(said, "children")[0][2] == count, day
        assert values(said)["reached/3"] == reached, day


def concern(who, when, sender, function):
    said = {"child": who, "type": "intervention", "why": "Seen with older men", "episode": None}
    return MeetingRequest(**envelope(sender, function, at(when)) | said)


@pytest.mark.scheme("staffs-3-5-9")
@pytest.mark.trigger("staffs-3-5-9/concern")
@pytest.mark.parametrize(
    ("sender", "function"), [(STAFFORDSHIRE_POLICE, "missing-unit"), (HOME, "home-manager")]
)
def test_a_concerned_partner_opens_the_same_meeting_after_one_absence(staged, sender, function):
    """staffs-3-5-9: "at any time partners become concerned" (paragraph 40)."""
    play, d = staged("2026-03-02T10:00", "staffs-3-5-9"), child("D", "2011-10-01")
    told(play, in_stoke("2026-03-02T10:00", d))

    play.say_now(concern(d, "2026-03-04T09:00", sender, function))

    (said,) = told_of_it(play, SOCIAL_WORK)
    assert (said.occurred_at, said.step) == (at("2026-03-04T09:00"), 3)
    assert said.criteria[0].startswith("asked for by ")
    assert play.duty(MEETING).due_at == at("2026-03-12T00:00")
    assert play.duties("hold-meeting") == []
    assert told_of_it(play, MISSING_UNIT)


def test_what_is_counted_next_joins_the_meeting_that_a_partner_asked_for(staged):
    play, d = staged("2026-03-02T10:00", "staffs-3-5-9"), child("D", "2011-10-01")
    told(play, in_stoke("2026-03-02T10:00", d))
    play.say_now(concern(d, "2026-03-04T09:00", STAFFORDSHIRE_POLICE, "missing-unit"))

    told(play, *(in_stoke(f"2026-03-{day}T10:00", d) for day in ("05", "06")))

    assert len(play.duties(MEETING)) == len(cases(play)) == 1


def test_a_desk_that_the_policy_does_not_name_opens_no_meeting(staged):
    play, d = staged("2026-03-02T10:00", "staffs-3-5-9"), child("D", "2011-10-01")
    told(play, in_stoke("2026-03-02T10:00", d))

    play.say_now(concern(d, "2026-03-04T09:00", HOME, "night-staff"))

    assert cases(play) == []


def test_a_request_that_is_taken_back_takes_the_meeting_back(staged):
    play, d = staged("2026-03-02T10:00", "staffs-3-5-9"), child("D", "2011-10-01")
    told(play, in_stoke("2026-03-02T10:00", d))
    asked = concern(d, "2026-03-04T09:00", STAFFORDSHIRE_POLICE, "missing-unit")
    play.say_now(asked)

    again = {"message_id": uuid4(), "action": "cancel", "replaces": asked.message_id}
    play.say_now(MeetingRequest(**asked.model_dump() | again))

    assert [case.state.status for case in cases(play)] == ["withdrawn"]
    assert play.duty(MEETING).state == "cancelled"


# -- staffs-protocol-2005


def absent(starts, who, **changes):
    return from_home(starts, who, category="absent", police_report=None, **changes)


@pytest.mark.scheme("staffs-protocol-2005")
@pytest.mark.trigger("staffs-protocol-2005/age")
@pytest.mark.trigger("staffs-protocol-2005/time")
@pytest.mark.trigger("missing-from-care-guidance-2002")
def test_a_child_of_thirteen_is_missing_at_once_and_of_fourteen_after_six_hours(staged):
    """staffs-protocol-2005: T is 14 on 16 May 2026, and back before the upgrade that night."""
    play, t = staged("2026-05-15T23:00", "staffs-protocol-2005"), child("T", "2012-05-16")
    first = absent("2026-05-15T23:00", t)
    play.say_now(first)

    (update,) = [got for got in play.news(CONTROL_ROOM) if got.message.KIND == "missing.update"]
    assert update.message.category.value == "missing"
    assert "no person did" in update.message.reason
    assert (update.message.sender, update.wakes) == ("broker.homeward", True)
    assert play.duty("answer", CONTROL_ROOM).due_at == at("2026-05-15T23:30")
    told_at_home = [got.message.KIND for got in play.news(H1)]
    assert told_at_home == ["missing.update"]
    play.say_now(back(first, "2026-05-15T23:50"))

    before = len(play.news(CONTROL_ROOM))
    second = absent("2026-05-16T23:00", t)
    play.say_now(second)
    assert play.duty("reclassify-absence").due_at == at("2026-05-17T05:00")
    play.say_now(back(second, "2026-05-17T04:40"))
    play.until(at("2026-05-17T12:00"))

    assert [episode.state.category for episode in play.episodes()] == ["missing", "absent"]
    assert len(play.news(CONTROL_ROOM)) == before
    assert play.duty("reclassify-absence").state == "cancelled"
    figures = values(reported(play, "monthly-missing", STAFFORDSHIRE, period="2026-05"))
    assert (figures["missing/episodes"], figures["absent/episodes"]) == ("1", "1")


@pytest.mark.scheme("staffs-protocol-2005")
def test_whoever_is_fourteen_and_not_back_is_missing_six_hours_on(staged):
    play, t = staged("2026-05-16T23:00", "staffs-protocol-2005"), child("T", "2012-05-16")
    play.say_now(absent("2026-05-16T23:00", t))
    assert not [got for got in play.news(CONTROL_ROOM) if got.message.KIND == "missing.update"]

    play.until(at("2026-05-17T05:00"))

    (episode,) = play.episodes()
    assert episode.state.category == "missing"
    (said,) = [fact for fact in episode.facts if fact.sender == "broker.homeward"]
    assert said.at == at("2026-05-17T05:00")
    assert play.last(CONTROL_ROOM).wakes
    assert play.news(desk(STAFFORDSHIRE, "emergency-duty"))


@pytest.mark.scheme("staffs-protocol-2005")
def test_a_return_that_is_heard_late_takes_the_upgrade_back_and_all_are_told(staged):
    play, t = staged("2026-05-16T23:00", "staffs-protocol-2005"), child("T", "2012-05-16")
    report = absent("2026-05-16T23:00", t)
    play.say_now(report)
    play.until(at("2026-05-17T05:10"))

    play.say(back(report, "2026-05-17T04:40"))

    assert play.state().category == "absent"
    withdrawn = play.last(CONTROL_ROOM).message
    assert (withdrawn.KIND, withdrawn.action) in {("missing.update", "cancel")}


def test_an_update_that_comes_before_its_report_turns_too_and_only_once(staged):
    play, t = staged("2026-05-15T23:00", "staffs-protocol-2005"), child("T", "2012-05-16")
    report = absent("2026-05-15T23:00", t)
    play.say_now(report)
    play.say(report)
    play.say_now(examples.update(report, at=at("2026-05-15T23:20"), category="absent"))

    (episode,) = play.episodes()
    assert sum(fact.sender == "broker.homeward" for fact in episode.facts) == 1
    assert episode.state.category == "missing"


def test_nothing_is_sent_to_homewards_own_desk(staged):
    play, t = staged("2026-05-15T23:00", "staffs-protocol-2005"), child("T", "2012-05-16")
    report = absent("2026-05-15T23:00", t)
    play.say_now(report)
    play.say_now(back(report, "2026-05-15T23:50"))

    assert play.inbox("broker.homeward") == []


# -- staffs-macarose


@pytest.mark.scheme("staffs-macarose")
def test_the_exploitation_team_has_what_a_check_and_an_interview_flag(staged):
    """staffs-macarose: Q is flagged twice, so two deliveries; a check not done flags nobody."""
    play = staged("2026-07-02T20:00", "staffs-macarose")
    q, r = child("Q", "2012-01-01"), child("R", "2012-02-01")
    for who in (q, r):
        report = in_stoke("2026-07-02T20:00", who)
        play.say_now(report)
        play.say_now(back(report, "2026-07-02T23:00"))
    factors = {"risk_factors": ("sexual-exploitation",)}
    of_q = in_stoke("2026-07-02T20:00", q)
    play.say_now(examples.checked(of_q, at=at("2026-07-03T10:00"), **factors))
    not_done = {"result": "not-done", "reason": "not-seen", "decided_by": "Inspector"}
    play.say_now(
        examples.checked(in_stoke("2026-07-02T20:00", r), at=at("2026-07-03T11:00"), **not_done)
    )
    held = of.interview(
        of_q, "held", "2026-07-06T15:00", STAFFORDSHIRE, findings="Gifts", **factors
    )
    play.say_now(held)

    got = play.news(EXPLOITATION)

    assert [one.message.KIND for one in got] == [
        "safe-and-well.outcome",
        "return-interview.outcome",
    ]
    assert {one.rule for one in got} == {"staffs-macarose-flag"}
    assert got[1].message.findings is None
    assert play.news(desk(STAFFORDSHIRE, "exploitation-team"))


# -- staffs-provider-forum


@pytest.mark.scheme("staffs-provider-forum")
def test_the_homes_contact_officer_is_told_beside_the_control_room_and_never_instead(staged):
    """staffs-provider-forum: S goes on a Saturday night; the officer's clock starts on Monday."""
    play = staged("2026-06-20T02:15", "staffs-provider-forum")
    report = from_home("2026-06-20T02:15", child("S", "2011-01-01"), home=H2)

    play.say_now(report)

    (now,) = play.news(CONTROL_ROOM)
    assert (now.wakes, now.answer_by) == (True, at("2026-06-20T02:45"))
    (beside,) = play.news(CONTACT)
    assert (beside.rule, beside.wakes) == ("staffs-provider-forum-contact", False)
    duty = play.duty("staffs-provider-forum-answer")
    assert (duty.owed_by, duty.starts_at) == (CONTACT, at("2026-06-22T08:30"))
    assert MISSING_UNIT not in play.woken()


@pytest.mark.scheme("staffs-provider-forum")
def test_a_home_without_a_contact_officer_goes_to_the_control_room_alone(staged):
    play = staged("2026-06-20T02:15", "staffs-provider-forum")

    play.say_now(from_home("2026-06-20T02:15", child("S", "2011-01-01"), home=H1))

    assert play.news(CONTROL_ROOM)
    assert play.duties("staffs-provider-forum-answer") == []


@pytest.mark.scheme("staffs-provider-forum")
def test_the_homes_checklist_is_owed_where_the_report_leaves_it_out(staged):
    play = staged("2026-06-20T02:15", "staffs-provider-forum")
    whole = {"checks_made": "Rang", "circumstances": "After tea", "clothing": "Red coat"}
    said = from_home("2026-06-20T02:15", child("S", "2011-01-01"), home=H2, **whole)
    play.say_now(said)
    assert play.duty("staffs-provider-forum-checklist").due_at == at("2026-06-20T04:15")

    play.say_now(
        from_home(
            "2026-06-20T02:15", child("S", "2011-01-01"), home=H2, likely_places=("The park",),
            action="update", replaces=said.message_id, sent_at=at("2026-06-20T03:00"), **whole,
        )
    )  # fmt: skip

    assert play.duty("staffs-provider-forum-checklist").state == "met"


# -- staffs-hotspots-and-qa

VISIT = "staffs-hotspots-quality-visit"
PLACEMENTS = desk(STAFFORDSHIRE, "placements")


@pytest.fixture
def five(staged):
    """F and G have four absences from H1 in June; K, of Walsall, runs from school on the 30th."""
    play = staged("2026-06-01T10:00", "staffs-hotspots-and-qa")
    f, g = child("F", "2011-01-01"), child("G", "2011-02-01")
    for day, who in (("01", f), ("10", g), ("20", f), ("24", g)):
        told(play, from_home(f"2026-06-{day}T10:00", who))
    assert play.duties(VISIT) == []
    k = child("K", "2011-03-01", of.WALSALL)
    school = Place(authority=STAFFORDSHIRE, district="Stafford", description="School")
    told(play, from_home("2026-06-30T14:00", k, council=of.WALSALL, place=school))
    return play


@pytest.mark.scheme("staffs-hotspots-and-qa")
@pytest.mark.trigger("staffs-hotspots-and-qa")
def test_five_of_a_home_in_thirty_days_open_a_visit_wherever_they_ran_from(five):
    """staffs-hotspots-and-qa: by placement five, by place missing from four and one."""
    play = five

    (said,) = told_of_it(play, PLACEMENTS)
    assert (said.home, said.count, said.window_from.isoformat()) == (H1, 5, "2026-06-01")
    assert (said.child.given_name, said.child.references) == ("-", ())
    duty = play.duty(VISIT)
    assert (duty.owed_by, duty.due_at) == (PLACEMENTS, at("2026-07-15T00:00"))
    assert told_of_it(play, MISSING_UNIT)
    spots = reported(play, "hot-spots", STAFFORDSHIRE, period="2026-06")
    assert [row[:2] for row in rows(spots, "placement")] == [("Heath House", "5")]
    assert [row[:2] for row in rows(spots, "from")] == [
        ("Heath House", "4"), ("School, Staffordshire", "1"),
    ]  # fmt: skip


@pytest.mark.scheme("staffs-hotspots-and-qa")
def test_one_concern_about_exploitation_opens_it_too(staged):
    play = staged("2026-06-01T10:00", "staffs-hotspots-and-qa")

    flag = {"risk_factors": ("sexual-exploitation",)}
    play.say_now(from_home("2026-06-01T10:00", child("F", "2011-01-01"), **flag))

    assert play.duty(VISIT).due_at == at("2026-06-16T00:00")


@pytest.mark.scheme("staffs-hotspots-and-qa")
def test_the_form_of_a_placement_shows_the_host_what_is_open_until_the_visit_was_made(five):
    """staffs-hotspots-and-qa: Cheshire East asks on 2 July; an answer is due 24:00 on 6 July."""
    notice = examples.placement(
        at("2026-07-02T10:00"), sender=CHESHIRE_EAST, responsible_authority=CHESHIRE_EAST,
        host_authority=STAFFORDSHIRE, home=H1, child=child("N", of=CHESHIRE_EAST),
    )  # fmt: skip
    five.say_now(notice)

    (duty,) = five.duties("answer-placement-notice")
    assert (duty.owed_by, duty.due_at) == (PLACEMENTS, at("2026-07-07T00:00"))
    with five.ledger.reading() as connection:
        known = concerns_about(connection, H1)
    letter = render(notice, Recipient.host, Form.adcs, known_here=known)
    (item,) = [one for each in letter.sections for one in each.items if one.item == "known_here"]
    assert "reached on Tuesday 30 June 2026. Reached by: 5 in 30 days." in item.words
    assert "staffs hotspots quality visit is due Tue 14 Jul 2026 24:00" in item.words

    nobody = examples.child(references=(), given_name="-", family_name="-")
    held = {"type": "visit", "held": True, "episode": str(cases(five)[0].id), "child": nobody}
    sent = envelope(STAFFORDSHIRE, "placements", at("2026-07-10T10:00"))
    five.say_now(MeetingOutcome(**sent | held))

    assert five.duty(VISIT).state == "met"
    with five.ledger.reading() as connection:
        assert concerns_about(connection, H1) == []


@pytest.mark.parametrize("to", [one for one in Recipient if one is not Recipient.host])
def test_what_is_open_about_a_home_is_shown_to_nobody_but_the_host(to):
    notice = examples.placement(home=H1)

    letter = render(notice, to, known_here=["a concern about the home"])

    assert "a concern" not in str(letter)
