"""A census taken in, part by part, and compared a moment later, when all of them have come."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.census import returns, settling
from broker.census.checking import List, check, list_id, with_part
from broker.census.comparing import compare
from broker.census.gathering import Gathering
from broker.census.words import (
    CENSUS,
    Compared,
    differing_absences,
    receipt_words,
    said,
    shown_to,
)
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
from broker.working_time import day_ends, london_day
from schemas.census import Census

COMPARE = "compare-census"
_EVENING_SECONDS = 7200
WATCHED = timedelta(days=92)  # a quarter: until then it is compared again while it is unsettled


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
    first = one.parts[1].number if one.is_complete else 0
    steps = [_to_compare(one, arrival.now, first)] if one.is_complete and not outdated else []
    book.apply(
        Decision(
            contents=(record, receipt),
            posts=(kept, post),
            duties=(*(duty for duty, _ in done), *steps),
            events=tuple(event for _, event in done),
        )
    )


def _to_compare(one: List, now: datetime, number: int) -> Duty:
    return Duty(
        id=derived("duty", COMPARE, one.id),
        name=COMPARE,
        owed_by=OPERATIONS,
        because=CENSUS,
        basis="local",
        met_by=(),
        message=number,
        opened_at=now,
        exercise=one.exercise,
        ends_with_absence=False,
        starts_at=now,
        due_at=now,
        next_at=now,
        occasion=str(one.id),
    )


def compare_census(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """
    Compare one census with the ledger, and tell both sides; none that was replaced since.

    While something is to be settled it is compared again late each London evening, for so
    long as somebody owes it; then only what has changed is told.
    """
    one = book.censuses.find(UUID(duty.occasion))
    if one is None or one.replaced_by is not None:
        done, event = excused(duty, moment.now, "replaced")
        book.apply(Decision(duties=(done,), events=(event,)))
        return
    agency = rules.directory.today(one.agency)
    gathering = Gathering(book.connection, one, agency, rules.keys)
    sides = gathering.sides()
    whole = compare(one.agency, sides.listed, sides.absences, sides.explained)
    earlier = book.censuses.earlier(one)
    told = gathering.told_already()
    before = dict.fromkeys((*gathering.told_of(earlier), *(address for address, _ in told)))
    compared = Compared(
        list=one,
        whole=whole,
        known_to=gathering.known_to(differing_absences(whole)),
        replaced=earlier[-1] if earlier else None,
        told_before=tuple(before),
        told=tuple(told),
    )
    shown = shown_to(compared, rules.directory)
    unsettled = [address for address, part in shown.items() if part.unsettled]
    owed = settling.follow(one, unsettled, book.settling(one), moment, rules)
    settle_by = {each.owed_by: each.due_at for each in owed.duties if each.due_at and each.standing}
    contents, posts = said(compared, shown, settle_by, CENSUS, moment, rules.directory)
    book.censuses.compared(one.id, whole)
    done, event = met(duty, duty.starts_at or moment.now, moment.now, OPERATIONS)
    book.apply(
        Decision(contents=tuple(contents), posts=tuple(posts), duties=(done,), events=(event,))
    )
    book.apply(owed)
    if any(each.standing for each in book.settling(one)) and _is_watched(one, moment):
        book.apply(Decision(duties=(_again(one, moment),)))


def _is_watched(one: List, moment: Moment) -> bool:
    return one.complete_at is None or moment.now - one.complete_at < WATCHED


def _again(one: List, moment: Moment) -> Duty:
    """
    The same step late in the London evening, before what is due that day is late.

    Each list has its own second in two hours, so that no two hundred of them hold up a report.
    """
    before_midnight = timedelta(seconds=60 + one.id.int % _EVENING_SECONDS)
    today = london_day(moment.now)
    evenings = (day_ends(day) - before_midnight for day in (today, today + timedelta(days=1)))
    at = next(evening for evening in evenings if evening > moment.now)
    first = _to_compare(one, moment.now, one.parts[1].number)
    id = derived("duty", COMPARE, one.id, at.isoformat())
    return replace(first, id=id, starts_at=at, due_at=at, next_at=at)
