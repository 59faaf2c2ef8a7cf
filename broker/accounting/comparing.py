"""One topic as the ledger has it beside the same topic as Kafka has it: no database, no Kafka."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from broker.accounting.differences import Difference

INBOX = "inbox."


class Mark(NamedTuple):
    """
    What a record is known by on both sides.

    In an inbox: sequence number, delivery and address. In a topic of the record: acceptance number
    and event id; those have no sequence number in Kafka.
    """

    number: int
    id: str
    address: str = ""


@dataclass(slots=True)
class Topic:
    """
    One topic, compared from its beginning on, a stretch of the ledger at a time.

    A topic that lost its oldest records by age (`begun` is false) is compared from the first record
    on that both sides have. What Kafka holds and the ledger was not asked for yet is kept: by the
    next pass the cursor has gone beyond it, so what is not accounted for then never is.
    """

    name: str
    begun: bool = True
    place: int = 0  # the offset to read next
    last: int = 0  # the greatest number that was sent, as far as compared
    _expected: dict[Mark, int] = field(default_factory=dict)
    _ahead: dict[Mark, int] = field(default_factory=dict)  # to the pass it was seen in
    _again: list[int] = field(default_factory=list)
    _behind: list[int] = field(default_factory=list)
    _newest: int = 0

    @property
    def is_complete(self) -> bool:
        """Everything that the ledger was asked for was seen."""
        return not self._expected

    @property
    def has_more(self) -> bool:
        """Whether Kafka holds what the ledger was not asked for yet."""
        return bool(self._ahead)

    @property
    def _is_inbox(self) -> bool:
        return self.name.startswith(INBOX)

    def expect(self, mark: Mark, number: int, *, gone: bool = False) -> None:
        """The ledger says that this was sent, as this number of the topic; or is `gone` since."""
        self.last = max(self.last, number)
        if gone:
            self._ahead.pop(mark, None)
        elif self._ahead.pop(mark, None) is None:
            self._expected[mark] = number

    def see(self, mark: Mark, in_pass: int) -> None:
        """Kafka holds this, after all that was seen before."""
        number = self._expected.pop(mark, None)
        if number is not None:
            self._begin_with(number)
        elif not self.begun:
            return
        elif mark in self._ahead:
            self._again.append(mark.number)
            return
        else:
            self._ahead[mark] = in_pass
        # In an inbox Kafka itself says the number; elsewhere the ledger does.
        place = mark.number if self._is_inbox else number or 0
        if number is not None and place < self._newest:
            self._behind.append(place)
        self._newest = max(self._newest, place)

    def _begin_with(self, number: int) -> None:
        if not self.begun:
            self.begun = True
            self._expected = {one: n for one, n in self._expected.items() if n > number}

    def settle(self) -> list[Difference]:
        """What is lacking in the stretch that was read; call it when all of it was."""
        missing = set(self._expected.values()) if self.begun else set()
        self._expected = {}
        others = {one for one in self._ahead if self._is_inbox and one.number in missing}
        for one in others:
            del self._ahead[one]
        changed = {one.number for one in others}
        return [
            *self._named("changed", changed, "in Kafka are not as in the ledger"),
            *self._named("missing", missing - changed, "sent are not in Kafka"),
        ]

    def end_pass(self, in_pass: int) -> list[Difference]:
        """What was seen and is not in the ledger, now that all of it was asked for."""
        past = {one for one in self._ahead if self._is_inbox and 0 < one.number <= self.last}
        again = [*self._again, *(one.number for one in past)]
        old = [one for one, seen in self._ahead.items() if seen < in_pass and one not in past]
        for one in (*past, *old):
            del self._ahead[one]
        words = "in Kafka are not in the ledger"
        found = [
            *self._named("twice", again, "are in Kafka once more"),
            *self._named("order", self._behind, "came after a later one"),
            *self._named(
                "unknown",
                [one.number for one in old],
                words if self._is_inbox else f"{words}, or are there once more",
            ),
        ]
        self._again, self._behind = [], []
        return found

    def _named(self, what: str, numbers: Iterable[int], words: str) -> Iterator[Difference]:
        if not (those := sorted(numbers)):
            return
        ours = self._is_inbox or what in ("missing", "order")
        kind = "number" if ours else "acceptance number"
        first = f"the first is {kind} {those[0]}" if those[0] else "the first has no number"
        text = f"{len(those)} {words}, {first}"
        yield Difference(what, self.name, text, len(those), those[0] or None)


@dataclass(slots=True)
class Outbox:
    """
    One outbox, as take-in has read it and as Kafka holds it.

    Where the oldest records were deleted by age, what was read of those is taken as it is said.
    """

    name: str
    begun: bool = True
    place: int = 0
    held: int = 0  # records below `place`
    _unseen: int | None = None

    def goes_back(self, next_offset: int) -> Difference | None:
        if next_offset >= self.place:
            return None
        words = f"the position is {next_offset}, and was {self.place} before"
        return Difference("position", self.name, words, first=next_offset)

    def compare(self, next_offset: int, end: int, read: int) -> Iterator[Difference]:
        """When all below the position was counted; `end` is where the topic ends."""
        if next_offset > end:
            words = f"the position is {next_offset}, but the outbox ends at {end}"
            yield Difference("position", self.name, words, first=next_offset)
            return
        if self._unseen is None:
            self._unseen = 0 if self.begun else read - self.held
        held = self.held + self._unseen
        if read != held:
            words = f"{read} were read up to offset {next_offset}, but Kafka holds {held} there"
            yield Difference("read", self.name, words, abs(read - held), next_offset)
