"""In whose figures an absence is counted, found by index; and what reports said once made."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROWS = 2000  # at a time: a ledger may hold millions


def upgrade() -> None:
    for name, comment in (
        ("lived_in", "the council where the child lived as it began: in whose area it is counted"),
        ("led_by", "the lead council as it began: whose own child it is counted as"),
    ):
        column = sa.Column(name, sa.String(60), nullable=False, server_default="", comment=comment)
        op.add_column("episode", column)
    _fill()
    op.create_index("episode_lived_in", "episode", ["lived_in", "started_at"])
    op.create_index("episode_led_by", "episode", ["led_by", "started_at"])
    op.create_table(
        "report_run",
        sa.Column(
            "number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True,
            nullable=False,
        ),
        sa.Column("report", sa.String(60), nullable=False),
        sa.Column(
            "about", sa.String(400), nullable=False, comment="the councils, and the area rule"
        ),
        sa.Column("period_from", sa.String(10), nullable=False),
        sa.Column("period_to", sa.String(10), nullable=False),
        sa.Column("as_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "figures", sa.Text(), nullable=False,
            comment="JSON: count and whole of each, by name",
        ),
        sa.PrimaryKeyConstraint("number"),
    )  # fmt: skip
    op.create_index("duty_owed_by", "duty", ["owed_by", "due_at"])
    op.create_index(
        "report_run_of", "report_run", ["report", "about", "period_from", "period_to", "as_at"]
    )


def _fill() -> None:
    """From what was kept of each absence as it began."""
    e = sa.table(
        "episode", sa.column("id", sa.Uuid), sa.column("at_start"), sa.column("lived_in"),
        sa.column("led_by"),
    )  # fmt: skip
    connection = op.get_bind()
    query = sa.select(e.c.id, e.c.at_start).where(e.c.at_start != "{}").order_by(e.c.id)
    change = (
        sa.update(e)
        .where(e.c.id == sa.bindparam("of"))
        .values(lived_in=sa.bindparam("area"), led_by=sa.bindparam("lead"))
    )
    last = None
    while True:
        after = query if last is None else query.where(e.c.id > last)
        rows = connection.execute(after.limit(_ROWS)).all()
        if not rows:
            return
        last = rows[-1].id
        connection.execute(change, [_began(row.id, json.loads(row.at_start)) for row in rows])


def _began(id: object, said: dict[str, str]) -> dict[str, object]:
    area = said.get("lives_in") or said.get("place", "")
    own = said.get("looked_after") and said.get("responsible")
    return {"of": id, "area": area, "lead": own or area}


def downgrade() -> None:
    op.drop_table("report_run")
    op.drop_index("duty_owed_by", "duty")
    op.drop_index("episode_led_by", "episode")
    op.drop_index("episode_lived_in", "episode")
    with op.batch_alter_table("episode") as batch_op:
        batch_op.drop_column("led_by")
        batch_op.drop_column("lived_in")
