"""
Everything a report is made from, off the ledger: a few queries, whatever its size.

In one transaction that reads and locks nothing, so that no report ever holds up a decision. What is
read is as it was known at `Asked.as_at`, but for joins and splits of children: those are as today.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    or_,
    select,
    type_coerce,
)

from broker.banding import band_of
from broker.directory import Directory
from broker.duties import STANDING
from broker.episode import Episode as Case
from broker.ledger import tables as t
from broker.ledger.among import among
from broker.ledger.rows import PLACEMENT, absence_of, episode_of, last_heard
from broker.reports import gathering_told, looking_up, reading
from broker.reports.catalogue import Needs
from broker.reports.facts import (
    Census,
    Duty,
    Episode,
    Facts,
    Lateness,
    OnFile,
    Placement,
    Start,
    Threshold,
)
from broker.reports.figures import Asked
from broker.reports.period import Period
from broker.reports.telling import Meeting
from broker.working_time import day_starts, london_day
from schemas.codec import decode
from schemas.message import ChildMessage

_THRESHOLDS = ("reached", "settled", "withdrawn")
_NEVER_ONE = (PLACEMENT, "unheard", *_THRESHOLDS)  # of what is no absence
_CASES = (*_THRESHOLDS, "unheard")
_CANCELLED = "cancelled"
# How far what was said of an absence since may have moved its start.
_MOVED = timedelta(days=31)

# What is owed because of an absence falls due within so many days of its start, as a rule.
_DUE_AFTER = timedelta(days=60)

_e = t.episode.c
_PICTURE = (_e.id, _e.child, _e.exercise, _e.status, _e.force, _e.picture)
_d = t.duty.c
# What reports say of a duty; whom it climbs to, and what would meet it, is as long again.
_DUTY = (
    _d.id, _d.name, _d.owed_by, _d.state, _d.opened_at, _d.basis, _d.because, _d.episode, _d.child,
    _d.starts_at, _d.due_at, _d.settled_at, _d.settled_by, _d.settled_why, _d.late_on_arrival,
    _d.working_due_at, _d.our_fault, _d.occasion, _d.rung,
)  # fmt: skip
_BARE = (
    _e.id, _e.child, _e.exercise, _e.category, _e.started_at, _e.ended_at, _e.placed_with,
    _e.at_start, _e.lived_in, _e.led_by, _e.force,
)  # fmt: skip


def gather(
    connection: Connection,
    asked: Asked,
    needs: Needs,
    directory: Directory,
    pseudonym: Callable[[UUID, str], str],
    now: datetime,
    supplied: Mapping[str, Any] | None = None,
) -> Facts:
    """The facts of one report, and what agencies supplied beside."""
    found = _Gathering(connection, asked, needs, directory, now).facts(pseudonym)
    return replace(found, supplied=supplied or {})


class _Held(NamedTuple):
    """A case as the ledger has it."""

    status: str
    force: str
    case: Case

    @property
    def id(self) -> UUID:
        return self.case.id


class _Gathering:
    """The look-ups of one report."""

    def __init__(
        self,
        connection: Connection,
        asked: Asked,
        needs: Needs,
        directory: Directory,
        now: datetime,
    ) -> None:
        self._connection, self._asked, self._needs = connection, asked, needs
        self._directory, self._now = directory, now
        self._past = asked.as_at < now  # then what was said since is taken away again
        period = asked.period
        first = period.first - timedelta(days=needs.back)
        if needs.before:
            first = min(first, period.before.first)
        if needs.year_to_date:
            first = min(first, period.year_to_date.first)
        if asked.against:
            first = min(first, asked.against.first)
        self._span = Period(first, period.last)

    def facts(self, pseudonym: Callable[[UUID, str], str]) -> Facts:
        asked, needs = self._asked, self._needs
        found = list(self._pictures(self._in(self._span))) if needs.absences else []
        children = {one.case.child for one in found}
        duties = self._duties_of(found) if needs.duties else {}
        episodes = [
            one
            for held in found
            if (one := self._episode(held, duties.get(held.id, ()))) is not None
            and one.started_at in self._span
        ]
        meetings = tuple(self._meetings()) if needs.meetings else ()
        children |= {one.child for one in meetings if one.child}
        if needs.referrals:
            since = self._span.starts_at - timedelta(days=needs.starts)
            children |= looking_up.referred(self._connection, asked, since)
        cases = list(self._cases(children)) if needs.thresholds or needs.on_file else []
        thresholds = tuple(self._thresholds(cases)) if needs.thresholds else ()
        placements = tuple(self._placements()) if needs.placements else ()
        filed = tuple(self._on_file([*found, *cases])) if needs.on_file else ()
        censuses = tuple(self._censuses()) if needs.censuses else ()
        children |= {one.child for one in placements}
        owed = tuple(self._owed()) if needs.owed else ()
        late = tuple(self._late(found)) if needs.late else ()
        return Facts(
            asked=asked,
            directory=self._directory,
            episodes=tuple(sorted(episodes, key=lambda one: (one.started_at, one.id))),
            starts=self._starts(children) if needs.starts else {},
            trend=self._trend() if needs.trend else (),
            placements=placements,
            duties=owed or late,
            about=self._about({one.episode for one in owed if one.episode}) if owed else {},
            lateness=self._lateness(owed) if needs.lateness else Lateness(),
            thresholds=thresholds,
            bands=self._bands(found, thresholds) if needs.bands else {},
            on_file=filed,
            censuses=censuses,
            lists=looking_up.lists(self._connection, censuses),
            differences=looking_up.differences(self._connection, asked) if needs.censuses else (),
            joined=looking_up.joined(self._connection) if needs.censuses else {},
            closed_by=looking_up.closed_by(self._connection, filed, asked.as_at),
            bodies=self._bodies([*found, *cases]) if needs.bodies else {},
            deliveries=gathering_told.deliveries(
                self._connection, {one.id for one in found}, needs, asked.as_at
            ),
            meetings=meetings,
            pseudonym=lambda child: pseudonym(child, asked.reader) if child else "",
        )

    # -- absences

    def _in(self, span: Period) -> ColumnElement[bool]:
        """Absences of the areas, lived in or own, that began in a time."""
        e, areas, began = t.episode.c, self._asked.areas, self._began(span)
        return and_(
            or_(
                and_(among(self._connection, e.lived_in, areas), began),
                and_(among(self._connection, e.led_by, areas), began),
            ),
            self._counted(),
        )

    def _began(self, span: Period) -> ColumnElement[bool]:
        """Whether an absence began in a time; of the past, whether it may have, as known then."""
        e = t.episode.c
        if not self._past:
            return and_(e.started_at >= span.starts_at, e.started_at < span.ends_at)
        return or_(
            and_(e.started_at >= span.starts_at - _MOVED, e.started_at < span.ends_at + _MOVED),
            e.started_at.is_(None),  # what was reported of it was taken back
        )

    def _counted(self) -> ColumnElement[bool]:
        e = t.episode.c
        gone = _NEVER_ONE if self._past else (*_NEVER_ONE, _CANCELLED)
        return and_(e.exercise.is_(False), e.status.not_in(gone))

    def _pictures(self, which: ColumnElement[bool]) -> Iterator[_Held]:
        return self._read(select(*_PICTURE).where(which))

    def _read(self, query: Select[Any]) -> Iterator[_Held]:
        for row in self._connection.execute(query):
            yield _Held(row.status, row.force, episode_of(row))

    def _episode(self, held: _Held, duties: Iterable[Duty] = ()) -> Episode | None:
        today = self._directory.today
        return reading.episode_of(held.case, self._asked.as_at, held.force, today, duties)

    def _trend(self) -> tuple[Start, ...]:
        """The bare absences of the areas, in a longer time."""
        period = self._asked.period
        oldest = period.series(self._needs.trend + 1)[0]
        first = min(self._span.first, oldest.first, period.year_to_date.first)
        span = Period(first, period.last)
        found = (one for one in self._bare(self._in(span)) if one.started_at in span)
        return tuple(sorted(found, key=lambda one: (one.started_at, one.episode)))

    def _starts(self, children: set[UUID]) -> Mapping[UUID, tuple[Start, ...]]:
        """The absences of these children, wherever they were, up to the end of the period."""
        e, period = t.episode.c, self._asked.period
        first = min(self._span.first, period.first - timedelta(days=self._needs.starts))
        until = london_day(self._asked.as_at) if self._needs.followed else period.last
        span = Period(first, max(period.last, until))
        which = and_(among(self._connection, e.child, children), self._began(span), self._counted())
        found: dict[UUID, list[Start]] = {}
        for one in self._bare(which):
            if one.started_at in span:
                found.setdefault(one.child, []).append(one)
        return {
            child: tuple(sorted(each, key=lambda one: (one.started_at, one.episode)))
            for child, each in found.items()
        }

    def _bare(self, which: ColumnElement[bool]) -> Iterator[Start]:
        """Absences in few words: without their pictures, but where the past is asked for."""
        if self._past:
            yield from self._as_known(which)
            return
        query: Select[Any] = select(*_BARE)
        for row in self._connection.execute(query.where(which)):
            yield _start(row)

    def _as_known(self, which: ColumnElement[bool]) -> Iterator[Start]:
        """As they were; of what nothing was heard since, the columns say it."""
        query: Select[Any] = select(*_BARE, _e.status, _e.picture)
        for row in self._connection.execute(query.where(which)):
            if last_heard(row.picture) <= self._asked.as_at:
                if row.started_at is not None and row.status != _CANCELLED:
                    yield _start(row)
                continue
            one = self._episode(_Held(row.status, row.force, episode_of(row)))
            if one is not None:
                yield Start(
                    episode=one.id,
                    child=one.child,
                    started_at=one.started_at,
                    category=one.category,
                    ended_at=one.ended_at,
                    police=one.police_report == "made",
                    lives_in=one.lives_in or one.place,
                    lead=one.lead,
                    of_age_at=one.of_age_at,
                    force=one.force,
                    placed_with=one.home or (f"{one.lead}/{one.carer}" if one.carer else ""),
                    looked_after=one.looked_after,
                )

    # -- duties

    def _duties_of(self, cases: Iterable[_Held]) -> Mapping[UUID, tuple[Duty, ...]]:
        """What was owed because of these cases, by case."""
        ids = [one.id for one in cases]
        named = t.duty.c.name.like(f"%{self._needs.duties_named}")
        of_these = among(self._connection, t.duty.c.episode, ids)
        query = select(t.duty).where(named, of_these)
        found: dict[UUID, list[Duty]] = {}
        for duty in self._read_duties(query):
            if duty.episode is not None:
                found.setdefault(duty.episode, []).append(duty)
        return {case: tuple(each) for case, each in found.items()}

    def _owed(self) -> Iterator[Duty]:
        """What these agencies owed, and what was owed about their children, due in the period."""
        d, period = t.duty.c, self._asked.period
        due = or_(
            and_(d.due_at >= period.starts_at, d.due_at < period.ends_at),
            and_(
                d.due_at.is_(None),
                d.opened_at >= period.starts_at,
                d.opened_at < period.ends_at,
            ),
        )
        agencies = dict.fromkeys((self._asked.reader, *self._asked.areas))
        desks = [desk.address for one in agencies for desk in self._directory.desks(one)]
        theirs = Period(period.first - _DUE_AFTER, period.last)
        p = t.placement.c
        placed = or_(
            among(self._connection, p.host, self._asked.areas),
            among(self._connection, p.responsible, self._asked.areas),
        )
        own = among(self._connection, d.owed_by, desks)
        which = (  # no duty is in two of them
            own,
            and_(among(self._connection, d.episode, select(_e.id).where(self._in(theirs))), ~own),
            and_(among(self._connection, d.episode, select(p.id).where(placed)), ~own),
        )
        found: list[Duty] = []
        for each in which:
            query: Select[Any] = select(t.duty).where(each, due, d.exercise.is_(False))
            found += self._read_duties(query)
        yield from sorted(found, key=lambda one: (one.opened_at, one.name, one.id))

    def _about(self, cases: set[UUID]) -> Mapping[UUID, Start]:
        """The absences and placements that duties are about, in few words."""
        absences: Select[Any] = select(*_BARE).where(
            among(self._connection, _e.id, cases), _e.started_at.is_not(None)
        )
        found = {row.id: _start(row) for row in self._connection.execute(absences)}
        p = t.placement.c
        stays = select(p.id, p.child, p.starts_at, p.responsible, p.host, p.home).where(
            among(self._connection, p.id, cases)
        )
        for row in self._connection.execute(stays):
            found[row.id] = Start(
                episode=row.id,
                child=row.child,
                started_at=row.starts_at,
                category=PLACEMENT,
                lives_in=row.host,
                lead=row.responsible,
                placed_with=row.home,
            )
        return found

    def _lateness(self, owed: Iterable[Duty]) -> Lateness:
        """How long deliveries of these absences took to go out, and duties to be found late."""
        d, b, v = t.delivery.c, t.batch.c, t.duty_event.c
        # Numbers of the ledger: times would be made of them only to be subtracted.
        decided, gone = type_coerce(d.decided_at, BigInteger), type_coerce(b.sent_at, BigInteger)
        query = (
            select(gone - decided)
            .outerjoin(t.batch, and_(b.shard == d.shard, b.number == d.batch))
            .where(
                among(self._connection, d.episode, select(_e.id).where(self._in(self._span))),
                d.address != "",
                d.decided_at <= self._asked.as_at,
            )
        )
        sent, waiting = [], 0
        for microseconds in self._connection.execute(query).scalars():
            if microseconds is None:
                waiting += 1
            else:
                sent.append(timedelta(microseconds=max(microseconds, 0)))
        due = {one.id: one.due_at for one in owed if one.due_at and not one.late_on_arrival}
        late = select(v.duty, v.at).where(
            among(self._connection, v.duty, due), v.what == "late", v.at <= self._asked.as_at
        )
        fired = [
            max(at - due_at, timedelta(0))
            for duty, at in self._connection.execute(late)
            if (due_at := due[duty]) is not None
        ]
        return Lateness(tuple(sent), waiting, tuple(fired))

    def _late(self, found: Iterable[_Held]) -> Iterator[Duty]:
        """
        What is late as at the report: owed by these agencies, or because of these absences.

        What was due after the period is not looked at.
        """
        d, asked = t.duty.c, self._asked
        until = min(asked.period.ends_at, asked.as_at)
        standing = d.state.in_(STANDING)
        late_then = or_(standing, d.settled_at > asked.as_at) if self._past else standing
        agencies = dict.fromkeys((asked.reader, *asked.areas))
        query = select(t.duty).where(
            late_then,
            d.due_at < until,
            d.exercise.is_(False),
            or_(
                *(d.owed_by.like(f"{agency}/%") for agency in agencies),
                among(self._connection, d.episode, {one.id for one in found}),
            ),
        )
        return (one for one in self._read_duties(query) if one.state == "late")

    def _meetings(self) -> Iterator[Meeting]:
        """Those of the time, and those held since: what followed is reported with it (rule N5)."""
        asked = self._asked
        last = max(self._span.last, london_day(asked.as_at))
        theirs = (asked.reader, *asked.areas)
        since = Period(self._span.first, last)
        return gathering_told.meetings(self._connection, theirs, since, asked.as_at)

    def _read_duties(self, query: Select[Any]) -> Iterator[Duty]:
        lean: Select[Any] = query.with_only_columns(*_DUTY)
        rows = self._connection.execute(lean).all()
        done_at = self._done_at(rows)
        climbs = self._climbs([row.id for row in rows if row.rung])
        for row in sorted(rows, key=lambda one: (one.opened_at, one.name, one.id)):
            one = reading.duty_of(
                row, self._asked.as_at, done_at.get(row.id), climbs.get(row.id, ())
            )
            if one is not None:
                yield one

    def _done_at(self, duties: Iterable[Row[Any]]) -> Mapping[UUID, datetime]:
        """When what met each duty happened: it may have been told later."""
        settled = {one.id: UUID(one.settled_by) for one in duties if one.settled_by}
        by_message = set(settled.values())
        m = t.message.c
        query = select(m.message_id, m.occurred_at).where(
            among(self._connection, m.message_id, by_message)
        )
        happened = {row.message_id: row.occurred_at for row in self._connection.execute(query)}
        return {duty: happened[message] for duty, message in settled.items() if message in happened}

    def _climbs(self, duties: Sequence[UUID]) -> Mapping[UUID, tuple[str, ...]]:
        v = t.duty_event.c
        query = (
            select(v.duty, v.address)
            .where(
                among(self._connection, v.duty, duties),
                v.what == "climbed",
                v.at <= self._asked.as_at,
            )
            .order_by(v.number)
        )
        found: dict[UUID, list[str]] = {}
        for duty, address in self._connection.execute(query) if duties else ():
            found.setdefault(duty, []).append(address or "")
        return {duty: tuple(each) for duty, each in found.items()}

    # -- what stands beside

    def _cases(self, children: set[UUID]) -> Iterator[_Held]:
        """Files of these children, what was reached about them, and about homes in the areas."""
        e = t.episode.c
        return self._pictures(
            and_(
                among(self._connection, e.child, children),
                e.exercise.is_(False),
                e.status.in_(_CASES),
            )
        )

    def _thresholds(self, cases: Iterable[_Held]) -> Iterator[Threshold]:
        reached = [held for held in cases if held.status in _THRESHOLDS]
        with_duties = self._needs.duties or self._needs.threshold_duties
        duties = self._duties_of(reached) if with_duties else {}
        for held in reached:
            one = reading.threshold_of(held.case, self._asked.as_at, duties.get(held.id, ()))
            if one is not None:
                yield one

    def _bands(self, found: Iterable[_Held], thresholds: Iterable[Threshold]) -> Mapping[str, str]:
        """The colour of each absence that was counted, by the policy that was in force then."""
        counted = {id for one in thresholds for id in one.counted}
        policies = looking_up.policies(self._connection) if counted else None
        bands = {}
        for held in found if policies else ():
            state = reading.known_by(held.case, self._asked.as_at).state
            if str(held.id) in counted and state.started_at and policies:
                bands[str(held.id)] = band_of(state, state.started_at, policies, self._directory)
        return {id: band for id, band in bands.items() if band}

    def _on_file(self, cases: Iterable[_Held]) -> Iterator[OnFile]:
        for held in cases:
            yield from reading.on_file(held.case, self._asked.as_at)

    def _placements(self) -> Iterator[Placement]:
        """The placements of own children, and of others' in the areas, in force in the time."""
        p = t.placement.c
        first = self._asked.period.first - timedelta(days=self._needs.placed_back)
        since = min(self._span.starts_at, day_starts(first))
        query = (
            select(*_PICTURE)
            .join(t.placement, p.id == t.episode.c.id)
            .where(
                or_(
                    among(self._connection, p.host, self._asked.areas),
                    among(self._connection, p.responsible, self._asked.areas),
                ),
                p.exercise.is_(False),
                p.starts_at < self._asked.period.ends_at + _MOVED,
                or_(p.ends_at.is_(None), p.ends_at >= since),
            )
        )
        held = list(self._read(query))
        duties = self._duties_of(held) if self._needs.duties else {}
        as_at, today = self._asked.as_at, self._directory.today
        read = (reading.stay_of(it.case, as_at, today, duties.get(it.id, ())) for it in held)
        found = [one for one in read if one is not None]
        yield from sorted(found, key=lambda one: (one.starts_at, one.id))

    def _censuses(self) -> Iterator[Census]:
        """The last list of each agency of each period in the time, as far as it is whole."""
        c = t.census.c
        query = (
            select(t.census)
            .where(
                c.exercise.is_(False),
                c.period_to >= self._span.first.isoformat(),
                c.period_from <= self._span.last.isoformat(),
                c.complete_at <= self._asked.as_at,
            )
            .order_by(c.drawn_at)
        )
        parts: dict[UUID, list[int]] = {}
        last: dict[tuple[str, str, str], Any] = {}
        for row in self._connection.execute(query):
            last[row.agency, row.period_from, row.period_to] = row
        q = t.census_part.c
        ids = [row.id for row in last.values()]
        query = select(q.census, q.message).where(among(self._connection, q.census, ids))
        for census, message in self._connection.execute(query.order_by(q.part)) if ids else ():
            parts.setdefault(census, []).append(message)
        for row in last.values():
            yield Census(
                agency=row.agency,
                period=Period(
                    date.fromisoformat(row.period_from), date.fromisoformat(row.period_to)
                ),
                nil=row.nil,
                drawn_at=row.drawn_at,
                theirs=row.theirs,
                ours=row.ours,
                on_both=row.on_both,
                only_us=row.only_us,
                only_them=row.only_them,
                different=row.different,
                heard_at=row.complete_at,
                messages=tuple(parts.get(row.id, ())),
            )

    def _bodies(self, cases: Iterable[_Held]) -> Mapping[int, ChildMessage]:
        """The messages themselves, of the kinds asked for; what was erased is not there."""
        m = t.message.c
        numbers = {
            fact.number
            for held in cases
            for fact in held.case.facts
            if fact.kind in self._needs.bodies and fact.heard <= self._asked.as_at
        }
        query = select(m.number, m.value).where(among(self._connection, m.number, numbers))
        read: dict[int, ChildMessage] = {}
        for number, value in self._connection.execute(query) if numbers else ():
            message = decode(value) if value else None
            if isinstance(message, ChildMessage):
                read[number] = message
        return read


def _start(row: Any) -> Start:
    one = absence_of(row)
    return Start(
        episode=one.id,
        child=one.child,
        started_at=one.started_at,
        category=one.category,
        ended_at=one.ended_at,
        police=bool(one.said.get("police")),
        lives_in=row.lived_in,
        lead=row.led_by,
        of_age_at=one.said.get("of_age_at"),
        force=row.force,
        placed_with=one.placed_with,
        looked_after=bool(one.said.get("looked_after")),
    )


def last_policy(connection: Connection) -> str:
    """The version of the policy in force, as the ledger has it."""
    return str(connection.execute(select(t.ledger.c.policy_version)).scalar_one_or_none() or "")
