"""What each field of each kind may hold, read off the models: at the limit, and one beyond it."""

import contextlib
import io
import json
from datetime import datetime
from functools import cache

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import generate
from schemas.codec import decode, encode, from_json, to_json
from schemas.errors import Invalid, Rejected
from schemas.kinds import KINDS
from schemas.message import ChildMessage
from schemas.missing import MissingNotification
from tests.examples import HOME
from tests.filled import FIRST_TIME, LAST_TIME, UUID_TEXT, fields, filled, put, without

SAID = "Zaphod-Quixote"  # a sender's own words: in no rejection
LONG = 10_000
TELLING = {
    "emoji": "🧒🏽👩‍👩‍👧 seen at 🚉",
    "right to left": "\u202bנראה בתחנה\u202c شوهد عند المحطة",
    "combining accents": "Zoe\u0308, Ł\u0301ucja, e\u0301 and é are two spellings",
    "layout": "\tfirst line\nsecond line\r\n  third ",
    "beyond the basic plane": "𠮷野 𐍈 \U0010ffff",
}
CONTROL = ["\x00", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f"]


def shared(model, one):
    """What every message says is tried with one kind."""
    name = one.path[0]
    envelope = MissingNotification.model_fields.get(name)
    mine = model.model_fields[name]
    same = envelope is not None and repr(envelope) == repr(mine)
    return same and name in ChildMessage.model_fields and model is not MissingNotification


ALL = [
    (model, each) for model in KINDS.values() for each in fields(model) if not shared(model, each)
]


def of_type(*types):
    return [pair for pair in ALL if pair[1].type in types]


def named(cases):
    return [pytest.param(*case, id=f"{case[0].KIND}:{case[1].name}") for case in cases]


def taking(model, one, value):
    """A message filled in altogether, with this value in the field."""
    form = put(filled(model), one.path, value)
    if one.name == "sender":
        form["from_address"] = f"{value}/desk"
    if one.name == "from_address":
        form["sender"] = value.partition("/")[0]
    if one.name == "action" and "none_known" in form:
        form["none_known"] = []
    return form


def taken(model, one, value):
    """What the field holds after the message came by JSON and by bytes."""
    message = from_json(taking(model, one, value))
    read = decode(encode(message))
    assert read == message
    form = to_json(read)
    for step in one.path:
        form = form[step]
    return form


def refused(model, one, value):
    """Refused under the field's own path, in words that do not quote it."""
    with pytest.raises(Invalid) as fault:
        from_json(put(filled(model), one.path, value))

    left_out = one.type == "text" and one.name.endswith("reason") and value == ""
    assert fault.value.code == ("reason-required" if left_out else "invalid")
    assert fault.value.field == one.name
    assert SAID not in fault.value.detail
    assert len(fault.value.detail) < 1_000
    return fault.value


@cache
def schema_of(model):
    return fastavro.parse_schema(generate.avro_schema(model))


def refused_in_bytes(model, one, value):
    """The same in bytes, which an agency may write with any Avro library."""
    valid = from_json(filled(model))
    stream = io.BytesIO()
    stream.write(encode(valid)[:5])
    beyond = put(valid.model_dump(), one.path, value)
    fastavro.schemaless_writer(stream, schema_of(model), beyond, disable_tuple_notation=True)
    with pytest.raises(Invalid) as fault:
        decode(stream.getvalue())

    assert fault.value.field == one.name
    assert SAID not in fault.value.detail


# ------------------------------------------------------------------ texts


def of_length(one, length):
    text = f"{SAID} {one.name} "
    return (text * (length // len(text) + 1))[:length]


FREE = [pair for pair in of_type("text") if pair[1].free]


@pytest.mark.parametrize(("model", "one"), named(FREE))
def test_a_text_may_be_as_long_as_its_field_takes_and_no_longer(model, one):
    assert one.longest, "every text has a limit"
    longest, shortest = of_length(one, one.longest), of_length(one, one.shortest)

    assert taken(model, one, longest) == longest
    assert one.shortest or not one.longest < LONG, "a short text may not be empty"
    if not needs_something(model, one):
        assert taken(model, one, shortest) == shortest
    refused(model, one, longest + "x")
    refused_in_bytes(model, one, longest + "x")
    if one.shortest:
        refused(model, one, shortest[:-1])
        refused_in_bytes(model, one, shortest[:-1])


def needs_something(model, one):
    """Texts that may be empty by themselves, and not beside what else is filled in."""
    return one.name in ("risk_reason", "reason") and not one.shortest


@pytest.mark.parametrize(("model", "one"), named(FREE))
def test_a_text_is_carried_as_it_was_written(model, one):
    for text in TELLING.values():
        assert taken(model, one, text) == text
    if one.longest >= LONG:
        long = ("🧒 " + TELLING["right to left"] + of_length(one, LONG))[:LONG]
        assert taken(model, one, long) == long


@pytest.mark.parametrize(("model", "one"), named(FREE))
def test_control_characters_are_refused_in_every_text(model, one):
    for character in CONTROL:
        refused(model, one, f"{SAID}{character}")
    refused_in_bytes(model, one, f"{SAID}\x00")


@pytest.mark.parametrize(("model", "one"), named(FREE))
def test_half_a_character_is_refused_and_never_breaks_us(model, one):
    with pytest.raises(Rejected) as fault:
        from_json(put(filled(model), one.path, f"{SAID}\ud83e"))

    assert SAID not in fault.value.detail


PATTERNED = [pair for pair in of_type("text") if not pair[1].free]
CODE = "A" + "9" * 39


def fitting(one):
    if one.pattern.startswith(r"^la\."):
        return ["la.E00000000", "la.W99999999"]
    if "/" not in one.pattern:
        return [f"provider.{CODE}", "hub.0", "service.a-1"]
    desk = "x" * (one.longest - len(f"provider.{CODE}/"))
    return [f"provider.{CODE}/{desk}", "hub.0/a", "la.E06000021/front-door.night-2"]


def not_fitting(one):
    wrong = ["", "la", "la.", "x.E06000021", "LA.E06000021", f"{SAID}", "la.Robin Example"]
    if one.pattern.startswith(r"^la\."):
        return [*wrong, "la.S12000033", "la.E0600002", "la.E060000210", "la.E06000021\n"]
    if "/" not in one.pattern:
        return [*wrong, f"provider.{CODE}9", "hub.-1", "hub.a/b", "hub.a\n", "hub.٣"]
    at, beyond = f"provider.{CODE}", "x" * (one.longest - len(f"provider.{CODE}/") + 1)
    return [*wrong, f"{at}/{beyond}", at, f"{at}/", f"{at}/Desk", "hub.a/b--c", "hub.a/b\n"]


@pytest.mark.parametrize(("model", "one"), named(PATTERNED))
def test_an_agency_or_address_is_spelled_in_the_one_way_there_is(model, one):
    for value in fitting(one):
        assert taken(model, one, value) == value
    for value in not_fitting(one):
        refused(model, one, value)
        refused_in_bytes(model, one, value)


# ------------------------------------------------------------------ times and days

ONE_TOO_EARLY, ONE_TOO_LATE = "1989-12-31T23:59:59.999999Z", "2100-01-01T00:00:00Z"


@pytest.mark.parametrize(("model", "one"), named(of_type("time")))
def test_a_time_lies_between_1990_and_2100_and_says_its_zone(model, one):
    assert taken(model, one, FIRST_TIME) == FIRST_TIME
    assert taken(model, one, LAST_TIME) == LAST_TIME
    for value in (ONE_TOO_EARLY, ONE_TOO_LATE, "1900-01-01T00:00:00Z"):
        refused(model, one, value)
        refused_in_bytes(model, one, value_at(value))
    for value in ("2026-03-27T22:10:00", "2026-03-27", SAID, "", "2026-02-30T22:10:00Z"):
        refused(model, one, value)


def value_at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_a_time_of_another_zone_is_the_same_moment():
    summer = from_json(
        filled(KINDS["missing.return"]) | {"occurred_at": "2026-03-29T02:30:00+01:00"}
    )

    assert to_json(decode(encode(summer)))["occurred_at"] == "2026-03-29T01:30:00Z"


@pytest.mark.parametrize(("model", "one"), named(of_type("date")))
def test_a_day_is_carried_whatever_the_century(model, one):
    birth = one.name.endswith("birth_date")
    for value in ("1990-01-01", "2000-02-29", "2100-01-01"):
        assert taken(model, one, value) == value
    for value in ("1900-01-01", "1989-12-31", "2100-01-02"):
        if birth:
            refused(model, one, value)
            refused_in_bytes(model, one, value_at(value).date())
        else:
            assert taken(model, one, value) == value
    for value in ("1900-02-29", SAID, "", "27/03/2026", 5.5):
        refused(model, one, value)


# ------------------------------------------------------------------ words, numbers, lists, ids


@pytest.mark.parametrize(("model", "one"), named(of_type("choice")))
def test_every_word_of_a_list_is_taken_and_no_other(model, one):
    for word in one.of:
        if (one.of.__name__, word.name) == ("Action", "new"):
            continue  # which names nothing that it replaces
        if (one.of.__name__, word.name) == ("Scheme", "nhs_number"):
            continue  # which has a check digit
        assert taken(model, one, word.value) == word.value
        assert taken(model, one, word.name) == word.value
    for value in (SAID, "", "Missing", "not known", 1, True, None if not one.nullable else 0):
        refused(model, one, value)


@pytest.mark.parametrize(("model", "one"), named(of_type("int")))
def test_a_number_stays_within_its_limits_and_those_of_the_wire(model, one):
    least = -(2**63) if one.least is None else one.least
    most = 2**63 - 1 if one.most is None else one.most

    assert taken(model, one, least) == least
    assert taken(model, one, most) == most
    if model.SENDERS or one.least is not None:
        refused(model, one, least - 1)
        refused(model, one, most + 1)
        assert one.most is not None, "what agencies send has a limit that Avro can hold"
    if one.least is not None:
        refused_in_bytes(model, one, one.least - 1)
    for value in (SAID, 1.5, None if not one.nullable else [], {}):
        refused(model, one, value)


@pytest.mark.parametrize(("model", "one"), named(of_type("list")))
def test_a_list_may_be_as_long_as_its_field_takes_and_no_longer(model, one):
    item = filled(model)
    for step in (*one.path, 0):
        item = item[step]
    assert taken(model, one, []) == []
    if one.longest is None:
        assert model.KIND in ("receipt", "picture"), "what agencies send has a limit"
        return

    assert len(taken(model, one, [item] * one.longest)) == one.longest
    refused(model, one, [item] * (one.longest + 1))
    for value in (SAID, item, {}, None if not one.nullable else 1):
        refused(model, one, value)


@pytest.mark.parametrize(("model", "one"), named(of_type("id")))
def test_an_id_is_a_uuid(model, one):
    assert taken(model, one, UUID_TEXT) == UUID_TEXT
    for value in ("", SAID, UUID_TEXT[:-1], f"{UUID_TEXT}0", 7):
        refused(model, one, value)


@pytest.mark.parametrize(("model", "one"), named(of_type("bool")))
def test_yes_or_no_is_true_or_false(model, one):
    assert taken(model, one, True) is True
    assert taken(model, one, False) is False
    for value in ("", SAID, 2, []):
        refused(model, one, value)


# ------------------------------------------------------------------ there, or left out


def may_be_left_out(one):
    return not one.required and one.path[-1] != 0


@pytest.mark.parametrize(("model", "one"), named(pair for pair in ALL if pair[1].required))
def test_what_is_required_is_asked_for_by_name(model, one):
    with pytest.raises(Invalid) as fault:
        from_json(without(filled(model), one.path))

    assert fault.value.field == one.name
    assert "is required" in fault.value.detail


# What must be there beside what else is filled in.
TOGETHER = {"replaces", "action", "risk_reason", "given_name", "family_name", "references"}


@pytest.mark.parametrize(
    ("model", "one"),
    named(p for p in ALL if may_be_left_out(p[1]) and p[1].path[-1] not in TOGETHER),
)
def test_what_is_optional_may_be_left_out(model, one):
    if (model.KIND, one.name) in (("answer", "reason"), ("answer", "until")):
        return
    message = from_json(without(filled(model), one.path))

    assert decode(encode(message)) == message
    if one.nullable:
        assert taken(model, one, None) is None


@pytest.mark.parametrize(
    ("model", "one"), named(pair for pair in of_type("record") if 0 not in pair[1].path)
)
def test_what_is_no_field_is_named_and_what_may_be_meant_too(model, one):
    inside = {**filled_at(model, one), "zzz": SAID}

    with pytest.raises(Invalid) as fault:
        from_json(put(filled(model), one.path, inside))

    assert fault.value.field == f"{one.name}.zzz"
    assert "is not a field" in fault.value.detail
    assert SAID not in fault.value.detail


def filled_at(model, one):
    form = filled(model)
    for step in one.path:
        form = form[step]
    return form


# ------------------------------------------------------------------ any value at all

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(ALL), anything)
@settings(max_examples=500, deadline=None)
def test_whatever_stands_in_a_field_is_carried_or_refused(pair, value):
    model, one = pair
    form = put(filled(model), one.path, value)
    with contextlib.suppress(Invalid):
        message = from_json(form)
        assert decode(encode(message)) == message
        assert from_json(json.dumps(to_json(message))) == message


def test_the_largest_message_that_every_limit_allows_still_fits_an_inbox():
    for model in KINDS.values():
        form = filled(model)
        for one in fields(model):
            if one.free and one.longest >= LONG and 0 not in one.path:
                form = put(form, one.path, "é" * LONG)
        assert len(encode(from_json(form | {"sender": HOME}))) < 2**20
