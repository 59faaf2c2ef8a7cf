"""`homeward assessments`: every entry of the risk of one child, and the one that stands."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import Connection, select

from broker import questions
from broker.assessments import Entry, current, entries
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.asking import reference
from broker.cli.options import Home, Json, LedgerUrl
from broker.directory import Directory
from broker.episode import CaseKind, case_kind
from broker.errors import Misuse
from broker.ledger import tables as t
from broker.ledger.rows import episode_of
from broker.working_time import local


def assessments(
    episode: Annotated[
        str, typer.Argument(help="The shared reference of an absence, or the id of a message.")
    ],
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show how the risk of a child was assessed, in all of its absences: nothing is overwritten.

    In the order in which the facts were obtained, so that one that came late is where it belongs.
    """
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        with opened.reading() as connection:
            found = questions.episode_of(connection, reference(episode))
            if found is None:
                raise Misuse(
                    f"no absence and no message is known as {episode}: `homeward board` lists "
                    "those who are missing now, and a receipt names the episode"
                )
            each = _of_child(connection, found)
    stands = current(each)
    if as_json:
        screen.print_json([asdict(one) | {"stands": one is stands} for one in each])
    else:
        _print(each, stands, known)


def _of_child(connection: Connection, episode: UUID) -> tuple[Entry, ...]:
    """The entries of every absence of the child."""
    child = select(t.episode.c.child).where(t.episode.c.id == episode).scalar_subquery()
    rows = connection.execute(select(t.episode).where(t.episode.c.child == child))
    cases = (episode_of(row) for row in rows)
    absences = (case for case in cases if case_kind(case) is CaseKind.absence)
    return entries(fact for case in absences for fact in case.facts)


def _print(each: tuple[Entry, ...], stands: Entry | None, known: Directory) -> None:
    rows = [
        (
            local(one.obtained_at),
            local(one.stated_at),
            known.name_of(one.author),
            one.risk,
            one.likelihood,
            one.consequence,
            "given" if one.reasoned else "NONE",
            "stands" if one is stands else "" if one.graded else "a fact, no grade",
        )
        for one in each
    ]
    columns = ("obtained", "stated", "by", "risk", "likelihood", "consequence", "reason", "")
    screen.table("Assessments", columns, rows, "Nobody has assessed the risk of this child yet.")


def add_to(app: typer.Typer) -> None:
    """Add `homeward assessments`."""
    app.command(
        "assessments", epilog="Example: homeward assessments 4f5bf8e8-9d4c-5f7e-8f5e-7d0c5d1c2b3a"
    )(assessments)
