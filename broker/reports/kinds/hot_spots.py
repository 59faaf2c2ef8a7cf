"""Hot spots: where children go missing from, where they live, where they are found."""

from collections.abc import Callable, Sequence

from broker.reports import counting, spots
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, grouped
from broker.reports.figures import Cell, Chart, Figure, Look, Section, Spot, Table, slug
from broker.reports.ranking import without_top
from schemas.missing import MissingNotification, MissingReturn

_NO_PLACE = (spots.FAMILY, spots.NOT_STATED)
_COLUMNS = ("place", "episodes", "children", "call-outs", "without top child")


def hot_spots(facts: Facts) -> tuple[Section, ...]:
    """Places by the number of missing episodes, each way of looking at them by itself."""
    every = facts.missing()
    least = int(facts.supplied.get("hot_spot_from", spots.LEAST))
    ways: tuple[tuple[str, str, Callable[[Episode], str]], ...] = (
        ("from", "Missing from", lambda one: spots.missing_from(one, facts)),
        ("placement", "By placement", lambda one: spots.placement(one, facts)),
        ("found", "Found at", lambda one: spots.found(one, facts)),
        ("district", "By district", spots.district),
    )
    tables = tuple(_by(name, title, place, every, least) for name, title, place in ways)
    return (_overview(every), Section("Places", tables=tables), _maps(facts, every))


def _overview(every: Sequence[Episode]) -> Section:
    return Section(
        title="All missing episodes",
        figures=(
            *counting.both("missing", "Missing", every),
            counting.episodes("call-outs", "Reported to the police", _reported(every), every),
        ),
    )


def _by(
    name: str, title: str, place: Callable[[Episode], str], every: Sequence[Episode], least: int
) -> Table:
    groups = grouped(every, place)
    of_district = name == "district"
    rows: list[tuple[Cell, ...]] = []
    for where, each in groups.items():
        cells = _row(f"{name}/{slug(where)}", where, each, name)
        hot = where not in _NO_PLACE and len(each) >= least
        rows.append(cells if of_district else (*cells, "yes" if hot else ""))
    shown = sum(row[-1] == "yes" for row in rows)
    return Table(
        name=name,
        title=title,
        columns=_COLUMNS if of_district else (*_COLUMNS, "hot spot"),
        rows=tuple(rows),
        note="" if of_district else f"Hot spot: {least} episodes or more ({shown} of them).",
        private=not of_district,
        as_written=of_district,
    )


def _row(name: str, where: str, each: Sequence[Episode], partition: str) -> tuple[Cell, ...]:
    return (
        where,
        counting.episodes(
            f"{name}/episodes", f"{where}: episodes", each,
            part_of="missing/episodes", partition=partition,
        ),
        counting.children_of(f"{name}/children", f"{where}: children", each),
        counting.episodes(f"{name}/call-outs", f"{where}: call-outs", _reported(each), each),
        counting.episodes(
            f"{name}/without-top-child", f"{where}: without the child with most",
            without_top(each), each,
        ),
    )  # fmt: skip


def _reported(each: Sequence[Episode]) -> tuple[Episode, ...]:
    return counting.where(each, lambda one: one.police_report == "made")


def _maps(facts: Facts, every: Sequence[Episode]) -> Section:
    charts = (
        _map(facts, every, "map-from", "Missing from, by council area", lambda one: one.place),
        _map(facts, every, "map-found", "Found in, by council area", lambda one: one.found_in),
    )
    return Section(title="On the map", charts=tuple(chart for chart in charts if chart))


def _map(
    facts: Facts,
    every: Sequence[Episode],
    name: str,
    title: str,
    area: Callable[[Episode], str],
) -> Chart | None:
    places = spots.coordinates()
    known = [one for one in every if facts.directory.today(area(one)) in places]
    groups = grouped(known, lambda one: facts.directory.today(area(one)))
    if not groups:
        return None
    drawn = tuple(
        Spot(facts.name_of(council), *places[council], _of_area(f"{name}/{slug(council)}", facts,
             council, each, every))
        for council, each in groups.items()
    )  # fmt: skip
    most = "; ".join(f"{spot.label} {spot.figure.value}" for spot in drawn[:5])
    says = f"Each circle is as large as the number of episodes there: {most}."
    return Chart(name, title, says, Look.map, spots=drawn, axis="missing episodes")


def _of_area(
    name: str, facts: Facts, council: str, each: Sequence[Episode], every: Sequence[Episode]
) -> Figure:
    return counting.episodes(name, facts.name_of(council), each, every)


REPORTS = (
    Entry(
        name="hot-spots",
        title="Hot spots",
        readers="Council, police",
        periods=("month", "quarter"),
        source="Staffordshire Select Committee, 2017, paragraph 37; Lancashire themed audit, 2013",
        make=hot_spots,
        needs=Needs(bodies=frozenset({MissingNotification.KIND, MissingReturn.KIND})),
        notes=(
            "A place is a home, a foster carer's reference, a street or a site; a family's home is "
            "none. The map shows council areas, where their centre lies.",
            "Where what was said has been erased, the place is that of the placement.",
        ),
    ),
)
