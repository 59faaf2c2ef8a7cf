"""
Every table of the ledger, once.

Times are whole microseconds since 1970 in UTC, so that the same arithmetic runs on SQLite and on
PostgreSQL; ids are UUIDs. Nobody reads names or narratives here: those are in `content` and
`message.value` alone, as the bytes that travelled.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """The time that `micros` made the number from."""
    return _EPOCH + timedelta(microseconds=value)


class Instant(TypeDecorator[datetime]):
    """An aware time in Python, whole microseconds in the ledger."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else micros(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        return None if value is None else instant(value)


metadata = MetaData()
# SQLite makes a key of its own only from INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")

ledger = Table(
    "ledger",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("created_at", Instant, nullable=False),
    Column("policy", String(64), comment="digest of the active policy"),
    Column("policy_version", String(80)),
    Column("ids", Text, comment="JSON: id and digest by schema, as values here are framed"),
)

policy = Table(
    "policy",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("version", String(80), nullable=False),
    Column("since", Instant, nullable=False, comment="when it was first made the active one"),
    Column("texts", Text, nullable=False, comment="JSON: the files it was read from, by name"),
)

agency = Table(
    "agency",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("area", String(20), comment="the council area a provider is in"),
    Column("functions", Text, nullable=False, comment="JSON: hours, cover, rings by function"),
    Column("channel", String(10), nullable=False, comment="kafka, or none while removed"),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Column("joined_at", Instant, comment="on the broker without a break since then"),
    Column("reads", Text, comment="JSON: the highest version by kind; newest where none is named"),
)

message = Table(
    "message",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False, comment="acceptance number"),
    Column("message_id", Uuid, nullable=False, index=True),
    Column("sender", String(60), nullable=False),
    Column("from_address", String(120), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("child", Uuid),
    Column("episode", Uuid, index=True),
    Column("topic", String(120), comment="where it was read from; dead-letters: replayed"),
    Column("record_offset", BigInteger),
    Column("value", LargeBinary, nullable=False, comment="as it travelled"),
    UniqueConstraint("sender", "message_id"),
    Index("message_meeting", "occurred_at", sqlite_where=text("kind = 'meeting.outcome'"),
          postgresql_where=text("kind = 'meeting.outcome'")),
    Index("message_referral", "occurred_at", sqlite_where=text("kind = 'referral'"),
          postgresql_where=text("kind = 'referral'")),
    Index("message_replayed", "number", sqlite_where=text("topic = 'dead-letters'"),
          postgresql_where=text("topic = 'dead-letters'")),
)  # fmt: skip

child = Table(
    "child",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("exercise", Boolean, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("joined_into", Uuid, comment="the child this one turned out to be"),
)

child_key = Table(
    "child_key",
    metadata,
    Column("key", LargeBinary(16), primary_key=True, comment="keyed hash of an identifier"),
    Column("child", Uuid, primary_key=True, index=True),
    Column("ground", String(20), nullable=False, comment="the scheme, nhs-number or name"),
    Column("holder", String(60), nullable=False, comment="the agency whose number it is"),
    Column("birth", LargeBinary(16), comment="keyed hash of the birth date"),
)

child_join = Table(
    "child_join",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("joined", Uuid, nullable=False, index=True),
    Column("kept", Uuid, nullable=False, index=True),
    Column("ground", String(20), nullable=False,
           comment="statement, quoted, nhs-number or the scheme of a reference"),
    Column("message", BigInteger, nullable=False, comment="acceptance number of what joined them"),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", BigInteger, comment="acceptance number of what split them again"),
)  # fmt: skip

told_apart = Table(
    "told_apart",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("one", LargeBinary(16), nullable=False, index=True,
           comment="keyed hash of a reference; each pair stands both ways round"),
    Column("other", LargeBinary(16), nullable=False, comment="one of another child"),
    Column("message", BigInteger, nullable=False, comment="acceptance number of the statement"),
    Column("at", Instant, nullable=False),
    Column("undone_at", Instant),
    Column("undone_by", BigInteger, comment="acceptance number of what joined them after all"),
)  # fmt: skip

episode = Table(
    "episode",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("child", Uuid, nullable=False, index=True),
    Column("exercise", Boolean, nullable=False),
    Column("status", String(12), nullable=False, comment="unheard, open, found, returned, closed"),
    Column("category", String(12), nullable=False),
    Column("risk", String(12), nullable=False),
    Column("lead", String(60), nullable=False),
    Column("host", String(60), nullable=False),
    Column("area", String(60), nullable=False, comment="the council of the place"),
    Column("force", String(60), nullable=False),
    Column("placed_with", String(180), nullable=False, server_default="", index=True,
           comment="the home, or the council and its reference of the foster carer"),
    Column("at_start", Text, nullable=False, server_default="{}",
           comment="JSON: what was so of the child as it began, for thresholds"),
    Column("lived_in", String(60), nullable=False, server_default="",
           comment="the council where the child lived as it began: in whose area it is counted"),
    Column("led_by", String(60), nullable=False, server_default="",
           comment="the lead council as it began: whose own child it is counted as"),
    Column("started_at", Instant, index=True),
    Column("ended_at", Instant),
    Column("picture", Text, nullable=False, comment="JSON: facts, who was told"),
    Column("erased_at", Instant, comment="when the bodies of its messages were erased"),
    Index("episode_not_erased", "ended_at", sqlite_where=text("erased_at IS NULL"),
          postgresql_where=text("erased_at IS NULL")),
    Index("episode_lived_in", "lived_in", "started_at"),
    Index("episode_led_by", "led_by", "started_at"),
    Index("episode_open", "status", sqlite_where=text("status IN ('open', 'found')"),
          postgresql_where=text("status IN ('open', 'found')")),
)  # fmt: skip

placement = Table(
    "placement",
    metadata,
    Column("id", Uuid, primary_key=True, comment="its row in episode has the facts"),
    Column("child", Uuid, nullable=False, index=True),
    Column("exercise", Boolean, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("responsible", String(60), nullable=False, index=True),
    Column("host", String(60), nullable=False, index=True),
    Column("home", String(60), nullable=False, index=True),
    Column("carer", String(100), nullable=False, comment="a reference, never a name"),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, comment="stated, or when the next placement started"),
    Column("noticed", Boolean, nullable=False, comment="a council's notice is on file"),
    Column("arrived", Boolean, nullable=False, comment="the home has said that the child came"),
    Column("iro_stated", Boolean, nullable=False),
    Column("contact_stated", Boolean, nullable=False),
    Column("risk", String(12), nullable=False, comment="named, none-known, not-stated"),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", Uuid, primary_key=True, comment="the message id of the request"),
    Column("message", BigInteger, nullable=False, comment="acceptance number of the request"),
    Column("subscriber", String(60), nullable=False, index=True),
    Column("address", String(120), nullable=False, comment="the desk it goes to"),
    Column("exercise", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("filter", Text, nullable=False, comment="JSON: hosts, region, placed_by, homes, stages"),
    Column("until", String(10), nullable=False, comment="the last day"),
    Column("asked_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Column("reason", String(400), nullable=False, server_default=""),
)

agreement = Table(
    "agreement",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("agency", String(60), nullable=False, index=True),
    Column("acts_for", String(60), nullable=False),
    Column("ground", String(400), nullable=False, comment="where the agreement stands"),
    Column("until", String(10), nullable=False, comment="the last day"),
    Column("recorded_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

published = Table(
    "published",
    metadata,
    Column("month", String(7), primary_key=True, comment="2026-10"),
    Column("counted_at", Instant, nullable=False),
    Column("cells", Text, nullable=False, comment="JSON by area: rounded, nothing under five"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("who", String(80), nullable=False, comment="the operator, as the machine names them"),
    Column("what", String(40), nullable=False),
    Column("about", String(120), nullable=False),
    Column("reason", String(400), nullable=False, server_default=""),
)

census = Table(
    "census",
    metadata,
    Column("id", Uuid, primary_key=True, comment="of the list, whatever parts it came in"),
    Column("agency", String(60), nullable=False, index=True),
    Column("exercise", Boolean, nullable=False),
    Column("period_from", String(10), nullable=False),
    Column("period_to", String(10), nullable=False),
    Column("nil", Boolean, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("drawn_at", Instant, nullable=False, comment="the latest of one period counts"),
    Column("complete_at", Instant, comment="when the last part was here; none: parts are missing"),
    Column("theirs", Integer),
    Column("ours", Integer),
    Column("on_both", Integer),
    Column("only_us", Integer),
    Column("only_them", Integer),
    Column("different", Integer),
    Column("compared_at", Instant),
    Column("replaced_by", Uuid, comment="a later census of the same period"),
    Column("scope", String(12), nullable=False, server_default="all", comment="all, looked-after"),
    Column("unsettled", Integer, comment="of what differs: what nobody has explained"),
)

census_part = Table(
    "census_part",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False,
           comment="acceptance number; the entries themselves are in the message"),
    Column("census", Uuid, nullable=False, index=True),
    Column("part", Integer, nullable=False),
    Column("entries", Integer, nullable=False),
)  # fmt: skip

profile = Table(
    "profile",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False,
           comment="acceptance number of what is kept ready of a child"),
    Column("child", Uuid, nullable=False, index=True),
    Column("sender", String(60), nullable=False),
    Column("message_id", Uuid, nullable=False),
    Column("content", BigInteger, nullable=False),
    Column("obtained_at", Instant, nullable=False),
)  # fmt: skip

episode_key = Table(
    "episode_key",
    metadata,
    Column("key", LargeBinary(16), primary_key=True, comment="keyed hash of a reference of it"),
    Column("episode", Uuid, nullable=False),
)

content = Table(
    "content",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("message_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", String(60), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("value", LargeBinary, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False, comment="order of deciding"),
    Column("id", Uuid, nullable=False, unique=True),
    Column("message", BigInteger, index=True, comment="acceptance number it follows from"),
    Column("content", BigInteger, nullable=False),
    Column("destination", String(120), nullable=False, comment="the topic"),
    Column("address", String(120), nullable=False, comment="empty on a record topic"),
    Column("view", String(20), nullable=False),
    Column("because", String(120), nullable=False),
    Column("child", Uuid),
    Column("episode", Uuid, index=True),
    Column("exercise", Boolean, nullable=False),
    Column("wakes", Boolean, nullable=False, server_default=false(), comment="may ring at night"),
    Column("answer_within", BigInteger, comment="microseconds; none: no answer is owed"),
    Column("answer_not_before", Instant, comment="a closed desk's opening"),
    Column("answer_by", Instant, comment="fixed when stamped, or a stated time"),
    Column("shard", Integer, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("sequence", BigInteger),
    Column("batch", BigInteger),
    Column("aside", Boolean, nullable=False, server_default=false(),
           comment="waits behind a parked inbox: not looked at until that is open"),
    Column("rank", Integer, nullable=False, server_default="1",
           comment="what goes first: 0 urgent, 1 news, 2 a state told late, 3 history"),
    Index("delivery_pending", "shard", "rank", "number",
          sqlite_where=text("sequence IS NULL AND aside = 0"),
          postgresql_where=text("sequence IS NULL AND NOT aside")),
    Index("delivery_aside", "destination", "rank", "number",
          sqlite_where=text("sequence IS NULL AND aside = 1"),
          postgresql_where=text("sequence IS NULL AND aside")),
    Index("delivery_pending_child", "child",
          sqlite_where=text("sequence IS NULL"), postgresql_where=text("sequence IS NULL")),
    Index("delivery_batch", "shard", "batch"),
    Index("delivery_sequence", "destination", "sequence"),
)  # fmt: skip

answer = Table(
    "answer",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery", Uuid, nullable=False, index=True),
    Column("address", String(120), nullable=False),
    Column("state", String(12), nullable=False),
    Column("whose", String(120)),
    Column("until", Instant),
    Column("at", Instant, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(40), nullable=False),
    Column("episode", Uuid, index=True),
    Column("child", Uuid, index=True),
    Column("message", BigInteger, nullable=False, comment="acceptance number it follows from"),
    Column("delivery", Uuid, comment="the delivery it asks an answer to"),
    Column("owed_by", String(120), nullable=False, comment="an address"),
    Column("because", String(120), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("met_by", Text, nullable=False, comment="JSON list"),
    Column("ends_with_absence", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("within", BigInteger, comment="microseconds after the delivery is sent"),
    Column("working_days", Integer, comment="counted from the day the delivery is sent"),
    Column("not_before", Instant, comment="a closed desk's opening"),
    Column("starts_at", Instant),
    Column("due_at", Instant),
    Column("ladder", Text, nullable=False, comment="JSON list of rungs: after (s), address"),
    Column("rung", Integer, nullable=False),
    Column("next_at", Instant, comment="when the timekeeper looks at it; none: never"),
    Column("our_fault", Boolean, nullable=False, server_default=false()),
    Column("settled_at", Instant),
    Column("settled_by", String(36), nullable=False, server_default="",
           comment="message id of the fact that settled it; empty: an answer, or nothing did"),
    Column("settled_why", String(40), nullable=False, server_default=""),
    Column("occasion", String(40), nullable=False, server_default="",
           comment="what tells it from others of its name: a stated time, a message id"),
    Column("until_18", Boolean, nullable=False, server_default=false()),
    Column("late_on_arrival", Boolean, nullable=False, server_default=false()),
    Column("working_due_at", Instant, comment="with late_on_arrival: the ladder runs from here"),
    Index("duty_unsent", "delivery", sqlite_where=text("state = 'open' AND starts_at IS NULL"),
          postgresql_where=text("state = 'open' AND starts_at IS NULL")),
    Index("duty_standing", "state", sqlite_where=text("state IN ('open', 'late')"),
          postgresql_where=text("state IN ('open', 'late')")),
    Index("duty_owed_by", "owed_by", "due_at"),
    Index("duty_next", "next_at", sqlite_where=text("next_at IS NOT NULL"),
          postgresql_where=text("next_at IS NOT NULL")),
)  # fmt: skip

duty_event = Table(
    "duty_event",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("duty", Uuid, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("what", String(12), nullable=False),
    Column("address", String(120)),
    Column("detail", String(200)),
)

inbox = Table(
    "inbox",
    metadata,
    Column("destination", String(120), primary_key=True, comment="the topic"),
    Column("shard", Integer, nullable=False),
    Column("next", BigInteger, nullable=False, comment="the next sequence number"),
    Column("sent", BigInteger, nullable=False, comment="the last one confirmed by Kafka"),
    Column("decided", BigInteger, nullable=False),
    Column("parked", String(40), comment="why nothing goes out; none: it goes"),
    Column("parked_at", Instant),
    Column("lost", BigInteger, nullable=False, server_default="0",
           comment="numbers that were sent and that nobody can tell any more, after a restore"),
    Column("gone", BigInteger, nullable=False, server_default="0",
           comment="Kafka need not hold numbers up to this one: it lost them"),
)  # fmt: skip

already_out = Table(
    "already_out",
    metadata,
    Column("delivery", Uuid, primary_key=True,
           comment="sent before a restore, and not decided again yet"),
    Column("sent_at", Instant, nullable=False),
)  # fmt: skip

position = Table(
    "position",
    metadata,
    Column("topic", String(120), primary_key=True),
    Column("topic_id", String(40), primary_key=True),
    Column("next", BigInteger, nullable=False, comment="offset of the first record not taken"),
    Column("read", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("repeated", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False, server_default="0",
           comment="of those read: Kafka need not hold them, it lost them"),
)  # fmt: skip

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("topic", String(120), nullable=False),
    Column("topic_id", String(40), nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("agency", String(60), nullable=False),
    Column("code", String(40), nullable=False),
    Column("field", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Column("value", LargeBinary),
    Column("at", Instant, nullable=False),
    Column("message_id", Uuid, comment="where it could be read: accepted later, it settles this"),
    Column("kind", String(40), nullable=False, server_default="", comment="where it could be read"),
    Column("state", String(12), nullable=False, server_default="open",
           comment="open, sent-again, replayed, dropped"),
    Column("duty", Uuid, index=True, comment="the incident it belongs to"),
    Column("repaired", LargeBinary, comment="what is replayed in place of the value"),
    Column("settled_at", Instant),
    Column("message", BigInteger, comment="acceptance number of what settled it"),
    UniqueConstraint("topic", "topic_id", "record_offset"),
    Index("dead_letter_open", "message_id", sqlite_where=text("state = 'open'"),
          postgresql_where=text("state = 'open'")),
)  # fmt: skip

shard = Table(
    "shard",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False, comment="the last batch stamped"),
    Column("holder", String(80)),
    Column("lease_until", Instant),
)

batch = Table(
    "batch",
    metadata,
    Column("shard", Integer, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("records", Integer, nullable=False),
    Column("stamped_at", Instant, nullable=False),
    Column("sent_at", Instant),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", String(80)),
    Column("until", Instant),
)

report_run = Table(
    "report_run",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=True),
    Column("report", String(60), nullable=False),
    Column("about", String(400), nullable=False, comment="the councils, and the area rule"),
    Column("period_from", String(10), nullable=False),
    Column("period_to", String(10), nullable=False),
    Column("as_at", Instant, nullable=False),
    Column("figures", Text, nullable=False, comment="JSON: count and whole of each, by name"),
    Index("report_run_of", "report", "about", "period_from", "period_to", "as_at"),
)
