"""What inspectors found in ten councils in 2012, each as it has to be: who hears, what is owed."""

from datetime import timedelta

import pytest

from schemas.codec import encode
from tests.scenarios.areas import (
    alerts,
    all_of,
    at,
    back,
    check,
    child,
    desk,
    desks,
    interview,
    join,
    missing,
    owes,
    told,
    under,
    update,
)  # fmt: skip

POLICE = "West Yorkshire Police"
EDT, FRONT_DOOR = "Kirklees emergency duty team", "Kirklees front door"
ON_CALL = "Kirklees on-call manager"
DIRECTOR, HEAD = "Kirklees director", "Kirklees head of service"


@pytest.fixture
def staged(stage):
    """Starts a play with the whole cast: `staged(when, *schemes)`."""

    def start(when, *schemes):
        return join(stage(at(when), policies=under(*schemes) if schemes else None))

    return start


# -- one point of contact, and the emergency duty team


@pytest.mark.scheme("of-first-contact")
def test_at_night_the_duty_team_is_asked_at_once_and_the_front_door_from_the_next_opening(staged):
    """of-first-contact: LL, 15, high risk, Friday before a bank holiday."""
    play = staged("2026-05-22T23:40")
    ll = child(birth_date="2011-02-01")

    play.say(missing(ll, "2026-05-22T23:40", POLICE, "Kirklees", risk="high"))

    assert play.news(desk(EDT))
    assert play.woken() == desks(EDT)
    assert owes(play, "answer", EDT) == [("open", at("2026-05-22T23:50"))]
    # Opening on Tuesday at half past eight, as 25 May is a bank holiday; at high risk ten minutes.
    (asked,) = play.duties("answer", desk(FRONT_DOOR))
    assert asked.starts_at == at("2026-05-26T08:30")

    play.until(at("2026-05-22T23:49"))
    assert play.climbed("answer") == []
    play.until(at("2026-05-22T23:50"))
    assert play.climbed("answer") == [desk(ON_CALL)]


@pytest.mark.scheme("of-first-contact")
def test_what_the_duty_team_answers_leaves_the_front_doors_copy_for_information(staged):
    """of-first-contact: `acting` at 23:47; no second team is told to act."""
    play = staged("2026-05-22T23:40")
    play.say(missing(child(), "2026-05-22T23:40", POLICE, "Kirklees", risk="high"))
    play.until(at("2026-05-22T23:47"))

    play.answer(play.last(desk(EDT)))
    play.until(at("2026-05-26T12:00"))

    assert play.climbed("answer") == []
    assert not [one for one in play.duties("answer") if one.standing]
    assert len(play.news(desk(FRONT_DOOR))) == 1


# -- the reviewing officers


@pytest.mark.scheme("of-iro")
def test_each_absence_is_an_alert_to_the_council_that_is_responsible(staged):
    """of-iro: MM, 13, Westminster's in Stafford; twice in a day, then a bank holiday."""
    play = staged("2026-08-29T22:00")
    mm, iro = child(of="Westminster", birth_date="2013-03-01"), "Westminster reviewing officers"
    first = missing(mm, "2026-08-29T22:00", "Oak Lodge", "Oak Lodge", "Westminster")
    play.say(first)
    play.answer(play.last(desk("Westminster emergency duty team")))  # which changes nothing
    play.say_now(back(first, "2026-08-30T09:00"))
    play.say_now(missing(mm, "2026-08-30T21:00", "Oak Lodge", "Oak Lodge", "Westminster"))

    got = alerts(play, iro)
    assert all_of(got, "event") == ["missing", "returned", "missing"]
    assert [a.episodes_in_90_days for a in got if a.event == "missing"] == [1, 2]
    assert alerts(play, "Staffordshire reviewing officers") == []
    due = [one.due_at for one in play.duties("answer-iro-alert", desk(iro))]
    assert set(due) == {at("2026-09-02T00:00")}  # 24:00 on Tuesday 1 September
    assert len(due) == 2


# -- the chair of the protection plan


@pytest.mark.scheme("of-cp-chair")
def test_the_chair_is_of_the_council_that_holds_the_plan_and_care_is_read_as_it_comes(staged):
    """of-cp-chair: NN, 10, on a Kirklees plan, staying in Wakefield, then taken into care."""
    play = staged("2026-07-06T19:00")
    nn, plan = child(birth_date="2016-02-01"), {"protection_plan": "la.E08000034"}
    place = {"place": {"authority": "la.E08000036"}}
    iro = "Kirklees reviewing officers"
    report = missing(nn, "2026-07-06T19:00", "Moor View", "Kirklees", **plan, **place)

    play.say(report)

    assert told(play) == desks(
        "West Yorkshire Police control room", EDT, FRONT_DOOR, "Kirklees social work",
        "Kirklees child protection chair", "Wakefield front door",
    )  # fmt: skip
    assert alerts(play, iro) == []

    order = {"care_status": "looked-after", "responsible_authority": "la.E08000034"}
    play.say_now(update(report, "2026-07-08T11:00", "Kirklees social work", **order))

    assert all_of(alerts(play, iro), "event") == ["missing"]
    assert owes(play, "answer-iro-alert", iro) == [("open", at("2026-07-10T00:00"))]

    play.say_now(back(report, "2026-07-09T15:00", POLICE))
    assert play.last(desk("Kirklees child protection chair")).message.KIND == "missing.return"
    assert alerts(play, iro)[-1].event == "returned"


# -- need to know


@pytest.mark.scheme("of-need-to-know")
def test_a_workers_need_to_know_goes_up_in_summary_at_medium_risk_and_so_does_the_end(staged):
    """of-need-to-know: OO, medium risk, on a Sunday evening; no policy but the nation's."""
    play = staged("2026-07-12T18:00")
    report = missing(child(), "2026-07-12T18:00", POLICE, "Kirklees")
    play.say(report)
    assert not play.news(desk(DIRECTOR))

    play.say_now(
        update(
            report, "2026-07-12T20:00", "Kirklees social work", need_to_know=True,
            reason="Her uncle is a councillor", facts="Seen at the uncle's",
        )
    )  # fmt: skip
    play.say_now(back(report, "2026-07-12T23:10"))

    for words in (DIRECTOR, HEAD):
        first, *_, last = play.news(desk(words))
        assert (first.view, last.message.KIND) == ("summary", "missing.return"), words
        assert {got.message.child.given_name for got in play.news(desk(words))} == {"-"}
    assert "uncle" not in str([got.message for got in play.inbox("la.E08000034/director")])


@pytest.mark.scheme("of-need-to-know")
@pytest.mark.parametrize(
    ("risk", "hours", "told_at"),
    [("high", 1, 0), ("medium", 23, None), ("medium", 30, 24)],
    ids=["high risk", "less than a day", "over a day"],
)
def test_by_rule_senior_managers_hear_of_high_risk_and_of_a_day_and_of_the_end(
    staged, risk, hours, told_at
):
    """of-need-to-know: by rule, so that it hangs on no worker's doubt."""
    play = staged("2026-07-12T18:00", "of-need-to-know")
    report = missing(child(), "2026-07-12T18:00", POLICE, "Kirklees", risk=risk)
    play.say(report)
    if told_at is not None:
        play.until(at("2026-07-12T18:00") + timedelta(hours=told_at, seconds=1))
        assert {got.view for got in play.news(desk(DIRECTOR))} == {"summary"}
    end = at("2026-07-12T18:00") + timedelta(hours=hours)
    play.say_now(back(report, end.isoformat()))

    heard = [got.message.KIND for got in play.news(desk(DIRECTOR))]
    assert bool(heard) is (told_at is not None)
    assert heard[-1:] == (["missing.return"] if heard else [])


# -- the police check


CONTROL_ROOM = "West Yorkshire Police control room"


@pytest.mark.scheme("of-safe-and-well")
@pytest.mark.trigger("of-safe-and-well")
def test_the_check_is_due_by_the_elapsed_day_and_not_done_names_who_decided_so(staged):
    """of-safe-and-well: PP, back at 01:40 BST of the night in which the clocks go back."""
    play = staged("2026-10-24T20:00")
    report = missing(child(), "2026-10-24T20:00", POLICE, "Kirklees")
    play.say(report)
    play.say_now(back(report, "2026-10-25T01:40+01:00"))
    assert owes(play, "safe-and-well-check", CONTROL_ROOM) == [("open", at("2026-10-26T00:40"))]

    not_done = {"result": "not-done", "reason": "frequent"}
    decided = check(report, "2026-10-26T09:00", POLICE, **not_done, decided_by="Duty inspector")
    undecided = decided.model_copy(update={"decided_by": None})
    play.until(at("2026-10-25T20:00"))
    play.arrive((undecided.sender, encode(undecided.model_copy(update={
        "message_id": report.message_id.__class__(int=7), "occurred_at": play.clock.now(),
        "sent_at": play.clock.now()}))))  # fmt: skip
    assert [one.code for one in play.rejections("police.E23000010")] == ["invalid"]
    play.say_now(decided)

    (duty,) = play.duties("safe-and-well-check")
    assert duty.state == "excused"
    assert ("late", desk(CONTROL_ROOM)) in play.events("safe-and-well-check")
    assert play.last(desk("Kirklees social work")).message.decided_by == "Duty inspector"


# -- the return interview


INTERVIEWS = "Walsall return interview service"


@pytest.mark.scheme("of-return-interview")
@pytest.mark.trigger("of-return-interview")
def test_the_fifth_absence_has_an_offer_and_a_key_workers_talk_is_not_the_interview(staged):
    """of-return-interview: QQ, in a home, four refusals before, over a bank holiday."""
    play = staged("2026-05-01T09:00")
    qq = child(of="Walsall")
    for day in ("05-01", "05-11", "06-01", "06-15"):
        report = missing(qq, f"2026-{day}T12:00", "The Beeches", "The Beeches", "Walsall")
        play.say_now(report)
        play.say_now(back(report, f"2026-{day}T18:00"))
        play.say_now(interview(report, f"2026-{day}T19:00", INTERVIEWS, "declined"))
    fifth = missing(qq, "2026-08-28T12:00", "The Beeches", "The Beeches", "Walsall")
    play.say_now(fifth)
    play.say_now(back(fifth, "2026-08-28T18:00"))

    key_worker = {"independent": False, "interviewer": "Key worker"}
    play.say_now(interview(fifth, "2026-08-29T10:00", "Walsall social work", **key_worker))

    due = at("2026-08-31T18:00")  # a bank holiday: it pauses nothing
    assert ("open", due) in owes(play, "hold-return-interview", INTERVIEWS)
    assert ("open", due) in owes(play, "offer-return-interview", INTERVIEWS)

    play.say_now(interview(fifth, "2026-09-01T10:00", INTERVIEWS))

    assert owes(play, "hold-return-interview", INTERVIEWS)[-1] == ("met-late", due)
    assert len(owes(play, "offer-return-interview", INTERVIEWS)) == 5


# -- what was not done


@pytest.mark.scheme("of-oversight")
def test_what_nobody_sends_anything_about_is_late_by_the_clock_and_climbs_that_day(staged):
    """of-oversight: a check due on Easter Monday at 14:00 of which nothing is ever heard."""
    play = staged("2026-04-05T08:00")
    report = missing(child(), "2026-04-05T08:00", POLICE, "Kirklees")
    play.say(report)
    play.say_now(back(report, "2026-04-05T14:00"))

    play.until(at("2026-04-06T13:59"))
    assert owes(play, "safe-and-well-check", CONTROL_ROOM) == [("open", at("2026-04-06T14:00"))]
    play.until(at("2026-04-06T14:00"))

    assert owes(play, "safe-and-well-check", CONTROL_ROOM) == [("late", at("2026-04-06T14:00"))]
    assert desk("West Yorkshire Police duty manager") in play.climbed("safe-and-well-check")
    play.until(at("2026-06-01T09:00"))
    assert owes(play, "safe-and-well-check", CONTROL_ROOM) == [("late", at("2026-04-06T14:00"))]
