"""What an operator sees of censuses and of who owes one: counts and references, no names."""

import json
import re

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from tests.examples import STAFFORDSHIRE_POLICE, STOKE, WALSALL
from tests.scenarios.test_census import (
    JULY_2,
    JUNE_9,
    entry,
    gone,
    in_parts,
    june,
    send,
    told,
    utc,
)


@pytest.fixture
def shown(stage, capsys, monkeypatch, tmp_path):
    """A June with one absence and its censuses; the answer runs a command on that ledger."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    play = stage(utc(5, 30, 12))
    gone(play, 1, JUNE_9)
    play.until(JULY_2)
    send(play, june(WALSALL))
    list_ = june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9, 2), entry("po-7", utc(6, 20)))
    send(play, list_)

    def run(*arguments):
        url = play.ledger.engine.url.render_as_string()
        code = cli.run(commands(), [*arguments, "--ledger", url])
        said = capsys.readouterr()
        return code, re.sub(r"\s+", " ", said.out), said

    run.play, run.list = play, list_
    return run


def test_a_period_is_listed_with_who_returned_nothing(shown):
    code, out, _ = shown("census", "list", "--period", "2026-06")

    assert code == 0
    assert re.search(r"Walsall 2026-06 nil 0 1 0", out)
    assert re.search(r"Staffordshire Police 2026-06 2 absences 2 1 1 1 1 0", out)
    assert re.search(r"Stoke-on-Trent 2026-06 no return", out)
    assert "Made-up" not in out


def test_the_list_is_there_for_programs(shown):
    _, _, said = shown("census", "list", "--period", "2026-06", "--for", STOKE, "--json")

    (one,) = json.loads(said.out)
    assert (one["agency"], one["state"], one["census"]) == (STOKE, "no-return", None)
    assert one["theirs"] is None  # nothing, and not nought


def test_one_census_is_shown_line_by_line_without_names(shown):
    _, out, _ = shown("census", "show", str(shown.list.message_id))

    assert "only them po-7" in out
    assert re.search(r"different po-1 \S+ .* ended-at: 2026-06-10T04:00:00Z / 2026-06-09T22", out)
    assert "Made-up" not in out

    _, _, said = shown("census", "show", str(shown.list.message_id), "--json")
    lines = json.loads(said.out)["differences"]
    assert (
        lines
        == told(shown.play, f"{STAFFORDSHIRE_POLICE}/missing-unit").model_dump(mode="json")[
            "differences"
        ]
    )


def test_parts_that_are_missing_are_seen(shown):
    shown.play.say(in_parts(3)[0])

    assert "1 of 3 parts" in shown("census", "list", "--for", STAFFORDSHIRE_POLICE)[1]


def test_what_is_owed_names_the_month(shown):
    _, out, _ = shown("owed", STOKE, "--duty", "census")

    assert "census 2026-06 Stoke-on-Trent performance team Tue 7 Jul 2026 24:00 BST" in out
    assert shown("owed", WALSALL, "--duty", "census")[1].count("2026-06") == 0
    assert shown("board")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--period", "June"),
        ("list", "--for", "la.E99999999"),
        ("show", "nonsense"),
        ("show", "6d1f8a3e-0c55-4a53-9a7e-3d1b1f0c2a11"),
    ],
)
def test_what_is_not_there_is_said(shown, arguments):
    code, out, said = shown("census", *arguments)

    assert (code, out.strip()) == (2, "")
    assert said.err
