"""The year is as it was published, is the same each time, and a copied ledger is a true one."""

from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from uuid import uuid4

import pytest
from rich.console import Console
from sqlalchemy import func, select

from broker import questions
from broker.clock import SetClock
from broker.decider import Decider
from broker.ledger import tables as t
from broker.ledger.agencies import directory_of
from broker.ledger.engine import Ledger
from broker.ledger.rows import episode_of
from broker.policy.load import shipped
from broker.records import Record
from broker.reports.catalogue import catalogue
from broker.reports.figures import Asked
from broker.reports.making import make
from broker.reports.period import Period
from schemas.codec import decode, encode
from schemas.missing import MissingNotification
from tests.bench import a_year, load, multiplying, year
from tests.bench.homeward import KEYS
from tests.bench.living import Living
from tests.bench.what_is_said import everything

_SEED, _ABSENCES = 1, 150
_FOUR_WEEKS = timedelta(weeks=4)
NEW_YEAR = a_year.year((), _SEED).ended_at
WHOLE = str(a_year.YEAR)


# -- what happens


@pytest.fixture(scope="module")
def made() -> a_year.Year:
    return a_year.year(a_year.areas(10_000, _SEED), _SEED)


def test_the_same_seed_gives_the_same_year_and_another_seed_another() -> None:
    areas = a_year.areas(100, _SEED)
    one, again, other = (a_year.year(areas, seed) for seed in (_SEED, _SEED, 2))

    assert one == again
    assert list(everything(one, _SEED)) == list(everything(again, _SEED))
    assert one != other


def test_absences_are_spread_over_children_and_councils_as_was_published(made) -> None:
    times = Counter(absence.child.key for absence in made.absences)
    by_council = Counter(absence.child.area.council for absence in made.absences)
    often = sorted(times.values(), reverse=True)
    looked_after = [absence.child for absence in made.absences if absence.child.responsible]

    assert max(often) in range(27, 40)
    assert len(made.absences) / len(times) == pytest.approx(2.9, abs=0.4)
    assert sum(often[: len(often) * 6 // 100]) / len(made.absences) == pytest.approx(0.33, abs=0.07)
    assert len(looked_after) / len(made.absences) == pytest.approx(0.43, abs=0.04)
    assert sum(it.is_from_elsewhere for it in looked_after) / len(made.absences) == pytest.approx(
        1 / 3, abs=0.05
    )
    assert max(by_council.values()) > 3 * median(by_council.values())


def test_absences_last_and_come_again_as_was_published(made) -> None:
    hours = [(it.ended_at - it.began_at) / timedelta(hours=1) for it in made.absences]
    first: dict[str, list[datetime]] = {}
    for absence in made.absences:
        first.setdefault(absence.child.key, []).append(absence.began_at)
    again = [began[1] - began[0] < _FOUR_WEEKS for began in first.values() if len(began) > 1]

    assert sum(it <= 24 for it in hours) / len(hours) == pytest.approx(0.85, abs=0.02)
    assert sum(it <= 168 for it in hours) / len(hours) == pytest.approx(0.98, abs=0.01)
    assert sum(again) / len(again) == pytest.approx(0.5, abs=0.1)


def test_nobody_is_away_twice_at_once_and_some_go_together(made) -> None:
    together = Counter(absence.incident for absence in made.absences if absence.incident)
    until: dict[str, datetime] = {}
    for absence in made.absences:
        assert until.get(absence.child.key, absence.began_at) <= absence.began_at
        until[absence.child.key] = absence.ended_at

    assert max(together.values()) >= 2


# -- what Homeward makes of it


@pytest.fixture(scope="module")
def many() -> list[multiplying.Copy]:
    areas = multiplying.lived_areas(_SEED, share=0.013)
    return multiplying.copies(areas, _ABSENCES, _SEED)


@pytest.fixture(scope="module")
def small(tmp_path_factory, many):
    """A ledger in which a few small areas were lived through."""
    keys = multiplying.Remembered(bytes(range(32)))
    ledger = Ledger(f"sqlite:///{tmp_path_factory.mktemp('year') / 'ledger.sqlite'}")
    areas = multiplying.lived_areas(_SEED, share=0.013)
    Living(ledger, a_year.year(areas, _SEED), _SEED, keys).live()
    yield ledger, keys
    ledger.close()


@pytest.fixture(scope="module")
def large(small, many, postgres):
    """The year of every council, copied from it."""
    ledger = Ledger(postgres.new_database())
    multiplying.prepare(ledger, many, NEW_YEAR)
    multiplying.multiply(*small, many, ledger)
    yield ledger
    ledger.close()


def rows(ledger, *columns):
    with ledger.reading() as connection:
        return connection.execute(select(*columns)).all()


def test_of_what_is_owed_in_a_year_most_is_done_and_what_is_not_is_late(small) -> None:
    states = Counter(row.state for row in rows(small[0], t.duty.c.state))

    assert states["met"] > states["late"] > 0
    assert states["open"] < states["met"] / 5


def test_a_copied_ledger_has_the_rows_of_what_it_is_copied_from(small, large, many) -> None:
    times = Counter(copy.area.number for copy in many)
    lived = multiplying.Rows(*small)
    expected = {
        table: sum(times[lived.area(table, row)] for row in lived.of[table])
        for table in ("message", "content", "delivery", "episode", "duty", "child", "answer")
    }

    assert {table: len(rows(large, t.metadata.tables[table])) for table in expected} == expected


def test_the_counts_of_a_copied_ledger_close_and_no_number_is_missing(large) -> None:
    m, d = t.message.c, t.delivery.c
    with large.reading() as connection:
        account = questions.account(connection)
        inboxes = connection.execute(
            select(d.destination, func.max(d.sequence), func.count()).group_by(d.destination)
        ).all()

    numbers = sorted(row.number for row in rows(large, m.number))

    assert account.differences == ()
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(last == count for _, last, count in inboxes)


def test_every_fact_of_a_copied_absence_is_of_a_message_of_its_own(large) -> None:
    messages = {row.number: row for row in rows(large, t.message)}
    contents = {row.number for row in rows(large, t.content.c.number)}

    for row in rows(large, t.episode):
        for fact in episode_of(row).facts:
            said = decode(messages[fact.number].value)
            assert str(said.message_id) == fact.message_id
            assert (said.sender, messages[fact.number].child) == (fact.sender, row.child)
            assert fact.content in contents


def test_a_copied_message_that_comes_again_is_a_repeat_and_a_copied_child_is_known(large) -> None:
    decider = Decider(large, SetClock(NEW_YEAR), shipped(), KEYS)
    heard = [row for row in rows(large, t.message) if row.kind == MissingNotification.KIND]
    before = decode(heard[-1].value)
    at = NEW_YEAR - timedelta(hours=1)
    news = {"message_id": uuid4(), "episode": "E-1", "last_seen_at": at, "occurred_at": at}
    new = before.model_copy(update=news | {"sent_at": at, "police_report": None})
    children = len(rows(large, t.child))

    again = decider.take([Record(row.topic, "again", n, row.value) for n, row in enumerate(heard)])
    taken = decider.take([Record(f"outbox.{new.sender}", "new", 0, encode(new))])

    assert (again.repeated, again.accepted, again.rejected) == (len(heard), 0, 0)
    assert taken.accepted == 1
    assert len(rows(large, t.child)) == children


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_report_can_be_made_of_the_largest_authority(name, large) -> None:
    entry = catalogue()[name]
    council, absences = year.largest(large, WHOLE)
    asked = Asked(council, (council,), Period.parse(WHOLE), NEW_YEAR, entry.area)

    with large.reading() as connection:
        known = directory_of(connection)
        report = make(connection, entry, asked, known, KEYS.pseudonym, NEW_YEAR)

    assert absences > 0
    assert report.figures


def test_a_report_being_made_holds_nothing_up_that_is_taken_in(large) -> None:
    """What a report reads it reads of one moment, and locks nothing."""
    decider = Decider(large, SetClock(NEW_YEAR), shipped(), KEYS)
    (said,) = (it for _, it in load.messages(1, NEW_YEAR, first=77))
    entry = catalogue()["monthly-missing"]
    council, _ = year.largest(large, WHOLE)
    asked = Asked(council, (council,), Period.parse(WHOLE), NEW_YEAR, entry.area)

    with large.reading() as connection:
        known = directory_of(connection)
        first = make(connection, entry, asked, known, KEYS.pseudonym, NEW_YEAR)
        taken = decider.take([Record(f"outbox.{said.sender}", "live", 0, encode(said))])
        again = make(connection, entry, asked, known, KEYS.pseudonym, NEW_YEAR)

    assert taken.accepted == 1
    assert first == again


def test_the_bench_shows_how_long_it_took_to_load_and_to_report() -> None:
    options = year.Options(
        8, ledger=year.SQLITE, reports=("monthly-missing",), rounds=1, messages=20
    )

    results = year.measure(options, lambda _: None)

    console = Console(width=160)
    with console.capture() as capture:
        for table in year.tables(results):
            console.print(table)
    assert results.loaded.absences == 8
    assert results.reports["monthly-missing"].peak_bytes > 0
    assert "monthly-missing" in capture.get()
