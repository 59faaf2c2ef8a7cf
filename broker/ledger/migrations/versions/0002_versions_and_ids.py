"""The versions an agency reads, and the ids that values are framed with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agency") as batch_op:
        batch_op.add_column(
            sa.Column(
                "reads",
                sa.Text(),
                nullable=True,
                comment="JSON: the highest version by kind; newest where none is named",
            )
        )
    with op.batch_alter_table("ledger") as batch_op:
        batch_op.add_column(
            sa.Column(
                "ids",
                sa.Text(),
                nullable=True,
                comment="JSON: id and digest by schema, as values here are framed",
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("ledger") as batch_op:
        batch_op.drop_column("ids")
    with op.batch_alter_table("agency") as batch_op:
        batch_op.drop_column("reads")
