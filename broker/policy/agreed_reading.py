"""Bands, levels, protocols and targets of an overlay from their YAML nodes."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from broker.policy.agreed import (
    Agreed,
    Band,
    Class,
    Level,
    LongerThan,
    Past,
    Protocol,
    Scale,
    Target,
)
from broker.policy.facts import OF_THE_ABSENCE
from broker.policy.nodes import line_of
from broker.policy.threshold_reading import clock_of
from schemas.missing import Category

if TYPE_CHECKING:
    from broker.policy.reading import Reading

KEYS = {"bands", "levels", "protocols", "targets"}
SCALES = ("likelihood", "consequence")
_CATEGORIES = [str(one) for one in Category if one is not Category.unrecognised]
_NUMBER = re.compile(r"^-?\d{1,9}(\.\d{1,4})?$")
_FIGURE = re.compile(r"^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)+$")


def read_agreed(reading: "Reading", parts: Mapping[str, Node]) -> Agreed:
    """What one overlay agrees; mistakes are noted in the file's `Reading`."""
    work = _Reading(reading)
    return Agreed(
        bands=work.bands(parts.get("bands")),
        scales=work.scales(parts.get("levels")),
        protocols=work.protocols(parts.get("protocols")),
        targets=work.targets(parts.get("targets")),
    )


class _Reading:
    """The agreements of one file being read."""

    def __init__(self, reading: "Reading") -> None:
        self.reading = reading

    def source(self, parts: Mapping[str, Node]) -> str:
        source = self.reading.text(parts.get("source"), "source")
        if "source" in parts and not source:
            self.reading.wrong(parts["source"], "source must not be empty")
        return source

    def once(self, lines: dict[str, int], name: str, what: str, node: Node) -> None:
        if name and name in lines:
            self.reading.wrong(node, f"{what} {name!r} is already on line {lines[name]}")
        lines.setdefault(name, line_of(node))

    # Bands

    def bands(self, node: Node | None) -> tuple[Band, ...]:
        found: list[Band] = []
        lines: dict[str, int] = {}
        for each in self.reading.some(node, "bands"):
            if found and not found[-1].when:
                self.reading.wrong(each, f"band {found[-1].name!r} fits all others already")
            parts = self.reading.mapping(each, "key", {"band", "when", "source"}, {"when"})
            name = self.reading.word(parts.get("band"), "band", longest=20)
            self.once(lines, name, "band", each)
            found.append(Band(name, self.when(parts.get("when")), self.source(parts)))
        if found and found[-1].when and node is not None:
            self.reading.wrong(node, "the last band has no when: it is for every other case")
        return tuple(found)

    def when(self, node: Node | None) -> tuple[Mapping[str, frozenset[object]], ...]:
        if node is None:
            return ()
        known = set(OF_THE_ABSENCE)
        each = self.reading.some(node, "conditions") if isinstance(node, SequenceNode) else [node]
        found = []
        for one in each:
            parts = self.reading.mapping(one, "condition of a band", known, known)
            found.append({name: self.reading.fitting(name, part) for name, part in parts.items()})
        return tuple(found)

    # Levels

    def scales(self, node: Node | None) -> dict[str, Scale]:
        if node is None:
            return {}
        parts = self.reading.mapping(node, "scale", {*SCALES, "source"}, set(SCALES))
        source = self.source(parts)
        return {of: Scale(of, self.levels(parts[of]), source) for of in SCALES if of in parts}

    def levels(self, node: Node) -> tuple[Level, ...]:
        found: list[Level] = []
        lines: dict[str, int] = {}
        for each in self.reading.some(node, "levels"):
            parts = self.reading.mapping(each, "key", {"level", "means"})
            word = self.reading.word(parts.get("level"), "level", longest=40)
            self.once(lines, word, "level", each)
            found.append(Level(word, self.reading.text(parts.get("means"), "means")))
        return tuple(found)

    # Protocols

    def protocols(self, node: Node | None) -> tuple[Protocol, ...]:
        found: list[Protocol] = []
        lines: dict[str, int] = {}
        for each in self.reading.some(node, "protocols"):
            parts = self.reading.mapping(each, "key", {"id", "name", "classes", "source"})
            id = self.reading.word(parts.get("id"), "id")
            self.once(lines, id, "protocol", each)
            classes = tuple(
                self.one_class(one) for one in self.reading.some(parts.get("classes"), "classes")
            )
            name = self.reading.text(parts.get("name"), "name")
            found.append(Protocol(id, name, classes, self.source(parts)))
        return tuple(found)

    def one_class(self, node: Node) -> Class:
        parts = self.reading.mapping(node, "key", {"counts_as", "category", "any"}, {"any"})
        stated = parts.get("category")
        each = [stated] if stated else []
        if isinstance(stated, SequenceNode) and stated.value:
            each = stated.value
        return Class(
            counts_as=self.reading.word(parts.get("counts_as"), "category", _CATEGORIES),
            category=frozenset(self.reading.word(one, "category", _CATEGORIES) for one in each),
            any=tuple(self.moment(one) for one in self.reading.some(parts.get("any"), "moments")),
        )

    def moment(self, node: Node) -> LongerThan | Past:
        known = {"longer_than", "past"}
        parts = self.reading.mapping(node, "moment", known, known)
        if len(parts) != 1:
            self.reading.wrong(node, 'a moment is {longer_than: {hours: 6}} or {past: "00:00"}')
        if "past" in parts:
            return Past(clock_of(self.reading, parts["past"]))
        return LongerThan(self.reading.duration(parts.get("longer_than")))

    # Targets

    def targets(self, node: Node | None) -> tuple[Target, ...]:
        found: list[Target] = []
        lines: dict[str, int] = {}
        bounds = {"at_least", "at_most"}
        for each in self.reading.some(node, "targets"):
            parts = self.reading.mapping(
                each, "key", {"figure", "how", "source", "by"} | bounds, bounds | {"by"}
            )
            if parts and not parts.keys() & bounds:
                self.reading.wrong(each, "a target has at_least, at_most or both")
            figure = self.reading.text(parts.get("figure"), "figure")
            if figure and not _FIGURE.match(figure):
                self.reading.wrong(parts["figure"], "a figure is named as report/figure")
            self.once(lines, figure, "target", each)
            found.append(
                Target(
                    figure=figure,
                    how=self.reading.text(parts.get("how"), "how"),
                    source=self.source(parts),
                    at_least=self.number(parts.get("at_least")),
                    at_most=self.number(parts.get("at_most")),
                    by=self.reading.day(parts.get("by")),
                )
            )
        return tuple(found)

    def number(self, node: Node | None) -> float | None:
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or not _NUMBER.match(str(node.value)):
            self.reading.wrong(node, "a target is a number, such as 90 or -7.5")
            return None
        return float(node.value)
