"""
A whole Homeward in a process of its own, to be killed at a chosen step.

    python -m tests.chaos.victim HOME KAFKA LEDGER BEGAN

Every line read is `{"step", "count", "delay", "ends"}`: a Homeward is forked off, whose process id
is printed, and how it ended once it has. It is killed so long after it came to that step so many
times. It is wired as `homeward run` wires it: what the steps need is put round it from outside.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from sqlalchemy import Connection

import broker.ledger.stamping as stamping
import broker.timekeeper as timekeeper
import consumers.take_in as take_in
import producers.relay as relay
from broker import logs
from broker.__main__ import System
from broker.decider import Decider, Outcome, Ticked
from broker.ledger.engine import Ledger
from broker.policy.load import shipped
from broker.settings import Settings
from consumers.app import Application
from schemas.codec import encode
from tests.examples import THURSDAY_NOON, notification

SPEED = 60  # a minute of duties in a second

START = "start"
TAKE_IN_STEPS = (
    "handed over",
    "deciding",
    "written",
    "decided",
    "bookmarking",
    "bookmarked",
)
TIMEKEEPER_STEPS = ("steps written", "steps fired")
RELAY_STEPS = (
    "started",
    "caught up",
    "stamping",
    "stamped",
    "begun",
    "half queued",
    "queued",
    "sent",
    "committed",
    "confirmed",
)
ONCE_A_LIFE = (START, "started", "caught up")

_QUICK = take_in.Tuning(
    session_timeout_ms=1_500, heartbeat_interval_ms=300, metadata_max_age_ms=2_000
)
_under: ContextVar[str] = ContextVar("under", default="writing")

Step = Callable[[str], None]


class FastClock:
    """A clock that began at a working day's noon and runs fast, until it is told to stand."""

    def __init__(self, began: datetime, ends: datetime | None = None) -> None:
        self._began, self._ends = began, ends

    def now(self) -> datetime:
        real = datetime.now(UTC)
        return THURSDAY_NOON + (min(real, self._ends or real) - self._began) * SPEED


def main(home: str, kafka: str, ledger: str, began: str) -> None:
    settings = Settings(home=Path(home), kafka=kafka, ledger=ledger)
    shipped()
    encode(notification())  # whoever is forked off has read its policy and schemas
    logs.set_up()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(_lived(settings, datetime.fromisoformat(began), json.loads(line)))
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _lived(settings: Settings, began: datetime, order: dict[str, Any]) -> int:
    """The exit code; nothing may be raised into the loop of the process it was forked from."""
    try:
        asyncio.run(_live(settings, began, **order))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


async def _live(
    settings: Settings,
    began: datetime,
    step: str = "",
    count: int = 1,
    delay: float = 0,
    ends: str | None = None,
) -> None:
    come_to = _fate(step, count, delay)
    _rig(come_to)
    clock = FastClock(began, datetime.fromisoformat(ends) if ends else None)
    system = System(settings, clock=clock)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, system.stop.set)
    come_to(START)
    async with system:
        await system.wait()


def _fate(step: str, count: int, delay: float) -> Step:
    left = count

    def end() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def come_to(where: str) -> None:
        nonlocal left
        left -= where == step
        if where == step and left == 0:
            if delay:
                threading.Timer(delay, end).start()
            else:
                end()

    return come_to


def _rig(come_to: Step) -> None:
    """Put steps round what the wiring takes, and leases and sessions that end soon."""
    _rig_take_in(come_to)
    _rig_ledger(come_to)
    # What names these classes in its annotations must have been loaded with the real ones.
    assert Application.__module__ in sys.modules
    changes: Any = {
        (relay, "Relay"): partial(relay.Relay, step=come_to),
        (take_in, "TakeIn"): partial(take_in.TakeIn, tuning=_QUICK),
        (stamping, "Stamping"): partial(stamping.Stamping, lease=timedelta(seconds=1)),
        (timekeeper, "Lease"): partial(timekeeper.Lease, length=timedelta(seconds=4)),
    }
    for (module, name), changed in changes.items():
        setattr(module, name, changed)


def _rig_take_in(come_to: Step) -> None:
    take, commit = take_in.TakeIn.take, AIOKafkaConsumer.commit

    @wraps(take)
    async def handed_over(self: Any, records: Any) -> None:
        come_to("handed over")
        await take(self, records)

    async def bookmark(self: Any, *given: Any, **named: Any) -> None:
        come_to("bookmarking")
        await commit(self, *given, **named)
        come_to("bookmarked")

    take_in.TakeIn.take = handed_over  # type: ignore[method-assign]
    AIOKafkaConsumer.commit = bookmark


def _rig_ledger(come_to: Step) -> None:
    take, tick, deciding = Decider.take, Decider.tick, Ledger.deciding

    def taking(self: Decider, records: Any) -> Outcome:
        come_to("deciding")
        with _doing("written"):
            outcome = take(self, records)
        come_to("decided")
        return outcome

    def ticking(self: Decider) -> Ticked:
        with _doing("steps written"):
            ticked = tick(self)
        if ticked.fired:
            come_to("steps fired")
        return ticked

    @contextmanager
    def writing(self: Ledger) -> Iterator[Connection]:
        with deciding(self) as connection:
            before = _changes(connection)
            yield connection
            if _changes(connection) != before:
                come_to(_under.get())

    Decider.take, Decider.tick = taking, ticking  # type: ignore[method-assign]
    Ledger.deciding = writing  # type: ignore[method-assign]


@contextmanager
def _doing(what: str) -> Iterator[None]:
    token = _under.set(what)
    try:
        yield
    finally:
        _under.reset(token)


def _changes(connection: Connection) -> int:
    """Something that differs once a transaction has written."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        return int(driver.total_changes)
    found = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
    return int(found.scalar_one())


if __name__ == "__main__":
    main(*sys.argv[1:])
