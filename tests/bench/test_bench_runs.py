"""The bench runs from end to end and its counts close; how fast it is is not tested."""

import pytest
from rich.console import Console

from tests.bench.load import HOMES, ThursdayNoon, homes, messages
from tests.bench.throughput import (
    CONTENDERS,
    FLOOR,
    POSTGRESQL,
    SQLITE,
    TOGETHER,
    Options,
    Results,
    measure,
    tables,
)

_MESSAGES = 60


@pytest.fixture(scope="module")
def results() -> Results:
    """It stops with the difference when a count does not close."""
    return measure(Options(messages=_MESSAGES, rounds=1, seconds=1, warm_up=False), lambda _: None)


@pytest.mark.kafka
@pytest.mark.postgresql
@pytest.mark.parametrize("ledger", [SQLITE, POSTGRESQL])
def test_every_contender_takes_in_all_messages_and_sends_as_many_records(
    ledger: str, results: Results
) -> None:
    runs = {contender: results.runs[ledger, contender][0] for contender in CONTENDERS}

    assert {run.messages for run in runs.values()} == {_MESSAGES}
    assert {run.records for run in runs.values()} == {runs[FLOOR].records}
    assert all(run.in_seconds > 0 and run.out_seconds > 0 for run in runs.values())


@pytest.mark.kafka
@pytest.mark.postgresql
@pytest.mark.parametrize("ledger", [SQLITE, POSTGRESQL])
def test_at_a_steady_rate_every_delivery_is_seen_after_it_was_accepted(
    ledger: str, results: Results
) -> None:
    most = results.runs[ledger, TOGETHER][0].end_to_end

    assert [one.rate for one in results.steady[ledger]] == [20, round(most / 2)]
    for steady in results.steady[ledger]:
        waits = zip(steady.sent_to_inbox, steady.accepted_to_inbox, strict=True)
        assert len(steady.accepted_to_inbox) == steady.rate * 5  # the sixth is not in an inbox
        assert min(steady.accepted_to_inbox) > 0
        assert all(sent > accepted for sent, accepted in waits)


@pytest.mark.kafka
@pytest.mark.postgresql
def test_the_table_shows_homeward_beside_the_floor(results: Results) -> None:
    console = Console(width=160)

    with console.capture() as capture:
        for table in tables(results):
            console.print(table)

    shown = capture.get()
    assert all(contender in shown for contender in CONTENDERS)
    assert "100%" in shown


def test_the_load_is_the_same_whenever_it_is_made() -> None:
    at = ThursdayNoon().now()

    one, other = list(messages(50, at)), list(messages(50, at))

    assert one == other
    assert {home.agency for home, _ in one} == {home.agency for home in homes()}
    assert len({message.child.references for _, message in one}) == 50


def test_returns_follow_their_notifications_within_the_count() -> None:
    said = [message for _, message in messages(2 * HOMES, ThursdayNoon().now(), returns=1.0)]

    assert len(said) == 2 * HOMES
    assert [message.KIND for message in said[:2]] == ["missing.notification", "missing.return"]
    assert said[0].episode == said[1].episode
