"""Making a report: gather, then count. The only place where both meet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from broker.directory import Directory, kind_of
from broker.errors import Misuse
from broker.ledger.report_runs import first_run
from broker.policy.agreed import Protocol
from broker.reports.by_protocol import by_protocol
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Facts
from broker.reports.figures import Asked, Report
from broker.reports.gathering import gather
from broker.reports.since import differs, marked


def make(
    connection: Connection,
    entry: Entry,
    asked: Asked,
    directory: Directory,
    pseudonym: Callable[[UUID, str], str],
    now: datetime,
    supplied: Mapping[str, Any] | None = None,
    protocol: Protocol | None = None,
) -> Report:
    """
    The report, as it was known at `asked.as_at`.

    A figure that is another now than when this report was first made of the period says so.
    `protocol`: the absences are counted as this one classes them.
    """

    def read(asked: Asked, needs: Needs) -> Facts:
        facts = gather(connection, asked, needs, directory, pseudonym, now, supplied)
        return by_protocol(facts, protocol) if protocol else facts

    # With what else was asked it need not be the same report.
    alone = not supplied and asked.against is None and protocol is None
    run = first_run(connection, entry.name, asked) if alone else None
    facts = read(asked, entry.needs)
    report = counted(entry, facts)
    if run is None or not differs(report, run):
        return report
    # Why a figure changed is told by the absences, whatever the report itself is made from.
    facts_then = read(replace(asked, as_at=run.as_at), replace(entry.needs, absences=True))
    facts = facts if entry.needs.absences else read(asked, Needs())
    return marked(report, facts, run, counted(entry, facts_then), facts_then)


def counted(entry: Entry, facts: Facts) -> Report:
    """The report of these facts. Pure. Two figures of one name are a fault of the report."""
    sections = entry.make(facts)
    report = Report(
        name=entry.name,
        title=entry.title,
        asked=facts.asked,
        sections=sections,
        source=entry.source,
        notes=entry.notes,
    )
    by_name = report.figures
    for section in sections:
        for figure in section.everything:
            if by_name[figure.name] != figure:
                raise ValueError(f"{entry.name} has two figures that are called {figure.name}")
    return report


def areas_of(readers: Sequence[str], directory: Directory) -> tuple[str, ...]:
    """
    The councils that a report for these agencies is about.

    A council's own; those of a force; those that are named, where it is a joint report. Whoever
    else reads one says which councils it is about. A home or school reads none: it may know of its
    own children only.
    """
    if kind_of(readers[0]) in ("provider", "school"):
        raise Misuse(
            f"{readers[0]} may not have this: a report is of all children of an area. Make it for "
            "their council; what a home or school may read is its --public edition"
        )
    found: dict[str, None] = {}
    for reader in readers:
        known = directory.today(reader)
        match kind_of(known):
            case "la":
                found[known] = None
            case "police":
                theirs = (one.id for one in directory.agencies("la") if one.force == known)
                found.update(dict.fromkeys(theirs))
            case "broker":  # Homeward itself: the whole of England and Wales
                found.update(dict.fromkeys(one.id for one in directory.agencies("la")))
            case _ if area := directory.area_of(known):
                found[area] = None
    if not found:
        raise Misuse(
            f"{readers[0]} has no area: name the councils too, as in --for {readers[0]} "
            "--for la.E06000021"
        )
    return tuple(found)
