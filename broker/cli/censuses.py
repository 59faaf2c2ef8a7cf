"""`homeward census`: what agencies returned, what differs, and who returned nothing."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from broker.census import returned as returns_made
from broker.census.period import Period, named, period_name
from broker.census.returned import Returned
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.errors import Misuse
from broker.policy.load import shipped
from schemas.census import Difference

commands = typer.Typer(
    help="The agencies' own lists, compared with the ledger.", no_args_is_help=True
)


@commands.command("list", epilog="Example: homeward census list --period 2026-06")
def list_(
    period: Annotated[
        str | None, typer.Option("--period", help="A month, 2026-06, or a quarter, 2026-Q2.")
    ] = None,
    agency: Annotated[str | None, typer.Option("--for", help="Of this agency only.")] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    List the censuses, the latest period first; with a period also who owes one and sent nothing.

    A nil return says that there was no absence; no return says nothing, and counts as nothing.
    """
    wanted = _period(period)
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        whose = joining.in_directory(agency, known) if agency else None
        with opened.reading() as connection:
            found = returns_made.returned(connection, shipped(), known, whose, wanted)
    if as_json:
        screen.print_json([_fields(one) for one in found])
        return
    rows = [
        (
            known.name_of(one.agency),
            period_name(one.period_from, one.period_to),
            _what(one),
            *_counts(one),
            one.census or "",
        )
        for one in found
    ]
    columns = ("from", "period", "returned", "theirs", "ours", "both", "differ", "only them",
               "only us", "to settle", "census")  # fmt: skip
    screen.table("Censuses", columns, rows, "There is no census.")


@commands.command(epilog="Example: homeward census show 6d1f8a3e-0c55-4a53-9a7e-3d1b1f0c2a11")
def show(
    census: Annotated[str, typer.Argument(help="As `list` shows it, or its message id.")],
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show what differs between one census and the ledger: references and times, no names."""
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        with opened.reading() as connection:
            one = returns_made.one_returned(connection, _id(census))
            lines = returns_made.lines_of(connection, one) if one else []
            owed = returns_made.owed_for(connection, one) if one else []
    if one is None:
        raise Misuse(f"there is no census {census}: see `homeward census list`")
    if as_json:
        each = [line.model_dump(mode="json") for line in lines]
        settling = [asdict(each) for each in owed]
        screen.print_json(_fields(one) | {"differences": each, "settling": settling})
        return
    screen.out().print(
        f"{known.name_of(one.agency)}, {one.period_from} to {one.period_to}: {_what(one)}",
        markup=False,
    )
    rows = [_line(line) for line in lines]
    columns = ("what", "their reference", "episode", "started", "ours / theirs")
    none = "Nothing differs." if one.compared_at else "It has not been compared."
    screen.table("", columns, rows, none)
    who = ("to be settled by", "state", "due", "settled")
    settled = [
        (
            known.name_of(each.address),
            f"{each.state}, left as it is with a reason" if each.explained else each.state,
            screen.due_of(each.due_at),
            each.settled_at,
        )
        for each in owed
    ]
    screen.table("", who, settled, "")


def _fields(one: Returned) -> dict[str, Any]:
    days = {name: getattr(one, name).isoformat() for name in ("period_from", "period_to")}
    return asdict(one) | days


def _period(text: str | None) -> Period | None:
    if text is None:
        return None
    found = named(text)
    if found is None:
        raise Misuse(f"{text} is no period: write a month as 2026-06, or a quarter as 2026-Q2")
    return found


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Misuse(f"{text} is no id of a census: see `homeward census list`") from None


def _what(one: Returned) -> str:
    if one.state == "no-return":
        return "no return"
    said = "nil" if one.nil else f"{one.entries} absence{'' if one.entries == 1 else 's'}"
    if one.state == "incomplete":
        said = f"{one.parts_here} of {one.parts} parts"
    elif one.state == "replaced":
        said += ", replaced"
    if one.scope == "looked-after":
        said += ", of children looked after"
    return f"{said}, an exercise" if one.exercise else said


def _counts(one: Returned) -> tuple[Any, ...]:
    counts = (
        one.theirs, one.ours, one.both, one.different, one.only_them, one.only_us, one.unsettled,
    )  # fmt: skip
    return tuple("" if count is None else count for count in counts)


def _line(line: Difference) -> tuple[Any, ...]:
    fields = "\n".join(
        f"{each.field}: {each.ours or '-'} / {each.theirs or '-'}" for each in line.fields
    )
    said = [each.replace("-", " ") for each in (line.why, line.explained) if each]
    why = f" ({'; '.join(said)})" if said else ""
    return (
        f"{line.what.replace('-', ' ')}{why}",
        line.reference or "",
        line.episode or "",
        line.started_at,
        fields,
    )
