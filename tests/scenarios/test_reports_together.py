"""Every report of the catalogue, of one made-up quarter: on both ledgers, and for everybody."""

from broker.ledger.agencies import directory_of
from broker.reports.catalogue import catalogue
from broker.reports.figures import Unit
from broker.reports.public import FEWEST, public_edition
from broker.reports.render.plain import as_csv, as_json
from tests.examples import STAFFORDSHIRE, STOKE
from tests.scenarios.made_up_quarter import play_it
from tests.scenarios.reports import report
from tests.scenarios.thresholds import at

PERIODS = {"day": "2026-08-12", "week": "2026-W33", "month": "2026-08", "quarter": "2026-Q3",
           "year": "2026"}  # fmt: skip
PEOPLE = {Unit.episodes, Unit.children}


def made(play):
    for name, entry in catalogue().items():
        yield name, report(play, name, STAFFORDSHIRE, STOKE, period=PERIODS[entry.periods[-1]])


def test_every_report_can_be_made_listed_and_published_on_both_ledgers(both):
    play = both(at("2026-04-01 09:00"))
    play_it(play, children=10)
    with play.ledger.reading() as connection:
        known = directory_of(connection)

    for name, one in made(play):
        assert one.figures or any(part.tables for part in one.sections), name
        for figure in one.figures.values():
            if figure.unit in PEOPLE and figure.of is None and figure.items:
                assert figure.count == len(figure.items), (name, figure.name)
            if figure.of is not None and figure.unit in PEOPLE:
                assert (figure.count or 0) <= figure.of, (name, figure.name)
        public = public_edition(one, known)
        hidden = {figure.name for figure in public.figures.values() if figure.hidden}
        for figure in public.figures.values():
            if hidden.intersection(figure.follows):
                assert (figure.value, figure.note) == ("hidden", ""), (name, figure.name)
            shown = not figure.hidden and figure.count is not None
            small = figure.unit in PEOPLE and 0 < (figure.count or 0) < FEWEST
            assert not (shown and small), (name, figure.name)
        published = as_csv(public, known)
        assert "child-" not in published, name
        assert as_json(one, known)["report"] == name
