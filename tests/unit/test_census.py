"""A census and the ledger are compared fairly: each absence once, in any order, never by a name."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.census.comparing import Absence, Listed, compare
from schemas.census import Compared, WhyOnlyThem

SENDER, OTHER = "police.E23000015", "police.E23000014"
JUNE = datetime(2026, 6, 9, 21, 0, tzinfo=UTC)
CHILD, ANOTHER = UUID(int=1), UUID(int=2)
NUMBER = ("la-person-id", "la.E06000021")


def listed(reference="SP-1", **changes):
    said = {"key": reference.encode(), "category": "missing", "started_at": JUNE}
    return Listed(**{"reference": reference} | said | changes)


def absence(number=1, **changes):
    return Absence(
        **{
            "id": UUID(int=number + 1000), "child": CHILD, "category": "missing",
            "started_at": JUNE, "ended_at": None, "counted": True,
        }
        | changes
    )  # fmt: skip


def by_child(reference="SP-1", **changes):
    return listed(reference, children=frozenset({CHILD}), numbered=NUMBER, **changes)


def pairs(found):
    return [(pair.listed.reference, pair.absence.id.int - 1000) for pair in found.pairs]


def hours(number):
    return timedelta(hours=number)


# -- on what ground


def test_the_senders_own_reference_goes_before_all_else():
    mine = absence(1, keys=frozenset({b"SP-1"}), started_at=JUNE - timedelta(days=3))
    nearer = absence(2)

    found = compare(SENDER, [by_child("SP-1", shared=nearer.id)], [mine, nearer])

    assert pairs(found) == [("SP-1", 1)]
    assert found.only_us == (nearer,)


def test_the_shared_reference_goes_before_the_number_of_the_child():
    found = compare(
        SENDER,
        [by_child("SP-1", shared=absence(2).id)],
        [absence(1), absence(2, child=ANOTHER, started_at=JUNE + hours(1))],
    )

    assert pairs(found) == [("SP-1", 2)]


NEAR = {
    "half a day after": (hours(12), True),
    "half a day before": (-hours(12), True),
    "a little more": (hours(12) + timedelta(seconds=1), False),
    "on another day": (hours(30), False),
}


@pytest.mark.parametrize(("later", "is_one"), NEAR.values(), ids=NEAR)
def test_the_number_of_the_child_counts_about_the_same_time(later, is_one):
    entry = by_child(started_at=JUNE + later, ended_at=JUNE + later + hours(1))
    ours = absence(ended_at=JUNE + hours(1))

    assert bool(compare(SENDER, [entry], [ours]).pairs) is is_one


def test_one_london_day_is_one_time_however_many_hours_lie_between():
    early, late = datetime(2026, 6, 8, 23, 5, tzinfo=UTC), datetime(2026, 6, 9, 22, 50, tzinfo=UTC)
    entry = by_child(started_at=late, ended_at=late + hours(1))

    found = compare(SENDER, [entry], [absence(started_at=early, ended_at=early + hours(1))])

    assert len(found.pairs) == 1


def test_what_overlaps_is_one_absence():
    entry = by_child(started_at=JUNE + hours(40), ended_at=JUNE + hours(60))

    assert compare(SENDER, [entry], [absence(ended_at=JUNE + hours(50))]).pairs
    assert not compare(SENDER, [entry], [absence(ended_at=JUNE + hours(40))]).pairs


def test_of_two_absences_of_a_day_each_entry_gets_the_nearest():
    entries = [by_child("SP-1", started_at=JUNE), by_child("SP-2", started_at=JUNE + hours(5))]
    ours = [absence(1, started_at=JUNE + hours(4)), absence(2, started_at=JUNE + timedelta(0, 60))]

    assert pairs(compare(SENDER, entries, ours)) == [("SP-1", 2), ("SP-2", 1)]


def test_an_absence_is_matched_once():
    found = compare(SENDER, [by_child("SP-1"), by_child("SP-2")], [absence()])

    assert pairs(found) == [("SP-1", 1)]
    assert [one.listed.reference for one in found.only_them] == ["SP-2"]
    assert (found.theirs, found.ours) == (2, 1)


def test_what_is_alike_in_time_alone_is_not_one_absence():
    found = compare(SENDER, [listed()], [absence()])

    assert found.pairs == ()
    assert (len(found.only_them), len(found.only_us)) == (1, 1)


# -- in what they differ


def fields(entry, ours):
    (pair,) = compare(SENDER, [entry], [ours]).pairs
    return {one.field: (one.ours, one.theirs) for one in pair.fields}


KEYS = frozenset({b"SP-1"})


def test_a_quarter_of_an_hour_is_no_difference_and_more_is():
    ours = absence(keys=KEYS, ended_at=JUNE + hours(8))
    quarter = timedelta(minutes=15)
    same = listed(started_at=JUNE - quarter, ended_at=JUNE + hours(8) + quarter)
    more = listed(started_at=JUNE - quarter, ended_at=JUNE + hours(8) + quarter + hours(0.01))

    assert fields(same, ours) == {}
    assert fields(more, ours) == {
        Compared.ended_at: ("2026-06-10T05:00:00Z", "2026-06-10T05:15:36Z")
    }


def test_an_end_that_only_one_side_has_is_a_difference():
    assert fields(listed(ended_at=JUNE + hours(1)), absence(keys=KEYS)) == {
        Compared.ended_at: (None, "2026-06-09T22:00:00Z")
    }


def test_another_category_is_a_difference_unless_a_word_is_not_known():
    assert fields(listed(category="absent"), absence(keys=KEYS)) == {
        Compared.category: ("missing", "absent")
    }
    assert fields(listed(category="unrecognised"), absence(keys=KEYS)) == {}


def test_a_number_that_is_another_childs_is_a_difference_and_is_not_repeated():
    entry = listed(children=frozenset({ANOTHER}), numbered=NUMBER)

    assert fields(entry, absence(keys=KEYS)) == {Compared.child: (None, None)}


def test_a_number_clashes_with_another_one_of_the_same_holder_only():
    entry = listed(numbered=NUMBER)

    assert fields(entry, absence(keys=KEYS, numbered=frozenset({NUMBER}))) != {}
    assert fields(entry, absence(keys=KEYS)) == {}


# -- what only they have


def test_what_the_sender_took_back_is_only_theirs_and_says_so():
    gone = absence(keys=KEYS, cancelled=True, counted=False, cancelled_by=frozenset({SENDER}))

    assert compare(SENDER, [listed()], [gone]).only_them[0].why is WhyOnlyThem.cancelled_by_sender
    assert compare(OTHER, [listed()], [gone]).only_them[0].why is WhyOnlyThem.cancelled


def test_a_second_reference_of_one_absence_is_named_as_that():
    both = absence(keys=frozenset({b"old", b"new"}))

    found = compare(SENDER, [listed("new"), listed("old", started_at=JUNE + hours(1))], [both])

    assert pairs(found) == [("new", 1)]
    assert [(one.listed.reference, one.why) for one in found.only_them] == [
        ("old", WhyOnlyThem.same_absence)
    ]


def test_what_starts_outside_the_period_with_us_is_found_and_not_missed():
    beside = absence(counted=False, started_at=JUNE - hours(2))

    assert compare(SENDER, [], [beside]).only_us == ()
    assert len(compare(SENDER, [by_child()], [beside]).pairs) == 1


# -- laws

times = st.integers(0, 40).map(lambda half_hours: JUNE + timedelta(minutes=30 * half_hours))


@st.composite
def ledgers(draw):
    found = []
    for number in range(draw(st.integers(0, 12))):
        start = draw(times)
        end = draw(st.none() | st.integers(0, 900).map(lambda m, s=start: s + timedelta(0, m * 60)))
        found.append(
            absence(
                number, child=UUID(int=draw(st.integers(1, 3))), started_at=start, ended_at=end,
                category=draw(st.sampled_from(["missing", "absent", "away"])),
                keys=frozenset({f"SP-{number}".encode()}) if draw(st.booleans()) else frozenset(),
                cancelled=draw(st.integers(0, 5)) == 0,
            )
        )  # fmt: skip
    return found


def own_list(absences):
    return [
        listed(
            f"SP-{one.id.int - 1000}", started_at=one.started_at, ended_at=one.ended_at,
            category=one.category, children=frozenset({one.child}), numbered=NUMBER,
        )
        for one in absences
        if not one.cancelled
    ]  # fmt: skip


@given(ledgers())
def test_a_ledger_does_not_differ_from_its_own_list(absences):
    found = compare(SENDER, own_list(absences), absences)

    assert (found.only_them, found.only_us, found.differing) == ((), (), ())


@given(ledgers(), ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_neither_list_matters(ours, others, random):
    theirs = own_list(others)
    first = compare(SENDER, theirs, ours)
    shuffled = (random.sample(theirs, len(theirs)), random.sample(ours, len(ours)))

    assert compare(SENDER, *shuffled) == first


@given(ledgers(), ledgers())
def test_every_entry_and_every_absence_is_there_once(ours, others):
    theirs = own_list(others)

    found = compare(SENDER, theirs, ours)

    entries = [pair.listed.reference for pair in found.pairs]
    entries += [one.listed.reference for one in found.only_them]
    held = [pair.absence.id for pair in found.pairs] + [one.id for one in found.only_us]
    assert sorted(entries) == sorted(one.reference for one in theirs)
    assert sorted(held, key=str) == sorted((one.id for one in ours if not one.cancelled), key=str)
