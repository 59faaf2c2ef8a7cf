"""
Who may read what is kept ready of a child, at any hour, and what they are told with it.

That it may be out of date is said with it: an absence since makes a plan stale until it was looked
at again.
"""

from collections.abc import Iterable
from datetime import datetime
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
    short = short_receipt(message, _words(kept, _ended(cases)), arrival)
    posts = [_post(one, child, message, arrival) for one in kept]
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


def _ended(cases: Iterable[Episode]) -> list[datetime]:
    """When each absence of a missing child was over, or began if it goes on."""
    absences = (case.state for case in cases if case_kind(case) is CaseKind.absence)
    heard = (state for state in absences if state.heard and not state.cancelled)
    ends = (state.ended_at or state.started_at for state in heard)
    return [at for at in ends if at]


def _words(kept: tuple[Kept, ...], absences: list[datetime]) -> str:
    if not kept:
        return "Nothing is kept ready of this child."
    newest = max(one.obtained_at for one in kept)
    words = f"{len(kept)} sent, the newest of {local(newest)}."
    since = max((at for at in absences if at > newest), default=None)
    return f"{words} Stale: an absence since, until {local(since)}." if since else words


def _post(one: Kept, child: UUID, message: ProfileRequest, arrival: Arrival) -> Post:
    return Post(
        id=derived("asked", message.sender, message.message_id, one.sender, one.message_id),
        content=one.content,
        destination=inbox(message.sender),
        address=message.from_address,
        because=ASKED,
        message=arrival.number,
        child=child,
        exercise=message.exercise,
    )
