"""The absences that a census is compared with: the sender's own, and those its entries name."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from broker.census.checking import List
from broker.census.comparing import Absence, Listed
from broker.directory import kind_of
from broker.episode import Episode
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.rows import episode_of, who_knows
from broker.recognition import reference_keys
from broker.working_time import day_ends, day_starts
from schemas.census import Census, CensusEntry, Differences, Explained, Scope
from schemas.codec import decode
from schemas.missing import MissingNotification

# How far beside the period an absence may start with us and still be the one that is listed.
_BESIDE = timedelta(days=1)
_CANCELLED = "cancelled"
_STATES = ("open", "found", "returned", "closed", _CANCELLED)
_MISSING = ("missing", "unrecognised")


@dataclass(frozen=True, slots=True)
class Sides:
    """A census and what the ledger has to compare with it."""

    listed: tuple[Listed, ...]
    absences: tuple[Absence, ...]
    explained: tuple[Explained, ...] = ()


class Gathering:
    """
    Looks up both sides of one census, in a number of queries that hangs on neither's length.

    `agency` is the sender by its id of today.
    """

    def __init__(self, connection: Connection, one: List, agency: str, keys: Keys) -> None:
        self._connection, self._list, self._agency, self._keys = connection, one, agency, keys
        self._starts, self._ends = day_starts(one.first), day_ends(one.last)

    def sides(self) -> Sides:
        """
        Both sides.

        An absence that is not the sender's own is there only if the sender knows of it, or calls it
        by its own reference: so nobody finds out by asking.
        """
        parts = list(self._parts())
        entries = [entry for part in parts for entry in part.entries]
        own_keys = {self._own_key(entry): entry for entry in entries}
        named = self._named(own_keys)
        children = self._children(entries)
        listed = tuple(self._listed(key, entry, children) for key, entry in own_keys.items())
        own = {row.id: row for row in self._rows(self._is_own())}
        ids = {*named, *(one.shared for one in listed if one.shared)} - own.keys()
        wanted = {child for one in listed for child in one.children}
        others = {row.id: row for row in self._others(ids, wanted) if row.id not in own}
        numbered = self._numbered(listed, {row.child for row in (*own.values(), *others.values())})
        episodes = {row.id: episode_of(row) for row in self._pictures(others.keys())}
        absences = [self._absence(row, named, numbered) for row in own.values()]
        for row in others.values():
            one = replace(self._absence(row, named, numbered), counted=False)
            one = _as_said(one, episodes[row.id])
            known = {self._agency, self._list.agency} & one.known_to
            if row.id in named or self._mine(row) or known:
                absences.append(one)
        return Sides(
            listed, tuple(absences), tuple(one for part in parts for one in part.explained)
        )

    def known_to(self, absences: Iterable[Absence]) -> Mapping[UUID, frozenset[str]]:
        """The agencies that know of these absences: were told, or said something."""
        return {row.id: who_knows(row.picture) for row in self._pictures({a.id for a in absences})}

    def told_already(self) -> list[tuple[str, Differences]]:
        """What was told of this very list when it was last compared, by address; and how often."""
        d, c = t.delivery.c, t.content.c
        numbers = [part.number for part in self._list.parts.values()]
        query = (
            select(d.address, c.value)
            .join(t.content, c.number == d.content)
            .where(d.message.in_(numbers), c.kind == Differences.KIND)
            .order_by(d.number)
        )
        found = [(row.address, decode(row.value)) for row in self._connection.execute(query)]
        return [(address, said) for address, said in found if isinstance(said, Differences)]

    def told_of(self, earlier: Iterable[List]) -> tuple[str, ...]:
        """The addresses that were told of the differences of earlier lists."""
        d, c = t.delivery.c, t.content.c
        numbers = [one.parts[1].number for one in earlier]
        query = (
            select(d.address)
            .join(t.content, c.number == d.content)
            .where(d.message.in_(numbers), c.kind == Differences.KIND)
        )
        found = self._connection.execute(query.distinct()).scalars().all() if numbers else ()
        return tuple(sorted(found))

    # -- what the census says

    def _parts(self) -> Iterator[Census]:
        numbers = [part.number for _, part in sorted(self._list.parts.items())]
        query = select(t.message.c.value).where(t.message.c.number.in_(numbers))
        for value in self._connection.execute(query.order_by(t.message.c.number)).scalars():
            said = decode(value)
            assert isinstance(said, Census)
            yield said

    def _own_key(self, entry: CensusEntry) -> bytes:
        return self._keys.of(self._realm, "episode", self._list.agency, entry.reference)

    @property
    def _realm(self) -> str:
        return "exercise" if self._list.exercise else "real"

    def _listed(
        self, key: bytes, entry: CensusEntry, children: Mapping[bytes, frozenset[UUID]]
    ) -> Listed:
        child = entry.child
        keys = reference_keys(child, self._list.exercise, self._keys) if child else []
        return Listed(
            reference=entry.reference,
            key=key,
            category=entry.category.value,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            shared=entry.shared,
            children=frozenset[UUID]().union(*(children.get(one, ()) for one in keys)),
            numbered=(child.scheme.value, child.holder) if child and keys else None,
            authority=entry.authority or "",
            day_only=entry.day_only,
        )

    def _named(self, own_keys: Mapping[bytes, CensusEntry]) -> Mapping[UUID, frozenset[bytes]]:
        """The absences that the sender calls by these references."""
        k = t.episode_key.c
        found: dict[UUID, set[bytes]] = {}
        query = select(k.key, k.episode).where(k.key.in_(own_keys))
        for key, episode in self._connection.execute(query) if own_keys else ():
            found.setdefault(episode, set()).add(key)
        return {episode: frozenset(keys) for episode, keys in found.items()}

    def _children(self, entries: Iterable[CensusEntry]) -> Mapping[bytes, frozenset[UUID]]:
        """The children who have these numbers."""
        wanted = {
            key
            for entry in entries
            if entry.child
            for key in reference_keys(entry.child, self._list.exercise, self._keys)
        }
        k = t.child_key.c
        found: dict[bytes, set[UUID]] = {}
        query = select(k.key, k.child).where(k.key.in_(wanted))
        for key, child in self._connection.execute(query) if wanted else ():
            found.setdefault(key, set()).add(child)
        return {key: frozenset(children) for key, children in found.items()}

    # -- what the ledger has

    def _is_own(self) -> ColumnElement[bool]:
        """
        What is the sender's by what the ledger knows.

        Of a force only what it is told of: a child who is absent is missing from nobody's list of
        the police, unless the force itself said so.
        """
        e, agency = t.episode.c, self._agency
        match kind_of(agency):
            case "la":
                return or_(e.lead == agency, e.host == agency, e.area == agency)
            case "police":
                told_of = or_(e.category.in_(_MISSING), self._reported())
                return and_(e.force == agency, told_of)
            case _:
                return or_(e.placed_with == agency, self._reported())

    def _reported(self) -> ColumnElement[bool]:
        m = t.message.c
        query = select(m.episode).where(
            m.sender == self._list.agency,
            m.kind == MissingNotification.KIND,
            m.episode.is_not(None),
        )
        return t.episode.c.id.in_(query)

    def _rows(self, which: ColumnElement[bool]) -> Sequence[Any]:
        e = t.episode.c
        query = _lean().where(
            e.exercise == self._list.exercise,
            e.status.in_(_STATES),
            e.status != _CANCELLED,
            e.started_at >= self._starts - _BESIDE,
            e.started_at < self._ends + _BESIDE,
            which,
        )
        return [row for row in self._connection.execute(query).all() if self._in_scope(row)]

    def _in_scope(self, row: Any) -> bool:
        """A list of looked-after children is compared with the sender's own, wherever they live."""
        if self._list.scope != Scope.looked_after:
            return True
        mine = row.lead == self._agency and row.category in (*_MISSING, "absent")
        return mine and bool(json.loads(row.at_start).get("looked_after"))

    def _others(self, ids: set[UUID], children: set[UUID]) -> Sequence[Any]:
        """What is called by a reference, whenever it was, and what is of the children then."""
        e = t.episode.c
        if not ids and not children:
            return ()
        then = and_(
            or_(e.started_at.is_(None), e.started_at < self._ends + _BESIDE),
            or_(e.ended_at.is_(None), e.ended_at > self._starts - _BESIDE),
        )
        query = _lean().where(
            e.exercise == self._list.exercise,
            e.status.in_(_STATES),
            or_(e.id.in_(ids), and_(e.child.in_(children), then)),
        )
        return self._connection.execute(query).all()

    def _mine(self, row: Any) -> bool:
        mine = {
            "la": (row.lead, row.host, row.area),
            "police": (row.force,) if row.category in _MISSING else (),
        }
        return self._agency in mine.get(kind_of(self._agency), (row.placed_with,))

    def _numbered(
        self, listed: Iterable[Listed], children: set[UUID]
    ) -> Mapping[UUID, frozenset[tuple[str, str]]]:
        """Who has given each of these children a number, of those whose numbers are stated."""
        stated = {one.numbered for one in listed if one.numbered}
        k = t.child_key.c
        query = select(k.child, k.ground, k.holder).where(
            k.child.in_(children),
            k.ground.in_({scheme for scheme, _ in stated}),
            k.holder.in_({holder for _, holder in stated}),
        )
        found: dict[UUID, set[tuple[str, str]]] = {}
        for child, ground, holder in self._connection.execute(query) if stated else ():
            found.setdefault(child, set()).add((ground, holder))
        return {child: frozenset(each) for child, each in found.items()}

    def _pictures(self, ids: Collection[UUID]) -> Iterable[Any]:
        e = t.episode.c
        query = select(e.id, e.child, e.exercise, e.picture).where(e.id.in_(ids))
        return self._connection.execute(query) if ids else ()

    def _absence(
        self,
        row: Any,
        named: Mapping[UUID, frozenset[bytes]],
        numbered: Mapping[UUID, frozenset[tuple[str, str]]],
    ) -> Absence:
        inside = row.started_at is not None and self._starts <= row.started_at < self._ends
        return Absence(
            id=row.id,
            child=row.child,
            category=row.category,
            started_at=row.started_at,
            ended_at=row.ended_at,
            counted=inside,
            lead=row.lead,
            force=row.force,
            keys=named.get(row.id, frozenset()),
            numbered=numbered.get(row.child, frozenset()),
            cancelled=row.status == _CANCELLED,
        )


def _lean() -> Select[Any]:
    """Without the pictures, of which only those of what differs are read."""
    e = t.episode.c
    return select(
        e.id, e.child, e.status, e.category, e.started_at, e.ended_at,
        e.lead, e.host, e.area, e.force, e.placed_with, e.at_start,
    )  # fmt: skip


def _as_said(one: Absence, episode: Episode) -> Absence:
    """With who knows of it; one that was cancelled has its times in what was said of it alone."""
    told = {address.partition("/")[0] for address in episode.told}
    known = frozenset(told | {fact.sender for fact in episode.facts})
    one = replace(one, known_to=known)
    if not one.cancelled:
        return one
    starts = [fact.said["started_at"] for fact in episode.facts if "started_at" in fact.said]
    return replace(
        one,
        started_at=min(starts, default=None),
        ended_at=max((fact.at for fact in episode.facts), default=None),
        cancelled_by=frozenset(fact.sender for fact in episode.facts if fact.cancels),
    )
