"""
The list that police and council exchange each day: what is new of the absences they know of.

Homeward owes itself the step at the hour that the overlay names, on every day of the week, and the
list comes also where there is nothing: silence would say neither. After an outage one list covers
the whole time since the last.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from broker.decision import OPERATIONS, Content, Decision, Moment, Post, Rulebook, inbox
from broker.duties import Duty
from broker.episode import NEWS, Episode, State
from broker.keys import derived
from broker.ledger import tables as t
from broker.ledger.book import Book
from broker.ledger.rows import episode_of
from broker.policy.model import Digest as Wanted
from broker.policy.overlay import Overlay
from broker.policy.policies import Policies
from broker.whereabouts import whereabouts
from broker.working_time import at_clock, local, london_day
from schemas.digest import Digest, DigestLine
from schemas.message import BROKER
from schemas.missing import Category, MissingNotification, MissingReturn
from schemas.values import agency_of

SEND = "send-digest"  # Homeward's own step
_MOST = 2000
_ONE_DAY = timedelta(days=1)


def steps(policies: Policies, held: Iterable[UUID], now: datetime, number: int) -> Iterator[Duty]:
    """
    Homeward's own step for each digest that some overlay asks for, and that is not there yet.

    `number` is the highest acceptance number by now: what came before is no news.
    """
    known = set(held)
    for name, one in _all(policies):
        step = _step(name, one, now, number)
        if step.id not in known:
            known.add(step.id)
            yield step


def _all(policies: Policies) -> Iterator[tuple[str, Wanted]]:
    layers = (layer for overlay in policies.overlays for layer in overlay.layers)
    return ((f"{layer.name}/{one.id}", one) for layer in layers for one in layer.digests)


def _step(name: str, one: Wanted, now: datetime, number: int) -> Duty:
    at = _next(one, now)
    return Duty(
        id=derived("duty", SEND, name),
        name=SEND,
        owed_by=OPERATIONS,
        because=SEND,
        basis="local",
        met_by=(),
        message=number,  # what was said until the last list
        opened_at=now,
        ends_with_absence=False,
        state="waiting",  # it comes again and again, and is no duty that stands open
        starts_at=now,
        due_at=at,
        next_at=at,
        occasion=name,
    )


def _next(one: Wanted, now: datetime) -> datetime:
    day = london_day(now)
    today = at_clock(day, one.at)
    return today if today > now else at_clock(day + _ONE_DAY, one.at)


def send(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Send one digest to its desks; while no overlay in force asks for it, wait a day."""
    now = moment.now
    named = [one for name, one in _all(rules.policies) if name == duty.occasion]
    if not named:  # it is in no policy any more
        book.apply(Decision(duties=(replace(duty, state="cancelled", next_at=None),)))
        return
    later = _next(named[0], now)
    after = replace(duty, due_at=later, next_at=later)
    in_force = _in_force(duty.occasion, rules.policies, now)
    if in_force is None:
        book.apply(Decision(duties=(after,)))
        return
    overlay, one = in_force
    since = duty.starts_at or now - _ONE_DAY
    news = _news(book.connection, duty.message, rules, overlay)
    contents: list[Content] = []
    posts: list[Post] = []
    for address in one.to:
        content = Content(next(moment.contents), _digest(news, address, since, moment, duty.id))
        contents.append(content)
        posts.append(_post(content, address, f"{one.id}@{overlay.version}"))
    after = replace(after, starts_at=now, message=book.highest)
    book.apply(Decision(contents=tuple(contents), posts=tuple(posts), duties=(after,)))


def _in_force(name: str, policies: Policies, now: datetime) -> tuple[Overlay, Wanted] | None:
    day = london_day(now)
    for overlay in policies.overlays:
        for layer in overlay.layers if overlay.is_in_force(day) else ():
            for one in layer.digests:
                if f"{layer.name}/{one.id}" == name:
                    return overlay, one
    return None


@dataclass(frozen=True, slots=True)
class _News:
    """An absence that the overlay is for, and what was said of it since the last list."""

    episode: Episode
    kinds: frozenset[str] = frozenset()

    @property
    def state(self) -> State:
        return self.episode.state

    def is_known_to(self, agency: str) -> bool:
        told = self.episode.told.items()
        return any(agency_of(each) == agency and not one.left for each, one in told)

    def is_new(self, number: int) -> bool:
        """Whether the first report of it came since."""
        reports = (f.number for f in self.episode.facts if f.kind == MissingNotification.KIND)
        return min(reports, default=0) > number

    @property
    def line(self) -> DigestLine:
        state = self.state
        return DigestLine(
            episode=str(self.episode.id),
            category=Category(state.category) if state.category else None,
            started_at=state.started_at,
            ended_at=state.ended_at,
        )


def _news(connection: Connection, number: int, rules: Rulebook, overlay: Overlay) -> "_Since":
    """What was accepted since, and what goes on: of the absences that the overlay is for."""
    m, e = t.message.c, t.episode.c
    said = select(m.episode, m.kind).where(m.number > number, m.kind.in_(sorted(NEWS)))
    kinds: dict[UUID, set[str]] = {}
    for row in connection.execute(said):
        if row.episode:
            kinds.setdefault(row.episode, set()).add(row.kind)
    going_on = select(t.episode).where(e.status.in_(("open", "found")))
    rows: dict[UUID, Any] = {row.id: row for row in connection.execute(going_on)}
    wanted = sorted(kinds.keys() - rows.keys())
    for start in range(0, len(wanted), 500):
        some = select(t.episode).where(e.id.in_(wanted[start : start + 500]))
        rows |= {row.id: row for row in connection.execute(some)}
    each = [_News(episode_of(row), frozenset(kinds.get(id, ()))) for id, row in rows.items()]
    for_them = [
        one
        for one in each
        if one.state.heard and not one.state.cancelled and not one.episode.exercise
        if _is_for(overlay, one.state, rules)
    ]
    return _Since(number, tuple(sorted(for_them, key=lambda one: one.episode.id)))


@dataclass(frozen=True, slots=True)
class _Since:
    """The absences of an overlay, and the acceptance number until which the last list went."""

    number: int
    each: tuple[_News, ...]


def _is_for(overlay: Overlay, state: State, rules: Rulebook) -> bool:
    where = whereabouts(overlay.nation, state, rules.directory)
    return any(
        (role, agency) in where.agencies
        for role, agencies in overlay.applies_to.items()
        for agency in agencies
    )


def _digest(news: _Since, address: str, since: datetime, moment: Moment, step: UUID) -> Digest:
    known = [one for one in news.each if one.is_known_to(agency_of(address))]
    new = [one for one in known if one.is_new(news.number)]
    returned = [one for one in known if MissingReturn.KIND in one.kinds and one.state.over]
    told = {one.episode.id for one in (*new, *returned)}
    updated = [one for one in known if one.kinds and one.episode.id not in told]
    going_on = sum(not one.state.over for one in known)
    now = moment.now
    counts = f"{len(new)} new, {len(updated)} updated, {len(returned)} returned"
    return Digest(
        message_id=derived("digest", step, address, now.isoformat()),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=now,
        sent_at=now,
        day=london_day(now),
        since=since,
        until=now,
        new=tuple(one.line for one in new[:_MOST]),
        updated=tuple(one.line for one in updated[:_MOST]),
        returned=tuple(one.line for one in returned[:_MOST]),
        open=going_on,
        words=f"Since {local(since)}: {counts}. Going on: {going_on}.",
    )


def _post(content: Content, address: str, because: str) -> Post:
    return Post(
        id=derived("delivery", content.message.message_id, address),
        content=content.number,
        destination=inbox(address),
        address=address,
        because=because,
    )
