"""The referrals of a year are found by index, among millions of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("kind = 'referral'")
    op.create_index(
        "message_referral",
        "message",
        ["occurred_at"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    op.drop_index("message_referral", "message")
