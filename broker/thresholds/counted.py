"""An absence as thresholds count it: its times, and what was so of the child as it began. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from broker.episode import CaseKind, Episode, Fact, State, case_kind, standing, state_at_start
from broker.working_time import age_on, london_day
from schemas.casework import MeetingRequest, Referral

# What is kept of the state as the absence began; roles and conditions are read off it.
_KEPT = (
    "looked_after", "responsible", "lives_in", "home", "carer", "place", "district", "plan",
    "open_to_social_work", "address_protected", "of_age_at", "sex",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Absence:
    """
    One absence that was reported and not cancelled.

    `said` is what was so as it began (rule N9), in the words of a fact; beside that `police` (it
    was reported to them, whoever said so), `exploited_at` (when a risk of it was first named) and
    `asked` (by which desks a meeting was asked for, and when first).
    """

    id: UUID
    child: UUID
    started_at: datetime
    ended_at: datetime | None = None
    category: str = "missing"
    placed_with: str = ""
    exercise: bool = False
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def began(self) -> State:
        """What was so as it began."""
        return State(**{name: self.said[name] for name in _KEPT if name in self.said})

    @property
    def day(self) -> date:
        """The London day on which it began."""
        return london_day(self.started_at)

    @property
    def age(self) -> int | None:
        """The child's age in years as it began; None: no birth date is known."""
        return age_on(self.said.get("of_age_at"), self.started_at)


def counted(episode: Episode) -> Absence | None:
    """The absence as it is counted; None for what is none, was never reported or was cancelled."""
    state = episode.state
    if not state.heard or state.started_at is None or state.cancelled:
        return None
    if case_kind(episode) is not CaseKind.absence:
        return None
    began = state_at_start(episode)
    said = {name: value for name in _KEPT if (value := getattr(began, name))}
    if state.of_age_at:
        said["of_age_at"] = state.of_age_at
    if state.police_report == "made":
        said["police"] = True
    if state.exploitation:
        facts = standing(episode.facts)
        first = min(fact.at for fact in facts if "exploitation" in fact.said)
        said["exploited_at"] = max(first, state.started_at)
    if asked := asked_for(episode.facts):
        said["asked"] = asked
    return Absence(
        id=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        started_at=state.started_at,
        ended_at=state.ended_at,
        category=state.category,
        placed_with=began.placed_with,
        said=said,
    )


# What a partner asks for out of concern: no review that is held anyway, and no course.
_MEETINGS = ("intervention", "missing", "strategy", "multi-agency-group")
_GROUP = "multi-agency-group"


def asked_for(facts: Iterable[Fact]) -> dict[str, str]:
    """The desks that asked for a meeting about the child, or referred it to a group, each once."""
    found: dict[str, str] = {}
    for fact in standing(facts):
        meeting = fact.kind == MeetingRequest.KIND and fact.said.get("type") in _MEETINGS
        referral = fact.kind == Referral.KIND and fact.said.get("to") == _GROUP
        if meeting or (referral and fact.said.get("stage") == "made"):
            found.setdefault(fact.address.partition("/")[2], fact.at.isoformat())
    return found


def with_asked(absences: Iterable[Absence], facts: Iterable[Fact]) -> list[Absence]:
    """The absences with what was asked apart from any: each is about the newest that had begun."""
    by_start = sorted(absences, key=lambda one: (one.started_at, one.id.int))
    more: dict[UUID, dict[str, str]] = {}
    for desk, at in asked_for(facts).items():
        begun = [one for one in by_start if one.started_at.isoformat() <= at]
        if begun:
            more.setdefault(begun[-1].id, {})[desk] = at
    return [
        replace(one, said={**one.said, "asked": {**more[one.id], **one.said.get("asked", {})}})
        if one.id in more
        else one
        for one in by_start
    ]
