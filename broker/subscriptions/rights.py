"""
Who may hear of placements by subscription, of which, and how much. Pure.

What a subscriber sees hangs on its tie to each child, never on its filter alone: the council that
is responsible and the council of the area see all of it, whoever acts for one of the two by a
recorded agreement a summary. Without a tie there are monthly counts (`counts`), and nothing
about a child.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from broker.directory import Directory, kind_of
from broker.episode import Fact
from broker.keys import derived
from broker.policy.model import View
from broker.working_time import day_ends, day_starts, london_day
from schemas.placement import BEGINNING, ENDING, ArrivalStage, PlacementArrival

LIVE = ("requested", "approved", "suspended")  # what may still change

# A home's own word fits whoever asked for the stages that it bears out.
_BORNE_OUT = {ArrivalStage.admitted.value: BEGINNING, ArrivalStage.discharged.value: ENDING}

TAKEN_BACK = "taken-back"
BY_SUBSCRIPTION = "subscription "  # how the ground of each of their deliveries begins
STEP, COUNTS, RE_ATTEST = "subscription-step", "subscription-counts", "re-attest"
_WARNED_BEFORE = _KEPT_SUSPENDED = timedelta(days=30)  # local


@dataclass(frozen=True, slots=True)
class Filter:
    """
    Which placements are asked for; each part narrows, an empty one lets everything through.

    Councils go by their codes of today.
    """

    hosts: tuple[str, ...] = ()
    region: str = ""
    placed_by: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.hosts or self.region or self.placed_by or self.homes or self.stages)

    def areas(self, directory: Directory) -> tuple[str, ...]:
        """The councils whose areas are named, by themselves or by their region."""
        if not self.region:
            return self.hosts
        there = tuple(one.id for one in directory.agencies("la") if one.region == self.region)
        return tuple(area for area in there if area in self.hosts) if self.hosts else there


@dataclass(frozen=True, slots=True)
class Placed:
    """What a filter asks of one message about a placement."""

    host: str
    region: str
    placed_by: str
    home: str
    stages: frozenset[str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agency acts for a council, on a ground that is recorded, up to the end of a day."""

    number: int
    agency: str
    acts_for: str
    ground: str
    until: date
    recorded_at: datetime
    ended_at: datetime | None = None

    def holds(self, day: date) -> bool:
        return self.ended_at is None and day <= self.until


@dataclass(frozen=True, slots=True)
class Ties:
    """For which councils each agency acts today, by agreement."""

    acting: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, agreements: Iterable[Agreement], day: date) -> "Ties":
        acting: dict[str, frozenset[str]] = {}
        for one in agreements:
            if one.holds(day):
                acting[one.agency] = acting.get(one.agency, frozenset()) | {one.acts_for}
        return cls(acting)

    def councils(self, agency: str) -> frozenset[str]:
        """The councils whose children an agency has a tie to: itself, and those it acts for."""
        own = {agency} if kind_of(agency) == "la" else frozenset()
        return self.acting.get(agency, frozenset()) | own

    def view(self, agency: str, host: str, placed_by: str) -> View | None:
        """What an agency sees of a child, by its tie; None: it has none, and sees nothing."""
        theirs = {host, placed_by} - {""}
        if agency in theirs:
            return View.full
        return View.summary if theirs & self.councils(agency) else None


@dataclass(frozen=True, slots=True)
class Subscription:
    """
    One council's standing question, and where it stands.

    `id` is the message id of the request, `until` the last day. `started_at`: the register went
    out then, and news follows; None while it does not run.
    """

    id: UUID
    message: int
    subscriber: str
    address: str
    exercise: bool
    filter: Filter
    until: date
    asked_at: datetime
    changed_at: datetime
    state: str = "requested"
    started_at: datetime | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """How deliveries say which subscription caused them."""
        return f"{BY_SUBSCRIPTION}{str(self.id)[:8]}"

    @property
    def ends_at(self) -> datetime:
        """The end of its last day in London."""
        return day_ends(self.until)

    @property
    def warns_at(self) -> datetime:
        """When the duty to re-attest opens."""
        return day_starts(self.until - _WARNED_BEFORE)

    @property
    def gone_at(self) -> datetime:
        """When a suspended one is over for good."""
        return day_ends(self.until + _KEPT_SUSPENDED)

    @property
    def duty_ids(self) -> tuple[UUID, UUID, UUID]:
        """Homeward's own steps and counts, and the duty to re-attest this last day."""
        steps, counts = (derived("duty", self.id, name) for name in (STEP, COUNTS))
        return steps, counts, derived("duty", self.id, RE_ATTEST, self.until.isoformat())

    def next_step(self, now: datetime) -> datetime | None:
        """When Homeward looks at it next; None: never again."""
        if self.state == "requested":
            return self.ends_at
        if self.state == "approved" and self.started_at is None:
            return now
        if self.state == "approved":
            return self.warns_at if now < self.warns_at else self.ends_at
        return self.gone_at if self.state == "suspended" else None

    def runs(self, now: datetime) -> bool:
        """Whether news goes out: approved, its register is out, its last day is not over."""
        return self.state == "approved" and self.started_at is not None and now < self.ends_at


def is_by_subscription(because: str) -> bool:
    """
    Whether something was delivered because of a subscription, and of no rule.

    It hangs on the subscriber's tie alone: it is not answered, passed on, or followed by rules.
    """
    return because.startswith(BY_SUBSCRIPTION)


def is_taken_back(because: str) -> bool:
    """Whether what had been told was taken back, as the correction was none of the receiver's."""
    return because.startswith(f"{TAKEN_BACK}@") or f"@{TAKEN_BACK}" in because


def placed(fact: Fact, host: str, placed_by: str, directory: Directory) -> Placed:
    """
    What a filter asks of something said; `host` and `placed_by` are what is known of the placement.

    What was said itself comes first, so that a tie is to what is told; but whose child it is, no
    home says against the council.
    """
    said = fact.said
    claimed = said.get("responsible") or ""
    by_home = fact.kind == PlacementArrival.KIND
    placed_by = placed_by or claimed if by_home else claimed or placed_by
    host = said.get("lives_in") or host
    host, placed_by = (directory.today(one) for one in (host, placed_by))
    where = directory.agency(host)
    home = said.get("home", "").removeprefix("-")
    borne_out = _BORNE_OUT.get(said.get("stage", ""), frozenset())
    stages = frozenset(one.value for one in borne_out) or frozenset({said.get("stage", "")})
    return Placed(host, where.region if where else "", placed_by, home, stages)


def matches(asked: Filter, found: Placed) -> bool:
    """Whether a filter lets a message through."""
    return (
        (not asked.hosts or found.host in asked.hosts)
        and (not asked.region or found.region == asked.region)
        and (not asked.placed_by or found.placed_by in asked.placed_by)
        and (not asked.homes or found.home in asked.homes)
        and (not asked.stages or not found.stages.isdisjoint(asked.stages))
    )


def is_tied(asked: Filter, councils: frozenset[str], directory: Directory) -> bool:
    """Whether nothing can match that is not of these councils, as the area or as responsible."""
    areas = asked.areas(directory) or tuple(directory.area_of(one) or "" for one in asked.homes)
    return any(some and councils.issuperset(some) for some in (areas, asked.placed_by))


def singling_out(asked: Filter, councils: frozenset[str], directory: Directory) -> str:
    """
    The part of a filter that could single out a child; empty where none could.

    Where not every match has a tie, areas alone may be named: a finer cell beside the others would
    tell of single children by difference.
    """
    if is_tied(asked, councils, directory):
        return ""
    return next((name for name in ("homes", "placed_by", "stages") if getattr(asked, name)), "")


def areas_counted(asked: Filter, councils: frozenset[str], directory: Directory) -> tuple[str, ...]:
    """The areas a subscriber gets counts of: those it asked for and has no tie to."""
    if is_tied(asked, councils, directory):
        return ()
    return tuple(sorted(set(asked.areas(directory)) - councils))


def latest_until(now: datetime) -> date:
    """The last day that may be asked for: twelve months ahead (local)."""
    today = london_day(now)
    try:
        return today.replace(year=today.year + 1)
    except ValueError:  # 29 February
        return date(today.year + 1, 2, 28)
