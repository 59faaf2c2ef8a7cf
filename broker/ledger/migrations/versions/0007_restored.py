"""What is out already of a ledger that was restored, and what Kafka lost."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox") as batch_op:
        batch_op.add_column(
            sa.Column(
                "lost",
                sa.BigInteger(),
                server_default="0",
                nullable=False,
                comment="numbers that were sent and that nobody can tell any more, after a restore",
            )
        )
        batch_op.add_column(
            sa.Column(
                "gone",
                sa.BigInteger(),
                server_default="0",
                nullable=False,
                comment="Kafka need not hold numbers up to this one: it lost them",
            )
        )
    op.create_table(
        "already_out",
        sa.Column(
            "delivery",
            sa.Uuid(),
            nullable=False,
            comment="sent before a restore, and not decided again yet",
        ),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("delivery"),
    )


def downgrade() -> None:
    op.drop_table("already_out")
    with op.batch_alter_table("inbox") as batch_op:
        batch_op.drop_column("gone")
        batch_op.drop_column("lost")
