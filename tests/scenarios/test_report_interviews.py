"""`return-interviews` and `not-held-reasons`, as the board and commissioners read them."""

import pytest
from structlog.testing import capture_logs

from tests import examples
from tests.examples import STAFFORDSHIRE
from tests.scenarios.play import Play
from tests.scenarios.reports import report, rows, values
from tests.scenarios.thresholds import at, at_home, child

QUARTER = "2026-Q3"


def went(play, number, starts, ends):
    of = child(number, given_name=f"Child{number}", birth_date="2012-05-05")
    one = at_home(starts, of)
    play.say_now(one)
    play.say_now(examples.returned(one, at=at(ends)))
    return one


def said_of(play, one, stage, when, **changes):
    play.say_now(examples.interview(one, stage, at=at(when), sender=STAFFORDSHIRE, **changes))


@pytest.fixture(scope="module")
def quarter(copies):
    with capture_logs():
        play = Play(copies(), at("06-30T12:00"))
        first = went(play, 1, "07-01T20:00", "07-02T01:00")
        said_of(play, first, "held", "07-03T10:00")
        said_of(play, first, "shared", "07-04T10:00", shared_with=("social-work",))
        second = went(play, 1, "07-11T20:00", "07-12T01:00")
        said_of(play, second, "held", "07-19T10:00", same_interviewer="yes", independent=False)
        refuses = went(play, 2, "07-11T21:00", "07-12T02:00")
        said_of(play, refuses, "attempted", "07-12T15:00")
        said_of(play, refuses, "declined", "07-13T10:00")
        moved = went(play, 3, "08-01T20:00", "08-02T01:00")
        said_of(play, moved, "offered", "08-10T10:00")
        said_of(play, moved, "not-held", "08-12T10:00", reason="moved")
        went(play, 4, "09-01T20:00", "09-02T01:00")
        play.until(at("10-02T09:00"))
        yield play
        play.ledger.close()


@pytest.mark.report("return-interviews")
def test_each_figure_has_its_own_denominator(quarter):
    said = values(report(quarter, "return-interviews", STAFFORDSHIRE, period=QUARTER))

    assert said["returns"] == "5"
    assert said["offered-in-time"] == "2/5"
    assert (said["held/episodes"], said["held/children"]) == ("2/5", "1/4")
    assert said["held-in-time"] == "1/5"
    assert said["same-worker"] == "1/1"
    assert said["not-independent"] == "1/2"
    assert said["shared-with-worker"] == "1/2"


@pytest.mark.report("return-interviews")
@pytest.mark.report("not-held-reasons")
def test_what_was_not_held_has_its_reason_or_stands_as_not_said(quarter):
    for name in ("return-interviews", "not-held-reasons"):
        made = report(quarter, name, STAFFORDSHIRE, period=QUARTER)

        assert {row[0]: row[2] for row in rows(made, "reasons")} == {
            "declined, or refused": "1/3",
            "moved out of the area": "1/3",
            "not engaging": "0/3",
            "another reason": "0/3",
            "no reason said": "1/3",
        }


@pytest.mark.report("return-interviews")
def test_attempts_are_counted_for_each(quarter):
    made = report(quarter, "return-interviews", STAFFORDSHIRE, period=QUARTER)

    attempts = [(row[2], row[3]) for row in rows(made, "attempts")]
    assert attempts == [
        ("1", "held in 72 h"), ("1", "held, after 72 h"), ("1", "declined"), ("0", "moved"),
        ("0", "not offered"),
    ]  # fmt: skip
