"""The policies of both nations with the overlays upon them: which of them count, where and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from broker.policy.agreed import Protocol, Target
from broker.policy.model import Policy, Rule, Threshold
from broker.policy.overlay import Overlay, Where, composed
from broker.working_time import london_day


@dataclass(frozen=True, slots=True)
class Policies:
    """
    The policy of each nation, and every overlay in a fixed order.

    `digest` and `version` are of all of them together. `files` are the texts they were read from.
    """

    each: Mapping[str, Policy]
    digest: str
    version: str
    overlays: tuple[Overlay, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    _index: dict[tuple[str, str], tuple[Overlay, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    _composed: dict[tuple[str, ...], Policy] = field(
        default_factory=dict, compare=False, repr=False
    )

    allocate: bool = field(init=False, compare=False)
    """Whether some policy or overlay says who holds return interviews."""
    reclassify: bool = field(init=False, compare=False)
    """Whether by some policy or overlay an absence turns into one of a missing child."""
    first_here: bool = field(init=False, compare=False)
    """Whether some rule asks if the child is missing for the first time since its placement."""
    required: Mapping[str, frozenset[str]] = field(init=False, compare=False)
    """By kind of message, every field that some form asks for."""
    of_child: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    """The duties that end with whatever is said of the child: by name, all that ends them."""

    def __post_init__(self) -> None:
        for owe in (owe for rule in self.rules for owe in rule.owe if owe.of_child):
            ends = frozenset((*owe.met_by, *owe.excused_by))
            self.of_child[owe.duty] = self.of_child.get(owe.duty, frozenset()) | ends
        for what in ("allocate", "reclassify"):
            object.__setattr__(self, what, any(getattr(one, what) for one in self._all()))
        asks = any("first_here" in rule.when for one in self._all() for rule in one.rules)
        object.__setattr__(self, "first_here", asks)
        object.__setattr__(self, "required", self._required())
        for overlay in self.overlays:
            for role, agencies in overlay.applies_to.items():
                for agency in agencies:
                    held = self._index.get((role, agency), ())
                    self._index[role, agency] = (*held, overlay)

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        """Every threshold that some policy or overlay sets."""
        national = [one for policy in self.each.values() for one in policy.thresholds]
        layers = (layer for overlay in self.overlays for layer in overlay.layers)
        return (*national, *(one for layer in layers for one in layer.thresholds))

    @property
    def protocols(self) -> tuple[Protocol, ...]:
        """Every second protocol that some overlay sets, the latest text of each."""
        found = {one.id: one for layer in self._layers() for one in layer.agreed.protocols}
        return tuple(found.values())

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target that some overlay sets, the latest of each figure."""
        found = {one.figure: one for layer in self._layers() for one in layer.agreed.targets}
        return tuple(found.values())

    def _layers(self) -> Iterator[Overlay]:
        for overlay in sorted(self.overlays, key=lambda one: one.valid_from):
            yield from overlay.layers

    @property
    def have_thresholds(self) -> bool:
        return bool(self.thresholds)

    def _required(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for rule in (rule for one in self._all() for rule in one.rules if rule.require):
            for kind in map(str, rule.when["kind"]):
                found[kind] = found.get(kind, frozenset()) | set(rule.require)
        return found

    def _all(self) -> Iterator[Policy | Overlay]:
        yield from self.each.values()
        yield from (layer for overlay in self.overlays for layer in overlay.layers)

    def national(self, nation: str) -> Policy:
        """The policy of a nation alone; for an unknown one England's, the first shipped."""
        return self.each.get(nation) or self.each["England"]

    def of(self, where: Where, at: datetime) -> Policy:
        """
        The policy for an absence, as it was in force at that time.

        Put together once for each combination of overlays; where none applies, the nation's own.
        """
        base = self.national(where.nation)
        named = {one for pair in where.agencies for one in self._index.get(pair, ())}
        if not named:
            return base
        day = london_day(at)
        chosen = [
            one
            for one in self.overlays
            if one in named and one.nation == base.nation and one.is_in_force(day)
        ]
        if not chosen:
            return base
        key = (base.nation, *(one.version for one in chosen))
        if key not in self._composed:
            self._composed[key] = composed(base, chosen)
        return self._composed[key]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of some policy or overlay."""
        national = [rule for policy in self.each.values() for rule in policy.rules]
        layers = (layer for overlay in self.overlays for layer in overlay.layers)
        return (*national, *(rule for layer in layers for rule in layer.rules))

    def cited(self, because: str) -> list[Rule]:
        """The rules that a delivery or a duty cites, all alternatives of one id."""
        national = [
            rule
            for policy in self.each.values()
            for rule in policy.rules
            if policy.because(rule) == because
        ]
        local = [
            rule
            for overlay in self.overlays
            for layer in overlay.layers
            for rule in layer.rules
            if f"{rule.id}@{rule.version}" == because
        ]
        return national + local

    def versions(self) -> frozenset[str]:
        """What a delivery may cite behind the @ of its rule."""
        rules = [rule for one in self.overlays for layer in one.layers for rule in layer.rules]
        national = {policy.version for policy in self.each.values()}
        return frozenset(national | {rule.version for rule in rules})

    def duties(self) -> frozenset[str]:
        """The name of every duty that some rule brings."""
        rules = self.rules
        returns = {one.duty for policy in self.each.values() for one in policy.returns}
        return frozenset({owe.duty for rule in rules for owe in rule.owe} | returns)
