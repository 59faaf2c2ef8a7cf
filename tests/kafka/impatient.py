"""
Homeward as `python -m broker` runs it, that waits less long for what does not come.

    python -m tests.kafka.impatient PATIENCE_SECONDS COMMAND...
"""

import sys
from functools import partial

import pytest

import broker.__main__ as homeward
from consumers import take_in
from consumers.app import Application

# A new outbox is seen at once, a process that was killed is soon forgotten, and batches are many.
TUNING = take_in.Tuning(
    max_records=50, session_timeout_ms=2_000, heartbeat_interval_ms=300, metadata_max_age_ms=500
)


def hurry(patch: pytest.MonkeyPatch) -> None:
    """Give take-in these waits, wherever it is made from now on."""
    assert Application.__module__ in sys.modules  # it must have been loaded with the real one
    patch.setattr(take_in, "TakeIn", partial(take_in.TakeIn, tuning=TUNING))


if __name__ == "__main__":
    _, patience, *arguments = sys.argv
    sys.argv[1:] = arguments
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        patch.setattr(homeward, "_READY_SECONDS", float(patience))
        homeward.main()
