"""The smaller benches run from end to end, and what they count is right."""

import pytest
from rich.console import Console

from tests.bench import account, fanout, flood

pytestmark = [pytest.mark.kafka, pytest.mark.postgresql, pytest.mark.timeout(120)]


def test_fan_out_is_measured_to_one_inbox_and_to_as_many_as_there_are_records():
    found = fanout.measure(records=20, rounds=1)

    assert {inboxes for _, inboxes in found} == {1, 20}
    assert all(seconds > 0 for runs in found.values() for seconds, _ in runs)
    assert "Homeward" in shown(fanout.table(found, 20))


def test_the_account_is_measured_over_everything_and_over_what_came_since():
    found = account.measure(deliveries=300, inboxes=4)

    assert [one.deliveries for _, one, _ in found] == [300, 3, 0]
    assert [one.full for _, one, _ in found] == [True, False, False]
    assert "300" in shown(account.table(found, 4))


def test_a_flood_is_measured_with_a_share_for_each_and_without():
    found = flood.measure(flood=300, each=2, rounds=1)

    assert {len(run.waiting) for runs in found.values() for run in runs} == {2 * 19}
    assert flood.SHARED in shown(flood.table(found, 300, 2))


def shown(table):
    console = Console(width=140)
    with console.capture() as capture:
        console.print(table)
    return capture.get()
