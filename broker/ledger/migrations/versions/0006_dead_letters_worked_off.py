"""What becomes of a refused record: who owes to settle it, what replaces it, how it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")
_REPLAYED = sa.text("topic = 'dead-letters'")


def upgrade() -> None:
    with op.batch_alter_table("dead_letter") as batch_op:
        batch_op.add_column(
            sa.Column(
                "message_id",
                sa.Uuid(),
                nullable=True,
                comment="where it could be read: accepted later, it settles this",
            )
        )
        batch_op.add_column(
            sa.Column(
                "kind",
                sa.String(length=40),
                server_default="",
                nullable=False,
                comment="where it could be read",
            )
        )
        batch_op.add_column(
            sa.Column(
                "state",
                sa.String(length=12),
                server_default="open",
                nullable=False,
                comment="open, sent-again, replayed, dropped",
            )
        )
        batch_op.add_column(
            sa.Column("duty", sa.Uuid(), nullable=True, comment="the incident it belongs to")
        )
        batch_op.add_column(
            sa.Column(
                "repaired",
                sa.LargeBinary(),
                nullable=True,
                comment="what is replayed in place of the value",
            )
        )
        batch_op.add_column(sa.Column("settled_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(
            sa.Column(
                "message",
                sa.BigInteger(),
                nullable=True,
                comment="acceptance number of what settled it",
            )
        )
        batch_op.create_index(batch_op.f("ix_dead_letter_duty"), ["duty"], unique=False)
        batch_op.create_index(
            "dead_letter_open",
            ["message_id"],
            unique=False,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        )
    op.create_index(
        "message_replayed",
        "message",
        ["number"],
        unique=False,
        sqlite_where=_REPLAYED,
        postgresql_where=_REPLAYED,
    )


def downgrade() -> None:
    op.drop_index("message_replayed", "message")
    with op.batch_alter_table("dead_letter") as batch_op:
        batch_op.drop_index("dead_letter_open")
        batch_op.drop_index(batch_op.f("ix_dead_letter_duty"))
        for name in ("message", "settled_at", "repaired", "duty", "state", "kind", "message_id"):
            batch_op.drop_column(name)
