"""
How long `policy explain` works, beside decoding the same message alone, which is the floor.

Also what one more message costs an absence of which much was said: all of it is read again.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from broker.cli.example import example
from broker.clock import SetClock
from broker.decider import Decider
from broker.keys import Keys
from broker.ledger.engine import Ledger
from broker.policy.load import shipped
from broker.records import Record
from schemas.codec import decode, encode, from_json
from schemas.message import ChildMessage, Message
from tests.examples import FRIDAY_NIGHT, notification, update

_LENGTHS = (1, 10, 100, 400)


def kinds() -> list[ChildMessage]:
    """An example of every kind that is about a child."""
    from schemas.kinds import FROM_AGENCIES

    made = (from_json(example(kind, FRIDAY_NIGHT)) for kind in FROM_AGENCIES)
    return [message for message in made if isinstance(message, ChildMessage)]


def rows(rounds: int, lengths: tuple[int, ...] = _LENGTHS) -> Iterator[tuple[str, float, float]]:
    """What was done, and the median and the slowest of its times, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        decider = _decider(Path(folder))
        for message in kinds():
            value = encode(message)
            yield (f"decode {message.KIND}", *timed(lambda v=value: decode(v), rounds))
            yield (f"explain {message.KIND}", *timed(lambda m=message: decider.explain(m), rounds))
    for length in lengths:
        with tempfile.TemporaryDirectory() as folder:
            yield (f"one more of {length:>3}", *_one_more(_decider(Path(folder)), length, rounds))


def _decider(folder: Path) -> Decider:
    clock = SetClock(FRIDAY_NIGHT + timedelta(hours=12))
    ledger = Ledger(f"sqlite:///{folder}/ledger.sqlite")
    ledger.create(clock)
    decider = Decider(ledger, clock, shipped(), Keys(bytes(32)))
    decider.activate()
    return decider


def _one_more(decider: Decider, length: int, rounds: int) -> tuple[float, float]:
    """Take in one update of an absence of which so much was said before."""
    said = notification()
    story: list[Message] = [said]
    for number in range(length + rounds):
        at = FRIDAY_NIGHT + timedelta(seconds=number)
        story.append(update(said, at=at, facts="Nothing new"))
    records = [
        Record(f"outbox.{one.sender}", "t", offset, encode(one)) for offset, one in enumerate(story)
    ]
    decider.take(records[: length + 1])
    rest = iter(records[length + 1 :])
    return timed(lambda: decider.take([next(rest)]), rounds, warm=False)


def timed(do: Callable[[], Any], rounds: int, *, warm: bool = True) -> tuple[float, float]:
    """The middle and the longest of so many goes, in milliseconds."""
    if warm:
        do()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        do()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), max(times)


def main(
    rounds: Annotated[int, typer.Option(help="How often each is done.")] = 20,
) -> None:
    """Print the table."""
    table = Table(title="Milliseconds", title_justify="left")
    for name in ("what", "median", "slowest"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, median, slowest in rows(rounds):
        table.add_row(what, f"{median:.2f}", f"{slowest:.2f}")
    Console(width=80).print(table)


if __name__ == "__main__":
    typer.run(main)
