"""The account all day: a pass every minute, in a part of its own, shown as metrics."""

import asyncio
import threading
import time

import structlog

from broker.accounting.auditor import Auditor, Checked
from broker.accounting.differences import Difference
from broker.accounting.kafka import Stopped
from broker.connection import KafkaAccess
from broker.errors import HomewardError
from broker.ledger.engine import Ledger
from broker.metrics import AccountFigures
from broker.parts import ACCOUNT, Condition, Part, State, pause

EVERY_SECONDS = 60.0
FULL_EVERY_SECONDS = 6 * 3600.0
_FIRST_SECONDS = 5.0  # the other parts start first
_AGAIN_SECONDS = 5.0  # what was away is not called away for long after it came back
_LISTED = 20  # differences that a log names; `homeward account` names all

log = structlog.get_logger(part=ACCOUNT)


class Accounting:
    """
    Compares ledger and Kafka every so often, by what came since; everything every few hours.

    What is away is waited for. A difference ends nothing: it is shown, logged once, and rings.
    """

    def __init__(
        self,
        access: KafkaAccess,
        ledger: Ledger,
        figures: AccountFigures,
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._stopping = threading.Event()
        self._auditor = Auditor(access, ledger, self._stopping.is_set)
        self._figures, self._every = figures, every_seconds
        self._full_at = float("-inf")
        self._said: frozenset[Difference] = frozenset()
        # To wait for the first pass would keep a start waiting for all that Kafka holds.
        self._condition = Condition(State.working)

    @property
    def part(self) -> Part:
        return Part(ACCOUNT, self.run, lambda: self._condition)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; a pass that runs is broken off then."""
        breaking = asyncio.create_task(self._break_off(stop))
        try:
            await pause(stop, min(_FIRST_SECONDS, self._every))
            while not stop.is_set():
                await self._look()
                again = self._every if self._condition.ready else _AGAIN_SECONDS
                await pause(stop, min(again, self._every))
        finally:
            self._stopping.set()
            breaking.cancel()

    async def _break_off(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping.set()

    async def _look(self) -> None:
        now = time.monotonic()
        full = now - self._full_at >= FULL_EVERY_SECONDS
        try:
            found = await asyncio.to_thread(self._auditor.check, full)
        except Stopped:
            return
        except Exception as error:  # it only looks: no trouble of its own may end a process
            because = str(error) if isinstance(error, HomewardError) else type(error).__name__
            if self._condition.because != because:
                log.warning("the account cannot be made", because=because, exc_info=error)
            self._condition = Condition(State.waiting, because)
            return
        if found.full:
            self._full_at = now
        self._figures.checked(found.counts, found.deliveries, found.bytes, found.seconds)
        self._condition = Condition(State.working)
        self._say(found)

    def _say(self, found: Checked) -> None:
        new = [one for one in found.differences if one not in self._said]
        self._said = frozenset(found.differences)
        for one in new[:_LISTED]:
            fields = {"topic": one.topic, "code": one.what, "count": one.count}
            log.error("ledger and Kafka differ", **fields, because=one.words)
        if len(new) > _LISTED:
            log.error("ledger and Kafka differ in more places", count=len(new) - _LISTED)
