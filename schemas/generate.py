"""
The Avro schema of a message, read off its pydantic model.

    python -m schemas.generate     writes what is not published yet; never changes what is

What was published is frozen: `digests.json` keeps the id and the digest of each file, and an entry
is only ever added.

No library does this as the wire needs it: Avro symbols that differ from the words people use
(`very_low` for `very-low`), a default symbol in every list of choices, and the field's description
as its doc.
"""

import hashlib
import json
import types
import typing
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.kinds import KINDS
from schemas.message import Message
from schemas.values import Choice

FOLDER = Path(__file__).parent / "avro"
# The same for every version: Java's Avro matches lists of choices by their full name, and
# a registry has the versions of a kind under it.
NAMESPACE = "uk.homeward.v1"

_PLAIN: dict[type, Any] = {
    str: "string",
    bool: "boolean",
    int: "long",
    UUID: {"type": "string", "logicalType": "uuid"},
    AwareDatetime: {"type": "long", "logicalType": "timestamp-micros"},
    date: {"type": "int", "logicalType": "date"},
}


def avro_schema(model: type[Message]) -> dict[str, Any]:
    """The Avro schema of one kind, as JSON would have it."""
    record = _record(model, set())
    return record | {"name": record_name(model.KIND), "namespace": NAMESPACE}


def record_name(kind: str) -> str:
    """What the record of a kind is called in Avro: `MissingNotification`."""
    return "".join(part.capitalize() for part in kind.replace("-", ".").split("."))


def _record(model: type[BaseModel], named: set[str]) -> dict[str, Any]:
    named.add(model.__name__)
    fields = [_field(name, info, named) for name, info in model.model_fields.items()]
    doc = (model.__doc__ or "").strip().split("\n\n")[0]
    return {"type": "record", "name": model.__name__, "doc": doc, "fields": fields}


def _field(name: str, info: FieldInfo, named: set[str]) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _type(info.annotation, named)}
    if info.description:
        field["doc"] = info.description
    if info.default is not PydanticUndefined:
        field["default"] = _default(info.default)
    return field


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return {name: _default(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Choice):
        return value.name
    return list(value) if isinstance(value, tuple) else value


def _type(annotation: Any, named: set[str]) -> Any:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(inner[0], named)
    if origin in (typing.Union, types.UnionType):
        (present,) = (part for part in inner if part is not type(None))
        return ["null", _type(present, named)]
    if origin is tuple:
        return {"type": "array", "items": _type(inner[0], named)}
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if annotation.__name__ in named:
        return annotation.__name__
    if issubclass(annotation, Choice):
        return _enum(annotation, named)
    return _record(annotation, named)


def _enum(choice: type[Choice], named: set[str]) -> dict[str, Any]:
    named.add(choice.__name__)
    symbols = [member.name for member in choice]
    return {
        "type": "enum",
        "name": choice.__name__,
        "doc": (choice.__doc__ or "").strip().split("\n\n")[0],
        "symbols": symbols,
        "default": "unrecognised",
    }


def published(folder: Path = FOLDER) -> dict[str, int]:
    """The ids that stand in the lock file: `kind.v1` to id."""
    return _json(folder / "ids.json")


def text(name: str, folder: Path = FOLDER) -> str:
    """The schema of that name, as it was published."""
    return (folder / f"{name}.avsc").read_text(encoding="utf-8")


def digest(name: str, folder: Path = FOLDER) -> str:
    """The SHA-256 of a published file."""
    return hashlib.sha256(text(name, folder).encode()).hexdigest()


def thawed(folder: Path = FOLDER) -> list[str]:
    """What was published once and is not as it was then, in words; nothing may ever be here."""
    frozen, ids = _json(folder / "digests.json"), published(folder)
    files = {file.name.removesuffix(".avsc") for file in folder.glob("*.avsc")}
    found = [f"{name} has no digest" for name in sorted((files | ids.keys()) - frozen.keys())]
    for name, was in frozen.items():
        if name not in files:
            found.append(f"{name}: its published file is gone")
        elif digest(name, folder) != was["sha256"]:
            found.append(
                f"{name}: its published file was changed: undo that, make the next version"
            )
        if ids.get(name) != was["id"]:
            found.append(f"{name}: its id was {was['id']} when it was published")
    return found


def write(folder: Path = FOLDER) -> list[str]:
    """Publish what is new, with the next free id; returns the names published."""
    folder.mkdir(exist_ok=True)
    ids, frozen, new = published(folder), _json(folder / "digests.json"), []
    for kind, model in KINDS.items():
        name = f"{kind}.v{model.VERSION}"
        if name in ids:
            continue
        ids[name] = max(ids.values(), default=0) + 1
        schema = json.dumps(avro_schema(model), indent=2, ensure_ascii=False)
        (folder / f"{name}.avsc").write_text(schema + "\n", encoding="utf-8")
        frozen[name] = {"id": ids[name], "sha256": digest(name, folder)}
        new.append(name)
    for lock, content in (("ids.json", ids), ("digests.json", frozen)):
        (folder / lock).write_text(json.dumps(content, indent=2) + "\n")
    return new


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


if __name__ == "__main__":
    print("\n".join(write()) or "nothing new to publish")
