"""What a restore asks of Kafka, and the one thing it writes there: the cursor."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from broker import provision
from broker.accounting.kafka import Reader, reading
from broker.connection import AUDIT, RELAY, TAKE_IN, KafkaAccess
from broker.cursor import Cursor
from broker.errors import Unavailable
from broker.provision import CURSOR, KIND_TOPICS
from broker.records import Record
from broker.restoring.out import Out, Topic, heard_of, out_of, texts

_LIMIT_SECONDS = 20.0
_GROUP = "take-in"

Access = Callable[[str], KafkaAccess]


def kafka_time(milliseconds: int) -> datetime:
    """When Kafka says that it got a record."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


class Kafka:
    """
    The Kafka of a ledger that is restored, read by the credential that only reads.

    `time` is the ledger's time of a time of Kafka's.
    """

    def __init__(self, access: Access, time: Callable[[int], datetime] = kafka_time) -> None:
        self._access, self._time = access, time

    def takers(self) -> int:
        """How many processes take in now."""
        admin = AdminClient(self._access(TAKE_IN).for_confluent() | {"log_level": 0})
        try:
            asked = admin.describe_consumer_groups([_GROUP], request_timeout=_LIMIT_SECONDS)
            return len(asked[_GROUP].result(_LIMIT_SECONDS + 5).members)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return 0
            raise Unavailable(f"Kafka does not say who takes in: {error.args[0].str()}") from error

    def cursors(self) -> dict[int, Cursor]:
        """The newest record of each relay shard's cursor."""
        with reading(self._access(AUDIT)) as reader:
            return reader.cursors()

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        return provision.topic_ids(self._access(AUDIT), topics)

    def topics(self) -> list[str]:
        """Every inbox, outbox and topic of the record that there is."""
        agencies = provision.list_agency_topics(self._access(AUDIT))
        return [*agencies, *self.topic_ids([*KIND_TOPICS, CURSOR])]

    def out(
        self, topics: Iterable[str], keep: Callable[[Out], bool]
    ) -> tuple[dict[str, Topic], list[Out]]:
        """What inboxes and topics of the record hold; of the outs those to `keep`."""
        outs: list[Out] = []
        found: dict[str, Topic] = {}

        def take(topic: str, message: Message) -> bool:
            value, headers = message.value() or b"", texts(dict(message.headers() or ()))
            out = out_of(topic, headers, value, self._time(message.timestamp()[1]))
            if out is not None:
                found[topic].tells(out.sequence)
                found[topic].held.add(out.sequence)
                outs.extend([out] if keep(out) else ())
            elif (last := heard_of(headers, value)) is not None:
                found[topic].tells(last)
            return False

        with reading(self._access(AUDIT)) as reader:
            found |= _bounds(reader, topics)
            reader.read({topic: holds.first for topic, holds in found.items()}, take)
        return found, outs

    def outboxes(
        self, ids: Mapping[str, str], places: Mapping[str, int]
    ) -> tuple[dict[str, Topic], dict[str, list[Record]]]:
        """Outboxes from these places on, and where each begins and ends."""
        found: dict[str, list[Record]] = {topic: [] for topic in ids}

        def take(topic: str, message: Message) -> bool:
            offset = message.offset() or 0
            if offset >= places.get(topic, 0):  # of one that ends before, all is read
                found[topic].append(Record(topic, ids[topic], offset, message.value()))
            return False

        with reading(self._access(AUDIT)) as reader:
            bounds = _bounds(reader, ids)
            reader.read(
                {topic: max(places.get(topic, 0), b.first) for topic, b in bounds.items()}, take
            )
        return bounds, found

    @contextmanager
    def shut(self, shards: Sequence[int]) -> Iterator["Moving"]:
        """No relay can send from here on: what one had begun is undone."""
        producers = {number: self._producer(number) for number in shards}
        try:
            for producer in producers.values():
                producer.init_transactions(_LIMIT_SECONDS)
            yield Moving(producers)
        except KafkaException as error:
            raise Unavailable(
                f"Kafka did not let the cursor move: {error.args[0].str()}"
            ) from error

    def _producer(self, shard: int) -> Producer:
        return Producer(
            self._access(RELAY).for_confluent()
            | {"transactional.id": f"relay-{shard}", "log_level": 0}
        )


class Moving:
    """The relay's cursors, in the hands of one who shut every relay out."""

    def __init__(self, producers: Mapping[int, Producer]) -> None:
        self._producers = producers

    def move(self, ledger: UUID, batches: Mapping[int, int]) -> None:
        """Say in Kafka which batch is the last that went out, by shard."""
        for shard, producer in self._producers.items():
            cursor = Cursor(str(ledger), batches[shard])
            producer.begin_transaction()
            producer.produce(CURSOR, cursor.written(), str(shard).encode(), partition=shard)
            producer.commit_transaction(_LIMIT_SECONDS)


def _bounds(reader: Reader, topics: Iterable[str]) -> dict[str, Topic]:
    return {topic: Topic(*reader.bounds(topic)) for topic in set(topics) if reader.exists(topic)}
