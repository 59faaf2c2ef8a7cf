"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "area", sa.String(length=20), nullable=True, comment="the council area a provider is in"
        ),
        sa.Column(
            "functions", sa.Text(), nullable=False, comment="JSON: hours, cover, rings by function"
        ),
        sa.Column(
            "channel", sa.String(length=10), nullable=False, comment="kafka, or none while removed"
        ),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "answer",
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("whose", sa.String(length=120), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message"),
    )
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answer_delivery"), ["delivery"], unique=False)

    op.create_table(
        "batch",
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("stamped_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("shard", "number"),
    )
    op.create_table(
        "child",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "joined_into", sa.Uuid(), nullable=True, comment="the child this one turned out to be"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "child_key",
        sa.Column(
            "key", sa.LargeBinary(length=16), nullable=False, comment="keyed hash of an identifier"
        ),
        sa.Column("child", sa.Uuid(), nullable=False),
        sa.Column(
            "ground", sa.String(length=20), nullable=False, comment="the scheme, nhs-number or name"
        ),
        sa.Column(
            "holder", sa.String(length=60), nullable=False, comment="the agency whose number it is"
        ),
        sa.Column(
            "birth",
            sa.LargeBinary(length=16),
            nullable=True,
            comment="keyed hash of the birth date",
        ),
        sa.PrimaryKeyConstraint("key", "child"),
    )
    with op.batch_alter_table("child_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_child_key_child"), ["child"], unique=False)

    op.create_table(
        "content",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "dead_letter",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("topic_id", sa.String(length=40), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("agency", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("topic", "topic_id", "record_offset"),
    )
    op.create_table(
        "delivery",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="order of deciding",
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "message", sa.BigInteger(), nullable=True, comment="acceptance number it follows from"
        ),
        sa.Column("content", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.String(length=120), nullable=False, comment="the topic"),
        sa.Column(
            "address", sa.String(length=120), nullable=False, comment="empty on a record topic"
        ),
        sa.Column("view", sa.String(length=10), nullable=False),
        sa.Column("because", sa.String(length=120), nullable=False),
        sa.Column("child", sa.Uuid(), nullable=True),
        sa.Column("episode", sa.Uuid(), nullable=True),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column(
            "wakes",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="may ring at night",
        ),
        sa.Column(
            "answer_within",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds; none: no answer is owed",
        ),
        sa.Column(
            "answer_not_before", sa.BigInteger(), nullable=True, comment="a closed desk's opening"
        ),
        sa.Column(
            "answer_by",
            sa.BigInteger(),
            nullable=True,
            comment="fixed when stamped, or a stated time",
        ),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index("delivery_batch", ["shard", "batch"], unique=False)
        batch_op.create_index(
            "delivery_pending",
            ["shard", "urgent", "number"],
            unique=False,
            sqlite_where=sa.text("sequence IS NULL"),
            postgresql_where=sa.text("sequence IS NULL"),
        )
        batch_op.create_index("delivery_sequence", ["destination", "sequence"], unique=False)
        batch_op.create_index(batch_op.f("ix_delivery_message"), ["message"], unique=False)

    op.create_table(
        "duty",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("episode", sa.Uuid(), nullable=True),
        sa.Column("child", sa.Uuid(), nullable=True),
        sa.Column(
            "message", sa.BigInteger(), nullable=False, comment="acceptance number it follows from"
        ),
        sa.Column(
            "delivery", sa.Uuid(), nullable=True, comment="the delivery it asks an answer to"
        ),
        sa.Column("owed_by", sa.String(length=120), nullable=False, comment="an address"),
        sa.Column("because", sa.String(length=120), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("met_by", sa.Text(), nullable=False, comment="JSON list"),
        sa.Column("ends_with_absence", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "within",
            sa.BigInteger(),
            nullable=True,
            comment="microseconds after the delivery is sent",
        ),
        sa.Column(
            "working_days",
            sa.Integer(),
            nullable=True,
            comment="counted from the day the delivery is sent",
        ),
        sa.Column("not_before", sa.BigInteger(), nullable=True, comment="a closed desk's opening"),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "ladder", sa.Text(), nullable=False, comment="JSON list of rungs: after (s), address"
        ),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column(
            "next_at",
            sa.BigInteger(),
            nullable=True,
            comment="when the timekeeper looks at it; none: never",
        ),
        sa.Column("our_fault", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.create_index(
            "duty_next",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "duty_standing",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state IN ('open', 'late')"),
            postgresql_where=sa.text("state IN ('open', 'late')"),
        )
        batch_op.create_index(
            "duty_unsent",
            ["delivery"],
            unique=False,
            sqlite_where=sa.text("state = 'open' AND starts_at IS NULL"),
            postgresql_where=sa.text("state = 'open' AND starts_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_duty_episode"), ["episode"], unique=False)

    op.create_table(
        "duty_event",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("duty", sa.Uuid(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("duty_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_event_duty"), ["duty"], unique=False)

    op.create_table(
        "episode",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("child", sa.Uuid(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.String(length=12),
            nullable=False,
            comment="unheard, open, found, returned, closed",
        ),
        sa.Column("category", sa.String(length=12), nullable=False),
        sa.Column("risk", sa.String(length=12), nullable=False),
        sa.Column("lead", sa.String(length=60), nullable=False),
        sa.Column("host", sa.String(length=60), nullable=False),
        sa.Column("area", sa.String(length=60), nullable=False, comment="the council of the place"),
        sa.Column("force", sa.String(length=60), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("picture", sa.Text(), nullable=False, comment="JSON: facts, who was told"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("episode", schema=None) as batch_op:
        batch_op.create_index(
            "episode_open",
            ["status"],
            unique=False,
            sqlite_where=sa.text("status IN ('open', 'found')"),
            postgresql_where=sa.text("status IN ('open', 'found')"),
        )
        batch_op.create_index(batch_op.f("ix_episode_child"), ["child"], unique=False)

    op.create_table(
        "episode_key",
        sa.Column(
            "key",
            sa.LargeBinary(length=16),
            nullable=False,
            comment="keyed hash of a reference of it",
        ),
        sa.Column("episode", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "inbox",
        sa.Column("destination", sa.String(length=120), nullable=False, comment="the topic"),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False, comment="the next sequence number"),
        sa.Column(
            "sent", sa.BigInteger(), nullable=False, comment="the last one confirmed by Kafka"
        ),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.Column(
            "parked",
            sa.String(length=40),
            nullable=True,
            comment="why nothing goes out; none: it goes",
        ),
        sa.Column("parked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("destination"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "policy", sa.String(length=64), nullable=True, comment="digest of the active policy"
        ),
        sa.Column("policy_version", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "message",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
            comment="acceptance number",
        ),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.String(length=60), nullable=False),
        sa.Column("from_address", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("child", sa.Uuid(), nullable=True),
        sa.Column("episode", sa.Uuid(), nullable=True),
        sa.Column(
            "topic",
            sa.String(length=120),
            nullable=True,
            comment="where it was read from; none: not from Kafka",
        ),
        sa.Column("record_offset", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="as it travelled"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("sender", "message_id"),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_message_episode"), ["episode"], unique=False)

    op.create_table(
        "position",
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("topic_id", sa.String(length=40), nullable=False),
        sa.Column(
            "next", sa.BigInteger(), nullable=False, comment="offset of the first record not taken"
        ),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("repeated", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "topic_id"),
    )
    op.create_table(
        "shard",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False, comment="the last batch stamped"),
        sa.Column("holder", sa.String(length=80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    op.drop_table("shard")
    op.drop_table("position")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_message_episode"))

    op.drop_table("message")
    op.drop_table("ledger")
    op.drop_table("lease")
    op.drop_table("inbox")
    op.drop_table("episode_key")
    with op.batch_alter_table("episode", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_episode_child"))
        batch_op.drop_index(
            "episode_open",
            sqlite_where=sa.text("status IN ('open', 'found')"),
            postgresql_where=sa.text("status IN ('open', 'found')"),
        )

    op.drop_table("episode")
    with op.batch_alter_table("duty_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_event_duty"))

    op.drop_table("duty_event")
    with op.batch_alter_table("duty", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_episode"))
        batch_op.drop_index(
            "duty_unsent",
            sqlite_where=sa.text("state = 'open' AND starts_at IS NULL"),
            postgresql_where=sa.text("state = 'open' AND starts_at IS NULL"),
        )
        batch_op.drop_index(
            "duty_standing",
            sqlite_where=sa.text("state IN ('open', 'late')"),
            postgresql_where=sa.text("state IN ('open', 'late')"),
        )
        batch_op.drop_index(
            "duty_next",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )

    op.drop_table("duty")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_message"))
        batch_op.drop_index("delivery_sequence")
        batch_op.drop_index(
            "delivery_pending",
            sqlite_where=sa.text("sequence IS NULL"),
            postgresql_where=sa.text("sequence IS NULL"),
        )
        batch_op.drop_index("delivery_batch")

    op.drop_table("delivery")
    op.drop_table("dead_letter")
    op.drop_table("content")
    with op.batch_alter_table("child_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_child_key_child"))

    op.drop_table("child_key")
    op.drop_table("child")
    op.drop_table("batch")
    with op.batch_alter_table("answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_delivery"))

    op.drop_table("answer")
    op.drop_table("agency")
