"""The counters of each inbox beside the numbers that its deliveries have."""

from uuid import uuid4

import pytest

from broker.accounting.auditor import Known, of_numbers
from broker.accounting.comparing import Topic
from broker.accounting.ledger import Count, Snapshot

INBOX = "inbox.la.E10000028"


def differences(count, last, confirmed=4, cursor=4):
    """What is said of an inbox with these counters; `last` is what Kafka holds of it."""
    known = Known(topics={INBOX: Topic(INBOX, last=last)})
    said = Snapshot(
        ledger=uuid4(),
        last={0: cursor},
        confirmed={0: confirmed},
        inboxes={INBOX: count},
        shards={INBOX: 0},
        positions=(),
        after={},
    )
    return [(one.what, one.first) for one in of_numbers(known, said, {0: cursor})]


@pytest.mark.parametrize(
    ("count", "found"),
    [
        (Count(next=8, sent=7), []),
        (Count(next=9, sent=7), [("numbers", 9)]),
        (Count(next=7, sent=7), [("numbers", 7)]),
        (Count(next=8, sent=8), [("numbers", 8)]),
        (Count(next=8, sent=6), [("numbers", 6)]),
        # A restore found numbers 8 to 10 taken, and nothing was sent there since.
        (Count(next=11, sent=10, lost=3), []),
        (Count(next=12, sent=10, lost=3), [("numbers", 12)]),
        (Count(next=11, sent=11, lost=3), [("numbers", 11)]),
    ],
)
def test_counters_are_those_of_the_last_delivery_and_of_what_a_restore_lost(count, found):
    assert differences(count, last=7) == found


def test_one_batch_that_is_not_confirmed_yet_is_no_difference():
    assert differences(Count(next=8, sent=0), last=7, confirmed=3) == []
