"""
Reading an inbox by its numbers: each number once and in order, and proof of those that are missing.

It knows nothing of Kafka, so that every order of records can be tried on it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One record of an inbox, as its numbers are concerned.

    A delivery has a `sequence`; a heartbeat has none and says the `last` that was sent before it.
    """

    offset: int
    sequence: int | None = None
    last: int | None = None
    record: Any = None

    @property
    def shows(self) -> int:
        """The number up to which everything must lie before this record."""
        return self.last or 0 if self.sequence is None else self.sequence - 1


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that an inbox should hold and does not: it was read again to look for them."""

    first: int
    last: int
    seen_at_offset: int


LookAgain = Callable[[int, int], Awaitable[Mapping[int, Entry]]]


async def in_order(
    entries: AsyncIterator[Entry], read: int | None, look_again: LookAgain
) -> AsyncIterator[Entry | Gap]:
    """
    Give every number above `read` once and in order, and a `Gap` where numbers are missing.

    Missing is what a later number, or a heartbeat, shows to have been sent, and what looking again
    did not find. Should it turn up after that, it is given all the same. With `read` unknown the
    first record says where the numbers begin.
    """
    gaps: list[Gap] = []
    late: set[int] = set()
    async for entry in entries:
        if read is None:
            read = entry.shows
        if read < entry.shows:
            found = await look_again(read + 1, entry.shows)
            for one in _with_gaps(found, read + 1, entry):
                gaps += [one] if isinstance(one, Gap) else []
                yield one
            read = entry.shows
        number = entry.sequence
        if number is None:
            continue
        if number == read + 1:
            read = number
            yield entry
        elif number not in late and any(gap.first <= number <= gap.last for gap in gaps):
            late.add(number)
            yield entry


def _with_gaps(found: Mapping[int, Entry], first: int, seen: Entry) -> Iterator[Entry | Gap]:
    for number in sorted(found):
        if first < number:
            yield Gap(first, number - 1, seen.offset)
        yield found[number]
        first = number + 1
    if first <= seen.shows:
        yield Gap(first, seen.shows, seen.offset)
