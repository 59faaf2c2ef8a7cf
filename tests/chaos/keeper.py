"""Starts parts of Homeward as processes, and starts again whichever ended."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.windows import Windows

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0  # within which a part that is told to end must have ended, or was cut off
_AGAIN_SECONDS = 0.2


class Process:
    """One forked process: whether it is ready, and how it ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.is_ready, self.ended = asyncio.Event(), asyncio.Event()
        self.code = 0  # as it ended: the negative signal, or its exit code
        self.killed = False

    def kill(self) -> None:
        """From outside, as nobody had asked it to end."""
        self.killed = True
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        if not self.ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def end(self, limit_seconds: float) -> int | None:
        """How it ended; None when it did not in time, and had to be killed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), limit_seconds)
            return self.code
        self.signal(signal.SIGKILL)
        await self.ended.wait()
        return None


class Mother:
    """The process that has loaded the code, and from which all others are forked."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._log = log.open("w")
        self.log = log
        self._loop = asyncio.get_running_loop()
        self._processes: dict[int, Process] = {}
        self._started: asyncio.Queue[Process] = asyncio.Queue()
        self._one_at_a_time = asyncio.Lock()
        self.fired_wrongly = 0
        self._mother = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.victim", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    async def start(self, **order: Any) -> Process:
        async with self._one_at_a_time:
            assert self._mother.stdin
            print(json.dumps(order), file=self._mother.stdin, flush=True)
            return await asyncio.wait_for(self._started.get(), _START_SECONDS)

    def close(self) -> None:
        """End what is left, and the mother."""
        for each in self._processes.values():
            each.signal(signal.SIGKILL)
        try:
            self._mother.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._mother.kill()
            self._mother.wait()
        self._log.close()

    def _listen(self) -> None:
        assert self._mother.stdout
        with suppress(ValueError):  # closed at the end
            for line in self._mother.stdout:
                with suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self._heard, *line.split())

    def _heard(self, what: str, pid: str, number: str = "0") -> None:
        process = self._processes.setdefault(int(pid), Process(int(pid)))
        if what == "started":
            self._started.put_nowait(process)
        elif what == "ready":
            process.is_ready.set()
        elif what == "fired":
            self.fired_wrongly += int(number)
        elif what == "ended":
            process.code = int(number)
            process.ended.set()
            del self._processes[int(pid)]


@contextmanager
def mother(arguments: list[str], log: Path) -> Iterator[Mother]:
    started = Mother(arguments, log)
    try:
        yield started
    finally:
        started.close()


@dataclass(eq=False)
class Slot:
    """One part on one machine, whichever process is it now."""

    part: str
    machine: str
    process: Process | None = None
    wrong_seconds: float = 0

    @property
    def name(self) -> str:
        return f"{self.part} {self.machine}"

    @property
    def is_ready(self) -> bool:
        process = self.process
        return process is not None and process.is_ready.is_set() and not process.ended.is_set()


class Keeper:
    """
    Keeps one process of each part on each machine running.

    `fate` may give each new process a step to be killed at; `where` says what differs by machine;
    with `hurry` leases and sessions end after about so many seconds.
    """

    def __init__(
        self,
        mother: Mother,
        slots: list[Slot],
        where: Callable[[str], dict[str, str]],
        windows: Windows,
        fate: Callable[[Slot], dict[str, Any]],
        hurry: float = 0,
    ) -> None:
        self._mother, self.slots, self._where = mother, slots, where
        self._windows, self._fate, self._hurry = windows, fate, hurry
        self.killed_at: Counter[str] = Counter()
        self.ended_by_themselves = 0
        self.cut_off = 0
        self.failed: list[str] = []
        self._ends_at: str | None = None
        self._keeping: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self, ends_at: str | None = None) -> None:
        """Begin to keep all slots; with `ends_at` by a clock that stands, and without any fate."""
        self._ends_at, self._stopping = ends_at, False
        self._keeping = [asyncio.create_task(self._keep(slot)) for slot in self.slots]

    async def ready(self, limit_seconds: float = _START_SECONDS) -> None:
        await asyncio.gather(*(self._until_ready(slot, limit_seconds) for slot in self.slots))

    async def replace(self, slot: Slot) -> None:
        """Ask a process to end, as an upgrade does, and wait until its successor is ready."""
        self.cut_off += bool(await self._ask_to_end(slot))
        with suppress(TimeoutError):
            await self._until_ready(slot, _START_SECONDS)

    async def _until_ready(self, slot: Slot, limit_seconds: float) -> None:
        async with asyncio.timeout(limit_seconds):
            while not slot.is_ready:  # noqa: ASYNC110  # one process follows another
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End all of them in good order, which must be possible while nothing is broken."""
        self._stopping = True
        ended = await asyncio.gather(*(self._ask_to_end(slot) for slot in self.slots))
        await asyncio.wait(self._keeping)
        for slot, wrong in zip(self.slots, ended, strict=True):
            if wrong:
                self.failed.append(f"{slot.name} was told to end: {wrong}")

    async def _ask_to_end(self, slot: Slot) -> str:
        """What was wrong with how it ended, if anything."""
        process = slot.process
        if process is None or process.ended.is_set():
            return ""
        limit = _STOP_SECONDS if process.is_ready.is_set() else _START_SECONDS
        process.signal(signal.SIGTERM)
        code = await process.end(limit)
        if code is None:
            return "it had to be killed"
        self.cut_off += code > 0
        return ""

    async def _keep(self, slot: Slot) -> None:
        while not self._stopping:
            with self._windows.away(slot.name) as window:
                fate = {} if self._ends_at else self._fate(slot)
                order = {"parts": [slot.part], "ends": self._ends_at, "hurry": self._hurry}
                order |= fate | self._where(slot.machine) | {"wrong_seconds": slot.wrong_seconds}
                process = slot.process = await self._mother.start(**order)
                ready = asyncio.create_task(process.is_ready.wait())
                ended = asyncio.create_task(process.ended.wait())
                await asyncio.wait([ready, ended], return_when=asyncio.FIRST_COMPLETED)
                if process.is_ready.is_set() and not slot.wrong_seconds:
                    window.close()
                await ended
                ready.cancel()
            self._note(process, fate.get("step", ""))
            if not self._stopping:
                await asyncio.sleep(_AGAIN_SECONDS * (1 if process.code < 1 else 5))

    def _note(self, process: Process, step: str) -> None:
        if process.code == -signal.SIGKILL and step and not process.killed:
            self.killed_at[step] += 1
        elif process.code > 0:
            self.ended_by_themselves += 1
