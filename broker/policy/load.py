"""
A policy from its YAML, or every mistake in it with file and line.

The YAML is plain: no tags and no anchors, so that what an officer reads is what holds.
"""

import difflib
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from enum import StrEnum
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from broker.errors import Misuse
from broker.policy.model import (
    Basis,
    Clock,
    Ladder,
    Owe,
    Policy,
    Rule,
    Situation,
    Start,
    Step,
    Tell,
    View,
)
from broker.policy.roles import ROLES, Whose
from schemas.answer import AnswerState
from schemas.iro_alert import IroEvent
from schemas.kinds import FROM_AGENCIES
from schemas.missing import Category, Outcome, ReturnStage, Risk
from schemas.values import AGENCY_KINDS, Choice

LARGEST = 1024 * 1024
_DEEPEST = 20
_LONGEST = timedelta(days=366)
_TAG = "tag:yaml.org,2002:"

# Answers that may meet a duty: of a person who acts, or of a machine that has it.
_ANSWERS = frozenset({str(AnswerState.acting), str(AnswerState.received)})

# What may be called binding only with the text at hand.
_READ = (Basis.law, Basis.statutory_guidance)

# A row of the domain table (T14), or the year of a document.
_NAMES_A_SOURCE = re.compile(r"\bT\d{1,2}[a-z]?\b|\b(?:19|20)\d\d\b")
_WORD = re.compile(r"^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$")

_Choice = TypeVar("_Choice", bound=StrEnum)


class PolicyFault(Misuse):
    """A policy is wrong: `problems` lists every mistake, each as `file:line: what is wrong`."""

    def __init__(self, problems: Collection[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def load(source: Path | str, name: str = "") -> Policy:
    """
    Read a policy from a file, or from text; `name` is what the problems call it.

    Raises a `PolicyFault` that lists everything that is wrong.
    """
    name = name or (source.name if isinstance(source, Path) else "policy")
    try:
        content = source.read_bytes() if isinstance(source, Path) else source.encode()
        text = content.decode()
    except (OSError, UnicodeError) as error:
        raise PolicyFault([f"{name}:1: cannot be read: {error}"]) from error
    if len(content) > LARGEST:
        raise PolicyFault([f"{name}:1: larger than {LARGEST} bytes"])
    reading = _Reading(name)
    policy = reading.policy(_tree(text, name), hashlib.sha256(content).hexdigest())
    if reading.found:
        raise PolicyFault(reading.problems())
    return policy


def shipped() -> Policy:
    """Read the policy that comes with Homeward: the national default of England."""
    text = resources.files("broker.policy").joinpath("england.yaml").read_text("utf-8")
    return load(text, "england.yaml")


def values_of(fact: str) -> frozenset[object]:
    """List the values that a field of `Situation` can have."""
    return _VALUES[fact]


def _or_none(choice: type[Choice]) -> frozenset[object]:
    return frozenset({str(member) for member in choice} | {""})


_VALUES: Mapping[str, frozenset[object]] = {
    **{fact.name: frozenset({True, False}) for fact in fields(Situation) if fact.type is bool},
    "kind": frozenset(FROM_AGENCIES),
    "sender": frozenset(AGENCY_KINDS),
    "category": _or_none(Category),
    "stage": _or_none(ReturnStage),
    "outcome": _or_none(Outcome),
    "risk": _or_none(Risk),
    "event": _or_none(IroEvent),
    "police_report": frozenset({"made", "not-yet", ""}),
    "identity": frozenset({"suspected", "contradiction", ""}),
    "nation": frozenset({"England", "Wales"}),
}


def _tree(text: str, name: str) -> Node:
    """The YAML as nodes that know their lines; what could make it explode is refused first."""
    yaml = YAML(typ="safe", pure=True)
    try:
        for line, problem in _dangers(yaml, text):
            raise PolicyFault([f"{name}:{line}: {problem}"])
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyFault([f"{name}:{line}: not YAML: {error.problem or error.context}"]) from error
    except (YAMLError, ValueError) as error:
        raise PolicyFault([f"{name}:1: not YAML: {str(error).splitlines()[0]}"]) from error
    if node is None:
        raise PolicyFault([f"{name}:1: empty"])
    return node


def _dangers(yaml: YAML, text: str) -> Iterator[tuple[int, str]]:
    depth = 0
    for event in yaml.parse(text):
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None):
            yield line, "anchors and aliases are not used here: write it out"
        if getattr(event, "tag", None):
            yield line, f"tags are not used here: {event.tag}"
        depth += type(event).__name__.endswith("StartEvent")
        depth -= type(event).__name__.endswith("EndEvent")
        if depth > _DEEPEST:
            yield line, "nested too deep"


def _like(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


class _Reading:
    """
    One policy being read: what is wrong is noted with its line, and reading goes on.

    What stands in for a wrong value does not matter, as no policy comes out then.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: set[tuple[int, str]] = set()
        self.ladders: dict[str, Ladder] = {}

    def problems(self) -> list[str]:
        return [f"{self.name}:{line}: {text}" for line, text in sorted(self.found)]

    def wrong(self, node: Node, text: str) -> None:
        self.found.add((_line(node), text))

    # A policy and its parts

    def policy(self, node: Node, digest: str) -> Policy:
        parts = self.mapping(
            node, "key", {"policy", "version", "nation", "valid", "ladders", "rules"}, {"ladders"}
        )
        self.ladders = self.all_ladders(parts.get("ladders"))
        valid_from, valid_to = self.validity(parts.get("valid"))
        rules = tuple(self.rules(parts.get("rules")))
        return Policy(
            version=self.version(parts.get("policy"), parts.get("version")),
            nation=self.word(parts.get("nation"), "nation", _VALUES["nation"]),
            valid_from=valid_from,
            valid_to=valid_to,
            rules=rules,
            ladders=MappingProxyType(self.ladders),
            digest=digest,
            by_kind=MappingProxyType(_by_kind(rules)),
        )

    def version(self, policy: Node | None, version: Node | None) -> str:
        """The version starts with the policy's name, as it is cited alone."""
        name, cited = self.word(policy, "policy"), self.word(version, "version")
        if version and name and cited and not cited.startswith(f"{name}-"):
            self.wrong(version, f"version must start with {name + '-'!r}")
        return cited

    def validity(self, node: Node | None) -> tuple[date, date | None]:
        if node is None:
            return date.min, None
        parts = self.mapping(node, "key", {"from", "to"}, {"to"})
        first = self.day(parts.get("from")) or date.min
        last = self.day(parts.get("to"))
        if last and last < first:
            self.wrong(parts["to"], "valid to lies before valid from")
        return first, last

    def all_ladders(self, node: Node | None) -> dict[str, Ladder]:
        if node is None:
            return {}
        return {name: self.one_ladder(name, part) for name, part in self.pairs(node)}

    def one_ladder(self, name: str, node: Node) -> Ladder:
        parts = self.mapping(node, "key", {"day", "night"})
        return Ladder(name, self.steps(parts.get("day")), self.steps(parts.get("night")))

    def steps(self, node: Node | None) -> tuple[Step, ...]:
        steps: list[Step] = []
        for each in self.some(node, "steps"):
            parts = self.mapping(each, "key", {"role", "after"})
            step = Step(
                self.duration(parts.get("after"), zero=True), self.role(parts.get("role"), "climbs")
            )
            if step.role and step.role in (before.role for before in steps):
                self.wrong(each, f"role {step.role!r} is on the ladder twice")
            if steps and step.after < steps[-1].after:
                self.wrong(each, "the steps of a ladder are in order of time")
            steps.append(step)
        return tuple(steps)

    def rules(self, node: Node | None) -> Iterator[Rule]:
        ids: dict[str, int] = {}
        for each in self.some(node, "rules"):
            parts = self.mapping(
                each,
                "key",
                {"id", "when", "tell", "owe", "basis", "source"},
                {"tell", "owe"},
            )
            name = self.word(parts.get("id"), "id")
            if name and name in ids:
                self.wrong(parts["id"], f"rule {name!r} is already on line {ids[name]}")
            ids.setdefault(name, _line(each))
            yield from self.rule(each, name, parts)

    def rule(self, node: Node, name: str, parts: Mapping[str, Node]) -> Iterator[Rule]:
        """One rule for each of its alternatives, all of one id."""
        if "tell" not in parts and "owe" not in parts:
            self.wrong(node, f"rule {name!r} tells nobody and nobody owes anything")
        alternatives = list(self.alternatives(parts.get("when")))
        tell = self.tells(parts.get("tell"))
        owe = self.owes(parts.get("owe"), alternatives)
        self.asked(parts, tell, owe)
        basis = self.choice(parts.get("basis"), "basis", Basis, Basis.local)
        source = self.source(parts.get("source"), basis)
        for when in alternatives:
            yield Rule(name, MappingProxyType(when), tell, owe, basis, source)

    def asked(
        self, parts: Mapping[str, Node], tell: tuple[Tell, ...], owe: tuple[Owe, ...]
    ) -> None:
        """A clock that starts when a delivery is sent needs that delivery."""
        told = {each.role for each in tell}
        for one in owe:
            if one.clock.starts is Start.sent and one.owed_by and one.owed_by not in told:
                self.wrong(
                    parts["owe"],
                    f"duty {one.duty!r} starts when sent, but {one.owed_by!r} is told nothing here",
                )

    def source(self, node: Node | None, basis: Basis) -> str:
        source = self.text(node, "source")
        if node and not source:
            self.wrong(node, "source must not be empty")
        elif node and basis in _READ and not _NAMES_A_SOURCE.search(source):
            self.wrong(
                node, f"basis {basis}: source must name a row (T14) or a document with its year"
            )
        return source

    # When

    def alternatives(self, node: Node | None) -> Iterator[dict[str, frozenset[object]]]:
        many = isinstance(node, SequenceNode)
        for each in self.some(node, "conditions") if many else [node]:
            if each is not None:
                yield self.when(each)

    def when(self, node: Node) -> dict[str, frozenset[object]]:
        parts = self.mapping(node, "condition", set(_VALUES), set(_VALUES) - {"kind"})
        return {name: self.fitting(name, part) for name, part in parts.items()}

    def fitting(self, fact: str, node: Node) -> frozenset[object]:
        if isinstance(node, MappingNode):
            refused = self.mapping(node, "key", {"not"}).get("not")
            fitting = _VALUES[fact] - (self.listed(fact, refused) if refused else frozenset())
        else:
            fitting = self.listed(fact, node)
        if not fitting:
            self.wrong(node, f"nothing fits {fact!r}")
        return fitting

    def listed(self, fact: str, node: Node) -> frozenset[object]:
        each = node.value if isinstance(node, SequenceNode) else [node]
        if True in _VALUES[fact]:
            return frozenset(self.flag(one, fact) for one in each)
        return frozenset(self.word(one, fact, _VALUES[fact]) for one in each)

    # Tell

    def tells(self, node: Node | None) -> tuple[Tell, ...]:
        tells: list[Tell] = []
        for each in self.some(node, "recipients") if node else []:
            tell = self.tell(each)
            if tell.role and tell.role in (before.role for before in tells):
                self.wrong(each, f"role {tell.role!r} is told twice in one rule")
            tells.append(tell)
        return tuple(tells)

    def tell(self, node: Node) -> Tell:
        if isinstance(node, ScalarNode):
            return Tell(self.role(node, "told"))
        optional = {"view", "wakes", "as_kind"}
        parts = self.mapping(node, "key", {"role"} | optional, optional)
        return Tell(
            role=self.role(parts.get("role"), "told"),
            view=self.choice(parts.get("view"), "view", View, View.full),
            wakes=self.flag(parts["wakes"], "wakes") if "wakes" in parts else False,
            as_kind=self.word(parts.get("as_kind"), "as_kind", _VALUES["kind"]),
        )

    # Owe

    def owes(
        self, node: Node | None, alternatives: list[dict[str, frozenset[object]]]
    ) -> tuple[Owe, ...]:
        stated = frozenset[object]({True})
        always_stated = all(when.get("review_stated") == stated for when in alternatives)
        owes: list[Owe] = []
        for each in self.some(node, "duties") if node else []:
            owe = self.owe(each, always_stated)
            if (owe.duty, owe.owed_by) in ((before.duty, before.owed_by) for before in owes):
                self.wrong(each, f"{owe.owed_by!r} owes {owe.duty!r} twice in one rule")
            owes.append(owe)
        return tuple(owes)

    def owe(self, node: Node, always_stated: bool) -> Owe:
        optional = {"ladder", "ends_with_absence"}
        parts = self.mapping(
            node, "key", {"duty", "owed_by", "clock", "met_by"} | optional, optional
        )
        ends = parts.get("ends_with_absence")
        return Owe(
            duty=self.word(parts.get("duty"), "duty"),
            owed_by=self.role(parts.get("owed_by"), "owes"),
            clock=self.clock(parts.get("clock"), always_stated),
            met_by=tuple(self.meeting(each) for each in self.some(parts.get("met_by"), "met_by")),
            ladder=self.word(parts.get("ladder"), "ladder", self.ladders),
            ends_with_absence=self.flag(ends, "ends_with_absence") if ends else True,
        )

    def clock(self, node: Node | None, always_stated: bool) -> Clock:
        if node is None:
            return Clock(Start.accepted)
        optional = {"within", "working_days", "high"}
        parts = self.mapping(node, "key", {"starts"} | optional, optional)
        starts = self.choice(parts.get("starts"), "starts", Start, Start.accepted)
        within = self.duration(parts["within"]) if "within" in parts else None
        days = self.working_days(parts.get("working_days"))
        high = self.duration(parts["high"]) if "high" in parts else None
        if within is not None and days is not None:
            self.wrong(node, "a clock has within or working_days, not both")
        # A time that is always stated is the due time, and needs no other.
        if within is None and days is None and not (starts is Start.stated and always_stated):
            self.wrong(node, "a clock has within or working_days")
        if high is not None and (within is None or high >= within):
            self.wrong(parts["high"], "high must be shorter than within")
        return Clock(starts, within, days, high)

    def meeting(self, node: Node) -> str:
        """What ends a duty: an answer, a kind, `kind:field` or `kind:field=value`."""
        said = self.text(node, "met_by")
        kind, _, condition = said.partition(":")
        kinds = set(FROM_AGENCIES) - {"answer"}
        if said in _ANSWERS or not said:
            return said
        if kind not in kinds:
            self.wrong(node, f"unknown answer or kind {kind!r}{_like(kind, kinds | _ANSWERS)}")
        elif condition or said.endswith(":"):
            self.stated(node, FROM_AGENCIES[kind], condition)
        return said

    def stated(self, node: Node, model: type[BaseModel], condition: str) -> None:
        path, asked, value = condition.partition("=")
        *way, last = path.split(".")
        inner: type[BaseModel] | None = model
        for name in way:
            inner = _part(inner, name, BaseModel) if inner else None
        if inner is None or last not in inner.model_fields:
            known = inner.model_fields if inner else {}
            self.wrong(node, f"{model.__name__} has no field {path!r}{_like(last, known)}")
            return
        choice = _part(inner, last, Choice)
        if asked and value not in (words := [str(word) for word in choice or ()]):
            self.wrong(node, f"unknown {path} {value!r}{_like(value, words)}")

    def role(self, node: Node | None, use: str) -> str:
        """A role that makes sense there: a ladder climbs to one desk, and one desk owes."""
        name = self.word(node, "role", ROLES)
        role = ROLES.get(name)
        if node is None or role is None:
            return name
        if use != "climbs" and role.whose is Whose.owner:
            self.wrong(node, f"role {name!r} has a meaning on a ladder only")
        elif use != "told" and not role.is_one_desk:
            self.wrong(node, f"role {name!r} is many: here one desk is named")
        return name

    # Small things

    def pairs(self, node: Node) -> list[tuple[str, Node]]:
        """The keys and values of a mapping, each key once."""
        if not isinstance(node, MappingNode):
            self.wrong(node, "here keys with values are expected")
            return []
        seen: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if not name:
                self.wrong(key, "a key is a word")
            elif name in seen:
                self.wrong(key, f"{name!r} is here twice")
            else:
                seen[name] = value
        return list(seen.items())

    def mapping(
        self, node: Node, what: str, known: set[str], optional: Collection[str] = ()
    ) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            self.wrong(node, f"here a mapping is expected, with: {', '.join(sorted(known))}")
            return {}
        parts = dict(self.pairs(node))
        lines = {str(key.value): key for key, _ in node.value}
        for name in parts.keys() - known:
            self.wrong(lines[name], f"unknown {what} {name!r}{_like(name, known)}")
        for name in sorted(known - set(optional) - parts.keys()):
            self.wrong(node, f"{name!r} is missing")
        return {name: part for name, part in parts.items() if name in known}

    def some(self, node: Node | None, what: str) -> list[Node]:
        """The items of a list that is not empty; a missing one was noted where it is missing."""
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.wrong(node, f"here a list of {what} is expected")
            return []
        if not node.value:
            self.wrong(node, f"the list of {what} is empty")
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str:
        if node is None:
            return ""
        if not _is(node, "str"):
            self.wrong(node, f"{what} must be a text, not {_shown(node)}")
            return ""
        return str(node.value).strip()

    def word(self, node: Node | None, what: str, known: Collection[object] = ()) -> str:
        """A word, and one of those known where they are given."""
        before = len(self.found)
        word = self.text(node, what)
        if node is None or len(self.found) > before:
            return ""
        if known and word not in known:
            self.wrong(node, f"unknown {what} {word!r}{_like(word, [str(one) for one in known])}")
            return ""
        if not known and not _WORD.match(word):
            self.wrong(node, f"{what} must be a word in small letters, not {word!r}")
        return word

    def choice(
        self, node: Node | None, what: str, choice: type[_Choice], default: _Choice
    ) -> _Choice:
        word = self.word(node, what, [str(one) for one in choice])
        return choice(word) if word else default

    def flag(self, node: Node, what: str) -> bool:
        word = str(node.value).lower() if _is(node, "bool") else ""
        if word not in ("true", "false"):
            self.wrong(node, f"{what} must be true or false, not {_shown(node)}")
        return word == "true"

    def count(self, node: Node, what: str, least: int = 1) -> int:
        number = re.fullmatch(r"[0-9]{1,6}", str(node.value)) if _is(node, "int") else None
        if not number or int(number[0]) < least:
            self.wrong(node, f"{what} must be a whole number from {least}, not {_shown(node)}")
            return least
        return int(number[0])

    def working_days(self, node: Node | None) -> int | None:
        return None if node is None else self.count(node, "working_days")

    def duration(self, node: Node | None, zero: bool = False) -> timedelta:
        if node is None:
            return timedelta()
        if not isinstance(node, MappingNode):
            self.wrong(node, f"a duration is written as {{minutes: 30}}, not {_shown(node)}")
            return timedelta()
        units = {"minutes", "hours", "days"}
        parts = self.mapping(node, "unit", units, units)
        if not parts:
            self.wrong(node, "a duration is written as {minutes: 30}, {hours: 72} or {days: 1}")
        least = 0 if zero else 1
        length = timedelta(**{name: self.count(part, name, least) for name, part in parts.items()})
        if length > _LONGEST:
            self.wrong(node, f"a duration is at most {_LONGEST.days} days")
        return length

    def day(self, node: Node | None) -> date | None:
        if node is None:
            return None
        try:
            return date.fromisoformat(str(node.value))
        except ValueError:
            self.wrong(node, f"a day is written as 2026-01-31, not {_shown(node)}")
            return None


def _is(node: Node, type: str) -> bool:
    return isinstance(node, ScalarNode) and node.tag == f"{_TAG}{type}"


def _shown(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return repr(str(node.value))
    return "a list" if isinstance(node, SequenceNode) else "a mapping"


_Part = TypeVar("_Part")


def _part(model: type[BaseModel], name: str, kind: type[_Part]) -> type[_Part] | None:
    """The model or the list of choices that a field holds, where it holds one of that kind."""
    info = model.model_fields.get(name)
    annotation = info.annotation if info else None
    for each in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(each, type) and issubclass(each, kind):
            return each
    return None


def _by_kind(rules: tuple[Rule, ...]) -> dict[str, tuple[Rule, ...]]:
    return {
        kind: tuple(rule for rule in rules if kind in rule.when.get("kind", ()))
        for kind in sorted({str(kind) for rule in rules for kind in rule.when.get("kind", ())})
    }
