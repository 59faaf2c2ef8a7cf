"""Makes what Kafka must have for Homeward and its agencies: topics, users and access lists."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exports without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from broker.connection import AUDIT, PARTS, RELAY, TAKE_IN, KafkaAccess
from broker.errors import Misuse
from broker.kafka_admin import Admin
from broker.kafka_quotas import change_quotas, quotas
from broker.quotas import Quota

CURSOR = "relay.cursor"
CURSORS = 12  # so many relay shards need no other cursor topic
KIND_TOPICS = (
    "missing.notifications",
    "missing.returns",
    "safe-and-well.outcomes",
    "return-interview.outcomes",
    "placements.out-of-area",
    "iro.alerts",
    "answers",
    "duties",
    "identities",
    "records",
)

_OUTBOX_BYTES = 1_048_576
_INBOX_BYTES = 2 * _OUTBOX_BYTES
_COPIES = 3
_KEPT = {
    # Longer than the oldest backup plus the longest outage.
    "retention.ms": str(14 * 24 * 3600 * 1000),
    # A sender's wrong clock must not make its records look old enough to be deleted unread.
    "message.timestamp.type": "LogAppendTime",
}

_TOPIC, _GROUP, _TRANSACTION = (
    ResourceType.TOPIC,
    ResourceType.GROUP,
    ResourceType.TRANSACTIONAL_ID,
)
_READ, _WRITE, _DESCRIBE = AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE
_EXACT, _PREFIX = ResourcePatternType.LITERAL, ResourcePatternType.PREFIXED


def outbox(agency: str) -> str:
    """The topic this agency writes."""
    return f"outbox.{agency}"


def inbox(agency: str) -> str:
    """The topic this agency reads."""
    return f"inbox.{agency}"


def check(access: KafkaAccess, limit_seconds: float = 30) -> None:
    """
    Return when Kafka serves this user.

    `Misuse` when the password is wrong, `Unavailable` when Kafka did not serve in time.
    """
    Admin(access).check(limit_seconds)


def prepare(access: KafkaAccess, passwords: Mapping[str, str], *, shards: int = 1) -> None:
    """
    Make the operator's topics, and Homeward's own users with the least they need.

    `passwords` is by user name, one for each of `PARTS`. What is there already stays: doing it
    again changes nothing but the passwords, and the cursor gets a partition for each shard. A Kafka
    of three nodes or more keeps everything three times: they must be there the first time.
    """
    if missing := set(PARTS) - passwords.keys():
        raise Misuse(f"no password is given for {', '.join(sorted(missing))}")
    admin = Admin(access)
    admin.make_topics([*_operator_topics(shards, _replicas(admin))])
    admin.widen(CURSOR, shards)
    admin.allow([binding for user in PARTS for binding in _part_acls(user)])
    admin.set_passwords({user: passwords[user] for user in PARTS})


def add_agency(
    access: KafkaAccess,
    agency: str,
    password: str,
    *,
    quota: Mapping[str, float] | None = None,
) -> None:
    """
    Make an agency's two topics, its user and what that user may do: write here, read there.

    Doing it again changes nothing but the password, and of its quota what is named. When it
    returns, the agency can connect.
    """
    _require_name(agency)
    admin = Admin(access)
    admin.make_topics(_agency_topics(agency, _replicas(admin)))
    admin.allow(_agency_acls(agency))
    change_quotas(
        access,
        agency,
        lambda held: (Quota.of_kafka(held) or Quota()).changed(quota or {}).for_kafka(),
    )
    admin.set_passwords({agency: password})


def make_again(access: KafkaAccess, agency: str, password: Callable[[], str]) -> None:
    """Make what is missing of an agency; one that can connect keeps its password."""
    admin = Admin(access)
    admin.make_topics(_agency_topics(agency, _replicas(admin)))
    admin.allow(_agency_acls(agency))
    if not admin.knows(agency):
        admin.set_passwords({agency: password()})


def rotate(access: KafkaAccess, agency: str, password: str) -> None:
    """Give an agency another password: the old one opens no new connection from here on."""
    _require_name(agency)
    admin = Admin(access)
    if not admin.knows(agency):
        raise Misuse(f"{agency} is not an agency on this Kafka: add it first")
    admin.set_passwords({agency: password})


def remove_agency(access: KafkaAccess, agency: str) -> None:
    """Take an agency's user, rights and quota away; its topics, and what is in them, stay."""
    _require_name(agency)
    admin = Admin(access)
    admin.forget_user(agency)
    admin.disallow_all(agency)
    change_quotas(access, agency, dict.fromkeys)


def quota_of(access: KafkaAccess, agency: str) -> Quota | None:
    """What an agency may ask of Kafka; None: as much as it likes. For an administrator."""
    return Quota.of_kafka(quotas(access, agency))


def topic_ids(access: KafkaAccess, names: Iterable[str]) -> dict[str, str]:
    """
    The id Kafka gave each topic when it was made; topics that do not exist are left out.

    A topic that was deleted and made again has another id.
    """
    admin = Admin(access)
    return {name: str(topic.topic_id) for name, topic in admin.describe(names).items()}


def list_agency_topics(access: KafkaAccess) -> list[str]:
    """Every outbox and inbox that this user may see, in order of name."""
    admin = Admin(access)
    return sorted(name for name in admin.topics() if name.startswith(("outbox.", "inbox.")))


def _require_name(agency: str) -> None:
    # No underscore: Kafka takes `a_b` and `a.b` for the same topic in its metrics, and refuses one.
    if not re.fullmatch(r"[a-z]+\.[A-Za-z0-9-]{1,64}", agency):
        raise Misuse(f"{agency!r} is not an agency id, such as la.E10000028 or police.E23000015")


def _replicas(admin: Admin) -> int:
    """As often as the cursor is kept; before it is there, once on each node, but on 3 at most."""
    # Not by the nodes alone: one that is away today must not make tomorrow's topics less safe.
    if cursor := admin.describe([CURSOR]):
        return len(cursor[CURSOR].partitions[0].replicas)
    return min(_COPIES, admin.nodes())


def require_shards(access: KafkaAccess, shards: int) -> None:
    """`Misuse` when the relay's cursor is not there for each shard: others made the topics."""
    cursor = Admin(access).describe([CURSOR]).get(CURSOR)
    found = len(cursor.partitions) if cursor else 0
    if found < shards:
        raise Misuse(
            f"{CURSOR} has {found} partitions, too few for {shards} relay shards: give it {shards}"
        )


def _operator_topics(shards: int, replicas: int) -> Iterator[NewTopic]:
    kept = {**_KEPT, "max.message.bytes": str(_INBOX_BYTES)}
    yield from (_topic(name, replicas, kept) for name in KIND_TOPICS)
    yield _topic(CURSOR, replicas, {"cleanup.policy": "compact"}, partitions=max(shards, CURSORS))


def _topic(name: str, replicas: int, config: dict[str, str], partitions: int = 1) -> NewTopic:
    # With three copies one node may be away; a write is only confirmed once two have it.
    safe = {"min.insync.replicas": str(max(1, replicas - 1))}
    return NewTopic(
        name, num_partitions=partitions, replication_factor=replicas, config={**config, **safe}
    )


def _agency_topics(agency: str, replicas: int) -> list[NewTopic]:
    return [
        _topic(name, replicas, {**_KEPT, "max.message.bytes": str(largest)})
        for name, largest in ((outbox(agency), _OUTBOX_BYTES), (inbox(agency), _INBOX_BYTES))
    ]


def _agency_acls(agency: str) -> list[AclBinding]:
    return [
        _allow(agency, _WRITE, _TOPIC, _EXACT, outbox(agency)),
        _allow(agency, _READ, _TOPIC, _EXACT, inbox(agency)),
        _allow(agency, _READ, _GROUP, _PREFIX, f"{agency}."),
    ]


def _part_acls(user: str) -> list[AclBinding]:
    kinds = (*KIND_TOPICS, CURSOR)
    if user == TAKE_IN:
        return [
            _allow(user, _READ, _TOPIC, _PREFIX, "outbox."),
            _allow(user, _READ, _GROUP, _PREFIX, "take-in"),
        ]
    if user == RELAY:
        return [
            _allow(user, _WRITE, _TOPIC, _PREFIX, "inbox."),
            *(_allow(user, _WRITE, _TOPIC, _EXACT, kind) for kind in kinds),
            _allow(user, _READ, _TOPIC, _EXACT, CURSOR),
            _allow(user, _WRITE, _TRANSACTION, _PREFIX, "relay-"),
            _allow(user, _DESCRIBE, _TRANSACTION, _PREFIX, "relay-"),
        ]
    assert user == AUDIT
    return [
        _allow(user, _READ, _TOPIC, _PREFIX, "inbox."),
        _allow(user, _READ, _TOPIC, _PREFIX, "outbox."),
        *(_allow(user, _READ, _TOPIC, _EXACT, kind) for kind in kinds),
        _allow(user, _READ, _GROUP, _PREFIX, "audit"),
    ]


def _allow(
    user: str,
    operation: AclOperation,
    kind: ResourceType,
    pattern: ResourcePatternType,
    name: str,
) -> AclBinding:
    """READ and WRITE imply DESCRIBE, so that is seldom named."""
    return AclBinding(
        kind, name, pattern, _principal(user), "*", operation, AclPermissionType.ALLOW
    )


def _principal(user: str) -> str:
    return f"User:{user}"
