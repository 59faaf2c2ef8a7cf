"""
An operator puts right what a sender could not: corrected bytes beside those that were sent.

They are checked like any message, must still be from the agency whose record it was, and keep its
id, so that what the sender says of its message later is understood.
"""

from collections.abc import Callable, Mapping
from typing import Any

from broker.admission import check_sender, check_times
from broker.dead_letters.owing import is_ours
from broker.dead_letters.refusing import tell_dropped
from broker.decision import Moment, Rulebook
from broker.errors import Dropped, IdChanged, IdReused, Misuse
from broker.ledger.book import Book
from broker.ledger.refusing import DROPPED, Letter
from broker.operators import Operator, said
from schemas.codec import decode, encode, from_json, glance
from schemas.message import Message


def repair(
    number: int, operator: Operator, reason: str, *,
    fields: Mapping[str, Any] | None = None, value: bytes | None = None,
) -> Callable[[Moment, Book, Rulebook], list[str]]:  # fmt: skip
    """
    Put corrected fields, or bytes, in place of what was sent; the answer names what is changed.

    `fields` are laid upon those that were sent, where these can be read: one that is null is left
    out. Nothing is sent by it: replay does that. Raises `Rejected` for what is still wrong.
    """
    why = said(reason, "--reason")

    def act(moment: Moment, book: Book, rules: Rulebook) -> list[str]:
        letter = _open(number, book)
        message = decode(value) if value is not None else _with(letter, fields or {})
        check_sender(message, letter.record.agency, rules.directory)
        check_times(message, moment.now)
        _check_id(letter, message)
        corrected = encode(message) if value is None else value
        book.repair(letter, corrected)
        book.audit(operator.who, "dead letter repaired", f"dead letter {number}", why)
        return differing(letter.record.value, corrected)

    return act


def drop(number: int, operator: Operator, reason: str) -> Callable[[Moment, Book, Rulebook], None]:
    """
    Mark a dead letter as one that nothing follows from; it is kept.

    A sender that was told that an operator sees to it hears that nothing will come of it.
    """
    why = said(reason, "--reason")

    def act(moment: Moment, book: Book, rules: Rulebook) -> None:
        letter = _open(number, book)
        book.settle(letter, DROPPED)
        book.audit(operator.who, "dead letter dropped", f"dead letter {number}", why)
        if is_ours(letter.code):
            words = "Homeward's operator dropped this record; if it still holds, send it anew"
            tell_dropped(letter, Dropped(words), book, rules.directory)

    return act


def differing(sent: bytes | None, corrected: bytes | None) -> list[str]:
    """The names of the fields in which two records differ; none where one cannot be read."""
    one, other = glance(sent), glance(corrected)
    if one is None or other is None:
        return []
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _open(number: int, book: Book) -> Letter:
    found = book.letters([number])
    if not found:
        raise Misuse(
            f"no dead letter {number} is open: see `homeward dead-letters list --state all`"
        )
    return found[0]


def _with(letter: Letter, fields: Mapping[str, Any]) -> Message:
    return from_json(_laid_upon(glance(letter.record.value) or {}, fields))


def _laid_upon(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(below)
    for name, value in above.items():
        if value is None:
            laid.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(laid.get(name), Mapping):
            laid[name] = _laid_upon(laid[name], value)
        else:
            laid[name] = value
    return laid


def _check_id(letter: Letter, message: Message) -> None:
    taken = letter.code == IdReused.code
    if letter.message_id is not None and (message.message_id == letter.message_id) == taken:
        raise IdChanged(
            "its id was used for another message: give it a new one"
            if taken
            else "a repaired message keeps its id: leave it out of the correction",
            "message_id",
        )
