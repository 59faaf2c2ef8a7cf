"""What is left of a message in each view, tried with a message that fills every field."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.episode import PLACED
from broker.policy import load
from broker.policy.model import View
from broker.views import TAKEN_AWAY, seen
from schemas.child import Residence
from schemas.codec import decode, encode, from_json, to_json
from schemas.kinds import FROM_AGENCIES, KINDS
from schemas.message import ChildMessage
from schemas.profile import ChildProfile
from schemas.values import Known
from tests.any_message import SOME
from tests.filled import fields, filled

EPISODE = UUID("2f6d2f0c-6f0f-4c39-8c8e-1f7a4a1d8e55")
SECRET = "Zaphod"
ABOUT_A_CHILD = [model for model in KINDS.values() if issubclass(model, ChildMessage)]
REDUCED_KINDS = [model for model in ABOUT_A_CHILD if model is not ChildProfile]
REDUCED = [view for view in View if view is not View.full]

# Texts that a reduced view may keep: numbers, functions, an area; no names, no narrative.
ENVELOPE = {"incident", "paper_form", "child.references.0.value"}
SUMMARY = {
    "missing.notification": {
        "place.district",
        "police_report.reference",
        "ring_back",  # a desk and its number
    },
    "missing.update": {"police_reference"},
    "missing.return": {"place.district", "police_reference"},
    "safe-and-well.outcome": {"decided_by", "police_reference", "also_covers.0"},  # a rank
    "return-interview.outcome": {"interviewer", "also_covers.0"},  # a function
    "iro.alert": set(),
    "referral": {"reference"},
    "meeting.request": set(),
    "meeting.outcome": set(),
    "profile.request": set(),
    "regulator.notice": {"reference"},
    "placement.notice": {
        f"{desk}.{part}"
        for desk in ("iro", "social_worker", "emergency_contact")
        for part in ("function", "phone")
    },
    "placement.arrival": {
        f"{desk}.{part}"
        for desk in ("iro", "placing_authority_contact")
        for part in ("function", "phone")
    },
    "threshold.reached": {  # made by Homeward: words of a policy, and references
        "threshold",
        "policy",
        "basis",
        "criteria.0",
        "words",
        "episodes.0.episode",
        "carer",
    },
}
SIGNAL = {"safe-and-well.outcome": {"decided_by"}, "threshold.reached": {"threshold", "policy"}}
INTELLIGENCE = {"return-interview.outcome": {"intelligence"}}
RELEASED = {"return-interview.outcome": {"released_to_home"}}


def allowed(kind, view):
    if view is View.summary:
        return ENVELOPE | SUMMARY[kind]
    if view is View.intelligence:
        return ENVELOPE | SUMMARY[kind] | INTELLIGENCE.get(kind, set())
    if view is View.released:
        return ENVELOPE | SIGNAL.get(kind, set()) | RELEASED.get(kind, set())
    return ENVELOPE - {"child.references.0.value"} | SIGNAL.get(kind, set())


def full(model, **changes):
    """Every field filled in, every free text with the secret and the name of its field."""
    return from_json(filled(model, SECRET) | changes)


def shared(message):
    """The shared reference of what a message is of: an absence, or a placement."""
    return message.placement if message.KIND in PLACED else message.episode


def leaves(form, above=""):
    if isinstance(form, dict):
        for name, value in form.items():
            yield from leaves(value, f"{above}{name}.")
    elif isinstance(form, list):
        for number, value in enumerate(form):
            yield from leaves(value, f"{above}{number}.")
    else:
        yield above[:-1], form


def secrets(message):
    return {path for path, value in leaves(to_json(message)) if SECRET in str(value)}


def told_differently(model):
    """The same with another answer to whether a carer is a concern."""
    if "concern_about_carer" not in model.model_fields:
        return [full(model)]
    return [full(model, concern_about_carer=answer.value) for answer in Known]


# ------------------------------------------------------------------ every kind, every view


@pytest.mark.parametrize("view", REDUCED)
@pytest.mark.parametrize("model", REDUCED_KINDS, ids=lambda model: model.KIND)
def test_a_reduced_view_keeps_no_text_but_those_it_may(model, view):
    for message in told_differently(model):
        assert secrets(seen(message, view, EPISODE)) <= allowed(model.KIND, view)


@pytest.mark.parametrize("model", REDUCED_KINDS, ids=lambda model: model.KIND)
def test_a_summary_keeps_what_its_reader_needs(model):
    assert secrets(seen(full(model), View.summary, EPISODE)) == allowed(model.KIND, View.summary)


@pytest.mark.parametrize("view", REDUCED)
@pytest.mark.parametrize("model", REDUCED_KINDS, ids=lambda model: model.KIND)
def test_what_is_left_is_still_a_message(model, view):
    for message in told_differently(model):
        left = seen(message, view, EPISODE)

        assert decode(encode(left)) == left
        assert from_json(to_json(left)) == left
        assert left.message_id == message.message_id
        assert left.occurred_at == message.occurred_at
        assert shared(left) == str(EPISODE)


@given(st.one_of([SOME[model] for model in REDUCED_KINDS]), st.sampled_from(list(View)))
def test_any_message_in_any_view_is_still_a_message(message, view):
    left = seen(message, view, EPISODE, address_protected=True)

    assert decode(encode(left)) == left


@pytest.mark.parametrize("view", REDUCED)
@pytest.mark.parametrize("model", REDUCED_KINDS, ids=lambda model: model.KIND)
def test_no_view_but_the_full_one_says_who_the_child_is(model, view):
    child = seen(full(model), view, EPISODE).child

    assert (child.given_name, child.family_name, child.also_known_as) == ("-", "-", ())
    assert child.ethnicity is None
    assert child.birth_date is None or (child.birth_date.month, child.birth_date.day) == (1, 1)


@pytest.mark.parametrize("model", ABOUT_A_CHILD, ids=lambda model: model.KIND)
def test_the_full_view_keeps_everything_but_puts_the_shared_reference(model):
    where = LIVING.get(model)
    message = full(model, **({where: {"address": f"{SECRET} Lane"}} if where else {}))
    if model.KIND == "placement.notice":
        message = message.model_copy(update={"address_protected": False})

    name, other = ("placement", "episode") if model.KIND in PLACED else ("episode", "placement")
    put = {name: str(EPISODE)} | ({other: None} if model.KIND in PLACED else {})
    assert seen(message, View.full, EPISODE) == message.model_copy(update=put)


def test_a_signal_names_no_number_of_the_child():
    assert seen(full(FROM_AGENCIES["missing.return"]), View.signal, EPISODE).child.references == ()


def test_what_may_not_be_missing_says_that_it_was_taken_away():
    update = seen(full(FROM_AGENCIES["missing.update"]), View.summary, EPISODE)
    asked = seen(full(FROM_AGENCIES["meeting.request"]), View.signal, EPISODE)

    assert update.reason == TAKEN_AWAY
    assert asked.why == TAKEN_AWAY


# ------------------------------------------------------------------ what the home may see

INTERVIEW = FROM_AGENCIES["return-interview.outcome"]
CHECK = FROM_AGENCIES["safe-and-well.outcome"]


@pytest.mark.parametrize("concern", list(Known))
def test_what_is_released_reaches_the_home_only_without_a_concern_about_a_carer(concern):
    said = full(INTERVIEW, concern_about_carer=concern.value)

    released = seen(said, View.released, EPISODE).released_to_home

    assert (released is not None) == (concern is Known.no)


@pytest.mark.parametrize("view", [each for each in REDUCED if each is not View.released])
def test_what_is_released_to_the_home_is_in_no_other_reduced_view(view):
    said = full(INTERVIEW, concern_about_carer="no")

    assert seen(said, view, EPISODE).released_to_home is None


def test_the_home_never_sees_what_the_child_said_or_what_was_done_to_it():
    interview = seen(full(INTERVIEW, concern_about_carer="no"), View.released, EPISODE)
    check = seen(full(CHECK, concern_about_carer="no"), View.released, EPISODE)

    for name in ("findings", "child_view", "intelligence", "harm", "reason_detail", "actions"):
        assert getattr(interview, name) is None
    for name in ("harm", "harm_detail", "offence_detail", "concern_detail", "where_and_with_whom"):
        assert getattr(check, name) is None
    assert interview.push_factors == interview.pull_factors == interview.referrals == ()
    assert interview.risk_factors is check.risk_factors is None


@pytest.mark.parametrize("view", [View.signal, View.released])
@pytest.mark.parametrize("model", [INTERVIEW, CHECK])
def test_whether_a_carer_is_a_concern_is_not_to_be_read_off_a_signal(model, view):
    """Beside what is released: that nothing is may be for any reason."""
    forms = [
        to_json(seen(message, view, EPISODE)) | {"released_to_home": None}
        for message in told_differently(model)
    ]

    assert all(form == forms[0] for form in forms)


# ------------------------------------------------------------------ addresses


def addresses_of(message):
    return {
        value
        for path, value in leaves(to_json(message))
        if path.rpartition(".")[2] == "address" and value is not None
    }


LIVING = {
    model: name
    for model in ABOUT_A_CHILD
    for name in ("lives", "moved_to")
    if name in model.model_fields
}


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("model", LIVING, ids=lambda model: model.KIND)
def test_a_protected_address_is_in_no_view(model, view):
    lives = {"authority": "la.E06000021", "address": f"{SECRET} Lane"}
    open_ = full(model, **{LIVING[model]: lives})
    protected = full(model, **{LIVING[model]: lives | {"address_protected": True}})

    assert addresses_of(seen(protected, view, EPISODE)) == set()
    assert addresses_of(seen(open_, view, EPISODE, address_protected=True)) == set()
    assert addresses_of(seen(open_, view, EPISODE)) == (
        {f"{SECRET} Lane"} if view is View.full else set()
    )


def test_the_address_of_a_protected_placement_is_in_no_view():
    notice = full(FROM_AGENCIES["placement.notice"], address=f"{SECRET} Lane")

    for view in View:
        left = seen(notice, view, EPISODE)
        assert f"{SECRET} Lane" not in to_json(left).values()
        assert left.carer_contact is None


def test_every_kind_that_can_name_an_address_is_tried():
    naming = {
        model
        for model in ABOUT_A_CHILD
        for one in fields(model)
        if one.type == "record" and one.of is Residence
    }

    assert naming == set(LIVING)


# ------------------------------------------------------------------ what is kept ready


def test_no_rule_shows_a_profile_in_part():
    for policy in load.shipped().each.values():
        for rule in policy.rules:
            kinds = rule.when["kind"]
            for tell in rule.tell:
                if tell.as_kind == ChildProfile.KIND or kinds == {ChildProfile.KIND}:
                    assert tell.view is View.full, rule.id
