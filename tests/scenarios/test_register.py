"""The register of who lives where, as an operator asks for it: pseudonyms, and no names."""

import json
import re
from datetime import timedelta

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.placements.register import ELSEWHERE, HERE, OWN_AREA, register, without_notice
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    arrival,
    child,
    notification,
    placement,
)
from tests.scenarios.play import KEYS

DAY = timedelta(days=1)


def entries(play, council, **how):
    with play.ledger.reading() as connection:
        return register(connection, council, play.clock.now(), KEYS.pseudonym, **how)


def somebody(number):
    return child(references=(), given_name="Robin", family_name=f"Example {number}")


def test_a_placement_is_in_the_register_of_both_councils_under_their_own_names_of_the_child(both):
    play = both(THURSDAY_NOON)
    play.say(placement())

    (here,), (elsewhere,) = entries(play, STOKE), entries(play, WALSALL)

    assert (here.where, elsewhere.where) == (HERE, ELSEWHERE)
    assert (here.responsible, here.host, here.home) == (WALSALL, STOKE, HOME)
    assert (here.state, here.notice, here.arrived, here.risk) == (
        "planned", "given", False, "none-known",
    )  # fmt: skip
    assert here.child != elsewhere.child
    assert entries(play, STAFFORDSHIRE) == []


def test_it_begins_ends_and_is_kept_for_who_asks_for_what_is_over(stage):
    play = stage(THURSDAY_NOON)
    said = placement()
    play.say(said)
    play.until(said.starts_at)
    assert [one.state for one in entries(play, STOKE)] == ["current"]

    play.after(days=30)
    play.say(
        placement(
            play.clock.now(), stage="ended", starts_at=said.starts_at, ends_at=play.clock.now(),
            immediate_risk=True, risk=None,
        )
    )  # fmt: skip

    assert entries(play, STOKE) == []
    assert [one.state for one in entries(play, STOKE, ended=True)] == ["ended"]


def test_a_move_leaves_one_place_and_is_at_the_other(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(starts_at=THURSDAY_NOON))
    play.after(days=9)
    play.say(
        placement(
            play.clock.now(), stage="change", starts_at=play.clock.now(), home=None, carer="FC-9",
            host_authority=STAFFORDSHIRE,
        )
    )  # fmt: skip

    assert entries(play, STOKE) == []
    (now,) = entries(play, STAFFORDSHIRE)
    assert (now.home, now.carer) == ("", "")  # the carer's reference is the council's own
    (ours,) = entries(play, WALSALL)
    assert ours.carer == "FC-9"


def test_who_is_there_without_notice_is_found(stage):
    play = stage(THURSDAY_NOON)
    play.say(arrival())

    (one,) = without_notice(entries(play, STOKE))

    assert (one.notice, one.arrived, one.responsible) == ("none", True, WALSALL)


def test_it_says_who_is_missing_now_and_how_often_since_the_placement_began(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))
    play.say(notification(THURSDAY_NOON))

    (one,) = entries(play, STOKE)

    assert (one.missing, one.absences) == (True, 1)


def test_who_is_missing_before_the_day_of_the_notice_has_one_absence(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(), arrival(), notification(THURSDAY_NOON))

    (one,) = entries(play, STOKE)

    assert (one.missing, one.absences) == (True, 1)


def test_a_placement_in_the_own_area_is_told_apart_and_one_taken_back_is_gone(stage):
    play = stage(THURSDAY_NOON)
    own = placement(
        host_authority=WALSALL, distance="own-area", home=None, carer="F", child=somebody(1)
    )
    wrong = placement(child=somebody(2))
    play.say(own, wrong)
    play.say(placement(child=somebody(2), action="cancel", replaces=wrong.message_id))

    assert [one.where for one in entries(play, WALSALL)] == [OWN_AREA]


@pytest.fixture
def shown(stage, capsys, monkeypatch, tmp_path):
    """One child placed in Stoke; the answer runs a command on that ledger."""
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "pseudonym.key").write_bytes(b"a secret of the tests only")
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))
    play.say(arrival(child=somebody(1), placing_authority=None))

    def run(*arguments):
        url = play.ledger.engine.url.render_as_string()
        code = cli.run(commands(), ["register", *arguments, "--ledger", url])
        said = capsys.readouterr()
        return code, re.sub(r"\s+", " ", said.out), said

    return run


def test_the_command_shows_it_without_a_name(shown):
    code, out, said = shown(STOKE, "--at", "2026-03-27T12:00:00Z")

    assert code == 0
    assert "Stoke-on-Trent: placed here by others (2)" in out
    assert "child-" in out
    assert "No notice was given of 1 of them" in out
    assert "Robin" not in said.out


def test_the_command_is_there_for_programs_and_knows_councils_only(shown):
    code, _, said = shown(WALSALL, "--at", "2026-03-27T12:00:00Z", "--json")

    assert code == 0
    (one,) = json.loads(said.out)
    assert (one["where"], one["host"], one["home"]) == ("placed-elsewhere", STOKE, HOME)
    assert shown(HOME)[0] == 2
