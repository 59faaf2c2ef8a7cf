"""What changes between two sets of policies, rule by rule and in words."""

from collections.abc import Iterator, Mapping, Sequence

from broker.policy import wording
from broker.policy.agreed import NOTHING, Agreed
from broker.policy.model import Count, Ladder, Owe, Rule, Tell, Threshold, by_id
from broker.policy.overlay import Overlay, composed
from broker.policy.policies import Policies
from broker.thresholds.words import criterion_words


def changes(before: Policies, after: Policies) -> list[str]:
    """Say what changes: first in the policies of the nations, then in overlays, by their names."""
    return [*_national(before, after), *_overlays(before, after)]


def _national(before: Policies, after: Policies) -> Iterator[str]:
    for nation in sorted(before.each.keys() | after.each.keys()):
        was, now = before.each.get(nation), after.each.get(nation)
        if was is None or now is None:
            yield f"{nation}: {'no policy before' if was is None else 'no policy any more'}"
            continue
        if was.version != now.version:
            yield f"{nation}: {was.version} becomes {now.version}"
        yield from _rules(nation, was.rules, now.rules)
        yield from _thresholds(nation, was.thresholds, now.thresholds)
        yield from _ladders(nation, was.ladders, now.ladders)
        if was.returns != now.returns:
            yield f"{nation}: the returns that are owed change"
        if was.early_review_at != now.early_review_at:
            yield f"{nation}: early_review_at {was.early_review_at} becomes {now.early_review_at}"


def _overlays(before: Policies, after: Policies) -> Iterator[str]:
    old = {one.version: one for one in before.overlays}
    new = {one.version: one for one in after.overlays}
    for version in sorted(old.keys() | new.keys()):
        was, now = old.get(version), new.get(version)
        if was is None:
            assert now is not None
            yield f"{version}: new, {in_force(now)}; it applies to {whom(now)}"
            yield from _laid(now)
            yield from _thresholds(version, (), now.thresholds)
            yield from _agreed(version, NOTHING, now.agreed)
            yield from _ladders(version, {}, now.ladders)
        elif now is None:
            yield f"{version}: taken away"
        else:
            yield from _overlay(was, now)


def _overlay(was: Overlay, now: Overlay) -> Iterator[str]:
    for name, before, after in (
        ("in force", in_force(was), in_force(now)),
        ("applies to", whom(was), whom(now)),
        ("extends", _extends(was), _extends(now)),
        ("without", ", ".join(sorted(was.without)), ", ".join(sorted(now.without))),
    ):
        if before != after:
            yield f"{now.version}: {name}: {before or 'nothing'} becomes {after or 'nothing'}"
    yield from _rules(now.version, was.rules, now.rules)
    yield from _thresholds(now.version, was.thresholds, now.thresholds)
    yield from _agreed(now.version, was.agreed, now.agreed)
    yield from _ladders(now.version, was.ladders, now.ladders)


def _laid(new: Overlay) -> Iterator[str]:
    """The rules of a new overlay, and against what each of those stood that it writes anew."""
    below = by_id(composed(new.base, new.below).rules)
    if new.without:
        yield f"{new.version}: without {', '.join(sorted(new.without))}"
    for id, rules in by_id(new.rules).items():
        if id in below:
            words = "; ".join(_changed(below[id], rules)) or "as it was"
            yield f"{new.version}: rule {id} is written anew: {words}"
        else:
            yield f"{new.version}: rule {id} is new: {_says(rules[0])}"


def in_force(overlay: Overlay) -> str:
    """The days on which it holds."""
    if overlay.valid_to is None:
        return f"from {overlay.valid_from.isoformat()}"
    return f"from {overlay.valid_from.isoformat()} to {overlay.valid_to.isoformat()}"


def whom(overlay: Overlay) -> str:
    """The agencies and regions that it applies to, by role."""
    return " or ".join(
        f"{role} {', '.join(sorted(named))}" for role, named in sorted(overlay.applies_to.items())
    )


def _extends(overlay: Overlay) -> str:
    return overlay.below[-1].version if overlay.below else overlay.base.version.partition("-")[0]


def _rules(whose: str, before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[str]:
    old, new = by_id(before), by_id(after)
    for id in old.keys() - new.keys():
        yield f"{whose}: rule {id} is taken away"
    for id, rules in new.items():
        if id not in old:
            yield f"{whose}: rule {id} is new: {_says(rules[0])}"
        elif [_core(rule) for rule in old[id]] != [_core(rule) for rule in rules]:
            words = list(_changed(old[id], rules))
            yield f"{whose}: rule {id}: {'; '.join(words)}"


def _thresholds(
    whose: str, before: Sequence[Threshold], after: Sequence[Threshold]
) -> Iterator[str]:
    old, new = ({one.id: one for one in each} for each in (before, after))
    for id in sorted(old.keys() | new.keys()):
        if old.get(id) == new.get(id):
            continue
        if id not in new:
            yield f"{whose}: threshold {id} is taken away"
            continue
        said = _reached(new[id])
        what = f"{_reached(old[id])} becomes {said}" if id in old else f"is new: {said}"
        yield f"{whose}: threshold {id} {what}"


def _agreed(whose: str, before: Agreed, after: Agreed) -> Iterator[str]:
    old, new = dict(before.said()), dict(after.said())
    for what in sorted(old.keys() | new.keys()):
        if what not in new:
            yield f"{whose}: sets {what} no longer"
        elif old.get(what) != new[what]:
            yield f"{whose}: {'changes' if what in old else 'sets'} {what}"


def _reached(one: Threshold) -> str:
    said = "; or ".join(
        criterion_words(criterion, index)
        for criterion in one.any
        for index in range(len(criterion.steps) if isinstance(criterion, Count) else 1)
    )
    asked = f"; asks for {', '.join(sorted(one.when))}" if one.when else ""
    return f"{said}{asked}; about each {one.about}"


def _core(rule: Rule) -> object:
    return dict(rule.when), rule.tell, rule.owe, rule.basis, rule.source


def _says(rule: Rule) -> str:
    said = [_told(tell) for tell in rule.tell] + [_owed(owe) for owe in rule.owe]
    return "; ".join([*said, wording.basis(rule)])


def _changed(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[str]:
    was, now = before[0], after[0]
    if [dict(rule.when) for rule in before] != [dict(rule.when) for rule in after]:
        yield "its conditions change"
    yield from _lists([_told(one) for one in was.tell], [_told(one) for one in now.tell])
    yield from _lists([_owed(one) for one in was.owe], [_owed(one) for one in now.owe])
    if was.basis is not now.basis:
        yield f"its basis becomes {wording.basis(now)}"
    if was.source != now.source:
        yield "its source changes"


def _lists(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    yield from (f"no longer: {one}" for one in before if one not in after)
    yield from (f"now: {one}" for one in after if one not in before)


def _told(tell: Tell) -> str:
    return f"tells {tell.role} ({wording.sees(tell)})"


def _owed(owe: Owe) -> str:
    said = f"{owe.owed_by} owes {owe.duty} {wording.due(owe.clock)}, {wording.ends(owe)}"
    return f"{said}; ladder {owe.ladder}" if owe.ladder else said


def _ladders(
    whose: str, before: Mapping[str, Ladder], after: Mapping[str, Ladder]
) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            was, now = before.get(name), after.get(name)
            what = "is new" if was is None else "is taken away" if now is None else "changes"
            yield f"{whose}: ladder {name} {what}" + (f": {wording.climbs(now)}" if now else "")
