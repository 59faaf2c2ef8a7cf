"""A long table is printed as a short one, sooner."""

import io
import sys
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from broker.cli import screen

WORDS = st.lists(st.sampled_from(["a", "bc", "d-e", "[b]", "f" * 9]), max_size=30).map(" ".join)
CELL = st.text("ab [/]é漢1\t", max_size=12) | st.lists(WORDS, max_size=2).map("\n".join)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4)


def printed(rows, long, title=""):
    with patch.object(screen, "_LONG", long), patch.object(sys, "stdout", io.StringIO()) as out:
        screen.table(title, ("one", "two words", "three"), rows, "nothing")
        return out.getvalue()


@given(rows=ROWS, title=st.sampled_from(["", "A title"]), columns=st.integers(70, 200))
def test_a_long_table_looks_as_a_short_one(rows, title, columns):
    with patch.object(screen, "_WIDE", columns):
        assert printed(rows, 0, title) == printed(rows, 100, title)


def test_every_row_is_there():
    rows = [(f"child-{number}", "", "x") for number in range(500)]

    out = printed(rows, 100)

    assert [line.split()[0] for line in out.splitlines() if "child-" in line] == [
        row[0] for row in rows
    ]
