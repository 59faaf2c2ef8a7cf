"""Bad records, bugs of ours, and the size of a batch."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from broker.decider import Decider
from broker.errors import Unavailable
from schemas.child import Place
from schemas.codec import encode
from schemas.missing import MissingNotification
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STOKE,
    WALSALL,
    child,
    notification,
    returned,
    update,
)
from tests.scenarios.people import CONTROL_ROOM, EDT, ON_CALL, OTHER_HOME


def test_one_bad_record_harms_no_other_of_its_batch(both):
    play = both()
    good = notification()
    unknown = b"\x00\x00\x00\xff\xff" + encode(good)[5:]

    outcome = play.arrive(
        (HOME, b"not avro"),
        (HOME, None),
        (HOME, unknown),
        (HOME, encode(good)),
        (HOME, encode(good)[:-4]),
        (HOME, encode(good) + b"x"),
    )

    assert (outcome.accepted, outcome.rejected) == (1, 5)
    codes = ["undecodable", "empty", "unknown-schema", "undecodable", "undecodable"]
    assert play.dead_letters() == codes
    assert [rejection.code for rejection in play.rejections(HOME)] == codes
    assert EDT in play.told()


def test_a_sender_is_the_owner_of_its_topic(both):
    play = both()

    outcome = play.say(notification(), by=OTHER_HOME)

    assert outcome.codes == {"not-your-topic": 1}
    (rejection,) = play.rejections(OTHER_HOME)
    assert rejection.field == "sender"
    assert play.told() == set()


def test_a_rejection_names_the_message_where_its_id_could_be_read(stage):
    play = stage()
    said = notification(place=Place(authority="la.E99999999"))

    play.say(said)

    (rejection,) = play.rejections(HOME)
    assert rejection.of == said.message_id
    assert (rejection.code, rejection.field) == ("unknown-agency", "place.authority")


def test_a_message_id_used_again_for_something_else_is_refused(both):
    play = both()
    said = notification()
    play.say(said)

    outcome = play.say(said.model_copy(update={"circumstances": "Something else"}))

    assert outcome.codes == {"id-reused": 1}


def test_the_same_id_of_two_senders_are_two_messages(stage):
    play = stage()
    said = notification()

    play.say(said)
    other = absence(5, sender=OTHER_HOME, message_id=said.message_id)

    assert play.say(other).accepted == 1


def test_what_only_homeward_sends_is_not_taken_from_an_agency(stage):
    play = stage()
    play.say(notification())
    receipt = play.inbox(HOME, "receipt")[0].message

    outcome = play.arrive((HOME, encode(receipt)))

    assert outcome.codes == {"kind-not-served": 1}


def test_records_below_the_position_are_passed_over(stage):
    play = stage()
    record = play._record(HOME, encode(notification()))
    play.decider.take([record])

    again = play.decider.take([record])

    assert (again.accepted, again.repeated, again.rejected) == (0, 0, 0)
    assert play.decider.positions({record.topic: record.topic_id}) == {record.topic: 1}


class Stumbles(Decider):
    """A bug, made on purpose, in what is done with one message."""

    def _fold(self, one, book, rulebook):
        stumbling = getattr(one.message, "circumstances", None) == "stumble"
        if stumbling and one.fault is None:
            book.number()
            raise RuntimeError("a bug, made on purpose")
        return super()._fold(one, book, rulebook)


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_bug_with_one_record_sets_that_one_aside_and_the_others_go_on(both, place, logged):
    play = both(decider=Stumbles)
    play.bugs_expected = True
    batch = [absence(number) for number in range(6)]
    batch.insert(place, absence(99, circumstances="stumble"))

    outcome = play.say(*batch)

    assert (outcome.accepted, outcome.rejected) == (6, 1)
    assert outcome.codes == {"unexpected": 1}
    assert play.dead_letters() == ["unexpected"]
    assert play.rejections(HOME)[0].of == batch[place].message_id
    assert len(play.episodes()) == 6
    (line,) = [line for line in logged if "bug" in line["event"]]
    assert (line["offset"], type(line["exc_info"])) == (place, RuntimeError)


class Away(Decider):
    """The ledger goes away in the middle of a batch."""

    def _fold(self, one, book, rulebook):
        if getattr(one.message, "circumstances", None) == "away":
            raise Unavailable("the ledger does not answer")
        return super()._fold(one, book, rulebook)


def test_when_the_ledger_goes_away_nothing_of_the_batch_has_happened(both):
    play = both(decider=Away)

    with pytest.raises(Unavailable):
        play.say(absence(1), absence(2, circumstances="away"))

    assert play.episodes() == []
    assert play.dead_letters() == []


def test_a_bug_with_one_duty_does_not_silence_the_others(stage, monkeypatch):
    from broker import decider

    play = stage()
    play.say(notification())
    real = decider.chase

    def stumbling(chased, moment, directory):
        if chased.duty.owed_by == EDT:
            raise RuntimeError("a bug, made on purpose")
        return real(chased, moment, directory)

    monkeypatch.setattr(decider, "chase", stumbling)
    play.clock.move(timedelta(minutes=30))
    ticked = play.decider.tick()

    assert (ticked.fired, ticked.failed) == (1, 1)
    assert ("late", CONTROL_ROOM) in play.events()
    monkeypatch.undo()
    play.clock.move(timedelta(minutes=5))
    play.decider.tick()
    assert ON_CALL in play.climbed()


def absence(number: int, **changes) -> MissingNotification:
    """One of many children, with references of its own."""
    own = child(
        references=({"holder": HOME, "scheme": "home-reference", "value": f"H-{number}"},),
        given_name=f"Child{number}",
    )
    return notification(**{"child": own, "episode": f"E-{number}", "police_report": None} | changes)


def statements(play, messages) -> int:
    """How many statements one batch takes."""
    counted = Counter()

    def count(connection, cursor, statement, parameters, context, executemany):
        counted["statements"] += 1

    event.listen(play.ledger.engine, "before_cursor_execute", count)
    try:
        values = [(message.sender, encode(message)) for message in messages]
        play.decider.take([play._record(sender, value) for sender, value in values])
    finally:
        event.remove(play.ledger.engine, "before_cursor_execute", count)
    return counted["statements"]


BATCHES = {
    "first reports": lambda numbers: [absence(n) for n in numbers],
    "repeats": None,
    "updates": lambda numbers: [update(absence(n), risk="high") for n in numbers],
    "returns": lambda numbers: [returned(absence(n)) for n in numbers],
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(stage, name):
    counts = {}
    for size in (2, 40):
        play = stage()
        known = [absence(number) for number in range(size)]
        if name != "first reports":
            play.say(*known)
        make = BATCHES[name]
        counts[size] = statements(play, make(range(size)) if make else known)

    assert counts[2] == counts[40]
    assert counts[2] < 40


def test_falling_due_takes_the_same_number_of_statements_however_many_duties(stage):
    counts = {}
    for size in (2, 30):
        play = stage()
        play.say(*(absence(number) for number in range(size)))
        play.clock.move(timedelta(minutes=30))
        counted = Counter()

        def count(connection, cursor, statement, *rest, counted=counted):
            counted["statements"] += 1

        event.listen(play.ledger.engine, "before_cursor_execute", count)
        assert play.decider.tick().fired == 2 * size
        event.remove(play.ledger.engine, "before_cursor_execute", count)
        counts[size] = counted["statements"]

    assert counts[2] == counts[30]


def test_counts_close_per_topic_and_per_inbox(both):
    from sqlalchemy import func, select

    from broker.ledger import tables as t

    play = both()
    said = notification()
    play.arrive((HOME, b"noise"), (HOME, encode(said)), (HOME, encode(said)))
    play.say_now(returned(said, at=FRIDAY_NIGHT + timedelta(hours=1)))
    play.park(STOKE)
    play.say_now(update(said, at=FRIDAY_NIGHT + timedelta(hours=2)))

    with play.ledger.reading() as connection:
        (row,) = connection.execute(select(t.position)).all()
        assert (row.read, row.accepted, row.repeated, row.rejected) == (5, 3, 1, 1)
        d = t.delivery.c
        decided = dict(
            connection.execute(select(d.destination, func.count()).group_by(d.destination)).all()
        )
        kept = dict(connection.execute(select(t.inbox.c.destination, t.inbox.c.decided)).all())
    assert {name: number for name, number in kept.items() if number} == decided
    assert f"inbox.{WALSALL}" in decided
