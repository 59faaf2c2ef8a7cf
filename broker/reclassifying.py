"""
An absence that goes on too long turns into one of a missing child, where a policy says so.

Homeward says it with a `missing.update` of its own, at the moment the policy names, and takes it
back when it turns out that the child was back by then. It is compared with what was said before
after every message, so that it comes out the same in whatever order they arrive.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from broker.deciding import decide
from broker.decision import OPERATIONS, Arrival, Decision, Moment, Picture, Rulebook
from broker.duties import Duty, met
from broker.episode import CaseKind, Episode, Fact, State, case_kind, standing, state_of
from broker.keys import derived
from broker.ledger.book import Book
from broker.looks import keep, look
from broker.placements.firsts import missing_beside
from broker.placements.placement import placements_of
from broker.policy.model import Policy, Reclassification
from broker.policy.wording import length_of
from broker.recognition import Recognition
from broker.thresholds.applying import policy_of
from broker.thresholds.counted import Absence
from broker.thresholds.counting import holds
from schemas.codec import encode, fingerprint
from schemas.message import BROKER, Action, ChildMessage
from schemas.missing import Category, MissingNotification, MissingUpdate

RECLASSIFY = "reclassify-absence"  # Homeward's own duty
_MISSING = ("missing", "unrecognised")


@dataclass(frozen=True, slots=True)
class Turn:
    """That an absence turns into one of a missing child, when and by what of the policy."""

    at: datetime
    by: Reclassification


def follow(children: Iterable[UUID], moment: Moment, book: Book, rules: Rulebook) -> None:
    """Bring what was re-classified in line with the absences of these children."""
    if not rules.policies.reclassify:
        return
    for child in dict.fromkeys(children):
        for episode in book.episodes_of(child):
            if case_kind(episode) is CaseKind.absence and book.may_owe(episode.id):
                _settle(episode, moment, book, rules)


def reclassify_now(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """The moment has come."""
    done, event = met(duty, moment.now, moment.now, OPERATIONS)
    book.apply(Decision(duties=(done,), events=(event,)))
    if duty.child is not None:
        follow([duty.child], moment, book, rules)


def _settle(episode: Episode, moment: Moment, book: Book, rules: Rulebook) -> None:
    said = _said(episode)
    turn = _turn(episode, book, rules)
    due = turn is not None and turn.at <= moment.now
    if due and said is None and _as_agencies_say(episode).category not in _MISSING:
        assert turn is not None
        _decide(_update(episode, turn, moment, book), episode, moment, book, rules)
    elif said is not None and not due:
        before = book.read(said.number)
        if isinstance(before, MissingUpdate):
            _decide(_taken_back(before, said, moment), episode, moment, book, rules)
    _look_later(episode, None if due else turn, moment, book)


def _said(episode: Episode) -> Fact | None:
    """What Homeward has said, and not taken back."""
    return next(filter(_is_own, standing(episode.facts)), None)


def _is_own(fact: Fact) -> bool:
    return fact.sender == BROKER and fact.kind == MissingUpdate.KIND


def _as_agencies_say(episode: Episode) -> State:
    return state_of(fact for fact in episode.facts if fact.sender != BROKER)


def _turn(episode: Episode, book: Book, rules: Rulebook) -> Turn | None:
    absence = book.absence(episode)
    if absence is None:
        return None
    return turn_of(absence, _as_agencies_say(episode), policy_of(absence, rules))


def turn_of(absence: Absence, state: State, policy: Policy) -> Turn | None:
    """
    When an absence turns, if it lasts until then; None: it never will, or did not last.

    `state` is what agencies say of it, without what Homeward said itself.
    """
    for one in policy.reclassify:
        turns = one.categories | set(_MISSING)  # what is missing since stays so
        if state.category in turns and holds(one, absence):
            at = absence.started_at + one.after
            lasts = state.ended_at is None or state.ended_at > at
            return Turn(at, one) if lasts else None
    return None


# -- saying it


def _update(episode: Episode, turn: Turn, moment: Moment, book: Book) -> MissingUpdate:
    revision = sum(map(_is_own, episode.facts))
    report = _report(episode, book)
    return MissingUpdate(
        message_id=derived("reclassified", episode.id, revision),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=turn.at,
        sent_at=moment.now,
        exercise=episode.exercise,
        child=report.child,
        episode=str(episode.id),
        reason=_reason(turn.by),
        category=Category.missing,
    )


def _reason(by: Reclassification) -> str:
    when = f"after {length_of(by.after)}" if by.after > timedelta(0) else "at once"
    return (
        f"Counted as missing {when} by the local policy {by.id}@{by.version}; Homeward "
        "classified it so, and no person did."
    )


def _report(episode: Episode, book: Book) -> ChildMessage:
    """The newest report, by which the child is named."""
    for fact in reversed(standing(episode.facts)):
        said = book.read(fact.number) if fact.kind == MissingNotification.KIND else None
        if isinstance(said, ChildMessage):
            return said
    raise LookupError("an absence that turns has a report")


def _taken_back(before: MissingUpdate, said: Fact, moment: Moment) -> MissingUpdate:
    return before.model_copy(
        update={
            "message_id": derived("reclassified", said.message_id, "taken back"),
            "action": Action.cancel,
            "replaces": before.message_id,
            "sent_at": moment.now,
        }
    )


def _decide(
    message: MissingUpdate, episode: Episode, moment: Moment, book: Book, rules: Rulebook
) -> None:
    number = book.number()
    others = [each for each in book.episodes_of(episode.child) if each.id != episode.id]
    starts = [each.state.started_at for each in others]
    picture = Picture(
        recognition=Recognition(episode.child, False, ()),
        episode=episode,
        duties=book.duties_of(episode.id),
        starts=tuple(start for start in starts if start),
        placements=placements_of(others),
        missing=missing_beside(episode, others, rules),
        had_it=book.who_had(BROKER, message.replaces) if message.replaces else {},
        profiles=book.profiles_of(episode.child),
        read=book.read,
    )
    decision = decide(picture, Arrival(moment.now, moment.contents, number, message), rules)
    book.apply(decision)
    value = encode(message)
    book.accept(number, message, value, fingerprint(value), decision.episode, None, episode.child)


# -- looking again


def _look_later(episode: Episode, turn: Turn | None, moment: Moment, book: Book) -> None:
    """Look when its time comes, unless the child is back before."""
    wanted = _looking(episode, turn, moment.now) if turn else None
    keep(RECLASSIFY, wanted, episode, moment.now, book)


def _looking(episode: Episode, turn: Turn, now: datetime) -> Duty | None:
    if _as_agencies_say(episode).ended_at is not None:
        return None
    because = f"{turn.by.id}@{turn.by.version}"
    return look(RECLASSIFY, episode, turn.at, now, because=because, basis=turn.by.basis.value)
