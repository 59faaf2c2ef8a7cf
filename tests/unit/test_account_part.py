"""The account as a part: what was away for a moment is not called away for a minute."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from broker.accounting import part
from broker.accounting.auditor import Auditor
from broker.errors import Unavailable
from broker.metrics import AccountFigures
from broker.parts import State
from tests.waiting import until

pytestmark = pytest.mark.anyio

NOTHING: Any = None


async def test_an_account_that_could_not_be_made_is_soon_tried_again(monkeypatch):
    found = SimpleNamespace(
        full=True, counts={}, deliveries=0, bytes=0, seconds=0.1, differences=()
    )
    tries: list[Exception | SimpleNamespace] = [found, Unavailable("Kafka is away")]
    monkeypatch.setattr(Auditor, "check", lambda *_: _raised(tries.pop() if tries else found))
    monkeypatch.setattr(part, "_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(part, "_AGAIN_SECONDS", 0.2)
    accounting = part.Accounting(NOTHING, NOTHING, AccountFigures(CollectorRegistry()))
    stop = asyncio.Event()
    running = asyncio.create_task(accounting.run(stop))

    await until(lambda: accounting.part.condition().state is State.waiting)
    await until(lambda: accounting.part.condition().state is State.working, limit_seconds=20)
    stop.set()
    await asyncio.wait_for(running, 5)


def _raised(what: Any) -> Any:
    if isinstance(what, Exception):
        raise what
    return what
