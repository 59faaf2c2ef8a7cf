"""One topic as the ledger has it beside the same topic as Kafka has it: no database, no Kafka."""

from collections.abc import Iterator
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
    One topic, compared from its beginning on, a stretch at a time.

    A topic that lost its oldest records by age (`begun` is false) is compared from the first record
    on that both sides have. What Kafka holds beyond what the ledger was asked for is kept for the
    next pass: by then the cursor has passed it, so what is not accounted for then never is.
    """

    name: str
    begun: bool = True
    place: int = 0  # the offset to read next
    last: int = 0  # the greatest number that was sent, as far as compared
    _expected: dict[Mark, int] = field(default_factory=dict)
    _ahead: dict[Mark, int] = field(default_factory=dict)  # to the pass it was seen in
    _strange: list[Mark] = field(default_factory=list)
    _disordered: list[int] = field(default_factory=list)
    _newest: int = 0

    @property
    def is_complete(self) -> bool:
        """Everything that the ledger was asked for was seen."""
        return not self._expected

    def expect(self, mark: Mark, number: int) -> None:
        """The ledger says that this was sent, as this number of the topic."""
        self.last = max(self.last, number)
        if self._ahead.pop(mark, None) is None:
            self._expected[mark] = number
        else:
            self._match(mark, number)

    def see(self, mark: Mark, in_pass: int) -> None:
        """Kafka holds this, after all that was seen before."""
        number = self._expected.pop(mark, None)
        if number is not None:
            self._match(mark, number)
        elif mark in self._ahead or self._is_past(mark):
            self._strange.append(mark)
        elif self.begun:
            self._ahead[mark] = in_pass

    def _is_past(self, mark: Mark) -> bool:
        inbox = self.begun and self.name.startswith(INBOX)
        return inbox and 0 < mark.number <= self.last

    def _match(self, mark: Mark, number: int) -> None:
        if not self.begun:
            self.begun = True
            self._expected = {one: n for one, n in self._expected.items() if n > number}
        if number < self._newest:
            self._disordered.append(number)
        self._newest = max(self._newest, number)

    def settle(self) -> list[Difference]:
        """What is wrong in the stretch that was read; call it when all of it was."""
        missing = set(self._expected.values()) if self.begun else set()
        inbox = self.name.startswith(INBOX)
        changed = sorted({one.number for one in self._strange if inbox} & missing)
        twice = sorted(one.number for one in self._strange if one.number not in changed)
        found = {
            "changed": (changed, "in Kafka are not as in the ledger"),
            "missing": (sorted(missing.difference(changed)), "sent are not in Kafka"),
            "twice": (twice, "are in Kafka once more"),
            "order": (sorted(self._disordered), "came after a later one"),
        }
        self._expected, self._strange, self._disordered = {}, [], []
        return [self._named(what, *it) for what, it in found.items() if it[0]]

    def end_pass(self, in_pass: int) -> Iterator[Difference]:
        """What was seen before this pass and is still not in the ledger."""
        old = sorted(mark.number for mark, seen in self._ahead.items() if seen < in_pass)
        if old:
            words = "in Kafka are not in the ledger"
            if not self.name.startswith(INBOX):
                words += ", or are there once more"
            yield self._named("unknown", old, words)
        self._ahead = {mark: seen for mark, seen in self._ahead.items() if seen >= in_pass}

    @property
    def has_more(self) -> bool:
        """Whether Kafka holds what the ledger was not asked for yet."""
        return bool(self._ahead)

    def _named(self, what: str, numbers: list[int], words: str) -> Difference:
        ours = self.name.startswith(INBOX) or what in ("missing", "order")
        kind = "number" if ours else "acceptance number"
        first = f"the first is {kind} {numbers[0]}" if numbers[0] else "the first has no number"
        return Difference(
            what, self.name, f"{len(numbers)} {words}, {first}", len(numbers), numbers[0] or None
        )


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
