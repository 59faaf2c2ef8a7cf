"""`homeward subscription`: what the operator sees, decides, and is written down for."""

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli import options
from broker.clock import SetClock
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from tests import examples as e
from tests.scenarios.play import Play, prepared
from tests.scenarios.subscribers import BIRMINGHAM, HUB, joined, notice, request

OVERLAY = (
    e.OVERLAY_HEAD
    + """\
rules:
  - id: ours-director
    when: {kind: missing.notification, category: missing}
    tell: [{role: lead-director, view: summary}]
    basis: local
    source: our own
"""
)


@pytest.fixture
def play(tmp_path, monkeypatch):
    for name in ("HOMEWARD_KAFKA", "HOMEWARD_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOMEWARD_HOME", str(home))
    ledger = Ledger(f"sqlite:///{home}/ledger.sqlite")
    now = datetime.now(UTC)
    prepared(ledger, SetClock(now))
    (home / "secrets").mkdir()
    (home / "secrets" / "pseudonym.key").write_bytes(b"a secret of the tests only")
    yield joined(Play(ledger, now))
    ledger.close()


@pytest.fixture
def homeward(capsys):
    def run(*arguments):
        code = cli.run(commands(), ["subscription", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out, re.sub(r"\s+", " ", said.err)

    return run


@pytest.fixture
def asked(play):
    one = request(play.clock.now())
    play.say(one)
    return one


def audit(play):
    with play.ledger.reading() as connection:
        return connection.execute(select(t.audit)).all()


def test_a_request_is_listed_with_who_asks_for_what(homeward, asked):
    code, out, _ = homeward("list")

    assert code == 0
    assert str(asked.message_id) in out
    assert "placed in Stoke-on-Trent" in out
    (shown,) = json.loads(homeward("list", "--for", e.STOKE, "--json")[1])
    assert (shown["state"], shown["subscriber"]) == ("requested", e.STOKE)
    assert json.loads(homeward("list", "--for", e.WALSALL, "--json")[1]) == []


def test_an_approval_is_written_down_with_who_did_it(homeward, play, asked):
    code, out, _ = homeward("approve", str(asked.message_id)[:8], "--json")

    (entry,) = audit(play)
    assert code == 0
    assert json.loads(out)["state"] == "approved"
    assert (entry.what, entry.about) == ("subscription approved", str(asked.message_id))
    assert entry.who == options.operator(None).who != ""


def test_an_operator_decides_on_a_homeward_that_has_an_overlay(homeward, play, asked, tmp_path):
    folder = tmp_path / "home" / "policy"
    folder.mkdir()
    (folder / "ours.yaml").write_text(OVERLAY)
    assert cli.run(commands(), ["policy", "activate"]) == 0

    code, _, err = homeward("approve", asked.message_id)

    assert (code, err) == (0, "")
    assert json.loads(homeward("list", "--json")[1])[0]["state"] == "approved"


def test_whoever_shares_an_account_names_themselves_and_is_written_down_with_it(
    homeward, play, asked
):
    homeward("approve", asked.message_id, "--by", "Anna Operator")

    (entry,) = audit(play)
    assert entry.who == f"Anna Operator ({options.operator(None).who})"


def test_what_was_decided_is_not_decided_again(homeward, play, asked):
    assert homeward("approve", asked.message_id)[0] == 0

    code, _, err = homeward("approve", asked.message_id)
    assert code == 1
    assert "this subscription is approved" in err
    assert homeward("refuse", asked.message_id, "--reason", "Late")[0] == 1
    assert len(audit(play)) == 1


def test_nobody_approves_as_nobody(homeward, play, asked, monkeypatch):
    code, _, err = homeward("approve", asked.message_id, "--by", " ")
    assert code == 2
    assert "say who with --by" in err

    monkeypatch.setattr(options.os, "getuid", lambda: 4_000_123)
    assert homeward("approve", asked.message_id)[0] == 2
    assert audit(play) == []


def test_a_refusal_and_an_end_need_a_reason(homeward, asked):
    assert homeward("refuse", asked.message_id)[0] == 2
    assert homeward("refuse", asked.message_id, "--reason", " ")[0] == 2
    assert homeward("refuse", asked.message_id, "--reason", "No basis")[0] == 0
    assert homeward("end", asked.message_id, "--reason", "Done")[0] == 1


def test_an_operator_sees_the_ground_and_the_audit_and_no_child(homeward, play, asked):
    homeward("approve", asked.message_id)
    play.say(notice(play.clock.now()))
    play.until(play.clock.now())

    for out in (
        homeward("show", asked.message_id)[1],
        homeward("show", asked.message_id, "--json")[1],
    ):
        assert "Children Act 2004, section 10" in out
        assert "subscription approved" in out
        for hidden in ("Robin", "Example-1", "W-1"):
            assert hidden not in out


def test_an_unknown_one_is_wrong_use(homeward, asked):
    code, _, err = homeward("show", "ffffffff-0000")

    assert code == 2
    assert "homeward subscription list" in err


def test_agreements_are_recorded_listed_and_ended_once(homeward, play):
    given = ("agree", HUB, "--acts-for", BIRMINGHAM, "--ground", "Agreement of May", "--until")
    assert homeward(*given, "2020-01-01")[0] == 2
    assert homeward(*given, "someday")[0] == 2
    assert homeward(*given, "2099-01-01")[0] == 0

    (shown,) = json.loads(homeward("agreements", "--json")[1])
    assert (shown["agency"], shown["acts_for"], shown["until"]) == (HUB, BIRMINGHAM, "2099-01-01")
    assert "Birmingham" in homeward("agreements")[1]
    assert homeward("end-agreement", shown["number"])[0] == 0
    assert homeward("end-agreement", shown["number"])[0] == 1
    assert homeward("end-agreement", 77)[0] == 2
    assert [entry.what for entry in audit(play)] == ["agreement recorded", "agreement ended"]


@pytest.mark.parametrize(
    ("agency", "council"),
    [("provider.SC999001", BIRMINGHAM), (HUB, "la.E99999999"), (BIRMINGHAM, BIRMINGHAM)],
)
def test_an_agreement_of_nobody_or_for_nobody_is_wrong_use(homeward, play, agency, council):
    given = ("--acts-for", council, "--ground", "None", "--until", "2099-01-01")

    assert homeward("agree", agency, *given)[0] == 2
