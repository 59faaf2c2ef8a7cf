"""What holds of every report of the catalogue, whoever wrote it."""

import re

import pytest

from broker.directory import Directory
from broker.ledger.agencies import directory_of
from broker.reports.catalogue import catalogue
from broker.reports.public import public_edition
from broker.reports.render import plain
from tests.examples import STAFFORDSHIRE
from tests.scenarios.framework import QUARTER
from tests.scenarios.reports import report

NAMES = ("Robin", "Example", "Child1", "Val")


def made_of(play) -> Directory:
    with play.ledger.reading() as connection:
        return directory_of(connection)


def shown(public, known):
    return plain.as_csv(public, known) + plain.json_text(plain.as_json(public, known))


@pytest.mark.parametrize("name", catalogue())
def test_each_report_is_made_shown_and_made_public_without_a_name(quarter, name):
    made = report(quarter, name, STAFFORDSHIRE, period=QUARTER)
    known = made_of(quarter)
    homes = [one.name for one in known.agencies("provider")]

    public = public_edition(made, known)
    said = plain.as_csv(made, known) + plain.json_text(plain.as_json(made, known)) + str(public)

    assert made.sections
    assert not any(each in said for each in NAMES)
    assert "child-" not in str(public)
    assert homes
    assert not [
        one for one in (*homes, "provider.", "foster carer ") if one in shown(public, known)
    ]
    assert not any(one.items for one in public.figures.values())


@pytest.mark.parametrize("name", catalogue())
def test_no_figure_counts_a_thing_twice_or_more_than_its_whole(quarter, name):
    for figure in report(quarter, name, STAFFORDSHIRE, period=QUARTER).figures.values():
        keys = [item.key for item in figure.items]
        assert len(keys) == len(set(keys)), figure.name
        assert re.fullmatch(r"[^\s/][^\s]*", figure.name), figure.name
        if keys and figure.of_items and not figure.of_unit:
            assert set(keys) <= {item.key for item in figure.of_items}, figure.name
