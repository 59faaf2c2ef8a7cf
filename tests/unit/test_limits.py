"""The times that are promised, put together from the waits that make them up."""

from datetime import timedelta

from broker import last_resort, timekeeper
from broker.ledger import engine, stamping
from consumers import take_in, watch
from producers import relay


def test_whatever_hangs_is_seen_within_half_a_minute():
    seen_by_itself = (take_in._HANGS_SECONDS, relay._HANGS_SECONDS, timekeeper._HANGS_SECONDS)
    # It counts from the first look at which something waited, and sees it at a later one.
    seen_from_outside = watch._PATIENCE_SECONDS + 2 * watch._EVERY_SECONDS

    assert max(*seen_by_itself, seen_from_outside, last_resort.LOOP_SECONDS) < 30


def test_a_lease_and_a_session_leave_a_standby_time_to_begin_within_ten_seconds():
    leases = stamping.LEASE + timedelta(seconds=relay._STANDBY_SECONDS)
    keeps_time = timekeeper.LEASE + timedelta(seconds=timekeeper._STANDBY_SECONDS)
    session = timedelta(milliseconds=take_in.Tuning().session_timeout_ms)

    assert max(leases, keeps_time, session) <= timedelta(seconds=7)


def test_whoever_is_told_to_stop_has_ended_within_ten_seconds():
    assert last_resort.STOP_SECONDS + last_resort._EVERY_SECONDS < 10


def test_whoever_stands_still_while_it_decides_is_cut_off_before_others_give_up():
    assert engine.IDLE_SECONDS < engine.LOCK_SECONDS
