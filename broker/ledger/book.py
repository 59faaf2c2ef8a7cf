"""
The working set of one batch: gathered in few queries, changed in memory, written once.

The number of queries does not depend on the number of records.

Records of one batch see what earlier ones of the same batch changed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
    update,
)

from broker.answering import Delivered
from broker.catching_up import BECAUSE, SENT_AGAIN, WantedAgain
from broker.decision import Content, Decision, Kept, Post, inbox
from broker.directory import Directory
from broker.duties import STANDING, Duty, DutyEvent
from broker.episode import Episode, is_threshold
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.censuses import Censuses
from broker.ledger.counting import Counting
from broker.ledger.refusing import Refusing
from broker.ledger.rows import bulk, duty_of, duty_row, episode_of, episode_row
from broker.ledger.shard import HOW_MANY
from broker.ledger.subscribing import Subscribing
from broker.ledger.telling import Telling
from broker.placements.placement import placements_of, register_row
from broker.recognition import ChildKey, Known, Recognition, keys_called
from schemas.catch_up import CatchUp
from schemas.census import Census
from schemas.codec import decode, encode
from schemas.message import Action, ChildMessage, Message
from schemas.notices import Receipt
from schemas.profile import ChildProfile

_NOT_AGAIN = ("picture",)  # what stands now is said anew
_ON_ITS_WAY = WantedAgain((), (), on_its_way=True)

_NEWEST = 3  # of a child's absences: what comes next is most likely about one of these
REMEMBERED = timedelta(days=120)  # how long an absence that ended is looked at again


@dataclass(frozen=True, slots=True)
class Before:
    """A message that was accepted earlier under the same id."""

    number: int
    kind: str
    digest: bytes
    value: bytes
    episode: UUID | None


@dataclass(slots=True)
class Wanted:
    """What the records of a batch need looked up."""

    message_ids: set[UUID] = field(default_factory=set)
    child_keys: set[bytes] = field(default_factory=set)
    episode_keys: set[bytes] = field(default_factory=set)
    episode_ids: set[UUID] = field(default_factory=set)
    delivery_ids: set[UUID] = field(default_factory=set)
    duty_ids: set[UUID] = field(default_factory=set)  # of no absence
    catch_ups: dict[str, int | None] = field(default_factory=dict)
    subscription_ids: set[UUID] = field(default_factory=set)
    censuses: list[Census] = field(default_factory=list)
    counted: bool = False  # what thresholds count, however long ago
    placed_with: set[str] = field(default_factory=set)  # homes that are named
    histories: bool = False  # all that was said of the children, however long ago


class Book(Refusing, Subscribing, Telling, Counting):
    """What is known, what changes, and the numbers to give out, of one transaction."""

    highest: int  # acceptance number before this transaction

    def __init__(self, connection: Connection, directory: Directory, now: datetime):
        super().__init__()
        self._connection, self._directory = connection, directory
        self.now = now
        self.censuses = Censuses(connection, now)
        self.before: dict[tuple[str, UUID], Before] = {}
        self.known: dict[bytes, list[Known]] = {}
        self._keys_of: dict[UUID, list[ChildKey]] = {}
        self._values: dict[int, bytes] = {}
        self._profiles: dict[UUID, list[Kept]] = {}
        self._again: dict[str, WantedAgain] = {}
        self.episodes: dict[UUID, Episode] = {}
        self.of_child: dict[UUID, list[UUID]] = {}
        self.episode_by_key: dict[bytes, UUID] = {}
        self.deliveries: dict[UUID, Delivered] = {}
        self.duties: dict[UUID, Duty] = {}
        self.of_episode: dict[UUID | None, list[UUID]] = {}
        self._stored_duties: set[UUID] = set()
        self._whole: set[UUID] = set()  # the absences whose duties were looked up
        self._stored_episodes: set[UUID] = set()
        self._changed_duties: set[UUID] = set()
        self._changed_episodes: set[UUID] = set()
        self._contents: list[Content] = []
        self._posts: dict[UUID, Post] = {}
        self._events: list[DutyEvent] = []
        self._messages: list[dict[str, Any]] = []
        self._children: list[dict[str, Any]] = []
        self._child_keys: list[dict[str, Any]] = []
        self._episode_keys: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        self._kept: list[dict[str, Any]] = []
        self._numbers, self.contents, self._post_numbers = self._counters()

    def _counters(self) -> tuple[Iterator[int], Iterator[int], Iterator[int]]:
        """The next numbers of messages, contents and deliveries: one decider, so no gaps."""
        highest = [
            select(func.coalesce(func.max(column), 0)).scalar_subquery()
            for column in (t.message.c.number, t.content.c.number, t.delivery.c.number)
        ]
        out = exists().where(t.already_out.c.delivery.is_not(None))
        row = self._connection.execute(select(*highest, HOW_MANY.scalar_subquery(), out)).one()
        self._shards = row[3]
        self._some_are_out = bool(row[4])
        self.highest = int(row[0])
        return count(row[0] + 1), count(row[1] + 1), count(row[2] + 1)

    def number_from(self, number: int) -> None:
        """Give out these acceptance numbers, where it is known which are free."""
        self._numbers = count(number)

    # -- gather

    def gather(self, wanted: Wanted) -> None:
        """Look everything up: the same number of queries for one record and for five hundred."""
        self._gather_repeats(wanted.message_ids)
        self._gather_refused(wanted.message_ids)
        self._gather_deliveries(wanted.delivery_ids)
        for row in self._rows(
            select(t.duty).where(self._among(t.duty.c.id, wanted.duty_ids)), wanted.duty_ids
        ):
            self._hold_stored(duty_of(row))
        self._gather_children(wanted.child_keys)
        quoted = self._gather_episode_keys(wanted.episode_keys)
        ids = quoted | wanted.episode_ids
        ids |= {one.episode for one in self.deliveries.values() if one.episode}
        ids |= {one.episode for one in self.before.values() if one.episode}
        children = {known.child for each in self.known.values() for known in each}
        self._gather_episodes(ids, children, ever=wanted.histories)
        children |= {episode.child for episode in self.episodes.values()}
        if wanted.counted:
            places = self._gather_counted(children, wanted.placed_with)
            self._gather_episodes(set(), places)
        self._gather_keys_of(children)
        self._gather_apart(children)
        self._gather_duties(ids)
        self._gather_told({one.number for one in self.before.values()})
        self._gather_values()
        self._gather_profiles(children)
        self._gather_again(wanted.catch_ups)
        self._gather_subscriptions(wanted.subscription_ids, self.before.values())
        if wanted.censuses:
            self.censuses.gather(wanted.censuses)
            self._gather_returns({one.sender for one in wanted.censuses})
        if wanted.histories:
            self._gather_histories()

    def _gather_repeats(self, ids: set[UUID]) -> None:
        m = t.message.c
        query = select(
            m.sender, m.message_id, m.number, m.kind, m.digest, m.value, m.episode
        ).where(self._among(m.message_id, ids))
        for sender, message_id, number, kind, digest, value, episode in self._rows(query, ids):
            self.before[sender, message_id] = Before(number, kind, digest, value, episode)

    def _gather_deliveries(self, ids: set[UUID]) -> None:
        d, c = t.delivery.c, t.content.c
        query = (
            select(
                d.id, d.address, c.kind, d.content, d.message, d.because, d.child, d.episode,
                d.exercise,
            )
            .join(t.content, c.number == d.content)
            .where(self._among(d.id, ids), d.sequence.is_not(None))
        )  # fmt: skip
        self.deliveries = {row.id: Delivered(*row) for row in self._rows(query, ids)}

    def _gather_children(self, keys: set[bytes]) -> None:
        k = t.child_key.c
        query = select(k.key, k.child, k.ground, k.holder, k.birth).where(self._among(k.key, keys))
        for key, child, ground, holder, birth in self._rows(query, keys):
            self.known.setdefault(key, []).append(
                Known(child, ChildKey(key, ground, holder, birth))
            )

    def _gather_episode_keys(self, keys: set[bytes]) -> set[UUID]:
        k = t.episode_key.c
        query = select(k.key, k.episode).where(self._among(k.key, keys))
        self.episode_by_key = {key: episode for key, episode in self._rows(query, keys)}
        return set(self.episode_by_key.values())

    def _gather_keys_of(self, children: set[UUID]) -> None:
        k = t.child_key.c
        query = select(k.child, k.key, k.ground, k.holder, k.birth).where(
            self._among(k.child, children)
        )
        for child, *key in self._rows(query, children):
            self._keys_of.setdefault(child, []).append(ChildKey(*key))

    def _gather_episodes(self, ids: set[UUID], children: set[UUID], *, ever: bool = False) -> None:
        e = t.episode.c
        lately = or_(e.ended_at.is_(None), e.ended_at > self.now - REMEMBERED)
        recent = true() if ever else lately
        query = select(e.id, e.child, e.exercise, e.picture).where(
            or_(self._among(e.id, ids), self._among(e.child, children) & recent)
        )
        for row in self._rows(query, ids or children):
            self._hold(episode_of(row))
            self._stored_episodes.add(row.id)

    def _gather_duties(self, at_hand: set[UUID]) -> None:
        """
        The duties of the absences at hand, settled ones too: what was met is not opened again.

        Those of absences that are long over are looked up if they are asked for.
        """
        for episodes in self.of_child.values():
            by_start = sorted((self.episodes[id] for id in episodes), key=_began, reverse=True)
            at_hand |= {one.id for one in by_start[:_NEWEST]}
            at_hand |= {one.id for one in by_start[_NEWEST:] if not one.state.over}
        self._look_up_duties(at_hand & self._stored_episodes)

    def _look_up_duties(self, episodes: set[UUID]) -> None:
        query = select(t.duty).where(self._among(t.duty.c.episode, episodes))
        for row in self._rows(query, self.episodes):
            self._hold_stored(duty_of(row))
        self._whole |= episodes

    def _hold_stored(self, duty: Duty) -> None:
        if duty.id not in self.duties:
            self._hold_duty(duty)
        self._stored_duties.add(duty.id)

    def _gather_returns(self, agencies: set[str]) -> None:
        """The returns that these agencies owe still."""
        d = t.duty.c
        theirs = [d.owed_by.startswith(f"{agency}/", autoescape=True) for agency in agencies]
        query = select(t.duty).where(
            d.name == Census.KIND, d.state.in_(STANDING), d.delivery.is_(None), or_(*theirs)
        )
        for row in self._connection.execute(query):
            self._hold_duty(duty_of(row))
            self._stored_duties.add(row.id)

    def gather_due(self, limit: int) -> list[Duty]:
        """The duties whose time has come, the longest waiting first, with their absences."""
        d = t.duty.c
        query = (
            select(t.duty)
            .where(d.next_at.is_not(None), d.next_at <= self.now)
            .order_by(d.next_at)
            .limit(limit)
        )
        found = [duty_of(row) for row in self._connection.execute(query)]
        for duty in found:
            self._hold_duty(duty)
            self._stored_duties.add(duty.id)
        ids = {duty.episode for duty in found if duty.episode}
        self._gather_episodes(ids, set())
        self._gather_duties(ids)
        self._gather_values()
        return found

    def gather_around(self, children: set[UUID]) -> None:
        """All that thresholds turn on of these children, beside what is at hand already."""
        self._gather_episodes(set(), children)
        self._gather_episodes(set(), self._gather_counted(children, set()))
        self._gather_duties(set())
        self._gather_values()
        self._gather_profiles(children)

    def _gather_values(self) -> None:
        numbers = {fact.number for episode in self.episodes.values() for fact in episode.facts}
        m = t.message.c
        query = select(m.number, m.value).where(self._among(m.number, numbers))
        self._values.update((row.number, row.value) for row in self._rows(query, numbers))

    def _gather_profiles(self, children: set[UUID]) -> None:
        p = t.profile.c
        query = select(t.profile).where(self._among(p.child, children))
        for row in self._rows(query.order_by(p.obtained_at, p.message), children):
            kept = Kept(row.message, row.content, row.sender, row.message_id, row.obtained_at)
            self._profiles.setdefault(row.child, []).append(kept)

    def _gather_again(self, wanted: Mapping[str, int | None]) -> None:
        """What agencies that catch up were sent, and the absences they know of that stand open."""
        d, c, e = t.delivery.c, t.content.c, t.episode.c
        theirs = [inbox(agency) for agency in wanted]
        waits = select(d.destination).where(
            d.destination.in_(theirs), d.sequence.is_(None), d.because.endswith(BECAUSE)
        )
        waiting = {row.destination for row in self._rows(waits.distinct(), wanted)}
        known = select(d.episode).where(d.destination.in_(theirs))
        open_ones = select(t.episode).where(e.status.in_(("open", "found")), e.id.in_(known))
        for row in self._rows(open_ones, wanted):
            self._hold(episode_of(row))
            self._stored_episodes.add(row.id)
        since = {agency: number for agency, number in wanted.items() if number is not None}
        first = [
            select(t.delivery, c.kind, c.message_id)
            .join(t.content, c.number == d.content)
            .where(d.destination == inbox(agency), d.sequence > number)
            .where(c.kind.not_in(_NOT_AGAIN), ~d.because.endswith(BECAUSE))
            .where(func.length(c.value) > 0)  # nor what was erased
            .order_by(d.sequence)
            .limit(SENT_AGAIN + 1)  # each read in order and no further, however much there is
            .subquery()
            for agency, number in since.items()
        ]
        sent: dict[str, list[Any]] = {}
        if first:
            for row in self._connection.execute(union_all(*(select(one) for one in first))):
                sent.setdefault(row.destination, []).append(row)
        if wanted:
            self._gather_duties(set(self.episodes))
        for agency in wanted:
            self._again[agency] = (
                _ON_ITS_WAY
                if inbox(agency) in waiting
                else WantedAgain(tuple(self._open_to(agency)), tuple(sent.get(inbox(agency), ())))
            )

    def look_up(self, episodes: set[UUID]) -> None:
        """Have these absences at hand too."""
        self._gather_episodes(episodes, set())

    def open_to(self, agency: str) -> tuple[Episode, ...]:
        """The absences that stand open, and that an agency knows of; none while it catches up."""
        self._gather_again({agency: None})
        return self._again[agency].episodes

    def _open_to(self, agency: str) -> Iterator[Episode]:
        """The absences that are not over, and of which an agency was told."""
        for episode in self.episodes.values():
            told = episode.told.items()
            knows = any(a.startswith(f"{agency}/") and not one.left for a, one in told)
            if knows and not episode.state.over and not is_threshold(episode):
                yield episode

    # -- look at it

    @property
    def connection(self) -> Connection:
        """For a step of Homeward's own, that looks at more than one absence."""
        return self._connection

    def duties_held(self, ids: Iterable[UUID]) -> set[UUID]:
        """Those of these duties that were opened before."""
        d = t.duty.c
        return set(self._connection.execute(select(d.id).where(d.id.in_(set(ids)))).scalars())

    def duty_by_id(self, id: UUID) -> Duty | None:
        """One duty that was asked for by its id, such as one of no absence."""
        return self.duties.get(id)

    def number(self) -> int:
        """The next acceptance number."""
        return next(self._numbers)

    def read(self, number: int) -> Message | None:
        """A message that was accepted before, as it was sent; None for one that was erased."""
        value = self._values.get(number)
        return decode(value) if value else None

    def profiles_of(self, child: UUID) -> tuple[Kept, ...]:
        """What is kept ready of a child, the oldest first."""
        return tuple(self._profiles.get(child, ()))

    def wanted_again(self, message: CatchUp) -> WantedAgain:
        """What is sent again, once at a time: what was asked for before goes out first."""
        wanted = self._again.get(message.sender, _ON_ITS_WAY)
        self._again[message.sender] = _ON_ITS_WAY
        duties = {episode.id: self.duties_of(episode.id) for episode in wanted.episodes}
        return replace(wanted, duties=duties)

    def episode_called(self, message: ChildMessage, reference: str, keys: Keys) -> Episode | None:
        """The absence that a sender calls by a reference of its own, or by the shared one."""
        for key in keys_called(message, reference, keys):
            id = self.episode_by_key.get(key) or (UUID(bytes=key) if key in self._ids else None)
            if id and id in self.episodes:
                return self.episodes[id]
        return None

    @property
    def _ids(self) -> set[bytes]:
        return {id.bytes for id in self.episodes}

    def episodes_of(self, child: UUID) -> list[Episode]:
        return [self.episodes[id] for id in self.of_child.get(child, ())]

    def duties_of(self, episode: UUID | None) -> tuple[Duty, ...]:
        if episode in self._stored_episodes and episode not in self._whole:
            self._look_up_duties({episode})
        return tuple(self.duties[id] for id in self.of_episode.get(episode, ()))

    def may_owe(self, episode: UUID) -> bool:
        """Whether duties of an absence are at hand: none were looked up of one long over."""
        return episode in self._whole or episode not in self._stored_episodes

    def absorb(self, kept: UUID, other: UUID) -> None:
        """Two absences turned out to be one: everything moves, the old id points to it."""
        self.duties_of(kept), self.duties_of(other)  # settled ones move too
        super().absorb(kept, other)

    def _hold_duty(self, duty: Duty) -> None:
        if duty.id not in self.duties:
            self.of_episode.setdefault(duty.episode, []).append(duty.id)
        self.duties[duty.id] = duty

    # -- change it

    def apply(self, decision: Decision) -> None:
        """Take a decision into the working set."""
        if decision.episode is not None:
            self._hold(decision.episode)
            self._changed_episodes.add(decision.episode.id)
        self._contents += decision.contents
        for post in decision.posts:
            self._posts.setdefault(post.id, post)
        for duty in decision.duties:
            self._hold_duty(duty)
            self._changed_duties.add(duty.id)
        self._events += decision.events

    def accept(
        self,
        number: int,
        message: Message,
        value: bytes,
        digest: bytes,
        episode: Episode | None,
        source: tuple[str, int] | None,
        child: UUID | None = None,
    ) -> None:
        """Remember a message, so that its repeat is known."""
        self._values[number] = value
        self._note_rank(number, message)
        row = {
            "number": number,
            "message_id": message.message_id,
            "sender": message.sender,
            "from_address": message.from_address,
            "kind": message.KIND,
            "digest": digest,
            "occurred_at": message.occurred_at,
            "accepted_at": self.now,
            "exercise": message.exercise,
            "child": child,
            "episode": episode.id if episode else None,
            "topic": source[0] if source else None,
            "record_offset": source[1] if source else None,
            "value": value,
        }
        self._messages.append(row)
        self.sent_again(message.sender, message.message_id, number)
        self.before[message.sender, message.message_id] = Before(
            number, message.KIND, digest, value, episode.id if episode else None
        )

    def keep(self, number: int, message: ChildProfile, child: UUID, content: int) -> None:
        """Keep a profile ready; one that it replaces goes, one that is withdrawn too."""
        if message.replaces:
            held = self._profiles.get(child, [])
            self._profiles[child] = [k for k in held if k.message_id != message.replaces]
            self._kept = [row for row in self._kept if row["message_id"] != message.replaces]
            p = t.profile
            gone = (p.c.sender == message.sender, p.c.message_id == message.replaces)
            self._connection.execute(p.delete().where(*gone))
        if message.action is Action.cancel:
            return
        kept = Kept(number, content, message.sender, message.message_id, message.obtained_at)
        self._profiles.setdefault(child, []).append(kept)
        self._kept.append(
            {
                "message": number,
                "child": child,
                "sender": message.sender,
                "message_id": message.message_id,
                "content": content,
                "obtained_at": message.obtained_at,
            }
        )

    def remember(
        self,
        recognition: Recognition,
        message: ChildMessage,
        quoted: Iterable[bytes],
        episode: UUID,
    ) -> None:
        """Index the child and the absence under what the message calls them."""
        child = recognition.child
        if recognition.is_new:
            self._children.append(
                {
                    "id": child,
                    "exercise": message.exercise,
                    "first_at": self.now,
                    "joined_into": None,
                }
            )
        for key in recognition.new_keys:
            self.known.setdefault(key.key, []).append(Known(child, key))
            self._keys_of.setdefault(child, []).append(key)
            self._child_keys.append(
                {
                    "key": key.key,
                    "child": child,
                    "ground": key.ground,
                    "holder": key.holder,
                    "birth": key.birth,
                }
            )
        for quote in quoted:
            if quote not in self.episode_by_key:
                self.episode_by_key[quote] = episode
                self._episode_keys.append({"key": quote, "episode": episode})

    def add_to_receipt(self, of: UUID, words: str) -> None:
        """Say more in the receipt of a message that was just accepted."""
        for place, one in enumerate(self._contents):
            said = one.message
            if isinstance(said, Receipt) and said.of == of:
                longer = said.model_copy(update={"words": f"{said.words} {words}"})
                self._contents[place] = replace(one, message=longer)

    def answered(self, number: int, address: str, message: Any) -> None:
        self._answers.append(
            {
                "message": number,
                "delivery": message.delivery,
                "address": address,
                "state": message.state.value,
                "whose": message.whose,
                "until": message.until,
                "at": self.now,
            }
        )

    # -- write

    def write(self) -> None:
        """Write every change; the caller's transaction makes it one."""
        bulk(self._connection, t.child, self._children)
        bulk(self._connection, t.child_key, self._child_keys)
        bulk(self._connection, t.episode_key, self._episode_keys)
        self._write_joins()
        self.censuses.write()
        self._write_changed(
            t.episode,
            [self._episode_row(self.episodes[id]) for id in self._changed_episodes],
            self._stored_episodes,
        )
        self._write_register()
        bulk(self._connection, t.message, self._messages)
        bulk(self._connection, t.content, [self._content_row(one) for one in self._contents])
        self._write_posts()
        for duty, event in self._write_refused():
            self.apply(Decision(duties=(duty,), events=(event,)))
        self._write_changed(
            t.duty, [duty_row(self.duties[id]) for id in self._changed_duties], self._stored_duties
        )
        events = [
            {
                "duty": event.duty,
                "at": event.at,
                "what": event.what,
                "address": event.address or None,
                "detail": event.detail or None,
            }
            for event in self._events
        ]
        bulk(self._connection, t.duty_event, events)
        bulk(self._connection, t.answer, self._answers)
        bulk(self._connection, t.profile, self._kept)
        self._write_subscriptions()
        self._start_those_out()

    def _episode_row(self, episode: Episode) -> dict[str, Any]:
        state = episode.state
        row = episode_row(episode, state)
        councils = ("lead", "host", "area", "lived_in", "led_by")
        row |= {name: self._directory.today(row[name]) for name in councils}
        row["force"] = self._directory.police_for(state.place or state.lives_in) or ""
        return row

    def _write_register(self) -> None:
        """The register of who lives where is read off the placements that changed."""
        changed = [self.episodes[id] for id in self._changed_episodes]
        found = placements_of(changed)
        p = t.placement
        if stored := {it.id for it in found} & self._stored_episodes:
            self._connection.execute(p.delete().where(p.c.id.in_(stored)))
        bulk(self._connection, p, [register_row(it, self._directory) for it in found])

    def _content_row(self, content: Content) -> dict[str, Any]:
        message = content.message
        return {
            "number": content.number,
            "message_id": message.message_id,
            "kind": message.KIND,
            "version": message.VERSION,
            "source": message.sender,
            "occurred_at": message.occurred_at,
            "value": encode(message),
        }

    def _write_changed(self, table: Any, rows: list[dict[str, Any]], stored: set[UUID]) -> None:
        bulk(self._connection, table, [row for row in rows if row["id"] not in stored])
        changed = [{f"new_{k}": v for k, v in row.items()} for row in rows if row["id"] in stored]
        if changed:
            values: dict[str, Any] = {
                c.name: bindparam(f"new_{c.name}") for c in table.c if c.name != "id"
            }
            statement = update(table).where(table.c.id == bindparam("new_id")).values(values)
            self._connection.execute(statement, changed)


def _began(episode: Episode) -> datetime:
    return episode.state.started_at or max(fact.at for fact in episode.facts)
