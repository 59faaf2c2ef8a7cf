"""
A file as lines with named cells: CSV, a JSON list, or a JSON object on each line. Pure.

What is wrong with a line is noted and the next one is read; what is wrong with the file is all
that comes of it.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from broker.exchange.problems import Problem

LARGEST_BYTES = 64 * 1024 * 1024
LONGEST_CELL = 20_000


class FileType(StrEnum):
    """How the lines of a file are written."""

    csv = "csv"
    json = "json"
    json_lines = "json-lines"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is written: `encoding` and `delimiter` are of CSV."""

    type: FileType = FileType.csv
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, its cells by column, each as text."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Everything a file says."""

    columns: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    problems: tuple[Problem, ...] = ()


class _Unreadable(Exception):
    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.problem = Problem(line, "", "unreadable", words)


def read(content: bytes, shape: Shape) -> Table:
    """Read a file; nothing escapes: one that cannot be read is one problem and no lines."""
    try:
        if len(content) > LARGEST_BYTES:
            raise _Unreadable(0, f"the file is larger than {LARGEST_BYTES // 2**20} MiB: split it")
        text = _decoded(content, shape)
        if not text.strip():
            raise _Unreadable(0, "the file is empty")
        match shape.type:
            case FileType.csv:
                return _csv(text, shape.delimiter)
            case FileType.json:
                return _json(text)
            case FileType.json_lines:
                return _json_lines(text)
    except _Unreadable as error:
        return Table(problems=(error.problem,))


def looks_whole(content: bytes, type: FileType) -> bool:
    """Whether a file may have been written to its end: a line or a list that stops short is not."""
    match type:
        case FileType.json:
            try:
                json.loads(content)
            except (ValueError, RecursionError):
                return False
            return True
        case _:
            return content.endswith((b"\n", b"\r"))


def _decoded(content: bytes, shape: Shape) -> str:
    encoding = "utf-8-sig" if shape.encoding == "utf-8" else shape.encoding
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Unreadable(
            line,
            f"line {line} is not {shape.encoding}: write the file as {shape.encoding}, or name its "
            "encoding in the mapping",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _Unreadable(line, f"line {line} has a zero byte: this is no text")
    return text


# -- CSV


def _csv(text: str, delimiter: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise _Unreadable(1, f"the first line cannot be read as CSV: {error}") from None
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise _Unreadable(1, f"two columns are called {', '.join(twice)}: each needs its own name")
    lines, problems = list[Line](), list[Problem]()
    began = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            words = f"this cannot be read as CSV, nor what follows: {error}"
            problems.append(Problem(began, "", "unreadable", words))
            break
        number, began = began, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            words = f"there are {len(cells)} cells, and {len(names)} columns"
            problems.append(Problem(number, "", "cells", words))
            continue
        lines.append(Line(number, dict(zip(names, cells, strict=True))))
    return Table(tuple(names), tuple(lines), tuple(problems))


# -- JSON


def _json(text: str) -> Table:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line, why = getattr(error, "lineno", 0), getattr(error, "msg", "nested too deep")
        raise _Unreadable(line, f"this is not JSON: {why}") from None
    if not isinstance(found, list):
        raise _Unreadable(1, "a list of objects is expected: [{...}, {...}]")
    return _objects(enumerate(found, 1), "item")


def _json_lines(text: str) -> Table:
    def each() -> Iterator[tuple[int, Any]]:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError):
                    yield number, None

    return _objects(each(), "line")


def _objects(items: Iterator[tuple[int, Any]], what: str) -> Table:
    columns: dict[str, None] = {}
    lines, problems = list[Line](), list[Problem]()
    for number, item in items:
        if not isinstance(item, dict):
            problems.append(Problem(number, "", "unreadable", f"this {what} is no JSON object"))
            continue
        cells = dict(_flat(item))
        columns.update(dict.fromkeys(cells))
        lines.append(Line(number, cells))
    return Table(tuple(columns), tuple(lines), tuple(problems))


def _flat(item: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """`{"child": {"dob": ...}}` has the column `child.dob`."""
    for name, value in item.items():
        match value:
            case dict():
                yield from _flat(value, f"{before}{name}.")
            case list():
                plain = [_plain(each) for each in value if not isinstance(each, dict | list)]
                yield f"{before}{name}", "; ".join(plain)
            case _:
                yield f"{before}{name}", _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
