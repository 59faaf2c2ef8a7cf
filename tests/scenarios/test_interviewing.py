"""Return interviews as those who hold them see them: what is owed, tried, and what counts."""

import json

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.interviewing import interviews
from tests.examples import STAFFORDSHIRE, WALSALL
from tests.scenarios import staffordshire as of
from tests.scenarios.play import KEYS
from tests.scenarios.staffordshire import NORTH, at, back, child, desk, from_home, interview

A = child("A", "2011-05-16", WALSALL)


@pytest.fixture
def twice(stage):
    """A of Walsall, in a home in Cannock, was missing twice; Staffordshire's service holds it."""
    play = of.join(stage(at("2026-06-01T20:00"), policies=of.under("staffs-missing-service")))
    reports = [from_home(f"2026-06-{day}T20:00", A, council=WALSALL) for day in ("01", "03")]
    for report, day in zip(reports, ("02", "04"), strict=True):
        play.say_now(report)
        play.say_now(back(report, f"2026-06-{day}T08:00"))
    return play, reports


def listed(play, agency):
    with play.ledger.reading() as connection:
        return interviews(connection, agency, KEYS.pseudonym)


def test_what_is_owed_is_listed_to_the_service_and_to_the_council_whose_child_it_is(twice):
    play, _ = twice

    first, second = listed(play, STAFFORDSHIRE)

    assert first.held_by == desk(STAFFORDSHIRE, "return-interviews")
    assert (first.offer_by, second.offer_by) == (at("2026-06-05T08:00"), at("2026-06-07T08:00"))
    assert first.together == (second.episode,)
    theirs = listed(play, WALSALL)
    assert [one.episode for one in theirs] == [first.episode, second.episode]
    assert {one.child for one in theirs}.isdisjoint({first.child})
    assert listed(play, NORTH) == []


def test_attempts_are_counted_and_go_on_until_the_day_that_policy_sets(twice):
    play, (first, _) = twice
    episode = str(listed(play, STAFFORDSHIRE)[0].episode)
    for stage, when in (
        ("offered", "04T10:00"),
        ("declined", "04T10:05"),
        ("attempted", "05T10:00"),
    ):
        play.say_now(interview(first, stage, f"2026-06-{when}", STAFFORDSHIRE, episode=episode))

    one = next(one for one in listed(play, STAFFORDSHIRE) if str(one.episode) == episode)

    assert (one.stage, one.attempts) == ("attempted", 3)
    assert (one.offer_by, one.tried_until) == (None, at("2026-06-19T00:00"))


def test_an_interview_by_whoever_cares_for_the_child_does_not_count_and_says_so(twice):
    play, (first, _) = twice
    one, _ = listed(play, STAFFORDSHIRE)
    held = {"independent": False, "episode": str(one.episode), "findings": "."}
    play.say_now(interview(first, "held", "2026-06-04T10:00", STAFFORDSHIRE, **held))

    again = next(each for each in listed(play, STAFFORDSHIRE) if each.episode == one.episode)

    assert again.not_independent
    assert again.hold_by == at("2026-06-05T08:00")


def test_one_interview_for_several_absences_leaves_none_on_the_list(twice):
    play, (first, _) = twice
    one, other = listed(play, STAFFORDSHIRE)
    covers = {"episode": str(one.episode), "also_covers": (str(other.episode),), "findings": "."}

    play.say_now(interview(first, "held", "2026-06-04T16:00", STAFFORDSHIRE, **covers))

    assert listed(play, STAFFORDSHIRE) == []
    assert {duty.state for duty in play.duties("hold-return-interview")} == {"met"}


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_the_command_shows_it_without_a_name(twice, capsys, tmp_path, how, monkeypatch):
    play, _ = twice
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "pseudonym.key").write_bytes(b"a secret of the tests only")
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))

    code = cli.run(
        commands(), ["interviews", STAFFORDSHIRE, "--ledger", str(play.ledger.url), *how]
    )

    shown = capsys.readouterr().out
    assert code == 0
    assert "Example" not in shown
    if how:
        owners = [one["held_by"] for one in json.loads(shown)]
        assert owners == [desk(STAFFORDSHIRE, "return-interviews")] * 2
    else:
        assert "offer by" in shown
