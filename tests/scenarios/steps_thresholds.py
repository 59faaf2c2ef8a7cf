"""Local thresholds: which agreement is in force, what was reached, and who hears of it."""

from functools import cache
from pathlib import Path
from typing import Any

from pytest_bdd import given, then

from broker.policy import load
from broker.policy.policies import Policies
from schemas.threshold import ThresholdReached
from tests.scenarios.steps_scene import Scene
from tests.scenarios.steps_words import Moment, desk_of, says, shown

_POLICIES = Path(__file__).with_name("policies")
_ACTIONS = {"new": "reached", "update": "joined", "cancel": "withdrawn"}


@cache
def agreed(name: str) -> Policies:
    """What is shipped, with the overlay of one place laid upon it."""
    overlay = load.load_overlay(_POLICIES / f"{name}.yaml")
    return load.with_overlays(load.shipped(), (overlay,))


@given(says("the local agreement {name:Text} is in force"))
def _(scene: Scene, name: str) -> None:
    scene.play.under(agreed(name))


# -- what was reached


@then("no threshold is reached")
def _(scene: Scene) -> None:
    assert _last_of_each(scene) == []


@then(says("{threshold:Text} is reached on {at:Moment}, as is known since {known:Moment}"))
def _(scene: Scene, threshold: str, at: Moment, known: Moment) -> None:
    (said,) = _last_of_each(scene, threshold)
    found = shown(said.occurred_at), shown(said.known_at)
    assert found == (shown(at.at(scene.now)), shown(known.at(scene.now)))


@then(says("{threshold:Text} is reached once"))
@then(says("{threshold:Text} is reached {number:Number}"))
@then(says("{threshold:Text} is reached {number:Number} times"))
def _(scene: Scene, threshold: str, number: int = 1) -> None:
    assert len(_last_of_each(scene, threshold)) == number


@then(says("{threshold:Text} is reached by {name:Child} and not by {other:Child}"))
def _(scene: Scene, threshold: str, name: str, other: str) -> None:
    names = [said.child.given_name for said in _last_of_each(scene, threshold)]
    assert names == [scene.people[name].given_name]
    assert scene.people[other].given_name not in names


@then(says("{threshold:Text} is reached on these grounds:"))
def _(scene: Scene, threshold: str, datatable: list[list[str]]) -> None:
    (said,) = _last_of_each(scene, threshold)
    assert [[ground] for ground in said.criteria] == datatable


@then(says("{threshold:Text} counts {number:Number} in the days from {first:Day} to {last:Day}"))
def _(scene: Scene, threshold: str, number: int, first: str, last: str) -> None:
    said = _last_of_each(scene, threshold)[-1]
    days = [f"{day.day} {day:%B %Y}" for day in (said.window_from, said.window_to)]
    assert (said.count, *days) == (number, first, last)


@then(says("{threshold:Text} lists the absences from:"))
def _(scene: Scene, threshold: str, datatable: list[list[str]]) -> None:
    said = _last_of_each(scene, threshold)[-1]
    assert [[shown(one.started_at)] for one in said.episodes] == [
        [shown(Moment(start).at(scene.now))] for (start,) in datatable
    ]


# -- who hears of it


@then(says("these are told that {threshold:Text} is reached:"))
def _(scene: Scene, threshold: str, datatable: list[list[str]]) -> None:
    told = [got.address for got, said in _told(scene) if said.threshold == threshold]
    told += [
        got.address
        for got in scene.everything()
        if got.message.KIND == "iro.alert" and got.message.event == "threshold"
    ]
    assert sorted(desk_of(address) for address in told) == sorted(row[0] for row in datatable)


@then(says("{desk:Desk} is told of {threshold:Text} in this order:"))
def _(scene: Scene, desk: str, threshold: str, datatable: list[list[str]]) -> None:
    """Reached, joined by a further absence or ground, or withdrawn."""
    news = [
        [_ACTIONS[said.action.value]]
        for got, said in _told(scene)
        if (got.address, said.threshold) == (desk, threshold)
    ]
    assert news == datatable


@then(says("{duty:Duty} of {desk:Desk} is late on arrival, with time until {until:Moment}"))
def _(scene: Scene, duty: str, desk: str, until: Moment) -> None:
    agency = desk.partition("/")[0]
    (notice,) = [
        got.message
        for got in scene.play.inbox(agency, "duty")
        if (got.message.name, got.message.owed_by) == (duty, desk)
    ]
    assert notice.late_on_arrival
    assert shown(notice.working_due_at) == shown(until.at(scene.now))


def _told(scene: Scene) -> list[tuple[Any, Any]]:
    """Each delivery of what was reached, in the order in which its reader has it."""
    got = [got for got in scene.everything() if got.message.KIND == ThresholdReached.KIND]
    return [(each, each.message) for each in sorted(got, key=lambda one: one.sequence)]


def _last_of_each(scene: Scene, threshold: str = "") -> list[Any]:
    """The last word on each thing that was reached, the earliest first, and not withdrawn."""
    last = {said.episode: said for _, said in sorted(_told(scene), key=_at)}
    stands = [said for said in last.values() if said.action.value != "cancel"]
    found = [said for said in stands if threshold in ("", said.threshold)]
    return sorted(found, key=lambda said: (said.occurred_at, said.step or 0))


def _at(told: tuple[Any, Any]) -> Any:
    return told[1].sent_at
