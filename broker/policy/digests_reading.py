"""The `digests` of an overlay from their YAML nodes: the lists that desks are sent each day."""

import re
from datetime import time

from ruamel.yaml.nodes import Node

from broker.policy.model import BINDING, Basis, Digest
from broker.policy.nodes import Nodes
from broker.policy.roles import address_of, is_address

_CLOCK = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
_LONGEST_ID = 80
_KEYS = {"id", "at", "to", "source", "basis"}


def read_digests(nodes: Nodes, node: Node | None) -> tuple[Digest, ...]:
    """The digests of one overlay, what is wrong noted with its line."""
    found: list[Digest] = []
    for each in nodes.some(node, "digests") if node else []:
        one = _one(nodes, each)
        if one.id in (other.id for other in found):
            nodes.wrong(each, f"digest {one.id!r} is there twice")
        found.append(one)
    return tuple(found)


def _one(nodes: Nodes, node: Node) -> Digest:
    parts = nodes.mapping(node, "key", _KEYS, {"basis"})
    basis = nodes.choice(parts.get("basis"), "basis", Basis, Basis.local)
    if basis in BINDING:
        nodes.wrong(parts["basis"], "no law asks for a digest: its basis is local")
    source = nodes.text(parts.get("source"), "source")
    if "source" in parts and not source:
        nodes.wrong(parts["source"], "source must not be empty")
    return Digest(
        id=nodes.word(parts.get("id"), "id", longest=_LONGEST_ID),
        at=_clock(nodes, parts.get("at")),
        to=tuple(_address(nodes, each) for each in nodes.some(parts.get("to"), "to")),
        basis=basis,
        source=source,
    )


def _clock(nodes: Nodes, node: Node | None) -> time:
    text = nodes.text(node, "at")
    if node is not None and not _CLOCK.fullmatch(text):
        nodes.wrong(node, f'at is a time in London, written "07:00", not {text!r}')
        return time()
    return time.fromisoformat(text) if text else time()


def _address(nodes: Nodes, node: Node) -> str:
    text = nodes.text(node, "to")
    if text and not is_address(f"address:{text}"):
        nodes.wrong(node, f"to names desks, such as la.E10000015/front-door, not {text!r}")
    return address_of(f"address:{text}")
