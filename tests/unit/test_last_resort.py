"""A process that can neither go on nor end is cut off, and no other."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from broker import last_resort
from broker.last_resort import LastResort

pytestmark = pytest.mark.anyio


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
