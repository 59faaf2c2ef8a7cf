"""
What was taken from files before, by the ids that follow from its content.

Without it nothing would be taken twice either, as Homeward knows each id; with it, a line that
stands in tomorrow's file again is not even sent. It holds no word of what the lines say.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

_TABLE = """
CREATE TABLE IF NOT EXISTS taken (
    id TEXT PRIMARY KEY,
    sent_at TEXT NOT NULL,
    episode TEXT,
    accepted_at TEXT
)
"""
_MANY = 500


@dataclass(frozen=True, slots=True)
class Before:
    """When a message was first sent, and the shared reference it got once it was accepted."""

    sent_at: datetime
    accepted: bool
    episode: str | None


class Taken:
    """One agency's memory, in a file of its own; every change is on disk when the call returns."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = sqlite3.connect(file, isolation_level=None)
        self._held.execute("PRAGMA journal_mode=WAL")
        self._held.execute("PRAGMA synchronous=FULL")
        self._held.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held.close()

    def first_sent(self, ids: Sequence[UUID], now: datetime) -> dict[UUID, Before]:
        """
        What is known of each, those that are new noted as sent now.

        So what is sent again after a crash is the same to the last byte.
        """
        self._held.execute("BEGIN IMMEDIATE")
        rows = [(str(id), now.isoformat()) for id in ids]
        self._held.executemany("INSERT OR IGNORE INTO taken (id, sent_at) VALUES (?, ?)", rows)
        self._held.execute("COMMIT")
        return dict(self._known(ids))

    def accepted(self, id: UUID, episode: str | None, now: datetime) -> None:
        """It has its receipt: it is not sent again."""
        self._held.execute(
            "UPDATE taken SET accepted_at = ?, episode = ? WHERE id = ?",
            (now.isoformat(), episode, str(id)),
        )

    def _known(self, ids: Sequence[UUID]) -> Iterable[tuple[UUID, Before]]:
        for at in range(0, len(ids), _MANY):
            some = [str(id) for id in ids[at : at + _MANY]]
            marks = ",".join("?" * len(some))
            query = f"SELECT id, sent_at, episode, accepted_at FROM taken WHERE id IN ({marks})"
            for id, sent_at, episode, accepted_at in self._held.execute(query, some):
                sent = datetime.fromisoformat(sent_at)
                yield UUID(id), Before(sent, accepted_at is not None, episode)
