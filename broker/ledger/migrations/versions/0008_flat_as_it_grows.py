"""
Whatever is looked up has an index, what waits for a parked inbox stands aside, and has a rank.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UNSENT = "sequence IS NULL"


def upgrade() -> None:
    op.create_index("ix_message_message_id", "message", ["message_id"])
    op.create_index("ix_episode_started_at", "episode", ["started_at"])
    op.add_column(
        "episode",
        sa.Column(
            "erased_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the bodies of its messages were erased",
        ),
    )
    where = sa.text("erased_at IS NULL")
    op.create_index(
        "episode_not_erased", "episode", ["ended_at"], sqlite_where=where, postgresql_where=where
    )
    op.create_index("ix_duty_child", "duty", ["child"])
    op.create_index("ix_delivery_episode", "delivery", ["episode"])
    op.add_column(
        "delivery",
        sa.Column(
            "aside",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="waits behind a parked inbox: not looked at until that is open",
        ),
    )
    op.add_column(
        "delivery",
        sa.Column(
            "rank",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="what goes first: 0 urgent, 1 news, 2 a state told late, 3 history",
        ),
    )
    op.execute("UPDATE delivery SET rank = 0 WHERE sequence IS NULL AND urgent")
    op.execute(
        "UPDATE delivery SET aside = true WHERE sequence IS NULL AND destination IN"
        " (SELECT destination FROM inbox WHERE parked IS NOT NULL)"
    )
    op.drop_index("delivery_pending", "delivery")
    _create("delivery_pending", ["shard", "rank", "number"], f"{_UNSENT} AND {{not_aside}}")
    _create("delivery_aside", ["destination", "rank", "number"], f"{_UNSENT} AND {{aside}}")
    _create("delivery_pending_child", ["child"], _UNSENT)


def _create(name: str, columns: list[str], where: str) -> None:
    """SQLite uses an index of some rows only if a query says it in the same words."""
    op.create_index(
        name,
        "delivery",
        columns,
        sqlite_where=sa.text(where.format(aside="aside = 1", not_aside="aside = 0")),
        postgresql_where=sa.text(where.format(aside="aside", not_aside="NOT aside")),
    )
