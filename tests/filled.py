"""Every field of every kind, off the models: what it may hold, and a message that fills it."""

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from schemas import values as v
from schemas.message import Message
from schemas.values import Choice
from tests.examples import HOME, WALSALL

Path = tuple[str | int, ...]

UUID_TEXT = "6d1f8a3e-0c55-4a53-9a7e-3d1b1f0c2a11"
FIRST_TIME, LAST_TIME = "1990-01-01T00:00:00Z", "2099-12-31T23:59:59.999999Z"


@dataclass(frozen=True)
class Field:
    """One field: its `type` is text, choice, time, date, id, bool, int, list or record."""

    path: Path
    type: str
    of: Any
    required: bool = False
    nullable: bool = False
    shortest: int = 0
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    inner: tuple["Field", ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """As a rejection names it."""
        return ".".join(map(str, self.path))

    @property
    def free(self) -> bool:
        """A text in which a sender may write anything."""
        return self.type == "text" and self.pattern in ("", v._CLEAN)


def fields(model: type[BaseModel], above: Path = ()) -> Iterator[Field]:
    """The fields of a model in their order; those of a part follow below it."""
    for name, info in model.model_fields.items():
        yield from _with_inner(_field((*above, name), info.annotation, info))


def _with_inner(one: Field) -> Iterator[Field]:
    yield one
    for each in one.inner:
        yield from _with_inner(each)


def _field(path: Path, annotation: Any, info: FieldInfo | None = None) -> Field:
    metadata: list[Any] = list(info.metadata) if info else []
    annotation, nullable = _plain(annotation, metadata)
    limits = {**_limits(metadata), "nullable": nullable}
    limits["required"] = info is not None and info.is_required()
    if typing.get_origin(annotation) is tuple:
        item = _field((*path, 0), typing.get_args(annotation)[0])
        return Field(path, "list", item, inner=(item,), **limits)
    if issubclass(annotation, BaseModel):
        inner = tuple(
            _field((*path, name), each.annotation, each)
            for name, each in annotation.model_fields.items()
        )
        return Field(path, "record", annotation, inner=inner, **limits)
    if issubclass(annotation, Choice):
        return Field(path, "choice", annotation, **limits)
    named = {str: "text", AwareDatetime: "time", date: "date", UUID: "id", bool: "bool", int: "int"}
    return Field(path, named[annotation], annotation, **limits)


def _plain(annotation: Any, metadata: list[Any]) -> tuple[Any, bool]:
    """The type without what is said about it, which is added to `metadata`."""
    nullable = False
    while True:
        origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            metadata += inner[1:]
            annotation = inner[0]
        elif origin in (typing.Union, types.UnionType):
            nullable = True
            (annotation,) = (part for part in inner if part is not type(None))
        else:
            return annotation, nullable


def _limits(metadata: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in metadata:
        if isinstance(each, FieldInfo):
            found |= _limits(each.metadata)
        elif isinstance(each, StringConstraints):
            found |= {"pattern": str(each.pattern or "")}
            found |= {"shortest": each.min_length} if each.min_length else {}
            found |= {"longest": each.max_length} if each.max_length else {}
        elif isinstance(each, MaxLen):
            found["longest"] = each.max_length
        elif isinstance(each, MinLen):
            found["shortest"] = each.min_length
        elif isinstance(each, Ge):
            found["least"] = each.ge
        elif isinstance(each, Le):
            found["most"] = each.le
        elif getattr(each, "pattern", None):  # what pydantic makes of a pattern that stands alone
            found["pattern"] = str(each.pattern)
    return found


def text_for(one: Field, said: str) -> str:
    """A text that the field takes: what is said, where it is free."""
    if one.free:
        return said
    if one.pattern == rf"^{v._AGENCY}$":
        return HOME
    return WALSALL if one.pattern.startswith(r"^la\.") else f"{HOME}/night-staff"


def value_of(one: Field, said: str = "x") -> Any:
    """A valid value in JSON; free texts hold `said` and where it was said."""
    if one.type == "text":
        return text_for(one, f"{said} {one.name}")
    if one.type == "list":
        return [value_of(one.inner[0], said)]
    if one.type == "record":
        return {each.path[-1]: value_of(each, said) for each in one.inner}
    if one.type == "choice":
        return next(iter(one.of)).value
    if one.type == "int":
        return max(1, one.least or 1)
    return {"time": FIRST_TIME, "date": "2011-05-16", "id": UUID_TEXT, "bool": True}[one.type]


def filled(model: type[Message], said: str = "x") -> dict[str, Any]:
    """
    A message with every field filled in, in JSON.

    It is a cancellation, where that is possible: what fields say together is not looked at then.
    """
    tops = [each for each in fields(model) if len(each.path) == 1]
    form: dict[str, Any] = {each.path[0]: value_of(each, said) for each in tops}
    form |= {"kind": model.KIND, "sender": HOME, "from_address": f"{HOME}/night-staff"}
    form |= {"sent_at": LAST_TIME}
    if "action" in form:
        form["action"] = "cancel"
    return form


def put(form: Any, path: Path, value: Any) -> Any:
    """A copy of a form with another value at one place."""
    if not path:
        return value
    if isinstance(form, (list, tuple)):
        return [put(each, path[1:], value) if n == path[0] else each for n, each in enumerate(form)]
    return {**form, path[0]: put(form[path[0]], path[1:], value)}


def without(form: Any, path: Path) -> Any:
    """A copy of a form that lacks one field."""
    if len(path) == 1:
        return {name: value for name, value in form.items() if name != path[0]}
    if isinstance(form, (list, tuple)):
        return [without(each, path[1:]) if n == path[0] else each for n, each in enumerate(form)]
    return {**form, path[0]: without(form[path[0]], path[1:])}
