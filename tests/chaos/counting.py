"""Counts what was sent, what Kafka holds (read by another client than the relay's), the ledger."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any
from uuid import UUID

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from sqlalchemy import select

from broker.cli import asking
from broker.closure import closures
from broker.connection import AUDIT
from broker.keys import derived
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.provision import inbox, outbox
from schemas.codec import decode
from schemas.kinds import RECORD_TOPICS
from schemas.message import ChildMessage, Message
from schemas.notices import Heartbeat, Receipt, Rejection
from tests.chaos.load import AGENCIES, Expected, Load, Sent
from tests.servers import KafkaServer

_READ_SECONDS = 60.0
_EXAMPLES = 3  # of each kind of wrong


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared: Kafka, the ledger, and what each agency knows by itself."""

    kafka: KafkaServer
    ledger: Ledger
    loads: list[Load]


@dataclass(frozen=True)
class Found:
    """One record as it was read."""

    topic: str
    offset: int
    at: datetime
    value: bytes
    headers: Mapping[str, str]

    @cached_property
    def message(self) -> Message:
        return decode(self.value)


Kafka = dict[str, list[Found]]


@dataclass
class Counted:
    """What was found, and what should not have been."""

    sent: list[Sent] = field(default_factory=list)
    delivered: int = 0
    longest_pause_seconds: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def check(self, good: bool, what: str, which: object) -> None:
        if not good:
            self.wrong[what] += 1
            if self.wrong[what] <= _EXAMPLES:
                self.examples.append(f"{what}: {which}")

    def once(self, times: int, which: object) -> None:
        self.check(times > 0, "lost", which)
        self.check(times < 2, "doubled", which)


def count(sides: Sides) -> Counted:
    """Compare everything that was sent with everything a reader of committed records sees."""
    topics = [topic(agency) for agency in AGENCIES for topic in (inbox, outbox)]
    kafka = read(sides.kafka, [*topics, *sorted(set(RECORD_TOPICS.values()))])
    counted = Counted()
    sent = {load.agency: _sent(load, kafka, counted) for load in sides.loads}
    counted.sent = [one for each in sent.values() for one in each]
    _count_inboxes(sides, kafka, counted)
    for load in sides.loads:
        _count_receipts(load, sent[load.agency], kafka, counted)
    _count_accepted(kafka, counted)
    _count_told(sides.ledger, kafka, counted)
    _count_ledger(sides, counted)
    _count_ends(sides, counted)
    counted.longest_pause_seconds = _longest_pause(kafka)
    return counted


def read(kafka: KafkaServer, topics: Iterable[str]) -> Kafka:
    """What each topic holds for a reader of committed records, to where it ends now."""
    consumer = Consumer(
        {
            **kafka.access(AUDIT).for_confluent(),
            "group.id": "audit",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    try:
        found: Kafka = {topic: [] for topic in topics}
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in found])
        left, deadline = set(found), time.monotonic() + _READ_SECONDS
        while left:
            assert time.monotonic() < deadline, f"{left} could not be read to their end"
            for record in consumer.consume(1000, timeout=0.1):
                error = record.error()
                if error is None:
                    found[record.topic()].append(_found(record))
                elif error.code() == KafkaError._PARTITION_EOF:
                    left.discard(record.topic())
        return found
    finally:
        consumer.close()


def _found(record: Any) -> Found:
    headers = {name: value.decode() for name, value in record.headers() or ()}
    at = datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC)
    return Found(record.topic(), record.offset(), at, record.value(), headers)


def _sent(load: Load, kafka: Kafka, counted: Counted) -> list[Sent]:
    """What its outbox holds; whatever Kafka has confirmed must be there."""
    records = kafka[outbox(load.agency)]
    held = {record.offset: record.value for record in records}
    for offset, value in load.confirmed.items():
        counted.check(held.get(offset) == value, "lost", f"outbox {load.agency} {offset}")
    return list(load.sent(records))


def _count_inboxes(sides: Sides, kafka: Kafka, counted: Counted) -> None:
    """Gapless numbers, no delivery twice, and each child in the order of deciding."""
    d = t.delivery.c
    with sides.ledger.reading() as connection:
        rows = connection.execute(select(d.id, d.number, d.destination)).all()
    numbers = {row.id: row.number for row in rows}
    times: Counter[UUID] = Counter()
    for agency in AGENCIES:
        expected, last = 1, defaultdict[str, int](int)
        for record in kafka[inbox(agency)]:
            if isinstance(record.message, Heartbeat):
                continue
            said = record.headers
            counted.check(int(said["sequence"]) == expected, "gap", said)
            expected = int(said["sequence"]) + 1
            delivery = UUID(said["delivery"])
            times[delivery] += 1
            child, number = said.get("ce_subject", ""), numbers.get(delivery, 0)
            if child:
                counted.check(number > last[child], "out of order", said)
                last[child] = number
    counted.delivered = times.total()
    for delivery, number in times.items():
        counted.check(delivery in numbers, "unknown", delivery)
        counted.once(number, delivery)
    inboxes = {inbox(agency) for agency in AGENCIES}
    for row in rows:
        if row.destination in inboxes:
            counted.check(row.id in times, "lost", f"delivery {row.id}")
    for load in sides.loads:
        sequences = [one.sequence for one in load.seen]
        live = sequences == list(range(1, len(sequences) + 1))
        counted.check(live, "seen live otherwise", load.agency)


def _count_receipts(load: Load, sent: list[Sent], kafka: Kafka, counted: Counted) -> None:
    """One receipt or rejection for each record that Kafka had confirmed, in order per child."""
    receipts: Counter[tuple[UUID, bool]] = Counter()
    rejections: dict[int, list[str]] = defaultdict(list)
    order: dict[str, list[UUID]] = defaultdict(list)
    for record in kafka[inbox(load.agency)]:
        message = record.message
        if isinstance(message, Receipt):
            receipts[message.of, message.repeated] += 1
            if not message.repeated:
                order[record.headers["ce_subject"]].append(message.of)
        elif isinstance(message, Rejection):
            rejections[message.offset].append(message.code)

    wanted = Counter(
        (one.id, one.expected is Expected.repeated)
        for one in sent
        if one.expected is not Expected.rejected and isinstance(one.message, ChildMessage)
    )
    for key, number in wanted.items():
        counted.check(receipts[key] >= number, "lost", f"receipt {load.agency} {key}")
        counted.check(receipts[key] <= number, "doubled", f"receipt {load.agency} {key}")
    counted.check(receipts.keys() <= wanted.keys(), "unknown", f"receipts {load.agency}")
    refused = {one.offset: one.code for one in sent if one.expected is Expected.rejected}
    for offset, code in refused.items():
        counted.once(len(rejections[offset]), f"rejection {load.agency} {offset}")
        counted.check(set(rejections[offset]) <= {code}, "wrong code", (code, rejections[offset]))
    counted.check(rejections.keys() <= refused.keys(), "unknown", f"rejections {load.agency}")
    place = {one.id: one.offset for one in reversed(sent)}
    for child, ids in order.items():
        places = [place[id] for id in ids]
        counted.check(places == sorted(places), "out of order", f"receipts {load.agency} {child}")


def _count_accepted(kafka: Kafka, counted: Counted) -> None:
    """What was accepted is in the topic of its kind once; what was refused is in none."""
    accepted = {one.id: one for one in counted.sent if one.expected is Expected.accepted}
    found = Counter(
        UUID(record.headers["ce_id"])
        for topic in set(RECORD_TOPICS.values()) - {"duties"}
        for record in kafka[topic]
    )
    for id in accepted:
        counted.once(found[id], f"record of {id}")
    refused = {one.id for one in counted.sent if one.expected is Expected.rejected}
    refused -= accepted.keys()
    counted.check(not refused & found.keys(), "taken although bad", refused & found.keys())


def _count_told(ledger: Ledger, kafka: Kafka, counted: Counted) -> None:
    """Whom a receipt names got what it says on that ground, once; a ladder may bring it again."""
    d, m = t.delivery.c, t.message.c
    query = select(d.id, m.sender, m.message_id).join(t.message, m.number == d.message)
    with ledger.reading() as connection:
        decided_by = {row.id: row for row in connection.execute(query)}
    got: Counter[tuple[str, str, UUID]] = Counter()
    receipts = []
    for agency in AGENCIES:
        for record in kafka[inbox(agency)]:
            if isinstance(record.message, Receipt) and not record.message.repeated:
                receipts.append(record.message)
            said = record.headers
            row = decided_by.get(UUID(said["delivery"])) if "delivery" in said else None
            # What `not-ours` passes on is decided by the answer; a briefing has an id of its own.
            briefing = row and derived("climbed", row.sender, row.message_id, said["address"])
            if row and row.message_id == UUID(said["ce_id"]) and row.id != briefing:
                got[said["address"], said["because"], row.message_id] += 1
    for receipt in receipts:
        for told in receipt.told:
            # An alert is a message of its own, with an id of its own.
            if told.address.partition("/")[0] in AGENCIES and "/iro-" not in told.address:
                counted.once(got[told.address, told.because, receipt.of], told)


def _count_ledger(sides: Sides, counted: Counted) -> None:
    """The ledger's own account, and the bytes of what was refused."""
    account, differences = asking.accounted(sides.kafka.access(AUDIT), sides.ledger)
    for difference in differences:
        counted.check(False, "unbalanced", difference)
    totals, expected = account.totals, Counter(one.expected.value for one in counted.sent)
    for name in ("accepted", "repeated", "rejected"):
        counted.check(totals[name] == expected[name], "unbalanced", (name, totals, expected))
    x = t.dead_letter.c
    with sides.ledger.reading() as connection:
        rows = connection.execute(select(x.agency, x.record_offset, x.value)).all()
    kept = {(row.agency, row.record_offset): row.value for row in rows}
    for one in counted.sent:
        if one.expected is Expected.rejected:
            same = kept.get((one.agency, one.offset)) == one.value
            counted.check(same, "lost", f"dead letter {one.agency} {one.offset}")


def _count_ends(sides: Sides, counted: Counted) -> None:
    """Everyone who was told that it began was told that it ended, or stands on a list."""
    with sides.ledger.reading() as connection:
        for each in closures(connection):
            for one in each.everyone:
                counted.check(one.how != "missed", "end not told", (each.episode, one.address))


def _longest_pause(kafka: Kafka) -> float:
    """For how long nothing came into any inbox although agencies were sending."""
    sent = [one.at for agency in AGENCIES for one in kafka[outbox(agency)]]
    came = [one.at for agency in AGENCIES for one in kafka[inbox(agency)]]
    times = sorted(at for at in came if min(sent) < at < max(sent))
    return max((b - a).total_seconds() for a, b in pairwise(times)) if len(times) > 1 else 0.0
