"""
Which thresholds the absences of a child, a home or a carer reach, and when (rule N4). Pure.

Everything is read off all absences at once, in order of start, so that reports in any order and any
number come to the same.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from broker.policy.model import (
    Count,
    Criterion,
    Exploitation,
    MissingFor,
    Overnight,
    Reclassification,
    ReferralBy,
    Threshold,
)
from broker.thresholds.counted import Absence
from broker.working_time import at_clock, london_day

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The London days that were counted, and how many absences began in them."""

    first: date
    last: date
    absences: tuple[Absence, ...]

    @property
    def count(self) -> int:
        return len(self.absences)


@dataclass(frozen=True, slots=True)
class Reached:
    """
    One step that was reached, with the absences that joined it since.

    `index` tells the step from others of the threshold, `step` is its number as the policy has it.
    `criteria` are the places in the policy's list of those that were met.
    """

    threshold: Threshold
    index: int
    step: int
    at: datetime
    opener: Absence
    absences: tuple[Absence, ...]
    criteria: frozenset[int]
    window: Window | None = None  # the one that ends with the newest absence

    @property
    def newest(self) -> Absence:
        return max(self.absences, key=order)


def order(absence: Absence) -> tuple[datetime, int]:
    """Absences are counted by their start; those that began at once, always in one order."""
    return absence.started_at, absence.id.int


def counts(absence: Absence, count: Count) -> bool:
    """Whether an absence is one of those counted: by its last category (rule N8)."""
    category = "missing" if absence.category == "unrecognised" else absence.category
    reported = not count.reported_to_police or absence.said.get("police", False)
    return category in count.categories and bool(reported)


class Counter:
    """The absences that one criterion counts, ready to be counted in any window."""

    def __init__(self, absences: Iterable[Absence], criterion: Count) -> None:
        self.criterion = criterion
        self.absences = [one for one in absences if counts(one, criterion)]
        self._orders = [order(one) for one in self.absences]
        self._days = [one.day for one in self.absences]
        self._windows: dict[UUID, Window] = {}

    def window(self, newest: Absence) -> Window:
        """What is counted as this absence begins: in order of start, and itself (rule N3)."""
        if newest.id not in self._windows:
            self._windows[newest.id] = self._window(newest)
        return self._windows[newest.id]

    def _window(self, newest: Absence) -> Window:
        last = newest.day
        days = self.criterion.days
        first = last.replace(day=1) if days is None else last - timedelta(days=days - 1)
        until = bisect_left(self._orders, order(newest))
        until += until < len(self.absences) and self.absences[until].id == newest.id
        return Window(first, last, tuple(self.absences[bisect_left(self._days, first) : until]))


def moment(criterion: Criterion, absence: Absence) -> datetime | None:
    """
    When an absence meets a criterion that is no count, if it lasts until then.

    Only an absence of a missing child does, but for one that a partner asks a meeting about. None:
    it never will.
    """
    if isinstance(criterion, ReferralBy):
        asked = absence.said.get("asked", {})
        each = [datetime.fromisoformat(asked[one]) for one in criterion.functions & asked.keys()]
        return min(each, default=None)
    if absence.category not in ("missing", "unrecognised"):
        return None
    if isinstance(criterion, Exploitation):
        at: datetime | None = absence.said.get("exploited_at")
        return at
    if isinstance(criterion, MissingFor):
        at = absence.started_at + criterion.longer_than
        return at if absence.ended_at is None or absence.ended_at > at else None
    if isinstance(criterion, Overnight):
        at = _night_ends(criterion, absence.started_at)
        return at if absence.ended_at is None or absence.ended_at >= at else None
    return None


def _night_ends(night: Overnight, started_at: datetime) -> datetime:
    """When the first night ends that begins no sooner than this."""
    day = london_day(started_at)
    if at_clock(day, night.starts) < started_at:
        day += _DAY
    return at_clock(day if night.ends > night.starts else day + _DAY, night.ends)


def next_moment(
    thresholds: Iterable[Threshold], absence: Absence, now: datetime
) -> datetime | None:
    """When an absence that goes on has next to be looked at; None: never again."""
    if absence.ended_at is not None:
        return None
    each = (moment(one, absence) for threshold in thresholds for one in threshold.any)
    return min((at for at in each if at is not None and at > now), default=None)


def holds(one: Threshold | Reclassification, absence: Absence) -> bool:
    """Whether the child was as it asks, as this absence began."""
    said = absence.said
    facts: dict[str, object] = {
        "age": absence.age,
        "sex": said.get("sex", ""),
        "looked_after": said.get("looked_after", False),
        "protection_plan": bool(said.get("plan")),
        "open_to_social_work": said.get("open_to_social_work", False),
        "lives_in_home": bool(said.get("home")),
    }
    return all(facts[name] in fits for name, fits in one.when.items())


@dataclass(frozen=True, slots=True)
class _Event:
    """An absence at the moment at which it may reach a step, or join one that was reached."""

    at: datetime
    absence: Absence
    criterion: int
    reached: bool
    fallen: bool  # without this absence the count is below the step
    step: int
    window: Window | None


def reached(
    threshold: Threshold,
    absences: Iterable[Absence],
    now: datetime,
    *,
    applies: Callable[[Absence], bool],
    settled_at: Callable[[Reached], datetime | None],
    may_open: Callable[[Reached], bool] = lambda one: True,
) -> list[Reached]:
    """
    Every step of a threshold that these absences reach by now, in order of time.

    A step is armed again when the count has fallen below it and the last one has an outcome
    (`settled_at`); until then further absences join the last one. `applies`: whether the threshold
    is about an absence at all; `may_open` refuses what is too old to tell anybody.
    """
    by_start = sorted(absences, key=order)
    counters = {
        place: Counter(by_start, one)
        for place, one in enumerate(threshold.any)
        if isinstance(one, Count)
    }
    steps = max((len(one.criterion.steps) for one in counters.values()), default=1)
    found = []
    for index in range(steps):
        events = sorted(
            _events(threshold, by_start, counters, index, now),
            key=lambda event: (event.at, order(event.absence), event.criterion),
        )
        about = (event for event in events if applies(event.absence))
        found += _walk(threshold, index, about, settled_at, may_open)
    return sorted(found, key=lambda one: (one.at, one.index))


def _events(
    threshold: Threshold,
    absences: Sequence[Absence],
    counters: dict[int, Counter],
    index: int,
    now: datetime,
) -> Iterator[_Event]:
    first = next(iter(counters.values()), None)
    for place, counter in counters.items():
        step = counter.criterion.steps[index]
        for absence in counter.absences:
            window = counter.window(absence)
            yield _Event(
                at=absence.started_at,
                absence=absence,
                criterion=place,
                reached=window.count >= step,
                fallen=window.count - 1 < step,
                step=step,
                window=window,
            )
    if index:
        return
    for place, criterion in enumerate(threshold.any):
        for absence in absences:
            at = moment(criterion, absence)
            if at is None or at > now:
                continue
            windows = [(each, each.window(absence)) for each in counters.values()]
            yield _Event(
                at=at,
                absence=absence,
                criterion=place,
                reached=True,
                fallen=all(
                    window.count - counts(absence, each.criterion) < each.criterion.steps[0]
                    for each, window in windows
                ),
                step=first.criterion.steps[0] if first else 1,
                window=windows[0][1] if windows else None,
            )


def _walk(
    threshold: Threshold,
    index: int,
    events: Iterable[_Event],
    settled_at: Callable[[Reached], datetime | None],
    may_open: Callable[[Reached], bool],
) -> list[Reached]:
    found: list[_Open] = []
    for event in events:
        last = found[-1] if found else None
        if last is not None and (
            last.has(event.absence) or not _armed(last.one, event, settled_at)
        ):
            last.join(event)
            continue
        if not event.reached:
            continue
        by_count = isinstance(threshold.any[event.criterion], Count)
        new = Reached(
            threshold=threshold,
            index=index,
            step=event.step,
            at=event.at,
            opener=event.absence,
            absences=event.window.absences if by_count and event.window else (event.absence,),
            criteria=frozenset({event.criterion}),
            window=event.window,
        )
        if may_open(new):
            found.append(_Open(new))
    return [each.joined() for each in found]


def _armed(last: Reached, event: _Event, settled_at: Callable[[Reached], datetime | None]) -> bool:
    if not event.fallen:
        return False
    settled = settled_at(last)
    return settled is not None and settled <= event.at


class _Open:
    """One that was reached, while others join it."""

    def __init__(self, one: Reached) -> None:
        self.one = one
        self._absences = {absence.id: absence for absence in one.absences}
        self._criteria = set(one.criteria)
        self._window = one.window

    def has(self, absence: Absence) -> bool:
        return absence.id in self._absences

    def join(self, event: _Event) -> None:
        if not self.has(event.absence):
            self._absences[event.absence.id] = event.absence
            self._window = event.window or self._window
        if event.reached:
            self._criteria.add(event.criterion)

    def joined(self) -> Reached:
        return replace(
            self.one,
            absences=tuple(sorted(self._absences.values(), key=order)),
            criteria=frozenset(self._criteria),
            window=self._window,
        )
