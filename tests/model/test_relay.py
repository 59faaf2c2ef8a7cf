"""The relay keeps its promises in every order of steps and faults; with a step swapped it fails."""

import pytest
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from broker.ledger import tables as t
from tests.model.events import Broken, tries
from tests.model.process import Process
from tests.model.relay_machine import INBOXES, RelayMachine
from tests.model.relay_swaps import SWAPS
from tests.outbox import rows


def test_nothing_is_lost_or_repeated_or_early_whoever_dies_or_wakes_up_when():
    run_state_machine_as_test(RelayMachine, settings=tries(30, 25))


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swapped_step_is_found(swap):
    class Swapped(RelayMachine):
        design = SWAPS[swap]

    with pytest.raises(Broken):
        run_state_machine_as_test(Swapped, settings=tries(150, 25))


@pytest.mark.parametrize("steps", range(8))
def test_one_that_stood_still_while_another_worked_does_not_call_for_a_restore(steps):
    world = RelayMachine()
    world.begin()
    try:
        (still,) = world.processes
        world.decide([(0, None, False)] * 4)
        world._let(still, steps, marks=True)
        still.freeze()
        world.take_over(0, marks=True)
        _until_sent(world, world.processes[1], 4)
        world.kill(1, 0, marks=True)
        world._end_the_lease()

        still.thaw(200)
        world._let(still, 60, marks=True)

        assert still.fault() is None
    finally:
        world.teardown()


def _until_sent(world: RelayMachine, process: Process, number: int) -> None:
    sent = select(t.inbox.c.sent).where(t.inbox.c.destination == INBOXES[0].topic)
    for _ in range(300):
        if rows(world.ledger, sent)[0].sent == number:
            return
        world._let(process, 1, marks=True)
    raise AssertionError("it was not sent")
