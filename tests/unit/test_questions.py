"""What operators may ask: the answers are right, and never hold a name."""

import json
import re
from dataclasses import asdict
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from broker import questions
from broker.clock import SetClock
from broker.dead_letters import kept
from broker.decider import Decider
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.policy.load import shipped
from broker.records import Record
from schemas.codec import encode
from tests import examples as e


class Desk:
    """A ledger that decides, and a relay without Kafka."""

    def __init__(self, folder):
        self.clock = SetClock(e.FRIDAY_NIGHT)
        self.ledger = Ledger(f"sqlite:///{folder}/ledger.sqlite")
        self.ledger.create(self.clock)
        self.decider = Decider(self.ledger, self.clock, shipped(), Keys(b"a secret of this test"))
        self.decider.activate()
        with self.ledger.deciding() as connection:
            for agency in (e.WALSALL, e.STOKE, e.STAFFORDSHIRE_POLICE):
                agencies.add(connection, agency, agency, None, {}, self.clock.now())
            agencies.add(connection, e.HOME, "A home", e.STOKE, {}, self.clock.now())
        self.stamping = Stamping(self.ledger, 0, self.clock, "a test")
        self.offsets = {}

    def take(self, *messages):
        return [self.take_bytes(message.sender, encode(message)) for message in messages]

    def take_bytes(self, agency, value):
        topic = f"outbox.{agency}"
        self.offsets[topic] = self.offsets.get(topic, -1) + 1
        return self.decider.take([Record(topic, "its id", self.offsets[topic], value)])

    def send_out(self):
        assert self.stamping.hold()
        batch = self.stamping.stamp(self.stamping.last())
        self.stamping.confirm(batch.number)
        return batch

    def ask(self, question, *arguments):
        with self.ledger.reading() as connection:
            return question(connection, *arguments)

    def episode(self, message):
        return self.ask(questions.episode_of, message.message_id)

    def change(self, table, **values):
        with self.ledger.writing() as connection:
            connection.execute(update(table).values(**values))


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.ledger.close()


def delivery_to(batch, address):
    return next(one.delivery for one in batch.records if one.address == address)


def test_the_board_shows_a_missing_child_to_each_council_concerned(desk):
    desk.take(e.notification())

    (everywhere,) = desk.ask(questions.board)
    assert (everywhere.status, everywhere.category, everywhere.risk) == (
        "open",
        "missing",
        "medium",
    )
    assert everywhere.started_at == e.FRIDAY_NIGHT - timedelta(minutes=40)
    assert desk.ask(questions.board, e.WALSALL) == [everywhere]
    assert desk.ask(questions.board, e.STOKE) == [everywhere]
    assert desk.ask(questions.board, "la.E06000022") == []


def test_the_board_shows_what_is_outstanding_with_the_next_due_first(desk):
    desk.take(e.notification())
    desk.send_out()

    (absence,) = desk.ask(questions.board)
    dues = [duty.due_at for duty in absence.outstanding]
    assert dues == sorted(dues)
    assert f"{e.WALSALL}/emergency-duty" in {duty.owed_by for duty in absence.outstanding}


def test_a_child_who_is_back_is_not_on_the_board(desk):
    report = e.notification()
    desk.take(report)
    desk.clock.move(timedelta(hours=9))
    desk.take(e.returned(report))

    assert desk.ask(questions.board) == []


def test_the_board_shows_who_is_acting(desk):
    desk.take(e.notification())
    control_room = f"{e.STAFFORDSHIRE_POLICE}/control-room"
    desk.take(e.answer(delivery_to(desk.send_out(), control_room), control_room))

    (absence,) = desk.ask(questions.board)
    assert absence.acting == (control_room,)


def test_an_exercise_is_on_the_board_but_counts_nowhere(desk):
    desk.take(e.notification(exercise=True))

    (absence,) = desk.ask(questions.board)
    status = desk.ask(questions.status)
    assert absence.exercise
    assert (status.missing_now, status.duties_open) == (0, 0)


def test_the_timeline_tells_everything_in_order_of_time(desk):
    report = e.notification()
    desk.take(report)
    desk.clock.move(timedelta(minutes=1))
    batch = desk.send_out()
    desk.clock.move(timedelta(minutes=40))
    desk.decider.tick()
    control_room = f"{e.STAFFORDSHIRE_POLICE}/control-room"
    desk.take(e.answer(delivery_to(batch, control_room), control_room, at=desk.clock.now()))

    events = desk.ask(questions.timeline, desk.episode(report))
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert events[0].what == "accepted"
    assert {"accepted", "owed", "sent", "late", "climbed", "waiting", "answered", "met-late"} == {
        event.what for event in events
    }
    met = next(event for event in events if event.what == "met-late")
    assert (met.duty, met.address, met.agency) == ("answer", control_room, e.STAFFORDSHIRE_POLICE)
    assert "11 min 00 s after it was due" not in met.detail  # 10 minutes: sent one minute later
    assert "10 min 00 s after it was due" in met.detail


def test_a_delivery_waits_in_the_timeline_until_it_is_sent(desk):
    report = e.notification()
    desk.take(report)
    before = desk.ask(questions.timeline, desk.episode(report))
    desk.clock.move(timedelta(minutes=2))
    desk.send_out()
    after = desk.ask(questions.timeline, desk.episode(report))

    assert "sent" not in {event.what for event in before}
    assert "waiting" not in {event.what for event in after}
    assert {event.at for event in after if event.what == "sent"} == {desk.clock.now()}


def test_an_absence_is_found_by_its_reference_a_message_or_a_delivery(desk):
    report = e.notification()
    desk.take(report)
    batch = desk.send_out()
    episode = desk.episode(report)

    delivery = delivery_to(batch, f"{e.WALSALL}/emergency-duty")
    assert desk.ask(questions.episode_of, episode) == episode
    assert desk.ask(questions.episode_of, delivery) == episode
    assert desk.ask(questions.episode_of, uuid4()) is None


def test_the_counts_close(desk):
    report = e.notification()
    desk.take(report, report)
    desk.take_bytes(e.HOME, b"not Avro")
    desk.send_out()
    desk.take(e.update(report))

    account = desk.ask(questions.account)
    totals = account.totals
    assert account.differences == ()
    assert (totals["read"], totals["accepted"], totals["repeated"], totals["rejected"]) == (
        4,
        2,
        1,
        1,
    )
    assert totals["decided"] == totals["delivered"] + totals["pending"] + totals["parked"]
    assert totals["pending"] > 0


def test_deliveries_for_an_agency_that_is_not_on_the_broker_are_counted_as_parked(desk):
    council = "la.E06000022"
    desk.take(e.notification(responsible_authority=council))
    desk.send_out()

    account = desk.ask(questions.account)
    (parked,) = [one for one in account.destinations if one.topic == f"inbox.{council}"]
    assert account.differences == ()
    assert (parked.delivered, parked.why_parked) == (0, "no-channel")
    assert parked.parked == parked.decided > 0


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        (t.position, {"accepted": 7}, "1 read, but 7 accepted, repeated or rejected"),
        (t.position, {"read": 2, "rejected": 1}, "1 rejected, but 0 dead letters are kept"),
        (t.message, {"topic": "outbox.la.E06000021"}, "1 accepted, but 0 messages are kept"),
        (t.inbox, {"decided": 99}, "99 decided, but 1 deliveries are kept"),
        (t.inbox, {"sent": 5}, "but the last number confirmed is 5"),
    ],
)
def test_counts_that_do_not_close_are_named(desk, table, change, words):
    desk.take(e.notification())
    desk.send_out()
    desk.change(table, **change)

    assert any(words in text for text in desk.ask(questions.account).differences)


def test_dead_letters_are_shown_without_their_bytes(desk):
    desk.take_bytes(e.HOME, None)
    desk.take_bytes(e.HOME, b"Robin Example is missing")

    newest, oldest = desk.ask(kept.dead_letters)
    assert (oldest.code, oldest.size) == ("empty", None)
    assert (newest.code, newest.size, newest.offset) == ("undecodable", 24, 1)
    assert desk.ask(kept.dead_letter, newest.number) == newest
    assert desk.ask(kept.dead_letter, 99) is None


def test_no_answer_holds_a_name_or_a_narrative(desk):
    report = e.notification(circumstances="Left by the window")
    desk.take(report)
    batch = desk.send_out()
    control_room = f"{e.STAFFORDSHIRE_POLICE}/control-room"
    refusal = {"state": "not-ours", "reason": "Robin lives elsewhere"}
    desk.take(e.answer(delivery_to(batch, control_room), control_room, **refusal))
    desk.take_bytes(e.HOME, b"Robin Example")

    said = [
        *desk.ask(questions.board),
        *desk.ask(questions.timeline, desk.episode(report)),
        *desk.ask(kept.dead_letters),
        desk.ask(questions.status),
        desk.ask(questions.account),
    ]
    text = json.dumps([asdict(one) for one in said], default=str)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "", text)  # may hold any digits
    for secret in ("Robin", "Example", "window", "2011", "4711", "H-17", "phone"):
        assert secret not in text


def test_it_is_quiet_once_all_is_taken_sent_and_nothing_is_due(desk):
    now = e.FRIDAY_NIGHT
    ends = {f"outbox.{e.HOME}": 1}
    assert not desk.ask(questions.is_quiet, now, ends)
    desk.take(e.notification())
    assert not desk.ask(questions.is_quiet, now, ends)
    desk.send_out()
    assert desk.ask(questions.is_quiet, now, ends)
    assert not desk.ask(questions.is_quiet, now + timedelta(hours=1), ends)
