"""What somebody owed in a month or quarter is found by index, however large the ledger is."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("duty_owed", "duty", ["owed_by", "due_at"])


def downgrade() -> None:
    op.drop_index("duty_owed", "duty")
