"""
A small Kafka that is exact about what the promises rest on.

Transactions that are open, decided and marked; fencing by transactional id and epoch; readers that
take only what was committed; topics that are deleted and made anew. Every method is one request as
it is carried out; when it is carried out, and whether anybody hears the answer, is said elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

Headers = list[tuple[str, bytes]]
Written = tuple[bytes | None, bytes | None, Headers]  # value, key, headers


class NotNow(Exception):
    """The answer that makes a client ask again by itself."""


@dataclass(eq=False)
class Transaction:
    """What one producer wrote between its begin and its end; decided first, marked after that."""

    producer: int
    logs: list["Log"] = field(default_factory=list)
    commits: bool | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """One place of a log: a record, or a mark of a transaction's end."""

    offset: int
    written: Written
    transaction: Transaction | None
    mark: bool = False

    @property
    def commits(self) -> bool:
        """Whether it is a record that will never be undone."""
        return not self.mark and (self.transaction is None or self.transaction.commits is True)


class Log:
    """One partition of one topic, from its making to its deletion."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.entries: list[Entry] = []
        self._first: dict[Transaction, int] = {}  # of those that have no mark here yet
        self._epochs: dict[int, int] = {}

    @property
    def stable(self) -> int:
        """Up to here a reader of what was committed may read."""
        return min(self._first.values(), default=len(self.entries))

    def committed(self, start: int = 0) -> list[Entry]:
        """What such a reader is given."""
        return [entry for entry in self.entries[start : self.stable] if entry.commits]

    def append(self, written: Iterable[Written], transaction: Transaction | None = None) -> None:
        if transaction is not None:
            self._first.setdefault(transaction, len(self.entries))
        for one in written:
            self.entries.append(Entry(len(self.entries), one, transaction))

    def expect(self, producer: int, epoch: int) -> None:
        """A leader knows a producer's epoch from what that producer wrote, and from marks."""
        if epoch < self._epochs.get(producer, 0):
            raise ProducerFenced
        self._epochs[producer] = epoch

    def mark(self, transaction: Transaction, epoch: int) -> None:
        self._epochs[transaction.producer] = epoch
        self._first.pop(transaction, None)
        self.entries.append(Entry(len(self.entries), (None, None, []), transaction, mark=True))


@dataclass(eq=False)
class Identity:
    """What the coordinator knows of one transactional id."""

    producer: int
    epoch: int = -1
    transaction: Transaction | None = None  # open, or decided and not marked everywhere

    @property
    def deciding(self) -> bool:
        return self.transaction is not None and self.transaction.commits is not None

    def expect(self, epoch: int) -> None:
        if epoch != self.epoch:
            raise ProducerFenced
        if self.deciding:
            raise NotNow

    def decide(self, commits: bool) -> None:
        assert self.transaction is not None
        self.transaction.commits = commits


class Kafka:
    """A cluster. Its answers are values, `ProducerFenced`, and `NotNow`."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, Log] = {}
        self.deleted: dict[TopicPartition, list[Log]] = {}
        self.identities: dict[str, Identity] = {}
        self._numbers = count(1)

    # -- topics

    def make(self, place: TopicPartition) -> None:
        self.logs[place] = Log(f"id-{next(self._numbers)}")

    def delete(self, place: TopicPartition) -> None:
        log = self.logs.pop(place)
        self.deleted.setdefault(place, []).append(log)
        for identity in self.identities.values():
            if identity.transaction is not None and log in identity.transaction.logs:
                identity.transaction.logs.remove(log)
                self._tidy(identity)

    def topics(self) -> set[str]:
        return {place.topic for place in self.logs}

    def log(self, place: TopicPartition) -> Log:
        if place not in self.logs:
            raise NotNow  # an idempotent producer asks for a lost topic without end
        return self.logs[place]

    # -- transactions

    def start(self, name: str | None) -> tuple[int, int]:
        """A producer's number and epoch: whoever had the transactional id before is shut out."""
        if name is None:
            return next(self._numbers), 0
        identity = self.identities.setdefault(name, Identity(next(self._numbers)))
        if identity.transaction is not None:
            if not identity.deciding:
                self._undo(identity)
            raise NotNow
        identity.epoch += 1
        return identity.producer, identity.epoch

    def add(self, name: str, epoch: int, places: Iterable[TopicPartition]) -> None:
        """Make partitions part of the transaction; the first ones open it."""
        identity = self.identities[name]
        identity.expect(epoch)
        logs = [self.log(place) for place in places]
        if identity.transaction is None:
            identity.transaction = Transaction(identity.producer)
        identity.transaction.logs += [one for one in logs if one not in identity.transaction.logs]

    def write(
        self, name: str | None, started: tuple[int, int], place: TopicPartition, of: list[Written]
    ) -> None:
        log = self.log(place)
        log.expect(*started)
        if name is None:
            log.append(of)
            return
        transaction = self.identities[name].transaction
        assert transaction is not None, "a record without a transaction: nothing would end it"
        if log not in transaction.logs:
            raise NotNow  # the topic was made anew since it was added
        log.append(of, transaction)

    def commit(self, name: str, epoch: int) -> None:
        """Answered as soon as it is decided: the marks follow, and only then is it to be read."""
        identity = self.identities[name]
        identity.expect(epoch)
        identity.decide(commits=True)
        self._tidy(identity)

    def unmarked(self) -> list[str]:
        """The transactional ids whose decided transactions lack marks."""
        return [name for name, identity in self.identities.items() if identity.deciding]

    def mark(self, name: str) -> None:
        """Write one of the marks."""
        identity = self.identities[name]
        assert identity.transaction is not None
        identity.transaction.logs.pop(0).mark(identity.transaction, identity.epoch)
        self._tidy(identity)

    def open(self) -> list[str]:
        return [n for n, i in self.identities.items() if i.transaction and not i.deciding]

    def time_out(self, name: str) -> None:
        """What the coordinator does with a transaction that has been open for too long."""
        self._undo(self.identities[name])

    def _undo(self, identity: Identity) -> None:
        identity.epoch += 1
        identity.decide(commits=False)
        self._tidy(identity)

    def _tidy(self, identity: Identity) -> None:
        if identity.deciding and not identity.transaction.logs:  # type: ignore[union-attr]
            identity.transaction = None

    # -- for those who look from outside

    def settle(self) -> None:
        """Write every mark that is due."""
        while names := self.unmarked():
            self.mark(names[0])

    def history(self, place: TopicPartition) -> list[Entry]:
        """Every record that commits, also of the topics of this name that are no more."""
        logs = [*self.deleted.get(place, []), *([self.logs[place]] if place in self.logs else [])]
        return [entry for log in logs for entry in log.entries if entry.commits]


def headers_of(entry: Entry) -> dict[str, Any]:
    return dict(entry.written[2])
