"""
The register of who lives where: looked-after children placed in an area, and placed elsewhere.

Read off the ledger in two queries, whatever its size. No answer holds a name; the child is the
pseudonym that the asking council has for it.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, or_, select

from broker.ledger import tables as t
from broker.ledger.rows import PLACEMENT
from broker.placements.placement import CURRENT, ENDED, PLANNED

HERE, ELSEWHERE, OWN_AREA = "placed-here", "placed-elsewhere", "own-area"
_AWAY = ("open", "found")


class Entry(NamedTuple):  # thousands are made at once
    """
    One placement, as one council sees it.

    `where`: placed here by another council, placed elsewhere by this one, or in its own area.
    `notice`: `given`, or `none` where only the home has said that the child is there. `missing` and
    `absences` are of the child, now and since the placement began; one that stands open counts.
    """

    placement: UUID
    child: str
    where: str
    responsible: str
    host: str
    home: str
    carer: str
    starts_at: datetime
    ends_at: datetime | None
    state: str
    notice: str
    arrived: bool
    missing: bool
    absences: int
    risk: str
    iro_stated: bool
    contact_stated: bool
    exercise: bool


def register(
    connection: Connection,
    council: str,
    at: datetime,
    pseudonym: Callable[[UUID, str], str],
    *,
    ended: bool = False,
) -> list[Entry]:
    """
    The placements of a council's own children, and of others' in its area, the oldest first.

    Those that are planned or current at that moment; with `ended`, those that are over too.
    """
    p = t.placement.c
    columns = (
        p.id, p.child, p.responsible, p.host, p.home, p.carer,
        p.starts_at, p.ends_at, p.noticed,
        p.arrived, p.risk, p.iro_stated, p.contact_stated, p.exercise,
    )  # fmt: skip
    mine = or_(p.host == council, p.responsible == council)
    query = select(*columns).where(mine, p.cancelled.is_(False)).order_by(p.starts_at, p.id)
    if not ended:
        query = query.where(or_(p.ends_at.is_(None), p.ends_at > at))
    rows = connection.execute(query).all()
    away = _absences(connection, council)
    found = []
    for row in rows:
        id, child, responsible, host, home, carer, starts_at, ends_at, noticed, arrived, *stated = (
            row
        )
        missing, absences = _since(away[child], starts_at) if child in away else (False, 0)
        found.append(
            Entry(
                id,
                pseudonym(child, council),
                _where(host, responsible, council),
                responsible,
                host,
                home,
                carer if responsible == council else "",
                starts_at,
                ends_at,
                _state(starts_at, ends_at, arrived, at),
                "given" if noticed else "none",
                arrived,
                missing,
                absences,
                *stated,
            )
        )
    return found


def _absences(connection: Connection, council: str) -> Mapping[UUID, list[tuple[datetime, bool]]]:
    """When the absences of these children began, and whether each stands open."""
    p, e = t.placement.c, t.episode.c
    theirs = select(p.child).where(or_(p.host == council, p.responsible == council))
    query = select(e.child, e.started_at, e.status).where(
        e.child.in_(theirs), e.started_at.is_not(None), e.status.not_in((PLACEMENT, "cancelled"))
    )
    found: dict[UUID, list[tuple[datetime, bool]]] = {}
    for child, began, status in connection.execute(query):
        found.setdefault(child, []).append((began, status in _AWAY))
    return found


def _since(absences: Iterable[tuple[datetime, bool]], starts_at: datetime) -> tuple[bool, int]:
    """Whether one stands open, and how many there were since then."""
    counted = [is_open for began, is_open in absences if is_open or began >= starts_at]
    return any(counted), len(counted)


def _where(host: str, responsible: str, council: str) -> str:
    if host == responsible:
        return OWN_AREA
    return HERE if host == council else ELSEWHERE


def _state(starts_at: datetime, ends_at: datetime | None, arrived: bool, at: datetime) -> str:
    if ends_at is not None and ends_at <= at:
        return ENDED
    return CURRENT if starts_at <= at or arrived else PLANNED


def without_notice(entries: Iterable[Entry]) -> list[Entry]:
    """Children whom a home has admitted, and of whom no council has told."""
    return [one for one in entries if one.notice == "none" and one.where != OWN_AREA]
