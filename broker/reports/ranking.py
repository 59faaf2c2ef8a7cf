"""Which children are missing most often: ranked, with ties. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from broker.reports.facts import Began, Some, children


@dataclass(frozen=True, slots=True)
class Ranked:
    """One child's place: as many are before it; `tied` with others of the same number."""

    child: UUID
    rank: int
    tied: bool
    episodes: tuple[Began, ...]

    @property
    def place(self) -> str:
        """For people: `15=`."""
        return f"{self.rank}{'=' if self.tied else ''}"


def ranked(episodes: Iterable[Began]) -> tuple[Ranked, ...]:
    """
    Every child by the number of its absences, the most first; a child is one line (rule N10).

    The order among those with the same number is that of their ids, so that it is always one.
    """
    by_child = children(episodes)
    counts = sorted((len(each) for each in by_child.values()), reverse=True)
    order = sorted(by_child.items(), key=lambda one: (-len(one[1]), one[0].bytes))
    return tuple(
        Ranked(child, counts.index(len(each)) + 1, counts.count(len(each)) > 1, each)
        for child, each in order
    )


def top(episodes: Iterable[Began], n: int) -> tuple[Ranked, ...]:
    """The n children with most absences, and all who are tied with the last of them."""
    return tuple(one for one in ranked(episodes) if one.rank <= n)


def without_top(episodes: Iterable[Some], n: int = 1) -> tuple[Some, ...]:
    """What is left without the n children with most; of those tied, the first by id."""
    each = tuple(episodes)
    gone = {one.child for one in ranked(each)[:n]}
    return tuple(one for one in each if one.child not in gone)
