"""Counts that others keep, beside the quarterly report: missing from education."""

import pytest

from broker.errors import Misuse
from broker.reports.supplied import read
from tests.examples import STAFFORDSHIRE
from tests.scenarios.framework import QUARTER
from tests.scenarios.reports import report, rows, values

EDUCATION = """\
monthly:
  missing from education:
    source: the council's education welfare service
    months: {2026-05: 40, 2026-07: 44, 2026-09: 51}
"""


@pytest.fixture
def supplied(tmp_path):
    def make(text=EDUCATION):
        file = tmp_path / "beside.yaml"
        file.write_text(text)
        return read(file)

    return make


@pytest.mark.scheme("staffs-missing-education")
def test_a_month_that_was_not_supplied_is_a_gap_and_no_line_is_drawn_through_it(quarter, supplied):
    """staffs-missing-education: one month not supplied -> gap; they are not episodes."""
    without = values(report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER))

    made = report(quarter, "quarterly-missing", STAFFORDSHIRE, period=QUARTER, **supplied())

    assert rows(made, "missing-from-education")[-3:] == [
        ("2026-07", "44"), ("2026-08", "not supplied"), ("2026-09", "51"),
    ]  # fmt: skip
    (chart,) = [
        chart for part in made.sections for chart in part.charts
        if chart.name == "missing-from-education-chart"
    ]  # fmt: skip
    (line,) = chart.series
    assert [point and point.count for point in line.points[-3:]] == [44, None, 51]
    (beside,) = [part for part in made.sections if part.title.startswith("Beside")]
    assert "education welfare service" in beside.text
    assert without.items() <= values(made).items()  # nothing else counts differently


@pytest.mark.parametrize("wrong", ["months: {July: 44}", "months: {2026-07: many}", "by: {}"])
def test_what_is_supplied_wrongly_is_said_with_its_line(supplied, wrong):
    text = EDUCATION.replace("months: {2026-05: 40, 2026-07: 44, 2026-09: 51}", wrong)

    with pytest.raises(Misuse, match=r"beside.yaml:1: monthly is written like this"):
        supplied(text)
