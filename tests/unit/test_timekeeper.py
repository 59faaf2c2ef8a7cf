"""The timekeeper fires in one process at a time, hands over, and says when its clock is wrong."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from broker.clock import SystemClock
from broker.decider import FIRED_AT_ONCE, Ticked
from broker.errors import Unavailable
from broker.ledger.engine import Ledger
from broker.metrics import Metrics
from broker.parts import State
from broker.timekeeper import Lease, Timekeeper
from tests.fakes import AheadClock, FakeDecider
from tests.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    ledger = Ledger(url)
    ledger.create(SystemClock())
    yield ledger
    ledger.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def decider() -> FakeDecider:
    return FakeDecider()


class FreeLease(Lease):
    """A lease that is always there, without a ledger."""

    def __init__(self) -> None:
        self.given_back = 0
        self.clock = SystemClock()

    def take(self) -> bool:
        return True

    def give_back(self) -> None:
        self.given_back += 1

    def now(self):
        return self.clock.now()


def test_a_lease_has_one_holder(ledger):
    assert Lease(ledger, "timekeeper", "a").take()
    assert not Lease(ledger, "timekeeper", "b").take()
    assert Lease(ledger, "timekeeper", "a").take()
    assert Lease(ledger, "another", "b").take()


def test_a_lease_that_ran_out_can_be_taken(ledger):
    assert Lease(ledger, "timekeeper", "a", timedelta(seconds=-1)).take()
    assert Lease(ledger, "timekeeper", "b").take()
    assert not Lease(ledger, "timekeeper", "a").take()


def test_a_lease_that_was_given_back_can_be_taken_at_once(ledger):
    Lease(ledger, "timekeeper", "a").take()
    Lease(ledger, "timekeeper", "b").give_back()
    assert not Lease(ledger, "timekeeper", "b").take()

    Lease(ledger, "timekeeper", "a").give_back()

    assert Lease(ledger, "timekeeper", "b").take()


def test_the_clock_of_leases_is_close_to_this_one(ledger):
    assert abs(Lease(ledger, "timekeeper", "a").now() - SystemClock().now()).total_seconds() < 2


async def test_only_the_holder_fires_and_a_standby_takes_over_when_it_stops(ledger, registry):
    deciders = FakeDecider(), FakeDecider()
    first = keeper(deciders[0], registry, Lease(ledger, "timekeeper", "a"))
    second = keeper(deciders[1], CollectorRegistry(), Lease(ledger, "timekeeper", "b"))
    second._renew_seconds = 0.0
    async with running(first) as stop_first:
        await until(lambda: first.condition().state is State.working)
        async with running(second):
            await until(lambda: second.condition().state is State.standby)
            assert deciders[1].ticked == 0
            stop_first.set()

            await until(lambda: deciders[1].ticked > 0)
    assert deciders[0].ticked > 0


async def test_a_full_look_is_followed_by_another_at_once(decider, registry):
    decider.ticks = [Ticked(FIRED_AT_ONCE, 9.0), Ticked(FIRED_AT_ONCE, 5.0), Ticked(7, 1.5)]
    woken: list[int] = []
    lease = FreeLease()
    made = keeper(decider, registry, lease, wake=lambda: woken.append(1), every_seconds=60)
    async with running(made):
        await until(lambda: decider.ticked == 3)
        await until(lambda: len(woken) == 3)

    assert registry.get_sample_value("homeward_timekeeper_fired_total") == 2 * FIRED_AT_ONCE + 7
    assert registry.get_sample_value("homeward_timekeeper_lateness_seconds") == 1.5
    assert lease.given_back == 1


async def test_steps_a_bug_kept_from_firing_are_counted(decider, registry):
    decider.ticks = [Ticked(0, 0.0, 2)]
    async with running(keeper(decider, registry, FreeLease())):
        await until(lambda: decider.ticked >= 2)

    assert registry.get_sample_value("homeward_timekeeper_failed_total") == 2


async def test_a_ledger_that_is_away_is_waited_for(decider, registry, monkeypatch):
    monkeypatch.setattr("broker.timekeeper._AWAY_SECONDS", 0.01)
    decider.away = True
    made = keeper(decider, registry, FreeLease())
    async with running(made):
        await until(lambda: made.condition().state is State.waiting)
        decider.away = False

        await until(lambda: decider.ticked > 0)
        await until(lambda: made.condition().state is State.working)


@pytest.mark.parametrize("seconds", [2.5, -2.5])
async def test_a_wrong_clock_stands_down_and_leaves_the_lease_to_others(decider, registry, seconds):
    wrong = AheadClock(timedelta(seconds=0))
    lease = FreeLease()
    made = keeper(decider, registry, lease, compared=wrong)
    made._renew_seconds = 0.0
    async with running(made):
        await until(lambda: made.condition().state is State.working)
        wrong.by = timedelta(seconds=seconds)
        await until(lambda: made.condition().state is State.waiting)
        fired = decider.ticked

        assert registry.get_sample_value("homeward_timekeeper_standing_down") == 1
        assert registry.get_sample_value("homeward_timekeeper_holder") == 0
        assert lease.given_back == 1
        assert decider.ticked == fired

        wrong.by = timedelta(seconds=0.5)
        await until(lambda: made.condition().state is State.working)
    assert registry.get_sample_value("homeward_timekeeper_standing_down") == 0


async def test_a_lease_that_cannot_be_kept_is_not_counted_on(decider, registry):
    class Lost(FreeLease):
        gone = False

        def take(self) -> bool:
            if self.gone:
                raise Unavailable("the ledger does not answer")
            return True

    lease = Lost()
    made = keeper(decider, registry, lease)
    made._renew_seconds = 0.0
    async with running(made):
        await until(lambda: made.condition().state is State.working)
        lease.gone = True

        await until(lambda: made.condition().state is State.waiting)
        assert not made._holds


async def test_a_look_that_hangs_is_told_until_it_goes_on(decider, registry, monkeypatch):
    monkeypatch.setattr("broker.timekeeper._HANGS_SECONDS", 0.1)
    goes_on = threading.Event()
    monkeypatch.setattr(decider, "tick", lambda: goes_on.wait(10) and Ticked())
    made = keeper(decider, registry, FreeLease())
    async with running(made):
        await until(lambda: made.condition().state is State.hanging)
        assert not made.condition().ready
        goes_on.set()
        await until(lambda: made.condition().state is State.working)


def keeper(
    decider: FakeDecider, registry: CollectorRegistry, lease: Lease, **given: object
) -> Timekeeper:
    given.setdefault("every_seconds", 0.01)
    return Timekeeper(decider, lease, Metrics(registry), **given)  # type: ignore[arg-type]


class running:
    """Run a timekeeper as long as the block."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._timekeeper, self._stop = timekeeper, asyncio.Event()

    async def __aenter__(self) -> asyncio.Event:
        self._task = asyncio.create_task(self._timekeeper.run(self._stop))
        return self._stop

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.wait_for(self._task, 10)
