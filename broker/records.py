"""What an outbox holds, before it is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an outbox as Kafka holds it."""

    topic: str
    topic_id: str
    offset: int
    value: bytes | None

    @property
    def agency(self) -> str:
        """Who wrote it: only that agency may write its outbox."""
        return self.topic.removeprefix("outbox.")
