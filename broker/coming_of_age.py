"""
A child turns eighteen while missing, or before what is owed to a child was done. Pure.

Homeward owes itself the step, so that the timekeeper takes it at the right midnight: the absence
goes on for the police, what is owed to children ends as of age, and leaving care is told.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from broker import owing
from broker.decision import OPERATIONS, Content, Decision, Moment, Post, Rulebook, inbox
from broker.duties import Duty, met
from broker.episode import Episode, Fact, State, Told, standing
from broker.keys import derived
from broker.notices import duty_notice, picture_post
from broker.policy.model import View
from broker.routing import Recipient, Scene, route
from broker.situation import situation_of
from schemas.missing import MissingNotification
from schemas.notices import DutyChange

COME_OF_AGE = "come-of-age"
_AHEAD = timedelta(days=400)  # an absence that lasts longer is looked at again by then


def to_watch(episode: Episode, fact: Fact) -> Duty | None:
    """Homeward's own duty to look at an absence again at the eighteenth birthday."""
    state = episode.state
    at = state.of_age_at
    if at is None or not state.heard or not fact.heard < at <= fact.heard + _AHEAD:
        return None
    return Duty(
        id=derived("duty", episode.id, COME_OF_AGE, at.isoformat()),
        name=COME_OF_AGE,
        owed_by=OPERATIONS,
        because=COME_OF_AGE,
        basis="local",
        met_by=(),
        message=fact.number,
        opened_at=fact.heard,
        episode=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        ends_with_absence=False,
        starts_at=fact.heard,
        due_at=at,
        next_at=at,
        occasion=at.isoformat(),
    )


def come_of_age(
    duty: Duty, episode: Episode, duties: tuple[Duty, ...], moment: Moment, rules: Rulebook
) -> Decision:
    """Take the step: what is owed to a child ends, and who is there for young adults is told."""
    done, event = met(duty, moment.now, moment.now, OPERATIONS)
    changed = owing.recompute(episode, duties, rules, moment.now)
    state = episode.state
    told: dict[str, Told] = {}
    contents: list[Content] = []
    posts: list[Post] = []
    reports = [fact for fact in standing(episode.facts) if fact.kind == MissingNotification.KIND]
    if reports and not state.over and state.of_age_at == duty.due_at:
        for recipient in _newly_told(episode, state, reports[-1], moment, rules):
            address = recipient.address
            content, post = picture_post(episode, duties, address, moment, rules, "of-age")
            contents.append(content)
            posts += [post, *_reports(episode, reports, recipient)]
            told[address] = Told(recipient.because, moment.now, recipient.view.value)
    for one in changed.duties:
        if one.settled_why == "of-age":
            change = DutyChange.cancelled if one.state == "cancelled" else DutyChange.excused
            content, more = duty_notice(one, change, moment, rules.directory)
            contents.append(content)
            posts += more
    return Decision(
        episode=episode.with_told(told),
        contents=tuple(contents),
        posts=tuple(posts),
        duties=(done, *changed.duties),
        events=(event, *changed.events),
    )


def _newly_told(
    episode: Episode, state: State, report: Fact, moment: Moment, rules: Rulebook
) -> Iterator[Recipient]:
    """Whom policy tells of a missing young adult, and did not tell of the child."""
    situation = situation_of(report, state, state, rules.directory)
    situation = replace(situation, of_age=True, ended=False)
    policy = rules.policy(situation.nation, state, moment.now)
    scene = Scene(state, report.address, moment.now, rules.directory, episode.told)
    for recipient in route(policy, situation, scene).recipients:
        full = recipient.view is View.full and not recipient.as_kind
        if full and recipient.address not in episode.told and not state.address_protected:
            yield recipient


def _reports(episode: Episode, reports: list[Fact], recipient: Recipient) -> Iterator[Post]:
    for fact in reports:
        yield Post(
            id=derived("of-age", fact.sender, fact.message_id, recipient.address),
            content=fact.content,
            destination=inbox(recipient.address),
            address=recipient.address,
            because=recipient.because,
            message=fact.number,
            child=episode.child,
            episode=episode.id,
            exercise=episode.exercise,
        )
