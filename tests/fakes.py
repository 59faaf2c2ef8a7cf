"""Stand-ins for what a part needs, that remember what they were given."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from broker.decider import Outcome, Ticked
from broker.errors import Unavailable
from broker.records import Record


class FakeDecider:
    """Accepts everything, keeps positions as the real decider does, and can be away or full."""

    def __init__(self) -> None:
        self.taken: list[Record] = []
        self.next: dict[tuple[str, str], int] = {}
        self.asked = 0
        self.away = False
        self.full = False
        self.bug: Exception | None = None
        self.before_take: Callable[[Sequence[Record]], None] = lambda records: None
        self.ticks: list[Ticked] = []
        self.ticked = 0
        self._lock = threading.Lock()

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]:
        self._answer()
        return {topic: self.next.get((topic, topics[topic]), 0) for topic in topics}

    def take(self, records: Sequence[Record]) -> Outcome:
        self._answer()
        if self.full:
            raise Unavailable("the ledger cannot be written: a fake")
        if self.bug is not None:
            raise self.bug
        self.before_take(records)
        with self._lock:
            accepted = [record for record in records if self._is_new(record)]
            self.taken += accepted
        return Outcome(accepted=len(accepted), deliveries=len(accepted))

    def tick(self) -> Ticked:
        self._answer()
        self.ticked += 1
        return self.ticks.pop(0) if self.ticks else Ticked()

    def values(self, topic: str) -> list[bytes | None]:
        """What was taken from one topic, in order."""
        return [record.value for record in self.taken if record.topic == topic]

    def _is_new(self, record: Record) -> bool:
        place = (record.topic, record.topic_id)
        if record.offset < self.next.get(place, 0):
            return False
        self.next[place] = record.offset + 1
        return True

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise Unavailable("the ledger does not answer: a fake")


class AheadClock:
    """The clock of a machine that is wrong by so much."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by
