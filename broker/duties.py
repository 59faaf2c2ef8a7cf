"""What an agency owes because of a message, by when, and what becomes of it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.episode import Fact, State
from broker.policy.model import Clock, Start
from broker.working_time import add_days, add_working_days
from schemas.message import Message

_OF_PLACEMENTS = (Start.placed, Start.ends, Start.came, Start.left)
_LEAST = timedelta(microseconds=1)  # what is due before a moment is due this much earlier

UNSENT_LIMIT = timedelta(minutes=5)  # what is not sent by then climbs at once

STANDING = ("open", "late")


@dataclass(frozen=True, slots=True)
class Rung:
    """One address a late duty climbs to, so long after it was due; silently, or by its cover."""

    after: timedelta
    address: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Duty:
    """
    One thing owed by one address.

    `asked` are further addresses that were asked for the same, by a climb or by `not-ours`: their
    answer meets it too. `next_at` is when the timekeeper looks at it; None: never again.
    """

    id: UUID
    name: str
    owed_by: str
    because: str
    basis: str
    met_by: tuple[str, ...]
    message: int
    opened_at: datetime
    episode: UUID | None = None
    child: UUID | None = None
    delivery: UUID | None = None
    exercise: bool = False
    ends_with_absence: bool = True
    state: str = "open"
    within: timedelta | None = None
    working_days: int | None = None
    not_before: datetime | None = None
    starts_at: datetime | None = None
    due_at: datetime | None = None
    rungs: tuple[Rung, ...] = ()
    asked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    put_off: bool = False
    rung: int = 0
    next_at: datetime | None = None
    our_fault: bool = False
    settled_at: datetime | None = None
    settled_by: str = ""  # the message id of the fact that settled it
    settled_why: str = ""
    occasion: str = ""  # what tells it from others of its name: a stated time, a message id
    until_18: bool = False
    late_on_arrival: bool = False
    working_due_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same duty of one absence, however often it is read off the facts."""
        return self.name, self.owed_by, self.occasion

    @property
    def ladder_from(self) -> datetime | None:
        """What the rungs are counted from: what was late on arrival gets the same time again."""
        return self.working_due_at or self.due_at

    @property
    def standing(self) -> bool:
        return self.state in STANDING


@dataclass(frozen=True, slots=True)
class DutyEvent:
    """One thing that happened to a duty; `detail` is a short code, never a narrative."""

    duty: UUID
    at: datetime
    what: str
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """When a clock started and ends, as far as that is known already."""

    starts_at: datetime | None
    due_at: datetime | None


def due(clock: Clock, state: State, fact: Fact) -> Due:
    """
    Read a clock off what is known.

    Elapsed time runs in UTC; working days end at the midnight that ends the last of them. No time
    of return recorded: no start, and no countdown is invented.
    """
    if clock.starts is Start.stated:
        return Due(fact.at, _stated(clock, state, fact))
    start = _start(clock.starts, state, fact)
    if start is None:
        return Due(None, None)
    if clock.before:
        return Due(min(fact.at, fact.heard, start), start - _LEAST)
    if clock.working_days:
        return Due(start, add_working_days(start, clock.working_days))
    if clock.days:
        return Due(start, add_days(start, clock.days))
    return Due(start, start + within(clock, state))


def _stated(clock: Clock, state: State, fact: Fact) -> datetime | None:
    names = ("review_at",) if state.category == "absent" else ("next_review_at", "next_meeting_at")
    for name in names:
        if name in fact.said:
            at: datetime = fact.said[name]
            return min(at, fact.at + clock.at_most) if clock.at_most else at
    return fact.heard + clock.within if clock.within else None


def within(clock: Clock, state: State) -> timedelta:
    """The elapsed time a clock allows: shorter while the risk is high, where it says so."""
    if clock.high and state.risk == "high":
        return clock.high
    return clock.within or timedelta(0)


def is_of_placement(start: Start) -> bool:
    """Whether a clock runs from the start or end of a placement."""
    return start in _OF_PLACEMENTS


def _of_placement(start: Start, state: State, fact: Fact) -> datetime | None:
    begins, ends = fact.said.get("starts_at"), fact.said.get("ends_at")
    if start is Start.placed:  # whoever is known to be there has been placed
        here = state.here_since
        return min(begins, here) if begins and here else begins
    if start is Start.ends:
        return ends
    return (state.arrived_at or begins) if start is Start.came else (state.left_at or ends)


def _start(start: Start, state: State, fact: Fact) -> datetime | None:
    if start in _OF_PLACEMENTS:
        return _of_placement(start, state, fact)
    if start is Start.occurred:
        return fact.at
    if start is Start.began:
        return state.started_at or fact.at
    if start is Start.returned:
        return _sure(state, "returned") or _sure(state, "closed")
    if start is Start.found:
        return _sure(state, "found") or _sure(state, "returned") or _sure(state, "closed")
    return fact.heard


def _sure(state: State, stage: str) -> datetime | None:
    at: datetime | None = getattr(state, f"{stage}_at")
    return None if stage in state.unsure else at


def met(
    duty: Duty, at: datetime, now: datetime, by: str, because_of: str = ""
) -> tuple[Duty, DutyEvent]:
    """
    The duty was fulfilled at `at`; late if that lies after its due time.

    `because_of` is the message id of the fact that did: when that is taken back, so is this.
    """
    late = duty.due_at is not None and at > duty.due_at
    state = "met-late" if late else "met"
    return _settle(duty, state, now, by, "", because_of)


def excused(duty: Duty, now: datetime, reason: str, because_of: str = "") -> tuple[Duty, DutyEvent]:
    """Nobody needs it any more: cancelled while in time, excused once it was late."""
    state = "cancelled" if duty.state == "open" else "excused"
    return _settle(duty, state, now, "", reason, because_of)


def _settle(
    duty: Duty, state: str, now: datetime, by: str, reason: str = "", because_of: str = ""
) -> tuple[Duty, DutyEvent]:
    settled = replace(
        duty,
        state=state,
        settled_at=now,
        next_at=None,
        settled_by=because_of,
        settled_why=reason,
    )
    return settled, DutyEvent(duty.id, now, state, by, reason)


def shows_acting(duty: Duty, message: Message) -> bool:
    """An agency that reports on the absence itself shows by that that it is acting."""
    own = message.sender == duty.owed_by.partition("/")[0]
    return own and duty.name == "answer" and "acting" in duty.met_by


def fits(token: str, fact: Fact) -> bool:
    """
    Whether a fact is what a token names: `kind`, `kind:field` or `kind:field=value`.

    Several conditions are joined by `&`: all of them must hold.
    """
    kind, _, conditions = token.partition(":")
    if kind != fact.kind:
        return False
    return all(_holds(condition, fact) for condition in conditions.split("&") if condition)


# A token names a field of the message; a fact may keep it under a shorter name.
_KEPT_AS = {"responsible_authority": "responsible"}


def _holds(condition: str, fact: Fact) -> bool:
    name, _, value = condition.partition("=")
    name = _KEPT_AS.get(name, name)
    if name not in fact.said:
        return False
    stated = fact.said[name]
    if isinstance(stated, list):
        return not value or value in stated
    text = str(stated).lower() if isinstance(stated, bool) else str(stated)
    return not value or text == value


def restarted(duty: Duty, clock: Due, now: datetime) -> Duty:
    """The duty under a clock that is known better now; steps that were taken stay taken."""
    if clock.starts_at is None or (duty.starts_at, duty.due_at) == (clock.starts_at, clock.due_at):
        return duty
    changed = replace(duty, starts_at=clock.starts_at, due_at=clock.due_at)
    if duty.rung or duty.put_off:
        return changed
    early = clock.due_at is not None and clock.due_at > now
    return replace(changed, next_at=clock.due_at, state="open" if early else duty.state)


def asked_of(duty: Duty, address: str) -> bool:
    """Whether an answer from this address counts: it owes it, its agency does, or it was asked."""
    agency = address.partition("/")[0]
    return agency == duty.owed_by.partition("/")[0] or address in duty.asked


def climbing(duty: Duty) -> Rung | None:
    """The rung the duty climbs next."""
    return duty.rungs[duty.rung] if duty.rung < len(duty.rungs) else None


def spaced(duty: Duty, fired: int, now: datetime) -> datetime | None:
    """
    When the next rung is due, after `fired` rungs.

    Steps keep their spacing after an outage: the next rung is never nearer to now than the policy
    put it to the one before. What was never sent has no due time, and climbs on in this spacing.
    """
    if fired >= len(duty.rungs):
        return None
    rung = duty.rungs[fired]
    gap = rung.after - (duty.rungs[fired - 1].after if fired else timedelta(0))
    start = duty.ladder_from
    return max(start + rung.after, now + gap) if start else now + gap
