"""What police, councils and homes count against what Homeward knows, and the count of a nation."""

from collections.abc import Iterable, Sequence

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Facts, grouped
from broker.reports.figures import Cell, Chart, Figure, Item, Look, Section, Series, Table, slug
from schemas.census import Difference, DifferenceKind, Differences

_FIELDS = ("category", "started-at", "ended-at", "child")


def differences(facts: Facts) -> tuple[Section, ...]:
    """Each list the reader sent, or that concerns it: theirs, ours, both, and what differs."""
    each = grouped_by_sender(facts.differences)
    rows = tuple(_sender(facts, by, told) for by, told in each.items())
    owing = [one for one in facts.joined if one in _asked_of(facts) and one not in each]
    return (
        Section(
            "Lists compared",
            figures=tuple(_counts("all", "All lists", facts.differences)),
            tables=(
                Table(
                    "senders", "By whose list it is",
                    ("list of", "theirs", "ours", "both", "only theirs", "only ours", "different"),
                    rows,
                    "Of another's list only what concerns the reader is counted.",
                    none="No list of the period was compared.",
                ),
                Table(
                    "no-return", "No list of the period", ("agency",),
                    tuple((facts.name_of(one),) for one in sorted(owing)),
                    "No return is not nil.", none="Every agency of the area returned one.",
                ),
            ),
        ),
        _by_field(facts),
        _why(facts),
    )  # fmt: skip


def _asked_of(facts: Facts) -> set[str]:
    """The councils of the report, and the force of each."""
    areas = facts.asked.areas
    return set(areas) | {force for one in areas if (force := facts.directory.police_for(one))}


def grouped_by_sender(told: Iterable[Differences]) -> dict[str, tuple[Differences, ...]]:
    found: dict[str, list[Differences]] = {}
    for one in told:
        found.setdefault(one.by, []).append(one)
    return {by: tuple(found[by]) for by in sorted(found)}


def _sender(facts: Facts, by: str, told: Sequence[Differences]) -> tuple[Cell, ...]:
    return facts.name_of(by), *_counts(f"from/{slug(by)}", facts.name_of(by), told)


def _counts(name: str, label: str, told: Sequence[Differences]) -> list[Figure]:
    """Each part of a list has the counts of the whole, so they are taken once."""
    once = {one.of: one for one in told}.values()
    found = [
        Figure(f"{name}/{what}", f"{label}: {what}", "episodes",
               sum(getattr(one, what) for one in once) if told else None)
        for what in ("theirs", "ours", "both")
    ]  # fmt: skip
    for what, kind in (
        ("only-theirs", DifferenceKind.only_them),
        ("only-ours", DifferenceKind.only_us),
        ("different", DifferenceKind.different),
    ):
        lines = [line for one in told for line in one.differences if line.what is kind]
        found.append(
            Figure(f"{name}/{what}", f"{label}: {what.replace('-', ' ')}", "episodes",
                   len(lines) if told else None, items=tuple(map(_item, lines)))
        )  # fmt: skip
    return found


def _item(line: Difference) -> Item:
    said = {
        "what": line.what.value,
        "their reference": line.reference or "",
        "ours": line.episode or "",
        "why": (line.why or line.explained or "").replace("-", " "),
        "fields": ", ".join(each.field.value for each in line.fields),
    }
    return Item(at=line.started_at, says=said)


def _lines(facts: Facts) -> list[Difference]:
    return [line for one in facts.differences for line in one.differences]


def _by_field(facts: Facts) -> Section:
    """What differs of an absence that both know: a line may differ in several."""
    both = [line for line in _lines(facts) if line.what is DifferenceKind.different]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            name.replace("-at", "").replace("-", " "),
            counting.items(
                f"field/{name}", f"differ in {name}", "episodes",
                [_item(line) for line in both if name in {f.field.value for f in line.fields}],
                map(_item, both),
            ),
        )
        for name in _FIELDS
    )  # fmt: skip
    return Section(
        "In what they differ", tables=(Table("fields", "By field", ("field", "different"), rows),)
    )


def _why(facts: Facts) -> Section:
    """What is known of those that only a list has."""
    alone = [line for line in _lines(facts) if line.what is DifferenceKind.only_them]
    words = {
        "cancelled-by-sender": "cancelled by their own message",
        "cancelled": "cancelled",
        "same-absence": "another line of the list is the same absence",
        "": "nothing known",
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            label,
            counting.items(
                f"why/{slug(why) or 'nothing-known'}", label, "episodes",
                [_item(line) for line in alone if (line.why.value if line.why else "") == why],
                map(_item, alone),
            ),
        )
        for why, label in words.items()
    )  # fmt: skip
    return Section(
        "Only in their lists", tables=(Table("why", "Why", ("reason", "episodes"), rows),)
    )


# -- the nation


def national(facts: Facts) -> tuple[Section, ...]:
    """An absence counts once, however many forces record it; so does a child."""
    every = facts.missing()
    by_force = grouped(every, lambda one: facts.directory.police_for(one.place) or one.force)
    found_by = grouped(
        [one for one in every if one.found_in],
        lambda one: facts.directory.police_for(one.found_in) or "",
    )
    forces = sorted({*by_force, *found_by}, key=facts.name_of)
    rows: list[tuple[Cell, ...]] = []
    for force in forces:
        name, called = slug(force) or "not-known", facts.name_of(force)
        began, ended = by_force.get(force, ()), found_by.get(force, ())
        here = {one.id for one in began}
        elsewhere = [one for one in ended if one.id not in here]
        rows.append(
            (
                called,
                counting.episodes(f"force/{name}/episodes", f"{called}: episodes", began,
                                  part_of="missing/episodes", partition="force"),
                counting.children_of(f"force/{name}/children", f"{called}: children", began),
                counting.episodes(f"force/{name}/found", f"{called}: found", ended),
                counting.episodes(
                    f"force/{name}/found-for-others", f"{called}: found for others", elsewhere,
                    ended,
                ),
            )
        )  # fmt: skip
    columns = ("force", "episodes", "children", "found there", "of which began elsewhere")
    chart = Chart(
        "forces", "Missing episodes by force", f"{len(every)} episodes of {len(forces)} forces.",
        Look.bars, tuple(str(row[0]) for row in rows),
        (Series("episodes", tuple(row[1] for row in rows if isinstance(row[1], Figure))),),
        axis="missing episodes",
    )  # fmt: skip
    note = (
        "An absence stands with the force of the place it began at. Found there: the same absences "
        "again, so these are not added. A child may stand with several forces, and counts once in "
        "the total."
    )
    return (
        Section(
            "The whole",
            figures=(
                *counting.both("missing", "Missing, each once", every),
                *counting.both("absent", "Absent, apart", facts.absent()),
            ),
        ),
        Section(
            "By force",
            tables=(Table("forces", "By force", columns, tuple(rows), note),),
            charts=(chart,) if rows else (),
        ),
    )


REPORTS = (
    Entry(
        name="differences",
        title="Lists of agencies against Homeward",
        readers="Police, councils",
        periods=("month", "quarter"),
        source="Ofsted, Missing children (120364), 2013, paragraphs 91 and 92, key findings",
        make=differences,
        needs=Needs(censuses=True),
    ),
    Entry(
        name="national",
        title="Missing children, each once, by force",
        readers="Police, councils, government",
        periods=("month", "quarter", "year"),
        source="Ofsted, Missing children (120364), 2013, recommendation to government",
        make=national,
    ),
)
