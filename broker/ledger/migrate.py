"""Bringing a ledger's tables up to the version this code needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_FOLDER = Path(__file__).parent / "migrations"
_MIGRATING = 0x6D696772  # any fixed number: two processes never migrate at once


def upgrade(engine: Engine) -> None:
    """
    Take every step that is missing, in one transaction.

    Several processes may start at once: the first does it, the others find it done.
    """
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if up_to_date(connection):
            return
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
        try:
            if not sqlite:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING}
                )
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def up_to_date(connection: Connection) -> bool:
    """Whether the ledger has the version this code needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
