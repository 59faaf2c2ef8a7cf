"""
What an overlay may not do to law and statutory guidance: remove, delay or lengthen it.

It may write such a rule anew only so that at least the same people are told at least as much,
whenever they were before, and owe at least the same by clocks no longer and no easier to end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from broker.policy.facts import values_of
from broker.policy.model import BINDING, Clock, Ladder, Owe, Policy, Rule, Step, Tell, View, by_id

# The views that show at least as much as each of these.
AT_LEAST: Mapping[View, frozenset[View]] = {
    View.full: frozenset({View.full}),
    View.intelligence: frozenset({View.full, View.intelligence}),
    View.summary: frozenset({View.full, View.intelligence, View.summary}),
    View.released: frozenset({View.full, View.released}),
    View.signal: frozenset(View),
}


def weakened(
    below: Policy, own: Sequence[Rule], ladders: Mapping[str, Ladder]
) -> Iterator[tuple[str, str]]:
    """
    Say where rules and ladders would weaken what binds in the policy that they are laid upon.

    Each time with what is at fault, as `rule x` or `ladder x`. `without` is not looked at here.
    """
    bind = [rule for rule in below.rules if rule.basis in BINDING]
    climbed = {
        owe.ladder: f"rule {rule.id!r} is {rule.basis}" for rule in bind for owe in _binding(rule)
    }
    for one in below.returns:
        if one.basis in BINDING:
            climbed.setdefault(one.ladder, f"return {one.kind!r} is {one.basis}")
    for name in sorted(climbed.keys() & ladders.keys()):
        text = f"{climbed[name]} and climbs it: give yours another name"
        yield f"ladder {name}", text
    laws, above = by_id(bind), {**below.ladders, **ladders}
    for id, rules in by_id(own).items():
        old = laws.get(id, [])
        if old:
            for text in _rewritten(old, rules, below.ladders, above):
                yield f"rule {id}", f"rule {id!r} is {old[0].basis} in {below.version}: {text}"
        for text in _outdone(old, rules[0], bind, below.ladders, above):
            yield f"rule {id}", text


def _rewritten(
    old: Sequence[Rule],
    new: Sequence[Rule],
    below: Mapping[str, Ladder],
    above: Mapping[str, Ladder],
) -> Iterator[str]:
    was, now = old[0], new[0]
    if now.basis is not was.basis:
        yield f"its basis stays {was.basis}"
    if not all(any(implies(one, other) for other in new) for one in old):
        yield "its conditions must hold whenever they do there"
    for tell in was.tell:
        if not any(_as_much(tell, other) for other in now.tell):
            yield f"{tell.role} must be told at least the same"
    for owe in _binding(was):
        same = [one for one in now.owe if (one.duty, one.owed_by) == (owe.duty, owe.owed_by)]
        if not same:
            yield f"{owe.owed_by} must owe {owe.duty!r} still"
        for one in same:
            for text in weaker(owe, one, below, above):
                yield f"duty {owe.duty!r}: {text}"


def _binding(rule: Rule) -> list[Owe]:
    """The duties of a binding rule that bind themselves: an answer may be local."""
    return [owe for owe in rule.owe if (owe.basis or rule.basis) in BINDING]


def _outdone(
    old: Sequence[Rule],
    new: Rule,
    bind: Iterable[Rule],
    below: Mapping[str, Ladder],
    above: Mapping[str, Ladder],
) -> Iterator[str]:
    """A duty of the same name may be taken for the one that binds, so it is no weaker."""
    kept = {(owe.duty, owe.owed_by) for rule in old[:1] for owe in _binding(rule)}
    for owe in new.owe:
        if (owe.duty, owe.owed_by) in kept:
            continue
        seen: dict[str, None] = {}
        for rule in bind:
            for one in _binding(rule):
                if one.duty == owe.duty:
                    seen |= dict.fromkeys(
                        f"duty {owe.duty!r} is {rule.basis} in rule {rule.id!r}: {text}, or give "
                        "yours another name"
                        for text in weaker(one, owe, below, above)
                    )
        yield from seen


def implies(rule: Rule, other: Rule) -> bool:
    """Whether the other fits whenever the rule does."""
    if other.require and not (rule.require and set(rule.require) <= set(other.require)):
        return False
    return all(
        rule.when.get(fact, values_of(fact)) <= values for fact, values in other.when.items()
    )


def _as_much(tell: Tell, other: Tell) -> bool:
    return (
        (other.role, other.as_kind) == (tell.role, tell.as_kind)
        and other.view in AT_LEAST[tell.view]
        and other.wakes >= tell.wakes
        and other.covered >= tell.covered
        and other.and_its_end >= tell.and_its_end
    )


def weaker(
    owe: Owe, other: Owe, below: Mapping[str, Ladder], above: Mapping[str, Ladder]
) -> Iterator[str]:
    """Say in what a duty is weaker than one that binds; `below` are the ladders of that one."""
    if not _no_longer(owe.clock, other.clock):
        yield "its clock may be shorter, with the same start, and not longer"
    if not all(any(_no_easier(old, new) for old in owe.met_by) for new in other.met_by):
        yield "met_by may not name what ends it more easily"
    if not all(any(_no_easier(old, new) for old in owe.excused_by) for new in other.excused_by):
        yield "excused_by may not name further grounds"
    grounds = (*owe.excused_by, *owe.given_up_by)
    if not all(any(_no_easier(old, new) for old in grounds) for new in other.given_up_by):
        yield "given_up_by may not name further grounds"
    if other.ends_with_absence and not owe.ends_with_absence:
        yield "it does not end with the absence"
    if other.until_18 and not owe.until_18:
        yield "it does not end at eighteen"
    if other.by_itself and not owe.by_itself:
        yield "what makes it owed does not meet it"
    if other.each != owe.each:
        yield f"each stays {str(owe.each).lower()}"
    if owe.ladder and not _climbs_as_soon(below[owe.ladder], above.get(other.ladder)):
        yield "its ladder must ask at least the same desks, no later"


def _no_longer(clock: Clock, other: Clock) -> bool:
    if other.starts is not clock.starts:
        return False
    if other.before or clock.before:  # before the start is sooner than any time after it
        return other.before
    if clock.at_most is not None and (other.at_most is None or other.at_most > clock.at_most):
        return False
    if not _within(clock, other):
        return False
    if clock.again is not None and (other.again is None or other.again > clock.again):
        return False
    if any(not any(one <= each for one in other.then) for each in clock.then):
        return False
    high = other.high or other.within
    return clock.high is None or (high is not None and high <= clock.high)


def _within(clock: Clock, other: Clock) -> bool:
    if clock.working_days is not None:
        if other.working_days is not None:
            return other.working_days <= clock.working_days
        # Working days end at a midnight, so each is a day of 24 hours at the least.
        if other.days is not None:
            return other.days <= clock.working_days
        return other.within is not None and other.within <= timedelta(days=clock.working_days)
    if clock.days is not None:
        if other.days is not None:
            return other.days <= clock.days
        return other.within is not None and other.within <= timedelta(days=clock.days)
    if clock.within is not None:
        if other.days is not None:  # the midnight after so many days is up to a day later
            return timedelta(days=other.days + 1) <= clock.within
        return other.within is not None and other.within <= clock.within
    return other.within is None and other.working_days is None and other.days is None


def _no_easier(token: str, other: str) -> bool:
    """Whether whatever is the other is what the token names, too."""
    if (token, other) == ("received", "acting"):
        return True
    kind, _, conditions = token.partition(":")
    other_kind, _, others = other.partition(":")
    asked = set(others.split("&"))
    asked |= {one.partition("=")[0] for one in asked}
    return other_kind == kind and (not conditions or set(conditions.split("&")) <= asked)


def _climbs_as_soon(ladder: Ladder, other: Ladder | None) -> bool:
    if other is None or (other.silent and not ladder.silent):
        return False
    return _as_soon(ladder.day, other.day) and _as_soon(ladder.night, other.night)


def _as_soon(steps: Sequence[Step], others: Sequence[Step]) -> bool:
    return all(
        any(other.role == step.role and other.after <= step.after for other in others)
        for step in steps
    )
