"""What managers ask: who still owes what, and whether everyone who was told knows the end."""

import difflib
from dataclasses import asdict
from typing import Annotated, Any

import typer

from broker import closure as closures
from broker import questions
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.asking import NOT_SENT, council, reference
from broker.cli.options import Home, Json, LedgerUrl
from broker.directory import Directory
from broker.errors import Misuse
from broker.policy.policies import Policies

_HOW = {
    "confirmed": "told the end, and has it",
    "sent": "told the end",
    "reported": "said it",
    "listed": "NOT YET: owes an answer",
    "excused": "told the end; no answer is needed any more",
    "moved-away": "ended when the child moved",
    "telephone": "by telephone: managers ring",
    "missed": "NEVER TOLD: a fault of Homeward",
}

_NOT_OVER = "This absence is not over: the child is missing still, so nobody is told an end yet."
_NO_ABSENCE = "No child was missing under this reference, so there is no end to tell."


def owed(
    agency: Annotated[
        str | None, typer.Argument(metavar="[AGENCY]", help="What this agency's desks owe.")
    ] = None,
    duty: Annotated[
        str | None, typer.Option("--duty", help="One duty, such as answer-iro-alert.")
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Only what is late.")] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    List what is owed and not done yet, the longest due first, and where it climbed to.

    For the reviewing officers' manager: `homeward owed la.E08000030 --duty answer-iro-alert`.
    """
    settings = homes.settings(home, None, ledger)
    with homes.ledger(settings) as opened:
        known = joining.directory(opened)
        if agency is not None:
            agency = joining.in_directory(agency, known)
        with opened.reading() as connection:
            found = closures.owed(connection, agency, duty, late)
    if duty is not None and not found:
        _require_duty(duty, homes.policies(settings))
    if as_json:
        screen.print_json([asdict(one) for one in found])
        return
    whose = f" by {known.name_of(agency)}" if agency else ""
    rows = [
        (
            one.duty if one.episode else f"{one.duty} {one.occasion}".strip(),
            known.name_of(one.owed_by),
            _due(one),
            "\n".join(known.name_of(address) for address in one.climbed_to),
            one.basis.replace("-", " "),
            one.episode,
        )
        for one in found
    ]
    columns = ("duty", "owed by", "due", "climbed to", "basis", "episode")
    none = f"Nothing is late{whose}." if late else f"Nothing is owed{whose}."
    screen.table("Late" + whose if late else "Owed" + whose, columns, rows, none)


def closure(
    which: Annotated[
        str | None,
        typer.Argument(metavar="[LA|EPISODE]", help="One council's absences, or one absence."),
    ] = None,
    unfinished: Annotated[
        bool, typer.Option("--open", help="Only absences that somebody has not confirmed.")
    ] = False,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Show, for absences that are over, that everyone who was told it began knows that it ended.

    Whoever has not confirmed it is on a list, with the time it is due and whom it climbs to.
    Exit code 1 when somebody was never told.
    """
    with homes.ledger(homes.settings(home, None, ledger)) as opened:
        known = joining.directory(opened)
        area = council(which, known) if which and which.startswith("la.") else None
        with opened.reading() as connection:
            episode = None
            if which and area is None:
                episode = questions.episode_of(connection, reference(which))
                if episode is None:
                    raise Misuse(f"no absence is known as {which}: a receipt names the episode")
            found = closures.closures(connection, area, episode)
            away = {one.episode for one in questions.board(connection)} if episode else set()
    missed = any(one.how == "missed" for each in found for one in each.everyone)
    if unfinished:
        found = [one for one in found if not one.is_complete]
    if as_json:
        screen.print_json([asdict(one) | {"complete": one.is_complete} for one in found])
    elif not found and episode:
        screen.out().print(_NOT_OVER if episode in away else _NO_ABSENCE)
    else:
        _print_closures(found, known)
    if missed:
        raise typer.Exit(1)


def _require_duty(duty: str, policies: Policies) -> None:
    """`Misuse` for a name no duty has: that nothing is owed by it would read like good news."""
    names = policies.duties()
    if duty not in names:
        near = difflib.get_close_matches(duty, names, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(names))}"
        raise Misuse(f"no duty is called {duty}; {hint}")


def _due(one: closures.Owed) -> str:
    if one.due_at is None:
        return NOT_SENT if one.our_fault else "no start recorded"
    text = screen.due_of(one.due_at)
    if one.late_on_arrival:
        return f"{text}: known too late; do it by {screen.due_of(one.working_due_at)}"
    return f"{text} - LATE" if one.state == "late" else text


def _print_closures(found: list[closures.Closure], known: Directory) -> None:
    if not found:
        screen.out().print("Nothing to show: everybody who was told knows the end.")
    for one in found:
        exercise = ", an exercise" if one.exercise else ""
        ended = screen.time_of(one.ended_at)
        state = "complete" if one.is_complete else "[yellow]not complete[/]"
        screen.out().print(f"Episode {one.episode}, {one.status} {ended}{exercise}: {state}")
        screen.table("", ("told", "since", "the end", "due", "next"), _rows(one, known), "")


def _rows(one: closures.Closure, known: Directory) -> list[tuple[Any, ...]]:
    return [
        (
            known.name_of(each.address),
            each.told_at,
            _HOW[each.how],
            screen.due_of(each.due_at) if each.how == "listed" else "",
            known.name_of(each.next_rung) if each.next_rung else "",
        )
        for each in one.everyone
    ]


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: homeward owed la.E08000030 --duty answer-iro-alert")(owed)
    app.command(epilog="Example: homeward closure la.E08000030 --open")(closure)
