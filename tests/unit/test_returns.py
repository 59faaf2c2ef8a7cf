"""What is owed for a month or a quarter: which period, by when, and what a policy may say of it."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from broker.census.checking import List
from broker.census.returns import covers, due_of, last_period, month_end_after, named
from broker.directory import Directory
from broker.policy.check import problems
from broker.policy.load import load, shipped
from broker.policy.model import Every
from broker.policy.nodes import PolicyFault

POLICY = """valid: {from: 2026-01-01}
policy: ours
version: ours-1
nation: England
extends: england
returns:
  - kind: census
    owed_by: [la]
    every: month
    working_days: 10
    ladder: returns
    basis: local
    source: Our own protocol
"""


def utc(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=UTC)


# The end of the fifth working day after the period's end, as UTC.
DUE = {
    "2026-06": utc(2026, 7, 7, 23),
    "2026-Q2": utc(2026, 7, 7, 23),
    "2026-09": utc(2026, 10, 7, 23),
    "2026-03": utc(2026, 4, 9, 23),  # Good Friday and Easter Monday lie between
    "2026-12": utc(2027, 1, 9),  # New Year's Day
    "2026-11": utc(2026, 12, 8),
    "2026-04": utc(2026, 5, 8, 23),  # the bank holiday of early May
    "2026-10": utc(2026, 11, 7),
    "2024-03": utc(2024, 4, 8, 23),  # the month itself ends on Easter Sunday
    "2023-12": utc(2024, 1, 9),
}


@pytest.mark.parametrize(("name", "due"), DUE.items())
def test_a_return_is_due_as_the_fifth_working_day_after_its_period_ends(name, due):
    assert due_of(named(name), 5) == due


ENDS = {
    "in winter": (utc(2026, 1, 15), utc(2026, 2, 1)),
    "the clocks go forward in it": (utc(2026, 3, 28), utc(2026, 3, 31, 23)),
    "in the last hour of a month by London, the next by UTC": (
        utc(2026, 5, 31, 22), utc(2026, 5, 31, 23),
    ),
    "in the first hour of a month by London": (utc(2026, 5, 31, 23), utc(2026, 6, 30, 23)),
    "the clocks go back in it": (utc(2026, 10, 20), utc(2026, 11, 1)),
    "at a year's end": (utc(2026, 12, 31, 12), utc(2027, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("now", "ends"), ENDS.values(), ids=ENDS)
def test_a_month_ends_at_the_midnight_in_london(now, ends):
    assert month_end_after(now) == ends


@pytest.mark.parametrize(
    ("every", "day", "name"),
    [
        (Every.month, date(2026, 1, 1), "2025-12"),
        (Every.month, date(2026, 3, 31), "2026-02"),
        (Every.quarter, date(2026, 1, 1), "2025-Q4"),
        (Every.quarter, date(2026, 6, 30), "2026-Q1"),
        (Every.quarter, date(2026, 7, 1), "2026-Q2"),
    ],
)
def test_the_last_period_is_the_whole_one_that_is_over(every, day, name):
    assert last_period(every, day) == named(name)


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "2026-Q5", "June", ""])
def test_what_is_no_period_is_not_taken_for_one(text):
    assert named(text) is None


def list_of(first, last):
    return List(UUID(int=1), "la.E08000030", False, first, last, False, 1, utc(2026, 7, 1))


def test_three_months_hold_the_days_of_a_quarter_and_two_do_not():
    months = [
        list_of(date(2026, 4, 1), date(2026, 4, 30)),
        list_of(date(2026, 5, 1), date(2026, 5, 31)),
        list_of(date(2026, 6, 1), date(2026, 6, 30)),
    ]

    assert covers(reversed(months), named("2026-Q2"))
    assert not covers(months[:1] + months[2:], named("2026-Q2"))
    assert not covers([], named("2026-Q2"))
    assert covers([list_of(date(2026, 1, 1), date(2026, 12, 31))], named("2026-06"))


def test_the_shipped_policies_ask_for_returns_and_reach_somebody_when_they_are_late():
    for policy in shipped().each.values():
        assert {kind for one in policy.returns for kind in one.owed_by} == {
            "la", "police", "provider"
        }  # fmt: skip
        assert {one.basis for one in policy.returns} == {"local"}
        assert [p for p in problems(policy, Directory.shipped()) if "returns" in p] == []


def test_a_policy_asks_for_its_own_returns_in_place_of_those_below():
    policy = load(POLICY)

    assert [(one.owed_by, one.working_days) for one in policy.returns] == [(("la",), 10)]


def test_a_policy_says_in_how_many_days_what_differs_is_to_be_settled():
    policy = load(
        POLICY.replace("working_days: 10", "working_days: 10\n    settle_working_days: 3")
    )
    other = load(POLICY)

    assert [one.settle_working_days for one in policy.returns] == [3]
    assert [one.settle_working_days for one in other.returns] == [None]
    assert {one.settle_working_days for one in shipped().national("Wales").returns} == {10}


def test_a_policy_that_says_nothing_of_returns_keeps_those_below():
    policy = load(POLICY.partition("returns:")[0])

    assert policy.returns == shipped().national("England").returns


WRONG = {
    "an unknown kind": ("kind: census", "kind: censsus", "ours:7: unknown kind 'censsus'; did you"),
    "who owes nothing": ("[la]", "[school]", "ours:8: unknown kind of agency 'school'"),
    "the same twice": (
        "returns:\n", "returns:\n  - {kind: census, owed_by: [la], every: month, working_days: 1, "
        "ladder: returns, basis: local, source: x}\n", "ours:8: 'la' owes 'census' twice",
    ),
    "another length": ("every: month", "every: week", "ours:9: unknown every 'week'"),
    "no days": ("working_days: 10", "working_days: 0", "ours:10: working_days must be a whole"),
    "a ladder that wakes": (
        "ladder: returns", "ladder: council-answer", "ours:11: ladder 'council-answer' wakes"
    ),
    "no such ladder": ("ladder: returns", "ladder: return", "ours:11: unknown ladder 'return'"),
    "law without a source": ("basis: local", "basis: law", "ours:13: basis law: source must name"),
    "a word too many": ("    basis", "    desk: x\n    basis", "ours:12: unknown key 'desk'"),
    "a word too few": ("    every: month\n", "", "ours:7: 'every' is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("there", "here", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_return_is_named_with_file_and_line(there, here, problem):
    with pytest.raises(PolicyFault) as fault:
        load(POLICY.replace(there, here, 1), "ours")

    assert any(one.startswith(problem) for one in fault.value.problems), fault.value.problems


def test_a_return_whose_ladder_reaches_nobody_is_found():
    ladder = """
ladders:
  ours:
    silent: true
    day: [{role: lead-duty-manager, after: {days: 1}}]
    night: [{role: lead-duty-manager, after: {days: 1}}]
"""
    text = POLICY.replace("ladder: returns", "ladder: ours").replace("[la]", "[la, police]")

    found = [one for one in problems(load(text + ladder), Directory.shipped()) if "ours" in one]

    assert len(found) == 1
    assert found[0].startswith("returns: ladder ours reaches nobody when police.")
