"""What Homeward makes of a registry's answers, whatever they are."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tenacity import stop_after_attempt, wait_none

from broker.cli import home as homes
from broker.settings import Settings
from schemas.errors import Misuse, Unavailable
from schemas.registry import Registry, subject


class Answering(ThreadingHTTPServer):
    """Answers every request alike, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: tuple[int, Any] = (200, {})
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        status, body = self.server.answer
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_GET

    def log_message(self, *_: Any) -> None:
        """Nothing to standard error."""


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)


@pytest.fixture
def registry(server, monkeypatch) -> Iterator[Registry]:
    for method in (Registry.find, Registry.ids):
        monkeypatch.setattr(method.retry, "stop", stop_after_attempt(2))  # type: ignore[attr-defined]
        monkeypatch.setattr(method.retry, "wait", wait_none())  # type: ignore[attr-defined]
    with closing(Registry(server.url)) as registry:
        yield registry


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error_code": 500, "message": "no"}),
        (503, b"<html>try later</html>"),
        (429, {}),
        (401, {"error_code": 401, "message": "who are you"}),
        (403, {}),
        (404, b"<html>a wrong path</html>"),
        (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
        (200, b"<html>a login page</html>"),
        (200, {}),
    ],
)
def test_what_is_no_answer_is_waited_for_and_asked_again(server, registry, status, body):
    server.answer = (status, body)

    with pytest.raises(Unavailable, match="schema registry"):
        registry.find(7)

    assert len(server.asked) == 2


def test_a_registry_that_is_not_there_is_waited_for(registry, server):
    server.shutdown()
    server.server_close()

    with pytest.raises(Unavailable, match="does not answer"):
        registry.ids()


def test_an_id_that_is_not_known_is_asked_for_once(server, registry):
    server.answer = (404, {"error_code": 40403, "message": "Schema not found"})

    assert [registry.find(7) for _ in range(3)] == [None] * 3
    assert len(server.asked) == 1


def test_an_id_larger_than_any_registry_gives_is_not_asked_for(server, registry):
    assert registry.find(2**32 - 1) is None
    assert server.asked == []


def test_the_credential_comes_from_its_file(server, tmp_path: Path):
    file = tmp_path / "schema-registry.credential"
    file.write_text("homeward:a long secret\n")
    server.answer = (200, {"schema": '"string"'})

    with closing(Registry(server.url, file)) as registry:
        registry.find(7)

    ((_, said),) = server.asked
    assert said == "Basic " + base64.b64encode(b"homeward:a long secret").decode()


def test_a_credential_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(Misuse) as fault:
        Registry("https://homeward:secret@registry.example/apis")

    assert "secret" not in str(fault.value)


@pytest.mark.parametrize("url", ["registry.example", "ftp://registry.example", "http://"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(Misuse):
        Registry(url)


def test_commands_use_the_registry_of_what_runs_in_their_home(tmp_path):
    settings = Settings(home=tmp_path)
    this = homes.this_process("kafka:9092", "http://web", "sqlite://", "https://registry.example")

    assert homes.registry(settings) is None
    with homes.announced(settings, this), closing(homes.registry(settings)) as registry:
        assert registry.url == "https://registry.example"


def test_a_subject_that_somebody_else_uses_is_no_reason_to_wait(server, registry):
    server.answer = (409, {"error_code": 409, "message": "Incompatible schema"})

    with pytest.raises(Misuse, match="somebody else"):
        registry.ids()


def test_all_versions_of_a_kind_are_one_subject_named_by_the_record():
    assert subject("missing.return.v1") == subject("missing.return.v2")
    assert subject("safe-and-well.outcome.v1") == "uk.homeward.v1.SafeAndWellOutcome"
