"""Numbers of a month that tell of no child: laws that hold for any placements at all."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.directory import Directory
from broker.subscriptions.counts import Cells, Month, Stay, counted, next_counts, published, whole
from broker.subscriptions.rights import Filter, Ties, areas_counted, singling_out

MARCH = Month(date(2026, 3, 1))
ADAM, BEA, CAT, HOST, OTHER = (f"la.E0800000{n}" for n in range(1, 6))
NOBODY = Ties()
TENTH = datetime(2026, 3, 10, 12, tzinfo=UTC)


def stay(number, placed_by=ADAM, host=HOST, starts_at=TENTH, ends_at=None):
    return Stay(UUID(int=number), host, placed_by, starts_at, ends_at)


def children(**by_council):
    """So many children of each, each placed on the tenth."""
    number = 0
    for council, many in by_council.items():
        for _ in range(many):
            number += 1
            yield stay(number, {"adam": ADAM, "bea": BEA, "cat": CAT}[council])


@pytest.mark.parametrize(
    ("placed_by", "number"),
    [
        ({}, None),
        ({ADAM: 5}, None),  # Adam would know that there is nobody else
        ({ADAM: 40, BEA: 4}, None),  # Adam would know that there are no more than six others
        ({ADAM: 5, BEA: 5}, 10),
        ({ADAM: 6, BEA: 6}, 10),
        ({ADAM: 6, BEA: 7}, 15),
        ({ADAM: 1, BEA: 1, CAT: 4}, None),
        ({ADAM: 3, BEA: 3, CAT: 2}, 10),
    ],
)
def test_nothing_is_said_under_five_also_not_to_who_knows_its_own(placed_by, number):
    assert published(placed_by) == number


def test_who_acts_for_two_councils_knows_the_children_of_both():
    placed_by = {ADAM: 5, BEA: 5, CAT: 4}

    assert published(placed_by) == 15
    assert published(placed_by, [frozenset({ADAM, BEA})]) is None


def test_a_council_that_acts_for_another_knows_its_own_children_too():
    stays = [*children(adam=5, bea=5, cat=4)]

    assert counted(stays, MARCH, NOBODY) == {HOST: Cells(placed=15, started=15)}
    assert counted(stays, MARCH, Ties({ADAM: frozenset({BEA})})) == {}


def test_each_cell_counts_what_its_name_says():
    before, after = MARCH.starts_at - timedelta(days=9), MARCH.ends_at + timedelta(days=9)
    stays = []
    for number in range(20):
        council = (ADAM, BEA)[number % 2]
        stays.append(stay(number, council, starts_at=before))  # all the month
        stays.append(stay(100 + number, council, starts_at=before, ends_at=TENTH))
        stays.append(stay(200 + number, council))  # started in it
        stays.append(stay(300 + number, council, starts_at=after))
        stays.append(stay(400 + number, HOST))  # its own children are no others'

    assert counted(stays, MARCH, NOBODY) == {HOST: Cells(placed=40, started=20, ended=20)}


def test_a_child_who_moves_inside_an_area_neither_leaves_it_nor_comes():
    moved = [
        stay(1, starts_at=TENTH - timedelta(days=60), ends_at=TENTH),
        stay(1, starts_at=TENTH),
        stay(1, starts_at=TENTH + timedelta(days=2), ends_at=TENTH + timedelta(days=3)),
    ]

    assert [(one.starts_at, one.ends_at) for one in whole(reversed(moved))] == [
        (TENTH - timedelta(days=60), None)
    ]


def test_a_month_is_one_of_london_days():
    assert MARCH.starts_at == datetime(2026, 3, 1, 0, tzinfo=UTC)
    assert MARCH.ends_at == datetime(2026, 3, 31, 23, tzinfo=UTC)
    assert Month.before(datetime(2026, 3, 31, 23, 30, tzinfo=UTC)) == MARCH
    assert Month.before(datetime(2027, 1, 1, 6, tzinfo=UTC)).name == "2026-12"


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (datetime(2026, 3, 26, 12, tzinfo=UTC), datetime(2026, 4, 1, 5, tzinfo=UTC)),
        (datetime(2026, 4, 1, 5, tzinfo=UTC), datetime(2026, 5, 1, 5, tzinfo=UTC)),
        (datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, 6, tzinfo=UTC)),
    ],
)
def test_counts_go_out_at_six_on_the_first_in_london(now, then):
    assert next_counts(now) == then


councils = st.sampled_from([ADAM, BEA, CAT])
days = st.integers(-80, 80).map(lambda day: TENTH + timedelta(days=day))
stays_drawn = st.lists(
    st.builds(
        lambda number, by, host, start, length: stay(
            number, by, host, start, start + timedelta(days=length) if length else None
        ),
        st.integers(1, 40), councils, st.sampled_from([HOST, OTHER]), days, st.integers(0, 90),
    ),
    max_size=120,
)  # fmt: skip


@given(stays_drawn, st.sets(councils))
def test_every_number_is_none_or_a_multiple_of_five_from_five_up(stays, acted_for):
    for cells in counted(stays, MARCH, Ties({"hub.x": frozenset(acted_for)})).values():
        for number in (cells.placed, cells.started, cells.ended):
            assert number is None or (number >= 5 and number % 5 == 0)


def step(number):
    return 0 if number is None else number


@given(st.dictionaries(councils, st.integers(0, 40)), councils)
def test_one_child_more_moves_a_number_by_one_step_at_most(placed_by, council):
    """Where eight are left whatever one council takes away: nearer to five it may fall silent."""
    more = Counter(placed_by) + Counter({council: 1})
    rest = sum(placed_by.values()) - max(placed_by.values(), default=0)

    one, other = published(placed_by), published(more)

    if rest >= 8:
        assert abs(step(one) - step(other)) <= 5


@given(st.dictionaries(councils, st.integers(0, 40)), councils)
def test_who_takes_its_own_children_away_is_never_left_with_fewer_than_five(placed_by, council):
    number = published(placed_by)

    if number is not None:
        assert sum(placed_by.values()) - placed_by.get(council, 0) >= 5


@given(stays_drawn, st.randoms())
def test_the_order_of_the_register_does_not_matter(stays, random):
    shuffled = list(stays)
    random.shuffle(shuffled)

    assert counted(shuffled, MARCH, NOBODY) == counted(stays, MARCH, NOBODY)


KNOWN = Directory.shipped()
COUNCILS = [one.id for one in KNOWN.agencies("la")]
asked_filters = st.builds(
    Filter,
    hosts=st.lists(st.sampled_from(COUNCILS[:12]), max_size=5, unique=True).map(tuple),
    region=st.sampled_from(["", "North East", "North West", "London"]),
    placed_by=st.lists(st.sampled_from(COUNCILS[:3]), max_size=2, unique=True).map(tuple),
)


@given(asked_filters, st.sampled_from(COUNCILS[:12]), st.sampled_from(COUNCILS[:3]))
def test_a_wider_filter_never_loses_an_area(asked, further, subscriber):
    own = frozenset({subscriber})
    if singling_out(asked, own, KNOWN) or not (asked.hosts or asked.region):
        return
    before = areas_counted(asked, own, KNOWN)

    wider = [Filter(hosts=(*asked.hosts, further), region=asked.region, placed_by=asked.placed_by)]
    wider += [Filter(hosts=asked.hosts, region=asked.region)]
    wider += [Filter(hosts=asked.hosts)] if asked.hosts else []
    wider += [Filter(region=asked.region)] if asked.region else []

    for each in wider:
        if asked.hosts or not each.hosts:  # naming areas where none were named narrows
            assert set(before) <= set(areas_counted(each, own, KNOWN))
