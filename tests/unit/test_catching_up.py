"""A reader of an inbox gets each number once and in order, and proves which ones are missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.cli import gap_shape
from producers.gaps import Entry, Gap, in_order

pytestmark = pytest.mark.anyio

numbers = st.integers(1, 12)
deliveries = st.builds(lambda number: ("delivery", number), numbers)
heartbeats = st.builds(lambda last: ("heartbeat", last), st.integers(0, 14))
inboxes = st.lists(deliveries | heartbeats | st.just(("noise", 0)), max_size=25)


def inbox(records):
    """Entries at every second offset, as if each had a transaction to itself."""
    for place, (what, number) in enumerate(records):
        sequence = number if what == "delivery" else None
        yield Entry(2 * place, sequence, number if what == "heartbeat" else None)


class Reader:
    """What a reader makes of an inbox; looking again it sees `again`, or all of it."""

    def __init__(self, records, again=None):
        self.first = list(inbox(records))
        self.second = self.first if again is None else list(inbox(again))
        self.looked = []

    async def entries(self):
        for entry in self.first:
            yield entry

    async def look_again(self, first, last):
        self.looked.append((first, last))
        return {e.sequence: e for e in self.second if first <= (e.sequence or 0) <= last}

    async def read(self, since=0):
        return [one async for one in in_order(self.entries(), since, self.look_again)]


def sequences(found):
    return [one.sequence for one in found if isinstance(one, Entry)]


def gaps(found):
    return [(one.first, one.last) for one in found if isinstance(one, Gap)]


@given(inboxes, st.integers(0, 14))
async def test_exactly_the_numbers_above_it_come_each_once_in_order(records, since):
    found = await Reader(records).read(since)

    there = {number for what, number in records if what == "delivery"}
    assert sequences(found) == sorted(number for number in there if number > since)


@given(inboxes, st.integers(0, 14))
async def test_exactly_what_was_sent_and_is_not_there_is_a_gap(records, since):
    found = await Reader(records).read(since)

    there = {number for what, number in records if what == "delivery"}
    sent = max((number for _, number in records), default=0)
    named = [number for first, last in gaps(found) for number in range(first, last + 1)]
    assert named == [each for each in range(since + 1, sent + 1) if each not in there]


@given(inboxes, st.integers(0, 14))
async def test_every_gap_was_looked_for_again_and_names_the_record_that_shows_it(records, since):
    reader = Reader(records)

    for gap in await reader.read(since):
        if isinstance(gap, Gap):
            (shows,) = (each for each in reader.first if each.offset == gap.seen_at_offset)
            assert shows.shows >= gap.last
            assert any(a <= gap.first and gap.last <= b for a, b in reader.looked)


@given(inboxes)
async def test_reading_on_from_any_number_gives_the_rest(records):
    everything = sequences(await Reader(records).read())

    for place, number in enumerate(everything):
        assert sequences(await Reader(records).read(number)) == everything[place + 1 :]


async def test_what_the_second_reading_finds_is_no_gap():
    whole = [("delivery", number) for number in (1, 2, 3, 4)]
    reader = Reader([whole[0], whole[3]], again=whole)

    found = await reader.read()

    assert sequences(found) == [1, 2, 3, 4]
    assert gaps(found) == []
    assert reader.looked == [(2, 3)]


async def test_what_turns_up_after_it_was_called_missing_is_given_once():
    reader = Reader([("delivery", number) for number in (1, 3, 2, 2, 4)], again=[])

    found = await reader.read()

    assert sequences(found) == [1, 3, 2, 4]
    assert gaps(found) == [(2, 2)]


async def test_a_heartbeat_shows_what_is_missing_at_the_end():
    found = await Reader([("delivery", 1), ("heartbeat", 3)]).read()

    assert found[1:] == [Gap(2, 3, seen_at_offset=2)]


async def test_where_the_beginning_is_not_kept_the_first_record_says_where_it_starts():
    records = [("heartbeat", 57), ("delivery", 58), ("delivery", 60)]

    assert gaps(await Reader(records).read(since=None)) == [(59, 59)]
    assert gaps(await Reader(records).read(since=50)) == [(51, 57), (59, 59)]


def test_a_gap_is_shown_as_programs_expect_it():
    assert gap_shape(Gap(5, 6, 9)) == {"gap": {"from": 5, "to": 6, "seen_at_offset": 9}}
