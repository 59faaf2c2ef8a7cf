"""Whether this process is alive and ready, for whoever restarts it and whoever looks."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from broker.ledger.engine import Ledger
from broker.parts import LEDGER, Condition, Probe, State

_LEDGER_SECONDS = 2.0
_STUCK_LOOKS, _HANGING_LOOKS = 3, 30


def asks(ledger: Ledger) -> Callable[[], None]:
    """A call that returns when the ledger answers, and raises `Unavailable` when it does not."""

    def ask() -> None:
        with ledger.reading() as connection:
            connection.execute(select(1))

    return ask


class Patience:
    """
    Says when a process has to be given up, from one look a second.

    A stuck part is given up soon. One that hangs gets half a minute more, and as long as it takes
    while the ledger, which it may be waiting for, does not answer. Looks are counted, not time: a
    process that was stopped for a while, and goes on, has hung for one look only.
    """

    def __init__(self) -> None:
        self._looks: dict[str, int] = {}

    def gives_up(self, found: Mapping[str, Condition], ledger_answers: bool) -> str | None:
        """The name of a part that will not go on by itself."""
        given_up = None
        for name, condition in found.items():
            hangs = condition.state is State.hanging and ledger_answers
            bad = condition.state is State.stuck or hangs
            self._looks[name] = self._looks.get(name, 0) + 1 if bad else 0
            most = _STUCK_LOOKS if condition.state is State.stuck else _HANGING_LOOKS
            if self._looks[name] >= most:
                given_up = name
        return given_up


class Health:
    """
    Asks each part, and the ledger, how they are.

    Ready: every part does its work or stands by, and the ledger answers. Alive: no part is stuck;
    Kafka or the ledger being away is no reason to restart, because that ends by itself.
    """

    def __init__(self, parts: Mapping[str, Probe], ledger: Callable[[], None]) -> None:
        self._parts = dict(parts)
        self._ledger = ledger
        self._asking: asyncio.Task[None] | None = None

    def conditions(self) -> dict[str, Condition]:
        """How the parts are, without asking anything outside this process."""
        return {name: probe() for name, probe in self._parts.items()}

    def alive(self) -> tuple[bool, dict[str, Any]]:
        found = self.conditions()
        return _summary(found, all(one.state is not State.stuck for one in found.values()))

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        found = self.conditions() | {LEDGER: await self._ask_ledger()}
        return _summary(found, all(one.ready for one in found.values()))

    async def until_given_up(self, every_seconds: float = 1.0) -> str:
        """Return the name of a part that will not go on by itself, once there is one."""
        patience = Patience()
        while True:
            await asyncio.sleep(every_seconds)
            found = self.conditions()
            hangs = any(one.state is State.hanging for one in found.values())
            answers = not hangs or (await self._ask_ledger()).ready
            if (name := patience.gives_up(found, answers)) is not None:
                return name

    async def _ask_ledger(self) -> Condition:
        """One question at a time: a ledger that hangs must not collect threads."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(asyncio.to_thread(self._ledger))
        try:
            await asyncio.wait_for(asyncio.shield(self._asking), _LEDGER_SECONDS)
        except TimeoutError:
            return Condition(State.waiting, "no answer yet")
        except Exception as error:
            return Condition(State.waiting, type(error).__name__)
        return Condition(State.working)


def _summary(found: Mapping[str, Condition], well: bool) -> tuple[bool, dict[str, Any]]:
    parts = {
        name: {"state": one.state.value} | ({"because": one.because} if one.because else {})
        for name, one in found.items()
    }
    return well, {"ok": well, "parts": parts}
