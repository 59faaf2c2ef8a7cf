"""Schemes of Lancashire, Birmingham, London and Coventry (Barnardo's 2006, appendix 1), played."""

from datetime import timedelta

import pytest

from broker import questions
from broker.banding import band_of
from broker.directory import Directory
from broker.episode import is_threshold
from broker.policy.load import load_overlay, shipped, with_overlays
from schemas.child import Residence
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

LANCASHIRE, CONSTABULARY = "la.E10000017", "police.E23000003"
BIRMINGHAM, WEST_MIDLANDS = "la.E08000025", "police.E23000014"
COVENTRY, CAMDEN, MET = "la.E08000026", "la.E09000007", "police.E23000001"
HOME = "provider.SC777001"
SLEUTH, LAMP = "service.sleuth/return-interviews", "service.lamp/return-interviews"
MISS_U, REUNITE2 = "service.miss-u/return-interviews", "service.reunite2/return-interviews"


@pytest.fixture
def staged(stage):
    """Starts a play under one scheme, with whom it needs on the broker."""

    def start(scheme, when, *councils, policies=None):
        play = stage(at(when), policies=policies or schemes(scheme))
        for council, name in councils:
            joined(play, council, name)
        joined(play, f"service.{scheme}", scheme)
        return play

    return start


def reached(play, address):
    return [got.message for got in play.inbox(address, "threshold.reached")]


def colours(play):
    with play.ledger.reading() as connection:
        found = questions.board(
            connection,
            band=lambda state: band_of(
                state, play.clock.now(), schemes("sleuth"), Directory.shipped()
            ),
        )
    return [one.band for one in found]


# -- Sleuth, Lancashire

EVERY_REPORT = """\
overlay: every-report
version: every-report-1
extends: england
applies_to: {responsible: [la.E10000017]}
valid: {from: 2026-01-01}
thresholds:
  - id: every-report
    any: [{count: {at_least: 3, window: {days: 90}}}]
    source: "Made up, to compare: whoever reported it, it counts."
rules:
  - id: every-report-worker
    when: {kind: threshold.reached, threshold: every-report}
    tell: [lead-social-work]
    basis: local
    source: "Made up, to compare."
"""
W = child(LANCASHIRE, "W", "2012-06-01")


@pytest.fixture
def preston(staged):
    """W's absences: the police know of three, and only the home of that of 10 April."""
    both = with_overlays(shipped(), [*schemes("sleuth").overlays, load_overlay(EVERY_REPORT)])
    play = staged(
        "sleuth",
        "02-02T18:00",
        (LANCASHIRE, "Lancashire"),
        (CONSTABULARY, "Lancashire Constabulary"),
        policies=both,
    )
    joined(play, HOME, "A home in Preston", LANCASHIRE)
    return play


def of_w(starts, **changes):
    return missing(W, CONSTABULARY, LANCASHIRE, starts, **changes)


def known_to_the_home(starts):
    return of_w(starts, sender=HOME, lives=Residence(authority=LANCASHIRE, home=HOME))


@pytest.mark.scheme("sleuth")
@pytest.mark.trigger("sleuth")
def test_only_what_the_police_know_of_is_counted_and_one_referral_goes_out(preston):
    """
    `sleuth`: three in 90 days by the reports to the police alone.

    On 10 April a threshold without that limit is reached (2 February, 20 March, 10 April);
    Sleuth's is reached on 2 May (window 2 February to 2 May), and on 9 May the open referral gets
    the fourth.
    """
    for starts in ("02-02T18:00", "03-20T18:00"):
        away(preston, of_w(starts))
    away(preston, known_to_the_home("04-10T18:00"))

    (other,) = reached(preston, f"{LANCASHIRE}/social-work")
    assert (other.threshold, other.count, other.occurred_at) == (
        "every-report", 3, at("04-10T18:00"),
    )  # fmt: skip
    assert reached(preston, SLEUTH) == []

    away(preston, of_w("05-02T18:00"))
    (referral,) = reached(preston, SLEUTH)
    assert (referral.action, referral.count, referral.occurred_at) == (
        "new", 3, at("05-02T18:00"),
    )  # fmt: skip
    assert [one.started_at for one in referral.episodes] == [
        at("02-02T18:00"), at("03-20T18:00"), at("05-02T18:00"),
    ]  # fmt: skip

    away(preston, of_w("05-09T18:00"))
    first, joined_it = reached(preston, SLEUTH)
    assert (joined_it.action, joined_it.replaces) == ("update", first.message_id)
    assert joined_it.count == 3  # 20 March, 2 and 9 May: from 9 February on
    assert len(joined_it.episodes) == 4
    asked = preston.duties("sleuth-answer-referral")
    assert [(duty.owed_by, duty.due_at) for duty in asked] == [
        (SLEUTH, at("05-07T00:00")),  # two working days from a Saturday, past a bank holiday
    ]


@pytest.mark.scheme("sleuth")
def test_what_only_the_home_recorded_is_known_as_not_reported_to_the_police(preston):
    """`sleuth`: the absence of 10 April is there, and shows that the police never heard of it."""
    away(preston, of_w("03-20T18:00"))
    away(preston, known_to_the_home("04-10T18:00"))

    absences = [episode for episode in preston.episodes() if not is_threshold(episode)]
    assert [(one.state.started_at, one.state.police_report) for one in absences] == [
        (at("03-20T18:00"), "made"),
        (at("04-10T18:00"), ""),
    ]


@pytest.mark.scheme("sleuth")
@pytest.mark.parametrize(("risk", "band"), [("high", "red"), ("medium", "amber"), ("low", "green")])
def test_a_case_has_the_first_colour_that_fits(preston, risk, band):
    """`sleuth`: cases have colours; which, the overlay says."""
    preston.say_now(of_w("02-02T18:00", risk=risk))

    assert colours(preston) == [band]


# -- LAMP, Birmingham


def of_birmingham(number, born, starts):
    of = child(BIRMINGHAM, number, born)
    return missing(
        of,
        WEST_MIDLANDS,
        BIRMINGHAM,
        starts,
        care_status="looked-after",
        responsible_authority=BIRMINGHAM,
    )


@pytest.fixture
def birmingham(staged):
    def start(when):
        return staged("lamp", when)

    return start


@pytest.mark.scheme("lamp")
@pytest.mark.trigger("lamp")
def test_a_night_is_a_night_although_the_clocks_go_forward(birmingham):
    """`lamp`: X, 12, away from Saturday 23:30 to Sunday 06:30: six hours elapsed, and a night."""
    play = birmingham("03-28T23:30")
    report = of_birmingham("X", "2014-01-10", "03-28T23:30")

    play.say_now(report)
    play.say_now(back(report, "03-29T06:30"))

    assert back(report, "03-29T06:30").occurred_at - report.occurred_at == timedelta(hours=6)
    (referral,) = reached(play, LAMP)
    assert referral.occurred_at == at("03-29T06:00")
    assert [duty.due_at for duty in play.duties("lamp-answer-referral")] == [at("04-01T00:00")]


@pytest.mark.scheme("lamp")
@pytest.mark.trigger("lamp")
def test_five_times_in_a_month_are_counted_over_thirty_days_and_not_by_calendar(birmingham):
    """`lamp`: Y, 15, by day on 25, 27 March, 2, 12, 20 April: five in the 30 days to 20 April."""
    play = birmingham("03-25T10:00")
    for day in ("03-25", "03-27", "04-02", "04-12"):
        away(play, of_birmingham("Y", "2010-09-10", f"{day}T10:00"), hours=5)
    assert reached(play, LAMP) == []

    away(play, of_birmingham("Y", "2010-09-10", "04-20T10:00"), hours=5)

    (referral,) = reached(play, LAMP)
    assert (referral.count, referral.occurred_at) == (5, at("04-20T10:00"))


@pytest.mark.scheme("lamp")
def test_who_is_too_young_for_it_is_offered_the_interview_all_the_same(birmingham):
    """`lamp`: Z, 9, away overnight: not for LAMP, and the 72 hours of guidance stand."""
    play = birmingham("03-28T23:30")
    report = of_birmingham("Z", "2016-08-10", "03-28T23:30")

    play.say_now(report)
    play.say_now(back(report, "03-29T06:30"))

    assert play.inbox("service.lamp") == []
    offer = play.duty("offer-return-interview")
    assert (offer.owed_by, offer.due_at) == (f"{BIRMINGHAM}/return-interviews", at("04-01T06:30"))


@pytest.mark.scheme("lamp")
def test_a_visit_is_offered_after_each_absence_beside_the_interview(birmingham):
    """`lamp`: one visit is asked for after each absence; what was given is known one by one."""
    play = birmingham("03-25T10:00")
    first = of_birmingham("Y", "2010-09-10", "03-25T10:00")
    second = of_birmingham("Y", "2010-09-10", "03-27T10:00")
    for report in (first, second):
        away(play, report)

    play.say_now(talked(first, "service.lamp", "return-interviews", "03-26T12:00", "held",
                        episode=shared_reference(play, first)))  # fmt: skip

    assert [duty.state for duty in play.duties("lamp-offer-visit")] == ["met", "open"]


# -- Miss-U, London


@pytest.mark.scheme("miss-u")
@pytest.mark.trigger("miss-u")
def test_one_girl_of_three_siblings_is_told_of_and_all_three_are_offered_an_interview(staged):
    """
    `miss-u`: a girl of 12, a boy of 14 and a girl who turns 17 that day come back together.

    Miss-U gets one (age at return), the ledger has three, and three offers are due.
    """
    play = staged("miss-u", "08-15T20:00", (CAMDEN, "Camden"), (MET, "Metropolitan Police"))
    siblings = [
        child(CAMDEN, "1", "2014-03-01"),
        child(CAMDEN, "2", "2012-03-01", "male"),
        child(CAMDEN, "3", "2009-08-16"),  # 16 when she left, 17 when she is back
    ]
    reports = [
        missing(of, MET, CAMDEN, "08-15T20:00", incident="three siblings") for of in siblings
    ]
    for report in reports:
        play.say_now(report)

    play.say_at(at("08-16T09:00"), *(back(report, "08-16T09:00") for report in reports))

    (told,) = play.inbox(MISS_U, "missing.return")
    assert told.message.child.references[0].value == "1"
    assert told.rule == "miss-u-returned"
    assert len(play.episodes()) == 3
    offers = play.duties("offer-return-interview", f"{CAMDEN}/return-interviews")
    assert [duty.due_at for duty in offers] == [at("08-19T09:00")] * 3


# -- Reunite2, Coventry and Warwickshire


@pytest.fixture
def coventry(staged):
    """AA, 18 years and two months, back from an absence from home."""
    play = staged("reunite2", "09-17T22:00", (COVENTRY, "Coventry"))
    of_aa = missing(child(COVENTRY, "AA", "2008-07-18"), WEST_MIDLANDS, COVENTRY, "09-17T22:00")
    play.say_now(of_aa)
    play.say_now(back(of_aa, "09-18T19:00"))
    return play, of_aa


@pytest.mark.scheme("reunite2")
@pytest.mark.trigger("reunite2")
def test_who_is_eighteen_is_referred_at_once_and_no_council_owes_anything(coventry):
    """`reunite2`: back Friday 18 September 19:00, first contact due at the end of Monday."""
    play, _ = coventry

    (told,) = play.news(REUNITE2)[-1:]
    assert (told.rule, told.message.occurred_at) == ("reunite2-returned", at("09-18T19:00"))
    contact = play.duty("reunite2-first-contact")
    assert (contact.owed_by, contact.due_at) == (REUNITE2, at("09-22T00:00"))
    assert play.duties("offer-return-interview") == play.duties("hold-return-interview") == []
    assert play.inbox(COVENTRY, "iro.alert") == []
    # Leaving care was told, as the nation says, and confirms the end; that is all.
    owed = {(one.name, one.owed_by) for one in play.duties() if one.owed_by.startswith(COVENTRY)}
    assert owed == {("confirm-the-end", f"{COVENTRY}/leaving-care")}


@pytest.mark.scheme("reunite2")
def test_the_first_contact_meets_it_and_who_is_twelve_is_not_referred(coventry):
    """`reunite2`: an attempt is a contact; the band is 13 to 19 at the return."""
    play, of_aa = coventry

    play.say_now(talked(of_aa, "service.reunite2", "return-interviews", "09-21T10:00", "attempted"))
    assert play.duty("reunite2-first-contact").state == "met"

    young = missing(child(COVENTRY, "B", "2014-07-18"), WEST_MIDLANDS, COVENTRY, "09-21T11:00")
    away(play, young)
    assert len(play.duties("reunite2-first-contact")) == 1
    assert len(play.duties("offer-return-interview")) == 1
