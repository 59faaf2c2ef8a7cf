"""What holds of every report of the catalogue, whoever wrote it."""

import re

import pytest

from broker.directory import Directory
from broker.reports.catalogue import catalogue
from broker.reports.public import hide, public_edition
from broker.reports.render import plain
from tests import examples
from tests.examples import STAFFORDSHIRE, STOKE, WALSALL
from tests.scenarios.framework import QUARTER
from tests.scenarios.reports import report
from tests.scenarios.thresholds import at

NAMES = ("Robin", "Example", "Child1", "Val")


@pytest.mark.parametrize("name", catalogue())
def test_each_report_is_made_shown_and_made_public_without_a_name(quarter, name):
    made = report(quarter, name, STAFFORDSHIRE, period=QUARTER)
    known = Directory.shipped()

    public = public_edition(made)
    said = plain.as_csv(made, known) + plain.json_text(plain.as_json(made, known)) + str(public)

    assert made.sections
    assert not any(each in said for each in NAMES)
    assert "child-" not in str(public)
    assert hide(made.figures.values()) == {n for n, f in public.figures.items() if f.hidden}


@pytest.mark.parametrize("name", catalogue())
def test_no_figure_counts_a_thing_twice_or_more_than_its_whole(quarter, name):
    for figure in report(quarter, name, STAFFORDSHIRE, period=QUARTER).figures.values():
        keys = [item.key for item in figure.items]
        assert len(keys) == len(set(keys)), figure.name
        assert re.fullmatch(r"[^\s/][^\s]*", figure.name), figure.name
        if keys and figure.of_items and not figure.of_unit:
            assert set(keys) <= {item.key for item in figure.of_items}, figure.name


def test_each_report_is_made_of_either_ledger(both):
    """PostgreSQL is asked by other statements here and there: each of them once."""
    play = both(at("03-26T12:00"))
    play.say(examples.placement(at("03-20T12:00"), sent_at=at("03-26T12:00")))
    gone = examples.notification(at("03-27T22:10"))
    play.say_now(gone)
    play.say_now(examples.returned(gone, at=at("03-28T06:00")))
    play.say_now(examples.interview(gone, "held", at=at("03-29T10:00")))
    play.until(at("04-02T09:00"))

    for name, entry in catalogue().items():
        council = WALSALL if entry.area == "own" else STOKE
        for as_at in (None, at("03-30T09:00")):
            assert report(play, name, council, period="2026-03", as_at=as_at).sections
