"""Kafka on this machine starts, survives and is ended as it promises."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from broker import provision
from broker.connection import KafkaAccess
from broker.errors import Misuse, Unavailable
from broker.local import process
from broker.local.kafka import LocalKafka
from tests.servers import KafkaServer, kafka_server

pytestmark = pytest.mark.timeout(60)

AGENCY = "la.E10000028"


@pytest.fixture(scope="module")
def server():
    with kafka_server() as started:
        started.add_agency(AGENCY)
        yield started


def test_a_restart_keeps_topics_users_and_port(server: KafkaServer):
    before = server.bootstrap, _ids(server)

    server.stop()
    server.start()

    assert (server.bootstrap, _ids(server)) == before
    provision.check(server.access(AGENCY))


def test_after_kill_nine_it_starts_again_with_everything(server: KafkaServer):
    before = _ids(server)

    server.kill()
    server.start()

    assert _ids(server) == before
    provision.check(server.access(AGENCY))


def test_it_takes_another_port_when_somebody_has_taken_its_own(server: KafkaServer):
    taken = int(server.bootstrap.rpartition(":")[2])
    server.stop()

    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()
        server.start()

    assert server.bootstrap != f"127.0.0.1:{taken}"
    provision.check(server.access(AGENCY))


def test_two_at_once_in_one_home_is_wrong_use(server: KafkaServer):
    with pytest.raises(Misuse, match="another Homeward"):
        LocalKafka(server.settings).start()

    provision.check(server.access(AGENCY))


def test_what_a_killed_starter_left_behind_is_ended_by_the_next_start(server: KafkaServer):
    server.stop()
    leftover = _start_and_die(server)
    assert process.identity(leftover)

    server.start()

    assert process.identity(leftover) is None
    provision.check(server.access(AGENCY))


def test_a_process_that_is_not_ours_is_never_ended(server: KafkaServer):
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file = server.settings.home / "kafka" / "server.pid"
        pid_file.write_text(f"{other.pid} 12345 java {server.settings.home}/kafka\n")
        server.start()

        assert other.poll() is None
        other.kill()


def test_the_password_is_in_no_command_line_and_in_no_readable_file(server: KafkaServer):
    password = server.local.access().password()
    holding = [
        file
        for file in server.settings.home.rglob("*")
        if file.is_file() and password.encode() in file.read_bytes()
    ]

    assert server.local.pid
    assert password not in (process.identity(server.local.pid) or password)
    assert {file.name for file in holding} == {"server.properties", "homeward-admin.password"}
    assert {file.stat().st_mode & 0o777 for file in holding} == {0o600}


def test_a_wrong_password_is_told_at_once(server: KafkaServer, tmp_path: Path):
    wrong = tmp_path / "wrong.password"
    wrong.write_text("guess")

    with pytest.raises(Misuse, match="password of homeward-admin is not right"):
        provision.check(KafkaAccess(server.bootstrap, "homeward-admin", wrong))


def test_a_stopped_kafka_is_unavailable(server: KafkaServer):
    server.stop()

    with pytest.raises(Unavailable):
        provision.check(server.access(AGENCY), limit_seconds=1)
    server.start()


def test_the_way_to_the_controller_knows_no_agency(server: KafkaServer):
    ports = (server.settings.home / "kafka" / "ports").read_text().split()
    agency = server.access(AGENCY)
    as_plain = KafkaAccess(
        f"127.0.0.1:{ports[1]}", AGENCY, agency.password_file, sasl_mechanism="PLAIN"
    )

    with pytest.raises(Misuse, match="not right"):
        provision.check(as_plain, limit_seconds=5)


@pytest.mark.parametrize("missing", ["java", "mvn"])
def test_what_is_missing_is_said_with_how_to_install_it(missing, tmp_path: Path, monkeypatch):
    (tmp_path / "bin").mkdir()
    if missing == "mvn":
        java = tmp_path / "bin" / "java"
        java.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    settings = KafkaServer(tmp_path).settings.model_copy(update={"cache": tmp_path / "cache"})

    with pytest.raises(Misuse, match="apt-get install"):
        LocalKafka(settings).start()


def _ids(server: KafkaServer) -> dict[str, str]:
    topics = provision.list_agency_topics(server.local.access())
    return provision.topic_ids(server.local.access(), [*topics, *provision.KIND_TOPICS])


def _start_and_die(server: KafkaServer) -> int:
    """Start the server from another process, which is then killed; the answer is the server."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from tests.servers import KafkaServer\n"
        "server = KafkaServer(Path(sys.argv[1])); server.start()\n"
        "print(server.local.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(server.settings.home)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL, done.stderr
    return int(done.stdout)
