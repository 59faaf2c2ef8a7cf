"""The wiring: the only file that knows every part, and starts them together."""

# ruff: noqa: E402 - the first statement has to come before what it is about

import gc

gc.disable()  # what is imported stays: to look for garbage in it takes a quarter of the start

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

import producers.cli
import producers.exchange.commands
from broker import provision, questions
from broker.cli import app as cli
from broker.cli import asking, joining, running
from broker.cli import home as homes
from broker.clock import Clock, SetClock, SystemClock
from broker.connection import ADMIN, AUDIT, PARTS, RELAY, TAKE_IN, KafkaAccess, access, secret
from broker.directory import Directory
from broker.errors import Misuse, Unavailable
from broker.last_resort import LastResort
from broker.ledger import audit, shard
from broker.local.process import free_ports, is_free
from broker.parts import wait_until_there
from broker.placements.register import Entry, register
from broker.settings import Settings
from schemas import codec

gc.freeze()
gc.enable()

if TYPE_CHECKING:
    from rich.console import Console
    from typer import Typer

    from broker.decider import Decider
    from broker.ledger.engine import Ledger
    from broker.metrics import Metrics
    from broker.parts import Part
    from broker.subscriptions.overseeing import Act
    from consumers.app import Application
    from consumers.take_in import TakeIn
    from producers.client import AgencyClient

_READY_SECONDS = 60.0
_ASK_SECONDS = 2.0
_STOP_SECONDS = 8.0
_THREADS = 32


def _silent(_: str) -> None: ...


class System:
    """
    Homeward in one process: Kafka of this home unless another is named, and the parts asked for.

    `async with System(settings)` returns when every part works, and ends all of it afterwards,
    Kafka too. With a clock of its own it tells the time by that everywhere but for leases. Setting
    `stop` ends the parts, and the start too.
    """

    ledger: "Ledger"
    decider: "Decider"
    bootstrap: str
    pseudonym: Callable[[UUID, str], str]

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        parts: Sequence[str] = running.PARTS,
        host: str = "127.0.0.1",
        port: int | None = None,
        say: Callable[[str], None] = _silent,
    ) -> None:
        self.settings, self.clock = settings, clock or SystemClock()
        self._parts, self._say = parts, say
        self._compared = self.clock if clock is None else None
        self._host, self._port = host, port
        self._open = AsyncExitStack()
        self.stop = asyncio.Event()
        self._serving: asyncio.Task[int] | None = None
        self._kafka_runs: Callable[[], bool] = lambda: True

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._open.aclose()

    @property
    def web(self) -> str:
        """Where health and metrics are."""
        return f"http://{self._host}:{self._port}"

    def access(self, user: str) -> KafkaAccess:
        """How an agency that was added, or a user of ours, connects."""
        return access(self.settings, self.bootstrap, user)

    async def add_agency(
        self,
        agency: str,
        name: str = "",
        area: str | None = None,
        reads: dict[str, int] | None = None,
        **functions: dict[str, Any],
    ) -> KafkaAccess:
        """Put an agency on the broker; the answer is how it connects."""
        return await asyncio.to_thread(
            joining.add,
            *(self.settings, self.bootstrap, self.ledger, self.clock.now()),
            *(agency, name, area, functions),
            reads=reads,
        )

    async def wait(self) -> int:
        """Return when told to stop, or with 1 when a part ended that should not have."""
        assert self._serving is not None
        while not self._serving.done():
            await asyncio.wait([self._serving], timeout=1)
            if not self._kafka_runs():
                raise Unavailable("the Kafka server of this home ended: see its kafka/log")
        return self._serving.result()

    # -- starting, each step undone by what it leaves on `_open`

    async def _start(self) -> None:
        self._port = _port(self._host, self._port)
        self.bootstrap = await self._start_kafka()
        self.ledger = await asyncio.to_thread(self._find_ledger)
        self._open.callback(self.ledger.close)
        await self._until_there()
        if self.stop.is_set():
            return
        await asyncio.to_thread(self._prepare_ledger)
        await asyncio.to_thread(self._prepare_kafka)
        application = self._application()
        self._serving = asyncio.create_task(self._serve(application))
        self._open.push_async_callback(self._end_serving)
        await self._until_ready()

    async def _until_there(self) -> None:
        """Wait for what another machine may start later than this one."""

        def asking(name: str, ask: Callable[[], None]) -> Callable[[], None]:
            def ask_and_say() -> None:
                try:
                    ask()
                except Unavailable as error:
                    self._say(f"Waiting for {name}: {error}")
                    raise

            return ask_and_say

        asked = {"Kafka": self._ask_kafka, "the ledger": lambda: homes.answers(self.ledger)}
        if self.settings.schema_registry:
            asked["the schema registry"] = self._number_schemas
        needs = {name: asking(name, ask) for name, ask in asked.items()}
        await wait_until_there(needs, self.stop, _READY_SECONDS)

    def _number_schemas(self) -> None:
        """From here on encode and decode use the registry's ids; undone at the end."""
        registry = homes.registry(self.settings)
        assert registry is not None
        try:
            ids = registry.ids()
        except BaseException:
            registry.close()
            raise
        self._open.callback(registry.close)
        codec.use(lambda: ids, registry.find)
        self._open.callback(codec.use)

    async def _start_kafka(self) -> str:
        if self.settings.kafka is not None:
            return self.settings.kafka
        from broker.local.kafka import LocalKafka

        kafka = LocalKafka(self.settings, self._say)
        self._open.push_async_callback(asyncio.to_thread, kafka.stop)
        bootstrap = await asyncio.to_thread(kafka.start)
        self._kafka_runs = lambda: kafka.pid is not None
        return bootstrap

    def _ask_kafka(self) -> None:
        """`Unavailable` while Kafka does not answer; `Misuse` when no password for it is there."""
        user = TAKE_IN if self._is_prepared() else ADMIN
        provision.check(self.access(user), _ASK_SECONDS)

    def _is_prepared(self) -> bool:
        """Where the administrator's password is not, somebody made topics and users."""
        secrets = self.settings.secrets
        if not self.settings.kafka or (secrets / f"{ADMIN}.password").exists():
            return False
        missing = [user for user in PARTS if not (secrets / f"{user}.password").exists()]
        if missing:
            raise Misuse(
                f"put the password of {ADMIN}, or those of {', '.join(missing)}, for "
                f"{self.settings.kafka} into {secrets}, each in a file NAME.password"
            )
        return True

    def _prepare_kafka(self) -> None:
        """Topics and users, where they are ours to make."""
        if self._is_prepared():
            if "relay" in self._parts:
                provision.require_shards(self.access(RELAY), self._shards)
            return
        for user in PARTS:
            secret(self.settings, user)
        passwords = {user: self.access(user).password() for user in PARTS}
        provision.prepare(self.access(ADMIN), passwords, shards=self._shards)

    def _find_ledger(self) -> "Ledger":
        from broker.ledger.engine import Ledger

        return Ledger(self.settings.ledger_url)

    def _prepare_ledger(self) -> None:
        from broker.decider import Decider
        from broker.ledger import numbering

        few = 1 if self.ledger.is_sqlite else 2  # all parts in one process gain nothing by more
        self.ledger.create(self.clock, self.settings.shards, new_with=few)
        with self.ledger.reading() as connection:
            self._shards = shard.count(connection)
        numbering.settle(self.ledger, codec.ids())
        keys = homes.keys(self.settings, self.ledger)
        self.pseudonym = keys.pseudonym
        policy = homes.policies(self.settings)
        self.decider = Decider(self.ledger, self.clock, policy, keys)
        self.decider.activate()
        homes.require_policy(self.ledger, policy)

    def _application(self) -> "Application":
        from prometheus_client import CollectorRegistry

        from broker.metrics import LedgerFigures, Metrics
        from consumers.app import application

        registry = CollectorRegistry()
        registry.register(LedgerFigures(self.ledger, self.clock, self._shards))
        metrics = Metrics(registry, self._shards)
        holder = self._holder()
        background, wake = self._background(metrics, holder)
        take_in = self._take_in(metrics, wake) if "take-in" in self._parts else None
        return application(take_in, background, metrics, lambda: homes.answers(self.ledger))

    def _holder(self) -> str:
        """
        Who holds leases. SQLite belongs to one process at a time, so that after a kill -9 the next
        one is the same holder and need not wait for a lease to run out.
        """
        if self.ledger.is_sqlite:
            return f"{socket.gethostname()}-embedded"
        return f"{socket.gethostname()}-{uuid4().hex[:8]}"

    def _background(
        self, metrics: "Metrics", holder: str
    ) -> tuple[list["Part"], Callable[[], None]]:
        from broker.ledger.stamping import Stamping
        from broker.parts import TIMEKEEPER, Part, relay_of
        from broker.timekeeper import Lease, Timekeeper
        from producers.relay import Relay

        parts: list[Part] = []
        relays: list[Relay] = []

        def wake() -> None:
            for relay in relays:
                relay.wake()

        for number in range(self._shards) if "relay" in self._parts else ():
            relay = Relay(
                self.access(RELAY),
                Stamping(self.ledger, number, self.clock, holder),
                self.pseudonym,
                self.clock,
                metrics,
                # Take-in in the same process wakes it; elsewhere it has to look.
                idle_seconds=0.25 if "take-in" in self._parts else 0.02,
            )
            relays.append(relay)
            parts.append(Part(relay_of(number), relay.run, relay.condition))
        if "timekeeper" in self._parts:
            lease = Lease(self.ledger, TIMEKEEPER, holder)
            compared = None if self.ledger.is_sqlite else self._compared
            timekeeper = Timekeeper(self.decider, lease, metrics, compared=compared, wake=wake)
            parts.append(timekeeper.part)
        if "account" in self._parts:
            from broker.accounting.part import Accounting
            from broker.metrics import AccountFigures

            figures = AccountFigures(metrics.registry)
            parts.append(Accounting(self.access(AUDIT), self.ledger, figures).part)
        return parts, wake

    def _take_in(self, metrics: "Metrics", wake: Callable[[], None]) -> "TakeIn":
        from consumers.take_in import TakeIn

        return TakeIn(self.access(TAKE_IN), self.decider, metrics, wake=wake)

    # -- serving

    async def _serve(self, application: "Application") -> int:
        from consumers import app as shell

        assert self._port is not None
        return await shell.serve_until(application, self._host, self._port, self.stop)

    async def _end_serving(self) -> None:
        assert self._serving is not None
        self.stop.set()
        await asyncio.wait([self._serving], timeout=_STOP_SECONDS)
        self._serving.cancel()

    async def _until_ready(self) -> None:
        assert self._serving is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _READY_SECONDS
        while not await asyncio.to_thread(homes.is_ready, self.web):
            if self.stop.is_set():
                return
            if self._serving.done():
                raise Unavailable("a part of Homeward could not start: the log says why")
            if loop.time() > deadline:
                raise Unavailable(f"Homeward was not ready within {_READY_SECONDS:g} s")
            await asyncio.sleep(0.05)


def _port(host: str, port: int | None) -> int:
    if port is None:
        return free_ports(1)[0]
    if not is_free(port):
        raise Misuse(f"port {port} of {host} is taken: choose another --port")
    return port


async def serve(
    settings: Settings,
    *,
    parts: Sequence[str],
    host: str,
    port: int | None,
    say: Callable[[str], None],
    ready: running.Ready,
) -> int:
    """Run parts of Homeward until SIGTERM or Ctrl-C; the answer is the exit code."""
    system = System(settings, parts=parts, host=host, port=port, say=say)
    loop, last_resort = asyncio.get_running_loop(), LastResort()

    def stop() -> None:
        last_resort.ends()
        system.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    # A thread that waits for the ledger must not keep another part's from waiting for it too.
    loop.set_default_executor(ThreadPoolExecutor(_THREADS, "homeward"))
    last_resort.start()
    try:
        async with system:
            if system.stop.is_set():
                return 0
            this = homes.this_process(
                system.bootstrap, system.web, settings.ledger_url, settings.schema_registry
            )
            with ready(this):
                code = await system.wait()
                last_resort.ends()
                return code
    finally:
        last_resort.release()


class Stage:
    """What a story of the demo is played on: a system whose clock it holds."""

    def __init__(self, system: System, clock: SetClock) -> None:
        self._system, self.clock = system, clock
        self._joined: dict[str, KafkaAccess] = {}
        self._directory: Directory | None = None

    async def join(self, agency: str, name: str, area: str | None) -> "AgencyClient":
        from producers.client import AgencyClient

        if agency not in self._joined:
            self._joined[agency] = await self._system.add_agency(agency, name, area)
            self._directory = None
        return AgencyClient(self._joined[agency], agency, self.clock)

    async def quiet(self) -> dict[str, int]:
        ends = await asyncio.to_thread(self._ends)
        deadline = time.monotonic() + _READY_SECONDS
        while (last := await asyncio.to_thread(self._last, ends)) is None:
            if time.monotonic() > deadline:
                raise Unavailable(f"not everything was sent within {_READY_SECONDS:g} s")
            await asyncio.sleep(0.02)
        return last

    def _ends(self) -> dict[str, int]:
        from broker.accounting.kafka import ends

        topics = [provision.outbox(agency) for agency in self._joined]
        return ends(self._system.access(AUDIT), topics)

    def _last(self, ends: dict[str, int]) -> dict[str, int] | None:
        """The last number of each inbox; None while not everything is sent."""
        with self._system.ledger.reading() as connection:
            if not questions.is_quiet(connection, self.clock.now(), ends):
                return None
            last = questions.stamped(connection)
        return {agency: last.get(provision.inbox(agency), 0) for agency in self._joined}

    def next_due(self) -> datetime | None:
        with self._system.ledger.reading() as connection:
            return questions.next_due(connection)

    def directory(self) -> Directory:
        if self._directory is None:
            self._directory = joining.directory(self._system.ledger)
        return self._directory

    def duties(self, episodes: Iterable[UUID]) -> list[dict[str, Any]]:
        with self._system.ledger.reading() as connection:
            return [each for one in episodes for each in questions.duties(connection, one)]

    def still_away(self, episodes: Iterable[UUID]) -> set[UUID]:
        with self._system.ledger.reading() as connection:
            return {one.episode for one in questions.board(connection)} & {*episodes}

    def register(self, council: str) -> list[Entry]:
        with self._system.ledger.reading() as connection:
            return register(connection, council, self.clock.now(), self._system.pseudonym)

    def decide(self, act: "Act") -> None:
        self._system.decider.operate(act)

    def decided(self, about: str) -> list[dict[str, Any]]:
        with self._system.ledger.reading() as connection:
            return audit.audit_of(connection, about)

    def account(self) -> dict[str, Any]:
        found, differences = asking.accounted(self._system.access(AUDIT), self._system.ledger)
        words = [str(one) for one in differences]
        return {**found.totals, "balanced": not differences, "differences": words}


class Demo:
    """`homeward demo`: the stories there are, each played on a system of its own."""

    def sentences(self) -> Mapping[str, str]:
        from producers import demo

        return demo.sentences()

    async def play(self, settings: Settings, screen: "Console", name: str | None) -> bool:
        from producers import demo

        story = demo.story(name or demo.FIRST)
        clock = SetClock(story.begins)
        settings = settings.model_copy(update={"policies": demo.POLICIES})
        async with System(settings, clock=clock) as system:
            return await demo.play(Stage(system, clock), screen, story)


def commands() -> "Typer":
    """Every command there is."""
    app = cli.new()
    running.add_to(app, serve, Demo())
    producers.cli.add_to(app)
    producers.exchange.commands.add_to(app)
    cli.add_to(app)
    return app


def main() -> None:
    """What `homeward` and `python -m broker` run."""
    sys.exit(cli.run(commands()))


if __name__ == "__main__":
    main()
