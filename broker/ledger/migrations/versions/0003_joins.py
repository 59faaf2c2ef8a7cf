"""On what ground children were joined, and which are known to be two."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "child_join",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("joined", sa.Uuid(), nullable=False),
        sa.Column("kept", sa.Uuid(), nullable=False),
        sa.Column(
            "ground",
            sa.String(length=20),
            nullable=False,
            comment="statement, quoted, nhs-number or the scheme of a reference",
        ),
        sa.Column(
            "message",
            sa.BigInteger(),
            nullable=False,
            comment="acceptance number of what joined them",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "undone_by",
            sa.BigInteger(),
            nullable=True,
            comment="acceptance number of what split them again",
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_child_join_joined", "child_join", ["joined"], unique=False)
    op.create_index("ix_child_join_kept", "child_join", ["kept"], unique=False)
    op.create_table(
        "told_apart",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "one",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="keyed hash of a reference; each pair stands both ways round",
        ),
        sa.Column(
            "other", sa.LargeBinary(length=16), nullable=False, comment="one of another child"
        ),
        sa.Column(
            "message",
            sa.BigInteger(),
            nullable=False,
            comment="acceptance number of the statement",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "undone_by",
            sa.BigInteger(),
            nullable=True,
            comment="acceptance number of what joined them after all",
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_told_apart_one", "told_apart", ["one"], unique=False)


def downgrade() -> None:
    op.drop_table("told_apart")
    op.drop_table("child_join")
