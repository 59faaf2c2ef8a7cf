"""The AsyncAPI document is right by AsyncAPI's own parser, and says what the code does."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from broker import provision
from broker.settings import Settings
from schemas import generate
from schemas.asyncapi import INBOX, OUTBOX, document
from schemas.kinds import FROM_AGENCIES, RECORD_TOPICS, event_type

HERE = Path(__file__).parent
_INSTALL_SECONDS = 600
_CACHE = Settings.read(os.environ).cache


def parser() -> Path:
    """Where exactly what package-lock.json names is installed: whole or not at all, and once."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = _CACHE / f"asyncapi-{hashlib.sha256(lock).hexdigest()[:12]}"
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "asyncapi.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "npm is not installed: deploy/test does that"
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".asyncapi-") as name:
        whole = Path(name, "whole")
        whole.mkdir()
        for file in ("package.json", "package-lock.json"):
            shutil.copy(HERE / file, whole)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=whole, capture_output=True, text=True, timeout=_INSTALL_SECONDS
        )
        assert done.returncode == 0, done.stderr[-2000:]
        whole.rename(folder)


@pytest.fixture(scope="module")
def read(tmp_path_factory) -> dict[str, Any]:
    """What the parser makes of the document."""
    file = tmp_path_factory.mktemp("asyncapi") / "asyncapi.json"
    file.write_text(json.dumps(document()))
    done = subprocess.run(
        ["node", str(HERE / "check.mjs"), str(parser()), str(file)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def names(kinds: Any) -> set[str]:
    wanted = set(kinds)
    split = (name.rpartition(".v") for name in generate.published())
    return {event_type(kind, int(version)) for kind, _, version in split if kind in wanted}


def test_the_parser_finds_nothing_wrong(read):
    assert read["problems"] == []


def test_every_topic_is_a_channel(read):
    assert set(read["channels"]) == {OUTBOX, INBOX, *RECORD_TOPICS.values()}
    assert OUTBOX.format(agency="la.E10000028") == provision.outbox("la.E10000028")
    assert INBOX.format(agency="la.E10000028") == provision.inbox("la.E10000028")


def test_an_outbox_takes_what_agencies_send_in_every_version(read):
    assert {each["name"] for each in read["channels"][OUTBOX]} == names(FROM_AGENCIES)


def test_an_inbox_may_hold_everything(read):
    published = {name.rpartition(".v")[0] for name in generate.published()}

    assert {each["name"] for each in read["channels"][INBOX]} == names(published)


@pytest.mark.parametrize("topic", sorted(set(RECORD_TOPICS.values())))
def test_a_topic_of_record_holds_its_kinds(read, topic):
    kinds = [kind for kind, its_topic in RECORD_TOPICS.items() if its_topic == topic]

    assert {each["name"] for each in read["channels"][topic]} == names(kinds)


def test_the_parser_reads_the_avro_of_every_message(read):
    for channel in read["channels"].values():
        for message in channel:
            name = message["name"].removeprefix("uk.homeward.")
            fields = [field["name"] for field in json.loads(generate.text(name))["fields"]]
            assert message["fields"] == fields


def test_headers_of_a_delivery_are_those_the_relay_writes(read):
    from tests.unit.test_wire_versions import content, e, outgoing, wire

    what = content(e.notification())
    (record,) = wire.records([outgoing("inbox.la.E08000030", what, child=what.message_id)])
    said = next(
        each
        for each in read["channels"][INBOX]
        if each["name"] == event_type(what.kind, what.version)
    )

    assert set(said["headers"]) == {name for name, _ in record.headers}
