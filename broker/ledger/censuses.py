"""The censuses of the senders at hand: gathered, grown part by part, written once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from broker.census.checking import List, Part, by_time, list_id
from broker.census.comparing import Comparison
from broker.ledger import tables as t
from broker.ledger.rows import bulk
from schemas.census import Census, Scope
from schemas.codec import decode


class Censuses:
    """Every list of the senders of a batch, with its parts."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection, self._now = connection, now
        self._lists: dict[UUID, List] = {}
        self._stored: set[UUID] = set()
        self._changed: set[UUID] = set()
        self._new_parts: list[dict[str, Any]] = []
        self._counts: dict[UUID, dict[str, int]] = {}

    # -- gather

    def gather(self, messages: Sequence[Census]) -> None:
        """The lists of these senders; of those that grow, what is in the parts already here."""
        self.gather_of({message.sender for message in messages})
        self._gather_references({list_id(message) for message in messages} & self._stored)

    def gather_of(self, agencies: Iterable[str]) -> None:
        """The lists of these agencies, and how far each has come."""
        wanted = sorted(set(agencies))
        if not wanted:
            return
        c, p, m = t.census.c, t.census_part.c, t.message.c
        query = (
            select(t.census, p.message, p.part, p.entries, m.message_id, m.from_address)
            .join(t.census_part, p.census == c.id)
            .join(t.message, m.number == p.message)
            .where(c.agency.in_(wanted))
            .order_by(p.message)
        )
        for row in self._connection.execute(query):
            held = self._lists.get(row.id) or _list_of(row)
            part = Part(row.message, row.message_id, row.from_address, row.entries)
            self._lists[row.id] = replace(held, parts={**held.parts, row.part: part})
            self._stored.add(row.id)

    def _gather_references(self, ids: set[UUID]) -> None:
        p, m = t.census_part.c, t.message.c
        growing = [id for id in ids if not self._lists[id].is_complete]
        query = (
            select(p.census, p.part, m.value)
            .join(t.message, m.number == p.message)
            .where(p.census.in_(growing))
        )
        for row in self._connection.execute(query) if growing else ():
            held, said = self._lists[row.census], decode(row.value)
            assert isinstance(said, Census)
            named = frozenset(entry.reference for entry in said.entries)
            part = replace(held.parts[row.part], references=named)
            self._lists[row.census] = replace(held, parts={**held.parts, row.part: part})

    def find(self, id: UUID) -> List | None:
        """A list, with the others of its sender."""
        agency = self._connection.execute(select(t.census.c.agency).where(t.census.c.id == id))
        self.gather_of(agency.scalars().all())
        return self._lists.get(id)

    # -- look at it

    def held(self, id: UUID) -> List | None:
        return self._lists.get(id)

    def complete_of(self, agency: str) -> Iterator[List]:
        """The whole lists of an agency of which all parts are here, in real life."""
        for one in self._lists.values():
            whole = one.is_complete and one.scope == Scope.all
            if one.agency == agency and whole and not one.exercise:
                yield one

    def earlier(self, one: List) -> list[List]:
        """The lists whose place it takes, the latest of them last."""
        same = [each for each in self._lists.values() if each.is_complete and each.id != one.id]
        return sorted((each for each in same if each.period == one.period), key=by_time)

    # -- change it

    def grow(self, one: List, number: int, part: int) -> List | None:
        """
        Keep a list with its new part.

        A complete one takes the place of earlier ones of its period, or a later one takes its own:
        the list that counted until now, if there was one and it gives way.
        """
        self._put(one)
        entries = one.parts[part].entries
        self._new_parts.append(
            {"message": number, "census": one.id, "part": part, "entries": entries}
        )
        if not one.is_complete:
            return None
        same = [each for each in self._lists.values() if each.is_complete]
        same = [each for each in same if each.period == one.period]
        counts = max(same, key=by_time)
        before = [each for each in same if each.id != one.id and each.replaced_by is None]
        for each in same:
            if each.id != counts.id and each.replaced_by is None:
                self._put(replace(each, replaced_by=counts.id))
        return before[0] if before and counts.id == one.id else None

    def compared(self, id: UUID, comparison: Comparison) -> None:
        """Keep what came of a comparison."""
        self._counts[id] = {
            "theirs": comparison.theirs,
            "ours": comparison.ours,
            "on_both": len(comparison.pairs),
            "only_us": len(comparison.only_us),
            "only_them": len(comparison.only_them),
            "different": len(comparison.differing),
            "unsettled": comparison.unsettled,
        }

    def _put(self, one: List) -> None:
        self._lists[one.id] = one
        self._changed.add(one.id)

    # -- write

    def write(self) -> None:
        rows = [_row(self._lists[id]) for id in sorted(self._changed, key=str)]
        bulk(self._connection, t.census, [row for row in rows if row["id"] not in self._stored])
        bulk(self._connection, t.census_part, self._new_parts)
        c = t.census.c
        changed = [
            {"of": row["id"]} | {f"new_{name}": row[name] for name in _CHANGING}
            for row in rows
            if row["id"] in self._stored
        ]
        if changed:
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _CHANGING}
            statement = update(t.census).where(c.id == bindparam("of")).values(values)
            self._connection.execute(statement, changed)
        for id, counts in self._counts.items():
            values = {**counts, "compared_at": self._now}
            self._connection.execute(update(t.census).where(c.id == id).values(**values))


_CHANGING = ("drawn_at", "complete_at", "replaced_by")


def _list_of(row: Any) -> List:
    return List(
        id=row.id,
        agency=row.agency,
        exercise=row.exercise,
        first=date.fromisoformat(row.period_from),
        last=date.fromisoformat(row.period_to),
        nil=row.nil,
        of=row.parts,
        drawn_at=row.drawn_at,
        complete_at=row.complete_at,
        replaced_by=row.replaced_by,
        scope=row.scope,
    )


def _row(one: List) -> dict[str, Any]:
    return {
        "id": one.id,
        "agency": one.agency,
        "exercise": one.exercise,
        "period_from": one.first.isoformat(),
        "period_to": one.last.isoformat(),
        "nil": one.nil,
        "parts": one.of,
        "drawn_at": one.drawn_at,
        "complete_at": one.complete_at,
        "theirs": None,
        "ours": None,
        "on_both": None,
        "only_us": None,
        "only_them": None,
        "different": None,
        "compared_at": None,
        "replaced_by": one.replaced_by,
        "scope": one.scope,
        "unsettled": None,
    }
