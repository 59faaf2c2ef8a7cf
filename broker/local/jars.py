"""Brings Apache Kafka's jars to this machine, once."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.errors import Misuse, Unavailable

POM = Path(__file__).with_name("pom.xml")

_FETCH_LIMIT_SECONDS = 900  # a slow line; seconds on a usual one


def fetch_jars(cache: Path, say: Callable[[str], None]) -> Path:
    """
    The folder of Kafka's jars, fetched with Maven when it is not there yet.

    The folder appears whole or not at all, also when two processes ask at once or one is killed.
    Another list of jars is another folder.
    """
    jars = cache / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if jars.is_dir():
        return jars
    maven = shutil.which("mvn")
    if maven is None:
        raise Misuse(
            "Maven is needed to fetch Apache Kafka, once: install it "
            "(Debian, Ubuntu: apt-get install maven), or run deploy/demo, which does"
        )
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / "fetch.lock"):  # two Mavens at once can spoil their common repository
        if not jars.is_dir():
            say("Fetching Apache Kafka with Maven (43 MB, this once)")
            _fetch(maven, jars)
    return jars


def _fetch(maven: str, jars: Path) -> None:
    for abandoned in jars.parent.glob(".fetch-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix=".fetch-") as folder:
        shutil.copy(POM, folder)  # Maven may write beside the pom
        found = Path(folder, "jars")
        command = [maven, "--quiet", "--batch-mode", "--strict-checksums"]
        command += ["--file", f"{folder}/pom.xml", "dependency:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={found}"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=_FETCH_LIMIT_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable("Maven did not fetch Apache Kafka in 15 minutes") from error
        if done.returncode != 0 or not any(found.glob("kafka_*.jar")):
            raise Unavailable(f"Maven could not fetch Apache Kafka:\n{done.stdout.strip()[-2000:]}")
        found.rename(jars)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
