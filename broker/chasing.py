"""What happens when a duty falls due, or a rung of its ladder does. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from broker.decision import Content, Decision, Moment, Post, inbox
from broker.directory import Directory
from broker.duties import Duty, DutyEvent, climbing, spaced
from broker.episode import Episode, Told
from broker.keys import derived
from broker.notices import duty_notice
from broker.routing import may_ring
from schemas.notices import DutyChange


@dataclass(frozen=True, slots=True)
class Chased:
    """A duty whose time has come, and its absence."""

    duty: Duty
    episode: Episode | None


def chase(chased: Chased, moment: Moment, directory: Directory) -> Decision:
    """
    Fire one step of one duty: mark it late, and take it up one rung.

    One step fires once: the duty that comes back looks at the next one. A delivery that was not
    sent in time climbs too, marked as Homeward's fault, and its clock has not started.
    """
    duty, now = chased.duty, moment.now
    unsent = duty.delivery is not None and duty.starts_at is None
    first = duty.state == "open" and not unsent
    events = []
    if unsent:
        duty = replace(duty, our_fault=True)
    elif first:
        duty = replace(duty, state="late")
        events.append(DutyEvent(duty.id, now, "late", duty.owed_by))
    duty = _past_those_asked(duty, directory, now)
    rung = climbing(duty)
    if rung and not unsent and duty.due_at and duty.due_at + rung.after > now:
        rung = None  # it is late, but the first rung comes later
    notices: list[tuple[Content, list[Post]]] = []
    posts: list[Post] = []
    told: dict[str, Told] = {}
    if rung:
        address = _reached(rung.address, directory, now)
        duty = replace(duty, rung=duty.rung + 1, asked=(*duty.asked, address))
        detail = "unsent" if unsent else ""
        events.append(DutyEvent(duty.id, now, "climbed", address, detail))
        posts += _briefing(duty, chased.episode, address, may_ring(address, directory))
        told[address] = Told(because=duty.because, at=now, view="full")
        notices.append(
            duty_notice(
                duty, DutyChange.climbed, moment, directory, to=[address], climbed_to=address
            )
        )
    elif first:
        notices.append(duty_notice(duty, DutyChange.late, moment, directory))
    duty = replace(duty, next_at=spaced(duty, duty.rung, now))
    episode = chased.episode
    if episode is not None:
        episode = episode.with_told({k: v for k, v in told.items() if k not in episode.told})
    return Decision(
        episode=episode,
        contents=tuple(content for content, _ in notices),
        posts=(*posts, *(post for _, each in notices for post in each)),
        duties=(duty,),
        events=tuple(events),
    )


def _past_those_asked(duty: Duty, directory: Directory, now: datetime) -> Duty:
    """At night a rung may be covered by a desk that was asked already: go on to the next."""
    asked = {duty.owed_by, *duty.asked}
    while (rung := climbing(duty)) and _reached(rung.address, directory, now) in asked:
        duty = replace(duty, rung=duty.rung + 1)
    return duty


def _reached(address: str, directory: Directory, now: datetime) -> str:
    desk = directory.open_desk(address, now)
    return desk.address if desk else address


def _briefing(duty: Duty, episode: Episode | None, address: str, rings: bool) -> list[Post]:
    """What the duty is about, for whoever it climbs to."""
    facts = [fact for fact in (episode.facts if episode else ()) if fact.number == duty.message]
    return [
        Post(
            id=derived("climbed", duty.message, address),  # once, however many duties climb
            content=fact.content,
            destination=inbox(address),
            address=address,
            because=duty.because,
            message=fact.number,
            child=duty.child,
            episode=duty.episode,
            exercise=duty.exercise,
            wakes=rings,
            answer_by=duty.due_at,
        )
        for fact in facts
    ]
