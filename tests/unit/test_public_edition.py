"""What leaves the authority: nothing small, and nothing that small numbers follow from."""

from datetime import UTC, datetime
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.directory import Directory
from broker.reports.figures import (
    Area,
    Asked,
    Chart,
    Figure,
    Item,
    Look,
    Report,
    Section,
    Series,
    Table,
    Unit,
)  # fmt: skip
from broker.reports.period import Period
from broker.reports.public import hide, public_edition
from tests.examples import STAFFORDSHIRE


def items(numbers):
    return tuple(Item(None, UUID(int=number + 1)) for number in numbers)


def figure(name, numbers, of=None, **more):
    counted, whole = items(numbers), None if of is None else items(of)
    return Figure(
        name, name, Unit.episodes, len(counted), None if whole is None else len(whole),
        items=counted, of_items=whole or (), **more,
    )  # fmt: skip


def report(*figures, tables=(), charts=()):
    asked = Asked(
        STAFFORDSHIRE, (STAFFORDSHIRE,), Period.parse("2026-Q3"),
        datetime(2026, 10, 5, tzinfo=UTC), Area.in_area,
    )  # fmt: skip
    return Report("r", "A report", asked, (Section("One", figures, tables, charts),))


@pytest.mark.parametrize(("count", "is_hidden"), [(0, False), (1, True), (4, True), (5, False)])
def test_counts_of_one_to_four_are_hidden(count, is_hidden):
    assert bool(hide([figure("few", range(count))])) is is_hidden


def test_what_is_left_of_a_whole_tells_as_much():
    assert hide([figure("most", range(18), range(20))]) == {"most"}
    assert hide([figure("all", range(20), range(20))]) == set()


def test_one_small_part_takes_the_next_smallest_with_it():
    parts = {"a": range(2), "b": range(2, 9), "c": range(9, 30)}
    figures = [figure(n, p, part_of="all", partition="p") for n, p in parts.items()]

    assert hide([figure("all", range(30)), *figures]) == {"a", "b"}


def test_two_parts_of_one_are_not_told_by_their_sum():
    parts = {"a": range(1), "b": range(1, 2), "c": range(2, 12), "d": range(12, 30)}
    figures = [figure(n, p, part_of="all", partition="p") for n, p in parts.items()]

    assert hide([figure("all", range(30)), *figures]) == {"a", "b", "c"}


def test_a_sum_over_some_of_the_parts_gives_none_of_them_away():
    """Ages 12 to 16 together, less the ages that are shown, would be the one that is not."""
    ages = {"12": range(2), "13": range(2, 10), "14": range(10, 20), "17": range(20, 30)}
    figures = [figure(name, numbers) for name, numbers in ages.items()]

    hidden = hide([figure("12-14", range(20)), *figures])

    assert "12" in hidden
    assert hidden & {"12-14", "13", "14"}
    assert "17" not in hidden


def test_the_same_set_under_two_names_is_hidden_under_both():
    two = [figure("missing", range(3)), figure("trend", range(3))]

    assert hide(two) == {"missing", "trend"}


def test_the_difference_of_two_that_are_shown_is_not_small():
    """E less those whose absence has ended is how many are missing still."""
    figures = [
        figure("missing", range(20)),
        figure("within-a-day", range(12), range(18)),
        figure("still", range(18, 20)),
    ]

    hidden = hide(figures)

    assert "still" in hidden
    assert hidden & {"missing", "within-a-day"}


def test_nobody_is_in_a_public_edition():
    one = figure("few", range(3), changed="was 2 on 5 October")
    private = Table("each", "Each child", ("child",), (("child-0815",),), private=True)
    charted = Chart(
        "c", "Chart", "The most are Stafford, 3.", Look.bars, ("Stafford",),
        (Series("episodes", (one,)),),
    )  # fmt: skip

    public = public_edition(report(one, tables=(private,), charts=(charted,)), Directory.shipped())

    assert public.public
    assert public.figures["few"].value == "hidden"
    assert "child-0815" not in str(public)
    assert "Stafford, 3" not in str(public)
    assert "was 2" not in str(public)
    assert str(UUID(int=1)) not in str(public)


SETS = st.lists(st.frozensets(st.integers(0, 11), max_size=12), min_size=1, max_size=9)


@given(SETS)
def test_no_small_set_is_a_sum_of_those_that_are_shown(sets):
    figures = [figure(f"f{at}", one) for at, one in enumerate(sets)]

    hidden = hide(figures)

    shown = [one for at, one in enumerate(sets) if f"f{at}" not in hidden]
    for one in sets:
        if 0 < len(one) < 5:
            assert rank([*shown, one]) > rank(shown)


def rank(sets):
    """How many of these sets do not follow from the others."""
    rows = [[Fraction(number in one) for number in range(12)] for one in sets]
    found = 0
    for column in range(12):
        pivot = next((row for row in rows[found:] if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(found, pivot)
        for at, row in enumerate(rows):
            if at != found and row[column]:
                factor = row[column] / pivot[column]
                rows[at] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        found += 1
    return found


@pytest.mark.parametrize(("as_written", "shown"), [(True, ["Leek"]), (False, ["Leek", "a name"])])
def test_what_somebody_wrote_of_a_few_names_no_row_and_no_bar(as_written, shown):
    many, few = figure("many", range(20)), figure("few", range(20, 22))
    rows = (("Leek", many), ("a name", few))
    table = Table("district", "By district", ("district", "episodes"), rows, as_written=as_written)
    chart = Chart(
        "bars", "By district", "", Look.bars, ("Leek", "a name"), (Series("", (many, few)),)
    )

    (part,) = public_edition(report(tables=(table,), charts=(chart,)), Directory.shipped()).sections

    assert [row[0] for row in part.tables[0].rows] == shown
    assert list(part.charts[0].labels) == shown
    assert [len(line.points) for line in part.charts[0].series] == [len(shown)]
