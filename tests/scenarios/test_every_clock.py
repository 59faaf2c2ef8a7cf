"""
Every clock of the catalogue that concerns an absence, by the table in `rows`.

Each is played on a clock that is moved: one second before the due time, at it, one second past it;
then up its ladder.
"""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from broker.directory import Directory
from broker.duties import Duty
from broker.ledger import tables as t
from broker.policy import load
from broker.policy.model import Basis
from broker.words import duty_words
from schemas.notices import DutyChange
from tests.scenarios.people import FRONT_DOOR
from tests.scenarios.rows import DAY, MONDAY, NOW, ROWS

SECOND = timedelta(seconds=1)
EVERY = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


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
@EVERY
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


@EVERY
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
        assert f"({row.basis.replace('-', ' ')} timescale" in notice.words
        assert "(law)" not in notice.words


OWED = [
    (rule, owe)
    for policy in load.shipped().each.values()
    for rule in policy.rules
    for owe in rule.owe
    if (owe.basis or rule.basis) not in (Basis.law, Basis.law_number_local)
]
BY_LAW = [
    (rule, owe)
    for policy in load.shipped().each.values()
    for rule in policy.rules
    for owe in rule.owe
    if (owe.basis or rule.basis) in (Basis.law, Basis.law_number_local)
]


def named(rules):
    return [f"{owe.duty} {rule.id}" for rule, owe in rules]


def in_words(rule, owe):
    shown = Duty(
        id=UUID(int=1), name=owe.duty, owed_by=FRONT_DOOR, because=rule.id,
        basis=(owe.basis or rule.basis).value, met_by=(), message=1, opened_at=MONDAY,
        starts_at=MONDAY, due_at=MONDAY + DAY,
    )  # fmt: skip
    return duty_words(shown, DutyChange.late, Directory.shipped())


@pytest.mark.parametrize(("rule", "owe"), OWED, ids=named(OWED))
def test_no_local_number_is_shown_as_law(rule, owe):
    words = in_words(rule, owe)

    assert "law" not in words
    assert " timescale" in words
    number_is_local = "local" in rule.source or rule.basis is Basis.local
    assert number_is_local or rule.basis is Basis.statutory_guidance or "review" in owe.duty


@pytest.mark.parametrize(("rule", "owe"), BY_LAW, ids=named(BY_LAW))
def test_what_is_law_is_shown_as_law_and_where_the_number_is_local_that_too(rule, owe):
    assert {kind.partition(".")[0] for kind in rule.when["kind"]} == {"placement"}
    assert ("number of hours is local" in in_words(rule, owe)) == (owe.clock.within is not None)
    assert "(law" in in_words(rule, owe)
