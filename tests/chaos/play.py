"""
Plays chaos: agencies send, things break and heal, and then everything is counted.

    python -m tests.chaos.play --minutes 30 [--seed N] [--quick] [--only FAULT] [--list]

Prints the seed and a table. The exit code is 1 when anything was lost, doubled, out of order or
late. The same seed gives the same messages and the same faults in the same order.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from broker import questions
from broker.accounting import kafka as in_kafka
from broker.connection import AUDIT
from broker.errors import HomewardError
from broker.provision import outbox
from tests.chaos.counting import Counted, Sides, count
from tests.chaos.faults import FAULTS, KAFKA, KILLS, PARTS, SERVERS, Fault, Stage
from tests.chaos.keeper import Keeper, Mother, Slot, mother
from tests.chaos.load import AGENCIES, Expected, Habits, Sent, sending
from tests.chaos.punctual import LIMIT_SECONDS, Punctuality, punctuality
from tests.chaos.victim import ONCE_A_LIFE, STEPS, FastClock
from tests.chaos.windows import Windows
from tests.chaos.world import HABITS, LEDGER, MACHINES, World, world

_QUIET_SECONDS = 120.0
_FATED = 0.6  # so many of the processes are killed at some step
# On average, after the one before; of the ledger seldom enough that some duty must be late by now
# if a timekeeper does not go on.
_BETWEEN_SECONDS = {KILLS: 2.5, PARTS: 4.0, KAFKA: 6.0, SERVERS: 12.0}


@dataclass
class Played:
    """What was done, and what came of it."""

    seed: int
    seconds: float
    injected: Counter[str]
    counted: Counted
    duties: Punctuality
    failed: list[str] = field(default_factory=list)
    steps: int = 0  # at how many different ones a part was killed
    cut_off: int = 0
    restarts: int = 0
    not_injected: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return self.injected.total()

    @property
    def wrong(self) -> list[str]:
        """Everything that should not have been, in words."""
        found = [f"{what}: {n}" for what, n in sorted(self.counted.wrong.items())]
        found += [f"e.g. {example}" for example in self.counted.examples]
        found += [f"late: {one}" for one in self.duties.late[:10]]
        found += [f"fired twice: {one}" for one in self.duties.twice[:10]]
        return found + self.failed


async def play(
    seed: int, seconds: float, quick: bool, only: str | None = None, log: Path | None = None
) -> Played:
    """All faults mixed, or one alone; a quick play has short faults."""
    dice = random.Random(seed)
    with world(seed, disk_mb=300 + round(seconds / 2)) as on:  # room for what is sent, and no more
        log = log or on.home / "parts.log"
        arguments = [str(on.home), on.kafka.bootstrap, on.url, on.began.isoformat()]
        with mother(arguments, log) as parts:
            return await _play(on, parts, dice, seconds, quick, only)


async def _play(
    on: World, parts: Mother, dice: random.Random, seconds: float, quick: bool, only: str | None
) -> Played:
    began, windows = time.monotonic(), Windows()
    breaking = asyncio.Event()

    def fate(slot: Slot) -> dict[str, Any]:
        """A step at which the next process of the slot is killed, or none."""
        if not breaking.is_set() or only not in (None, "killed at a step"):
            return {}
        return _fate(slot, dice) if only or dice.random() < _FATED else {}

    slots = [Slot(part, machine) for part in STEPS for machine in MACHINES]
    keeper = Keeper(parts, slots, on.where, windows, fate, 2 if quick else 0)
    stage = Stage(on, keeper, windows, dice, quick)
    keeper.start()
    await keeper.ready()
    async with sending(on.loads):
        breaking.set()
        for slot in slots:  # so that each has a new fate
            if slot.process and only in (None, "killed at a step"):
                slot.process.kill()
        await _break(stage, seconds, only)
        breaking.clear()
    ends_at = datetime.now(UTC).isoformat()
    await keeper.stop()
    keeper.start(ends_at)
    try:
        await _until_quiet(on, FastClock(on.began, datetime.fromisoformat(ends_at)))
    finally:
        await keeper.stop()
    duties = await asyncio.to_thread(
        punctuality,
        *(on.ledger, on.began),
        windows.able(LEDGER, *(slot.name for slot in slots if slot.part == "timekeeper")),
    )
    counted = await asyncio.to_thread(count, Sides(on.kafka, on.ledger, on.loads))
    injected = stage.injected + Counter(
        {"killed at a step": keeper.killed_at.total()} if keeper.killed_at else {}
    )
    return Played(
        on.seed,
        time.monotonic() - began,
        injected,
        counted,
        duties,
        keeper.failed + _fired_wrongly(parts),
        len(keeper.killed_at),
        keeper.cut_off,
        keeper.ended_by_themselves,
        [one.name for one in FAULTS.values() if not _possible(one, on)],
    )


def _fired_wrongly(parts: Mother) -> list[str]:
    number = parts.fired_wrongly
    return [f"{number} steps fired by a timekeeper whose clock was wrong"] * bool(number)


def _fate(slot: Slot, dice: random.Random) -> dict[str, Any]:
    step = dice.choice(STEPS[slot.part])
    count = 1 if step in ONCE_A_LIFE else dice.randint(1, 6)
    return {"step": step, "count": count, "delay": dice.choice((0, 0, dice.random() / 20))}


def _possible(fault: Fault, on: World) -> bool:
    return not fault.needs_small_disk or fault.needs_small_disk in on.small_disks


async def _break(stage: Stage, seconds: float, only: str | None) -> None:
    """Faults of each group one after the other, the groups beside each other."""
    ends = time.monotonic() + seconds
    some = [
        one for one in FAULTS.values() if only in (None, one.name) and _possible(one, stage.world)
    ]
    groups = {one.group: [each for each in some if each.group == one.group] for one in some}
    tasks = [asyncio.create_task(_break_group(stage, each, ends)) for each in groups.values()]
    await asyncio.gather(*tasks, asyncio.sleep(seconds))


async def _break_group(stage: Stage, faults: list[Fault], ends: float) -> None:
    # Dice of its own, so that the order does not hang on how long the other groups take.
    dice = random.Random(f"{stage.world.seed} {faults[0].group}")
    left: list[Fault] = []
    while (now := time.monotonic()) < ends:
        wait = dice.expovariate(1 / _BETWEEN_SECONDS[faults[0].group])
        await asyncio.sleep(min(wait, ends - now))
        if not left:  # each once before any comes again more often than its weight says
            left = [each for each in faults for _ in range(max(1, round(2 * each.weight)))]
            dice.shuffle(left)
        fault = left.pop()
        try:
            await fault.inject(stage)
        except Exception as error:
            raise AssertionError(f"{fault.name} could not be injected") from error
        stage.injected[fault.name] += 1


async def _until_quiet(on: World, clock: FastClock) -> None:
    deadline = time.monotonic() + _QUIET_SECONDS
    audit, topics = on.kafka.access(AUDIT), [outbox(agency) for agency in AGENCIES]
    ends = await asyncio.to_thread(in_kafka.ends, audit, topics)

    def quiet() -> bool:
        try:
            with on.ledger.reading() as connection:
                return questions.is_quiet(connection, clock.now(), ends)
        except HomewardError:
            return False

    while not await asyncio.to_thread(quiet):
        assert time.monotonic() < deadline, "not everything was taken, sent and fired in time"
        await asyncio.sleep(0.1)


# -- showing


def show(played: Played, screen: Console) -> None:
    """The faults by kind, and the one table of what came of them."""
    kinds = Table("fault", "times", title=f"Seed {played.seed}: {played.faults} faults")
    for name, times in sorted(played.injected.items()):
        kinds.add_row(name, str(times))
    for name, times in _all_the_time(played.counted.sent).items():
        kinds.add_row(f"all the time: {name}", times)
    for name in played.not_injected:
        kinds.add_row(name, "not possible here: needs the right to mount a small disk")
    screen.print(kinds)
    expected = Counter(one.expected for one in played.counted.sent)
    wrong = played.counted.wrong
    row: dict[str, object] = {
        "faults": played.faults,
        "seconds": round(played.seconds),
        "sent": len(played.counted.sent),
        "accepted": expected[Expected.accepted],
        "repeated": expected[Expected.repeated],
        "rejected": expected[Expected.rejected],
        "deliveries": played.counted.delivered,
        "lost": wrong["lost"],
        "doubled": wrong["doubled"],
        "out of order": wrong["out of order"],
        "gaps": wrong["gap"],
        "other": wrong.total() - sum(wrong[w] for w in ("lost", "doubled", "out of order", "gap")),
        "duties fired": played.duties.fired,
        "late": len(played.duties.late),
        "twice": len(played.duties.twice),
        "longest pause, s": round(played.counted.longest_pause_seconds, 1),
    }
    table = Table("", "count")
    for name, value in row.items():
        table.add_row(name, str(value))
    screen.print(table)
    screen.print(
        f"Late: more than {LIMIT_SECONDS:g} s after it was due, of which one and the same "
        f"timekeeper and the ledger could work all the time; the latest was "
        f"{played.duties.latest_seconds:.1f} s. Parts were killed at {played.steps} of "
        f"{sum(map(len, STEPS.values()))} steps; ended by themselves {played.restarts} times; "
        f"told to end, {played.cut_off} had to be cut off."
    )
    for one in played.wrong:
        screen.print(one, style="bold red", markup=False)


def _all_the_time(sent: list[Sent]) -> dict[str, str]:
    """What goes wrong from the beginning to the end, and so is not counted as a fault."""
    poisoned = sum(one.code == "unexpected" for one in sent)
    refused = sum(getattr(one.message, "state", "") == "not-ours" for one in sent)
    old = sum(HABITS.get(one.agency, Habits()).old for one in sent)
    bad = sum(one.expected is Expected.rejected for one in sent) - poisoned
    return {
        "a recipient that never reads": "",
        "a recipient that answers everything not-ours": f"{refused} answers",
        "a sender with the previous schema version": f"{old} messages",
        "what cannot be decided on, among good ones": f"{poisoned} messages",
        "what is no message, or not allowed": f"{bad} records",
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Break things while agencies send, and count.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--quick", action="store_true", help="short faults only")
    parser.add_argument("--only", choices=[*FAULTS, "killed at a step"], metavar="FAULT")
    parser.add_argument("--list", action="store_true", help="name every fault, and end")
    parser.add_argument("--log", type=Path, help="where the parts' log goes, to be kept")
    given = parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what agencies lose and find again
    screen = Console(width=110)
    if given.list:
        screen.print("\n".join([*FAULTS, "killed at a step"]))
        return 0
    screen.print(f"Seed {given.seed}, {given.minutes:g} minutes")
    log = given.log or Path(tempfile.gettempdir()) / f"homeward-chaos-{given.seed}.log"
    screen.print(f"What the parts say: {log}")
    played = asyncio.run(play(given.seed, given.minutes * 60, given.quick, given.only, log))
    show(played, screen)
    return 1 if played.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
