"""Who is on the broker, and that somebody is there at any hour."""

from datetime import UTC, datetime, time, timedelta

import pytest

from broker.directory import Directory, Override, Registered, kind_of
from broker.working_time import ALWAYS, OFFICE, OpeningHours, is_open

STAFFORDSHIRE = "la.E10000028"
STOKE = "la.E06000021"
FORCE = "police.E23000015"
HOME = "provider.SC123456"

MIDDAY = datetime(2026, 7, 14, 11, tzinfo=UTC)
NIGHT = datetime(2026, 7, 14, 1, tzinfo=UTC)
EVENINGS = OpeningHours(frozenset(range(5)), time(17), time(22))

shipped = Directory.shipped()


def directory(*registered: Registered) -> Directory:
    return shipped.with_agencies(registered)


def with_desks(**functions: Override) -> Directory:
    """Staffordshire with desks changed; underscores stand for the dashes of their names."""
    desks = {name.replace("_", "-"): desk for name, desk in functions.items()}
    return directory(Registered(STAFFORDSHIRE, functions=desks))


def test_every_council_and_force_is_shipped() -> None:
    assert len(shipped.agencies("la")) == 175
    assert len(shipped.agencies("police")) == 43
    assert len(shipped.agencies()) == 175 + 43 + 1  # and Homeward itself


def test_every_council_has_a_force_that_exists() -> None:
    forces = {force.id for force in shipped.agencies("police")}

    assert {shipped.force_of(council.id) for council in shipped.agencies("la")} <= forces


def test_every_force_polices_a_council() -> None:
    policed = {shipped.force_of(council.id) for council in shipped.agencies("la")}

    assert policed == {force.id for force in shipped.agencies("police")}


def test_a_council_s_force_is_in_its_nation() -> None:
    for council in shipped.agencies("la"):
        force = shipped.agency(council.force or "")
        assert force is not None
        assert force.nation == council.nation


def test_what_is_shipped_leaves_nobody_out() -> None:
    assert shipped.problems() == []


def test_it_is_read_once() -> None:
    assert Directory.shipped() is shipped


def test_a_council_is_known_by_its_code() -> None:
    council = shipped.agency(STAFFORDSHIRE)

    assert council is not None
    assert (council.name, council.kind, council.nation) == ("Staffordshire", "la", "England")
    assert council.region == "West Midlands"
    assert (council.area, council.force) == (STAFFORDSHIRE, FORCE)


@pytest.mark.parametrize(
    ("former", "today", "name"),
    [
        ("la.E08000016", "la.E08000038", "Barnsley"),
        ("la.E08000019", "la.E08000039", "Sheffield"),
        ("la.E08000020", "la.E08000037", "Gateshead"),
        ("la.E06000048", "la.E06000057", "Northumberland"),
    ],
)
def test_a_former_code_reaches_the_council_of_today(former: str, today: str, name: str) -> None:
    desk = shipped.entry(f"{former}/front-door")

    assert shipped.canonical(former) == shipped.canonical(today) == today
    assert shipped.agency(former) == shipped.agency(today)
    assert shipped.name_of(former) == name
    assert shipped.area_of(former) == today
    assert desk is not None
    assert desk == shipped.entry(f"{today}/front-door")
    assert desk.address == f"{today}/front-door"
    assert desk.cover == f"{today}/emergency-duty"


def test_a_former_code_still_reaches_a_council_that_changed_its_desks() -> None:
    changed = directory(
        Registered("la.E08000016", functions={"front-door": Override(hours=ALWAYS)})
    )

    for code in ("la.E08000016", "la.E08000038"):
        desk = changed.entry(f"{code}/front-door")
        assert desk is not None
        assert desk.hours == ALWAYS
        assert changed.canonical(code) == "la.E08000038"


@pytest.mark.parametrize("who", ["la.E10000099", "provider.SC000001", "la", "", "E10000028", " "])
def test_who_is_not_known_is_none(who: str) -> None:
    assert shipped.agency(who) is None
    assert shipped.canonical(who) is None
    assert shipped.area_of(who) is None
    assert shipped.police_for(who) is None
    assert shipped.force_of(who) is None
    assert shipped.entry(f"{who}/front-door") is None
    assert shipped.desks(who) == ()
    assert shipped.open_desk(f"{who}/front-door", MIDDAY) is None
    assert shipped.name_of(who) == who


@pytest.mark.parametrize(
    "address",
    [
        f"{STAFFORDSHIRE}/control-room",
        f"{FORCE}/front-door",
        STAFFORDSHIRE,
        f"{STAFFORDSHIRE}/",
        f"{STAFFORDSHIRE}/front-door/x",
    ],
)
def test_a_function_that_an_agency_does_not_have_is_none(address: str) -> None:
    assert shipped.entry(address) is None


def test_every_council_has_the_same_desks() -> None:
    named = "front-door emergency-duty on-call-manager duty-manager head-of-service director"
    others = "social-work iro-service child-protection-chair placements return-interviews"
    more = "allegations-officer exploitation-team virtual-school leaving-care youth-justice"
    expected = {*named.split(), *others.split(), *more.split(), "performance"}

    for council in shipped.agencies("la"):
        desks = shipped.desks(council.id)
        assert {desk.address.partition("/")[2] for desk in desks} == expected


def test_every_council_s_front_door_is_covered_at_any_hour() -> None:
    fortnight = [
        datetime(2026, 12, 20, tzinfo=UTC) + timedelta(hours=hour) for hour in range(14 * 24)
    ]
    for council in shipped.agencies("la"):
        assert all(shipped.open_desk(f"{council.id}/front-door", at) for at in fortnight[::5])
    assert all(shipped.open_desk(f"{STAFFORDSHIRE}/front-door", at) for at in fortnight)


@pytest.mark.parametrize(
    ("address", "by_day", "by_night"),
    [
        (f"{STAFFORDSHIRE}/front-door", "front-door", "emergency-duty"),
        (f"{STAFFORDSHIRE}/head-of-service", "head-of-service", "on-call-manager"),
        (f"{FORCE}/missing-unit", "missing-unit", "control-room"),
        (f"{FORCE}/control-room", "control-room", "control-room"),
    ],
)
def test_a_closed_desk_is_covered_by_the_one_its_entry_names(
    address: str, by_day: str, by_night: str
) -> None:
    day, night = shipped.open_desk(address, MIDDAY), shipped.open_desk(address, NIGHT)

    assert day is not None
    assert night is not None
    assert day.address.endswith(f"/{by_day}")
    assert night.address.endswith(f"/{by_night}")


def test_nobody_covers_a_desk_that_can_wait_for_the_morning() -> None:
    assert shipped.open_desk(f"{STAFFORDSHIRE}/iro-service", NIGHT) is None


def test_only_desks_that_are_always_open_ring() -> None:
    desks = [desk for agency in shipped.agencies() for desk in shipped.desks(agency.id)]

    assert {desk.address.partition("/")[2] for desk in desks if desk.rings} == {
        "emergency-duty",
        "on-call-manager",
        "control-room",
        "duty-manager",
    }
    assert all(desk.hours == ALWAYS for desk in desks if desk.rings)


@pytest.mark.parametrize(
    ("who", "name"),
    [
        (f"{STAFFORDSHIRE}/front-door", "Staffordshire front door"),
        (f"{FORCE}/control-room", "Staffordshire Police control room"),
        (STAFFORDSHIRE, "Staffordshire"),
        ("broker.homeward", "Homeward"),
    ],
)
def test_people_read_names(who: str, name: str) -> None:
    assert shipped.name_of(who) == name


def test_a_home_has_the_force_of_the_area_it_is_in() -> None:
    home = directory(Registered(HOME, "Cannock House", STAFFORDSHIRE))

    assert home.canonical(HOME) == HOME
    assert home.area_of(HOME) == STAFFORDSHIRE
    assert home.police_for(HOME) == FORCE
    assert home.police_for(STAFFORDSHIRE) == FORCE
    assert home.police_for(FORCE) == FORCE
    assert home.force_of(HOME) is None
    assert home.name_of(f"{HOME}/night-staff") == "Cannock House night staff"
    assert home.problems() == []


def test_a_home_registered_with_a_former_code_is_in_the_council_of_today() -> None:
    home = directory(Registered(HOME, "A home", "la.E08000016"))

    assert home.area_of(HOME) == "la.E08000038"
    assert home.problems() == []


def test_a_home_s_night_staff_have_the_night() -> None:
    night = directory(Registered(HOME, "A home", STAFFORDSHIRE)).open_desk(
        f"{HOME}/home-manager", NIGHT
    )

    assert night is not None
    assert night.address == f"{HOME}/night-staff"
    assert night.rings


def test_registering_changes_a_new_directory_only() -> None:
    directory(Registered(HOME, "A home", STAFFORDSHIRE))

    assert shipped.agency(HOME) is None


def test_the_last_word_on_an_agency_counts() -> None:
    twice = directory(
        Registered(HOME, "A home", STAFFORDSHIRE), Registered(HOME, "Another name", STOKE)
    )

    assert twice.name_of(HOME) == "Another name"
    assert twice.area_of(HOME) == STOKE
    assert len(twice.agencies("provider")) == 1


@pytest.mark.parametrize(
    ("agency", "function"),
    [
        ("service.brighter-futures", "return-interviews"),
        ("health.qnc", "designated-nurse"),
        ("school.123456", "safeguarding-lead"),
        ("hub.gwent", "front-door"),
    ],
)
def test_every_other_kind_has_its_desk(agency: str, function: str) -> None:
    desk = directory(Registered(agency, "Somebody")).entry(f"{agency}/{function}")

    assert desk is not None
    assert desk.hours == OFFICE


def test_an_override_changes_what_it_says_and_leaves_the_rest() -> None:
    changed = with_desks(front_door=Override(hours=EVENINGS))
    desk = changed.entry(f"{STAFFORDSHIRE}/front-door")

    assert desk is not None
    assert desk.hours == EVENINGS
    assert desk.cover == f"{STAFFORDSHIRE}/emergency-duty"
    assert not desk.rings
    assert changed.name_of(STAFFORDSHIRE) == "Staffordshire"
    assert changed.police_for(STAFFORDSHIRE) == FORCE


def test_an_override_may_take_the_cover_away() -> None:
    desk = with_desks(front_door=Override(cover="")).entry(f"{STAFFORDSHIRE}/front-door")

    assert desk is not None
    assert desk.cover is None


def test_a_neighbour_may_cover() -> None:
    night = with_desks(front_door=Override(cover=f"{STOKE}/emergency-duty")).open_desk(
        f"{STAFFORDSHIRE}/front-door", NIGHT
    )

    assert night is not None
    assert night.address == f"{STOKE}/emergency-duty"


def test_an_agency_may_add_a_desk_of_its_own() -> None:
    hub = directory(
        Registered("service.gwent-hub", "Gwent Hub", functions={"screening-desk": Override()})
    )
    desk = hub.entry("service.gwent-hub/screening-desk")

    assert desk is not None
    assert (desk.hours, desk.cover, desk.rings) == (OFFICE, None, False)
    assert desk.name == "Gwent Hub screening desk"


def test_a_new_council_takes_the_force_of_the_one_it_names() -> None:
    new = directory(
        Registered(HOME, "A home", "la.E06000099"),
        Registered("la.E06000099", "North Staffordshire", STAFFORDSHIRE),
    )

    assert new.area_of("la.E06000099") == "la.E06000099"
    assert new.force_of("la.E06000099") == FORCE
    assert new.police_for(HOME) == FORCE
    assert new.problems() == []


def test_a_force_without_an_area_is_its_own() -> None:
    railway = directory(Registered("police.btp", "British Transport Police"))

    assert railway.police_for("police.btp") == "police.btp"
    assert railway.area_of("police.btp") is None
    assert railway.problems() == []


@pytest.mark.parametrize(
    ("registered", "problem"),
    [
        (Registered(HOME, "A home"), "no police force"),
        (Registered(HOME, "A home", "la.E99999999"), "la.E99999999 is not in the directory"),
        (Registered("la.E06000099", "New"), "no police force"),
        (Registered("service.aberdeen", "A", "la.S12000033"), "no calendar for Scotland"),
        (Registered("la.S12000033", "Aberdeen City"), "no calendar for Scotland"),
        (Registered("club.x", "A club", STAFFORDSHIRE), "no kind of agency is called club"),
    ],
)
def test_an_agency_that_cannot_be_served_is_a_problem(registered: Registered, problem: str) -> None:
    (found,) = directory(registered).problems()

    assert found.startswith(f"{registered.agency}: ")
    assert problem in found


def test_covers_that_lead_round_in_a_circle_are_a_problem() -> None:
    loop = with_desks(
        social_work=Override(cover="placements"), placements=Override(cover="social-work")
    )

    assert loop.open_desk(f"{STAFFORDSHIRE}/social-work", NIGHT) is None
    assert [problem.partition(":")[0] for problem in loop.problems()] == [
        f"{STAFFORDSHIRE}/social-work",
        f"{STAFFORDSHIRE}/placements",
    ]
    assert all("leads back to itself" in problem for problem in loop.problems())


def test_a_desk_that_covers_itself_is_a_problem() -> None:
    (problem,) = with_desks(performance=Override(cover="performance")).problems()

    assert "leads back to itself" in problem


def test_a_cover_that_does_not_exist_is_a_problem() -> None:
    (problem,) = with_desks(placements=Override(cover="night-desk")).problems()

    assert f"its cover {STAFFORDSHIRE}/night-desk is not in the directory" in problem


def test_a_cover_that_is_closed_too_is_a_problem() -> None:
    (problem,) = with_desks(placements=Override(cover="social-work")).problems()

    assert problem.startswith(f"{STAFFORDSHIRE}/placements: nobody is there")


def test_an_emergency_team_that_goes_home_at_night_leaves_its_manager() -> None:
    changed = with_desks(emergency_duty=Override(hours=EVENINGS))
    night = changed.open_desk(f"{STAFFORDSHIRE}/front-door", NIGHT)

    assert changed.problems() == []
    assert night is not None
    assert night.address == f"{STAFFORDSHIRE}/on-call-manager"


def test_whoever_covers_is_open() -> None:
    for desk in shipped.desks(STAFFORDSHIRE):
        for at in (MIDDAY, NIGHT):
            there = shipped.open_desk(desk.address, at)
            assert there is None or is_open(there.hours, at)


def test_the_kind_is_in_the_id() -> None:
    assert kind_of(HOME) == kind_of(f"{HOME}/night-staff") == "provider"


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("la.E06000028", "la.E06000058"),  # Bournemouth
        ("la.E06000029", "la.E06000058"),  # Poole
        ("la.E10000009", "la.E06000059"),  # Dorset, the county
        ("la.E10000002", "la.E06000060"),  # Buckinghamshire, the county
        ("la.E10000023", "la.E06000065"),  # North Yorkshire, the county
        ("la.E10000027", "la.E06000066"),  # Somerset, the county
    ],
)
def test_a_council_that_merged_or_changed_its_code_is_found_by_its_former_one(
    former: str, today: str
) -> None:
    assert shipped.canonical(former) == today
    entry = shipped.entry(f"{former}/front-door")
    assert entry is not None
    assert entry.address == f"{today}/front-door"


def test_a_council_that_was_divided_names_those_it_became() -> None:
    assert shipped.canonical("la.E10000021") is None
    assert shipped.successors("la.E10000021") == ("la.E06000061", "la.E06000062")
    assert shipped.successors("la.E10000028") == ()
