"""A Kafka of three nodes keeps everything three times, and each node can go and come back alone."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from broker import provision
from broker.connection import RELAY
from broker.errors import Misuse
from broker.kafka_admin import Admin
from broker.local.kafka import LocalKafka
from broker.provision import CURSOR, inbox, outbox
from tests.servers import KafkaServer, kafka_server

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

AGENCY = "la.E10000028"
TOPICS = ("__consumer_offsets", "__transaction_state", CURSOR, inbox(AGENCY), outbox(AGENCY))


async def test_three_nodes_keep_everything_and_one_may_be_killed():
    with kafka_server(nodes=3) as server:
        server.add_agency(AGENCY)
        await asyncio.wait_for(_relay(server, b"before"), 30)
        leader = _leader(server, inbox(AGENCY))
        server.local.nodes[leader - 1].kill()
        await asyncio.wait_for(_relay(server, b"meanwhile"), 30)
        provision.add_agency(server.local.access(), "la.E10000029", "secret")
        server.local.start_node(leader)

        frozen = server.local.nodes[_leader(server, inbox(AGENCY)) - 1]
        frozen.freeze()
        await asyncio.wait_for(_relay(server, b"frozen"), 60)
        frozen.thaw()

        assert await _read(server) == [b"before", b"meanwhile", b"frozen"]
        assert _copies(server) == dict.fromkeys(TOPICS, (3, "2"))
        later = inbox("la.E10000029")
        assert (
            len(Admin(server.local.access()).describe([later])[later].partitions[0].replicas) == 3
        )

        server.stop()
        with pytest.raises(Misuse, match="has 3 nodes, not 1"):
            LocalKafka(server.settings.model_copy(update={"kafka_nodes": 1})).start()


async def _relay(server: KafkaServer, value: bytes) -> None:
    producer = AIOKafkaProducer(
        **server.access(RELAY).for_aiokafka(), transactional_id="relay-0", request_timeout_ms=5_000
    )
    async with producer, producer.transaction():
        await producer.send_and_wait(inbox(AGENCY), value)


async def _read(server: KafkaServer) -> list[bytes]:
    consumer = AIOKafkaConsumer(
        inbox(AGENCY),
        **server.access(AGENCY).for_aiokafka(),
        group_id=f"{AGENCY}.test",
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        metadata_max_age_ms=5_000,  # the node that was frozen may say that it still leads
    )
    async with consumer, asyncio.timeout(60):
        return [(await consumer.getone()).value for _ in range(3)]


def _copies(server: KafkaServer) -> dict[str, tuple[int, str]]:
    """How often each topic is kept, and how many must confirm a write."""
    admin = AdminClient({**server.local.access().for_confluent(), "log_level": 0})
    topics = Admin(server.local.access()).describe(TOPICS)
    asked = [ConfigResource(ResourceType.TOPIC, topic) for topic in TOPICS]
    configs = {one.name: future.result(20) for one, future in admin.describe_configs(asked).items()}
    return {
        name: (
            len(topics[name].partitions[0].replicas),
            configs[name]["min.insync.replicas"].value,
        )
        for name in TOPICS
    }


def _leader(server: KafkaServer, topic: str) -> int:
    partition = Admin(server.local.access()).describe([topic])[topic].partitions[0]
    return int(partition.leader.id)
