"""What operators ask of a running Homeward: `status`, `board`, `timeline`, `account`."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from broker import questions
from broker.accounting.differences import Difference
from broker.banding import band_of
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import Home, Json, Kafka, LedgerUrl
from broker.clock import SystemClock
from broker.connection import AUDIT, KafkaAccess, access
from broker.directory import Directory
from broker.episode import State
from broker.errors import Misuse, Unavailable
from broker.ledger.engine import Ledger
from broker.questions import Absence, Account, Destination, Event, Outstanding, Status
from broker.settings import Settings
from broker.working_time import LONDON, local_due

if TYPE_CHECKING:
    from broker.accounting.auditor import Checked

_ASK_SECONDS = 5.0

NOT_SENT = "NOT SENT, so please telephone"

# In the words of an event: times, and addresses.
_INSTANT = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z")
_ADDRESS = re.compile(r"\b[a-z]+\.[A-Za-z0-9-]+/[a-z-]+")


def status(home: Home = None, ledger: LedgerUrl = None, as_json: Json = False) -> None:
    """
    Say whether Homeward runs here, and what is outstanding.

    Exit code 1 when it does not run, or one of its parts does not work.
    """
    settings = homes.settings(home, None, ledger)
    known = homes.running(settings)
    parts = _parts(known.web) if known else {}
    with homes.ledger(settings) as opened, opened.reading() as connection:
        found = questions.status(connection)
    well = bool(parts) and all(part["state"] in ("working", "standby") for part in parts.values())
    if as_json:
        where = {"kafka": known.kafka, "web": known.web} if known else {"kafka": None, "web": None}
        running = {"running": known is not None, "well": well, **where, "parts": parts}
        screen.print_json(running | asdict(found))
    else:
        _print_running(settings, known, parts)
        _print_status(found)
    if not well:
        raise typer.Exit(1)


def board(
    area: Annotated[
        str | None, typer.Argument(metavar="[LA]", help="A council, such as la.E06000021.")
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show the children who are missing now, what is outstanding for each, and who owes it.

    With a council: those it is responsible for, those who live there, those missing from there.
    """
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        if area is not None:
            area = council(area, known)
        with opened.reading() as connection:
            found = questions.board(connection, area, _bands(settings, known))
    if as_json:
        screen.print_json([_absence(one) for one in found])
    else:
        _print_board(found, known, area)


def _bands(settings: Settings, known: Directory) -> Callable[[State], str] | None:
    """The colours of cases, where a policy has some; a policy that is wrong hides no child."""
    try:
        policies = homes.policies(settings)
    except Misuse:
        return None
    if not any(layer.agreed.bands for one in policies.overlays for layer in one.layers):
        return None
    now = SystemClock().now()
    return lambda state: band_of(state, now, policies, known)


def timeline(
    episode: Annotated[
        str, typer.Argument(help="The shared reference of the absence, or the id of a message.")
    ],
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show who knew what, when, in one absence: messages, deliveries, answers, duties, climbs."""
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        with opened.reading() as connection:
            found = questions.episode_of(connection, reference(episode))
            if found is None:
                raise Misuse(
                    f"no absence and no message is known as {episode}: `homeward board` lists "
                    "those who are missing now, and a receipt names the episode"
                )
            events = questions.timeline(connection, found)
    if as_json:
        screen.print_json([asdict(event) for event in events])
    else:
        _print_timeline(found, events, known)


def account(
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    every: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="Go on until Ctrl-C, by what came since."),
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Check that the counts close: what was read, decided and delivered, in the ledger and in Kafka.

    Kafka is read from the beginning, by another client and credential than those that wrote.
    Exit code 1 when they do not agree. What runs does the same every minute, for its metrics.
    """
    settings = homes.settings(home, kafka, ledger)
    with homes.ledger(settings) as opened:
        audit = access(settings, homes.kafka(settings), AUDIT)
        if every is not None:
            _keep_account(audit, opened, every, as_json)
            return
        found, differences = accounted(audit, opened)
    balanced = not differences
    if as_json:
        screen.print_json(
            {
                **found.totals,
                "balanced": balanced,
                "differences": [_difference(one) for one in differences],
                "dead_letters": dict(found.dead_letters),
                "outboxes": [asdict(one) for one in found.intakes],
                "destinations": [asdict(one) for one in found.destinations],
            }
        )
    else:
        _print_account(found, differences)
    if not balanced:
        raise typer.Exit(1)


def accounted(audit: KafkaAccess, opened: Ledger) -> tuple[Account, list[Difference]]:
    """The account of the ledger, and every difference within it and to what Kafka holds."""
    from broker.accounting.auditor import Auditor  # its client is slow to load

    compared = Auditor(audit, opened).check().differences
    with opened.reading() as connection:
        found = questions.account(connection)
    return found, [*map(_of_ledger, found.differences), *compared]


def _of_ledger(text: str) -> Difference:
    topic, _, words = text.partition(": ")
    return Difference("ledger", topic, words)


def _difference(one: Difference) -> dict[str, Any]:
    return asdict(one) | {"agency": one.agency or None, "todo": one.todo}


def _keep_account(audit: KafkaAccess, opened: Ledger, every: float, as_json: bool) -> None:
    """One line a pass, and each difference once."""
    from broker.accounting.auditor import Auditor

    auditor, said = Auditor(audit, opened), set[Difference]()
    while True:
        try:
            found = auditor.check()
        except Unavailable as error:
            screen.err().print(f"Waiting: {escape(str(error))}")
        else:
            new = [one for one in found.differences if one not in said]
            said = set(found.differences)
            if as_json:
                line = asdict(found) | {"differences": [_difference(one) for one in new]}
                screen.print_json(line, one_line=True)
            else:
                _print_pass(found, new)
        time.sleep(every)


def _print_pass(found: "Checked", new: list[Difference]) -> None:
    now = screen.time_of(SystemClock().now())
    screen.out().print(
        f"{now}  {'all' if found.full else 'new'} compared: {found.deliveries} deliveries, "
        f"{found.bytes / 2**20:.1f} MiB in {found.seconds:.1f} s, "
        f"{len(found.differences)} differences"
    )
    _print_differences(new)


def _print_differences(differences: list[Difference]) -> None:
    for one in differences:
        screen.print_folded(str(one), "  ", "    ")
    for todo in dict.fromkeys(one.todo for one in differences):
        whats = ", ".join(dict.fromkeys(one.what for one in differences if one.todo == todo))
        screen.print_folded(f"{whats}: {todo}", "  What to do about ", "    ")


def _parts(web: str) -> dict[str, Any]:
    """What each part says of itself; the process itself, as not answering, when nobody does."""
    try:
        with urllib.request.urlopen(f"{web}/readyz", timeout=_ASK_SECONDS) as answer:
            return dict(json.load(answer)["parts"])
    except urllib.error.HTTPError as error:
        with error:
            return dict(json.load(error)["parts"])
    except (OSError, ValueError, KeyError) as error:
        return {"web": {"state": "waiting", "because": f"no answer: {type(error).__name__}"}}


def council(area: str, known: Directory) -> str:
    """The id of a council, as it goes by today."""
    found = known.canonical(area)
    if found is None or not found.startswith("la."):
        perhaps = joining.perhaps(area, known)
        raise Misuse(
            f"{area} is not a council in the directory: give an id such as la.E06000021"
            f"{perhaps or '; `homeward agency list --find NAME` finds it'}"
        )
    return found


def reference(text: str) -> UUID:
    """A shared reference or an id, as somebody typed it."""
    try:
        return UUID(text)
    except ValueError:
        raise Misuse(
            f"{text} is not a reference of Homeward's: it has 32 hexadecimal digits, and the "
            "receipt of a message names it as its episode"
        ) from None


def _absence(one: Absence) -> dict[str, Any]:
    now = SystemClock().now()
    seconds = (now - one.started_at).total_seconds() if one.started_at else None
    return asdict(one) | {"missing_for_seconds": seconds}


def _print_running(settings: Settings, known: homes.Running | None, parts: dict[str, Any]) -> None:
    if known is None:
        text = (
            f"Homeward does not run in {settings.home}: homeward up. Until it does, telephone: "
            "homeward paper prints whom"
        )
        screen.out().print(f"[yellow]{escape(text)}[/]")
        return
    screen.out().print(
        f"[bold green]Homeward runs[/] in {escape(str(settings.home))}: Kafka {known.kafka}, "
        f"web {known.web}, process {known.pid}"
    )
    for name, part in parts.items():
        colour = "green" if part["state"] in ("working", "standby") else "yellow"
        because = f": {part['because']}" if part.get("because") else ""
        screen.out().print(f"  [{colour}]{escape(name)}: {escape(part['state'] + because)}[/]")


def _print_status(found: Status) -> None:
    lines = [
        ("policy", found.policy or "none yet"),
        ("children missing now", _with(found.missing_now, "board")),
        ("duties open", _with(found.duties_open, "owed")),
        ("duties late", _with(found.duties_late, "owed --late")),
        ("messages accepted", found.messages),
        ("dead letters open", _with(found.dead_letters, "dead-letters list")),
        ("agencies", found.agencies),
    ]
    for name, value in lines:
        screen.out().print(f"  [dim]{name:<22}[/] {escape(str(value))}")
    columns = ("inbox", "delivered", "waiting", "parked", "oldest waits since")
    screen.table(
        "Inboxes",
        columns,
        [_inbox(one) for one in found.inboxes],
        "Nothing was ever sent to anybody, and no agency was added: homeward agency add AGENCY",
    )


def _with(count: int, command: str) -> str:
    """A count, and the command that shows what is behind it."""
    return f"{count:<6} homeward {command}" if count else "0"


def _inbox(one: Destination) -> tuple[object, ...]:
    agency = one.topic.removeprefix("inbox.")
    return agency, one.delivered, one.pending or "", _parked(one) or "", one.oldest_at


def _parked(one: Destination) -> object:
    return f"{one.parked} ({one.why_parked})" if one.why_parked else one.parked


def _print_board(found: list[Absence], known: Directory, area: str | None) -> None:
    now = SystemClock().now()
    where = f": {known.name_of(area)}" if area else ""
    rows = []
    for one in found:
        owed = [owed_words(duty, known) for duty in one.outstanding]
        kind = " ".join(filter(None, (one.category, "exercise" if one.exercise else "")))
        since = now - one.started_at if one.started_at else None
        councils = dict.fromkeys(filter(None, (one.lead, one.host, one.area)))
        names = "\n".join(known.name_of(council) for council in councils)
        status = f"{one.status}\n{kind}"
        risk = "\n".join(filter(None, (one.risk, one.band)))
        rows.append((one.episode, status, risk, since, names, "\n".join(owed)))
    columns = ("episode", "status", "risk", "missing for", "councils", "outstanding")
    screen.table(f"Missing now{where}", columns, rows, f"No child is missing now{where}.")


def owed_words(duty: Outstanding, known: Directory) -> str:
    """One duty that stands, in words."""
    text = f"{duty.duty}: {known.name_of(duty.owed_by)}"
    if duty.due_at is None:
        return f"{text}, {NOT_SENT if duty.our_fault else 'no start yet'}"
    return f"{text}, due {local_due(duty.due_at)}" + (" - LATE" if duty.state == "late" else "")


def _print_timeline(episode: UUID, events: list[Event], known: Directory) -> None:
    screen.out().print(f"Episode {episode}", style="bold")
    for line, is_day in timeline_lines(events, known):
        if is_day:
            screen.out().print(f"\n{line}", style="bold")
        else:
            screen.print_folded(line, "  ", " " * 12)


def timeline_lines(events: list[Event], known: Directory) -> Iterator[tuple[str, bool]]:
    """Each event in words, by London's clock, below the day it happened on."""
    day = ""
    for one in events:
        there = one.at.astimezone(LONDON)
        if (today := f"{there:%a} {there.day} {there:%b %Y, %Z}") != day:
            day = today
            yield day, True
        detail = _INSTANT.sub(_local, one.detail)
        detail = _ADDRESS.sub(lambda found: known.name_of(found[0]), detail)
        yield f"{there:%H:%M:%S}  {one.what}: {known.name_of(one.address)}; {detail}", False


def _local(written: re.Match[str]) -> str:
    return local_due(datetime.fromisoformat(written[0]))


def _print_account(found: Account, differences: list[Difference]) -> None:
    screen.table(
        "Read",
        ("written to", "read", "accepted", "repeated", "rejected"),
        [(o.topic, o.read, o.accepted, o.repeated, o.rejected) for o in found.intakes],
        "Nothing was read yet.",
    )
    screen.table(
        "Decided",
        ("sent to", "decided", "delivered", "pending", "parked"),
        [(d.topic, d.decided, d.delivered, d.pending, _parked(d)) for d in found.destinations],
        "Nothing was decided yet.",
    )
    sums = found.totals
    screen.out().print(
        f"read {sums['read']} = accepted {sums['accepted']} + repeated {sums['repeated']} + "
        f"rejected {sums['rejected']}\n"
        f"decided {sums['decided']} = delivered {sums['delivered']} + pending {sums['pending']} + "
        f"parked {sums['parked']}"
    )
    letters = " + ".join(f"{state} {count}" for state, count in found.dead_letters.items())
    screen.out().print(f"dead letters {sum(found.dead_letters.values())} = {letters}")
    if differences:
        screen.out().print("[bold red]The counts do not close:[/]")
        _print_differences(differences)
    else:
        screen.out().print("[bold green]The counts close[/], in the ledger and in Kafka.")


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: homeward status --json")(status)
    app.command(epilog="Example: homeward board la.E06000021")(board)
    app.command(epilog="Example: homeward timeline 7b0c3c0e-6d6f-5d59-9a0e-0c6f3f6c1a11")(timeline)
    app.command(epilog="Example: homeward account --json")(account)
