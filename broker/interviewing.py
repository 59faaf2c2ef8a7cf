"""
The return interviews that a service or council has to see to: whose they are, how far each is.

One look at the ledger that changes nothing, in a fixed number of queries. No answer holds a name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, or_, select

from broker.duties import STANDING, Duty
from broker.episode import Episode, Fact, standing
from broker.ledger import tables as t
from broker.ledger.rows import duty_of, episode_of
from schemas.outcomes import InterviewStage, ReturnInterviewOutcome

OFFER, HOLD, TRY = "offer-return-interview", "hold-return-interview", "keep-trying"
_TRIED = frozenset(
    {InterviewStage.offered, InterviewStage.attempted, InterviewStage.declined}
)  # each is one attempt; who accepts was offered it


@dataclass(frozen=True, slots=True)
class Interview:
    """
    One absence whose return interview is owed still.

    `offer_by` is None once it was offered. `tried_until`: for how long attempts go on, where local
    policy says so. `not_independent`: it was held, by somebody who is in the child's care, and so
    counts for nothing. `together` are further absences of the child that one interview may cover
    (`also_covers`).
    """

    child: str
    episode: UUID
    returned_at: datetime | None
    held_by: str
    stage: str
    attempts: int
    offer_by: datetime | None
    hold_by: datetime | None
    tried_until: datetime | None
    late: bool
    not_independent: bool
    together: tuple[UUID, ...]
    exercise: bool


def interviews(
    connection: Connection, agency: str, pseudonym: Callable[[UUID, str], str]
) -> list[Interview]:
    """What this agency's desk owes, and of a council also what others owe for its children."""
    d, e = t.duty.c, t.episode.c
    query = (
        select(t.duty)
        .join(t.episode, e.id == d.episode)
        .where(d.name.in_((OFFER, HOLD, TRY)), d.state.in_(STANDING))
        .where(or_(d.owed_by.startswith(f"{agency}/", autoescape=True), e.lead == agency))
    )
    owed: dict[UUID, dict[str, Duty]] = {}
    for duty in map(duty_of, connection.execute(query)):
        assert duty.episode is not None
        owed.setdefault(duty.episode, {})[duty.name] = duty
    rows = connection.execute(select(t.episode).where(e.id.in_(list(owed)))).all()
    cases = [episode_of(row) for row in rows]
    of_child: dict[UUID, list[UUID]] = {}
    for case in cases:
        of_child.setdefault(case.child, []).append(case.id)
    found = [
        _interview(case, owed[case.id], of_child[case.child], pseudonym(case.child, agency))
        for case in cases
    ]
    return sorted(found, key=_first_due)


def _interview(
    case: Episode, owed: Mapping[str, Duty], waiting: Iterable[UUID], child: str
) -> Interview:
    said = [f for f in standing(case.facts) if f.kind == ReturnInterviewOutcome.KIND]
    one = next(iter(owed.values()))
    return Interview(
        child=child,
        episode=case.id,
        returned_at=case.state.returned_at or case.state.closed_at,
        held_by=one.owed_by,
        stage=str(said[-1].said["stage"]) if said else "",
        attempts=sum(_is_attempt(fact) for fact in said),
        offer_by=_due(owed, OFFER),
        hold_by=_due(owed, HOLD),
        tried_until=_due(owed, TRY),
        late=any(duty.state == "late" for duty in owed.values()),
        not_independent=any(
            f.said["stage"] == InterviewStage.held and not f.said.get("independent") for f in said
        ),
        together=tuple(sorted((id for id in waiting if id != case.id), key=str)),
        exercise=case.exercise,
    )


def _is_attempt(fact: Fact) -> bool:
    return fact.said["stage"] in _TRIED


def _due(owed: Mapping[str, Duty], name: str) -> datetime | None:
    return owed[name].due_at if name in owed else None


def _first_due(one: Interview) -> tuple[bool, Any, str]:
    each = [at for at in (one.offer_by, one.hold_by, one.tried_until) if at]
    return not each, min(each, default=None), str(one.episode)
