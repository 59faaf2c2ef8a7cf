"""
What a decision is: what a message meets, and everything that changes because of it. Values only.

Messages are decided on in `deciding`, answers in `answering`, duties that fall due in `chasing`;
all three give a `Decision`, which the ledger writes as it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from broker.directory import Directory
from broker.duties import (
    Duty,
    DutyEvent,
)
from broker.episode import Episode, State
from broker.keys import Keys
from broker.placements.placement import Placement
from broker.policy.model import Policy, Situation, View
from broker.policy.policies import Policies
from broker.recognition import Recognition
from broker.routing import NotTold, Routing, Scene, route
from broker.whereabouts import whereabouts
from schemas.message import BROKER, Message

OPERATIONS = f"{BROKER}/operations"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What every decision is made by."""

    policies: Policies
    directory: Directory
    keys: Keys
    joined: frozenset[str] = frozenset()
    routes: dict[object, Routing] = field(default_factory=dict, compare=False)

    def policy(self, nation: str, state: State, at: datetime) -> Policy:
        """The policy of a nation for an absence that stands so, as it was in force at that time."""
        if not self.policies.overlays:
            return self.policies.national(nation)
        return self.policies.of(whereabouts(nation, state, self.directory), at)

    def route(self, policy: Policy, situation: Situation, scene: Scene, then: Policy) -> Routing:
        """
        Apply the policy in force now, and the one in force `then` to what is owed.

        Reports of one batch that differ in nothing policy asks about share the work.

        Only for an absence that nobody was told of yet: later ones differ in that.
        """
        if scene.told or scene.addressee or scene.asker or scene.owners:
            return route(policy, situation, scene, then)
        state = scene.state
        where = (state.leads, state.place, state.host, state.lives_in, state.home, state.plan)
        named = (state.school, state.health, state.found_in, state.rehoused)
        laid = (policy.overlays, then.overlays)
        key = (situation, where, named, scene.sender, scene.now, scene.allocated, laid)
        if key not in self.routes:
            self.routes[key] = route(policy, situation, scene, then)
        return self.routes[key]


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is decided, and the numbers for what is said because of it."""

    now: datetime
    contents: Iterator[int]


@dataclass(frozen=True, slots=True)
class Arrival(Moment):
    """One accepted message, with its acceptance number."""

    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Content:
    """Something said, once, to one or many."""

    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Post:
    """
    One delivery decided on: this content, to this address (empty on a record topic), because.

    `urgent` ones go out before others; one that `wakes` may ring a person at night.
    `answer_within` runs from its being sent, or from a closed desk's opening.
    """

    id: UUID
    content: int
    destination: str
    address: str
    because: str
    view: str = View.full.value
    message: int | None = None
    child: UUID | None = None
    episode: UUID | None = None
    exercise: bool = False
    urgent: bool = False
    wakes: bool = False
    answer_within: timedelta | None = None
    answer_not_before: datetime | None = None
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A profile that is kept ready of a child: where its content is, and who said it."""

    message: int
    content: int
    sender: str
    message_id: UUID
    obtained_at: datetime


def _nothing(number: int) -> Message | None:
    return None


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of the child and the absence before the message."""

    recognition: Recognition
    episode: Episode
    duties: tuple[Duty, ...] = ()
    starts: tuple[datetime, ...] = ()  # of the child's other absences
    placements: tuple[Placement, ...] = ()  # of the child
    missing: Sequence[datetime] | None = None  # when it went missing otherwise, if policy asks
    had_it: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Who had the message that this one replaces: address to view, and the kind it came as."""
    profiles: tuple[Kept, ...] = ()
    others: tuple[Episode, ...] = ()  # the child's other cases
    said: Mapping[str, Any] = field(default_factory=dict)
    """What Homeward knows beside what the message says, in the words of a fact."""
    read: Callable[[int], Message | None] = field(default=_nothing, compare=False)
    """A message that was accepted before, by its number."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that changes, to be written in one transaction."""

    episode: Episode | None = None
    contents: tuple[Content, ...] = ()
    posts: tuple[Post, ...] = ()
    duties: tuple[Duty, ...] = ()
    events: tuple[DutyEvent, ...] = ()
    not_told: tuple[NotTold, ...] = ()
    routing: Routing | None = field(default=None, compare=False)


def inbox(address_or_agency: str) -> str:
    """The topic an agency reads."""
    return f"inbox.{address_or_agency.partition('/')[0]}"
