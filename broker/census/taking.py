"""A census taken in, part by part, and compared a moment later, when all of them have come."""

from uuid import UUID

from broker.census import returns
from broker.census.checking import List, check, list_id, with_part
from broker.census.comparing import compare
from broker.census.gathering import Gathering
from broker.census.words import CENSUS, Compared, differing_absences, receipt_words, said
from broker.decision import (
    OPERATIONS,
    Arrival,
    Decision,
    Moment,
    Rulebook,
)
from broker.duties import Duty, excused, met
from broker.keys import derived
from broker.ledger.book import Book
from broker.notices import recorded, short_receipt
from schemas.census import Census

COMPARE = "compare-census"


def fold_census(message: Census, arrival: Arrival, book: Book, rulebook: Rulebook) -> None:
    """
    Keep a census, or a part of one; with its last part, what is owed is met.

    It is compared by a step of Homeward's own that is due at once: so it meets what came with it
    in one batch, and a long list holds up nobody who reports a child.
    """
    check(message, arrival.now, rulebook.directory)
    one = with_part(book.censuses.held(list_id(message)), message, arrival.number, arrival.now)
    replaced = book.censuses.grow(one, arrival.number, message.part)
    held = book.censuses.held(one.id)
    outdated = held is not None and held.replaced_by is not None
    done = returns.met_by(message, book, arrival) if one.is_complete else []
    words = receipt_words(
        one, replaced=replaced, outdated=outdated, met=[duty.occasion for duty, _ in done]
    )
    receipt, post = short_receipt(message, words, arrival)
    record, kept = recorded(message, arrival)
    steps = [_to_compare(one, arrival, replaced)] if one.is_complete and not outdated else []
    book.apply(
        Decision(
            contents=(record, receipt),
            posts=(kept, post),
            duties=(*(duty for duty, _ in done), *steps),
            events=tuple(event for _, event in done),
        )
    )


def _to_compare(one: List, arrival: Arrival, replaced: List | None) -> Duty:
    return Duty(
        id=derived("duty", COMPARE, one.id),
        name=COMPARE,
        owed_by=OPERATIONS,
        because=CENSUS,
        basis="local",
        met_by=(),
        message=one.parts[1].number,
        opened_at=arrival.now,
        exercise=one.exercise,
        ends_with_absence=False,
        starts_at=arrival.now,
        due_at=arrival.now,
        next_at=arrival.now,
        occasion=str(one.id),
    )


def compare_census(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Compare one census with the ledger, and tell both sides; none that was replaced since."""
    one = book.censuses.find(UUID(duty.occasion))
    if one is None or one.replaced_by is not None:
        done, event = excused(duty, moment.now, "replaced")
        book.apply(Decision(duties=(done,), events=(event,)))
        return
    agency = rules.directory.today(one.agency)
    gathering = Gathering(book.connection, one, agency, rules.keys)
    sides = gathering.sides()
    whole = compare(one.agency, sides.listed, sides.absences)
    earlier = book.censuses.earlier(one)
    compared = Compared(
        list=one,
        whole=whole,
        known_to=gathering.known_to(differing_absences(whole)),
        replaced=earlier[-1] if earlier else None,
        told_before=gathering.told_of(earlier),
    )
    contents, posts = said(compared, CENSUS, moment, rules.directory)
    book.censuses.compared(one.id, whole)
    done, event = met(duty, duty.starts_at or moment.now, moment.now, OPERATIONS)
    book.apply(
        Decision(contents=tuple(contents), posts=tuple(posts), duties=(done,), events=(event,))
    )
