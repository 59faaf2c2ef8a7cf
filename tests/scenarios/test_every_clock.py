"""
Every clock of the catalogue that concerns an absence, by the table in `rows`.

Each is played on a clock that is moved: one second before the due time, at it, one second past it;
then up its ladder.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from broker.ledger import tables as t
from tests.scenarios.rows import DAY, MONDAY, NOW, ROWS

SECOND = timedelta(seconds=1)
EVERY = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
DOABLE = pytest.mark.parametrize(
    "row",
    [one for one in ROWS.values() if one.done],
    ids=[n for n, one in ROWS.items() if one.done],
)


def duty(play, row):
    """The first of its name that this desk owes."""
    return play.duties(row.duty, row.owner)[0]


def steps(play, row) -> list[tuple[datetime, str]]:
    """When a duty climbed, and to whom."""
    e, d = t.duty_event.c, t.duty.c
    query = (
        select(e.at, e.address)
        .join(t.duty, d.id == e.duty)
        .where(e.what == "climbed", d.name == row.duty, d.owed_by == row.owner)
        .order_by(e.number)
    )
    with play.ledger.reading() as connection:
        return [(found.at, found.address) for found in connection.execute(query)]


@pytest.mark.parametrize(
    ("after", "state"), [(-SECOND, "met"), (NOW, "met"), (SECOND, "met-late")],
    ids=["a second before", "at the instant", "a second past"],
)  # fmt: skip
@DOABLE
def test_done_in_time_or_late_to_the_second(stage, row, after, state):
    play = stage(MONDAY)
    said = row.opened(play)
    assert duty(play, row).due_at == row.due

    play.until(row.due + after)
    assert duty(play, row).state == ("open" if after < NOW else "late")
    row.done(play, said, row.owner)

    assert duty(play, row).state == state


@EVERY
def test_each_rung_at_its_time(stage, row):
    play = stage(MONDAY)
    row.opened(play)

    last = row.ladder[-1][0]
    play.until(row.due + last)

    assert steps(play, row) == [(row.due + after, address) for after, address in row.ladder]
    assert duty(play, row).state == "late"


@EVERY
def test_nothing_climbs_a_second_too_early(stage, row):
    play = stage(MONDAY)
    row.opened(play)

    for after in dict.fromkeys(after for after, _ in row.ladder):
        play.until(row.due + after - SECOND)
        assert len(steps(play, row)) == len([one for one, _ in row.ladder if one < after])


@DOABLE
def test_what_is_done_climbs_no_more(stage, row):
    play = stage(MONDAY)
    said = row.opened(play)
    play.until(row.due)
    row.done(play, said, row.owner)
    climbed = steps(play, row)

    play.until(row.due + 10 * DAY)

    assert steps(play, row) == climbed


@EVERY
def test_each_says_what_it_rests_on_and_a_local_number_is_never_law(stage, row):
    play = stage(MONDAY)
    row.opened(play)
    play.until(row.due)

    notices = [got.message for got in play.inbox(row.owner, "duty") if got.message.name == row.duty]
    assert notices
    for notice in notices:
        assert notice.basis == row.basis
        assert f"({row.basis.replace('-', ' ')} timescale)" in notice.words
        assert "(law)" not in notice.words
