"""
Messages as Avro, written straight from their fields.

fastavro writes any value under any schema, so it tries each branch of each union; half of what a
message may say is a union with null. Knowing that a message fits its schema takes a quarter of the
time. This can only what `schemas.generate` makes; a test compares the bytes with fastavro's.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

Schema = Any  # as fastavro parsed it
Write = Callable[[Any, bytearray], None]

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_DAY_ONE = date(1970, 1, 1)
_LONG = 1 << 63
_NOTHING, _SOMETHING = b"\x00", b"\x02"  # the branches of a union with null


def writer(schema: Schema) -> Write:
    """What writes a message of this schema to the end of a buffer."""
    return _writer(schema, {})


def _writer(schema: Schema, named: dict[str, Write]) -> Write:
    if isinstance(schema, str):
        return named.get(schema) or _PLAIN[schema]
    kind = schema["type"]
    if kind in ("record", "enum"):
        made = _record(schema["fields"], named) if kind == "record" else _enum(schema["symbols"])
        named[schema["name"]] = made
        return made
    if kind == "array":
        return _array(_writer(schema["items"], named))
    return _PLAIN[schema.get("logicalType", kind)]


def _record(fields: list[Mapping[str, Any]], named: dict[str, Write]) -> Write:
    parts: list[tuple[str, bool, Write]] = []
    for field in fields:
        optional = isinstance(field["type"], list)  # then ["null", something]
        schema = field["type"][1] if optional else field["type"]
        parts.append((field["name"], optional, _writer(schema, named)))

    def write(value: BaseModel, out: bytearray) -> None:
        said = value.__dict__
        for name, optional, write_part in parts:
            part = said[name]
            if not optional:
                write_part(part, out)
            elif part is None:
                out += _NOTHING
            else:
                out += _SOMETHING
                write_part(part, out)

    return write


def _enum(symbols: list[str]) -> Write:
    codes = {symbol: _number(place) for place, symbol in enumerate(symbols)}

    def write(value: Any, out: bytearray) -> None:
        out += codes[value.name]

    return write


def _array(write_item: Write) -> Write:
    def write(values: tuple[Any, ...], out: bytearray) -> None:
        if values:
            out += _number(len(values))
            for value in values:
                write_item(value, out)
        out += _NOTHING

    return write


@lru_cache(maxsize=1024)
def _number(value: int) -> bytes:
    if not -_LONG <= value < _LONG:
        raise ValueError("the number is too large to be sent")
    rest = (value << 1) ^ (value >> 63)
    made = bytearray()
    while rest > 0x7F:
        made.append(rest & 0x7F | 0x80)
        rest >>= 7
    made.append(rest)
    return bytes(made)


def _text(value: str, out: bytearray) -> None:
    encoded = value.encode()
    out += _number(len(encoded))
    out += encoded


def _long(value: int, out: bytearray) -> None:
    out += _number(value)


def _boolean(value: bool, out: bytearray) -> None:
    out.append(value)


def _uuid(value: object, out: bytearray) -> None:
    _text(str(value), out)


def _instant(value: datetime, out: bytearray) -> None:
    out += _number((value - _EPOCH) // _MICROSECOND)


def _date(value: date, out: bytearray) -> None:
    out += _number((value - _DAY_ONE).days)


_PLAIN: Mapping[str, Write] = {
    "string": _text,
    "long": _long,
    "boolean": _boolean,
    "uuid": _uuid,
    "timestamp-micros": _instant,
    "date": _date,
}
