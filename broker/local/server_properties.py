"""The configuration file of a Kafka server on this machine."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from broker.connection import ADMIN

_FIXED = """
process.roles=broker,controller

# Clients, and the server itself where it writes transaction markers, prove who they are by SCRAM.
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512

# SCRAM passwords are kept by the controller, so the way to the controller cannot need one: it takes
# PLAIN, and knows the administrator only. Nobody else gets in there, and nobody unnamed anywhere.
listener.name.controller.sasl.enabled.mechanisms=PLAIN
sasl.mechanism.controller.protocol=PLAIN

authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
auto.create.topics.enable=false

# An inbox takes records twice as large as an outbox does.
message.max.bytes=2097152

group.initial.rebalance.delay.ms=0

# Take-over after kill -9 waits for the session: let a consumer ask for a short one.
group.min.session.timeout.ms=1000

# After kill -9 the node waits until its dead twin's registration ends, and everybody who writes
# until the dead node is given up: 9 s if not told otherwise.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500

# Little memory, quick start.
offsets.topic.num.partitions=5
transaction.state.log.num.partitions=5
share.coordinator.state.topic.num.partitions=5
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=1
num.io.threads=2
"""

_REPLICATED = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
_CONFIRMED_BY = (
    "min.insync.replicas",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.min.isr",
)


class Ports(NamedTuple):
    """Where one node listens: for clients, and for the controllers."""

    client: int
    controller: int


def server_properties(number: int, data: Path, ports: Sequence[Ports], password: str) -> str:
    """
    The whole file of one node; `ports` are those of every node, the first of node 1.

    Each is broker and controller, on the loopback address only. With three nodes everything is
    kept three times, and confirmed once two have it. The file holds the administrator's password:
    keep it readable by this user only.
    """
    replicas = min(3, len(ports))
    copies = [f"{name}={replicas}" for name in _REPLICATED]
    copies += [f"{name}={max(1, replicas - 1)}" for name in _CONFIRMED_BY]
    own = ports[number - 1]
    voters = ",".join(f"{n}@127.0.0.1:{one.controller}" for n, one in enumerate(ports, start=1))
    login = f'required username="{ADMIN}" password="{password}"'
    scram = f"org.apache.kafka.common.security.scram.ScramLoginModule {login};"
    plain = f"org.apache.kafka.common.security.plain.PlainLoginModule {login}"
    lines = "\n".join(copies)
    return f"""{_FIXED}
{lines}
node.id={number}
controller.quorum.voters={voters}
listeners=CLIENT://127.0.0.1:{own.client},CONTROLLER://127.0.0.1:{own.controller}
advertised.listeners=CLIENT://127.0.0.1:{own.client}
log.dirs={data}
super.users=User:{ADMIN}
listener.name.client.scram-sha-512.sasl.jaas.config={scram}
listener.name.controller.plain.sasl.jaas.config={plain} user_{ADMIN}="{password}";
"""
