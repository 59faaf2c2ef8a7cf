"""What is wrong between a ledger and a Kafka, and in which order things were decided."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from broker.cursor import Cursor
from broker.errors import Misuse
from broker.records import Record
from broker.restoring.found import Found, compare, require_same
from broker.restoring.marking import Standing
from broker.restoring.order import ordered
from broker.restoring.out import Out, Topic, out_of
from schemas.codec import encode
from schemas.message import BROKER
from schemas.notices import Rejection
from tests import examples as e

NOON = datetime(2026, 3, 26, 12, tzinfo=UTC)
LEDGER = uuid4()
INBOX = f"inbox.{e.WALSALL}"


def out(sequence: int = 1, **changes: Any) -> Out:
    values: dict[str, Any] = {
        "destination": INBOX,
        "delivery": uuid4(),
        "sequence": sequence,
        "sent_at": NOON,
        "kind": "missing.notification",
        "version": 2,
        "message_id": uuid4(),
        "source": e.HOME,
        "occurred_at": NOON,
        "acceptance": None,
        "decided_at": None,
        "address": f"{e.WALSALL}/front-door",
        "view": "full",
        "because": "missing-lead@england-2026.3",
        "wakes": False,
        "exercise": False,
        "answer_by": None,
        "value": b"",
    }
    return Out(**values | changes)


def standing(**changes: Any) -> Standing:
    values: dict[str, Any] = {
        "ledger": LEDGER,
        "shards": {0: 5},
        "unsent": {},
        "sent": {INBOX: 3},
        "next": {INBOX: 4},
        "gone": {},
        "parked": {},
        "agencies": frozenset({e.WALSALL}),
        "policies": frozenset({"england-2026.3+wales-2026.2"}),
        "last_at": NOON,
    }
    return Standing(**values | changes)


def topic(*numbers: int, first: int = 0, end: int = 100) -> Topic:
    return Topic(first, end, max(numbers, default=None), set(numbers))


def compared(
    ledger: Standing,
    topics: dict[str, Topic],
    beyond: list[Out] | None = None,
    batch: int | None = 5,
    id: UUID = LEDGER,
    **outboxes: Any,
) -> Found:
    cursors = {} if batch is None else {0: Cursor(str(id), batch)}
    bounds = outboxes.get("outboxes", {})
    places = outboxes.get("places", {})
    known = outboxes.get("known", set())
    return compare(ledger, cursors, topics, bounds, places, beyond or [], known, {"england-2026.3"})


def test_a_ledger_and_a_kafka_of_one_moment_agree():
    assert compared(standing(), {INBOX: topic(1, 2, 3)}).agree


def test_a_cursor_ahead_means_that_the_ledger_is_older():
    found = compared(standing(), {INBOX: topic(1, 2, 3, 4, 5)}, [out(4), out(5)], batch=7)

    assert found.older
    assert found.told == {INBOX: 5}
    assert found.batches == {0: 8}


def test_the_cursor_of_another_ledger_means_that_a_restore_was_interrupted():
    assert compared(standing(), {INBOX: topic(1, 2, 3)}, id=uuid4()).older


def test_a_number_that_a_heartbeat_names_is_never_given_out_again():
    holds = topic(1, 2, 3)
    holds.tells(9)

    found = compared(standing(), {INBOX: holds})

    assert found.told == {INBOX: 9}
    assert found.lost == {INBOX: [4, 5, 6, 7, 8, 9]}


def test_of_an_inbox_that_was_dropped_to_its_end_numbers_go_on_above_all_it_can_have_held():
    found = compared(standing(), {INBOX: topic(first=40, end=40)}, batch=7)

    assert found.told == {INBOX: 40}
    assert found.cannot_be_recovered


def test_an_inbox_whose_heartbeats_say_that_nothing_was_sent_has_lost_nothing():
    holds = topic(first=40, end=60)
    holds.tells(0)

    found = compared(standing(sent={INBOX: 0}, next={INBOX: 1}), {INBOX: holds}, batch=7)

    assert found.told == {INBOX: 0}
    assert not found.lost


def test_what_kafka_drops_with_age_is_no_loss():
    assert compared(standing(), {INBOX: topic(3, first=20)}).agree


def test_an_inbox_that_was_made_anew_lost_what_was_in_it():
    found = compared(standing(), {INBOX: topic(end=0)})

    assert not found.older
    assert found.gone == {INBOX: 3}
    assert found.batches == {0: 5}


def test_what_was_found_lost_once_is_not_lost_again():
    assert compared(standing(gone={INBOX: 3}), {INBOX: topic(end=0)}).agree


def test_without_a_cursor_a_batch_in_doubt_goes_out_again_under_its_numbers():
    doubtful = standing(unsent={0: 5}, next={INBOX: 6})

    assert compared(doubtful, {INBOX: topic(end=0)}, batch=None).batches == {0: 4}


def test_without_a_cursor_a_batch_in_doubt_that_is_out_is_not_sent_again():
    doubtful = standing(unsent={0: 5}, next={INBOX: 6})
    sent = [out(4), out(5)]
    known = {one.delivery for one in sent}

    found = compared(doubtful, {INBOX: topic(1, 2, 3, 4, 5)}, sent, batch=None, known=known)

    assert not found.older
    assert found.batches == {0: 5}


def test_an_outbox_that_begins_after_what_was_read_has_lost_messages():
    bounds, places = {"outbox.la.X": Topic(30, 40)}, {"outbox.la.X": 10}

    found = compared(standing(), {INBOX: topic(1, 2, 3)}, outboxes=bounds, places=places)

    assert found.unread == {"outbox.la.X": (10, 30)}


def test_an_agency_and_a_policy_that_the_ledger_does_not_know_are_named():
    late = out(4, because="missing-lead@england-2026.4")
    topics = {INBOX: topic(1, 2, 3, 4), f"inbox.{e.STOKE}": topic(end=0)}

    found = compared(standing(), topics, [late], batch=6)

    assert (found.agencies, found.policies) == ([e.STOKE], ["england-2026.4"])


def test_a_kafka_of_other_deliveries_is_refused():
    with pytest.raises(Misuse, match="not the Kafka"):
        require_same(standing(), {INBOX: uuid4()}, [out(3)])


def test_a_record_of_a_topic_says_when_and_as_which_it_was_decided():
    headers = {
        **{"delivery": str(uuid4()), "sequence": "7", "acceptance": "12", "exercise": "false"},
        **{"ce_type": "uk.homeward.missing.return.v2", "ce_id": str(uuid4()), "ce_source": e.HOME},
        **{"ce_time": "2026-03-26T11:00:00Z", "decided_at": "2026-03-26T12:00:00.000001Z"},
    }

    found = out_of("missing.returns", headers, b"", NOON)

    assert found is not None
    assert (found.kind, found.version, found.acceptance) == ("missing.return", 2, 12)
    assert found.decided_at == NOON + timedelta(microseconds=1)


# -- order


def record(agency: str, offset: int, message: Any = None) -> Record:
    value = b"noise" if message is None else encode(message)
    return Record(f"outbox.{agency}", "id", offset, value)


def said(agency: str, **changes: Any) -> Any:
    return e.notification(NOON, message_id=uuid4(), sender=agency, **changes)


def recorded(message: Any, number: int, at: datetime) -> Out:
    return out(
        destination="missing.notifications", message_id=message.message_id,
        source=message.sender, acceptance=number, decided_at=at,
    )  # fmt: skip


def minutes(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def test_records_are_decided_in_the_order_of_their_acceptance():
    one, two, three = said(e.HOME), said(e.HOME), said("provider.SC999002")
    outboxes = {
        f"outbox.{e.HOME}": [record(e.HOME, 0, one), record(e.HOME, 1, two)],
        "outbox.provider.SC999002": [record("provider.SC999002", 0, three)],
    }
    outs = [
        recorded(one, 7, minutes(1)),
        recorded(three, 8, minutes(2)),
        recorded(two, 9, minutes(3)),
    ]

    steps = ordered(outboxes, outs, ()).steps

    assert [(step.number, step.at) for step in steps] == [
        (7, minutes(1)), (8, minutes(2)), (9, minutes(3)),
    ]  # fmt: skip


def test_a_record_of_which_nothing_is_out_goes_with_the_next_one_of_its_outbox():
    one, two = said(e.HOME), said(e.HOME)
    outboxes = {f"outbox.{e.HOME}": [record(e.HOME, 0, one), record(e.HOME, 1, two)]}

    steps = ordered(outboxes, [recorded(two, 9, minutes(3))], ()).steps

    assert [(step.at, step.number) for step in steps] == [(minutes(3), None), (minutes(3), 9)]


def test_what_comes_last_and_left_no_trace_is_left_to_take_in():
    one, two = said(e.HOME), said(e.HOME)
    outboxes = {f"outbox.{e.HOME}": [record(e.HOME, 0, one), record(e.HOME, 1, two)]}

    found = ordered(outboxes, [recorded(one, 9, minutes(3))], ())

    assert [each.offset for each in found.left] == [1]


def test_a_message_that_the_ledger_has_is_a_repeat_and_no_trace_of_a_decision():
    one = said(e.HOME)
    outboxes = {f"outbox.{e.HOME}": [record(e.HOME, 5, one)]}

    found = ordered(outboxes, [recorded(one, 9, minutes(3))], {(e.HOME, one.message_id)})

    assert [each.offset for each in found.left] == [5]


def test_a_rejection_says_when_its_record_was_refused():
    place = {"topic": f"outbox.{e.HOME}", "partition": 0, "offset": 4, "code": "undecodable"}
    words = {"sender": BROKER, "from_address": f"{BROKER}/operations", "detail": "noise"}
    times = {"occurred_at": NOON, "sent_at": NOON, "message_id": uuid4()}
    rejection = Rejection(**place, **words, **times)
    refused = out(
        destination=f"inbox.{e.HOME}", source=BROKER, kind="rejection",
        occurred_at=minutes(4), value=encode(rejection),
    )  # fmt: skip

    steps = ordered({f"outbox.{e.HOME}": [record(e.HOME, 4)]}, [refused], ()).steps

    assert [step.at for step in steps] == [minutes(4)]


def test_the_timekeeper_looks_when_homeward_spoke_by_itself():
    one = said(e.HOME)
    late = out(source=BROKER, kind="duty", occurred_at=minutes(2))
    outs = [recorded(one, 9, minutes(3)), late]

    steps = ordered({f"outbox.{e.HOME}": [record(e.HOME, 0, one)]}, outs, ()).steps

    assert [(step.at, step.record is None) for step in steps] == [
        (minutes(2), True), (minutes(3), False),
    ]  # fmt: skip
