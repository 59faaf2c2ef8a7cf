"""
Numbers of a month for councils that have no tie to the children. Pure.

One fixed set of cells for each area (placed at the end of the month, started, ended), the same for
every subscriber whatever it asked for, so that nothing is learnt by comparing two subscriptions.
Numbers are rounded to the nearest five: whoever compares two months, or the children placed at the
end with those who started and ended, could otherwise tell when one child came or went. There are no
totals, as a total gives away the cell that is missing from it. Nothing is said under five, also not
of what is left when somebody takes away the children it knows: its own, or those of the councils it
acts for. What is not said looks the same as nobody at all.

The five and the rounding are local.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from broker.subscriptions.rights import Ties
from broker.working_time import LONDON, day_starts, london_day

FEWEST = 5
_STEP = 5
_AT = time(6)  # when the counts of the month before go out


@dataclass(frozen=True, slots=True)
class Stay:
    """A child in one area, placed there by a council; `ends_at` None: it goes on."""

    child: UUID
    host: str
    placed_by: str
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cells:
    """What is published of one area and month; None: nothing."""

    placed: int | None = None
    started: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """A month of London days, from its first moment up to the first of the next."""

    first: date

    @classmethod
    def before(cls, now: datetime) -> "Month":
        """The last whole month."""
        last = london_day(now).replace(day=1) - timedelta(days=1)
        return cls(last.replace(day=1))

    @property
    def following(self) -> "Month":
        return Month((self.first + timedelta(days=31)).replace(day=1))

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def starts_at(self) -> datetime:
        return day_starts(self.first)

    @property
    def ends_at(self) -> datetime:
        return day_starts(self.following.first)


def next_counts(now: datetime) -> datetime:
    """When counts go out next: the first of the next month, 06:00 in London."""
    first = Month.before(now).following.following.first
    return datetime.combine(first, _AT, LONDON).astimezone(now.tzinfo)


def whole(stays: Iterable[Stay]) -> list[Stay]:
    """Each child once: a move inside an area neither ends a stay there nor starts one."""
    found: dict[tuple[UUID, str], Stay] = {}
    done: list[Stay] = []
    for stay in sorted(stays, key=_in_time):
        key = (stay.child, stay.host)
        held = found.get(key)
        if held and (held.ends_at is None or stay.starts_at <= held.ends_at):
            ends = None if None in (held.ends_at, stay.ends_at) else max(
                one for one in (held.ends_at, stay.ends_at) if one
            )  # fmt: skip
            found[key] = replace(held, placed_by=stay.placed_by, ends_at=ends)
        else:
            done += [held] if held else []
            found[key] = stay
    return done + list(found.values())


def _in_time(stay: Stay) -> tuple[datetime, bool, datetime, str]:
    ends = stay.ends_at or stay.starts_at
    return stay.starts_at, stay.ends_at is None, ends, stay.placed_by


def counted(stays: Iterable[Stay], month: Month, ties: Ties) -> Mapping[str, Cells]:
    """What is published of each area; areas of which nothing is said are left out."""
    start, end = month.starts_at, month.ends_at
    children: dict[tuple[str, str], dict[UUID, str]] = {}
    for stay in whole(one for one in stays if one.placed_by != one.host):
        within = stay.ends_at is None or stay.ends_at >= end
        there = {
            "placed": stay.starts_at < end and within,
            "started": start <= stay.starts_at < end,
            "ended": stay.ends_at is not None and start <= stay.ends_at < end,
        }
        for name in (name for name, so in there.items() if so):
            children.setdefault((stay.host, name), {})[stay.child] = stay.placed_by
    known = list(ties.acting.items())
    cells: dict[str, Cells] = {}
    for (host, name), each in children.items():
        number = published(Counter(each.values()), [councils | {who} for who, councils in known])
        if number is not None:
            cells[host] = replace(cells.get(host, Cells()), **{name: number})
    return cells


def published(placed_by: Mapping[str, int], known: Sequence[frozenset[str]] = ()) -> int | None:
    """
    The number that is published of children by the councils that placed them.

    `known` are councils whose children one agency knows together: fewer than five must not remain
    when they, or the children of any one council, are taken away.
    """
    total = sum(placed_by.values())
    most = max(
        (
            sum(placed_by.get(council, 0) for council in some)
            for some in (*known, *(frozenset({one}) for one in placed_by))
        ),
        default=0,
    )
    if total - most < FEWEST:
        return None
    return (total + _STEP // 2) // _STEP * _STEP
