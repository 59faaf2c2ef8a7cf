"""No overlay that loads takes away, delays or lengthens what is law or statutory guidance (N11)."""

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from broker.deciding import decide
from broker.decision import Arrival, Decision, Picture, Rulebook
from broker.directory import Directory, Registered
from broker.episode import Episode
from broker.keys import Keys
from broker.policy.binding import AT_LEAST, weakened, weaker
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.model import BINDING, Clock, Ladder, Start, Step, View
from broker.policy.nodes import PolicyFault
from broker.policy.policies import Policies
from broker.recognition import Recognition
from tests.examples import HOME, OVERLAY_HEAD, STOKE, notification, returned

ENGLAND = shipped().national("England")
DIRECTORY = Directory.shipped().with_agencies([Registered(HOME, "The Beeches", STOKE)])
KEYS = Keys(b"sixteen bytes or more")
LAW = "return-interview"

OFFERED = [
    f"return-interview.outcome:stage={stage}" for stage in ("offered", "accepted", "declined")
]
HELD = "return-interview.outcome:stage=held&independent=true"
NOT_HELD = "return-interview.outcome:stage=not-held"


def rule(**changes: Any) -> dict[str, Any]:
    """The rule that binds in England, as a file writes it."""
    return {
        "id": LAW,
        "when": {
            "kind": "missing.return",
            "stage": ["returned", "closed"],
            "outcome": {"not": ["died", "harmed", "reported-in-error"]},
            "of_age": False,
        },
        "tell": ["interviewer"],
        "owe": [offer(), hold()],
        "basis": "statutory-guidance",
        "source": "T14, 2014",
    } | changes


def duty(**changes: Any) -> dict[str, Any]:
    return {
        "owed_by": "lead-return-interviews",
        "clock": {"starts": "returned", "within": {"hours": 72}},
        "ladder": "return-interview",
        "ends_with_absence": False,
        "until_18": True,
    } | changes


def offer(**changes: Any) -> dict[str, Any]:
    ends = {"met_by": [*OFFERED, HELD], "excused_by": [NOT_HELD]}
    return duty(duty="offer-return-interview", **ends) | changes


def hold(**changes: Any) -> dict[str, Any]:
    declined = "return-interview.outcome:stage=declined"
    ends = {"met_by": [HELD], "excused_by": [declined, NOT_HELD]}
    return duty(duty="hold-return-interview", **ends) | changes


def overlay(*rules: dict[str, Any], **more: Any) -> str:
    out = StringIO()
    YAML(typ="safe").dump(_plain({"rules": list(rules)} | more), out)
    return OVERLAY_HEAD + out.getvalue()


def _plain(value: Any) -> Any:
    """No part twice, which YAML would write as an alias."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def laid(*rules: dict[str, Any], **more: Any) -> Policies:
    return with_overlays(shipped(), [load_overlay(overlay(*rules, **more), "ours.yaml")])


def hours(number: int, starts: str = "returned") -> dict[str, Any]:
    return {"starts": starts, "within": {"hours": number}}


@pytest.mark.parametrize(
    "written",
    [
        rule(),
        rule(tell=["interviewer", "lead-director"]),
        rule(owe=[offer(clock=hours(24)), hold(clock=hours(48))]),
        rule(owe=[offer(met_by=[HELD]), hold(excused_by=[NOT_HELD])]),
        rule(owe=[offer(until_18=False), hold()]),
        rule(when={"kind": "missing.return"}),
    ],
)
def test_what_binds_may_be_written_anew_and_stricter(written):
    assert laid(written).overlays


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (rule(basis="local"), "its basis stays statutory-guidance"),
        (
            rule(when=rule()["when"] | {"looked_after": True}),
            "its conditions must hold whenever they do there",
        ),
        (rule(tell=["lead-director"]), "interviewer must be told at least the same"),
        (
            rule(tell=[{"role": "interviewer", "view": "summary"}]),
            "interviewer must be told at least the same",
        ),
        (rule(owe=[hold()]), "lead-return-interviews must owe 'offer-return-interview' still"),
        (
            rule(owe=[offer(clock=hours(73)), hold()]),
            "duty 'offer-return-interview': its clock may be shorter, with the same start",
        ),
        (
            rule(owe=[offer(clock={"starts": "returned", "working_days": 2}), hold()]),
            "its clock may be shorter",
        ),
        (rule(owe=[offer(clock=hours(24, "found")), hold()]), "its clock may be shorter"),
        (
            rule(owe=[offer(), hold(met_by=["return-interview.outcome:stage=held"])]),
            "duty 'hold-return-interview': met_by may not name what ends it more easily",
        ),
        (
            rule(owe=[offer(excused_by=["return-interview.outcome:reason"]), hold()]),
            "excused_by may not name further grounds",
        ),
        (
            rule(owe=[offer(), hold(ends_with_absence=True)]),
            "it does not end with the absence",
        ),
        (rule(owe=[offer(each=True), hold()]), "each stays false"),
        (rule(owe=[offer(ladder="quiet"), hold()]), "its ladder must ask at least the same"),
        (
            rule(
                id="mine",
                basis="local",
                owe=[hold(clock=hours(200, "occurred"))],
                tell=["lead-director"],
            ),
            "duty 'hold-return-interview' is statutory-guidance in rule 'return-interview': its",
        ),
    ],
)
def test_what_binds_is_not_weakened(written, problem):
    with pytest.raises(PolicyFault) as caught:
        laid(written)

    assert all(one.startswith("ours.yaml:7: ") for one in caught.value.problems)
    assert any(problem in one for one in caught.value.problems), caught.value.problems


def test_what_binds_is_not_taken_out_nor_given_another_ladder():
    steps = [{"role": "lead-director", "after": {"days": 9}}]
    with pytest.raises(PolicyFault) as caught:
        laid(
            rule(id="x", basis="local", owe=[duty(duty="mine", met_by=[HELD])]),
            without=[LAW, "return-died-or-harmed"],
            ladders={"return-interview": {"day": steps, "night": steps}},
        )

    problems = " ".join(caught.value.problems)
    assert "rule 'return-interview' is statutory-guidance: no overlay takes it out" in problems
    assert "rule 'return-interview' is statutory-guidance and climbs it: give yours" in problems


def test_a_local_rule_may_be_replaced_or_taken_out_freely():
    policies = laid(
        rule(id="missing-home", basis="local", owe=[duty(duty="mine", met_by=[HELD])]),
        without=["absent", "away"],
    )

    assert policies.overlays[0].without == {"absent", "away"}


BINDS = next(one for one in ENGLAND.rules if one.id == LAW)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("stands", "written", "problem"),
    [
        ({"until_18": False}, {"until_18": True}, "it does not end at eighteen"),
        ({"by_itself": False}, {"by_itself": True}, "what makes it owed does not meet it"),
        (
            {"clock": Clock(Start.stated, at_most=HOUR)},
            {"clock": Clock(Start.stated, at_most=2 * HOUR)},
            "its clock may be shorter",
        ),
        (
            {"clock": Clock(Start.stated, at_most=HOUR)},
            {"clock": Clock(Start.stated)},
            "its clock may be shorter",
        ),
        (
            {"clock": Clock(Start.accepted, within=9 * HOUR, high=HOUR)},
            {"clock": Clock(Start.accepted, within=9 * HOUR)},
            "its clock may be shorter",
        ),
        (
            {"clock": Clock(Start.placed, before=True)},
            {"clock": Clock(Start.placed, within=HOUR)},
            "its clock may be shorter",
        ),
    ],
)
def test_a_duty_that_binds_may_change_in_one_direction_only(stands, written, problem):
    old, new = (replace(BINDS.owe[0], ladder="", **changes) for changes in (stands, written))

    (found,) = weaker(old, new, {}, {})

    assert found.startswith(problem)
    assert list(weaker(new, old, {}, {})) == []


@pytest.mark.parametrize(
    "changes", [{"silent": True}, {"night": (Step(2 * HOUR, "lead-director"),)}]
)
def test_a_duty_that_binds_climbs_no_more_quietly_and_by_night_no_later(changes):
    steps = (Step(HOUR, "lead-director"),)
    loud = Ladder(BINDS.owe[0].ladder, steps, steps)
    below, above = {loud.name: loud}, {loud.name: replace(loud, **changes)}

    assert list(weaker(BINDS.owe[0], BINDS.owe[0], below, above)) == [
        "its ladder must ask at least the same desks, no later"
    ]
    assert list(weaker(BINDS.owe[0], BINDS.owe[0], above, below)) == []


@pytest.mark.parametrize("less", ["wakes", "covered"])
def test_who_is_woken_or_covered_by_what_binds_still_is(less):
    loud = replace(BINDS, tell=(replace(BINDS.tell[0], wakes=True, covered=True),))
    quiet = replace(loud, tell=(replace(loud.tell[0], **{less: False}),))
    below = replace(ENGLAND, rules=(loud,))

    assert [text for _, text in weakened(below, [quiet], {})] == [
        f"rule {LAW!r} is {BINDS.basis} in {ENGLAND.version}: interviewer must be told at least "
        "the same"
    ]
    assert list(weakened(below, [loud], {})) == []


def test_the_ladder_of_a_return_that_binds_is_given_no_other_steps():
    law = replace(ENGLAND.returns[0], basis=BINDS.basis)
    ladder = ENGLAND.ladders[law.ladder]

    found = list(weakened(replace(ENGLAND, returns=(law,)), [], {law.ladder: ladder}))

    assert found == [
        (
            f"ladder {law.ladder}",
            f"return {law.kind!r} is {law.basis} and climbs it: give yours another name",
        )
    ]


# -- any overlay that loads


ROLES = st.sampled_from(["interviewer", "lead-social-work", "lead-return-interviews", "told"])
TOKENS = st.sampled_from([*OFFERED, HELD, NOT_HELD, "return-interview.outcome", "acting"])
CHANGES = st.one_of(
    st.just({}),
    st.builds(
        lambda length, start: {"clock": hours(length, start)},
        st.sampled_from([1, 24, 71, 73, 200]),
        st.sampled_from(["returned", "returned", "occurred", "accepted"]),
    ),
    st.builds(lambda tokens: {"met_by": tokens}, st.lists(TOKENS, min_size=1, unique=True)),
    st.just({"met_by": [HELD]}),
    st.builds(lambda token: {"excused_by": [token]}, TOKENS),
    st.builds(
        lambda flag, value: {flag: value},
        st.sampled_from(["ends_with_absence", "until_18", "each"]),
        st.booleans(),
    ),
    st.sampled_from([{"ladder": "quiet"}, {"owed_by": "lead-social-work"}, {"duty": "look"}]),
)


@st.composite
def written_anew(draw: Any) -> dict[str, Any]:
    """The rule that binds, with something else in it, stricter or weaker."""
    views = st.sampled_from(["full", "full", *(view.value for view in View)])
    tell = [{"role": "interviewer", "view": draw(views)}, {"role": "told", "view": "signal"}]
    changes: dict[str, Any] = {"tell": draw(st.sampled_from([tell, tell[:1], tell[1:], tell]))}
    if draw(st.booleans()):
        changes["when"] = draw(
            st.sampled_from([{"kind": "missing.return"}, rule()["when"] | {"looked_after": True}])
        )
    if draw(st.integers(0, 9)) == 0:
        changes["basis"] = "local"
    owe = [base | draw(CHANGES) for base in (offer(), hold())]
    return rule(owe=owe, **changes)


@st.composite
def local(draw: Any) -> dict[str, Any]:
    """A local rule, new or written anew, that speaks of the same people and perhaps duties."""
    id = draw(st.sampled_from(["missing-lead", "return-died-or-harmed", "mine", "absent"]))
    views = st.sampled_from([view.value for view in View])
    told = st.fixed_dictionaries({"role": ROLES, "view": views})
    tell = draw(st.lists(told, min_size=1, max_size=3, unique_by=lambda one: one["role"]))
    owe = hold(duty="look", owed_by="lead-social-work") | draw(CHANGES)
    if draw(st.booleans()):
        owe |= {"duty": "hold-return-interview", "owed_by": "lead-return-interviews"}
    kinds = ["missing.return", "missing.notification"]
    when = {"kind": draw(st.sampled_from([kinds, *kinds]))}
    return rule(id=id, when=when, tell=tell, owe=[owe], basis="local")


def unlike(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({one["id"]: one for one in rules}.values())


OVERLAYS = st.lists(st.one_of(written_anew(), local()), min_size=1, max_size=3).map(unlike)


def outcome(policies: Policies) -> list[Decision]:
    """What a report and a return lead to."""
    rulebook = Rulebook(policies, DIRECTORY, KEYS)
    child, id = UUID(int=1), UUID(int=2)
    picture = Picture(Recognition(child, True, ()), Episode(id, child, False))
    first = notification(message_id=UUID(int=3))
    end = returned(first, message_id=UUID(int=4), at=first.occurred_at + timedelta(hours=8))
    decisions = []
    for number, message in enumerate((first, end), 1):
        arrival = Arrival(message.occurred_at, count(number * 100), number, message)
        decisions.append(decide(picture, arrival, rulebook))
        held = {one.id: one for one in (*picture.duties, *decisions[-1].duties)}
        picture = replace(picture, episode=decisions[-1].episode, duties=tuple(held.values()))
    return decisions


NATIONAL = outcome(shipped())
BOUND = {
    (one.name, one.owed_by): one
    for decision in NATIONAL
    for one in decision.duties
    if one.basis in BINDING
}
TOLD = [
    {one.address: one.view for one in decision.routing.recipients if one.basis in BINDING}
    for decision in NATIONAL
    if decision.routing
]


@settings(deadline=None, max_examples=150)
@given(OVERLAYS)
def test_any_overlay_that_loads_leaves_what_binds_as_strong(written):
    try:
        policies = laid(*written)
    except PolicyFault:
        return

    decisions = outcome(policies)

    assert BOUND
    owed = {(one.name, one.owed_by): one for each in decisions for one in each.duties}
    for key, bound in BOUND.items():
        assert owed[key].standing
        assert owed[key].due_at <= bound.due_at
    for told, decision in zip(TOLD, decisions, strict=True):
        views = {one.address: one.view for one in decision.routing.recipients if not one.as_kind}
        for address, view in told.items():
            assert views[address] in AT_LEAST[view]


def test_the_examples_are_both_taken_and_refused():
    assert laid(rule(tell=[{"role": "interviewer"}, {"role": "told", "view": "signal"}]))
    with pytest.raises(PolicyFault):
        laid(rule(basis="local"))
