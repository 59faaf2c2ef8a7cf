"""`homeward policy`: what is wrong with a policy, and what it would do with a message."""

import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy import select

from broker.cli import home as homes
from broker.cli import joining, message_file, screen
from broker.cli.options import Home, Json, LedgerUrl, moment
from broker.clock import Clock, SetClock, SystemClock
from broker.decider import Decider
from broker.decision import Decision
from broker.directory import Directory
from broker.duties import Duty
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.policy import check as checking
from broker.policy.load import PolicyFault, load, shipped
from broker.policy.model import Policy
from broker.routing import Routing
from broker.settings import Settings
from broker.working_time import add_working_days, local_due
from schemas.codec import from_json
from schemas.message import Message

commands = typer.Typer(
    help="Who is told what, and what they owe: checked and explained.", no_args_is_help=True
)
_File = Annotated[
    Path | None, typer.Argument(help="A policy as YAML; the shipped one if left out.")
]


@commands.command(epilog="Example: homeward policy check our-policy.yaml")
def check(
    file: _File = None, home: Home = None, ledger: LedgerUrl = None, as_json: Json = False
) -> None:
    """
    Find what is wrong with a policy: mistakes, and gaps that would leave somebody untold.

    Exit code 1 when anything is found.
    """
    if file is not None and not file.is_file():
        raise Misuse(f"cannot read {file}: there is no such file")
    version, problems = None, []
    try:
        policy = load(file) if file else shipped()
        version = policy.version
        problems = checking.problems(policy, _directory(homes.settings(home, None, ledger)))
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
        Path | None, typer.Option(help="By this policy instead of the active one.")
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
    chosen = _chosen(policy)
    fields = message_file.read(file)
    complete, _ = message_file.complete(fields, as_, clock.now(), _directory(settings))
    message = from_json(complete)
    with _ledger(settings, clock, fresh=policy is not None) as opened:
        decider = Decider(opened, clock, chosen, _keys(settings))
        decider.activate()
        explained = _explained(decider.explain(message), chosen, message, clock.now())
    if as_json:
        screen.print_json(explained)
    else:
        _print(explained, _directory(settings))


def _chosen(file: Path | None) -> Policy:
    if file is None:
        return shipped()
    if not file.is_file():
        raise Misuse(f"cannot read {file}: there is no such file")
    return load(file)


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
    with tempfile.TemporaryDirectory() as folder:
        empty = Ledger(f"sqlite:///{folder}/ledger.sqlite")
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


def _explained(
    decision: Decision, policy: Policy, message: Message, now: datetime
) -> dict[str, Any]:
    routing = decision.routing
    assert routing is not None
    told = {post.address for post in decision.posts if post.because not in ("receipt", "record")}
    recipients = [
        {
            "address": one.address,
            "view": one.view.value,
            "because": one.because,
            "basis": one.basis,
            "source": one.source,
            "kind": one.as_kind or message.KIND,
            "wakes": one.wakes,
            "reads_at": one.opens_at,
            "in_place_of": one.cover_for or None,
        }
        for one in routing.recipients
        if one.address in told
    ]
    known = [
        {"role": one.role, "why": f"{one.address} knows it already"}
        for one in routing.recipients
        if one.address not in told
    ]
    fresh = [duty for duty in decision.duties if duty.standing]
    return {
        "policy": policy.version,
        "recipients": recipients,
        "not_told": [{"role": one.role, "why": one.why} for one in routing.not_told] + known,
        "duties": [_duty(duty, routing, now) for duty in fresh],
        "settles": [
            {"duty": one.name, "owed_by": one.owed_by, "state": one.state}
            for one in decision.duties
            if not one.standing
        ],
    }


def _duty(duty: Duty, routing: Routing, now: datetime) -> dict[str, Any]:
    starts_at, due_at = _times(duty, now)
    sources = {(one.rule.duty, one.owed_by): one.source for one in routing.owed}
    return {
        "duty": duty.name,
        "owed_by": duty.owed_by,
        "starts_at": starts_at,
        "due_at": due_at,
        "basis": duty.basis,
        "source": sources.get((duty.name, duty.owed_by), ""),
        "because": duty.because,
        "met_by": list(duty.met_by),
        "ladder": [
            {
                "address": rung.address,
                "after_seconds": rung.after.total_seconds(),
                "at": due_at + rung.after if due_at else None,
            }
            for rung in duty.rungs
        ],
    }


def _times(duty: Duty, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Of a duty whose clock starts when its delivery is sent: as if it were sent at once."""
    if duty.delivery is None:
        return duty.starts_at, duty.due_at
    start = max(now, duty.not_before or now)
    if duty.working_days:
        return start, add_working_days(start, duty.working_days)
    return start, start + (duty.within or timedelta(0))


def _print(explained: Mapping[str, Any], known: Directory) -> None:
    screen.out().print(f"By policy [bold]{escape(explained['policy'])}[/]")
    screen.table(
        "Told",
        ("told", "view", "when", "because", "basis"),
        [
            (
                f"{known.name_of(one['address'])}\n{one['address']}",
                f"{one['view']}\n{one['kind']}",
                _when(one),
                one["because"],
                one["basis"],
            )
            for one in explained["recipients"]
        ],
        "Nobody would be told.",
    )
    sources = {one["because"].partition("@")[0]: one["source"] for one in explained["recipients"]}
    for rule, source in sources.items():
        screen.out().print(f"[bold]{escape(rule)}[/] [dim]{escape(source)}[/]", soft_wrap=False)
    screen.table(
        "Owed",
        ("owed", "by", "due", "ladder", "basis"),
        [
            (
                one["duty"],
                known.name_of(one["owed_by"]),
                local_due(one["due_at"]) if one["due_at"] else "no start yet",
                "\n".join(_rung(rung, known) for rung in one["ladder"]),
                one["basis"],
            )
            for one in explained["duties"]
        ],
        "Nothing would be owed.",
    )
    rows = [(one["role"], one["why"]) for one in explained["not_told"]]
    screen.table("Not told", ("role", "why"), rows, "Every role of the rules is told.")


def _when(one: Mapping[str, Any]) -> str:
    if one["reads_at"]:
        return f"silently, read from {screen.time_of(one['reads_at'])}"
    if one["in_place_of"]:
        return f"at once, in place of {one['in_place_of'].partition('/')[2]}"
    return "at once, woken" if one["wakes"] else "at once"


def _rung(rung: Mapping[str, Any], known: Directory) -> str:
    after = screen.span_of(timedelta(seconds=rung["after_seconds"]))
    return f"{after} later: {known.name_of(rung['address'])}"
