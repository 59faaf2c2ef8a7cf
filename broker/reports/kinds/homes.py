"""What homes and foster carers return, what the ledger has, and where the two differ."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from broker.reports import comparing, counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Census, Facts, grouped
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit, slug
from broker.reports.lists import (
    NIL,
    NONE,
    NOT_OWED,
    PART,
    RETURNED,
    Returned,
    best,
    of_carer,
    of_home,
)
from schemas.census import CensusEntry
from schemas.missing import Category

_MISSING = (Category.missing, Category.unrecognised)
_COLUMNS = ("home or foster carer", "absences", "missing", "children", "per child", "longest",
            "months returned", "return")  # fmt: skip


def absence_by_placement(facts: Facts) -> tuple[Section, ...]:
    """What each home and each foster carer returned: absences, missing, children; or nothing."""
    period = facts.asked.period
    homes = [
        (facts.name_of(home), slug(home), of_home(facts, home, period)) for home in _homes(facts)
    ]
    carers = [
        (f"foster carer {carer} ({facts.name_of(council)})", slug(f"{council}-{carer}"),
         of_carer(facts, council, carer, period))
        for council, carer in _carers(facts)
    ]  # fmt: skip
    return (
        _section(facts, "homes", "Homes", homes),
        _section(facts, "foster", "Foster placements", carers),
        *_two_times(facts),
    )


def _two_times(facts: Facts) -> tuple[Section, ...]:
    """Where another time is named too: what the ledger has of each home, then and now."""
    then, now = facts.asked.against, facts.asked.period
    if then is None:
        return ()
    by_home = [
        (period, grouped(facts.missing(period), lambda one: one.home)) for period in (then, now)
    ]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            facts.name_of(home),
            *comparing.beside(
                f"two-times/{slug(home)}", facts.name_of(home), counting.episodes,
                ((then, by_home[0][1].get(home, ())), (now, by_home[1][1].get(home, ()))),
            ),
        )
        for home in _homes(facts)
    )  # fmt: skip
    return (
        Section(
            "Missing episodes, by the ledger, in two times",
            tables=(
                Table("two-times", "By home", ("home", *comparing.columns(then, now)), rows,
                      comparing.note(then, now)),
            ),
        ),
    )  # fmt: skip


def _homes(facts: Facts) -> list[str]:
    """The homes in the areas, in order of name."""
    found = [
        one for one in facts.directory.agencies("provider")
        if facts.directory.area_of(one.id) in facts.asked.areas
    ]  # fmt: skip
    return [one.id for one in sorted(found, key=lambda each: (each.name, each.id))]


def _carers(facts: Facts) -> list[tuple[str, str]]:
    """The foster carers in the areas with whom a child was placed in the period."""
    period = facts.asked.period
    return sorted(
        {
            (one.responsible, one.carer)
            for one in facts.placements
            if one.carer and one.host in facts.asked.areas and one.starts_at < period.ends_at
            and (one.ends_at is None or one.ends_at > period.starts_at)
        }
    )  # fmt: skip


def _section(
    facts: Facts, group: str, title: str, each: Sequence[tuple[str, str, Returned]]
) -> Section:
    if not each:
        return Section(title, text="None is known in the area in this period.")
    items = {name: Item(says={"place": name, "state": one.state}) for name, _, one in each}
    whole = tuple(items.values())
    states = (
        (RETURNED, "returned absences"),
        (NIL, "returned nil"),
        (PART, "returned part of it"),
        (NONE, "no return"),
        (NOT_OWED, "joined since, and owe none"),
    )
    figures = tuple(
        counting.items(
            f"{group}/{slug(state)}", label, Unit.homes if group == "homes" else "foster carers",
            (items[name] for name, _, one in each if one.state == state), whole,
        )
        for state, label in states
    )  # fmt: skip
    known = [one for _, _, one in each if one.known]
    entries = [entry for one in known for entry in one.entries]
    totals = _counts(group, f"{title}: all that returned", entries, bool(known))
    rows = tuple(_row(facts, f"{group}/{code}", name, one) for name, code, one in each)
    note = "No return is not nil: nothing is known of these. Due on the fifth working day."
    return Section(
        title=title,
        figures=(*figures, *totals),
        tables=(Table(group, f"{title}, by return", _COLUMNS, rows, note),),
    )


def _row(facts: Facts, name: str, place: str, one: Returned) -> tuple[Cell, ...]:
    longest = max((_length(entry) for entry in one.entries), default=None)
    return (
        place,
        *_counts(name, place, one.entries, one.known),
        counting.span(longest) if one.known else NONE,
        Figure(f"{name}/months", f"{place}: months returned", "months", one.months, one.of_months),
        one.words(facts.asked.as_at),
    )


def _counts(
    name: str, place: str, entries: Sequence[CensusEntry], known: bool
) -> tuple[Figure, Figure, Figure, Figure]:
    missing = [entry for entry in entries if entry.category in _MISSING]
    children = {_child(entry): entry for entry in entries}
    lines = tuple(map(_item, entries))
    count = len(children)
    return (
        _figure(f"{name}/absences", f"{place}: absences", Unit.episodes, lines, known),
        _figure(
            f"{name}/missing", f"{place}: missing", Unit.episodes, map(_item, missing), known
        ),
        _figure(
            f"{name}/children", f"{place}: children", Unit.children,
            map(_item, children.values()), known,
        ),
        Figure(
            f"{name}/per-child", f"{place}: absences a child", Unit.per_child,
            len(entries) / count if count else None, items=lines, decimals=1,
            missing="-" if known else NONE,
            follows=(f"{name}/absences", f"{name}/children"),
            note=f"{len(entries)} absences / {count} children",
        ),
    )  # fmt: skip


def _figure(name: str, label: str, unit: str, items: Iterable[Item], known: bool) -> Figure:
    lines = tuple(items)
    return Figure(name, label, unit, len(lines) if known else None, items=lines, missing=NONE)


def _item(entry: CensusEntry) -> Item:
    return Item(at=entry.started_at, says={"their reference": entry.reference})


def _child(entry: CensusEntry) -> str:
    """Who it was, as the list says; an entry without a child is one of its own."""
    child = entry.child
    return f"{child.holder} {child.scheme} {child.value}" if child else f"- {entry.reference}"


def _length(entry: CensusEntry) -> timedelta:
    return entry.ended_at - entry.started_at if entry.ended_at else timedelta(0)


# -- the lists of providers, and the ledger


def provider_returns(facts: Facts) -> tuple[Section, ...]:
    """Which homes returned what they owe, and how their episodes compare with ours."""
    period = facts.asked.period
    each = [(home, of_home(facts, home, period)) for home in _homes(facts)]
    items = {home: Item(says={"home": home, "state": one.state}) for home, one in each}
    due = [items[home] for home, one in each if one.state != NOT_OWED]

    def homes(name: str, label: str, *states: str) -> Figure:
        counted = [items[home] for home, one in each if one.state in states]
        return counting.items(name, label, Unit.homes, counted, due)

    lists = {
        home: best((one for one in facts.censuses if one.agency == home), period)
        for home, _ in each
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            facts.name_of(home),
            one.words(facts.asked.as_at),
            *_compared(f"home/{slug(home)}", facts.name_of(home), lists[home]),
        )
        for home, one in each
    )
    every = [one for some in lists.values() for one in some]
    columns = ("home", "return", "theirs", "ours", "both", "different", "only theirs", "only ours")
    return (
        Section(
            "Homes",
            figures=(
                counting.items("due", "Homes that owe a return", Unit.homes, due),
                homes("returned", "returned", RETURNED, NIL, PART),
                homes("nil", "of which nil", NIL),
                homes("none", "returned nothing", NONE),
            ),
        ),
        Section(
            "Episodes",
            figures=_compared("all", "All homes", every),
            tables=(
                Table(
                    "homes", "By home", columns, rows,
                    "Both: found on both sides, alike or not. Different: of those, the ones that "
                    "differ in a time, the category or the child.",
                ),
            ),
        ),
    )  # fmt: skip


def _compared(name: str, place: str, lists: Sequence[Census]) -> tuple[Figure, ...]:
    parts = (
        ("theirs", "theirs"), ("ours", "ours"), ("both", "on_both"),
        ("different", "different"), ("only-theirs", "only_them"), ("only-ours", "only_us"),
    )  # fmt: skip
    found = []
    for part, attribute in parts:
        counts = [count for one in lists if (count := getattr(one, attribute)) is not None]
        found.append(
            Figure(
                f"{name}/{part}", f"{place}: {part.replace('-', ' ')}", Unit.episodes,
                sum(counts) if counts else None,
                missing="not compared yet" if lists else NONE,
            )
        )  # fmt: skip
    return tuple(found)


REPORTS = (
    Entry(
        name="absence-by-placement",
        title="Absences by home and foster carer, as they return them",
        readers="Director, inspectorate",
        periods=("month", "quarter"),
        source="Barnardo's, 2006, sections 1.2, 2.4 and 2.5",
        make=absence_by_placement,
        needs=Needs(censuses=True, placements=True),
        notes=("These are the numbers that homes and fostering services returned themselves.",),
    ),
    Entry(
        name="provider-returns",
        title="Returns of providers against the ledger",
        readers="Host council",
        periods=("quarter",),
        source="Ofsted, Missing children (120364), 2013, paragraph 81",
        make=provider_returns,
        needs=Needs(censuses=True),
    ),
)
