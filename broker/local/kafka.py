"""Apache Kafka on this machine, one node or several, belonging to one home."""

import base64
import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from broker import provision
from broker.connection import ADMIN, KafkaAccess, secret
from broker.errors import Misuse, Unavailable
from broker.local import process
from broker.local.jars import fetch_jars
from broker.local.node import Node, misuse_of_nodes
from broker.local.server_properties import Ports, server_properties
from broker.settings import Settings


def _silent(_: str) -> None: ...


class LocalKafka:
    """
    Starts, stops and finds again the Kafka of one home.

    Everything it knows is below `home/kafka`, so the next start has the same topics, users and,
    while nobody else took them, the same ports. Only one process at a time may have it; a server
    whose starter died is ended by the next start. It listens on the loopback address only.

    With three nodes everything is kept three times and one may be away; each can be killed, frozen
    and started again by itself. How many there are is fixed by the first start.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = _silent) -> None:
        nodes = settings.kafka_nodes
        self._settings = settings
        self._folder = settings.home.absolute() / "kafka"
        self._say = say
        folders = [self._folder, *(self._folder / f"node-{n}" for n in range(2, nodes + 1))]
        self.nodes = tuple(Node(n, folder, say) for n, folder in enumerate(folders, start=1))
        self._claim: TextIOWrapper | None = None
        self._ports = [Ports(0, 0)] * nodes

    @property
    def pid(self) -> int | None:
        """The process id of the first node while all of them run."""
        return self.nodes[0].pid if all(node.pid for node in self.nodes) else None

    @property
    def bootstrap(self) -> str:
        """Where clients connect, once started."""
        return ",".join(f"127.0.0.1:{each.client}" for each in self._ports)

    @property
    def log(self) -> Path:
        """What the first server said."""
        return self.nodes[0].log

    def access(self, user: str = ADMIN) -> KafkaAccess:
        """How a user of this Kafka connects."""
        return KafkaAccess(self.bootstrap, user, secret(self._settings, user))

    def start(self, limit_seconds: float = 60) -> str:
        """
        Start every node and wait until all serve; the answer is the bootstrap servers.

        `Misuse` when this machine lacks something, `Unavailable` when it did not start in time;
        then nothing is left running.
        """
        if self.pid is not None:
            return self.bootstrap
        java = _java()
        jars = fetch_jars(self._settings.cache, self._say)
        self._take_home()
        try:
            self._require_nodes()
            for node in self.nodes:
                node.make_folders()
                node.end_leftover()
            self._format_once(java, jars)
            self._launch_and_wait(java, jars, time.monotonic() + limit_seconds)
        except BaseException:
            self.kill()
            raise
        return self.bootstrap

    def start_node(self, number: int, limit_seconds: float = 60) -> None:
        """Start one node that ended, where it was; returns when it serves."""
        node = self.nodes[number - 1]
        if node.pid is None:
            self._launch(node, _java(), fetch_jars(self._settings.cache, self._say))
        if not self._wait([node], time.monotonic() + limit_seconds):
            raise Unavailable(f"Kafka's node {number} did not start; see {node.log}")

    def stop(self) -> None:
        """End every server in good order, or by force when that takes too long."""
        with ThreadPoolExecutor(len(self.nodes)) as each:
            list(each.map(Node.stop, self.nodes))
        self._release()

    def kill(self) -> None:
        """End every server as a power cut would end the process: kill -9."""
        for node in self.nodes:
            node.kill()
        self._release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _take_home(self) -> None:
        """Held by an open file, so that it ends with this process, however that ends."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        claim = (self._folder / "lock").open("w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            raise Misuse(
                f"another Homeward already runs Kafka in {self._settings.home}: "
                "stop that one, or choose another --home"
            ) from None
        self._claim = claim

    def _require_nodes(self) -> None:
        had = 1 + len(list(self._folder.glob("node-*"))) if self.nodes[0].data.is_dir() else 0
        if had and had != len(self.nodes):
            raise misuse_of_nodes(had, len(self.nodes), self._folder)

    def _format_once(self, java: str, jars: Path) -> None:
        cluster, login = (
            self._cluster(),
            f"[name={ADMIN},iterations=8192,password={self._password()}]",
        )
        arguments = ["--cluster-id", cluster, "--add-scram", f"SCRAM-SHA-512={login}"]
        unused = [Ports(2 * n + 1, 2 * n + 2) for n in range(len(self.nodes))]

        def prepare(node: Node) -> None:
            def configuration(data: Path) -> str:
                return server_properties(node.number, data, unused, self._password())

            node.format_once(java, jars, configuration, arguments)

        with ThreadPoolExecutor(len(self.nodes)) as each:
            list(each.map(prepare, self.nodes))

    def _cluster(self) -> str:
        """The id all nodes share, made once."""
        file = self._folder / "cluster"
        if not file.exists():
            # Not all is random: one that begins with a dash would be taken for an option.
            id = "H" + base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()[1:]
            file.write_text(f"{id}\n")
        return file.read_text().strip()

    def _launch_and_wait(self, java: str, jars: Path, deadline: float) -> None:
        self._ports = self._choose_ports()
        for _ in range(3):
            self._say("Starting the Kafka server")
            before = {node: node.log_size() for node in self.nodes}
            for node in self.nodes:
                self._launch(node, java, jars)
            if self._wait(self.nodes, deadline):
                self._say(f"Kafka is ready on {self.bootstrap}")
                return
            said = "".join(node.said_since(before[node]) for node in self.nodes)
            if self.pid is not None:
                break
            for node in self.nodes:
                node.kill()
            if "Address already in use" in said:  # somebody took one between the look and the start
                self._ports = self._fresh_ports()
            # Else it ended by itself: after a kill -9 Kafka was seen to fail once, and never twice.
        raise Unavailable(f"the Kafka server did not start; see {self.log}\n{said[-1000:]}".strip())

    def _launch(self, node: Node, java: str, jars: Path) -> None:
        node.launch(java, jars, self.configuration(node))
        (node.folder / "ports").write_text("{} {}\n".format(*self._ports[node.number - 1]))

    def configuration(self, node: Node) -> str:
        """The whole configuration file of a node, with the administrator's password."""
        return server_properties(node.number, node.data, self._ports, self._password())

    def _wait(self, nodes: Sequence[Node], deadline: float) -> bool:
        """Whether they serve before the deadline; False at once when one of them ended."""
        for node in nodes:
            port = self._ports[node.number - 1].client
            access = replace(self.access(), bootstrap_servers=f"127.0.0.1:{port}")
            while not (process.answers(port) and _serves(access, deadline)):
                if any(each.pid is None for each in nodes) or time.monotonic() > deadline:
                    return False
                time.sleep(0.05)
        return True

    def _choose_ports(self) -> list[Ports]:
        files = [node.folder / "ports" for node in self.nodes]
        if all(file.exists() for file in files):
            found = [Ports(*(int(port) for port in file.read_text().split())) for file in files]
            if all(process.is_free(port) for ports in found for port in ports):
                return found
        return self._fresh_ports()

    def _fresh_ports(self) -> list[Ports]:
        free = process.free_ports(2 * len(self.nodes))
        return [Ports(*pair) for pair in zip(free[::2], free[1::2], strict=True)]

    def _password(self) -> str:
        return self.access().password()


def _serves(access: KafkaAccess, deadline: float) -> bool:
    try:
        provision.check(access, limit_seconds=max(1, min(5, deadline - time.monotonic())))
    except Unavailable:
        return False
    return True


def _java() -> str:
    """The java to use; `Misuse` when there is none that is new enough."""
    advice = (
        "Java 17 or later is needed to run Apache Kafka: install it "
        "(Debian, Ubuntu: apt-get install default-jre-headless), or run deploy/demo, which does"
    )
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    java = java or shutil.which("java")
    if java is None:
        raise Misuse(advice)
    said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < 17:
        raise Misuse(f"{advice}. Found: {said.strip().partition(chr(10))[0]}")
    return java
