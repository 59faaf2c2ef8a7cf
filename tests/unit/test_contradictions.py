"""What one message may not say at once, or may not leave out beside something: in words."""

import io

import fastavro
import pytest

from broker.cli.example import example
from schemas import generate
from schemas.codec import decode, encode, from_json
from schemas.errors import Invalid
from schemas.kinds import KINDS
from tests.examples import FRIDAY_NIGHT

UUID_OF_NOBODY = "6d1f8a3e-0c55-4a53-9a7e-3d1b1f0c2a11"
CHECK, INTERVIEW = "safe-and-well.outcome", "return-interview.outcome"
SECRET = "Zaphod"  # in every text of a contradiction, and in no rejection

# kind, what is changed in its example, the field that is named, what the words say
CONTRADICTIONS = [
    (CHECK, {"result": "not-done"}, "reason", "needs its reason (reason)"),
    (CHECK, {"result": "not-done", "reason": "frequent"}, "", "who decided so (decided_by)"),
    (INTERVIEW, {"independent": None}, "", "whether the interviewer is independent (independent)"),
    (INTERVIEW, {"stage": "not-held"}, "reason", "not-held needs its reason (reason)"),
    (INTERVIEW, {"stage": "not-referred"}, "reason", "not-referred needs its reason (reason)"),
    (INTERVIEW, {"stage": "shared"}, "", "shared says with whom (shared_with)"),
    ("child.profile", {"money": SECRET}, "", "money is filled in, and is in none_known: which"),
    ("child.profile", {"phones": [], "places": []}, "", "places is missing: fill it in, or list"),
    ("child.profile", {"risk_factors": None}, "", "risk_factors is missing: fill it in, or list"),
    ("child.profile", {"description": ""}, "", "description is missing: fill it in, or list"),
    ("child.profile", {"none_known": []}, "", "medical is missing: fill it in, or list it in"),
    ("meeting.outcome", {"held": False}, "reason", "not held needs the reason (reason)"),
    ("referral", {"stage": "accepted"}, "", "names the referral it answers (of)"),
    ("missing.notification", {"risk_reason": None}, "risk_reason", "with its reason (risk_reason)"),
    ("missing.notification", {"risk_reason": ""}, "risk_reason", "with its reason (risk_reason)"),
    ("missing.notification", {"last_seen_at": "2026-03-27T22:10:01Z"}, "", "lies after sent_at"),
    ("missing.notification", {"replaces": UUID_OF_NOBODY}, "", "new names none"),
    ("missing.notification", {"action": "cancel"}, "", "name the message they replace"),
    ("missing.return", {"action": "update"}, "", "name the message they replace"),
    ("missing.return", {"child": {"given_name": SECRET}}, "child", "give a reference"),
    ("missing.return", {"child": {}}, "child", "name the child, or give a reference"),
    ("missing.return", {"from_address": "la.E08000030/front-door"}, "", "belong to the sender"),
    ("missing.update", {"reason": ""}, "reason", "reason: say why"),
    ("answer", {"state": "not-ours"}, "", "not-ours needs a reason"),
    ("answer", {"state": "need-until", "reason": SECRET}, "", "needs the time (until)"),
    ("answer", {"state": "need-until"}, "", "need-until needs a reason"),
]


def said(kind, changes):
    return example(kind, FRIDAY_NIGHT) | changes


@pytest.mark.parametrize(("kind", "changes", "field", "words"), CONTRADICTIONS)
def test_a_contradiction_is_refused_and_the_words_say_what_to_do(kind, changes, field, words):
    with pytest.raises(Invalid) as fault:
        from_json(said(kind, changes))

    assert fault.value.code == ("reason-required" if "reason" in field else "invalid")
    assert fault.value.field == field
    assert words in fault.value.detail
    assert SECRET not in fault.value.detail


@pytest.mark.parametrize(("kind", "changes", "field", "words"), CONTRADICTIONS)
def test_the_same_in_bytes_is_refused_alike(kind, changes, field, words):
    """An agency may write what our own client would not."""
    model = KINDS[kind]
    valid = from_json(example(kind, FRIDAY_NIGHT))
    if "last_seen_at" in changes:
        changes = {"last_seen_at": valid.sent_at.replace(second=1)}
    symbols = {name: symbol(value) for name, value in changes.items()}
    if "child" in symbols:
        empty = {name: None for name in type(valid.child).model_fields}
        symbols["child"] = empty | {"references": [], "also_known_as": []} | changes["child"]
    stream = io.BytesIO()
    stream.write(encode(valid)[:5])
    schema = fastavro.parse_schema(generate.avro_schema(model))
    fields = valid.model_dump() | symbols
    fastavro.schemaless_writer(stream, schema, fields, disable_tuple_notation=True)

    with pytest.raises(Invalid) as fault:
        decode(stream.getvalue())

    assert fault.value.field == field
    assert words in fault.value.detail


def symbol(value):
    return value.replace("-", "_") if value in ("not-done", *STAGES) else value


STAGES = ("not-held", "not-referred", "not-ours", "need-until")


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (CHECK, {"result": "not-done", "reason": "refused", "decided_by": "Sergeant"}),
        (INTERVIEW, {"stage": "not-held", "reason": "gone-again", "independent": None}),
        (INTERVIEW, {"stage": "offered", "independent": None}),
        (INTERVIEW, {"stage": "shared", "shared_with": ["social-work"]}),
        ("child.profile", {"risk_factors": []}),
        ("child.profile", {"risk_factors": None, "none_known": ["medical", "risk-factors"]}),
        ("child.profile", {"medical": "An inhaler", "none_known": []}),
        ("meeting.outcome", {"held": False, "reason": "Nobody came"}),
        ("referral", {"stage": "declined", "of": UUID_OF_NOBODY}),
        ("answer", {"state": "need-until", "reason": "Reading", "until": "2026-03-27T23:00:00Z"}),
    ],
)
def test_what_is_complete_is_taken(kind, changes):
    assert from_json(said(kind, changes))


@pytest.mark.parametrize("kind", [CHECK, INTERVIEW, "child.profile", "meeting.outcome", "referral"])
def test_what_is_withdrawn_need_not_be_complete(kind):
    bare = {
        name: value
        for name, value in example(kind, FRIDAY_NIGHT).items()
        if name in KINDS[kind].model_fields and KINDS[kind].model_fields[name].is_required()
    }

    assert from_json(
        {**bare, "kind": kind, "action": "cancel", "replaces": UUID_OF_NOBODY, **worst(kind)}
    )


def worst(kind):
    """What would be refused of a message that is not withdrawn."""
    return {
        CHECK: {"result": "not-done"},
        INTERVIEW: {"stage": "held"},
        "meeting.outcome": {"held": False},
        "referral": {"stage": "accepted"},
    }.get(kind, {})
