"""`homeward dead-letters`: what was refused, and why; never what it said."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from broker import questions
from broker.cli import home as homes
from broker.cli import screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.errors import Misuse

commands = typer.Typer(help="What was refused, and why.", no_args_is_help=True)


@commands.command("list", epilog="Example: homeward dead-letters list --limit 20")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """List the records that were refused, the newest first."""
    with (
        homes.ledger(homes.settings(home, None, ledger)) as opened,
        opened.reading() as connection,
    ):
        found = questions.dead_letters(connection, limit)
    if as_json:
        screen.print_json([asdict(one) for one in found])
    else:
        columns = ("number", "at", "from", "code", "field", "why")
        rows = [(o.number, o.at, o.agency, o.code, o.field, o.detail) for o in found]
        screen.table("Dead letters", columns, rows, "Nothing was refused.")


@commands.command(epilog="Example: homeward dead-letters show 3")
def show(
    number: Annotated[int, typer.Argument(help="As `list` shows it.")],
    show_bytes: Annotated[
        bool, typer.Option("--bytes", help="The record itself: not possible yet.")
    ] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show why one record was refused, and where it is; not what it says."""
    if show_bytes:
        raise Misuse(
            "the record itself is about a child: looking at it needs a right that is recorded, "
            "and recording that is not built yet"
        )
    with (
        homes.ledger(homes.settings(home, None, ledger)) as opened,
        opened.reading() as connection,
    ):
        found = questions.dead_letter(connection, number)
    if found is None:
        raise Misuse(f"there is no dead letter {number}: see `homeward dead-letters list`")
    if as_json:
        screen.print_json(asdict(found))
        return
    for name, value in asdict(found).items():
        shown = screen.time_of(found.at) if name == "at" else value
        shown = "no value" if name == "size" and value is None else shown
        screen.out().print(f"  [dim]{name:<8}[/] {escape(str(shown))}")
