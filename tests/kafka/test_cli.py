"""The whole command line on a real Kafka, as somebody at a terminal would use it."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from broker.__main__ import System, commands
from broker.cli import app as cli
from broker.clock import SetClock
from broker.connection import RELAY
from broker.errors import Misuse, Unavailable
from broker.local import process
from broker.questions import board, is_quiet
from broker.quotas import Quota
from broker.settings import Settings
from producers.client import AgencyClient
from schemas.notices import Receipt
from tests import examples as e
from tests.servers import _CACHE

AGENCIES = ((e.WALSALL,), (e.STOKE,), (e.STAFFORDSHIRE_POLICE,), (e.HOME, "--area", e.STOKE))
LIMIT_SECONDS = 60


@contextmanager
def up(home: Path, *arguments: str):
    """`homeward up` as a process of its own, and the line it prints when it is ready."""
    environ = {**os.environ, "HOMEWARD_HOME": str(home), "HOMEWARD_CACHE": str(_CACHE)}
    with subprocess.Popen(
        [sys.executable, "-m", "broker", "up", "--json", *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            assert running.stdout is not None
            yield running, json.loads(running.stdout.readline() or "{}")
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(30)
            except subprocess.TimeoutExpired:
                running.kill()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home where Homeward runs, with four agencies."""
    home = tmp_path_factory.mktemp("homeward")
    with up(home) as (_, ready):
        assert ready["ready"]
        for agency in AGENCIES:
            assert cli.run(commands(), ["agency", "add", *agency, "--home", str(home)]) == 0
        yield home


@pytest.fixture
def homeward(home, capsys):
    """Runs a command in that home; the answer is exit code, output and errors."""

    def run(*arguments):
        capsys.readouterr()
        code = cli.run(commands(), [*map(str, arguments), "--home", str(home)])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    return run


@pytest.fixture
def asked(homeward):
    """Runs a command with --json; the answer is what it printed, its exit code must be 0."""

    def run(*arguments):
        code, out, err = homeward(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return run


@pytest.fixture
def message(tmp_path, capsys):
    """A file with a new example of a kind."""

    def write(kind="missing.notification", **changes):
        assert cli.run(commands(), ["schemas", "example", kind]) == 0
        path = tmp_path / f"{kind}.json"
        path.write_text(json.dumps(json.loads(capsys.readouterr().out) | changes))
        return path

    return write


def about(name):
    """A child nobody knows yet."""
    return {"references": [{"holder": e.HOME, "scheme": "home-reference", "value": name}]}


def inbox(homeward, agency, *arguments):
    code, out, err = homeward("inbox", agency, "--json", *arguments)
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


def until(true):
    assert process.wait_until(true, LIMIT_SECONDS)


def test_a_child_is_reported_answered_for_and_back(homeward, asked, message):
    report = message(child=about("first"), episode="first/1")
    receipt = asked("send", report, "--as", e.HOME, "--wait")
    assert receipt["accepted"]
    assert {"address", "because", "answer_by"} == receipt["told"][0].keys()
    assert asked("send", report, "--as", e.HOME, "--wait")["repeated"]

    control_room = f"{e.STAFFORDSHIRE_POLICE}/control-room"
    delivery = next(
        each
        for each in inbox(homeward, e.STAFFORDSHIRE_POLICE)
        if each["address"] == control_room
        and each["message"]["message_id"] == receipt["message_id"]
    )
    assert {"sequence", "delivery", "kind", "because", "answer_by", "exercise"} <= delivery.keys()
    asked("answer", e.STAFFORDSHIRE_POLICE, delivery["delivery"], "acting")
    until(lambda: "answered" in {each["what"] for each in asked("timeline", receipt["episode"])})
    (absent,) = [each for each in asked("board") if each["episode"] == receipt["episode"]]
    assert absent["acting"] == [control_room]

    back = message("missing.return", child=about("first"), episode="first/1")
    assert asked("send", back, "--as", e.HOME, "--wait")["episode"] == receipt["episode"]
    assert receipt["episode"] not in {each["episode"] for each in asked("board", e.WALSALL)}
    events = asked("timeline", receipt["message_id"])
    assert {"at", "what", "agency", "address", "message_id", "delivery", "duty", "detail"} <= (
        events[0].keys()
    )
    assert [each["at"] for each in events] == sorted(each["at"] for each in events)


def test_the_counts_close_between_ledger_and_kafka(homeward, asked, message):
    asked("send", message(child=about("counted")), "--as", e.HOME, "--wait")
    until(lambda: homeward("account")[0] == 0)

    account = asked("account")
    assert account["balanced"]
    assert account["differences"] == []
    assert account["read"] == account["accepted"] + account["repeated"] + account["rejected"]
    sent = account["delivered"] + account["pending"] + account["parked"]
    assert account["decided"] == sent


def test_an_inbox_says_what_was_answered(homeward, asked, message):
    asked("send", message(child=about("marked")), "--as", e.HOME, "--wait")
    control_room = f"{e.STAFFORDSHIRE_POLICE}/control-room"
    (*_, delivery) = (
        each["delivery"]
        for each in inbox(homeward, e.STAFFORDSHIRE_POLICE)
        if each["address"] == control_room and each["answer_by"]
    )
    code, out, err = homeward("answer", e.STAFFORDSHIRE_POLICE, delivery, "acting")
    assert code == 0
    assert delivery in out
    assert "Listening" in err

    def shown():
        _, text, _ = homeward("inbox", e.STAFFORDSHIRE_POLICE)
        return text.partition(delivery)[2].partition("child ")[0]

    until(lambda: "answered acting" in shown())
    assert "LATE" not in shown()


def test_a_statement_of_identity_is_waited_for_too(homeward, asked, message):
    asked("send", message(), "--as", e.HOME, "--wait")
    same = message("identity.statement")
    code, out, _ = homeward("send", same, "--as", e.WALSALL, "--wait")

    assert code == 0
    assert "They were one child already." in out


def test_a_refused_message_is_not_good_and_kept_as_a_dead_letter(homeward, asked, message):
    wrong = message(child=about("refused"), responsible_authority="la.E99999999")
    code, out, _ = homeward("send", wrong, "--as", e.HOME, "--wait", "--json")

    refused = json.loads(out)
    assert code == 1
    assert (refused["accepted"], refused["code"]) == (False, "unknown-agency")
    assert refused["field"] == "responsible_authority"
    letter = asked("dead-letters", "list")[0]
    assert (letter["agency"], letter["code"]) == (e.HOME, "unknown-agency")
    assert asked("dead-letters", "show", letter["number"]) == letter | {"audit": []}


def test_a_refused_message_is_repaired_and_replayed_while_homeward_runs(
    homeward, asked, message, tmp_path
):
    wrong = message(child=about("repaired"), responsible_authority="la.E99999998")
    assert homeward("send", wrong, "--as", e.HOME, "--wait")[0] == 1
    letter = asked("dead-letters", "list", "--from", e.HOME)[0]
    right = tmp_path / "right.json"
    right.write_text(json.dumps({"responsible_authority": e.WALSALL}))

    number = letter["number"]
    code, out, _ = homeward(
        "dead-letters", "repair", number, "--fields", right, "--reason", "Said so by telephone"
    )
    assert (code, "responsible_authority" in out) == (0, True)
    assert asked("dead-letters", "replay", number, "--dry-run")["accepted"] == 1
    assert asked("dead-letters", "replay", number)["accepted"] == 1

    def receipts():
        read = inbox(homeward, e.HOME)
        return [one for one in read if one["kind"] == "receipt" and "corrected it" in str(one)]

    until(receipts)
    assert receipts()[0]["message"]["of"] == letter["message_id"]
    settled = asked("dead-letters", "list", "--state", "replayed")
    assert [one["number"] for one in settled] == [number]
    until(lambda: homeward("account")[0] == 0)
    assert asked("account")["dead_letters"]["replayed"] >= 1


def test_an_inbox_is_read_from_a_number_on(homeward, message, asked):
    asked("send", message(child=about("since")), "--as", e.HOME, "--wait")
    until(lambda: len(inbox(homeward, e.WALSALL)) >= 4)
    everything = [each["sequence"] for each in inbox(homeward, e.WALSALL)]

    assert everything == list(range(1, len(everything) + 1))
    later = inbox(homeward, e.WALSALL, "--since", 2, "--limit", 2)
    assert [each["sequence"] for each in later] == [3, 4]
    assert homeward("inbox", e.WALSALL, "--since", 10_000)[0] == 0


def test_an_agency_is_shown_what_it_needs_to_connect(asked, home):
    shown = asked("agency", "show", e.WALSALL)

    password = Path(shown["kafka"]["password_file"])
    assert f"{e.WALSALL}/front-door" in shown["addresses"]
    assert shown["topics"] == {"write": f"outbox.{e.WALSALL}", "read": f"inbox.{e.WALSALL}"}
    assert shown["kafka"]["username"] == e.WALSALL
    assert shown["kafka"]["group_prefix"] == f"{e.WALSALL}."
    assert shown["quota"] == Quota().shown()
    assert password.parent == home / "secrets"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert "yes: its credential works" in shown["ready"]


def test_an_agency_that_is_removed_gets_what_waited_when_it_is_added_again(
    homeward, asked, message
):
    council = "la.E06000022"
    assert homeward("agency", "add", council)[0] == 0
    before = homeward("agency", "rotate", council)
    assert before[0] == 0
    assert homeward("agency", "test", council)[0] == 0
    assert homeward("agency", "remove", council)[0] == 0
    assert homeward("inbox", council)[0] == 2

    moved = message(child=about("removed"), responsible_authority=council)
    asked("send", moved, "--as", e.HOME, "--wait")
    until(lambda: parked(asked, council) > 0)
    assert asked("account")["balanced"]
    assert homeward("agency", "add", council)[0] == 0
    until(lambda: parked(asked, council) == 0 and len(inbox(homeward, council)) > 0)


def parked(asked, agency):
    rows = asked("account")["destinations"]
    return next((each["parked"] for each in rows if each["topic"] == f"inbox.{agency}"), 0)


def test_an_agency_that_would_leave_somebody_untold_is_not_added(homeward):
    code, _, err = homeward("agency", "add", "provider.SC777777")

    assert code == 2
    assert "--area" in err


def test_status_is_good_while_every_part_works(homeward, asked):
    until(lambda: homeward("status", "--json")[0] == 0)
    status = asked("status")

    assert status["well"]
    assert status["parts"].keys() == {"take-in", "relay-0", "timekeeper", "account", "ledger"}


def test_a_home_is_not_started_twice(home):
    environ = {**os.environ, "HOMEWARD_HOME": str(home), "HOMEWARD_CACHE": str(_CACHE)}
    command = [sys.executable, "-m", "broker", "up"]
    second = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)

    assert second.returncode == 2
    assert "already" in second.stderr
    assert "Traceback" not in second.stderr


def test_up_ends_with_its_kafka_when_it_is_told_to(tmp_path):
    with up(tmp_path) as (running, ready):
        kafka = ready["kafka"]
        found = json.loads((tmp_path / "running.json").read_text())
        assert found["pid"] == running.pid
        asked_at = time.monotonic()
        running.send_signal(signal.SIGINT)
        assert running.wait(10) == 0
        assert time.monotonic() - asked_at < 10

    assert not process.answers(int(kafka.partition(":")[2]))
    assert not (tmp_path / "running.json").exists()


@pytest.mark.anyio
async def test_a_system_with_a_clock_of_its_own_climbs_when_the_clock_is_moved(tmp_path):
    clock = SetClock(e.FRIDAY_NIGHT)
    settings = Settings(home=tmp_path, cache=_CACHE)
    async with System(settings, clock=clock) as system:
        council = await system.add_agency(e.WALSALL)
        provider = await system.add_agency(e.HOME, "A home", e.STOKE)
        async with AgencyClient(provider, e.HOME, clock) as client:
            assert isinstance(await client.send_and_wait(e.notification()), Receipt)
        clock.move(timedelta(hours=1))
        climbed = f"{e.WALSALL}/on-call-manager"
        async with AgencyClient(council, e.WALSALL, clock) as client:
            async for delivery in client.read(follow=True):
                if delivery.address == climbed and delivery.kind == "missing.notification":
                    break
        with system.ledger.reading() as connection:
            assert len(board(connection)) == 1
            assert not is_quiet(connection, clock.now(), {f"outbox.{e.HOME}": 2})
    assert not process.answers(int(system.bootstrap.partition(":")[2]))


# -- the client, on a Kafka without Homeward


@pytest.mark.anyio
async def test_a_reader_drops_what_it_has_seen_and_names_what_is_missing(kafka):
    agency = "la.E09000001"
    access = kafka.add_agency(agency)
    await put(kafka, agency, [1, 2, 2, None, 4, 3, 7])
    client = AgencyClient(access, agency)

    found = [(one.sequence, one.missing_before) async for one in client.read()]
    assert found == [(1, ()), (2, ()), (3, ()), (4, ()), (7, (5, 6))]
    later = [(one.sequence, one.missing_before) async for one in client.read(since=4)]
    assert later == [(7, (5, 6))]


async def put(kafka, agency, sequences):
    """Write to an inbox what no relay would."""
    async with AIOKafkaProducer(**kafka.access(RELAY).for_aiokafka()) as producer:
        for sequence in sequences:
            headers = [("delivery", b"621b5b31-3c34-5271-8e84-79e37b1f1087")]
            headers += [("sequence", str(sequence).encode())] * (sequence is not None)
            await producer.send_and_wait(f"inbox.{agency}", b"x", headers=headers)


@pytest.mark.anyio
async def test_nothing_is_sent_or_read_with_somebody_else_s_credential(kafka):
    kafka.add_agency("la.E09000003")
    thief = kafka.add_agency("la.E09000004")

    async with AgencyClient(thief, "la.E09000003") as client:
        with pytest.raises(Misuse, match="rights"):
            await client.send(e.notification())
        with pytest.raises(Misuse, match="rights"):
            [one async for one in client.read()]


@pytest.mark.anyio
async def test_without_homeward_a_receipt_is_not_waited_for_without_end(kafka):
    access = kafka.add_agency("provider.SC9")
    async with AgencyClient(access, "provider.SC9") as client:
        with pytest.raises(Unavailable, match="same message_id is safe"):
            await client.send_and_wait(e.notification(sender="provider.SC9"), limit_seconds=1)


def test_an_answer_to_a_delivery_of_somebody_else_is_refused_at_once(homeward):
    code, _, err = homeward("answer", e.WALSALL, "621b5b31-3c34-5271-8e84-79e37b1f1087", "acting")

    assert code == 1
    assert "not-your-delivery" in err
