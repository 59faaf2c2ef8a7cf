"""A batch asks the ledger the same number of questions, however many records it holds."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from broker.cli.example import example
from broker.clock import SetClock
from broker.ledger.engine import Ledger
from schemas.census import Census, CensusEntry
from schemas.kinds import FROM_AGENCIES
from schemas.missing import MissingUpdate
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    WALSALL,
    child,
    envelope,
    notification,
)
from tests.scenarios.people import EDT
from tests.scenarios.play import Play, prepared
from tests.scenarios.thresholds import policies
from tests.servers import Postgres

CHILDREN = 211  # one, ten and two hundred, none of them twice
ONE, TEN, MANY = range(1), range(1, 11), range(11, CHILDREN)


def references(number):
    return [
        {"holder": HOME, "scheme": "home-reference", "value": f"H-{number}"},
        {"holder": WALSALL, "scheme": "la-person-id", "value": f"W-{number}"},
    ]


def somebody(number):
    return child(references=references(number), family_name=f"Example {number}")


class Asking:
    """A ledger that knows two hundred missing children, and how often it is asked."""

    def __init__(self, ledger, numbers=range(CHILDREN), policies=None):
        clock = SetClock(FRIDAY_NIGHT)
        prepared(ledger, clock)
        self.play = Play(ledger, FRIDAY_NIGHT, policies=policies)
        self.play.say(*(
            notification(child=somebody(number), episode=f"H-{number}/1", police_report=None,
                         risk=None, risk_reason=None)
            for number in numbers
        ))  # fmt: skip
        self.asked_for = [got.id for got in self.play.news(EDT)]

    def message(self, kind, number):
        """One of this kind about the child of this number."""
        said = example(kind, self.play.clock.now())
        said.pop("kind")
        if "child" in said:
            said["child"] = somebody(number).model_dump()
            said["episode"] = f"H-{number}/1" if said["sender"] == HOME else None
        if "police_reference" in said:
            said["police_reference"] = f"SP-{number}"
        if kind == "answer":
            said |= {"sender": WALSALL, "from_address": EDT, "delivery": self.asked_for[number]}
        if kind == "identity.statement":
            mine, theirs = references(number)
            said |= {"one": mine, "other": theirs, "same": True}
        if kind == "catch-up":
            said |= {"sender": WALSALL, "from_address": EDT}
        return FROM_AGENCIES[kind].model_validate(said | {"message_id": uuid4()})

    @contextmanager
    def counted(self):
        statements = []

        def note(connection, cursor, statement, *rest):
            if statement.lstrip().upper().startswith(("SELECT", "WITH")):
                statements.append(statement)

        engine = self.play.ledger.engine
        event.listen(engine, "before_cursor_execute", note)
        yield statements
        event.remove(engine, "before_cursor_execute", note)

    def asks(self, messages):
        """How often the decider asks for one batch of these, all of them accepted."""
        self.play.outage = True  # deciding is counted, not sending
        with self.counted() as statements:
            outcome = self.play.say(*messages)
        assert outcome.accepted == len(messages), outcome.codes
        return len(statements)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def asking(request, tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.new_database()
    ledger = Ledger(url)
    yield Asking(ledger)
    ledger.close()


def test_a_batch_of_all_kinds_asks_no_more_for_two_hundred_than_for_one_of_each(asking):
    kinds = list(FROM_AGENCIES)
    one_of_each = [asking.message(kind, number) for number, kind in enumerate(kinds)]
    fewest = asking.asks(one_of_each)

    many = [asking.message(kinds[number % len(kinds)], number) for number in MANY]

    assert asking.asks(many) == fewest
    assert fewest <= 31


def test_of_each_kind_ten_ask_no_more_than_one(asking):
    differing = {}
    for kind in FROM_AGENCIES:
        one = asking.asks([asking.message(kind, number) for number in ONE])
        ten = asking.asks([asking.message(kind, number) for number in TEN])
        if ten > one:
            differing[kind] = (one, ten)

    assert differing == {}


COUNTED = """
  - id: again
    any:
      - count: {at_least: 2, window: {days: 90}}
      - overnight: {from: "00:00", to: "06:00"}
    source: made up
  - id: home
    about: home
    any:
      - count: {steps: [2, 5, 300], window: {days: 30}}
    source: made up
rules:
  - id: follows
    when: {kind: threshold.reached}
    tell: [lead-social-work]
    owe:
      - duty: meet
        owed_by: lead-social-work
        clock: {starts: occurred, working_days: 5}
        met_by: [meeting.outcome:held=true]
        ends_with_absence: false
    basis: local
    source: made up
"""


@pytest.mark.parametrize("kind", ["missing.notification", "missing.return", "meeting.outcome"])
def test_what_thresholds_count_is_asked_for_once_a_batch(tmp_path, kind):
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    asking = Asking(ledger, range(11), policies(COUNTED))
    for number in range(11):
        asking.play.say(again(number))

    one = asking.asks([asking.message(kind, number) for number in ONE])
    ten = asking.asks([asking.message(kind, number) for number in TEN])
    ledger.close()

    assert ten == one


def again(number):
    """An earlier absence of the same child, in the same home."""
    earlier = FRIDAY_NIGHT - timedelta(days=3)
    return notification(earlier, child=somebody(number), episode=f"H-{number}/0",
                        police_report=None)  # fmt: skip


def test_corrections_ask_no_more_for_many_than_for_one(asking):
    def corrections(numbers):
        first = [asking.message("missing.update", number) for number in numbers]
        asking.play.say(*first)
        changes = {"action": "update", "reason": "Spelt right"}
        return [
            MissingUpdate(
                **message.model_dump()
                | changes
                | {"replaces": message.message_id, "message_id": uuid4()}
            )
            for message in first
        ]

    assert asking.asks(corrections(TEN)) == asking.asks(corrections(ONE))


def test_the_timekeeper_asks_the_same_whatever_falls_due(tmp_path):
    def asked_for(numbers):
        ledger = Ledger(f"sqlite:///{tmp_path}/{len(numbers)}.sqlite")
        asking = Asking(ledger, numbers)
        asking.play.clock.set(FRIDAY_NIGHT + timedelta(hours=1))
        with asking.counted() as statements:
            assert asking.play.decider.tick().fired >= len(numbers)
        ledger.close()
        return len(statements)

    assert asked_for(MANY) == asked_for(ONE)


def test_a_long_census_asks_no_more_than_a_short_one(asking):
    def asked_for(numbers):
        entries = [
            CensusEntry(
                reference=f"SP-{number}",
                shared=uuid4(),
                child=references(number)[number % 2],
                started_at=FRIDAY_NIGHT + timedelta(minutes=number),
            )
            for number in numbers
        ]
        period = {"period_from": "2026-03-01", "period_to": "2026-03-31", "entries": entries}
        said = envelope(STAFFORDSHIRE_POLICE, "missing-unit", asking.play.clock.now())
        taking = asking.asks([Census(**said | period)])
        with asking.counted() as statements:
            assert asking.play.decider.tick().failed == 0
        found = asking.play.decider.tick()
        assert found.fired == 0
        return taking, len(statements)

    asking.play.until(datetime(2026, 4, 2, 9, tzinfo=UTC))
    asked_for(ONE)  # the first one replaces none

    assert asked_for(MANY) == asked_for(TEN)
