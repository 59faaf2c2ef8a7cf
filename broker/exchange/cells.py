"""The cells of one line as Homeward's words, and what is wrong with each. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from broker.directory import Directory
from broker.exchange.mapping import Column, Mapping
from broker.exchange.problems import Problem
from broker.exchange.table import LONGEST_CELL, Line
from broker.exchange.words import WORDS, Sort, Word

_FIRST, _LAST = date(1990, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Told:
    """
    When something was, as a list has it.

    `day_only`: there was no more than a day, or a midnight, which is what systems write for one.
    """

    at: datetime
    day_only: bool


_AGENCY_ID = re.compile(r"(?:provider|service|health|school)\.[A-Za-z0-9][A-Za-z0-9-]{0,39}$")
_AS_IT_IS = Column(("empty",))


class _Wrong(Exception):
    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


def check_columns(columns: tuple[str, ...], mapping: Mapping) -> list[Problem]:
    """What a file lacks, as a whole: the columns that the mapping names."""
    lacking = [
        each
        for column in mapping.columns.values()
        for each in column.columns
        if each not in columns and not column.may_lack
    ]
    if not lacking:
        return []
    names = ", ".join(dict.fromkeys(lacking))
    words = f"the mapping {mapping.name} reads columns that are not there: {names}"
    return [Problem(1, "", "no-column", words)]


def unknown_columns(columns: tuple[str, ...], mapping: Mapping) -> list[str]:
    """The columns of a file that the mapping does not speak of."""
    named = {each for column in mapping.columns.values() for each in column.columns}
    return [name for name in columns if name and name not in named | mapping.ignore]


def said(
    line: Line, mapping: Mapping, directory: Directory, wanted: Collection[str] = WORDS
) -> tuple[dict[str, Any], list[Problem]]:
    """What one line says, by word, of the words that are wanted; what is empty is not there."""
    found: dict[str, Any] = {}
    problems = []
    for name, column, text in _texts(line, mapping):
        try:
            if text and name in wanted:
                found[name] = _value(WORDS[name], column, text, mapping.zone, directory)
        except _Wrong as wrong:
            problems.append(Problem(line.number, column.name, wrong.code, str(wrong)))
    return found, problems


def _texts(line: Line, mapping: Mapping) -> Iterator[tuple[str, Column, str]]:
    for name, column in mapping.columns.items():
        cells = [line.cells.get(each, "").strip() for each in column.columns]
        cells = ["" if cell in mapping.empty else cell for cell in cells]
        # A time without its day says nothing.
        text = column.join.join(cells) if all(cells) else ""
        yield (name, column, text) if text else (name, _AS_IT_IS, column.empty)
    for name, text in mapping.values.items():
        yield name, Column((f"values: {name}",)), text


def _value(word: Word, column: Column, text: str, zone: ZoneInfo, directory: Directory) -> Any:
    if len(text) > LONGEST_CELL:
        raise _Wrong("too-long", f"longer than {LONGEST_CELL} letters")
    match word.sort:
        case Sort.text:
            return text
        case Sort.day:
            return _day(text, column)
        case Sort.moment:
            return _moment(text, column, zone)
        case Sort.day_or_moment:
            return _day_or_moment(text, column, zone)
        case Sort.word | Sort.yes_no:
            return _one_of(word, column, text)
        case Sort.council | Sort.agency:
            return _agency(word, column, text, directory)


def _one_of(word: Word, column: Column, text: str) -> str:
    turned = column.turned(text)
    plain = text.casefold() if text.casefold() in word.choices else None
    found = turned if turned is not None else plain
    if found is None:
        known = ", ".join(column.words) or ", ".join(word.choices)
        raise _Wrong("unknown-word", f"this is none of the words that the mapping knows: {known}")
    return found


def _agency(word: Word, column: Column, text: str, directory: Directory) -> str:
    found = column.turned(text)
    found = text if found is None else found
    council = word.sort is Sort.council
    known = directory.canonical(found) is not None
    if found and council and not (known and found.startswith("la.")):
        raise _Wrong("unknown-agency", "this is no council in the directory: add it to the words")
    # Homes are added to a Homeward, and this machine need not know of them.
    if found and not council and not (known or _AGENCY_ID.match(found)):
        raise _Wrong("unknown-agency", "this is no id of an agency: add it to the words")
    return found


# -- days and times


def _forms(column: Column) -> str:
    return " or ".join(column.forms)


def _parsed(text: str, column: Column) -> datetime | None:
    for form in column.forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _day(text: str, column: Column) -> date:
    if column.forms:
        found = _parsed(text, column)
        if found is None:
            raise _Wrong("bad-date", f"this is no day, written as {_forms(column)}")
        day = found.date()
    else:
        try:
            day = date.fromisoformat(text[:10]) if len(text) >= 10 else date.fromisoformat(text)
        except ValueError:
            raise _Wrong("bad-date", "this is no day, written as 2026-03-27") from None
    return _in_reach(day)


def _in_reach(day: date) -> date:
    if not _FIRST <= day <= _LAST:
        raise _Wrong("bad-date", "this day is not between 1990 and 2099: look at the year")
    return day


def _moment(text: str, column: Column, zone: ZoneInfo) -> datetime:
    found = _naive_or_aware(text, column)
    _in_reach(found.date())
    return found.astimezone(UTC) if found.tzinfo else _in_zone(found, zone)


def _naive_or_aware(text: str, column: Column) -> datetime:
    if column.forms:
        found = _parsed(text, column)
        if found is None:
            raise _Wrong("bad-time", f"this is no time, written as {_forms(column)}")
        return found
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _Wrong("bad-time", "this is no time, written as 2026-03-27 22:10") from None
    if len(text) <= 10:
        raise _Wrong("bad-time", "this is a day without a time: a message needs the time")
    return found


def _in_zone(naive: datetime, zone: ZoneInfo) -> datetime:
    """
    The moment that a clock on the wall showed.

    Where the hour was skipped there is none; where it came twice, it is the first of the two.
    """
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != naive:
        raise _Wrong("no-such-time", "the clocks went forward over this time: there was none")
    return at


def _day_or_moment(text: str, column: Column, zone: ZoneInfo) -> Told:
    found = _parsed(text, column) if column.forms else _iso(text)
    if found is None:
        forms = _forms(column) or "2026-03-27, or 2026-03-27 22:10"
        raise _Wrong("bad-date", f"this is no day or time, written as {forms}")
    _in_reach(found.date())
    day_only = found.time() == time() and found.tzinfo is None
    at = found.astimezone(UTC) if found.tzinfo else _in_zone(found, zone)
    return Told(at, day_only)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
