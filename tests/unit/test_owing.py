"""Lasting duties are read off the facts: whatever came first, came twice or was taken back."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from broker.alerts import progress
from broker.decision import Rulebook
from broker.directory import Directory, Registered
from broker.episode import Episode, Told
from broker.keys import Keys
from broker.owing import Changed, recompute
from broker.policy import load
from broker.said import fact_of
from schemas.message import BROKER, Action
from schemas.missing import Risk
from schemas.notices import DutyChange
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    checked,
    child,
    interview,
    notification,
    returned,
    update,
)

DIRECTORY = Directory.shipped().with_agencies([Registered(HOME, "The Beeches", STOKE)])
RULES = Rulebook(load.shipped(), DIRECTORY, Keys(b"sixteen bytes or more"))
ID, CHILD = UUID(int=2), UUID(int=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BACK = FRIDAY_NIGHT + 8 * HOUR
CONTROL_ROOM = f"{STAFFORDSHIRE_POLICE}/control-room"
INTERVIEWS = f"{WALSALL}/return-interviews"
BIRMINGHAM = "la.E08000025"
THEIR_INTERVIEWS = f"{BIRMINGHAM}/return-interviews"
NIGHT_STAFF = f"{HOME}/night-staff"
CHECK, OFFER, HOLD = "safe-and-well-check", "offer-return-interview", "hold-return-interview"


class Ledger:
    """An absence of which one message after the other is heard, and the duties held of it."""

    def __init__(self):
        self.episode = Episode(ID, CHILD, False)
        self.held = {}
        self.changed = Changed()

    def hear(self, *messages, at=None):
        for message in messages:
            heard = at or message.occurred_at
            number = len(self.episode.facts) + 1
            self.episode = self.episode.with_fact(fact_of(message, number, heard, number, ID))
            self.read(heard)
        return self

    def read(self, now):
        self.changed = recompute(self.episode, tuple(self.held.values()), RULES, now)
        self.held.update((duty.id, duty) for duty in self.changed.duties)
        return self.changed

    def falls_due(self, name):
        """The timekeeper has been there."""
        for id, duty in self.held.items():
            if duty.name == name and duty.state == "open":
                self.held[id] = replace(duty, state="late", next_at=None)

    def duty(self, name, owner=None):
        (found,) = (d for d in self.held.values() if d.name == name and owner in (None, d.owed_by))
        return found

    def states(self, name):
        return {duty.owed_by: duty.state for duty in self.held.values() if duty.name == name}

    def said(self, name):
        """What the last message led to, of one duty: events, and what its owner is told."""
        ids = {duty.id for duty in self.held.values() if duty.name == name}
        events = [event.what for event in self.changed.events if event.duty in ids]
        notices = [change for duty, change, _ in self.changed.notices if duty.id in ids]
        return events, notices


def cancelled(message, at=None):
    return message.model_copy(
        update={
            "message_id": uuid4(),
            "action": Action.cancel,
            "replaces": message.message_id,
            "sent_at": at or message.sent_at,
        }
    )


def corrected(message, **changes):
    changes |= {"message_id": uuid4(), "action": Action.update, "replaces": message.message_id}
    return message.model_copy(update=changes)


SAID = notification()


# -- what an end makes people owe


def test_a_return_opens_the_check_and_the_interview_and_says_so():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK))

    assert ledger.duty(CHECK).due_at == BACK + 24 * HOUR
    assert ledger.duty(OFFER).due_at == ledger.duty(HOLD).due_at == BACK + 72 * HOUR
    assert ledger.said(CHECK) == ([], [DutyChange.opened])
    assert {duty.opened_at for duty in ledger.changed.duties} == {BACK}


def test_a_child_who_is_found_but_not_back_is_owed_a_check_and_no_interview_yet():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK, stage="found"))

    assert {duty.name for duty in ledger.held.values()} == {CHECK}


def test_the_police_closing_the_report_does_not_show_that_anybody_saw_the_child():
    closed = returned(SAID, at=BACK + HOUR, stage="closed")
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK), closed)

    assert ledger.duty(CHECK).state == "open"


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        (checked(SAID, at=BACK + HOUR), {CHECK: "met"}),
        (checked(SAID, at=BACK + 25 * HOUR), {CHECK: "met-late"}),
        (
            checked(SAID, at=BACK + HOUR, result="not-done", reason="frequent", decided_by="Sgt"),
            {CHECK: "excused"},
        ),
        (interview(SAID, at=BACK + HOUR), {OFFER: "met", HOLD: "met"}),
        (interview(SAID, at=BACK + 73 * HOUR), {OFFER: "met-late", HOLD: "met-late"}),
        (interview(SAID, at=BACK + HOUR, independent=False), {OFFER: "open", HOLD: "open"}),
        (interview(SAID, "offered", at=BACK + HOUR), {OFFER: "met", HOLD: "open"}),
        (interview(SAID, "declined", at=BACK + HOUR), {OFFER: "met", HOLD: "excused"}),
        (
            interview(SAID, "not-held", at=BACK + HOUR, reason="moved"),
            {OFFER: "excused", HOLD: "excused"},
        ),
        (
            interview(SAID, "not-held", at=BACK + HOUR, reason="gone-again"),
            {OFFER: "superseded", HOLD: "superseded"},
        ),
        (interview(SAID, "attempted", at=BACK + HOUR), {OFFER: "open", HOLD: "open"}),
        # It may be held before the return: while the child was found, but would not come back.
        (interview(SAID, at=FRIDAY_NIGHT + HOUR), {OFFER: "met", HOLD: "met"}),
    ],
)
def test_what_ends_what(outcome, states):
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK), outcome)

    assert {name: ledger.duty(name).state for name in states} == states


def test_a_fact_of_another_absence_before_ends_nothing():
    before = interview(SAID, at=FRIDAY_NIGHT - DAY)
    ledger = Ledger().hear(before, SAID, returned(SAID, at=BACK))

    assert ledger.duty(HOLD).state == "open"


def test_what_was_due_only_while_the_child_was_gone_ends_with_the_absence():
    unknown = notification(risk=None, risk_reason=None)
    ledger = Ledger().hear(unknown)
    assert ledger.duty("state-the-risk").state == "open"

    ledger.hear(returned(unknown, at=FRIDAY_NIGHT + HOUR / 2))

    assert ledger.duty("state-the-risk").state == "cancelled"
    assert ledger.said("state-the-risk")[0] == ["cancelled"]


def test_late_is_not_wiped_by_the_end_it_is_excused():
    unknown = notification(risk=None, risk_reason=None)
    ledger = Ledger().hear(unknown)
    ledger.falls_due("state-the-risk")

    ledger.hear(returned(unknown, at=BACK))

    assert ledger.duty("state-the-risk").state == "excused"


@pytest.mark.parametrize(
    ("at", "state"), [(FRIDAY_NIGHT + HOUR / 2, "met"), (FRIDAY_NIGHT + 2 * HOUR, "met-late")]
)
def test_a_correction_that_says_what_was_owed_is_the_doing_of_it(at, state):
    unknown = notification(risk=None, risk_reason=None)
    ledger = Ledger().hear(unknown)

    right = corrected(unknown, risk=Risk.low, risk_reason="Known to do so", sent_at=at)
    ledger.hear(right, at=at)

    assert ledger.duty("state-the-risk").state == state


def test_a_review_is_owed_at_each_time_that_was_stated_and_met_by_the_next():
    by_police = {"sender": STAFFORDSHIRE_POLICE, "from_address": CONTROL_ROOM}
    first = notification(**by_police, next_review_at=FRIDAY_NIGHT + 2 * HOUR)
    second = update(
        first, at=FRIDAY_NIGHT + HOUR, from_address=CONTROL_ROOM,
        next_review_at=FRIDAY_NIGHT + 6 * HOUR,
    )  # fmt: skip
    ledger = Ledger().hear(first, second)

    reviews = {d.due_at: d.state for d in ledger.held.values() if d.name == "review-risk"}
    assert reviews == {FRIDAY_NIGHT + 2 * HOUR: "met", FRIDAY_NIGHT + 6 * HOUR: "open"}


def test_duties_that_wait_for_an_answer_and_homewards_own_are_left_alone():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK))
    check = ledger.duty(CHECK)
    answer = replace(check, id=UUID(int=7), name="answer", delivery=UUID(int=8))
    watch = replace(check, id=UUID(int=9), name="come-of-age", owed_by=f"{BROKER}/operations")
    ledger.held |= {answer.id: answer, watch.id: watch}

    assert ledger.read(BACK) == Changed()


# -- clocks that are known late, or better


def test_a_return_told_three_days_late_is_late_on_arrival_with_the_same_length_again():
    told = BACK + 73 * HOUR
    ledger = Ledger().hear(SAID).hear(returned(SAID, at=BACK), at=told)

    check, hold = ledger.duty(CHECK), ledger.duty(HOLD)
    assert (check.state, check.late_on_arrival) == (hold.state, hold.late_on_arrival)
    assert (hold.state, hold.late_on_arrival, hold.due_at) == ("late", True, BACK + 72 * HOUR)
    assert (hold.working_due_at, hold.next_at) == (told + 72 * HOUR, told + 72 * HOUR)
    assert (check.working_due_at, check.due_at) == (told + 24 * HOUR, BACK + 24 * HOUR)
    assert ledger.said(HOLD) == (["late-arrival"], [DutyChange.opened])


def test_one_that_can_still_be_done_in_time_is_not_late_on_arrival():
    ledger = Ledger().hear(SAID).hear(returned(SAID, at=BACK), at=BACK + 71 * HOUR)

    hold = ledger.duty(HOLD)
    assert (hold.state, hold.late_on_arrival, hold.working_due_at) == ("open", False, None)


def test_working_days_are_given_again_as_working_days():
    held = interview(SAID, at=FRIDAY_NIGHT - 2 * HOUR)
    told = FRIDAY_NIGHT + 6 * DAY  # Thursday; the three working days of Friday were over
    ledger = Ledger().hear(held, at=told)

    share = ledger.duty("share-interview-outcome")
    assert share.late_on_arrival
    assert share.due_at == datetime(2026, 4, 1, 23, tzinfo=UTC)
    # Thursday does not count; then Good Friday, the weekend and Easter Monday.
    assert share.working_due_at == datetime(2026, 4, 9, 23, tzinfo=UTC)


def test_what_was_done_before_anybody_knew_that_it_was_owed_is_not_late_on_arrival():
    talk = interview(SAID, at=BACK + HOUR)
    ledger = Ledger().hear(SAID, talk).hear(returned(SAID, at=BACK), at=BACK + 80 * HOUR)

    assert ledger.duty(HOLD).state == "met"
    assert not ledger.duty(HOLD).late_on_arrival


def test_no_time_of_return_is_no_start_and_never_a_countdown():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK, time_known=False))

    for name in (CHECK, OFFER, HOLD):
        duty = ledger.duty(name)
        assert (duty.state, duty.starts_at, duty.due_at, duty.next_at) == ("open", None, None, None)


def test_the_time_that_is_given_in_the_end_starts_the_clock():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK, time_known=False))
    ledger.hear(returned(SAID, at=BACK - 2 * HOUR), at=BACK + HOUR)

    hold = ledger.duty(HOLD)
    assert (hold.state, hold.due_at, hold.next_at) == ("open", *[BACK + 70 * HOUR] * 2)


def test_a_time_that_is_given_when_it_is_over_already_is_late_on_arrival_too():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK, time_known=False))
    told = BACK + 90 * HOUR
    ledger.hear(returned(SAID, at=BACK - 2 * HOUR), at=told)

    hold = ledger.duty(HOLD)
    assert (hold.state, hold.late_on_arrival, hold.due_at) == ("late", True, BACK + 70 * HOUR)
    assert hold.working_due_at == hold.next_at == told + 72 * HOUR
    assert ledger.said(HOLD)[0] == ["late-arrival"]


def test_one_that_is_in_time_by_a_better_clock_has_one_due_time_only():
    ledger = Ledger().hear(SAID)
    wrong = returned(SAID, at=BACK)
    told = BACK + 73 * HOUR
    ledger.hear(wrong, at=told)
    assert ledger.duty(HOLD).late_on_arrival

    ledger.hear(corrected(wrong, occurred_at=BACK + 48 * HOUR), at=told + HOUR)

    hold = ledger.duty(HOLD)
    assert (hold.state, hold.due_at) == ("open", BACK + 120 * HOUR)
    assert (hold.late_on_arrival, hold.working_due_at) == (False, None)
    assert (hold.next_at, hold.ladder_from) == (BACK + 120 * HOUR, BACK + 120 * HOUR)


def test_a_corrected_time_may_make_what_was_done_in_time_late_and_back():
    first = returned(SAID, at=BACK)
    ledger = Ledger().hear(SAID, first, interview(SAID, at=BACK + 71 * HOUR))
    assert ledger.duty(HOLD).state == "met"

    earlier = corrected(first, occurred_at=BACK - 2 * HOUR)
    ledger.hear(earlier, at=BACK + 72 * HOUR)
    assert ledger.duty(HOLD).state == "met-late"

    again = corrected(earlier, occurred_at=BACK)
    ledger.hear(again, at=BACK + 73 * HOUR)
    assert ledger.duty(HOLD).state == "met"


def test_a_sender_whose_clock_is_ahead_is_not_late_by_it():
    ahead = checked(SAID, at=BACK + 400 * HOUR)
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK)).hear(ahead, at=BACK + HOUR)

    assert ledger.duty(CHECK).state == "met"


def test_who_was_back_before_the_report_was_written_is_owed_the_same():
    early = returned(SAID, at=FRIDAY_NIGHT - HOUR / 4)
    ledger = Ledger().hear(SAID).hear(early, at=BACK)

    assert ledger.duty(HOLD).due_at == FRIDAY_NIGHT - HOUR / 4 + 72 * HOUR
    assert ledger.duty(CHECK).state == "open"


def test_an_end_of_which_no_report_was_heard_is_owed_for_by_what_it_says_itself():
    ledger = Ledger().hear(returned(SAID, at=BACK, lives={"authority": STOKE}))

    assert ledger.duty(HOLD).owed_by == f"{STOKE}/return-interviews"


# -- what is taken back, corrected, another's


def test_what_ended_a_duty_is_taken_back_so_it_is_owed_again_under_its_own_clock():
    check = checked(SAID, at=BACK + HOUR)
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK), check)
    before = ledger.duty(CHECK)

    ledger.hear(cancelled(check), at=BACK + 2 * HOUR)

    after = ledger.duty(CHECK)
    assert (before.state, after.state) == ("met", "open")
    assert (after.starts_at, after.due_at, after.next_at) == (BACK, *[BACK + 24 * HOUR] * 2)
    assert (after.settled_at, after.settled_by, after.settled_why) == (None, "", "")
    assert ledger.said(CHECK) == (["reopened"], [DutyChange.reopened])


def test_owed_again_after_it_was_due_it_is_late_and_climbs_at_once():
    check = checked(SAID, at=BACK + HOUR)
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK), check)
    now = BACK + 30 * HOUR

    ledger.hear(cancelled(check), at=now)

    assert (ledger.duty(CHECK).state, ledger.duty(CHECK).next_at) == ("late", now)


def test_an_end_that_is_taken_back_takes_with_it_what_it_made_people_owe():
    unknown = notification(risk=None, risk_reason=None)
    end = returned(unknown, at=FRIDAY_NIGHT + HOUR / 2)
    ledger = Ledger().hear(unknown, end)

    ledger.hear(cancelled(end), at=FRIDAY_NIGHT + HOUR * 3 / 4)

    assert {ledger.duty(name).state for name in (CHECK, OFFER, HOLD)} == {"cancelled"}
    assert ledger.said(CHECK) == (["cancelled"], [DutyChange.cancelled])
    assert ledger.duty("state-the-risk").state == "open"
    assert ledger.said("state-the-risk") == (["reopened"], [DutyChange.reopened])


def test_a_correction_that_names_another_council_hands_the_duty_over():
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK))

    ledger.hear(corrected(SAID, responsible_authority=BIRMINGHAM), at=BACK + HOUR)

    assert ledger.states(HOLD) == {INTERVIEWS: "transferred", THEIR_INTERVIEWS: "open"}
    assert ledger.duty(HOLD, THEIR_INTERVIEWS).due_at == BACK + 72 * HOUR  # the clock is the same
    said = {(duty.owed_by, change, new) for duty, change, new in ledger.changed.notices}
    assert (INTERVIEWS, DutyChange.transferred, THEIR_INTERVIEWS) in said
    assert (THEIR_INTERVIEWS, DutyChange.opened, "") in said
    moved = [event for event in ledger.changed.events if event.what == "transferred"]
    assert {event.address for event in moved} == {THEIR_INTERVIEWS}


def test_what_another_had_done_already_is_done():
    talk = interview(SAID, at=BACK + HOUR)
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK), talk)

    ledger.hear(corrected(SAID, responsible_authority=BIRMINGHAM), at=BACK + 2 * HOUR)

    assert ledger.states(HOLD) == {INTERVIEWS: "met", THEIR_INTERVIEWS: "met"}


def test_handed_back_it_stands_where_it_stood():
    wrong = corrected(SAID, responsible_authority=BIRMINGHAM)
    ledger = Ledger().hear(SAID, returned(SAID, at=BACK)).hear(wrong, at=BACK + HOUR)

    ledger.hear(corrected(wrong, responsible_authority=WALSALL), at=BACK + 2 * HOUR)

    assert ledger.states(HOLD) == {INTERVIEWS: "open", THEIR_INTERVIEWS: "transferred"}
    assert "reopened" in ledger.said(HOLD)[0]


def test_reports_that_name_two_councils_make_both_owe_until_one_is_acting():
    other = notification(
        FRIDAY_NIGHT + HOUR, sender=STAFFORDSHIRE_POLICE, from_address=CONTROL_ROOM,
        responsible_authority=BIRMINGHAM,
    )  # fmt: skip
    ledger = Ledger().hear(SAID, other, returned(SAID, at=BACK))
    assert set(ledger.states(HOLD)) == {INTERVIEWS, THEIR_INTERVIEWS}

    acting = Told("r@p", BACK, "full", acting=True)
    ledger.episode = ledger.episode.with_told({f"{BIRMINGHAM}/front-door": acting})
    ledger.read(BACK + HOUR)

    assert ledger.states(HOLD) == {INTERVIEWS: "cancelled", THEIR_INTERVIEWS: "open"}


def test_what_is_shown_of_a_late_duty_is_a_report_that_still_stands():
    of_home, of_police = returned(SAID, at=BACK), returned(
        SAID, at=BACK + HOUR, sender=STAFFORDSHIRE_POLICE, from_address=CONTROL_ROOM, episode=None
    )  # fmt: skip
    ledger = Ledger().hear(SAID, of_home, of_police)
    assert ledger.duty(CHECK).message == 2

    ledger.hear(cancelled(of_home), at=BACK + 2 * HOUR)

    assert ledger.duty(CHECK).message == 3


# -- of age


BORN = date(2008, 3, 29)
EIGHTEEN = datetime(2026, 3, 29, tzinfo=UTC)  # as the day starts in London


def test_what_is_owed_to_a_child_ends_on_the_eighteenth_birthday_and_the_police_go_on():
    said = notification(child=child(birth_date=BORN))
    ledger = Ledger().hear(said, returned(said, at=BACK))
    assert ledger.duty(HOLD).state == "open"

    assert ledger.read(EIGHTEEN - timedelta(seconds=1)) == Changed()
    ledger.read(EIGHTEEN)

    assert {name: ledger.duty(name).state for name in (OFFER, HOLD, CHECK)} == {
        OFFER: "cancelled",
        HOLD: "cancelled",
        CHECK: "open",
    }
    assert ledger.duty(HOLD).settled_why == "of-age"


def test_who_was_of_age_when_coming_back_is_owed_no_interview():
    said = notification(child=child(birth_date=BORN))
    ledger = Ledger().hear(said, returned(said, at=EIGHTEEN))

    assert {duty.name for duty in ledger.held.values()} == {CHECK}


def test_a_birth_date_that_is_put_right_gives_back_what_ended_of_age():
    said = notification(child=child(birth_date=BORN))
    ledger = Ledger().hear(said, returned(said, at=BACK))
    ledger.read(EIGHTEEN)

    younger = child(birth_date=date(2011, 3, 29))
    right = corrected(said, child=younger)
    back = returned(right, at=BACK + HOUR, sender=HOME)
    ledger.hear(right, back, at=EIGHTEEN + HOUR)

    assert ledger.duty(HOLD).state == "open"


# -- in the words of an alert


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ((), "not-due"),
        (("open",), "owed"),
        (("late", "open"), "late"),
        (("met-late", "cancelled"), "done"),
        (("excused",), "not-known"),
    ],
)
def test_progress(states, words):
    one = Ledger().hear(SAID, returned(SAID, at=BACK)).duty(CHECK)

    assert progress([replace(one, state=state) for state in states], CHECK) == words
