"""The words that letters and forms are made of: as shipped, or as a council changed them."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from broker.errors import Misuse

# What words may name; what a recipient may not see is never put in.
FIELDS = frozenset(
    {"child", "responsible", "host", "home", "starts", "ends", "happened", "sender", "recipient"}
)
_OWN_FIELDS = {
    "words.born_in": frozenset({"year"}),
    "words.telephone": frozenset({"number"}),
}
_PLAIN = ("words", "stages", "adcs_stages", "distances", "items", "sections")


@dataclass(frozen=True, slots=True)
class Words:
    """Words by where they stand in the file: `letters.new.title`."""

    _by_place: Mapping[str, str]
    _codes: Mapping[str, str]

    @staticmethod
    @cache
    def shipped() -> "Words":
        """Read the words that come with Homeward, once."""
        codes = dict(_flat(_parsed(_shipped_text("ssda903.yaml"), "ssda903.yaml"), "ssda903.yaml"))
        text = _shipped_text("letters.yaml")
        return Words(dict(_flat(_parsed(text, "letters.yaml"), "letters.yaml")), codes)

    def changed(self, text: str, name: str) -> "Words":
        """
        These words with those of a file of the same shape in their place.

        `Misuse` where the file names a place there is not, or a field that words may not say.
        """
        own = dict(_flat(_parsed(text, name), name))
        for place, words in own.items():
            self._check(place, words, name)
        return Words({**self._by_place, **own}, self._codes)

    def __call__(self, place: str, **fields: str) -> str:
        """The words of a place, with the fields that they name put in."""
        return Template(self._by_place[place]).substitute(fields)

    def has(self, place: str) -> bool:
        return place in self._by_place

    def meaning(self, of: str, code: str) -> str:
        """A code of the SSDA903 return with what it means: `C2: full care order`."""
        known = self._codes.get(f"{of}.{code}")
        return f"{code}: {known}" if known else code

    def _check(self, place: str, words: str, name: str) -> None:
        if place not in self._by_place:
            near = difflib.get_close_matches(place, self._by_place, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise Misuse(f"{name}: there are no words called {place}{hint}")
        template, allowed = Template(words), _allowed(place)
        if not template.is_valid():
            raise Misuse(f"{name}: {place} has a $ that names nothing: write $$ for a dollar sign")
        for field in template.get_identifiers():
            if field not in allowed:
                listed = ", ".join(f"${each}" for each in sorted(allowed)) or "no field"
                raise Misuse(f"{name}: {place} may say {listed}, and not ${field}")


def _allowed(place: str) -> frozenset[str]:
    if place in _OWN_FIELDS:
        return _OWN_FIELDS[place]
    return frozenset() if place.startswith(tuple(f"{part}." for part in _PLAIN)) else FIELDS


def _flat(node: Any, name: str, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _flat(inner, name, f"{place}.{key}" if place else str(key))
    elif isinstance(node, str) and place:
        yield place, " ".join(node.split())
    else:
        where = place or "the file"
        raise Misuse(f"{name}: {where} must be words; put them in quotes if they look like more")


def _parsed(text: str, name: str) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Misuse(f"{name} is not YAML: {line}{error.problem}") from None
    except (YAMLError, ValueError, RecursionError):
        raise Misuse(f"{name} is not YAML") from None


def _shipped_text(name: str) -> str:
    return resources.files("broker").joinpath("data", name).read_text("utf-8")
