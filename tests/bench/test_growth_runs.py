"""The benches of growth run from end to end; and nothing reads history, however much there is."""

import pytest
from rich.console import Console

from tests.bench import burst, duties, grown

_PAGES = 60  # what one statement may touch for one message: more is a table, or a whole index


@pytest.fixture(scope="module")
def both() -> list[grown.Side]:
    options = grown.Options(history=12_000, rounds=1, messages=40, singles=10, by_index=True)
    return grown.measure(options, lambda _: None)


@pytest.mark.postgresql
@pytest.mark.parametrize("act", ["take 1", "take a return", "take a repeat", "tick"])
def test_no_statement_for_one_message_reads_history(act: str, both: list[grown.Side]) -> None:
    empty, old = both

    read = {plan.short: plan.pages for plan in old.plans[act] if plan.pages > _PAGES}

    assert read == {}
    assert len(old.plans[act]) == len(empty.plans[act])


@pytest.mark.postgresql
@pytest.mark.parametrize("act", ["take 500", "stamp and confirm", "board", "status", "figures"])
def test_no_table_that_grows_is_read_from_end_to_end(act: str, both: list[grown.Side]) -> None:
    grows = {"message", "content", "delivery", "duty", "duty_event", "episode", "answer", "batch"}

    assert {table for plan in both[1].plans[act] for table in plan.whole} & grows == set()


@pytest.mark.postgresql
def test_the_tables_show_both_ledgers(both: list[grown.Side]) -> None:
    console = Console(width=160)

    with console.capture() as capture:
        for table in grown.tables(both):
            console.print(table)

    assert {"empty", "grown", "100%"} <= set(capture.get().replace("│", " ").split())


@pytest.mark.postgresql
def test_every_duty_that_falls_due_fires_once_and_a_part_starts() -> None:
    options = duties.Options(duties=200, rate=20, seconds=2, starts=1)

    results = duties.measure(options, lambda _: None)

    assert len(results.late) == len(results.floor) == 40
    assert min(results.late) > 0
    assert results.starts[0].peak_bytes > 0
    assert duties.table(results, options).row_count == 5


@pytest.mark.kafka
@pytest.mark.postgresql
def test_after_a_burst_every_child_has_its_current_state() -> None:
    options = burst.Options(messages=100, senders=2, rate=5, floor_seconds=1)

    results = burst.measure(options, lambda _: None)

    assert len(results.current) == 20
    assert results.new
    assert results.all_sent > 0
