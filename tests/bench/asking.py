"""
How long the ledger takes to answer: the register of a large authority, its board, a long history.

Beside each is the floor: the same rows read by the bare driver, or the same message taken in for a
child of whom nothing is known.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, insert, text

from broker import questions
from broker.clock import SetClock
from broker.decider import Decider
from broker.keys import Keys
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.placements.register import register
from broker.policy.load import shipped
from broker.records import Record
from schemas.child import Child, Reference, Scheme
from schemas.codec import encode
from schemas.message import Message
from tests.bench.explaining import timed
from tests.examples import FRIDAY_NIGHT, HOME, STOKE, WALSALL, notification, returned

NOW = FRIDAY_NIGHT + timedelta(days=1)
KEYS = Keys(bytes(32))
Timed = tuple[float, float]


def rows(
    rounds: int, placements: int = 5000, duties: int = 2000, absences: int = 500
) -> Iterator[tuple[str, Timed, Timed]]:
    """What was asked, its median and slowest milliseconds, and those of its floor."""
    yield from _register(rounds, placements)
    yield from _board(rounds, duties)
    yield from _history(rounds, absences)


# -- the register


def _register(rounds: int, placements: int) -> Iterator[tuple[str, Timed, Timed]]:
    with tempfile.TemporaryDirectory() as folder, closing(_ledger(folder)) as ledger:
        with ledger.writing() as connection:
            connection.execute(insert(t.placement), [_placed(n) for n in range(placements)])
        with ledger.reading() as connection:
            yield (
                f"register of {placements:,} placements",
                timed(lambda: register(connection, STOKE, NOW, KEYS.pseudonym), rounds),
                timed(lambda: _bare(connection, "placement"), rounds),
            )


def _placed(number: int) -> dict[str, Any]:
    return {
        "id": uuid4(), "child": uuid4(), "exercise": False, "cancelled": False,
        "responsible": WALSALL, "host": STOKE, "home": HOME, "carer": "",
        "starts_at": NOW - timedelta(days=number % 900), "ends_at": None,
        "noticed": True, "arrived": True,
        "iro_stated": True, "contact_stated": True, "risk": "named",
    }  # fmt: skip


def _bare(connection: Connection, table: str) -> int:
    return len(connection.execute(text(f"SELECT * FROM {table}")).all())


# -- the board


def _board(rounds: int, duties: int) -> Iterator[tuple[str, Timed, Timed]]:
    with tempfile.TemporaryDirectory() as folder, closing(_ledger(folder)) as ledger:
        decider = _decider(ledger)
        owed = number = 0
        while owed < duties:
            messages = [_report(number + each, NOW, episode="1") for each in range(50)]
            decider.take([_record(message, number + n) for n, message in enumerate(messages)])
            number += 50
            with ledger.reading() as connection:
                owed = questions.status(connection).duties_open
        with ledger.reading() as connection:
            yield (
                f"board of {number} children with {owed:,} duties",
                timed(lambda: questions.board(connection, STOKE), rounds),
                timed(lambda: _bare(connection, "duty"), rounds),
            )


# -- a long history


def _history(rounds: int, absences: int) -> Iterator[tuple[str, Timed, Timed]]:
    with tempfile.TemporaryDirectory() as folder, closing(_ledger(folder)) as ledger:
        decider = _decider(ledger)
        start, story = NOW - timedelta(hours=4 * (absences + rounds + 2)), list[Message]()
        for number in range(absences + rounds + 1):
            at = start + timedelta(hours=4 * number)
            said = _report(1, at, episode=f"1/{number}")
            story += [said, returned(said, at=at + timedelta(hours=1), sent_at=NOW)]
        records = [_record(message, offset) for offset, message in enumerate(story)]
        for first in range(0, 2 * absences, 100):
            decider.take(records[first : min(first + 100, 2 * absences)])
        rest = iter(records[2 * absences :])
        one_more = timed(lambda: decider.take([next(rest), next(rest)]), rounds)
        fresh = iter(range(10, 10 + rounds + 1))
        new = timed(lambda: decider.take(_alone(next(fresh), len(story))), rounds)
        yield (f"an absence more of a child with {absences}", one_more, new)


def _alone(number: int, offset: int) -> list[Record]:
    said = _report(number, NOW - timedelta(hours=2), episode="1")
    end = returned(said, at=NOW - timedelta(hours=1))
    return [_record(said, offset + 2 * number), _record(end, offset + 2 * number + 1)]


def _report(number: int, at: datetime, episode: str) -> Any:
    reference = Reference(holder=HOME, scheme=Scheme.home_reference, value=f"H-{number}")
    child = Child(references=(reference,), given_name="Robin", family_name=f"Example {number}")
    return notification(
        at, child=child, episode=f"H-{number}/{episode}", police_report=None, sent_at=NOW
    )


# -- what they share


def _record(message: Message, offset: int) -> Record:
    return Record(f"outbox.{message.sender}", "t", offset, encode(message))


def _ledger(folder: str) -> Ledger:
    ledger = Ledger(f"sqlite:///{Path(folder)}/ledger.sqlite")
    ledger.create(SetClock(NOW))
    return ledger


def _decider(ledger: Ledger) -> Decider:
    decider = Decider(ledger, SetClock(NOW), shipped(), KEYS)
    decider.activate()
    return decider


def main(rounds: Annotated[int, typer.Option(help="How often each is asked.")] = 20) -> None:
    """Print the table."""
    table = Table(title="Milliseconds: median (slowest)", title_justify="left")
    for name in ("what", "Homeward", "floor"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, ours, floor in rows(rounds):
        table.add_row(what, *(f"{median:.1f} ({most:.1f})" for median, most in (ours, floor)))
    Console(width=90).print(table)


if __name__ == "__main__":
    typer.run(main)
