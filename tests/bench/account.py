"""
What it costs to compare ledger and Kafka: everything, and what came since: one table.

    tests/bench/account [--deliveries N] [--inboxes N]

So many deliveries, sent by the relay from PostgreSQL, are compared by a full pass; then a hundredth
more by the next pass; then nothing. Each must find no difference.
"""

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from broker.accounting.auditor import Auditor, Checked
from broker.clock import SystemClock
from broker.connection import AUDIT
from broker.ledger.engine import Ledger
from tests.bench.fanout import VALUE, Bench, servers
from tests.outbox import post

_AT_ONCE = 2000


async def _relayed(bench: Bench, ledger: Ledger, count: int) -> None:
    """Decide on so many deliveries, and let the relay send them."""
    stop, relay = asyncio.Event(), bench.relay()
    running = asyncio.create_task(relay.run(stop))
    wanted = bench.batches.sent + count
    for first in range(0, count, _AT_ONCE):
        names = [bench.inboxes[n % len(bench.inboxes)] for n in range(first, first + _AT_ONCE)]
        posts = [{"destination": name, "value": VALUE} for name in names[: count - first]]
        await asyncio.to_thread(post, ledger, *posts, at=SystemClock().now())
        relay.wake()
    async with asyncio.timeout(600):
        while bench.batches.sent < wanted:  # noqa: ASYNC110  # it counts, and tells nobody
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(running, 30)


def measure(deliveries: int, inboxes: int) -> list[tuple[str, Checked, float]]:
    """Each pass, and the processor seconds it took in this process."""
    found = []
    with servers() as (kafka, ledger):
        bench = Bench(kafka, ledger, inboxes)
        auditor = Auditor(kafka.access(AUDIT), ledger)
        for name, count in (
            ("everything", deliveries),
            ("what came since", max(1, deliveries // 100)),
            ("nothing new", 0),
        ):
            if count:
                asyncio.run(_relayed(bench, ledger, count))
            before = time.process_time()
            checked = auditor.check()
            found.append((name, checked, time.process_time() - before))
            assert not checked.differences, [str(one) for one in checked.differences]
    return found


def table(found: Sequence[tuple[str, Checked, float]], inboxes: int) -> Table:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = Table(
        title=f"One pass of the account, {inboxes} inboxes; peak {peak:,.0f} MB with the relay",
        title_justify="left",
    )
    shown.add_column("")
    for name in ("deliveries", "seconds", "CPU s", "MiB read", "us CPU/delivery"):
        shown.add_column(name, justify="right")
    for name, one, used in found:
        each = f"{1e6 * used / one.deliveries:,.0f}" if one.deliveries else ""
        size = f"{one.bytes / 2**20:.1f}"
        shown.add_row(name, f"{one.deliveries:,}", f"{one.seconds:.2f}", f"{used:.2f}", size, each)
    return shown


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="tests/bench/account", description=__doc__.split("\n")[1])
    parser.add_argument("--deliveries", type=int, default=100_000, metavar="N")
    parser.add_argument("--inboxes", type=int, default=200, metavar="N")
    given = parser.parse_args(arguments)
    Console(width=120).print(table(measure(given.deliveries, given.inboxes), given.inboxes))


if __name__ == "__main__":
    main(sys.argv[1:])
