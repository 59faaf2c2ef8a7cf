"""`homeward report`: figures of a period, each with the list behind it."""

from dataclasses import asdict
from typing import Annotated

import typer

from broker.cli import home as homes
from broker.cli import joining, reported, screen
from broker.cli.options import Home, Json, LedgerUrl, moment
from broker.clock import SystemClock
from broker.errors import Misuse
from broker.reports.catalogue import Entry, catalogue, report_named
from broker.reports.figures import Area, Asked, Figure, Report
from broker.reports.gathering import last_policy
from broker.reports.making import areas_of, make
from broker.reports.period import Period


def report(
    name: Annotated[str, typer.Argument(help="Which report; `homeward reports` lists them.")],
    readers: Annotated[
        list[str],
        typer.Option(
            "--for",
            metavar="AGENCY",
            help="Whose report it is: a council, or a force for all councils in its area. Several: "
            "one report of them all, in which a child counts once.",
        ),
    ],
    period: Annotated[
        str,
        typer.Option(
            metavar="PERIOD",
            help="2026-07, 2026-Q3 (July to September), 2026, 2026-W27, 2026/27 (April to March), "
            "or 2026-07-01..2026-09-30.",
        ),
    ],
    area: Annotated[
        Area | None,
        typer.Option(
            help="Children who live in the area, or own children wherever they are placed; as the "
            "report has it, if left out.",
            show_default=False,
        ),
    ] = None,
    as_at: Annotated[
        str | None,
        typer.Option("--as-at", metavar="TIME", help="As it was known then; now if left out."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option("--list", metavar="FIGURE", help="The list behind one figure, by its name."),
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Print a report: children and episodes apart, each figure with numerator and denominator.

    It reads only, and holds up nobody. Children are shown by the pseudonyms of the first agency
    named.
    """
    entry = report_named(name)
    now = SystemClock().now()
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        keys = homes.keys(homes.settings(home, None, ledger), opened)
        with opened.reading() as connection:
            asked = Asked(
                reader=joining.in_directory(readers[0], known),
                areas=areas_of(readers, known),
                period=Period.parse(period),
                as_at=min(moment(as_at, "--as-at"), now) if as_at else now,
                area=area or entry.area,
                policy=last_policy(connection),
            )
            made = make(connection, entry, asked, known, keys.pseudonym, now)
    if figure is not None:
        reported.print_list(
            _figure(made, figure), lambda child: keys.pseudonym(child, asked.reader)
        )
    else:
        reported.print_report(made, known)


def _figure(report: Report, name: str) -> Figure:
    if found := report.figures.get(name):
        return found
    raise Misuse(
        f"{report.name} has no figure {name}: it has {', '.join(report.figures) or 'none'}"
    )


def reports(as_json: Json = False) -> None:
    """List the reports there are: who reads each, of which periods, and from which source."""
    entries = catalogue().values()
    if as_json:
        screen.print_json([_as_json(one) for one in entries])
    else:
        reported.print_catalogue(entries)


def _as_json(entry: Entry) -> dict[str, object]:
    said = asdict(entry)
    return {name: said[name] for name in ("name", "title", "readers", "periods", "source", "ours")}


def add_to(app: typer.Typer) -> None:
    """Add `homeward report` and `homeward reports`."""
    app.command(
        "report",
        epilog="Example: homeward report quarterly-missing --for la.E10000028 --period 2026-Q3",
    )(report)
    app.command("reports")(reports)
