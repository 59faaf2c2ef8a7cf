"""
Ends this process when it can neither go on nor end by itself.

A thread of its own: it works when the event loop hangs, or when a thread that nobody can break off
keeps the interpreter from ending. All that Homeward does may be cut off at any moment.
"""

import asyncio
import os
import threading
from collections.abc import Callable

import structlog

LOOP_SECONDS = 25.0
STOP_SECONDS = 9.0
_EVERY_SECONDS = 0.5

log = structlog.get_logger()


class LastResort:
    """
    Watches the event loop from `start` to `release`, and the end of the process from `ends`.

    Time is counted in looks: a process that was stopped for a while, and goes on, is not late.
    """

    def __init__(self, end: Callable[[int], object] = os._exit) -> None:
        self._end = end
        self._beats = 0
        self._watches_loop = False
        self._ends = False
        self._thread = threading.Thread(target=self._watch, name="last resort", daemon=True)

    def start(self) -> None:
        """From now on the loop has to move."""
        self._watches_loop = True
        self._beat(asyncio.get_running_loop())
        self._thread.start()

    def release(self) -> None:
        """The loop need not move any more."""
        self._watches_loop = False

    def ends(self) -> None:
        """From now on this process has a few seconds to end."""
        self._ends = True

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beats += 1
        if self._watches_loop:
            loop.call_later(_EVERY_SECONDS, self._beat, loop)

    def _watch(self) -> None:
        pause, still, ending, beats = threading.Event(), 0.0, 0.0, 0
        while True:
            pause.wait(_EVERY_SECONDS)
            moved = not self._watches_loop or self._beats != beats
            still, beats = 0.0 if moved else still + _EVERY_SECONDS, self._beats
            ending += _EVERY_SECONDS if self._ends else 0
            if still >= LOOP_SECONDS:
                return self._cut("nothing in this process moves")
            if ending >= STOP_SECONDS:
                return self._cut("it did not end in time")

    def _cut(self, because: str) -> None:
        said = threading.Thread(
            target=lambda: log.error("the process is cut off", because=because), daemon=True
        )
        said.start()
        said.join(1)  # whoever hangs may have the log
        self._end(1)
