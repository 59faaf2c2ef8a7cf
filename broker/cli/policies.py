"""`homeward policy`: what is wrong with a policy, and what it would do with a message."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy import select

from broker.cli import home as homes
from broker.cli import joining, message_file, screen
from broker.cli.explained import explained, sources
from broker.cli.options import Home, Json, LedgerUrl, moment
from broker.clock import Clock, SetClock, SystemClock
from broker.decider import AHEAD, Decider
from broker.directory import Directory
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.policy import check as checking
from broker.policy.load import load, shipped, together
from broker.policy.model import Policies
from broker.policy.nodes import PolicyFault
from broker.settings import Settings
from broker.working_time import local
from schemas.codec import from_json
from schemas.message import ChildMessage

commands = typer.Typer(
    help="Who is told what, and what they owe: checked and explained.", no_args_is_help=True
)
_File = Annotated[
    Path | None, typer.Argument(help="A policy as YAML; all that are shipped if left out.")
]


@commands.command(epilog="Example: homeward policy check our-policy.yaml")
def check(
    file: _File = None, home: Home = None, ledger: LedgerUrl = None, as_json: Json = False
) -> None:
    """
    Find what is wrong with a policy: mistakes, and gaps that would leave somebody untold.

    A policy of your own may extend one that is shipped. Exit code 1 when anything is found.
    """
    if file is not None and not file.is_file():
        raise Misuse(f"cannot read {file}: there is no such file")
    version: str | None = None
    try:
        directory = _directory(homes.settings(home, None, ledger))
        if file is None:
            version, problems = shipped().version, checking.all_problems(shipped(), directory)
        else:
            policy = load(file)
            version, problems = policy.version, checking.problems(policy, directory)
    except PolicyFault as error:
        problems = list(error.problems)
    if as_json:
        screen.print_json({"policy": version, "good": not problems, "problems": problems})
    elif problems:
        for text in problems:
            screen.out().print(escape(text))
    else:
        screen.out().print(f"[bold green]{escape(version or '')}[/] is good: nobody is left untold")
    if problems:
        raise typer.Exit(1)


@commands.command(epilog="Example: homeward policy explain message.json --at 2026-03-27T22:10:00Z")
def explain(
    file: Annotated[str, typer.Argument(help="A message as JSON; - for standard input.")],
    at: Annotated[
        str | None, typer.Option(help="As if it came then; now if left out.", metavar="TIME")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="By this policy in place of its nation's.")
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="AGENCY", help="Who sends, if the file does not say."),
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show who would be told of a message, why, and what each would owe by when; nothing is sent.

    What the ledger knows of the child counts, if there is one. With --policy it does not.
    """
    settings = homes.settings(home, None, ledger)
    clock = SetClock(moment(at, "--at") if at else SystemClock().now())
    chosen, directory = _chosen(policy), _directory(settings)
    fields = message_file.read(file)
    complete, _ = message_file.complete(fields, as_, clock.now(), directory)
    message = from_json(complete)
    if not isinstance(message, ChildMessage):
        raise Misuse(
            f"{message.KIND} cannot be explained yet: who is told of it follows from what the "
            "ledger knows and not from the rules for messages"
        )
    if at and max(message.occurred_at, message.sent_at) > clock.now() + AHEAD:
        raise Misuse(
            f"--at {at} is before the message, which happened {local(message.occurred_at)}: give a "
            "later time, or change occurred_at and sent_at"
        )
    with _ledger(settings, clock, fresh=policy is not None) as opened:
        decider = Decider(opened, clock, chosen, _keys(settings))
        decider.activate()
        decision = decider.explain(message)
    shown = explained(decision, message, chosen, directory, clock.now())
    if as_json:
        screen.print_json(shown)
    else:
        _print(shown, directory)


def _chosen(file: Path | None) -> Policies:
    if file is None:
        return shipped()
    if not file.is_file():
        raise Misuse(f"cannot read {file}: there is no such file")
    return together((*shipped().each.values(), load(file)))


def _directory(settings: Settings) -> Directory:
    opened = homes.open_ledger(settings)
    if opened is None:
        return Directory.shipped()
    try:
        return joining.directory(opened)
    finally:
        opened.close()


@contextmanager
def _ledger(settings: Settings, clock: Clock, fresh: bool) -> Iterator[Ledger]:
    """The ledger of this home; or an empty one, with the agencies that are known."""
    known = homes.open_ledger(settings)
    if known is not None and not fresh:
        try:
            yield known
        finally:
            known.close()
        return
    empty = Ledger("sqlite://")  # in memory
    try:
        empty.create(clock)
        if known is not None:
            _copy_agencies(known, empty)
            known.close()
        yield empty
    finally:
        empty.close()


def _copy_agencies(known: Ledger, empty: Ledger) -> None:
    with known.reading() as connection:
        rows = connection.execute(select(t.agency)).all()
    with empty.deciding() as connection:
        for row in rows:
            functions = json.loads(row.functions)
            agencies.add(connection, row.id, row.name, row.area, functions, row.added_at)


def _keys(settings: Settings) -> Keys:
    with suppress(OSError):
        return Keys((settings.secrets / "pseudonym.key").read_bytes())
    return Keys(secrets.token_bytes(32))


def _print(shown: Mapping[str, Any], known: Directory) -> None:
    screen.out().print(f"By policy [bold]{escape(shown['policy'])}[/]")
    screen.table(
        "Told",
        ("told", "view", "when", "because", "basis"),
        [
            (
                _named(one["address"], known),
                f"{one['view']}\n{one['kind']}",
                _when(one),
                one["because"],
                one["basis"],
            )
            for one in shown["recipients"]
        ],
        "Nobody would be told.",
    )
    screen.table(
        "Owed",
        ("owed", "by", "due", "ladder", "because"),
        [
            (
                one["duty"],
                _named(one["owed_by"], known),
                f"{one['due_local'] or 'no start yet'}\n{one['why']}",
                "\n".join(_rung(rung, known) for rung in one["ladder"]),
                f"{one['because']}\n{one['basis']}",
            )
            for one in shown["duties"]
        ],
        "Nothing would be owed.",
    )
    screen.table(
        "No longer owed",
        ("owed", "by", "becomes", "why"),
        [
            (one["duty"], _named(one["owed_by"], known), one["state"], one["why"])
            for one in shown["settles"]
        ],
        "",
    )
    rows = [(one["role"], one["why"]) for one in shown["not_told"]]
    screen.table("Not told", ("role", "why"), rows, "Every role of the rules is told.")
    rules = [(rule, *ground) for rule, ground in sources(shown).items()]
    screen.table("On what ground", ("rule", "basis", "source"), rows=rules, none="")


def _named(address: str, known: Directory) -> str:
    return f"{known.name_of(address)}\n{address}"


def _when(one: Mapping[str, Any]) -> str:
    if one["reads_at"]:
        return f"silently, read from {screen.time_of(one['reads_at'])}"
    if one["in_place_of"]:
        return f"at once, in place of {one['in_place_of'].partition('/')[2]}"
    return "at once, woken" if one["wakes"] else "at once"


def _rung(rung: Mapping[str, Any], known: Directory) -> str:
    after = timedelta(seconds=rung["after_seconds"])
    late = f"{screen.span_of(after)} later" if after else "once late"
    return f"{late}: {known.name_of(rung['address'])} ({rung['address']})"
