"""The register of placements, subscriptions and agreements, censuses, operators, policies."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column(
            "since",
            sa.BigInteger(),
            nullable=False,
            comment="when it was first made the active one",
        ),
        sa.Column(
            "texts",
            sa.Text(),
            nullable=False,
            comment="JSON: the files it was read from, by name",
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "placement",
        sa.Column(
            "id",
            sa.Uuid(),
            autoincrement=False,
            nullable=False,
            comment="its row in episode has the facts",
        ),
        sa.Column("child", sa.Uuid(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("responsible", sa.String(length=60), nullable=False),
        sa.Column("host", sa.String(length=60), nullable=False),
        sa.Column("home", sa.String(length=60), nullable=False),
        sa.Column(
            "carer", sa.String(length=100), nullable=False, comment="a reference, never a name"
        ),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "ends_at",
            sa.BigInteger(),
            nullable=True,
            comment="stated, or when the next placement started",
        ),
        sa.Column("noticed", sa.Boolean(), nullable=False, comment="a council's notice is on file"),
        sa.Column(
            "arrived", sa.Boolean(), nullable=False, comment="the home has said that the child came"
        ),
        sa.Column("iro_stated", sa.Boolean(), nullable=False),
        sa.Column("contact_stated", sa.Boolean(), nullable=False),
        sa.Column(
            "risk", sa.String(length=12), nullable=False, comment="named, none-known, not-stated"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("placement") as batch_op:
        batch_op.create_index(batch_op.f("ix_placement_child"), ["child"], unique=False)
        batch_op.create_index(batch_op.f("ix_placement_responsible"), ["responsible"], unique=False)
        batch_op.create_index(batch_op.f("ix_placement_host"), ["host"], unique=False)
        batch_op.create_index(batch_op.f("ix_placement_home"), ["home"], unique=False)
    op.create_table(
        "subscription",
        sa.Column(
            "id",
            sa.Uuid(),
            autoincrement=False,
            nullable=False,
            comment="the message id of the request",
        ),
        sa.Column(
            "message", sa.BigInteger(), nullable=False, comment="acceptance number of the request"
        ),
        sa.Column("subscriber", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False, comment="the desk it goes to"),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column(
            "filter",
            sa.Text(),
            nullable=False,
            comment="JSON: hosts, region, placed_by, homes, stages",
        ),
        sa.Column("until", sa.String(length=10), nullable=False, comment="the last day"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("subscription") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_subscription_subscriber"), ["subscriber"], unique=False
        )
    op.create_table(
        "agreement",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("acts_for", sa.String(length=60), nullable=False),
        sa.Column(
            "ground", sa.String(length=400), nullable=False, comment="where the agreement stands"
        ),
        sa.Column("until", sa.String(length=10), nullable=False, comment="the last day"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("agreement") as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_agency"), ["agency"], unique=False)
    op.create_table(
        "published",
        sa.Column(
            "month",
            sa.String(length=7),
            autoincrement=False,
            nullable=False,
            comment="2026-10",
        ),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "cells",
            sa.Text(),
            nullable=False,
            comment="JSON by area: rounded, nothing under five",
        ),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "audit",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "who",
            sa.String(length=80),
            nullable=False,
            comment="the operator, as the machine names them",
        ),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "census",
        sa.Column(
            "id",
            sa.Uuid(),
            autoincrement=False,
            nullable=False,
            comment="of the list, whatever parts it came in",
        ),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("period_from", sa.String(length=10), nullable=False),
        sa.Column("period_to", sa.String(length=10), nullable=False),
        sa.Column("nil", sa.Boolean(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column(
            "drawn_at",
            sa.BigInteger(),
            nullable=False,
            comment="the latest of one period counts",
        ),
        sa.Column(
            "complete_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the last part was here; none: parts are missing",
        ),
        sa.Column("theirs", sa.Integer(), nullable=True),
        sa.Column("ours", sa.Integer(), nullable=True),
        sa.Column("on_both", sa.Integer(), nullable=True),
        sa.Column("only_us", sa.Integer(), nullable=True),
        sa.Column("only_them", sa.Integer(), nullable=True),
        sa.Column("different", sa.Integer(), nullable=True),
        sa.Column("compared_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "replaced_by", sa.Uuid(), nullable=True, comment="a later census of the same period"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("census") as batch_op:
        batch_op.create_index(batch_op.f("ix_census_agency"), ["agency"], unique=False)
    op.create_table(
        "census_part",
        sa.Column(
            "message",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="acceptance number; the entries themselves are in the message",
        ),
        sa.Column("census", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    with op.batch_alter_table("census_part") as batch_op:
        batch_op.create_index(batch_op.f("ix_census_part_census"), ["census"], unique=False)
    with op.batch_alter_table("agency") as batch_op:
        batch_op.add_column(
            sa.Column(
                "joined_at",
                sa.BigInteger(),
                nullable=True,
                comment="on the broker without a break since then",
            )
        )
    op.execute("UPDATE agency SET joined_at = added_at")
    with op.batch_alter_table("episode") as batch_op:
        batch_op.add_column(
            sa.Column(
                "placed_with",
                sa.String(length=180),
                server_default="",
                nullable=False,
                comment="the home, or the council and its reference of the foster carer",
            )
        )
        batch_op.add_column(
            sa.Column(
                "at_start",
                sa.Text(),
                server_default="{}",
                nullable=False,
                comment="JSON: what was so of the child as it began, for thresholds",
            )
        )
        batch_op.create_index(batch_op.f("ix_episode_placed_with"), ["placed_with"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("episode") as batch_op:
        batch_op.drop_index(batch_op.f("ix_episode_placed_with"))
        batch_op.drop_column("at_start")
        batch_op.drop_column("placed_with")
    with op.batch_alter_table("agency") as batch_op:
        batch_op.drop_column("joined_at")
    for name in (
        "census_part",
        "census",
        "audit",
        "published",
        "agreement",
        "subscription",
        "placement",
        "policy",
    ):
        op.drop_table(name)
