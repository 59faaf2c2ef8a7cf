"""Which children a census lists, and how many of its differences nobody has explained."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("census") as batch_op:
        batch_op.add_column(
            sa.Column(
                "scope",
                sa.String(12),
                server_default="all",
                nullable=False,
                comment="all, looked-after",
            )
        )
        batch_op.add_column(
            sa.Column(
                "unsettled", sa.Integer(), comment="of what differs: what nobody has explained"
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("census") as batch_op:
        batch_op.drop_column("unsettled")
        batch_op.drop_column("scope")
