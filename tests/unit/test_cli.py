"""The commands that need no Kafka: what they print, and how they end."""

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli import home as homes
from broker.cli import message_file, screen
from broker.cli.agencies import desk
from broker.cli.example import example
from broker.clock import SystemClock
from broker.directory import Directory
from broker.errors import Misuse, Unavailable
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.settings import Settings
from schemas.codec import encode, from_json
from schemas.kinds import FROM_AGENCIES
from tests import examples as e

NOW = datetime(2026, 3, 27, 22, 10, tzinfo=UTC)


@pytest.fixture
def homeward(tmp_path, capsys, monkeypatch):
    """Runs a command in a home of its own; the answer is exit code, output and errors."""
    for name in ("HOMEWARD_HOME", "HOMEWARD_KAFKA", "HOMEWARD_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))

    def run(*arguments):
        code = cli.run(commands(), [str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    run.home = tmp_path / "home"
    return run


@pytest.fixture
def file(tmp_path):
    def write(fields):
        path = tmp_path / "message.json"
        path.write_text(fields if isinstance(fields, str) else json.dumps(fields))
        return path

    return write


def every_command():
    from typer.main import get_command

    def below(command, names):
        if not hasattr(command, "commands"):
            yield names
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, (*names, name))

    return list(below(get_command(commands()), ()))


@pytest.mark.parametrize("names", every_command(), ids=" ".join)
def test_every_command_has_help_with_an_example(homeward, names):
    code, out, _ = homeward(*names, "--help")

    assert code == 0
    assert "Example: homeward " + " ".join(names) in re.sub(r"\s+", " ", out)


@pytest.mark.parametrize(
    "arguments",
    [
        ("board",),
        ("timeline", "621b5b31-3c34-5271-8e84-79e37b1f1087"),
        ("account",),
        ("status",),
        ("dead-letters", "list"),
        ("agency", "list"),
        ("agency", "show", e.WALSALL),
    ],
)
def test_without_a_ledger_the_operator_hears_how_to_start(homeward, arguments):
    code, out, err = homeward(*arguments)

    assert code == 2
    assert out == ""
    assert "there is no ledger in" in err
    assert "`homeward up`" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("inbox", e.WALSALL),
        ("answer", e.WALSALL, "621b5b31-3c34-5271-8e84-79e37b1f1087", "acting"),
        ("send", "-", "--as", e.WALSALL),
    ],
)
def test_without_kafka_an_agency_hears_how_to_start(homeward, arguments):
    code, _, err = homeward(*arguments)

    assert code == 2
    assert "nothing runs in" in err


@pytest.mark.parametrize("kind", FROM_AGENCIES)
def test_every_example_is_a_valid_message(kind):
    message = from_json(example(kind, NOW))

    assert kind == message.KIND
    assert encode(message)


def test_an_example_of_what_agencies_do_not_send_is_refused(homeward):
    assert homeward("schemas", "example", "receipt")[0] == 2
    assert homeward("schemas", "example", "threshold.reached")[0] == 2
    assert "missing.notification" in homeward("schemas", "example", "nonsense")[2]


def test_published_schemas_are_those_of_the_code(homeward):
    code, out, _ = homeward("schemas", "check", "--json")

    assert code == 0
    assert json.loads(out)["problems"] == []


def test_published_schemas_can_be_copied_for_other_clients(homeward, tmp_path):
    code, _, _ = homeward("schemas", "publish", "--to", tmp_path / "avro")

    assert code == 0
    assert json.loads((tmp_path / "avro" / "ids.json").read_text())["missing.notification.v1"] == 1
    assert (tmp_path / "avro" / "missing.notification.v1.avsc").exists()


def test_the_shipped_policy_is_good(homeward):
    code, out, _ = homeward("policy", "check", "--json")

    assert code == 0
    assert json.loads(out)["good"]


def test_a_wrong_policy_is_not_good_and_says_where(homeward, file):
    code, out, _ = homeward("policy", "check", file("rules: [\n"), "--json")

    assert code == 1
    assert json.loads(out)["problems"][0].startswith("message.json:")


def test_a_policy_that_is_not_there_is_wrong_use(homeward):
    assert homeward("policy", "check", "nowhere.yaml")[0] == 2


def test_a_message_is_explained_without_kafka_and_without_a_ledger(homeward, file):
    path = file(example("missing.notification", NOW))
    code, out, _ = homeward("policy", "explain", path, "--at", "2026-03-27T22:10:00Z", "--json")

    shown = json.loads(out)
    told = {one["address"]: one for one in shown["recipients"]}
    duties = {(one["duty"], one["owed_by"]): one for one in shown["duties"]}
    team = f"{e.WALSALL}/emergency-duty"
    assert code == 0
    assert not homeward.home.exists()
    assert {"address", "view", "because", "basis", "source"} <= told[team].keys()
    assert told[team]["because"].endswith(f"@{shown['policy']}")
    assert duties["answer", team]["starts_at"] == "2026-03-27T22:10:00Z"
    assert duties["answer", team]["due_at"] == "2026-03-27T22:40:00Z"
    assert duties["answer", team]["ladder"][0]["address"] == f"{e.WALSALL}/on-call-manager"
    assert {"role", "why"} == shown["not_told"][0].keys()


def test_by_day_the_front_door_is_told_instead(homeward, file):
    path = file(example("missing.notification", NOW))
    _, out, _ = homeward("policy", "explain", path, "--at", "2026-03-30T12:00:00Z", "--json")

    shown = json.loads(out)
    assert f"{e.WALSALL}/emergency-duty" not in {one["address"] for one in shown["recipients"]}


def test_a_message_is_not_explained_as_of_before_it_happened(homeward, file):
    path = file(example("missing.notification", NOW))
    code, _, err = homeward("policy", "explain", path, "--at", "2026-03-25T12:00:00Z")

    assert code == 2
    assert "--at 2026-03-25T12:00:00Z is before the message, which happened Fri 27 Mar" in err


def test_what_is_not_explained_is_wrong_use_and_says_why(homeward, file):
    code, _, err = homeward("policy", "explain", file(example("identity.statement", NOW)))

    assert code == 2
    assert "identity.statement cannot be explained yet" in err


def test_an_explanation_is_readable_too(homeward, file):
    path = file(example("missing.notification", NOW))
    code, out, _ = homeward("policy", "explain", path, "--at", "2026-03-27T22:10:00Z")

    assert code == 0
    assert "Walsall emergency duty team" in out
    assert "Fri 27 Mar 2026 22:40 GMT" in out
    assert "\x1b" not in out  # plain when it is not a terminal


def test_what_is_left_out_of_a_message_is_explained_all_the_same(homeward, file):
    fields = example("missing.notification", NOW)
    for name in ("message_id", "sender", "from_address", "sent_at"):
        del fields[name]

    arguments = ("policy", "explain", file(fields), "--as", e.HOME, "--at", "2026-03-27T22:10:00Z")
    assert homeward(*arguments)[0] == 0


@pytest.mark.parametrize("at", ["yesterday", "2026-03-27", "2026-03-27T22:10:00"])
def test_a_time_needs_its_zone(homeward, file, at):
    code, _, err = homeward("policy", "explain", file({}), "--at", at)

    assert code == 2
    assert "--at" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("{", "is not JSON: line 1, column 2"),
        ("[1]", "must be one JSON object"),
        ("{}", "does not say who sends it"),
        ('{"sender": "la.E08000030"}', "does not say its kind"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_file_that_is_no_message_is_wrong_use(homeward, file, text, words):
    code, _, err = homeward("policy", "explain", file(text))

    assert code == 2
    assert words in err


def test_a_file_that_is_not_text_is_wrong_use(homeward, tmp_path):
    path = tmp_path / "message.bin"
    path.write_bytes(b"\xff\xfe")

    code, _, err = homeward("policy", "explain", path)
    assert code == 2
    assert "not UTF-8" in err


def test_a_message_that_cannot_be_accepted_is_not_good(homeward, file):
    fields = example("missing.notification", NOW) | {"risk_reason": None}
    code, _, err = homeward("policy", "explain", file(fields))

    assert code == 1
    assert "a risk is stated with its reason" in err
    assert "[reason-required]" in err


def test_what_is_filled_in_is_named():
    fields = {"kind": "missing.update", "occurred_at": "2026-03-27T22:10:00Z"}
    directory = Directory.shipped()

    complete, filled = message_file.complete(fields, e.HOME, NOW, directory)
    assert filled == ["message_id", "sender", "from_address", "sent_at"]
    assert complete["from_address"] == f"{e.HOME}/home-manager"
    assert complete["sent_at"] == "2026-03-27T22:10:00Z"
    assert complete["occurred_at"] == fields["occurred_at"]


def test_nothing_that_was_stated_is_changed():
    fields = example("missing.notification", NOW)

    assert message_file.complete(fields, None, NOW, Directory.shipped()) == (fields, [])


def test_a_message_is_not_sent_as_somebody_else():
    with pytest.raises(Misuse, match=f"--as {e.HOME}"):
        message_file.complete(
            example("missing.notification", NOW), e.WALSALL, NOW, Directory.shipped()
        )


def test_a_desk_is_typed_with_what_differs():
    assert desk("on-call") == ("on-call", {})
    assert desk("on-call:cover=night-staff:rings=yes") == (
        "on-call",
        {"cover": "night-staff", "rings": True},
    )
    for wrong in ("on-call:rings", "on-call:rings=maybe", "on-call:hours=always"):
        with pytest.raises(Misuse, match="--function"):
            desk(wrong)


def test_the_directory_can_be_searched_before_anything_runs(homeward):
    code, out, _ = homeward("agency", "list", "--find", "stoke", "--json")

    (found,) = json.loads(out)
    assert code == 0
    assert (found["agency"], found["on_broker"]) == (e.STOKE, False)


def test_an_unknown_command_is_wrong_use(homeward):
    code, _, err = homeward("inbo")

    assert code == 2
    assert "Did you mean" in err


def test_an_unknown_part_is_wrong_use(homeward):
    code, _, err = homeward("run", "take-in", "nonsense")

    assert code == 2
    assert "take-in, relay, timekeeper, account, web" in err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Misuse("do this [instead]"), 2, "Not possible: do this [instead]"),
        (Unavailable("Kafka is away"), 1, "Not now: Kafka is away"),
        (KeyError("Robin Example"), 1, "A fault in Homeward: KeyError at"),
    ],
)
def test_no_error_becomes_a_traceback_or_quotes_a_message(capsys, error, code, words):
    def fails(**_):
        raise error

    assert cli.run(fails, []) == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert "Robin" not in err


# -- homes


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home")


@contextmanager
def made(ledger):
    ledger.create(SystemClock())
    try:
        yield ledger
    finally:
        ledger.close()


def test_a_home_is_one_process_s_at_a_time(settings):
    another = homes.claimed(settings)
    with homes.claimed(settings), pytest.raises(Misuse, match=r"runs in .* already"):
        another.__enter__()
    with homes.claimed(settings):
        pass


def test_what_runs_is_found_while_it_runs(settings):
    this = homes.this_process("127.0.0.1:9092", "http://127.0.0.1:8000", "sqlite:///x")
    with homes.claimed(settings), homes.announced(settings, this):
        assert homes.running(settings) == this
        assert homes.kafka(settings) == "127.0.0.1:9092"
    assert homes.running(settings) is None


@pytest.mark.parametrize(
    "left_behind",
    [
        "",
        "nonsense",
        "[]",
        '{"kafka": "k", "web": "w", "ledger": "l", "pid": 1, "identity": "another process"}',
        '{"kafka": "k", "web": "w", "ledger": "l", "pid": 4194304, "identity": "gone"}',
        '{"kafka": "k"}',
    ],
)
def test_what_a_killed_process_left_behind_is_not_taken_for_running(settings, left_behind):
    settings.home.mkdir()
    (settings.home / "running.json").write_text(left_behind)

    assert homes.running(settings) is None


def test_the_key_of_the_ledger_is_made_once_for_this_user_only(settings):
    settings.home.mkdir()
    with made(Ledger(settings.ledger_url)) as ledger:
        homes.keys(settings, ledger)
        file = settings.secrets / "pseudonym.key"
        secret = file.read_bytes()
        homes.keys(settings, ledger)

    assert file.read_bytes() == secret
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(secret) == 32
    assert list(settings.secrets.iterdir()) == [file]


def test_a_ledger_whose_key_is_gone_is_not_opened_with_another(settings):
    settings.home.mkdir()
    with made(Ledger(settings.ledger_url)) as ledger:
        key = Keys(b"the key that was lost").of("a child")
        row = {"key": key, "child": e.uuid4(), "ground": "reference", "holder": e.HOME}
        with ledger.deciding() as connection:
            connection.execute(t.child_key.insert().values(row))

        with pytest.raises(Misuse, match="put it back from a backup"):
            homes.keys(settings, ledger)


def test_tables_stay_whole_where_there_is_no_terminal(capsys):
    reference = "ac3469d1-1ed0-5b04-940d-1bc73df15546"
    screen.table("Title", ("one", "two"), [(reference, "x [y] " * 30)], "nothing")

    out = capsys.readouterr().out
    assert reference in out
    assert "x [y]" in out


def test_an_empty_table_says_so(capsys):
    screen.table("Title", ("one",), [], "Nothing [here].")

    assert capsys.readouterr().out == "Nothing [here].\n"
