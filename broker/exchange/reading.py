"""A file read by its mapping: what is to be sent for each line, and what is wrong with it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from broker.directory import Directory
from broker.exchange import listing, ssda903, table, told
from broker.exchange.cells import Told, check_columns, said, unknown_columns
from broker.exchange.listing import Entry
from broker.exchange.mapping import Mapping as Columns
from broker.exchange.problems import Problem
from broker.exchange.told import Speaker
from broker.exchange.words import OF_A_LIST, WORDS
from broker.working_time import london_day
from schemas.message import Message


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be sent for one line."""

    line: int
    reference: str
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """
    What came of reading a file.

    `lines` counts those that say something. `unknown` are columns that the mapping does not speak
    of. A line is either among `prepared` or `entries`, or is the matter of a problem.
    """

    lines: int = 0
    prepared: tuple[Prepared, ...] = ()
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def wrong_lines(self) -> int:
        return len({problem.line for problem in self.wrong})

    @property
    def wrong(self) -> tuple[Problem, ...]:
        """The problems that stand in the way of sending a line, or the whole file."""
        return tuple(problem for problem in self.problems if not problem.notes)


def as_messages(content: bytes, mapping: Columns, speaker: Speaker, directory: Directory) -> Read:
    """The messages that a file stands for."""
    whole, lines, problems = _lines(content, mapping, directory)
    prepared = list[Prepared]()
    sent: set[UUID] = set()
    for number, words in lines:
        made, wrong = told.messages(number, words, speaker, mapping)
        problems += wrong
        if made:
            new = tuple(one for one in made if one.message_id not in sent)
            sent.update(one.message_id for one in new)
            prepared.append(Prepared(number, words.get("reference", ""), new))
    return Read(
        lines=_counted(whole),
        prepared=tuple(prepared),
        problems=tuple(sorted(problems)),
        unknown=tuple(unknown_columns(whole.columns, mapping)),
    )


def as_entries(
    content: bytes,
    mapping: Columns,
    agency: str,
    period: tuple[date, date],
    directory: Directory,
) -> Read:
    """The entries of a census for a period that a file stands for."""
    whole, lines, problems = _lines(content, mapping, directory, OF_A_LIST)
    lines = list(lines)
    made = list[Entry]()
    for number, words in lines:
        one, wrong = listing.entry(number, words, agency, mapping)
        problems += wrong
        if one is not None:
            made.append(one)
    entries, left_out = listing.within(made, *period)
    problems += left_out
    if left_out and not entries and not any(not one.notes for one in problems):
        # A list of the wrong month is no word that nobody was missing.
        why = f"none of its lines starts from {period[0]} to {period[1]}: is it of this period?"
        problems.append(Problem(0, "", "wrong-period", why))
    if mapping.checks:
        problems += ssda903.broken(_rows_903(lines), *ssda903.year_of(period[0]))
    return Read(
        lines=_counted(whole),
        entries=tuple(entries),
        problems=tuple(sorted(problems)),
        unknown=tuple(unknown_columns(whole.columns, mapping)),
    )


def _counted(whole: table.Table) -> int:
    return len(whole.lines) + len({problem.line for problem in whole.problems if problem.line > 0})


_Lines = Iterable[tuple[int, Mapping[str, Any]]]


def _lines(
    content: bytes, mapping: Columns, directory: Directory, wanted: Collection[str] = WORDS
) -> tuple[table.Table, _Lines, list[Problem]]:
    """What each sound line says; what is wrong with the others goes to the problems as it comes."""
    whole = table.read(content, mapping.shape)
    problems = list(whole.problems)
    if whole.columns and (lacking := check_columns(whole.columns, mapping)):
        return table.Table(whole.columns), (), [*problems, *lacking]

    def each() -> Iterator[tuple[int, Mapping[str, Any]]]:
        for line in whole.lines:
            words, wrong = said(line, mapping, directory, wanted)
            problems.extend(wrong)
            if not wrong:
                yield line.number, words

    return whole, each(), problems


_LETTERS = {"missing": "M", "away": "A", "absent": "A"}


def _rows_903(lines: _Lines) -> Iterator[ssda903.Row]:
    for number, words in lines:
        yield ssda903.Row(
            line=number,
            child=words.get("child_reference", ""),
            born=words.get("birth_date"),
            missing=_LETTERS.get(words.get("category", ""), ""),
            start=_day(words.get("started_on")),
            end=_day(words.get("ended_on")),
        )


def _day(one: Told | None) -> date | None:
    return london_day(one.at) if one else None
