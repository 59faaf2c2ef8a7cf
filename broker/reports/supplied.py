"""
What agencies supply beside their messages, for one report: a file in YAML, written by hand.

Targets, the places in a cohort, homes that agreed to be named, figures that no message carries.
What is not supplied is shown as that, and never as 0.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from broker.errors import Misuse


def read(path: Path) -> Mapping[str, Any]:
    """Read such a file; `Misuse` says what is wrong, and in which line."""
    try:
        said: Any = YAML(typ="rt", pure=True).load(path.read_text("utf-8"))
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is no text: save it as UTF-8") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Misuse(f"{path}:{line}: this is no YAML: {error.problem}") from error
    if said is None:
        return {}
    if not isinstance(said, CommentedMap):
        raise Misuse(f"{path}:1: write `name: value` lines, as {_NAMES}")
    for name, value in said.items():
        line = said.lc.key(name)[0] + 1
        if name not in _CHECKS:
            raise Misuse(f"{path}:{line}: {name} is not supplied to any report: choose of {_NAMES}")
        check, like = _CHECKS[name]
        if not check(value):
            raise Misuse(f"{path}:{line}: {name} is written like this: {like}")
    return dict(said)


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _each(value: Any, check: Callable[[Any], bool]) -> bool:
    return isinstance(value, Mapping) and all(map(check, value.values()))


def _count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _figures(value: Any) -> bool:
    """Counts that no message carries, each with where it is from."""
    return _each(
        value,
        lambda one: (
            isinstance(one, Mapping)
            and _count(one.get("count"))
            and ("of" not in one or _number(one["of"]))
            and one.keys() <= {"count", "of", "method", "source", "collected"}
        ),
    )


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _monthly(value: Any) -> bool:
    """Counts by month, with where they are from; a month that is not known is left out."""
    return _each(
        value,
        lambda one: (
            isinstance(one, Mapping)
            and one.keys() == {"source", "months"}
            and isinstance(one["source"], str)
            and _each(one["months"], _count)
            and all(_MONTH.fullmatch(str(month)) for month in one["months"])
        ),
    )


_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_Check = tuple[Callable[[Any], bool], str]
_CHECKS: Mapping[str, _Check] = {
    "top": (_number, "top: 15"),
    "hot_spot_from": (_number, "hot_spot_from: 5"),
    "targets": (lambda value: _each(value, _count), "targets: {episodes: 40, children: 20}"),
    "figures": (
        _figures,
        "figures: {units-told: {count: 9, of: 12, method: rung up, source: Llamau, "
        "collected: 2026-09-30}}",
    ),
    "monthly": (
        _monthly,
        "monthly: {missing from education: {source: Education Welfare, months: {2026-07: 12}}}",
    ),
    "identify_homes": (
        lambda value: _each(value, lambda day: isinstance(day, date)),
        "identify_homes: {provider.SC999001: 2026-04-01}",
    ),
    "sample": (_number, "sample: 70"),
    "seed": (lambda value: isinstance(value, int), "seed: 2013"),
    "earlier_caf": (_names, "earlier_caf: [pseudonym, pseudonym]"),
    "orientation": (
        lambda value: _each(value, _number),
        "orientation: {heterosexual: 30, lesbian-gay-or-bisexual: 7, not-said: 33}",
    ),
}
_NAMES = ", ".join(_CHECKS)
