"""A course is a meeting about no child: it is on the record, and joins nobody."""

import pytest

from schemas.casework import MeetingOutcome
from tests.examples import STAFFORDSHIRE, envelope
from tests.scenarios.thresholds import at


def course(when, people):
    said = {"type": "training", "held": True, "trained": [{"audience": "home", "people": people}]}
    return MeetingOutcome(**envelope(STAFFORDSHIRE, "performance", at(when)) | said)


@pytest.mark.scheme("gwent-training")
def test_two_courses_are_accepted_and_are_about_no_child(stage):
    play = stage(at("03-02T10:00"))

    play.say(course("03-02T09:00", 11), course("03-02T09:30", 17))

    first, second = play.episodes()
    assert first.child != second.child
    assert play.told() == set()
    assert len(play.receipts(STAFFORDSHIRE)) == 2
