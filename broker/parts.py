"""The parts of a running process, how each says how it is, and waiting for what they need."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import structlog

from broker.errors import Unavailable

TAKE_IN, RELAY, TIMEKEEPER, LEDGER = "take-in", "relay", "timekeeper", "ledger"
ACCOUNT = "account"
PARTS = (TAKE_IN, RELAY, TIMEKEEPER, ACCOUNT, LEDGER)

log = structlog.get_logger()


def relay_of(shard: int) -> str:
    """The name of the part that sends what is in one shard."""
    return f"{RELAY}-{shard}"


class State(StrEnum):
    """
    What a part is doing.

    `stuck` cannot end by itself. `hanging` has not moved for long: it ends when what it waits for
    comes back, and if that is there, not at all.
    """

    starting = "starting"
    working = "working"
    standby = "standby"
    waiting = "waiting"
    hanging = "hanging"
    stuck = "stuck"


@dataclass(frozen=True, slots=True)
class Condition:
    """How a part is, and if it is not well, why: in words that name no person."""

    state: State
    because: str = ""

    @property
    def ready(self) -> bool:
        return self.state in (State.working, State.standby)


Probe = Callable[[], Condition]


@dataclass(frozen=True, slots=True)
class Part:
    """
    Something that runs as long as its process does.

    `run` returns soon after the event is set; if it ends before, the process ends with it.
    """

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]
    condition: Probe


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the event is set."""
    # Not wait_for: before Python 3.12 it loses a cancellation that comes with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def wait_until_there(
    needs: Mapping[str, Callable[[], None]],
    stop: asyncio.Event,
    limit_seconds: float = 60,
    every_seconds: float = 5,
) -> None:
    """
    Return when each of these, by name, can be called without `Unavailable`, or when told to stop.

    Says every few seconds what it waits for; `Unavailable` when the limit has passed.
    """
    deadline = time.monotonic() + limit_seconds
    for name, need in needs.items():
        while not stop.is_set():
            try:
                await asyncio.to_thread(need)
                break
            except Unavailable as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Unavailable(f"{name} was not there within {limit_seconds:g} s") from error
                log.warning("waiting at start", of=name, because=str(error), seconds=round(left))
                await pause(stop, min(every_seconds, left))
