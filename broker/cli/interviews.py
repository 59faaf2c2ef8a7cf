"""`homeward interviews`: the return interviews that a service or a council has to see to."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.directory import Directory
from broker.interviewing import Interview, interviews
from broker.working_time import local, local_due


def add_to(app: typer.Typer) -> None:
    app.command("interviews", epilog="Example: homeward interviews la.E10000028")(show)


def show(
    agency: Annotated[str, typer.Argument(help="A council, or a service that holds interviews.")],
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    List the return interviews that are owed still: by this agency, and for a council's children.

    The first due comes first. A child who declined may be asked again until the day that local
    policy sets. One interview may cover several absences of a child: those are named. The child is
    the pseudonym that this agency's inbox has for it.
    """
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        agency = joining.in_directory(agency, known)
        keys = homes.keys(settings, opened)
        with opened.reading() as connection:
            found = interviews(connection, agency, keys.pseudonym)
    if as_json:
        screen.print_json([asdict(one) for one in found])
        return
    rows = [
        (
            one.child,
            local(one.returned_at) if one.returned_at else "no time stated",
            known.name_of(one.held_by),
            "\n".join(_stands(one)),
            "\n".join(_due(one)),
            "\n".join(map(str, (one.episode, *one.together))),
        )
        for one in found
    ]
    columns = ("child", "back", "held by", "so far", "due", "absence, and those it may cover too")
    none = f"No return interview is owed by {known.name_of(agency)}, or for its children."
    screen.table(f"Return interviews: {_whose(agency, known)}", columns, rows, none)


def _whose(agency: str, known: Directory) -> str:
    return known.name_of(agency)


def _stands(one: Interview) -> Iterator[str]:
    yield one.stage or "nothing said yet"
    if one.attempts:
        yield f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}"
    if one.not_independent:
        yield "held, but not independently: it does not count"
    if one.exercise:
        yield "EXERCISE"


def _due(one: Interview) -> Iterator[str]:
    if one.late:
        yield "LATE"
    for words, at in (
        ("offer by", one.offer_by),
        ("hold by", one.hold_by),
        ("keep trying until", one.tried_until),
    ):
        if at is not None:
            yield f"{words} {local_due(at)}"
