"""A process that can neither go on nor end is cut off, and no other."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from broker import last_resort
from broker.last_resort import LastResort

pytestmark = pytest.mark.anyio

# A whole process whose start does as it is told, with the limits of a process that has no time.
_PROCESS = """
import asyncio, contextlib, sys, time
from pathlib import Path
from broker import __main__ as homeward, last_resort
from broker.settings import Settings

last_resort._EVERY_SECONDS, last_resort.LOOP_SECONDS, last_resort.STOP_SECONDS = 0.05, 0.5, 0.5

class Hangs(homeward.System):
    async def __aenter__(self):
        print("started", flush=True)
        if sys.argv[1] == "loop":
            time.sleep(60)
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

homeward.System = Hangs
settings = Settings(home=Path("."), kafka="127.0.0.1:1")
asyncio.run(homeward.serve(
    settings, parts=(), host="127.0.0.1", port=None, say=print, ready=contextlib.nullcontext
))
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(last_resort, "_EVERY_SECONDS", 0.02)
    monkeypatch.setattr(last_resort, "LOOP_SECONDS", 0.3)
    monkeypatch.setattr(last_resort, "STOP_SECONDS", 0.3)


@pytest.fixture
def codes() -> list[int]:
    return []


@pytest.fixture
def resort(codes) -> Iterator[LastResort]:
    made = LastResort(codes.append)
    yield made
    made.release()
    made.ends()
    made._thread.join(5)


async def test_a_loop_that_hangs_is_cut_off_and_the_log_says_so(resort, codes):
    with capture_logs() as logs:
        resort.start()
        time.sleep(1)  # noqa: ASYNC251  # this is what hangs

    assert codes == [1]
    assert [line["because"] for line in logs] == ["nothing in this process moves"]


async def test_a_loop_that_moves_is_left_alone(resort, codes):
    resort.start()
    await asyncio.sleep(0.8)

    assert codes == []


async def test_a_process_that_does_not_end_in_time_is_cut_off(resort, codes):
    resort.start()
    resort.release()
    resort.ends()

    await asyncio.to_thread(resort._thread.join, 5)

    assert codes == [1]


@pytest.mark.parametrize(
    ("what", "because"),
    [("loop", "nothing in this process moves"), ("end", "it did not end in time")],
)
def test_homeward_itself_is_watched_from_its_start_to_its_end(what, because):
    command = [sys.executable, "-c", _PROCESS, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "started\n"
            if what == "end":
                process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()

    assert process.returncode == 1
    assert because in said
