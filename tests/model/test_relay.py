import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.budget import Broken
from tests.model.relay_machine import RelayMachine
from tests.model.relay_swaps import SWAPS


def S(n, steps=40): return settings(max_examples=n, stateful_step_count=steps, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate], report_multiple_bugs=False)

@pytest.mark.parametrize("swap", SWAPS)
def test_swap(swap):
    n = 0
    class M(RelayMachine):
        design = SWAPS[swap]
        def __init__(self):
            nonlocal n; n += 1
            super().__init__()
    c = time.process_time()
    try:
        run_state_machine_as_test(M, settings=S(60))
        print("NOT FOUND", swap, n, time.process_time() - c)
        pytest.fail()
    except Broken as e:
        print("FOUND", e, n, time.process_time() - c)
