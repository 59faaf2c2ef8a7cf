"""A standby takes over in good order from a part that is told to stop; how fast is not tested."""

import pytest

from tests.bench.takeover import measure


@pytest.mark.kafka
@pytest.mark.postgresql
def test_a_relay_that_is_told_to_stop_ends_well_and_its_standby_goes_on() -> None:
    """It stops with the difference when anything was lost, sent twice or fired twice."""
    figures = measure(["relay"], ["SIGTERM"], 1, 2, lambda _: None)["relay"]["SIGTERM"]

    assert figures.codes == {0}
    assert max(figures.ends) < 10
    assert len(figures.pauses) == 1
