"""Pending deliveries become batches: gapless, in order, by one holder at a time."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from broker.clock import SetClock
from broker.errors import Superseded
from broker.ledger import stamping as module
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Refused, Stamping
from tests.outbox import NOON, duty, post, rows

COUNCIL, POLICE = "inbox.la.E10000028", "inbox.police.E23000015"
HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ledger(request, tmp_path, clock) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    found = Ledger(url)
    found.create(clock)
    yield found
    found.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture
def stamping(ledger: Ledger, clock: SetClock) -> Stamping:
    holder = Stamping(ledger, 0, clock, "one")
    assert holder.hold()
    return holder


def _to(*destinations: str, **more) -> list[dict]:
    return [{"destination": name, **more} for name in destinations]


def _sequences(batch) -> list[tuple[str, int, UUID]]:
    return [(r.destination, r.sequence, r.delivery) for r in batch.records]


def test_each_inbox_gets_its_own_gapless_numbers(ledger, stamping):
    a, b, c = post(ledger, *_to(COUNCIL, POLICE, COUNCIL))
    first = stamping.stamp(0)
    (d,) = post(ledger, *_to(COUNCIL))
    second = stamping.stamp(1)

    assert _sequences(first) == [(COUNCIL, 1, a), (COUNCIL, 2, c), (POLICE, 1, b)]
    assert _sequences(second) == [(COUNCIL, 3, d)]
    assert stamping.last() == 2


def test_urgent_ones_go_first_and_then_the_order_of_deciding(ledger, stamping):
    a, b = post(ledger, *_to(COUNCIL, COUNCIL))
    c, d = post(ledger, *_to(COUNCIL, COUNCIL, urgent=True))

    assert [r.delivery for r in stamping.stamp(0).records] == [c, d, a, b]


def test_what_is_urgent_is_in_the_first_batch_when_not_all_fit(ledger, stamping):
    post(ledger, *_to(*[COUNCIL] * 3))
    (urgent,) = post(ledger, *_to(POLICE, urgent=True))

    assert [r.delivery for r in stamping.stamp(0, limit=1).records] == [urgent]


def test_what_waits_for_the_same_child_is_not_overtaken(ledger, stamping):
    child = uuid4()
    a, b = post(ledger, *_to(COUNCIL), *_to(COUNCIL, child=child))
    (c,) = post(ledger, *_to(COUNCIL, child=child, urgent=True))

    assert [r.delivery for r in stamping.stamp(0).records] == [b, c, a]


def test_a_batch_holds_no_more_than_its_limit(ledger, stamping):
    ids = post(ledger, *_to(*[COUNCIL] * 5))

    found = [stamping.stamp(after, limit=2) for after in range(3)]

    assert [[r.delivery for r in batch.records] for batch in found] == [
        ids[:2],
        ids[2:4],
        ids[4:],
    ]


def test_a_batch_of_large_messages_is_cut_by_size(ledger, stamping, monkeypatch):
    monkeypatch.setattr(module, "BYTES", 1000)
    post(ledger, *_to(*[COUNCIL] * 5, value=b"x" * 400))

    assert [len(stamping.stamp(after).records) for after in range(2)] == [3, 2]


def test_nothing_pending_leaves_the_last_batch_where_it_was(stamping):
    assert not stamping.waiting()
    assert stamping.stamp(0) is None
    assert stamping.last() == 0


def test_who_works_with_an_old_number_is_superseded_and_changes_nothing(ledger, stamping):
    post(ledger, *_to(COUNCIL))
    stamping.stamp(0)
    post(ledger, *_to(COUNCIL))

    with pytest.raises(Superseded):
        stamping.stamp(0)

    assert stamping.last() == 1
    assert stamping.waiting()


def test_only_the_holder_of_the_lease_stamps(ledger, clock, stamping):
    post(ledger, *_to(COUNCIL))
    other = Stamping(ledger, 0, clock, "other")

    assert not other.hold()
    with pytest.raises(Superseded):
        other.stamp(0)
    stamping.release()
    assert other.hold()
    with pytest.raises(Superseded):
        stamping.stamp(0)
    assert not stamping.hold()


def test_a_lease_that_ran_out_is_anybodys(ledger, clock):
    assert Stamping(ledger, 0, clock, "one", lease=-HOUR).hold()

    assert Stamping(ledger, 0, clock, "other").hold()


def test_each_shard_stamps_its_own(ledger, clock, stamping):
    with ledger.deciding() as connection:
        connection.execute(t.shard.insert().values(number=1, last=0))
    other = Stamping(ledger, 1, clock, "one")
    assert other.hold()
    (a,) = post(ledger, *_to(COUNCIL))
    (b,) = post(ledger, *_to(POLICE), shard=1)

    assert [r.delivery for r in stamping.stamp(0).records] == [a]
    assert [r.delivery for r in other.stamp(0).records] == [b]
    assert [i.destination for i in other.destinations()] == [POLICE]


def test_a_batch_can_be_fetched_again_as_it_was_stamped(ledger, stamping):
    post(ledger, *_to(COUNCIL, POLICE, COUNCIL), *_to(COUNCIL, urgent=True, value=b"urgent"))
    stamped = stamping.stamp(0)

    again = stamping.unsent(1)

    assert _sequences(again) == _sequences(stamped)
    assert [r.content.value for r in again.records] == [r.content.value for r in stamped.records]
    assert stamping.unsent(2) is None


def test_the_time_to_answer_is_fixed_when_stamped(ledger, clock, stamping):
    within = HOUR // timedelta(microseconds=1)
    stated = NOON + 9 * HOUR
    post(
        ledger,
        {},
        {"answer_within": within},
        {"answer_within": within, "answer_not_before": NOON - HOUR},
        {"answer_within": within, "answer_not_before": NOON + 8 * HOUR},
        {"answer_by": stated},
        {"answer_within": within, "answer_by": stated},
    )
    clock.move(timedelta(minutes=1))

    batch = stamping.stamp(0)

    soon = NOON + timedelta(minutes=61)
    assert [r.answer_by for r in batch.records] == [None, soon, soon, stated, stated, stated]


def test_a_confirmed_batch_starts_the_clocks_of_its_answers(ledger, clock, stamping):
    within = HOUR // timedelta(microseconds=1)
    a, b, c, d, _ = post(ledger, {}, {}, {}, {}, {"destination": POLICE})
    opening = NOON + 20 * HOUR
    ids = [
        duty(ledger, a, within=within, next_at=NOON + timedelta(minutes=5)),
        duty(ledger, b, within=within, not_before=opening, our_fault=True),
        duty(ledger, c, working_days=1, not_before=opening),
        duty(ledger, d, within=within, state="met"),
        duty(ledger, uuid4(), within=within, next_at=NOON + timedelta(minutes=5)),
    ]
    stamping.stamp(0)
    clock.move(HOUR)

    stamping.confirm(1)
    clock.move(HOUR)
    stamping.confirm(1)

    found = {row.id: row for row in rows(ledger, select(t.duty))}
    sent = NOON + HOUR
    monday_ends = NOON.replace(day=30, hour=23)
    assert [
        (found[id].starts_at, found[id].due_at, found[id].next_at, found[id].our_fault)
        for id in ids
    ] == [
        (sent, sent + HOUR, sent + HOUR, False),
        (opening, opening + HOUR, opening + HOUR, True),
        (sent, monday_ends, monday_ends, False),
        (None, None, None, False),
        (None, None, NOON + timedelta(minutes=5), False),
    ]
    assert [(i.destination, i.sent) for i in stamping.destinations()] == [(COUNCIL, 4), (POLICE, 1)]
    assert [row.sent_at for row in rows(ledger, select(t.batch))] == [sent]


def test_a_parked_inbox_waits_and_the_others_go_on(ledger, stamping):
    a, b, c = post(ledger, *_to(COUNCIL, POLICE, COUNCIL))
    stamping.park(COUNCIL, "topic-missing")
    stamping.park(COUNCIL, "no-access")

    assert [r.delivery for r in stamping.stamp(0).records] == [b]
    assert not stamping.waiting()
    assert [i.parked for i in stamping.destinations()] == ["topic-missing", None]

    stamping.unpark(COUNCIL)
    assert stamping.waiting()
    assert _sequences(stamping.stamp(1)) == [(COUNCIL, 1, a), (COUNCIL, 2, c)]


def test_what_cannot_go_is_not_stamped(ledger, stamping):
    post(ledger, *_to(COUNCIL, POLICE))

    def refusal(record):
        return "too-large" if record.destination == COUNCIL else None

    with pytest.raises(Refused) as refused:
        stamping.stamp(0, refusal=refusal)

    assert refused.value.reasons == {COUNCIL: "too-large"}
    assert stamping.last() == 0


def test_set_aside_takes_one_inbox_out_of_a_batch_without_a_gap_for_any(ledger, clock, stamping):
    within = HOUR // timedelta(microseconds=1)
    (first,) = post(ledger, *_to(COUNCIL))
    stamping.stamp(0)
    stamping.confirm(1)
    stated = NOON + 9 * HOUR
    ids = post(
        ledger,
        *_to(COUNCIL, answer_within=within),
        *_to(POLICE),
        *_to(COUNCIL, answer_by=stated),
    )
    stamping.stamp(1)

    stamping.set_aside(2, {COUNCIL: "no-access", "inbox.la.E10000001": "topic-missing"})

    assert _sequences(stamping.unsent(2)) == [(POLICE, 1, ids[1])]
    stamping.confirm(2)
    clock.move(HOUR)
    stamping.unpark(COUNCIL)
    again = stamping.stamp(2)
    assert _sequences(again) == [(COUNCIL, 2, ids[0]), (COUNCIL, 3, ids[2])]
    assert [r.answer_by for r in again.records] == [NOON + 2 * HOUR, stated]
    assert [row.records for row in rows(ledger, select(t.batch).order_by(t.batch.c.number))] == [
        1,
        1,
        2,
    ]
    assert first


def test_what_was_sent_is_not_set_aside(ledger, stamping):
    post(ledger, *_to(COUNCIL))
    stamping.stamp(0)
    stamping.confirm(1)

    with pytest.raises(Superseded):
        stamping.set_aside(1, {COUNCIL: "no-access"})


def test_only_the_holder_sets_aside(ledger, clock, stamping):
    post(ledger, *_to(COUNCIL))
    stamping.stamp(0)
    stamping.release()
    assert Stamping(ledger, 0, clock, "other").hold()

    with pytest.raises(Superseded):
        stamping.set_aside(1, {COUNCIL: "no-access"})


# Of PostgreSQL nothing is asked: with so few rows it rightly reads the table.
@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_pending_deliveries_are_found_by_their_index(ledger, stamping):
    post(ledger, *_to(*[COUNCIL] * 50))
    query = str(
        select(stamping._numbered(10)).compile(
            ledger.engine, compile_kwargs={"literal_binds": True}
        )
    )

    plan = " ".join(row.detail for row in rows(ledger, text(f"EXPLAIN QUERY PLAN {query}")))

    assert "USING INDEX delivery_pending (shard=?)" in plan


def test_what_comes_long_after_it_was_sent_waits_behind_what_is_said_now(ledger, stamping):
    history, state = post(ledger, *_to(COUNCIL, rank=3), *_to(COUNCIL, rank=2))
    (news,) = post(ledger, *_to(COUNCIL))

    assert [r.delivery for r in stamping.stamp(0).records] == [news, state, history]


def test_what_waits_for_a_parked_inbox_is_not_looked_at(ledger, stamping):
    post(ledger, *_to(*[COUNCIL] * 3))

    stamping.park(COUNCIL, "no-access")
    assert stamping.stamp(0) is None

    assert set(_aside(ledger)) == {True}


def test_of_what_waited_for_a_parked_inbox_a_part_is_looked_at_the_urgent_first(ledger, stamping):
    post(ledger, *_to(*[COUNCIL] * 4))
    (urgent,) = post(ledger, *_to(COUNCIL, urgent=True))
    stamping.park(COUNCIL, "no-access")
    stamping.unpark(COUNCIL)

    batch = stamping.stamp(0, limit=2)

    assert batch.records[0].delivery == urgent
    assert sorted(_aside(ledger)) == [False, False, True, True, True]


def test_what_waited_for_a_parked_inbox_goes_out_in_parts_and_in_order(ledger, stamping):
    ids = post(ledger, *_to(*[COUNCIL] * 5))
    stamping.park(COUNCIL, "no-access")
    (other,) = post(ledger, *_to(POLICE))
    assert [r.delivery for r in stamping.stamp(0).records] == [other]

    stamping.unpark(COUNCIL)
    ids += post(ledger, *_to(COUNCIL, aside=True))  # as the decider does while some wait

    found = [stamping.stamp(after, limit=2) for after in range(1, 4)]
    assert [r.delivery for batch in found for r in batch.records] == ids
    assert stamping.stamp(4) is None


def test_what_was_decided_as_an_inbox_was_parked_overtakes_nothing(ledger, stamping):
    ids = post(ledger, *_to(*[COUNCIL] * 5))
    stamping.park(COUNCIL, "no-access")
    ids += post(ledger, *_to(COUNCIL, aside=False))  # it did not see that the inbox was parked
    assert stamping.stamp(0) is None
    post(ledger, *_to(*[POLICE] * 5))
    stamping.park(POLICE, "no-access")

    for inbox in (COUNCIL, POLICE):
        stamping.unpark(inbox)

    found = [stamping.stamp(after, limit=1) for after in range(11)]
    sent = [r for batch in found for r in batch.records]
    assert [r.delivery for r in sent if r.destination == COUNCIL] == ids


def _aside(ledger):
    with ledger.reading() as connection:
        return connection.execute(select(t.delivery.c.aside)).scalars().all()
