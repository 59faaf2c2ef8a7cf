"""
Policies from files: one, with what it extends; those of every nation that are shipped; and the
overlays that lie in a folder, together with these.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from broker.policy.conflicts import conflicts
from broker.policy.model import Policy
from broker.policy.nodes import PolicyFault, like, tree
from broker.policy.overlay import Overlay
from broker.policy.overlay_reading import OverlayReading
from broker.policy.policies import Policies
from broker.policy.reading import Reading, digest_of

_SHIPPED = ("england", "wales")
_LONGEST_CHAIN = 3
_LONGEST_VERSION = 80  # what the ledger has room for


def load(source: Path | str, name: str = "") -> Policy:
    """
    Read a policy from a file, or from text; `name` is what the problems call it.

    What it extends is one that is shipped, or lies beside the file. Raises a `PolicyFault` that
    lists everything that is wrong.
    """
    found = load_any(source, name)
    if isinstance(found, Overlay):
        raise PolicyFault([f"{found.file}:1: this is an overlay: here a policy is expected"])
    return found


def load_overlay(source: Path | str, name: str = "") -> Overlay:
    """Read an overlay in the same way."""
    found = load_any(source, name)
    if isinstance(found, Policy):
        raise PolicyFault([f"{name or source}:1: this is a policy: here an overlay is expected"])
    return found


def load_any(source: Path | str, name: str = "") -> Policy | Overlay:
    """Read whichever of the two it is."""
    if isinstance(source, str):
        return _read(_Source(name or "policy", source.encode()), ())
    return _read(_at(source, name or source.name), ())


@cache
def shipped() -> Policies:
    """Read the policies that come with Homeward: the national defaults of England and Wales."""
    return together(_shipped_policy(name) for name in _SHIPPED)


def schemes() -> tuple[str, ...]:
    """The names of the overlays that come with Homeward and count nowhere until one is chosen."""
    return tuple(sorted(one.name.removesuffix(".yaml") for one in _schemes().iterdir()))


def scheme(name: str) -> Overlay:
    """Read one of them. Raises a `LookupError` that names what may be meant."""
    if name not in schemes():
        hint = like(name, schemes()) or ": `homeward policy schemes` lists those there are"
        raise LookupError(f"there is no scheme {name!r}{hint}")
    file = f"{name}.yaml"
    found = _read(_at(_schemes().joinpath(file), file), ())
    assert isinstance(found, Overlay)
    return found


def scheme_text(name: str) -> str:
    """Its file, as it stands."""
    return _schemes().joinpath(f"{name}.yaml").read_text("utf-8")


def _schemes() -> Traversable:
    return resources.files("broker.policy").joinpath("schemes")


def with_folder(folder: Path) -> Policies:
    """What is shipped, with every overlay of a folder; one that is not there is empty."""
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    return with_overlays(shipped(), _all(_at(file, file.name) for file in files))


def of_texts(texts: Mapping[str, str]) -> Policies:
    """Read policies again from the texts they were read from before (`Policies.files`)."""
    among = {name: text.encode() for name, text in texts.items()}
    sources = [_Source(name, content, None, among) for name, content in sorted(among.items())]
    # National texts that others are laid upon are among them; each nation's last word counts.
    national = [one for one in sources if not _is_overlay(tree(one.content, one.name))]
    policies = together(_national(one) for one in national)
    return with_overlays(policies, _all(one for one in sources if one not in national))


def together(policies: Iterable[Policy]) -> Policies:
    """Put the policies of several nations together; of one nation the last one counts."""
    of_nation = {policy.nation: policy for policy in policies}
    each = {nation: of_nation[nation] for nation in sorted(of_nation)}
    return Policies(
        each=MappingProxyType(each),
        digest=digest_of(*(policy.digest for policy in each.values())),
        version="+".join(policy.version for policy in each.values()),
        files=MappingProxyType(_merged(policy.files for policy in each.values())),
    )


def with_overlays(policies: Policies, overlays: Iterable[Overlay]) -> Policies:
    """
    Lay overlays upon the policies of the nations, in the order of their versions.

    Raises a `PolicyFault` where two of them cannot both hold.
    """
    ordered = sorted(overlays, key=lambda one: (one.version, one.file))
    if not ordered:
        return policies
    if found := conflicts(ordered):
        raise PolicyFault(found)
    digest = digest_of(policies.digest, *(one.digest for one in ordered))
    return Policies(
        each=policies.each,
        digest=digest,
        version=_version([policies.version, *(one.version for one in ordered)], digest),
        overlays=tuple(ordered),
        files=MappingProxyType(_merged([policies.files, *(one.files for one in ordered)])),
    )


def with_one(policies: Policies, overlay: Overlay) -> Policies:
    """Lay one overlay upon policies, in place of another of its name."""
    others = (one for one in policies.overlays if one.name != overlay.name)
    national = together(policies.each.values())
    return with_overlays(national, (*others, overlay))


def _version(versions: list[str], digest: str) -> str:
    whole = "+".join(versions)
    if len(whole) <= _LONGEST_VERSION:
        return whole
    return f"{whole[: _LONGEST_VERSION - 14]}..{digest[:12]}"


def _merged(each: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {name: text for files in each for name, text in files.items()}


@dataclass(frozen=True, slots=True)
class _Source:
    """
    The text of a policy: what problems call it, and where it lies, if it is a file.

    `among` are the texts of those it may extend, where they do not lie in files.
    """

    name: str
    content: bytes
    place: Traversable | None = None
    among: Mapping[str, bytes] | None = None


def _all(sources: Iterable[_Source]) -> list[Overlay]:
    """Read overlays; a `PolicyFault` lists what is wrong in any of them."""
    overlays: list[Overlay] = []
    problems: list[str] = []
    for source in sources:
        try:
            if source.among is None and source.name in _names():
                raise PolicyFault([f"{source.name}:1: a shipped policy is called so: rename it"])
            found = _read(source, ())
            if isinstance(found, Overlay):
                overlays.append(found)
            else:
                problems.append(
                    f"{source.name}:1: this is the policy of a nation, and those are shipped: "
                    "write it as an overlay"
                )
        except PolicyFault as fault:
            problems += fault.problems
    if problems:
        raise PolicyFault(list(dict.fromkeys(problems)))
    return overlays


def _names() -> frozenset[str]:
    return frozenset(f"{name}.yaml" for name in _SHIPPED)


def _national(source: _Source) -> Policy:
    found = _read(source, ())
    assert isinstance(found, Policy)
    return found


def _is_overlay(node: Node) -> bool:
    """By its first words; a file that says neither is read as a policy, and is told what lacks."""
    pairs = node.value if isinstance(node, MappingNode) else ()
    keys = {key.value for key, _ in pairs if isinstance(key, ScalarNode)}
    return "overlay" in keys or ("applies_to" in keys and "policy" not in keys)


def _read(source: _Source, above: tuple[str, ...]) -> Policy | Overlay:
    """Read one policy or overlay; `above` are those that extend it, the outermost first."""
    chain = (*above, str(source.place or source.name))

    def find(name: str) -> Policy | Overlay:
        if len(chain) > _LONGEST_CHAIN:
            raise LookupError(f"at most {_LONGEST_CHAIN} policies are extended one through another")
        below = _below(name, source)
        if str(below.place or below.name) in chain:
            raise LookupError(f"policy {name!r} would extend itself")
        is_shipped = source.among is None and name in _SHIPPED
        return _shipped_policy(name) if is_shipped else _read(below, chain)

    def find_policy(name: str) -> Policy:
        found = find(name)
        if isinstance(found, Overlay):
            raise LookupError(f"{name!r} is an overlay: the policy of a nation extends another one")
        return found

    node = tree(source.content, source.name)
    digest = hashlib.sha256(source.content).hexdigest()
    files = {source.name: source.content.decode()}
    reading: Reading
    found: Policy | Overlay | None
    if _is_overlay(node):
        reading = OverlayReading(source.name, find)
        found = reading.one(node, digest, files)
    else:
        reading = Reading(source.name, find_policy)
        found = reading.policy(node, digest, files)
    if reading.found or found is None:
        raise PolicyFault(reading.problems())
    return found


def _below(name: str, source: _Source) -> _Source:
    """The policy of that name: a shipped one, so that nobody takes its name, or one beside it."""
    if source.among is not None:
        if (content := source.among.get(f"{name}.yaml")) is not None:
            return _Source(f"{name}.yaml", content, None, source.among)
        raise LookupError(f"there is no policy {name!r} to extend")
    if name in _SHIPPED:
        return _shipped(name)
    if isinstance(source.place, Path):
        beside = source.place.with_name(f"{name}.yaml")
        if beside.is_file():
            return _at(beside, beside.name)
    raise LookupError(f"there is no policy {name!r} to extend{like(name, _SHIPPED)}")


@cache
def _shipped_policy(name: str) -> Policy:
    return _national(_shipped(name))


def _shipped(name: str) -> _Source:
    return _at(resources.files("broker.policy").joinpath(f"{name}.yaml"), f"{name}.yaml")


def _at(place: Traversable, name: str) -> _Source:
    try:
        place = place.resolve() if isinstance(place, Path) else place
        return _Source(name, place.read_bytes(), place)
    except OSError as error:
        raise PolicyFault([f"{name}:1: cannot be read: {error}"]) from error
