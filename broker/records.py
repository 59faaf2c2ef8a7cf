"""What an outbox holds, before it is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an outbox as Kafka holds it."""

    topic: str
    topic_id: str
    offset: int
    value: bytes | None
    lost: int = 0  # so many of this topic Kafka had lost before, and gave their offsets out again

    @property
    def place(self) -> tuple[object, ...]:
        """Where it stands, for ids that follow from it: nothing else ever stood there."""
        where = (self.topic, self.topic_id, self.offset)
        return (*where, self.lost) if self.lost else where

    @property
    def agency(self) -> str:
        """Who wrote it: only that agency may write its outbox."""
        return self.topic.removeprefix("outbox.")
