"""The bench of explanations runs from end to end; how fast it is is not tested."""

from tests.bench.explaining import kinds, rows


def test_it_measures_every_kind_beside_its_floor_and_long_absences() -> None:
    found = {what: (median, slowest) for what, median, slowest in rows(1, lengths=(1, 5))}

    for message in kinds():
        assert found[f"explain {message.KIND}"][0] > found[f"decode {message.KIND}"][0] > 0
    assert all(slowest >= median for median, slowest in found.values())
    assert {"one more of   1", "one more of   5"} <= found.keys()
