"""
Messages to bytes and back: the only file that knows fastavro. What writes is in `writing`.

A value is the Confluent framing: a zero byte, the schema id in four bytes, the Avro body.
"""

import difflib
import hashlib
import io
import json
import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import to_parsing_canonical_form
from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_jsonable_python

from schemas import generate
from schemas.errors import Empty, Invalid, ReasonRequired, Rejected, Undecodable, UnknownSchema
from schemas.kinds import KINDS
from schemas.message import Message
from schemas.values import NO_REASON
from schemas.writing import Write, writer

_FRAME = struct.Struct(">bI")

# What fastavro and pydantic raise on hostile bytes, found by trying 300,000 of them.
_NOISE = (
    *(ArithmeticError, EOFError, LookupError, ValueError, TypeError),
    SchemaResolutionError,
)


Ids = Callable[[], Mapping[str, int]]
Find = Callable[[int], str | None]


class _Published:
    """The published schemas, parsed once, under the ids of one source."""

    def __init__(self, ids: Mapping[str, int], find: Find | None) -> None:
        self.ids, self._find = ids, find
        self.writer: dict[type[Message], tuple[bytes, Write]] = {}
        self.reader: dict[int, tuple[Any, type[Message], Any | None]] = {}
        self.named: dict[tuple[str, int], tuple[bytes, Any]] = {}
        self._newest: dict[type[Message], Any] = {}
        self._canonical: dict[str, int] = {}
        for name, number in ids.items():
            kind, _, version = name.rpartition(".v")
            parsed = fastavro.parse_schema(json.loads(generate.text(name)))
            model = KINDS[kind]
            newest = int(version) == model.VERSION
            self.named[kind, int(version)] = frame, _ = (_FRAME.pack(0, number), parsed)
            if newest:
                self.writer[model] = (frame, writer(parsed))
                self._newest[model] = parsed
            self.reader[number] = (parsed, model, None if newest else model)
            self._canonical[to_parsing_canonical_form(parsed)] = number

    def read(self, number: int, stream: io.BytesIO) -> tuple[type[Message], Any]:
        schema, model, newer = self.reader[number]
        reader_schema = self._newest[model] if newer else None
        return model, fastavro.schemaless_reader(stream, schema, reader_schema)

    def learn(self, number: int) -> None:
        """
        Ask the registry about an id that we did not register.

        Clients that register for themselves change what no reader notices, such as documentation,
        and get another id. Anything more is not one of our schemas.
        """
        found = self._find(number) if self._find else None
        if found is None:
            raise UnknownSchema(f"schema id {number} is not published: see `homeward schemas`")
        same = self._canonical.get(_canonical(found))
        if same is None:
            raise UnknownSchema(f"schema id {number} is not a schema that this Homeward publishes")
        self.reader[number] = self.reader[same]


def _canonical(schema: str) -> str:
    try:
        fields = json.loads(schema)
        fields.pop("__fastavro_parsed__", None)  # it would be taken at its word
        return str(to_parsing_canonical_form(fastavro.parse_schema(fields)))
    except Exception:  # whatever somebody put into the registry, it is not one of ours
        return ""


_source: tuple[Ids, Find | None] = (generate.published, None)


@cache
def _published() -> _Published:
    ids, find = _source
    return _Published(ids(), find)


def use(ids: Ids = generate.published, find: Find | None = None) -> None:
    """
    Number schemas by these ids in this process from now on; by the lock file if none are given.

    They are asked for when they are needed. `find` gives the text of a schema with another id. Both
    may raise `Unavailable`, and are asked again then.
    """
    global _source
    _source = (ids, find)
    _published.cache_clear()


def ids() -> dict[str, int]:
    """The ids that this process numbers schemas by: `kind.v1` to id."""
    return dict(_published().ids)


def encode(message: Message) -> bytes:
    """The value of a Kafka record: framed Avro under the newest schema of its kind."""
    frame, write = _published().writer[type(message)]
    value = bytearray(frame)
    write(message, value)
    return bytes(value)


def in_version(value: bytes, kind: str, version: int) -> bytes:
    """
    What `encode` made, as a reader of an older version would understand it.

    Fields that version has not are gone, and words it does not know are `unrecognised`.
    """
    published = _published()
    frame, schema = published.named[kind, version]
    number = _FRAME.unpack_from(value)[1]
    stream = io.BytesIO(value)
    stream.seek(_FRAME.size)
    fields = fastavro.schemaless_reader(stream, published.reader[number][0], schema)
    older = io.BytesIO()
    older.write(frame)
    fastavro.schemaless_writer(older, schema, fields)
    return older.getvalue()


def decode(value: bytes | None) -> Message:
    """
    Read the value of a Kafka record.

    Raises a `Rejected` for whatever is wrong with the bytes, and nothing else; but `Unavailable`
    while the registry cannot be asked about an id.
    """
    return _valid(*_fields(value))


def glance(value: bytes | None) -> dict[str, Any] | None:
    """
    What stands in bytes that fit their schema, valid or not, as JSON has it: `kind` and the fields.

    None where they fit no schema. For whoever may see it: it is about a child.
    """
    try:
        model, fields = _fields(value)
        return {"kind": model.KIND, **to_jsonable_python(fields)}
    except (Rejected, *_NOISE):
        return None


def _fields(value: bytes | None) -> tuple[type[Message], Any]:
    if value is None or value == b"":
        raise Empty("the record has no value: send the message as framed Avro")
    if len(value) < _FRAME.size or value[0] != 0:
        raise Undecodable("the value does not start with the Confluent framing (0x00, schema id)")
    number = _FRAME.unpack_from(value)[1]
    published = _published()
    if number not in published.reader:
        published.learn(number)
    stream = io.BytesIO(value)
    stream.seek(_FRAME.size)
    try:
        model, fields = published.read(number, stream)
    except _NOISE as error:
        raise Undecodable("the bytes do not fit the schema they name") from error
    if stream.tell() != len(value):
        raise Undecodable("bytes are left over after the message")
    return model, fields


def _valid(model: type[Message], fields: Any) -> Message:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise _invalid(model, error) from None
    except _NOISE:
        raise Undecodable("a value is outside what its field can hold") from None


_NAMED_AT_MOST = 5


def _invalid(model: type[Message], error: ValidationError) -> Invalid:
    """Every fault in words, what is not a field first: it often explains what is missing."""
    faults = error.errors(include_input=False, include_url=False)
    faults.sort(key=lambda fault: fault["type"] != "extra_forbidden")
    paths = [".".join(str(part) for part in fault["loc"]) for fault in faults]
    words = [
        _in_words(fault["type"], fault["msg"], path, model)
        for fault, path in zip(faults, paths, strict=True)
    ]
    text = "; ".join(words[:_NAMED_AT_MOST])
    more = len(words) - _NAMED_AT_MOST
    unreasoned = all(_lacks_reason(fault) for fault in faults)
    refusal = ReasonRequired if unreasoned else Invalid
    field = paths[0] or faults[0].get("ctx", {}).get("field", "")
    return refusal(f"{text}; and {more} more" if more > 0 else text, field)


def _lacks_reason(fault: ErrorDetails) -> bool:
    """Whether a reason is left out, or empty."""
    left_out = fault["type"] in ("missing", "string_too_short")
    return fault["type"] == NO_REASON or (left_out and fault["loc"][-1:] == ("reason",))


def _in_words(kind: str, text: str, path: str, model: type[Message]) -> str:
    name = path.rpartition(".")[2]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(name, model.model_fields, 1)
        return f"{path} is not a field" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "missing":
        return f"{path} is required"
    if kind.startswith(("datetime", "timezone")):
        return f"{path} must be a time such as 2026-03-27T22:10:00Z"
    if kind.startswith("uuid"):
        return f"{path} must be an id such as 3f0c2a9e-5d0b-4d0e-9a53-0d6a3b1f7c11"
    if name == "reason" and kind == "string_too_short":
        return f"{path}: say why; it is kept beside what was said before, which stays"
    plain = text.removeprefix("Value error, ")
    if kind == "enum":
        plain = plain.replace(" or 'unrecognised'", "").replace(", 'unrecognised'", "")
    return f"{path}: {plain}" if path else plain


def fingerprint(encoded: bytes) -> bytes:
    """Equal for equal content: of a message as `encode` writes it."""
    return hashlib.sha256(encoded).digest()


def to_json(message: Message) -> dict[str, Any]:
    """The form that people and HTTP see: `kind` and the fields, times in RFC 3339 UTC."""
    return {"kind": message.KIND, **message.model_dump(mode="json")}


def from_json(value: str | Mapping[str, Any]) -> Message:
    """Read the JSON form; raises a `Rejected` like `decode`."""
    try:
        fields = dict(json.loads(value) if isinstance(value, str) else value)
    except _NOISE as error:
        raise Undecodable("this is not one JSON object") from error
    kind = fields.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise UnknownSchema(f"kind must be one of: {', '.join(sorted(KINDS))}", "kind")
    model = KINDS[kind]
    try:
        return model.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        raise _invalid(model, error) from None
