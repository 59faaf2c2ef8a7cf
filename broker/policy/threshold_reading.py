"""Thresholds from their YAML nodes: what is counted, about whom, and when it holds."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from types import MappingProxyType

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from broker.policy.facts import AGES
from broker.policy.model import (
    Basis,
    Count,
    Criterion,
    Exploitation,
    MissingFor,
    Overnight,
    ReferralBy,
    Threshold,
)
from broker.policy.nodes import Nodes, line_of
from schemas.child import Sex
from schemas.missing import Category
from schemas.threshold import About

_MOST = 1000
_LONGEST_WINDOW = 366
_LONGEST_ID = 80
_ABOUT = [str(about) for about in About if about is not About.unrecognised]
_CRITERIA = {"count", "overnight", "missing_for", "exploitation", "referral_by"}
_FLAGS = ("looked_after", "protection_plan", "open_to_social_work", "lives_in_home")
CONDITIONS = ("age", "sex", *_FLAGS)
_FUNCTION = re.compile(r"^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$")
_CLOCK = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


def values_asked(thresholds: Iterable[Threshold]) -> Mapping[str, frozenset[object]]:
    """What rules may ask about thresholds: which there are, and their steps."""
    thresholds = tuple(thresholds)
    if not thresholds:
        return {}
    return {
        "threshold": frozenset(one.id for one in thresholds),
        "step": frozenset(step for one in thresholds for step in one.steps),
    }


def read_thresholds(
    nodes: Nodes, node: Node | None, below: Iterable[Threshold] = ()
) -> tuple[Threshold, ...]:
    """The thresholds of a policy; `below` are those of the policy that it extends."""
    reading, lines = _Reading(nodes), {one.id: 0 for one in below}
    found = []
    for each in nodes.some(node, "thresholds"):
        one = reading.threshold(each)
        if one.id and one.id in lines:
            where = f"on line {lines[one.id]}" if lines[one.id] else "in the policy it extends"
            nodes.wrong(each, f"threshold {one.id!r} is already {where}")
        lines[one.id] = line_of(each)
        found.append(one)
    return tuple(found)


def ages(nodes: Nodes, node: Node) -> frozenset[object]:
    """Every year of age that fits, the last one too."""
    if not isinstance(node, MappingNode):
        nodes.wrong(node, "an age is written as {from: 10, to: 17}")
        return frozenset()
    parts = nodes.mapping(node, "key", {"from", "to"}, {"from", "to"})
    youngest = nodes.count(parts["from"], "from", 0) if "from" in parts else 0
    oldest = nodes.count(parts["to"], "to", 0) if "to" in parts else AGES[-1]
    if youngest > oldest:
        nodes.wrong(node, "age from is above age to")
    return frozenset(age for age in AGES if youngest <= age <= oldest)


def clock_of(nodes: Nodes, node: Node | None) -> time:
    """A time of day in London."""
    if node is None:
        return time()
    if not isinstance(node, ScalarNode) or not _CLOCK.match(str(node.value)):
        nodes.wrong(node, 'a time of day is written as "06:00"')
        return time()
    return time.fromisoformat(str(node.value))


def fitting(nodes: Nodes, name: str, node: Node) -> frozenset[object]:
    """What fits one condition on a child."""
    if name == "age":
        return ages(nodes, node)
    if name in _FLAGS:
        return frozenset({nodes.flag(node, name)})
    known = [str(sex) for sex in Sex]
    each = node.value if isinstance(node, SequenceNode) and node.value else [node]
    return frozenset(nodes.word(one, "sex", known) for one in each)


class _Reading:
    """One list of thresholds being read; mistakes are noted in the file's `Nodes`."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes

    def threshold(self, node: Node) -> Threshold:
        optional = {"about", "when", "basis"}
        parts = self.nodes.mapping(node, "key", {"id", "any", "source"} | optional, optional)
        source = self.nodes.text(parts.get("source"), "source")
        if "source" in parts and not source:
            self.nodes.wrong(parts["source"], "source must not be empty")
        return Threshold(
            id=self.nodes.word(parts.get("id"), "id", longest=_LONGEST_ID),
            any=tuple(self.criteria(parts.get("any"))),
            about=self.nodes.word(parts.get("about"), "about", _ABOUT) or "child",
            when=MappingProxyType(self.when(parts["when"]) if "when" in parts else {}),
            basis=self.nodes.choice(parts.get("basis"), "basis", Basis, Basis.local),
            source=source,
        )

    # What is counted

    def criteria(self, node: Node | None) -> Iterator[Criterion]:
        lengths = set()
        for each in self.nodes.some(node, "criteria"):
            parts = self.nodes.mapping(each, "criterion", _CRITERIA, _CRITERIA)
            if len(parts) != 1:
                self.nodes.wrong(each, f"a criterion is one of: {', '.join(sorted(_CRITERIA))}")
                continue
            ((name, part),) = parts.items()
            criterion = self.criterion(name, part)
            if isinstance(criterion, Count):
                lengths.add(len(criterion.steps))
                if len(lengths) > 1:
                    self.nodes.wrong(each, "counts of one threshold have the same number of steps")
            yield criterion

    def criterion(self, name: str, node: Node) -> Criterion:
        if name == "count":
            return self.count(node)
        if name == "overnight":
            parts = self.nodes.mapping(node, "key", {"from", "to"})
            starts, ends = (
                clock_of(self.nodes, parts.get("from")),
                clock_of(self.nodes, parts.get("to")),
            )
            if len(parts) == 2 and starts == ends:
                self.nodes.wrong(node, "overnight from and to are the same time")
            return Overnight(starts, ends)
        if name == "missing_for":
            return MissingFor(self.nodes.duration(node))
        if name == "referral_by":
            return ReferralBy(frozenset(map(self.function, self.nodes.some(node, "desks"))))
        if not self.nodes.flag(node, name):
            self.nodes.wrong(node, "exploitation is true, or left out")
        return Exploitation()

    def count(self, node: Node) -> Count:
        optional = {"steps", "at_least", "categories", "reported_to_police"}
        parts = self.nodes.mapping(node, "key", {"window"} | optional, optional)
        if parts and len(parts.keys() & {"steps", "at_least"}) != 1:
            self.nodes.wrong(node, "a count has steps or at_least")
        return Count(
            steps=self.steps(parts.get("steps"), parts.get("at_least")),
            days=self.window(parts.get("window")),
            categories=self.categories(parts.get("categories")),
            reported_to_police=self.nodes.flag_in(parts, "reported_to_police"),
        )

    def steps(self, steps: Node | None, at_least: Node | None) -> tuple[int, ...]:
        if at_least is not None:
            return (self.number(at_least, "at_least", _MOST),)
        found: list[int] = []
        for each in self.nodes.some(steps, "steps"):
            step = self.number(each, "step", _MOST)
            if found and step <= found[-1]:
                self.nodes.wrong(each, "the steps of a count rise")
            found.append(step)
        return tuple(found) or (1,)

    def window(self, node: Node | None) -> int | None:
        if node is None:
            return None
        parts = self.nodes.mapping(node, "window", {"days", "calendar"}, {"days", "calendar"})
        if len(parts) != 1:
            self.nodes.wrong(node, "a window is {days: 90} or {calendar: month}")
        if "calendar" in parts:
            self.nodes.word(parts["calendar"], "calendar", ["month"])
        return self.number(parts["days"], "days", _LONGEST_WINDOW) if "days" in parts else None

    def categories(self, node: Node | None) -> frozenset[str]:
        if node is None:
            return frozenset({"missing"})
        known = [str(one) for one in Category if one is not Category.unrecognised]
        each = node.value if isinstance(node, SequenceNode) and node.value else [node]
        return frozenset(self.nodes.word(one, "category", known) for one in each)

    def number(self, node: Node, what: str, most: int) -> int:
        number = self.nodes.count(node, what)
        if number > most:
            self.nodes.wrong(node, f"{what} is at most {most}")
        return number

    def function(self, node: Node) -> str:
        """A desk as it is called at whichever agency: `social-work`, `missing-unit`."""
        name = self.nodes.text(node, "desk")
        if name and not _FUNCTION.match(name):
            self.nodes.wrong(node, f"a desk is named like social-work, not {name!r}")
        return name

    # When it holds

    def when(self, node: Node) -> dict[str, frozenset[object]]:
        known = set(CONDITIONS)
        parts = self.nodes.mapping(node, "condition", known, known)
        return {name: fitting(self.nodes, name, part) for name, part in parts.items()}
