"""The meetings of a quarter are found by index, among millions of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("kind = 'meeting.outcome'")
    op.create_index(
        "message_meeting",
        "message",
        ["occurred_at"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    op.drop_index("message_meeting", "message")
