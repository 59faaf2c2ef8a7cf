"""Worlds that reports are made of: absences in real messages, played through the decider."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from broker.ledger import agencies
from schemas.casework import MeetingOutcome, Referral
from schemas.census import Census, CensusEntry
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.message import Message
from tests import examples
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, envelope
from tests.scenarios.play import Play
from tests.scenarios.thresholds import at

DESKS = {
    "police": "missing-unit",
    "la": "social-work",
    "provider": "home-manager",
    "service": "return-interviews",
    "hub": "screening",
}


def young(name: str, born: str = "2012-03-04", by: str = STAFFORDSHIRE, **changes: Any) -> Child:
    """A made-up child, known by a council's number."""
    references = (Reference(holder=by, scheme=Scheme.la_person_id, value=f"P-{name}"),)
    said = {"given_name": f"Made-up {name}", "family_name": "Example", "birth_date": born}
    return Child(**{"references": references} | said | changes)


def gone(
    child: Child,
    starts: str,
    back: str | None = "",
    *,
    area: str = STAFFORDSHIRE,
    home: str | None = None,
    placed_by: str | None = None,
    sender: str = STAFFORDSHIRE_POLICE,
    hours: float = 8,
    found: Place | None = None,
    **changes: Any,
) -> list[Message]:
    """
    One absence, from its report to its end: `back` is a London time, None while it goes on.

    The child lives with family in the area, or in a home there, placed by a council.
    """
    start = at(starts)
    said = examples.notification(
        start,
        **{
            "sender": sender,
            "child": child,
            "last_seen_at": start,
            "place": Place(authority=area),
            "lives": Residence(authority=area, home=home),
            "care_status": "looked-after" if placed_by else "not-looked-after",
            "responsible_authority": placed_by,
            "episode": f"{child.references[0].value} {starts}",
            "police_report": None,
        }
        | changes,
    )
    if back is None:
        return [said]
    ends = at(back) if back else start + timedelta(hours=hours)
    end: list[Message] = [examples.returned(said, at=ends)]
    if found:
        end.insert(0, examples.returned(said, at=ends, stage="found", place=found))
    return [said, *end]


def times(child: Child, days: Iterable[str], clock: str = "20:00", **how: Any) -> list[Message]:
    """Several absences of one child, on these days."""
    return [one for day in days for one in gone(child, f"{day} {clock}", **how)]


def checked(of: Message, when: str, **changes: Any) -> Message:
    """The police have seen the child, or say why not."""
    return examples.checked(of, at=at(when), **{"episode": of.episode} | changes)


def interviewed(of: Message, stage: str, when: str, **changes: Any) -> Message:
    """One step of the return interview of an absence."""
    said = {"episode": of.episode, "sender": STAFFORDSHIRE} | changes
    return examples.interview(of, stage, at=at(when), **said)


def referred(child: Child, service: str, stage: str, when: str, **changes: Any) -> Referral:
    """A referral to a service, or what the service says of it."""
    sender = changes.pop("sender", STAFFORDSHIRE if stage == "made" else service.partition("/")[0])
    desk = service.partition("/")[2] if sender == service.partition("/")[0] else "social-work"
    said = {"child": child, "to": "other", "stage": stage, "consent": "yes", "reason": "Made up"}
    named = {"service": service} if stage == "made" and service else {}
    return Referral(**envelope(sender, desk, at(when)) | said | named | changes)


def met(child: Child, when: str, by: str = STAFFORDSHIRE, **changes: Any) -> MeetingOutcome:
    """A meeting about a child was held."""
    said = {"child": child, "type": "intervention", "held": True}
    desk = DESKS[by.partition(".")[0]]
    return MeetingOutcome(**envelope(by, desk, at(when)) | said | changes)


def census(
    sender: str, first: str, last: str, *entries: CensusEntry, when: str, **changes: Any
) -> Census:
    """An agency's own list of a period; with no entry it is nil."""
    desk = {"police": "missing-unit", "la": "performance"}.get(
        sender.partition(".")[0], "home-manager"
    )
    said = {"period_from": first, "period_to": last, "nil": not entries, "entries": entries}
    return Census(**envelope(sender, desk, at(when)) | said | changes)


def entry(reference: str, starts: str, back: str | None = "", **changes: Any) -> CensusEntry:
    start = at(starts)
    ended = at(back) if back else start + timedelta(hours=8) if back == "" else None
    return CensusEntry(**{"reference": reference, "started_at": start, "ended_at": ended} | changes)


def joined(play: Play, *who: str, area: str | None = None, since: str = "2025-01-01 09:00") -> None:
    """These agencies are on the broker since then; homes and services lie in the area."""
    with play.ledger.writing() as connection:
        for agency in who:
            agencies.add(connection, agency, agency, area, {}, at(since))


def happened(play: Play, *messages: Message | Sequence[Message]) -> None:
    """All of this was said, each when it happened; nothing falls due in between."""
    each = [one for some in messages for one in (some if isinstance(some, list) else [some])]
    for message in sorted(each, key=_said_at):
        play.clock.set(max(play.clock.now(), message.sent_at))
        outcome = play.say(message)
        assert not outcome.rejected, (message.KIND, play.dead_letters())


def said(play: Play, *messages: Message | Sequence[Message]) -> None:
    """The same, heard at once and long afterwards: quick, where no clock matters."""
    each = [one for some in messages for one in (some if isinstance(some, list) else [some])]
    ordered = sorted(each, key=_said_at)
    play.clock.set(max(play.clock.now(), *(one.sent_at for one in ordered)))
    outcome = play.say(*ordered)
    assert not outcome.rejected, play.dead_letters()


def _said_at(message: Message) -> datetime:
    return message.sent_at
