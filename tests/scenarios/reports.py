"""Reports of a play: made off its ledger, as the command makes them."""

from datetime import datetime
from typing import Any

from broker.ledger.agencies import directory_of
from broker.reports.catalogue import report_named
from broker.reports.figures import Area, Asked, Report, Table
from broker.reports.making import areas_of, make
from broker.reports.period import Period
from tests.scenarios.play import KEYS, Play


def report(
    play: Play,
    name: str,
    *readers: str,
    period: str,
    as_at: datetime | None = None,
    area: Area | str | None = None,
    against: str | None = None,
    **supplied: Any,
) -> Report:
    """A report for these agencies, as known at that time; as known now, if none is said."""
    entry, now = report_named(name), play.clock.now()
    with play.ledger.reading() as connection:
        known = directory_of(connection)
        asked = Asked(
            reader=readers[0],
            areas=areas_of(readers, known),
            period=Period.parse(period),
            as_at=as_at or now,
            area=Area(area) if area else entry.area,
            against=Period.parse(against) if against else None,
        )
        return make(connection, entry, asked, known, KEYS.pseudonym, now, supplied)


def values(report: Report) -> dict[str, str]:
    """Each figure of a report as it is printed, by its name."""
    return {name: figure.value for name, figure in report.figures.items()}


def table(report: Report, name: str) -> Table:
    (found,) = (each for part in report.sections for each in part.tables if each.name == name)
    return found


def rows(report: Report, name: str) -> list[tuple[str, ...]]:
    """The rows of a table as they are printed."""
    cells = table(report, name).rows
    return [tuple(c if isinstance(c, str) else c.value for c in row) for row in cells]
