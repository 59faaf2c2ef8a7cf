"""What is out: the records that Kafka holds for every reader, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.codec import decode
from schemas.message import BROKER
from schemas.notices import Heartbeat

_TYPE = "uk.homeward."


@dataclass(frozen=True, slots=True)
class Out:
    """One delivery, or one record of what was accepted, as it stands in Kafka."""

    destination: str
    delivery: UUID
    sequence: int
    sent_at: datetime
    kind: str
    version: int
    message_id: UUID
    source: str
    occurred_at: datetime
    acceptance: int | None
    decided_at: datetime | None
    address: str
    view: str
    because: str
    wakes: bool
    exercise: bool
    answer_by: datetime | None
    value: bytes

    @property
    def by_broker(self) -> bool:
        """Whether Homeward itself says it, about a message or by the clock."""
        return self.source == BROKER


@dataclass(slots=True)
class Topic:
    """
    What one topic holds.

    `told` is the highest sequence number that a reader learns of, None where it learns of none.
    """

    first: int = 0  # offsets
    end: int = 0
    told: int | None = None
    held: set[int] = field(default_factory=set)

    def tells(self, number: int) -> None:
        """A reader learns of this number."""
        self.told = max(self.told or 0, number)


def out_of(topic: str, headers: Mapping[str, str], value: bytes, sent_at: datetime) -> Out | None:
    """A record of an inbox or of a topic of the record; None for one that is no delivery."""
    if "sequence" not in headers or "delivery" not in headers:
        return None
    kind, _, version = headers["ce_type"].removeprefix(_TYPE).rpartition(".v")
    acceptance = int(headers.get("acceptance", 0))
    return Out(
        destination=topic,
        delivery=UUID(headers["delivery"]),
        sequence=int(headers["sequence"]),
        sent_at=sent_at,
        kind=kind,
        version=int(version),
        message_id=UUID(headers["ce_id"]),
        source=headers["ce_source"],
        occurred_at=_time(headers["ce_time"]),
        acceptance=acceptance or None,
        decided_at=_time(headers["decided_at"]) if "decided_at" in headers else None,
        address=headers.get("address", ""),
        view=headers.get("view", "full"),
        because=headers.get("because", "record"),
        wakes=headers.get("wakes") == "true",
        exercise=headers.get("exercise") == "true",
        answer_by=_time(headers["answer_by"]) if "answer_by" in headers else None,
        value=value,
    )


def heard_of(headers: Mapping[str, str], value: bytes) -> int | None:
    """The last sequence number that a heartbeat names; None for anything else."""
    if not headers.get("ce_type", "").startswith(f"{_TYPE}{Heartbeat.KIND}."):
        return None
    message = decode(value)
    return message.last_sequence if isinstance(message, Heartbeat) else None


def texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """The headers that Homeward wrote; it writes each once, as UTF-8."""
    return {name: value.decode() for name, value in headers.items() if value is not None}


def _time(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)
