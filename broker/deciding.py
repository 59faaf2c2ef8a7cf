"""What one message leads to: who is told, what is owed, what is met. Pure: values in and out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from broker import owing
from broker.alerts import iro_alert
from broker.allocating import allocated
from broker.carers import may_be_named
from broker.coming_of_age import to_watch
from broker.decision import (
    OPERATIONS,
    Arrival,
    Content,
    Decision,
    Kept,
    Picture,
    Post,
    Rulebook,
    inbox,
)
from broker.directory import kind_of
from broker.duties import (
    UNSENT_LIMIT,
    Duty,
    DutyEvent,
    asked_of,
    excused,
    fits,
    met,
    shows_acting,
    within,
)
from broker.earlier import latest
from broker.episode import ERASED, FILED, NEWS, PLACED, Fact, State, Told, is_file, standing
from broker.keys import derived
from broker.levels import unlisted
from broker.notices import answer_by, noticed, picture_post, receipt
from broker.paper import form_number_is_right
from broker.placements.assessed import assessed_words
from broker.placements.placement import linked
from broker.policy.model import EARLIER, Policy, Situation, View
from broker.routing import (
    TAKEN_BACK,
    Owed,
    Recipient,
    Routing,
    Scene,
    route,
    route_withdrawal,
    with_those_who_had,
)
from broker.said import asked, fact_of
from broker.situation import situation_of
from broker.views import seen, taken_back, without_place
from broker.working_time import add_working_days
from schemas.child import Scheme
from schemas.iro_alert import IroAlert
from schemas.kinds import RECORD_TOPICS
from schemas.message import BROKER, Action, ChildMessage
from schemas.missing import REPORTERS, MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import Told as ToldLine
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile
from schemas.threshold import ThresholdReached
from schemas.values import agency_of

FROM_PAPER = timedelta(minutes=15)


def decide(picture: Picture, arrival: Arrival, rulebook: Rulebook) -> Decision:
    """Carry one message about a child through: add it to the picture, apply policy, settle."""
    message = arrival.message
    assert isinstance(message, ChildMessage)
    return _Work(picture, arrival, rulebook, message).decision()


def decide_beside(
    picture: Picture, arrival: Arrival, rulebook: Rulebook, message: ChildMessage, fact: Fact
) -> Decision:
    """
    What is said of a placement bears on another case of the child: who is told there, what is owed.

    `picture` is of that case as it was; `fact` is what it says beside, with the message it is of.
    """
    return _Work(picture, arrival, rulebook, message, fact).decision_beside()


def decide_also(picture: Picture, arrival: Arrival, rulebook: Rulebook, content: int) -> Decision:
    """What a message means for a further absence that it covers: its duties, and nobody is told."""
    message = arrival.message
    assert isinstance(message, ChildMessage)
    fact = fact_of(message, arrival.number, arrival.now, content, picture.episode.id)
    episode = linked(
        picture.episode.with_fact(fact), picture.placements, arrival.now, picture.missing
    )
    changed = owing.recompute(episode, picture.duties, rulebook, arrival.now)
    contents, posts = noticed(changed, arrival, rulebook, message.message_id)
    return Decision(episode, contents, posts, changed.duties, changed.events)


class _Work:
    """One decision in the making: the steps of `decide`, with what they share."""

    def __init__(
        self,
        picture: Picture,
        arrival: Arrival,
        rulebook: Rulebook,
        message: ChildMessage,
        beside: Fact | None = None,
    ) -> None:
        self.picture, self.arrival, self.rules = picture, arrival, rulebook
        self.message, self.now = message, arrival.now
        self.beside = beside is not None
        number = beside.content if beside else next(arrival.contents)
        self.fact = beside or self.own_fact(number)
        self.before = picture.episode.state
        episode = picture.episode if beside else picture.episode.with_fact(self.fact)
        self.episode = linked(episode, picture.placements, self.now, picture.missing)
        self.state = self.episode.state
        self.situation = situation_of(
            self.fact, self.state, self.before, rulebook.directory, taken_back=self.withdrawn
        )
        self.policy = rulebook.policy(self.situation.nation, self.state, self.now)
        self.full = Content(number, self.seen(View.full))
        self.contents: dict[str, Content] = {View.full.value: self.full}
        self.posts: list[Post] = []
        self.told: dict[str, Told] = {}
        self.ruled: set[str] = set()  # the agencies that rules tell
        self.opened: dict[UUID, Duty] = {}
        self.changed: dict[UUID, Duty] = {}
        self.running: dict[tuple[str, str], Duty] = {}
        self.events: list[DutyEvent] = []
        only = None if picture.episode.facts or self.withdrawn else self.situation
        self.lasting = owing.recompute(self.episode, picture.duties, rulebook, self.now, only)

    def own_fact(self, number: int) -> Fact:
        """What the message adds to its own case."""
        id, found = self.picture.episode.id, self.picture.recognition
        identity = "contradiction" if found.contradicted else "suspected" if found.suspected else ""
        fact = fact_of(self.message, self.arrival.number, self.now, number, id, identity)
        known = dict(self.picture.said)
        if isinstance(self.message, PlacementArrival):
            if area := self.rules.directory.area_of(self.message.sender):
                known["lives_in"] = area
        if self.message.KIND in FILED and is_file(self.picture.episode.with_fact(fact)):
            known |= self.council_of_the_number()
        known |= asked(self.message, fact, self.rules.policies.required)
        return replace(fact, said={**fact.said, **known}) if known else fact

    def council_of_the_number(self) -> dict[str, str]:
        """Of a child who was never missing or placed no more is known than whose number it has."""
        today = self.rules.directory.canonical
        numbers = self.message.child.references
        holders = {today(one.holder) for one in numbers if one.scheme is Scheme.la_person_id}
        councils = [council for council in holders if council]
        return {"numbered_by": councils[0]} if len(councils) == 1 else {}

    def decision_beside(self) -> Decision:
        then = self.policy_then(self.fact)
        routing = self.rules.route(self.policy, self.situation, self.scene(), then)
        reduced = tuple(
            replace(one, view=View.summary) if one.view is View.full else one
            for one in routing.recipients
        )
        self.follow(replace(routing, recipients=reduced), self.fact)
        id, leads = self.message.message_id, self.state.leads
        contents, posts = noticed(self.lasting, self.arrival, self.rules, id, leads)
        made = (content for name, content in self.contents.items() if name != View.full.value)
        return Decision(
            episode=self.episode.with_told(self.told),
            contents=(*made, *contents),
            posts=(*self.posts, *posts),
            duties=(*self.opened.values(), *self.changed.values(), *self.lasting.duties),
            events=(*self.events, *self.lasting.events),
        )

    def decision(self) -> Decision:
        routing = self.routing()
        self.record()
        self.follow(routing, self.fact)
        if self.message.sender != BROKER:
            self.receipt()
        for fact in self.ends_heard_before():
            situation, scene = self.situation_of(fact), self.scene(fact)
            self.follow(route(self.policy, situation, scene, self.policy_then(fact)), fact)
        self.settle()
        id, leads = self.message.message_id, self.state.leads
        lacks = self.fact.said.get("lacks", ())
        contents, posts = noticed(self.lasting, self.arrival, self.rules, id, leads, lacks)
        if watch := to_watch(self.episode, self.fact):
            if watch.id not in {duty.id for duty in self.picture.duties}:
                self.opened[watch.id] = watch
        return Decision(
            episode=self.episode.with_told(self.told_of()),
            contents=(*self.contents.values(), *contents),
            posts=(*self.posts, *posts),
            duties=(*self.opened.values(), *self.changed.values(), *self.lasting.duties),
            events=(*self.events, *self.lasting.events),
            not_told=routing.not_told,
            routing=routing,
        )

    def routing(self) -> Routing:
        scene, had_it = self.scene(), self.picture.had_it
        then = self.policy_then(self.fact)
        if self.withdrawn:
            return route_withdrawal(self.policy, self.situation, scene, had_it, then)
        routing = self.rules.route(self.policy, self.situation, scene, then)
        if self.fact.replaces and isinstance(self.message, ThresholdReached):
            return self.joined(routing, scene)
        self.ruled = {agency_of(one.address) for one in routing.recipients}
        if not had_it:
            return routing
        routing = with_those_who_had(routing, (), had_it, self.policy, scene)
        because = self.policy.because(TAKEN_BACK)
        each = (
            replace(one, because=because) if self.is_none_of_theirs(one) else one
            for one in routing.recipients
        )
        return replace(routing, recipients=tuple(each))

    def policy_then(self, fact: Fact) -> Policy:
        """The policy that was in force when it happened: by it answers are owed."""
        return self.rules.policy(self.situation.nation, self.state, fact.at)

    def joined(self, routing: Routing, scene: Scene) -> Routing:
        """More is known of a threshold: those who know of it hear so, and nobody is woken."""
        asked = {(duty.name, duty.owed_by) for duty in self.picture.duties}
        had_it = {a: (told.view, told.as_kind) for a, told in scene.told.items() if not told.left}
        quiet = tuple(replace(one, wakes=False, cover_for="") for one in routing.recipients)
        owed = tuple(one for one in routing.owed if (one.rule.duty, one.owed_by) not in asked)
        routing = replace(routing, recipients=quiet, owed=owed)
        return with_those_who_had(routing, (), had_it, self.policy, scene)

    def follow(self, routing: Routing, fact: Fact) -> None:
        """Tell those a fact is told to, and ask for the answers that are owed because of it."""
        due_by = self.ask(routing.owed, fact)
        for recipient in routing.recipients:
            if recipient.as_kind == ChildProfile.KIND:
                self.release(recipient)
            elif recipient.as_kind in EARLIER:
                self.bring(recipient)
            else:
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
    def from_paper(self) -> bool:
        """
        Written down while Homeward was away: those it concerns were telephoned then.

        What has no number of a printed form, or has only just happened, wakes all the same.
        """
        number = self.message.paper_form
        if number is None or not form_number_is_right(number):
            return False
        return self.now - self.message.occurred_at >= FROM_PAPER

    @property
    def good_end(self) -> bool:
        return self.state.good_end

    def seen(self, view: View) -> ChildMessage:
        return self.shown(self.message, view)

    def shown(self, message: ChildMessage, view: View) -> ChildMessage:
        id = self.picture.episode.id
        # What was protected stays so also when all that was said is taken back.
        protected = self.state.address_protected or self.before.address_protected
        shown = seen(self.with_assessment(message), view, id, protected)
        if self.withdrawn and view is not View.full:  # of the next area, to the one that was left
            shown = without_place(shown)
        if self.beside and isinstance(shown, PlacementNotice | PlacementArrival):
            shown = without_place(shown)
            return shown.model_copy(update={"episode": str(id), "placement": None})
        return shown

    def with_assessment(self, message: ChildMessage) -> ChildMessage:
        """A report that states no risk, with what was assessed as the child was placed."""
        if not isinstance(message, MissingNotification) or message.risk or message.risk_reason:
            return message
        home = message.lives.home or ""
        words = assessed_words(self.picture.placements, message.started_at, home)
        return message.model_copy(update={"risk_reason": words}) if words else message

    @property
    def is_news(self) -> bool:
        """Whether whoever is told it knows of the absence from then on."""
        return self.message.KIND in NEWS or self.beside

    def post_id(self, fact: Fact, address: str, purpose: str) -> UUID:
        """The id of a delivery; what goes out because of another case has one of its own."""
        return post_id(fact, address, f"{purpose}@{self.episode.id}" if self.beside else purpose)

    def scene(self, fact: Fact | None = None) -> Scene:
        told = {**self.picture.episode.told, **self.told}
        about = fact or self.fact
        return Scene(
            state=self.state,
            # Whoever tells of a placement has not shown by that that it knows of the absence.
            sender=OPERATIONS if about.beside else about.address,
            now=self.now,
            directory=self.rules.directory,
            told=told,
            acting=tuple(address for address, entry in told.items() if entry.acting),
            addressee=about.said.get("addressee", ""),
            asker=self.asker(about),
            before=self.before,
            kind=about.kind,
            allocated=allocated(self.state, self.situation.nation, about.at, self.rules),
            owners=tuple(about.said.get("owners", ())),
        )

    def asker(self, about: Fact) -> str:
        """Who sent what this answers, where it is about the same absence or file."""
        of = about.said.get("of") or about.said.get("request")
        facts = self.picture.episode.facts if of else ()
        return next((fact.address for fact in facts if fact.message_id == of), "")

    def situation_of(self, end: Fact) -> Situation:
        """The situation of an end that was heard before, as it looks now."""
        situation = situation_of(end, self.state, self.before, self.rules.directory)
        return replace(situation, ended=self.state.over, moved=False)

    # -- answers that are owed

    def ask(self, owed: Iterable[Owed], fact: Fact) -> dict[tuple[str, str], Owed]:
        """Open the duties that wait for an answer; gives them back by who is asked for it."""
        due_by: dict[tuple[str, str], Owed] = {}
        self.running.clear()
        for one in owed:
            if not self.needs_telling(one.owed_by, fact):
                continue
            if (one.owed_by, one.as_kind) in due_by:
                continue  # one delivery asks one thing: the first that rules name
            if self.from_paper and one.rule.ends_with_absence:
                continue
            if one.rule.duty == "answer" and self.reported(one.owed_by) and not self.withdrawn:
                continue  # whoever reported the absence has shown that it is acting
            asked = None if one.rule.each else self.asked_already(one)
            if asked and not self.sooner(one, asked):
                self.running[one.owed_by, one.as_kind] = asked
                continue
            if asked:
                self.supersede(asked)
            due_by[(one.owed_by, one.as_kind)] = one
            duty = self.duty(one, fact)
            if duty.delivery not in {held.delivery for held in self.picture.duties}:
                self.opened.setdefault(duty.id, duty)
        return due_by

    def reported(self, address: str) -> bool:
        """Whether an agency has itself reported the absence."""
        agency = address.partition("/")[0]
        return any(
            fact.sender == agency and fact.kind == MissingNotification.KIND
            for fact in standing(self.picture.episode.facts)
        )

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

    def duty(self, one: Owed, fact: Fact) -> Duty:
        """A duty to answer: its clock starts when the delivery is sent."""
        clock = one.rule.clock
        delivery = self.post_id(fact, one.owed_by, one.rule.duty)
        unsent = max(self.now, one.opens_at or self.now) + UNSENT_LIMIT
        return Duty(
            id=derived("duty", self.episode.id, one.rule.duty, one.owed_by, delivery),
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
            within=within(clock, self.state) if clock.within else None,
            working_days=clock.working_days,
            # Working days count from the day of delivery, also for a desk that is closed then.
            not_before=one.opens_at if clock.within else None,
            rungs=one.rungs,
            occasion=fact.message_id if one.rule.each else "",
            until_18=one.rule.until_18,
            # Not sent in time: it climbs at once, as our fault.
            next_at=unsent if one.rungs else None,
        )

    def settle(self) -> None:
        """Answers that this message gives, and those that nobody needs any more."""
        for duty in self.picture.duties:
            if duty.delivery is None or duty.id in self.changed or not duty.standing:
                continue
            if self.answers(duty):
                said = self.message.occurred_at
                at = min(self.now, max(said, duty.starts_at or said))
                by, id = self.message.from_address, self.fact.message_id
                after, event = met(duty, at, self.now, by, id)
            elif duty.ends_with_absence and (self.state.over or self.state.cancelled):
                after, event = excused(duty, self.now, "absence-over")
            elif self.is_asked_no_more(duty):
                after, event = excused(duty, self.now, "withdrawn")
            else:
                continue
            self.changed[duty.id] = after
            self.events.append(event)

    def is_asked_no_more(self, duty: Duty) -> bool:
        """Whether what asked is taken back: all of it, or by a correction to others."""
        if self.withdrawn and self.fact.replaces in (duty.occasion, *self.of_threshold()):
            return True
        if self.message.KIND not in PLACED:
            return False
        if self.state.cancelled:
            return True
        return not self.stands(duty) if self.withdrawn else self.is_of_others(duty.owed_by)

    def of_threshold(self) -> tuple[str, ...]:
        """With a threshold all that is asked because of it goes with it."""
        return (self.fact.replaces,) if isinstance(self.message, ThresholdReached) else ()

    def stands(self, duty: Duty) -> bool:
        """Whether anything of the kind that asked it still stands."""
        own = [fact for fact in self.episode.facts if not fact.beside]
        asked = {fact.kind for fact in own if fact.number == duty.message}
        return bool(duty.occasion) or asked <= {fact.kind for fact in standing(own)}

    def is_of_others(self, address: str) -> bool:
        """Whether an agency had what no rule tells it as it is corrected."""
        agency = agency_of(address)
        return agency in set(map(agency_of, self.picture.had_it)) and agency not in self.ruled

    def answers(self, duty: Duty) -> bool:
        if self.withdrawn:
            return False
        of = self.fact.said.get("of") or self.fact.said.get("request")
        if self.fact.kind in FILED and duty.occasion and of != duty.occasion:
            return False
        absence = self.message.KIND in NEWS
        return (absence and shows_acting(duty, self.message)) or any(
            fits(token, self.fact) and asked_of(duty, self.fact.address) for token in duty.met_by
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
        if address in self.picture.had_it:
            return True
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
        known = self.told.get(address) or self.picture.episode.told.get(address)
        briefed = self.is_news or recipient.role == "interviewer"
        joins = briefed or isinstance(self.message, ThresholdReached)
        late = known is None and briefed and not isinstance(self.message, MissingNotification)
        if late and not self.withdrawn:
            if self.situation.moved:
                self.show_picture(recipient)
            self.brief(recipient)
        content = self.content_for(recipient, fact)
        if content is None:
            return
        self.post(
            content,
            inbox(address),
            address,
            recipient.because,
            recipient.view.value,
            owed.rule.duty if owed else recipient.as_kind,
            fact=fact,
            urgent=self.state.risk == "high" and not self.state.over and not self.from_paper,
            wakes=recipient.wakes and not self.from_paper and not self.knew(address),
            answer_within=within(owed.rule.clock, self.state)
            if owed and owed.rule.clock.within
            else None,
            answer_not_before=recipient.opens_at if owed else None,
            answer_by=self.answer_by(recipient, owed),
        )
        if known is None and isinstance(self.message, MissingNotification):
            self.brief(recipient)
        if joins:
            self.told[address] = Told(
                because=recipient.because,
                at=self.now,
                view=recipient.view.value,
                as_kind=recipient.as_kind,
                end_told=self.good_end,
                acting=bool(known and known.acting),
                left=recipient.role == "former-councils",
            )

    def knew(self, address: str) -> bool:
        """Whether this desk's agency reported what others report now, no graver than before."""
        graver = self.state.risk == "high" != self.before.risk or self.state.immediate_danger
        again = isinstance(self.message, MissingNotification) and not self.withdrawn
        return again and not graver and self.reported(address)

    def answer_by(self, recipient: Recipient, owed: Owed | None) -> datetime | None:
        """A due time that is known before the delivery is sent."""
        if asked := self.running.get((recipient.address, recipient.as_kind)):
            return asked.due_at
        if owed and owed.rule.clock.working_days:
            return add_working_days(self.now, owed.rule.clock.working_days)
        return None

    def brief(self, recipient: Recipient) -> None:
        """Whoever joins late gets what was said before, in their view."""
        if recipient.as_kind:
            return
        for fact in standing(self.picture.episode.facts):
            if fact.kind in (MissingNotification.KIND, MissingUpdate.KIND):
                content = self.earlier(fact, recipient.view)
                if fact.address != recipient.address and content is not None:
                    self.post(
                        content, inbox(recipient.address), recipient.address, recipient.because,
                        recipient.view.value, fact=fact,
                    )  # fmt: skip

    def earlier(self, fact: Fact, view: View) -> Content | None:
        """What was said before, as it may be shown now; None where it was erased."""
        if fact.content == ERASED:
            return None
        hidden = self.state.address_protected and "address_protected" not in fact.said
        if view is View.full and not hidden:
            return Content(fact.content, self.message)  # written when it was heard
        name = f"{view.value} {fact.message_id}"
        if name not in self.contents:
            message = self.picture.read(fact.number)
            if not isinstance(message, ChildMessage):
                return None
            self.contents[name] = Content(next(self.arrival.contents), self.shown(message, view))
        return self.contents[name]

    def show_picture(self, recipient: Recipient) -> None:
        """Where it stands now, before what was said before."""
        duties = [duty for duty in self.picture.duties if duty.standing]
        content, post = picture_post(
            self.episode, duties, recipient.address, self.arrival, self.rules, "moved"
        )
        self.contents[f"picture {recipient.address}"] = content
        self.posts.append(post)

    def release(self, recipient: Recipient) -> None:
        """What is kept ready of the child goes out, each profile once."""
        for kept in self.profiles():
            about = (kept.sender, kept.message_id, recipient.address, self.episode.id)
            post = self.post_of(self.full, recipient)
            self.posts.append(replace(post, id=derived("release", *about), content=kept.content))

    def bring(self, recipient: Recipient) -> None:
        """What was said in an earlier absence goes to whoever meets the child now, once."""
        found = latest(recipient.as_kind, self.picture.others)
        if found is None or self.withdrawn:
            return
        episode, fact = found
        message = self.picture.read(fact.number)
        if not isinstance(message, ChildMessage):  # it was erased
            return
        protected = self.state.address_protected or episode.state.address_protected
        shown = seen(message, recipient.view, episode.id, protected)
        name = f"{recipient.as_kind} {recipient.view} {fact.message_id}"
        if name not in self.contents:
            self.contents[name] = Content(next(self.arrival.contents), shown)
        about = (fact.sender, fact.message_id, recipient.address, self.episode.id)
        post = self.post_of(self.contents[name], recipient)
        self.posts.append(replace(post, id=derived(recipient.as_kind, *about)))

    def profiles(self) -> list[Kept]:
        """What is kept of the child, with what this message adds."""
        message = self.message
        kept = [one for one in self.picture.profiles if one.message_id != message.replaces]
        if isinstance(message, ChildProfile) and not self.withdrawn:
            number, content = self.arrival.number, self.full.number
            kept.append(
                Kept(number, content, message.sender, message.message_id, message.obtained_at)
            )
        return kept

    def is_none_of_theirs(self, recipient: Recipient) -> bool:
        """Whether no rule tells them what they had of a placement, as it is corrected."""
        if self.withdrawn or recipient.as_kind or self.message.KIND not in PLACED:
            return False
        had_it = recipient.address in self.picture.had_it
        return had_it and agency_of(recipient.address) not in self.ruled

    def taken_back(self, recipient: Recipient) -> Content | None:
        """What was said before, withdrawn: nothing of the correction is shown."""
        view = recipient.view
        name = f"taken back {view.value}"
        if name not in self.contents:
            replaced = (self.fact.sender, self.fact.replaces)
            facts = self.picture.episode.facts
            number = next((f.number for f in facts if (f.sender, f.message_id) == replaced), None)
            before = None if number is None else self.picture.read(number)
            if not isinstance(before, ChildMessage):
                return None
            shown = without_place(self.shown(taken_back(before, self.message), view))
            self.contents[name] = Content(next(self.arrival.contents), shown)
        return self.contents[name]

    def content_for(self, recipient: Recipient, fact: Fact) -> Content | None:
        if fact is self.fact and self.is_none_of_theirs(recipient):
            return self.taken_back(recipient)
        if recipient.as_kind == IroAlert.KIND:
            name = f"{recipient.as_kind} {fact.message_id}"
        elif fact is self.fact:
            name = recipient.view.value
        else:
            return self.earlier(fact, recipient.view)
        if name not in self.contents:
            alert = recipient.as_kind == IroAlert.KIND
            message = self.iro_alert(fact) if alert else self.seen(recipient.view)
            self.contents[name] = Content(next(self.arrival.contents), message)
        return self.contents[name]

    def iro_alert(self, fact: Fact) -> IroAlert:
        lead = self.state.lead or self.before.lead
        changed = {duty.id: duty for duty in self.lasting.duties}
        duties = {duty.id: duty for duty in self.picture.duties} | changed
        return iro_alert(
            self.message,
            fact,
            self.state,
            self.episode.id,
            self.rules.directory.today(lead),
            tuple(duties.values()),
            self.picture.starts,
            self.now,
            self.policy.early_review_at,
            begins=self.situation.begins,
        )

    def post_of(self, content: Content, recipient: Recipient) -> Post:
        return Post(
            id=self.post_id(self.fact, recipient.address, recipient.as_kind),
            content=content.number,
            destination=inbox(recipient.address),
            address=recipient.address,
            because=recipient.because,
            view=recipient.view.value,
            message=self.fact.number,
            child=self.episode.child,
            episode=self.episode.id,
            exercise=self.message.exercise,
        )

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
                id=self.post_id(fact, address or destination, purpose),
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
        told = dict(self.told)
        if self.message.KIND not in NEWS or self.message.sender == BROKER:
            return told
        sender = self.message.from_address
        known = self.picture.episode.told.get(sender)
        if known is None or self.state.over or known.end_told:
            told[sender] = Told(
                because="reported",
                at=known.at if known else self.now,
                view=self.sees_as_reporter(sender, known),
                end_told=self.good_end,
                acting=bool(known and known.acting),
            )
        return told

    @staticmethod
    def sees_as_reporter(sender: str, known: Told | None) -> str:
        """Whoever reports of a child sees what comes in full; others, what they saw before."""
        if kind_of(sender) in REPORTERS:
            return View.full.value
        return known.view if known else View.summary.value

    def receipt(self) -> None:
        lines = tuple(
            ToldLine(
                address=post.address, because=post.because, answer_by=answer_by(post, self.now)
            )
            for post in self.posts
            if post.address
            and post.message == self.arrival.number
            and may_be_named(post.address, self.message.sender, self.message.KIND, self.state)
        )
        message = receipt(
            self.message,
            self.episode,
            lines,
            self.now,
            self.rules,
            self.state,
            warnings=unlisted(self.message, self.policy.agreed.scales),
        )
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
