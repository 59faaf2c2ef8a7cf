"""A delivery that is urgent has that rank, and no word of its own beside it."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("delivery", "urgent")
