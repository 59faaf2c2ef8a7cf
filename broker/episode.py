"""
One child, one absence: what was said of it, and what that adds up to.

What each agency said is kept as facts, never overwritten. The state is read off the facts in the
order in which things happened, so it is the same in whatever order they arrived.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from schemas.casework import MeetingOutcome, MeetingRequest, Referral, RegulatorNotice
from schemas.iro_alert import IroAlert
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate, Risk
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import (
    BEGINNING,
    ArrivalStage,
    PlacementArrival,
    PlacementNotice,
)
from schemas.profile import ChildProfile
from schemas.threshold import ThresholdReached

# A grade added after the version we read is taken for a serious one, but not for the highest.
_RISKS = [Risk.high, Risk.unrecognised, Risk.medium, Risk.low, Risk.very_low]
_CATEGORIES = ["missing", "unrecognised", "absent", "away"]
_ENDS = ("closed", "returned", "found")
_GOOD_ENDS = ("safe", "reported-in-error")

# What is said of a child apart from an absence: kept on the child's file when none stands open.
FILED = frozenset(
    model.KIND
    for model in (Referral, MeetingRequest, MeetingOutcome, RegulatorNotice, ChildProfile)
)

# What is said of an absence as it goes on: whoever is told it knows of the absence from then on,
# and will be told its end. It is of no use to anybody any more once the child is back.
NEWS = frozenset(
    model.KIND for model in (MissingNotification, MissingUpdate, MissingReturn, IroAlert)
)

# What is said of where a child is placed: kept as a placement, and known of in absences.
PLACED = frozenset({PlacementNotice.KIND, PlacementArrival.KIND})
# Of another case of the child: it ends what is owed here, and makes nothing owed.
ELSEWHERE = "elsewhere"

# What may show what a child said, or that somebody is a concern.
TELLING = FILED | {SafeAndWellOutcome.KIND, ReturnInterviewOutcome.KIND}


ERASED = 0  # in place of the number of a content, once it has no body any more


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

    @property
    def sent_at(self) -> datetime:
        """When it was sent, as its sender says."""
        at: datetime = self.said.get("sent_at", self.at)
        return at

    @property
    def beside(self) -> bool:
        """Whether it is of a placement, and stands here because it bears on this case too."""
        return bool(self.said.get("beside"))


@dataclass(frozen=True, slots=True)
class Told:
    """That an address was told of the absence, and whether it has been told the end."""

    because: str
    at: datetime
    view: str
    as_kind: str = ""
    end_told: bool = False
    acting: bool = False
    left: bool = False  # it ended for them: the child moved away while missing


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
    carer: str = ""  # a foster carer: the council's reference, never a name
    place: str = ""
    district: str = ""  # of that place, as the report names it
    address_protected: bool = False
    numbered_by: str = ""  # of a child's file: the council whose number the child has
    plan: str = ""
    open_to_social_work: bool = False
    police_report: str = ""
    concern_stated: bool = False
    exploitation: bool = False
    trafficked: bool = False
    unaccompanied: bool = False
    concern_about_carer: str = ""
    interviewer: str = ""  # the agency the return interview was allocated to
    allocated_by: str = ""
    rehoused: bool = False  # the child was moved while missing, or went back to another place
    care_review: str = ""  # the day of the next review of the care plan
    school: str = ""
    health: str = ""  # the health body of the host area
    began_by: str = ""  # of a placement: the message id of the notice that it began with
    noticed: bool = False  # of a placement: the council's notice of it is on file
    arrived_at: datetime | None = None  # the home says that the child came
    left_at: datetime | None = None  # the home says that the child left
    here_since: datetime | None = None  # the home had said by then that the child came
    first_here: bool = False  # of an absence: the first since the child was placed there
    placement_ended_at: datetime | None = None  # of an absence: the placement it began from
    of_age_at: datetime | None = None
    sex: str = ""
    threshold: str = ""  # of a threshold that was reached: its id in the policy
    settled: bool = False  # of such: what was owed because of it was done
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """The responsible authority of a looked-after child, else the council of the home."""
        if self.looked_after and self.responsible:
            return self.responsible
        return self.lives_in or self.place or self.numbered_by

    @property
    def leads(self) -> tuple[str, ...]:
        """Every council that some report makes the lead: all are told until one is acting."""
        name = "responsible" if self.looked_after and self.responsible else "lives_in"
        other = self.place or self.numbered_by
        return self.claims.get(name, ()) or ((other,) if other else ())

    @property
    def host(self) -> str:
        """The council where a looked-after child lives, when another one is responsible."""
        return self.lives_in if self.looked_after and self.lives_in != self.lead else ""

    @property
    def placed_with(self) -> str:
        """The home, or the foster carer by the council that has the reference; empty: neither."""
        return self.home or (f"{self.responsible}/{self.carer}" if self.carer else "")

    @property
    def ended_at(self) -> datetime | None:
        """When the child was back, else found, else the police closed it."""
        return self.returned_at or self.closed_at or self.found_at

    @property
    def over(self) -> bool:
        """Back, or closed by the police, or dead: nobody need look for the child any more."""
        ended = self.returned_at or self.closed_at or self.cancelled
        return bool(ended) or self.outcome == "died"

    @property
    def good_end(self) -> bool:
        """An end that everybody is told by a message, and by a message alone."""
        return self.cancelled or (self.over and self.outcome in _GOOD_ENDS)

    @property
    def status(self) -> str:
        if self.threshold:
            return "withdrawn" if self.cancelled else "settled" if self.settled else "reached"
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
    _state: State | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def state(self) -> State:
        """What its facts add up to; read off once."""
        if self._state is None:
            object.__setattr__(self, "_state", state_of(self.facts))
        assert self._state is not None
        return self._state

    def with_fact(self, fact: Fact) -> "Episode":
        return Episode(self.id, self.child, self.exercise, (*self.facts, fact), self.told)

    def with_told(self, told: Mapping[str, Told]) -> "Episode":
        other = Episode(self.id, self.child, self.exercise, self.facts, {**self.told, **told})
        object.__setattr__(other, "_state", self._state)
        return other


class CaseKind(StrEnum):
    """What the facts of an `Episode` are about."""

    absence = "absence"
    file = "file"  # what was said of a child apart from any absence
    placement = "placement"  # where a child is placed
    threshold = "threshold"  # a threshold that was reached, with what ends what is owed for it


def case_kind(episode: Episode) -> CaseKind:
    """What kind of case this is; one of which nothing is known yet is an absence to be."""
    kinds = {fact.kind for fact in episode.facts if not fact.beside}
    if ThresholdReached.KIND in kinds:
        return CaseKind.threshold
    if kinds and kinds <= PLACED:
        return CaseKind.placement
    return CaseKind.file if kinds and kinds <= FILED else CaseKind.absence


def is_threshold(episode: Episode) -> bool:
    """Whether this is a threshold that was reached."""
    return case_kind(episode) is CaseKind.threshold


def is_file(episode: Episode) -> bool:
    """Whether nothing here is of an absence: what was said of a child apart from any."""
    return case_kind(episode) is CaseKind.file


def is_placement(episode: Episode) -> bool:
    """Whether this is where a child is placed, and no absence."""
    return case_kind(episode) is CaseKind.placement


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
        kept, key=lambda fact: (fact.at, _ORDER.get(fact.kind, 3), fact.sent_at, fact.message_id)
    )


_ORDER = {MissingNotification.KIND: 0, MissingUpdate.KIND: 1, MissingReturn.KIND: 2}
_LAST_WORD = (
    "review_at", "next_review_at", "looked_after", "responsible", "lives_in", "home", "carer",
    "address_protected", "place", "district", "plan", "open_to_social_work", "care_review",
    "school", "health", "placement_ended_at", "sex", "first_here", "numbered_by",
)  # fmt: skip
_CLAIMED = ("responsible", "lives_in", "place")
_CONCERN = ("", "no", "unrecognised", "not-known", "yes")


def state_of(facts: Iterable[Fact]) -> State:
    """
    What the facts add up to, whatever order they came in.

    The last word counts, but for the risk: there the highest of each author's last grades, as only
    its author lowers a grade.
    """
    facts = [fact for fact in facts if ELSEWHERE not in fact.said]
    if not facts:
        return _NOTHING_SAID
    valid = standing(facts)
    threshold = next((f.said["threshold"] for f in facts if f.kind == ThresholdReached.KIND), "")
    if threshold and not any(fact.kind == ThresholdReached.KIND for fact in valid):
        return State(cancelled=True, threshold=threshold)
    if not valid:
        return State(cancelled=True)
    reading = _Reading()
    for fact in valid:
        reading.add(fact)
    return reading.state()


def states_of(valid: Iterable[Fact]) -> Iterator[State]:
    """After each of the facts that stand, in the order they happened: what was so then."""
    reading = _Reading()
    for fact in valid:
        if ELSEWHERE not in fact.said:
            reading.add(fact)
        yield reading.state()


def state_at_start(episode: Episode) -> State:
    """What was so of the child as the absence began, by reports and the register (rule N9)."""
    if all(fact.kind == MissingNotification.KIND for fact in episode.facts):
        return episode.state
    began = episode.state.started_at
    return state_of(
        fact
        for fact in episode.facts
        if fact.kind == MissingNotification.KIND
        or (fact.beside and began is not None and fact.at <= began)
    )


class _Reading:
    """Facts being added up."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.grades: dict[str, tuple[datetime, str]] = {}
        self.categories: dict[str, str] = {}
        self.dangers: dict[str, bool] = {}
        self.claims: dict[str, dict[str, None]] = {name: {} for name in _CLAIMED}
        self.alerted: dict[str, None] = {}

    def add(self, fact: Fact) -> None:
        said, known = fact.said, self.known
        for name in _LAST_WORD:
            if name in said and self.may_say(name, fact):
                known[name] = said[name]
        if fact.kind == MissingReturn.KIND:
            _end(known, fact)
        if fact.kind in PLACED and not fact.beside:
            _placed(known, fact)
        if known.get("police_report") != "made" and "police_report" in said:
            known["police_report"] = said["police_report"]
        if "gone_at" in said:
            _go_again(known, said["gone_at"])
        if "started_at" in said:
            known["started_at"] = min(
                said["started_at"], known.get("started_at", said["started_at"])
            )
        for name in ("concern_stated", "exploitation", "trafficked", "unaccompanied"):
            if name in said:
                known[name] = True
        # Of these too the gravest counts, and only its author takes it back.
        if "category" in said:
            self.categories[fact.sender] = said["category"]
        if said.keys() & {"immediate_danger", "no_danger"}:
            self.dangers[fact.sender] = "immediate_danger" in said
        if "of_age_at" in said:  # nobody is made of age by one who states an earlier birth date
            known["of_age_at"] = max(said["of_age_at"], known.get("of_age_at", _NEVER[0]))
        if "home" in said and self.is_news(fact):
            known["rehoused"] = True
        if "concern_about_carer" in said:
            both = (known.get("concern_about_carer", ""), said["concern_about_carer"])
            known["concern_about_carer"] = max(both, key=_CONCERN.index)
        if fact.kind == ThresholdReached.KIND:
            known["threshold"], known["settled"] = said["threshold"], "settled_at" in said
        if "service" in said:
            known["interviewer"], known["allocated_by"] = said["service"], fact.sender
        if fact.kind == IroAlert.KIND:
            self.alerted[said["responsible"]] = None
            return
        for name, claimed in self.claims.items():
            if name in said:
                if self.is_news(fact) and self.may_clear(name, fact):
                    claimed.clear()  # the world changed: what was said before was of before
                claimed[said[name]] = None
        # A grade is of when it was obtained, else given; not of what it is about.
        if "risk" in said:
            at = said.get("risk_at") or fact.sent_at
            if at >= self.grades.get(fact.sender, _NEVER)[0]:
                self.grades[fact.sender] = (at, said["risk"])

    def is_news(self, fact: Fact) -> bool:
        """Whether it says that the world changed while the child was away."""
        if fact.beside:
            return "started_at" in self.known
        return fact.kind in (MissingUpdate.KIND, MissingReturn.KIND)

    def may_clear(self, name: str, fact: Fact) -> bool:
        """Whether it takes the place of what was said; no council takes a child from another."""
        strange = fact.beside and name == "responsible" and fact.kind == PlacementNotice.KIND
        return self.may_say(name, fact) and not strange

    def may_say(self, name: str, fact: Fact) -> bool:
        """Whether this is more than a claim: no carer takes a child from its council."""
        if name != "responsible" or fact.kind == MissingNotification.KIND:
            return True
        if fact.kind == IroAlert.KIND:
            return False
        return "responsible" not in self.known or not fact.sender.startswith("provider.")

    def state(self) -> State:
        known = dict(self.known)
        if self.alerted and not self.claims["responsible"]:  # better than nothing known
            self.claims["responsible"] = dict(self.alerted)
            known["responsible"] = next(reversed(self.alerted))
        for name in ("home", "carer"):
            known[name] = known.get(name, "").removeprefix("-")
        known["heard"] = "started_at" in known
        known["claims"] = {name: tuple(claimed) for name, claimed in self.claims.items()}
        known["category"] = min(self.categories.values(), key=_CATEGORIES.index, default="")
        known["immediate_danger"] = any(self.dangers.values())
        grades = (grade for _, grade in self.grades.values())
        known["risk"] = min(grades, key=lambda grade: _RISKS.index(Risk(grade)), default="")
        return State(**known)


_NEVER = (datetime.min.replace(tzinfo=UTC), "")
_NOTHING_SAID = State()


def _placed(known: dict[str, Any], fact: Fact) -> None:
    """What a placement's own facts add: notices of a council, and what the home says itself."""
    if fact.kind == PlacementNotice.KIND:
        known["noticed"] = True
        if fact.said["stage"] in BEGINNING:
            known.setdefault("began_by", fact.message_id)
    elif fact.said["stage"] == ArrivalStage.admitted:
        known["arrived_at"] = min(fact.at, known.get("arrived_at", fact.at))
        here = max(fact.at, fact.heard)  # no home makes a council late by what it says afterwards
        known["here_since"] = min(here, known.get("here_since", here))
    elif fact.said["stage"] == ArrivalStage.discharged:
        known["left_at"] = max(fact.at, known.get("left_at", fact.at))


def _go_again(known: dict[str, Any], gone_at: datetime) -> None:
    """
    Whoever saw the child after it was back, or missed it then, says that it is gone again.

    Such a report comes before the end of which it cannot know; that end must not close it.
    """
    ends = [known[f"{stage}_at"] for stage in _ENDS if f"{stage}_at" in known]
    if ends and gone_at > max(ends) and known["outcome"] != "died":
        for name in (*(f"{stage}_at" for stage in _ENDS), "unsure", "outcome", "found_in"):
            known.pop(name, None)


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
