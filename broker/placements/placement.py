"""
One placement of one child: what was said of it, what that adds up to, and what else it bears on.

A placement is kept like an absence: facts that are never overwritten, read off in the order in
which things happened. Where the child is placed is known in the child's absences too, and the next
placement ends the one before: such facts stand beside a case's own, and are read off anew each
time, so that they follow every correction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from broker.directory import Directory
from broker.episode import Episode, Fact, is_file, is_placement, is_threshold, standing
from schemas.placement import (
    ArrivalStage,
    PlacementArrival,
    PlacementNotice,
    PlacementStage,
)

# Notice and arrival of one placement may name days that differ, as plans do.
SAME_START = timedelta(days=14)

PLANNED, CURRENT, ENDED, CANCELLED = "planned", "current", "ended", "cancelled"

_BEGINS = (PlacementStage.planned, PlacementStage.emergency)
_STAYS = (PlacementStage.change, PlacementStage.ending, PlacementStage.ended)
_ENDS = (PlacementStage.ending, PlacementStage.ended)


@dataclass(frozen=True, slots=True)
class Placement:
    """What the facts of one placement add up to. Agencies are ids; empty means not known."""

    id: UUID
    child: UUID
    exercise: bool
    responsible: str
    host: str
    home: str
    carer: str
    starts_at: datetime
    start_stated: bool  # no: only that the child left was heard, so it began at some time before
    stated_end: datetime | None
    noticed: bool
    arrived: bool
    cancelled: bool
    protected: bool
    looked_after: bool
    care_review: str
    school: str
    said_by: Fact  # the last word on where the child lives
    ended_by: Fact | None
    moved_at: datetime | None = None  # when the next placement started
    iro_stated: bool = False
    contact_stated: bool = False
    risk: str = "not-stated"
    may_go_missing: str = ""
    assessed_at: datetime | None = None  # when the council last said what risk it knows of
    type: str = ""  # as the codes of the SSDA903 return have it
    provider: str = ""

    @property
    def ends_at(self) -> datetime | None:
        """When it ended or is to end: as it was stated, or as the next one started."""
        ends = [at for at in (self.stated_end, self.moved_at) if at]
        return min(ends, default=None)

    @property
    def moved(self) -> bool:
        return self.moved_at is not None and self.ends_at == self.moved_at

    @property
    def was_left(self) -> bool:
        """Whether only the home says that it ended: the council has said nothing of it yet."""
        by_home = self.ended_by is not None and self.ended_by.kind == PlacementArrival.KIND
        return self.noticed and not self.cancelled and by_home and not self.moved

    def state(self, now: datetime) -> str:
        if self.cancelled:
            return CANCELLED
        if self.ends_at is not None and self.ends_at <= now:
            return ENDED
        return CURRENT if self.starts_at <= now or self.arrived else PLANNED

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether it was in force at any time between."""
        if self.cancelled or self.starts_at > end:
            return False
        return self.ends_at is None or self.ends_at > start


def placement_of(episode: Episode) -> Placement | None:
    """Read a placement off its facts; None for a case that is no placement."""
    if not is_placement(episode):
        return None
    own = [fact for fact in episode.facts if not fact.beside]
    valid = standing(own)
    said = valid or standing(replace(fact, cancels=False, replaces="") for fact in own)
    starts_at = _starts(said)
    if starts_at is None:
        return None
    notices = [fact for fact in said if fact.kind == PlacementNotice.KIND]
    ended_by = _ended_by(said)
    state = episode.state
    known = _known(said)
    moved = [fact.said["ends_at"] for fact in episode.facts if fact.said.get("moved_on")]
    assessed = [f for f in notices if f.said.get("risk_named", "not-stated") != "not-stated"]
    return Placement(
        id=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        responsible=known.get("responsible", ""),
        host=known.get("lives_in", ""),
        home=known.get("home", "").removeprefix("-"),
        carer=known.get("carer", "").removeprefix("-"),
        starts_at=starts_at,
        start_stated=any("starts_at" in fact.said for fact in said),
        stated_end=ended_by.said["ends_at"] if ended_by else None,
        noticed=bool(notices) and bool(valid),
        arrived=state.arrived_at is not None,
        cancelled=not valid,
        protected=state.address_protected,
        looked_after=bool(known.get("looked_after")),
        care_review=known.get("care_review", ""),
        school=known.get("school", ""),
        said_by=(notices or said)[-1],
        ended_by=ended_by,
        moved_at=min(moved, default=None),
        iro_stated=bool(known.get("iro_stated")),
        contact_stated=bool(known.get("contact_stated")),
        type=known.get("type", ""),
        provider=known.get("provider", ""),
        risk=assessed[-1].said["risk_named"] if assessed else "not-stated",
        may_go_missing=assessed[-1].said.get("may_go_missing", "") if assessed else "",
        assessed_at=assessed[-1].at if assessed else None,
    )


def _known(facts: Iterable[Fact]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for fact in facts:
        weaker = fact.kind == PlacementArrival.KIND  # a home does not overrule the council
        for name, value in fact.said.items():
            if not weaker or name not in known:
                known[name] = value
    return known


def _starts(facts: Sequence[Fact]) -> datetime | None:
    """The council's last word on the start; else when the home says that the child came."""
    notices = [fact for fact in facts if fact.kind == PlacementNotice.KIND]
    begun: list[datetime] = [f.said["starts_at"] for f in notices if f.said["stage"] in _BEGINS]
    if begun:
        return begun[-1]
    if notices:  # a change while the child stays names the day of the change
        return min((fact.said["starts_at"] for fact in notices), default=None)
    came: list[datetime] = [fact.said["starts_at"] for fact in facts if "starts_at" in fact.said]
    if came:
        return min(came)
    return min((fact.at for fact in facts), default=None)


def _ended_by(facts: Sequence[Fact]) -> Fact | None:
    """What says when it ends: that it has, else that the child left, else that it is to."""
    for stage in (PlacementStage.ended, ArrivalStage.discharged, PlacementStage.ending):
        said = [f for f in facts if f.said["stage"] == stage.value and "ends_at" in f.said]
        if said:
            return said[-1]
    return None


def is_same(message: PlacementNotice | PlacementArrival, it: Placement) -> bool:
    """Whether a message that quotes nothing is of this placement: the same home, about then."""
    if it.cancelled or not _is_same_place(message, it):
        return False
    if isinstance(message, PlacementNotice):
        begins = message.stage not in _STAYS
        if begins and it.stated_end is not None and message.starts_at >= it.stated_end:
            return False  # it was over then: the child comes again
        return _has_begun(message.starts_at, it, stays=message.stage in _STAYS)
    at = message.occurred_at
    if message.stage is ArrivalStage.discharged:
        open_then = it.stated_end is None or at <= it.stated_end + SAME_START
        return it.starts_at - SAME_START <= at and open_then
    if it.stated_end is not None and at >= it.stated_end:
        return False
    return _has_begun(at, it, stays=True)


def _has_begun(at: datetime, it: Placement, *, stays: bool) -> bool:
    """Whether a start is this one's, or with `stays` a time at which it went on."""
    if not it.start_stated:
        return at <= it.starts_at + SAME_START
    return abs(at - it.starts_at) <= SAME_START or (stays and _is_within(at, it))


def _is_within(at: datetime, it: Placement) -> bool:
    return it.starts_at <= at and (it.stated_end is None or at < it.stated_end)


def _is_same_place(message: PlacementNotice | PlacementArrival, it: Placement) -> bool:
    if is_strange(message, it):
        return False
    home = message.sender if isinstance(message, PlacementArrival) else message.home or ""
    if home or it.home:
        return home == it.home
    assert isinstance(message, PlacementNotice)
    if message.carer and it.carer and message.carer != it.carer:
        return False
    pairs = (message.host_authority, it.host), (message.responsible_authority, it.responsible)
    return all(_are_one(one, other) for one, other in pairs)


def is_strange(message: PlacementNotice | PlacementArrival, it: Placement) -> bool:
    """Whether this placement is another council's, or in another home than the sender's."""
    if isinstance(message, PlacementArrival):
        return it.home not in ("", message.sender)
    return it.noticed and not _are_one(message.responsible_authority, it.responsible)


# -- what stands beside


def linked(
    episode: Episode,
    placements: Sequence[Placement],
    now: datetime,
    missing: Sequence[datetime] | None = None,
) -> Episode:
    """
    The case with what the child's placements say of it, and nothing that they said before.

    `missing` is when the child went missing otherwise; None where no policy asks.
    """
    if not placements and not any(fact.beside for fact in episode.facts):
        return episode
    own = tuple(fact for fact in episode.facts if not fact.beside)
    bare = Episode(episode.id, episode.child, episode.exercise, own, episode.told)
    if is_threshold(bare):
        return episode
    if is_placement(bare):
        facts = tuple(_moved_on(bare, placements))
    elif is_file(bare):
        facts = tuple(_of_file(placements, now))
    else:
        facts = tuple(_of_absence(bare, placements, now, missing))
    if (*own, *facts) == episode.facts:
        return episode
    return Episode(episode.id, episode.child, episode.exercise, (*own, *facts), episode.told)


def _moved_on(episode: Episode, placements: Sequence[Placement]) -> Iterator[Fact]:
    """The next placement that the council gave notice of ends this one, if nothing else did."""
    mine = placement_of(episode)
    if mine is None or mine.cancelled:
        return
    later = [
        it
        for it in placements
        if it.id != mine.id
        and it.noticed
        and not it.cancelled
        and it.starts_at > mine.starts_at
        and _is_for_its_council(it, mine)
        and (mine.stated_end is None or it.starts_at < mine.stated_end)
    ]
    for it in sorted(later, key=lambda it: (it.starts_at, it.id))[:1]:
        said = {"stage": it.said_by.said["stage"], "ends_at": it.starts_at, "moved_on": True}
        yield _beside(it.said_by, it.starts_at, said)


def _is_for_its_council(it: Placement, mine: Placement) -> bool:
    """No council takes a child out of the placement that another one has told of."""
    return not mine.noticed or _are_one(it.responsible, mine.responsible)


def _are_one(council: str, other: str) -> bool:
    """Whether two codes are of one council."""
    today = Directory.shipped().today
    return today(council) == today(other)


def _of_absence(
    episode: Episode,
    placements: Sequence[Placement],
    now: datetime,
    missing: Sequence[datetime] | None,
) -> Iterator[Fact]:
    """Where the child was placed when the absence began, and every move until it ended."""
    state = episode.state
    start = state.started_at or min((fact.at for fact in episode.facts), default=now)
    end = state.ended_at or now
    at_hand = [it for it in placements if it.covers(start, end)]
    # A home's word alone takes no child out of the placement that its council has told of.
    if any(it.noticed for it in at_hand):
        at_hand = [it for it in at_hand if it.noticed]
    else:  # nor out of its council's care: whose child it is, stays known
        yield from _whose(it for it in placements if it.starts_at <= start)
    reported = {name for fact in episode.facts if not fact.beside for name in fact.said}
    for it in sorted(at_hand, key=lambda it: (it.starts_at, it.id)):
        # By a home's word alone only what no report of the absence says is known.
        told = {n: one for n, one in _where(it).items() if it.noticed or n not in reported}
        if missing is not None and it.starts_at <= start:
            told["first_here"] = not any(it.starts_at <= one < start for one in missing)
        yield _beside(it.said_by, it.starts_at, told)
        ends_at, ended_by = it.stated_end, it.ended_by
        if ends_at and ended_by and start < ends_at <= end and it.starts_at <= start:
            said: dict[str, Any] = {"placement_ended_at": ends_at}
            if not any(other.starts_at >= ends_at for other in at_hand if other.id != it.id):
                said |= {"home": "-", "carer": "-"}
            yield _beside(ended_by, ends_at, said)


def _of_file(placements: Sequence[Placement], now: datetime) -> Iterator[Fact]:
    """Whose child it is now, for what is said of a child who is not missing."""
    current = [it for it in placements if it.state(now) == CURRENT]
    last = {it.responsible: it for it in sorted(current, key=_weight)}  # of each that claims it
    noticed = [it for it in last.values() if it.noticed]
    if not noticed:
        yield from _whose(placements)
    for it in noticed or sorted(last.values(), key=_weight)[-1:]:
        yield _beside(it.said_by, it.starts_at, _where(it))


def _whose(placements: Iterable[Placement]) -> Iterator[Fact]:
    """The council of the last placement that was told of, where only the home says it ended."""
    told = [it for it in placements if it.noticed and not it.cancelled]
    for it in sorted(told, key=_weight)[-1:]:
        if it.was_left:
            said = {"responsible": it.responsible, "looked_after": True}
            yield _beside(it.said_by, it.starts_at, said)


def missing_starts(episodes: Iterable[Episode]) -> tuple[datetime, ...]:
    """When a child went missing, of all its cases."""
    states = (one.state for one in episodes if not is_placement(one) and not is_threshold(one))
    missing = (one for one in states if one.category in ("missing", "unrecognised"))
    return tuple(one.started_at for one in missing if one.started_at and not one.cancelled)


def _weight(it: Placement) -> tuple[bool, datetime, UUID]:
    return it.noticed, it.starts_at, it.id


def _where(it: Placement) -> dict[str, Any]:
    said: dict[str, Any] = {
        "responsible": it.responsible,
        "lives_in": it.host,
        "home": it.home or "-",
        "carer": it.carer or "-",
        "looked_after": it.looked_after or None,
        "address_protected": it.protected or None,
        "care_review": it.care_review,
        "school": it.school,
        "type": it.type,
        "provider": it.provider,
    }
    return {name: value for name, value in said.items() if value not in (None, "")}


def _beside(fact: Fact, at: datetime, said: dict[str, Any]) -> Fact:
    sent = {"sent_at": fact.sent_at}
    return replace(fact, at=at, said={"beside": True, **sent, **said}, replaces="", cancels=False)


def placements_of(episodes: Iterable[Episode]) -> tuple[Placement, ...]:
    """The placements among the cases of a child."""
    return tuple(it for episode in episodes if (it := placement_of(episode)) is not None)


def register_row(it: Placement, directory: Directory) -> dict[str, Any]:
    """The row of the register of who lives where; agencies by their ids of today."""
    return {
        "id": it.id,
        "child": it.child,
        "exercise": it.exercise,
        "cancelled": it.cancelled,
        "responsible": directory.today(it.responsible),
        "host": directory.today(it.host),
        "home": it.home,
        "carer": it.carer,
        "starts_at": it.starts_at,
        "ends_at": it.ends_at,
        "noticed": it.noticed,
        "arrived": it.arrived,
        "iro_stated": it.iro_stated,
        "contact_stated": it.contact_stated,
        "risk": it.risk,
    }
