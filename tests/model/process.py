"""
Processes that go on one step at a time, each with a time of its own.

A step is one call to the ledger or one request to Kafka as it is carried out, or a wait that ends.
So the whole of a test is one thread and one order of events, chosen by the test.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from broker.errors import Unavailable
from broker.ledger.engine import Ledger
from tests.model.kafka import NotNow


class ShakyLedger(Ledger):
    """A ledger in memory whose next transactions may fail: those after `good` of them."""

    def __init__(self, content: bytes) -> None:
        super().__init__("sqlite://")
        with self.engine.connect() as connection:
            connection.connection.driver_connection.deserialize(content)  # type: ignore[union-attr]
        self.good: int | None = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self._spend()
        with super().writing() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._spend()
        with super().reading() as connection:
            yield connection

    def _spend(self) -> None:
        if self.good == 0:
            raise Unavailable("the ledger does not answer: made on purpose")
        if self.good:
            self.good -= 1


@dataclass(eq=False)
class Call:
    """Something a process asked the ledger, and has no answer to."""

    do: Callable[[], Any]
    future: Future[Any]


@dataclass(eq=False)
class Request:
    """Something a process sent to Kafka; it may arrive even if nobody waits for the answer."""

    do: Callable[[], Any]
    future: asyncio.Future[Any]


class _Quiet(selectors.SelectSelector):
    """Never waits: says instead how long the loop would wait."""

    loop: "_Loop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self.loop.rest = timeout
            self.loop.stop()
        return []


class _Loop(asyncio.SelectorEventLoop):
    """Runs until all wait; its time stands still until it is moved."""

    def __init__(self) -> None:
        self.now, self.rest = 0.0, None
        selector = _Quiet()
        selector.loop = self
        super().__init__(selector)

    now: float
    rest: float | None

    def time(self) -> float:
        return self.now


class _Ledgerwards(ThreadPoolExecutor):
    """Keeps what is handed to a thread until the process is let go on."""

    def __init__(self, process: "Process") -> None:
        super().__init__(1)
        self._process = process

    def submit(self, do: Any, /, *args: Any, **more: Any) -> Future[Any]:
        call = Call(lambda: do(*args, **more), Future())
        if self._process.alive:
            self._process.calls.append(call)
        else:
            call.future.set_exception(Unavailable("nothing more happens of who is dead"))
        return call.future


class Process:
    """One process, running the coroutine it is started with."""

    def __init__(self, name: str, ledger: ShakyLedger) -> None:
        self.name, self._ledger = name, ledger
        self.calls: list[Call] = []
        self.requests: list[Request] = []
        self.alive, self.frozen = True, False
        self._loop = _Loop()
        self._loop.set_default_executor(_Ledgerwards(self))

    def start(self, main: Coroutine[Any, Any, None]) -> None:
        self.task = self._loop.create_task(main)
        self._run()

    def ask(self, do: Callable[[], Any]) -> asyncio.Future[Any]:
        """Send a request to Kafka."""
        request = Request(do, self._loop.create_future())
        if self.alive:
            self.requests.append(request)
        return request.future

    # -- how it goes on

    def step(self) -> bool:
        """Whatever comes first: Kafka, the ledger, the next wait; False if nothing can happen."""
        awaited = [request for request in self.requests if not request.future.done()]
        return any(map(self.hear, awaited)) or self.call() or self.wait()

    @property
    def idle(self) -> bool:
        """Whether it only waits, for nobody's answer."""
        return not self.calls and all(request.future.done() for request in self.requests)

    def hear(self, request: Request) -> bool:
        """Let a request be carried out; whoever still waits for it is answered."""
        self.requests.remove(request)
        try:
            _answer(request.future, request.do())
        except NotNow:
            if not request.future.done():
                self.requests.append(request)
                return False
        except Exception as error:
            _fail(request.future, error)
        self._run()
        return True

    def call(self, good: int | None = None) -> bool:
        """
        Let one call to the ledger be carried out.

        With `good`, the ledger fails after so many transactions; if there are fewer, all happen,
        and yet the process hears that the ledger is away.
        """
        self.calls = [one for one in self.calls if not one.future.cancelled()]
        if not self.calls:
            return False
        call, self._ledger.good = self.calls.pop(0), good
        try:
            result = call.do()
            if good is not None:
                raise Unavailable("the ledger does not answer: it was done, and nobody heard")
            call.future.set_result(result)
        except Exception as error:
            call.future.set_exception(error)
        finally:
            self._ledger.good = None
        self._run()
        return True

    def wait(self, at_most: float = 3600) -> bool:
        """Let the time pass to the end of its next wait."""
        if self._loop.rest is None or self._loop.rest > at_most:
            return False
        self._loop.now += self._loop.rest
        self._run()
        return True

    def _run(self) -> None:
        if self.alive and not self.frozen and not self._loop.is_closed():
            self._loop.rest = None
            self._loop.run_forever()

    # -- how it ends

    def freeze(self) -> None:
        self.frozen = True

    def thaw(self, after: float) -> None:
        self.frozen = False
        self._loop.now += after
        self._run()

    def kill(self) -> None:
        """What it had sent may still arrive; nothing else of it happens."""
        self.alive = False
        self.calls.clear()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        for _ in range(10):
            if not asyncio.all_tasks(self._loop):
                break
            self._loop.rest = None
            self._loop.run_forever()
            self._loop.now += self._loop.rest or 0
        assert self.task.done(), "it does not end"
        self._loop.close()

    def fault(self) -> BaseException | None:
        """What ended it, if nobody did."""
        if not self.alive or not self.task.done() or self.task.cancelled():
            return None
        return self.task.exception()


def _answer(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
