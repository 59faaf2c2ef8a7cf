"""Two overlays that may apply to one absence at once, and say different things of one matter."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from broker.policy.facts import values_of
from broker.policy.model import Owe, Rule
from broker.policy.overlay import Overlay


def conflicts(overlays: Iterable[Overlay]) -> list[str]:
    """Say of each conflict in words which overlays have it, with the file and line of both."""
    found: dict[str, None] = {}
    for one, other in combinations(overlays, 2):
        if one.version == other.version:
            found[_said(one, other, "version", "version", f"both are version {one.version}")] = None
        elif one.name == other.name and _overlap(one, other):
            text = f"two versions of {one.name} are in force at once"
            found[_said(one, other, "valid", "valid", text)] = None
        elif may_meet(one, other):
            found |= dict.fromkeys(_between(one, other))
    return list(found)


def may_meet(one: Overlay, other: Overlay) -> bool:
    """Whether both may apply to one absence: on one day, and not to two agencies in one role."""
    if one.nation != other.nation or not _overlap(one, other):
        return False
    return any(
        role != other_role or not agencies.isdisjoint(other_agencies)
        for role, agencies in one.applies_to.items()
        for other_role, other_agencies in other.applies_to.items()
    )


def _overlap(one: Overlay, other: Overlay) -> bool:
    ends = one.valid_to is not None and one.valid_to < other.valid_from
    begins = other.valid_to is not None and other.valid_to < one.valid_from
    return not ends and not begins


def _between(one: Overlay, other: Overlay) -> Iterator[str]:
    """What two of them say differently; of what one takes over from the other it knows."""
    mine, theirs = ({layer.version for layer in each.layers} for each in (one, other))
    for layer in one.layers:
        for second in other.layers:
            if layer.version not in theirs and second.version not in mine:
                yield from _of(layer, second)


def _of(one: Overlay, other: Overlay) -> Iterator[str]:
    national = {rule.id for rule in one.base.rules}
    for id in sorted(one.ids & other.ids):
        text = f"both write rule {id!r} anew" if id in national else f"both bring a rule {id!r}"
        yield _said(one, other, f"rule {id}", f"rule {id}", text)
    for first, second in ((one, other), (other, one)):
        for id in sorted(first.without & second.ids):
            text = f"one takes out rule {id!r}, the other writes it anew"
            yield _said(first, second, "without", f"rule {id}", text)
    theirs = {threshold.id for threshold in other.thresholds}
    for id in sorted({threshold.id for threshold in one.thresholds} & theirs):
        text = f"both set a threshold {id!r}"
        yield _said(one, other, "thresholds", "thresholds", text)
    for what in sorted(dict(one.agreed.said()).keys() & dict(other.agreed.said()).keys()):
        yield _said(one, other, "overlay", "overlay", f"both set {what}")
    for name in sorted(one.ladders.keys() & other.ladders.keys()):
        if one.ladders[name] != other.ladders[name]:
            text = f"both bring a ladder {name!r}"
            yield _said(one, other, f"ladder {name}", f"ladder {name}", text)
    for rule, second_rule, owe in twice_owed(one.rules, other.rules):
        if rule.id != second_rule.id:
            text = f"{owe.owed_by} owes {owe.duty!r} by different clocks"
            yield _said(one, other, f"rule {rule.id}", f"rule {second_rule.id}", text)


def twice_owed(rules: Iterable[Rule], others: Iterable[Rule]) -> Iterator[tuple[Rule, Rule, Owe]]:
    """The same duty of the same role by two clocks, where both rules may fit."""
    others = tuple(others)
    for rule in rules:
        for other in others:
            for owe in rule.owe:
                for second in other.owe:
                    same = (owe.duty, owe.owed_by) == (second.duty, second.owed_by)
                    if same and owe.clock != second.clock and both_may_fit(rule, other):
                        yield rule, other, owe


def both_may_fit(rule: Rule, other: Rule) -> bool:
    """Whether some situation fits both."""
    return all(
        not values.isdisjoint(other.when.get(fact, values_of(fact)))
        for fact, values in rule.when.items()
    )


def _said(one: Overlay, other: Overlay, what: str, other_what: str, text: str) -> str:
    return (
        f"{one.place(what)}: {text}: {one.version} and {other.version} ({other.place(other_what)})"
    )
