"""
Every metric of Homeward, once.

Labels come from small fixed sets: what is not in its set is counted as `other`, so that no name,
id or topic of an agency ever becomes a label.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, case, func, select

from broker.accounting.differences import WHATS
from broker.clock import Clock
from broker.decision import OPERATIONS
from broker.errors import Rejected, Unavailable, Unexpected
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.refusing import IS_OPEN, IS_REPLAYED, REPLAYED
from broker.parts import PARTS, Condition, relay_of

OUTCOMES = ("accepted", "repeated", "rejected")
TRANSACTION_OUTCOMES = ("committed", "failed")
COUNTS = ("read", "decided", "replayed")
OWNERS = ("homeward", "sender")  # of a dead letter: whose it is to settle it
STANDING = ("open", "late")
OTHER = "other"

_QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SENT = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600)
_FRESH_SECONDS = 5.0
_ACCOUNT_SECONDS = 60.0  # counting every waiting delivery takes longer


def codes(root: type[Rejected] = Rejected) -> frozenset[str]:
    """Every stable code a rejection may have."""
    below = (codes(each) for each in root.__subclasses__())
    return frozenset({root.code}).union(*below)


class Metrics:
    """What the parts count, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry, shards: int = 1) -> None:
        self.registry = registry
        self._shards = frozenset(str(number) for number in range(shards))
        self._names = frozenset({*PARTS, *map(relay_of, range(shards))})
        self._codes = codes()
        self._make_take_in(registry)
        self._make_relay(registry)
        self._make_timekeeper(registry)
        self._parts = Gauge(
            "homeward_part_ready",
            "1 while the part works or stands by",
            ["part"],
            registry=registry,
        )

    def _make_take_in(self, registry: CollectorRegistry) -> None:
        self._read = Counter(
            "homeward_records_read_total",
            "Records of outboxes that were decided on",
            ["outcome"],
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._read.labels(outcome)
        self._rejected = Counter(
            "homeward_records_rejected_total",
            "Records that were refused, by the code their sender was told",
            ["code"],
            registry=registry,
        )
        for code in self._codes | {OTHER}:  # an alert can only see a count that grows from 0
            self._rejected.labels(code)
        self._decided = Counter(
            "homeward_deliveries_decided_total", "Deliveries decided on", registry=registry
        )
        self._batch_seconds = Histogram(
            "homeward_batch_seconds",
            "Time to decide on one batch of records",
            buckets=_QUICK,
            registry=registry,
        )
        self.batches_put_off = Counter(
            "homeward_batches_put_off_total",
            "Batches that could not be decided on and were read again",
            registry=registry,
        )
        self.held_outboxes = Gauge(
            "homeward_held_outboxes",
            "Outboxes that are not read, because what Kafka has contradicts the ledger",
            registry=registry,
        )

    def _make_relay(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "homeward_relay_records_total", "Deliveries sent", ["shard"], registry=registry
        )
        self._transactions = Counter(
            "homeward_relay_transactions_total",
            "Kafka transactions of the relay",
            ["shard", "outcome"],
            registry=registry,
        )
        for shard in self._shards:
            self._sent.labels(shard)
            for outcome in TRANSACTION_OUTCOMES:
                self._transactions.labels(shard, outcome)
        self._relay_seconds = Histogram(
            "homeward_relay_seconds",
            "Time to stamp, send and confirm one batch",
            ["shard"],
            buckets=_QUICK,
            registry=registry,
        )
        self._sent_after = Histogram(
            "homeward_sent_after_seconds",
            "From a delivery being decided to its being confirmed by Kafka",
            buckets=_SENT,
            registry=registry,
        )

    def _make_timekeeper(self, registry: CollectorRegistry) -> None:
        self.fired = Counter(
            "homeward_timekeeper_fired_total", "Steps of duties fired", registry=registry
        )
        self.fire_failed = Counter(
            "homeward_timekeeper_failed_total",
            "Steps of duties that a bug kept from firing, put off",
            registry=registry,
        )
        self.lateness = Gauge(
            "homeward_timekeeper_lateness_seconds",
            "How late the latest step of the last look was",
            registry=registry,
        )
        self.standing_down = Gauge(
            "homeward_timekeeper_standing_down",
            "1 while the clocks of this machine and of the ledger differ too much",
            registry=registry,
        )
        self.clock_difference = Gauge(
            "homeward_clock_difference_seconds",
            "The clock of this machine minus that of the ledger",
            registry=registry,
        )
        self.keeping_time = Gauge(
            "homeward_timekeeper_holder", "1 while this process fires duties", registry=registry
        )

    def taken(
        self,
        outcomes: Mapping[str, int],
        rejected: Mapping[str, int],
        deliveries: int,
        seconds: float,
    ) -> None:
        """Count one batch that was decided on."""
        for outcome, count in outcomes.items():
            self._read.labels(_known(outcome, OUTCOMES)).inc(count)
        for code, count in rejected.items():
            self._rejected.labels(_known(code, self._codes)).inc(count)
        self._decided.inc(deliveries)
        self._batch_seconds.observe(seconds)

    def decided(self, deliveries: int) -> None:
        """Count deliveries that no record led to: those of the timekeeper."""
        self._decided.inc(deliveries)

    def relayed(self, shard: int, records: int, seconds: float) -> None:
        """Count one batch of the relay that Kafka confirmed."""
        name = _known(str(shard), self._shards)
        self._sent.labels(name).inc(records)
        self._transactions.labels(name, "committed").inc()
        self._relay_seconds.labels(name).observe(seconds)

    def relay_failed(self, shard: int) -> None:
        """Count one batch of the relay that has to be tried again."""
        self._transactions.labels(_known(str(shard), self._shards), "failed").inc()

    def sent_after(self, seconds: Iterable[float]) -> None:
        """Count deliveries by the time from being decided to being sent."""
        for each in seconds:
            self._sent_after.observe(max(0.0, each))

    def parts(self, conditions: Mapping[str, Condition]) -> None:
        """Show how each part is now."""
        for name, condition in conditions.items():
            self._parts.labels(_known(name, self._names)).set(condition.ready)


class AccountFigures:
    """What the account found when it last compared ledger and Kafka; shown where it is made."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str, *labels: str) -> Gauge:
            return Gauge(f"homeward_account_{name}", words, labels, registry=registry)

        self._differences = gauge(
            "kafka_difference", "Where ledger and Kafka differ, by what it is", "what"
        )
        for what in WHATS:
            self._differences.labels(what)
        self._at = gauge("checked_timestamp_seconds", "When ledger and Kafka were last compared")
        self._at.set_to_current_time()  # of this process: from here on it must be made
        self._deliveries = gauge("checked_deliveries", "Deliveries compared in the last pass")
        self._bytes = gauge("checked_bytes", "Bytes of records read from Kafka in the last pass")
        self._seconds = gauge("checked_seconds", "How long the last pass took")

    def checked(
        self, differences: Mapping[str, int], deliveries: int, size: int, seconds: float
    ) -> None:
        """Show one pass that was made to its end."""
        for what in WHATS:
            self._differences.labels(what).set(differences.get(what, 0))
        self._deliveries.set(deliveries)
        self._bytes.set(size)
        self._seconds.set(seconds)
        self._at.set_to_current_time()


def _known(value: str, fixed: Iterable[str]) -> str:
    return value if value in fixed else OTHER


@dataclass(frozen=True, slots=True)
class Figures:
    """What is outstanding, as the ledger has it."""

    pending: Mapping[int, int]
    oldest_pending_seconds: Mapping[int, float]
    parked_inboxes: int
    parked_deliveries: int
    duties: Mapping[str, int]
    overdue_seconds: float
    dead_letters: int
    letters_open: Mapping[str, float]
    letters_late: Mapping[str, float]
    oldest_letter_seconds: Mapping[str, float]


def look(connection: Connection, now: datetime) -> Figures:
    """Count what is outstanding; what waits for a parked inbox is counted apart."""
    inbox, duty = t.inbox.c, t.duty.c
    waiting = func.sum(inbox.decided - inbox.next + 1)
    parked = inbox.parked.is_not(None)
    by_shard = connection.execute(
        select(inbox.shard, parked, func.count(), waiting).group_by(inbox.shard, parked)
    ).all()
    pending = {shard: int(count) for shard, is_parked, _, count in by_shard if not is_parked}
    states = connection.execute(
        select(duty.state, func.count())
        .where(duty.state.in_(STANDING), duty.owed_by != OPERATIONS)
        .group_by(duty.state)
    ).all()
    letters = _open_letters(connection)
    return Figures(
        pending=pending,
        oldest_pending_seconds={
            shard: _oldest(connection, shard, now) for shard, count in pending.items() if count
        },
        parked_inboxes=sum(inboxes for _, is_parked, inboxes, _ in by_shard if is_parked),
        parked_deliveries=int(sum(count for _, is_parked, _, count in by_shard if is_parked)),
        duties=dict.fromkeys(STANDING, 0) | {state: count for state, count in states},
        overdue_seconds=_age(connection.execute(select(func.min(duty.next_at))).scalar(), now),
        dead_letters=connection.execute(
            select(func.count()).select_from(t.dead_letter)
        ).scalar_one(),
        letters_open=_by_owner({owner: count for owner, (count, _, _) in letters.items()}),
        letters_late=_by_owner({owner: late for owner, (_, late, _) in letters.items()}),
        oldest_letter_seconds=_by_owner(
            {owner: _age(since, now) for owner, (_, _, since) in letters.items()}
        ),
    )


def _open_letters(connection: Connection) -> dict[str, tuple[int, int, datetime]]:
    """By whose they are to settle: how many are open, how many late, since when the oldest is."""
    x, d = t.dead_letter.c, t.duty.c
    late = func.sum(case((d.state == "late", 1), else_=0))
    owner = case((x.code == Unexpected.code, OWNERS[0]), else_=OWNERS[1])
    query = (
        select(owner, func.count(), late, func.min(x.at))
        .outerjoin_from(t.dead_letter, t.duty, d.id == x.duty)
        .where(IS_OPEN)
        .group_by(owner)
    )
    rows = connection.execute(query)
    return {name: (int(count), int(late), since) for name, count, late, since in rows}


def _by_owner(found: Mapping[str, float]) -> dict[str, float]:
    return dict.fromkeys(OWNERS, 0) | dict(found)


def _oldest(connection: Connection, shard: int, now: datetime) -> float:
    delivery, inbox = t.delivery.c, t.inbox.c
    pending = (delivery.sequence.is_(None), ~delivery.aside)
    waits = (*pending, delivery.shard == shard, inbox.parked.is_(None))
    query = select(func.min(delivery.decided_at)).join(
        t.inbox, inbox.destination == delivery.destination
    )
    return _age(connection.execute(query.where(*waits)).scalar(), now)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def differences(connection: Connection) -> dict[str, int]:
    """
    By how much the counts do not close; every one must be 0.

    `read`: records read that are neither accepted, repeated nor rejected. `decided`: deliveries
    decided on that are neither stamped nor waiting. `replayed`: dead letters that were replayed and
    messages that came of them.
    """
    delivery, inbox, position = t.delivery.c, t.inbox.c, t.position.c
    unread = func.abs(position.read - position.accepted - position.repeated - position.rejected)
    waiting = (
        select(delivery.destination, func.count().label("count"))
        .where(delivery.sequence.is_(None))
        .group_by(delivery.destination)
        .subquery()
    )
    stray = func.abs(inbox.decided - inbox.next + 1 - func.coalesce(waiting.c.count, 0))
    joined = t.inbox.outerjoin(waiting, waiting.c.destination == inbox.destination)
    return {
        "read": int(connection.execute(select(func.sum(unread))).scalar() or 0),
        "decided": int(
            connection.execute(select(func.sum(stray)).select_from(joined)).scalar() or 0
        ),
        "replayed": abs(
            connection.execute(
                select(func.count()).where(t.dead_letter.c.state == REPLAYED)
            ).scalar_one()
            - connection.execute(select(func.count()).where(IS_REPLAYED)).scalar_one()
        ),
    }


class LedgerFigures(Collector):
    """
    Shows the ledger's figures, asking it at most every few seconds.

    While the ledger is away nothing is shown but that: old figures would look like good news.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        shards: int = 1,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger, self._clock, self._shards = ledger, clock, shards
        self._monotonic = monotonic
        self._asking = threading.Lock()
        self._asked = self._counted = float("-inf")
        self._figures: Figures | None = None
        self._differences: Mapping[str, int] = {}

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        with self._asking:
            self._refresh()
            figures, stray = self._figures, self._differences
        yield _one("homeward_ledger_answers", "1 while the ledger answers", figures is not None)
        if figures is not None:
            yield from self._shown(figures)
            yield _many("homeward_account_difference", "Counts that do not close", "count", stray)

    def _refresh(self) -> None:
        now = self._monotonic()
        if now - self._asked < _FRESH_SECONDS:
            return
        try:
            with self._ledger.reading() as connection:
                self._figures = look(connection, self._clock.now())
                if now - self._counted >= _ACCOUNT_SECONDS:
                    self._differences, self._counted = differences(connection), now
        except Unavailable:
            self._figures = None
        self._asked = self._monotonic()

    def _shown(self, figures: Figures) -> Iterator[Metric]:
        yield _one("homeward_parked_inboxes", "Inboxes nothing goes out to", figures.parked_inboxes)
        yield _one(
            "homeward_parked_deliveries",
            "Deliveries that wait for a parked inbox",
            figures.parked_deliveries,
        )
        yield _one("homeward_dead_letters", "Refused records that are kept", figures.dead_letters)
        for name, words, values in (
            ("open", "Refused records that nothing was done about yet", figures.letters_open),
            ("late", "Those of them that are late", figures.letters_late),
            ("oldest_seconds", "Age of the oldest of them", figures.oldest_letter_seconds),
        ):
            yield _many(f"homeward_dead_letters_{name}", words, "owner", values)
        yield _one(
            "homeward_duties_overdue_seconds",
            "How long the oldest due step of a duty has waited for the timekeeper",
            figures.overdue_seconds,
        )
        yield _many("homeward_duties", "Duties that stand", "state", figures.duties)
        yield _many(
            "homeward_pending_deliveries",
            "Deliveries decided and not yet stamped, but for parked inboxes",
            "shard",
            self._by_shard(figures.pending),
        )
        yield _many(
            "homeward_oldest_pending_seconds",
            "Age of the oldest of the pending deliveries",
            "shard",
            self._by_shard(figures.oldest_pending_seconds),
        )

    def _by_shard(self, values: Mapping[int, float]) -> dict[str, float]:
        return {str(shard): values.get(shard, 0) for shard in range(self._shards)}


def _one(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _many(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        family.add_metric([key], float(value))
    return family
