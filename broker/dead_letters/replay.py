"""
Refused records decided on anew, as if they had only now been read: same checks, same decider.

A replayed message keeps its own times: duties start from when the thing happened, what was due
meanwhile is late on arrival, and nobody is woken for an absence that is over. A repeat changes
nothing. What is refused again stays a dead letter.
"""

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from broker.admission import check_sender, check_times
from broker.clock import SetClock
from broker.dead_letters.refusing import refuse_again
from broker.dead_letters.repair import differing
from broker.decider import Decider
from broker.decision import Moment, Rulebook
from broker.errors import HomewardError, Rejected, SenderGone, Unexpected
from broker.folding import fold, heard_before, wanted_by
from broker.ledger.book import Book
from broker.ledger.refusing import REPLAYED, SENT_AGAIN, TOPIC, Letter
from broker.operators import LONGEST, Operator
from schemas.codec import decode, fingerprint
from schemas.message import Message

ACCEPTED, REPEATED, REFUSED = "accepted", "repeated", "refused"
OUTCOMES = (ACCEPTED, REPEATED, REFUSED)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one dead letter, or would: why it is refused, how many hear of it."""

    number: int
    agency: str = ""
    kind: str = ""
    outcome: str = REFUSED
    code: str = ""
    field: str = ""
    detail: str = ""
    deliveries: int = 0
    wakes: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A dead letter after decoding: a message, or why there is none."""

    letter: Letter
    message: Message | None = None
    fault: Rejected | None = None


class _OnlyTried(Exception):
    """Carries what would have been out of a transaction that is undone."""

    def __init__(self, found: list[Replayed]) -> None:
        super().__init__()
        self.found = found


def replay(
    decider: Decider,
    numbers: Sequence[int],
    operator: Operator,
    reason: str = "",
    *,
    dry_run: bool = False,
) -> list[Replayed]:
    """
    Decide on dead letters anew, in this order and in one transaction; those settled are left out.

    A bug halves them until one remains, which stays as it is. With `dry_run` nothing is written,
    and nobody is told. Raises `Unavailable`: nothing happened, call again.
    """

    def act(moment: Moment, book: Book, rules: Rulebook) -> list[Replayed]:
        found = _replay(book.letters(numbers), moment, book, rules)
        for one in found:
            what = f"dead letter replayed: {one.outcome}"
            why = " ".join(filter(None, (one.code, reason)))[:LONGEST]
            book.audit(operator.who, what, f"dead letter {one.number}", why)
        if dry_run:
            book.write()  # so that also what only the ledger refuses is found
            raise _OnlyTried(found)
        return found

    try:
        return decider.operate(act)
    except _OnlyTried as tried:
        return tried.found
    except (HomewardError, ImportError):
        raise
    except Exception as bug:
        if len(numbers) > 1:
            half = len(numbers) // 2
            parts = (numbers[:half], numbers[half:])
            return [
                one
                for part in parts
                for one in replay(decider, part, operator, reason, dry_run=dry_run)
            ]
        words = f"Homeward cannot handle this yet: {_place(bug)}; report it to who mends Homeward"
        return [Replayed(numbers[0], code=Unexpected.code, detail=words)]


def _place(bug: Exception) -> str:
    """Kind and place only, as the text may quote what a message said."""
    frames = traceback.extract_tb(bug.__traceback__)[-3:]
    places = (f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[::-1])
    return f"{type(bug).__name__} at {' < '.join(places)}"


def _replay(
    letters: Iterable[Letter], moment: Moment, book: Book, rules: Rulebook
) -> list[Replayed]:
    read = [_read(letter, moment, rules) for letter in letters]
    book.gather(wanted_by((one.message for one in read if one.message and not one.fault), rules))
    return [_decide(one, moment, book, rules) for one in read]


def _read(letter: Letter, moment: Moment, rules: Rulebook) -> _Read:
    agency, message = letter.record.agency, None
    try:
        message = decode(letter.value)
        check_sender(message, agency, rules.directory)
        check_times(message, moment.now)
        if agency not in rules.joined:
            raise SenderGone("the sender is not on Homeward any more: add it again, or drop this")
    except Rejected as fault:
        return _Read(letter, message, fault)
    return _Read(letter, message)


def _decide(one: _Read, moment: Moment, book: Book, rules: Rulebook) -> Replayed:
    letter, before = one.letter, len(list(book.posts))
    kind = one.message.KIND if one.message else letter.kind
    done = Replayed(letter.number, letter.record.agency, kind)
    try:
        if one.fault is not None:
            raise one.fault
        assert one.message is not None
        outcome = _fold(letter, one.message, moment, book, rules)
    except Rejected as fault:
        # The sender knows of the first refusal already; of a repair it did not make, nothing.
        if letter.repaired is None and fault.code not in (letter.code, SenderGone.code):
            refuse_again(letter, one.message, fault, book, rules.directory)
        return Replayed(
            *(done.number, done.agency, kind, REFUSED, fault.code, fault.field, fault.detail)
        )
    new = list(book.posts)[before:]
    told = [post for post in new if post.address and not post.address.startswith(f"{done.agency}/")]
    wakes = sum(post.wakes for post in told)
    return Replayed(
        done.number, done.agency, kind, outcome, deliveries=len(told), wakes=wakes
    )  # fmt: skip


def _fold(letter: Letter, message: Message, moment: Moment, book: Book, rules: Rulebook) -> str:
    value = letter.value or b""
    digest = fingerprint(value)
    if (before := heard_before(message, digest, book)) is not None:
        book.settle(letter, SENT_AGAIN, before.number)
        return REPEATED
    source = (TOPIC, letter.number)
    fold(message, value, digest, source, book, rules, SetClock(moment.now))
    if letter.repaired is not None:
        book.add_to_receipt(message.message_id, _words(letter))
    accepted = book.before[message.sender, message.message_id].number
    book.settle(letter, REPLAYED, accepted)
    return ACCEPTED


def _words(letter: Letter) -> str:
    changed = differing(letter.record.value, letter.repaired)
    what = f" ({', '.join(changed)})" if changed else ""
    return (
        f"Homeward's operator corrected it before it was accepted{what}. If that is wrong, send an "
        "update or a cancel that replaces it."
    )
