"""Placements: who gives notice of one, which home says that a child came, where it stands."""

from typing import Any
from uuid import UUID

from pytest_bdd import given, then, when

from broker.episode import Episode
from broker.ledger.engine import Ledger
from broker.placements.placement import Placement, placement_of
from broker.placements.register import Entry, register
from broker.policy.load import shipped
from schemas.placement import PlacementArrival, PlacementNotice
from tests.scenarios.steps_scene import Scene, Table
from tests.scenarios.steps_then import column
from tests.scenarios.steps_when import report
from tests.scenarios.steps_words import AREAS, NAMES, Moment, says, shown

_APPROVED = {
    "the director": {"by": "director"},
    "a nominated officer": {"by": "nominated-officer"},
    "a panel": {"by": "panel"},
    "nobody yet": {"by": "not-yet"},
    "nobody: a connected person": {"exception": "connected-person"},
}
_WHERE = {"placed-here": "placed here by", "placed-elsewhere": "placed in", "own-area": "own area"}
_ASKED_BY_REGULATION_41 = {
    "section_20_or_21": "no",
    "care_or_supervision_order": "yes",
    "education_plan": "not-known",
}


@given(says("{name:Child}, {years:d}, is looked after by {council:Agency}"))
def _(scene: Scene, name: str, years: int, council: str) -> None:
    scene.meet(
        name,
        scene.aged(years),
        care_status="looked-after",
        responsible_authority=council,
    )


# -- a council gives notice


@when(says("{moment:When}{council:Agency} gives notice of {stage:Placing} of {name:Child} in {place:Agency} from {start:Moment}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, council: str, stage: str, name: str, place: str, start: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    notice(scene, council, name, place, start, datatable, stage=stage)


@when(says("{moment:When}{council:Agency} gives notice that the placement of {name:Child} in {place:Agency} from {start:Moment} ends on {end:Moment}"))  # fmt: skip # noqa: E501
@when(says("{moment:When}{council:Agency} gives notice that the placement of {name:Child} in {place:Agency} from {start:Moment} ended on {end:Moment}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, council: str, name: str, place: str, start: Moment, end: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    ends_at = end.at(scene.now)
    stage = "ended" if ends_at <= scene.now else "ending"
    notice(scene, council, name, place, start, datatable, stage=stage, ends_at=ends_at)


def notice(
    scene: Scene,
    council: str,
    name: str,
    place: str,
    start: Moment,
    table: Table,
    **fields: Any,
) -> None:
    """
    The notice a council would give: complete, unless the table says otherwise.

    A place that is a council's area is a foster carer's there.
    """
    responsible = scene.people[name].facts["responsible_authority"]
    host = AREAS.get(place) or place
    said = scene.about(name, f"{council}/placements") | {"episode": None}
    said |= {"responsible_authority": responsible, "host_authority": host}
    said |= {"starts_at": start.at(scene.now), "risk": {"none_known": True}}
    said |= {"home": place} if AREAS.get(place) else {"carer": "FC-7"}
    said["distance"] = "own-area" if host == responsible else "at-a-distance"
    if fields["stage"] in ("planned", "change"):
        said["approval"] = {"by": "director", "at": scene.now}
    rows: list[list[str]] = []
    for row in table or ():
        in_words = _in_words(scene, *row)
        said |= in_words
        rows += [] if in_words else [row]
    scene.say(PlacementNotice.KIND, name, said | fields, rows)


def _in_words(scene: Scene, key: str, value: str) -> dict[str, Any]:
    """What a row says that has words of its own."""
    if key == "approved by":
        approved = _APPROVED[value]
        return {"approval": approved | ({"at": scene.now} if "by" in approved else {})}
    if key == "host consulted":
        at = Moment(value).at(scene.now)
        return {"approval": {"by": "director", "at": scene.now, "host_consulted_at": at}}
    if key == "risks":
        if value == "not stated":
            return {"risk": None}
        if value == "unaccompanied":
            return {"risk": {"unaccompanied": True}}
        named = {"factors": value.split(", ")}
        return {"risk": {"none_known": True} if value == "none known" else named}
    if key == "GP":
        told, _, reason = value.partition(": ")
        return {"told_outside": [{"who": "gp", "told": told, "reason": reason or None}]}
    return {}


# -- a home says who came and who left


@when(says("{moment:When}{home:Agency} reports that {name:Child} {came:CameOrLeft}"))
def _(scene: Scene, moment: Moment, home: str, name: str, came: str, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    arrived(scene, home, name, came, None, datatable)


@when(says("{moment:When}{home:Agency} reports that {name:Child} {came:CameOrLeft} on {at:Moment}"))
def _(scene: Scene, moment: Moment, home: str, name: str, came: str, at: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    arrived(scene, home, name, came, at, datatable)


def arrived(scene: Scene, home: str, name: str, came: str, at: Moment | None, table: Table) -> None:
    """The home's own word, with everything that regulation 41 names."""
    said = scene.about(name, f"{home}/home-manager", at.at(scene.now) if at else None)
    said |= {"episode": None, "stage": came, **_ASKED_BY_REGULATION_41}
    said["placing_authority"] = scene.people[name].facts["responsible_authority"]
    scene.say(PlacementArrival.KIND, name, said, table)


# -- and a child who is missing


@when(says("{moment:When}{force:Agency} reports {name:Child} missing from {council:Agency}, knowing nothing of care"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, force: str, name: str, council: str) -> None:
    """Only the child's own numbers are known, and where it was last seen."""
    scene.move(moment)
    person = scene.people[name]
    known, person.facts = person.facts, {"place": {"authority": council}}
    person.facts |= {"lives": {"authority": council}, "care_status": "not-known"}
    report(scene, f"{force}/control-room", name, "missing", None)
    person.facts = known


@then(says("the absence of {name:Child} goes on, though the placement ended on {end:Moment}"))
def _(scene: Scene, name: str, end: Moment) -> None:
    state = scene.state(name)
    assert state.status == "open"
    assert shown(state.placement_ended_at) == shown(end.at(scene.now))


# -- where it stands


@then(says("the register of {council:Agency} reads:"))
def _(scene: Scene, council: str, datatable: list[list[str]]) -> None:
    assert [_row(scene, entry) for entry in _register(scene, council)] == [
        [*row[:3], shown(Moment(row[3]).at(scene.now)), *row[4:]] for row in datatable
    ]


@then(says("the register of {council:Agency} is empty"))
def _(scene: Scene, council: str) -> None:
    assert _register(scene, council) == []


@then(says("the register of {council:Agency} knows these risks of {name:Child}: {risks:Text}"))
def _(scene: Scene, council: str, name: str, risks: str) -> None:
    entries = _register(scene, council)
    assert [one.risk for one in entries if _row(scene, one)[0] == name] == [risks]


@then(says("{name:Child} is missing in the register of {council:Agency}, for the {number:d}. time"))
def _(scene: Scene, name: str, council: str, number: int) -> None:
    (found,) = [one for one in _register(scene, council) if _row(scene, one)[0] == name]
    assert (found.missing, found.absences) == (True, number)


@then(says("{desk:Desk} hears of {name:Child} {basis:Basis}"))
def _(scene: Scene, desk: str, name: str, basis: str) -> None:
    """On what ground the policy of the nation tells this desk what it was told last."""
    rule = [got.because for got in scene.news(name) if got.address == desk][-1].split("@")
    policies = shipped().each.values()
    (policy,) = [one for one in policies if one.version == rule[1]]
    assert {one.basis.value for one in policy.rules if one.id == rule[0]} == {basis}


@then(says("these placements of {name:Child} have ended:"))
def _(scene: Scene, name: str, datatable: list[list[str]]) -> None:
    ended = [it for it in _placements(scene, name) if it.state(scene.now) == "ended"]
    assert [_of(it) for it in ended] == column(datatable)


def _of(it: Placement) -> str:
    return NAMES.get(it.home, it.carer)


def _register(scene: Scene, council: str) -> list[Entry]:
    ledger: Ledger = scene.play.ledger
    with ledger.reading() as connection:
        return register(connection, council, scene.now, lambda child, _: str(child))


def _row(scene: Scene, entry: Entry) -> list[str]:
    id = UUID(str(entry.placement))
    (name,) = [name for name in scene.people if id in scene.episodes(name)]
    other = entry.responsible if entry.where == "placed-here" else entry.host
    where = _WHERE[entry.where] + ("" if entry.where == "own-area" else f" {NAMES[other]}")
    at = NAMES[entry.home] if entry.home else "a carer"
    notice = "notice given" if entry.notice == "given" else "no notice"
    return [name, where, at, shown(entry.starts_at), entry.state, notice]


def _placements(scene: Scene, name: str) -> list[Placement]:
    ids = scene.episodes(name)
    of_child: list[Episode] = [one for one in scene.play.episodes() if one.id in ids]
    return [it for one in of_child if (it := placement_of(one)) and not it.cancelled]
