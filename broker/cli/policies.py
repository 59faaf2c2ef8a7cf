"""`homeward policy`: what is wrong with a policy, and what it would do with a message."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from broker.admission import AHEAD
from broker.cli import home as homes
from broker.cli import message_file, policy_files, screen
from broker.cli.explained import explained, sources
from broker.cli.options import Home, Json, LedgerUrl, PolicyFolder, moment
from broker.clock import Clock, SetClock, SystemClock
from broker.decider import Decider
from broker.directory import Directory
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger.engine import Ledger
from broker.policy import check as checking
from broker.policy.difference import in_force, whom
from broker.policy.load import load_any, with_folder, with_one
from broker.policy.nodes import PolicyFault
from broker.policy.overlay import Overlay
from broker.policy.policies import Policies
from broker.settings import Settings
from broker.working_time import local
from schemas.codec import from_json
from schemas.message import ChildMessage

commands = typer.Typer(
    help="Who is told what, and what they owe: checked and explained.", no_args_is_help=True
)
_File = Annotated[
    Path | None,
    typer.Argument(
        help="A policy or an overlay as YAML, or a folder of overlays; what is in force here if "
        "left out."
    ),
]


@commands.command(epilog="Example: homeward policy check our-overlay.yaml")
def check(
    file: _File = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    Find what is wrong with a policy: mistakes, and gaps that would leave somebody untold.

    An overlay is tried as it would be in force, with the agencies that it is for. Exit code 1 when
    anything is found.
    """
    if file is not None and not file.exists():
        raise Misuse(f"cannot read {file}: there is no such file")
    settings = homes.settings(home, None, ledger, policies=policies)
    version: str | None = None
    try:
        with policy_files.ledger_here(settings) as opened:
            version, problems = _checked(file, settings, policy_files.directory(opened))
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


def _checked(file: Path | None, settings: Settings, directory: Directory) -> tuple[str, list[str]]:
    """The version of what is checked, and what is wrong with it."""
    if file is None or file.is_dir():
        found = homes.policies(settings) if file is None else with_folder(file)
        return found.version, checking.all_problems(found, directory)
    one = load_any(file)
    if isinstance(one, Overlay):
        together = with_one(homes.policies(settings), one)
        return one.version, checking.overlay_problems(together, one, directory)
    problems = checking.problems(one, directory)
    return one.version, checking.placed(one.places, one.version, problems)


@commands.command(epilog="Example: homeward policy explain message.json --at 2026-03-27T22:10:00Z")
def explain(
    file: Annotated[str, typer.Argument(help="A message as JSON; - for standard input.")],
    at: Annotated[
        str | None, typer.Option(help="As if it came then; now if left out.", metavar="TIME")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            help="By this policy in place of its nation's, or with this overlay before it is "
            "active; a folder of overlays too."
        ),
    ] = None,
    as_: Annotated[
        str | None,
        typer.Option("--as", metavar="AGENCY", help="Who sends, if the file does not say."),
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    Show who would be told of a message, why, and what each would owe by when; nothing is sent.

    What the ledger knows of the child counts, if there is one. With --policy it does not.
    """
    settings = homes.settings(home, None, ledger, policies=policies)
    clock = SetClock(moment(at, "--at") if at else SystemClock().now())
    with policy_files.ledger_here(settings) as opened:
        directory = policy_files.directory(opened)
        chosen = (
            policy_files.at(policy, settings, opened)
            if policy
            else policy_files.active(settings, opened)
        )
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
        decider = Decider(opened, clock, chosen, keys(settings))
        if policy_files.active_version(opened) is None:
            decider.activate()
        decision = decider.explain(message)
    shown = explained(decision, message, chosen, directory, clock.now())
    if policy is not None:
        _say_what_is_not_laid(policy, chosen, shown)
    if as_json:
        screen.print_json(shown)
    else:
        _print(shown, directory)


def _say_what_is_not_laid(file: Path, chosen: Policies, shown: Mapping[str, Any]) -> None:
    """Whoever tries an overlay learns that it is not for this message, or not yet."""
    for one in chosen.overlays:
        if Path(one.file).name != file.name or one.version in shown["overlays"]:
            continue
        here = ", ".join(shown["whereabouts"]) or "nothing is known"
        screen.say(
            f"{one.version} does not count for this message: it holds {in_force(one)}, in "
            f"{one.nation}, and applies to {whom(one)}; here: {here}"
        )


@contextmanager
def _ledger(settings: Settings, clock: Clock, fresh: bool) -> Iterator[Ledger]:
    """The ledger of this home; or an empty one, with the agencies that are known."""
    with policy_files.ledger_here(settings) as known:
        if known is not None and not fresh:
            yield known
            return
        with policy_files.empty(clock, known) as made:
            yield made


def keys(settings: Settings) -> Keys:
    """The keys of this home's ledger; some of their own where there are none yet."""
    with suppress(OSError):
        return Keys((settings.secrets / "pseudonym.key").read_bytes())
    return Keys(secrets.token_bytes(32))


def _print(shown: Mapping[str, Any], known: Directory) -> None:
    laid = "".join(f", with [bold]{escape(one)}[/]" for one in shown["overlays"])
    screen.out().print(f"By policy [bold]{escape(shown['policy'])}[/]{laid}")
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
    if turn := shown["turns"]:
        when = f"If the child is not back by {screen.time_of(turn['at'])},"
        screen.say(
            f"{'At once' if turn['at_once'] else when} Homeward counts it as missing by itself "
            f"({turn['because']}), and tells everyone who must know: give category missing here "
            "to see whom."
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
