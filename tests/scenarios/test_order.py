"""
Whatever the order and however often: the picture, who knows, and what is owed come out the same.

Not the same, and rightly: when each was told; desks that were woken before the end was known; and
what was asked of them meanwhile. So those are left out where an order decides them.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from broker.episode import State, state_of
from tests.examples import FRIDAY_NIGHT, THURSDAY_NOON, notification, returned, update
from tests.scenarios.people import CONTROL_ROOM
from tests.scenarios.play import Play
from tests.scenarios.test_joining import REFERENCE, by_police

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
    ]


def still_missing(at):
    return whole_story(at)[:4]


def found_only(at):
    return whole_story(at)[:5]


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
    right = returned(
        home, at=at + timedelta(hours=4), action="update", replaces=wrong.message_id
    )
    return [home, wrong, right]


def picture(play: Play) -> State:
    return state_of(play.episode().facts)


def without_claims(state: State) -> dict[str, Any]:
    """Claims keep the order of the facts, which is that of what happened: they count too."""
    return {name: getattr(state, name) for name in State.__slots__}


STORIES: dict[str, Callable[..., list[Any]]] = {
    "the whole story": whole_story,
    "still missing": still_missing,
    "found but not back": found_only,
    "absent, then missing, then back": not_missing_yet,
}
some = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def told_in(play: Play, messages: list[Any]) -> Play:
    """All at once, which is quick; that one by one comes to the same is a test of its own."""
    play.say(*messages)
    return play


@pytest.mark.parametrize("name", STORIES)
@given(data=st.data())
@some
def test_in_any_order_and_with_repeats_the_picture_is_the_same(stage, name, data):
    story = STORIES[name](FRIDAY_NIGHT - timedelta(hours=1))
    straight = told_in(stage(LATE), story)
    shuffled = data.draw(st.permutations(story))
    again = data.draw(st.lists(st.sampled_from(story), max_size=4))

    play = told_in(stage(LATE), [*shuffled, *again])

    assert play.dead_letters() == []
    assert without_claims(picture(play)) == without_claims(picture(straight))


@pytest.mark.parametrize("name", ["the whole story", "absent, then missing, then back"])
@given(data=st.data())
@some
def test_in_any_order_everyone_who_was_told_knows_the_end(stage, name, data):
    story = STORIES[name](FRIDAY_NIGHT - timedelta(hours=1))

    play = told_in(stage(LATE), data.draw(st.permutations(story)))

    told = play.episode().told
    assert [address for address, entry in told.items() if not entry.end_told] == []


@given(data=st.data())
@some
def test_in_any_order_all_who_must_know_of_the_whole_story_are_told(stage, data):
    story = whole_story(FRIDAY_NIGHT - timedelta(hours=1))
    straight = told_in(stage(LATE), story)

    play = told_in(stage(LATE), data.draw(st.permutations(story)))

    assert set(play.episode().told) == set(straight.episode().told)


@pytest.mark.parametrize("name", ["still missing", "found but not back"])
@given(data=st.data())
@some
def test_in_any_order_all_who_must_know_are_told_while_it_goes_on(stage, name, data):
    story = STORIES[name](FRIDAY_NIGHT - timedelta(hours=1))
    straight = told_in(stage(LATE), story)

    play = told_in(stage(LATE), data.draw(st.permutations(story)))

    assert set(play.episode().told) == set(straight.episode().told)


def outcome_of_duties(play: Play) -> set[tuple[Any, ...]]:
    """What each desk owes of the lasting duties, from when, and how that stands."""
    lasting = ("safe-and-well-check", "answer-iro-alert")
    return {
        (duty.name, duty.owed_by, duty.state, duty.due_at)
        for duty in play.duties()
        if duty.name in lasting or (duty.name == "settle-identity" and duty.standing)
    }


@given(data=st.data())
@some
def test_in_any_order_the_lasting_duties_come_out_the_same(stage, data):
    story = whole_story(FRIDAY_NIGHT - timedelta(hours=1))
    straight = told_in(stage(LATE), story)

    play = told_in(stage(LATE), data.draw(st.permutations(story)))

    assert outcome_of_duties(play) == outcome_of_duties(straight)


@pytest.mark.parametrize("name", ["the whole story", "absent, then missing, then back"])
@given(data=st.data())
@some
def test_in_any_order_nobody_is_chased_for_what_is_over(stage, name, data):
    story = STORIES[name](FRIDAY_NIGHT - timedelta(hours=1))

    play = told_in(stage(LATE), data.draw(st.permutations(story)))

    left = {name for name, _ in play.standing()}
    assert left <= {"answer-iro-alert", "safe-and-well-check"}
    if name == "the whole story":
        assert "safe-and-well-check" not in left


@given(data=st.data())
@some
def test_in_any_order_a_correction_counts_and_not_what_it_corrects(stage, data):
    story = taken_back(FRIDAY_NIGHT)
    order = data.draw(st.permutations(story[:2]))

    play = told_in(stage(LATE), [*order, story[2]])

    assert picture(play).returned_at == FRIDAY_NIGHT + timedelta(hours=4)


@given(data=st.data())
@settings(some, max_examples=6)
def test_in_one_batch_or_one_by_one_the_outcome_is_the_same(stage, data):
    story = data.draw(st.permutations(whole_story(FRIDAY_NIGHT - timedelta(hours=1))))
    together = told_in(stage(LATE), story)

    one_by_one = stage(LATE)
    for message in story:
        one_by_one.say(message)

    assert picture(together) == picture(one_by_one)
    assert set(together.episode().told) == set(one_by_one.episode().told)
    assert together.standing() == one_by_one.standing()
    assert outcome_of_duties(together) == outcome_of_duties(one_by_one)
