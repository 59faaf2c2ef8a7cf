"""
A relay in a process of its own, to be killed or frozen at a chosen step.

    python -m tests.kafka.relay_victim LEDGER BOOTSTRAP PASSWORD_FILE SHARD

Every line read is `{"holder", "step", "count", "delay", "signal"}`: another relay is forked off,
whose process id is printed. It gets the signal so long after it came to that step so many times.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from broker import logs
from broker.clock import SystemClock
from broker.connection import RELAY, KafkaAccess
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from producers.relay import Relay


class Uncounted:
    """Counts nothing."""

    def relayed(self, *_: Any) -> None: ...
    def relay_failed(self, *_: Any) -> None: ...
    def sent_after(self, *_: Any) -> None: ...


def pseudonym(child: UUID, recipient: str) -> str:
    return f"child-{child}-of-{recipient}"


def main(ledger: str, bootstrap: str, password: str, shard: str) -> None:
    # The kernel forgets a child at once, so whoever looks for its id sees that it has ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    access = KafkaAccess(bootstrap, RELAY, Path(password))
    logs.set_up()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            asyncio.run(_relay(ledger, access, int(shard), json.loads(line)))
            os._exit(0)
        print(pid, flush=True)


async def _relay(url: str, access: KafkaAccess, shard: int, order: dict[str, Any]) -> None:
    clock = SystemClock()
    lease = timedelta(seconds=1)
    stamping = Stamping(Ledger(url), shard, clock, order["holder"], lease)
    relay = Relay(access, stamping, pseudonym, clock, Uncounted(), step=_fate(**order))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await relay.run(stop)


def _fate(
    holder: str, step: str = "", count: int = 1, delay: float = 0, signal: int = signal.SIGKILL
) -> Callable[[str], None]:
    left = count

    def end() -> None:
        os.kill(os.getpid(), signal)

    def come_to(where: str) -> None:
        nonlocal left
        left -= where == step
        if where == step and left == 0:
            if delay:
                threading.Timer(delay, end).start()
            else:
                end()

    return come_to


if __name__ == "__main__":
    main(*sys.argv[1:])
