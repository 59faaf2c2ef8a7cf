"""The `returns` of a policy from their YAML nodes: what agencies owe for each month or quarter."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import Node

from broker.policy.model import Basis, Every, Return
from broker.policy.nodes import Nodes
from schemas.census import Census
from schemas.report_given import ReportGiven

if TYPE_CHECKING:
    from broker.policy.reading import Reading

_KINDS = (Census.KIND, ReportGiven.KIND)
_LONGEST_REPORT = 32
_OWNERS = ("la", "police", "provider")
_KEYS = {"kind", "owed_by", "every", "working_days", "ladder", "basis", "source"}
_OPTIONAL = {"report", "settle_working_days"}


def read(reading: "Reading", node: Node | None) -> tuple[Return, ...]:
    """
    The returns of one policy, what is wrong noted with its line.

    None of the policy's own: those of the policy that it extends are the caller's to keep.
    """
    found: list[Return] = []
    for each in reading.some(node, "returns"):
        one = _one(reading, each)
        for kind in one.owed_by:
            if any(kind in other.owed_by and other.duty == one.duty for other in found):
                reading.wrong(each, f"{kind!r} owes {one.duty!r} twice")
        found.append(one)
    return tuple(found)


def _one(reading: "Reading", node: Node) -> Return:
    parts = reading.mapping(node, "key", _KEYS | _OPTIONAL, _OPTIONAL)
    basis = reading.choice(parts.get("basis"), "basis", Basis, Basis.local)
    days = reading.working_days(parts.get("working_days"))
    ladder = reading.word(parts.get("ladder"), "ladder", reading.ladders)
    if ladder and not reading.ladders[ladder].silent:
        reading.wrong(parts["ladder"], f"ladder {ladder!r} wakes people: a return wakes nobody")
    kind = reading.word(parts.get("kind"), "kind", _KINDS)
    if kind and (kind == ReportGiven.KIND) != ("report" in parts):
        reading.wrong(node, f"report goes with {ReportGiven.KIND}, and says which")
    return Return(
        kind=kind,
        owed_by=tuple(_owners(reading, parts.get("owed_by"), _OWNERS)),
        every=reading.choice(parts.get("every"), "every", Every, Every.month),
        working_days=days or 1,
        ladder=ladder,
        basis=basis,
        source=reading.source(parts.get("source"), basis),
        report=reading.word(parts["report"], "report", longest=_LONGEST_REPORT)
        if "report" in parts
        else "",
        settle_working_days=reading.working_days(parts.get("settle_working_days")),
    )


def _owners(reading: Nodes, node: Node | None, known: Collection[str]) -> list[str]:
    names = [reading.word(each, "kind of agency", known) for each in reading.some(node, "kinds")]
    return [name for name in dict.fromkeys(names) if name]
