"""Who is on stage, and when it begins."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from pytest_bdd import given

from schemas.missing import CareStatus
from tests.scenarios.play import Play
from tests.scenarios.steps_scene import Scene, lives
from tests.scenarios.steps_words import AGENCIES, Moment, says

_BEFORE_ANYTHING = datetime(2026, 1, 1, tzinfo=UTC)


@given(says("it is {moment:Moment}"), target_fixture="scene")
def _(moment: Moment, stage_of: Callable[[datetime], Play]) -> Scene:
    return Scene(stage_of(moment.at(_BEFORE_ANYTHING)))


# -- children


@given(says("{name:Child}, {years:d}, lives with family in {council:Agency}"))
def _(scene: Scene, name: str, years: int, council: str) -> None:
    at_home(scene, name, scene.aged(years), council)


@given(says("{name:Child}, born on {day:d} {month:w} {year:d}, lives with family in {council:Agency}"))  # fmt: skip # noqa: E501
def _(scene: Scene, name: str, day: int, month: str, year: int, council: str) -> None:
    at_home(scene, name, born(day, month, year), council)


@given(says("{name:Child}, {years:d}, is looked after by {council:Agency} and lives in {place:Agency}"))  # fmt: skip # noqa: E501
def _(scene: Scene, name: str, years: int, council: str, place: str) -> None:
    in_care(scene, name, scene.aged(years), council, place)


@given(says("{name:Child}, born on {day:d} {month:w} {year:d}, is looked after by {council:Agency} and lives in {place:Agency}"))  # fmt: skip # noqa: E501
def _(scene: Scene, name: str, day: int, month: str, year: int, council: str, place: str) -> None:
    in_care(scene, name, born(day, month, year), council, place)


@given(says("{name:Child} has the same name and birth date as {other:Child}, and lives in {place:Agency}"))  # fmt: skip # noqa: E501
def _(scene: Scene, name: str, other: str, place: str) -> None:
    like = scene.people[other]
    facts = like.facts | {"lives": where(place), "place": area(place)}
    scene.meet(name, like.birth_date, **facts).given_name = like.given_name


@given(says("{name:Child} is looked after by {council:Agency} instead"))
def _(scene: Scene, name: str, council: str) -> None:
    scene.people[name].facts["responsible_authority"] = council


@given(says("{name:Child} is on a child protection plan of {council:Agency}"))
def _(scene: Scene, name: str, council: str) -> None:
    scene.people[name].facts["protection_plan"] = council


@given(says("{name:Child} is open to social work"))
def _(scene: Scene, name: str) -> None:
    scene.people[name].facts["open_to_social_work"] = True


@given(says("{name:Child} is unaccompanied and may have been trafficked"))
def _(scene: Scene, name: str) -> None:
    scene.people[name].facts |= {"unaccompanied": True, "trafficked": True}


@given(says("{name:Child} is staying in {council:Agency}"))
def _(scene: Scene, name: str, council: str) -> None:
    scene.people[name].facts["place"] = {"authority": council}


@given(says("{name:Child} has the NHS number {number:d}"))
def _(scene: Scene, name: str, number: int) -> None:
    scene.people[name].nhs_number = str(number)


@given(says("{name:Child} is known to {agency:Agency} as {number:Text}"))
def _(scene: Scene, name: str, agency: str, number: str) -> None:
    scene.people[name].numbers[agency] = number


def at_home(scene: Scene, name: str, birth_date: date, council: str) -> None:
    scene.meet(
        name,
        birth_date,
        lives={"authority": council},
        place={"authority": council},
        care_status=CareStatus.not_looked_after,
    )


def in_care(scene: Scene, name: str, birth_date: date, council: str, place: str) -> None:
    scene.meet(
        name,
        birth_date,
        lives=where(place),
        place=area(place),
        care_status=CareStatus.looked_after,
        responsible_authority=council,
    )


def where(agency: str) -> dict[str, str | None]:
    return lives(next(name for name, id in AGENCIES.items() if id == agency))


def area(agency: str) -> dict[str, str | None]:
    return {"authority": where(agency)["authority"]}


def born(day: int, month: str, year: int) -> date:
    return datetime.strptime(f"{day} {month} {year}", "%d %B %Y").date()


# -- Homeward itself


@given(says("Homeward cannot reach {agency:Agency}"))
def _(scene: Scene, agency: str) -> None:
    scene.play.park(agency)


@given("Homeward can send nothing")
def _(scene: Scene) -> None:
    scene.play.outage = True
