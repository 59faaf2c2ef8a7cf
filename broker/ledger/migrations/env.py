"""Alembic's entry: runs on the connection that `broker.ledger.migrate` hands over."""

from alembic import context

from broker.ledger import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
