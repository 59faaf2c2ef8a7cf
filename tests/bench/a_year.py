"""
A year of England and Wales as it may be: which children are away when, for how long, with whom.

Made up from published numbers, and from assumptions where nobody published any; each says which.
The same seed gives the same year. Only the codes of councils and police forces are real.
"""

import csv
import itertools
import math
import random
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import TypeVar
from zoneinfo import ZoneInfo

from broker.directory import Directory

Picked = TypeVar("Picked")

# Published: absences of children in England and Wales, 2019/20 198,943 (National Crime Agency).
ABSENCES = 200_000
YEAR = 2025
LONDON = ZoneInfo("Europe/London")
# In every reference and name, so that a copy of a child is another child of the same length.
TAG = "year0000"

FAMILY, FOSTERED, HOME, KIN = "family", "fostered", "home", "kin"
# Share of absences. Published: 86,900 of looked-after children (England, 2024-25), of whom most are
# in homes. Assumed: how the rest divides.
_SHARES = {FAMILY: 0.47, HOME: 0.36, FOSTERED: 0.11, KIN: 0.06}
# How often one child is away in a year: n times with a weight of n to the minus this, 39 at most.
# Published: 6.8 times on average of a looked-after child who was missing at all, 2.9 of any child,
# 27 to 39 of the one who is away most.
_POWER = {FAMILY: 2.3, KIN: 2.3, FOSTERED: 1.25, HOME: 1.25}
_MOST = 39
# Published: a third of a county's absences are of other councils' children.
_OF_ANOTHER = {FAMILY: 0.0, KIN: 0.0, FOSTERED: 0.5, HOME: 0.8}
# Published: half of those who go again do so within four weeks.
_SOON, _SOON_DAYS = 0.5, 12.0
# Published: 85 of 100 are back within a day, 98 within a week, the longest after 112 days.
_LENGTH_MEDIAN_HOURS, _LENGTH_SPREAD = 3.3, 1.91
_LENGTH_LEAST, _LENGTH_MOST = timedelta(minutes=20), timedelta(days=112)
# Published: of those looked after 56 of 100 are 16 or over; in one county most are 15.
_AGES = {8: 1, 10: 1, 11: 2, 12: 5, 13: 10, 14: 18, 15: 24, 16: 22, 17: 17}
# Nobody published hours, weekdays or months: assumed are late evenings, Fridays and Saturdays, and
# school holidays.
_HOURS = (7, 5, 3, 2, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 10)
_WEEKDAYS = (9, 9, 9, 10, 13, 12, 9)
_HOLIDAYS = (
    ((2, 15), (2, 24)), ((4, 5), (4, 22)), ((5, 24), (6, 2)), ((7, 22), (9, 2)),
    ((10, 25), (11, 3)), ((12, 20), (12, 31)),
)  # fmt: skip
_HOLIDAY = 1.3
# Assumed: how much councils of one size differ, as a share of absences by population.
_UNEQUAL = 0.35
# Assumed: families with several children who go, and how often they go together.
_SIBLINGS, _TOGETHER, _RESIDENTS_TOGETHER = 0.12, 0.6, 0.1
_FEW = 25  # absences that an area has on average at least, or no child would go again
_CATEGORIES = {"missing": 90, "absent": 6, "away": 4}  # assumed; 72 and 28 in one county, 2016
# Published of one force: 16, 68 and 13 of 100; the rest is stated later.
RISKS = {"high": 16, "medium": 68, "low": 13, None: 3}
_EXPLOITED, _ON_A_PLAN, _KNOWN_TO_SOCIAL_WORK = 0.09, 0.06, 0.4  # the first is published


@dataclass(frozen=True, slots=True)
class Area:
    """One council with its police and homes, and the councils whose children live there too."""

    number: int
    council: str
    force: str
    homes: tuple[str, ...]
    elsewhere: tuple[str, ...]
    absences: int

    @property
    def agencies(self) -> tuple[str, ...]:
        """Everybody who is told of anything here."""
        return (self.council, self.force, *self.homes, *self.elsewhere)


@dataclass(frozen=True, slots=True)
class Young:
    """One child. `quiet` ones are placed here and never away."""

    area: Area
    number: int
    group: int  # children of one family, home or foster carer go together
    kind: str
    home: str  # the provider; empty: in no home
    responsible: str  # the council that looks after the child; empty: none does
    born: date
    sex: str
    exploited: bool
    plan: bool
    known: bool
    placed_at: datetime | None = None

    @property
    def key(self) -> str:
        """What tells it from every other child, in references and in its name."""
        return f"{TAG}-{self.area.number:03}-{self.number:05}"

    @property
    def lead(self) -> str:
        return self.responsible or self.area.council

    @property
    def is_from_elsewhere(self) -> bool:
        return self.responsible not in ("", self.area.council)


@dataclass(frozen=True, slots=True)
class Absence:
    """One absence of one child. `incident`: who left together has the same one."""

    child: Young
    number: int
    began_at: datetime
    ended_at: datetime
    category: str
    risk: str | None
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Year:
    """What happens in some areas."""

    areas: tuple[Area, ...]
    children: tuple[Young, ...]  # also those who are placed and never away
    absences: tuple[Absence, ...] = field(default=(), repr=False)

    @property
    def began_at(self) -> datetime:
        return datetime(YEAR, 1, 1, tzinfo=LONDON).astimezone(UTC)

    @property
    def ended_at(self) -> datetime:
        return datetime(YEAR + 1, 1, 1, tzinfo=LONDON).astimezone(UTC)


# -- areas


def weights(seed: int) -> dict[str, float]:
    """The share of all absences in each council's area: by population, and unequal at that."""
    dice = random.Random(f"{seed}/weights")
    each = {
        council: _population()[council] * dice.lognormvariate(0, _UNEQUAL)
        for council in sorted(_population())
    }
    total = sum(each.values())
    return {council: weight / total for council, weight in each.items()}


@cache
def _population() -> dict[str, int]:
    text = resources.files("broker").joinpath("data", "authorities.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {f"la.{row['gss_code']}": int(row["population_2020"]) for row in rows}


def is_welsh(agency: str) -> bool:
    return agency.partition(".")[2].startswith("W")


def quotas(absences: int, seed: int) -> dict[str, int]:
    """The absences of each council's area; of the largest only, where there would be few in all."""
    by_share = sorted(weights(seed).items(), key=lambda it: -it[1])
    shares = dict(by_share[: max(1, absences // _FEW)])
    total = sum(shares.values())
    return _whole({council: shares[council] / total * absences for council in sorted(shares)})


def areas(absences: int, seed: int) -> tuple[Area, ...]:
    """The areas of so many absences."""
    each = enumerate(quotas(absences, seed).items())
    return tuple(area(number, council, quota, seed) for number, (council, quota) in each)


def area(number: int, council: str, absences: int, seed: int) -> Area:
    """One area of so many absences, with homes to match, and children of up to four others."""
    dice = random.Random(f"{seed}/area/{number}")
    shares = {c: w for c, w in weights(seed).items() if is_welsh(c) == is_welsh(council)}
    del shares[council]
    force = Directory.shipped().police_for(council)
    assert force, council
    homes = tuple(home_of(number, home) for home in range(homes_for(absences)))
    return Area(number, council, force, homes, sample(shares, 4, dice), absences)


def home_of(area: int, home: int) -> str:
    """The id of one of the homes of an area."""
    return f"provider.SC{area * 50 + home:06}"


def homes_for(absences: int) -> int:
    """How many homes report in an area; the first of them has most of the absences."""
    return max(1, min(40, absences // 80))


def sample(shares: dict[str, float], count: int, dice: random.Random) -> tuple[str, ...]:
    """So many different ones, the large ones rather than the small."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[dice.choices(list(shares), list(shares.values()))[0]] = None
    return tuple(found)


def _whole(quotas: dict[str, float]) -> dict[str, int]:
    """Whole numbers of the same sum, each within one of its quota."""
    whole = {name: int(quota) for name, quota in quotas.items()}
    missing = round(sum(quotas.values())) - sum(whole.values())
    by_rest = sorted(quotas, key=lambda name: (whole[name] - quotas[name], name))
    for name in by_rest[:missing]:
        whole[name] += 1
    return whole


# -- what happens


def year(here: Iterable[Area], seed: int) -> Year:
    """Everything that happens in these areas; each for itself, whatever other areas there are."""
    here = tuple(here)
    children: list[Young] = []
    absences: list[Absence] = []
    for one in here:
        made = _In(one, random.Random(f"{seed}/year/{one.number}"))
        children += made.children
        absences += made.absences
    absences.sort(key=lambda it: (it.began_at, it.child.key))
    return Year(here, tuple(children), tuple(absences))


class _In:
    """One area being filled: its children, then when each is away."""

    def __init__(self, area: Area, dice: random.Random) -> None:
        self._area, self._dice = area, dice
        self.children: list[Young] = []
        self._groups = itertools.count(1)
        self._family: int | None = None  # of which one more child is to come
        self._homes = {home: next(self._groups) for home in area.homes}
        self._incidents = itertools.count(1)
        self.absences: list[Absence] = []
        times = list(self._times())
        by_group: dict[int, list[tuple[Young, list[datetime]]]] = {}
        for child, count in times:
            by_group.setdefault(child.group, []).append((child, self._starts(count)))
        for together in by_group.values():
            self._fill(together)
        self._place_quiet_children()

    def _times(self) -> Iterator[tuple[Young, int]]:
        """Children, and how often each is away, until there are as many absences as wanted."""
        left = self._area.absences
        kinds = [(kind, share / _mean(_POWER[kind])) for kind, share in _SHARES.items()]
        while left > 0:
            kind = FAMILY if self._family else _pick(dict(kinds), self._dice)
            count = min(left, _how_often(_POWER[kind], self._dice))
            left -= count
            yield self._child(kind), count

    def _child(self, kind: str) -> Young:
        dice, area = self._dice, self._area
        home = ""
        if kind == HOME:
            home = area.homes[0] if dice.random() < 0.6 else dice.choice(area.homes)
        looked_after = kind in (HOME, FOSTERED)
        responsible = ""
        if looked_after:
            from_elsewhere = dice.random() < _OF_ANOTHER[kind]
            responsible = dice.choice(area.elsewhere) if from_elsewhere else area.council
        child = Young(
            area, len(self.children) + 1, self._group(kind, home), kind, home, responsible,
            born=date(YEAR - int(_pick(_AGES, dice)), 1, 1) - timedelta(days=dice.randrange(365)),
            sex=dice.choice(("female", "male")),
            exploited=dice.random() < _EXPLOITED,
            plan=not looked_after and dice.random() < _ON_A_PLAN,
            known=looked_after or dice.random() < _KNOWN_TO_SOCIAL_WORK,
            placed_at=self._placed_at() if looked_after else None,
        )  # fmt: skip
        self.children.append(child)
        return child

    def _group(self, kind: str, home: str) -> int:
        if home:
            return self._homes[home]
        if self._family:
            family, self._family = self._family, None
            return family
        group = next(self._groups)
        if kind == FAMILY and self._dice.random() < _SIBLINGS:
            self._family = group
        return group

    def _placed_at(self) -> datetime:
        """At noon of a day of the half-year before: whoever is placed was so when it went."""
        days = self._dice.randint(1, 180)
        return datetime(YEAR, 1, 1, 12, tzinfo=UTC) - timedelta(days=days)

    def _starts(self, count: int) -> list[datetime]:
        """When a child goes: any day, or soon after the time before."""
        starts = [_moment(self._dice)]
        while len(starts) < count:
            soon = self._dice.random() < _SOON
            days = 1 + self._dice.expovariate(1 / _SOON_DAYS)
            again = _at_hour(starts[-1] + timedelta(days=days), self._dice)
            starts.append(again if soon and again.year == YEAR else _moment(self._dice))
        return sorted(starts)

    def _fill(self, together: Sequence[tuple[Young, list[datetime]]]) -> None:
        """The absences of children who know each other, some of them at the same time."""
        share = _RESIDENTS_TOGETHER if together[0][0].home else _TOGETHER
        joint: dict[datetime, str] = {}
        for (_, starts), (_, others) in itertools.pairwise(together):
            for place in range(len(starts)):
                at = self._dice.choice(others)
                if at not in starts and self._dice.random() < share:
                    starts[place] = at
                    if at not in joint:
                        joint[at] = f"I-{TAG}-{self._area.number:03}-{next(self._incidents):05}"
        ends: dict[datetime, datetime] = {}
        for child, starts in together:
            self.absences += self._of_child(child, sorted(starts), joint, ends)

    def _of_child(
        self,
        child: Young,
        starts: list[datetime],
        joint: dict[datetime, str],
        ends: dict[datetime, datetime],
    ) -> Iterator[Absence]:
        free_at = datetime.min.replace(tzinfo=UTC)
        for number, wanted in enumerate(starts, 1):
            at = max(wanted, free_at).replace(second=0, microsecond=0)
            if at.year != YEAR:
                return
            incident = joint.get(wanted, "") if at == wanted else ""
            ended = at + _length(self._dice)
            if incident:
                ended = ends.setdefault(at, ended) + timedelta(minutes=self._dice.randint(0, 15))
            ended = ended.replace(second=0, microsecond=0)
            free_at = ended + timedelta(hours=self._dice.uniform(7, 20))
            yield Absence(
                child, number, at, ended,
                str(_pick(_CATEGORIES, self._dice)),
                _pick(RISKS, self._dice),
                incident,
            )  # fmt: skip

    def _place_quiet_children(self) -> None:
        """Published: some 40,000 notices of placements out of area a year; most never go."""
        placed = [child for child in self.children if child.is_from_elsewhere]
        for child, _ in itertools.product(placed, range(3)):
            number = len(self.children) + 1
            at = child.placed_at
            assert at is not None
            at += timedelta(days=self._dice.randint(0, 364))
            self.children.append(replace(child, number=number, placed_at=at))


def _length(dice: random.Random) -> timedelta:
    hours = dice.lognormvariate(math.log(_LENGTH_MEDIAN_HOURS), _LENGTH_SPREAD)
    return min(max(timedelta(hours=hours), _LENGTH_LEAST), _LENGTH_MOST)


def _pick(shares: Mapping[Picked, float], dice: random.Random) -> Picked:
    return dice.choices(list(shares), list(shares.values()))[0]


@cache
def _weights_of(power: float) -> tuple[float, ...]:
    return tuple(n**-power for n in range(1, _MOST + 1))


def _mean(power: float) -> float:
    each = _weights_of(power)
    return sum(n * weight for n, weight in enumerate(each, 1)) / sum(each)


def _how_often(power: float, dice: random.Random) -> int:
    return dice.choices(range(1, _MOST + 1), _weights_of(power))[0]


@cache
def _days() -> tuple[float, ...]:
    """Running sums of how likely each day of the year is."""
    total, sums = 0.0, []
    for number in range((date(YEAR + 1, 1, 1) - date(YEAR, 1, 1)).days):
        day = date(YEAR, 1, 1) + timedelta(days=number)
        when = (day.month, day.day)
        holiday = any(first <= when <= last for first, last in _HOLIDAYS)
        total += _WEEKDAYS[day.weekday()] * (_HOLIDAY if holiday else 1)
        sums.append(total)
    return tuple(sums)


def _moment(dice: random.Random) -> datetime:
    sums = _days()
    number = bisect(sums, dice.random() * sums[-1])
    return _at_hour(datetime(YEAR, 1, 1, tzinfo=LONDON) + timedelta(days=number), dice)


def _at_hour(day: datetime, dice: random.Random) -> datetime:
    """That day in London, at an hour at which children go."""
    hour = dice.choices(range(24), _HOURS)[0]
    there = day.astimezone(LONDON).replace(
        hour=hour, minute=dice.randrange(60), second=0, microsecond=0, fold=0
    )
    return there.astimezone(UTC)
