"""
The same month a year before: the comparison that Gwent made when its police changed system.

Of children and of episodes, never one for the other; missing, absent, and either of them.
"""

from broker.reports import comparing, counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import ABSENT, MISSING, Facts
from broker.reports.figures import Chart, Figure, Look, Section, Series, Table
from broker.reports.period import Period

_CATEGORIES = {"missing": MISSING, "absent": ABSENT, "both": (*MISSING, *ABSENT)}
_ROWS = (("missing", "missing"), ("absent", "absent"), ("both", "missing or absent, each once"))


def same_month(facts: Facts) -> tuple[Section, ...]:
    """Each count of the period beside that of the same days a year before, with the change."""
    now, then = facts.asked.period, facts.asked.period.year_before
    rows, points = [], []
    for name, label in _ROWS:
        for unit in ("children", "episodes"):
            was, known = (_counted(facts, name, label, unit, each) for each in (then, now))
            rows.append(
                (
                    f"{label}: {unit}",
                    was,
                    known,
                    comparing.change(f"{name}/{unit}/change", f"{label}: {unit}", was, known),
                )
            )
            if unit == "children":
                points.append((was, known))
    table = Table(
        "same-month", f"{now.words} and a year before",
        ("what", then.name, now.name, "change, %"), tuple(rows),
        note="" if now.days == then.days else f"{then.days} and {now.days} days: periods differ.",
    )  # fmt: skip
    was, known = points[-1]
    chart = Chart(
        name="same-month",
        title="Children missing or absent",
        says=f"{then.name}: {was.value} children; {now.name}: {known.value}.",
        look=Look.bars,
        labels=tuple(label for _, label in _ROWS),
        series=(
            Series(then.name, tuple(pair[0] for pair in points)),
            Series(now.name, tuple(pair[1] for pair in points)),
        ),
        axis="children",
    )
    return (Section("The same month a year before", tables=(table,), charts=(chart,)),)


def _counted(facts: Facts, name: str, label: str, unit: str, period: Period) -> Figure:
    some = facts.trending(period, _CATEGORIES[name])
    count = counting.children_of if unit == "children" else counting.episodes
    return count(f"{name}/{unit}/{period.name}", f"{label}, {unit}, {period.name}", some)


REPORTS = (
    Entry(
        name="same-month",
        title="The same month a year before",
        readers="Hub board",
        periods=("month",),
        source="Gwent Hub evaluation, 2015, paragraph 3.66",
        make=same_month,
        needs=Needs(trend=12),
    ),
)
