"""Policies from files: one, with what it extends, or those of every nation that are shipped."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from broker.policy.model import Policies, Policy
from broker.policy.nodes import PolicyFault, like, tree
from broker.policy.reading import Reading, digest_of

_SHIPPED = ("england", "wales")
_LONGEST_CHAIN = 3


def load(source: Path | str, name: str = "") -> Policy:
    """
    Read a policy from a file, or from text; `name` is what the problems call it.

    What it extends is one that is shipped, or lies beside the file. Raises a `PolicyFault` that
    lists everything that is wrong.
    """
    if isinstance(source, str):
        return _read(_Source(name or "policy", source.encode()), ())
    return _read(_at(source, name or source.name), ())


@cache
def shipped() -> Policies:
    """Read the policies that come with Homeward: the national defaults of England and Wales."""
    return together(_read(_shipped(name), ()) for name in _SHIPPED)


def together(policies: Iterable[Policy]) -> Policies:
    """Put the policies of several nations together; of one nation the last one counts."""
    of_nation = {policy.nation: policy for policy in policies}
    each = {nation: of_nation[nation] for nation in sorted(of_nation)}
    return Policies(
        each=MappingProxyType(each),
        digest=digest_of(*(policy.digest for policy in each.values())),
        version="+".join(policy.version for policy in each.values()),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of a policy: what problems call it, and where it lies, if it is a file."""

    name: str
    content: bytes
    place: Traversable | None = None


def _read(source: _Source, above: tuple[str, ...]) -> Policy:
    """Read one policy; `above` are the files that extend it, the outermost first."""
    chain = (*above, str(source.place or source.name))

    def find(name: str) -> Policy:
        if len(chain) > _LONGEST_CHAIN:
            raise LookupError(f"at most {_LONGEST_CHAIN} policies are extended one through another")
        below = _below(name, source)
        if str(below.place) in chain:
            raise LookupError(f"policy {name!r} would extend itself")
        return _read(below, chain)

    reading = Reading(source.name, find)
    node = tree(source.content, source.name)
    policy = reading.policy(node, hashlib.sha256(source.content).hexdigest())
    if reading.found:
        raise PolicyFault(reading.problems())
    return policy


def _below(name: str, source: _Source) -> _Source:
    """The policy of that name: a shipped one, so that nobody takes its name, or one beside it."""
    if name in _SHIPPED:
        return _shipped(name)
    if isinstance(source.place, Path):
        beside = source.place.with_name(f"{name}.yaml")
        if beside.is_file():
            return _at(beside, beside.name)
    raise LookupError(f"there is no policy {name!r} to extend{like(name, _SHIPPED)}")


def _shipped(name: str) -> _Source:
    return _at(resources.files("broker.policy").joinpath(f"{name}.yaml"), f"{name}.yaml")


def _at(place: Traversable, name: str) -> _Source:
    try:
        place = place.resolve() if isinstance(place, Path) else place
        return _Source(name, place.read_bytes(), place)
    except OSError as error:
        raise PolicyFault([f"{name}:1: cannot be read: {error}"]) from error
