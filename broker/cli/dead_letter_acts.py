"""`homeward dead-letters repair`, `replay`, `drop`: what operators do about refused records."""

import re
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import joining, message_file, screen
from broker.cli.options import By, Home, Json, LedgerUrl, operator
from broker.clock import SystemClock
from broker.dead_letters import kept
from broker.dead_letters.kept import Letters
from broker.dead_letters.pace import (
    RECORDS_A_SECOND,
    REFUSED_AT_MOST,
    STOPPED,
    Pace,
    Replaying,
    steps,
)
from broker.dead_letters.repair import drop as dropping
from broker.dead_letters.repair import repair as repairing
from broker.dead_letters.replay import OUTCOMES, REFUSED, Replayed
from broker.directory import Directory
from broker.errors import Misuse
from broker.ledger.engine import Ledger
from broker.ledger.refusing import OPEN

_LENGTH = re.compile(r"([0-9]{1,4})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

Numbers = Annotated[
    list[int] | None, typer.Argument(metavar="[NUMBER]...", help="As `list` shows them.")
]
Code = Annotated[
    str | None, typer.Option("--code", help="Refused with this code.", show_default=False)
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="A", help="Of one agency.", show_default=False),
]
Kind = Annotated[
    str | None,
    typer.Option("--kind", help="Such as missing.return, where that could be read."),
]
Older = Annotated[
    str | None, typer.Option("--older", metavar="AGE", help="Refused so long ago: 30m, 2h, 3d.")
]
_Reason = Annotated[str, typer.Option("--reason", help="The audit keeps it; name no child.")]


def repair(
    number: Annotated[int, typer.Argument(help="As `list` shows it.")],
    reason: _Reason,
    fields: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="JSON laid upon what was sent, null leaves a field out; the whole message where "
            "that cannot be read. - for standard input.",
        ),
    ] = None,
    bytes_: Annotated[
        Path | None,
        typer.Option(
            "--bytes", metavar="FILE", help="The whole record, framed Avro.", dir_okay=False
        ),
    ] = None,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Put corrected fields or bytes in place of what was sent, checked like any message.

    What was sent is kept; the sender and the id stay; the audit keeps who, when and why. Nothing is
    sent by it: `replay` does that, and the sender's receipt says which fields were corrected.
    """
    if (fields is None) == (bytes_ is None):
        raise Misuse("give the correction as --fields FILE, or as --bytes FILE")
    given = message_file.read(fields) if fields is not None else None
    act = repairing(
        number, operator(by), reason, fields=given, value=_bytes(bytes_) if bytes_ else None
    )
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        changed = homes.decider(settings, opened).operate(act)
    if as_json:
        screen.print_json({"number": number, "changed": changed})
        return
    what = f" ({', '.join(changed)})" if changed else ""
    screen.out().print(
        escape(
            f"Dead letter {number} is repaired{what}. Try it with `homeward dead-letters replay "
            f"{number} --dry-run`."
        )
    )


def replay(
    numbers: Numbers = None,
    code: Code = None,
    from_: From = None,
    kind: Kind = None,
    older: Older = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be; write and send nothing.")
    ] = False,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1000, help="At most so many records a second.")
    ] = RECORDS_A_SECOND,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 500,
    refused: Annotated[
        int, typer.Option("--refused-at-most", min=0, help="Stop after more refusals than this.")
    ] = REFUSED_AT_MOST,
    reason: Annotated[
        str, typer.Option("--reason", help="The audit keeps it; name no child.")
    ] = "",
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Decide on refused records anew, as if they had only now been read.

    By number, or all open ones of a code, an agency, a kind, an age. Messages keep their own times:
    what is over wakes nobody, and a repeat changes nothing. Goes in batches beside live traffic,
    and stops by itself when one cannot be handled again, when many are refused, or when deliveries
    wait. Exit code 1 when one was refused, or it stopped.
    """
    settings = homes.settings(home, None, ledger)
    who, pace = operator(by), Pace(rate, refused)
    done: list[Replayed] = []
    stopped = ""
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        chosen = _chosen(opened, numbers, which_of(code, from_, kind, older, OPEN, known), limit)
        work = Replaying(homes.decider(settings, opened), opened, SystemClock())
        for step in steps(chosen, work, who, reason, pace, dry_run=dry_run):
            done += step.letters
            stopped = step.stopped
            if len(done) < len(chosen) and not as_json:
                screen.say(f"{len(done)} of {len(chosen)}")
    counts = dict.fromkeys(OUTCOMES, 0) | Counter(one.outcome for one in done)
    if as_json:
        letters = [asdict(one) for one in done]
        said = {"dry_run": dry_run, "chosen": len(chosen), **counts, "stopped": stopped or None}
        screen.print_json(said | {"letters": letters})
    else:
        _print_replayed(done, counts, len(chosen), stopped, known, dry_run)
    if stopped or counts[REFUSED]:
        raise typer.Exit(1)


def drop(
    reason: _Reason,
    numbers: Numbers = None,
    code: Code = None,
    from_: From = None,
    kind: Kind = None,
    older: Older = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 100,
    by: By = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Mark refused records as ones that nothing follows from. They are kept, with who, when and why.

    A sender who was told that an operator sees to it is told that nothing will come of it.
    """
    settings, who = homes.settings(home, None, ledger), operator(by)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        chosen = _chosen(opened, numbers, which_of(code, from_, kind, older, OPEN, known), limit)
        homes.decider(settings, opened).operate(
            lambda *work: [dropping(number, who, reason)(*work) for number in chosen]
        )
    if as_json:
        screen.print_json({"dropped": chosen})
    else:
        screen.out().print(f"Dropped: {', '.join(map(str, chosen)) or 'none, as none is open'}.")


def which_of(
    code: str | None,
    agency: str | None,
    kind: str | None,
    older: str | None,
    state: str | None,
    known: Directory,
) -> Letters:
    """What was typed as a choice of dead letters."""
    return Letters(
        state=state,
        code=code,
        agency=joining.in_directory(agency, known) if agency else None,
        kind=kind,
        before=SystemClock().now() - _length(older) if older else None,
    )


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise Misuse(f"--older {text} is no age: write it like 30m, 2h or 3d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _chosen(opened: Ledger, numbers: list[int] | None, which: Letters, limit: int) -> list[int]:
    """The open ones that are meant; all of those that are named must be open."""
    if not numbers and which == Letters(state=OPEN):
        raise Misuse("say which: their numbers, or --code, --from, --kind, --older")
    asked = Letters(**asdict(which) | {"numbers": tuple(numbers or ())})
    with opened.reading() as connection:
        found = kept.to_replay(connection, limit, asked)
    if missing := sorted(set(numbers or ()) - set(found)):
        raise Misuse(
            f"no such dead letter is open: {', '.join(map(str, missing))}; see "
            "`homeward dead-letters list --state all`"
        )
    return found


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misuse(f"cannot read {file}: {error.strerror}") from error


def _print_replayed(
    done: list[Replayed],
    counts: dict[str, int],
    chosen: int,
    stopped: str,
    known: Directory,
    dry_run: bool,
) -> None:
    columns = ("number", "from", "kind", "outcome", "why", "tells", "wakes")
    rows = [
        (one.number, known.name_of(one.agency), one.kind, one.outcome, _why(one),
         one.deliveries or "", one.wakes or "")
        for one in done
    ]  # fmt: skip
    screen.table("Would be" if dry_run else "Replayed", columns, rows, "No such one is open.")
    said = ", ".join(f"{name} {count}" for name, count in counts.items())
    text = f"{said}; {chosen - len(done)} not reached."
    screen.out().print(f"{text} Nothing was written or sent." if dry_run else text)
    if stopped:
        screen.out().print(f"[yellow]Stopped:[/] {escape(STOPPED[stopped])} \\[{stopped}]")


def _why(one: Replayed) -> str:
    where = f" (field {one.field})" if one.field else ""
    return f"{one.detail}{where} [{one.code}]" if one.code else ""


def add_to(app: typer.Typer) -> None:
    app.command(
        epilog='Example: homeward dead-letters repair 3 --fields right.json --reason "Telephoned"'
    )(repair)
    app.command(epilog="Example: homeward dead-letters replay --code unexpected --dry-run")(replay)
    app.command(
        epilog='Example: homeward dead-letters drop 4 5 --reason "Test records, says the council"'
    )(drop)
