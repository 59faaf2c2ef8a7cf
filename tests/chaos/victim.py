"""
Parts of Homeward, each in a process of its own, to be killed at a chosen step.

    python -m tests.chaos.victim HOME KAFKA LEDGER BEGAN

Every line read is an order, such as `{"parts", "kafka", "step", "count", "delay", "ends"}`: so much
of Homeward is forked off a process that has loaded the code already. Printed are `started PID`,
`ready PID` and `ended PID CODE`. It is killed so long after it came to that step so many times. It
is wired as `homeward run` wires it: what the steps need is put round it from outside.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from typing import Any

import alembic.command  # noqa: F401  # loaded before the fork, as all that a start needs
import confluent_kafka.admin  # noqa: F401
from aiokafka import AIOKafkaConsumer
from sqlalchemy import Connection

import broker.decider
import broker.ledger.stamping as stamping
import broker.timekeeper as timekeeper
import consumers.take_in as take_in
import producers.relay as relay
from broker import logs
from broker.__main__ import _THREADS, System
from broker.clock import SystemClock
from broker.decider import Decider, Outcome, Ticked
from broker.last_resort import LastResort
from broker.ledger.engine import Ledger
from broker.policy.load import shipped
from broker.settings import Settings
from consumers.app import Application
from schemas.codec import encode
from tests.examples import THURSDAY_NOON, notification

SPEED = 60  # a minute of duties in a second
POISON = "poison"  # in the reference of an absence: what decides on it fails

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
STEPS = {"take-in": TAKE_IN_STEPS, "relay": RELAY_STEPS, "timekeeper": TIMEKEEPER_STEPS}

_under: ContextVar[str] = ContextVar("under", default="writing")

Step = Callable[[str], None]


class FastClock:
    """
    A clock that began at a working day's noon and runs fast, until it is told to stand.

    `wrong` is how far it is off, as the clock of a machine may be.
    """

    def __init__(
        self, began: datetime, ends: datetime | None = None, wrong: timedelta = timedelta(0)
    ) -> None:
        self._began, self._ends, self._wrong = began, ends, wrong

    def now(self) -> datetime:
        real = datetime.now(UTC)
        return THURSDAY_NOON + self._wrong + (min(real, self._ends or real) - self._began) * SPEED


class _WrongClock(SystemClock):
    def __init__(self, wrong: timedelta) -> None:
        self._wrong = wrong

    def now(self) -> datetime:
        return super().now() + self._wrong


def main(home: str, kafka: str, ledger: str, began: str) -> None:
    settings = Settings(home=Path(home), kafka=kafka, ledger=ledger)
    shipped()
    encode(notification())  # whoever is forked off has read its policy and schemas
    logs.set_up()
    signal.signal(signal.SIGCHLD, _reap)
    for line in sys.stdin:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            os._exit(_lived(settings, datetime.fromisoformat(began), json.loads(line)))
        _say(f"started {pid}")
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # whole, from whichever process


def _reap(*_: Any) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say(f"ended {pid} {os.waitstatus_to_exitcode(status)}")


def _lived(settings: Settings, began: datetime, order: dict[str, Any]) -> int:
    """The exit code; nothing may be raised into the loop of the process it was forked from."""
    try:
        return asyncio.run(_live(settings, began, **order))
    except BaseException:
        traceback.print_exc()
        return 1


async def _live(
    settings: Settings,
    began: datetime,
    step: str = "",
    count: int = 1,
    delay: float = 0,
    ends: str | None = None,
    parts: list[str] | None = None,
    wrong_seconds: float = 0,
    hurry: float = 1,
    **where: str,
) -> int:
    come_to = _fate(step, count, delay)
    wrong = timedelta(seconds=wrong_seconds)
    _rig(come_to, wrong)
    if hurry:
        _hurry(hurry)
    clock = FastClock(began, datetime.fromisoformat(ends) if ends else None, wrong)
    some: Any = {"parts": parts} if parts else {}
    here = Settings.model_validate(settings.model_dump() | where)
    system = System(here, clock=clock, **some)
    loop, last_resort = asyncio.get_running_loop(), LastResort()

    def stop() -> None:
        last_resort.ends()
        system.stop.set()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    come_to(START)
    last_resort.start()
    try:
        async with system:
            _say(f"ready {os.getpid()}")
            # Told to end while it started, it has nothing to wait for.
            return 0 if system.stop.is_set() else await system.wait()
    finally:
        last_resort.release()


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


def _rig(come_to: Step, wrong: timedelta) -> None:
    """Put steps round what the wiring takes, and tell of steps that a wrong clock fired."""
    _rig_take_in(come_to)
    _rig_ledger(come_to, wrong)
    # What names these classes in its annotations must have been loaded with the real ones.
    assert Application.__module__ in sys.modules
    compared = _WrongClock(wrong) if wrong else None
    keeper = timekeeper.Timekeeper

    def timekeeping(*given: Any, **named: Any) -> Any:
        # A clock that runs fast is not compared with the ledger's; one that is wrong is.
        return keeper(*given, **(named | {"compared": compared}))

    relay.Relay = partial(relay.Relay, step=come_to)  # type: ignore
    timekeeper.Timekeeper = timekeeping  # type: ignore


def _hurry(seconds: float) -> None:
    """Leases and sessions that end about so soon; without it they are those of production."""
    tuning = take_in.Tuning(
        session_timeout_ms=round(1_500 * seconds),
        heartbeat_interval_ms=300,
        metadata_max_age_ms=2_000,
    )
    changes: Any = {
        (take_in, "TakeIn"): partial(take_in.TakeIn, tuning=tuning),
        (stamping, "Stamping"): partial(stamping.Stamping, lease=timedelta(seconds=seconds)),
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


def _rig_ledger(come_to: Step, wrong: timedelta) -> None:
    take, tick, deciding = Decider.take, Decider.tick, Ledger.deciding
    fold = broker.decider.fold

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
            if wrong:
                _say(f"fired {os.getpid()} {ticked.fired}")  # by a clock that is wrong
            come_to("steps fired")
        return ticked

    def folding(message: Any, *given: Any) -> None:
        if POISON in (getattr(message, "episode", None) or ""):
            raise ZeroDivisionError(POISON)
        fold(message, *given)

    @contextmanager
    def writing(self: Ledger) -> Iterator[Connection]:
        with deciding(self) as connection:
            before = _changes(connection)
            yield connection
            if _changes(connection) != before:
                come_to(_under.get())

    Decider.take, Decider.tick = taking, ticking  # type: ignore[method-assign]
    broker.decider.fold = folding
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
