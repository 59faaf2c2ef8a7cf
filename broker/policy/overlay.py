"""
What a council, a force or a region lays upon the policy of its nation, and what comes of it.

An overlay adds recipients, duties and ladders, and may write a rule anew under its id. What is law
or statutory guidance it cannot weaken: such an overlay does not load (`binding`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from broker.policy.agreed import NOTHING, Agreed, together
from broker.policy.model import (
    BINDING,
    Allocation,
    Digest,
    Ladder,
    Policy,
    Reclassification,
    Return,
    Rule,
    Threshold,
    by_id,
    by_kind,
)

# What `applies_to` may list: the agencies that an absence has in these roles, and regions.
ROLES_OF_AGENCIES = {
    "responsible": "la",  # the council that looks after the child, else the one of the home
    "host": "la",  # where a looked-after child lives, when another one is responsible
    "place": "la",  # where the child went missing from
    "force": "police",  # of the place
    "provider": "provider",  # the home the child lives in
}
REGION = "region"  # of any of those councils
DISTRICT = "district"  # of the place the child went missing from, as reports name it


@dataclass(frozen=True, slots=True)
class Where:
    """Whom an absence is about: the nation, and the agencies in each role, by today's ids."""

    nation: str
    agencies: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a word of `applies_to` and an agency (or a region)."""


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """
    One version of one overlay.

    `applies_to` lists agencies by role, by today's ids; any of them is enough. `base` is the policy
    of the nation that it extends in the end, `below` are the overlays on the way there, the lowest
    first. `places` says in which file and line each of its rules, ladders and keys stands.
    """

    name: str
    version: str
    base: Policy
    applies_to: Mapping[str, frozenset[str]]
    valid_from: date
    valid_to: date | None
    rules: tuple[Rule, ...]
    ladders: Mapping[str, Ladder]
    without: frozenset[str]
    below: tuple["Overlay", ...]
    digest: str
    file: str
    thresholds: tuple[Threshold, ...] = ()
    agreed: Agreed = NOTHING
    digests: tuple[Digest, ...] = ()
    allocate: tuple[Allocation, ...] = ()
    reclassify: tuple[Reclassification, ...] = ()
    returns: tuple[Return, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def nation(self) -> str:
        return self.base.nation

    @property
    def layers(self) -> tuple["Overlay", ...]:
        """What it extends, and itself."""
        return (*self.below, self)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of its own rules."""
        return frozenset(rule.id for rule in self.rules)

    def is_in_force(self, day: date) -> bool:
        """Whether it holds on a London day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def place(self, what: str) -> str:
        """The file and line of a rule (`rule x`), a ladder or a key; else of its first line."""
        return self.places.get(what, f"{self.file}:1")


def layers_of(overlays: Iterable[Overlay]) -> tuple[Overlay, ...]:
    """Each overlay after those that it extends, each once."""
    by_version = {layer.version: layer for one in overlays for layer in one.layers}
    return tuple(by_version.values())


def composed(base: Policy, overlays: Iterable[Overlay]) -> Policy:
    """
    The policy of a nation with overlays laid upon it, in the order given.

    A rule takes the place of the one with its id, new ones follow at the end. No local rule of an
    overlay comes before one that binds: of several rules that tell one desk the first counts.
    """
    layers = layers_of(overlays)
    laid = by_id(base.rules)
    for layer in layers:
        for name in layer.without:
            laid.pop(name, None)
        laid |= by_id(layer.rules)
    rules = tuple(_binding_first([rule for each in laid.values() for rule in each]))
    ladders = dict(base.ladders)
    for layer in layers:
        ladders |= layer.ladders
    places = dict(base.places)
    for layer in layers:
        places |= layer.places
    thresholds = (*base.thresholds, *(one for layer in layers for one in layer.thresholds))
    upper_first = layers[::-1]
    return replace(
        base,
        rules=rules,
        ladders=MappingProxyType(ladders),
        by_kind=MappingProxyType(by_kind(rules)),
        overlays=tuple(layer.version for layer in layers),
        thresholds=thresholds,
        agreed=together((base.agreed, *(layer.agreed for layer in layers))),
        allocate=(*(one for each in upper_first for one in each.allocate), *base.allocate),
        reclassify=(*(one for each in upper_first for one in each.reclassify), *base.reclassify),
        places=MappingProxyType(places),
    )


def _binding_first(rules: list[Rule]) -> Iterator[Rule]:
    """Put each local rule of an overlay behind the last that binds and is about the same kind."""
    after: dict[int, list[Rule]] = {}
    kept = []
    for at, rule in enumerate(rules):
        behind = at
        if rule.version and rule.basis not in BINDING:
            kinds = rule.when.get("kind", frozenset())
            for later, other in enumerate(rules[at + 1 :], at + 1):
                if other.basis in BINDING and other.when.get("kind", frozenset()) & kinds:
                    behind = later
        if behind == at:
            kept.append((at, rule))
        else:
            after.setdefault(behind, []).append(rule)
    for at, rule in kept:
        yield rule
        yield from after.pop(at, ())
