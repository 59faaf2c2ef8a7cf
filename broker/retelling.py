"""
An absence decided once more by itself, after it was taken for one with another child's. Pure.

So it shows who is rightly told of it, who had news of it on the wrong ground, and who never had.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from uuid import UUID

from broker.deciding import decide
from broker.decision import Arrival, Content, Decision, Picture, Rulebook
from broker.duties import UNSENT_LIMIT, Duty, DutyEvent, excused
from broker.episode import Episode
from broker.ledger.moving import Heard
from broker.placements.placement import Placement
from broker.recognition import Recognition
from schemas.answer import Answer, AnswerState
from schemas.kinds import TO_AGENCIES

ONE_ABSENCE = "one-absence"  # why a duty was superseded: the same is owed once


@dataclass(frozen=True, slots=True)
class Alone:
    """
    An absence as it would stand if it had never been one with another.

    `wrongly` had news of it, and by which deliveries; `missed` are owed news that they never had.
    """

    episode: Episode
    decisions: tuple[Decision, ...]
    wrongly: Mapping[str, tuple[UUID, ...]]
    missed: frozenset[str]


def by_itself(
    part: Episode,
    heard: Iterable[Heard],
    owed: Iterable[Duty],
    rulebook: Rulebook,
    placements: tuple[Placement, ...] = (),
) -> Alone:
    """
    Decide once more what was said of an absence, each thing as of when it was said. Pure.

    `placements` are the child's own; `owed` are its duties: whom they climbed to, or were passed on
    to, was rightly told.
    """
    numbers = {fact.number for fact in part.facts}
    mine = {each.number: each for each in heard if each.number in numbers}
    episode = Episode(part.id, part.child, part.exercise)
    found = Recognition(part.child, False, ())
    contents, decisions = count(1), []
    duties: dict[UUID, Duty] = {}
    for number, each in sorted(mine.items()):
        picture = Picture(found, episode, tuple(duties.values()), placements=placements)
        decision = decide(picture, Arrival(each.at, contents, number, each.message), rulebook)
        assert decision.episode is not None
        episode = decision.episode
        duties |= {duty.id: duty for duty in decision.duties}
        decisions.append(decision)
    had: dict[str, list[UUID]] = {}
    for each in mine.values():
        for one in each.had:
            had.setdefault(one.address, []).append(one.delivery)
    rightly = {post.address for decision in decisions for post in decision.posts}
    agencies = {address.partition("/")[0] for address in rightly | episode.told.keys()}
    for duty in owed:
        if duty.owed_by.partition("/")[0] in agencies:
            further = (*duty.asked, *(rung.address for rung in duty.rungs[: duty.rung]))
            agencies |= {address.partition("/")[0] for address in further}
    wrongly = {
        address: tuple(sorted(had.get(address, ())))
        for address in part.told.keys() | had.keys()
        if address.partition("/")[0] not in agencies
    }
    acting = {
        each.message.from_address.partition("/")[0]
        for each in heard
        if isinstance(each.message, Answer)
        and each.answers in numbers
        and each.message.state in (AnswerState.acting, AnswerState.closed)
    }
    told = {
        address: replace(one, acting=address.partition("/")[0] in acting)
        for address, one in {**part.told, **episode.told}.items()
        if address not in wrongly
    }
    reporters = {fact.address for fact in part.facts}
    missed = episode.told.keys() - had.keys() - reporters
    return Alone(replace(part, told=told), tuple(decisions), wrongly, frozenset(missed))


def for_those_missed(alone: Alone, arrival: Arrival) -> Decision:
    """They would have been told, had it not been taken for an absence they knew: now they are."""
    over = alone.episode.state.over
    said = {one.number: one.message for each in alone.decisions for one in each.contents}
    posts, contents, duties = [], {}, {}
    for decision in alone.decisions:
        mine = [post for post in decision.posts if post.address in alone.missed]
        for post in mine:
            if post.content in said and said[post.content].KIND not in TO_AGENCIES:
                if post.content not in contents:
                    number = next(arrival.contents)
                    contents[post.content] = Content(number, said[post.content])
                wakes = post.wakes and not over
                number = contents[post.content].number
                posts.append(replace(post, content=number, wakes=wakes))
        for duty in decision.duties:
            duties[duty.id] = duty
    sent = {post.id for post in posts}
    return Decision(
        contents=tuple(contents.values()),
        posts=tuple(posts),
        duties=tuple(
            replace(
                duty,
                opened_at=arrival.now,
                next_at=arrival.now + UNSENT_LIMIT if duty.rungs else None,
            )
            for duty in duties.values()
            if duty.standing and duty.delivery in sent
        ),
    )


def come_back(duties: Iterable[Duty], arrival: Arrival) -> Decision:
    """An answer that was owed once for two absences is owed for each again."""
    duties = list(duties)
    owed = {duty.key for duty in duties if duty.standing and duty.delivery}
    again, events = [], []
    for duty in duties:
        if duty.settled_why == ONE_ABSENCE and duty.delivery and duty.key not in owed:
            late = duty.due_at is not None and duty.due_at <= arrival.now
            next_at = arrival.now if late else duty.due_at or arrival.now + UNSENT_LIMIT
            again.append(
                replace(
                    duty,
                    state="late" if late else "open",
                    settled_at=None,
                    settled_why="",
                    next_at=next_at if duty.rungs else None,
                )
            )
            events.append(DutyEvent(duty.id, arrival.now, "reopened", duty.owed_by))
    return Decision(duties=tuple(again), events=tuple(events))


def no_longer_owed(duties: Iterable[Duty], alone: Alone, arrival: Arrival) -> Decision:
    """Nobody owes an answer about a child who is not theirs."""
    settled = [
        excused(duty, arrival.now, "not-yours")
        for duty in duties
        if duty.standing and duty.delivery and duty.owed_by in alone.wrongly
    ]
    return Decision(
        duties=tuple(duty for duty, _ in settled), events=tuple(event for _, event in settled)
    )


def had_under_another(episode: Episode, heard: Iterable[Heard]) -> set[str]:
    """Who has news of this absence under the name of another child."""
    numbers = {fact.number for fact in episode.facts}
    return {
        one.address
        for each in heard
        if each.number in numbers
        for one in each.had
        if one.sent_for not in (None, episode.child)
    }
