"""What settled a duty, what tells it from others, and what is kept ready of a child."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profile",
        sa.Column(
            "message",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="acceptance number of what is kept ready of a child",
        ),
        sa.Column("child", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.String(length=60), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.BigInteger(), nullable=False),
        sa.Column("obtained_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    with op.batch_alter_table("profile") as batch_op:
        batch_op.create_index(batch_op.f("ix_profile_child"), ["child"], unique=False)
    with op.batch_alter_table("delivery") as batch_op:
        batch_op.alter_column(
            "view", existing_type=sa.String(length=10), type_=sa.String(length=20)
        )
    with op.batch_alter_table("duty") as batch_op:
        batch_op.add_column(
            sa.Column(
                "settled_by",
                sa.String(length=36),
                server_default="",
                nullable=False,
                comment="message id of the fact that settled it; empty: an answer, or nothing did",
            )
        )
        batch_op.add_column(
            sa.Column("settled_why", sa.String(length=40), server_default="", nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "occasion",
                sa.String(length=40),
                server_default="",
                nullable=False,
                comment="what tells it from others of its name: a stated time, a message id",
            )
        )
        batch_op.add_column(
            sa.Column("until_18", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column("late_on_arrival", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(
            sa.Column(
                "working_due_at",
                sa.BigInteger(),
                nullable=True,
                comment="with late_on_arrival: the ladder runs from here",
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("duty") as batch_op:
        for name in (
            "working_due_at",
            "late_on_arrival",
            "until_18",
            "occasion",
            "settled_why",
            "settled_by",
        ):
            batch_op.drop_column(name)
    with op.batch_alter_table("delivery") as batch_op:
        batch_op.alter_column(
            "view", existing_type=sa.String(length=20), type_=sa.String(length=10)
        )
    op.drop_table("profile")
