"""After an outage much comes at once: what is said now goes first, and no child is reordered."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from broker.ledger import tables as t
from broker.ledger.stamping import Stamping
from broker.ledger.telling import Rank
from tests.examples import HOME, THURSDAY_NOON, WALSALL, child, notification, returned
from tests.examples import update as updated
from tests.waiting import until_asked

HOURS_AGO = THURSDAY_NOON - timedelta(hours=20)


@pytest.fixture
def play(both):
    """Nothing is sent yet: what waits is what the order is about."""
    started = both(THURSDAY_NOON)  # by day nothing wakes anybody, which would be urgent
    started.outage = True
    return started


def somebody(number):
    references = [
        {"holder": HOME, "scheme": "home-reference", "value": f"H-{number}"},
        {"holder": WALSALL, "scheme": "la-person-id", "value": f"W-{number}"},
    ]
    return child(references=references, family_name=f"Example {number}")


def report(number, at, **more):
    """The police know already: else it is urgent."""
    police = {"channel": "101", "at": at, "reference": f"SP-{number}"}
    episode = f"H-{number}/1"
    return notification(at, child=somebody(number), episode=episode, police_report=police, **more)


def are_out(play):
    """All that waits is sent."""
    with play.ledger.writing() as connection:
        connection.execute(update(t.delivery).values(sequence=t.delivery.c.number))


def order(play):
    """The kinds that wait for an inbox, with their child, in the order in which they go out."""
    d, m = t.delivery.c, t.message.c
    query = (
        select(m.kind, m.child)
        .join(t.delivery, d.message == m.number)
        .where(d.sequence.is_(None), d.address != "")
        .order_by(d.rank, d.number)
    )
    with play.ledger.reading() as connection:
        return list(dict.fromkeys((kind, child) for kind, child in connection.execute(query)))


def children(play):
    with play.ledger.reading() as connection:
        return connection.execute(select(t.message.c.child).order_by(t.message.c.number)).scalars()


def test_what_is_said_now_goes_out_before_a_backlog(play):
    play.say(report(1, HOURS_AGO), report(2, HOURS_AGO))
    play.say(report(3, THURSDAY_NOON))

    new = list(children(play))[-1]
    assert order(play)[0] == ("missing.notification", new)


@pytest.mark.parametrize("kind", ["missing.notification", "missing.return"])
def test_of_a_backlog_what_begins_and_ends_absences_goes_first(play, kind):
    one, other = report(1, HOURS_AGO), report(2, HOURS_AGO)
    ends = kind == "missing.return"
    play.say(*([one, other] if ends else [one]))
    are_out(play)
    play.say(updated(one))
    play.say(returned(other, at=HOURS_AGO) if ends else other)

    waits = [kind for kind, _ in order(play)]
    assert (waits[0], waits[-1]) == (kind, "missing.update")


def test_an_end_of_a_backlog_is_no_news_although_it_tells_somebody_the_beginning(play):
    said = report(1, HOURS_AGO)
    play.say(said)
    are_out(play)
    play.say(returned(said, at=HOURS_AGO))
    known = report(2, HOURS_AGO)
    play.say(known)
    play.say(updated(known, at=THURSDAY_NOON))

    assert [child for _, child in order(play)][-1] == next(iter(children(play)))


def test_of_a_backlog_what_is_urgent_goes_before_other_history(play):
    one, other = report(1, HOURS_AGO), report(2, HOURS_AGO)
    play.say(one, other)
    are_out(play)
    play.say(updated(one))
    play.say(updated(other, risk="high"))

    known = dict.fromkeys(children(play))
    assert [child for _, child in order(play)] == list(known)[::-1]


def test_what_wakes_somebody_still_goes_first_when_more_is_said_of_the_child(play):
    known, urgent = report(1, THURSDAY_NOON), report(2, THURSDAY_NOON)
    play.say(known)
    are_out(play)
    play.say(updated(known))
    play.say(urgent)
    play.say(updated(urgent))

    new = list(children(play))[-1]
    assert order(play)[0] == ("missing.notification", new)


def test_nothing_of_one_child_is_overtaken(play):
    one = report(1, HOURS_AGO)
    play.say(one, updated(one))
    play.say(report(2, HOURS_AGO))
    play.say(returned(one, at=THURSDAY_NOON))  # said now

    its = next(iter(children(play)))
    assert [kind for kind, child in order(play) if child == its] == [
        "missing.notification", "missing.update", "missing.return",
    ]  # fmt: skip
    assert order(play)[-1][1] != its


def test_what_is_decided_while_some_waits_aside_waits_behind_it(play):
    inbox, relay = f"inbox.{WALSALL}", Stamping(play.ledger, 0, play.clock, "relay")
    one = report(1, THURSDAY_NOON)
    play.say(one)
    relay.park(inbox, "no-access")
    play.say(updated(one))
    relay.unpark(inbox)
    play.say(returned(one, at=THURSDAY_NOON))

    d = t.delivery.c
    with play.ledger.reading() as connection:
        theirs = connection.execute(select(d.aside).where(d.destination == inbox)).scalars()
        assert set(theirs) == {True}


@pytest.mark.parametrize(
    "both", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
@pytest.mark.anyio
async def test_what_is_raised_while_it_is_stamped_is_no_deadlock(play):
    relay = Stamping(play.ledger, 0, play.clock, "play")
    assert relay.hold()
    one = report(1, HOURS_AGO)
    play.say(one)
    are_out(play)
    play.say(updated(one))
    d = t.delivery.c
    waits = select(func.min(d.number), func.max(d.number)).where(d.sequence.is_(None))
    with play.ledger.writing() as connection:
        first, last = connection.execute(waits).one()
        assert first < last
        raised = update(t.delivery).where(d.number == last).values(rank=Rank.state)
        connection.execute(raised)  # so it is the first to be stamped

    with play.ledger.writing() as holding:
        holding.execute(select(d.number).where(d.number == first).with_for_update())
        decided = asyncio.create_task(asyncio.to_thread(play.say, updated(one, at=THURSDAY_NOON)))
        await until_asked(lambda: _waiting_for_a_lock(play) == 1)
        stamped = asyncio.create_task(asyncio.to_thread(relay.stamp, 0))
        await until_asked(lambda: _waiting_for_a_lock(play) == 2)
    async with asyncio.timeout(20):
        assert not (await decided).codes
        assert (await stamped).records


def _waiting_for_a_lock(play):
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with play.ledger.reading() as connection:
        return connection.execute(waiting).scalar_one()
