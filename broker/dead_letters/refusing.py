"""A record is refused: its sender is told why, its bytes are kept, somebody owes to settle it."""

from dataclasses import dataclass
from uuid import UUID

from broker.dead_letters.owing import incident, reopened
from broker.decision import OPERATIONS, Content, Decision, Moment, Post, inbox
from broker.directory import Directory
from broker.errors import Rejected
from broker.keys import derived
from broker.ledger.book import Book
from broker.ledger.refusing import Letter
from broker.notices import duty_notice
from broker.records import Record
from schemas.codec import fingerprint, glance
from schemas.message import BROKER, Message
from schemas.notices import DutyChange, Rejection


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be read of the envelope of a record, valid or not."""

    message_id: UUID | None = None
    kind: str = ""
    address: str = ""
    exercise: bool = False


def seen(value: bytes | None, message: Message | None, agency: str, known: Directory) -> Seen:
    """The envelope of a message, or of bytes that fit their schema and broke some other rule."""
    if message is not None:
        address = message.from_address
        own = address if address.startswith(f"{agency}/") else ""
        return Seen(message.message_id, message.KIND, own, message.exercise)
    fields = glance(value)
    if fields is None:
        return Seen()
    address = str(fields.get("from_address"))  # not checked: only a desk that is known is taken
    own = address if address.startswith(f"{agency}/") and known.entry(address) else ""
    exercise = fields.get("exercise") is True
    return Seen(_id(fields.get("message_id")), str(fields["kind"]), own, exercise)


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def refuse(
    record: Record, message: Message | None, fault: Rejected, book: Book, known: Directory
) -> None:
    """Answer a record with what is wrong with it, and keep it as a dead letter."""
    envelope = seen(record.value, message, record.agency, known)
    _answer(record, envelope, fault, book)
    duty = _own(record.agency, envelope, fault.code, book, known)
    book.bury(
        topic=record.topic,
        topic_id=record.topic_id,
        record_offset=record.offset,
        agency=record.agency,
        code=fault.code,
        field=fault.field,
        detail=fault.detail,
        value=record.value,
        message_id=envelope.message_id,
        kind=envelope.kind,
        duty=duty,
    )


def refuse_again(
    letter: Letter, message: Message | None, fault: Rejected, book: Book, known: Directory
) -> None:
    """A dead letter is refused for another reason than before: its sender has not heard of that."""
    record = letter.record
    envelope = seen(record.value, message, record.agency, known)
    _answer(record, envelope, fault, book, fault.code, book.now.isoformat())
    book.reconsider(letter, fault, _own(record.agency, envelope, fault.code, book, known))


def tell_dropped(letter: Letter, fault: Rejected, book: Book, known: Directory) -> None:
    """Who was told that an operator sees to a record hears that nothing will follow from it."""
    envelope = seen(letter.record.value, None, letter.record.agency, known)
    _answer(letter.record, envelope, fault, book, fault.code, book.now.isoformat())


def _answer(record: Record, envelope: Seen, fault: Rejected, book: Book, *again: str) -> None:
    now = book.now
    # A Kafka that lost records gives their offsets to others.
    digest = fingerprint(record.value or b"").hex()
    rejection = Rejection(
        message_id=derived("rejection", *record.place, digest, *again),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=now,
        sent_at=now,
        of=envelope.message_id,
        topic=record.topic,
        partition=0,
        offset=record.offset,
        code=fault.code,
        field=fault.field,
        detail=fault.detail,
    )
    content = Content(next(book.contents), rejection)
    post = Post(
        id=derived("delivery", rejection.message_id),
        content=content.number,
        destination=inbox(record.agency),
        address=envelope.address or f"{record.agency}/-",
        because="rejection",
        urgent=True,
    )
    book.apply(Decision(contents=(content,), posts=(post,)))


def _own(agency: str, envelope: Seen, code: str, book: Book, known: Directory) -> UUID:
    """The incident a refusal belongs to, opened where it is the first of it."""
    desks = known.desks(agency)
    desk = envelope.address or (desks[0].address if desks else f"{agency}/-")
    there = known.open_desk(desk, book.now)  # a report that nobody heard of does not wait for day
    desk = there.address if there else desk
    duty = incident(agency, desk, code, envelope.exercise, book.now, known)
    held = book.incident(duty.id)
    if held is None:
        moment = Moment(book.now, book.contents)
        content, posts = duty_notice(duty, DutyChange.opened, moment, known)
        book.apply(Decision(contents=(content,), posts=tuple(posts), duties=(duty,)))
    elif not held.standing:
        again, event = reopened(held, book.now)
        book.apply(Decision(duties=(again,), events=(event,)))
    return duty.id
