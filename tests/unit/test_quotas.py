"""A quota as an operator types it, and as Kafka has it."""

import pytest

from broker.errors import Misuse
from broker.quotas import Quota, typed


def test_a_quota_is_typed_in_bytes_kibibytes_or_mebibytes():
    assert typed(["write=512k", "read=4M", "time=25"]) == {
        "write": 524288,
        "read": 4194304,
        "time": 25,
    }
    assert typed(["write=100000"]) == {"write": 100_000}
    assert typed(["default"]) == Quota().shown()


@pytest.mark.parametrize(
    "text", ["write", "write=", "write=1k", "write=fast", "send=1M", "time=5k", "time=0", "read=-1"]
)
def test_a_quota_that_is_no_quota_or_would_shut_an_agency_out_is_refused(text):
    with pytest.raises(Misuse, match=f"--quota {text}: "):
        typed([text])


def test_what_is_not_named_stays():
    assert Quota(read=1.0).changed({"write": 2.0}) == Quota(write=2.0, read=1.0)


def test_what_kafka_has_is_a_quota_only_when_it_is_whole():
    assert Quota.of_kafka(Quota(time=7).for_kafka()) == Quota(time=7)
    assert Quota.of_kafka({"producer_byte_rate": 1.0}) is None


def test_a_quota_is_said_in_words():
    words = Quota().words()

    assert words == "256 KiB/s written, 2 MiB/s read, 50 % of a thread of Kafka"


def test_a_busy_day_of_the_largest_force_is_written_in_seconds():
    assert 2_000 * 1024 / Quota().write < 10
    assert Quota().write * 86_400 > 10_000 * 2_000 * 1024
