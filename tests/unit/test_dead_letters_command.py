"""`homeward dead-letters`: what an operator sees, does, and is written down for."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from broker.__main__ import commands
from broker.cli import app as cli
from broker.clock import SetClock
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from schemas.child import Place
from schemas.codec import encode
from tests import examples as e
from tests.scenarios.play import Play, prepared
from tests.scenarios.test_bad_input import Stumbles, absence

BEFORE = timedelta(hours=3)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A ledger that is prepared, as a file to copy."""
    file = tmp_path_factory.mktemp("template") / "ledger.sqlite"
    ledger = Ledger(f"sqlite:///{file}")
    prepared(ledger, SetClock(datetime.now(UTC) - BEFORE))
    ledger.close()
    return file


@pytest.fixture
def play(template, tmp_path, monkeypatch):
    for name in ("HOMEWARD_KAFKA", "HOMEWARD_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOMEWARD_HOME", str(home))
    shutil.copy(template, home / "ledger.sqlite")
    ledger, at = Ledger(f"sqlite:///{home}/ledger.sqlite"), datetime.now(UTC) - BEFORE
    (home / "secrets").mkdir()
    (home / "secrets" / "pseudonym.key").write_bytes(b"a secret of the tests only")
    play = Play(ledger, at, Stumbles)
    play.bugs_expected = True
    with capture_logs():  # structlog would draw every local variable
        yield play
    ledger.close()


@pytest.fixture
def homeward(capsys):
    def run(*arguments, command="dead-letters"):
        code = cli.run(commands(), [command, *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    return run


@pytest.fixture
def asked(homeward):
    return lambda *arguments, **how: json.loads(homeward(*arguments, "--json", **how)[1])


@pytest.fixture
def refused(play):
    """A report with a wrong council, one of a bug, and noise, each some hours ago."""
    wrong = absence(1, at=play.clock.now(), place=Place(authority="la.E99999999"))
    play.say(wrong)
    play.say(absence(2, at=play.clock.now(), circumstances="stumble"))
    play.arrive((e.STOKE, b"Robin Example is missing"))
    return wrong


def audit(play):
    with play.ledger.reading() as connection:
        return connection.execute(select(t.audit).order_by(t.audit.c.number)).all()


def correction(tmp_path, **fields):
    file = tmp_path / "right.json"
    file.write_text(json.dumps(fields))
    return file


def test_the_list_says_what_why_and_whose_and_no_more(homeward, asked, refused):
    code, out, _ = homeward("list")

    assert code == 0
    for words in ("unknown-agency", "The Beeches", "operator"):
        assert words in out
    assert "Robin" not in out
    assert [one["code"] for one in asked("list")] == [
        "undecodable",
        "unexpected",
        "unknown-agency",
    ]
    assert [one["number"] for one in asked("list", "--code", "unexpected")] == [2]
    assert [one["number"] for one in asked("list", "--from", e.STOKE)] == [3]
    assert [one["number"] for one in asked("list", "--kind", "missing.notification")] == [2, 1]
    assert len(asked("list", "--older", "2h")) == 3
    assert asked("list", "--older", "1d") == []
    assert asked("list", "--state", "dropped") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--state", "gone"), "is one of open"),
        (("list", "--older", "yesterday"), "write it like 30m"),
        (("show", 99), "there is no dead letter 99"),
        (("show", 1, "--body"), "go together"),
        (("show", 1, "--reason", "Curious"), "go together"),
        (("show", 1, "--body", "--reason", " "), "--reason is a sentence"),
        (("replay",), "say which"),
        (("replay", 99), "no such dead letter is open: 99"),
        (("drop", "--reason", "Tidy"), "say which"),
        (("drop", 1, "--reason", " "), "--reason is a sentence"),
        (("repair", 1, "--reason", "Right"), "--fields FILE, or as --bytes FILE"),
    ],
)
def test_wrong_use_says_what_to_do(homeward, play, refused, arguments, words):
    code, _, err = homeward(*arguments)

    assert code == 2
    assert words in err
    assert audit(play) == []


def test_what_a_record_says_is_shown_for_a_reason_that_is_written_down_first(
    homeward, asked, play, refused
):
    _, plain, _ = homeward("show", 1)
    assert "Child1" not in plain
    assert "Nobody has done anything with it" in plain

    shown = asked("show", 1, "--body", "--reason", "The council rang", "--by", "Anna")

    assert shown["body"]["child"]["given_name"] == "Child1"
    (entry,) = audit(play)
    assert (entry.what, entry.about, entry.reason) == (
        "dead letter read", "dead letter 1", "The council rang"
    )  # fmt: skip
    assert entry.who.startswith("Anna")
    assert [each["what"] for each in asked("show", 1)["audit"]] == ["dead letter read"]


def test_bytes_that_cannot_be_read_are_shown_as_such(asked, refused):
    shown = asked("show", 3, "--body", "--reason", "To see what they send")

    assert shown["body"] == {"base64": "Um9iaW4gRXhhbXBsZSBpcyBtaXNzaW5n"}
    assert (shown["kind"], shown["message_id"], shown["size"]) == ("", None, 24)


def test_nothing_is_shown_that_cannot_be_written_down(homeward, play, refused, monkeypatch):
    monkeypatch.setattr("broker.cli.dead_letters.note", lambda *act: 1 / 0)

    code, out, _ = homeward("show", 1, "--body", "--reason", "The council rang")

    assert code == 1
    assert "Child1" not in out


def test_a_letter_is_repaired_tried_and_replayed(homeward, asked, play, refused, tmp_path):
    file = correction(tmp_path, place={"authority": e.STOKE})
    code, out, _ = homeward("repair", 1, "--fields", file, "--reason", "The home says Stoke")
    assert (code, "repaired (place)" in out) == (0, True)
    assert asked("show", 1)["repaired"]
    assert "repaired: homeward dead-letters replay 1" in homeward("show", 1)[1]

    tried = asked("replay", 1, "--dry-run")
    assert (tried["dry_run"], tried["accepted"], tried["letters"][0]["deliveries"] > 0) == (
        True, 1, True
    )  # fmt: skip
    assert play.episodes() == []

    assert asked("replay", 1, "--by", "Anna")["accepted"] == 1
    assert len(play.episodes()) == 1
    (letter,) = asked("list", "--state", "replayed")
    assert letter["message"] == 1
    assert homeward("replay", 1)[0] == 2
    told = [entry.what for entry in audit(play)]
    assert told == ["dead letter repaired", "dead letter replayed: accepted"]


def test_a_correction_that_is_wrong_too_is_refused_with_its_code(homeward, play, refused, tmp_path):
    file = correction(tmp_path, place={"authority": "la.E99999998"})

    code, _, err = homeward("repair", 1, "--fields", file, "--reason", "Trying")

    assert code == 1
    assert "[unknown-agency]" in err
    assert audit(play) == []


def test_a_record_is_repaired_by_bytes(homeward, play, refused, tmp_path):
    file = tmp_path / "record"
    file.write_bytes(encode(refused.model_copy(update={"place": Place(authority=e.STOKE)})))

    assert homeward("repair", 1, "--bytes", file, "--reason", "Their supplier sent it")[0] == 0
    assert homeward("replay", 1)[0] == 0


def test_what_a_mended_bug_refused_is_replayed_for_everybody_at_once(
    homeward, asked, play, refused
):
    code, out, _ = homeward("replay", "--code", "unexpected", "--dry-run")
    assert code == 0
    assert "Nothing was written or sent." in out

    done = asked("replay", "--code", "unexpected")

    assert (done["chosen"], done["accepted"], done["stopped"]) == (1, 1, None)
    assert len(play.episodes()) == 1
    assert [one["number"] for one in asked("list")] == [3, 1]


def test_what_is_refused_again_stays_and_the_exit_code_says_so(homeward, asked, refused):
    code, out, _ = homeward("replay", "--from", e.HOME)

    assert code == 1
    assert "accepted 1, repeated 0, refused 1; 0 not reached." in out
    assert [one["number"] for one in asked("list", "--from", e.HOME)] == [1]


def test_a_replay_that_stops_by_itself_says_why(homeward, asked, play):
    play.say(*(absence(n, at=play.clock.now(), place=Place(authority="la.E99999999"))
               for n in range(4)))  # fmt: skip

    code, out, _ = homeward(
        "replay", "--code", "unknown-agency", "--rate", 1, "--refused-at-most", 0
    )

    assert code == 1
    assert "[many-refused]" in out
    assert "3 not reached" in out
    assert len(asked("list")) == 4


def test_a_dropped_letter_is_kept(homeward, asked, play, refused):
    assert asked("drop", 3, "--reason", "A test of theirs") == {"dropped": [3]}

    (kept,) = asked("list", "--state", "dropped")
    assert (kept["number"], kept["size"]) == (3, 24)
    assert audit(play)[0].reason == "A test of theirs"


def test_status_and_owed_show_what_is_to_be_settled(homeward, asked, refused):
    assert asked(command="status")["dead_letters"] == 3
    assert "Nothing is late" in homeward("--late", command="owed")[1]
    owed = asked(command="owed")
    assert {(one["duty"], one["occasion"]) for one in owed} == {
        ("send-again", "unknown-agency"),
        ("send-again", "undecodable"),
        ("settle-dead-letter", "unexpected"),
    }
    assert asked("--duty", "send-again", e.STOKE, command="owed")[0]["owed_by"].startswith(e.STOKE)


def test_whatever_is_done_nothing_that_a_record_says_is_printed_or_logged(
    homeward, play, refused, tmp_path
):
    why = ("--reason", "A wrong place")
    wrong = correction(tmp_path, child={"given_name": "Zelda " * 99}, circumstances=["Zelda ran"])
    with capture_logs() as logged:
        said = [
            homeward("list"),
            homeward("show", 1),
            homeward("repair", 1, "--fields", wrong, *why),
            homeward("replay", "--older", "1m", "--dry-run"),
            homeward("replay", "--older", "1m"),
            homeward("replay", "--older", "1m", "--json"),
            homeward("drop", 3, *why),
            homeward("list", "--state", "all", "--json"),
        ]

    assert [code for code, *_ in said] == [0, 0, 1, 1, 1, 1, 0, 0]
    words = f"{said} {logged} {[tuple(row) for row in audit(play)]}"
    for secret in ("Robin", "Child1", "Child2", "Zelda", "stumble", "H-1", "2011-05"):
        assert secret not in words
