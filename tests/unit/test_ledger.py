"""The ledger: its tables, its one lock, and what it raises when it is away."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from broker.clock import SystemClock
from broker.errors import Unavailable
from broker.ledger import engine
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.rows import bulk


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def ledger(url):
    ledger = Ledger(url)
    ledger.create(SystemClock())
    yield ledger
    ledger.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(ledger):
    with ledger.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), t.metadata)

    # A width or variant is written differently by each database; tables, columns, keys must agree.
    assert [one for one in differences if isinstance(one, tuple)] == []


def test_many_may_create_the_ledger_at_once(url):
    faults: list[Exception] = []

    def create() -> None:
        ledger = Ledger(url)
        try:
            ledger.create(SystemClock())
        except Exception as fault:
            faults.append(fault)
        finally:
            ledger.close()

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    ledger = Ledger(url)
    with ledger.reading() as connection:
        ids = connection.execute(select(t.ledger.c.id)).scalars().all()
    ledger.close()
    assert faults == []
    assert len(ids) == 1


def test_only_one_decides_at_a_time(ledger):
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait(10)
        with ledger.deciding():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with ledger.deciding() as connection:
        inside.set()
        connection.execute(select(t.ledger.c.id))
        order.append("first")
    thread.join(30)

    assert order == ["first", "second"]


def test_an_error_undoes_everything(ledger):
    with pytest.raises(RuntimeError), ledger.deciding() as connection:
        connection.execute(insert(t.lease).values(name="timekeeper"))
        raise RuntimeError

    with ledger.reading() as connection:
        assert connection.execute(select(t.lease)).all() == []


def test_bulk_writes_what_an_ordinary_insert_would(ledger):
    now = SystemClock().now()
    rows = [{"name": f"n{n}", "holder": None if n % 2 else "x", "until": now} for n in range(10)]

    with ledger.deciding() as connection:
        bulk(connection, t.lease, rows)

    with ledger.reading() as connection:
        found = connection.execute(select(t.lease).order_by(t.lease.c.name)).mappings().all()
    assert [dict(row) for row in found] == rows


def test_bulk_raises_a_double_as_the_database_would(ledger):
    from sqlalchemy.exc import IntegrityError

    rows = [{"name": "twice", "holder": None}] * 2

    with pytest.raises(IntegrityError), ledger.deciding() as connection:
        bulk(connection, t.lease, rows)


def test_a_database_that_is_away_is_unavailable():
    ledger = Ledger("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(Unavailable), ledger.reading():
        pass
    ledger.close()


@pytest.mark.postgresql
def test_a_connection_that_was_cut_is_unavailable_once_and_then_works_again(postgres):
    ledger = Ledger(postgres.new_database())
    ledger.create(SystemClock())

    with pytest.raises(Unavailable), ledger.deciding() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with ledger.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        connection.execute(select(t.ledger.c.id))

    with ledger.deciding() as connection:
        assert connection.execute(select(t.ledger.c.id)).all()
    ledger.close()


@pytest.mark.postgresql
def test_whoever_is_frozen_while_it_decides_is_cut_off_and_notices(postgres, monkeypatch):
    quick = engine._BEGIN.replace(f"'{engine.IDLE_SECONDS}s'", "'300ms'")
    url = postgres.new_database()
    frozen, other = Ledger(url), Ledger(url)
    frozen.create(SystemClock())

    with pytest.raises(Unavailable), monkeypatch.context() as patched:
        patched.setattr(engine, "_BEGIN", quick)
        with frozen.deciding() as connection:
            connection.execute(insert(t.lease).values(name="lost"))
            with other.deciding() as meanwhile:  # waits for the lock until the other is cut off
                meanwhile.execute(insert(t.lease).values(name="kept"))
            connection.execute(select(t.lease))

    with frozen.deciding() as connection:
        assert connection.execute(select(t.lease.c.name)).scalars().all() == ["kept"]
    frozen.close()
    other.close()


@pytest.mark.postgresql
def test_a_statement_that_does_not_end_is_broken_off(postgres, monkeypatch):
    quick = engine._BEGIN.replace(f"'{engine.STATEMENT_SECONDS}s'", "'200ms'")
    monkeypatch.setattr(engine, "_BEGIN", quick)
    ledger = Ledger(postgres.new_database())

    with pytest.raises(Unavailable, match="statement timeout"), ledger.writing() as connection:
        connection.execute(text("SELECT pg_sleep(10)"))
    ledger.close()


@pytest.mark.postgresql
def test_both_ends_of_a_connection_notice_soon_that_the_other_is_gone(postgres):
    ledger = Ledger(postgres.new_database())
    asked = ("tcp_keepalives_idle", "tcp_user_timeout", "client_connection_check_interval")
    with ledger.reading() as connection:
        found = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in asked]
        client = connection.connection.driver_connection.info.get_parameters()
    ledger.close()

    assert found == ["5", "10000", "2s"]
    assert (client["keepalives_idle"], client["tcp_user_timeout"]) == ("5", "10000")
