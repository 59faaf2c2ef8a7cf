"""Censuses: an agency's own list of a period, and how it differs from what Homeward knows."""

import re
from datetime import date, timedelta
from typing import Any

from pytest_bdd import then, when

from schemas.census import Census, CensusEntry
from tests.scenarios.steps_scene import Scene
from tests.scenarios.steps_words import MONTHS, Moment, says, shown

_DESKS = {"police": "missing-unit", "la": "performance", "provider": "home-manager"}
_COUNTS = re.compile(
    r"(\d+) in it, (\d+) with Homeward, (\d+) on both sides, "
    r"(\d+) only in the census, (\d+) only with Homeward"
)


@when(says("{moment:When}{agency:Agency} sends its census of {period:Text}:"))
def _(scene: Scene, moment: Moment, agency: str, period: str, datatable: list[list[str]]) -> None:
    scene.move(moment)
    census(scene, agency, period, [_entry(scene, *row) for row in datatable])


@when(says("{moment:When}{agency:Agency} sends its census of {period:Text}, with nobody in it"))
def _(scene: Scene, moment: Moment, agency: str, period: str) -> None:
    scene.move(moment)
    census(scene, agency, period, [])


def census(scene: Scene, agency: str, period: str, entries: list[CensusEntry]) -> None:
    """The list comes, and is compared a moment later."""
    desk = _DESKS[agency.partition(".")[0]]
    said = scene.envelope(f"{agency}/{desk}") | _days(period)
    scene.begin()
    scene.outcome = scene.play.say(Census(**said, nil=not entries, entries=entries))
    scene.play.after(seconds=1)


def _entry(scene: Scene, reference: str, start: str, end: str, *rest: str) -> CensusEntry:
    """A row: the absence (`Robin/1`, or a number of the sender's own), from when, until when."""
    council, category = [*rest, "", ""][:2]
    said: dict[str, Any] = {
        "reference": scene.value(reference),
        "started_at": Moment(start).at(scene.now),
        "ended_at": Moment(end).at(scene.now) if end else None,
        "authority": scene.value(council) if council else None,
    }
    return CensusEntry(**said | ({"category": category} if category else {}))


def _days(period: str) -> dict[str, date]:
    """`June 2026`, or `April to June 2026`."""
    months, year = period.rsplit(" ", 1)
    first, _, last = months.partition(" to ")
    after = MONTHS.index(last or first) + 2
    end = date(int(year) + after // 13, after % 12 or 12, 1) - timedelta(days=1)
    return {"period_from": date(int(year), MONTHS.index(first) + 1, 1), "period_to": end}


@then(says("{desk:Desk} is told of the census of {agency:Agency}: {counts}"))
def _(scene: Scene, desk: str, agency: str, counts: str) -> None:
    expected = _COUNTS.fullmatch(counts)
    assert expected, f"not the counts of a census: {counts}"
    said = _differences(scene, desk, agency)
    kinds = [line.what.value for line in said.differences]
    alone = kinds.count("only-them"), kinds.count("only-us")
    found = (said.theirs, said.ours, said.both, *alone)
    assert found == tuple(int(each) for each in expected.groups())


@then(says("{desk:Desk} is told of these differences with {agency:Agency}:"))
def _(scene: Scene, desk: str, agency: str, datatable: list[list[str]]) -> None:
    """Rows: on which side only, or what differs; the start; and why, where that is known."""
    lines = _differences(scene, desk, agency).differences
    assert [_line(line) for line in lines] == [
        [what, shown(Moment(start).at(scene.now)), *rest] for what, start, *rest in datatable
    ]


def _line(line: Any) -> list[str]:
    what = line.what.value
    if what == "different":
        what = ", ".join(sorted(each.field.value for each in line.fields))
    return [what, shown(line.started_at), line.why.value if line.why else ""]


def _differences(scene: Scene, desk: str, agency: str) -> Any:
    said = [got.message for got in scene.play.inbox(desk, "differences")]
    return [message for message in said if message.by == agency][-1]
