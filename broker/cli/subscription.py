"""`homeward subscription`: who hears of placements, on what ground, and who let them."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import By, Home, Json, LedgerUrl, day, operator
from broker.directory import Directory
from broker.errors import Misuse
from broker.ledger import subscriptions as kept
from broker.ledger.audit import audit_of
from broker.ledger.engine import Ledger
from broker.settings import Settings
from broker.subscriptions import overseeing
from broker.subscriptions.overseeing import Act
from broker.subscriptions.rights import Agreement, Filter, Subscription

commands = typer.Typer(
    help="Who hears of placements, and which agency acts for which council.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it; its start will do.")]
Reason = Annotated[str, typer.Option("--reason", help="The subscriber is told it.")]


@commands.command("list", epilog="Example: homeward subscription list --for la.E06000021")
def list_(
    of: Annotated[
        str | None,
        typer.Option("--for", help="Those of one agency.", metavar="A", show_default=False),
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """List the subscriptions, the oldest first: who, of what, how it stands, until when."""
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        theirs = joining.in_directory(of, known) if of else None
        each = [one for one in _every(opened) if theirs in (None, one.subscriber)]
    if as_json:
        screen.print_json([_shown(one) for one in each])
        return
    columns = ("id", "subscriber", "state", "until", "asks for", "drill")
    rows = [
        (one.id, known.name_of(one.subscriber), one.state, one.until, words(one.filter, known),
         one.exercise)
        for one in each
    ]  # fmt: skip
    screen.table("Subscriptions", columns, rows, "Nobody has asked for one.")


@commands.command(epilog="Example: homeward subscription show 1f0c9a52")
def show(id: Id, home: Home = None, ledger: LedgerUrl = None, as_json: Json = False) -> None:
    """Show one: what it is for and on what ground, who decided, by which agreements it sees."""
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        one = _found(id, opened)
        with opened.reading() as connection:
            request = kept.request_of(connection, one)
            audit = audit_of(connection, str(one.id))
            agreements = [it for it in kept.agreements(connection) if it.agency == one.subscriber]
    said = {name: getattr(request, name) for name in _SAID}
    if as_json:
        acts = [_agreed(it) for it in agreements]
        screen.print_json(_shown(one) | said | {"agreements": acts, "audit": audit})
        return
    lines = {
        "subscriber": known.name_of(one.subscriber),
        "goes to": one.address,
        "asks for": words(one.filter, known),
        "state": one.state + (f": {one.reason}" if one.reason else ""),
        "until": one.until,
        "asked": screen.time_of(one.asked_at),
        "started": screen.time_of(one.started_at) or "not yet",
        "purpose": said["purpose"],
        "legal basis": said["legal_basis"],
        "data protection": said["data_protection_contact"],
    }
    screen.out().print(f"[bold]{one.id}[/]" + (" (drill)" if one.exercise else ""))
    for name, value in lines.items():
        screen.out().print(f"  [dim]{name:<16}[/] {escape(str(value))}", soft_wrap=True)
    _print_agreements("Acts for", agreements, known)
    rows = [(entry["at"], entry["who"], entry["what"], entry["reason"]) for entry in audit]
    screen.table("Decided", ("at", "by", "what", "reason"), rows, "Nobody has decided on it yet.")


_SAID = ("purpose", "legal_basis", "data_protection_contact")


@commands.command(epilog="Example: homeward subscription approve 1f0c9a52")
def approve(
    id: Id, by: By = None, home: Home = None, ledger: LedgerUrl = None, as_json: Json = False
) -> None:
    """Let one run: what stands goes out first, then news. Written down with who did it."""
    _decide(id, lambda one: overseeing.approve(one, operator(by)), home, ledger, as_json)


@commands.command(
    epilog='Example: homeward subscription refuse 1f0c9a52 --reason "No legal basis is named"'
)
def refuse(
    id: Id,
    reason: Reason,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Refuse one that waits; its sender is told why."""
    _decide(id, lambda one: overseeing.refuse(one, operator(by), reason), home, ledger, as_json)


@commands.command(epilog='Example: homeward subscription end 1f0c9a52 --reason "Council merged"')
def end(
    id: Id,
    reason: Reason,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """End one, however it stands; its sender is told why."""
    _decide(id, lambda one: overseeing.end(one, operator(by), reason), home, ledger, as_json)


@commands.command(
    epilog="Example: homeward subscription agree hub.north-shires --acts-for la.E06000021 "
    '--ground "Agreement of 1 May 2026" --until 2027-04-30'
)
def agree(
    agency: Annotated[str, typer.Argument(help="A hub, or a council.")],
    acts_for: Annotated[str, typer.Option("--acts-for", help="The council it acts for.")],
    ground: Annotated[str, typer.Option("--ground", help="Where the agreement stands.")],
    until: Annotated[str, typer.Option("--until", help="Its last day, such as 2027-04-30.")],
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Record that an agency acts for a council: it sees a summary of that council's children."""
    settings = homes.settings(home, None, ledger)
    act = overseeing.agree(agency, acts_for, ground, day(until, "--until"), operator(by))
    with homes.ledger(settings) as opened:
        _operate(settings, opened, act)
    _print_all_agreements(settings, as_json)


@commands.command(epilog="Example: homeward subscription agreements --json")
def agreements(home: Home = None, ledger: LedgerUrl = None, as_json: Json = False) -> None:
    """List which agency acts for which council, on what ground, until when."""
    _print_all_agreements(homes.settings(home, None, ledger), as_json)


@commands.command(epilog="Example: homeward subscription end-agreement 3")
def end_agreement(
    number: Annotated[int, typer.Argument(help="As `agreements` shows it.")],
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """End an agreement: the tie it made is gone at once."""
    settings = homes.settings(home, None, ledger)
    act = overseeing.end_agreement(number, operator(by))
    with homes.ledger(settings) as opened:
        _operate(settings, opened, act)
    _print_all_agreements(settings, as_json)


def words(asked: Filter, known: Directory) -> str:
    """A filter for people."""
    parts = []
    if asked.hosts:
        parts.append(f"placed in {_names(asked.hosts, known)}")
    if asked.region:
        parts.append(f"placed in {asked.region}")
    if asked.placed_by:
        parts.append(f"placed by {_names(asked.placed_by, known)}")
    if asked.homes:
        parts.append(f"in {_names(asked.homes, known)}")
    if asked.stages:
        parts.append(f"only {', '.join(asked.stages)}")
    return "; ".join(parts)


def _names(agencies: tuple[str, ...], known: Directory) -> str:
    return ", ".join(known.name_of(each) for each in agencies)


def _decide(
    id: str,
    act: Callable[[UUID], Act],
    home: Path | None,
    ledger: str | None,
    as_json: bool,
) -> None:
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        one = _found(id, opened)
        _operate(settings, opened, act(one.id))
        after = _found(str(one.id), opened)
    if as_json:
        screen.print_json(_shown(after))
    else:
        screen.out().print(f"{one.id} is [bold]{after.state}[/] now.")


def _operate(settings: Settings, opened: Ledger, act: Act) -> None:
    homes.decider(settings, opened).operate(act)


def _every(opened: Ledger) -> list[Subscription]:
    with opened.reading() as connection:
        return kept.every(connection)


def _found(typed: str, opened: Ledger) -> Subscription:
    """The one that is meant by an id or the start of one."""
    start = typed.strip().lower()
    found = [one for one in _every(opened) if start and str(one.id).startswith(start)]
    if len(found) == 1:
        return found[0]
    several = "several subscriptions begin so" if found else "there is no such subscription"
    raise Misuse(f"{typed}: {several}, see `homeward subscription list`")


def _shown(one: Subscription) -> dict[str, Any]:
    shown = asdict(one) | {"until": one.until.isoformat()}
    del shown["message"]
    return shown


def _agreed(one: Agreement) -> dict[str, Any]:
    return asdict(one) | {"until": one.until.isoformat()}


def _print_all_agreements(settings: Settings, as_json: bool) -> None:
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        with opened.reading() as connection:
            found = kept.agreements(connection)
    if as_json:
        screen.print_json([_agreed(one) for one in found])
    else:
        _print_agreements("Agreements", found, known)


def _print_agreements(title: str, found: list[Agreement], known: Directory) -> None:
    columns = ("number", "agency", "acts for", "until", "ground", "ended")
    rows = [
        (one.number, known.name_of(one.agency), known.name_of(one.acts_for), one.until, one.ground,
         one.ended_at)
        for one in found
    ]  # fmt: skip
    screen.table(title, columns, rows, "No agreement is recorded.")
