"""A real schema registry, Apicurio, which speaks Confluent's protocol: in a folder of its own."""

import atexit
import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.local.process import free_ports
from broker.settings import Settings

_VERSION = "3.0.9"
_ARTIFACT = f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all"
_CACHE = Settings.read(os.environ).cache
_START_SECONDS = 90
_FETCH_SECONDS = 900


class RegistryServer:
    """`start` after `kill` finds what was registered again, at the same address."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_ports(1)[0]
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where Confluent's protocol is spoken."""
        return f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = _program()
        java = Path(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
        options = {
            "quarkus.http.host": "127.0.0.1",
            "quarkus.http.port": self._port,
            "quarkus.log.level": "WARN",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{self._folder}/registry",
        }
        command = [str(java), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += [f"-D{name}={value}" for name, value in options.items()]
        command += ["-jar", str(program)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            alive = self._server.poll() is None and time.monotonic() < deadline
            assert alive, (self._folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would."""
        server, self._server = self._server, None
        if server is not None:
            server.kill()
            server.wait()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/subjects", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def registry_server() -> Iterator[RegistryServer]:
    """An empty registry, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="homeward-registry-") as folder:
        server = RegistryServer(Path(folder))
        atexit.register(server.kill)
        try:
            server.start()
            yield server
        finally:
            server.kill()
            atexit.unregister(server.kill)


def _program() -> Path:
    """The registry's jar, fetched with Maven once; the folder appears whole or not at all."""
    folder = _CACHE / f"apicurio-{_VERSION}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "fetch.lock").open("w") as held:  # the same as for Kafka's jars
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return next(folder.glob("apicurio-registry-app-*-runner.jar"))


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    assert maven, "Maven is not installed: deploy/test does that"
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as name:
        for goal in (
            ["dependency:get", f"-Dartifact={_ARTIFACT}", "-Dtransitive=false"],
            ["dependency:copy", f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={name}"],
        ):
            command = [maven, "--quiet", "--batch-mode", "--strict-checksums", *goal]
            done = subprocess.run(
                command, cwd=name, capture_output=True, text=True, timeout=_FETCH_SECONDS
            )
            assert done.returncode == 0, done.stdout[-2000:]
        whole = Path(name, "whole")
        with tarfile.open(next(Path(name).glob("*.tar.gz"))) as archive:
            archive.extractall(whole, filter="data")
        whole.rename(folder)
