"""What an agency owes because of a message, by when, and what becomes of it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.episode import Fact, State
from broker.policy.model import Clock, Start
from broker.working_time import add_working_days
from schemas.message import Message

UNSENT_LIMIT = timedelta(minutes=5)  # what is not sent by then climbs at once

STANDING = ("open", "late")


@dataclass(frozen=True, slots=True)
class Rung:
    """One address a late duty climbs to, so long after it was due."""

    after: timedelta
    address: str


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


def due(clock: Clock, state: State, occurred_at: datetime, now: datetime) -> Due:
    """
    Read a clock off what is known.

    Elapsed time runs in UTC; working days end at the midnight that ends the last of them. No time
    of return recorded: no start, and no countdown is invented.
    """
    if clock.starts is Start.stated:
        stated = state.review_at if state.category == "absent" else state.next_review_at
        return Due(now, stated or (now + clock.within if clock.within else None))
    start = _start(clock.starts, state, occurred_at, now)
    if start is None:
        return Due(None, None)
    if clock.working_days:
        return Due(start, add_working_days(start, clock.working_days))
    return Due(start, start + within(clock, state))


def within(clock: Clock, state: State) -> timedelta:
    """The elapsed time a clock allows: shorter while the risk is high, where it says so."""
    if clock.high and state.risk == "high":
        return clock.high
    return clock.within or timedelta(0)


def _start(start: Start, state: State, occurred_at: datetime, now: datetime) -> datetime | None:
    if start is Start.occurred:
        return occurred_at
    if start is Start.returned:
        return _sure(state, "returned")
    if start is Start.found:
        return _sure(state, "found") or _sure(state, "returned") or _sure(state, "closed")
    return now


def _sure(state: State, stage: str) -> datetime | None:
    at: datetime | None = getattr(state, f"{stage}_at")
    return None if stage in state.unsure else at


def met(duty: Duty, at: datetime, now: datetime, by: str) -> tuple[Duty, DutyEvent]:
    """The duty was fulfilled at `at`; late if that lies after its due time."""
    late = duty.due_at is not None and at > duty.due_at
    state = "met-late" if late else "met"
    return _settle(duty, state, now, by)


def excused(duty: Duty, now: datetime, reason: str) -> tuple[Duty, DutyEvent]:
    """Nobody needs it any more: cancelled while in time, excused once it was late."""
    state = "cancelled" if duty.state == "open" else "excused"
    return _settle(duty, state, now, "", reason)


def _settle(
    duty: Duty, state: str, now: datetime, by: str, reason: str = ""
) -> tuple[Duty, DutyEvent]:
    settled = replace(duty, state=state, settled_at=now, next_at=None)
    return settled, DutyEvent(duty.id, now, state, by, reason)


def is_met_by(duty: Duty, message: Message) -> bool:
    """
    Whether a message fulfils the duty: `kind`, `kind:field` or `kind:field=value`.

    An agency that reports on the absence itself shows by that that it is acting.
    """
    if "acting" in duty.met_by and duty.name == "answer" and _is_from_owner(duty, message):
        return True
    return any(_fits(token, message) for token in duty.met_by)


def _is_from_owner(duty: Duty, message: Message) -> bool:
    return message.sender == duty.owed_by.partition("/")[0]


def _fits(token: str, message: Message) -> bool:
    kind, _, condition = token.partition(":")
    if kind != message.KIND:
        return False
    if not condition:
        return True
    path, _, value = condition.partition("=")
    stated: object = message
    for field in path.split("."):
        stated = getattr(stated, field, None)
    return str(stated) == value if value else stated is not None


def was_met_by(duty: Duty, fact: Fact) -> bool:
    """Whether something heard before the duty was opened fulfils it already."""
    for token in duty.met_by:
        kind, _, condition = token.partition(":")
        name, _, value = condition.partition("=")
        if kind == fact.kind and (not name or name in fact.said):
            if not value or fact.said[name] == value:
                return True
    return False


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
    return max(duty.due_at + rung.after, now + gap) if duty.due_at else now + gap
