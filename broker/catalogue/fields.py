"""The fields of a message as a table, and what changed from version to version."""

import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from broker.catalogue.words import glossary, table
from schemas import generate, values
from schemas.child import Child
from schemas.message import Action, Message
from schemas.profile import ASKED, ChildProfile
from schemas.values import Choice


def doc(model: type, first: bool = False) -> str:
    """What a part says of itself; or only its first sentence."""
    text = "\n".join(line.strip() for line in (model.__doc__ or "").strip().splitlines())
    return " ".join(text.split("\n\n")[0].split()) if first else text


def fields(model: type[BaseModel], kind: str, shown: Mapping[str, FieldInfo]) -> str:
    since = _since(kind)
    rows = []
    for name, info in shown.items():
        first = since.get(f"{_part_name(model, kind)}.{name}", 1)
        rows.append(
            (
                f"`{name}`",
                _when_asked(model, kind, name, info),
                _meaning(model, kind, name, info),
                _holds(info),
                *((f"v{first}",) if len(_published(kind)) > 1 else ()),
            )
        )
    titles = ("field", "asked for", "what it says", "what it may hold")
    return table((*titles, "since") if len(_published(kind)) > 1 else titles, rows)


def parts(model: type[BaseModel], kind: str, shown: Mapping[str, FieldInfo]) -> Iterator[str]:
    """A table for each part that fields are made of; the child is on the first page."""
    for part in _parts_of(shown.values()):
        if part is Child and kind:
            continue
        yield f"### {part.__name__}"
        yield doc(part)
        yield fields(part, kind, part.model_fields)


def _parts_of(shown: Iterable[FieldInfo]) -> list[type[BaseModel]]:
    found: dict[type[BaseModel], None] = {}
    for info in shown:
        of, _ = _type(info)
        if issubclass(of, BaseModel) and of not in found:
            found[of] = None
            found |= dict.fromkeys(_parts_of(of.model_fields.values()))
    return list(found)


def _looked_up(words: Mapping[str, str], model: type[BaseModel], kind: str, name: str) -> str:
    own = f"{kind}.{name}" if issubclass(model, Message) else f"{model.__name__}.{name}"
    return words.get(own) or (words.get(name, "") if issubclass(model, Message) else "")


def _meaning(model: type[BaseModel], kind: str, name: str, info: FieldInfo) -> str:
    said = _looked_up(glossary()["fields"], model, kind, name) or info.description or ""
    of, _ = _type(info)
    if not said and issubclass(of, Choice | BaseModel):
        said = doc(of, first=True).rstrip(".")
    return said


def _when_asked(model: type[BaseModel], kind: str, name: str, info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    if model is ChildProfile and name in {part.name for part in ASKED}:
        return "asked: fill it in, or list it in `none_known`"
    if name == "risk_factors":
        return "asked: an empty list says that none is known"
    if said := _looked_up(glossary()["asked"], model, kind, name):
        return f"required {said}"
    default = info.default
    if isinstance(default, Choice) and default is not Action.new:
        return f"optional, else `{default.value}`"
    if isinstance(default, bool):
        return f"optional, else {str(default).lower()}"
    return "optional"


def _type(info: FieldInfo) -> tuple[type, list[Any]]:
    """What a field, or each item of its list, is; and everything said about its limits."""
    metadata: list[Any] = list(info.metadata)
    annotation: Any = info.annotation
    while True:
        origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            metadata += inner[1:]
            annotation = inner[0]
        elif origin in (typing.Union, types.UnionType):
            (annotation,) = (part for part in inner if part is not type(None))
        elif origin is tuple:
            metadata.append(tuple)
            annotation = inner[0]
        else:
            return annotation, metadata


def _holds(info: FieldInfo) -> str:
    of, metadata = _type(info)
    if tuple not in metadata:
        return _one(of, metadata)
    at = metadata.index(tuple)
    most = _limits(metadata[:at]).get("max_length")
    item = _one(of, metadata[at + 1 :])
    return f"up to {most} of: {item}" if most else f"any number of: {item}"


_KNOWN_TEXTS = {
    values.AgencyId: "an agency, such as `la.E10000028`",
    values.CouncilId: "a council, such as `la.E10000028`",
    values.Address: "a desk, such as `la.E10000028/front-door`",
}
_BY_PATTERN = {
    str(each.pattern): words
    for text, words in _KNOWN_TEXTS.items()
    for each in typing.get_args(text)
    if isinstance(each, StringConstraints)
}
_PLAIN: Mapping[Any, str] = {
    bool: "true or false",
    UUID: "a UUID",
    AwareDatetime: "a time with its zone, from 1990 to 2099, such as `2026-03-27T22:10:00Z`",
    date: "a day, such as `2026-03-27`",
}


def _one(of: Any, metadata: Sequence[Any]) -> str:
    limits = _limits(metadata)
    if of is str:
        if words := _BY_PATTERN.get(limits.get("pattern", "")):
            return words
        least, most = limits.get("min_length") or 0, limits["max_length"]
        return (
            f"text, {least} to {most:,} characters" if least else f"text, up to {most:,} characters"
        )
    if of is int:
        least, most = limits.get("ge"), limits.get("le")
        if least is None:
            return "a number"
        return f"{least:,} or more" if (most or 2**63) > 2**32 else f"{least:,} to {most:,}"
    if issubclass(of, Choice):
        return ", ".join(f"`{word}`" for word in of if word.name != "unrecognised")
    return _PLAIN.get(of) or f"see {of.__name__}"


def _limits(metadata: Iterable[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in metadata:
        if isinstance(each, FieldInfo):
            found |= _limits(each.metadata)
        for name in ("pattern", "min_length", "max_length", "ge", "le"):
            if (value := getattr(each, name, None)) is not None:
                found[name] = value
    return found


# Versions


@cache
def _published(kind: str) -> list[dict[str, Any]]:
    """Every published schema of a kind, the oldest first."""
    names = [name for name in generate.published() if name.rpartition(".v")[0] == kind]
    return [json.loads(generate.text(name)) for name in sorted(names, key=_number)]


def _number(name: str) -> int:
    return int(name.rpartition(".v")[2])


def _part_name(model: type[BaseModel], kind: str) -> str:
    return generate.record_name(kind) if issubclass(model, Message) else model.__name__


def _named(schema: Any) -> Iterator[dict[str, Any]]:
    """The records and lists of words of a schema."""
    if isinstance(schema, list):
        for each in schema:
            yield from _named(each)
    elif isinstance(schema, dict):
        if schema.get("type") in ("record", "enum"):
            yield schema
        for each in schema.values():
            yield from _named(each)


def _contents(schema: dict[str, Any]) -> dict[str, None]:
    """Every field and word as `Part.name`, in order."""
    return {
        f"{part['name']}.{each['name'] if isinstance(each, dict) else each}": None
        for part in _named(schema)
        for each in part.get("fields") or part["symbols"]
    }


def _since(kind: str) -> dict[str, int]:
    """The version in which each field came."""
    found: dict[str, int] = {}
    for number, schema in enumerate(_published(kind) if kind else (), 1):
        found = dict.fromkeys(_contents(schema), number) | found
    return found


def versions(kind: str) -> Iterator[str]:
    schemas = _published(kind)
    lines = ["- **1**: the first."]
    for number, (before, after) in enumerate(pairwise(schemas), 2):
        lines.append(f"- **{number}**: {_change(kind, before, after)}.")
    yield "\n".join(lines)
    if len(schemas) > 1:
        yield (
            "Each reads the others: a reader of an older one does not see the fields that came "
            "later, and sees `unrecognised` for words that did."
        )


def _change(kind: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    old = _contents(before)
    parts = {part["name"]: part for part in _named(before)}
    said = []
    for part in _named(after):
        if part["name"] not in parts:
            continue
        of = "" if part["name"] == generate.record_name(kind) else f" in {part['name']}"
        each = part.get("fields") or part["symbols"]
        names = [one["name"] if isinstance(one, dict) else one for one in each]
        new = [name for name in names if f"{part['name']}.{name}" not in old]
        if new:
            what = "fields" if part["type"] == "record" else "words"
            said.append(f"new {what}{of}: {', '.join(f'`{name}`' for name in new)}")
    return "; ".join(said) or "only words that describe it"
