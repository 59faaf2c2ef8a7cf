"""The words of the wire: to bytes and back, hostile bytes, what published schemas promise."""

import contextlib
import io
import json
import random
import struct
from datetime import datetime
from functools import cache
from uuid import UUID

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import generate
from schemas.codec import decode, encode, fingerprint, from_json, to_json
from schemas.errors import Empty, Invalid, Rejected, Undecodable, UnknownSchema
from schemas.kinds import FROM_AGENCIES, KINDS, MADE, RECORD_TOPICS, TO_AGENCIES
from schemas.message import BROKER
from schemas.missing import (
    MissingNotification,
    Risk,
)
from schemas.notices import Heartbeat, Rejection
from schemas.values import Choice, nhs_number_is_valid
from tests.any_message import HEALTH_NUMBERS, SOME, any_message
from tests.examples import FRIDAY_NIGHT, HOME, WALSALL, child, notification

# ------------------------------------------------------------------ there and back


@cache
def parsed(kind, version):
    return fastavro.parse_schema(json.loads(generate.text(f"{kind}.v{version}")))


def test_every_kind_is_tried():
    assert set(SOME) == set(KINDS.values())


@given(any_message)
def test_a_message_comes_back_from_bytes_as_it_was(message):
    assert decode(encode(message)) == message


@given(any_message)
def test_a_message_comes_back_from_json_as_it_was(message):
    form = to_json(message)

    assert from_json(form) == message
    assert from_json(json.dumps(form)) == message
    assert form["kind"] == message.KIND


@given(any_message)
def test_the_bytes_are_those_that_fastavro_writes(message):
    stream = io.BytesIO()
    fastavro.schemaless_writer(
        stream,
        parsed(message.KIND, message.VERSION),
        message.model_dump(),
        disable_tuple_notation=True,
    )

    assert encode(message)[5:] == stream.getvalue()


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_that_avro_cannot_hold_is_not_written(number):
    message = Heartbeat(
        message_id=UUID(int=1),
        sender=BROKER,
        from_address=f"{BROKER}/relay",
        occurred_at=FRIDAY_NIGHT,
        sent_at=FRIDAY_NIGHT,
        inbox=HOME,
        last_sequence=1,
    )

    with pytest.raises(ValueError, match="too large"):
        encode(message.model_copy(update={"last_sequence": number}))


@given(any_message)
def test_equal_messages_have_equal_bytes(message):
    again = decode(encode(message))

    assert fingerprint(encode(again)) == fingerprint(encode(message))


# ------------------------------------------------------------------ hostile bytes

FRAME = struct.pack(">bI", 0, 1)


@given(st.binary(max_size=400))
def test_noise_is_refused_and_never_breaks_us(noise):
    for value in (noise, FRAME + noise):
        with contextlib.suppress(Rejected):
            decode(value)


@given(any_message, st.data())
@settings(max_examples=300)
def test_a_damaged_message_is_refused_or_read_but_never_breaks_us(message, data):
    value = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(5, len(value) - 1))
        value[place] = data.draw(st.integers(0, 255))
    try:
        read = decode(bytes(value))
    except Rejected as fault:
        # A rejection must be able to carry it.
        Rejection(
            **{name: getattr(message, name) for name in ("message_id", "sender", "from_address")},
            occurred_at=message.sent_at, sent_at=message.sent_at, topic="outbox", partition=0,
            offset=0, code=fault.code, field=fault.field, detail=fault.detail,
        )  # fmt: skip
    else:
        assert decode(encode(read)) == read


@given(any_message, st.data())
def test_a_truncated_message_is_refused(message, data):
    value = encode(message)

    with pytest.raises(Rejected):
        decode(value[: data.draw(st.integers(0, len(value) - 1))])


@given(any_message, st.binary(min_size=1, max_size=20))
def test_bytes_left_over_are_refused(message, more):
    with pytest.raises(Undecodable, match="left over"):
        decode(encode(message) + more)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, Empty),
        (b"", Empty),
        (b"{}", Undecodable),
        (b"\x01\x00\x00\x00\x01abc", Undecodable),
        (b"\x00\x00\x00", Undecodable),
        (b"\x00\x00\x00\xff\xffabc", UnknownSchema),
        (b"\x00\xff\xff\xff\xff", UnknownSchema),
        (FRAME, Undecodable),
        (FRAME + b"\xff" * 40, Undecodable),
    ],
)
def test_what_is_wrong_with_bytes_is_named(value, fault):
    with pytest.raises(fault):
        decode(value)


def test_json_that_is_no_message_is_refused_in_words():
    for value in ("[", "[]", "1", "null", '"missing.return"', "{}", '{"kind": 5}', "[[1,2]]"):
        with pytest.raises(Rejected):
            from_json(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from(sorted(KINDS)),
)
def test_json_noise_is_refused_and_never_breaks_us(noise, kind):
    given_to = {"kind": kind, **noise} if isinstance(noise, dict) else {"kind": kind, "x": noise}
    with pytest.raises(Rejected):
        from_json(given_to)


def test_the_codes_of_refusal_are_unique():
    def all_of(root):
        return [root, *(each for child in root.__subclasses__() for each in all_of(child))]

    import broker.errors  # noqa: F401 - its refusals are subclasses too

    codes = [fault.code for fault in all_of(Rejected)]
    assert len(codes) == len(set(codes))


# ------------------------------------------------------------------ the published schemas


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_generated_schema_is_the_published_one(kind):
    model = KINDS[kind]
    published = json.loads((generate.FOLDER / f"{kind}.v{model.VERSION}.avsc").read_text())

    assert published == generate.avro_schema(model)


def test_every_kind_is_published_under_an_id_of_its_own():
    ids = generate.published()

    assert set(ids) == {
        f"{kind}.v{version}"
        for kind, model in KINDS.items()
        for version in range(1, model.VERSION + 1)
    }
    assert len(set(ids.values())) == len(ids)
    assert min(ids.values()) > 0


def schemas():
    return [
        pytest.param(json.loads((generate.FOLDER / f"{name}.avsc").read_text()), id=name)
        for name in generate.published()
    ]


def enums(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "enum":
            yield schema
        for part in schema.values():
            yield from enums(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from enums(part)


@pytest.mark.parametrize("schema", schemas())
def test_every_list_of_choices_has_a_default_for_words_to_come(schema):
    for enum in enums(schema):
        assert enum["default"] == "unrecognised"
        assert "unrecognised" in enum["symbols"]


@pytest.mark.parametrize("model", sorted(KINDS.values(), key=lambda model: model.KIND))
@given(data=st.data())
@settings(max_examples=10)
def test_a_published_schema_reads_what_itself_and_its_next_version_write(model, data):
    """Next version: a new optional field at the end, and a new word in each list of choices."""
    message = data.draw(SOME[model])
    now = generate.avro_schema(model)
    later = json.loads(json.dumps(now))
    later["fields"].append({"name": "new_field", "type": ["null", "string"], "default": None})
    for enum in enums(later):
        enum["symbols"].append("a_new_word")
    fields = message.model_dump()

    assert model.model_validate(carried(fields, now, now)) == message
    assert model.model_validate(carried(fields | {"new_field": "x"}, later, now)) == message
    read = carried(fields, now, later)
    assert read.pop("new_field") is None
    assert model.model_validate(read) == message


def test_a_word_that_was_added_later_is_read_as_unrecognised():
    now = generate.avro_schema(MissingNotification)
    later = json.loads(json.dumps(now))
    for enum in enums(later):
        enum["symbols"].append("a_new_word")
    fields = notification().model_dump() | {"risk": "a_new_word", "category": "a_new_word"}

    read = MissingNotification.model_validate(carried(fields, later, now))

    assert (read.risk, read.category) == ("unrecognised", "unrecognised")


def carried(fields, writer, reader):
    """Write under one schema, read under another."""
    stream = io.BytesIO()
    parsed = fastavro.parse_schema(writer)
    fastavro.schemaless_writer(stream, parsed, fields, disable_tuple_notation=True)
    stream.seek(0)
    return fastavro.schemaless_reader(
        stream, fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    )


def test_every_kind_but_notices_to_one_agency_has_a_topic_of_record():
    assert set(RECORD_TOPICS) == {*FROM_AGENCIES, *MADE, "duty"} - {"catch-up"}
    assert TO_AGENCIES.keys().isdisjoint(FROM_AGENCIES)


# ------------------------------------------------------------------ the small words


def test_people_see_words_with_hyphens_and_avro_symbols_without():
    said = notification(risk="very-low", risk_reason="Known friend", care_status="not-looked-after")

    assert to_json(said)["risk"] == "very-low"
    assert said.model_dump()["risk"] == "very_low"
    assert decode(encode(said)).risk is Risk.very_low
    assert from_json(to_json(said) | {"care_status": "not-looked-after"}) == said


@pytest.mark.parametrize("model", sorted(KINDS.values(), key=lambda model: model.KIND))
def test_every_symbol_is_the_word_with_underscores(model):
    for info in model.model_fields.values():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Choice):
            for member in info.annotation:
                plain = member.value.replace("-", "_")
                assert member.name == plain or member.name.endswith(plain)


@pytest.mark.parametrize("number", HEALTH_NUMBERS)
def test_a_right_health_number_is_taken(number):
    assert nhs_number_is_valid(number)


@pytest.mark.parametrize(
    "number",
    ["9434765918", "1111111111", "0000000000", "943476591", "94347659190", "943 476 5919", "",
     "９４３４７６５９１９", "9434765919\n"],
)  # fmt: skip
def test_a_wrong_health_number_is_not(number):
    assert not nhs_number_is_valid(number)


@given(st.integers(0, 9), st.integers(0, 9))
def test_one_wrong_digit_in_a_health_number_is_noticed(place, digit):
    right = HEALTH_NUMBERS[0]
    wrong = f"{right[:place]}{digit}{right[place + 1 :]}"

    assert nhs_number_is_valid(wrong) == (wrong == right)


def test_a_wrong_health_number_is_refused_by_field_and_without_quoting_it():
    form = to_json(notification())
    form["child"]["references"] = [{"holder": HOME, "scheme": "nhs-number", "value": "9434765918"}]

    with pytest.raises(Invalid) as fault:
        from_json(form)

    assert fault.value.field == "child.references.0"
    assert "check digit" in fault.value.detail
    assert "9434765918" not in fault.value.detail


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f"])
def test_control_characters_are_refused(character):
    with pytest.raises(ValidationError):
        notification(circumstances=f"a{character}b")


def test_a_nul_in_text_that_is_valid_avro_is_refused_with_its_field():
    fields = notification().model_dump() | {"circumstances": "a\x00b"}
    stream = io.BytesIO()
    stream.write(encode(notification())[:5])
    schema = fastavro.parse_schema(generate.avro_schema(MissingNotification))
    fastavro.schemaless_writer(stream, schema, fields)

    with pytest.raises(Invalid) as fault:
        decode(stream.getvalue())

    assert fault.value.field == "circumstances"
    assert "\x00" not in fault.value.detail


def test_tabs_and_new_lines_are_text():
    assert notification(circumstances="a\n\tb").circumstances == "a\n\tb"


def test_a_risk_needs_its_reason():
    with pytest.raises(ValidationError, match="risk_reason"):
        notification(risk="high", risk_reason=None)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        notification(last_seen_at=datetime(2026, 3, 27, 21, 0))


@pytest.mark.parametrize("changes", [
    {"from_address": f"{WALSALL}/front-door"},
    {"action": "cancel"},
    {"replaces": UUID(int=1)},
    {"sender": "provider.-x"},
    {"last_seen_at": FRIDAY_NIGHT.replace(year=2027)},
    {"child": {"references": []}},
    {"place": {"authority": "la.S12000033"}},
    {"a_field_we_do_not_know": 1},
])  # fmt: skip
def test_what_breaks_a_rule_of_its_own_is_refused(changes):
    with pytest.raises(ValidationError):
        notification(**changes)


def test_a_child_is_named_or_numbered():
    assert child(references=()).given_name == "Robin"
    with pytest.raises(ValidationError):
        child(references=(), family_name=None)


def test_random_bytes_by_the_thousand_are_only_ever_refused():
    dice = random.Random(20260327)
    ids = list(generate.published().values())
    for _ in range(5_000):
        frame = struct.pack(">bI", 0, dice.choice(ids))
        try:
            decode(frame + dice.randbytes(dice.randrange(120)))
        except Rejected:
            continue
