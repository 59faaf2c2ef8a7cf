"""Staffordshire and Stoke-on-Trent: who interviews, for how long they try, and by which service."""

import pytest

from broker.policy.load import schemes
from schemas.child import Place
from tests.examples import STAFFORDSHIRE, WALSALL, checked
from tests.scenarios import staffordshire as of
from tests.scenarios.reports import report as reported
from tests.scenarios.reports import rows, values
from tests.scenarios.staffordshire import (
    COUNTYWIDE,
    H1,
    MISSING_UNIT,
    NORTH,
    at,
    back,
    child,
    desk,
    from_home,
    interview,
    missing,
)

OWN = desk(STAFFORDSHIRE, "return-interviews")


@pytest.fixture
def staged(stage):
    """Starts a play under schemes: `staged(when, "staffs-3-5-9")`; their cast is on the broker."""

    def start(when, *named):
        return of.join(stage(at(when), policies=of.under(*named)))

    return start


OURS = [one for one in schemes() if one.startswith(("staffs", "missing-from-care", "compact"))]


@pytest.mark.parametrize("name", OURS)
def test_each_scheme_loads_alone(name):
    assert of.under(name).overlays[0].name == name


def test_all_of_them_may_be_in_force_together():
    together = of.under(*OURS)

    assert {one.name for one in together.overlays} == set(OURS)


# -- staffs-missing-service


@pytest.fixture
def declined(staged):
    """A of Walsall, in a home in Cannock over Christmas, is offered an interview and declines."""
    play = staged("2026-12-23T21:00", "staffs-missing-service")
    a = child("A", "2011-05-16", WALSALL)
    report = from_home("2026-12-23T21:00", a, council=WALSALL)
    play.say_now(report)
    play.say_now(back(report, "2026-12-24T22:30"))
    play.say_now(interview(report, "offered", "2026-12-27T10:00", STAFFORDSHIRE))
    play.say_now(interview(report, "declined", "2026-12-27T10:05", STAFFORDSHIRE))
    return play, report


@pytest.mark.scheme("staffs-missing-service")
@pytest.mark.trigger("staffs-missing-service")
def test_christmas_pauses_no_offer_and_who_declines_is_asked_for_two_weeks(declined):
    """staffs-missing-service: due 72 hours on, met by the host's worker; tried until 10 January."""
    play, _ = declined

    offer, trying = play.duty("offer-return-interview"), play.duty("keep-trying")

    assert (offer.owed_by, offer.due_at) == (OWN, at("2026-12-27T22:30"))
    assert offer.state == "met"
    assert (trying.owed_by, trying.state, trying.due_at) == (OWN, "open", at("2027-01-11T00:00"))


@pytest.mark.scheme("staffs-missing-service")
def test_the_decline_is_told_to_police_both_desks_of_the_council_and_the_home(declined):
    play, _ = declined

    told = {
        got.address
        for agency in (of.STAFFORDSHIRE_POLICE, WALSALL, H1)
        for got in play.inbox(agency, "return-interview.outcome")
        if got.message.stage.value == "declined"
    }

    assert told == {
        MISSING_UNIT,
        desk(WALSALL, "social-work"),
        desk(WALSALL, "iro-service"),
        desk(H1, "night-staff"),  # it is a Sunday
    }


@pytest.mark.scheme("staffs-missing-service")
def test_held_within_the_two_weeks_it_is_met_and_to_be_shared(declined):
    play, report = declined
    play.say_now(interview(report, "held", "2027-01-09T11:00", STAFFORDSHIRE, findings="."))

    assert play.duty("keep-trying").state == "met"
    assert play.duty("share-interview-outcome").due_at == at("2027-01-14T00:00")
    assert play.duty("hold-return-interview").state == "met-late"
    figures = values(reported(play, "return-interviews", STAFFORDSHIRE, period="2026-12"))
    assert (figures["held/episodes"], figures["held-in-time"]) == ("1/1", "0/1")


@pytest.mark.scheme("staffs-missing-service")
def test_the_council_that_looks_after_the_child_stays_on_the_ladder(staged):
    play = staged("2026-12-23T21:00", "staffs-missing-service")
    report = from_home("2026-12-23T21:00", child("A", "2011-05-16", WALSALL), council=WALSALL)
    play.say_now(report)
    play.say_now(back(report, "2026-12-24T22:30"))

    play.until(at("2026-12-30T12:00"))

    assert play.duty("offer-return-interview").state == "late"
    assert play.climbed("offer-return-interview") == [
        desk(WALSALL, one) for one in ("social-work", "duty-manager", "iro-service")
    ]


@pytest.mark.parametrize(
    ("reason", "when", "state"),
    [
        ("moved", "2026-12-30T10:00", "excused"),
        ("refused", "2026-12-30T10:00", "open"),
        ("refused", "2027-01-11T09:00", "excused"),
    ],
)
def test_a_refusal_ends_the_trying_only_when_the_two_weeks_are_over(declined, reason, when, state):
    play, report = declined

    play.say_now(interview(report, "not-held", when, STAFFORDSHIRE, reason=reason))

    assert play.duty("keep-trying").state == state


@pytest.mark.scheme("staffs-missing-service")
def test_a_form_that_leaves_something_out_is_accepted_and_what_lacks_is_owed(declined):
    play, report = declined
    held = interview(report, "held", "2027-01-08T11:00", STAFFORDSHIRE, findings="Bored")
    play.say_now(held)
    duty = play.duty("complete-the-interview-form")
    assert (duty.state, duty.owed_by) == ("open", OWN)

    play.say_now(
        interview(
            report, "held", "2027-01-08T11:00", STAFFORDSHIRE, action="update",
            replaces=held.message_id, sent_at=at("2027-01-09T11:00"), findings="Bored",
            same_interviewer="yes", seen_alone="yes", child_view="Asked",
        )
    )  # fmt: skip

    assert play.duty("complete-the-interview-form").state == "met"


# -- staffs-provider-split


@pytest.fixture
def split(staged):
    """B is back in Stafford on the last evening of August 2017, C in Tamworth an hour later."""
    play = staged("2017-08-31T20:00", "staffs-provider-split")
    b = missing("2017-08-31T20:00", child("B", "2004-03-01"))
    c = missing(
        "2017-08-31T20:30",
        child("C", "2005-03-01"),
        place=Place(authority=STAFFORDSHIRE, district="Tamworth"),
    )
    play.say_now(b)
    play.say_now(c)
    play.say_now(back(b, "2017-08-31T23:30"))
    play.say_now(back(c, "2017-09-01T00:15"))
    return play, b, c


@pytest.mark.scheme("staffs-provider-split")
def test_an_interview_is_of_the_service_of_the_district_on_the_day_of_the_return(split):
    """staffs-provider-split: B's is Brighter Futures', C's the new countywide service's."""
    play, b, c = split

    found = {(duty.owed_by, duty.due_at) for duty in play.duties("hold-return-interview")}
    assert found == {
        (desk(NORTH, "return-interviews"), at("2017-09-03T23:30")),
        (desk(COUNTYWIDE, "return-interviews"), at("2017-09-04T00:15")),
    }

    play.say_now(interview(b, "held", "2017-09-02T10:00", NORTH))
    play.say_now(interview(c, "held", "2017-09-02T11:00", COUNTYWIDE))
    assert {duty.state for duty in play.duties("hold-return-interview")} == {"met"}
    quarter = reported(play, "quarterly-missing", STAFFORDSHIRE, period="2017-Q3")
    assert rows(quarter, "services") == [
        ("Brighter Futures", "1/1", "1/1"), ("Missing children service", "1/1", "1/1"),
    ]  # fmt: skip


@pytest.mark.scheme("staffs-provider-split")
def test_the_service_is_told_of_the_return_and_the_council_too(split):
    play, _, _ = split

    for address in (desk(NORTH, "return-interviews"), desk(COUNTYWIDE, "return-interviews")):
        assert [got.message.KIND for got in play.news(address)][-1] == "missing.return"
    assert "missing.return" in {got.message.KIND for got in play.news(STAFFORDSHIRE)}


@pytest.mark.scheme("staffs-provider-split")
def test_in_the_south_and_east_the_councils_own_workers_hold_it_until_then(staged):
    play = staged("2017-08-30T20:00", "staffs-provider-split")
    report = missing(
        "2017-08-30T20:00",
        child("C", "2005-03-01"),
        place=Place(authority=STAFFORDSHIRE, district="tamworth"),
    )
    play.say_now(report)
    play.say_now(back(report, "2017-08-31T23:59"))

    assert play.duty("hold-return-interview").owed_by == OWN


@pytest.mark.scheme("staffs-provider-split")
def test_it_stays_with_that_service_until_the_council_transfers_it(split):
    play, b, _ = split

    play.say_now(interview(b, "allocated", "2017-09-01T09:00", STAFFORDSHIRE, service=COUNTYWIDE))

    states = {
        (duty.owed_by.partition("/")[0], duty.state)
        for duty in play.duties("hold-return-interview")
        if duty.due_at == at("2017-09-03T23:30")
    }
    assert states == {(NORTH, "transferred"), (COUNTYWIDE, "open")}


@pytest.mark.scheme("staffs-provider-split")
def test_what_is_said_after_the_split_of_a_return_before_it_goes_to_the_service_of_then(split):
    play, b, _ = split

    play.say_now(checked(b, at=at("2017-09-02T10:00"), concern_about_carer="yes"))

    for service, told in ((NORTH, 1), (COUNTYWIDE, 0)):
        kinds = [got.message.KIND for got in play.news(desk(service, "return-interviews"))]
        assert kinds.count("safe-and-well.outcome") == told


def test_where_the_service_is_not_on_homeward_the_councils_own_owes_it(stage):
    play = stage(at("2017-08-31T20:00"), policies=of.under("staffs-provider-split"))
    report = missing("2017-08-31T20:00", child("B", "2004-03-01"))
    play.say_now(report)

    play.say_now(back(report, "2017-08-31T23:30"))

    assert play.duty("hold-return-interview").owed_by == OWN


def test_a_report_that_names_no_district_is_told_and_the_district_is_owed(staged):
    play = staged("2017-08-31T20:00", "staffs-provider-split")
    report = missing(
        "2017-08-31T20:00", child("B", "2004-03-01"), place=Place(authority=STAFFORDSHIRE)
    )

    play.say_now(report)

    assert play.news(desk(STAFFORDSHIRE, "emergency-duty"))
    assert play.duty("state-the-district").due_at == at("2017-09-01T20:00")
