"""The lines of a file as a census: the list its sender counts, to be compared. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from broker.directory import kind_of
from broker.exchange.cells import Told
from broker.exchange.mapping import Mapping as Columns
from broker.exchange.problems import Problem
from broker.exchange.told import Speaker
from broker.exchange.words import ENDS, STARTS
from broker.keys import derived
from broker.working_time import day_starts, london_day
from schemas.census import Census, CensusEntry, Scope
from schemas.child import Reference, Scheme

PART = 1000  # entries of one message
_PARTS = 10
_SCHEMES = {
    "la": Scheme.la_person_id,
    "police": Scheme.police_reference,
    "provider": Scheme.home_reference,
}
_LATEST_END = ("returned_at", "closed_at", "found_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line as the census has it."""

    line: int
    entry: CensusEntry


def entry(
    line: int, said: Mapping[str, Any], agency: str, mapping: Columns
) -> tuple[Entry | None, list[Problem]]:
    """
    The entry of one line, or what is wrong with it.

    A list that numbers no absences gets numbers that follow from what it says of each, so that the
    same line has the same one in every file; they tell nothing of the child.
    """
    began, ended = _began(said), _ended(said)
    if began is None:
        return None, [_lacking(line, "it does not say when it began", mapping)]
    day_only = began.day_only or bool(ended and ended.day_only)
    child = _child(said, agency)
    category = said.get("category", "missing")
    number = derived("entry", agency, child, category, began.at.isoformat())
    try:
        made = CensusEntry(
            reference=said.get("reference") or f"line-{number.hex[:12]}",
            shared=_uuid(said.get("shared_reference")),
            child=child,
            category=category,
            started_at=_as_day(began.at) if day_only else began.at,
            ended_at=(_as_day(ended.at) if day_only else ended.at) if ended else None,
            authority=said.get("place_authority"),
            home=said.get("home"),
            day_only=day_only,
        )
    except ValidationError as error:
        wrong = [str(each["msg"]) for each in error.errors(include_input=False)]
        return None, [Problem(line, "", "invalid", words) for words in wrong]
    if made.ended_at and made.ended_at < made.started_at:
        return None, [_ends_first(line, mapping)]
    return Entry(line, made), []


def within(entries: Iterable[Entry], first: date, last: date) -> tuple[list[Entry], list[Problem]]:
    """Those that start in a period, each reference once; and why the others are left out."""
    kept: dict[str, Entry] = {}
    problems = []
    for one in entries:
        day, name = london_day(one.entry.started_at), one.entry.reference
        if not first <= day <= last:
            words = f"it starts on another day than those from {first} to {last}: left out"
            problems.append(Problem(one.line, "", "outside-period", words))
        elif name in kept:
            words = f"the same absence stands on line {kept[name].line}"
            problems.append(Problem(one.line, "", "twice", words))
        else:
            kept[name] = one
    return list(kept.values()), problems


def census(
    entries: Sequence[CensusEntry],
    period: tuple[date, date],
    speaker: Speaker,
    drawn_at: datetime,
    scope: str = "all",
) -> list[Census]:
    """
    The list as messages, in parts where it is long.

    Its ids follow from what it says and from when it was drawn up: the same file again is the same
    list, and a file that was drawn up later takes its place.
    """
    parts = [entries[at : at + PART] for at in range(0, len(entries), PART)] or [()]
    if len(parts) > _PARTS:
        raise ValueError(f"a census has {PART * _PARTS} absences at most")
    content = (one.model_dump_json() for one in entries)
    mark = derived(
        "census from a file", speaker.agency, *period, scope, drawn_at.isoformat(), *content
    )
    return [
        Census(
            message_id=derived("part of a census", mark, number),
            sender=speaker.agency,
            from_address=speaker.address,
            occurred_at=drawn_at,
            sent_at=speaker.now,
            period_from=period[0],
            period_to=period[1],
            nil=not entries,
            list_id=mark.hex if len(parts) > 1 else None,
            part=number,
            parts=len(parts),
            entries=tuple(part),
            scope=Scope(scope),
        )
        for number, part in enumerate(parts, 1)
    ]


def _began(said: Mapping[str, Any]) -> Told | None:
    if "started_on" in said:
        told: Told = said["started_on"]
        return told
    at = next((said[name] for name in STARTS if name in said), None)
    return Told(at, False) if at else None


def _ended(said: Mapping[str, Any]) -> Told | None:
    if "ended_on" in said:
        told: Told = said["ended_on"]
        return told
    at = next((said[name] for name in _LATEST_END if name in said), None)
    return Told(at, False) if at else None


def _as_day(at: datetime) -> datetime:
    return day_starts(london_day(at))


def _child(said: Mapping[str, Any], agency: str) -> Reference | None:
    number = said.get("child_reference")
    scheme = _SCHEMES.get(kind_of(agency), Scheme.home_reference)
    return Reference(holder=agency, scheme=scheme, value=number) if number else None


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _lacking(line: int, words: str, mapping: Columns) -> Problem:
    names = [name for name in ("started_on", *STARTS) if name in mapping.columns]
    column = ", ".join(mapping.columns[name].name for name in names)
    return Problem(line, column, "lacking", words)


def _ends_first(line: int, mapping: Columns) -> Problem:
    names = [name for name in ("ended_on", *ENDS) if name in mapping.columns]
    column = ", ".join(mapping.columns[name].name for name in names)
    return Problem(line, column, "ends-before-start", "it ends before it began")
