"""What was accepted is decided again under other policies, and nothing else is touched."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from broker.clock import SetClock
from broker.errors import Misuse
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.replaying import Heard, Owed, Period, Run, Told, differences, heard, replay
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


def test_the_last_moment_of_a_period_is_not_in_it_and_the_first_is(play):
    accepted = [one.at for one in heard(play.ledger, PERIOD)]

    whole = heard(play.ledger, Period(accepted[0], PERIOD.end))
    nothing_yet = heard(play.ledger, Period(PERIOD.start, accepted[0]))
    but_the_last = heard(play.ledger, Period(PERIOD.start, accepted[-1]))

    assert [one.counts for one in whole] == [True] * len(accepted)
    assert nothing_yet == []
    assert [one.at for one in but_the_last] == accepted[:-1]


ONE = ("la.E08000030", UUID(int=1))
SAID = Heard(ONE, "missing.notification", FRIDAY_NIGHT, b"", counts=True)
TOLD = Told(DIRECTOR, "full", "missing.notification", "ours-director@ours-1")
OWED = Owed(FRIDAY_NIGHT, "open", "ours-director@ours-1")


def ran(told=(TOLD,), owed=OWED, said=SAID):
    return Run(
        {ONE: frozenset(told)}, {ONE: {("look", DIRECTOR, ""): owed} if owed else {}}, [said]
    )


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (ran(told=[]), f"told only under A: {DIRECTOR} (full) by ours-director@ours-1"),
        (
            ran(told=[TOLD, replace(TOLD, address="x/y")]),
            "told only under B: x/y (full) by ours-director@ours-1",
        ),
        (ran(told=[replace(TOLD, view="summary")]), f"told only under B: {DIRECTOR} (summary) by"),
        (ran(told=[replace(TOLD, because="theirs@1")]), f"told only under B: {DIRECTOR} (full) by"),
        (ran(told=[replace(TOLD, wakes=True)]), f"told only under B: {DIRECTOR} (full, woken) by"),
        (ran(owed=None), f"look of {DIRECTOR}: A due "),
        (ran(owed=replace(OWED, due_at=PERIOD.end)), f"look of {DIRECTOR}: A due "),
        (ran(owed=replace(OWED, state="met")), f"look of {DIRECTOR}: A due "),
    ],
)
def test_each_thing_that_comes_out_otherwise_is_a_difference_by_itself(other, words):
    (found,) = differences(ran(), other)

    assert any(line.startswith(words) for line in found.lines()), list(found.lines())


def test_another_name_of_a_version_and_what_came_before_the_period_are_no_difference():
    before = replace(SAID, counts=False)

    assert differences(ran(), ran([replace(TOLD, because="ours-director@ours-2")])) == []
    assert differences(ran(said=before), ran(told=[], owed=None, said=before)) == []
