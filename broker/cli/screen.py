"""How answers look: tables and colour for people, JSON for programs, errors that say what to do."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any
from uuid import UUID

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from broker.errors import Misuse
from broker.working_time import local, local_due

_WIDE = 160  # into a file or pipe: ids stay whole


def out() -> Console:
    """Standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    return console


def err() -> Console:
    """Standard error: what went wrong, and how far long work has come."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    return console


def say(text: str) -> None:
    """How far long work has come."""
    err().print(escape(text), style="dim")


def print_json(value: object, *, one_line: bool = False) -> None:
    """One JSON value; the times in it as RFC 3339 in UTC."""
    text = json.dumps(
        value, default=_plain, ensure_ascii=False, indent=None if one_line else 2, sort_keys=False
    )
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], none: str) -> None:
    """
    A table, or the words for there being nothing to show.

    No word is broken: an id in two pieces cannot be copied. Where the screen is too narrow for
    that, each row becomes a block of lines.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    console = out()
    if not cells:
        if none:
            console.print(none, markup=False)
        return
    widths = _widths(columns, cells, console.width)
    if widths is None:
        _print_blocks(console, title, columns, cells)
        return
    shown = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name, width in zip(columns, widths, strict=True):
        shown.add_column(name, width=width)
    if len(cells) < _LONG or not all(_is_plain(cell) for row in cells for cell in row):
        for row in cells:
            shown.add_row(*map(escape, row))
        console.print(shown)
        return
    # The same lines: Rich takes longer for a row than a report for what is in it.
    with console.capture() as frame:
        console.print(shown)
    *head, bottom = frame.get().splitlines()
    body = (line for row in cells for line in _folded(row, widths))
    console.file.write("\n".join((*head, *body, bottom, "")))


_LONG = 100  # rows


def _is_plain(cell: str) -> bool:
    """Lines of words with a space between, each letter as wide as any other."""
    each = cell.split("\n")
    return all(
        line.isprintable() and len(line) == cell_len(line) and line == " ".join(line.split())
        for line in each
    )


def _folded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    pairs = list(zip(row, widths, strict=True))
    columns = [
        [cell] if len(cell) <= width and "\n" not in cell else _lines(cell, width)
        for cell, width in pairs
    ]
    for texts in zip_longest(*columns, fillvalue=""):
        padded = (f"{text:<{width}}" for text, width in zip(texts, widths, strict=True))
        yield f"  {'   '.join(padded)}  "


def _lines(cell: str, width: int) -> list[str]:
    """No word is longer than its column is wide."""
    each = (wrap(line, width, break_on_hyphens=False) for line in cell.split("\n"))
    return [line for lines in each for line in lines or [""]]


_BETWEEN, _EDGES = 3, 1  # what SIMPLE_HEAD adds for each column, and once
_READABLE = (25, 14)  # a time on one line, else on two; narrower is a tower of single words


def _widths(columns: Sequence[str], cells: list[list[str]], room: int) -> list[int] | None:
    """How wide each column is to be, so that every word stays whole; None: they do not fit."""
    texts = [[name, *(row[at] for row in cells)] for at, name in enumerate(columns)]
    wanted = [max(len(line) for text in each for line in text.split("\n")) for each in texts]
    words = [
        max((len(word) for text in each for word in text.split()), default=0) for each in texts
    ]
    room -= _BETWEEN * len(columns) + _EDGES
    for readable in _READABLE:
        pairs = zip(words, wanted, strict=True)
        least = [max(word, min(want, readable)) for word, want in pairs]
        spare = room - sum(least)
        if spare >= 0:
            break
    else:
        return None
    # Those that lack least first, each up to an equal share: short cells stay on one line.
    widths = dict(enumerate(least))
    lacking = sorted(widths, key=lambda at: wanted[at] - least[at])
    for count, at in enumerate(lacking):
        given = min(wanted[at] - least[at], spare // (len(lacking) - count))
        widths[at] += given
        spare -= given
    return [*widths.values()]


def _print_blocks(
    console: Console, title: str, columns: Sequence[str], cells: list[list[str]]
) -> None:
    """Each row by itself: its first cell, and below it the others by name, as many as fit."""
    if title:
        console.print(title, style="bold", markup=False)
    for first, *others in cells:
        console.print()
        for line in folded(first.replace("\n", ", "), console.width, "  ", "    "):
            console.print(Text(line, style="bold"), soft_wrap=True)
        for line in _block(columns[1:], others, console.width):
            console.print(Text(line), soft_wrap=True)
    console.print()


def _block(names: Sequence[str], cells: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for name, cell in zip(names, cells, strict=True):
        if not cell:
            continue
        said = f"{name}: " + cell.replace("\n", "; ")
        if "\n" in cell and len(said) + 4 > width:
            lines.append(f"    {name}:")
            for each in cell.split("\n"):
                lines += folded(each, width, "      ", "        ")
        elif lines and len(lines[-1]) + len(said) + 3 <= width:
            lines[-1] += f"   {said}"
        else:
            lines += folded(said, width, "    ", "      ")
    return lines


def folded(text: str, width: int, indent: str, later: str) -> list[str]:
    """A text in lines that fit, each word whole, those after the first set in further."""
    lines = wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [indent]


def print_folded(text: str, indent: str = "", later: str = "", style: str = "") -> None:
    """A text on standard output, folded so that its later lines are set in."""
    console = out()
    for line in folded(text, console.width, indent, later):
        console.print(Text(line, style=style), soft_wrap=True)


def time_of(at: datetime | None) -> str:
    """A time for people: London's, to the minute."""
    return local(at) if at else ""


def due_of(at: datetime | None) -> str:
    """A due time for people: a midnight is the end of its day."""
    return local_due(at) if at else ""


def span_of(length: timedelta) -> str:
    """A length of time for people: the two largest units."""
    seconds = int(abs(length).total_seconds())
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return time_of(value)
    if isinstance(value, timedelta):
        return span_of(value)
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID | Path | Enum):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(f"no JSON for {type(value).__name__}")


def misuse(error: Misuse) -> None:
    err().print(f"[bold red]Not possible:[/] {escape(str(error))}")


def unavailable(error: Exception) -> None:
    err().print(f"[bold yellow]Not now:[/] {escape(str(error))}")


def refused(code: str, field: str, detail: str) -> None:
    """A message that cannot be accepted as it stands."""
    where = f" [dim](field {escape(field)})[/]" if field else ""
    err().print(f"[bold red]Refused:[/] {escape(detail)}{where} [dim]\\[{escape(code)}][/]")


def fault(error: BaseException, places: Sequence[str]) -> None:
    """A fault of ours: kind and place only, as the text may quote what a message said."""
    err().print(
        f"[bold red]A fault in Homeward:[/] {type(error).__name__} at "
        f"{escape(' < '.join(reversed(places)))}. Please report it; nothing was half done."
    )
