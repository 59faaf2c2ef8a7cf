"""A figure of a period that changed since the report was first made says what it was, and why."""

from datetime import timedelta

import pytest

from broker.ledger import report_runs
from schemas.message import Action
from tests import examples
from tests.examples import STAFFORDSHIRE
from tests.scenarios.reports import report, values
from tests.scenarios.test_undone import taken_back
from tests.scenarios.thresholds import at, at_home, back, child
from tests.scenarios.worlds import interviewed

MARCH = "2026-03"
NAME = "monthly-missing"
QUARTERLY = "quarterly-missing"


def somebody(number):
    return child(number, given_name=f"Child{number}")


def printed(play, name=NAME):
    """Made at this time, and kept as the command keeps it."""
    made = report(play, name, STAFFORDSHIRE, period=MARCH)
    assert report_runs.is_worth_keeping(made.asked, play.clock.now())
    with play.ledger.writing() as connection:
        report_runs.keep(connection, made)
    return made


@pytest.fixture
def april(stage):
    """Two children missing in March; the report was made on 1 April."""
    play = stage(at("03-01T12:00"))
    for number, day in ((1, "03-05"), (2, "03-06")):
        one = at_home(f"{day}T20:00", somebody(number))
        play.say_now(one)
        play.say_now(back(one, f"{day}T23:00"))
    play.until(at("04-01T09:00"))
    assert printed(play).figures["missing/episodes"].value == "2"
    play.until(at("04-02T09:00"))
    return play


def test_what_was_reported_since_is_named_as_that(april):
    late = at_home("03-20T22:00", somebody(3), heard="04-03T10:00")
    april.say_at(at("04-03T10:00"), late, back(late, "03-21T01:00"))

    figure = report(april, NAME, STAFFORDSHIRE, period=MARCH).figures["missing/episodes"]

    assert figure.value == "3"
    assert figure.changed == "was 2 as at Wed 1 Apr 2026 09:00 BST: 1 reported since"


def take_back(play, number, starts):
    """The police cancel their report of somebody's absence."""
    (said,) = [
        fact
        for each in play.episodes()
        for fact in each.facts
        if fact.at == at(starts) and fact.kind == "missing.notification"
    ]
    cancel = at_home(starts, somebody(number)).model_copy(
        update={
            "action": Action.cancel,
            "replaces": said.message_id,
            "sent_at": play.clock.now(),
            "message_id": examples.envelope(STAFFORDSHIRE, "front-door", said.at)["message_id"],
        }
    )
    play.say(cancel)


def test_what_was_taken_back_is_named_as_that(april):
    take_back(april, 1, "03-05T20:00")

    figure = report(april, NAME, STAFFORDSHIRE, period=MARCH).figures["missing/children"]

    assert (figure.value, figure.changed) == (
        "1", "was 2 as at Wed 1 Apr 2026 09:00 BST: 1 taken back",
    )  # fmt: skip


def test_what_did_not_change_has_no_mark_and_what_was_before_none_either(april):
    again = report(april, NAME, STAFFORDSHIRE, period=MARCH)
    before = report(
        april, NAME, STAFFORDSHIRE, period=MARCH, as_at=at("04-01T09:00") - timedelta(minutes=1)
    )

    assert not any(figure.changed for figure in (*again.figures.values(), *before.figures.values()))


def test_a_report_made_of_duties_alone_tells_why_they_changed_by_the_absences(april):
    printed(april, "accountability")
    april.until(at("04-03T10:00"))
    one = at_home("03-06T20:00", somebody(2))
    april.say(interviewed(one, "held", "03-07T10:00", sent_at=april.clock.now()))

    figures = report(april, "accountability", STAFFORDSHIRE, period=MARCH).figures

    changed = " ".join(one.changed for one in figures.values())
    assert "more was said of since" in changed
    assert "reported since" not in changed


def test_a_time_past_is_counted_as_it_was_whatever_was_said_since(april):
    """What was taken back before is out, what was taken back since is in, the rest is as it was."""
    another = at_home("03-07T20:00", somebody(3))
    april.say_now(another)
    april.until(at("04-02T10:00"))
    take_back(april, 1, "03-05T20:00")
    april.until(at("04-02T11:00"))
    then, made = april.clock.now(), report(april, QUARTERLY, STAFFORDSHIRE, period="2026-Q1")
    assert values(made)["year-to-date/missing/episodes"] == "2"

    april.until(at("04-03T10:00"))
    take_back(april, 3, "03-07T20:00")
    again = report(april, QUARTERLY, STAFFORDSHIRE, period="2026-Q1", as_at=then)

    assert values(report(april, QUARTERLY, STAFFORDSHIRE, period="2026-Q1")) != values(made)
    assert values(again) == values(made)


def test_a_report_of_a_period_that_goes_on_is_not_what_later_ones_are_compared_with(stage):
    play = stage(at("03-10T12:00"))
    made = report(play, NAME, STAFFORDSHIRE, period=MARCH)

    assert not report_runs.is_worth_keeping(made.asked, play.clock.now())


def test_what_was_taken_back_of_an_absence_that_stands_does_not_count(april):
    one = at_home("04-03T20:00", somebody(4))
    said = examples.checked(one, at=at("04-04T09:00"))
    april.say_now(one)
    april.say_now(back(one, "04-03T23:00"))
    april.say_now(said)

    def checks():
        made = report(april, "safe-and-well", STAFFORDSHIRE, period="2026-04")
        return values(made)["done"], values(made)["silent"]

    before = checks()
    april.say(taken_back(said, april.clock.now()))

    assert (before, checks()) == (("1/1", "0/1"), ("0/1", "1/1"))


def test_a_report_that_counts_no_absences_says_also_why_it_changed(april):
    first = printed(april, "accountability")
    late = at_home("03-20T22:00", somebody(3), heard="04-03T10:00")
    april.say_at(at("04-03T10:00"), late, back(late, "03-21T01:00"))

    figure = report(april, "accountability", STAFFORDSHIRE, period=MARCH).figures["all/all"]

    more = int(figure.value) - int(first.figures["all/all"].value)
    assert more > 0
    assert figure.changed.endswith(f"{more} reported since")


def test_what_a_council_owes_to_its_own_child_is_late_here_and_nowhere_else(april):
    made = report(april, "not-done", STAFFORDSHIRE, period="2026-03")

    here, elsewhere = (
        {item.key for item in made.figures[name].items} for name in ("ours/late", "theirs/late")
    )
    assert here
    assert elsewhere
    assert here.isdisjoint(elsewhere)


def test_what_was_late_and_was_done_since_is_not_said_to_be_taken_back(april):
    printed(april, "accountability")
    first = at_home("03-05T20:00", somebody(1))
    april.say_at(at("04-03T10:00"), examples.checked(first, at=at("04-03T09:30")))

    made = report(april, "accountability", STAFFORDSHIRE, period=MARCH)
    changed = [one.changed for one in made.figures.values() if one.changed]

    assert changed
    assert not any("taken back" in words for words in changed)
