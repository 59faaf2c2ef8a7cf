"""A whole overlay as a council writes it, played: who is told, by when, what repeats lead to."""

from datetime import timedelta
from pathlib import Path

import pytest

from broker.directory import Directory
from broker.ledger import agencies
from broker.policy.check import overlay_problems
from broker.policy.load import load_any, shipped, with_overlays
from schemas.casework import MeetingOutcome
from schemas.child import Child, Place, Residence
from tests.examples import FRIDAY_NIGHT, envelope, notification, returned
from tests.scenarios.thresholds import at

KIRKLEES, POLICE = "la.E08000034", "police.E23000010"
WRITTEN = load_any(Path(__file__).parent / "policies" / "kirklees.yaml")
POLICIES = with_overlays(shipped(), [WRITTEN])

DIRECTOR, HEAD = f"{KIRKLEES}/director", f"{KIRKLEES}/head-of-service"
EXPLOITATION, WORKER = f"{KIRKLEES}/exploitation-team", f"{KIRKLEES}/social-work"
NIGHT_DESK, MANAGER = f"{KIRKLEES}/emergency-duty", f"{KIRKLEES}/duty-manager"
MISSING_UNIT = f"{POLICE}/missing-unit"


@pytest.fixture
def staged(stage):
    """Starts a play under the overlay with its council and its police on the broker."""

    def start(when):
        play = stage(when, policies=POLICIES)
        with play.ledger.writing() as connection:
            for agency, name in ((KIRKLEES, "Kirklees"), (POLICE, "West Yorkshire Police")):
                agencies.add(connection, agency, name, None, {}, play.clock.now())
        return play

    return start


def missing(when, **changes):
    """A home in Kirklees reports a child whom Kirklees looks after."""
    ours = {
        "occurred_at": when,
        "last_seen_at": when,
        "responsible_authority": KIRKLEES,
        "lives": Residence(authority=KIRKLEES),
        "place": Place(authority=KIRKLEES),
        "episode": f"H-17 {when:%d %b}",
        "police_report": None,
    }
    return notification(when, **ours | changes)


def away(play, when, **changes):
    """Missing from then on, and back three hours later."""
    report = missing(when, **changes)
    play.say_now(report)
    play.say_now(returned(report, at=when + timedelta(hours=3)))
    return report


def reached(play, address):
    return [got.message.threshold for got in play.inbox(address, "threshold.reached")]


def test_it_has_no_mistake_and_no_gap():
    assert overlay_problems(POLICIES, WRITTEN, Directory.shipped()) == []


def test_at_high_risk_managers_get_a_summary_and_the_exploitation_team_all_of_it(staged):
    play = staged(FRIDAY_NIGHT)

    play.say(missing(FRIDAY_NIGHT, risk="high"))

    for address, view in ((DIRECTOR, "summary"), (HEAD, "summary"), (EXPLOITATION, "full")):
        (got,) = play.news(address)
        assert (got.because, got.view) == (f"kirklees-high-risk@{WRITTEN.version}", view)


def test_at_medium_risk_none_of_them_is_told(staged):
    play = staged(FRIDAY_NIGHT)

    play.say(missing(FRIDAY_NIGHT, risk="medium"))

    assert [play.news(one) for one in (DIRECTOR, HEAD, EXPLOITATION)] == [[], [], []]


@pytest.mark.parametrize(("risk", "minutes"), [("high", 5), ("medium", 20)])
def test_the_night_desk_answers_by_the_shorter_clock(staged, risk, minutes):
    play = staged(FRIDAY_NIGHT)

    play.say(missing(FRIDAY_NIGHT, risk=risk))

    assert play.duty("answer", NIGHT_DESK).due_at == FRIDAY_NIGHT + timedelta(minutes=minutes)


def test_each_return_is_followed_by_a_visit_that_climbs_when_it_is_late(staged):
    play = staged(at("03-02T16:00"))  # a Monday
    report = away(play, at("03-02T16:00"))

    visit = play.duty("kirklees-visit-after-return", WORKER)
    assert visit.due_at == at("03-04T00:00")  # midnight of Tuesday
    play.until(at("03-04T00:01"))
    assert "kirklees-visit-after-return" in [
        got.message.name for got in play.inbox(MANAGER, "duty")
    ]

    held = {"child": report.child, "type": "visit", "held": True, "episode": str(visit.episode)}
    sent = envelope(KIRKLEES, "social-work", at("03-04T10:00"))
    play.say_now(MeetingOutcome(**sent | held))
    assert play.duty("kirklees-visit-after-return", WORKER).state == "met-late"


def test_the_third_absence_in_sixty_days_asks_for_a_meeting_once(staged):
    days = ("03-02T16:00", "03-20T16:00", "04-27T16:00")
    play = staged(at(days[0]))

    for day in days[:2]:
        away(play, at(day))
    assert reached(play, WORKER) == []
    away(play, at(days[2]))

    assert reached(play, WORKER) == reached(play, MISSING_UNIT) == ["kirklees-three-in-sixty"]
    assert reached(play, HEAD) == ["kirklees-three-in-sixty"]
    assert play.duty("kirklees-strategy-meeting", WORKER).due_at == at("05-01T00:00")


def test_three_absences_in_sixty_one_days_ask_for_none(staged):
    play = staged(at("03-02T16:00"))

    for day in ("03-02T16:00", "03-20T16:00", "05-01T16:00"):
        away(play, at(day))

    assert reached(play, WORKER) == []


@pytest.mark.parametrize(("born", "fires"), [("2014-01-01", True), ("2011-05-16", False)])
def test_a_night_away_counts_for_those_under_thirteen(staged, born, fires):
    play = staged(at("03-02T22:00"))
    of = missing(at("03-02T22:00")).child.model_dump() | {"birth_date": born}
    report = missing(at("03-02T22:00"), child=Child(**of))

    play.say_now(report)
    play.until(at("03-03T07:00"))

    assert reached(play, WORKER) == (["kirklees-young-night"] if fires else [])
