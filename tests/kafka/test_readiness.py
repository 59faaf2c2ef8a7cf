"""A reader that no longer reads, on a real Kafka: it says so, and its process ends."""

import asyncio
import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from broker.connection import TAKE_IN
from broker.local.process import free_ports
from broker.metrics import Metrics
from broker.parts import State
from broker.provision import outbox
from consumers.app import application, serve
from consumers.take_in import TakeIn, Tuning
from tests.fakes import FakeDecider
from tests.kafka.test_take_in import group, new_agency, write
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]

__all__ = ["group"]  # a fixture


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.watch._EVERY_SECONDS", 0.3)
    monkeypatch.setattr("consumers.watch._PATIENCE_SECONDS", 3.0)
    monkeypatch.setattr("broker.health._HANGING_LOOKS", 3)


def stops_fetching(consumer: Any) -> None:
    """As aiokafka was seen to do: everything lives, and nothing is fetched."""
    consumer._fetcher._fetch_task.cancel()
    for asked in consumer._fetcher._pending_tasks:
        asked.cancel()


def is_forgotten(consumer: Any) -> None:
    """It goes on reading, while the group has given what it reads to others."""

    async def sends_no_heartbeat() -> bool:
        return True

    consumer._coordinator._do_heartbeat = sends_no_heartbeat


@pytest.mark.parametrize(
    ("trouble", "because"),
    [
        # Other tests' agencies may have written to theirs too.
        (stops_fetching, r"records wait in \d+ outboxes and are not read"),
        (is_forgotten, "Kafka does not count this process among the readers any more"),
    ],
)
async def test_a_reader_that_is_stuck_says_so_and_ends_its_process(kafka, group, trouble, because):
    agency, decider, port = new_agency(kafka), FakeDecider(), free_ports(1)[0]
    topic = outbox(agency.username)
    tuning = Tuning(group=group, session_timeout_ms=2_000, heartbeat_interval_ms=200)
    take_in = TakeIn(kafka.access(TAKE_IN), decider, Metrics(CollectorRegistry()), tuning=tuning)
    app = application(take_in, [], Metrics(CollectorRegistry()), lambda: None)
    with capture_logs() as logs:
        serving = asyncio.create_task(serve(app, "127.0.0.1", port, {}))
        await write(agency, [b"one"])
        await until(lambda: decider.values(topic) == [b"one"])
        await until(lambda: take_in.condition().state is State.working)

        trouble(take_in.subscriber.consumer)
        await write(agency, [b"two"])
        await until(lambda: take_in.condition().state is State.hanging)
        status, said = await asyncio.to_thread(ready, port)
        code = await asyncio.wait_for(serving, 20)

    part = said["parts"]["take-in"]
    assert (status, part["state"]) == (503, "hanging")
    assert re.fullmatch(because, part["because"])
    assert code == 1
    [line] = [one for one in logs if one["log_level"] == "error" and "ends" in one["event"]]
    assert line["part"] == "take-in"
    assert re.fullmatch(because, line["because"])


async def test_a_reader_whose_place_in_the_group_is_lost_to_a_bug_joins_again(kafka, group):
    agency, decider = new_agency(kafka), FakeDecider()
    topic = outbox(agency.username)
    take_in = TakeIn(
        kafka.access(TAKE_IN),
        decider,
        Metrics(CollectorRegistry()),
        tuning=Tuning(group=group, session_timeout_ms=2_000, heartbeat_interval_ms=200),
    )
    await write(agency, [b"one"])
    stop = asyncio.Event()
    await take_in.kafka.start()
    watching = asyncio.create_task(take_in.watch(stop))
    await until(lambda: decider.values(topic) == [b"one"])

    consumer = take_in.subscriber.consumer
    dies_of_an_assertion(consumer)
    await until(lambda: take_in.subscriber.consumer not in (None, consumer))
    await write(agency, [b"two"])
    await until(lambda: decider.values(topic) == [b"one", b"two"])
    await until(lambda: take_in.condition().state is State.working)

    stop.set()
    await watching
    await take_in.stop()
    await take_in.kafka.stop()


def dies_of_an_assertion(consumer: Any) -> None:
    """As was seen after Kafka had been away: the task that keeps the place in the group is dead."""

    async def fails(assignment: Any) -> None:
        raise AssertionError

    consumer._coordinator._maybe_do_autocommit = fails
    consumer._coordinator.coordinator_dead()  # it looks for the coordinator again, and fails


async def test_a_reader_that_waits_for_its_turn_or_for_records_is_left_alone(kafka, group):
    agency, decider = new_agency(kafka), FakeDecider()
    first, second = (
        TakeIn(
            kafka.access(TAKE_IN),
            decider,
            Metrics(CollectorRegistry()),
            tuning=Tuning(group=group, metadata_max_age_ms=1_000),
        )
        for _ in range(2)
    )
    await write(agency, [b"one"])
    stop, seen = asyncio.Event(), set()
    looks = []

    def conditions() -> bool:
        looks.append(1)
        seen.update(each.condition().state for each in (first, second))
        return len(looks) > 200

    await first.kafka.start()
    await second.kafka.start()
    watching = [asyncio.create_task(each.watch(stop)) for each in (first, second)]
    await until(lambda: all(each.condition().ready for each in (first, second)))
    await until(conditions)
    stop.set()
    await asyncio.gather(*watching)
    for each in (first, second):
        await each.stop()
        await each.kafka.stop()

    assert seen <= {State.working, State.standby}


def ready(port: int) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
