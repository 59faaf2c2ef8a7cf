"""
What an absence makes people owe, read off its facts. Pure.

Lasting duties (a check, an interview, a review) are not kept up step by step: after every message
they are read off all facts that stand, in the order in which things happened, and compared with
what the ledger holds. So they come out the same in whatever order messages arrive, and what
followed from a message that is taken back is undone. Duties that wait for an answer are not read
off: they belong to their delivery.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from broker.allocating import allocated
from broker.decision import Rulebook
from broker.directory import kind_of
from broker.duties import (
    Due,
    Duty,
    DutyEvent,
    due,
    excused,
    fits,
    is_of_placement,
    met,
    restarted,
)
from broker.entitled import councils_named, may_end
from broker.episode import (
    ELSEWHERE,
    Episode,
    Fact,
    State,
    is_placement,
    standing,
    state_of,
    states_of,
)
from broker.keys import derived
from broker.policy.model import Owe, Situation, Start
from broker.recurring import times, to_look
from broker.routing import Owed, Scene, lasting
from broker.situation import situation_of
from broker.working_time import add_days, add_working_days
from schemas.message import BROKER
from schemas.notices import DutyChange

Key = tuple[str, str, str]

# Why a duty ended that nobody did: these are read off the facts too, and may come to stand again.
_READ_OFF = frozenset(
    {"absence-over", "of-age", "ground-gone", "one-absence", "answered", "joined"}
)


@dataclass(frozen=True, slots=True)
class Changed:
    """How the duties of an absence change: all that are to be written, and what to say of them."""

    duties: tuple[Duty, ...] = ()
    events: tuple[DutyEvent, ...] = ()
    notices: tuple[tuple[Duty, DutyChange, str], ...] = ()  # the last: who owes it from now on


@dataclass(frozen=True, slots=True)
class _Ground:
    """A duty that follows from a fact, before anything that ends it is looked at."""

    duty: Duty
    fact: Fact
    owed: Owed


def recompute(
    episode: Episode,
    held: Iterable[Duty],
    rules: Rulebook,
    now: datetime,
    at_hand: Situation | None = None,
) -> Changed:
    """
    Read the lasting duties off the facts, and tell how those that are held differ.

    `at_hand` is the situation of the only fact, where there is but one and it is known already.
    """
    facts, corrections = _corrected(episode.facts)
    wanted = _wanted(episode, facts, rules, at_hand, now)
    named, final = councils_named(facts, episode.facts), episode.state
    settled = {
        key: _as_settled(
            ground,
            [
                fact
                for fact in facts
                if _bears_on(ground, fact, final)
                and may_end(ground.duty, fact, final, rules.directory, named)
            ],
            final,
            now,
            episode.facts,
        )
        for key, ground in wanted.items()
    }
    held = tuple(held)
    lasting_ones = [duty for duty in held if _is_lasting(duty)]
    changed = _compared(lasting_ones, wanted, settled, corrections, now)
    again = (one.duty for one in wanted.values() if one.owed.rule.clock.again)
    look = to_look(again, episode, now)
    if look is None or look.id in {duty.id for duty in held}:
        return changed
    return replace(changed, duties=(*changed.duties, look))


def _bears_on(ground: "_Ground", fact: Fact, final: State) -> bool:
    """What is said with another case ends what is owed of the child, or for a threshold."""
    return ELSEWHERE not in fact.said or ground.owed.rule.of_child or bool(final.threshold)


def _corrected(said: Sequence[Fact]) -> tuple[list[Fact], dict[int, Fact]]:
    """
    The facts that stand; and by the number of what was corrected, what stands in its place.

    A correction starts no clock again that ran from when the first was heard.
    """
    by_id = {(fact.sender, fact.message_id): fact for fact in said}
    facts, corrections = [], {}
    for fact in standing(said):
        first = fact
        while first.replaces and (before := by_id.get((first.sender, first.replaces))):
            first = before
            corrections[first.number] = fact
        facts.append(fact if first is fact else replace(fact, heard=min(first.heard, fact.heard)))
    return facts, corrections


def _is_lasting(duty: Duty) -> bool:
    return duty.delivery is None and not duty.owed_by.startswith(f"{BROKER}/")


def _wanted(
    episode: Episode,
    facts: Sequence[Fact],
    rules: Rulebook,
    at_hand: Situation | None,
    now: datetime,
) -> dict[Key, _Ground]:
    found: dict[Key, _Ground] = {}
    before = State()
    # A placement is judged as a whole: what the law asks for hangs on how it began and ended.
    whole = len(facts) == 1 or is_placement(episode)
    so_far = [episode.state] * len(facts) if whole else list(states_of(facts))
    # A child may be back before anybody wrote the report: whose child it is, the report says.
    reported = next((state for state in so_far if state.heard), None)
    desk = _interviewing(episode, rules)
    for fact, after in zip(facts, so_far, strict=True):
        if fact.beside and "moved_on" not in fact.said:  # of a placement, where it is owed
            before = after
            continue
        state = after if after.heard or reported is None else reported
        alone = at_hand is not None and len(facts) == 1
        if ELSEWHERE in fact.said:
            continue
        situation = at_hand if alone else situation_of(fact, state, before, rules.directory)
        assert situation is not None
        policy = rules.policy(situation.nation, state, fact.at)
        matching = tuple(policy.lasting(situation))
        if not matching:
            before = after
            continue
        scene = Scene(
            state=state,
            sender=fact.address,
            now=fact.heard,
            directory=rules.directory,
            told=episode.told,
            acting=tuple(a for a, told in episode.told.items() if told.acting),
            addressee=fact.said.get("addressee", ""),
            allocated=desk,
        )
        for one in lasting(policy, matching, situation, scene):
            if is_placement(episode) and not state.looked_after and kind_of(one.owed_by) == "la":
                continue  # no council was named that looks after the child: so none owes it
            for duty in _duties(episode, one, fact, state, now):
                found.setdefault(duty.key, _Ground(duty, fact, one))
        before = after
    return {key: _restarted_by_ends(ground, facts) for key, ground in found.items()}


def _interviewing(episode: Episode, rules: Rulebook) -> str:
    """The desk that policy has hold the return interview."""
    state = episode.state
    at = state.ended_at or state.started_at
    nation = rules.directory.nation_of(state.lead)
    return allocated(state, nation, at, rules) if at else ""


def _duties(episode: Episode, one: Owed, fact: Fact, state: State, now: datetime) -> Iterable[Duty]:
    duty = _duty(episode, one, fact, state)
    return times(duty, one.rule.clock, episode, now) if one.rule.clock.again else (duty,)


def _duty(episode: Episode, one: Owed, fact: Fact, state: State) -> Duty:
    clock = one.rule.clock
    times = due(clock, state, fact)
    occasion = ""
    if one.rule.each:
        occasion = fact.message_id
    elif clock.starts is Start.stated and times.due_at:
        occasion = times.due_at.isoformat()
    return Duty(
        id=derived("duty", episode.id, one.rule.duty, one.owed_by, occasion),
        name=one.rule.duty,
        owed_by=one.owed_by,
        because=one.because,
        basis=one.basis,
        met_by=one.rule.met_by,
        message=fact.number,
        opened_at=fact.heard,
        episode=episode.id,
        child=episode.child,
        exercise=episode.exercise,
        ends_with_absence=one.rule.ends_with_absence,
        rungs=one.rungs,
        starts_at=times.starts_at,
        due_at=times.due_at,
        next_at=times.due_at,
        occasion=occasion,
        until_18=one.rule.until_18,
    )


def _restarted_by_ends(ground: _Ground, facts: Sequence[Fact]) -> _Ground:
    """A clock that runs from an end is known as well as the ends are, whichever came first."""
    clock = ground.owed.rule.clock
    if clock.starts not in (Start.found, Start.returned):
        return ground
    times = due(clock, state_of(facts), ground.fact)
    duty = replace(
        ground.duty, starts_at=times.starts_at, due_at=times.due_at, next_at=times.due_at
    )
    return replace(ground, duty=duty)


def _as_settled(
    ground: _Ground, facts: Sequence[Fact], final: State, now: datetime, said: Sequence[Fact]
) -> Duty:
    """The duty as the facts leave it: open, or ended by the first of them that ends it."""
    duty, owe = ground.duty, ground.owed.rule
    from_when = _counts_from(ground, final)
    ways_out = None
    for fact in facts:
        if fact.at < from_when or not (owe.of_child or owe.clock.again or _answers(duty, fact)):
            continue
        if fact is ground.fact and not owe.by_itself:
            continue
        if any(fits(token, fact) for token in owe.met_by):
            at = _done_at(ground, fact, said)
            return met(duty, at, now, fact.address, fact.message_id)[0]
        if ways_out is None and _excuses(owe, duty, fact):
            ways_out = fact
    if ways_out is not None:
        return _excused_by(duty, ways_out, now)
    if final.of_age_at and final.of_age_at <= now and duty.until_18:
        return excused(duty, now, "of-age")[0]
    if duty.ends_with_absence and (final.over or final.cancelled):
        return excused(duty, now, "absence-over")[0]
    return duty


def _excuses(owe: Owe, duty: Duty, fact: Fact) -> bool:
    """Whether it ends what is owed on a good ground; to give up is one once its time is over."""
    if any(fits(token, fact) for token in owe.excused_by):
        return True
    over = duty.due_at is not None and fact.at >= duty.due_at
    return over and any(fits(token, fact) for token in owe.given_up_by)


def _done_at(ground: _Ground, fact: Fact, said: Sequence[Fact]) -> datetime:
    if ground.owed.rule.by_itself or is_of_placement(ground.owed.rule.clock.starts):
        # A notice is given when it is sent, whenever what it tells of was decided.
        at = _said_first(ground, fact, said)
        if "paper" in fact.said:
            at = min(fact.sent_at, at)
        return max(at, ground.duty.starts_at or at)
    at = fact.at
    if ground.owed.rule.clock.starts is Start.accepted and _untimed(ground):
        at = fact.sent_at  # what is owed is to say when it was
    at = min(at, fact.heard)  # a sender whose clock is ahead is not late by it
    return max(at, ground.duty.starts_at or at)


def _said_first(ground: _Ground, fact: Fact, said: Sequence[Fact]) -> datetime:
    """When this was first said to this area: what a correction adds was not said before it."""
    by_id = {(one.sender, one.message_id): one for one in said}
    earlier: Fact | None = by_id[fact.sender, fact.message_id]
    heard = []
    while earlier is not None:
        to_same = earlier.said.get("lives_in") == fact.said.get("lives_in")
        if to_same and any(fits(token, earlier) for token in ground.owed.rule.met_by):
            heard.append(earlier.heard)
        earlier = by_id.get((earlier.sender, earlier.replaces)) if earlier.replaces else None
    return min(heard)


def _untimed(ground: _Ground) -> bool:
    return ground.fact.said.get("time_known") is False


def _excused_by(duty: Duty, fact: Fact, now: datetime) -> Duty:
    """Not done on a lawful ground; that another absence took its place is its own state."""
    reason = fact.said.get("reason") or fact.said.get("stage") or fact.said.get("result", "")
    state = "superseded" if reason == "gone-again" else "excused"
    after, _ = excused(duty, now, reason, fact.message_id)
    return replace(after, state=state)


def _counts_from(ground: _Ground, final: State) -> datetime:
    """From when on something counts as done: an interview may be held before the return."""
    owe = ground.owed.rule
    start = owe.clock.starts
    if owe.clock.again or owe.of_child:  # since the time before; what was done before is done
        return ground.duty.starts_at or ground.fact.at
    if is_of_placement(start):  # a notice may come long before what it tells of
        return _EVER
    if start is Start.found and "found" not in final.unsure and final.found_at:
        return final.found_at
    if start in (Start.found, Start.returned) or _untimed(ground):  # it was before we heard of it
        return final.started_at or ground.fact.at
    return ground.fact.at


_EVER = datetime.min.replace(tzinfo=UTC)


def _answers(duty: Duty, fact: Fact) -> bool:
    """One for each message is ended only by what names that message."""
    of = fact.said.get("of") or fact.said.get("request")
    if of and duty.occasion:
        return bool(of == duty.occasion)
    return True


def _compared(
    held: Sequence[Duty],
    wanted: Mapping[Key, _Ground],
    settled: Mapping[Key, Duty],
    corrections: Mapping[int, Fact],
    now: datetime,
) -> Changed:
    # Two absences that became one may have brought the same duty: the one that stands counts.
    counts = sorted(held, key=lambda duty: (duty.standing, duty.state != "superseded"))
    by_key = {duty.key: duty for duty in counts}
    work = _Comparison(now)
    for key, want in settled.items():
        have = by_key.get(key)
        if have is None:
            work.open(want, wanted[key])
        else:
            work.keep(have, want, wanted[key])
    opened = {
        (want.name, want.occasion): want.owed_by
        for key, want in settled.items()
        if key not in by_key or (want.standing and not by_key[key].standing)
    }
    owed = {(want.name, want.occasion) for want in settled.values()}
    for key, have in by_key.items():
        if key in settled:
            continue
        if not have.standing:
            if (have.name, have.occasion) not in owed:
                work.forget(have)
            continue
        right = corrections.get(have.message)
        if right and any(fits(token, right) for token in have.met_by):
            work.done(have, right)
        else:
            work.drop(have, opened.get((have.name, have.occasion), ""))
    return Changed(tuple(work.duties), tuple(work.events), tuple(work.notices))


class _Comparison:
    """What is held against what the facts say, one duty after the other."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.duties: list[Duty] = []
        self.events: list[DutyEvent] = []
        self.notices: list[tuple[Duty, DutyChange, str]] = []

    def open(self, want: Duty, ground: _Ground) -> None:
        """It is new; one that was due before anybody knew of it is late on arrival."""
        if want.standing and want.due_at and want.due_at <= self.now:
            want = _late_on_arrival(want, ground, self.now)
            self.event(want, "late-arrival", want.owed_by)
        want = replace(want, opened_at=self.now)
        self.duties.append(want)
        if want.standing:
            self.notices.append((want, DutyChange.opened, ""))
        else:
            self.event(want, want.state, "", want.settled_why)

    def keep(self, have: Duty, want: Duty, ground: _Ground) -> None:
        """It is held: its clock may be known better now, it may have ended or not after all."""
        after = replace(have, message=want.message)
        if have.standing:
            after = self.timed(after, want, ground)
            if not want.standing:
                after = self.ended(after, want)
        elif have.settled_by or have.settled_why in _READ_OFF:
            if want.standing:
                after = _reopened(after, want, self.now)
                if after.due_at and after.due_at <= have.opened_at and not after.late_on_arrival:
                    after = _late_on_arrival(after, ground, self.now)
                self.event(after, "reopened", after.owed_by)
                self.notices.append((after, DutyChange.reopened, ""))
            else:
                after = replace(after, starts_at=want.starts_at, due_at=want.due_at)
                if self.differs(have, want):
                    after = self.ended(after, want)
        if after != have:
            self.duties.append(after)

    def timed(self, have: Duty, want: Duty, ground: _Ground) -> Duty:
        """The duty by the clock as it is known now, which may be over already."""
        if want.starts_at is None and have.starts_at is not None:  # the time was taken back
            return replace(
                have, state="open", starts_at=None, due_at=None, next_at=None,
                late_on_arrival=False, working_due_at=None,
            )  # fmt: skip
        after = restarted(have, Due(want.starts_at, want.due_at), self.now)
        if after.due_at is None or after.due_at == have.due_at:
            return after
        if after.due_at > self.now:
            return replace(after, late_on_arrival=False, working_due_at=None)
        if want.standing and have.state == "open":
            after = _late_on_arrival(after, ground, self.now)
            self.event(after, "late-arrival", after.owed_by)
        return after

    def done(self, have: Duty, right: Fact) -> None:
        """Whoever left it out has said it since, in place of what was said first."""
        at = min(right.sent_at, self.now)
        after, event = met(have, at, self.now, right.address, right.message_id)
        self.duties.append(after)
        self.events.append(event)

    @staticmethod
    def differs(have: Duty, want: Duty) -> bool:
        same_why = (have.settled_by, have.settled_why) == (want.settled_by, want.settled_why)
        late = {have.state, want.state} == {"met", "met-late"}
        return not same_why or late

    def ended(self, have: Duty, want: Duty) -> Duty:
        state = want.state
        if want.settled_why in _READ_OFF and have.state == "late":
            state = "excused"  # it was late before it was no longer needed
        self.event(have, state, "", want.settled_why)
        return replace(
            have,
            state=state,
            settled_at=self.now,
            settled_by=want.settled_by,
            settled_why=want.settled_why,
            next_at=None,
        )

    def drop(self, have: Duty, owner: str) -> None:
        """What it rested on is gone: it is another's now, or nobody's."""
        why = "transferred" if owner else "cancelled"
        change = DutyChange.transferred if owner else DutyChange.cancelled
        after = replace(
            have, state=why, settled_at=self.now, settled_why="ground-gone", next_at=None
        )
        self.duties.append(after)
        self.event(after, why, owner, "ground-gone")
        self.notices.append((after, change, owner))

    def forget(self, have: Duty) -> None:
        """What a fact had ended rests on nothing any more: it counts as never owed."""
        if have.settled_by and have.state not in ("cancelled", "superseded"):
            gone = replace(have, state="cancelled", settled_by="", settled_why="ground-gone")
            self.duties.append(gone)
            self.event(gone, "cancelled", "", "ground-gone")

    def event(self, duty: Duty, what: str, address: str, detail: str = "") -> None:
        self.events.append(DutyEvent(duty.id, self.now, what, address, detail))


def _late_on_arrival(duty: Duty, ground: _Ground, now: datetime) -> Duty:
    """Nobody could be in time: the same length again, from when it became known (rule N12)."""
    assert duty.due_at is not None
    clock = ground.owed.rule.clock
    if clock.working_days:
        working = add_working_days(now, clock.working_days)
    elif clock.days:
        working = add_days(now, clock.days)
    else:
        length = duty.due_at - (duty.starts_at or ground.fact.at)
        working = now + max(length, timedelta(0))
    return replace(
        duty, state="late", late_on_arrival=True, working_due_at=working, next_at=working
    )


def _reopened(have: Duty, want: Duty, now: datetime) -> Duty:
    late = want.due_at is not None and want.due_at <= now
    again = have.working_due_at if late else None
    next_at = want.due_at
    if late:
        next_at = max(again or now, now) if have.rung < len(have.rungs) else None
    return replace(
        have,
        state="late" if late else "open",
        starts_at=want.starts_at,
        due_at=want.due_at,
        settled_at=None,
        settled_by="",
        settled_why="",
        next_at=next_at,
        late_on_arrival=again is not None,
        working_due_at=again,
    )
