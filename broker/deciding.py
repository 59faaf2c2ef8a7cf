"""What one message leads to: who is told, what is owed, what is met. Pure: values in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from broker.decision import (
    GOOD_ENDS,
    OPERATIONS,
    Arrival,
    Content,
    Decision,
    Picture,
    Post,
    Rulebook,
    inbox,
)
from broker.duties import (
    UNSENT_LIMIT,
    Due,
    Duty,
    DutyEvent,
    due,
    excused,
    is_met_by,
    met,
    restarted,
    was_met_by,
    within,
)
from broker.episode import Fact, State, Told, fact_of, standing, state_of
from broker.keys import derived
from broker.notices import answer_by, duty_notice, receipt
from broker.policy.model import Situation, Start, View
from broker.routing import Owed, Recipient, Routing, Scene, route, route_withdrawal
from broker.views import seen
from broker.working_time import london_day
from schemas.iro_alert import IroAlert, IroEvent
from schemas.kinds import RECORD_TOPICS
from schemas.message import BROKER, Action, ChildMessage
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyChange
from schemas.notices import Told as ToldLine


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
        number = next(arrival.contents)
        self.fact = fact_of(message, arrival.number, self.now, number, picture.episode.id)
        self.before = state_of(picture.episode.facts)
        self.episode = picture.episode.with_fact(self.fact)
        self.state = state_of(self.episode.facts)
        self.full = Content(number, self.seen(View.full))
        self.contents: dict[str, Content] = {View.full.value: self.full}
        self.posts: list[Post] = []
        self.told: dict[str, Told] = {}
        self.opened: dict[UUID, Duty] = {}
        self.changed: dict[UUID, Duty] = {}
        self.running: dict[tuple[str, str], Duty] = {}
        self.events: list[DutyEvent] = []

    def decision(self) -> Decision:
        if self.withdrawn:
            routing = route_withdrawal(self.rules.policy, self.situation(), self.scene())
        else:
            routing = self.rules.route(self.situation(), self.scene())
        self.record()
        self.follow(routing, self.fact)
        self.receipt()
        for fact in self.ends_heard_before():
            self.follow(route(self.rules.policy, self.situation_of(fact), self.scene(fact)), fact)
        self.settle()
        episode = self.episode.with_told(self.told_of())
        notices = [
            self.notice(duty, DutyChange.opened)
            for duty in self.opened.values()
            if not duty.delivery and duty.standing
        ]
        return Decision(
            episode=episode,
            contents=(*self.contents.values(), *(content for content, _ in notices)),
            posts=(*self.posts, *(post for _, posts in notices for post in posts)),
            duties=(*self.opened.values(), *self.changed.values()),
            events=tuple(self.events),
            not_told=routing.not_told,
            routing=routing,
        )

    def follow(self, routing: Routing, fact: Fact) -> None:
        """Tell those a fact is told to, and open what is owed because of it."""
        due_by = self.open_duties(routing.owed, fact)
        for recipient in routing.recipients:
            self.tell(recipient, due_by.get((recipient.address, recipient.as_kind)), fact)

    def ends_heard_before(self) -> list[Fact]:
        """
        The ends that came before this report: policy is asked again, knowing what they lacked.

        Was missing, is back: whoever is told late is told the end with it.
        """
        if not isinstance(self.message, MissingNotification) or self.withdrawn:
            return []
        known = standing(self.picture.episode.facts)
        return [fact for fact in known if fact.kind == MissingReturn.KIND]

    @property
    def withdrawn(self) -> bool:
        return self.message.action is Action.cancel

    @property
    def good_end(self) -> bool:
        return self.state.cancelled or (self.state.over and self.state.outcome in GOOD_ENDS)

    def seen(self, view: View) -> ChildMessage:
        protected = self.state.address_protected
        return seen(self.message, view, self.picture.episode.id, protected)

    def scene(self, fact: Fact | None = None) -> Scene:
        told = {**self.picture.episode.told, **self.told}
        return Scene(
            state=self.state,
            sender=fact.address if fact else self.message.from_address,
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
            ended=state.over and (end is None or self.is_old_news(end)),
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

    def is_old_news(self, end: MissingReturn) -> bool:
        """Whether a later end was known already."""
        ended = self.before.ended_at
        return self.before.over and ended is not None and end.occurred_at <= ended

    def situation_of(self, end: Fact) -> Situation:
        """The situation of an end that was heard before, as it looks now."""
        return replace(
            self.situation(),
            kind=MissingReturn.KIND,
            sender=end.sender.partition(".")[0],
            stage=end.said["stage"],
            outcome=end.said["outcome"],
            review_stated=False,
            ended=self.state.over,
            identity="",
        )

    def canonical(self, agency: str) -> str:
        return self.rules.directory.canonical(agency) or agency

    # -- duties

    def open_duties(self, owed: Iterable[Owed], fact: Fact) -> dict[tuple[str, str], Owed]:
        """Open what is owed; gives back what waits for an answer, by who is asked for it."""
        held = {duty.id: duty for duty in self.picture.duties}
        # What was united with this absence may have brought the same duty, under another id.
        alike = {(duty.name, duty.owed_by): duty for duty in self.picture.duties}
        due_by: dict[tuple[str, str], Owed] = {}
        for one in owed:
            if one.rule.clock.starts is Start.sent:
                if not self.needs_telling(one.owed_by, fact):
                    continue
                if (asked := self.asked_already(one)) and not self.sooner(one, asked):
                    self.running[one.owed_by, one.as_kind] = asked
                    continue
                if asked:
                    self.supersede(asked)
                due_by[(one.owed_by, one.as_kind)] = one
            duty = self.duty(one, fact)
            known = held.get(duty.id)
            if known is None and one.rule.clock.starts not in (Start.sent, Start.stated):
                known = alike.get((duty.name, duty.owed_by))
            if known is None:
                self.opened.setdefault(duty.id, self.met_before(duty, fact))
            elif one.rule.clock.starts in (Start.found, Start.returned):
                self.restart(known, Due(duty.starts_at, duty.due_at), fact)
        return due_by

    def restart(self, duty: Duty, clock: Due, fact: Fact) -> None:
        """When the clock started is known better now; what was met may have been met late."""
        after = restarted(duty, clock, self.now)
        if after is duty:
            return
        if not duty.standing:
            after = self.met_before(replace(after, state="open"), fact)
            after = replace(after, next_at=None)
        if after.standing == duty.standing:
            self.changed[duty.id] = after

    def asked_already(self, one: Owed) -> Duty | None:
        """The same question, put to the same desk before and not answered yet."""
        for duty in self.picture.duties:
            if duty.name == one.rule.duty and duty.owed_by == one.owed_by and duty.standing:
                return duty
        return None

    def sooner(self, one: Owed, asked: Duty) -> bool:
        """Whether it must be answered sooner now; one that is late is climbing already."""
        clock = one.rule.clock
        if asked.state != "open" or asked.within is None or not clock.within:
            return False
        return within(clock, self.state) < asked.within

    def supersede(self, duty: Duty) -> None:
        gone = replace(duty, state="superseded", settled_at=self.now, next_at=None)
        self.changed[duty.id] = gone
        self.events.append(DutyEvent(duty.id, self.now, "superseded", duty.owed_by))

    def met_before(self, duty: Duty, fact: Fact) -> Duty:
        """What meets a duty may be heard before what opens it."""
        for other in standing(self.picture.episode.facts):
            if other.at >= fact.at and other is not fact and was_met_by(duty, other):
                after, event = met(duty, other.at, self.now, other.address)
                self.events.append(event)
                return after
        return duty

    def duty(self, one: Owed, fact: Fact) -> Duty:
        clock, start = one.rule.clock, one.rule.clock.starts
        times = due(clock, self.state, fact.at, self.now)
        waits = start is Start.sent
        delivery = post_id(fact, one.owed_by, one.rule.duty) if waits else None
        stated = times.due_at if start is Start.stated else None
        unsent = max(self.now, one.opens_at or self.now) + UNSENT_LIMIT
        return Duty(
            id=derived("duty", self.episode.id, one.rule.duty, one.owed_by, delivery or stated),
            name=one.rule.duty,
            owed_by=one.owed_by,
            because=one.because,
            basis=one.basis,
            met_by=one.rule.met_by,
            message=fact.number,
            opened_at=self.now,
            episode=self.episode.id,
            child=self.episode.child,
            delivery=delivery,
            exercise=self.message.exercise,
            ends_with_absence=one.rule.ends_with_absence,
            within=within(clock, self.state) if waits and clock.within else None,
            working_days=clock.working_days if waits else None,
            # Working days count from the day of delivery, also for a desk that is closed then.
            not_before=one.opens_at if waits and clock.within else None,
            rungs=one.rungs,
            starts_at=None if waits else times.starts_at,
            due_at=None if waits else times.due_at,
            # Not sent in time: it climbs at once, as our fault.
            next_at=(unsent if one.rungs else None) if waits else times.due_at,
        )

    def settle(self) -> None:
        """Duties that this message meets, and those that nobody needs any more."""
        for duty in self.picture.duties:
            if not duty.standing or duty.id in self.opened:
                continue
            duty = self.changed.get(duty.id, duty)
            if not duty.standing:
                continue
            if not self.withdrawn and is_met_by(duty, self.message):
                said = self.message.occurred_at
                at = min(self.now, max(said, duty.starts_at or said))
                after, event = met(duty, at, self.now, self.message.from_address)
            elif duty.ends_with_absence and self.state.over:
                after, event = excused(duty, self.now, "absence-over")
            else:
                continue
            self.changed[duty.id] = after
            self.events.append(event)

    def notice(self, duty: Duty, change: DutyChange) -> tuple[Content, list[Post]]:
        return duty_notice(
            duty, change, self.arrival, self.rules.directory, about=self.message.message_id
        )

    # -- telling

    def record(self) -> None:
        topic = RECORD_TOPICS[self.message.KIND]
        self.post(self.full, topic, "", "record", "full")

    def needs_telling(self, address: str, fact: Fact) -> bool:
        """Whether this says anything new to an address."""
        known = self.picture.episode.told.get(address)
        if known is None or self.withdrawn:
            return True
        if fact is not self.fact:
            return not known.end_told
        if isinstance(self.message, MissingNotification):
            return differs(self.before, self.state)
        if isinstance(self.message, MissingReturn):
            stage = getattr(self.before, f"{self.message.stage.value}_at", None)
            told = known.end_told and self.before.outcome == self.message.outcome.value
            return not (stage and told)
        return True

    def tell(self, recipient: Recipient, owed: Owed | None, fact: Fact) -> None:
        address = recipient.address
        if not self.needs_telling(address, fact):
            return
        if fact is not self.fact and not recipient.as_kind and recipient.view is not View.full:
            return  # what was heard before is kept in full only
        known = self.told.get(address) or self.picture.episode.told.get(address)
        if known is None and isinstance(self.message, MissingUpdate):
            self.brief(recipient)
        self.post(
            self.content_for(recipient, fact),
            inbox(address),
            address,
            recipient.because,
            recipient.view.value,
            owed.rule.duty if owed else recipient.as_kind,
            fact=fact,
            urgent=self.state.risk == "high" and not self.state.over,
            wakes=recipient.wakes,
            answer_within=within(owed.rule.clock, self.state)
            if owed and owed.rule.clock.within
            else None,
            answer_not_before=recipient.opens_at if owed else None,
            answer_by=self.answer_by(recipient, owed),
        )
        if known is None and isinstance(self.message, MissingNotification):
            self.brief(recipient)
        self.told[address] = Told(
            because=recipient.because,
            at=self.now,
            view=recipient.view.value,
            as_kind=recipient.as_kind,
            end_told=self.good_end,
            acting=bool(known and known.acting),
        )

    def answer_by(self, recipient: Recipient, owed: Owed | None) -> datetime | None:
        """A due time that is known before the delivery is sent."""
        if asked := self.running.get((recipient.address, recipient.as_kind)):
            return asked.due_at
        if owed and owed.rule.clock.working_days:
            return due(owed.rule.clock, self.state, self.now, self.now).due_at
        return None

    def brief(self, recipient: Recipient) -> None:
        """Whoever joins late gets what was said before, as far as that is kept in their view."""
        if recipient.as_kind or recipient.view is not View.full:
            return
        for fact in standing(self.picture.episode.facts):
            if fact.kind in (MissingNotification.KIND, MissingUpdate.KIND):
                if fact.address != recipient.address:
                    old = Content(fact.content, self.message)
                    self.post(
                        old, inbox(recipient.address), recipient.address, recipient.because,
                        recipient.view.value, fact=fact,
                    )  # fmt: skip

    def content_for(self, recipient: Recipient, fact: Fact) -> Content:
        if recipient.as_kind == IroAlert.KIND:
            name = f"{recipient.as_kind} {fact.message_id}"
        elif fact is self.fact:
            name = recipient.view.value
        else:
            return Content(fact.content, self.message)  # written when it was heard
        if name not in self.contents:
            alert = recipient.as_kind == IroAlert.KIND
            message = self.iro_alert(fact) if alert else self.seen(recipient.view)
            self.contents[name] = Content(next(self.arrival.contents), message)
        return self.contents[name]

    def iro_alert(self, fact: Fact) -> IroAlert:
        returned = fact.kind == MissingReturn.KIND
        taken_back = self.message.replaces if self.withdrawn else None
        return IroAlert(
            message_id=derived("iro-alert", fact.sender, fact.message_id),
            sender=BROKER,
            from_address=OPERATIONS,
            occurred_at=fact.at,
            sent_at=self.now,
            exercise=self.message.exercise,
            action=Action.cancel if taken_back else Action.new,
            replaces=derived("iro-alert", fact.sender, taken_back) if taken_back else None,
            child=self.message.child,
            episode=str(self.episode.id),
            event=IroEvent.returned if returned else IroEvent.missing,
            responsible_authority=self.canonical(self.state.lead or self.before.lead),
            episodes_in_90_days=self.episodes_in_90_days(),
        )

    def episodes_in_90_days(self) -> int:
        """Absences in the 90 London days that end with the day this one began (window N3)."""
        newest = self.state.started_at or self.message.occurred_at
        first = london_day(newest) - timedelta(days=89)
        days = [london_day(start) for start in self.picture.starts]
        return 1 + sum(first <= day <= london_day(newest) for day in days)

    def post(
        self,
        content: Content,
        destination: str,
        address: str,
        because: str,
        view: str,
        purpose: str = "",
        *,
        fact: Fact | None = None,
        urgent: bool = False,
        wakes: bool = False,
        answer_within: timedelta | None = None,
        answer_not_before: datetime | None = None,
        answer_by: datetime | None = None,
    ) -> None:
        fact = fact or self.fact
        self.posts.append(
            Post(
                id=post_id(fact, address or destination, purpose),
                content=content.number,
                destination=destination,
                address=address,
                because=because,
                view=view,
                message=fact.number,
                child=self.episode.child,
                episode=self.episode.id,
                exercise=self.message.exercise,
                urgent=urgent,
                wakes=wakes,
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
            told[sender] = Told(
                because="reported",
                at=known.at if known else self.now,
                view=View.full.value,
                end_told=self.good_end,
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


def post_id(fact: Fact, address: str, purpose: str) -> UUID:
    """The id of the delivery of a message to an address, for one purpose."""
    return derived("delivery", fact.sender, fact.message_id, address, purpose)


def differs(before: State, after: State) -> bool:
    """Whether a report tells those who know of the absence anything that rules turn on."""
    names = ("category", "risk", "place", "responsible", "lives_in", "plan", "immediate_danger")
    return not before.heard or any(getattr(before, n) != getattr(after, n) for n in names)


def _review_stated(message: ChildMessage) -> bool:
    names = ("review_at", "next_review_at")
    return any(getattr(message, name, None) is not None for name in names)
