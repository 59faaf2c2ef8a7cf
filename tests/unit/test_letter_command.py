"""`homeward letter`: what it takes, where it writes, and how it ends."""

import io
import json
import re
import stat
from datetime import UTC, datetime

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli.example import example

NOW = datetime(2026, 12, 23, 10, tzinfo=UTC)
NOTICE, ARRIVAL = "placement.notice", "placement.arrival"


@pytest.fixture
def letter(tmp_path, capsys, monkeypatch):
    """Runs `homeward letter` on what is given as JSON; the answer is exit code, output, errors."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))

    def run(fields, *arguments):
        path = tmp_path / "message.json"
        path.write_text(fields if isinstance(fields, str) else json.dumps(fields))
        code = cli.run(commands(), ["letter", str(path), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    return run


def test_a_letter_is_printed(letter):
    code, out, err = letter(example(NOTICE, NOW), "--to", "parent")

    assert (code, err) == (0, "")
    assert "NOTICE OF A NEW PLACEMENT" in out
    assert "Wednesday 30 December 2026 at 10:00" in out
    assert "calm home" not in out


def test_a_message_from_a_pipe_is_taken(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(example(ARRIVAL, NOW))))

    assert cli.run(commands(), ["letter", "-", "--to", "host"]) == 0
    assert "REGULATION 41" in capsys.readouterr().out


def test_a_line_of_the_inbox_is_taken_with_its_view(letter):
    line = {"sequence": 3, "delivery": "x", "kind": NOTICE, "view": "summary", "missing_before": []}
    message = example(NOTICE, NOW)
    message["child"] = message["child"] | {"given_name": "-", "family_name": "-"}

    code, out, _ = letter(line | {"message": message}, "--to", "host", "--form", "adcs", "--json")
    assert code == 0
    states = {each["item"]: each["state"] for each in json.loads(out)["items"]}
    assert states["name"] == "not-shown"
    assert letter(line | {"message": message, "view": "full"}, "--to", "host")[0] == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"gap": {"from": 5, "to": 6, "seen_at_offset": 9}}, "a gap"),
        ({"sequence": 3, "message": None, "view": "full"}, "update it"),
        ({"sequence": 3, "message": {}, "view": "odd"}, "none of: full"),
        ({"sequence": 3, "message": {}, "view": ["full"]}, "none of: full"),
        ("{", "is not JSON"),
        ("", "is empty"),
        ("[]", "must be one JSON object"),
        ({}, "does not say who sends it"),
    ],
)
def test_what_holds_no_message_is_wrong_use(letter, line, words):
    code, out, err = letter(line, "--to", "host")

    assert (code, out) == (2, "")
    assert words in err


def test_a_message_of_another_kind_is_wrong_use(letter):
    code, _, err = letter(example("missing.notification", NOW), "--to", "host")

    assert code == 2
    assert "placement.notice and placement.arrival, and this is missing.notification" in err


def test_a_message_that_breaks_its_rules_is_not_good(letter):
    code, out, err = letter(example(NOTICE, NOW) | {"distance": "far"}, "--to", "host")

    assert (code, out) == (1, "")
    assert "distance" in err
    assert "Robin" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--to", "neighbour"),
        ("--to", "host", "--form", "poem"),
        ("--to", "host", "--form", "regulation-41"),
        ("--to", "host", "--html", "--json"),
        ("--to", "host", "--words", "/nowhere/words.yaml"),
        ("--to", "host", "--out", "/nowhere/letter.txt"),
    ],
)
def test_what_is_asked_wrongly_is_wrong_use(letter, arguments):
    code, out, err = letter(example(NOTICE, NOW), *arguments)

    assert (code, out) == (2, "")
    assert "Robin" not in err


def test_who_sends_may_be_said_beside_the_message(letter):
    message = {k: v for k, v in example(NOTICE, NOW).items() if k not in ("sender", "from_address")}

    assert letter(message, "--to", "iro")[0] == 2
    code, out, _ = letter(message, "--to", "iro", "--as", "la.E08000030")
    assert code == 0
    assert "Walsall" in out


def test_from_whom_it_is_withheld_gets_none_and_the_ground_is_said(letter, tmp_path):
    path = tmp_path / "letter.html"
    message = example(NOTICE, NOW)
    code, out, _ = letter(message, "--to", "previous-carer", "--html", "--out", path)

    assert code == 1
    assert "regulation 13(3)" in " ".join(out.split())
    assert "Risk of significant harm" in " ".join(out.split())
    assert not path.exists()
    code, out, _ = letter(message, "--to", "previous-carer", "--json")
    assert (code, json.loads(out)["withheld"]["to"]) == (1, "previous-carer")


@pytest.mark.parametrize("shape", ["--html", "--json", None])
def test_a_file_is_for_this_user_s_eyes_only(letter, tmp_path, shape):
    path = tmp_path / "letter"
    path.write_text("an older letter")
    path.chmod(0o644)
    code, out, err = letter(
        example(NOTICE, NOW), "--to", "gp", "--out", path, *([shape] if shape else [])
    )

    assert (code, out) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Robin Example" in path.read_text("utf-8")
    assert "Robin" not in err
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".letter")] == []


def test_a_folder_is_not_overwritten(letter, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()

    code, _, err = letter(example(NOTICE, NOW), "--to", "gp", "--out", folder)
    assert code == 2
    assert "cannot write" in err
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".letter")] == []


def test_a_council_s_own_words_are_used(letter, tmp_path):
    words = tmp_path / "words.yaml"
    words.write_text("recipients:\n  parent:\n    greeting: Hello,\n")
    _, out, _ = letter(example(NOTICE, NOW), "--to", "parent", "--words", words)

    assert "\nHello,\n" in out
    words.write_bytes(b"\xff\xfe")
    assert letter(example(NOTICE, NOW), "--to", "parent", "--words", words)[0] == 2
