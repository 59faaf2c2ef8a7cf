"""What was accepted is decided again under other policies, and nothing else is touched."""

from datetime import timedelta

import pytest

from broker.clock import SetClock
from broker.errors import Misuse
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.replaying import Period, differences, heard, replay
from tests.examples import FRIDAY_NIGHT, OVERLAY_HEAD, WALSALL, notification, returned
from tests.scenarios.play import EVERYBODY, KEYS, Play, prepared

PERIOD = Period(FRIDAY_NIGHT - timedelta(hours=1), FRIDAY_NIGHT + timedelta(days=2))
DIRECTOR = f"{WALSALL}/director"
OURS = with_overlays(
    shipped(),
    [
        load_overlay(
            OVERLAY_HEAD
            + """\
rules:
  - id: ours-director
    when: {kind: missing.notification, category: missing}
    tell: [lead-director]
    basis: local
    source: our own
"""
        )
    ],
)


@pytest.fixture(scope="module")
def play():
    ledger = Ledger("sqlite://")
    prepared(ledger, SetClock(FRIDAY_NIGHT))
    play = Play(ledger, FRIDAY_NIGHT, policies=OURS)
    first = notification()
    play.say(first)
    play.answer(play.last(DIRECTOR))
    play.say_at(FRIDAY_NIGHT + timedelta(hours=8), returned(first))
    play.until(PERIOD.end)
    yield play
    ledger.close()


def run(play, policies):
    clock, ledger = SetClock(PERIOD.start), Ledger("sqlite://")
    ledger.create(clock)
    with ledger.deciding() as connection:
        for agency, (name, area) in EVERYBODY.items():
            agencies.add(connection, agency, name, area, {}, clock.now())
    found = replay(heard(play.ledger, PERIOD), policies, ledger, clock, KEYS, PERIOD)
    ledger.close()
    return found


def test_under_the_same_policy_it_comes_out_as_it_did(play):
    found = run(play, OURS)

    told = {one.address for each in found.told.values() for one in each}
    assert told == play.told()
    owed = {
        (name, by, one.due_at, one.state)
        for each in found.owed.values()
        for (name, by, _), one in each.items()
    }
    assert owed == {
        (one.name, one.owed_by, one.due_at, one.state)
        for one in play.duties()
        if not one.owed_by.startswith("broker.") and one.state != "superseded"
    }
    assert found.refused == {}


def test_an_answer_to_what_nobody_would_be_told_is_counted_and_left_out(play):
    found = run(play, shipped())

    assert found.refused == {"not-your-delivery": 1}
    assert [one.kind for one in differences(run(play, OURS), found)] == [
        "missing.notification",
        "missing.return",
    ]


def test_more_than_can_be_replayed_is_refused_in_words(play):
    with pytest.raises(Misuse, match="more than 2 messages are concerned: compare a shorter time"):
        heard(play.ledger, PERIOD, largest=2)


def test_what_came_before_the_period_is_known_and_not_counted(play):
    late = Period(FRIDAY_NIGHT + timedelta(hours=1), PERIOD.end)

    assert [(one.kind, one.counts) for one in heard(play.ledger, late)] == [
        ("missing.notification", False),
        ("answer", False),
        ("missing.return", True),
    ]
