"""A backup is the ledger at one moment, and takes its place whole or not at all."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from broker.cli import backups
from broker.clock import SetClock
from broker.errors import Misuse
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.restoring.together import Together
from broker.settings import Settings
from tests.examples import THURSDAY_NOON


@pytest.fixture
def ledger(tmp_path: Path):
    made = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    made.create(SetClock(THURSDAY_NOON))
    yield made
    made.close()


def note(ledger: Ledger, what: str) -> None:
    with ledger.writing() as connection:
        row = {"at": THURSDAY_NOON, "who": "me", "what": what, "about": "", "reason": ""}
        connection.execute(insert(t.audit).values(row))


def noted(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as opened:
        return [what for (what,) in opened.execute("SELECT what FROM audit ORDER BY number")]


def test_a_backup_holds_what_was_written_before_and_is_for_this_user_alone(ledger, tmp_path):
    note(ledger, "before")
    file = tmp_path / "backup"

    size = backups.write(ledger, file)
    note(ledger, "after")

    assert noted(file) == ["before"]
    assert (file.stat().st_mode & 0o777, file.stat().st_size) == (0o600, size)


def test_a_backup_is_written_over_when_that_is_said_only(ledger, tmp_path):
    file = tmp_path / "backup"
    backups.write(ledger, file)

    with pytest.raises(Misuse, match="--force"):
        backups.write(ledger, file)
    backups.write(ledger, file, force=True)


def test_a_backup_takes_the_place_of_the_ledger_which_is_kept(ledger, tmp_path):
    file = tmp_path / "backup"
    backups.write(ledger, file)
    note(ledger, "after")
    ledger.close()

    with backups.put_back(Settings(home=tmp_path), file, dry_run=False):
        pass

    assert noted(tmp_path / "ledger.sqlite") == []
    (kept,) = (each for each in tmp_path.glob("ledger.sqlite.before-*") if each.suffix[-1] == "Z")
    assert noted(kept) == ["after"]


def test_a_restore_that_is_refused_leaves_the_ledger_in_its_place(ledger, tmp_path):
    file = tmp_path / "backup"
    backups.write(ledger, file)
    note(ledger, "after")
    ledger.close()

    with suppress(Misuse), backups.put_back(Settings(home=tmp_path), file, dry_run=False):
        raise Misuse("a part runs")

    assert noted(tmp_path / "ledger.sqlite") == ["after"]


def test_a_dry_run_touches_a_copy_of_the_backup_only(ledger, tmp_path):
    file = tmp_path / "backup"
    backups.write(ledger, file)
    note(ledger, "after")

    with backups.put_back(Settings(home=tmp_path), file, dry_run=True) as url:
        tried = Ledger(url)
        note(tried, "tried")
        tried.close()

    assert (noted(file), noted(tmp_path / "ledger.sqlite")) == ([], ["after"])


def test_what_is_no_ledger_is_not_put_in_its_place(ledger, tmp_path):
    file = tmp_path / "other"
    file.write_bytes(b"not a database, but long enough to be taken for one" * 20)

    with (
        pytest.raises(Misuse, match="not a backup"),
        backups.put_back(Settings(home=tmp_path), file, dry_run=False),
    ):
        pytest.fail("it was put back")


def test_one_transaction_undoes_a_step_that_failed_and_keeps_the_others(ledger):
    with ledger.deciding() as connection:
        together = Together(ledger, connection)
        note(together, "good")
        with suppress(ZeroDivisionError), together.deciding() as inner:
            row = {"at": THURSDAY_NOON, "who": "me", "what": "bad", "about": "", "reason": ""}
            inner.execute(insert(t.audit).values(row))
            raise ZeroDivisionError
        note(together, "too")

    with ledger.reading() as connection:
        query = select(t.audit.c.what).order_by(t.audit.c.number)
        assert list(connection.execute(query).scalars()) == ["good", "too"]
