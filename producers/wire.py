"""What a delivery looks like in Kafka: CloudEvents headers, in binary mode, round framed Avro."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid4

from broker.ledger.stamping import Content, Outgoing
from schemas.codec import encode, in_version
from schemas.kinds import event_type
from schemas.message import BROKER
from schemas.notices import Heartbeat

INBOX = "inbox."
LARGEST = 2 * 1024 * 1024 - 64 * 1024  # what an inbox takes, less room for key and headers

_RELAY = f"{BROKER}/relay"

Headers = list[tuple[str, bytes]]
Reads = Mapping[str, Mapping[str, int]]  # by agency and kind: the highest version it reads
NEWEST: Reads = {}


class Record(NamedTuple):
    """One record as a producer takes it."""

    topic: str
    value: bytes
    key: bytes | None
    headers: Headers


class Wire:
    """Makes records; `pseudonym` names a child for one recipient."""

    def __init__(self, pseudonym: Callable[[UUID, str], str]) -> None:
        self._pseudonym = pseudonym

    def records(self, outgoing: Iterable[Outgoing], reads: Reads = NEWEST) -> list[Record]:
        """
        The records of deliveries: for inboxes, and for topics of the record.

        No header and no key says anything about a person: in an inbox a child has the name that
        this recipient alone knows, and topics of the record have the child's random reference.
        An agency gets no version above the one it `reads`; who is not there reads the newest.
        """
        made: dict[tuple[Content, int], tuple[Content, Headers]] = {}
        found = []
        for one in outgoing:
            version = _version(one.destination, one.content, reads)
            written = made.get((one.content, version))
            if written is None:
                content = _in_version(one.content, version)
                written = made[one.content, version] = content, _event(content)
            found.append(self._record(one, *written))
        return found

    def _record(self, one: Outgoing, content: Content, event: Headers) -> Record:
        if one.destination.startswith(INBOX):
            recipient = one.destination.removeprefix(INBOX)
            subject = self._pseudonym(one.child, recipient) if one.child else None
            headers = event + _delivery(one)
        else:
            subject = str(one.child) if one.child else None
            headers = event + _identity(one)
            headers.append(("acceptance", str(one.acceptance or 0).encode()))
            headers.append(("decided_at", _written(one.decided_at)))
        headers.append(("exercise", b"true" if one.exercise else b"false"))
        key = subject.encode() if subject else None
        if key:
            headers.append(("ce_subject", key))
        return Record(one.destination, content.value, key, headers)

    @staticmethod
    def heartbeat(destination: str, sent: int, now: datetime, reads: Reads = NEWEST) -> Record:
        """The last sequence number of an inbox; it takes none itself."""
        message = Heartbeat(
            message_id=uuid4(),
            sender=BROKER,
            from_address=_RELAY,
            occurred_at=now,
            sent_at=now,
            inbox=destination.removeprefix(INBOX),
            last_sequence=sent,
        )
        content = Content(
            Heartbeat.KIND, Heartbeat.VERSION, message.message_id, BROKER, now, encode(message)
        )
        content = _in_version(content, _version(destination, content, reads))
        return Record(destination, content.value, None, _event(content))


def _version(destination: str, content: Content, reads: Reads) -> int:
    if reads and destination.startswith(INBOX):
        theirs = reads.get(destination.removeprefix(INBOX))
        if theirs is not None:
            return min(content.version, theirs.get(content.kind, content.version))
    return content.version


def _in_version(content: Content, version: int) -> Content:
    if version == content.version:
        return content
    value = in_version(content.value, content.kind, version)
    return replace(content, version=version, value=value)


def _event(content: Content) -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(content.message_id).encode()),
        ("ce_type", event_type(content.kind, content.version).encode()),
        ("ce_source", content.source.encode()),
        ("ce_time", _written(content.occurred_at)),
        ("content-type", b"application/avro"),
    ]


def _identity(one: Outgoing) -> Headers:
    """By which a restored ledger knows that it is out."""
    return [
        ("delivery", str(one.delivery).encode()),
        ("sequence", str(one.sequence).encode()),
    ]


def _delivery(one: Outgoing) -> Headers:
    headers = [
        *_identity(one),
        ("address", one.address.encode()),
        ("view", one.view.encode()),
        ("wakes", b"true" if one.wakes else b"false"),
        ("because", one.because.encode()),
    ]
    if one.answer_by:
        headers.append(("answer_by", _written(one.answer_by)))
    return headers


@lru_cache(maxsize=1024)
def _written(at: datetime) -> bytes:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z").encode()
