"""
A folder into which a system drops files: which of them are whole, and where they go when taken.

A file that is still being written is left alone; so is one whose name says that it is not ready.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from broker.errors import Misuse
from broker.exchange.table import FileType, looks_whole

TAKEN, REFUSED = "taken", "refused"
_NOT_READY = (".part", ".tmp", ".temp", ".crdownload", ".filepart", "~")
_SUFFIXES = {
    FileType.csv: (".csv", ".txt"),
    FileType.json: (".json",),
    FileType.json_lines: (".jsonl", ".ndjson", ".json"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """How a file looked, and since when it has looked so."""

    size: int
    changed: int  # nanoseconds, as the file system has it
    since: float


class Folder:
    """
    One folder of drops.

    `quiet` seconds without a change make a file ready that looks whole; one that does not is given
    `patience`, and is then read as it is, so that somebody hears of it.
    """

    def __init__(self, path: Path, type: FileType, quiet: float = 2, patience: float = 60) -> None:
        self.path, self._type = path, type
        self._quiet, self._patience = quiet, patience
        self._seen: dict[str, Seen] = {}

    def waiting(self) -> list[str]:
        """The names of the files that are there and not taken, the oldest first."""
        return [entry.name for entry in sorted(self._drops(), key=_age)]

    def ready(self, now: float) -> list[Path]:
        """Those that are written to their end; `now` is any clock that only goes forward."""
        found = []
        there = sorted(self._drops(), key=_age)
        self._seen = {entry.name: self._look(entry, now) for entry in there}
        for entry in there:
            still = now - self._seen[entry.name].since
            if still >= self._patience or (still >= self._quiet and self._looks_whole(entry)):
                found.append(Path(entry.path))
        return found

    def put_away(self, file: Path, into: str) -> Path:
        """Where a file and its answers are to go: beside those before it, over none of them."""
        where = self.path / into
        where.mkdir(exist_ok=True)
        names = (file.name, *(f"{file.stem}.{n}{file.suffix}" for n in range(2, 100_000)))
        return next(where / name for name in names if not (where / name).exists())

    def _drops(self) -> Iterator[os.DirEntry[str]]:
        try:
            entries = [*os.scandir(self.path)]
        except OSError as error:
            raise Misuse(f"{self.path} cannot be read any more: {error.strerror}") from error
        for entry in entries:
            name = entry.name.lower()
            hidden = name.startswith((".", "~$")) or name.endswith(_NOT_READY)
            if not hidden and name.endswith(_SUFFIXES[self._type]) and entry.is_file():
                yield entry

    def _look(self, entry: os.DirEntry[str], now: float) -> Seen:
        try:
            state = os.stat(entry.path)
        except FileNotFoundError:  # taken away since it was listed
            return Seen(0, 0, now)
        before = self._seen.get(entry.name)
        if before and (before.size, before.changed) == (state.st_size, state.st_mtime_ns):
            return before
        return Seen(state.st_size, state.st_mtime_ns, now)

    def _looks_whole(self, entry: os.DirEntry[str]) -> bool:
        try:
            with open(entry.path, "rb") as opened:
                if self._type is not FileType.json:  # its last byte says it
                    opened.seek(max(0, os.fstat(opened.fileno()).st_size - 1))
                return looks_whole(opened.read(), self._type)
        except OSError:  # whoever takes it finds out why
            return True


def _age(entry: os.DirEntry[str]) -> tuple[int, str]:
    try:
        return entry.stat().st_mtime_ns, entry.name
    except FileNotFoundError:  # gone since it was listed
        return 0, entry.name
