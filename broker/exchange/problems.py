"""What is wrong in a file, by line and column; a cell is never quoted, as it may be a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One thing that is wrong: `line` is the file's own, from 1, or the number of an item in JSON.

    Line 0 is the whole file. `code` is stable.
    """

    line: int
    column: str
    code: str
    words: str
