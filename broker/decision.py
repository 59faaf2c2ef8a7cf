"""
What one message leads to: who is told, what is owed, what is met. Pure: values in, values out.

Answers are in `answering`, duties that fall due in `chasing`; all three give a `Decision`, which
the ledger writes as it stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.directory import Directory
from broker.duties import UNSENT_LIMIT, Duty, DutyEvent, due, excused, is_met_by, met, within
from broker.episode import Episode, Fact, State, Told, fact_of, standing, state_of
from broker.keys import Keys, derived
from broker.policy.model import Policy, Situation, Start, View
from broker.recognition import Recognition
from broker.routing import NotTold, Owed, Recipient, Routing, Scene, route
from broker.views import seen
from broker.words import duty_words, receipt_words
from broker.working_time import london_day
from schemas.iro_alert import IroAlert, IroEvent
from schemas.kinds import RECORD_TOPICS
from schemas.message import BROKER, ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyChange, DutyNotice, Receipt
from schemas.notices import Told as ToldLine

OPERATIONS = f"{BROKER}/operations"
GOOD_ENDS = ("safe", "reported-in-error")


@dataclass(frozen=True, slots=True)
class Rulebook:
    """What every decision is made by."""

    policy: Policy
    directory: Directory
    keys: Keys


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
    answer_within: timedelta | None = None
    answer_not_before: datetime | None = None
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of the child and the absence before the message."""

    recognition: Recognition
    episode: Episode
    duties: tuple[Duty, ...] = ()
    starts: tuple[datetime, ...] = ()  # of the child's other absences


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


def decide(picture: Picture, arrival: Arrival, rulebook: Rulebook) -> Decision:
    """Carry one message about a child through: add it to the picture, apply policy, settle."""
    message = arrival.message
    assert isinstance(message, ChildMessage)
    work = _Work(picture, arrival, rulebook, message)
    return work.decision()


class _Work:
    """One decision in the making: the steps of `decide`, with what they share."""

    def __init__(
        self, picture: Picture, arrival: Arrival, rulebook: Rulebook, message: ChildMessage
    ) -> None:
        self.picture, self.arrival, self.rules = picture, arrival, rulebook
        self.message, self.now = message, arrival.now
        self.full = Content(next(arrival.contents), seen(message, View.full, picture.episode.id))
        fact = fact_of(message, arrival.number, self.now, self.full.number)
        self.before = state_of(picture.episode.facts)
        self.episode = picture.episode.with_fact(fact)
        self.state = state_of(self.episode.facts)
        self.contents: dict[str, Content] = {View.full.value: self.full}
        self.posts: list[Post] = []
        self.told: dict[str, Told] = {}

    def decision(self) -> Decision:
        situation = self.situation()
        routing = route(self.rules.policy, situation, self.scene())
        new_duties, due_by = self.open_duties(routing.owed)
        self.record()
        for recipient in routing.recipients:
            self.tell(recipient, due_by.get((recipient.address, recipient.as_kind)))
        changed, events = self.settle(new_duties)
        self.receipt()
        episode = self.episode.with_told(self.told_of())
        notices = [self.notice(duty, DutyChange.opened) for duty in new_duties if not duty.delivery]
        return Decision(
            episode=episode,
            contents=(*self.contents.values(), *(content for content, _ in notices)),
            posts=(*self.posts, *(post for _, posts in notices for post in posts)),
            duties=(*new_duties, *changed),
            events=tuple(events),
            not_told=routing.not_told,
            routing=routing,
        )

    def scene(self) -> Scene:
        told = self.picture.episode.told
        return Scene(
            state=self.state,
            sender=self.message.from_address,
            now=self.now,
            directory=self.rules.directory,
            told=told,
            acting=tuple(address for address, entry in told.items() if entry.acting),
        )

    def situation(self) -> Situation:
        state, message = self.state, self.message
        recognition = self.picture.recognition
        end = message if isinstance(message, MissingReturn) else None
        place, lead = self.canonical(state.place), self.canonical(state.lead)
        agency = self.rules.directory.agency(state.lead)
        return Situation(
            kind=message.KIND,
            sender=message.sender.partition(".")[0],
            category=state.category,
            stage=end.stage.value if end else "",
            outcome=end.outcome.value if end else "",
            risk=state.risk,
            event=message.event.value if isinstance(message, IroAlert) else "",
            looked_after=state.looked_after,
            protection_plan=bool(state.plan),
            open_to_social_work=state.open_to_social_work,
            place_elsewhere=bool(place) and place != lead,
            lives_in_home=bool(state.home),
            immediate_danger=state.immediate_danger and not state.over,
            police_report=state.police_report,
            review_stated=_review_stated(message),
            time_known=state.time_known,
            ended=state.over and end is None,
            upgraded=self.before.heard
            and self.before.category in ("absent", "away")
            and state.category == "missing",
            identity="contradiction"
            if recognition.contradicted
            else "suspected"
            if recognition.suspected
            else "",
            nation=agency.nation if agency else "England",
        )

    def canonical(self, agency: str) -> str:
        return self.rules.directory.canonical(agency) or agency

    # -- duties

    def open_duties(self, owed: Iterable[Owed]) -> tuple[list[Duty], dict[tuple[str, str], Owed]]:
        held = {duty.id for duty in self.picture.duties}
        opened_now: dict[UUID, Duty] = {}
        due_by: dict[tuple[str, str], Owed] = {}
        for one in owed:
            if one.rule.clock.starts is Start.sent:
                if not self.needs_telling(one.owed_by, self.message.KIND):
                    continue
                due_by[(one.owed_by, one.as_kind)] = one
            duty = self.duty(one)
            if duty.id not in held:
                opened_now[duty.id] = duty
        return list(opened_now.values()), due_by

    def duty(self, one: Owed) -> Duty:
        clock, start = one.rule.clock, one.rule.clock.starts
        times = due(clock, self.state, self.message.occurred_at, self.now)
        waits = start is Start.sent
        delivery = self.post_id(one.owed_by, one.rule.duty) if waits else None
        about = delivery if waits else times.due_at if start is Start.stated else ""
        return Duty(
            id=derived("duty", self.episode.id, one.rule.duty, one.owed_by, about),
            name=one.rule.duty,
            owed_by=one.owed_by,
            because=one.because,
            basis=one.basis,
            met_by=one.rule.met_by,
            message=self.arrival.number,
            opened_at=self.now,
            episode=self.episode.id,
            child=self.episode.child,
            delivery=delivery,
            exercise=self.message.exercise,
            ends_with_absence=one.rule.ends_with_absence,
            within=within(clock, self.state) if waits and clock.within else None,
            working_days=clock.working_days if waits else None,
            not_before=one.opens_at if waits else None,
            rungs=one.rungs,
            starts_at=None if waits else times.starts_at,
            due_at=None if waits else times.due_at,
            # Not sent in time: it climbs at once, as our fault.
            next_at=(self.now + UNSENT_LIMIT if one.rungs else None) if waits else times.due_at,
        )

    def settle(self, new: Iterable[Duty]) -> tuple[list[Duty], list[DutyEvent]]:
        """Duties that this message meets, and those that nobody needs any more."""
        changed, events = [], []
        fresh = {duty.id for duty in new}
        for duty in self.picture.duties:
            if not duty.standing or duty.id in fresh:
                continue
            if is_met_by(duty, self.message):
                at = min(self.now, max(self.message.occurred_at, duty.opened_at))
                after, event = met(duty, at, self.now, self.message.from_address)
            elif duty.ends_with_absence and self.state.over:
                after, event = excused(duty, self.now, "absence-over")
            else:
                continue
            changed.append(after)
            events.append(event)
        return changed, events

    def notice(self, duty: Duty, change: DutyChange) -> tuple[Content, list[Post]]:
        return duty_notice(
            duty, change, self.arrival, self.rules.directory, about=self.message.message_id
        )

    # -- telling

    def record(self) -> None:
        topic = RECORD_TOPICS[self.message.KIND]
        self.post(self.full, topic, "", "record", "full")

    def needs_telling(self, address: str, kind: str) -> bool:
        """Whether this says anything new to an address."""
        known = self.picture.episode.told.get(address)
        if known is None:
            return True
        if isinstance(self.message, MissingNotification):
            return differs(self.before, self.state)
        if isinstance(self.message, MissingReturn):
            stage = getattr(self.before, f"{self.message.stage.value}_at", None)
            told = known.end_told and self.before.outcome == self.message.outcome.value
            return not (stage and told)
        return True

    def tell(self, recipient: Recipient, owed: Owed | None) -> None:
        address = recipient.address
        if not self.needs_telling(address, recipient.as_kind):
            return
        first = address not in self.picture.episode.told
        good_end = self.state.over and self.state.outcome in GOOD_ENDS
        if first and isinstance(self.message, MissingUpdate) and not recipient.as_kind:
            self.brief(recipient)
        content = self.content_for(recipient)
        allowed = within(owed.rule.clock, self.state) if owed and owed.rule.clock.within else None
        self.post(
            content,
            inbox(address),
            address,
            recipient.because,
            recipient.view.value,
            owed.rule.duty if owed else recipient.as_kind,
            urgent=recipient.wakes or (self.state.risk == "high" and not self.state.over),
            answer_within=allowed,
            answer_not_before=recipient.opens_at if owed else None,
            answer_by=due(owed.rule.clock, self.state, self.now, self.now).due_at
            if owed and owed.rule.clock.working_days
            else None,
        )
        if first and self.state.over and isinstance(self.message, MissingNotification):
            self.tell_end(recipient)
        self.told[address] = Told(
            because=recipient.because,
            at=self.now,
            view=recipient.view.value,
            as_kind=recipient.as_kind,
            end_told=good_end,
            acting=not first and self.picture.episode.told[address].acting,
        )

    def brief(self, recipient: Recipient) -> None:
        """Whoever joins late gets what was said at the beginning first."""
        for fact in standing(self.picture.episode.facts):
            if fact.kind == MissingNotification.KIND:
                self.post_old(fact, recipient)

    def tell_end(self, recipient: Recipient) -> None:
        """Was missing, is back: told late, and the end with it."""
        for fact in standing(self.picture.episode.facts):
            if fact.kind == MissingReturn.KIND:
                self.post_old(fact, recipient)

    def post_old(self, fact: Fact, recipient: Recipient) -> None:
        self.posts.append(
            Post(
                id=derived("delivery", fact.message_id, recipient.address, ""),
                content=fact.content,
                destination=inbox(recipient.address),
                address=recipient.address,
                because=recipient.because,
                message=fact.number,
                child=self.episode.child,
                episode=self.episode.id,
                exercise=self.message.exercise,
            )
        )

    def content_for(self, recipient: Recipient) -> Content:
        name = recipient.as_kind or recipient.view.value
        if name not in self.contents:
            message = (
                self.iro_alert()
                if recipient.as_kind == IroAlert.KIND
                else seen(self.message, recipient.view, self.episode.id)
            )
            self.contents[name] = Content(next(self.arrival.contents), message)
        return self.contents[name]

    def iro_alert(self) -> IroAlert:
        returned = isinstance(self.message, MissingReturn)
        lead = self.rules.directory.canonical(self.state.lead) or self.state.lead
        return IroAlert(
            message_id=derived("iro-alert", self.message.sender, self.message.message_id),
            sender=BROKER,
            from_address=OPERATIONS,
            occurred_at=self.message.occurred_at,
            sent_at=self.now,
            exercise=self.message.exercise,
            child=self.message.child,
            episode=str(self.episode.id),
            event=IroEvent.returned if returned else IroEvent.missing,
            responsible_authority=lead,
            episodes_in_90_days=self.episodes_in_90_days(),
        )

    def episodes_in_90_days(self) -> int:
        """Absences in the 90 London days that end with the day this one began (window N3)."""
        newest = self.state.started_at or self.message.occurred_at
        first = london_day(newest) - timedelta(days=89)
        days = [london_day(start) for start in self.picture.starts]
        return 1 + sum(first <= day <= london_day(newest) for day in days)

    def post_id(self, address: str, purpose: str) -> UUID:
        return derived("delivery", self.message.sender, self.message.message_id, address, purpose)

    def post(
        self,
        content: Content,
        destination: str,
        address: str,
        because: str,
        view: str,
        purpose: str = "",
        *,
        urgent: bool = False,
        answer_within: timedelta | None = None,
        answer_not_before: datetime | None = None,
        answer_by: datetime | None = None,
    ) -> None:
        self.posts.append(
            Post(
                id=self.post_id(address or destination, purpose),
                content=content.number,
                destination=destination,
                address=address,
                because=because,
                view=view,
                message=self.arrival.number,
                child=self.episode.child,
                episode=self.episode.id,
                exercise=self.message.exercise,
                urgent=urgent,
                answer_within=answer_within,
                answer_not_before=answer_not_before,
                answer_by=answer_by,
            )
        )

    def told_of(self) -> Mapping[str, Told]:
        """Those told now, and the sender, who must hear the end from others too."""
        sender = self.message.from_address
        known = self.picture.episode.told.get(sender)
        told = dict(self.told)
        if known is None or self.state.over:
            end = self.state.over and self.state.outcome in GOOD_ENDS
            told[sender] = Told(
                because="reported",
                at=known.at if known else self.now,
                view=View.full.value,
                end_told=end,
                acting=bool(known and known.acting),
            )
        return told

    def receipt(self) -> None:
        lines = tuple(
            ToldLine(
                address=post.address, because=post.because, answer_by=answer_by(post, self.now)
            )
            for post in self.posts
            if post.address and post.message == self.arrival.number
        )
        message = receipt(self.message, self.episode, lines, self.now, self.rules, self.state)
        content = Content(next(self.arrival.contents), message)
        self.contents["receipt"] = content
        self.post(
            content,
            inbox(self.message.sender),
            self.message.from_address,
            "receipt",
            "full",
            "receipt",
            urgent=self.state.police_report == "not-yet",
        )


def answer_by(post: Post, now: datetime) -> datetime | None:
    """When an answer will be due if the delivery is sent at once."""
    if post.answer_by or post.answer_within is None:
        return post.answer_by
    return max(now, post.answer_not_before or now) + post.answer_within


def differs(before: State, after: State) -> bool:
    """Whether a report tells those who know of the absence anything that rules turn on."""
    names = ("category", "risk", "place", "responsible", "lives_in", "plan", "immediate_danger")
    return not before.heard or any(getattr(before, n) != getattr(after, n) for n in names)


def _review_stated(message: ChildMessage) -> bool:
    names = ("review_at", "next_review_at")
    return any(getattr(message, name, None) is not None for name in names)


def receipt(
    message: ChildMessage,
    episode: Episode,
    lines: tuple[ToldLine, ...],
    now: datetime,
    rules: Rulebook,
    state: State,
    repeat_of: object = None,
) -> Receipt:
    """The receipt of a message: what became of it, in words too."""
    return Receipt(
        message_id=derived("receipt", message.sender, message.message_id, repeat_of or ""),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=now,
        sent_at=now,
        exercise=message.exercise,
        of=message.message_id,
        repeated=repeat_of is not None,
        child=rules.keys.pseudonym(episode.child, message.sender),
        episode=str(episode.id),
        told=lines,
        words=receipt_words(lines, state, rules.directory),
    )


def duty_notice(
    duty: Duty,
    change: DutyChange,
    moment: Moment,
    directory: Directory,
    about: UUID | None = None,
    to: Iterable[str] = (),
    climbed_to: str | None = None,
) -> tuple[Content, list[Post]]:
    """Tell the owner of a duty, and the record, what happened to it."""
    message = DutyNotice(
        message_id=derived("notice", duty.id, change.value, duty.rung, climbed_to or ""),
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
        words=duty_words(duty, change, directory, climbed_to),
    )
    content = Content(next(moment.contents), message)
    recipients = [("", RECORD_TOPICS["duty"])]
    recipients += [(address, inbox(address)) for address in dict.fromkeys((duty.owed_by, *to))]
    posts = [
        Post(
            id=derived("delivery", message.message_id, address, destination),
            content=content.number,
            destination=destination,
            address=address,
            because=duty.because,
            message=duty.message,
            child=duty.child,
            episode=duty.episode,
            exercise=duty.exercise,
            urgent=change in (DutyChange.late, DutyChange.climbed),
        )
        for address, destination in recipients
    ]
    return content, posts


def with_acting(episode: Episode, address: str) -> Episode:
    """The absence, with one address known to be acting."""
    known = episode.told.get(address)
    return episode.with_told({address: replace(known, acting=True)}) if known else episode
