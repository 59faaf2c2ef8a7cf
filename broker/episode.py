"""
One child, one absence: what was said of it, and what that adds up to.

What each agency said is kept as facts, never overwritten. The state is read off the facts in the
order in which things happened, so it is the same in whatever order they arrived.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.iro_alert import IroAlert
from schemas.message import Action, ChildMessage
from schemas.missing import LOOKED_AFTER, MissingNotification, MissingReturn, MissingUpdate, Risk

# A grade added after the version we read is taken for a serious one, but not for the highest.
_RISKS = [Risk.high, Risk.unrecognised, Risk.medium, Risk.low, Risk.very_low]
_ENDS = ("closed", "returned", "found")


@dataclass(frozen=True, slots=True)
class Fact:
    """
    One message about an absence, reduced to what rules and clocks ask about.

    `said` holds short words, ids and times only; names and narratives stay in the message.
    """

    number: int
    message_id: str
    kind: str
    sender: str
    address: str
    at: datetime
    heard: datetime
    content: int
    said: Mapping[str, Any]
    replaces: str = ""
    cancels: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """That an address was told of the absence, and whether it has been told the end."""

    because: str
    at: datetime
    view: str
    as_kind: str = ""
    end_told: bool = False
    acting: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """What the facts add up to now. Agencies are ids; empty means not known."""

    heard: bool = False
    cancelled: bool = False
    category: str = ""
    risk: str = ""
    immediate_danger: bool = False
    started_at: datetime | None = None
    review_at: datetime | None = None
    next_review_at: datetime | None = None
    found_at: datetime | None = None
    returned_at: datetime | None = None
    closed_at: datetime | None = None
    found_in: str = ""
    unsure: tuple[str, ...] = ()  # the ends of which only is known when we heard of them
    outcome: str = ""
    looked_after: bool = False
    responsible: str = ""
    lives_in: str = ""
    home: str = ""
    place: str = ""
    address_protected: bool = False
    plan: str = ""
    open_to_social_work: bool = False
    police_report: str = ""
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """The responsible authority of a looked-after child, else the council of the home."""
        if self.looked_after and self.responsible:
            return self.responsible
        return self.lives_in or self.place

    @property
    def leads(self) -> tuple[str, ...]:
        """Every council that some report makes the lead: all are told until one is acting."""
        name = "responsible" if self.looked_after and self.responsible else "lives_in"
        return self.claims.get(name, ()) or ((self.place,) if self.place else ())

    @property
    def host(self) -> str:
        """The council where a looked-after child lives, when another one is responsible."""
        return self.lives_in if self.looked_after and self.lives_in != self.lead else ""

    @property
    def ended_at(self) -> datetime | None:
        """When the child was back, else found, else the police closed it."""
        return self.returned_at or self.closed_at or self.found_at

    @property
    def time_known(self) -> bool:
        return not self.unsure

    @property
    def over(self) -> bool:
        """Back, or closed by the police, or dead: nobody need look for the child any more."""
        ended = self.returned_at or self.closed_at or self.cancelled
        return bool(ended) or self.outcome == "died"

    @property
    def status(self) -> str:
        if self.cancelled:
            return "cancelled"
        for stage in _ENDS:
            if getattr(self, f"{stage}_at"):
                return stage
        return "open" if self.heard else "unheard"


@dataclass(frozen=True, slots=True)
class Episode:
    """One absence: its facts, and who was told of it."""

    id: UUID
    child: UUID
    exercise: bool
    facts: tuple[Fact, ...] = ()
    told: Mapping[str, Told] = field(default_factory=dict)

    def with_fact(self, fact: Fact) -> "Episode":
        return Episode(self.id, self.child, self.exercise, (*self.facts, fact), self.told)

    def with_told(self, told: Mapping[str, Told]) -> "Episode":
        return Episode(self.id, self.child, self.exercise, self.facts, {**self.told, **told})


def fact_of(
    message: ChildMessage, number: int, heard: datetime, content: int, episode: UUID
) -> Fact:
    """What a message contributes to its absence."""
    said = _said(message)
    said["sent_at"] = message.sent_at
    said["own_reference"] = message.episode not in (None, str(episode)) or None
    return Fact(
        number=number,
        message_id=str(message.message_id),
        kind=message.KIND,
        sender=message.sender,
        address=message.from_address,
        at=message.occurred_at,
        heard=heard,
        content=content,
        said={name: value for name, value in said.items() if value not in (None, "")},
        replaces=str(message.replaces or ""),
        cancels=message.action is Action.cancel,
    )


def _said(message: ChildMessage) -> dict[str, Any]:
    if isinstance(message, MissingNotification):
        return {
            "category": message.category.value,
            "started_at": message.started_at,
            "review_at": message.review_at,
            "next_review_at": message.next_review_at,
            "risk": message.risk and message.risk.value,
            "immediate_danger": message.immediate_danger or None,
            "looked_after": message.care_status in LOOKED_AFTER or None,
            "responsible": message.responsible_authority,
            "lives_in": message.lives.authority,
            "home": message.lives.home,
            "address_protected": message.lives.address_protected or None,
            "place": message.place.authority,
            "plan": message.protection_plan,
            "open_to_social_work": message.open_to_social_work,
            "police_report": _police_report(message),
        }
    if isinstance(message, MissingUpdate):
        return {
            "category": message.category and message.category.value,
            "next_review_at": message.next_review_at,
            "risk": message.risk and message.risk.value,
            "immediate_danger": message.immediate_danger,
            "police_report": "made" if message.police_reference else None,
        }
    if isinstance(message, MissingReturn):
        return {
            "stage": message.stage.value,
            "outcome": message.outcome.value,
            "time_known": None if message.time_known else False,
            "found_in": message.place.authority,
            "police_report": "made" if message.police_reference else None,
        }
    if isinstance(message, IroAlert):
        return {"looked_after": True, "responsible": message.responsible_authority}
    return {}


def _police_report(message: MissingNotification) -> str | None:
    report = message.police_report
    if report is None:
        return None
    return "not-yet" if report.channel.value == "not-yet" and not report.reference else "made"


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that were neither withdrawn nor replaced, in the order they happened."""
    facts = list(facts)
    if len(facts) < 2:
        return [fact for fact in facts if not fact.cancels]
    gone = {(fact.sender, fact.replaces) for fact in facts if fact.replaces}
    kept = (
        fact for fact in facts if (fact.sender, fact.message_id) not in gone and not fact.cancels
    )
    # At the same instant a child is first missing, then back, and what was said later counts more.
    return sorted(
        kept, key=lambda fact: (fact.at, _ORDER.get(fact.kind, 3), _sent(fact), fact.message_id)
    )


def _sent(fact: Fact) -> datetime:
    at: datetime = fact.said.get("sent_at", fact.at)
    return at


_ORDER = {MissingNotification.KIND: 0, MissingUpdate.KIND: 1, MissingReturn.KIND: 2}
_LAST_WORD = (
    "category", "review_at", "next_review_at", "immediate_danger", "looked_after", "responsible",
    "lives_in", "home", "address_protected", "place", "plan", "open_to_social_work",
)  # fmt: skip


def state_of(facts: Iterable[Fact]) -> State:
    """
    What the facts add up to, whatever order they came in.

    The last word counts, but for the risk: there the highest of each author's last grades, as only
    its author lowers a grade.
    """
    facts = list(facts)
    if not facts:
        return _NOTHING_SAID
    known: dict[str, Any] = {}
    grades: dict[str, str] = {}
    valid = standing(facts)
    for fact in valid:
        said = fact.said
        known.update((name, said[name]) for name in _LAST_WORD if name in said)
        if fact.kind == MissingReturn.KIND:
            _end(known, fact)
        if known.get("police_report") != "made" and "police_report" in said:
            known["police_report"] = said["police_report"]
    starts = [fact.said["started_at"] for fact in valid if "started_at" in fact.said]
    known["started_at"] = min(starts, default=None)
    known["heard"] = bool(starts)
    known["cancelled"] = not valid and bool(facts)
    known["claims"] = {
        name: tuple(dict.fromkeys(fact.said[name] for fact in valid if name in fact.said))
        for name in ("responsible", "lives_in", "place")
    }
    for fact in sorted(
        valid, key=_sent
    ):  # a grade is of when it was given, not of what it is about
        if "risk" in fact.said:
            grades[fact.sender] = fact.said["risk"]
    known["risk"] = min(grades.values(), key=lambda grade: _RISKS.index(Risk(grade)), default="")
    return State(**known)


_NOTHING_SAID = State()


def _end(known: dict[str, Any], fact: Fact) -> None:
    stage = fact.said["stage"]
    if stage not in _ENDS:
        return
    at, unsure = f"{stage}_at", known.get("unsure", ())
    sure = fact.said.get("time_known", True)
    if at not in known or (sure and stage in unsure):
        known[at] = fact.at
        known["unsure"] = (*(each for each in unsure if each != stage), *(() if sure else (stage,)))
    known["outcome"] = fact.said["outcome"]
    if "found_in" in fact.said and (stage == "found" or "found_in" not in known):
        known["found_in"] = fact.said["found_in"]
