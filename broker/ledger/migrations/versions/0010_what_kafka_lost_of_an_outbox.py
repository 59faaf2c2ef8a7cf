"""How much of what was read Kafka lost from the end of an outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("position") as batch_op:
        batch_op.add_column(
            sa.Column(
                "lost",
                sa.BigInteger(),
                server_default="0",
                nullable=False,
                comment="of those read: Kafka need not hold them, it lost them",
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("position") as batch_op:
        batch_op.drop_column("lost")
