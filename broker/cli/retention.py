"""`homeward retention`: erases what was said of absences that are long over."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from broker.cli import home as homes
from broker.cli import screen
from broker.cli.options import By, Home, Json, LedgerUrl, operator
from broker.clock import SystemClock
from broker.ledger import erasing

DAYS = 365


def retention(
    days: Annotated[
        int,
        typer.Option(
            help=f"How long after its end; {erasing.SHORTEST.days} at least. The law names no "
            "time for a broker: this is yours to set."
        ),
    ] = DAYS,
    erase: Annotated[
        bool, typer.Option("--erase", help="Do it. Without it, only what would be done is shown.")
    ] = False,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show what was said of absences that ended long ago and may go; with --erase, erase it.

    Names, narrative and all that was written go. What was decided, who was told, answers, duties
    and every count stay. Nothing is erased for which a duty still runs, or of which something waits
    to be sent. There is no way back but a backup.
    """
    clock, kept_for = SystemClock(), timedelta(days=days)
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        before = erasing.oldest_kept(clock.now(), kept_for)
        with opened.reading() as connection:
            found = erasing.erasable(connection, before)
        erased = 0
        if erase:
            for done in erasing.erase(opened, clock, kept_for, operator(by).who):
                erased += done
    if as_json:
        screen.print_json({"before": before.isoformat(), **asdict(found), "erased": erased})
        return
    out = screen.out()
    held = [f"{found.owed} for which a duty still runs"] if found.owed else []
    held += [f"{found.waiting} of which something waits to be sent"] if found.waiting else []
    if erase:
        out.print(f"Erased what was said of {erased} absences that ended before {before:%d %B %Y}.")
    else:
        out.print(
            f"{found.absences} absences ended before {before:%d %B %Y}: their {found.messages} "
            f"messages ({found.bytes / 2**20:.1f} MB), and what was sent of them, would be erased."
        )
    if held:
        out.print(f"Kept: {', '.join(held)}.")
    if not erase and found.absences:
        out.print("Nothing was erased: --erase does it.")


def add_to(app: typer.Typer) -> None:
    """Add `homeward retention`."""
    app.command("retention", epilog="Example: homeward retention --days 400 --erase")(retention)
