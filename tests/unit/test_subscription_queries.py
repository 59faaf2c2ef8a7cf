"""What subscriptions ask the ledger does not grow with them, nor with the register."""

from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from broker.clock import SetClock
from broker.directory import Directory
from broker.ledger.engine import Ledger
from broker.subscriptions import overseeing
from tests import examples as e
from tests.scenarios.play import Play, prepared
from tests.scenarios.subscribers import (
    ANNA,
    HUB,
    SHROPSHIRE,
    agreed,
    by_subscription,
    corrected,
    joined,
    notice,
    request,
    somebody,
    subscribed,
)

NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
COUNCILS = [one.id for one in Directory.shipped().agencies("la")]


@contextmanager
def counted(play):
    statements = []

    def note(connection, cursor, statement, *rest):
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            statements.append(statement)

    event.listen(play.ledger.engine, "before_cursor_execute", note)
    yield statements
    event.remove(play.ledger.engine, "before_cursor_execute", note)


@pytest.fixture
def plays(tmp_path):
    opened = []

    def start(name):
        ledger = Ledger(f"sqlite:///{tmp_path}/{name}.sqlite")
        opened.append(ledger)
        prepared(ledger, SetClock(NOON))
        return joined(Play(ledger, NOON))

    yield start
    for ledger in opened:
        ledger.close()


def with_subscriptions(play, number):
    """Every other one is of the host or the responsible council, the rest have no tie."""
    asked = [
        request(NOON, (e.STOKE, COUNCILS[each])[each % 2], hosts=[e.STOKE],
                to=f"{(e.STOKE, COUNCILS[each])[each % 2]}/desk-{each}")
        for each in range(number)
    ]  # fmt: skip
    play.say(*asked)
    for one in asked:
        play.decider.operate(overseeing.approve(one.message_id, ANNA))
    play.until(NOON)
    return play


def test_a_placement_asks_the_same_for_a_hundred_subscriptions_as_for_two(plays):
    asked = {}
    for number in (2, 100):
        play = with_subscriptions(plays(number), number)
        play.outage = True  # deciding is counted, not sending
        first = notice(NOON)
        with counted(play) as statements:
            assert play.say(first).accepted == 1
            assert play.say(corrected(first, NOON)).accepted == 1
        asked[number] = len(statements)

    play.outage = False
    play.send()
    assert len(by_subscription(play, e.STOKE)) == 2 * 50
    assert asked[2] == asked[100]


def test_a_register_of_two_hundred_asks_no_more_than_one_of_two(plays):
    asked = {}
    for number in (2, 200):
        play = plays(number)
        play.say(*(notice(NOON, somebody(one)) for one in range(number)))
        agreed(play, HUB, e.WALSALL)
        with counted(play) as statements:
            subscribed(play, HUB, hosts=[e.STOKE])
        sending = [one for one in statements if "shard" in one or "batch" in one]
        asked[number] = len(statements) - len(sending)
        assert len(by_subscription(play, HUB)) == number

    assert asked[2] == asked[200]


def test_the_counts_of_a_month_are_counted_once_for_all(plays):
    asked = {}
    for number in (2, 60):
        play = plays(number)
        said = (request(NOON, council, hosts=[SHROPSHIRE]) for council in COUNCILS[:number])
        requests = list(said)
        play.say(*requests)
        for one in requests:
            play.decider.operate(overseeing.approve(one.message_id, ANNA))
        play.until(NOON)
        play.clock.set(datetime(2026, 4, 1, 5, tzinfo=UTC))
        with counted(play) as statements:
            assert play.decider.tick().fired >= number
        asked[number] = len(statements)

    assert asked[2] == asked[60]
