"""`homeward register`: looked-after children placed in a council's area, and its own elsewhere."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.asking import council
from broker.cli.options import Home, Json, LedgerUrl, moment
from broker.clock import SystemClock
from broker.directory import Directory
from broker.placements.register import ELSEWHERE, HERE, OWN_AREA, Entry, register, without_notice
from broker.working_time import local

_WHERE = {
    HERE: "placed here by others",
    ELSEWHERE: "placed elsewhere",
    OWN_AREA: "in their own area",
}


def register_of(
    area: Annotated[str, typer.Argument(metavar="LA", help="A council, such as la.E06000021.")],
    at: Annotated[
        str | None, typer.Option(help="As it stood then; now if left out.", metavar="TIME")
    ] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Those that are over too.")] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show who lives where: looked-after children placed in an area by others, and its own elsewhere.

    A child is shown by the pseudonym that this council's inbox has for it.
    """
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        area = council(area, known)
        when = moment(at, "--at") if at else SystemClock().now()
        keys = homes.keys(settings, opened)
        with opened.reading() as connection:
            found = register(connection, area, when, keys.pseudonym, ended=ended)
    if as_json:
        screen.print_json([_as_json(one) for one in found])
    else:
        _print(found, known, area, when)


def _as_json(one: Entry) -> dict[str, Any]:
    return {**one._asdict(), "home": one.home or None, "carer": one.carer or None}


def _print(found: list[Entry], known: Directory, area: str, when: datetime) -> None:
    by_where = Counter(one.where for one in found if not one.exercise)
    for where, words in _WHERE.items():
        rows = [_row(one, known, when) for one in found if one.where == where]
        if rows or where == HERE:
            title = f"{known.name_of(area)}: {words} ({by_where[where]})"
            columns = ("child", "by", "at", "since", "notice", "risks", "absences")
            screen.table(title, columns, rows, f"{known.name_of(area)}: nobody {words}.")
    if missing := len(without_notice(found)):
        screen.out().print(f"No notice was given of {missing} of them.", style="bold")


def _row(one: Entry, known: Directory, when: datetime) -> tuple[str, ...]:
    place = known.name_of(one.home) if one.home else "a foster carer or family"
    since = local(one.starts_at)
    if one.ends_at is not None:
        since += f"\n{'until' if one.state != 'ended' else 'ended'} {local(one.ends_at)}"
    state = "" if one.state == "current" else f" ({one.state})"
    if one.state == "current" and one.starts_at > when:
        state = "\nthere already: came before the day of the notice"
    away = "\nMISSING NOW" if one.missing else ""
    return (
        one.child + (" (exercise)" if one.exercise else ""),
        known.name_of(one.responsible) if one.responsible else "not known",
        f"{place}\n{known.name_of(one.host)}",
        f"{since}{state}",
        "given" if one.notice == "given" else "NONE",
        one.risk.replace("-", " "),
        f"{one.absences}{away}",
    )


def add_to(app: typer.Typer) -> None:
    """Add `homeward register`."""
    app.command(
        "register", epilog="Example: homeward register la.E06000021 --at 2026-12-24T18:00:00Z"
    )(register_of)
