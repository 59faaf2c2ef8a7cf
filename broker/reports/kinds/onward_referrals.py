"""Who was referred on after a debrief, and how many sessions there were: children and sessions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts
from broker.reports.figures import Figure, Item, Section, Table, Unit
from broker.reports.period import Period
from broker.working_time import local
from schemas.casework import Referral, ReferralStage, ReferralTarget
from schemas.outcomes import OnwardReferral, ReturnInterviewOutcome
from schemas.values import Known

_BACK = 366  # days: sessions go on after the absence they followed from
_TAKEN_UP = (ReferralStage.accepted, ReferralStage.started, ReferralStage.ended)
MEDIATION = ReferralTarget.mediation.value


@dataclass(frozen=True, slots=True)
class Told:
    """One word on a referral: so many sessions there had been by then."""

    at: datetime
    sessions: int | None
    taken_up: bool
    ended_at: datetime | None


@dataclass(slots=True)
class Onward:
    """A child referred to one service, with what was said of it since; `area` lived in then."""

    child: UUID
    service: str
    made_at: datetime
    area: str
    refused: bool
    case: UUID
    words: list[Told] = field(default_factory=list)

    @property
    def taken_up(self) -> bool:
        return any(one.taken_up for one in self.words)

    @property
    def ended_at(self) -> datetime | None:
        return next((one.ended_at for one in self.words if one.ended_at), None)

    @property
    def item(self) -> Item:
        return Item(self.child, self.case, self.made_at, {"service": self.service})

    def sessions(self, period: Period) -> list[Item]:
        """The sessions that were told of in a period: what is stated is how many by then."""
        found: list[Item] = []
        so_far = 0
        for one in sorted(self.words, key=lambda word: word.at):
            for number in range(so_far + 1, (one.sessions or 0) + 1):
                if one.at in period:
                    says = {"service": self.service, "session": str(number)}
                    found.append(Item(self.child, None, one.at, says))
            so_far = max(so_far, one.sessions or 0)
        return found


def referrals(facts: Facts) -> list[Onward]:
    """
    Each child and service once, until it has ended: the interview and the referral tell of one.

    Without consent it went nowhere.
    """
    areas = _areas(facts.episodes)
    found: list[Onward] = []
    for child, case, service, at, refused, told in sorted(_said(facts), key=lambda one: one[3]):
        known = next((one for one in found if _goes_on(one, child, service, at)), None)
        if known is None:
            known = Onward(child, service, at, areas.get(child, ""), refused, case)
            found.append(known)
        known.refused = known.refused and refused
        known.words.append(told)
    return found


def _goes_on(one: Onward, child: UUID, service: str, at: datetime) -> bool:
    ended = one.ended_at
    return one.child == child and one.service == service and (ended is None or at <= ended)


def _areas(episodes: Iterable[Episode]) -> dict[UUID, str]:
    return {one.child: one.lives_in or one.place for one in episodes}


_Said = tuple[UUID, UUID, str, datetime, bool, Told]


def _said(facts: Facts) -> Iterator[_Said]:
    seen: set[int] = set()
    for one in facts.episodes:
        for fact in one.facts:
            message = facts.bodies.get(fact.number)
            if isinstance(message, ReturnInterviewOutcome) and fact.number not in seen:
                seen.add(fact.number)
                for each in message.referrals:
                    yield _of_interview(one, fact.at, each)
    for filed in facts.on_file:
        message = facts.bodies.get(filed.fact.number)
        if isinstance(message, Referral):
            yield _of_referral(filed.child, filed.case, filed.fact.at, message)


def _of_interview(one: Episode, at: datetime, said: OnwardReferral) -> _Said:
    refused = said.consent is Known.no
    told = Told(at, said.sessions, said.taken_up is Known.yes, said.ended_at)
    return one.child, one.id, said.service.lower(), said.sent_at or at, refused, told


def _of_referral(child: UUID, case: UUID, at: datetime, said: Referral) -> _Said:
    service = said.to.value
    if said.to is ReferralTarget.other and said.service:
        service = said.service
    ended = at if said.stage is ReferralStage.ended else None
    told = Told(at, said.sessions, said.stage in _TAKEN_UP, ended)
    return child, case, service, at, said.consent is Known.no, told


def onward_referrals(facts: Facts) -> tuple[Section, ...]:
    """Children referred on in the period, sessions held in it, take-up; declined apart."""
    period = facts.asked.period
    every = [one for one in referrals(facts) if one.area in facts.asked.areas or not one.area]
    new = [one for one in every if one.made_at in period and not one.refused]
    refused = [one for one in every if one.made_at in period and one.refused]
    debriefed = [one for one in facts.episodes if one.started_at in period and _was_debriefed(one)]
    sent = {one.child for one in every if not one.refused and one.made_at < period.ends_at}
    figures = (
        _children("referred", "children referred on, new in the period", new),
        counting.children_of(
            "of-debriefed",
            "referred on, of the children debriefed",
            [one for one in debriefed if one.child in sent],
            debriefed,
        ),
        _children("taken-up", "taken up, of the children referred", _taken(new), new),
        _children("declined", "declined: consent refused, so not sent", refused),
        _children("mediation", "children referred to mediation, new", _to(new, MEDIATION)),
        _sessions("mediation-sessions", "mediation sessions", _to(every, MEDIATION), period),
    )
    tables = (_by_council(facts, every), _by_service(every, period), _listed(facts, every))
    return (Section("Onward referrals", figures, tables),)


def _was_debriefed(one: Episode) -> bool:
    return one.interview.held_at is not None


def _taken(some: Sequence[Onward]) -> list[Onward]:
    return [one for one in some if one.taken_up]


def _to(some: Sequence[Onward], service: str) -> list[Onward]:
    return [one for one in some if one.service == service]


def _children(
    name: str, label: str, some: Iterable[Onward], of: Iterable[Onward] | None = None
) -> Figure:
    whole = None if of is None else {one.child: Item(one.child) for one in of}.values()
    items = {one.child: Item(one.child, None, one.made_at) for one in some}.values()
    return counting.items(name, label, Unit.children, items, whole)


def _sessions(name: str, label: str, some: Iterable[Onward], period: Period) -> Figure:
    items = [item for one in some for item in one.sessions(period)]
    return counting.items(name, label, "sessions", items)


def _by_council(facts: Facts, every: Sequence[Onward]) -> Table:
    """Each council of the report, also one that referred nobody."""
    period = facts.asked.period
    rows = []
    for area in facts.asked.areas:
        theirs = [one for one in every if one.area == area]
        new = [one for one in theirs if one.made_at in period and not one.refused]
        name = facts.name_of(area)
        rows.append(
            (
                name,
                _children(f"council/{area}/referred", f"children referred on, {name}", new),
                _children(
                    f"council/{area}/mediation",
                    f"children referred to mediation, {name}",
                    _to(new, MEDIATION),
                ),
                _sessions(
                    f"council/{area}/sessions",
                    f"mediation sessions, {name}",
                    _to(theirs, MEDIATION),
                    period,
                ),
                _children(f"council/{area}/taken-up", f"taken up, {name}", _taken(new), new),
            )
        )
    columns = ("council", "children referred", "to mediation", "mediation sessions", "taken up")
    return Table("by-council", "By council", columns, tuple(rows))


def _by_service(every: Sequence[Onward], period: Period) -> Table:
    rows = tuple(
        (
            service,
            _children(f"service/{number}/referred", f"children referred, {service}", new),
            _children(f"service/{number}/taken-up", f"taken up, {service}", _taken(new), new),
            _sessions(f"service/{number}/sessions", f"sessions, {service}", theirs, period),
        )
        for number, service in enumerate(sorted({one.service for one in every}), start=1)
        for theirs in [_to(every, service)]
        for new in [[one for one in theirs if one.made_at in period and not one.refused]]
    )
    columns = ("service", "children referred", "taken up", "sessions")
    return Table("by-service", "By service", columns, rows, none="Nobody was referred on.")


def _listed(facts: Facts, every: Sequence[Onward]) -> Table:
    period = facts.asked.period
    rows = tuple(
        (
            facts.pseudonym(one.child),
            one.service,
            local(one.made_at),
            "declined" if one.refused else "taken up" if one.taken_up else "sent",
            str(len(one.sessions(period))),
            local(one.ended_at) if one.ended_at else "goes on",
        )
        for one in every
        if one.made_at in period or one.sessions(period)
    )
    columns = ("child", "service", "referred", "state", "sessions in the period", "ended")
    none = "Nobody was referred on."
    return Table("each", "Each referral", columns, rows, none=none, private=True)


REPORTS = (
    Entry(
        name="onward-referrals",
        title="Onward referrals and mediation",
        readers="Hub board",
        periods=("quarter",),
        source="Gwent Hub evaluation 2015, 3.24, 3.33, 3.35",
        make=onward_referrals,
        needs=Needs(
            back=_BACK,
            on_file=True,
            bodies=frozenset({ReturnInterviewOutcome.KIND, Referral.KIND}),
        ),
        notes=("A session counts in the period in which it was told of.",),
    ),
)
