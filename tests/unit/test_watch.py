"""A reader that is stuck is told from one that has nothing to do, or no time."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition

from broker.errors import Unavailable
from broker.parts import State
from consumers import watch as module
from consumers.watch import Busy, Stillness, Watch
from tests.waiting import until

pytestmark = pytest.mark.anyio

A, B = TopicPartition("outbox.la.A", 0), TopicPartition("outbox.la.B", 0)


def noted(*looks: tuple[float, dict[TopicPartition, int], dict[str, int]]) -> Stillness:
    still = Stillness()
    for idle, places, ends in looks:
        still.note(idle, places, ends, is_member=True)
    return still


def test_records_that_wait_while_nothing_is_done_are_trouble():
    still = noted((0, {A: 3, B: 1}, {A.topic: 5, B.topic: 1}), (5, {A: 3, B: 1}, {A.topic: 9}))

    assert still.trouble(15) == ""
    assert still.trouble(16) == "records wait in 1 outboxes and are not read"


def test_an_outbox_that_is_read_slowly_is_no_trouble():
    still = noted((0, {A: 3}, {A.topic: 90}), (10, {A: 4}, {A.topic: 95}))

    assert still.trouble(16) == ""


def test_an_outbox_that_was_read_to_its_end_is_no_trouble():
    still = noted((0, {A: 3}, {A.topic: 4}), (10, {A: 4}, {A.topic: 4}))

    assert still.trouble(100) == ""


def test_an_outbox_that_went_to_another_process_is_no_trouble_here():
    still = noted((0, {A: 3}, {A.topic: 4}), (10, {}, {}))

    assert still.trouble(100) == ""


def test_a_reader_that_the_group_has_forgotten_is_trouble():
    still = Stillness()
    still.note(0, {}, {}, is_member=True)
    still.note(5, {}, {}, is_member=False)
    still.note(10, {}, {}, is_member=False)

    assert still.trouble(20) == ""
    assert "among the readers" in still.trouble(21)
    still.note(22, {}, {}, is_member=True)
    assert still.trouble(100) == ""


def test_time_that_goes_into_deciding_is_not_idle(monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    busy = Busy()
    before = busy.idle()
    now = 103.0
    busy.begins()
    now = 110.0

    assert (busy.idle() - before, busy.seconds) == (3, 7)
    busy.ends()
    now = 111.0
    assert (busy.idle() - before, busy.seconds) == (4, 0)


class FakeKafka:
    """Says what it is told to, or nothing."""

    away = False
    asked = 0

    def ends(self, topics: Any) -> dict[str, int]:
        self.asked += 1
        if self.away:
            raise Unavailable("Kafka at 127.0.0.1:1: Connection refused")
        return dict.fromkeys(topics, 9)

    def members(self, group: str) -> set[str]:
        return {"me"}


class FakeConsumer:
    """Reads nothing, whatever there is."""

    class _coordinator:  # as aiokafka calls it
        member_id = "me"

    def subscription(self) -> frozenset[str]:
        return frozenset({A.topic})

    async def position(self, partition: TopicPartition) -> int:
        return 3


async def test_while_kafka_does_not_say_nothing_is_concluded(monkeypatch):
    monkeypatch.setattr(module, "_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.1)
    kafka, stop, consumer = FakeKafka(), asyncio.Event(), FakeConsumer()
    watch = Watch(kafka, "take-in", Busy())
    running = asyncio.create_task(watch.run(stop, lambda: consumer, lambda: [A]))

    await until(lambda: watch.condition() is not None)
    assert watch.condition().state is State.hanging
    kafka.away = True
    await until(lambda: watch.condition() is None)
    asked = kafka.asked
    await until(lambda: kafka.asked > asked + 20)
    assert watch.condition() is None
    stop.set()
    await asyncio.wait_for(running, 5)
