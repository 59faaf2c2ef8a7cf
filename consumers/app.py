"""One process: the parts given to it, health and metrics, a good start and a good end."""

import asyncio
import gc
import json
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
import uvicorn
from faststream.asgi import AsgiFastStream, AsgiResponse, get
from faststream.kafka import KafkaBroker
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from broker.errors import Unavailable
from broker.health import Health
from broker.metrics import Metrics
from broker.parts import TAKE_IN, Part, wait_until_there
from consumers.take_in import TakeIn

_STOP_SECONDS = 3.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


class Application(AsgiFastStream):
    """The parts of one process; `ended` is set when one of them ended that should not have."""

    def __init__(self, *brokers: KafkaBroker, **arguments: Any) -> None:
        super().__init__(*brokers, **arguments)
        self.ended = asyncio.Event()

    def end(self, name: str, error: BaseException | None) -> None:
        """A part ended although nobody told it to: the process must not go on without it."""
        log.error("a part ended unexpectedly", part=name, exc_info=error)
        self.ended.set()

    async def give_up(self, health: Health) -> None:
        """End the process when a part cannot go on, so that it is started again."""
        name = await health.until_given_up()
        found = health.conditions()[name]
        log.error(
            "the process ends: a part cannot go on",
            part=name,
            state=found.state.value,
            because=found.because,
        )
        self.ended.set()


def application(
    take_in: TakeIn | None,
    background: Sequence[Part],
    metrics: Metrics,
    ledger: Callable[[], None],
) -> Application:
    """
    Take-in if there is one, and the other parts beside it, with health and metrics.

    `ledger` raises `Unavailable` while the ledger does not answer.
    """
    parts = [*background]
    if take_in is not None:
        parts.append(Part(TAKE_IN, take_in.watch, take_in.condition))
    probes = {part.name: part.condition for part in parts}
    health = Health(probes, ledger)

    stop = asyncio.Event()

    async def end_waiting() -> None:
        stop.set()
        if take_in is not None:
            await take_in.stop()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_supervise(part, stop, app)) for part in parts]
        giving_up = asyncio.create_task(app.give_up(health))
        try:
            yield
        except Exception as error:  # Kafka went away between being looked for and being used
            app.end(TAKE_IN, error)
            raise
        finally:
            giving_up.cancel()
            stop.set()
            await _finish(tasks)

    app = Application(
        # Without take-in nothing subscribes, and this connects to nothing.
        take_in.kafka if take_in else KafkaBroker(consumer_only=True, logger=None),
        lifespan=lifespan,
        on_shutdown=[end_waiting],
        logger=None,
        asgi_routes=_routes(health, metrics),
    )
    return app


async def serve(
    app: Application,
    host: str,
    port: int,
    needs: Mapping[str, Callable[[], None]],
    limit_seconds: float = 60,
) -> int:
    """
    Run until SIGTERM or SIGINT, or until a part ends unexpectedly; the answer is the exit code.

    First waits for what is needed, by name, each of which raises `Unavailable` while it is away.
    """
    stop = asyncio.Event()
    with _told_to_stop(stop):
        try:
            await wait_until_there(needs, stop, limit_seconds)
        except Unavailable as error:
            log.error("gave up at start", because=str(error))
            return 1
        return 0 if stop.is_set() else await serve_until(app, host, port, stop)


async def serve_until(app: Application, host: str, port: int, stop: asyncio.Event) -> int:
    """Run until told to stop, or until a part ends unexpectedly; the answer is the exit code."""
    _collect_rarely()
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
    watching = asyncio.create_task(_until_either(stop, app.ended, server))
    try:
        await server.serve()
    except (
        SystemExit
    ):  # its way to say that it could not start: the port is taken, or a part failed
        log.error("could not start", host=host, port=port)
        return 1
    finally:
        watching.cancel()
    log.info("stopped")
    return 1 if app.ended.is_set() else 0


def _collect_rarely() -> None:
    """
    What is there at start stays: the collector need not look at it again and again.

    A batch makes tens of thousands of short-lived values, and hardly a cycle among them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


class _Server(uvicorn.Server):
    """Signals are ours: its own handlers would end the process by the signal a second time."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_either(stop: asyncio.Event, ended: asyncio.Event, server: _Server) -> None:
    waits = [asyncio.create_task(event.wait()) for event in (stop, ended)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
    finally:
        for wait in waits:
            wait.cancel()


@contextmanager
def _told_to_stop(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _stopping, stop, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _stopping(stop: asyncio.Event, number: signal.Signals) -> None:
    log.info("stopping", signal=number.name)
    stop.set()


async def _supervise(part: Part, stop: asyncio.Event, app: Application) -> None:
    error: BaseException | None = None
    try:
        await part.run(stop)
    except asyncio.CancelledError:
        raise
    except BaseException as raised:
        error = raised
    if not stop.is_set():
        app.end(part.name, error)


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _routes(health: Health, metrics: Metrics) -> list[tuple[str, Any]]:
    @get(include_in_schema=False)
    async def livez(scope: Any) -> AsgiResponse:
        return _answer(*health.alive())

    @get(include_in_schema=False)
    async def readyz(scope: Any) -> AsgiResponse:
        return _answer(*await health.ready())

    @get(include_in_schema=False)
    async def exposition(scope: Any) -> AsgiResponse:
        metrics.parts(health.conditions())
        # In a thread, because it asks the ledger.
        body = await asyncio.to_thread(generate_latest, metrics.registry)
        return AsgiResponse(body, 200, {"content-type": CONTENT_TYPE_LATEST})

    @get(include_in_schema=False)
    async def index(scope: Any) -> AsgiResponse:
        words = "Homeward. Here are /livez, /readyz and /metrics.\n"
        return AsgiResponse(words.encode(), 200, {"content-type": "text/plain"})

    return [("/", index), ("/livez", livez), ("/readyz", readyz), ("/metrics", exposition)]


def _answer(well: bool, found: dict[str, Any]) -> AsgiResponse:
    body = json.dumps(found).encode()
    return AsgiResponse(body, 200 if well else 503, {"content-type": "application/json"})
