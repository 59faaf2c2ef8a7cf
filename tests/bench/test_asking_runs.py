"""The bench of questions runs from end to end; how fast it is is not tested."""

from tests.bench.asking import rows


def test_it_asks_register_board_and_a_long_history_beside_their_floors() -> None:
    found = list(rows(1, placements=3, duties=1, absences=2))

    assert [what.split()[0] for what, *_ in found] == ["register", "board", "an"]
    for _, (median, slowest), (floor, _) in found:
        assert slowest >= median > 0
        assert floor > 0
