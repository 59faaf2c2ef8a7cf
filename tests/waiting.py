"""Waiting for a condition, with a limit: what a test does in place of sleeping."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

LIMIT_SECONDS = 60.0


async def until(
    true: Callable[[], Any], limit_seconds: float = LIMIT_SECONDS, every_seconds: float = 0.01
) -> None:
    """Return when it is true, looked at in the event loop; an `AssertionError` after the limit."""
    deadline = time.monotonic() + limit_seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(every_seconds)


async def until_asked(
    true: Callable[[], Any], limit_seconds: float = LIMIT_SECONDS, every_seconds: float = 0.05
) -> None:
    """The same for what asks a ledger or Kafka, and would hold up the event loop."""
    deadline = time.monotonic() + limit_seconds
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(every_seconds)
