"""Fires what falls due, in one process at a time, and says how late it was."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import Connection, insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from broker.clock import Clock
from broker.decider import FIRED_AT_ONCE, Ticked
from broker.errors import Unavailable
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.metrics import Metrics
from broker.parts import TIMEKEEPER, Condition, Part, State, pause

LEASE = timedelta(seconds=6)  # as long as nothing fires after its holder was killed
LARGEST_DIFFERENCE = timedelta(seconds=2)
_RENEW_SECONDS = 2.0
_STANDBY_SECONDS = 0.5
_EVERY_SECONDS = 0.2
_AWAY_SECONDS = 1.0
_HANGS_SECONDS = 25.0

log = structlog.get_logger(part=TIMEKEEPER)


class Ticks(Protocol):
    """What the timekeeper needs of the decider."""

    def tick(self) -> Ticked: ...


class Lease:
    """
    One row of the ledger that one holder at a time has, by the ledger's own clock.

    It is not what keeps a step from firing twice, which the decider's transaction does: it only
    keeps two processes from doing the same work.
    """

    def __init__(self, ledger: Ledger, name: str, holder: str, length: timedelta = LEASE) -> None:
        self._ledger, self._name, self._holder, self._length = ledger, name, holder, length

    def take(self) -> bool:
        """Take it, or keep it: whether this holder has it now."""
        try:
            return self._take()
        except IntegrityError:  # another process made the row at the same moment
            return False

    def _take(self) -> bool:
        row = t.lease.c
        with self._ledger.writing() as connection:
            now = ledger_now(connection, self._ledger)
            mine = {"holder": self._holder, "until": now + self._length}
            free = or_(row.holder == self._holder, row.holder.is_(None), row.until < now)
            this = row.name == self._name
            if connection.execute(update(t.lease).where(this, free).values(mine)).rowcount:
                return True
            if connection.execute(select(row.name).where(this)).first():
                return False
            connection.execute(insert(t.lease).values(name=self._name, **mine))
            return True

    def give_back(self) -> None:
        """Let another holder take it at once."""
        row = t.lease.c
        mine = (row.name == self._name, row.holder == self._holder)
        with self._ledger.writing() as connection:
            connection.execute(update(t.lease).where(*mine).values(holder=None))

    def now(self) -> datetime:
        """The clock that leases go by."""
        with self._ledger.reading() as connection:
            return ledger_now(connection, self._ledger)


def ledger_now(connection: Connection, ledger: Ledger) -> datetime:
    """The time of the database; a file's is that of this machine."""
    if ledger.is_sqlite:
        return datetime.now(UTC)
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)


class Timekeeper:
    """
    Looks several times a second for what is due, while it holds the lease.

    `compared` is a clock to compare with the ledger's: while they differ by two seconds or more
    this process fires nothing and leaves the lease to others. None, as on SQLite or with a clock
    that is set by hand: nothing is compared.
    """

    def __init__(
        self,
        decider: Ticks,
        lease: Lease,
        metrics: Metrics,
        *,
        compared: Clock | None = None,
        wake: Callable[[], None] = lambda: None,
        every_seconds: float = _EVERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._decider, self._lease, self._metrics = decider, lease, metrics
        self._compared, self._wake = compared, wake
        self._every, self._monotonic = every_seconds, monotonic
        self._renew_seconds = _RENEW_SECONDS
        self._holds = False
        self._asked = float("-inf")
        self._busy_since: float | None = None
        self._trouble: str | None = "starting"

    @property
    def part(self) -> Part:
        return Part(TIMEKEEPER, self.run, self.condition)

    def condition(self) -> Condition:
        since = self._busy_since
        if since is not None and (still := self._monotonic() - since) > _HANGS_SECONDS:
            return Condition(State.hanging, f"one look has taken {still:.0f} s")
        if self._trouble == "starting":
            return Condition(State.starting)
        if self._trouble:
            return Condition(State.waiting, self._trouble)
        return Condition(State.working if self._holds else State.standby)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop, through every outage of the ledger; then hand over."""
        try:
            while not stop.is_set():
                await pause(stop, self._wait() if await self._look() else _AWAY_SECONDS)
        finally:
            await self._hand_over()

    def _wait(self) -> float:
        return self._every if self._holds else max(self._every, self._ask_again())

    def _ask_again(self) -> float:
        """A holder renews now and then; a standby asks often, as nothing fires meanwhile."""
        return self._renew_seconds if self._holds else min(_STANDBY_SECONDS, self._renew_seconds)

    async def _look(self) -> bool:
        """One look; False while the ledger is away."""
        self._busy_since = self._monotonic()
        try:
            await self._keep_lease()
            while self._holds and await self._fire():
                await self._keep_lease()
        except Unavailable as error:
            if self._trouble != str(error):
                log.warning("waiting", because=str(error))
            self._trouble = str(error)
            return False
        finally:
            self._busy_since = None
        return True

    async def _fire(self) -> bool:
        """Fire what is due; whether there may be more."""
        ticked = await asyncio.to_thread(self._decider.tick)
        self._metrics.lateness.set(ticked.lateness_seconds)
        self._metrics.fired.inc(ticked.fired)
        self._metrics.fire_failed.inc(ticked.failed)
        if ticked.failed:
            log.error("steps that could not fire were put off", failed=ticked.failed)
        if ticked.fired:
            log.info("fired", fired=ticked.fired, lateness_seconds=ticked.lateness_seconds)
            self._wake()
        return ticked.fired + ticked.failed >= FIRED_AT_ONCE

    async def _keep_lease(self) -> None:
        if self._monotonic() - self._asked < self._ask_again():
            return
        # Whatever goes wrong from here, this process no longer counts on the lease.
        held, self._holds = self._holds, False
        away = await self._clocks_differ()
        if away:
            if held:
                await asyncio.to_thread(self._lease.give_back)
        else:
            self._holds = await asyncio.to_thread(self._lease.take)
        self._asked = self._monotonic()
        self._trouble = away
        self._metrics.keeping_time.set(self._holds)
        if self._holds != held:
            log.info("fires what is due" if self._holds else "fires nothing any more")

    async def _clocks_differ(self) -> str | None:
        """Why this machine's clock cannot be used."""
        if self._compared is None:
            return None
        before = self._compared.now()
        theirs = await asyncio.to_thread(self._lease.now)
        ours = before + (self._compared.now() - before) / 2
        difference = ours - theirs
        differ = abs(difference) >= LARGEST_DIFFERENCE
        self._metrics.clock_difference.set(difference.total_seconds())
        self._metrics.standing_down.set(differ)
        if not differ:
            return None
        reason = "the clocks of this machine and of the ledger differ"
        if self._trouble != reason:
            seconds = round(difference.total_seconds(), 3)
            log.error("stands down", because=reason, difference_seconds=seconds)
        return reason

    async def _hand_over(self) -> None:
        if self._holds:
            self._holds = False
            self._metrics.keeping_time.set(0)
            try:
                await asyncio.to_thread(self._lease.give_back)
            except Unavailable as error:
                log.warning("could not hand over", because=str(error))
