"""A whole process: how it starts, answers, ends when told to, and ends when a part does."""

import asyncio
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from broker.connection import KafkaAccess
from broker.errors import Unavailable
from broker.local.process import free_ports
from broker.metrics import Metrics
from broker.parts import Condition, Part, State
from consumers.app import Application, application, serve
from consumers.take_in import TakeIn
from tests.fakes import FakeDecider

pytestmark = pytest.mark.anyio


class FakePart:
    """A part that runs until it is told to stop, or ends as the test wants it."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.state = State.working
        self.raises: Exception | None = None
        self.returns = asyncio.Event()
        self.stopped = False

    @property
    def part(self) -> Part:
        return Part("relay", self.run, lambda: Condition(self.state))

    async def run(self, stop: asyncio.Event) -> None:
        self.started.set()
        waits = [asyncio.create_task(event.wait()) for event in (stop, self.returns)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.raises:
            raise self.raises
        self.stopped = True


@pytest.fixture
def relay() -> FakePart:
    return FakePart()


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def app(relay) -> Application:
    return application(None, [relay.part], Metrics(CollectorRegistry()), there)


def there() -> None:
    """What is needed and is there."""


def away() -> None:
    raise Unavailable("Kafka at 127.0.0.1:1: Connection refused")


async def test_it_answers_health_and_metrics_and_ends_well_when_told_to(app, relay, port):
    async def look() -> None:
        await relay.started.wait()
        status, body = await fetch(port, "/readyz")
        assert status == 200
        assert json.loads(body)["parts"] == {
            "relay": {"state": "working"},
            "ledger": {"state": "working"},
        }
        assert (await fetch(port, "/livez"))[0] == 200
        assert 'homeward_part_ready{part="relay"} 1.0' in (await fetch(port, "/metrics"))[1]
        assert (await fetch(port, "/docs"))[0] == 404
        relay.state = State.stuck
        assert (await fetch(port, "/livez"))[0] == 503
        os.kill(os.getpid(), signal.SIGTERM)

    assert await both(serve(app, "127.0.0.1", port, {"Kafka": there}), look()) == 0
    assert relay.stopped


@pytest.mark.parametrize("raises", [None, ValueError("Jack Example")])
async def test_a_part_that_ends_ends_the_process(app, relay, port, raises):
    async def end() -> None:
        await relay.started.wait()
        relay.raises = raises
        relay.returns.set()

    with structlog.testing.capture_logs() as logs:
        assert await both(serve(app, "127.0.0.1", port, {}), end()) == 1

    [line] = [line for line in logs if line["log_level"] == "error"]
    assert (line["event"], line["part"]) == ("a part ended unexpectedly", "relay")


async def test_a_part_that_does_not_end_is_not_waited_for_long(port, monkeypatch):
    monkeypatch.setattr("consumers.app._STOP_SECONDS", 0.05)
    started = asyncio.Event()

    async def deaf(stop: asyncio.Event) -> None:
        started.set()
        await asyncio.Event().wait()

    part = Part("relay", deaf, lambda: Condition(State.working))
    app = application(None, [part], Metrics(CollectorRegistry()), there)

    async def end() -> None:
        await started.wait()
        os.kill(os.getpid(), signal.SIGINT)

    began = time.monotonic()
    assert await both(serve(app, "127.0.0.1", port, {}), end()) == 0
    assert time.monotonic() - began < 5


async def test_what_is_away_at_the_start_is_waited_for_and_named_up_to_a_limit(app, relay, port):
    with structlog.testing.capture_logs() as logs:
        code = await serve(app, "127.0.0.1", port, {"Kafka": away}, limit_seconds=0.05)

    assert code == 1
    assert not relay.started.is_set()
    assert [line["event"] for line in logs] == ["waiting at start", "gave up at start"]
    assert logs[0]["of"] == "Kafka"
    assert logs[1]["because"] == "Kafka was not there within 0.05 s"


async def test_what_comes_while_it_is_waited_for_is_used(app, relay, port):
    tries: list[int] = []

    def comes() -> None:
        tries.append(1)
        if len(tries) < 2:
            raise Unavailable("not yet")

    async def end() -> None:
        await relay.started.wait()
        os.kill(os.getpid(), signal.SIGTERM)

    assert await both(serve(app, "127.0.0.1", port, {"the ledger": comes}), end()) == 0
    assert len(tries) == 2


async def test_waiting_at_the_start_can_be_broken_off(app, port):
    asked = threading.Event()

    def still_away() -> None:
        asked.set()
        away()

    async def end() -> None:
        await asyncio.to_thread(asked.wait, 10)
        os.kill(os.getpid(), signal.SIGTERM)

    assert await both(serve(app, "127.0.0.1", port, {"Kafka": still_away}), end()) == 0


async def test_a_port_that_is_taken_ends_the_process(app, port):
    async def nothing(reader: Any, writer: Any) -> None:
        writer.close()

    taken = await asyncio.start_server(nothing, "127.0.0.1", port)
    async with taken:
        assert await serve(app, "127.0.0.1", port, {}) == 1


async def test_kafka_going_away_between_the_wait_and_the_start_ends_the_process(port):
    access = KafkaAccess(f"127.0.0.1:{port}", "u", None, security_protocol="PLAINTEXT")
    metrics = Metrics(CollectorRegistry())
    take_in = TakeIn(access, FakeDecider(), metrics, topic_ids=lambda names: {})
    app = application(take_in, [], metrics, there)

    code = await asyncio.wait_for(serve(app, "127.0.0.1", free_ports(1)[0], {}), 20)

    assert code == 1


async def both(serving: Awaitable[int], other: Awaitable[None]) -> int:
    code, _ = await asyncio.wait_for(asyncio.gather(serving, other), 30)
    return code


async def fetch(port: int, path: str) -> tuple[int, str]:
    return await asyncio.to_thread(_fetch, port, path)


def _fetch(port: int, path: str, limit_seconds: float = 10) -> tuple[int, str]:
    deadline = time.monotonic() + limit_seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
