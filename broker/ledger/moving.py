"""What moves in a working set when children or absences turn out to be one, or to be two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, update

from broker.answering import Delivered
from broker.decision import Content, Kept, Post
from broker.duties import Duty
from broker.episode import Episode, is_threshold
from broker.ledger import tables as t
from broker.ledger.among import among
from broker.ledger.rows import bulk
from broker.ledger.stamping import lock_pending
from broker.parting import Half, Parting
from broker.recognition import Apart, ChildKey, Known
from broker.subscriptions.rights import BY_SUBSCRIPTION, is_by_subscription
from schemas.codec import decode
from schemas.kinds import TO_AGENCIES
from schemas.message import Message


@dataclass(frozen=True, slots=True)
class Had:
    """News that an address had; `sent_for`: the child it went out for, once it did."""

    address: str
    delivery: UUID
    sent_for: UUID | None


@dataclass(frozen=True, slots=True)
class Heard:
    """
    A message about a child, the child it was accepted for, and who had news by it.

    `answers` is the message it answers, for an answer.
    """

    number: int
    child: UUID
    at: datetime
    message: Message
    had: tuple[Had, ...] = ()
    answers: int | None = None

    @property
    def to(self) -> frozenset[str]:
        return frozenset(one.address for one in self.had)


@dataclass(slots=True)
class _Accepted:
    """A message as the ledger has it."""

    number: int
    child: UUID | None
    episode: UUID | None
    at: datetime
    value: bytes


class Moving:
    """The part of a working set that children and absences move in."""

    _connection: Connection
    now: datetime
    before: dict[tuple[str, UUID], Any]
    known: dict[bytes, list[Known]]
    episodes: dict[UUID, Episode]
    of_child: dict[UUID, list[UUID]]
    episode_by_key: dict[bytes, UUID]
    deliveries: dict[UUID, Delivered]
    duties: dict[UUID, Duty]
    of_episode: dict[UUID | None, list[UUID]]
    _keys_of: dict[UUID, list[ChildKey]]
    _profiles: dict[UUID, list[Kept]]
    _kept: list[dict[str, Any]]
    _stored_episodes: set[UUID]
    _changed_episodes: set[UUID]
    _changed_duties: set[UUID]
    _contents: list[Content]
    _posts: dict[UUID, Post]
    _messages: list[dict[str, Any]]
    _children: list[dict[str, Any]]
    _child_keys: list[dict[str, Any]]
    _episode_keys: list[dict[str, Any]]
    _answers: list[dict[str, Any]]

    def __init__(self) -> None:
        self._joins: list[dict[str, Any]] = []
        self._told_apart: list[dict[str, Any]] = []
        self._apart: dict[bytes, set[bytes]] = {}
        self._history: dict[int, _Accepted] = {}
        self._reached: list[Any] = []
        self._answered: dict[int, int] = {}
        self._taken_out: set[UUID] = set()

    # -- gather

    def _gather_apart(self, children: set[UUID]) -> None:
        """Whom these children were said not to be, with all the children that are meant."""
        mine, theirs, a = t.child_key.alias(), t.child_key.alias(), t.told_apart.c
        query = (
            select(a.one, a.other, theirs)
            .join(mine, mine.c.key == a.one)
            .join(theirs, theirs.c.key == a.other)
            .where(self._among(mine.c.child, children), a.undone_at.is_(None))
        )
        found: dict[bytes, set[Known]] = {}
        for row in self._rows(query, children):
            self._stand_apart(row.one, row.other)
            key = ChildKey(row.other, row.ground, row.holder, row.birth)
            found.setdefault(row.other, set()).add(Known(row.child, key))
        for other, holders in found.items():
            self.known.setdefault(other, sorted(holders, key=lambda one: one.child))

    def _gather_histories(self) -> None:
        """All that was said of the children at hand, and who had it; statements need it."""
        m, d, c, a = t.message.c, t.delivery.c, t.content.c, t.answer.c
        profiles = {kept.message for each in self._profiles.values() for kept in each}
        about = or_(m.episode.in_(self.episodes), m.number.in_(profiles))
        said = select(m.number, m.child, m.episode, m.accepted_at, m.value).where(about)
        self._history = {row.number: _Accepted(*row) for row in self._connection.execute(said)}
        reached = (
            select(d.id, d.message, d.address, d.child, d.sequence)
            .join(t.content, c.number == d.content)
            .where(d.message.in_(select(m.number).where(about)))
            .where(d.address != "", c.kind.not_in(TO_AGENCIES))
            .where(~d.because.startswith(BY_SUBSCRIPTION))
        )
        self._reached = list(self._connection.execute(reached))
        answered = (
            select(a.message, d.message.label("of"))
            .join(t.delivery, d.id == a.delivery)
            .where(a.message.in_(select(m.number).where(about)))
        )
        self._answered = {row.message: row.of for row in self._connection.execute(answered)}

    def _among(self, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
        return among(self._connection, column, values)

    def _rows(self, query: Any, wanted: Any) -> Iterable[Any]:
        return self._connection.execute(query) if wanted else ()

    # -- look at it

    def _hold(self, episode: Episode) -> None:
        if episode.id not in self.episodes:
            self.of_child.setdefault(episode.child, []).append(episode.id)
        self.episodes[episode.id] = episode

    def keys_of(self, child: UUID) -> list[ChildKey]:
        return self._keys_of.get(child, [])

    @property
    def apart(self) -> Apart:
        """The children at hand that were said to be two."""
        if not self._apart:
            return {}
        found: dict[UUID, set[UUID]] = {}
        for one, others in self._apart.items():
            for other in others:
                for mine in self.known.get(one, ()):
                    theirs = {known.child for known in self.known.get(other, ())}
                    found.setdefault(mine.child, set()).update(theirs - {mine.child})
        return {child: frozenset(others) for child, others in found.items()}

    def heard_of(self, child: UUID) -> list[Heard]:
        """Everything that was said of a child, in the order in which it was accepted."""
        known = self.of_child.get(child, ())
        episodes = {id for id in known if not is_threshold(self.episodes[id])}
        numbers = {fact.number for id in episodes for fact in self.episodes[id].facts}
        numbers |= {kept.message for kept in self._profiles.get(child, ())}
        had = self._had_by()
        fresh = {
            row["number"]: _Accepted(
                row["number"], row["child"], row["episode"], row["accepted_at"], row["value"]
            )
            for row in self._messages
        }
        answered = self._answered | {
            row["message"]: self.deliveries[row["delivery"]].message for row in self._answers
        }
        return [
            Heard(
                number=number,
                child=one.child or child,
                at=one.at,
                message=decode(one.value),
                had=tuple(had.get(number, ())),
                answers=answered.get(number),
            )
            for number, one in sorted((self._history | fresh).items())
            if one.value  # what was erased tells no longer whose it is
            and (number in numbers or (number in answered and one.episode in episodes))
        ]

    def _had_by(self) -> Mapping[int, list[Had]]:
        found: dict[int, list[Had]] = {}
        for row in self._reached:
            sent_for = row.child if row.sequence is not None else None
            found.setdefault(row.message, []).append(Had(row.address, row.id, sent_for))
        notices = {one.number for one in self._contents if one.message.KIND in TO_AGENCIES}
        for post in self._posts.values():
            if is_by_subscription(post.because):
                continue
            if post.message is not None and post.address and post.content not in notices:
                found.setdefault(post.message, []).append(Had(post.address, post.id, None))
        return found

    # -- children

    def join_children(self, kept: UUID, joined: UUID, ground: str, number: int) -> None:
        """
        Two children turned out to be one: keys and absences move, the old id points to it.

        The ledger keeps on what ground, and by which message.
        """
        self._joins.append(
            {
                "joined": joined,
                "kept": kept,
                "ground": ground,
                "message": number,
                "at": self.now,
                "undone_at": None,
                "undone_by": None,
            }
        )
        self._one_after_all(kept, joined, number)
        connection = self._connection
        mine = select(t.child_key.c.key).where(t.child_key.c.child == kept)
        same = t.child_key.c.child == joined
        connection.execute(t.child_key.delete().where(same, t.child_key.c.key.in_(mine)))
        connection.execute(update(t.child_key).where(same).values(child=kept))
        connection.execute(update(t.child).where(t.child.c.id == joined).values(joined_into=kept))
        pending = t.delivery.c.sequence.is_(None)
        moving = (t.episode, true()), (t.duty, true()), (t.profile, true()), (t.delivery, pending)
        for table, which in moving:
            moved = update(table).where(table.c.child == joined, which).values(child=kept)
            connection.execute(moved)
        held = {row.key for row in connection.execute(mine)}
        held |= {row["key"] for row in self._child_keys if row["child"] == kept}
        self._child_keys = [
            {**row, "child": kept} if row["child"] == joined else row
            for row in self._child_keys
            if row["child"] != joined or row["key"] not in held
        ]
        for row in self._children:
            if row["id"] == joined:
                row["joined_into"] = kept
        for row in self._kept:
            if row["child"] == joined:
                row["child"] = kept
        if joined in self._profiles:
            self._profiles.setdefault(kept, []).extend(self._profiles.pop(joined))
        for id, duty in self.duties.items():
            if duty.child == joined:
                self.duties[id] = replace(duty, child=kept)
        for id, post in self._posts.items():
            if post.child == joined:
                self._posts[id] = replace(post, child=kept)
        both = [*self._keys_of.pop(kept, []), *self._keys_of.pop(joined, [])]
        self._keys_of[kept] = list({key.key: key for key in reversed(both)}.values())[::-1]
        for id in self.of_child.pop(joined, []):
            self.of_child.setdefault(kept, []).append(id)
            self.episodes[id] = replace(self.episodes[id], child=kept)
        for key, each in self.known.items():
            moved_to = (replace(one, child=kept) if one.child == joined else one for one in each)
            self.known[key] = list({one.child: one for one in moved_to}.values())

    def tell_apart(self, one: bytes, other: bytes, number: int) -> None:
        """Two references are of two children: nobody is asked again, and nothing joins them."""
        for here, there in ((one, other), (other, one)):
            if there not in self._apart.get(here, ()):
                self._stand_apart(here, there)
                self._told_apart.append(
                    {
                        "one": here,
                        "other": there,
                        "message": number,
                        "at": self.now,
                        "undone_at": None,
                        "undone_by": None,
                    }
                )

    def _stand_apart(self, one: bytes, other: bytes) -> None:
        self._apart.setdefault(one, set()).add(other)

    def _one_after_all(self, kept: UUID, joined: UUID, number: int) -> None:
        """What was said of them as two no longer holds."""
        mine = {key.key for key in self.keys_of(kept)}
        theirs = {key.key for key in self.keys_of(joined)}
        pairs = {
            (one, other)
            for one, others in self._apart.items()
            for other in others
            if (one in mine and other in theirs) or (one in theirs and other in mine)
        }
        undone = {"undone_at": self.now, "undone_by": number}
        a = t.told_apart.c
        for one, other in pairs:
            self._apart[one].discard(other)
            this = (a.one == one, a.other == other, a.undone_at.is_(None))
            self._connection.execute(update(t.told_apart).where(*this).values(undone))
        for row in self._told_apart:
            if (row["one"], row["other"]) in pairs and row["undone_at"] is None:
                row |= undone

    def part(self, parting: Parting, number: int) -> None:
        """One child turned out to be two: each gets back what is its own; `number` says so."""
        for half in parting.halves:
            self._part_child(half, parting.was)
            self._part_keys(half, parting)
        self._undo_joins(parting.halves, number)
        for moved in parting.moved:
            self._quoted_for(moved.old, moved.new, moved.quoted)
            self._taken_out.add(moved.new)
        self._part_absences(parting)

    def _part_child(self, half: Half, was: UUID) -> None:
        """The child lives under its own id, or begins to; its other ids point to it."""
        fresh = {row["id"]: row for row in self._children}
        stored = select(t.child).where(t.child.c.id.in_(half.ids | {was}))
        rows = {row.id: row for row in self._connection.execute(stored)}
        for id in half.ids:
            into = None if id == half.child else half.child
            if id in fresh:
                fresh[id]["joined_into"] = into
            elif id in rows:
                one = t.child.c.id == id
                self._connection.execute(update(t.child).where(one).values(joined_into=into))
            else:
                like = fresh.get(was) or rows[was]._asdict()
                self._children.append({**like, "id": id, "first_at": self.now, "joined_into": None})

    def _part_keys(self, half: Half, parting: Parting) -> None:
        old = {parting.was, *(each.child for each in parting.halves)}
        if half is parting.halves[0]:
            self._connection.execute(t.child_key.delete().where(t.child_key.c.child.in_(old)))
            self._child_keys = [row for row in self._child_keys if row["child"] not in old]
            for name, each in self.known.items():
                self.known[name] = [one for one in each if one.child not in old]
            for child in old:
                self._keys_of.pop(child, None)
        self._keys_of[half.child] = list(half.keys)
        for key in half.keys:
            self.known.setdefault(key.key, []).append(Known(half.child, key))
            self._child_keys.append(
                {
                    "key": key.key,
                    "child": half.child,
                    "ground": key.ground,
                    "holder": key.holder,
                    "birth": key.birth,
                }
            )

    def _undo_joins(self, halves: tuple[Half, Half], number: int) -> None:
        one, other = (half.ids for half in halves)
        j = t.child_join.c
        across = or_(
            and_(j.joined.in_(one), j.kept.in_(other)), and_(j.joined.in_(other), j.kept.in_(one))
        )
        undone = {"undone_at": self.now, "undone_by": number}
        self._connection.execute(
            update(t.child_join).where(j.undone_at.is_(None), across).values(undone)
        )
        for row in self._joins:
            ends = {row["joined"], row["kept"]}
            if row["undone_at"] is None and ends & one and ends & other:
                row |= undone

    # -- absences

    def give(self, id: UUID, child: UUID) -> None:
        """A case turned out to be about another child: it moves, with what is owed for it."""
        episode = self.episodes[id]
        self.of_child[episode.child].remove(id)
        self.of_child.setdefault(child, []).append(id)
        self.episodes[id] = replace(episode, child=child)
        self._changed_episodes.add(id)
        for duty in self.of_episode.get(id, []):
            self.duties[duty] = replace(self.duties[duty], child=child)
            self._changed_duties.add(duty)
        d = t.delivery.c
        waiting = (d.episode == id, d.sequence.is_(None))
        lock_pending(self._connection, *waiting)
        self._connection.execute(update(t.delivery).where(*waiting).values(child=child))

    def absorb(self, kept: UUID, other: UUID) -> None:
        """Two absences turned out to be one: everything moves, the old id points to it."""
        mine, theirs = self.episodes[kept], self.episodes.pop(other)
        told = {a: one for a, one in theirs.told.items() if a not in mine.told}
        self._hold(replace(mine, facts=(*mine.facts, *theirs.facts)).with_told(told))
        self._changed_episodes = (self._changed_episodes | {kept}) - {other}
        self._stored_episodes.discard(other)
        self.of_child[theirs.child].remove(other)
        for key, episode in self.episode_by_key.items():
            if episode == other:
                self.episode_by_key[key] = kept
        for row in self._episode_keys:
            if row["episode"] == other:
                row["episode"] = kept
        self._move_what_follows(other, kept)
        for id in self.of_episode.pop(other, []):
            self.duties[id] = replace(self.duties[id], episode=kept)
            self.of_episode.setdefault(kept, []).append(id)
        for table in (t.episode_key, t.message, t.delivery, t.duty):
            moved = update(table).where(table.c.episode == other).values(episode=kept)
            self._connection.execute(moved)
        self._connection.execute(t.episode.delete().where(t.episode.c.id == other))
        self.episode_by_key[other.bytes] = kept
        self._episode_keys.append({"key": other.bytes, "episode": kept})

    def _move_what_follows(
        self, old: UUID, new: UUID, messages: frozenset[int] | None = None
    ) -> None:
        """What this transaction has in hand of an absence, or of these messages about it."""

        def moves(episode: UUID | None, number: int | None) -> bool:
            return episode == old and (messages is None or number in messages)

        for row in self._messages:
            if moves(row["episode"], row["number"]):
                row["episode"] = new
        for name, before in self.before.items():
            if moves(before.episode, before.number):
                self.before[name] = replace(before, episode=new)
        for id, post in self._posts.items():
            if moves(post.episode, post.message):
                self._posts[id] = replace(post, episode=new)
        for id, delivery in self.deliveries.items():
            if moves(delivery.episode, delivery.message):
                self.deliveries[id] = replace(delivery, episode=new)
        for number, accepted in self._history.items():
            if moves(accepted.episode, number):
                accepted.episode = new

    def _quoted_for(self, old: UUID, new: UUID, quoted: frozenset[bytes]) -> None:
        """These references name the absence that was taken out; it goes by its own id again."""
        k = t.episode_key.c
        self._connection.execute(t.episode_key.delete().where(k.key == new.bytes))
        mine = (k.episode == old, k.key.in_(quoted))
        self._connection.execute(update(t.episode_key).where(*mine).values(episode=new))
        self._episode_keys = [row for row in self._episode_keys if row["key"] != new.bytes]
        for row in self._episode_keys:
            if row["episode"] == old and row["key"] in quoted:
                row["episode"] = new
        self.episode_by_key.pop(new.bytes, None)
        for key, episode in self.episode_by_key.items():
            if episode == old and key in quoted:
                self.episode_by_key[key] = new

    def _part_absences(self, parting: Parting) -> None:
        m, d = t.message.c, t.delivery.c
        for half in parting.halves:
            for episode in half.episodes:
                held = self.episodes.get(episode.id)
                if held and held.child != episode.child:
                    self.of_child[held.child].remove(episode.id)
                    self.of_child.setdefault(episode.child, []).append(episode.id)
                self._hold(episode)
                self._changed_episodes.add(episode.id)
            for moved in parting.moved:
                if moved.new in {episode.id for episode in half.episodes}:
                    for table, which in ((t.message, m.number), (t.delivery, d.message)):
                        mine = (table.c.episode == moved.old, which.in_(half.messages))
                        self._connection.execute(
                            update(table).where(*mine).values(episode=moved.new)
                        )
                    self._move_what_follows(moved.old, moved.new, half.messages)
            self._part_what_waits(half, parting.was)
            self._part_duties(half)

    def _part_what_waits(self, half: Half, was: UUID) -> None:
        """What is not sent yet goes out under the right child; what was sent stays as it was."""
        d = t.delivery.c
        waiting = (d.child == was, d.sequence.is_(None), d.message.in_(half.messages))
        lock_pending(self._connection, *waiting)
        self._connection.execute(update(t.delivery).where(*waiting).values(child=half.child))
        for id, post in self._posts.items():
            if post.child == was and post.message in half.messages:
                self._posts[id] = replace(post, child=half.child)
        p = t.profile.c
        mine = (p.child == was, p.message.in_(half.messages))
        self._connection.execute(update(t.profile).where(*mine).values(child=half.child))
        for row in self._kept:
            if row["child"] == was and row["message"] in half.messages:
                row["child"] = half.child
        if half.child != was:
            held = self._profiles.pop(was, [])
            for kept in held:
                child = half.child if kept.message in half.messages else was
                self._profiles.setdefault(child, []).append(kept)

    def _part_duties(self, half: Half) -> None:
        for duty in half.duties:
            held = self.duties[duty.id]
            if held.episode != duty.episode:
                self.of_episode[held.episode].remove(duty.id)
                self.of_episode.setdefault(duty.episode, []).append(duty.id)
            self.duties[duty.id] = duty
            self._changed_duties.add(duty.id)

    # -- write

    def _write_joins(self) -> None:
        bulk(self._connection, t.child_join, self._joins)
        bulk(self._connection, t.told_apart, self._told_apart)
