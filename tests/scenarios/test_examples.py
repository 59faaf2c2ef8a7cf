"""The example of every kind is one that Homeward accepts, one after the other, as it is printed."""

from datetime import timedelta

import pytest

from broker.cli.example import example
from schemas.codec import from_json
from schemas.kinds import FROM_AGENCIES
from tests.examples import FRIDAY_NIGHT, STAFFORDSHIRE_POLICE, WALSALL


def shown(play, kind):
    """The example as it would be printed now; an answer names what its sender was sent."""
    fields = example(kind, play.clock.now())
    if kind == "answer":
        fields["delivery"] = str(play.inbox(WALSALL, "missing.notification")[0].id)
    return from_json(fields)


def test_every_example_is_accepted_in_the_order_of_the_catalogue(stage):
    play = stage(FRIDAY_NIGHT)

    for kind in FROM_AGENCIES:
        outcome = play.say(shown(play, kind))
        assert (outcome.accepted, outcome.codes) == (1, {}), kind
        play.after(minutes=1)

    assert len(play.children()) == 1
    assert play.dead_letters() == []


# These are about what was said before.
OF_ANOTHER = {"answer", "identity.statement", "profile.request"}


@pytest.mark.parametrize("kind", sorted(set(FROM_AGENCIES) - OF_ANOTHER))
def test_every_example_is_accepted_on_its_own(stage, kind):
    play = stage(FRIDAY_NIGHT)

    outcome = play.say(shown(play, kind))

    assert (outcome.accepted, outcome.codes) == (1, {})


def test_the_examples_tell_one_story(stage):
    play = stage(FRIDAY_NIGHT)

    for kind in ("child.profile", "missing.notification", "missing.return"):
        play.say(shown(play, kind))
        play.after(minutes=1)
    assert play.inbox(STAFFORDSHIRE_POLICE, "child.profile")
    assert play.duty("safe-and-well-check").standing
    assert play.duty("hold-return-interview").standing

    for kind in ("safe-and-well.outcome", "return-interview.outcome"):
        play.say(shown(play, kind))
    assert play.duty("safe-and-well-check").state == "met"
    assert play.duty("hold-return-interview").state == "met"
    assert play.duty("hold-return-interview").settled_at < FRIDAY_NIGHT + timedelta(hours=1)


def test_a_meeting_that_is_asked_for_is_the_one_that_is_held(stage):
    play = stage(FRIDAY_NIGHT)

    play.say(shown(play, "meeting.request"))
    assert play.duty("hold-meeting").standing

    play.say(shown(play, "meeting.outcome"))
    assert play.duty("hold-meeting").state == "met"
