"""`homeward export`: a council's absences as the returns that it sends on."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import By, Home, Json, LedgerUrl, operator
from broker.clock import SystemClock
from broker.directory import kind_of
from broker.errors import Misuse
from broker.exchange import periods
from broker.exchange.held import held
from broker.exchange.returns import RETURNS, Return
from broker.ledger import audit
from broker.policy.nodes import like
from broker.working_time import london_day


def add_to(app: typer.Typer) -> None:
    app.command(
        epilog="Example: homeward export ssda903 --for la.E10000028 --period 2025-26 --to file.csv"
    )(export)


def export(
    name: Annotated[str, typer.Argument(metavar="RETURN", help="ssda903 or ssd-missing.")],
    council: Annotated[str, typer.Option("--for", metavar="COUNCIL", help="Whose children.")],
    period: Annotated[str, typer.Option("--period", help=f"{periods.HOW}; SSDA903 is of a year.")],
    to: Annotated[Path, typer.Option("--to", help="The file to write; it names children.")],
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Write a council's absences as a return: the SSDA903 Missing file, or ssd_missing.

    Its own children, wherever they live. The file has the council's number of each child and the
    birth date, as they were said to Homeward, and is for that council alone: it is written for this
    user only, and the export is noted in the audit. Exit code 1 when a line lacks something or
    breaks a rule of the return; it is written all the same, and the rules are named.
    """
    make = RETURNS.get(name)
    if make is None:
        raise Misuse(f"there is no return {name}{like(name, RETURNS)}: {', '.join(RETURNS)}")
    first, last = periods.read(period)
    now = SystemClock().now()
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        whose = joining.in_directory(council, known)
        if kind_of(whose) != "la":
            raise Misuse(f"{whose} is no council: a council sends this return")
        with opened.reading() as connection:
            absences = held(connection, whose, first, last, known)
        made = make(absences, first, last, london_day(now))
        _write(to, made)
        with opened.writing() as connection:
            about = f"{name} {whose} {period}"
            audit.note(connection, now, operator(by).who, "export", about, "")
    if as_json:
        screen.print_json(
            {
                "return": name,
                "for": whose,
                "period": [first.isoformat(), last.isoformat()],
                "rows": len(made.rows),
                "file": str(to),
                "problems": [asdict(one) for one in made.problems],
            }
        )
    else:
        rows = [(one.line, one.column, one.code, one.words) for one in made.problems]
        screen.table("To be looked at", ("line", "column", "code", "what to do"), rows, "")
        screen.out().print(
            escape(f"{len(made.rows)} rows from {first} to {last} are in {to}. They name children.")
        )
    if made.problems:
        raise typer.Exit(1)


def _write(file: Path, made: Return) -> None:
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(number, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as out:
            out.write(made.text)
    except OSError as error:
        raise Misuse(f"cannot write {file}: {error.strerror}") from error
