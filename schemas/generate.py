"""
The Avro schema of a message, read off its pydantic model.

    python -m schemas.generate     writes what is not published yet; never changes what is

No library does this as the wire needs it: Avro symbols that differ from the words people use
(`very_low` for `very-low`), a default symbol in every list of choices, and the field's description
as its doc.
"""

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
NAMESPACE = "uk.homeward"

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
    name = "".join(part.capitalize() for part in model.KIND.replace("-", ".").split("."))
    return record | {"name": name, "namespace": f"{NAMESPACE}.v{model.VERSION}"}


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


def published() -> dict[str, int]:
    """The ids that stand in the lock file: `kind.v1` to id."""
    lock = FOLDER / "ids.json"
    return dict(json.loads(lock.read_text())) if lock.exists() else {}


def write() -> list[str]:
    """Publish what is new, with the next free id; returns the names published."""
    FOLDER.mkdir(exist_ok=True)
    ids, new = published(), []
    for kind, model in KINDS.items():
        name = f"{kind}.v{model.VERSION}"
        if name in ids:
            continue
        ids[name] = max(ids.values(), default=0) + 1
        text = json.dumps(avro_schema(model), indent=2, ensure_ascii=False)
        (FOLDER / f"{name}.avsc").write_text(text + "\n")
        new.append(name)
    (FOLDER / "ids.json").write_text(json.dumps(ids, indent=2) + "\n")
    return new


if __name__ == "__main__":
    print("\n".join(write()) or "nothing new to publish")
