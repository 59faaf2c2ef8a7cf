"""
A folder into which a system drops files: which of them are whole, and where they go when taken.

A file that is still being written is left alone; so is one whose name says that it is not ready.
A link is never followed, as whoever drops it could have files read that lie elsewhere.
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
        self.links = frozenset[str]()  # names of links that lie there, as they were last seen

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
        if where.is_symlink():
            raise Misuse(f"{where} is a link: make it a folder, so that files stay here")
        names = (file.name, *(f"{file.stem}.{n}{file.suffix}" for n in range(2, 100_000)))
        return next(where / name for name in names if not os.path.lexists(where / name))

    def _drops(self) -> Iterator[os.DirEntry[str]]:
        try:
            entries = [*os.scandir(self.path)]
        except OSError as error:
            raise Misuse(f"{self.path} cannot be read any more: {error.strerror}") from error
        drops = [entry for entry in entries if self._is_named_as_one(entry.name.lower())]
        self.links = frozenset(entry.name for entry in drops if entry.is_symlink())
        yield from (entry for entry in drops if entry.is_file(follow_symlinks=False))

    def _is_named_as_one(self, name: str) -> bool:
        hidden = name.startswith((".", "~$")) or name.endswith(_NOT_READY)
        return not hidden and name.endswith(_SUFFIXES[self._type])

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


def content_of(file: Path) -> bytes:
    """What is in a file; `OSError` where a link took its place since it was seen."""
    with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW), "rb") as opened:
        return opened.read()


def _age(entry: os.DirEntry[str]) -> tuple[int, str]:
    try:
        return entry.stat().st_mtime_ns, entry.name
    except FileNotFoundError:  # gone since it was listed
        return 0, entry.name
