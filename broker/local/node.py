"""One Apache Kafka server process on this machine: formatted once, started, killed, frozen."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from broker.errors import Misuse, Unavailable
from broker.local import process

_LOG_FORMAT = Path(__file__).with_name("log4j2.xml")
_STOP_SECONDS = 20.0
_FORMAT_SECONDS = 60.0
_JVM = (
    "-Xmx384m",
    "-XX:+UseSerialGC",  # with few cores the least memory and the least disturbance
    "-XX:TieredStopAtLevel=1",  # ready sooner; a long-running large server would want the full JIT
    "-XX:+ExitOnOutOfMemoryError",
    f"-Dlog4j2.configurationFile={_LOG_FORMAT}",
)


class Node:
    """
    One server with a folder of its own, which holds its data, its log and its process id.

    A process that an earlier starter left behind is ended by `end_leftover`, if it is that one.
    """

    def __init__(self, number: int, folder: Path, say: Callable[[str], None]) -> None:
        self.number, self.folder = number, folder
        self._say = say
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        running = self._server is not None and self._server.poll() is None
        return self._server.pid if running and self._server else None

    @property
    def data(self) -> Path:
        """Where its records are."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "log" / "server.log"

    def make_folders(self) -> None:
        for folder in (self.folder, self.log.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def format_once(
        self, java: str, jars: Path, configuration: Callable[[Path], str], arguments: list[str]
    ) -> None:
        """Format beside and rename, so that a format that was interrupted is done again."""
        fresh = self.folder / "data.new"
        if self.data.is_dir():
            return
        self._say("Preparing the disk of the Kafka server")
        shutil.rmtree(fresh, ignore_errors=True)
        config = self._write_private("format.properties", configuration(fresh))
        # A file, because the arguments of a process can be seen by everybody on the machine.
        lines = "\n".join(("format", "--config", str(config), *arguments))
        given = self._write_private("format.arguments", lines)
        done = subprocess.run(
            [java, *_JVM, "-cp", f"{jars}/*", "kafka.tools.StorageTool", f"@{given}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_FORMAT_SECONDS,
        )
        given.unlink()
        config.unlink()
        if done.returncode != 0:
            said = done.stdout.strip()[-2000:]
            raise Unavailable(f"the disk of the Kafka server could not be prepared:\n{said}")
        fresh.rename(self.data)

    def launch(self, java: str, jars: Path, configuration: str) -> None:
        """Start the process; it serves some time later."""
        config = self._write_private("server.properties", configuration)
        crash = f"-XX:ErrorFile={self.log.parent}/crash-%p.log"
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [java, *_JVM, crash, "-cp", f"{jars}/*", "kafka.Kafka", str(config)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us first: we stop before Kafka does
            )
        identity = process.identity(self._server.pid)
        self._pid_file.write_text(f"{self._server.pid} {identity}\n")

    def stop(self) -> None:
        """End the server in good order, or by force when that takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would end the process: kill -9."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it do nothing, and look alive to the network, until `thaw`."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.pid is not None:
            os.kill(self.pid, signal.SIGCONT)

    def end_leftover(self) -> None:
        if not self._pid_file.exists():
            return
        pid, _, identity = self._pid_file.read_text().strip().partition(" ")
        if pid.isdigit() and str(self.folder) in identity:
            if process.identity(int(pid)) == identity:
                self._say("Ending the Kafka server that an earlier run left behind")
            process.end(int(pid), identity, _STOP_SECONDS)
        self._pid_file.unlink()

    def said_since(self, position: int) -> str:
        """What it logged from there on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(position)
            return log.read().decode(errors="replace")

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    @property
    def _pid_file(self) -> Path:
        return self.folder / "server.pid"

    def _end(self, number: signal.Signals) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.send_signal(number)
        server.send_signal(signal.SIGCONT)  # one that is frozen hears nothing else
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        self._pid_file.unlink(missing_ok=True)

    def _write_private(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
        return file


def misuse_of_nodes(had: int, wanted: int, folder: Path) -> Misuse:
    """A disk of one node cannot become one of three: its records are kept once."""
    return Misuse(
        f"the Kafka in {folder} has {had} node{'s' * (had > 1)}, not {wanted}: start it with "
        f"--nodes {had}, or choose another --home"
    )
