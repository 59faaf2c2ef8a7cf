"""From a report that a child is missing to the desk that acts: how soon, and by whom looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts
from broker.reports.figures import Area, Figure, Item, Section, Table
from broker.reports.telling import Delivery
from broker.working_time import local
from schemas.missing import MissingNotification

_FIRST, _NIGHT, _WORKER = "front-door", "emergency-duty", "social-work"
_SOON = timedelta(minutes=1)
_ANSWER = "answer"
_WORDS = {
    "met": "in time",
    "met-late": "late",
    "late": "NONE YET, LATE",
    "open": "not due yet",
    "excused": "none before the end",
    "cancelled": "none before the end",
}
_BEST_FIRST = (*_WORDS, "transferred", "superseded")


@dataclass(frozen=True, slots=True)
class Chain:
    """One report that a child is missing, on its way through the lead council."""

    episode: Episode
    number: int
    told: tuple[Delivery, ...]  # the council's desks that were sent it
    answer: Duty | None  # what the front door, or its night cover, owed because of the absence
    signed_off: bool
    worker_told: bool

    @property
    def first(self) -> tuple[Delivery, ...]:
        return tuple(told for told in self.told if told.function in (_FIRST, _NIGHT))

    @property
    def soon(self) -> bool:
        return any(told.sent_within(_SOON) for told in self.first)

    @property
    def by_night(self) -> bool:
        return any(told.function == _NIGHT for told in self.first)

    @property
    def in_time(self) -> bool:
        return self.answer is not None and self.answer.state == "met"

    @property
    def item(self) -> Item:
        one = self.episode
        return Item(one.child, one.id, one.started_at, {"message": str(self.number)})


def chains(facts: Facts) -> list[Chain]:
    """Every report by others that a child of these councils is missing, if it was news to them."""
    return [one for each in facts.missing() for one in _chains_of(each, facts)]


def _chains_of(one: Episode, facts: Facts) -> list[Chain]:
    council = one.lead
    reports = [
        fact
        for fact in one.facts
        if fact.kind == MissingNotification.KIND and fact.sender != council
    ]
    sent: dict[int, list[Delivery]] = {}
    for told in facts.deliveries.get(one.id, ()):
        if told.agency == council:
            sent.setdefault(told.message, []).append(told)
    # What several report is told once: a report that told nothing new is not in the chain.
    numbers = [fact.number for fact in reports if fact.number in sent] or [
        fact.number for fact in reports[:1]
    ]
    signed_off = any("risk_reviewed" in fact.said for fact in one.facts)
    worker = any(told.function == _WORKER for each in sent.values() for told in each)
    return [
        Chain(
            episode=one,
            number=number,
            told=tuple(sent.get(number, ())),
            answer=_answer(one, council),
            signed_off=signed_off,
            worker_told=worker,
        )
        for number in numbers
    ]


def _answer(one: Episode, council: str) -> Duty | None:
    """The first answer that the front door or its cover owed; met by whichever of them acted."""
    owed = [
        duty
        for duty in one.duties
        if duty.name == _ANSWER and duty.agency == council and duty.function in (_FIRST, _NIGHT)
    ]
    return min(owed, key=lambda duty: _BEST_FIRST.index(duty.state), default=None)


def notification_chain(facts: Facts) -> tuple[Section, ...]:
    """Told within a minute, answered in time, out of hours, signed off, the worker told."""
    found = chains(facts)
    figures = (
        _of("told-within-a-minute", "told within a minute", found, [c for c in found if c.soon]),
        _of("answered-in-time", "answered in time", found, [c for c in found if c.in_time]),
        _of("out-of-hours", "out of hours", found, [c for c in found if c.by_night]),
        _of(
            "signed-off",
            "risk checked by a senior officer",
            found,
            [c for c in found if c.signed_off],
        ),
        _of("worker-told", "the child's worker told", found, [c for c in found if c.worker_told]),
    )
    columns = ("child", "reported", "by", "first told", "answer", "signed off", "worker told")
    listed = Table(
        "each-notification",
        "Each notification",
        columns,
        tuple(_row(one, facts) for one in found),
        none="Nobody was reported missing.",
        private=True,
    )
    return (Section("From the report to the desk that acts", figures, (listed,)),)


def _of(name: str, label: str, whole: Sequence[Chain], some: Sequence[Chain]) -> Figure:
    return counting.items(
        name, label, "notifications", (one.item for one in some), (one.item for one in whole)
    )


def _row(one: Chain, facts: Facts) -> tuple[str, ...]:
    report = next(fact for fact in one.episode.facts if fact.number == one.number)
    sent = min((told.sent_at for told in one.first if told.sent_at), default=None)
    return (
        facts.pseudonym(one.episode.child),
        local(report.heard),
        facts.name_of(report.sender),
        _soon(sent - report.heard) if sent else "NOT TOLD",
        _WORDS.get(one.answer.state, "handed on") if one.answer else "none asked",
        "yes" if one.signed_off else "no",
        "yes" if one.worker_told else "no",
    )


def _soon(length: timedelta) -> str:
    return "at once" if length <= _SOON else f"{counting.span(length)} later"


REPORTS = (
    Entry(
        name="notification-chain",
        title="From report to front door",
        readers="front-door manager",
        periods=("month",),
        source="Ofsted 2013, paragraphs 23 to 25",
        make=notification_chain,
        needs=Needs(
            duties=True,
            deliveries=frozenset({MissingNotification.KIND}),
        ),
        area=Area.own,
        ours=True,
    ),
)
