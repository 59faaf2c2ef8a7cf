"""The part of a working set that deliveries are in: who had what, and what goes out now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, or_, select, text, update

from broker.decision import Post
from broker.ledger import tables as t
from broker.ledger.agencies import shard_of
from broker.ledger.moving import Moving
from broker.ledger.rows import bulk, span
from broker.ledger.stamping import lock_pending, start_duties_of
from broker.subscriptions.rights import BY_SUBSCRIPTION, is_by_subscription, is_taken_back
from schemas.kinds import TO_AGENCIES
from schemas.message import Message
from schemas.missing import MissingNotification, MissingReturn

LATE = timedelta(minutes=10)  # what was sent longer ago comes after an outage, or on paper


class Rank(IntEnum):
    """
    What goes out first. A backlog holds up nothing that is said now.

    Of a backlog, what is urgent, begins or ends an absence goes before all else.
    """

    urgent = 0
    news = 1
    state = 2
    history = 3


_STATES = (MissingNotification.KIND, MissingReturn.KIND)


class Telling(Moving):
    """Deliveries: those that were made before of what comes again, and those decided now."""

    _shards: int
    _post_numbers: Iterator[int]
    _some_are_out: bool
    now: datetime

    def __init__(self) -> None:
        super().__init__()
        self._told_before: dict[int, list[Post]] = {}
        self._had: dict[int, dict[str, tuple[str, str]]] = {}
        self._were_out: dict[UUID, datetime] = {}  # when they were sent
        self._came: dict[int | None, Rank] = {}  # by acceptance number: what is accepted now

    # -- gather

    def _gather_told(self, numbers: set[int]) -> None:
        d, c, m = t.delivery.c, t.content.c, t.message.c
        query = (
            select(
                d.message, d.id, d.content, d.destination, d.address, d.because, d.answer_within,
                d.answer_not_before, d.answer_by, d.view, c.kind,
            )
            .join(t.content, c.number == d.content)
            .join(t.message, (m.number == d.message) & (m.accepted_at == d.decided_at))
            .where(self._among(d.message, numbers), d.address != "", c.kind.not_in(TO_AGENCIES))
            .where(~d.because.startswith(BY_SUBSCRIPTION))
            .order_by(d.number)
        )  # fmt: skip
        kinds = {before.number: before.kind for before in self.before.values()}
        for row in self._rows(query, numbers):
            as_kind = "" if row.kind == kinds[row.message] else row.kind
            if not is_taken_back(row.because):
                self._had.setdefault(row.message, {})[row.address] = (row.view, as_kind)
            within = row.answer_within
            self._told_before.setdefault(row.message, []).append(
                Post(
                    id=row.id,
                    content=row.content,
                    destination=row.destination,
                    address=row.address,
                    because=row.because,
                    answer_within=None if within is None else timedelta(microseconds=within),
                    answer_not_before=row.answer_not_before,
                    answer_by=row.answer_by,
                )
            )

    # -- look at it

    @property
    def posts(self) -> Iterable[Post]:
        return self._posts.values()

    def told_before(self, number: int) -> list[Post]:
        """Who was told of a message that came again, for its repeated receipt."""
        notices = {one.number for one in self._contents if one.message.KIND in TO_AGENCIES}
        just_now = [
            post
            for post in self._posts.values()
            if post.message == number and post.address and post.content not in notices
            if not is_by_subscription(post.because)
        ]
        return self._told_before.get(number, []) + just_now

    def who_had(self, sender: str, message_id: UUID) -> Mapping[str, tuple[str, str]]:
        """The addresses that got a message, with the view and the kind it came as."""
        before = self.before.get((sender, message_id))
        if before is None:
            return {}
        had = dict(self._had.get(before.number, {}))
        kinds = {content.number: content.message.KIND for content in self._contents}
        for post in self._posts.values():
            kind = kinds.get(post.content, before.kind)
            if is_by_subscription(post.because) or is_taken_back(post.because):
                continue
            if post.message == before.number and post.address and kind not in TO_AGENCIES:
                had[post.address] = (post.view, "" if kind == before.kind else kind)
        return had

    # -- write

    def _note_rank(self, number: int, message: Message) -> None:
        """A message that comes long after it was sent does not hold up others."""
        late = Rank.state if message.KIND in _STATES else Rank.history
        self._came[number] = late if self.now - message.sent_at > LATE else Rank.news

    def _write_posts(self) -> None:
        if self._some_are_out:
            self._take_over()
        posts = self._not_written_yet()
        ranks = self._raise(posts)
        behind = self._count_decided(posts)
        rows = [
            {
                "number": next(self._post_numbers),
                "id": post.id,
                "message": post.message,
                "content": post.content,
                "destination": post.destination,
                "address": post.address,
                "view": post.view,
                "because": post.because,
                "child": post.child,
                "episode": post.episode,
                "exercise": post.exercise,
                "wakes": post.wakes,
                "answer_within": span(post.answer_within),
                "answer_not_before": post.answer_not_before,
                "answer_by": post.answer_by,
                "shard": shard_of(post.destination, self._shards),
                "decided_at": self.now,
                "aside": post.destination in behind,
                "rank": ranks[post.child] if post.child else self._rank(post, Rank.news),
            }
            for post in posts
        ]
        bulk(self._connection, t.delivery, rows)

    def _rank(self, post: Post, otherwise: Rank) -> Rank:
        rank = self._came.get(post.message, otherwise)
        if post.urgent or post.wakes:
            return Rank.urgent if rank is Rank.news else Rank.state
        return rank

    def _raise(self, posts: Sequence[Post]) -> Mapping[UUID, Rank]:
        """
        The rank that each child's deliveries have from now on: the first of any of them.

        What waits for the same child goes before what is decided now, in the order it was decided.
        What was said before, and is shown to somebody else because of what came, is as late as it.
        """
        came, ranks = dict[UUID, Rank](), dict[UUID, Rank]()
        for post in posts:
            if post.child and post.message in self._came:
                came[post.child] = min(self._came[post.message], came.get(post.child, Rank.history))
        for post in posts:
            if post.child:
                rank = self._rank(post, came.get(post.child, Rank.news))
                ranks[post.child] = min(rank, ranks.get(post.child, Rank.history))
        d, moved = t.delivery.c, {c for c, rank in ranks.items() if rank is not Rank.history}
        waits = (d.rank > Rank.urgent, self._among(d.child, moved))
        if not moved or not lock_pending(self._connection, *waits):
            return ranks
        for rank in Rank:
            children = {child for child, one in ranks.items() if one is rank}
            if children and rank is not Rank.history:
                self._connection.execute(
                    update(t.delivery)
                    .where(d.sequence.is_(None), d.rank > rank, self._among(d.child, children))
                    .values(rank=rank)
                )
        return ranks

    def _not_written_yet(self) -> list[Post]:
        """Ids derive from content: what was decided before is not decided again."""
        posts = [post for post in self._posts.values() if post.id not in self._were_out]
        known = self._stored_episodes | self._taken_out
        ids = [
            post.id for post in posts if post.episode in known or is_by_subscription(post.because)
        ]
        query = select(t.delivery.c.id).where(self._among(t.delivery.c.id, ids))
        held = {row.id for row in self._rows(query, ids)}
        return [post for post in posts if post.id not in held]

    def _take_over(self) -> None:
        """What a restore found to be out is decided on now: it is not sent again."""
        a, d, c = t.already_out.c, t.delivery.c, t.content.c
        out = select(a.delivery, a.sent_at).where(a.delivery.in_(list(self._posts)))
        self._were_out = {row.delivery: row.sent_at for row in self._rows(out, self._posts)}
        if not self._were_out:
            return
        query = select(d.id, d.message, c.number, c.kind, c.value).join(
            t.content, c.number == d.content
        )
        sent = {
            row.id: row for row in self._connection.execute(query.where(d.id.in_(self._were_out)))
        }
        decided = {self._posts[id].content for id in self._were_out}
        values = {
            row.number: row.value
            for row in self._connection.execute(
                select(c.number, c.value).where(c.number.in_(decided))
            )
        }
        rows: list[dict[str, Any]] = []
        spare: list[int] = []
        for id, was in sent.items():
            post = self._posts[id]
            same = values[post.content] == was.value
            spare += [was.number] * same
            rows.append(
                {
                    "was": id,
                    # On a topic of the record Kafka says it, and the audit compares it.
                    "message": post.message if post.address else was.message,
                    "content": post.content if same else was.number,  # what was sent in truth
                    "child": post.child,
                    "episode": post.episode,
                    "answer_within": span(post.answer_within),
                    "answer_not_before": post.answer_not_before,
                    "decided_at": self.now,
                }
            )
        changed: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "was"}
        this = update(t.delivery).where(d.id == bindparam("was")).values(changed)
        self._connection.execute(this, rows)
        self._connection.execute(delete(t.content).where(c.number.in_(spare)))
        self._connection.execute(delete(t.already_out).where(a.delivery.in_(self._were_out)))

    def _start_those_out(self) -> None:
        """The clocks of the answers that were asked for run since they were asked."""
        sent = {id: at for id, at in self._were_out.items() if at <= self.now}
        start_duties_of(self._connection, sent)

    def _count_decided(self, posts: Iterable[Post]) -> set[str]:
        """
        Move the counters of the inboxes; the answer is those where more has to wait.

        They are parked, or what waited meanwhile has not all been looked at again. Whoever parks
        or opens one waits for this transaction, which has its row.
        """
        counts: dict[str, int] = {}
        for post in posts:
            counts[post.destination] = counts.get(post.destination, 0) + 1
        rows = [
            {
                "destination": destination,
                "shard": shard_of(destination, self._shards),
                "decided": decided,
                # Whoever is not on the broker has no inbox row yet: it is kept for them.
                "parked": "no-channel" if destination.startswith("inbox.") else None,
                "parked_at": t.micros(self.now) if destination.startswith("inbox.") else None,
            }
            for destination, decided in sorted(counts.items())
        ]
        if not rows:
            return set()
        self._connection.execute(_COUNT, rows)
        i, d = t.inbox.c, t.delivery.c
        waits = exists().where(d.destination == i.destination, d.sequence.is_(None), d.aside)
        query = select(i.destination).where(
            i.destination.in_(counts), or_(i.parked.is_not(None), waits)
        )
        return set(self._connection.execute(query).scalars())


_COUNT = text(
    "INSERT INTO inbox (destination, shard, next, sent, decided, parked, parked_at)"
    " VALUES (:destination, :shard, 1, 0, :decided, :parked, :parked_at)"
    " ON CONFLICT (destination) DO UPDATE SET decided = inbox.decided + excluded.decided"
)
