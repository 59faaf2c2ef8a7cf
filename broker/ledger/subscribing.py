"""
The part of a working set that subscriptions stand in: who asked, who acts for whom, the register.

Each question is asked once in a transaction, and only where it is needed: a message about a
placement costs two, however many subscriptions there are.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from broker.duties import Duty
from broker.episode import PLACED, Episode
from broker.ledger import tables as t
from broker.ledger.rows import bulk, duty_of, episode_of
from broker.ledger.subscriptions import agreements, row_of, subscription_of
from broker.subscriptions.counts import Cells, Month, Stay, counted
from broker.subscriptions.rights import (
    BY_SUBSCRIPTION,
    LIVE,
    Agreement,
    Subscription,
    Ties,
    is_taken_back,
)
from broker.working_time import london_day
from schemas.codec import decode
from schemas.message import Message


class Subscribing:
    """Subscriptions, agreements and the audit, gathered and written with the rest."""

    _connection: Connection
    now: datetime
    duties: dict[UUID, Duty]
    of_episode: dict[UUID | None, list[UUID]]
    _stored_duties: set[UUID]

    def __init__(self) -> None:
        super().__init__()
        self._subscriptions: dict[UUID, Subscription] | None = None
        self._wanted_subscriptions: set[UUID] = set()
        self._stored_subscriptions: set[UUID] = set()
        self._changed_subscriptions: set[UUID] = set()
        self._has_duties = False
        self._ties: Ties | None = None
        self._had_by_subscription: dict[int, dict[tuple[str, str], str]] = {}
        self._published: dict[str, Mapping[str, Cells]] = {}
        self._audit: list[dict[str, Any]] = []

    # -- gather

    def _gather_subscriptions(self, ids: set[UUID], befores: Iterable[Any]) -> None:
        """Those that are named, and who had by subscription what is corrected or taken back."""
        self._wanted_subscriptions |= ids
        d = t.delivery.c
        numbers = {one.number for one in befores if one.kind in PLACED}
        if not numbers:
            return
        query = select(d.message, d.address, d.because, d.view).where(
            d.message.in_(numbers), d.because.startswith(BY_SUBSCRIPTION)
        )
        for row in self._connection.execute(query):
            if is_taken_back(row.because):
                continue
            key = (row.because.partition("@")[0], row.address)
            self._had_by_subscription.setdefault(row.message, {})[key] = row.view

    # -- look at it

    @property
    def subscriptions(self) -> Mapping[UUID, Subscription]:
        """Those that may still change, and those that were asked after; the oldest first."""
        if self._subscriptions is None:
            s = t.subscription.c
            query = (
                select(t.subscription)
                .where(or_(s.state.in_(LIVE), s.id.in_(self._wanted_subscriptions)))
                .order_by(s.asked_at, s.id)
            )
            rows: Iterable[Any] = self._connection.execute(query)
            self._subscriptions = {row.id: subscription_of(row) for row in rows}
            self._stored_subscriptions = set(self._subscriptions)
        return self._subscriptions

    def want_subscription(self, id: UUID) -> Subscription | None:
        """One by its id, whatever its state."""
        if self._subscriptions is None:
            self._wanted_subscriptions.add(id)
        return self.subscriptions.get(id)

    @property
    def ties(self) -> Ties:
        """Who acts for whom today."""
        if self._ties is None:
            self._ties = Ties.of(self.agreements(), london_day(self.now))
        return self._ties

    def agreements(self) -> list[Agreement]:
        """Every agreement that was recorded, the oldest first."""
        return agreements(self._connection)

    def had_by_subscription(self, number: int) -> Mapping[tuple[str, str], str]:
        """The view in which a message was had, by subscription and address."""
        return self._had_by_subscription.get(number, {})

    def duty_called(self, id: UUID) -> Duty | None:
        """A duty of a subscription: it is of no absence, so that no gathering finds it."""
        if not self._has_duties:
            self._has_duties = True
            ids = {id for one in self.subscriptions.values() for id in one.duty_ids}
            ids -= self.duties.keys()
            for row in self._connection.execute(select(t.duty).where(t.duty.c.id.in_(ids))):
                self.duties[row.id] = duty_of(row)
                self.of_episode.setdefault(None, []).append(row.id)
                self._stored_duties.add(row.id)
        return self.duties.get(id)

    def register(
        self, subscription: Subscription, councils: frozenset[str], areas: tuple[str, ...]
    ) -> list[Episode]:
        """The placements that stand, of these councils and as the filter asks; the oldest first."""
        p, e = t.placement.c, t.episode.c
        query = (
            select(e.id, e.child, e.exercise, e.picture)
            .join(t.placement, p.id == e.id)
            .where(self._standing(subscription, councils, areas))
            .order_by(p.starts_at, p.id)
        )
        rows: Iterable[Any] = self._connection.execute(query)
        return [episode_of(row) for row in rows]

    def register_messages(
        self, subscription: Subscription, councils: frozenset[str], areas: tuple[str, ...]
    ) -> Mapping[int, Message]:
        """What was said of those placements, by acceptance number."""
        m, p = t.message.c, t.placement.c
        query = (
            select(m.number, m.value)
            .join(t.placement, p.id == m.episode)
            .where(self._standing(subscription, councils, areas), m.kind.in_(PLACED))
        )
        return {row.number: decode(row.value) for row in self._connection.execute(query)}

    def _standing(
        self, subscription: Subscription, councils: frozenset[str], areas: tuple[str, ...]
    ) -> ColumnElement[bool]:
        p, asked = t.placement.c, subscription.filter
        narrowed = [
            column.in_(values)
            for column, values in (
                (p.host, areas),
                (p.responsible, asked.placed_by),
                (p.home, asked.homes),
            )
            if values
        ]
        return and_(
            p.cancelled.is_(False),
            or_(p.ends_at.is_(None), p.ends_at > self.now),
            p.exercise == subscription.exercise,
            or_(p.host.in_(councils), p.responsible.in_(councils)),
            *narrowed,
        )

    def counts_of(self, month: Month) -> Mapping[str, Cells]:
        """
        What is published of a month, counted once and then kept.

        So every subscriber sees the same numbers of it, whenever it asks.
        """
        if month.name not in self._published:
            self._published[month.name] = self._published_of(month)
        return self._published[month.name]

    def _published_of(self, month: Month) -> Mapping[str, Cells]:
        c = t.published.c
        held = self._connection.execute(select(c.cells).where(c.month == month.name)).scalar()
        if held is None:
            cells = counted(self._stays(month), month, self.ties)
            held = json.dumps({host: asdict(each) for host, each in sorted(cells.items())})
            row = {"month": month.name, "counted_at": self.now, "cells": held}
            self._connection.execute(insert(t.published).values(row))
        return {host: Cells(**each) for host, each in json.loads(held).items()}

    def _stays(self, month: Month) -> Iterator[Stay]:
        p = t.placement.c
        query = select(p.child, p.host, p.responsible, p.starts_at, p.ends_at).where(
            p.exercise.is_(False),
            p.cancelled.is_(False),
            p.host != p.responsible,
            p.starts_at < month.ends_at,
            or_(p.ends_at.is_(None), p.ends_at >= month.starts_at),
        )
        for row in self._connection.execute(query):
            if row.host and row.responsible:
                yield Stay(*row)

    # -- change it

    def keep_subscription(self, subscription: Subscription) -> None:
        """How a subscription stands from now on."""
        held = self.subscriptions
        assert isinstance(held, dict)
        held[subscription.id] = subscription
        self._changed_subscriptions.add(subscription.id)

    def had_now(self, number: int, because: str, address: str, view: str) -> None:
        """An address gets a message by a subscription."""
        had = self._had_by_subscription.setdefault(number, {})
        had[because.partition("@")[0], address] = view

    def record_agreement(self, agreement: Agreement) -> int:
        """Write an agreement down; the answer is its number."""
        row = {**asdict(agreement), "until": agreement.until.isoformat()}
        del row["number"]
        statement = insert(t.agreement).values(row).returning(t.agreement.c.number)
        number: int = self._connection.execute(statement).scalar_one()
        self._ties = None
        return number

    def end_agreement(self, number: int) -> None:
        a = t.agreement.c
        ended = update(t.agreement).where(a.number == number).values(ended_at=self.now)
        self._connection.execute(ended)
        self._ties = None

    def audit(self, who: str, what: str, about: str, reason: str = "") -> None:
        """Who did what at this Homeward, for whoever asks later."""
        self._audit.append(
            {"at": self.now, "who": who, "what": what, "about": about, "reason": reason}
        )

    # -- write

    def _write_subscriptions(self) -> None:
        changed = [self.subscriptions[id] for id in sorted(self._changed_subscriptions)]
        new = [row_of(one) for one in changed if one.id not in self._stored_subscriptions]
        bulk(self._connection, t.subscription, new)
        for one in changed:
            if one.id in self._stored_subscriptions:
                where = t.subscription.c.id == one.id
                self._connection.execute(update(t.subscription).where(where).values(row_of(one)))
        bulk(self._connection, t.audit, self._audit)
