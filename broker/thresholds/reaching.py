"""
Thresholds that were reached: told of, joined by further absences, taken back when it was wrong.

After every message that may change an absence, what the absences reach is compared with what was
held to be reached. So it comes out the same in whatever order messages arrive, and a repeat changes
nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from broker import owing
from broker.deciding import decide
from broker.decision import OPERATIONS, Arrival, Decision, Moment, Picture, Rulebook
from broker.duties import Duty, fits, met
from broker.episode import (
    ELSEWHERE,
    CaseKind,
    Episode,
    Fact,
    State,
    Told,
    case_kind,
    is_file,
    standing,
    state_of,
)
from broker.keys import derived
from broker.ledger.book import REMEMBERED, Book
from broker.ledger.counting import placed_child
from broker.notices import noticed
from broker.policy.model import Owe, Situation, Threshold
from broker.recognition import Recognition
from broker.situation import situation_of
from broker.thresholds.applying import policy_of, set_for, terms
from broker.thresholds.counted import Absence, with_asked
from broker.thresholds.counting import Reached, order, reached
from broker.thresholds.held import Held, paired, shortened, with_outcome
from broker.thresholds.looking import look_later
from broker.thresholds.words import criterion_words, words
from schemas.casework import MeetingOutcome
from schemas.child import NOBODY, Child
from schemas.codec import encode, fingerprint
from schemas.message import BROKER, Action, ChildMessage
from schemas.missing import Category, MissingNotification
from schemas.threshold import About, Counted, ThresholdReached

_LISTED = 500  # absences that one message lists at most, the newest


def follow(children: Iterable[UUID], moment: Moment, book: Book, rules: Rulebook) -> None:
    """Bring what was reached in line with the absences of these children, and of their homes."""
    children = list(dict.fromkeys(children))
    for child in children:
        _move_with_their_absences(child, book)
    places = _places(children, book) if _about_places(rules) else []
    subjects = [_Subject("child", child) for child in children]
    subjects += [
        _Subject("carer" if "/" in place else "home", placed_child(place, drill), place, drill)
        for place, drill in places
    ]
    for subject in subjects:
        _Following(subject, moment, book, rules).settle()
    for child in children:
        look_later(child, moment, book, rules)


def look_again(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """The moment has come at which an absence that goes on may reach a threshold."""
    done, event = met(duty, moment.now, moment.now, OPERATIONS)
    book.apply(Decision(duties=(done,), events=(event,)))
    if duty.child is not None:
        follow([duty.child], moment, book, rules)


def _about_places(rules: Rulebook) -> bool:
    return any(one.about != "child" for one in rules.policies.thresholds)


def _places(children: Iterable[UUID], book: Book) -> list[tuple[str, bool]]:
    """Where these children are placed, or were: what else is counted anew."""
    found = set()
    for child in children:
        for episode in book.episodes_of(child):
            found |= {(place, episode.exercise) for place in book.places_of(child)}
    return sorted(found)


def _move_with_their_absences(child: UUID, book: Book) -> None:
    """What was reached by an absence that is another child's now is about that child."""
    for case in book.thresholds_of(child):
        held = Held.of(case)
        opener = book.episodes.get(held.opener)
        if opener is not None and opener.child != child and held.about == "child":
            book.give(case.id, opener.child)


# -- whom it is about


@dataclass(frozen=True, slots=True)
class _Subject:
    """A child; or a home or foster carer, which a child that is none stands in for."""

    about: str
    child: UUID
    place: str = ""
    exercise: bool = False

    def absences(self, book: Book) -> list[Absence]:
        if self.about == "child":
            return book.absences_of(self.child)
        return book.absences_at(self.place, self.exercise)


# -- following


class _Following:
    """The thresholds of one subject, brought in line with its absences."""

    def __init__(self, subject: _Subject, moment: Moment, book: Book, rules: Rulebook) -> None:
        self.subject, self.moment, self.book, self.rules = subject, moment, book, rules
        self.absences = subject.absences(book)
        self.newest = max(self.absences, key=order, default=None)
        self.held = [Held.of(case) for case in book.thresholds_of(subject.child)]
        self.openers = {each.opener for each in self.held}
        others = [
            episode
            for episode in book.episodes_of(subject.child)
            if case_kind(episode) is not CaseKind.threshold
        ]
        # What else was said of the child, and may be the outcome of what was reached.
        self.facts = [fact for episode in others for fact in standing(episode.facts)]
        if subject.about == "child":
            filed = [fact for episode in others if is_file(episode) for fact in episode.facts]
            self.absences = with_asked(self.absences, filed)
        self.at_hand = {fact.number for episode in others for fact in episode.facts}
        self._owes: dict[tuple[str, int, UUID], tuple[Owe, ...]] = {}
        self._set_for: dict[UUID, frozenset[str]] = {}
        self._settled: dict[tuple[str, int, UUID, datetime], datetime | None] = {}

    def settle(self) -> None:
        thresholds = self.thresholds()
        for threshold in thresholds.values():
            wanted = reached(
                threshold,
                self.absences,
                self.moment.now,
                applies=lambda absence, id=threshold.id: self.applies(id, absence),  # type: ignore[misc]
                settled_at=self.settled_at,
                may_open=self.may_open,
            )
            for index in {one.index for one in wanted} | self.indexes(threshold.id):
                held = [each for each in self.held if each.key == (threshold.id, index)]
                pairs, gone = paired([one for one in wanted if one.index == index], held)
                for each in gone:
                    if not self.stands(each, threshold):
                        self.say(None, each)
                for one, like in pairs:
                    self.say(one, like)

    def thresholds(self) -> Mapping[str, Threshold]:
        """Every threshold that some absence may reach; a changed one as the newest has it."""
        about = self.subject.about
        found: dict[str, Threshold] = {}
        found |= {one.id: one for one in self.rules.policies.thresholds if one.about == about}
        if self.newest is not None:
            newest = policy_of(self.newest, self.rules)
            found |= {one.id: one for one in newest.thresholds if one.about == about}
        return found

    def indexes(self, threshold: str) -> set[int]:
        return {index for id, index in (each.key for each in self.held) if id == threshold}

    def stands(self, held: Held, threshold: Threshold) -> bool:
        """What was right by the policy of its day stands, as long as those absences do."""
        known = {str(one.id) for one in self.absences}
        return held.fact.said["terms"] != terms(threshold) and known.issuperset(
            held.fact.said["counted"]
        )

    def applies(self, threshold: str, absence: Absence) -> bool:
        if absence.id not in self._set_for:
            about = set_for(absence, self.subject.about, self.rules)
            self._set_for[absence.id] = frozenset(one.id for one in about)
        return threshold in self._set_for[absence.id]

    def may_open(self, one: Reached) -> bool:
        """Nobody is told now of what was reached long ago, or before the policy was in force."""
        if one.opener.id in self.openers:
            return True
        in_force = one.opener.day >= policy_of(one.opener, self.rules).valid_from
        return in_force and one.at > self.moment.now - REMEMBERED

    # -- outcomes

    def settled_at(self, one: Reached) -> datetime | None:
        """When it had an outcome: a meeting about it was held, or all that was owed is done."""
        key = (one.threshold.id, one.index, one.opener.id, one.at)
        if key not in self._settled:
            self._settled[key] = self._read_settled(one)
        return self._settled[key]

    def _read_settled(self, one: Reached) -> datetime | None:
        meetings = [
            fact.at
            for each in self.held
            if each.key == (one.threshold.id, one.index)
            for fact in each.case.facts
            if fact.kind == MeetingOutcome.KIND and ELSEWHERE not in fact.said
        ]
        owes = self.owes(one)
        done = [self._done(owe, one) for owe in owes]
        all_done = None if None in done else max((at for at in done if at), default=one.at)
        each = [at for at in (*meetings, all_done) if at is not None and at >= one.at]
        return min(each, default=None)

    def _done(self, owe: Owe, one: Reached) -> datetime | None:
        tokens = (*owe.met_by, *owe.excused_by)
        facts = [*self.facts, *(fact for each in self.held for fact in self.own(each.case))]
        times = [
            fact.at
            for fact in facts
            if fact.at >= one.at and any(fits(token, fact) for token in tokens)
        ]
        for each in self.held:
            if each.key == (one.threshold.id, one.index) and not each.withdrawn:
                times += [
                    duty.settled_at
                    for duty in self.book.duties_of(each.case.id)
                    if duty.name == owe.duty and duty.settled_at and not duty.settled_by
                    and duty.settled_at >= one.at and duty.settled_why != "ground-gone"
                ]  # fmt: skip
        return min(times, default=None)

    def owes(self, one: Reached) -> tuple[Owe, ...]:
        """What policy makes somebody owe because of it."""
        key = (one.threshold.id, one.index, one.opener.id)
        if key not in self._owes:
            policy = policy_of(one.opener, self.rules)
            situation = self.situation(one)
            self._owes[key] = tuple(owe for rule in policy.matching(situation) for owe in rule.owe)
        return self._owes[key]

    def situation(self, one: Reached) -> Situation:
        said = {**self.roles(one.opener), "threshold": one.threshold.id, "step": one.step}
        fact = Fact(
            0, "", ThresholdReached.KIND, BROKER, OPERATIONS, one.at, self.moment.now, 0, said
        )
        state = state_of([fact])
        return situation_of(fact, state, State(), self.rules.directory)

    def roles(self, absence: Absence) -> dict[str, Any]:
        """What roles are resolved from: the newest absence, or the place it is about."""
        said = absence.said
        if self.subject.about == "child":
            names = (
                "looked_after", "responsible", "lives_in", "home", "place", "plan",
                "open_to_social_work", "address_protected", "of_age_at", "sex",
            )  # fmt: skip
            return {name: said[name] for name in names if name in said}
        place = self.subject.place
        if self.subject.about == "carer":
            council, _, _ = place.partition("/")
            found = {"looked_after": True, "responsible": council, "lives_in": said.get("lives_in")}
        else:
            area = self.rules.directory.area_of(place) or said.get("lives_in")
            found = {"home": place, "lives_in": area}
        return {name: value for name, value in found.items() if value}

    # -- saying it

    def say(self, one: Reached | None, held: Held | None) -> None:
        """Tell what is new, what changed and what is gone; else only note what ended since."""
        if one is None:
            assert held is not None
            self.decide(self.taken_back(held), held.case, {"revision": held.revision})
            return
        revision = held.revision if held else 0
        said = {**self.said(one), "revision": revision}
        if held is None:
            case = Episode(self.case_id(one), self.subject.child, one.opener.exercise)
            self.decide(self.reached(one, case, Action.new, revision, None), case, said, one)
        elif held.withdrawn:
            message = self.reached(one, held.case, Action.new, revision, held)
            self.decide(message, held.case, said, one)
        elif held.fact.said["digest"] != said["digest"] or held.fact.at != one.at:
            message = self.reached(one, held.case, Action.update, revision, held)
            self.decide(message, held.case, said, one)
        else:
            self.refresh(one, held.case)

    def case_id(self, one: Reached) -> UUID:
        about = (one.threshold.id, one.index, one.opener.id)
        id = derived("threshold", self.subject.child, *about)
        while id in self.book.episodes:  # it was reached by this absence before, and is of another
            id = derived("threshold", id)
        return id

    def said(self, one: Reached) -> dict[str, Any]:
        """What is kept of it as a fact, beside what the message says."""
        roles = self.roles(one.newest)
        settled = self.settled_at(one)
        leads = [roles.get(name) for name in ("looked_after", "responsible", "lives_in", "home")]
        listed = [(str(each.id), each.started_at.isoformat()) for each in one.absences]
        count = one.window.count if one.window else len(listed)
        about = (one.at.isoformat(), one.step, sorted(one.criteria), listed, leads, count)
        return {
            **roles,
            "about": self.subject.about,
            "index": one.index,
            "placed_with": self.subject.place,
            "terms": terms(one.threshold),
            "opener": str(one.opener.id),
            "counted": [id for id, _ in listed[-_LISTED:]],
            "digest": str(derived("threshold-said", about)),
            **({"settled_at": settled} if settled and settled <= self.moment.now else {}),
        }

    def reached(
        self, one: Reached, case: Episode, action: Action, revision: int, held: Held | None
    ) -> ThresholdReached:
        policy, newest, now = policy_of(one.newest, self.rules), one.newest, self.moment.now
        window, roles = one.window, self.roles(one.newest)
        before = self.book.read(held.fact.number) if held else None
        known = isinstance(before, ThresholdReached) and before.occurred_at == one.at
        criteria = tuple(
            criterion_words(one.threshold.any[place], one.index) for place in sorted(one.criteria)
        )
        count = window.count if window else len(one.absences)
        home, _, carer = self.subject.place.partition("/")
        return ThresholdReached(
            message_id=derived("threshold-reached", case.id, revision),
            sender=BROKER,
            from_address=OPERATIONS,
            occurred_at=one.at,
            sent_at=now,
            exercise=newest.exercise,
            action=action,
            replaces=UUID(held.fact.message_id) if held and action is Action.update else None,
            child=self.child(before),
            episode=str(case.id),
            threshold=one.threshold.id,
            policy=policy.version,
            about=About(self.subject.about),
            step=one.step,
            criteria=criteria,
            known_at=before.known_at if known and isinstance(before, ThresholdReached) else now,
            count=count,
            window_from=window.first if window else None,
            window_to=window.last if window else None,
            episodes=tuple(_counted(each) for each in one.absences[-_LISTED:]),
            home=home if self.subject.about == "home" else None,
            carer=carer or None,
            responsible_authority=roles.get("responsible"),
            host_authority=roles.get("lives_in"),
            basis=one.threshold.basis.value,
            words=words(criteria, count, window),
        )

    def taken_back(self, held: Held) -> ThresholdReached:
        """The same once more, to take it back."""
        before = self.book.read(held.fact.number)
        assert isinstance(before, ThresholdReached)
        return before.model_copy(
            update={
                "message_id": derived("threshold-reached", held.case.id, held.revision),
                "action": Action.cancel,
                "replaces": before.message_id,
                "sent_at": self.moment.now,
            }
        )

    def child(self, before: object) -> Child:
        """The child as the newest report at hand names it; nobody, where it is about a place."""
        if self.subject.about != "child":
            return NOBODY
        known = sorted(
            (episode for episode in self.book.episodes_of(self.subject.child)),
            key=lambda episode: max(fact.at for fact in episode.facts),
            reverse=True,
        )
        for episode in known:
            for fact in reversed(standing(episode.facts)):
                said = (
                    self.book.read(fact.number) if fact.kind == MissingNotification.KIND else None
                )
                if isinstance(said, ChildMessage):
                    return said.child
        return before.child if isinstance(before, ChildMessage) else NOBODY

    def decide(
        self,
        message: ThresholdReached,
        case: Episode,
        said: dict[str, Any],
        one: Reached | None = None,
    ) -> None:
        number = self.book.number()
        arrival = Arrival(self.moment.now, self.moment.contents, number, message)
        picture = Picture(
            recognition=Recognition(self.subject.child, False, ()),
            episode=replace(case, facts=self.with_outcomes(case, one)),
            duties=self.book.duties_of(case.id),
            starts=tuple(
                each.started_at for each in self.absences if one and each.id != one.opener.id
            ),
            said=said,
            read=self.book.read,
        )
        decision = decide(picture, arrival, self.rules)
        self.book.apply(decision)
        if one is not None:
            self.tell_the_end_too(one, decision)
        value = encode(message)
        self.book.accept(
            number, message, value, fingerprint(value), decision.episode, None, self.subject.child
        )

    def tell_the_end_too(self, one: Reached, decision: Decision) -> None:
        """Whom policy tells that, knows of the absence from now on, if it is not over."""
        episode = self.book.episodes.get(one.newest.id)
        recipients = decision.routing.recipients if decision.routing else ()
        now = self.moment.now
        told = {
            each.address: Told(each.because, now, each.view.value)
            for each in recipients
            if each.and_its_end and episode and each.address not in episode.told
        }
        if told and episode and not episode.state.over:
            self.book.apply(Decision(episode=episode.with_told(told)))

    def refresh(self, one: Reached, case: Episode) -> None:
        """What ends it may have come, or gone, elsewhere."""
        settled = self.settled_at(one)
        facts = tuple(
            with_outcome(fact, settled if settled and settled <= self.moment.now else None)
            for fact in self.with_outcomes(case, one)
        )
        if facts == case.facts:
            return
        after = replace(case, facts=facts)
        changed = owing.recompute(after, self.book.duties_of(case.id), self.rules, self.moment.now)
        contents, posts = noticed(changed, self.moment, self.rules, None)
        self.book.apply(Decision(after, contents, posts, changed.duties, changed.events))

    def with_outcomes(self, case: Episode, one: Reached | None) -> tuple[Fact, ...]:
        """The facts of a case, with those of other cases that end what it makes owed."""
        own = shortened(self.own(case))
        if one is None:
            return own
        tokens = {token for owe in self.owes(one) for token in (*owe.met_by, *owe.excused_by)}
        theirs = {
            fact.number: replace(fact, said={**fact.said, ELSEWHERE: True}, replaces="")
            for fact in self.facts
            if fact.at >= one.at and any(fits(token, fact) for token in tokens)
        }
        known = {fact.number for fact in own}
        return (*own, *(fact for number, fact in sorted(theirs.items()) if number not in known))

    def own(self, case: Episode) -> tuple[Fact, ...]:
        """The facts of a case, and those of others that are not at hand any more."""
        return tuple(
            fact
            for fact in case.facts
            if ELSEWHERE not in fact.said or fact.number not in self.at_hand
        )


def _counted(absence: Absence) -> Counted:
    return Counted(
        episode=str(absence.id),
        started_at=absence.started_at,
        category=Category(absence.category) if absence.category else None,
    )
