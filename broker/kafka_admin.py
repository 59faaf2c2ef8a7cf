"""confluent-kafka's AdminClient with a time limit on every call, and its errors in our words."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exports without saying so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from broker.connection import KafkaAccess
from broker.errors import Misuse, Unavailable

_LIMIT_SECONDS = 30.0
_ASK_SECONDS = 10.0
_ITERATIONS = 8192
_END = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_NO_LEADER = (
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
)

_MISUSE = {
    KafkaError._AUTHENTICATION: "the password of {user} is not right",
    KafkaError.SASL_AUTHENTICATION_FAILED: "the password of {user} is not right",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "{user} may not administer this Kafka",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "{user} may not administer these topics",
    KafkaError.INVALID_REPLICATION_FACTOR: "this Kafka has fewer nodes than the replicas asked for",
    KafkaError.SECURITY_DISABLED: "this Kafka has no authorizer, so anybody could read everything",
}


class Admin:
    """One connection of an administrator; it needs no closing."""

    def __init__(self, access: KafkaAccess) -> None:
        self._access = access
        # What the client could not do last is the cause of a later time-out.
        self._troubles: deque[KafkaError] = deque(maxlen=1)
        configuration: dict[str, Any] = {
            **access.for_confluent(),
            "error_cb": self._troubles.append,
            "log_level": 0,  # its errors reach the caller as exceptions; nothing on the screen
        }
        self._client = AdminClient(configuration)

    def check(self, limit_seconds: float = _LIMIT_SECONDS) -> None:
        if not self.nodes(limit_seconds):
            raise Unavailable("Kafka has no node that serves")

    def nodes(self, limit_seconds: float = _LIMIT_SECONDS) -> int:
        """How many nodes serve now."""
        cluster = self._wait(self._client.describe_cluster(request_timeout=limit_seconds))
        return len(cluster.nodes)

    def _wait(self, future: "Future[Any]") -> Any:
        """The result; polls meanwhile, because only then the client tells that a login failed."""
        deadline = time.monotonic() + _LIMIT_SECONDS + 5
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        while not done.is_set() and time.monotonic() < deadline:
            self._client.poll(0)
            if self._troubles and self._troubles[0].code() in _MISUSE:
                raise self._error(self._troubles[0]) from KafkaException(self._troubles[0])
            done.wait(0.02)
        try:
            return future.result(timeout=0)
        except KafkaException as error:
            raise self._error(error.args[0]) from error
        except TimeoutError as error:
            raise Unavailable("Kafka did not answer in time") from error

    def _wait_all(
        self, futures: "Mapping[Any, Future[Any]]", harmless: tuple[int, ...] = ()
    ) -> dict[Any, Any]:
        """The results by key, without those that ended in a harmless error."""
        found = {}
        for key, future in futures.items():
            try:
                found[key] = self._wait(future)
            except (Misuse, Unavailable) as error:
                if _code(error) not in harmless:
                    raise
        return found

    def make_topics(self, topics: list[NewTopic]) -> None:
        made = self._client.create_topics(topics, request_timeout=_LIMIT_SECONDS)
        self._wait_all(made, harmless=(KafkaError.TOPIC_ALREADY_EXISTS,))
        names = [topic.topic for topic in topics]
        self._until(lambda: len(self.describe(names)) == len(names), "the topics")

    def widen(self, topic: str, partitions: int) -> None:
        """Have at least so many partitions in a topic that is there."""
        # Of several nodes, the one that is asked may not know yet what another has shown us.
        self._until(lambda: self._width(topic) > 0, "the topics")
        if self._width(topic) >= partitions:
            return
        more = [NewPartitions(topic, partitions)]
        widened = self._client.create_partitions(more, request_timeout=_LIMIT_SECONDS)
        self._wait_all(widened, harmless=(KafkaError.INVALID_PARTITIONS,))  # somebody else did
        self._until(lambda: self._width(topic) >= partitions, "the partitions")

    def _width(self, topic: str) -> int:
        found = self.describe([topic]).get(topic)
        return len(found.partitions) if found else 0

    def allow(self, bindings: list[AclBinding]) -> None:
        self._wait_all(self._client.create_acls(bindings, request_timeout=_LIMIT_SECONDS))

    def set_passwords(self, passwords: Mapping[str, str]) -> None:
        """
        Kafka applies changes in the order they were made, so once a new user is seen, topics and
        rights that were made before it are in force too.
        """
        how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
        self._alter(
            [
                UserScramCredentialUpsertion(user, how, password.encode())
                for user, password in passwords.items()
            ]
        )
        self._until(lambda: all(self.knows(user) for user in passwords), "the users")

    def forget_user(self, user: str) -> None:
        gone = UserScramCredentialDeletion(user, ScramMechanism.SCRAM_SHA_512)
        self._alter([gone], harmless=(KafkaError.RESOURCE_NOT_FOUND,))
        self._until(lambda: not self.knows(user), "the end of a user")

    def disallow_all(self, user: str) -> None:
        rights = AclBindingFilter(
            ResourceType.ANY,
            None,  # type: ignore[arg-type]  # None is any name
            ResourcePatternType.ANY,
            f"User:{user}",
            None,  # type: ignore[arg-type]  # None is any host
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        self._wait_all(self._client.delete_acls([rights], request_timeout=_LIMIT_SECONDS))

    def knows(self, user: str) -> bool:
        asked = self._client.describe_user_scram_credentials([user], request_timeout=_LIMIT_SECONDS)
        assert isinstance(asked, dict)
        return bool(self._wait_all(asked, harmless=(KafkaError.RESOURCE_NOT_FOUND,)))

    def describe(self, names: Iterable[str]) -> dict[str, Any]:
        """What is known of those topics that exist and that this user may see."""
        wanted = list(names)
        if not wanted:
            return {}
        asked = self._client.describe_topics(
            TopicCollection(wanted), request_timeout=_LIMIT_SECONDS
        )
        unseen = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED)
        return self._wait_all(asked, harmless=unseen)

    def ends(self, topics: Iterable[str]) -> dict[str, int]:
        """Up to where each of these, of one partition, can be read; some may be left out."""
        wanted: dict[TopicPartition, OffsetSpec] = {
            TopicPartition(topic, 0): _END for topic in topics
        }
        if not wanted:
            return {}
        asked = self._client.list_offsets(
            wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=_ASK_SECONDS
        )
        found = self._wait_all(asked, harmless=_NO_LEADER)
        return {where.topic: each.offset for where, each in found.items()}

    def members(self, group: str) -> set[str]:
        """The members of a group of readers, as Kafka calls them."""
        asked = self._client.describe_consumer_groups([group], request_timeout=_ASK_SECONDS)
        return {str(each.member_id) for each in self._wait(asked[group]).members}

    def topics(self) -> list[str]:
        try:
            return list(self._client.list_topics(timeout=_LIMIT_SECONDS).topics)
        except KafkaException as error:
            raise self._error(error.args[0]) from error

    def _alter(
        self, alterations: list[UserScramCredentialAlteration], harmless: tuple[int, ...] = ()
    ) -> None:
        asked = self._client.alter_user_scram_credentials(
            alterations, request_timeout=_LIMIT_SECONDS
        )
        self._wait_all(asked, harmless)

    def _until(self, true: Callable[[], bool], what: str) -> None:
        """A change is confirmed by the controller, a moment before the brokers know it."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise Unavailable(f"Kafka confirmed {what}, but does not show it")
            time.sleep(0.02)

    def _error(self, error: KafkaError) -> Misuse | Unavailable:
        words = _MISUSE.get(error.code())
        if words is not None:
            return Misuse(f"{words.format(user=self._access.username)} ({error.str()})")
        trouble = self._troubles[0] if self._troubles else error
        return Unavailable(f"Kafka at {self._access.bootstrap_servers}: {trouble.str()}")


def _code(error: Exception) -> int | None:
    cause = error.__cause__
    if isinstance(cause, KafkaException):
        return int(cause.args[0].code())
    return None
