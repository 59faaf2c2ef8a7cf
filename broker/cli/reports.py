"""`homeward report`: figures of a period, each with the list behind it."""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from broker.cli import home as homes
from broker.cli import joining, reported, screen
from broker.cli.options import Home, Json, LedgerUrl, moment
from broker.clock import SystemClock
from broker.directory import Directory
from broker.errors import Misuse, Unavailable
from broker.ledger import report_runs
from broker.ledger.engine import Ledger
from broker.policy.agreed import Protocol, Target
from broker.reports.catalogue import Entry, catalogue, report_named
from broker.reports.figures import Area, Asked, Figure, Report
from broker.reports.gathering import last_policy
from broker.reports.making import areas_of, make
from broker.reports.period import Period
from broker.reports.public import public_edition
from broker.reports.render import plain
from broker.reports.supplied import read as read_supplied
from broker.reports.targets import targets_for, with_targets
from broker.settings import Settings


class Format(StrEnum):
    """How a report looks."""

    text = "text"
    csv = "csv"
    html = "html"
    pdf = "pdf"
    json = "json"


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
            "2026-07-15 or 2026-07-01..2026-09-30.",
        ),
    ],
    how: Annotated[Format, typer.Option("--format", help="How it looks.")] = Format.text,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="Write it there.", dir_okay=False),
    ] = None,
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
    against: Annotated[
        str | None,
        typer.Option(metavar="PERIOD", help="An earlier time, where the report compares two."),
    ] = None,
    supplied: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="What agencies supply beside: targets ..."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Count by a second protocol, which an overlay of this home sets.",
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public", help="For everybody: small counts are hidden, and no child shown."
        ),
    ] = False,
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

    It reads only, and holds up nobody. Children are shown by the pseudonyms that the first agency
    named has in its inbox. A figure that is another now than when the report was first made of the
    period says what it was, and why.
    """
    how = Format.json if as_json else how
    if public and figure is not None:
        raise Misuse("a list is about single children: there is none in a public edition")
    if how is Format.pdf and to is None and sys.stdout.isatty():
        raise Misuse("a PDF is no text for a screen: say where to write it, with --to FILE")
    entry, now = report_named(name), SystemClock().now()
    beside = read_supplied(supplied) if supplied else {}
    settings = homes.settings(home, None, ledger)
    second = _protocol(protocol, settings) if protocol else None
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        pseudonym = homes.keys(settings, opened).pseudonym
        with opened.reading() as connection, _without_looking_for_cycles():
            asked = Asked(
                reader=joining.in_directory(readers[0], known),
                areas=areas_of([joining.in_directory(one, known) for one in readers], known),
                period=Period.parse(period),
                as_at=min(moment(as_at, "--as-at"), now) if as_at else now,
                area=area or entry.area,
                against=Period.parse(against) if against else None,
                policy=last_policy(connection),
            )
            made = make(connection, entry, asked, known, pseudonym, now, beside, second)
            made = with_targets(made, _targets(asked, settings, known))
            kept = report_runs.first_run(connection, entry.name, asked) is not None
        if not kept and figure is None and not beside and not against and not second:
            _keep(opened, made, now)
    shown = public_edition(made, known) if public else made
    if figure is not None:
        _show_list(_figure(made, figure), how, to, lambda child: pseudonym(child, asked.reader))
    elif how is Format.text and to is None:
        reported.print_report(shown, known)
    else:
        _write(_rendered(shown, how, known), to)


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """What a report is made from has none, and to look for them takes a third of its time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor is it looked for as the process ends
        gc.enable()


def _targets(asked: Asked, settings: Settings, known: Directory) -> tuple[Target, ...]:
    """What overlays here set; a policy that is wrong keeps nobody from a report."""
    if not any(settings.policy_folder.glob("*.yaml")):
        return ()  # the policies that are shipped set none, and take as long to read as a report
    try:
        return targets_for(asked.areas, asked.as_at, homes.policies(settings), known)
    except Misuse:
        return ()


def _protocol(id: str, settings: Settings) -> Protocol:
    """The second protocol of that id, which some overlay of this home sets."""
    known = {one.id: one for one in homes.policies(settings).protocols}
    if id not in known:
        names = ", ".join(known) or "none: `homeward policy schemes gwent-protocol` has one"
        raise Misuse(f"no overlay here sets a protocol {id}; there is {names}")
    return known[id]


def _keep(ledger: Ledger, made: Report, now: datetime) -> None:
    """So that a later one can say what changed; without it nothing is lost but that."""
    if not report_runs.is_worth_keeping(made.asked, now):
        return
    try:
        with ledger.writing() as connection:
            report_runs.keep(connection, made)
    except Unavailable:
        screen.say("What the figures are could not be kept, so no later report says what changed.")


def _rendered(made: Report, how: Format, known: Directory) -> bytes:
    if how is Format.csv:
        return plain.as_csv(made, known).encode()
    if how is Format.json:
        return plain.json_text(plain.as_json(made, known)).encode()
    if how is Format.html:
        from broker.reports.render.web_page import as_page

        return as_page(made, known).encode()
    if how is Format.pdf:
        from broker.reports.render.pdf_page import as_pdf

        return as_pdf(made, known)
    with redirect_stdout(StringIO()) as text:
        reported.print_report(made, known)
    return text.getvalue().encode()


def _show_list(one: Figure, how: Format, to: Path | None, pseudonym: Callable[[UUID], str]) -> None:
    match how:
        case Format.text if to is None:
            reported.print_list(one, pseudonym)
        case Format.csv:
            _write(plain.list_as_csv(one, pseudonym).encode(), to)
        case Format.json:
            _write(plain.json_text(plain.list_as_json(one, pseudonym)).encode(), to)
        case _:
            raise Misuse("a list is printed as text, or written as --format csv or json")


def _write(content: bytes, to: Path | None) -> None:
    if to is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        to.write_bytes(content)
    except OSError as error:
        raise Misuse(f"{to} cannot be written: {error.strerror}") from None
    screen.say(f"Written to {to}.")


def _figure(made: Report, name: str) -> Figure:
    if found := made.figures.get(name):
        return found
    like = get_close_matches(name, made.figures, n=3, cutoff=0.3)
    perhaps = f"perhaps {' or '.join(like)}; " if like else ""
    raise Misuse(
        f"{made.name} has no figure {name}: {perhaps}the report names each of them beside its count"
    )


def reports(as_json: Json = False) -> None:
    """List the reports there are: who reads each, of which periods, and from which source."""
    entries = catalogue().values()
    if as_json:
        screen.print_json([_as_json(one) for one in entries])
    else:
        reported.print_catalogue(entries)


def _as_json(entry: Entry) -> dict[str, Any]:
    said = asdict(entry)
    return {name: said[name] for name in ("name", "title", "readers", "periods", "source", "ours")}


def add_to(app: typer.Typer) -> None:
    """Add `homeward report` and `homeward reports`."""
    app.command(
        "report",
        epilog="Example: homeward report quarterly-missing --for la.E10000028 --period 2026-Q3",
    )(report)
    app.command("reports", epilog="Example: homeward reports")(reports)
