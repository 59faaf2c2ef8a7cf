"""
Who may read what is kept ready of a child, at any hour, and what they are told with it.

That it may be out of date is said with it: an absence since makes a plan stale until it was looked
at again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from broker.decision import Arrival, Decision, Kept, Post, Rulebook, inbox
from broker.directory import Directory
from broker.episode import CaseKind, Episode, case_kind
from broker.errors import NotYourChild
from broker.keys import derived
from broker.ledger.book import Book
from broker.notices import recorded, short_receipt
from broker.working_time import local
from schemas.profile import ProfileRequest

ASKED = "asked"


def give(
    message: ProfileRequest, child: UUID, arrival: Arrival, book: Book, rules: Rulebook
) -> None:
    """
    Send what is kept of a child to whoever asks and may have it; each reading is on record.

    Whether the child is not known or is none of theirs, the refusal is the same.
    """
    cases = book.episodes_of(child)
    if message.sender not in _may_read(cases, rules.directory):
        raise NotYourChild(
            "no child is known by this whom you look after, or who lives or was last missing in "
            "your area: ask the council that looks after the child",
            "child",
        )
    kept = book.profiles_of(child)
    content, post = recorded(message, arrival, child)
    short = short_receipt(message, _words(kept, cases), arrival)
    posts = [
        replace(_post(one, message, arrival), child=child, episode=_latest(cases)) for one in kept
    ]
    book.apply(Decision(contents=(content, short[0]), posts=(post, *posts, short[1])))


def _may_read(cases: Iterable[Episode], directory: Directory) -> set[str]:
    """The councils of the child, those of where it lives or was missing from, and their forces."""
    councils: set[str] = set()
    for case in cases:
        state = case.state
        if not state.cancelled:
            named = (*state.leads, state.host, state.lives_in, state.place)
            councils |= {directory.today(one) for one in named if one}
    forces = {force for one in councils if (force := directory.police_for(one))}
    return councils | forces


def _stale(cases: Iterable[Episode], newest: datetime) -> str:
    """What happened since the newest was written, so that it may not hold any more."""
    absences = (case.state for case in cases if case_kind(case) is CaseKind.absence)
    heard = [one for one in absences if one.heard and not one.cancelled]
    going_on = [one.started_at for one in heard if one.started_at and not one.ended_at]
    if going_on:
        return f" Stale: an absence since {local(max(going_on))} goes on."
    over = max((one.ended_at for one in heard if one.ended_at), default=newest)
    return f" Stale: an absence since, over {local(over)}." if over > newest else ""


def _words(kept: tuple[Kept, ...], cases: Iterable[Episode]) -> str:
    if not kept:
        return "Nothing is kept ready of this child."
    newest = max(one.obtained_at for one in kept)
    sent = "1 is sent, written" if len(kept) == 1 else f"{len(kept)} are sent, the newest written"
    return f"{sent} {local(newest)}.{_stale(cases, newest)}"


def _latest(cases: Iterable[Episode]) -> UUID | None:
    """The absence that it is most likely read for, so that its timeline shows the reading."""
    absences = [case for case in cases if case_kind(case) is CaseKind.absence]
    heard = [case for case in absences if case.state.heard and not case.state.cancelled]
    return max(heard, key=lambda case: case.state.started_at or _EVER).id if heard else None


_EVER = datetime.min.replace(tzinfo=UTC)


def _post(one: Kept, message: ProfileRequest, arrival: Arrival) -> Post:
    return Post(
        id=derived("asked", message.sender, message.message_id, one.sender, one.message_id),
        content=one.content,
        destination=inbox(message.sender),
        address=message.from_address,
        because=ASKED,
        message=arrival.number,
        exercise=message.exercise,
    )
