"""What happens when a duty falls due, or a rung of its ladder does. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from broker.coming_of_age import COME_OF_AGE, come_of_age
from broker.decision import Content, Decision, Moment, Post, Rulebook, inbox
from broker.directory import Directory
from broker.duties import Duty, DutyEvent, Rung, climbing, spaced
from broker.episode import TELLING, Episode, Fact, Told
from broker.keys import derived
from broker.notices import duty_notice, joins_late
from broker.policy.model import View
from broker.routing import may_ring
from broker.views import seen
from schemas.message import ChildMessage, Message
from schemas.notices import DutyChange


@dataclass(frozen=True, slots=True)
class Chased:
    """A duty whose time has come, and its absence."""

    duty: Duty
    episode: Episode | None
    duties: tuple[Duty, ...] = ()  # all of the absence
    read: Callable[[int], Message | None] = lambda number: None


def chase(chased: Chased, moment: Moment, rules: Rulebook) -> Decision:
    """
    Fire one step of one duty: mark it late, and take it up one rung.

    One step fires once: the duty that comes back looks at the next one. A delivery that was not
    sent in time climbs too, marked as Homeward's fault, and its clock has not started.
    """
    duty, now, directory = chased.duty, moment.now, rules.directory
    if duty.name == COME_OF_AGE and chased.episode is not None:
        return come_of_age(duty, chased.episode, chased.duties, moment, rules)
    unsent = duty.delivery is not None and duty.starts_at is None
    early = not unsent and duty.due_at is not None and duty.due_at > now  # all have refused
    first = duty.state == "open" and not unsent and not early
    events = []
    if unsent:
        duty = replace(duty, our_fault=True)
    elif first:
        duty = replace(duty, state="late")
        events.append(DutyEvent(duty.id, now, "late", duty.owed_by))
    before = duty.rung
    duty = _past_those_asked(duty, rules, now)
    passed = duty.rung > before  # its time has come, and somebody is to hear of it now
    rung = climbing(duty)
    start = duty.ladder_from
    if rung and not unsent and not early and not passed and start and start + rung.after > now:
        rung = None  # it is late, but the first rung comes later
    notices: list[tuple[Content, list[Post]]] = []
    posts: list[Post] = []
    contents: list[Content] = []
    episode = chased.episode
    if rung:
        address = _reached(rung, directory, now)
        duty = replace(duty, rung=duty.rung + 1, asked=(*duty.asked, address))
        detail = "unsent" if unsent else ""
        events.append(DutyEvent(duty.id, now, "climbed", address, detail))
        if episode is not None:  # what comes now is of before
            told = Told(because=duty.because, at=now, view="full")
            joined = joins_late(episode, chased.duties, address, told, moment, rules, "climbed")
            contents, posts = [*joined.contents], [*joined.posts]
            episode = joined.episode if _is_news(duty, episode) else episode
        rings = not rung.silent and may_ring(address, directory)
        briefing, briefed = _briefing(duty, chased, address, moment, rings)
        contents, posts = [*contents, *briefing], [*posts, *briefed]
        notices.append(
            duty_notice(
                duty, DutyChange.climbed, moment, directory, to=[address], climbed_to=address
            )
        )
    elif first:
        notices.append(duty_notice(duty, DutyChange.late, moment, directory))
    duty = replace(duty, next_at=spaced(duty, duty.rung, now))
    return Decision(
        episode=episode,
        contents=(*contents, *(content for content, _ in notices)),
        posts=(*posts, *(post for _, each in notices for post in each)),
        duties=(duty,),
        events=tuple(events),
    )


def _is_news(duty: Duty, episode: Episode) -> bool:
    """Whoever is asked about a referral or an outcome has not been told of the absence by that."""
    about = (fact for fact in episode.facts if fact.number == duty.message)
    return not any(fact.kind in TELLING for fact in about)


def _past_those_asked(duty: Duty, rules: Rulebook, now: datetime) -> Duty:
    """
    On to a rung that is of use.

    At night a rung may be covered by a desk that was asked already; and a desk of an agency that is
    not on Homeward hears nothing, so it is passed over while a later one would.
    """
    asked = {duty.owed_by, *duty.asked}
    while rung := climbing(duty):
        deaf = not _hears(rung, rules) and any(
            _hears(later, rules) for later in duty.rungs[duty.rung + 1 :]
        )
        if not deaf and _reached(rung, rules.directory, now) not in asked:
            break
        duty = replace(duty, rung=duty.rung + 1)
    return duty


def _hears(rung: Rung, rules: Rulebook) -> bool:
    return rung.address.partition("/")[0] in rules.joined


def _reached(rung: Rung, directory: Directory, now: datetime) -> str:
    """The desk that covers a closed one; what wakes nobody waits at the desk itself."""
    desk = None if rung.silent else directory.open_desk(rung.address, now)
    return desk.address if desk else rung.address


def _briefing(
    duty: Duty, chased: Chased, address: str, moment: Moment, rings: bool
) -> tuple[list[Content], list[Post]]:
    """What the duty is about, for whoever it climbs to, as it may be shown now."""
    contents: list[Content] = []
    posts = []
    for fact in chased.episode.facts if chased.episode else ():
        if fact.number != duty.message:
            continue
        number, content = as_shown_now(fact, chased.episode, chased.read, moment)
        contents += [content] if content else []
        posts.append(
            Post(
                # Once, however many duties climb.
                id=derived("climbed", fact.sender, fact.message_id, address),
                content=number,
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
        )
    return contents, posts


def as_shown_now(
    fact: Fact,
    episode: Episode | None,
    read: Callable[[int], Message | None],
    moment: Moment,
) -> tuple[int, Content | None]:
    """The content of what was said before; written anew where an address is protected since."""
    if episode is None or not episode.state.address_protected:
        return fact.content, None
    if "address_protected" in fact.said:
        return fact.content, None
    message = read(fact.number)
    if not isinstance(message, ChildMessage):
        return fact.content, None
    content = Content(next(moment.contents), seen(message, View.full, episode.id, True))
    return content.number, content
