"""
Whatever the order and however often: the picture, who knows, and what is owed come out the same.

Not the same, and rightly: when each was told; desks that were woken before the end was known; and
what was asked of them meanwhile. So those are left out where an order decides them.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.episode import State, state_of
from tests.examples import (
    FRIDAY_NIGHT,
    THURSDAY_NOON,
    checked,
    interview,
    notification,
    returned,
    update,
)
from tests.scenarios.people import CONTROL_ROOM
from tests.scenarios.play import Play
from tests.scenarios.test_joining import REFERENCE, by_police

LASTING = {
    "answer-iro-alert",
    "safe-and-well-check",
    "confirm-the-end",
    "offer-return-interview",
    "hold-return-interview",
}
LATE = THURSDAY_NOON + timedelta(days=6)  # when all of it arrives: a Wednesday noon


def whole_story(at):
    """Home, police, news, found, back, closed: one absence as two agencies tell it."""
    home = notification(at)
    police = by_police(
        at + timedelta(minutes=20),
        last_seen_at=home.last_seen_at,
        next_review_at=at + timedelta(hours=6),
    )
    quoting = {"police_reference": REFERENCE}
    return [
        home,
        police,
        update(home, at=at + timedelta(hours=1), risk="high", reason="A threat was found"),
        update(home, at=at + timedelta(hours=2), facts="Seen in town", **quoting),
        returned(home, at=at + timedelta(hours=5), stage="found", outcome="hospital", **quoting),
        returned(home, at=at + timedelta(hours=9)),
        returned(police, at=at + timedelta(hours=20), stage="closed", from_address=CONTROL_ROOM),
        checked(home, at=at + timedelta(hours=11), **quoting),
        interview(home, "declined", at=at + timedelta(hours=30)),
    ]


def not_missing_yet(at):
    home = notification(at, category="absent", review_at=at + timedelta(hours=3))
    return [
        home,
        update(home, at=at + timedelta(hours=2), category="missing", reason="Not at the friend's"),
        returned(home, at=at + timedelta(hours=4)),
    ]


def taken_back(at):
    home = notification(at)
    wrong = returned(home, at=at + timedelta(hours=3))
    right = returned(home, at=at + timedelta(hours=4), action="update", replaces=wrong.message_id)
    return [home, wrong, right]


def picture(play: Play) -> State:
    return state_of(play.episode().facts)


BEGAN = FRIDAY_NIGHT - timedelta(hours=1)
STORIES = {
    "the whole story": whole_story(BEGAN),
    "still missing": whole_story(BEGAN)[:4],
    "found but not back": whole_story(BEGAN)[:5],
    "absent, then missing, then back": not_missing_yet(BEGAN),
}
WHOLE = STORIES["the whole story"]
some = settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def told_in(play: Play, messages: list[Any]) -> Play:
    """All at once, which is quick; that one by one comes to the same is a test of its own."""
    play.say(*messages)
    return play


def owed(play: Play) -> set[tuple[Any, ...]]:
    """What each desk owes of the lasting duties, by when, and how that stands."""
    lasting = LASTING - {"confirm-the-end"}
    return {
        (duty.name, duty.owed_by, duty.state, duty.due_at)
        for duty in play.duties()
        if (duty.name in lasting and duty.state != "superseded")
        or (duty.name == "settle-identity" and duty.standing)
    }


@dataclass(frozen=True)
class Outcome:
    picture: State
    told: set[str]
    owed: set[tuple[Any, ...]]


@pytest.fixture(scope="module")
def straight(copies) -> dict[str, Outcome]:
    """What each story comes to in the order in which it happened."""
    found = {}
    for name, story in STORIES.items():
        play = told_in(Play(copies(), LATE), story)
        found[name] = Outcome(picture(play), set(play.episode().told), owed(play))
        play.ledger.close()
    return found


@pytest.mark.parametrize("name", STORIES)
@given(data=st.data())
@some
def test_in_any_order_and_with_repeats_it_comes_to_the_same(stage, straight, name, data):
    story = STORIES[name]
    shuffled = data.draw(st.permutations(story))
    again = data.draw(st.lists(st.sampled_from(story), max_size=4))

    play = told_in(stage(LATE), [*shuffled, *again])

    assert play.dead_letters() == []
    assert picture(play) == straight[name].picture
    assert set(play.episode().told) == straight[name].told
    if name != "absent, then missing, then back":
        assert owed(play) == straight[name].owed


@pytest.mark.parametrize("name", ["the whole story", "absent, then missing, then back"])
@given(data=st.data())
@some
def test_in_any_order_everyone_knows_the_end_and_nobody_is_chased(stage, name, data):
    play = told_in(stage(LATE), data.draw(st.permutations(STORIES[name])))

    assert [a for a, told in play.episode().told.items() if not told.end_told] == []
    left = {name for name, _ in play.standing()}
    assert left <= LASTING


@given(data=st.data())
@some
def test_in_any_order_a_correction_counts_and_not_what_it_corrects(stage, data):
    story = taken_back(FRIDAY_NIGHT)
    order = data.draw(st.permutations(story[:2]))

    play = told_in(stage(LATE), [*order, story[2]])

    assert picture(play).returned_at == FRIDAY_NIGHT + timedelta(hours=4)


@given(data=st.data())
@settings(some, max_examples=5)
def test_in_one_batch_or_one_by_one_it_comes_to_the_same(stage, data):
    story = data.draw(st.permutations(WHOLE))
    together = told_in(stage(LATE), story)

    one_by_one = stage(LATE)
    for message in story:
        one_by_one.say(message)

    assert picture(together) == picture(one_by_one)
    assert set(together.episode().told) == set(one_by_one.episode().told)
    assert together.standing() == one_by_one.standing()
    assert owed(together) == owed(one_by_one)


AGAIN = THURSDAY_NOON + timedelta(days=9)


def gone_again_before_the_end_is_heard(at=THURSDAY_NOON):
    """The home reports a child, the police report it nine days later, and then the home its end."""
    home = notification(at, police_report=None)
    police = by_police(
        AGAIN, child=home.child, last_seen_at=AGAIN - timedelta(minutes=40), sent_at=AGAIN
    )
    back = returned(home, at=at + timedelta(days=1), sent_at=AGAIN + timedelta(hours=1))
    return home, police, back


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_end_told_late_does_not_close_an_absence_that_began_after_it(stage, order):
    messages = gone_again_before_the_end_is_heard()
    play = stage(AGAIN + timedelta(hours=2))

    play.say(*(messages[each] for each in order))

    child = [episode.state for episode in play.episodes() if episode.state.heard]
    assert "open" in [state.status for state in child]
    missing = max(child, key=lambda state: (state.ended_at is None, state.started_at))
    assert not missing.over

    play.until(AGAIN + timedelta(days=1))
    play.say(returned(messages[1], at=AGAIN + timedelta(hours=20)))

    assert all(episode.state.over for episode in play.episodes() if episode.state.heard)


def test_an_end_told_late_leaves_what_is_owed_of_the_child_who_is_missing(stage):
    home, police, back = gone_again_before_the_end_is_heard()
    play = stage(AGAIN + timedelta(hours=2))
    play.say(home, police)
    before = owed(play)

    play.say(back)

    assert before <= owed(play)


def test_a_report_that_says_no_time_of_last_sight_does_not_open_what_is_over(stage):
    home = notification(AGAIN, police_report=None)
    police = by_police(AGAIN + timedelta(hours=3), child=home.child, last_seen_at=None)
    play = stage(AGAIN + timedelta(hours=4))

    play.say(home, police, returned(home, at=AGAIN + timedelta(hours=2)))
    assert all(episode.state.over for episode in play.episodes())
