"""What a message would lead to, as plain values: who is told, who is not, what is owed and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from broker.decision import OPERATIONS, Decision, Post
from broker.directory import Directory
from broker.duties import Duty
from broker.episode import state_of
from broker.policy.facts import NAMED_BY_POLICY, values_of
from broker.policy.model import EARLIER, Clock, Owe, Policy, Rule, Situation, Start
from broker.policy.policies import Policies
from broker.policy.wording import AFTER, days_of, length_of, years
from broker.reclassifying import turn_of
from broker.routing import NotTold, Recipient, Routing
from broker.situation import situation_of
from broker.thresholds.counted import counted
from broker.whereabouts import whereabouts
from broker.working_time import add_working_days, local, local_due
from schemas.message import Action, ChildMessage
from schemas.profile import ChildProfile

_NO_RULE = ("receipt", "record")
_STATED = ("review_at", "next_review_at", "next_meeting_at")

_UNRECOGNISED = "unrecognised"  # a word of a newer version: nobody asks for it

_BESIDE = {ChildProfile.KIND, *EARLIER}


def explained(
    decision: Decision,
    message: ChildMessage,
    policies: Policies,
    directory: Directory,
    now: datetime,
) -> dict[str, Any]:
    """Say of a decision that was not carried out what it would have done, and on what ground."""
    routing = decision.routing
    assert routing is not None
    situation = _situation(decision, message, directory)
    assert decision.episode is not None
    where = whereabouts(situation.nation, decision.episode.state, directory)
    policy = policies.of(where, now)
    posts = [post for post in decision.posts if post.because not in _NO_RULE]
    told = {one for one in routing.recipients if _is_told(one, posts)}
    # A step that Homeward takes itself is nothing that anybody owes.
    owed = (duty for duty in decision.duties if duty.owed_by != OPERATIONS)
    standing = [duty for duty in owed if duty.standing]
    return {
        "policy": policy.version,
        "overlays": list(policy.overlays),
        "nation": policy.nation,
        "whereabouts": sorted(f"{role} {name}" for role, name in where.agencies),
        "recipients": [_recipient(one, message) for one in routing.recipients if one in told],
        "not_told": [
            {"role": one.role, "why": one.why}
            for one in _not_told(routing, told, policy, situation, message)
        ],
        "duties": [_duty(duty, routing, policies, message, now) for duty in standing],
        "turns": _turns(decision, policies, directory, now),
        "settles": [
            {"duty": one.name, "owed_by": one.owed_by, "state": one.state, "why": one.settled_why}
            for one in decision.duties
            if not one.standing
        ],
    }


def _is_told(one: Recipient, posts: Iterable[Post]) -> bool:
    """What is kept, or was said before, goes out only if there is any, whatever else is told."""
    if one.as_kind in _BESIDE:
        return any((post.address, post.because) == (one.address, one.because) for post in posts)
    return any(post.address == one.address for post in posts)


def _situation(decision: Decision, message: ChildMessage, directory: Directory) -> Situation:
    """The facts that the rules were asked about."""
    assert decision.episode is not None
    facts = decision.episode.facts
    own = [fact for fact in facts if fact.message_id == str(message.message_id)]
    before = state_of(fact for fact in facts if fact not in own)
    taken_back = message.action is Action.cancel
    return situation_of(own[-1], state_of(facts), before, directory, taken_back=taken_back)


def _turns(
    decision: Decision, policies: Policies, directory: Directory, now: datetime
) -> dict[str, Any] | None:
    """When Homeward itself will say that the child is missing, if the absence lasts until then."""
    absence = counted(decision.episode) if decision.episode else None
    if absence is None or absence.category in ("missing", "unrecognised"):
        return None
    assert decision.episode is not None
    began = absence.began
    where = whereabouts(directory.nation_of(began.lead), began, directory)
    turn = turn_of(absence, decision.episode.state, policies.of(where, absence.started_at))
    if turn is None:
        return None
    by = turn.by
    at = max(turn.at, now)
    because = f"{by.id}@{by.version}"
    return {"at": at, "at_once": at == now, "because": because, "source": by.source}


# Told and not told


def _recipient(one: Recipient, message: ChildMessage) -> dict[str, Any]:
    return {
        "address": one.address,
        "role": one.role,
        "view": one.view.value,
        "because": one.because,
        "basis": one.basis,
        "source": one.source,
        "kind": one.as_kind or message.KIND,
        "wakes": one.wakes,
        "reads_at": one.opens_at,
        "in_place_of": one.cover_for or None,
    }


def _not_told(
    routing: Routing,
    told: Collection[Recipient],
    policy: Policy,
    situation: Situation,
    message: ChildMessage,
) -> Iterator[NotTold]:
    """Roles that nobody has here, addresses that know, and roles that only other facts bring in."""
    yield from routing.not_told
    for one in routing.recipients:
        if one in told:
            continue
        if one.as_kind in EARLIER:
            why = f"nothing of the kind ({one.as_kind}) was said of the child before"
        elif one.as_kind == ChildProfile.KIND:
            why = f"no profile of the child is there that {one.address} has not had"
        else:
            why = f"{one.address} knows it already"
        yield NotTold(one.role, why)
    if message.action is Action.cancel:
        return
    named = {tell.role for rule in policy.matching(situation) for tell in rule.tell}
    nearest: dict[str, list[tuple[Rule, list[str]]]] = {}
    for rule in policy.by_kind.get(situation.kind, ()):
        amiss = [name for name, fits in rule.when.items() if getattr(situation, name) not in fits]
        for role in (tell.role for tell in rule.tell if tell.role not in named):
            held = nearest.setdefault(role, [])
            if held and len(amiss) < len(held[0][1]):
                held.clear()
            if not held or len(amiss) == len(held[0][1]):
                held.append((rule, amiss))
    for role, rules in nearest.items():
        yield NotTold(role, "; or ".join(_asks(rule, amiss, situation) for rule, amiss in rules))


def _asks(rule: Rule, amiss: list[str], situation: Situation) -> str:
    if not amiss:  # all else fits: it is a form, and nothing that it asks for is left out
        return f"{rule.id} asks that one of {', '.join(rule.require)} is left out"
    asked = ", ".join(_asked(name, rule.when[name], situation) for name in amiss)
    return f"{rule.id} asks for {asked}"


def _asked(fact: str, fits: frozenset[object], situation: Situation) -> str:
    here = _shown(getattr(situation, fact))
    if fact == "age":
        return f"age: {years(fits)} (here: {here})"
    others = values_of(fact) - fits
    negated = fact not in NAMED_BY_POLICY and len(others) < len(fits)
    named = {value for value in (others if negated else fits) if value != _UNRECOGNISED}
    shown = " or ".join(sorted(map(_shown, named)))
    return f"{fact}: {'not ' if negated else ''}{shown} (here: {here})"


def _shown(value: object) -> str:
    if value is None:
        return "not known"
    if value == "":
        return "not stated"
    return str(value).lower() if isinstance(value, bool) else str(value)


# Owed


def _duty(
    duty: Duty, routing: Routing, policies: Policies, message: ChildMessage, now: datetime
) -> dict[str, Any]:
    starts_at, due_at = _times(duty, now)
    owe, source = _ground(duty, routing, policies)
    ladder_from = duty.working_due_at or due_at
    return {
        "duty": duty.name,
        "owed_by": duty.owed_by,
        "starts_at": starts_at,
        "due_at": due_at,
        "due_local": local_due(due_at) if due_at else None,
        "why": _why(duty, owe.clock, starts_at, due_at, message) if owe else "",
        "late_on_arrival": duty.late_on_arrival,
        "working_due_at": duty.working_due_at,
        "basis": duty.basis,
        "source": source,
        "because": duty.because,
        "met_by": list(duty.met_by),
        "excused_by": list(owe.excused_by) if owe else [],
        "ladder": [
            {
                "address": rung.address,
                "after_seconds": rung.after.total_seconds(),
                "at": ladder_from + rung.after if ladder_from else None,
            }
            for rung in duty.rungs
        ],
    }


def _times(duty: Duty, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Of a duty whose clock starts when its delivery is sent: as if it were sent at once."""
    if duty.delivery is None:
        return duty.starts_at, duty.due_at
    start = max(now, duty.not_before or now)
    if duty.working_days:
        return start, add_working_days(start, duty.working_days)
    return start, start + (duty.within or timedelta(0))


def _ground(duty: Duty, routing: Routing, policies: Policies) -> tuple[Owe | None, str]:
    """What the policy says of a duty, and where that stands."""
    for one in routing.owed:
        if (one.rule.duty, one.owed_by, one.because) == (duty.name, duty.owed_by, duty.because):
            return one.rule, one.source
    for rule in policies.cited(duty.because):
        for owe in rule.owe:
            if owe.duty == duty.name:
                return owe, rule.source
    return None, ""


def _why(
    duty: Duty,
    clock: Clock,
    starts_at: datetime | None,
    due_at: datetime | None,
    message: ChildMessage,
) -> str:
    """Why a duty is due when it is, in words."""
    if clock.starts is Start.stated:
        if clock.within is None or any(getattr(message, name, None) for name in _STATED):
            why = "at the time that is stated"
        else:
            why = f"{length_of(clock.within)} after it was accepted, as no time is stated"
    else:
        opens = clock.starts is Start.sent and starts_at == duty.not_before
        after = "the desk opens" if opens else AFTER[clock.starts]
        why = (
            f"before {after}"
            if clock.before
            else f"{_span(clock, starts_at, due_at)} after {after}"
        )
        if starts_at is None:
            return f"{why}, of which no time is recorded: it has no start yet"
        at_once = "at once: " if clock.starts is Start.sent and not opens else ""
        why += f" ({at_once}{local(starts_at)})"
        if clock.again:
            then = "".join(f"after {length_of(each)}, " for each in clock.then)
            why += f"; again {then}then each {length_of(clock.again)} while the child is missing"
    if duty.late_on_arrival and duty.working_due_at:
        why += (
            "; that was past when it became known, which is nobody's lateness: until "
            f"{local_due(duty.working_due_at)}"
        )
    return why


def _span(clock: Clock, starts_at: datetime | None, due_at: datetime | None) -> str:
    if counted := days_of(clock):
        return counted
    assert clock.within is not None
    if clock.high and starts_at and due_at and due_at - starts_at == clock.high:
        return f"{length_of(clock.high)}, as the risk is high,"
    return length_of(clock.within)


def sources(shown: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each rule that an explanation cites, with its basis and its source."""
    cited = [*shown["recipients"], *shown["duties"]]
    return {one["because"].partition("@")[0]: (one["basis"], one["source"]) for one in cited}
