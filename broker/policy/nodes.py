"""
YAML as nodes that know their lines, and what is wrong in it, each mistake with file and line.

The YAML is plain: no tags and no anchors, so that what an officer reads is what holds.
"""

import difflib
import re
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.parser import Parser

from broker.errors import Misuse

LARGEST = 1024 * 1024
_DEEPEST = 20
_LONGEST = timedelta(days=366)
_TAG = "tag:yaml.org,2002:"
_WORD = re.compile(r"^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$")

_Choice = TypeVar("_Choice", bound=StrEnum)


class PolicyFault(Misuse):
    """A policy is wrong: `problems` lists every mistake, each as `file:line: what is wrong`."""

    def __init__(self, problems: Collection[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@lru_cache(maxsize=2)  # a policy is read for itself, and again for each one that extends it
def tree(content: bytes, name: str) -> Node:
    """Compose the nodes of a file; what could make them explode is refused on the way."""
    if len(content) > LARGEST:
        raise PolicyFault([f"{name}:1: larger than {LARGEST} bytes"])
    yaml = YAML(typ="safe", pure=True)
    yaml.Parser = _Plain
    try:
        node: Node | None = yaml.compose(content.decode())
    except UnicodeError as error:
        raise PolicyFault([f"{name}:1: cannot be read: {error}"]) from error
    except _Danger as danger:
        raise PolicyFault([f"{name}:{danger.line}: {danger}"]) from danger
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PolicyFault([f"{name}:{line}: not YAML: {error.problem or error.context}"]) from error
    except (YAMLError, ValueError) as error:
        raise PolicyFault([f"{name}:1: not YAML: {str(error).splitlines()[0]}"]) from error
    if node is None:
        raise PolicyFault([f"{name}:1: empty"])
    return node


class _Danger(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class _Plain(Parser):
    """A parser that stops at what a policy does not need, before anything is built of it."""

    depth = 0

    def get_event(self) -> Event:
        event: Event = super().get_event()
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None):
            raise _Danger(line, "anchors and aliases are not used here: write it out")
        if tag := getattr(event, "tag", None):
            raise _Danger(line, f"tags are not used here: {tag}")
        self.depth += type(event).__name__.endswith("StartEvent")
        self.depth -= type(event).__name__.endswith("EndEvent")
        if self.depth > _DEEPEST:
            raise _Danger(line, "nested too deep")
        return event


def like(word: str, known: Collection[str]) -> str:
    """Suggest the known word that was perhaps meant."""
    near = difflib.get_close_matches(word, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def line_of(node: Node) -> int:
    """Tell the line a node starts on."""
    return int(node.start_mark.line) + 1


class Nodes:
    """
    A file being read: what is wrong is noted with its line, and reading goes on.

    What stands in for a wrong value does not matter, as nothing comes out then.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: set[tuple[int, str]] = set()

    def problems(self) -> list[str]:
        return [f"{self.name}:{line}: {text}" for line, text in sorted(self.found)]

    def wrong(self, node: Node, text: str) -> None:
        self.found.add((line_of(node), text))

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
            self.wrong(lines[name], f"unknown {what} {name!r}{like(name, known)}")
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

    def word(
        self, node: Node | None, what: str, known: Collection[object] = (), longest: int = 80
    ) -> str:
        """A word, and one of those known where they are given."""
        before = len(self.found)
        word = self.text(node, what)
        if node is None or len(self.found) > before:
            return ""
        if known:
            return self.among(node, what, word, [str(one) for one in known])
        if not known and not _WORD.match(word):
            self.wrong(node, f"{what} must be a word in small letters, not {word!r}")
            return ""
        if len(word) > longest:
            self.wrong(node, f"{what} is at most {longest} letters long")
        return word

    def among(self, node: Node, what: str, said: str, known: Collection[str]) -> str:
        """What was said, where it is one of those known."""
        if said and said not in known:
            self.wrong(node, f"unknown {what} {said!r}{like(said, known)}")
            return ""
        return said

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

    def flag_in(self, parts: Mapping[str, Node], name: str, default: bool = False) -> bool:
        return self.flag(parts[name], name) if name in parts else default

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
