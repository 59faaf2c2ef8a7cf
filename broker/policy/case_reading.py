"""`allocate` and `reclassify` of a policy from their YAML nodes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import Node, SequenceNode

from broker.directory import kind_of
from broker.policy.model import Allocation, Basis, Reclassification
from broker.policy.names import folded
from broker.policy.nodes import line_of
from broker.policy.overlay import DISTRICT
from broker.policy.roles import address_of, role_of
from broker.policy.threshold_reading import CONDITIONS, fitting
from schemas.missing import Category

if TYPE_CHECKING:
    from broker.policy.reading import Reading

_TURNS = (str(Category.absent), str(Category.away))


def read_allocations(reading: "Reading", node: Node | None) -> tuple[Allocation, ...]:
    """Who holds return interviews, in order: the first that fits counts."""
    return tuple(_allocation(reading, each) for each in _each(reading, node, "allocate"))


def read_reclassifications(reading: "Reading", node: Node | None) -> tuple[Reclassification, ...]:
    """When an absence turns into one of a missing child, in order: the first that fits counts."""
    return tuple(_reclassification(reading, each) for each in _each(reading, node, "reclassify"))


def _each(reading: "Reading", node: Node | None, key: str) -> list[Node]:
    """The entries of a list, which are told apart by their ids."""
    found, lines = reading.some(node, "entries"), dict[str, int]()
    for each in found:
        name = next((part for key, part in reading.pairs(each) if key == "id"), None)
        id = str(name.value) if name is not None else ""
        if id and id in lines:
            reading.wrong(each, f"{key} {id!r} is already on line {lines[id]}")
        lines[id] = line_of(each)
        reading.stands(f"{key} {id}", each)
    return found


def _allocation(reading: "Reading", node: Node) -> Allocation:
    optional = {"when", "valid", "basis"}
    parts = reading.mapping(node, "key", {"id", "to", "source"} | optional, optional)
    first, last = reading.validity(parts.get("valid"))
    basis = reading.choice(parts.get("basis"), "basis", Basis, Basis.local)
    to = reading.role(parts.get("to"), "owes")
    if to and not _may_interview(to):
        reading.wrong(
            parts["to"],
            f"{to!r} holds no independent interviews: name a desk of a council, such as "
            "host-return-interviews, or a certain desk of a council, a service or a hub",
        )
    return Allocation(
        id=reading.word(parts.get("id"), "id"),
        to=to,
        when=_when(reading, parts.get("when"), {*CONDITIONS, DISTRICT}),
        valid_from=first,
        valid_to=last,
        basis=basis,
        source=reading.source(parts.get("source"), basis),
    )


def _may_interview(to: str) -> bool:
    """Nobody who cares for the child, or polices it, holds its independent interview."""
    if desk := address_of(to):
        return kind_of(desk) in ("la", "service", "hub")
    role = role_of(to)
    return role is not None and role.agency_kind == "la"


def _reclassification(reading: "Reading", node: Node) -> Reclassification:
    optional = {"when", "categories", "basis"}
    parts = reading.mapping(node, "key", {"id", "after", "source"} | optional, optional)
    basis = reading.choice(parts.get("basis"), "basis", Basis, Basis.local)
    each = parts.get("categories")
    named = each.value if isinstance(each, SequenceNode) else [each] if each else []
    turns = frozenset(reading.word(one, "category", _TURNS) for one in named)
    return Reclassification(
        id=reading.word(parts.get("id"), "id"),
        after=reading.duration(parts.get("after"), zero=True),
        categories=turns or frozenset({str(Category.absent)}),
        when=_when(reading, parts.get("when"), set(CONDITIONS)),
        basis=basis,
        source=reading.source(parts.get("source"), basis),
        version=reading.overlay,
    )


def _when(
    reading: "Reading", node: Node | None, known: set[str]
) -> Mapping[str, frozenset[object]]:
    if node is None:
        return MappingProxyType({})
    parts = reading.mapping(node, "condition", known, known)
    return MappingProxyType(
        {
            name: _districts(reading, part) if name == DISTRICT else fitting(reading, name, part)
            for name, part in parts.items()
        }
    )


def _districts(reading: "Reading", node: Node) -> frozenset[object]:
    each = node.value if isinstance(node, SequenceNode) and node.value else [node]
    return frozenset(folded(reading.text(one, DISTRICT)) for one in each)
