"""What the shipped policies say of a kind: who is told, what is owed, what it ends, and why."""

from collections.abc import Iterator, Sequence
from typing import Any

from broker.catalogue.words import glossary, table
from broker.policy import load, wording
from broker.policy.model import Owe, Policy, Rule, by_id
from schemas.profile import ChildProfile

_FIRST, _OTHERS = "England", ("Wales",)

_TOLD = ("told", "when", "sees", "rule")
_OWED = ("duty", "owed by", "when", "due", "ends", "late, it is taken on to", "rule")
_ENDED = ("duty", "owed by", "it is", "by a message", "rule")


def told(kind: str) -> Iterator[str]:
    """Who is told of it, by the national default of each nation."""
    yield "## Who is told"
    if said := glossary()["told"].get(kind):
        yield said
    first, others = _policies()
    if rows := [row for rules in _about(kind, first).values() for row in _told_rows(rules, kind)]:
        yield (
            f"By the national default of {_FIRST} (`{first.version}`); of several rules that tell "
            "one desk the first counts:"
        )
        yield table(_TOLD, rows)
    for other in others:
        changed = [rules for _, rules in _differing(kind, first, other)]
        if rows := [row for rules in changed for row in _told_rows(rules, kind)]:
            yield f"In {other.nation} (`{other.version}`) these are otherwise, or there as well:"
            yield table(_TOLD, rows)
        if gone := sorted(_about(kind, first).keys() - _about(kind, other).keys()):
            yield f"Not in {other.nation}: {', '.join(f'`{id}`' for id in gone)}."
    if made := made_from(kind):
        yield f"Homeward makes one itself, in place of another message, by `{first.version}`:"
        yield table(("from", "when", "to", "rule"), made)


def owed(kind: str) -> Iterator[str]:
    """What somebody owes because of it."""
    first, others = _policies()
    if rows := [
        row for rules in _about(kind, first).values() for row in _owed_rows(rules, first, kind)
    ]:
        yield "## What somebody owes because of it"
        yield table(_OWED, rows)
    for other in others:
        changed = [rules for _, rules in _differing(kind, first, other)]
        if rows := [row for rules in changed for row in _owed_rows(rules, other, kind)]:
            yield f"In {other.nation} these are otherwise, or there as well:"
            yield table(_OWED, rows)


def ended(kind: str) -> Iterator[str]:
    """The duties that a message of this kind ends, wherever they come from."""
    first, _ = _policies()
    rows: dict[tuple[str, ...], None] = {}
    for rule in first.rules:
        for owe in rule.owe:
            for how, text in _ending(kind, owe):
                rows[f"`{owe.duty}`", wording.owner(owe), how, text, _cited(rule)] = None
    if rows:
        yield "## What it ends"
        yield table(_ENDED, rows)


def grounds(kind: str) -> Iterator[str]:
    """What each rule that the page cites rests on."""
    first, others = _policies()
    cited = {rule.id: rule for rules in _about(kind, first).values() for rule in rules}
    for rule in first.rules:
        ends = any(True for owe in rule.owe for _ in _ending(kind, owe))
        if ends or kind in {tell.as_kind for tell in rule.tell}:
            cited.setdefault(rule.id, rule)
    lines = [f"- {_cited(rule)}: {wording.source(rule)}" for rule in cited.values()]
    for other in others:
        lines += [
            f"- {_cited(rules[0])} in {other.nation}: {wording.source(rules[0])}"
            for _, rules in _differing(kind, first, other)
        ]
    if lines:
        yield "## On what ground"
        yield "\n".join(lines)
        yield (
            f"What is taken over from {_FIRST} is local in {' and '.join(_OTHERS)}: nothing there "
            "asks for it. A local number is a default and never law."
        )


def made_from(kind: str) -> list[tuple[str, ...]]:
    """What Homeward makes a message of this kind from."""
    if kind == ChildProfile.KIND:
        return []  # what is kept goes out as it was sent
    first, _ = _policies()
    return [
        (_kinds(rule), _when([rule], kind), wording.recipient(tell), _cited(rule))
        for rule in first.rules
        for tell in rule.tell
        if tell.as_kind == kind
    ]


def _policies() -> tuple[Policy, list[Policy]]:
    each = load.shipped().each
    return each[_FIRST], [each[nation] for nation in _OTHERS]


def _about(kind: str, policy: Policy) -> dict[str, list[Rule]]:
    """The rules about a kind, each with its alternatives."""
    about = (rule for rule in policy.rules if kind in rule.when["kind"] or _releases(rule, kind))
    return by_id(about)


def _releases(rule: Rule, kind: str) -> bool:
    """Whether a profile that is kept goes out because of another message."""
    return kind == ChildProfile.KIND and kind in {tell.as_kind for tell in rule.tell}


def _differing(kind: str, first: Policy, other: Policy) -> Iterator[tuple[str, list[Rule]]]:
    here, there = _about(kind, first), _about(kind, other)
    for id, rules in there.items():
        if [_core(rule) for rule in rules] != [_core(rule) for rule in here.get(id, ())]:
            yield id, rules


def _core(rule: Rule) -> tuple[Any, ...]:
    return dict(rule.when), rule.tell, rule.owe


def _when(alternatives: Sequence[Rule], kind: str) -> str:
    said = [_condition(rule, kind) for rule in alternatives]
    return "always" if "" in said else "; or ".join(dict.fromkeys(said))


def _condition(rule: Rule, kind: str) -> str:
    condition = wording.condition(rule, glossary()["facts"])
    return f"{_kinds(rule)}, {condition}" if _releases(rule, kind) else condition


def _kinds(rule: Rule) -> str:
    return " or ".join(f"`{kind}`" for kind in sorted(map(str, rule.when["kind"])))


def _cited(rule: Rule) -> str:
    return f"`{rule.id}` ({wording.basis(rule)})"


def _told_rows(alternatives: Sequence[Rule], kind: str) -> Iterator[tuple[str, ...]]:
    rule, when = alternatives[0], _when(alternatives, kind)
    for tell in rule.tell:
        yield wording.recipient(tell), when, wording.sees(tell), _cited(rule)


def _owed_rows(
    alternatives: Sequence[Rule], policy: Policy, kind: str
) -> Iterator[tuple[str, ...]]:
    rule, when = alternatives[0], _when(alternatives, kind)
    for owe in rule.owe:
        yield (
            f"`{owe.duty}`",
            wording.owner(owe),
            when,
            wording.due(owe.clock),
            wording.ends(owe),
            wording.climbs(policy.ladders.get(owe.ladder)),
            _cited(rule),
        )


def _ending(kind: str, owe: Owe) -> Iterator[tuple[str, str]]:
    for how, tokens in (("done", owe.met_by), ("excused", owe.excused_by)):
        for token in tokens:
            named, _, conditions = token.partition(":")
            if named == kind:
                yield how, wording.having(conditions) or "of any content"
            elif kind == "answer" and named in ("acting", "received"):
                yield how, f"with `state` {named}"
