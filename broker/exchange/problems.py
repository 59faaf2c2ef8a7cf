"""What is wrong in a file, by line and column; a cell is never quoted, as it may be a name."""

from dataclasses import dataclass

_NOTES = frozenset({"outside-period", "twice"})


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """
    One thing that is wrong: `line` is the file's own, from 1, or the number of an item in JSON.

    Line 0 is the whole file. `code` is stable; what only `notes` something stands in no way.
    """

    line: int
    column: str
    code: str
    words: str

    @property
    def notes(self) -> bool:
        """Whether the line may be sent, or be left out, all the same."""
        return self.code in _NOTES or self.code.startswith("rule-")
