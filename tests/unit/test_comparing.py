"""One topic as the ledger has it beside the same as Kafka has it, in every way they differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.accounting.comparing import Mark, Outbox, Topic
from broker.accounting.differences import ADVICE, Difference

INBOX, RECORD = "inbox.la.E10000028", "answers"


def mark(number, id="sent"):
    return Mark(number, f"{id} {number}", "la.E10000028/front-door")


def compared(topic, ledger, kafka, in_pass=1):
    """What a pass finds, given the numbers in the ledger and the marks in Kafka."""
    for number in ledger:
        topic.expect(mark(number), number)
    for one in kafka:
        topic.see(one if isinstance(one, Mark) else mark(one), in_pass)
    found = [*topic.settle(), *topic.end_pass(in_pass)]
    return [(one.what, one.count, one.first) for one in found]


@pytest.mark.parametrize(
    ("kafka", "found"),
    [
        ([1, 2, 3], []),
        ([1, 2, 3, 4, 5], []),  # sent since the ledger was asked
        ([1, 3], [("missing", 1, 2)]),
        ([], [("missing", 3, 1)]),
        ([1, 2, 2, 3], [("twice", 1, 2)]),
        ([1, 2, 2, 2, 3], [("twice", 2, 2)]),
        ([1, 2, 3, 1], [("twice", 1, 1)]),
        ([1, 3, 2], [("order", 1, 2)]),
        ([1, mark(2, "another"), 3], [("changed", 1, 2)]),
        ([1, 2, mark(2, "another"), 3], [("twice", 1, 2)]),
    ],
)
def test_an_inbox_must_hold_what_was_sent_once_in_order_and_nothing_else(kafka, found):
    assert compared(Topic(INBOX), [1, 2, 3], kafka) == found


def test_what_is_ahead_of_the_ledger_must_be_in_it_by_the_next_pass():
    topic = Topic(INBOX)

    assert compared(topic, [1], [1, 2, 3]) == []
    assert topic.has_more
    assert compared(topic, [2], [], in_pass=2) == [("unknown", 1, 3)]
    assert compared(topic, [4], [4], in_pass=3) == []


def test_a_record_that_was_compared_long_ago_and_comes_again_is_twice():
    topic = Topic(INBOX)
    compared(topic, [1, 2], [1, 2])

    assert compared(topic, [3], [2, 3], in_pass=2) == [("twice", 1, 2)]


def test_a_topic_that_moved_to_another_shard_is_compared_whichever_shard_comes_first():
    topic = Topic(INBOX)
    for number in (3, 4):
        topic.expect(mark(number), number)
    for number in (1, 2, 3, 4):
        topic.see(mark(number), 1)
    assert topic.settle() == []

    assert compared(topic, [1, 2], []) == []


def test_what_is_too_old_for_kafka_or_for_the_ledger_is_not_compared():
    assert compared(Topic(INBOX, begun=False), [1, 2, 3, 4], [3]) == [("missing", 1, 4)]
    assert compared(Topic(INBOX, begun=False), [3, 4], [1, 2, 3, 4]) == []
    assert compared(Topic(INBOX, begun=False), [1, 2], []) == []


@given(st.lists(st.sampled_from([1, 2, 3, 4, 5, 6]), max_size=9))
def test_kafka_differs_unless_it_is_exactly_what_was_sent(kafka):
    assert (compared(Topic(INBOX), [1, 2, 3, 4, 5, 6], kafka) == []) == (kafka == [*range(1, 7)])


def test_in_a_topic_of_the_record_what_is_there_once_more_is_unknown_at_the_next_pass():
    topic = Topic(RECORD)

    assert compared(topic, [1, 2], [1, 2, 2]) == []
    assert compared(topic, [], [], in_pass=2) == [("unknown", 1, 2)]


@pytest.mark.parametrize(
    ("outbox", "next_offset", "end", "read", "found"),
    [
        (Outbox("outbox.a", held=4), 4, 9, 4, []),
        (Outbox("outbox.a", held=4), 4, 9, 5, ["read"]),
        (Outbox("outbox.a", held=4), 10, 9, 4, ["position"]),
        (Outbox("outbox.a", begun=False, held=4), 9, 9, 77, []),
    ],
)
def test_an_outbox_holds_as_many_as_were_read(outbox, next_offset, end, read, found):
    assert [one.what for one in outbox.compare(next_offset, end, read)] == found


def test_a_position_never_goes_back():
    outbox = Outbox("outbox.a", place=7)

    assert outbox.goes_back(7) is None
    assert outbox.goes_back(6).what == "position"


def test_every_difference_says_whose_it_is_and_what_to_do():
    difference = Difference("missing", INBOX, "1 sent are not in Kafka", first=3)

    assert (difference.agency, Difference("cursor", "relay.cursor", "").agency) == (
        "la.E10000028",
        "",
    )
    assert difference.todo == ADVICE["missing"]
    assert str(difference) == f"{INBOX}: 1 sent are not in Kafka"
