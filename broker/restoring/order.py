"""In which order, and at which times, things were decided since the backup. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from broker.records import Record
from broker.restoring.out import Out
from schemas.census import Differences
from schemas.codec import decode
from schemas.digest import Digest
from schemas.errors import Rejected
from schemas.message import Message
from schemas.notices import DutyNotice, Picture, Receipt, Rejection
from schemas.subscription import Counts, SubscriptionNotice

_OF_A_RECORD = (Receipt.KIND, Rejection.KIND)
# What these say, they say of the moment at which they were decided on.
_OF_THE_MOMENT = {
    each.KIND for each in (DutyNotice, Picture, Differences, SubscriptionNotice, Counts, Digest)
}


Key = tuple[str, UUID]  # of a message: who sent it, and its id


@dataclass(frozen=True, slots=True)
class Step:
    """A record that was taken in at this time, or without one the timekeeper's look at duties."""

    at: datetime
    record: Record | None = None
    number: int | None = None  # acceptance number, where Kafka tells it


@dataclass(slots=True)
class Known:
    """What the outs tell of the records of outboxes: which were decided on, and when."""

    numbers: dict[Key, int] = field(default_factory=dict)
    accepted: dict[Key, datetime] = field(default_factory=dict)
    repeated: dict[Key, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    rejected: dict[tuple[str, int], datetime] = field(default_factory=dict)


def known_by(outs: Iterable[Out]) -> Known:
    """
    Read receipts, rejections, and the topics of the record.

    An urgent delivery may be out before both: then it was decided on before it was sent.
    """
    known, seen = Known(), dict[Key, datetime]()
    for out in outs:
        if not out.by_broker:
            key = out.source, out.message_id
            if out.acceptance and out.decided_at:
                known.numbers[key] = min(known.numbers.get(key, out.acceptance), out.acceptance)
                at = known.accepted.get(key, out.decided_at)
                known.accepted[key] = min(at, out.decided_at)
            else:
                seen[key] = min(seen.get(key, out.sent_at), out.sent_at)
        elif out.kind in _OF_A_RECORD:
            _note(decode(out.value), out.destination.removeprefix("inbox."), out.occurred_at, known)
    known.accepted = seen | known.accepted
    return known


def _note(message: Message, agency: str, at: datetime, known: Known) -> None:
    if isinstance(message, Rejection):
        known.rejected[message.topic, message.offset] = at
    elif isinstance(message, Receipt) and message.repeated:
        known.repeated[agency, message.of].append(at)
    elif isinstance(message, Receipt):
        known.accepted[agency, message.of] = at


@dataclass(frozen=True, slots=True)
class Ordered:
    """What is decided again as it was; the records `left` are for take-in, as if new."""

    steps: list[Step]
    left: list[Record]


def ordered(
    outboxes: Mapping[str, Sequence[Record]], outs: Sequence[Out], before: Collection[Key]
) -> Ordered:
    """
    Put records and looks of the timekeeper into the order in which they were decided.

    A record of which nothing is out was decided if a later one of its outbox was: then at that
    one's time. The last ones of each outbox may never have been: they are left. `before` are the
    messages that the ledger has: if one of them is there, it is a repeat.
    """
    known = known_by(outs)
    first = set(before)
    placed: list[_Placed] = []
    left: list[Record] = []
    for topic in sorted(outboxes):
        records = outboxes[topic]
        steps = [_step(record, known, first) for record in records]
        last = max((i for i, step in enumerate(steps) if step is not None), default=-1)
        left += records[last + 1 :]
        placed += _placed(topic, _filled(records[: last + 1], steps))
    placed.sort(key=lambda one: one[:4])
    return Ordered(_with_looks(placed, outs), left)


_Placed = tuple[datetime, int, str, int, Step]


def _filled(records: Sequence[Record], steps: Sequence[Step | None]) -> list[Step]:
    """What nothing tells of goes with the next one that something tells of."""
    found: list[Step] = []
    following: Step | None = None
    for record, step in zip(reversed(records), reversed(steps[: len(records)]), strict=True):
        following = step or (following and replace(following, record=record, number=None))
        assert following is not None  # something tells of the last one
        found.append(following)
    return found[::-1]


def _placed(topic: str, steps: Iterable[Step]) -> Iterable[_Placed]:
    """No record goes before an earlier one of its outbox, whatever the clocks said."""
    at, number = None, 0
    for place, step in enumerate(steps):
        at = step.at if at is None else max(at, step.at)
        number = max(number, step.number or 0)
        yield at, number, topic, place, step


def _step(record: Record, known: Known, first: set[Key]) -> Step | None:
    """When a record was decided on; None where nothing tells."""
    if (at := known.rejected.get((record.topic, record.offset))) is not None:
        return Step(at, record)
    try:
        message = decode(record.value)
    except Rejected:
        return None
    key = record.agency, message.message_id
    at = known.accepted.get(key)
    if at is not None and key not in first:
        first.add(key)
        return Step(at, record, known.numbers.get(key))
    if times := known.repeated.get(key):
        return Step(times.pop(0), record)
    return None


def _with_looks(placed: Sequence[_Placed], outs: Iterable[Out]) -> list[Step]:
    """The timekeeper looked when Homeward said something that no record of that time explains."""
    explained = {one[4].at for one in placed}
    looks = {
        out.occurred_at for out in outs if out.by_broker and out.kind in _OF_THE_MOMENT
    } - explained
    both = [(one[0], 1, place, one[4]) for place, one in enumerate(placed)]
    both += [(at, 0, 0, Step(at)) for at in looks]
    both.sort(key=lambda one: one[:3])
    return [step for *_, step in both]
