"""`homeward shards`: who sends what, and spreading the inboxes over more relays."""

from dataclasses import asdict, astuple
from typing import Annotated

import typer

from broker.cli import home as homes
from broker.cli import screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.clock import SystemClock
from broker.ledger import shard


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: homeward shards 4")(shards)


def shards(
    number: Annotated[
        int | None, typer.Argument(min=1, help="How many there are to be; left out: show them.")
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show the relay shards and who serves each, or have more of them.

    An inbox is in one shard, and one process at a time serves a shard; the others stand by. To have
    more of them: stop every part, say how many, and start the parts again.
    """
    now = SystemClock().now()
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        if number is not None:
            with opened.deciding() as connection:
                moved = shard.spread(connection, number, now)
            screen.say(f"{moved} inboxes and topics moved to another shard: start the parts again")
        with opened.reading() as connection:
            found = shard.standing(connection, now)
    if as_json:
        screen.print_json([asdict(one) for one in found])
        return
    columns = ("shard", "served by", "last batch", "inboxes and topics", "waiting", "parked")
    rows = [(f"{row[0]}", row[1] or "nobody", *row[2:]) for row in map(astuple, found)]
    screen.table("Relay shards", columns, rows, "none")
