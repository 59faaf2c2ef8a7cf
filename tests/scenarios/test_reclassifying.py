"""An absence that turns into one of a missing child, in every order and under another policy."""

from itertools import permutations

import pytest

from broker.clock import SetClock
from broker.ledger.engine import Ledger
from broker.replaying import Period, heard, replay
from schemas.profile import ChildProfile
from tests import examples
from tests.examples import envelope
from tests.scenarios import staffordshire as of
from tests.scenarios.play import KEYS
from tests.scenarios.staffordshire import CONTROL_ROOM, at, back, child, from_home

SCHEME = "staffs-protocol-2005"
T = child("T", "2012-05-16")  # fourteen on the second night


def absent(starts, **changes):
    return from_home(starts, T, category="absent", police_report=None, **changes)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_category_is_the_same_in_whatever_order_what_was_said_arrives(stage, order):
    play = of.join(stage(at("2026-05-17T09:00"), policies=of.under(SCHEME)))
    report = absent("2026-05-16T20:00", heard="2026-05-17T08:00")
    said = (
        report,
        examples.update(report, at=at("2026-05-16T22:00"), reason="Rang, at a friend's"),
        back(report, "2026-05-17T04:00"),
    )

    for place in order:
        play.say(said[place])

    (episode,) = [one for one in play.episodes() if one.state.heard]
    assert episode.state.category == "missing"  # it lasted for eight hours
    assert play.duty("safe-and-well-check").starts_at == at("2026-05-17T04:00")


def test_a_return_that_is_known_first_keeps_what_did_not_last_absent(stage):
    play = of.join(stage(at("2026-05-17T09:00"), policies=of.under(SCHEME)))
    report = absent("2026-05-16T23:00", heard="2026-05-17T08:00")

    play.say(back(report, "2026-05-17T04:40"), report)

    assert [one.state.category for one in play.episodes() if one.state.heard] == ["absent"]
    assert play.news(CONTROL_ROOM) == []


def test_an_absence_that_is_cancelled_turns_into_nothing(stage):
    play = of.join(stage(at("2026-05-16T23:00"), policies=of.under(SCHEME)))
    report = absent("2026-05-16T23:00")
    play.say_now(report)

    play.say_now(
        absent(
            "2026-05-16T23:00", action="cancel", replaces=report.message_id,
            sent_at=at("2026-05-17T01:00"),
        )
    )  # fmt: skip
    play.until(at("2026-05-17T12:00"))

    assert play.news(CONTROL_ROOM) == []


def test_a_policy_is_tried_on_what_happened_without_it(stage, tmp_path):
    """`homeward policy diff` decides again, and what Homeward said by itself is said anew."""
    play = of.join(stage(at("2026-05-16T23:00"), policies=of.under(SCHEME)))
    play.say_now(absent("2026-05-16T23:00"))
    play.until(at("2026-05-17T06:00"))
    period = Period(at("2026-05-16T00:00"), at("2026-05-17T08:00"))
    said = heard(play.ledger, period)

    runs = []
    for number, policies in enumerate((of.under(SCHEME), of.under("staffs-sw140"))):
        clock = SetClock(period.start)
        ledger = Ledger(f"sqlite:///{tmp_path / f'{number}.sqlite'}")
        ledger.create(clock)
        runs.append(replay(said, policies, ledger, clock, KEYS, period))
        ledger.close()

    with_it, without = ({one.address for each in run.told.values() for one in each} for run in runs)
    assert [run.refused for run in runs] == [{}, {}]
    assert CONTROL_ROOM in with_it - without


def test_what_is_kept_ready_goes_to_the_police_at_the_moment_it_turns_and_not_before(stage):
    play = of.join(stage(at("2026-05-16T12:00"), policies=of.under(SCHEME)))
    ready = {
        "child": T,
        "obtained_at": at("2026-05-01T12:00"),
        "description": "Tall, red hair",
        "none_known": ("associates", "medical", "risk-factors", "places"),
    }
    play.say_now(ChildProfile(**envelope(of.H1, "home-manager", at("2026-05-16T12:00")) | ready))
    play.say_now(absent("2026-05-16T23:00"))
    assert play.inbox(CONTROL_ROOM, "child.profile") == []

    play.until(at("2026-05-17T05:00"))

    assert len(play.inbox(CONTROL_ROOM, "child.profile")) == 1


def test_two_that_turn_at_one_moment_are_each_seen_with_all_that_is_known(stage):
    play = of.join(stage(at("2026-05-16T23:00"), policies=of.under(SCHEME)))
    other = child("S", "2011-05-16")
    play.say_now(absent("2026-05-16T23:00"))
    play.say_now(from_home("2026-05-16T23:00", other, category="absent", police_report=None))

    play.until(at("2026-05-17T05:00"))

    assert [one.state.category for one in play.episodes() if one.state.heard] == ["missing"] * 2
