"""What became of each line of a file, as a file that is written beside it."""

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from broker.exchange.problems import Problem
from broker.spreadsheet import safe

COLUMNS = (
    "line", "reference", "outcome", "kind", "message", "episode", "code", "column", "words",
)  # fmt: skip
ACCEPTED, BEFORE, REFUSED, LEFT_OUT = "accepted", "taken before", "refused", "left out"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one message of a line, or why a line came to none."""

    line: int
    outcome: str
    reference: str = ""
    kind: str = ""
    message: str = ""
    episode: str = ""
    code: str = ""
    column: str = ""
    words: str = ""


def of_problems(problems: Iterable[Problem]) -> list[Answered]:
    """What is wrong with lines, as answers."""
    return [
        Answered(
            line=one.line,
            outcome=LEFT_OUT if one.notes else REFUSED,
            code=one.code,
            column=one.column,
            words=one.words,
        )
        for one in problems
    ]


def text(answers: Iterable[Answered]) -> str:
    """The answers as CSV, in the order of the lines."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in sorted(answers, key=lambda each: each.line):
        writer.writerow([safe(str(getattr(one, name))) for name in COLUMNS])
    return out.getvalue()


def write(file: Path, answers: Iterable[Answered]) -> None:
    """Write them whole or not at all: who reads the folder sees no half of it."""
    fresh = file.with_name(f".{file.name}.part")
    with fresh.open("w", encoding="utf-8", newline="") as out:
        out.write(text(answers))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
