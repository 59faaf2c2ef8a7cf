"""`homeward policy` with a policy of one's own, which may extend one that is shipped."""

import json
from datetime import UTC, datetime

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli.example import COUNCIL, example
from broker.policy.load import shipped

NOW = datetime(2026, 3, 27, 22, 10, tzinfo=UTC)
OURS = """\
policy: ours
version: ours-1
nation: England
valid: {from: 2026-01-01}
extends: england
without: [missing-iro]
rules:
  - id: missing-performance
    when: {kind: missing.notification, category: missing}
    tell: [lead-director]
    basis: local
    source: our own
"""


@pytest.fixture
def homeward(tmp_path, capsys, monkeypatch):
    for name in ("HOMEWARD_KAFKA", "HOMEWARD_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))

    def run(*arguments):
        code = cli.run(commands(), ["policy", *map(str, arguments)])
        return code, capsys.readouterr().out

    return run


@pytest.fixture
def ours(tmp_path):
    file = tmp_path / "ours.yaml"
    file.write_text(OURS)
    return file


@pytest.fixture
def message(tmp_path):
    file = tmp_path / "message.json"
    file.write_text(json.dumps(example("missing.notification", NOW)))
    return file


def test_all_that_is_shipped_is_checked(homeward):
    code, out = homeward("check", "--json")

    assert (code, json.loads(out)) == (
        0,
        {"policy": shipped().version, "good": True, "problems": []},
    )


def test_a_policy_that_extends_a_shipped_one_is_checked(homeward, ours):
    code, out = homeward("check", ours, "--json")

    assert (code, json.loads(out)) == (0, {"policy": "ours-1", "good": True, "problems": []})


def test_what_is_wrong_with_it_is_said(homeward, ours):
    ours.write_text(OURS.replace("[lead-director]", "[{role: lead-social-work, wakes: true}]"))
    code, out = homeward("check", ours)
    assert code == 1
    assert "wakes lead-social-work, and at night nobody is there" in out

    ours.write_text(OURS.replace("missing-iro", "missing-ira"))
    code, out = homeward("check", ours)
    assert code == 1
    assert out.startswith("ours.yaml:6: unknown rule 'missing-ira'; did you mean 'missing-iro'?")


def test_a_message_is_explained_by_a_policy_of_ones_own(homeward, ours, message):
    at = ("--at", NOW.isoformat(), "--json")
    by_default = json.loads(homeward("explain", message, *at)[1])
    by_ours = json.loads(homeward("explain", message, *at, "--policy", ours)[1])

    told = [{one["role"] for one in shown["recipients"]} for shown in (by_default, by_ours)]
    assert told[0] - told[1] == {"lead-iro-service"}
    assert told[1] - told[0] == {"lead-director"}
    assert by_ours["policy"] == "ours-1"


def test_a_person_reads_when_and_why_and_who_comes_next(homeward, message):
    code, out = homeward("explain", message, "--at", "2026-12-24T22:30:00Z")

    shown = " ".join(out.split())
    assert code == 0
    assert "missing-lead@england-" in shown
    assert "Thu 24 Dec 2026 23:00 GMT" in shown
    assert "30 minutes after it is sent" in shown
    assert f"{COUNCIL}/on-call-manager" in shown
    assert "missing-protection-plan asks for protection_plan: true (here: false)" in shown
    assert "Ofsted, Missing children" in shown
