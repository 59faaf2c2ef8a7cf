"""
What reports count: absences with what came of them, placements, duties, thresholds. Pure values.

All of it is as it was known at `Asked.as_at`, so that a report can be made again as it was then.
Status is as at the start of an absence (rule N9). Only what is no exercise, and was not taken back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from broker.directory import Directory
from broker.duties import STANDING
from broker.episode import Fact, Told
from broker.reports.figures import Area, Asked, Item
from broker.reports.period import Period
from broker.reports.telling import Delivery, Meeting
from broker.working_time import london_day
from schemas.census import Census as Entries
from schemas.census import Differences
from schemas.message import ChildMessage

MISSING = ("missing", "unrecognised")
ABSENT = ("absent",)


class Home(StrEnum):
    """What sort of place a child lives in."""

    independent = "independent home"
    own = "council's own home"
    home = "home, provider not stated"
    family = "at home"
    foster = "foster care"
    other = "other placement"
    not_known = "not known"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that somebody said of something, and when it was so: a risk, a category, a step."""

    at: datetime
    value: str
    by: str  # the agency
    heard: datetime
    message_id: str = ""
    reason: str = ""  # a code


@dataclass(frozen=True, slots=True)
class Interview:
    """
    What became of the return interview of one absence.

    `steps` in the order they happened: offered, accepted, declined, attempted, held, not-held ...
    The interview of several absences stands with each of them, under the same `message_id`.
    """

    steps: tuple[Said, ...] = ()
    service: str = ""  # whom it was allocated to
    held_by: str = ""
    independent: bool | None = None
    same_interviewer: str = ""  # yes, no, not-known; empty: not said
    factors: tuple[str, ...] = ()
    shared_with: tuple[str, ...] = ()

    def first(self, *values: str) -> datetime | None:
        """When one of these steps was first taken."""
        return min((step.at for step in self.steps if step.value in values), default=None)

    @property
    def offered_at(self) -> datetime | None:
        """When it was offered: whoever accepts, declines or is interviewed was offered one."""
        return self.first("offered", "accepted", "declined", "held")

    @property
    def held_at(self) -> datetime | None:
        return self.first("held")

    @property
    def held_id(self) -> str:
        """Which interview it was: the same for each absence that it covers."""
        return next((step.message_id for step in self.steps if step.value == "held"), "")

    @property
    def shared_at(self) -> datetime | None:
        return self.first("shared")

    @property
    def attempts(self) -> int:
        """How often it was tried, the one that was held too."""
        return sum(step.value in ("attempted", "held") for step in self.steps)

    @property
    def not_held(self) -> str:
        """Why there was none, by the last word: `declined`, or the reason given; empty: held."""
        if self.held_at:
            return ""
        said = [s for s in self.steps if s.value in ("declined", "not-held", "not-referred")]
        last = said[-1] if said else None
        return (last.reason or last.value) if last else ""

    @property
    def state(self) -> str:
        """How far it has come: held, why not, else the last step; empty: nothing was said."""
        if self.held_at:
            return "held"
        return self.not_held or (self.steps[-1].value if self.steps else "")


@dataclass(frozen=True, slots=True)
class Check:
    """One word of the police on the safe-and-well check of an absence."""

    at: datetime
    done: bool
    reason: str
    by: str
    heard: datetime
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """
    One thing that was owed.

    `state` is as at the report: open, late, met, met-late, excused, cancelled. `done_at` is when it
    was done, which may be before we heard of it.
    """

    id: UUID
    name: str
    owed_by: str  # an address
    state: str
    opened_at: datetime
    basis: str = ""
    because: str = ""
    episode: UUID | None = None
    child: UUID | None = None
    starts_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    settled_why: str = ""
    late_on_arrival: bool = False
    working_due_at: datetime | None = None
    our_fault: bool = False
    occasion: str = ""
    climbed_to: tuple[str, ...] = ()
    # Its line in a list behind a figure: the same one in each, as there may be many of either.
    item: Item = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        says = {"duty": self.name, "owed by": self.owed_by, "state": self.state}
        if self.climbed_to:
            says["climbed to"] = " then ".join(self.climbed_to)
        item = Item(self.child, self.episode, self.due_at, says, str(self.id))
        object.__setattr__(self, "item", item)

    @property
    def agency(self) -> str:
        return self.owed_by.partition("/")[0]

    @property
    def function(self) -> str:
        return self.owed_by.partition("/")[2]

    @property
    def standing(self) -> bool:
        return self.state in STANDING

    @property
    def met(self) -> bool:
        return self.state in ("met", "met-late")

    @property
    def excused(self) -> bool:
        return self.state in ("excused", "cancelled")

    def delay(self, as_at: datetime) -> timedelta | None:
        """How late it was done, or is by now; None: it is not late, or nobody knows its time."""
        if self.due_at is None or self.state not in ("late", "met-late"):
            return None
        return max((self.done_at or as_at) - self.due_at, timedelta(0))


@dataclass(frozen=True, slots=True)
class Episode:
    """
    One child's one absence. Agencies are ids; empty means not known.

    `lives_in`, `lead`, `home` and what else may change are as at the start. `facts` are all that
    was said and stands, in the order it happened, for what is not here.
    """

    id: UUID
    child: UUID
    started_at: datetime
    category: str  # the last one stated (rule N8)
    status: str = "open"  # open, found, returned, closed
    outcome: str = ""
    found_at: datetime | None = None
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    heard_at: datetime | None = None  # when Homeward first heard of it
    categories: tuple[Said, ...] = ()
    risks: tuple[Said, ...] = ()
    risk: str = ""  # the highest that stands
    lives_in: str = ""
    lead: str = ""  # the responsible authority of a looked-after child, else the council of home
    responsible: str = ""
    place: str = ""  # the council of where it was missing from
    district: str = ""
    found_in: str = ""
    force: str = ""
    looked_after: bool = False
    care_status: str = ""
    plan: str = ""  # the council that holds a protection plan
    social_work: bool = False
    home: str = ""  # the provider
    carer: str = ""  # a foster carer's reference, by the council that has it
    lives: Home = Home.not_known
    provider_code: str = ""  # SSDA903, as the notice of the placement has it
    sex: str = ""
    of_age_at: datetime | None = None
    exploitation: bool = False
    risk_factors: tuple[str, ...] = ()
    circumstance: str = ""
    unaccompanied: bool | None = None
    trafficked: bool | None = None
    reported_by: tuple[str, ...] = ()  # the agencies whose report there is, the first one first
    police_report: str = ""  # made, not-yet; empty: not said
    interview: Interview = Interview()
    checks: tuple[Check, ...] = ()
    told: Mapping[str, Told] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    duties: tuple[Duty, ...] = ()
    item: Item = field(init=False, compare=False, repr=False)  # the same in each list

    def __post_init__(self) -> None:
        item = Item(self.child, self.id, self.started_at, {"category": self.category})
        object.__setattr__(self, "item", item)

    @property
    def missing(self) -> bool:
        return self.category in MISSING

    @property
    def absent(self) -> bool:
        return self.category in ABSENT

    @property
    def ended_at(self) -> datetime | None:
        """When the child was back, else found (rule N2), else the police closed it."""
        return self.returned_at or self.found_at or self.closed_at

    @property
    def back(self) -> bool:
        return self.returned_at is not None or self.closed_at is not None

    @property
    def day(self) -> date:
        return london_day(self.started_at)

    @property
    def age(self) -> int | None:
        """In years, as it began."""
        return age_on(self.day, self.of_age_at)

    @property
    def age_at_return(self) -> int | None:
        ended = self.returned_at or self.ended_at
        return age_on(london_day(ended), self.of_age_at) if ended else self.age

    @property
    def child_then(self) -> bool:
        """Under 18 as it began; who has no known birth date is taken for a child."""
        return self.of_age_at is None or self.started_at < self.of_age_at

    @property
    def length(self) -> timedelta | None:
        return self.ended_at - self.started_at if self.ended_at else None

    def lasted(self, as_at: datetime) -> timedelta:
        """How long it lasted, or has by now."""
        return (self.ended_at or as_at) - self.started_at

    @property
    def check(self) -> Check | None:
        """The check as it came out: done, if it ever was, else the last word on why not."""
        done = [one for one in self.checks if one.done]
        return done[0] if done else self.checks[-1] if self.checks else None

    def is_in(self, areas: Iterable[str]) -> bool:
        return (self.lives_in or self.place) in areas

    def is_own(self, areas: Iterable[str]) -> bool:
        return self.lead in areas


@dataclass(frozen=True, slots=True)
class Start:
    """Another absence of a child, wherever it was: enough to count it."""

    episode: UUID
    child: UUID
    started_at: datetime
    category: str
    ended_at: datetime | None = None
    police: bool = False  # it was reported to them
    lives_in: str = ""  # the council where the child lived as it began
    lead: str = ""
    of_age_at: datetime | None = None
    force: str = ""
    placed_with: str = ""  # the home, or the foster carer by council and reference
    looked_after: bool = False

    @property
    def id(self) -> UUID:
        return self.episode

    @property
    def item(self) -> Item:
        """Its line in a list behind a figure."""
        return Item(self.child, self.episode, self.started_at, {"category": self.category})

    @property
    def child_then(self) -> bool:
        return self.of_age_at is None or self.started_at < self.of_age_at


@dataclass(frozen=True, slots=True)
class Placement:
    """One placement of a looked-after child, with what was said of it."""

    id: UUID
    child: UUID
    responsible: str
    host: str
    home: str
    carer: str
    starts_at: datetime
    ends_at: datetime | None = None
    noticed: bool = False
    arrived: bool = False
    iro_stated: bool = False
    contact_stated: bool = False
    risk: str = "not-stated"  # named, none-known, not-stated
    moved: bool = False  # it ended as another began
    facts: tuple[Fact, ...] = ()
    duties: tuple[Duty, ...] = ()

    @property
    def item(self) -> Item:
        return Item(self.child, self.id, self.starts_at)

    def covers(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.ends_at is None or self.ends_at > at)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A local threshold that was reached, about a child, a home or a foster carer."""

    id: UUID
    name: str  # the policy's id of it
    step: int
    child: UUID  # stands in for the place, where it is about one
    about: str
    reached_at: datetime
    known_at: datetime
    counted: tuple[str, ...]  # the ids of the absences
    withdrawn: bool = False
    place: str = ""
    facts: tuple[Fact, ...] = ()
    duties: tuple[Duty, ...] = ()

    @property
    def item(self) -> Item:
        return Item(self.child, self.id, self.reached_at, {"threshold": self.name})


@dataclass(frozen=True, slots=True)
class OnFile:
    """What was said of a child apart from, or beside, an absence: a meeting, a referral ..."""

    child: UUID
    case: UUID  # the absence, threshold or file it stands with
    fact: Fact

    @property
    def item(self) -> Item:
        return Item(self.child, self.case, self.fact.at, {"kind": self.fact.kind})


@dataclass(frozen=True, slots=True)
class Census:
    """The last list that an agency sent of a period, compared with what Homeward knows."""

    agency: str
    period: Period
    nil: bool
    drawn_at: datetime
    theirs: int | None = None
    ours: int | None = None
    on_both: int | None = None
    only_us: int | None = None
    only_them: int | None = None
    different: int | None = None
    heard_at: datetime | None = None
    messages: tuple[int, ...] = ()  # acceptance numbers of its parts


@dataclass(frozen=True, slots=True)
class Lateness:
    """
    How late Homeward itself was.

    `sent`: from a decision to Kafka's word that the delivery is there, for each delivery; `waiting`
    are those that were not sent. `fired`: from when a duty was due to when it was found late.
    """

    sent: tuple[timedelta, ...] = ()
    waiting: int = 0
    fired: tuple[timedelta, ...] = ()


def nobody(child: UUID | None) -> str:
    return str(child or "")


@dataclass(frozen=True, slots=True)
class Facts:
    """
    Everything that one report is made from.

    `episodes` are those of the areas, lived in or own, that began in the period or in the time
    before it that the report asks for (`Needs.back`). What `Needs` does not ask for is empty.
    """

    asked: Asked
    directory: Directory
    episodes: tuple[Episode, ...] = ()
    starts: Mapping[UUID, tuple[Start, ...]] = field(default_factory=dict)  # by child, oldest first
    trend: tuple[Start, ...] = ()  # the absences of the areas in a longer time, oldest first
    placements: tuple[Placement, ...] = ()
    duties: tuple[Duty, ...] = ()  # owed by, or about the children of, these agencies
    about: Mapping[UUID, Start] = field(
        default_factory=dict
    )  # what each of these is about, by case
    lateness: Lateness = Lateness()
    thresholds: tuple[Threshold, ...] = ()
    bands: Mapping[str, str] = field(default_factory=dict)  # by the id of the absence
    on_file: tuple[OnFile, ...] = ()
    censuses: tuple[Census, ...] = ()
    lists: Mapping[int, Entries] = field(default_factory=dict)  # of censuses, by acceptance number
    differences: tuple[Differences, ...] = ()  # what the reader was told of censuses
    joined: Mapping[str, datetime] = field(default_factory=dict)  # since when on the broker
    closed_by: Mapping[int, frozenset[str]] = field(default_factory=dict)  # of what is on file
    bodies: Mapping[int, ChildMessage] = field(default_factory=dict)  # by acceptance number
    deliveries: Mapping[UUID, tuple[Delivery, ...]] = field(default_factory=dict)  # by absence
    meetings: tuple[Meeting, ...] = ()  # oldest first
    supplied: Mapping[str, Any] = field(default_factory=dict)  # what agencies supply beside
    pseudonym: Callable[[UUID | None], str] = nobody  # of a child, for the reader

    def during(self, period: Period | None = None, area: Area | None = None) -> tuple[Episode, ...]:
        """The absences that began in a period (rule N5), by the area rule of the report."""
        within = period or self.asked.period
        return tuple(
            one
            for one in self.episodes
            if one.started_at in within and self.counts(one, area or self.asked.area)
        )

    def missing(
        self, period: Period | None = None, area: Area | None = None
    ) -> tuple[Episode, ...]:
        """Of those, the children's whose category is missing: E of systems.md."""
        return tuple(e for e in self.during(period, area) if e.missing and e.child_then)

    def absent(self, period: Period | None = None, area: Area | None = None) -> tuple[Episode, ...]:
        return tuple(e for e in self.during(period, area) if e.absent and e.child_then)

    def counts(self, one: Episode, area: Area) -> bool:
        areas = self.asked.areas
        return one.is_in(areas) if area is Area.in_area else one.is_own(areas)

    def elsewhere(self, period: Period | None = None) -> tuple[Episode, ...]:
        """The absences of own children who live outside the areas: in their annex."""
        within = period or self.asked.period
        areas = self.asked.areas
        return tuple(
            one
            for one in self.episodes
            if one.started_at in within and one.is_own(areas) and not one.is_in(areas)
        )

    def from_elsewhere(self, one: Episode) -> bool:
        """Whether another authority is responsible for the child."""
        return bool(one.lead) and not one.is_own(self.asked.areas)

    def trending(
        self, period: Period, categories: tuple[str, ...] = MISSING, area: Area | None = None
    ) -> tuple[Start, ...]:
        """Of the longer time, the children's absences that began in a period, by the area rule."""
        in_area = (area or self.asked.area) is Area.in_area
        return tuple(
            one
            for one in self.trend
            if one.started_at in period
            and one.category in categories
            and one.child_then
            and (one.lives_in if in_area else one.lead) in self.asked.areas
        )

    def starts_within(self, child: UUID, period: Period) -> tuple[Start, ...]:
        """Every missing episode of a child in a time, wherever it was."""
        return tuple(
            one
            for one in self.starts.get(child, ())
            if one.started_at in period and one.category in MISSING
        )

    def name_of(self, agency: str) -> str:
        return self.directory.name_of(agency) if agency else "not known"


class Began(Protocol):
    """An absence with as much of it as is needed to count it."""

    @property
    def id(self) -> UUID: ...
    @property
    def child(self) -> UUID: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def item(self) -> Item: ...


Some = TypeVar("Some", bound=Began)


def children(episodes: Iterable[Some]) -> dict[UUID, tuple[Some, ...]]:
    """The absences by child: each child counts once, whatever it is called by whom."""
    found: dict[UUID, list[Some]] = {}
    for one in sorted(episodes, key=lambda each: (each.started_at, each.id)):
        found.setdefault(one.child, []).append(one)
    return {child: tuple(each) for child, each in found.items()}


def grouped(episodes: Iterable[Some], by: Callable[[Some], str]) -> dict[str, tuple[Some, ...]]:
    """The absences by something each of them has, the most first."""
    found: dict[str, list[Some]] = {}
    for one in episodes:
        found.setdefault(by(one), []).append(one)
    ordered = sorted(found, key=lambda name: (-len(found[name]), name))
    return {name: tuple(found[name]) for name in ordered}


def age_on(day: date, of_age_at: datetime | None) -> int | None:
    """A child's age in years; None: no birth date is known."""
    if of_age_at is None:
        return None
    birthday = london_day(of_age_at)
    had_it = (day.month, day.day) >= (birthday.month, birthday.day)
    return 18 - (birthday.year - day.year) - (not had_it)


def facts_of(facts: Sequence[Fact], *kinds: str) -> Iterator[Fact]:
    return (fact for fact in facts if fact.kind in kinds)
