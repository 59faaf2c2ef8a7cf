"""What `homeward policy explain` says: who is told and who is not, what is owed and why by then."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.cli.example import example
from broker.cli.explained import explained
from broker.clock import SetClock
from broker.decider import Decider
from broker.directory import Directory, Registered
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger.engine import Ledger
from broker.policy.load import scheme, shipped, with_overlays
from broker.records import Record
from schemas.child import Place, Residence
from schemas.codec import encode, from_json
from schemas.kinds import FROM_AGENCIES
from schemas.message import ChildMessage
from tests import examples as e

CARDIFF = "la.W06000015"
CHRISTMAS_EVE = datetime(2026, 12, 24, 22, 30, tzinfo=UTC)
DIRECTORY = Directory.shipped().with_agencies([Registered(e.HOME, "A home", e.STOKE)])


class Desk:
    """A ledger in memory that is asked what would follow."""

    def __init__(self, policies=None):
        self.policies = policies or shipped()
        self.clock = SetClock(e.FRIDAY_NIGHT)
        self.ledger = Ledger("sqlite://")
        self.ledger.create(self.clock)
        keys = Keys(b"a secret of this test")
        self.decider = Decider(self.ledger, self.clock, self.policies, keys)
        self.decider.activate()
        with self.ledger.deciding() as connection:
            agencies.add(connection, e.HOME, "A home", e.STOKE, {}, self.clock.now())
        self.offset = 0

    def take(self, message):
        self.clock.set(message.sent_at)
        record = Record(f"outbox.{message.sender}", "its id", self.offset, encode(message))
        assert self.decider.take([record]).accepted == 1
        self.offset += 1

    def explain(self, message, at=None):
        self.clock.set(at or message.sent_at)
        decision = self.decider.explain(message)
        return explained(decision, message, self.policies, DIRECTORY, self.clock.now())


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.ledger.close()


def child_of(council, lives_in=e.STOKE, at=CHRISTMAS_EVE - timedelta(hours=4), **changes):
    lives = Residence(authority=lives_in, home=e.HOME)
    place = Place(authority=lives_in)
    return e.notification(at, responsible_authority=council, lives=lives, place=place, **changes)


def owed(shown, duty, function=""):
    return next(
        one for one in shown["duties"] if one["duty"] == duty and function in one["owed_by"]
    )


def why_not(shown, role):
    return [one["why"] for one in shown["not_told"] if one["role"] == role]


def test_a_recipient_is_shown_with_its_view_its_rule_and_the_source_of_that(desk):
    shown = desk.explain(e.notification())

    alert = next(one for one in shown["recipients"] if one["role"] == "lead-iro-service")
    assert alert["address"] == f"{e.WALSALL}/iro-service"
    assert (alert["kind"], alert["view"]) == ("iro.alert", "full")
    assert alert["because"] == f"missing-iro@{shown['policy']}"
    assert (alert["basis"], alert["source"][:6]) == ("local", "Ofsted")


def test_nothing_is_kept_of_what_is_explained(desk):
    message = e.notification()

    assert desk.explain(message) == desk.explain(message)
    desk.take(message)


def test_a_clock_in_hours_says_from_when_it_runs(desk):
    report = child_of(e.WALSALL)
    desk.take(report)
    shown = desk.explain(e.returned(report, at=CHRISTMAS_EVE))

    interview = owed(shown, "offer-return-interview")
    assert interview["due_local"] == "Sun 27 Dec 2026 22:30 GMT"
    assert interview["why"] == "72 hours after the return (Thu 24 Dec 2026 22:30 GMT)"
    assert interview["basis"] == "statutory-guidance"
    assert interview["source"].startswith("T14")
    assert "return-interview.outcome:stage=declined" in interview["met_by"]
    rungs = [(one["address"], one["at"] - interview["due_at"]) for one in interview["ladder"]]
    assert rungs[0] == (f"{e.WALSALL}/social-work", timedelta(0))


def test_in_wales_a_debrief_is_decided_on_by_the_welsh_policy(desk):
    report = child_of(CARDIFF)
    desk.take(report)
    shown = desk.explain(e.returned(report, at=CHRISTMAS_EVE))

    assert (shown["nation"], shown["policy"]) == ("Wales", shipped().national("Wales").version)
    assert {one["because"].partition("@")[2] for one in shown["recipients"]} == {shown["policy"]}
    decide = owed(shown, "decide-on-a-debrief")
    assert decide["owed_by"] == f"{CARDIFF}/return-interviews"
    assert decide["due_local"] == "Wed 30 Dec 2026 24:00 GMT"
    assert decide["why"] == "2 working days after the return (Thu 24 Dec 2026 22:30 GMT)"
    assert not any("72 hours" in one["why"] for one in shown["duties"])


def test_a_child_of_an_english_council_keeps_england_s_rules_in_wales(desk):
    report = child_of(e.WALSALL, lives_in=CARDIFF)
    desk.take(report)
    shown = desk.explain(e.returned(report, at=CHRISTMAS_EVE))

    assert shown["nation"] == "England"
    assert owed(shown, "offer-return-interview")["owed_by"].startswith(e.WALSALL)


def test_a_clock_that_starts_when_sent_says_so_and_a_closed_desk_s_when_it_opens(desk):
    shown = desk.explain(e.notification())

    at_once = owed(shown, "answer", "emergency-duty")
    assert at_once["why"] == ("30 minutes after it is sent (at once: Fri 27 Mar 2026 22:10 GMT)")
    later = owed(shown, "answer", "front-door")
    assert later["why"] == "30 minutes after the desk opens (Mon 30 Mar 2026 08:30 BST)"
    assert later["due_local"] == "Mon 30 Mar 2026 09:00 BST"


def test_a_high_risk_is_the_reason_of_a_shorter_time(desk):
    shown = desk.explain(e.notification(risk="high"))

    assert owed(shown, "answer", "emergency-duty")["why"].startswith(
        "10 minutes, as the risk is high, after it is sent"
    )


def test_a_stated_time_is_the_due_time_and_where_none_is_stated_it_says_so(desk):
    at = e.FRIDAY_NIGHT
    unstated = desk.explain(e.notification(category="absent"))
    stated = desk.explain(e.notification(category="absent", review_at=at + timedelta(hours=2)))

    assert owed(unstated, "review-absence")["why"] == (
        "6 hours after it was accepted, as no time is stated"
    )
    assert owed(stated, "review-absence")["why"] == "at the time that is stated"
    assert owed(stated, "review-absence")["due_at"] == at + timedelta(hours=2)


def test_what_was_past_when_it_became_known_says_by_when_then(desk):
    report = child_of(e.WALSALL)
    desk.take(report)
    late = CHRISTMAS_EVE + timedelta(days=5)
    shown = desk.explain(e.returned(report, at=CHRISTMAS_EVE), at=late)

    interview = owed(shown, "offer-return-interview")
    assert interview["late_on_arrival"]
    assert interview["working_due_at"] == late + timedelta(hours=72)
    assert interview["why"].endswith("nobody's lateness: until Fri 1 Jan 2027 22:30 GMT")
    assert interview["ladder"][0]["at"] == late + timedelta(hours=72)


def test_a_role_that_other_facts_would_bring_in_says_which(desk):
    shown = desk.explain(e.notification())

    assert why_not(shown, "plan-chair") == [
        "missing-protection-plan asks for protection_plan: true (here: false)"
    ]
    assert why_not(shown, "lead-leaving-care") == [
        "missing-of-age asks for of_age: true (here: false)"
    ]
    assert why_not(shown, "lead-iro-service") == []


def test_where_several_rules_would_do_each_is_named(desk):
    report = e.notification(category="away", care_status="not-looked-after", lives=Residence())
    (why,) = why_not(desk.explain(report), "police-of-place")

    assert why.split("; or ") == [
        "missing-police asks for category: missing (here: away)",
        "missing-profile asks for category: missing (here: away)",
        "absent-or-away-a-concern asks for concern_stated: true (here: false)",
        "absent-or-away-in-danger asks for immediate_danger: true (here: false)",
    ]


def test_who_knows_it_already_is_not_told_again(desk):
    report = e.notification()
    desk.take(report)
    shown = desk.explain(e.notification(at=e.FRIDAY_NIGHT + timedelta(minutes=5), episode="H-17/3"))

    told = {one["address"] for one in shown["recipients"]}
    known = {one["why"].partition(" ")[0] for one in shown["not_told"] if "already" in one["why"]}
    assert known
    assert not told & known


ABOUT_A_CHILD = sorted(kind for kind, of in FROM_AGENCIES.items() if issubclass(of, ChildMessage))


@pytest.mark.parametrize("kind", ABOUT_A_CHILD)
def test_the_example_of_every_kind_is_explained(desk, kind):
    message = from_json(example(kind, e.FRIDAY_NIGHT))

    shown = desk.explain(message)

    assert all(one["source"] for one in shown["duties"])


BEFORE = e.THURSDAY_NOON - timedelta(days=3)


@pytest.mark.parametrize(
    ("said", "duty", "why"),
    [
        (e.placement(approval=None), "state-approval", "before the placement starts"),
        (e.arrival(), "give-placement-notice", "5 working days after the placement starts"),
        (e.placement(), "tell-host-of-admission", "24 hours after the child came"),
        (
            e.placement(stage="ended", starts_at=BEFORE, ends_at=e.THURSDAY_NOON),
            "tell-host-of-discharge",
            "24 hours after the child left",
        ),
    ],
)
def test_a_clock_of_a_placement_says_from_when_it_runs(desk, said, duty, why):
    shown = desk.explain(said)

    assert why in {one["duty"]: one["why"] for one in shown["duties"]}[duty]


@pytest.mark.parametrize(
    ("born", "at_once", "hours"), [("2013-05-16", True, 0), ("2010-05-16", False, 5)]
)
def test_it_says_when_an_absence_will_count_as_missing_by_itself(born, at_once, hours):
    by = scheme("staffs-protocol-2005")
    policies = with_overlays(shipped(), [by])
    desk = Desk(policies)
    absent = child_of(
        e.STAFFORDSHIRE, e.STAFFORDSHIRE, category="absent", child=e.child(birth_date=born),
        last_seen_at=CHRISTMAS_EVE - timedelta(hours=5),
    )  # fmt: skip

    turns = desk.explain(absent)["turns"]

    assert turns["at_once"] == at_once
    assert turns["at"] == absent.sent_at + timedelta(hours=hours)
    assert turns["because"].endswith(f"@{by.version}")
    desk.ledger.close()
