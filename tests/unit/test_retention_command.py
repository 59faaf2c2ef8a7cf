"""`homeward retention` shows what it would erase, and erases only when told to."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from broker.__main__ import commands
from broker.cli.app import run
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from tests.examples import notification, returned
from tests.scenarios.play import Play, prepared


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose ledger knows one absence of more than a year ago."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    at = datetime.now(UTC) - timedelta(days=400)
    play = Play(ledger, at)
    prepared(ledger, play.clock)
    missing = notification(at)
    play.say(missing)
    play.say_at(at + timedelta(hours=1), returned(missing, at=at + timedelta(hours=1)))
    with ledger.writing() as connection:
        connection.execute(t.duty.update().values(state="excused", next_at=None))
    yield ledger
    ledger.close()


def bodies(ledger):
    with ledger.reading() as connection:
        written = select(func.count()).where(func.length(t.message.c.value) > 0)
        return connection.execute(written).scalar_one()


def test_it_shows_and_leaves_everything(home, capsys):
    assert run(commands(), ["retention"]) == 0

    shown = capsys.readouterr().out
    assert "1 absences ended before" in shown
    assert "--erase does it" in shown
    assert bodies(home) == 2


def test_it_erases_when_told_to(home, capsys):
    assert run(commands(), ["retention", "--erase"]) == 0

    assert "Erased what was said of 1 absences" in capsys.readouterr().out
    assert bodies(home) == 0


def test_too_short_a_time_is_refused(home, capsys):
    assert run(commands(), ["retention", "--days", "30", "--erase"]) == 2

    assert "120 days" in capsys.readouterr().err
    assert bodies(home) == 2
