"""
Two times beside each other: a change is only shown where both are as long.

21 in half a year and none in three months is no fall of 100 %: then each stands with its number a
month, and the report says that the periods differ.
"""

from collections.abc import Callable, Sequence

from broker.reports.facts import Began
from broker.reports.figures import Cell, Figure, Unit
from broker.reports.period import Period

MONTH = 365.25 / 12  # days
DIFFER = "periods differ"

Count = Callable[[str, str, Sequence[Began]], Figure]


def alike(one: Period, other: Period) -> bool:
    """Whether they may be compared by their numbers: both of as many days, or whole months."""
    return one.days == other.days or 0 < one.whole_months == other.whole_months


def columns(then: Period, now: Period) -> tuple[str, ...]:
    return (then.name, "a month", now.name, "a month", "change, %")


def beside(
    name: str,
    label: str,
    count: Count,
    each: tuple[tuple[Period, Sequence[Began]], tuple[Period, Sequence[Began]]],
) -> tuple[Cell, ...]:
    """The cells of a row: what was counted in each period, a month, and the change."""
    (then, before), (now, after) = each
    was = count(f"{name}/then", f"{label}, {then.name}", before)
    known = count(f"{name}/now", f"{label}, {now.name}", after)
    return (
        was,
        _rate(f"{name}/then/rate", was, then),
        known,
        _rate(f"{name}/now/rate", known, now),
        change(f"{name}/change", label, was, known, alike(then, now)),
    )


def change(name: str, label: str, was: Figure, now: Figure, alike: bool = True) -> Figure:
    """By how much in a hundred it changed; nothing, where that would mislead."""
    known = alike and bool(was.count) and now.count is not None
    return Figure(
        name=name,
        label=f"{label}: change",
        unit="%",
        count=100 * ((now.count or 0) - (was.count or 0)) / (was.count or 1) if known else None,
        items=now.items,
        of_items=was.items,
        missing="none to compare with" if alike else DIFFER,
        follows=(was.name, now.name),
    )


def note(then: Period, now: Period) -> str:
    """What a reader of both must know."""
    if alike(then, now):
        return ""
    return f"The periods differ: {then.days} and {now.days} days. Compare the numbers a month."


def _rate(name: str, figure: Figure, period: Period) -> Figure:
    return Figure(
        name=name,
        label=f"{figure.label}, a month",
        unit=Unit.a_month,
        count=(figure.count or 0) / (period.days / MONTH),
        decimals=1,
        items=figure.items,
        follows=(figure.name,),
    )
