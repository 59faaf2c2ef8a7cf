"""
The themed audit of Lancashire, 2013-14: how many, how they split, and a sample to look into.

With and without the children who are missing most, so that one child is no hot spot; absences stay
apart, so that they do not skew; what nobody stated is shown as that.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any
from uuid import UUID

from broker.reports import counting, spots
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, children
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit, slug
from broker.reports.ranking import without_top
from broker.reports.traits import messages
from schemas.missing import MissingNotification

SAMPLE, SEED, TOP = 70, 2013, 1
NOT_STATED, NOT_SUPPLIED = "not stated", "not supplied"
Key = Callable[[Episode], str]


def audit(facts: Facts) -> tuple[Section, ...]:
    """Every split of the audit, then the sample."""
    every, absent = facts.missing(), facts.absent()
    n = int(facts.supplied.get("top", TOP))
    with_whom = _with_whom(facts, every)
    splits: tuple[tuple[str, str, Key], ...] = (
        ("placement-type", "By placement type", lambda one: one.lives.value),
        ("sex", "By sex", lambda one: one.sex or NOT_STATED),
        ("age", "By age", lambda one: NOT_STATED if one.age is None else f"{one.age:02}"),
        ("ethnicity", "By ethnicity", lambda one: _stated(facts, one, _ethnicity)),
        ("district", "By district", spots.district),
        ("month", "By month, London's days", lambda one: f"{one.day:%Y-%m}"),
        ("with-whom", "With whom", lambda one: with_whom[one.id]),
        ("cross-boundary", "Across a boundary", lambda one: _boundary(facts, one)),
    )
    return (
        Section(
            "How many",
            figures=(
                *counting.both("missing", "Missing", every),
                *counting.both(
                    "without-top", f"without {_most(n)} missing most often",
                    without_top(every, n), every,
                ),
                *counting.both("absent", "Absent, apart", absent),
            ),
        ),
        Section(
            "Splits",
            tables=(
                *(_split(name, title, every, n, key) for name, title, key in splits),
                _supplied_split(facts),
            ),
        ),
        _sample(facts, every),
    )  # fmt: skip


def _split(name: str, title: str, every: Sequence[Episode], n: int, key: Key) -> Table:
    groups: dict[str, list[Episode]] = {}
    for one in every:
        groups.setdefault(key(one), []).append(one)
    by_size = name not in ("age", "month")
    ordered = sorted(groups.items(), key=lambda one: (-len(one[1]) if by_size else 0, one[0]))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            value,
            counting.episodes(
                f"{name}/{slug(value)}/episodes", f"{value}: episodes", each,
                part_of="missing/episodes", partition=name,
            ),
            counting.children_of(f"{name}/{slug(value)}/children", f"{value}: children", each),
            counting.episodes(
                f"{name}/{slug(value)}/without-top", f"{value}: without {_most(n)} with most",
                without_top(each, n), each,
            ),
        )
        for value, each in ordered
    )  # fmt: skip
    columns = (
        name.replace("-", " "),
        "episodes",
        "children",
        "without top child" if n == 1 else f"without top {n}",
    )
    return Table(name, title, columns, rows, as_written=name in ("ethnicity", "district"))


def _most(n: int) -> str:
    return "the child" if n == 1 else f"the {n} children"


def _stated(facts: Facts, one: Episode, what: Callable[[MissingNotification], str]) -> str:
    said = (m for m in messages(facts, one.facts) if isinstance(m, MissingNotification))
    return next((value for message in said if (value := what(message))), NOT_STATED)


def _ethnicity(message: MissingNotification) -> str:
    return message.child.ethnicity or ""


def _with_whom(facts: Facts, every: Sequence[Episode]) -> Mapping[UUID, str]:
    """Whether others left at the same time, by the incident that reports of them share."""
    incidents: dict[tuple[str, str], set[UUID]] = {}
    of: dict[UUID, set[tuple[str, str]]] = {}
    named: set[UUID] = set()
    for one in facts.during():
        for message in messages(facts, one.facts):
            if message.incident:
                key = (message.sender, message.incident)
                incidents.setdefault(key, set()).add(one.child)
                of.setdefault(one.id, set()).add(key)
            if isinstance(message, MissingNotification) and message.with_whom:
                named.add(one.id)
    return {
        one.id: "with others"
        if one.id in named or any(len(incidents[key]) > 1 for key in of.get(one.id, ()))
        else "alone, or not stated"
        for one in every
    }


def _boundary(facts: Facts, one: Episode) -> str:
    areas = facts.asked.areas
    if one.found_in and one.found_in not in areas:
        return "found elsewhere"
    if one.place and one.place not in areas:
        return "missing from elsewhere"
    if facts.from_elsewhere(one):
        return "another authority's child"
    return "within the area" if one.found_in else "found: not stated"


def _supplied_split(facts: Facts) -> Table:
    """Counts that the auditor supplies of what no message says; never by child."""
    counts: Mapping[str, Any] = facts.supplied.get("orientation") or {}
    total = sum(counts.values())
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            str(value).replace("-", " "),
            Figure(f"orientation/{slug(str(value))}", str(value), Unit.children, count, total),
        )
        for value, count in counts.items()
    )
    return Table(
        "orientation", "By sexual orientation", ("orientation", "children"), rows,
        "Counts that the agency supplied; no message says this of a child." if rows else "",
        none=f"{NOT_SUPPLIED.capitalize()}.",
    )  # fmt: skip


# -- the sample


def _sample(facts: Facts, every: Sequence[Episode]) -> Section:
    """
    So many children, from each placement type by its size; the same seed gives the same children.

    Whether there was an assessment before (a CAF) is supplied by whoever looked into each.
    """
    size = int(facts.supplied.get("sample", SAMPLE))
    seed = int(facts.supplied.get("seed", SEED))
    by_child = children(every)
    strata: dict[str, list[UUID]] = {}
    for child, each in by_child.items():
        strata.setdefault(each[-1].lives.value, []).append(child)
    drawn = drawn_from(strata, size, seed)
    earlier = facts.supplied.get("earlier_caf")
    picked = [(value, child) for value, some in drawn.items() for child in some]
    items = {child: Item(child, says={"stratum": value}) for value, child in picked}
    found = [child for _, child in picked if facts.pseudonym(child) in (earlier or ())]
    caf = Figure(
        "earlier-caf", "with an earlier assessment (CAF)", Unit.children,
        None if earlier is None else len(found), None if earlier is None else len(picked),
        items=tuple(items[child] for child in found), of_items=tuple(items.values()),
        missing=NOT_SUPPLIED,
    )  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            facts.pseudonym(child), value,
            counting.episodes(f"sample/{facts.pseudonym(child)}", "Episodes", by_child[child]),
            NOT_SUPPLIED if earlier is None else "yes" if child in found else "no",
        )
        for value, child in picked
    )  # fmt: skip
    return Section(
        "The sample",
        figures=(
            counting.items("sample", "Children drawn", Unit.children, items.values(),
                           [Item(child) for child in by_child]),
            caf,
        ),
        tables=(
            Table(
                "strata", "By placement type", ("placement type", "drawn"),
                tuple(
                    (value, counting.items(f"stratum/{slug(value)}", value, Unit.children,
                     [items[child] for child in some], [Item(child) for child in strata[value]]))
                    for value, some in drawn.items()
                ),
            ),
            Table("sample", "The children drawn", ("child", "placement type", "episodes",
                  "earlier CAF"), rows, f"Seed {seed}.", private=True),
        ),
    )  # fmt: skip


def drawn_from(
    strata: Mapping[str, Sequence[UUID]], size: int, seed: int
) -> dict[str, tuple[UUID, ...]]:
    """
    Children of each stratum in proportion to its size, largest remainders first.

    Every stratum gives one at least, as far as the size goes.
    """
    total = sum(map(len, strata.values()))
    size = min(size, total)
    order = sorted(strata, key=lambda name: (-len(strata[name]), name))
    exact = {name: size * len(strata[name]) / total for name in order}
    shares = {name: int(exact[name]) for name in order}
    for name in sorted(order, key=lambda name: (shares[name] > 0, shares[name] - exact[name])):
        if sum(shares.values()) < size:
            shares[name] += 1
    chooser = Random(seed)
    return {
        name: tuple(chooser.sample(sorted(strata[name], key=str), shares[name])) for name in order
    }


REPORTS = (
    Entry(
        name="audit",
        title="Audit of missing children",
        readers="Audit lead",
        periods=("month", "quarter", "year"),
        source="Lancashire themed audit, 2013: objective, process, dependencies",
        make=audit,
        needs=Needs(bodies=frozenset({MissingNotification.KIND})),
        notes=("Families who go missing and unauthorised absences are outside it.",),
    ),
)
