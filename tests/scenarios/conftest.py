"""The stage: a ledger for each play, made once and copied."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs

from broker.clock import SetClock
from broker.ledger.engine import Ledger
from tests.examples import FRIDAY_NIGHT
from tests.scenarios.framework import play_the_quarter
from tests.scenarios.play import Play, prepared
from tests.scenarios.thresholds import at
from tests.servers import Postgres

Stage = Callable[..., Play]


def pytest_configure(config: pytest.Config) -> None:
    """Scenarios of the library are tagged with it."""
    config.addinivalue_line("markers", "real: played on real Kafka and PostgreSQL too")


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is logged: kept from the screen, where structlog would draw every local variable."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stage") / "ledger.sqlite"
    ledger = Ledger(f"sqlite:///{path}")
    prepared(ledger, SetClock(FRIDAY_NIGHT))
    ledger.close()
    return path


@pytest.fixture(scope="session")
def copies(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Ledger]:
    """Makes a ledger of its own, prepared, as often as it is called."""

    def copy() -> Ledger:
        path = tmp_path_factory.mktemp("play") / "ledger.sqlite"
        shutil.copy(empty_ledger, path)
        return Ledger(f"sqlite:///{path}")

    return copy


@pytest.fixture
def stage(copies: Callable[[], Ledger]) -> Iterator[Stage]:
    """Starts a play on SQLite: `stage(at)`."""
    yield from _stage(copies)


@pytest.fixture(scope="session")
def postgres_copies(postgres: Postgres) -> Iterator[Callable[[], Ledger]]:
    """The same on PostgreSQL."""
    template = make_url(postgres.new_database())
    ledger = Ledger(template.render_as_string(hide_password=False))
    prepared(ledger, SetClock(FRIDAY_NIGHT))
    ledger.close()
    server = create_engine(postgres.url, isolation_level="AUTOCOMMIT")
    numbers = count()

    def copy() -> Ledger:
        name = f"play{next(numbers)}"
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template.database}")
        return Ledger(template.set(database=name).render_as_string(hide_password=False))

    yield copy
    server.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def both(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Starts a play on either ledger."""
    name = {"sqlite": "copies", "postgresql": "postgres_copies"}[request.param]
    yield from _stage(request.getfixturevalue(name))


def _stage(copies: Callable[[], Ledger]) -> Iterator[Stage]:
    opened: list[Ledger] = []

    def start(at: datetime = FRIDAY_NIGHT, **how: Any) -> Play:
        opened.append(copies())
        return Play(opened[-1], at, **how)

    yield start
    for ledger in opened:
        ledger.close()


@pytest.fixture(scope="session")
def quarter(copies: Callable[[], Ledger]) -> Iterator[Play]:
    """Staffordshire's framework quarter, played once; who asks for it only reads."""
    with capture_logs():
        play = Play(copies(), at("06-30T12:00"))
        play_the_quarter(play)
    yield play
    play.ledger.close()
