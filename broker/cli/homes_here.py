"""`homeward homes`: the homes of an area, and which have no care pack."""

import csv
import io
import sys
from collections.abc import Iterable
from dataclasses import asdict, astuple, fields
from typing import Annotated

import typer

from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.homes import Home as HomeHere
from broker.homes import homes as all_homes
from broker.spreadsheet import safe


def homes_of(
    of: Annotated[
        str | None, typer.Option("--for", help="Those in this council's or police force's area.")
    ] = None,
    without_pack: Annotated[
        bool, typer.Option("--without-care-pack", help="Only those that name no care pack.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, to hand on.")] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    List the homes on this broker: where they are, whose police, what they have ready.

    Homes say that themselves (`home.readiness`); of what they do not say it reads "none".
    """
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        whose = joining.in_directory(of, known) if of else None
        with opened.reading() as connection:
            found = all_homes(connection, known, whose)
    found = [one for one in found if not (without_pack and one.care_pack)]
    if as_json:
        screen.print_json([asdict(one) for one in found])
        return
    if as_csv:
        sys.stdout.write(as_text(found))
        return
    rows = [
        (
            one.name,
            known.name_of(one.area) if one.area else "NOT KNOWN",
            known.name_of(one.force) if one.force else "NOT KNOWN",
            one.care_pack or "none",
            one.care_pack_given_on or "",
            one.procedure_of or "none",
        )
        for one in found
    ]
    columns = ("home", "area", "police", "care pack", "given on", "procedure of")
    screen.table("Homes", columns, rows, "There is no such home on this broker.")


def as_text(found: Iterable[HomeHere]) -> str:
    """The homes as CSV; with none there is a line of columns all the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in fields(HomeHere)])
    writer.writerows([safe(str(cell or "")) for cell in astuple(one)] for one in found)
    return out.getvalue()


def add_to(app: typer.Typer) -> None:
    """Add `homeward homes`."""
    app.command("homes", epilog="Example: homeward homes --for la.E10000028 --without-care-pack")(
        homes_of
    )
