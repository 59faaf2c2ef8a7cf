"""Nobody's flood crowds out another's message, and nobody's own messages change places."""

from collections import defaultdict

from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from consumers.fairness import Waiting

LOADS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 60), min_size=1)


@given(LOADS, st.integers(1, 20), st.integers(1, 50))
def test_every_record_is_decided_on_once_in_the_order_of_its_outbox(loads, share, most):
    waiting, taken = Waiting(flood(loads)), defaultdict(list)

    while waiting:
        for one in waiting.batch(share, most):
            taken[one.topic].append(one.offset)

    assert taken == {topic: list(range(count)) for topic, count in loads.items()}


@given(LOADS, st.integers(1, 20), st.integers(1, 50))
def test_no_batch_has_more_than_the_share_of_any_outbox_or_the_most_of_all(loads, share, most):
    waiting = Waiting(flood(loads))

    while waiting:
        batch = waiting.batch(share, most)
        assert 0 < len(batch) <= most
        assert all(sum(one.topic == topic for one in batch) <= share for topic in loads)


def test_whoever_has_the_fewest_waiting_is_in_the_first_batch():
    waiting = Waiting(flood({"a": 500, "b": 400, "c": 2}))

    assert [one.topic for one in waiting.batch(100, 102)] == ["c"] * 2 + ["b"] * 100


def test_what_waits_is_counted_over_all_outboxes():
    waiting = Waiting(flood({"a": 100, "b": 3}))
    waiting.batch(100, 50)

    assert len(waiting) == 53
    assert not Waiting()


def flood(loads):
    for topic, count in loads.items():
        for offset in range(count):
            yield ConsumerRecord(topic, 0, offset, 0, 0, None, b"", None, -1, 0, ())
