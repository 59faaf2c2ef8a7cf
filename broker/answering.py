"""What an answer to a delivery leads to. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.decision import (
    Arrival,
    Content,
    Decision,
    Post,
    Rulebook,
    inbox,
)
from broker.directory import kind_of
from broker.duties import Duty, DutyEvent, asked_of, met
from broker.episode import NEWS, PLACED, Episode, Told
from broker.errors import Invalid, NotYourDelivery, UnknownAgency
from broker.keys import derived
from broker.notices import duty_notice, joins_late, noticed
from broker.owing import recompute
from broker.routing import may_ring
from broker.subscriptions.rights import is_by_subscription
from broker.working_time import OFFICE, is_open
from schemas.answer import Answer, AnswerState
from schemas.iro_alert import IroAlert
from schemas.kinds import RECORD_TOPICS, TO_AGENCIES
from schemas.message import BROKER
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyChange

# That a child is missing may be anybody's; the rest may tell what a child said, or a concern about
# a carer, and is never passed on to a place that it may be about.
_ANYBODYS = frozenset({MissingNotification.KIND, MissingUpdate.KIND})


# What a later delivery of a kind asks again while the first question stands.
_ASKED_BY = {
    MissingNotification.KIND: ("answer",),
    MissingUpdate.KIND: ("answer",),
    MissingReturn.KIND: ("answer", "confirm-the-end"),
    IroAlert.KIND: ("answer-iro-alert", "confirm-the-end"),
}

_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery as an answer needs to know it."""

    id: UUID
    address: str
    kind: str
    content: int
    message: int
    because: str
    child: UUID | None
    episode: UUID | None
    exercise: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The delivery an answer is about, its absence, and the duties that wait for answers."""

    delivery: Delivered | None
    episode: Episode | None
    duties: tuple[Duty, ...]


def answer(asked: Asked, arrival: Arrival, rulebook: Rulebook) -> Decision:
    """
    Settle, pass on or put off what an answer is about.

    Raises `NotYourDelivery` unless the delivery was made to an address of the sender.
    """
    message = arrival.message
    assert isinstance(message, Answer)
    if message.state is AnswerState.unrecognised:
        raise Invalid("this state is not one of the answers that can be given", "state")
    delivery = _checked(asked.delivery, message)
    content = Content(next(arrival.contents), message)
    decision = Decision(
        episode=asked.episode, contents=(content,), posts=(_record(content, delivery, arrival),)
    )
    waiting = waiting_for(delivery, asked.duties)
    if message.state in (AnswerState.acting, AnswerState.closed):
        return _acting(decision, waiting, delivery, arrival, asked.duties, rulebook)
    if message.state is AnswerState.received:
        return _met(decision, waiting, delivery, arrival, "received")
    if message.state is AnswerState.need_until:
        return _put_off(decision, waiting, message, arrival)
    return _passed_on(decision, waiting, delivery, arrival, asked.duties, rulebook)


def waiting_for(delivery: Delivered, duties: tuple[Duty, ...]) -> list[Duty]:
    """
    The standing duties that an answer to this delivery is about.

    Those that ask for it, and the same question put to another desk of the agency: at night the
    emergency duty team answers for the front door. What was asked in passing they answer by what
    they were sent then or later. The most pressing first.
    """
    standing = [duty for duty in duties if duty.standing]
    own = {duty.name for duty in standing if duty.delivery == delivery.id}
    # Who says of an old report that it is not theirs has not seen that the child is back.
    passed = {
        duty.name
        for duty in standing
        if delivery.address in duty.asked and duty.message <= delivery.message
    }
    names = own or passed or set(_ASKED_BY.get(delivery.kind, ()))
    waiting = [
        duty
        for duty in standing
        if duty.delivery == delivery.id or (duty.name in names and asked_of(duty, delivery.address))
    ]
    return sorted(waiting, key=lambda duty: (duty.due_at or duty.opened_at, duty.id))


def check_yours(delivery: Delivered | None, message: Answer) -> Delivered:
    """The delivery, if it was made to an address of the sender."""
    if delivery is None or delivery.address.partition("/")[0] != message.sender:
        raise NotYourDelivery(
            "no such delivery was made to you: take its id from your inbox", "delivery"
        )
    return delivery


def _checked(delivery: Delivered | None, message: Answer) -> Delivered:
    delivery = check_yours(delivery, message)
    if delivery.kind in TO_AGENCIES or delivery.kind == Answer.KIND:
        raise Invalid(f"a {delivery.kind} needs no answer", "delivery")
    if is_by_subscription(delivery.because):  # whoever could pass it on could show it to anybody
        raise Invalid("what comes by a subscription needs no answer", "delivery")
    return delivery


def _record(content: Content, delivery: Delivered, arrival: Arrival) -> Post:
    topic = RECORD_TOPICS[Answer.KIND]
    return Post(
        id=derived("delivery", arrival.message.sender, arrival.message.message_id, topic),
        content=content.number,
        destination=topic,
        address="",
        because="record",
        message=arrival.number,
        child=delivery.child,
        episode=delivery.episode,
        exercise=delivery.exercise,
    )


def _acting(
    decision: Decision,
    waiting: list[Duty],
    delivery: Delivered,
    arrival: Arrival,
    duties: tuple[Duty, ...],
    rulebook: Rulebook,
) -> Decision:
    if decision.episode is not None:
        decision = replace(decision, episode=_with_acting(decision.episode, delivery.address))
    decision = _met(decision, waiting, delivery, arrival, "acting")
    return _one_lead(decision, duties, arrival, rulebook)


def _one_lead(
    decision: Decision, duties: tuple[Duty, ...], arrival: Arrival, rulebook: Rulebook
) -> Decision:
    """Where reports name different councils, what is owed is the acting one's from now on."""
    episode = decision.episode
    if episode is None or len(episode.state.leads) < 2:
        return decision
    settled = {duty.id for duty in decision.duties}
    changed = recompute(episode, duties, rulebook, arrival.now)
    contents, posts = noticed(changed, arrival, rulebook, arrival.message.message_id)
    return replace(
        decision,
        contents=(*decision.contents, *contents),
        posts=(*decision.posts, *posts),
        duties=(*decision.duties, *(duty for duty in changed.duties if duty.id not in settled)),
        events=(*decision.events, *changed.events),
    )


def _met(
    decision: Decision, waiting: list[Duty], delivery: Delivered, arrival: Arrival, by: str
) -> Decision:
    said = arrival.message.occurred_at
    changed, events = [], []
    for duty in waiting:
        if by in duty.met_by or (by == "acting" and "received" in duty.met_by):
            at = min(arrival.now, max(said, duty.starts_at or said))
            after, event = met(duty, at, arrival.now, delivery.address)
            changed.append(after)
            events.append(event)
    return replace(decision, duties=tuple(changed), events=tuple(events))


def _put_off(
    decision: Decision, waiting: list[Duty], message: Answer, arrival: Arrival
) -> Decision:
    """The ladder moves once, by no more than the duty was given at first; the due time stays."""
    until = message.until
    assert until is not None
    changed, events = [], []
    for duty in waiting:
        if duty.next_at is not None and until > duty.next_at and not duty.put_off:
            given = duty.due_at - duty.starts_at if duty.due_at and duty.starts_at else _AN_HOUR
            latest = duty.next_at + max(given, _AN_HOUR)
            changed.append(replace(duty, next_at=min(until, latest), put_off=True))
        events.append(DutyEvent(duty.id, arrival.now, "need-until", message.from_address))
    return replace(decision, duties=tuple(changed), events=tuple(events))


def _passed_on(
    decision: Decision,
    waiting: list[Duty],
    delivery: Delivered,
    arrival: Arrival,
    duties: tuple[Duty, ...],
    rulebook: Rulebook,
) -> Decision:
    """
    Not theirs: whose it is, is asked at once, under the same clock.

    The first agency stays liable until another answers `acting`. At the second refusal, or when
    there is nobody to ask, the ladder is climbed at once and both duty managers are told. Whoever
    hears of an absence that is over hears first that it is.
    """
    message = arrival.message
    assert isinstance(message, Answer)
    directory = rulebook.directory
    if message.whose and directory.entry(message.whose) is None:
        raise UnknownAgency("this address is not in the directory", "whose")
    if delivery.kind in PLACED:  # whoever sent it says whose it is, by its correction
        message = message.model_copy(update={"whose": None})
    if message.whose and delivery.kind not in _ANYBODYS:
        if kind_of(message.whose) not in ("la", "police", "hub"):
            raise Invalid("this goes to no carer: name a council or force", "whose")
    changed, events = [], []
    contents, posts = list(decision.contents), list(decision.posts)
    absence = decision.episode if delivery.kind in NEWS else None

    def tell(address: str, because: str) -> None:
        nonlocal absence
        if absence is None or address in absence.told:
            return
        told = Told(because=because, at=arrival.now, view="full")
        joined = joins_late(absence, duties, address, told, arrival, rulebook, "passed-on")
        absence = joined.episode
        contents.extend(joined.contents)
        posts.extend(joined.posts)

    if not waiting and message.whose and decision.episode is not None:
        if message.whose not in decision.episode.told:
            tell(message.whose, delivery.because)
            posts.append(pass_to(message.whose, delivery, delivery.because, None, arrival.number))
    sender = _sender_of(decision.episode, delivery)
    # Where no duty says it, or not whose it is, the answer itself goes to who sent the message.
    if sender and (not waiting or delivery.kind in PLACED):
        posts.append(_copy(decision.posts[0], sender))
    for duty in waiting:
        refused = (*duty.refused, delivery.address)
        # Of what is no news of an absence, there is no guess at others.
        whose = _whose(message.whose, absence, duty, refused, rulebook, arrival.now)
        second = len(refused) > 1
        targets = {whose: "climbed" if second else "asked"} if whose else {}
        if second or not whose:
            managers = _managers(duty, delivery.address, decision.episode, rulebook, arrival.now)
            targets |= {manager: "climbed" for manager in managers if manager not in targets}
        known = {*duty.asked, duty.owed_by, delivery.address}
        targets = {target: how for target, how in targets.items() if target not in known}
        after = replace(duty, refused=refused, asked=(*duty.asked, *targets))
        if not targets:
            after = replace(after, next_at=arrival.now)  # nobody is left but the ladder
        changed.append(after)
        events.append(DutyEvent(duty.id, arrival.now, "not-ours", delivery.address))
        events += [DutyEvent(duty.id, arrival.now, how, to) for to, how in targets.items()]
        for target in targets:
            tell(target, duty.because)
            asked = pass_to(target, delivery, after.because, after.due_at, arrival.number)
            posts.append(replace(asked, wakes=may_ring(target, directory)))
        content, notices = duty_notice(
            after,
            DutyChange.not_ours,
            arrival,
            directory,
            about=message.message_id,
            to=[sender] if sender else [],
            climbed_to=next(iter(targets), None),
        )
        contents.append(content)
        posts += notices
    return replace(
        decision,
        episode=absence or decision.episode,
        contents=tuple(contents),
        posts=tuple(posts),
        duties=tuple(changed),
        events=tuple(events),
    )


def _copy(record: Post, sender: str) -> Post:
    destination = inbox(sender)
    return replace(
        record,
        id=derived("delivery", record.id, sender),
        destination=destination,
        address=sender,
        because="not-ours",
    )


def pass_to(
    address: str, delivery: Delivered, because: str, answer_by: datetime | None, number: int
) -> Post:
    """
    The same delivery for another address, under the clock that runs already.

    An address is asked once, however many answers and duties point to it.
    """
    return Post(
        id=derived("passed", delivery.message, address),
        content=delivery.content,
        destination=inbox(address),
        address=address,
        because=because,
        message=number,
        child=delivery.child,
        episode=delivery.episode,
        exercise=delivery.exercise,
        answer_by=answer_by,
    )


def _sender_of(episode: Episode | None, delivery: Delivered) -> str:
    facts = episode.facts if episode else ()
    theirs = (fact for fact in facts if fact.sender != BROKER)
    return next((fact.address for fact in theirs if fact.number == delivery.message), "")


def _whose(
    named: str | None,
    episode: Episode | None,
    duty: Duty,
    refused: tuple[str, ...],
    rulebook: Rulebook,
    now: datetime,
) -> str:
    """The address the refusing agency names, else a council that the facts name."""
    candidates = [named] if named else []
    if episode is not None:
        state = episode.state
        ids = (state.responsible, state.lives_in, state.place)
        known = [rulebook.directory.canonical(id) for id in ids if id]
        candidates += [f"{id}/front-door" for id in known if id]
    gone = {address.partition("/")[0] for address in (*refused, *duty.asked, duty.owed_by)}
    for candidate in candidates:
        desk = rulebook.directory.open_desk(candidate, now) or rulebook.directory.entry(candidate)
        if desk and desk.address.partition("/")[0] not in gone:
            return desk.address
    return ""


def _managers(
    duty: Duty, refusing: str, episode: Episode | None, rulebook: Rulebook, now: datetime
) -> list[str]:
    """Both agencies' duty managers, and the lead councils'."""
    agencies = [address.partition("/")[0] for address in (duty.owed_by, refusing)]
    agencies += episode.state.leads if episode else ()
    functions = {"police": "duty-manager", "la": "duty-manager"}
    found = []
    for agency in dict.fromkeys(agencies):
        # By night a council's emergency duty team decides; its manager is behind it.
        function = functions.get(kind_of(agency), "home-manager")
        night = agency not in agencies[:2] and not is_open(OFFICE, now)
        desk = rulebook.directory.open_desk(f"{agency}/{'front-door' if night else function}", now)
        if desk is not None:
            found.append(desk.address)
    return found


def _with_acting(episode: Episode, address: str) -> Episode:
    """The absence, with one address known to be acting."""
    known = episode.told.get(address)
    return episode.with_told({address: replace(known, acting=True)}) if known else episode
