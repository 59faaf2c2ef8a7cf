"""The police check of children who are back: done, not done and who decided, or nothing said."""

from collections.abc import Sequence

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, grouped
from broker.reports.figures import Figure, Item, Section, Table, Unit, slug
from broker.working_time import local
from schemas.outcomes import SafeAndWellOutcome

_NO_CHECK = ("died", "reported-in-error")  # then none is owed
_NOT_KEPT = "no longer kept"


def safe_and_well(facts: Facts) -> tuple[Section, ...]:
    """What became of the check of each child who came back from being missing."""
    missing = facts.missing()
    back = [one for one in missing if one.ended_at and one.outcome not in _NO_CHECK]
    done = [one for one in back if one.check and one.check.done]
    dropped = [one for one in back if one.check and not one.check.done]
    silent = [one for one in back if one.check is None]
    part = {"part_of": "returned", "partition": "check"}
    figures = (
        counting.episodes("returned", "back after being missing", back, missing),
        counting.episodes("done", "check done", done, back, **part),
        counting.episodes("not-done", "not done, with the reason", dropped, back, **part),
        counting.episodes("silent", "nothing said", silent, back, **part),
        _hours(done),
        _shared("shared-with-worker", "outcome shared with the child's worker", facts, done),
        _shared("shared-with-carer", "home told that it was done", facts, done),
    )
    tables = (_reasons(facts, dropped), _open_ones(facts, dropped, silent))
    return (Section("Safe-and-well checks", figures, tables),)


def _hours(done: Sequence[Episode]) -> Figure:
    took = [
        (one, one.check.at - start)
        for one in done
        if one.check and (start := one.found_at or one.ended_at)
    ]
    middle = counting.median(length for _, length in took)
    return Figure(
        name="hours-to-check",
        label="from found, else back, to the check (median hours)",
        unit=Unit.hours,
        count=None if middle is None else middle.total_seconds() / 3600,
        items=tuple(
            Item(one.child, one.id, one.started_at, {"took": counting.span(length)})
            for one, length in took
        ),
        missing="no check",
        decimals=1,
    )


def _shared(name: str, label: str, facts: Facts, done: Sequence[Episode]) -> Figure:
    """Told by Homeward; a check that covers several absences is told once, with the first."""

    shared = {
        told.message
        for each in facts.deliveries.values()
        for told in each
        if told.sent_at is not None and _is_for(name, told.address)
    }

    def had_it(one: Episode) -> bool:
        ids = {check.message_id for check in one.checks if check.done}
        return any(fact.message_id in ids and fact.number in shared for fact in one.facts)

    return counting.episodes(name, label, counting.where(done, had_it), done)


def _is_for(name: str, address: str) -> bool:
    if name == "shared-with-worker":
        return address.endswith("/social-work")
    return address.startswith("provider.")


def _reasons(facts: Facts, dropped: Sequence[Episode]) -> Table:
    rows = []
    for why, those in grouped(dropped, lambda one: "; ".join(_why(facts, one))).items():
        reason, decider = _why(facts, those[0])
        counted = counting.episodes(f"not-done/{slug(why)}", why, those, dropped)
        rows.append((reason, decider, counted))
    columns = ("reason", "decided by", "episodes")
    none = "No check was dropped."
    return Table("reasons", "Not done: why, and who decided", columns, tuple(rows), none=none)


def _why(facts: Facts, one: Episode) -> tuple[str, str]:
    check = one.check
    number = next((f.number for f in one.facts if check and f.message_id == check.message_id), 0)
    said = facts.bodies.get(number)
    decider = said.decided_by if isinstance(said, SafeAndWellOutcome) else None
    return (check.reason if check else "") or "not stated", decider or _NOT_KEPT


def _open_ones(facts: Facts, dropped: Sequence[Episode], silent: Sequence[Episode]) -> Table:
    rows = [(one, "nothing said") for one in silent]
    rows += [(one, "not done: {} ({})".format(*_why(facts, one))) for one in dropped]
    return Table(
        "not-seen",
        "Children whom the police have not seen, as far as was said",
        ("child", "back since", "check"),
        tuple(
            (facts.pseudonym(one.child), local(one.ended_at), words)
            for one, words in sorted(rows, key=lambda row: row[0].started_at)
            if one.ended_at
        ),
        none="Every child who came back was seen.",
        private=True,
    )


REPORTS = (
    Entry(
        name="safe-and-well",
        title="Safe-and-well checks",
        readers="police, council",
        periods=("month",),
        source="Ofsted 2013, paragraphs 26 to 34",
        make=safe_and_well,
        needs=Needs(
            bodies=frozenset({SafeAndWellOutcome.KIND}),
            deliveries=frozenset({SafeAndWellOutcome.KIND}),
        ),
        ours=True,
    ),
)
