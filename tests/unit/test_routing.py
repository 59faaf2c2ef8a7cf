"""Who must know: roles, closed desks, covers and ladders."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.directory import Directory, Override, Registered
from broker.episode import State, Told, state_of
from broker.policy import load
from broker.policy.model import Situation, Step
from broker.routing import (
    Scene,
    addresses,
    climb,
    lasting,
    may_ring,
    route,
    route_withdrawal,
)
from broker.said import fact_of
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    notification,
    returned,
)

DIRECTORY = Directory.shipped().with_agencies([Registered(HOME, "The Beeches", STOKE)])
ENGLAND = load.shipped().national("England")
EDT = f"{WALSALL}/emergency-duty"
FRONT_DOOR = f"{WALSALL}/front-door"
CONTROL_ROOM = f"{STAFFORDSHIRE_POLICE}/control-room"
MISSING = Situation("missing.notification", "provider", "missing")


def state(**changes) -> State:
    said = notification(**changes)
    return state_of([fact_of(said, 1, FRIDAY_NIGHT, 1, said.message_id)])


def scene(now=FRIDAY_NIGHT, sender=f"{HOME}/night-staff", directory=DIRECTORY, told=(), **changes):
    known = {address: Told("x", now, "full") for address in told}
    return Scene(state(**changes), sender, now, directory, known)


def told(situation=MISSING, **how):
    return {one.address: one for one in route(ENGLAND, situation, scene(**how)).recipients}


def test_a_closed_desk_gets_it_silently_until_it_opens_and_its_cover_is_woken():
    found = told()

    assert found[FRONT_DOOR].opens_at == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    assert not found[FRONT_DOOR].wakes
    assert found[EDT].cover_for == FRONT_DOOR
    assert found[EDT].wakes


def test_an_open_desk_gets_it_and_its_cover_does_not():
    found = told(now=THURSDAY_NOON)

    assert found[FRONT_DOOR].opens_at is None
    assert EDT not in found


def test_who_may_not_be_woken_is_not_covered():
    found = told(_with(MISSING, looked_after=True))

    assert f"{STOKE}/front-door" in found
    assert f"{STOKE}/emergency-duty" not in found


def test_immediate_danger_wakes_every_cover():
    danger = _with(MISSING, looked_after=True, immediate_danger=True)

    assert told(danger)[f"{STOKE}/emergency-duty"].wakes


def test_what_is_over_wakes_nobody_and_asks_nobody():
    over = _with(MISSING, looked_after=True, immediate_danger=True, ended=True)
    routing = route(ENGLAND, over, scene())

    assert not any(one.wakes for one in routing.recipients)
    assert {one.rule.duty for one in routing.owed} == {"answer-iro-alert"}


def test_every_recipient_says_because_of_which_rule_and_policy():
    assert told()[EDT].because == f"missing-lead@{ENGLAND.version}"
    assert told()[EDT].basis == "local"
    assert told()[EDT].source


def test_an_address_is_told_once_though_several_rules_name_it():
    routing = route(ENGLAND, _with(MISSING, looked_after=True, open_to_social_work=True), scene())
    addressed = [(one.address, one.as_kind) for one in routing.recipients]

    assert len(addressed) == len(set(addressed))


def test_the_sender_is_not_told_what_it_said_and_its_agency_owes_no_answer():
    routing = route(ENGLAND, MISSING, scene(sender=EDT))
    found = {one.address for one in routing.recipients}

    assert EDT not in found
    assert FRONT_DOOR in found
    assert {one.owed_by for one in routing.owed if one.rule.duty == "answer"} == {CONTROL_ROOM}


def test_a_role_that_nobody_has_is_said_to_be_told_to_nobody():
    child_of_nowhere = scene(
        place={}, lives={}, responsible_authority=None, care_status="not-known"
    )
    not_told = route(ENGLAND, MISSING, child_of_nowhere).not_told

    assert {one.role for one in not_told} >= {"lead-front-door", "police-of-place"}
    assert all(one.why for one in not_told)


def test_whoever_was_told_in_one_way_is_told_more_in_the_same_way():
    as_before = Told("x", FRIDAY_NIGHT, "summary", as_kind="iro.alert")
    there = scene()
    there = Scene(**{**_fields(there), "told": {f"{WALSALL}/iro-service": as_before}})

    (one,) = route(ENGLAND, Situation("missing.update"), there).recipients

    assert (one.view.value, one.as_kind) == ("summary", "iro.alert")


def test_a_withdrawal_goes_to_all_who_were_told_and_to_nobody_else():
    there = scene(told=(EDT, f"{STOKE}/front-door", f"{HOME}/night-staff"))
    routing = route_withdrawal(ENGLAND, MISSING, there, {})

    assert {one.address for one in routing.recipients} == {EDT, f"{STOKE}/front-door"}
    assert routing.owed == ()
    assert not any(one.wakes for one in routing.recipients)


def test_a_withdrawal_goes_to_those_who_had_the_message_in_the_view_they_had():
    had = {f"{WALSALL}/iro-service": ("summary", "iro.alert"), CONTROL_ROOM: ("intelligence", "")}
    routing = route_withdrawal(ENGLAND, Situation("return-interview.outcome"), scene(), had)

    found = {one.address: (one.view.value, one.as_kind) for one in routing.recipients}
    assert found == had
    assert not any(one.wakes for one in routing.recipients)


def test_an_end_that_is_taken_back_wakes_the_lead_and_the_police_again():
    there = scene(told=(EDT, CONTROL_ROOM, f"{STOKE}/front-door"))
    again = Situation("missing.return", reopened=True)
    routing = route_withdrawal(ENGLAND, again, there, {})

    assert {one.address for one in routing.recipients if one.wakes} == {EDT, CONTROL_ROOM}
    assert {(one.rule.duty, one.owed_by) for one in routing.owed} >= {
        ("answer", EDT),
        ("answer", CONTROL_ROOM),
    }


def test_lasting_duties_are_those_that_wait_for_no_answer():
    over = Situation("missing.return", stage="returned", outcome="safe", category="missing")
    owed = {one.rule.duty for one in lasting(ENGLAND, ENGLAND.lasting(over), over, scene())}

    assert owed == {"safe-and-well-check", "offer-return-interview", "hold-return-interview"}
    assert "answer" not in {
        one.rule.duty for one in lasting(ENGLAND, ENGLAND.lasting(MISSING), MISSING, scene())
    }


def test_what_is_owed_to_a_child_is_not_owed_to_who_is_of_age():
    over = Situation(
        "missing.return", stage="returned", outcome="safe", category="missing", of_age=True
    )
    owed = {one.rule.duty for one in lasting(ENGLAND, ENGLAND.lasting(over), over, scene())}

    assert owed == {"safe-and-well-check"}


# -- roles


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("lead-front-door", [FRONT_DOOR]),
        ("lead-iro-service", [f"{WALSALL}/iro-service"]),
        ("host-front-door", [f"{STOKE}/front-door"]),
        ("place-front-door", [f"{STOKE}/front-door"]),
        ("police-of-place", [CONTROL_ROOM]),
        ("found-force", [CONTROL_ROOM]),
        ("plan-chair", []),
        ("home", [f"{HOME}/night-staff"]),
        ("sender", [f"{HOME}/night-staff"]),
        ("told", []),
        ("nobody-knows-this-role", []),
    ],
)
def test_roles_are_resolved_from_the_facts(role, expected):
    assert addresses(role, scene()) == expected


def test_by_day_the_home_is_its_manager():
    assert addresses("home", scene(now=THURSDAY_NOON)) == [f"{HOME}/home-manager"]


def test_the_place_is_nobody_else_where_it_is_the_lead_councils_own():
    own = scene(place={"authority": WALSALL}, lives={"authority": WALSALL})

    assert addresses("place-front-door", own) == []
    assert addresses("host-front-door", own) == []


def test_a_former_code_of_a_council_finds_the_council_of_today():
    by_old_code = scene(responsible_authority="la.E06000048")  # Northumberland, until 2013

    assert addresses("lead-front-door", by_old_code) == ["la.E06000057/front-door"]


def test_the_force_of_where_the_child_was_found_does_the_check():
    said = notification()
    there = {"place": {"authority": WALSALL}, "stage": "found"}
    facts = [
        fact_of(message, number, FRIDAY_NIGHT, number, said.message_id)
        for number, message in enumerate([said, returned(said, **there)])
    ]
    found = Scene(state_of(facts), "x/y", FRIDAY_NIGHT, DIRECTORY, {})

    assert addresses("found-force", found) == ["police.E23000014/control-room"]
    assert addresses("police-of-place", found) == [CONTROL_ROOM]


# -- ladders


def test_a_ladder_has_each_address_once_and_not_the_one_that_owes():
    steps = [
        Step(timedelta(0), "owner-on-call-manager"),
        Step(timedelta(minutes=5), "lead-on-call-manager"),
        Step(timedelta(minutes=9), "lead-front-door"),
        Step(timedelta(minutes=15), "police-of-place"),
    ]

    rungs = climb(steps, FRONT_DOOR, scene())

    assert [rung.address for rung in rungs] == [f"{WALSALL}/on-call-manager", CONTROL_ROOM]


def test_a_desk_that_is_closed_climbs_by_night_if_it_was_covered_and_by_day_if_it_waits():
    owed = {one.owed_by: one for one in route(ENGLAND, MISSING, scene()).owed}

    assert owed[EDT].rungs[0].address == f"{WALSALL}/on-call-manager"
    assert owed[FRONT_DOOR].rungs[0].address == f"{WALSALL}/duty-manager"


def test_a_desk_may_ring_if_its_agency_says_so():
    quiet = DIRECTORY.with_agencies(
        [Registered(WALSALL, functions={"emergency-duty": Override(rings=False)})]
    )

    assert may_ring(EDT, DIRECTORY)
    assert not may_ring(EDT, quiet)
    assert not may_ring(FRONT_DOOR, DIRECTORY)
    assert not may_ring("la.E99999999/emergency-duty", DIRECTORY)
    assert not told(directory=quiet)[EDT].wakes


def _fields(value):
    return {name: getattr(value, name) for name in value.__slots__}


def _with(situation, **changes):
    return Situation(**{**_fields(situation), **changes})
