"""Everything that chaos is played on: a Kafka of three nodes, PostgreSQL, two machines of parts."""

import atexit
import contextlib
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from broker.connection import PARTS
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from broker.local.kafka import LocalKafka
from broker.local.node import Node
from broker.local.process import free_ports
from broker.settings import Settings
from tests import examples as e
from tests.chaos.load import AGENCIES, HOMES, OTHER_HOME, WEST_MIDLANDS_POLICE, Habits, Load
from tests.chaos.proxy import Network
from tests.chaos.victim import FastClock
from tests.servers import KafkaServer, Postgres

MACHINES = ("a", "b")
LEDGER = "ledger"
SHARDS = 2
HABITS = {
    WEST_MIDLANDS_POLICE: Habits(reads=False),
    e.STAFFORDSHIRE_POLICE: Habits(not_ours=True),
    OTHER_HOME: Habits(old=True),
    e.HOME: Habits(poisons=True),
}
_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


class ManyWays(LocalKafka):
    """A Kafka whose nodes can be reached in a way of its own from each machine, by a proxy."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.network = Network()
        self._inner: dict[tuple[str, int], int] = {}
        for machine in MACHINES:
            for node in self.nodes:
                inner, outer = free_ports(2)
                self._inner[machine, node.number] = inner
                self.network.lead(machine, server_of(node), outer, inner)

    def bootstrap_from(self, machine: str) -> str:
        ports = [self.network.port(machine, server_of(node)) for node in self.nodes]
        return ",".join(f"127.0.0.1:{port}" for port in ports)

    def configuration(self, node: Node) -> str:
        """The last line of a name counts, so what is added here replaces what was there."""
        found = super().configuration(node)
        lines = dict(line.split("=", 1) for line in found.splitlines() if "=" in line)
        for machine in MACHINES:
            name, port = machine.upper(), self._inner[machine, node.number]
            outer = self.network.port(machine, server_of(node))
            lines["listener.security.protocol.map"] += f",{name}:SASL_PLAINTEXT"
            lines["listeners"] += f",{name}://127.0.0.1:{port}"
            lines["advertised.listeners"] += f",{name}://127.0.0.1:{outer}"
            lines[f"listener.name.{machine}.scram-sha-512.sasl.jaas.config"] = _LOGIN
        return "\n".join(f"{name}={value}" for name, value in lines.items())


def server_of(node: Node) -> str:
    return f"kafka-{node.number}"


@dataclass
class World:
    """What stays while parts come and go; `small_disks` are those that can be filled up."""

    seed: int
    kafka: KafkaServer
    ways: ManyWays
    postgres: Postgres
    url: str
    ledger: Ledger
    began: datetime
    home: Path
    small_disks: dict[str, Path] = field(default_factory=dict)
    loads: list[Load] = field(default_factory=list)

    @property
    def network(self) -> Network:
        return self.ways.network

    def where(self, machine: str) -> dict[str, str]:
        """What differs for the parts of one machine: by which ways it reaches the servers."""
        port = self.network.port(machine, LEDGER)
        return {
            "kafka": self.ways.bootstrap_from(machine),
            "ledger": self.url.replace(f":{self.postgres.port}/", f":{port}/"),
            "secrets_dir": str(self.home / "parts"),
        }


@contextmanager
def world(seed: int, disk_mb: int = 300) -> Iterator[World]:
    """All of it, ready, with six agencies; gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homeward-chaos-")))
        folder.chmod(0o755)  # PostgreSQL runs as another user
        kafka = KafkaServer(folder / "home", 3, ManyWays)
        assert isinstance(kafka.local, ManyWays)
        disks = _small_disks(stack, folder, kafka.local.nodes, disk_mb)
        postgres = Postgres(
            folder / "pg", fsync=False, max_connections="60",
            max_wal_size="64MB", min_wal_size="32MB",
        )  # fmt: skip
        for server in (kafka, postgres):
            atexit.register(server.kill)
            stack.callback(atexit.unregister, server.kill)
            stack.callback(server.kill)
        kafka.local.network.lead(MACHINES[0], LEDGER, 0, postgres.port)
        kafka.local.network.lead(MACHINES[1], LEDGER, 0, postgres.port)
        stack.callback(kafka.local.network.close)
        kafka.start()
        kafka.prepare(SHARDS)
        postgres.start()
        url = postgres.new_database()
        began = datetime.now(UTC)
        ledger = Ledger(url)
        stack.callback(ledger.close)
        ledger.create(FastClock(began), new_with=SHARDS)
        made = World(seed, kafka, kafka.local, postgres, url, ledger, began, folder / "home", disks)
        _join(made)
        yield made


def _join(world: World) -> None:
    clock = FastClock(world.began)
    for agency in AGENCIES:
        area = HOMES[agency][0] if agency in HOMES else None
        access = world.kafka.add_agency(agency)
        with world.ledger.deciding() as connection:
            agencies.add(connection, agency, agency, area, {}, clock.now())
        dice = random.Random(f"{world.seed} {agency}")
        habits = HABITS.get(agency, Habits())
        world.loads.append(Load(agency, access, clock, dice, habits))
    # The parts have their own passwords only, as where an administrator has prepared everything.
    parts = world.home / "parts"
    parts.mkdir(mode=0o700)
    for user in PARTS:
        shutil.copy2(world.home / "secrets" / f"{user}.password", parts)


def _small_disks(
    stack: ExitStack, folder: Path, nodes: tuple[Node, ...], disk_mb: int
) -> dict[str, Path]:
    """A small disk for each server, where this machine lets us have one; else none."""
    wanted = {server_of(node): node.folder for node in nodes} | {LEDGER: folder / "pg"}
    made = {}
    for name, place in wanted.items():
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={disk_mb}m,mode=0755", "homeward-chaos"]
        try:
            subprocess.run([*command, str(place)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return made
        made[name] = place
        stack.callback(_unmount, place)
    return made


def _unmount(place: Path) -> None:
    with contextlib.suppress(OSError):
        subprocess.run(["umount", "-l", str(place)], capture_output=True)
