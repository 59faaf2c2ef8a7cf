"""Thresholds in whole decisions: the schemes of the reports, told, joined, owed and taken back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.ledger import agencies
from schemas.child import Place, Residence
from schemas.identity import IdentityStatement
from schemas.missing import MissingNotification
from tests import examples
from tests.examples import HOME, STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, envelope
from tests.scenarios import thresholds as of
from tests.scenarios.people import OTHER_HOME
from tests.scenarios.thresholds import at, at_home, back, cases, child, met, missing, told_of_it

SOCIAL_WORK = f"{STAFFORDSHIRE}/social-work"
FRONT_DOOR = f"{STAFFORDSHIRE}/front-door"
IRO_SERVICE = f"{STAFFORDSHIRE}/iro-service"
MISSING_UNIT = f"{STAFFORDSHIRE_POLICE}/missing-unit"
HOST = f"{STOKE}/front-door"
LAMP = "service.lamp/return-interviews"


@pytest.fixture
def staged(stage):
    """Starts a play under thresholds: `staged(text, at)`; the service LAMP is on the broker."""

    def start(text, when):
        play = stage(at(when), policies=of.policies(text))
        with play.ledger.writing() as connection:
            desks = {"return-interviews": {}}
            agencies.add(connection, "service.lamp", "LAMP", None, desks, play.clock.now())
        return play

    return start


def told(play, *reports):
    """Each report as it happens, and the child back three hours later."""
    for report in reports:
        play.say_now(report)
        play.say_now(examples.returned(report, at=report.last_seen_at + timedelta(hours=3)))


THREE = ("2025-12-31T23:50", "01-01T23:50", "03-31T23:50")


# -- Staffordshire: 3, 5, 9


def test_the_last_day_of_december_is_not_in_the_window_of_the_last_of_march(staged):
    play = staged(of.STAFFS, "2025-12-31T23:50")

    told(play, *map(missing, THREE))

    assert cases(play) == []


def test_a_late_report_reaches_the_step_for_the_earlier_day(staged):
    play = staged(of.STAFFS, "2025-12-31T23:50")
    told(play, *map(missing, THREE))

    late = missing("03-20T22:00", heard="04-02T10:00")
    play.say_at(at("04-02T10:00"), late, back(late, "03-21T01:00"))

    (said, *more) = told_of_it(play, SOCIAL_WORK)
    assert (said.occurred_at, said.known_at, said.step) == (
        at("03-20T22:00"), at("04-02T10:00"), 3,
    )  # fmt: skip
    assert [one.started_at for one in said.episodes] == sorted(
        [at(THREE[0]), at(THREE[1]), at("03-20T22:00"), at(THREE[2])]
    )
    assert more == []
    assert len(cases(play)) == 1
    for address in (SOCIAL_WORK, FRONT_DOOR, HOST, MISSING_UNIT, f"{HOME}/home-manager"):
        assert len(told_of_it(play, address)) == 1, address
    alerts = [got.message.event for got in play.inbox(IRO_SERVICE, "iro.alert")]
    assert alerts.count("threshold") == 1


def test_what_was_due_before_it_was_known_is_late_on_arrival_and_due_again(staged):
    play = staged(of.STAFFS, "2025-12-31T23:50")
    told(play, *map(missing, THREE))

    play.say_at(at("04-02T10:00"), missing("03-20T22:00", heard="04-02T10:00"))

    duty = play.duty("intervention-meeting")
    assert (duty.owed_by, duty.state, duty.due_at) == (SOCIAL_WORK, "late", at("03-28T00:00"))
    (notice,) = [
        got.message for got in play.inbox(SOCIAL_WORK, "duty") if got.message.name == duty.name
    ]
    assert notice.late_on_arrival
    assert notice.working_due_at == at("04-14T00:00")  # 24:00 on Monday 13 April


def test_the_meeting_meets_what_is_owed_and_settles_it(staged):
    play = staged(of.STAFFS, "03-01T10:00")
    told(play, *(missing(f"03-0{day}T10:00") for day in (1, 2, 3)))

    play.say_at(at("03-06T15:00"), met(child(), "03-06T14:00"))

    assert play.duty("intervention-meeting").state == "met"
    assert [case.state.status for case in cases(play)] == ["settled"]


def test_a_meeting_that_was_heard_of_first_meets_what_is_reached_later(staged):
    play = staged(of.STAFFS, "03-01T10:00")
    told(play, missing("03-01T10:00"), missing("03-03T10:00"))
    play.say_at(at("03-06T15:00"), met(child(), "03-06T14:00"))

    play.say_at(at("03-07T10:00"), missing("03-02T10:00", heard="03-07T10:00"))

    assert play.duty("intervention-meeting").state == "met"
    assert [case.state.status for case in cases(play)] == ["settled"]


def test_a_meeting_that_is_taken_back_is_owed_again(staged):
    play = staged(of.STAFFS, "03-01T10:00")
    told(play, *(missing(f"03-0{day}T10:00") for day in (1, 2, 3)))
    meeting = met(child(), "03-04T14:00")
    play.say_now(meeting)

    play.say_at(
        at("03-05T10:00"),
        met(child(), "03-04T14:00", action="cancel", replaces=meeting.message_id),
    )

    assert play.duty("intervention-meeting").state == "open"
    assert [case.state.status for case in cases(play)] == ["reached"]


def test_further_absences_join_until_there_is_an_outcome_and_wake_nobody(staged):
    play = staged(of.STAFFS, "03-01T10:00")
    told(play, *(missing(f"03-0{day}T10:00") for day in (1, 2, 3)))

    told(play, missing("03-04T23:30"))

    first, second = told_of_it(play, SOCIAL_WORK)
    assert (second.action, second.replaces) == ("update", first.message_id)
    assert (second.occurred_at, second.known_at) == (first.occurred_at, first.known_at)
    assert len(second.episodes) == 4
    assert not any(got.wakes for got in play.inbox(SOCIAL_WORK, "threshold.reached"))
    assert len(play.duties("intervention-meeting")) == 1


def test_a_step_is_armed_again_after_its_outcome_when_the_count_had_fallen(staged):
    play = staged(of.STAFFS, "03-01T10:00")
    told(play, *(missing(f"03-0{day}T10:00") for day in (1, 2, 3)))
    play.say_now(met(child(), "03-06T14:00"))

    told(play, *(missing(f"07-0{day}T10:00") for day in (1, 2, 3)))

    assert [case.facts[0].at for case in cases(play)] == [at("03-03T10:00"), at("07-03T10:00")]
    assert [duty.state for duty in play.duties("intervention-meeting")] == ["met", "open"]


def test_absences_long_ago_are_counted_for_whoever_was_missing_all_the_time(staged):
    """What ended more than 120 days ago is not at hand as a picture, and is counted."""
    text = of.STAFFS.replace("days: 90", "days: 300")
    play = staged(text, "01-01T10:00")
    told(play, missing("01-01T10:00"), missing("01-05T10:00"))

    told(play, missing("08-01T10:00"))

    (case,) = cases(play)
    assert case.state.status == "reached"


# -- Lancashire, Birmingham, Hertfordshire, Gwent


def test_only_police_reports_count_for_sleuth_and_one_referral_goes_out(staged):
    reported = {"police_report": {"channel": "101", "reference": "LP-1"}}
    play = staged(of.SLEUTH, "02-02T10:00")
    told(play, at_home("02-02T10:00"), at_home("03-20T10:00"))
    told(play, missing("04-10T10:00", **reported | {"police_report": None}))
    assert cases(play) == []

    told(play, at_home("05-02T10:00"))
    told(play, at_home("05-09T10:00"))

    first, joined = told_of_it(play, LAMP)
    assert (first.action, first.occurred_at, first.count) == ("new", at("05-02T10:00"), 3)
    assert (joined.action, len(joined.episodes)) == ("update", 4)
    assert len(cases(play)) == 1
    assert len(play.duties("answer-threshold")) == 1


def test_what_was_answered_is_not_asked_again_when_an_absence_joins(staged):
    play = staged(of.SLEUTH, "05-01T10:00")
    told(play, *(at_home(f"05-0{day}T10:00") for day in (1, 2, 3)))
    play.after(hours=1)
    play.answer(play.inbox(LAMP, "threshold.reached")[0])

    told(play, at_home("05-04T10:00"))

    assert [duty.state for duty in play.duties("answer-threshold")] == ["met"]


def test_a_night_is_a_night_though_it_had_six_hours_only(staged):
    play = staged(of.LAMP, "03-28T23:30")
    x = child(1, birth_date="2013-06-01")
    told_x = missing("03-28T23:30", x)
    play.say_now(told_x)
    assert cases(play) == []

    play.say_now(back(told_x, "03-29T06:30"))

    (said,) = told_of_it(play, LAMP)
    assert said.occurred_at == at("03-29T06:00")
    assert said.known_at == at("03-29T06:00")  # while the child was missing still
    assert play.duties("look-at-thresholds")[-1].state.startswith("met")


def test_nothing_waits_for_a_night_of_a_child_who_is_back(staged):
    play = staged(of.LAMP, "03-28T20:00")
    report = missing("03-28T20:00", child(1, birth_date="2013-06-01"))
    play.say_now(report)
    assert [duty.standing for duty in play.duties("look-at-thresholds")] == [True]

    play.say_now(back(report, "03-28T22:00"))
    play.until(at("03-30T12:00"))

    assert [duty.standing for duty in play.duties("look-at-thresholds")] == [False]
    assert cases(play) == []


def test_five_days_in_thirty_are_counted_across_the_end_of_a_month(staged):
    play = staged(of.LAMP, "03-25T10:00")
    y = child(2, birth_date="2011-01-01")

    told(play, *(missing(f"{day}T10:00", y) for day in ("03-25", "03-27", "04-02", "04-12")))
    assert cases(play) == []
    told(play, missing("04-20T10:00", y))

    (said,) = told_of_it(play, LAMP)
    assert (said.occurred_at, said.count) == (at("04-20T10:00"), 5)
    assert said.window_from == at("03-22T12:00").date()


def test_a_child_of_nine_is_not_of_the_scheme_and_is_offered_the_interview_all_the_same(staged):
    play = staged(of.LAMP, "03-28T23:30")
    report = missing("03-28T23:30", child(3, birth_date="2017-01-01"))

    play.say_now(report)
    play.say_now(back(report, "03-29T08:00"))

    assert cases(play) == []
    assert play.duties("offer-return-interview") or play.duties("hold-return-interview")


def test_one_referral_lists_every_ground_that_was_met(staged):
    play = staged(of.HERTS, "02-01T10:00")
    told(play, missing("02-01T10:00"), missing("03-01T10:00"))
    third = missing("03-31T23:40")
    play.say_now(third)

    play.until(at("04-01T23:39"))
    assert len(told_of_it(play, SOCIAL_WORK)) == 1
    play.until(at("04-02T00:00"))
    play.say_now(back(third, "04-02T01:00"))

    first, second = told_of_it(play, SOCIAL_WORK)
    assert (first.occurred_at, first.criteria) == (at("03-31T23:40"), ("3 in 90 days",))
    assert second.action == "update"
    assert second.criteria == ("3 in 90 days", "missing for more than 24 hours")
    assert second.sent_at == at("04-01T23:40")
    assert len(cases(play)) == 1


def test_an_update_of_the_risk_with_its_reason_meets_what_five_times_in_a_month_make_owed(staged):
    play = staged(of.MIRAF, "02-03T10:00")
    days = ("02-03", "02-08", "02-14", "02-20", "02-27")
    *_, fifth = reports = [at_home(f"{day}T10:00") for day in days]
    told(play, *reports[:-1])
    play.say_now(fifth)
    assert play.duty("update-risk-assessment").due_at == at("03-04T00:00")  # 24:00 on 3 March

    play.say_now(
        examples.update(
            fifth, at=at("03-03T15:00"), from_address=MISSING_UNIT,
            risk="high", reason="Almost certain, major",
        )
    )  # fmt: skip

    assert play.duty("update-risk-assessment").state == "met"
    assert [case.state.status for case in cases(play)] == ["settled"]


# -- a home


def at_h1(starts, number, **changes):
    return missing(starts, child(number), **changes)


def test_a_home_is_counted_by_who_lives_there_and_not_by_where_they_ran_from(staged):
    play = staged(of.HOMES, "06-01T10:00")
    told(play, *(at_h1(f"06-{day}T10:00", n) for day, n in (("01", 1), ("10", 2), ("24", 1))))
    told(play, at_h1("06-23T10:00", 2))
    assert cases(play) == []

    school = at_h1("06-30T14:00", 3, place=Place(authority=STAFFORDSHIRE, description="School"))
    play.say_now(school)

    (said,) = told_of_it(play, HOST)
    assert (said.about, said.home, said.count) == ("home", HOME, 5)
    assert (said.child.given_name, said.child.family_name, said.child.references) == ("-", "-", ())
    assert play.duty("quality-visit").due_at == at("07-15T00:00")  # 24:00 on Tuesday 14 July
    assert len(told_of_it(play, MISSING_UNIT)) == 1


def test_another_home_is_not_counted_with_it(staged):
    play = staged(of.HOMES, "06-01T10:00")

    told(play, *(at_h1(f"06-0{day}T10:00", day) for day in (1, 2, 3, 4)))
    told(play, at_h1("06-05T10:00", 5, lives=Residence(authority=STOKE, home=OTHER_HOME)))

    assert cases(play) == []


def test_the_visit_to_a_home_is_reported_by_the_reference_of_what_was_reached(staged):
    play = staged(of.HOMES, "06-01T10:00")
    told(play, *(at_h1(f"06-0{day}T10:00", day) for day in (1, 2, 3, 4, 5)))
    (got,) = play.inbox(HOST, "threshold.reached")

    visit = met(got.message.child, "06-12T10:00", type="visit", episode=got.message.episode)
    visit = visit.model_copy(
        update={"sender": STOKE, "from_address": f"{STOKE}/social-work", "message_id": uuid4()}
    )
    play.say_now(visit)

    assert play.duty("quality-visit").state == "met"
    assert [case.state.status for case in cases(play)] == ["settled"]


def test_a_named_risk_of_exploitation_reaches_the_threshold_of_a_home(staged):
    play = staged(of.HOMES, "06-01T10:00")

    told(play, at_h1("06-01T10:00", 1, risk_factors=("sexual-exploitation",)))

    (said,) = told_of_it(play, HOST)
    assert said.criteria == ("a risk of exploitation",)


# -- taken back


# -- a foster carer


CARERS = of.HOMES.replace("about: home", "about: carer").replace(
    "tell: [lead-front-door, police-missing-unit]", "tell: [lead-front-door]"
)


def test_absences_from_one_foster_carer_are_counted_by_what_the_register_knows(staged):
    play = staged(CARERS, "06-01T09:00")
    for number in (1, 2):
        notice = examples.placement(
            at("05-01T10:00"), sender=STAFFORDSHIRE, responsible_authority=STAFFORDSHIRE,
            starts_at=at("05-02T10:00"), home=None, carer="FC-9", child=child(number),
            sent_at=at("06-01T09:00"),
        )  # fmt: skip
        play.say(notice)
    by_police = {"care_status": "not-known", "responsible_authority": None}
    reports = [
        at_home(f"06-0{day}T10:00", child(1 + day % 2), lives=Residence(), **by_police)
        for day in (2, 3, 4, 5)
    ]
    told(play, *reports)
    assert cases(play) == []

    told(play, at_home("06-06T10:00", child(1), lives=Residence(), **by_police))

    (said,) = told_of_it(play, FRONT_DOOR)
    assert (said.about, said.carer, said.count) == ("carer", "FC-9", 5)
    assert (said.child.given_name, said.home) == ("-", None)


def cancelled(report):
    return MissingNotification.model_validate(
        report.model_dump()
        | {"message_id": uuid4(), "action": "cancel", "replaces": report.message_id}
    )


def test_a_cancelled_absence_withdraws_the_threshold_and_everyone_told_hears_so(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    nine = child(9)
    told(play, at_home("06-01T10:00", nine), at_home("06-05T10:00", nine))
    third = at_home("06-09T18:00", nine)
    play.say_now(third)
    knew = {
        address for address in (SOCIAL_WORK, FRONT_DOOR, MISSING_UNIT) if told_of_it(play, address)
    }
    assert knew

    play.say_at(at("06-09T21:30"), cancelled(third))

    for address in knew:
        first, last = told_of_it(play, address)
        assert (last.action, last.replaces) == ("cancel", first.message_id)
    assert play.duty("intervention-meeting").state == "cancelled"
    assert [case.state.status for case in cases(play)] == ["withdrawn"]


def test_what_was_withdrawn_is_reached_again_by_the_same_absence(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    told(play, at_home("06-01T10:00"), at_home("06-05T10:00"))
    third = at_home("06-09T18:00")
    play.say_now(third)
    play.say_at(at("06-09T21:30"), cancelled(third))

    play.say_at(at("06-09T22:00"), at_home("06-09T18:00", heard="06-09T22:00", episode="again"))

    assert [one.action for one in told_of_it(play, SOCIAL_WORK)] == ["new", "cancel", "new"]
    assert [duty.standing for duty in play.duties("intervention-meeting")][-1]


def test_another_absence_takes_the_place_of_a_cancelled_one_in_the_same_case(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    first = at_home("06-01T10:00")
    told(play, first, at_home("06-02T10:00"), at_home("06-03T10:00"), at_home("06-04T10:00"))

    play.say_at(at("06-05T10:00"), cancelled(first))

    (case,) = cases(play)
    assert case.state.status == "reached"
    assert told_of_it(play, SOCIAL_WORK)[-1].occurred_at == at("06-04T10:00")


def test_repeats_and_second_reports_of_one_absence_say_nothing_again(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    reports = [missing(f"06-0{day}T10:00") for day in (1, 2, 3)]
    told(play, *reports)
    before = len(told_of_it(play, SOCIAL_WORK))

    play.say(*reports)
    play.say(
        missing(
            "06-03T10:00", heard="06-03T14:00", sender=STAFFORDSHIRE_POLICE,
            from_address=f"{STAFFORDSHIRE_POLICE}/control-room",
        )
    )  # fmt: skip

    assert len(told_of_it(play, SOCIAL_WORK)) == before == 1
    assert len(play.duties("intervention-meeting")) == 1


def test_what_was_reached_by_the_policy_of_its_day_stands_when_a_later_one_asks_for_more(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    told(play, *(missing(f"06-0{day}T10:00") for day in (1, 2, 3)))

    play.under(of.policies(of.STAFFS.replace("[3, 5, 9]", "[6, 7, 9]")))
    told(play, missing("06-04T10:00"))

    assert [case.state.status for case in cases(play)] == ["reached"]
    assert [said.action for said in told_of_it(play, SOCIAL_WORK)] == ["new"]


def test_a_policy_counts_what_was_before_it_and_tells_nobody_of_that(staged):
    play = staged(of.LAMP, "06-01T10:00")
    told(play, *(missing(f"06-0{day}T10:00") for day in (1, 2, 3)))

    later = of.HEAD.replace("2006-01-01", "2026-06-04") + of.STAFFS
    play.under(of.read(later))
    play.say_at(at("06-04T09:00"), missing("06-02T20:00", heard="06-04T09:00"))
    assert cases(play) == []
    told(play, missing("06-05T10:00"))

    told_now = [(said.step, said.occurred_at) for said in told_of_it(play, SOCIAL_WORK)]
    assert told_now == [(3, at("06-05T10:00")), (5, at("06-05T10:00"))]


# -- children who are one, or two


def statement(same, when, one, other):
    return IdentityStatement(
        **envelope(STAFFORDSHIRE, "social-work", at(when)),
        one=one.references[0],
        other=other.references[0],
        same=same,
        reason="Compared the records",
    )


def test_children_who_are_one_are_counted_as_one_and_as_two_again(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    one, other = child(1), child(2)
    told(play, missing("06-01T10:00", one), missing("06-02T10:00", other))
    told(play, missing("06-03T10:00", one))
    assert cases(play) == []

    play.say_now(statement(True, "06-04T10:00", one, other))
    assert [case.state.status for case in cases(play)] == ["reached"]
    play.say_now(statement(False, "06-05T10:00", one, other))

    assert [case.state.status for case in cases(play)] == ["withdrawn"]
    assert [said.action for said in told_of_it(play, SOCIAL_WORK)] == ["new", "cancel"]
    assert play.duty("intervention-meeting").state == "cancelled"


def test_what_one_of_two_children_reached_goes_with_that_child(staged):
    play = staged(of.STAFFS, "06-01T10:00")
    one, other = child(1), child(2)
    told(play, missing("06-01T20:00", one))
    told(play, *(missing(f"06-0{day}T10:00", other) for day in (1, 2, 3)))
    play.say_now(statement(True, "06-04T10:00", one, other))

    play.say_now(statement(False, "06-05T10:00", one, other))

    (case,) = cases(play)
    absences = [each for each in play.episodes() if each.child == case.child]
    assert case.state.status == "reached"
    assert len(absences) == 4  # three absences, and what they reached
    assert play.duty("intervention-meeting").standing


# -- laws


def run(play, reports, late):
    play.until(late)
    play.say(*reports)
    what = [
        (
            case.state.status,
            said.occurred_at,
            said.step,
            tuple(one.started_at for one in said.episodes),
            said.criteria,
            said.count,
        )
        for case in cases(play)
        for said in [play_said(play, case)]
        if case.state.status != "withdrawn"
    ]
    duties = sorted(
        (duty.name, duty.owed_by, duty.state, duty.due_at)
        for duty in play.duties("intervention-meeting")
        if duty.state != "cancelled"
    )
    return sorted(what), duties


def play_said(play, case):
    """The last that was said of what was reached."""
    said = [one for one in told_of_it(play, SOCIAL_WORK) if one.episode == str(case.id)]
    return said[-1]


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    days=st.lists(st.integers(0, 90), min_size=3, max_size=9, unique=True),
    meetings=st.lists(st.integers(0, 100), max_size=2, unique=True),
    dice=st.randoms(use_true_random=False),
)
def test_reports_in_any_order_and_any_number_reach_the_same(staged, days, meetings, dice):
    start = at("06-01T10:00")
    said = []
    for day in days:
        when = start + timedelta(days=day)
        report = missing("06-01T10:00", occurred_at=when, last_seen_at=when, sent_at=when,
                         episode=f"D-{day}")  # fmt: skip
        said += [report, examples.returned(report, at=when + timedelta(hours=3))]
    for day in meetings:
        said.append(met(child(), "06-01T14:00").model_copy(
            update={"occurred_at": start + timedelta(days=day, hours=5), "message_id": uuid4()}
        ))  # fmt: skip
    late = start + timedelta(days=110)
    shuffled = [*said, *dice.choices(said, k=3)]
    dice.shuffle(shuffled)

    first = run(staged(of.STAFFS, "06-01T09:00"), said, late)
    again = staged(of.STAFFS, "06-01T09:00")
    again.until(late)
    for message in shuffled[:-1]:
        again.say(message)
    other = run(again, shuffled[-1:], late)

    assert first == other


def reached(play):
    """What stands as reached, with what was said of it last."""
    found = []
    for case in cases(play):
        said = [one for one in told_of_it(play, LAMP) if one.episode == str(case.id)][-1]
        starts = tuple(one.started_at for one in said.episodes)
        if case.state.status != "withdrawn":
            found.append((said.occurred_at, starts, said.criteria, said.count))
    return sorted(found)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    told_of=st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 60), st.booleans()),
        min_size=1,
        max_size=8,
        unique_by=lambda one: one[0],
    ),
    dice=st.randoms(use_true_random=False),
)
def test_what_is_told_as_it_happens_reaches_the_same_as_what_is_told_at_once(staged, told_of, dice):
    start, free = at("06-01T21:00"), at("06-01T21:00")
    y = child(2, birth_date="2012-01-01")
    said = []
    for day, hours, wrong in sorted(told_of):
        when = start + timedelta(days=day)
        if when < free:
            continue  # the child is missing still
        report = missing("06-01T21:00", y, occurred_at=when, last_seen_at=when, sent_at=when,
                         episode=f"D-{day}")  # fmt: skip
        free = when + timedelta(hours=hours)
        end = examples.returned(report, at=free)
        said += [report, end]
        if wrong:
            taken = cancelled(report).model_copy(update={"occurred_at": free, "sent_at": free})
            said.append(taken)
    late = start + timedelta(days=100)

    on_time = staged(of.LAMP, "06-01T20:00")
    for message in said:
        on_time.say_now(message)
    on_time.until(late)
    at_once = staged(of.LAMP, "06-01T20:00")
    at_once.until(late)
    order = [*said, *dice.choices(said, k=2)]
    dice.shuffle(order)
    order.sort(key=lambda one: one.action == "cancel")  # nobody takes back what was not said yet
    for message in order:
        at_once.say(message)

    assert reached(on_time) == reached(at_once)


def test_ids_are_the_same_when_the_same_is_decided_again(staged):
    reports = [missing(f"06-0{day}T10:00") for day in (1, 2, 3)]

    def play_it():
        play = staged(of.STAFFS, "06-01T10:00")
        for report in reports:
            play.say_now(report)
        (got,) = play.inbox(SOCIAL_WORK, "threshold.reached")
        return cases(play)[0].id, got.id, got.message.message_id

    assert play_it() == play_it()
