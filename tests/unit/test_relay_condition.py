"""A relay that hangs says so, and one that stands by does not; no server is needed."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest

from broker.clock import SystemClock
from broker.connection import KafkaAccess
from broker.parts import State
from producers.relay import Relay
from tests.waiting import until

pytestmark = pytest.mark.anyio


class FakeStamping:
    """A shard that somebody else holds, in a ledger that may hang."""

    shard, lease = 0, timedelta(seconds=0.1)

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.asked = self.released = 0

    def hold(self) -> bool:
        self.asked += 1
        self.answers.wait(10)
        return False

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def stamping() -> FakeStamping:
    return FakeStamping()


@pytest.fixture
def relay(stamping: Any, monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr("producers.relay._HANGS_SECONDS", 0.2)
    access = KafkaAccess("127.0.0.1:1", "u", None, security_protocol="PLAINTEXT")
    return Relay(access, stamping, lambda child, agency: "", SystemClock(), None)  # type: ignore


async def test_a_standby_with_nothing_to_do_is_ready_however_long_it_waits(relay, stamping):
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    seen = set()

    def long_enough() -> bool:
        seen.add(relay.condition().state)
        return stamping.asked > 50

    await until(long_enough)
    stop.set()
    await asyncio.wait_for(running, 5)

    assert seen <= {State.starting, State.standby}
    assert stamping.released == 1


async def test_a_relay_that_hangs_says_so_until_it_goes_on(relay, stamping):
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    await until(lambda: relay.condition().state is State.standby)
    stamping.answers.clear()

    await until(lambda: relay.condition().state is State.hanging)
    assert not relay.condition().ready
    stamping.answers.set()
    await until(lambda: relay.condition().state is State.standby)

    stop.set()
    await asyncio.wait_for(running, 5)
