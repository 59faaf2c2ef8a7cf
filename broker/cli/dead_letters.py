"""`homeward dead-letters`: what was refused, why, and who owes to settle it."""

import base64
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from broker.cli import dead_letter_acts as acts
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.dead_letter_acts import Code, From, Kind, Older, which_of
from broker.cli.options import By, Home, Json, LedgerUrl, operator
from broker.clock import SystemClock
from broker.dead_letters import kept
from broker.dead_letters.kept import DeadLetter
from broker.directory import Directory
from broker.errors import Misuse
from broker.ledger.audit import audit_of, note
from broker.ledger.engine import Ledger
from broker.ledger.refusing import OPEN, STATES
from broker.operators import said
from schemas.codec import glance

commands = typer.Typer(
    help="What was refused, why, and who owes to settle it.", no_args_is_help=True
)
acts.add_to(commands)

_ALL = "all"


@commands.command("list", epilog="Example: homeward dead-letters list --code unexpected --older 2h")
def list_(
    code: Code = None,
    from_: From = None,
    kind: Kind = None,
    older: Older = None,
    state: Annotated[str, typer.Option("--state", help=f"{', '.join(STATES)}, or {_ALL}.")] = OPEN,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """List the records that were refused and not settled, the newest first; never what they say."""
    if state not in (*STATES, _ALL):
        raise Misuse(f"{state} is no state of a dead letter: it is one of {', '.join(STATES)}")
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        wanted = which_of(code, from_, kind, older, None if state == _ALL else state, known)
        with opened.reading() as connection:
            found = kept.dead_letters(connection, limit, wanted)
    if as_json:
        screen.print_json([asdict(one) for one in found])
        return
    columns = ("number", "at", "from", "kind", "code", "field", "why", "next")
    rows = [
        (one.number, one.at, known.name_of(one.agency), one.kind, one.code, one.field, one.detail,
         _next(one, known))
        for one in found
    ]  # fmt: skip
    none = "Nothing was refused." if state == _ALL else f"No dead letter is {state}."
    screen.table("Dead letters", columns, rows, none)


@commands.command(epilog='Example: homeward dead-letters show 3 --body --reason "To repair it"')
def show(
    number: Annotated[int, typer.Argument(help="As `list` shows it.")],
    body: Annotated[
        bool, typer.Option("--body", help="What it says too: written down with who and why.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="With --body: why it must be read.")
    ] = None,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show why one record was refused, where it is, and what was done about it.

    What it says is about a child: with --body and a --reason it is shown, and the audit keeps who
    read it, when and why.
    """
    if body != (reason is not None):
        raise Misuse("--body and --reason go together: what it says is read for a reason only")
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        with opened.reading() as connection:
            found = kept.dead_letter(connection, number)
        if found is None:
            raise Misuse(f"there is no dead letter {number}: see `homeward dead-letters list`")
        read: dict[str, Any] = {}
        if reason is not None:
            homes.use_registry(settings)
            _write_down(opened, number, operator(by).who, said(reason, "--reason"))
            read = _body(opened, number)
        with opened.reading() as connection:
            audit = audit_of(connection, f"dead letter {number}")
    if as_json:
        screen.print_json(asdict(found) | read | {"audit": audit})
        return
    _print(found, known)
    if read:
        screen.print_json(read)
    rows = [(entry["at"], entry["who"], entry["what"], entry["reason"]) for entry in audit]
    screen.table("Done", ("at", "by", "what", "reason"), rows, "Nobody has done anything with it.")


def _print(found: DeadLetter, known: Directory) -> None:
    lines: Mapping[str, object] = {
        "refused": screen.time_of(found.at),
        "from": known.name_of(found.agency),
        "where": f"{found.topic}, offset {found.offset}",
        "kind": found.kind or "cannot be read",
        "message id": found.message_id or "cannot be read",
        "size": "no value" if found.size is None else f"{found.size} bytes",
        "code": found.code,
        "field": found.field,
        "why": found.detail,
        "state": f"{found.state}, repaired" if found.repaired else found.state,
        "next": _next(found, known),
    }
    screen.out().print(f"[bold]Dead letter {found.number}[/]")
    for name, value in lines.items():
        if value != "":
            screen.out().print(f"  [dim]{name:<10}[/] {escape(str(value))}", soft_wrap=True)


def _next(one: DeadLetter, known: Directory) -> str:
    """Who has to do something by when; or how it ended."""
    if one.state != OPEN:
        by = f" as message {one.message}" if one.message else ""
        return f"{one.state}{by}, {screen.time_of(one.settled_at)}"
    if one.repaired:
        return f"repaired: homeward dead-letters replay {one.number}"
    if one.owed_by is None:
        return "nobody owes it: it is from before refusals had a clock"
    late = " - LATE" if one.late else ""
    return f"{known.name_of(one.owed_by)} by {screen.due_of(one.due_at)}{late}"


def _write_down(opened: Ledger, number: int, who: str, reason: str) -> None:
    """Before anything is shown: what cannot be written down is not read."""
    with opened.writing() as connection:
        about = f"dead letter {number}"
        note(connection, SystemClock().now(), who, "dead letter read", about, reason)


def _body(opened: Ledger, number: int) -> dict[str, Any]:
    with opened.reading() as connection:
        value, repaired = kept.bytes_of(connection, number)
    return {"body": _read(value)} | ({"repaired_body": _read(repaired)} if repaired else {})


def _read(value: bytes | None) -> object:
    fields = glance(value)
    if fields is not None or value is None:
        return fields
    return {"base64": base64.b64encode(value).decode()}
