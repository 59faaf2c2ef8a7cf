"""Nothing is lost, doubled, out of order or late, whatever breaks: a short seeded mix of faults."""

import os
import random

import pytest
from rich.console import Console

from tests.chaos.play import play, show

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.kafka,
    pytest.mark.postgresql,
    pytest.mark.timeout(280),
]

# The seed is printed; giving it here plays the same faults and the same messages again.
SEED = int(os.environ.get("HOMEWARD_CHAOS_SEED") or random.SystemRandom().randrange(2**32))
_SECONDS = 45.0


async def test_nothing_is_lost_doubled_or_late_whatever_breaks(tmp_path, capsys):
    with capsys.disabled():
        print(f"\nHOMEWARD_CHAOS_SEED={SEED}")

    played = await play(SEED, _SECONDS, quick=True, log=tmp_path / "parts.log")

    with capsys.disabled():
        show(played, Console(width=110))
    assert played.faults >= 15
    assert not played.wrong, (tmp_path / "parts.log").read_text()[-5000:]
