"""What breaks: each fault injects itself, waits a while and heals itself again."""

import asyncio
import contextlib
import json
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from broker.errors import HomewardError
from broker.kafka_admin import Admin
from broker.ledger.activation import activate
from broker.ledger.engine import _DECIDER_LOCK
from broker.local.node import Node
from broker.policy.load import with_folder
from broker.provision import inbox
from tests.chaos.keeper import Keeper, Process, Slot
from tests.chaos.load import AGENCIES
from tests.chaos.proxy import Proxy
from tests.chaos.victim import FastClock
from tests.chaos.windows import Windows
from tests.chaos.world import LEDGER, MACHINES, SHARDS, World, server_of
from tests.examples import OVERLAY_HEAD

WRONG_SECONDS = 600.0  # ten minutes
_IN_SYNC_SECONDS = 120.0
_SOON_SECONDS = 5.0  # after a server is back, until everybody has noticed
_TABLES = ("delivery", "inbox", "duty", "position")

# Of each group one may be going on at a time.
KILLS, PARTS, KAFKA, SERVERS = "kills", "parts", "kafka", "servers"


@dataclass
class Stage:
    """Where faults are played, and how long each lasts; counts what was done."""

    world: World
    keeper: Keeper
    windows: Windows
    dice: random.Random
    quick: bool
    injected: Counter[str] = field(default_factory=Counter)
    policies: int = 0

    def slot(self, part: str | None = None) -> Slot:
        return self.dice.choice([one for one in self.keeper.slots if part in (None, one.part)])

    def node(self) -> Node:
        return self.dice.choice(self.world.ways.nodes)

    async def hold(self) -> None:
        """For as long as a fault lasts: some seconds, and in the long run now and then a minute."""
        long = not self.quick and self.dice.random() < 0.15
        await asyncio.sleep(60 if long else self.dice.uniform(1.5, 5 if self.quick else 10))

    @contextmanager
    def away(self, *names: str) -> Iterator[None]:
        """Who cannot work meanwhile; the block must end when the server is back."""
        with self.windows.away(*names):
            yield

    def psycopg(self, **more: str) -> psycopg.Connection:
        url = self.world.url.replace("+psycopg", "")
        return psycopg.connect(url, autocommit=True, connect_timeout=5, **more)


Injection = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break something; those of one group never overlap."""

    name: str
    group: str
    weight: float
    inject: Injection
    needs_small_disk: str = ""


FAULTS: dict[str, Fault] = {}


def _fault(
    name: str, group: str, weight: float = 1.0, disk: str = ""
) -> Callable[[Injection], Injection]:
    def add(inject: Injection) -> Injection:
        FAULTS[name] = Fault(name, group, weight, inject, disk)
        return inject

    return add


# -- parts


@_fault("part killed", KILLS, 5)
async def part_killed(stage: Stage) -> None:
    ready = [slot for slot in stage.keeper.slots if slot.is_ready]
    slot = stage.dice.choice(ready) if ready and stage.dice.random() < 0.8 else stage.slot()
    if slot.process:
        slot.process.kill()


@_fault("all of one machine killed", KILLS, 0.5)
async def machine_killed(stage: Stage) -> None:
    machine = stage.dice.choice(MACHINES)
    for slot in stage.keeper.slots:
        if slot.machine == machine and slot.process:
            slot.process.kill()


@_fault("part frozen", PARTS, 2)
async def part_frozen(stage: Stage) -> None:
    slot = stage.slot()
    with frozen(slot.process), stage.away(slot.name):
        await stage.hold()


@contextmanager
def frozen(process: Process | None) -> Iterator[None]:
    """A zombie: what it had begun it goes on with afterwards, as if no time had passed."""
    if process is None:
        yield
        return
    process.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.signal(signal.SIGCONT)


@_fault("clock of a part moved", PARTS)
async def clock_moved(stage: Stage) -> None:
    slot = stage.slot()
    slot.wrong_seconds = stage.dice.choice((-WRONG_SECONDS, WRONG_SECONDS))
    if slot.process:
        slot.process.kill()
    await stage.hold()
    slot.wrong_seconds = 0
    if slot.process:
        slot.process.kill()


@_fault("rolling upgrade", PARTS, 0.5)
async def rolling_upgrade(stage: Stage) -> None:
    for slot in stage.keeper.slots:
        await stage.keeper.replace(slot)


@_fault("policy changed", PARTS, 0.5)
async def policy_changed(stage: Stage) -> None:
    stage.policies += 1
    folder = stage.world.home / "policy"
    folder.mkdir(exist_ok=True)
    with stage.away(LEDGER):
        fresh = folder / "ours.new"
        fresh.write_text(_overlay(stage.policies))
        fresh.replace(folder / "ours.yaml")
        await asyncio.to_thread(_activate, stage.world, folder)
        for machine in MACHINES:
            slots = [slot for slot in stage.keeper.slots if slot.machine == machine]
            await asyncio.gather(*(stage.keeper.replace(slot) for slot in slots))


def _activate(world: World, folder: Path) -> None:
    policies, now = with_folder(folder), FastClock(world.began).now()
    while True:
        with contextlib.suppress(HomewardError), world.ledger.deciding() as connection:
            activate(connection, policies, "chaos", now)
            return


def _overlay(number: int) -> str:
    head = OVERLAY_HEAD.replace("ours-1", f"ours-{number}")
    return f"""{head}
rules:
  - id: ours-director
    when: {{kind: missing.notification, category: missing, risk: high, of_age: false}}
    tell:
      - {{role: lead-director, view: summary}}
    basis: local
    source: "Protocol {number}"
"""


@_fault("everything sent again", PARTS, 0.5)
async def everything_sent_again(stage: Stage) -> None:
    stage.dice.choice([load for load in stage.world.loads if load.confirmed]).repeat()


# -- Kafka


@asynccontextmanager
async def _whole_kafka_after(stage: Stage) -> AsyncIterator[None]:
    """Ends when every node is back and every partition has all its copies."""
    try:
        yield
    finally:
        for node in stage.world.ways.nodes:
            await asyncio.to_thread(stage.world.ways.start_node, node.number)
        await asyncio.to_thread(_until_in_sync, stage.world)


def _until_in_sync(world: World) -> None:
    topics = [inbox(agency) for agency in AGENCIES]
    topics += ["relay.cursor", "__transaction_state", "__consumer_offsets"]
    admin, deadline = Admin(world.kafka.local.access()), time.monotonic() + _IN_SYNC_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(HomewardError):
            found = admin.describe(topics).values()
            if all(len(p.isr) == len(p.replicas) for one in found for p in one.partitions):
                return
        time.sleep(0.1)
    raise AssertionError("a partition did not get all its copies back")


async def _node_of(stage: Stage, topic: str, partition: int = 0) -> Node:
    admin = Admin(stage.world.kafka.local.access())
    found = await asyncio.to_thread(admin.describe, [topic])
    leader = found[topic].partitions[partition].leader if topic in found else None
    return stage.world.ways.nodes[leader.id - 1] if leader else stage.node()


async def coordinator(stage: Stage) -> Node:
    """Where the relay's transactions are coordinated."""
    partition = _java_hash(f"relay-{stage.dice.randrange(SHARDS)}") % 5
    return await _node_of(stage, "__transaction_state", partition)


def _java_hash(text: str) -> int:
    value = 0
    for letter in text:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return abs(value - 2**32 if value >= 2**31 else value)


async def controller(stage: Stage) -> Node:
    """The leader of the newest epoch that some node has written down."""
    newest = (-1, 1)
    for node in stage.world.ways.nodes:
        file = node.data / "__cluster_metadata-0" / "quorum-state"
        with contextlib.suppress(OSError, ValueError):
            state = json.loads(file.read_text())
            if state["leaderId"] > 0:
                newest = max(newest, (state["leaderEpoch"], state["leaderId"]))
    return stage.world.ways.nodes[newest[1] - 1]


async def inbox_leader(stage: Stage) -> Node:
    return await _node_of(stage, inbox(stage.dice.choice(AGENCIES)))


async def any_node(stage: Stage) -> Node:
    return stage.node()


_NODES = {
    "Kafka node": any_node,
    "transaction coordinator": coordinator,
    "controller": controller,
    "leader of an inbox": inbox_leader,
}


def _killing(find: Callable[[Stage], Awaitable[Node]]) -> Injection:
    async def inject(stage: Stage) -> None:
        node = await find(stage)
        async with _whole_kafka_after(stage):
            await asyncio.to_thread(node.kill)
            await stage.hold()

    return inject


def _freezing(find: Callable[[Stage], Awaitable[Node]]) -> Injection:
    async def inject(stage: Stage) -> None:
        node = await find(stage)
        async with _whole_kafka_after(stage):
            node.freeze()
            try:
                await stage.hold()
            finally:
                node.thaw()

    return inject


for _name, _find in _NODES.items():
    _fault(f"{_name} killed", KAFKA)(_killing(_find))
    _fault(f"{_name} frozen", KAFKA)(_freezing(_find))


@_fault("two Kafka nodes killed", KAFKA, 0.5)
async def two_nodes_killed(stage: Stage) -> None:
    async with _whole_kafka_after(stage):
        for node in stage.dice.sample(stage.world.ways.nodes, 2):
            await asyncio.to_thread(node.kill)
        await stage.hold()


# -- PostgreSQL


def _ending(how: str) -> Injection:
    async def inject(stage: Stage) -> None:
        postgres = stage.world.postgres
        with stage.away(LEDGER):
            await asyncio.to_thread(getattr(postgres, how))
            await asyncio.sleep(0 if how == "stop" else stage.dice.uniform(0.2, 3))
            await asyncio.to_thread(postgres.start)
            await asyncio.sleep(_SOON_SECONDS)

    return inject


_fault("PostgreSQL restarted", SERVERS)(_ending("stop"))
_fault("PostgreSQL stopped at once", SERVERS)(_ending("crash"))
_fault("PostgreSQL killed", SERVERS)(_ending("kill"))


@_fault("connections to the ledger cut", SERVERS, 2)
async def connections_cut(stage: Stage) -> None:
    with stage.away(LEDGER):
        await asyncio.to_thread(_cut, stage)
        await asyncio.sleep(1)


def _cut(stage: Stage) -> None:
    with stage.psycopg() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


@_fault("too many connections", SERVERS)
async def too_many_connections(stage: Stage) -> None:
    taken: list[psycopg.Connection] = []
    with stage.away(LEDGER):
        await asyncio.to_thread(_fill_up, stage, taken)
        try:
            await asyncio.to_thread(_cut_others, stage, taken)
            await asyncio.to_thread(_fill_up, stage, taken)
            await stage.hold()
        finally:
            for each in taken:
                each.close()
        await asyncio.sleep(_SOON_SECONDS)


def _fill_up(stage: Stage, taken: list[psycopg.Connection]) -> None:
    with contextlib.suppress(psycopg.OperationalError):
        while True:
            taken.append(stage.psycopg())


def _cut_others(stage: Stage, taken: list[psycopg.Connection]) -> None:
    ours = [each.info.backend_pid for each in taken]
    taken[0].execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE NOT pid = ANY(%s) AND backend_type = 'client backend'",
        [ours],
    )


@_fault("the one lock held", SERVERS)
async def lock_held(stage: Stage) -> None:
    await _held(stage, f"SELECT pg_advisory_xact_lock({_DECIDER_LOCK})")


@_fault("a table locked", SERVERS)
async def table_locked(stage: Stage) -> None:
    await _held(stage, f"LOCK TABLE {stage.dice.choice(_TABLES)} IN ACCESS EXCLUSIVE MODE")


async def _held(stage: Stage, statement: str) -> None:
    def take() -> psycopg.Connection:
        connection = stage.psycopg()
        connection.autocommit = False
        connection.execute(statement.encode())
        return connection

    with stage.away(LEDGER):
        connection = await asyncio.to_thread(take)
        try:
            await stage.hold()
        finally:
            connection.close()
        await asyncio.sleep(_SOON_SECONDS)


# -- disks


@_fault("disk of the ledger full", SERVERS, disk=LEDGER)
async def ledger_disk_full(stage: Stage) -> None:
    with stage.away(LEDGER):
        with full(stage.world.small_disks[LEDGER]):
            await stage.hold()
        if not stage.world.postgres.runs:
            await asyncio.to_thread(stage.world.postgres.start)
        await asyncio.sleep(_SOON_SECONDS)


@_fault("disk of a Kafka node full", KAFKA, disk="kafka-1")
async def kafka_disk_full(stage: Stage) -> None:
    node = stage.node()
    async with _whole_kafka_after(stage):
        with full(stage.world.small_disks[server_of(node)]):
            await stage.hold()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Nothing is left on a disk, until the end of the block."""
    filler = disk / "filler"
    try:
        with filler.open("wb", buffering=0) as out, contextlib.suppress(OSError):
            for size in (1024 * 1024, 4096):
                with contextlib.suppress(OSError):
                    while shutil.disk_usage(disk).free:
                        out.write(b"\0" * size)
        yield
    finally:
        filler.unlink(missing_ok=True)


# -- the network between parts and servers


def _network(what: Callable[[Proxy], None], *kinds: str) -> Injection:
    async def inject(stage: Stage) -> None:
        machine = stage.dice.choice(MACHINES)
        nodes = [server_of(node) for node in stage.world.ways.nodes]
        servers = {"ledger": [LEDGER], "Kafka": nodes, "a node": [stage.dice.choice(nodes)]}
        chosen = servers[stage.dice.choice(kinds)]
        names = [f"timekeeper {machine}"] if LEDGER in chosen else []
        with stage.away(*names):
            with stage.world.network.trouble(what, machine, *chosen):
                await stage.hold()
            await asyncio.sleep(_SOON_SECONDS if names else 0)

    return inject


_fault("network to Kafka cut", SERVERS)(_network(Proxy.cut, "Kafka", "a node"))
_fault("network to Kafka hangs", SERVERS)(_network(Proxy.hang, "Kafka", "a node"))
_fault("network to Kafka slow", SERVERS)(_network(lambda way: way.slow(0.15), "Kafka", "a node"))
_fault("network to the ledger cut", SERVERS)(_network(Proxy.cut, "ledger"))
_fault("network to the ledger hangs", SERVERS)(_network(Proxy.hang, "ledger"))
_fault("network to the ledger slow", SERVERS)(_network(lambda way: way.slow(0.05), "ledger"))
