"""One Apache Kafka server on this machine, belonging to one home."""

import base64
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from broker import provision
from broker.connection import ADMIN, KafkaAccess, secret
from broker.errors import Misuse, Unavailable
from broker.local import process
from broker.local.jars import fetch_jars
from broker.local.server_properties import server_properties
from broker.settings import Settings

_LOG_FORMAT = Path(__file__).with_name("log4j2.xml")
_STOP_SECONDS = 20.0
_JVM = (
    "-Xmx384m",
    "-XX:+UseSerialGC",  # with few cores the least memory and the least disturbance
    "-XX:TieredStopAtLevel=1",  # ready sooner; a long-running large server would want the full JIT
    "-XX:+ExitOnOutOfMemoryError",
    f"-Dlog4j2.configurationFile={_LOG_FORMAT}",
)


def _silent(_: str) -> None: ...


class LocalKafka:
    """
    Starts, stops and finds again the Kafka of one home.

    Everything it knows is below `home/kafka`, so the next start has the same topics, users and,
    while nobody else took it, the same port. Only one process at a time may have it; a server whose
    starter died is ended by the next start. It listens on the loopback address only.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = _silent) -> None:
        self._settings = settings
        self._folder = settings.home.absolute() / "kafka"
        self._say = say
        self._server: subprocess.Popen[bytes] | None = None
        self._claim: TextIOWrapper | None = None
        self._ports: tuple[int, int] = (0, 0)

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        running = self._server is not None and self._server.poll() is None
        return self._server.pid if running and self._server else None

    @property
    def bootstrap(self) -> str:
        """Where clients connect, once started."""
        return f"127.0.0.1:{self._ports[0]}"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self._folder / "log" / "server.log"

    def access(self, user: str = ADMIN) -> KafkaAccess:
        """How a user of this server connects."""
        return KafkaAccess(self.bootstrap, user, secret(self._settings, user))

    def start(self, limit_seconds: float = 60) -> str:
        """
        Start the server and wait until it serves; the answer is the bootstrap servers.

        `Misuse` when this machine lacks something, `Unavailable` when it did not start in time;
        then nothing is left running.
        """
        if self.pid is not None:
            return self.bootstrap
        java = _java()
        jars = fetch_jars(self._settings.cache, self._say)
        self._take_home()
        try:
            self._end_leftover()
            self._format_once(java, jars)
            self._launch_and_wait(java, jars, time.monotonic() + limit_seconds)
        except BaseException:
            self.kill()
            raise
        return self.bootstrap

    def stop(self) -> None:
        """End the server in good order, or by force when that takes too long."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would end the process: kill -9."""
        self._signal(signal.SIGKILL)

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

    def _signal(self, number: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(number)
            try:
                server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            self._pid_file.unlink(missing_ok=True)
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _take_home(self) -> None:
        """Held by an open file, so that it ends with this process, however that ends."""
        for folder in (self._folder, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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

    @property
    def _pid_file(self) -> Path:
        return self._folder / "server.pid"

    def _end_leftover(self) -> None:
        if not self._pid_file.exists():
            return
        pid, _, identity = self._pid_file.read_text().strip().partition(" ")
        if pid.isdigit() and str(self._folder) in identity:
            if process.identity(int(pid)) == identity:
                self._say("Ending the Kafka server that an earlier run left behind")
            process.end(int(pid), identity, _STOP_SECONDS)
        self._pid_file.unlink()

    def _format_once(self, java: str, jars: Path) -> None:
        """Format beside and rename, so that a format that was interrupted is done again."""
        data, fresh = self._folder / "data", self._folder / "data.new"
        if data.is_dir():
            return
        self._say("Preparing the disk of the Kafka server")
        shutil.rmtree(fresh, ignore_errors=True)
        config = self._write_private("format.properties", self._configuration(fresh, (1, 2)))
        # A file, because the arguments of a process can be seen by everybody on the machine.
        arguments = self._write_private("format.arguments", self._format_arguments(config))
        done = subprocess.run(
            [java, *_JVM, "-cp", f"{jars}/*", "kafka.tools.StorageTool", f"@{arguments}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        arguments.unlink()
        config.unlink()
        if done.returncode != 0:
            said = done.stdout.strip()[-2000:]
            raise Unavailable(f"the disk of the Kafka server could not be prepared:\n{said}")
        fresh.rename(data)

    def _format_arguments(self, config: Path) -> str:
        # Not all of it is random: one that begins with a dash would be taken for an option.
        cluster = "H" + base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()[1:]
        first_user = f"SCRAM-SHA-512=[name={ADMIN},iterations=8192,password={self._password()}]"
        lines = ("format", "--cluster-id", cluster, "--config", config, "--add-scram", first_user)
        return "\n".join(str(line) for line in lines)

    def _launch_and_wait(self, java: str, jars: Path, deadline: float) -> None:
        self._ports = self._choose_ports()
        for _ in range(3):
            self._say("Starting the Kafka server")
            said_before = self.log.stat().st_size if self.log.exists() else 0
            self._launch(java, jars)
            if self._wait(deadline):
                self._say(f"Kafka is ready on {self.bootstrap}")
                return
            said = self._said_since(said_before)
            if self.pid is not None or "Address already in use" not in said:
                break
            self._ports = _fresh_ports()  # somebody took a port between the look and the start
        raise Unavailable(f"the Kafka server did not start; see {self.log}\n{said[-1000:]}".strip())

    def _launch(self, java: str, jars: Path) -> None:
        config = self._write_private(
            "server.properties", self._configuration(self._folder / "data", self._ports)
        )
        crash = f"-XX:ErrorFile={self.log.parent}/crash-%p.log"
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [java, *_JVM, crash, "-cp", f"{jars}/*", "kafka.Kafka", str(config)],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us first: we stop before Kafka does
            )
        identity = process.identity(self._server.pid)
        self._pid_file.write_text(f"{self._server.pid} {identity}\n")
        (self._folder / "ports").write_text("{} {}\n".format(*self._ports))

    def _wait(self, deadline: float) -> bool:
        """Whether it serves before the deadline; False at once when the process ended."""
        access = self.access()
        while self.pid is not None and time.monotonic() < deadline:
            if process.answers(self._ports[0]) and _serves(access, deadline):
                return True
            time.sleep(0.05)
        return False

    def _said_since(self, position: int) -> str:
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")

    def _choose_ports(self) -> tuple[int, int]:
        recorded = self._folder / "ports"
        if recorded.exists():
            client, controller = (int(port) for port in recorded.read_text().split())
            if process.is_free(client) and process.is_free(controller):
                return client, controller
        return _fresh_ports()

    def _configuration(self, data: Path, ports: tuple[int, int]) -> str:
        return server_properties(data, *ports, self._password())

    def _password(self) -> str:
        return self.access().password()

    def _write_private(self, name: str, text: str) -> Path:
        file = self._folder / name
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
        return file


def _serves(access: KafkaAccess, deadline: float) -> bool:
    try:
        provision.check(access, limit_seconds=max(1, min(5, deadline - time.monotonic())))
    except Unavailable:
        return False
    return True


def _fresh_ports() -> tuple[int, int]:
    client, controller = process.free_ports(2)
    return client, controller


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
