"""An overlay from its YAML nodes: whom it applies to, what it extends, what it may not weaken."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from broker.directory import Directory, kind_of
from broker.policy import returns_reading
from broker.policy.agreed_reading import KEYS as AGREED
from broker.policy.agreed_reading import read_agreed
from broker.policy.binding import weakened
from broker.policy.case_reading import read_allocations, read_reclassifications
from broker.policy.digests_reading import read_digests
from broker.policy.facts import VALUES
from broker.policy.model import BINDING, Ladder, Policy, Rule
from broker.policy.names import folded
from broker.policy.nodes import line_of
from broker.policy.overlay import DISTRICT, REGION, ROLES_OF_AGENCIES, Overlay, composed
from broker.policy.reading import Reading, digest_of
from broker.policy.threshold_reading import read_thresholds, values_asked

_OPTIONAL = {
    "ladders", "rules", "thresholds", "without", "allocate", "reclassify", "returns", "digests",
}  # fmt: skip
_OPTIONAL |= AGREED
KEYS = {"overlay", "version", "extends", "applies_to", "valid"} | _OPTIONAL
_EXAMPLES = {"la": "la.E06000021", "police": "police.E23000015", "provider": "provider.SC123456"}


class OverlayReading(Reading):
    """
    One overlay being read.

    `below` gives the policy or overlay it extends; a `LookupError` says in words why there is none.
    """

    def __init__(self, name: str, below: Callable[[str], Policy | Overlay]) -> None:
        super().__init__(name, _no_policy)
        self.below = below

    def one(self, node: Node, digest: str, files: Mapping[str, str]) -> Overlay | None:
        """The overlay; None where it cannot be read on, and `found` says why."""
        parts = self.mapping(node, "key", KEYS, _OPTIONAL)
        name = self.word(parts.get("overlay"), "overlay")
        version = self.version(parts.get("overlay"), parts.get("version"))
        valid_from, valid_to = self.validity(parts.get("valid"))
        applies_to = self.applying(parts.get("applies_to"))
        for key, part in parts.items():
            self.stands(key, part)
        if parts and not parts.keys() & _OPTIONAL:
            self.wrong(node, "'rules' is missing: it adds nothing")
        extended = self.extended(parts.get("extends"))
        if extended is None:
            return None
        below = extended.layers if isinstance(extended, Overlay) else ()
        national = extended.base if isinstance(extended, Overlay) else extended
        under = composed(national, below)
        own = self.all_ladders(parts.get("ladders"))
        self.ladders = {**under.ladders, **own}
        self.overlay = version or "overlay"
        thresholds = read_thresholds(self, parts.get("thresholds"), under.thresholds)
        agreed = read_agreed(self, parts)
        self.values = {**VALUES, **values_asked((*under.thresholds, *thresholds))}
        if bands := agreed.bands or under.agreed.bands:
            self.values |= {"band": frozenset(band.name for band in bands)}
        rules = tuple(self.rules(parts.get("rules")))
        self.unweakened(under, rules, own)
        return Overlay(
            name=name,
            version=version,
            base=national,
            applies_to=MappingProxyType(applies_to),
            valid_from=valid_from,
            valid_to=valid_to,
            rules=rules,
            ladders=MappingProxyType(own),
            without=self.left_out(parts.get("without"), under, rules),
            below=below,
            thresholds=thresholds,
            agreed=agreed,
            digests=read_digests(self, parts.get("digests")),
            allocate=read_allocations(self, parts.get("allocate")),
            reclassify=read_reclassifications(self, parts.get("reclassify")),
            returns=returns_reading.read(self, parts.get("returns")),
            digest=digest_of(*(layer.digest for layer in below), digest) if below else digest,
            file=self.name,
            places=MappingProxyType(self.places),
            files=MappingProxyType({**(extended.files if below else {}), **files}),
        )

    def extended(self, node: Node | None) -> Policy | Overlay | None:
        name = self.word(node, "extends")
        if node is None or not name:
            return None
        try:
            return self.below(name)
        except LookupError as error:
            self.wrong(node, str(error.args[0]))
            return None

    def unweakened(
        self, under: Policy, rules: tuple[Rule, ...], ladders: Mapping[str, Ladder]
    ) -> None:
        for what, text in weakened(under, rules, ladders):
            line = int(self.places[what].rpartition(":")[2])
            self.found.add((line, text))

    def left_out(self, node: Node | None, under: Policy, rules: tuple[Rule, ...]) -> frozenset[str]:
        if node is None:
            return frozenset()
        bind = {rule.id: rule.basis for rule in under.rules if rule.basis in BINDING}
        out = self.taken_out(node, {rule.id for rule in under.rules}, {rule.id for rule in rules})
        for each in node.value if isinstance(node, SequenceNode) else ():
            if each.value in bind:
                basis = bind[each.value]
                self.wrong(each, f"rule {each.value!r} is {basis}: no overlay takes it out")
        return out

    # Whom it applies to

    def applying(self, node: Node | None) -> dict[str, frozenset[str]]:
        if node is None:
            return {}
        known = {*ROLES_OF_AGENCIES, REGION, DISTRICT}
        parts = self.mapping(node, "key", known, known)
        if not parts:
            self.wrong(node, f"applies_to names agencies by: {', '.join(sorted(known))}")
        return {role: frozenset(self.named(role, part)) for role, part in parts.items()}

    def named(self, role: str, node: Node) -> Iterator[str]:
        what = {REGION: "regions", DISTRICT: "districts"}.get(role, "agencies")
        for each in [node] if isinstance(node, ScalarNode) else self.some(node, what):
            said = self.text(each, role)
            if role == REGION:
                regions = {one.region for one in Directory.shipped().agencies("la")}
                yield self.among(each, role, said, regions)
            elif role == DISTRICT:
                yield folded(said)
            elif said:
                yield self.agency(role, said, each)

    def agency(self, role: str, id: str, node: Node) -> str:
        """An agency by its id of today; one that was divided is nobody's name any more."""
        directory = Directory.shipped()
        self.places.setdefault(f"{role} {id}", f"{self.name}:{line_of(node)}")
        kind = ROLES_OF_AGENCIES[role]
        if kind_of(id) != kind or not id.partition(".")[2]:
            self.wrong(node, f"{role} is named like {_EXAMPLES[kind]}, not {id!r}")
        elif successors := directory.successors(id):
            names = [f"{directory.name_of(one)} ({one})" for one in successors]
            self.wrong(node, f"{id} was divided: name {' or '.join(names)}")
        known = directory.today(id)
        self.places.setdefault(f"{role} {known}", f"{self.name}:{line_of(node)}")
        return known


def _no_policy(name: str) -> Policy:
    raise LookupError(f"an overlay does not read {name!r} so")
