"""A child's time with a service: asked for, begun, ended, as referrals say. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from broker.directory import kind_of
from broker.episode import Fact
from broker.reports.facts import MISSING, Facts, Start
from broker.reports.figures import Item
from schemas.casework import Referral, ReferralStage

WINDOW = timedelta(days=90)  # how far before and after is looked; local


@dataclass(frozen=True, slots=True)
class Course:
    """One child with one service; None: not yet."""

    service: str
    child: UUID
    asked_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None

    @property
    def item(self) -> Item:
        said = {"began": f"{self.began_at:%Y-%m-%d}" if self.began_at else ""}
        return Item(self.child, None, self.ended_at or self.began_at or self.asked_at, said)


def courses(facts: Facts) -> tuple[Course, ...]:
    """Every course of which something was said, by service and child."""
    made: dict[str, str] = {}
    said: dict[tuple[str, UUID], list[Fact]] = {}
    filed = sorted(facts.on_file, key=lambda one: (one.fact.at, one.fact.number))
    for one in filed:
        fact = one.fact
        if fact.kind != Referral.KIND:
            continue
        service = fact.said.get("addressee", "").partition("/")[0]
        if fact.said.get("stage") == ReferralStage.made and service:
            made[fact.message_id] = service
        else:
            service = made.get(fact.said.get("of", ""), "")
            service = service or (fact.sender if kind_of(fact.sender) in ("service", "hub") else "")
        if service:
            said.setdefault((service, one.child), []).append(fact)
    return tuple(_course(service, child, each) for (service, child), each in said.items())


def _course(service: str, child: UUID, each: Iterable[Fact]) -> Course:
    at: dict[str, datetime] = {}
    for fact in each:
        stage = fact.said.get("stage", "")
        if stage == ReferralStage.ended:
            at[stage] = fact.at  # the last end counts, the first of all else
        else:
            at.setdefault(stage, fact.at)
    began = at.get(ReferralStage.started) or at.get(ReferralStage.accepted)
    return Course(service, child, at.get(ReferralStage.made), began, at.get(ReferralStage.ended))


def missing_between(
    facts: Facts, child: UUID, first: datetime, until: datetime
) -> tuple[Start, ...]:
    """The child's missing episodes that began in a time, wherever; absences are none of them."""
    return tuple(_between(facts.starts.get(child, ()), first, until))


def _between(starts: Iterable[Start], first: datetime, until: datetime) -> Iterator[Start]:
    for one in starts:
        if first <= one.started_at < until and one.category in MISSING:
            yield one
