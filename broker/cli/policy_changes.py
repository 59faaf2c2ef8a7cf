"""`homeward policy list`, `activate` and `diff`: what is in force, and what a change would do."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape

from broker import replaying
from broker.cli import home as homes
from broker.cli import policy_files, screen
from broker.cli.options import By, Home, Json, LedgerUrl, PolicyFolder, day, operator
from broker.cli.policies import keys
from broker.clock import SetClock, SystemClock
from broker.errors import Misuse
from broker.ledger import activation
from broker.ledger.engine import Ledger
from broker.policy import check as checking
from broker.policy.difference import changes, in_force, whom
from broker.policy.load import shipped
from broker.policy.nodes import PolicyFault
from broker.policy.policies import Policies
from broker.settings import Settings
from broker.working_time import day_ends, day_starts

_Policy = Annotated[
    str,
    typer.Argument(
        metavar="POLICY", help="`active`, `shipped`, an overlay or a policy as YAML, or a folder."
    ),
]


def list_(
    home: Home = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    Show the active version, and the overlays here: when they hold and whom they apply to.

    Overlays that lie here but are not active yet are marked so.
    """
    settings = homes.settings(home, None, ledger, policies=policies)
    found = _here(settings)
    with policy_files.ledger_here(settings) as opened:
        known = policy_files.active_version(opened)
    shown = {
        "active": known.version if known else None,
        "here": found.version,
        "is_active": bool(known and known.digest == found.digest),
        "policies": [one.version for one in found.each.values()],
        "overlays": [
            {
                "version": one.version,
                "extends": [below.version for below in one.below] or [one.base.version],
                "valid_from": one.valid_from.isoformat(),
                "valid_to": one.valid_to and one.valid_to.isoformat(),
                "applies_to": {role: sorted(ids) for role, ids in one.applies_to.items()},
            }
            for one in found.overlays
        ],
    }
    if as_json:
        screen.print_json(shown)
        return
    out = screen.out()
    out.print(f"Active: [bold]{escape(known.version if known else 'none yet')}[/]")
    if known and not shown["is_active"]:
        out.print(
            f"Here is [bold]{escape(found.version)}[/], which is not active: `homeward policy diff "
            "active FOLDER` shows what would change, `homeward policy activate` makes it so."
        )
    screen.table(
        "Overlays",
        ("version", "holds", "applies to"),
        [(one.version, in_force(one), whom(one)) for one in found.overlays],
        "No overlay lies here: the policies of the nations hold as they are shipped.",
    )


def activate(
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    Make what lies here the active policy, after a check; the ledger keeps who did it.

    What runs stops deciding at once, says so, and goes on when it is started again. Exit code 1
    when the check finds anything: then nothing is changed.
    """
    settings = homes.settings(home, None, ledger, policies=policies)
    clock = SystemClock()
    with homes.ledger(settings) as opened:
        opened.create(clock)
        found = _checked(settings, opened, as_json)
        with opened.deciding() as connection:
            known = activation.active(connection)
            try:
                was = activation.texts(connection, known.digest) if known else None
            except PolicyFault:  # written for another version of Homeward
                was = None
            before = activation.activate(connection, found, operator(by).who, clock.now())
    same = bool(before and before.digest == found.digest)
    said = changes(was, found) if was else []
    shown = {
        "active": found.version,
        "before": before.version if before else None,
        "changed": not same,
        "changes": said,
    }
    if as_json:
        screen.print_json(shown)
        return
    if same:
        screen.out().print(f"[bold]{escape(found.version)}[/] is active already.")
        return
    for line in said:
        screen.out().print(escape(line))
    if was is None and before:
        screen.out().print(
            f"The text of {escape(before.version)} was not kept: what changes is not known."
        )
    screen.out().print(
        f"[bold green]{escape(found.version)}[/] is active. Start again what runs: until then it "
        "decides nothing."
    )


def diff(
    a: _Policy,
    b: _Policy,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First day; 30 days ago if left out."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Last day; today if left out.")
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    policies: PolicyFolder = None,
    as_json: Json = False,
) -> None:
    """
    Replay what was accepted in a period under two policies, and list what comes out otherwise.

    Nothing is sent or written. Exit code 0 when nothing differs, 1 when something does.
    """
    settings = homes.settings(home, None, ledger, policies=policies)
    now = SystemClock().now()
    last = day(until, "--until") if until else now.date()
    first = day(from_, "--from") if from_ else last - timedelta(days=30)
    if last < first:
        raise Misuse(f"--until {last} lies before --from {first}")
    period = replaying.Period(day_starts(first), min(day_ends(last), now))
    with homes.ledger(settings) as opened:
        try:
            one, other = (policy_files.named(name, settings, opened) for name in (a, b))
        except PolicyFault as error:
            raise Misuse(str(error)) from error
        homes.use_registry(settings)
        said = replaying.heard(opened, period)
        runs = [_replayed(said, each, settings, opened, period) for each in (one, other)]
    found = replaying.differences(*runs)
    if as_json:
        lost = {"a": runs[0].refused, "b": runs[1].refused}
        screen.print_json(
            {
                "a": one.version,
                "b": other.version,
                "messages": sum(each.counts for each in said),
                "refused": lost,
                "differences": [asdict(each) for each in found],
            }
        )
    else:
        _print(found, one, other, sum(each.counts for each in said))
    if found:
        raise typer.Exit(1)


def _replayed(
    said: list[replaying.Heard],
    policies: Policies,
    settings: Settings,
    known: Ledger,
    period: replaying.Period,
) -> replaying.Run:
    start = min((each.at for each in said), default=period.start)
    clock = SetClock(min(start, period.start))
    with policy_files.empty(clock, known) as made:
        return replaying.replay(said, policies, made, clock, keys(settings), period)


def _print(found: list[replaying.Difference], a: Policies, b: Policies, messages: int) -> None:
    out = screen.out()
    out.print(f"A: {escape(a.version)}\nB: {escape(b.version)}\n{messages} messages replayed.")
    for one in found:
        out.print(f"\n[bold]{one.kind}[/] of {one.sender}, {screen.time_of(one.at)}, {one.message}")
        for line in one.lines():
            out.print(f"  {escape(line)}")
    if not found:
        out.print("Nothing would be told or owed otherwise.")


def _here(settings: Settings) -> Policies:
    try:
        return homes.policies(settings)
    except PolicyFault as error:
        raise Misuse(str(error)) from error


def _checked(settings: Settings, ledger: Ledger, as_json: bool) -> Policies:
    """
    What lies here, where nothing is wrong with it.

    What is wrong with the shipped policies is not for whoever runs them to put right.
    """
    try:
        found = homes.policies(settings)
        known = policy_files.directory(ledger)
        theirs = checking.all_problems(shipped(), known)
        problems = [one for one in checking.all_problems(found, known) if one not in theirs]
    except PolicyFault as error:
        problems = list(error.problems)
    if not problems:
        return found
    if as_json:
        screen.print_json({"active": None, "changed": False, "problems": problems})
    else:
        for text in problems:
            screen.out().print(escape(text))
        screen.out().print("Nothing was changed: put this right first.")
    raise typer.Exit(1)


def add_to(app: typer.Typer) -> None:
    app.command(name="list", epilog="Example: homeward policy list")(list_)
    app.command(epilog="Example: homeward policy activate")(activate)
    app.command(epilog="Example: homeward policy diff active our.yaml --from 2026-10-01")(diff)
