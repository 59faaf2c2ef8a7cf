"""What is handed on as CSV can be opened in a spreadsheet: no cell of it is a formula."""

import csv
import io

import pytest

from broker.cli.homes_here import as_text
from broker.exchange.returns import Return
from broker.homes import Home
from broker.spreadsheet import safe

LINK = '=HYPERLINK("http://127.0.0.1/"&A1)'


@pytest.mark.parametrize("cell", [LINK, "+1+cmd", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_be_a_formula_is_marked_as_a_text(cell):
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-3", "+44.5", "4711", "", "A=1", "2026-06-01"])
def test_numbers_and_other_texts_stay_as_they_are(cell):
    assert safe(cell) == cell


def test_what_a_home_says_of_itself_is_no_formula_in_the_list_of_homes():
    home = Home("provider.SC999001", "=1+1", "la.E06000021", None, care_pack=LINK)

    (line,) = csv.DictReader(io.StringIO(as_text([home])))

    assert (line["name"], line["care_pack"], line["force"]) == ("'=1+1", f"'{LINK}", "")


def test_a_list_of_no_homes_has_its_columns():
    assert as_text([]).startswith("home,name,area,force,")


def test_a_number_that_was_said_to_us_is_no_formula_in_a_return():
    made = Return(("CHILD",), ((LINK,),), ())

    assert [*csv.reader(io.StringIO(made.text))] == [["CHILD"], [f"'{LINK}"]]
