"""What Homeward says to agencies and to the record: receipts, what became of duties. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from broker.carers import is_carer, was_left
from broker.decision import OPERATIONS, Arrival, Content, Decision, Moment, Post, Rulebook, inbox
from broker.directory import Directory
from broker.duties import STANDING, Duty
from broker.episode import TELLING, Episode, State, Told
from broker.keys import derived
from broker.owing import Changed
from broker.paper import form_number_is_right
from broker.words import differing, duty_words, lacking, receipt_words
from schemas.kinds import RECORD_TOPICS
from schemas.message import BROKER, ChildMessage, Message
from schemas.missing import LegalBasis
from schemas.notices import DutyChange, DutyNotice, Outstanding, Picture, Receipt
from schemas.notices import Told as ToldLine

CONTRADICTION = "settle-contradiction"


def answer_by(post: Post, now: datetime) -> datetime | None:
    """When an answer will be due if the delivery is sent at once."""
    if post.answer_by or post.answer_within is None:
        return post.answer_by
    return max(now, post.answer_not_before or now) + post.answer_within


def receipt(
    message: ChildMessage,
    episode: Episode,
    lines: tuple[ToldLine, ...],
    now: datetime,
    rules: Rulebook,
    state: State,
    repeated_at: tuple[object, ...] = (),
    warnings: Iterable[str] = (),
) -> Receipt:
    """The receipt of a message: what became of it, in words too."""
    return Receipt(
        message_id=derived("receipt", message.sender, message.message_id, *(repeated_at or ("",))),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=now,
        sent_at=now,
        exercise=message.exercise,
        of=message.message_id,
        repeated=bool(repeated_at),
        child=rules.keys.pseudonym(episode.child, message.sender),
        episode=str(episode.id),
        told=lines,
        words=receipt_words(
            lines, state, rules.directory, rules.joined, (*_warnings(message, state), *warnings)
        ),
    )


def _warnings(message: ChildMessage, state: State) -> Iterator[str]:
    """What was accepted, and is odd all the same."""
    if message.paper_form and not form_number_is_right(message.paper_form):
        yield "Please check the number of the paper form: it is none that was printed."
    measure = vars(message).get("legal_measure")
    if measure and measure.basis is LegalBasis.children_act_1989_s49 and not state.looked_after:
        yield "Please check: section 49 is for children in care, and this child is not in care."


_SAID_ONCE = (DutyChange.opened, DutyChange.late, DutyChange.climbed, DutyChange.not_ours)


def duty_notice(
    duty: Duty,
    change: DutyChange,
    moment: Moment,
    directory: Directory,
    about: UUID | None = None,
    to: Iterable[str] = (),
    climbed_to: str | None = None,
    transferred_to: str | None = None,
    why: str = "",
) -> tuple[Content, list[Post]]:
    """Tell the owner of a duty, and the record, what happened to it."""
    # What comes to stand again, or ends again, is said again.
    again = "" if change in _SAID_ONCE else moment.now.isoformat()
    message = DutyNotice(
        message_id=derived("notice", duty.id, change.value, duty.rung, climbed_to or "", again),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=moment.now,
        sent_at=moment.now,
        exercise=duty.exercise,
        duty=duty.id,
        name=duty.name,
        change=change,
        owed_by=duty.owed_by,
        about=about,
        delivery=duty.delivery,
        episode=str(duty.episode) if duty.episode else None,
        starts_at=duty.starts_at,
        due_at=duty.due_at,
        climbed_to=climbed_to,
        our_fault=duty.our_fault,
        basis=duty.basis,
        words=duty_words(duty, change, directory, climbed_to or transferred_to) + why,
        transferred_to=transferred_to,
        late_on_arrival=duty.late_on_arrival,
        working_due_at=duty.working_due_at,
    )
    content = Content(next(moment.contents), message)
    recipients = [("", RECORD_TOPICS["duty"])]
    recipients += [
        (address, inbox(address))
        for address in dict.fromkeys((duty.owed_by, *to))
        if not address.startswith(f"{BROKER}/")  # Homeward's operators read no inbox
    ]
    posts = [
        Post(
            id=derived("delivery", message.message_id, address, destination),
            content=content.number,
            destination=destination,
            address=address,
            because=duty.because,
            message=duty.message or None,
            child=duty.child,
            episode=duty.episode,
            exercise=duty.exercise,
            urgent=change in (DutyChange.late, DutyChange.climbed),
        )
        for address, destination in recipients
    ]
    return content, posts


def noticed(
    changed: Changed,
    moment: Moment,
    rulebook: Rulebook,
    about: UUID | None,
    leads: Iterable[str] = (),
    lacks: Iterable[str] = (),
) -> tuple[tuple[Content, ...], tuple[Post, ...]]:
    """
    Tell the owners of duties, and the record, what changed about them.

    `lacks` is what the message at hand leaves out of what forms ask for.
    """
    each = [
        duty_notice(
            duty,
            change,
            moment,
            rulebook.directory,
            about=about,
            # Where a child lives now is no business of the home that it was thought to live in.
            to=[owner] if owner and not is_carer(owner) else [],
            transferred_to=owner if owner and not is_carer(owner) else None,
            why=_why(duty, leads, frozenset(lacks), rulebook),
        )
        for duty, change, owner in changed.notices
    ]
    contents = tuple(content for content, _ in each)
    return contents, tuple(post for _, posts in each for post in posts)


def _why(duty: Duty, leads: Iterable[str], lacks: frozenset[str], rules: Rulebook) -> str:
    """What the words of a duty alone do not say: who differs, or what a form asks for."""
    if duty.name == CONTRADICTION:
        return differing(leads, rules.directory)
    if not lacks or duty.state not in STANDING:
        return ""
    rules_of = rules.policies.cited(duty.because)
    asked = dict.fromkeys(one for rule in rules_of for one in rule.require)
    return lacking(one for one in asked if one in lacks)


def picture_of(
    episode: Episode,
    duties: Iterable[Duty],
    agency: str,
    moment: Moment,
    rules: Rulebook,
    because: str,
    *,
    status: str = "",
    words: str = "",
) -> Picture:
    """
    Where an absence stands, for one agency: no names, no narrative, its own pseudonym of the child.

    `status` overrides what the facts say, for an absence that was never theirs.
    """
    state = episode.state
    place = state.place or state.lives_in
    canonical = rules.directory.canonical
    left = was_left(agency, state)
    return Picture(
        message_id=derived("picture", episode.id, agency, because, moment.now.isoformat()),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=moment.now,
        sent_at=moment.now,
        exercise=episode.exercise,
        child=rules.keys.pseudonym(episode.child, agency),
        episode=str(episode.id),
        status=status or state.status,
        category=state.category or None,
        risk=state.risk or None,
        started_at=state.started_at,
        found_at=state.found_at,
        returned_at=state.returned_at,
        closed_at=state.closed_at,
        outcome=state.outcome or None,
        lead=canonical(state.lead) if state.lead and not left else None,
        host=canonical(state.host) if state.host and not left else None,
        force=rules.directory.police_for(place) if place and not left else None,
        next_review_at=state.next_review_at,
        outstanding=tuple(
            Outstanding(name=duty.name, owed_by=duty.owed_by, state=duty.state, due_at=duty.due_at)
            for duty in duties
            if duty.standing and _may_be_listed(duty, episode, agency, left=left)
        ),
        because=because,
        words=words,
    )


def _may_be_listed(duty: Duty, episode: Episode, agency: str, *, left: bool) -> bool:
    if duty.owed_by.startswith(f"{agency}/"):
        return True
    if duty.owed_by == OPERATIONS:  # a step that Homeward takes itself
        return False
    # What follows from a referral or an outcome is shown to nobody but who owes it.
    telling = (fact.kind in TELLING for fact in episode.facts if fact.number == duty.message)
    return not left and not any(telling)


def picture_post(
    episode: Episode,
    duties: Iterable[Duty],
    address: str,
    moment: Moment,
    rules: Rulebook,
    because: str,
    **said: str,
) -> tuple[Content, Post]:
    """The same as something to send to one address; it wakes nobody."""
    agency = address.partition("/")[0]
    message = picture_of(episode, duties, agency, moment, rules, because, **said)
    content = Content(next(moment.contents), message)
    post = Post(
        id=derived("delivery", message.message_id, address),
        content=content.number,
        destination=inbox(address),
        address=address,
        because=because,
        child=episode.child,
        episode=episode.id,
        exercise=episode.exercise,
    )
    return content, post


def joins_late(
    episode: Episode,
    duties: Iterable[Duty],
    address: str,
    told: Told,
    moment: Moment,
    rules: Rulebook,
    because: str,
) -> Decision:
    """
    Whoever is shown what was said before knows of the absence from then on.

    Where it is over, a picture says so before: that is the end, and nobody need tell it once more.
    """
    known = {address: replace(told, end_told=episode.state.good_end)} | dict(episode.told)
    if not episode.state.over:
        return Decision(episode=episode.with_told(known))
    content, post = picture_post(episode, duties, address, moment, rules, because)
    return Decision(episode=episode.with_told(known), contents=(content,), posts=(post,))


def recorded(message: Message, arrival: Arrival, child: UUID | None = None) -> tuple[Content, Post]:
    """A message that is about no absence, as it goes to the record of what was accepted."""
    content, topic = Content(next(arrival.contents), message), RECORD_TOPICS[message.KIND]
    post = Post(
        id=derived("delivery", message.sender, message.message_id, topic),
        content=content.number,
        destination=topic,
        address="",
        because="record",
        message=arrival.number,
        child=child,
        exercise=message.exercise,
    )
    return content, post


def short_receipt(
    message: Message, words: str, arrival: Moment, repeated_at: tuple[object, ...] = ()
) -> tuple[Content, Post]:
    """The receipt of a message that is about no absence: it was accepted, and what came of it."""
    said = Receipt(
        message_id=derived("receipt", message.sender, message.message_id, *(repeated_at or ("",))),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=arrival.now,
        sent_at=arrival.now,
        exercise=message.exercise,
        of=message.message_id,
        repeated=bool(repeated_at),
        words=f"Accepted. {words}",
    )
    content = Content(next(arrival.contents), said)
    post = Post(
        id=derived("delivery", said.message_id),
        content=content.number,
        destination=inbox(message.sender),
        address=message.from_address,
        because="receipt",
        exercise=message.exercise,
    )
    return content, post
