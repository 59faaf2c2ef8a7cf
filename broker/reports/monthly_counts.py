"""Counts of each month that agencies supply, beside what Homeward counted: such as of schools."""

from collections.abc import Mapping
from typing import Any

from broker.reports.facts import Facts
from broker.reports.figures import Chart, Figure, Look, Section, Series, Table, slug
from broker.reports.period import months_from

_MONTHS = 12
NOT_SUPPLIED = "not supplied"


def supplied_monthly(facts: Facts) -> tuple[Section, ...]:
    """
    A part for each of them, over the twelve months that end with the period; none supplied: none.

    They are no absences of Homeward's. A month that was not supplied is a gap, and no line is
    drawn through it.
    """
    each: Mapping[str, Any] = facts.supplied.get("monthly", {})
    return tuple(_one(label, said, facts) for label, said in each.items())


def _one(label: str, said: Mapping[str, Any], facts: Facts) -> Section:
    last = months_from(facts.asked.period.last.replace(day=1), 1)
    months, counts, name = last.series(_MONTHS), said["months"], slug(label)
    figures = [
        Figure(
            name=f"{name}/{month.name}",
            label=f"{label}, {month.name}",
            unit="as supplied",
            count=counts.get(month.name),
            missing=NOT_SUPPLIED,
        )
        for month in months
    ]
    gaps = sum(figure.count is None for figure in figures)
    rows = tuple((month.name, figure) for month, figure in zip(months, figures, strict=True))
    chart = Chart(
        name=f"{name}-chart",
        title=f"{label.capitalize()}, by month",
        says=f"{_MONTHS - gaps} of {_MONTHS} months were supplied.",
        look=Look.lines,
        labels=tuple(month.name for month in months),
        series=(Series(label, tuple(f if f.count is not None else None for f in figures)),),
        axis="count",
    )
    return Section(
        f"Beside: {label}",
        tables=(Table(name, f"{label.capitalize()}, by month", ("month", "count"), rows),),
        charts=(chart,) if gaps < _MONTHS else (),
        text=f"Supplied by {said['source']}; not counted from messages, and no absences.",
    )
