"""Bringing a ledger's tables up to the version this code needs."""

from sqlalchemy import Engine

from broker.ledger import tables


def upgrade(engine: Engine) -> None:
    """Create what is missing."""
    tables.metadata.create_all(engine)
