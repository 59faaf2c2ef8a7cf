"""The profile runs from end to end; how long a phase takes is not tested."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent


def test_it_says_of_every_phase_what_a_message_costs() -> None:
    # On its own, because it changes what it measures for the life of its process.
    command = [sys.executable, "-m", "tests.bench.profiling", "--messages", "20"]

    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    phases = ("decode", "gather", "fold", "encode views", "write", "relay: stamp", "relay: wire")
    assert all(phase in done.stdout for phase in (*phases, "together"))
