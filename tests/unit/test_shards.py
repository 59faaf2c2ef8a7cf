"""How many relay shards there are is a fact of the ledger, and what moves keeps its order."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from broker.__main__ import commands
from broker.cli import app as cli
from broker.clock import SetClock
from broker.errors import Misuse
from broker.ledger import shard
from broker.ledger import tables as t
from broker.ledger.agencies import shard_of
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from tests.outbox import NOON, post, rows

NAMES = [f"inbox.la.E{number}" for number in range(12)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ledger(request, tmp_path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    found = Ledger(url)
    yield found
    found.close()


def spread(ledger: Ledger, shards: int, at=NOON) -> int:
    with ledger.deciding() as connection:
        return shard.spread(connection, shards, at)


def count(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return shard.count(connection)


def test_whoever_makes_the_ledger_says_how_many_and_the_others_find_it(ledger):
    ledger.create(SetClock(NOON), shards=3)
    ledger.create(SetClock(NOON), new_with=2)
    ledger.create(SetClock(NOON), shards=3)

    assert count(ledger) == 3


def test_a_part_that_is_told_another_number_does_not_start_and_says_what_to_do(ledger):
    ledger.create(SetClock(NOON), new_with=2)

    with pytest.raises(Misuse, match=r"has 2 relay shards.*`homeward shards 4`"):
        ledger.create(SetClock(NOON), shards=4)


def test_what_is_not_sent_yet_moves_with_its_inbox_and_numbers_go_on(ledger):
    ledger.create(SetClock(NOON))
    stampings = [Stamping(ledger, number, SetClock(NOON), "one") for number in range(3)]
    assert stampings[0].hold()
    before = post(ledger, *({"destination": name} for name in NAMES))
    assert stampings[0].stamp(0) is not None
    stampings[0].confirm(1)
    stampings[0].release()
    waiting = post(ledger, *({"destination": name} for name in NAMES * 2))

    moved = spread(ledger, 3)

    assert moved == sum(shard_of(name, 3) != 0 for name in NAMES)
    found = {}
    for number, stamping in enumerate(stampings):
        assert stamping.hold()
        last = stamping.last()
        for one in stamping.stamp(last).records:
            assert shard_of(one.destination, 3) == number
            found.setdefault(one.destination, []).append((one.sequence, one.delivery))
        stamping.confirm(last + 1)
    assert found == {
        name: [(2, waiting[place]), (3, waiting[place + 12])] for place, name in enumerate(NAMES)
    }
    assert len(before) == 12
    sent = {one.destination: one.sent for each in stampings for one in each.destinations()}
    assert sent == dict.fromkeys(NAMES, 3)


def test_a_shard_that_is_served_is_left_alone(ledger):
    ledger.create(SetClock(NOON))
    assert Stamping(ledger, 0, SetClock(NOON), "relay-on-a").hold()
    [until] = rows(ledger, select(t.shard.c.lease_until))[0]

    with pytest.raises(Misuse, match="relay-on-a serves relay shard 0"):
        spread(ledger, 2, until - timedelta(seconds=1))

    assert spread(ledger, 2, until + timedelta(seconds=1)) == 0


def test_a_batch_that_is_on_its_way_is_not_overtaken(ledger):
    ledger.create(SetClock(NOON))
    stamping = Stamping(ledger, 0, SetClock(NOON), "one")
    assert stamping.hold()
    post(ledger, {"destination": NAMES[0]})
    stamping.stamp(0)
    stamping.release()

    with pytest.raises(Misuse, match="not finished"):
        spread(ledger, 2)


@pytest.mark.parametrize("shards", [1, 65])
def test_shards_become_more_up_to_a_limit(ledger, shards):
    ledger.create(SetClock(NOON), shards=2)

    with pytest.raises(Misuse):
        spread(ledger, shards)
    assert count(ledger) == 2


def test_each_shard_is_shown_with_who_serves_it_and_what_waits(ledger):
    ledger.create(SetClock(NOON), shards=2)
    assert Stamping(ledger, 1, SetClock(NOON), "one").hold()
    post(ledger, *({"destination": name} for name in (NAMES[0], NAMES[0], NAMES[1])), shard=1)
    Stamping(ledger, 1, SetClock(NOON), "one").park(NAMES[1], "topic-missing")
    [until] = rows(ledger, select(t.shard.c.lease_until).where(t.shard.c.number == 1))[0]

    with ledger.reading() as connection:
        found = shard.standing(connection, until - timedelta(seconds=1))

    assert found == [
        shard.Standing(0, None, 0, 0, 0, 0),
        shard.Standing(1, "one", 0, 2, 2, 1),
    ]


def test_the_command_shows_them_and_makes_them_more(ledger, capsys):
    ledger.create(SetClock(NOON))
    post(ledger, *({"destination": name} for name in NAMES))
    url = ["--ledger", ledger.url.render_as_string(hide_password=False)]

    assert cli.run(commands(), ["shards", "2", *url, "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert [(one["shard"], one["holder"], one["waiting"]) for one in shown] == [
        (number, None, sum(shard_of(name, 2) == number for name in NAMES)) for number in range(2)
    ]
    assert cli.run(commands(), ["shards", "1", *url]) == 2
    assert "can only become more" in capsys.readouterr().err
