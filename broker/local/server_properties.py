"""The configuration file of the Kafka server on this machine."""

from pathlib import Path

from broker.connection import ADMIN

_NODE = 1  # fixed: a disk belongs to one node

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

# One node.
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0

# Take-over after kill -9 waits for the session: let a consumer ask for a short one.
group.min.session.timeout.ms=1000

# After kill -9 the node waits until its dead twin's registration ends: 9 s if not told otherwise.
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


def server_properties(data: Path, client_port: int, controller_port: int, password: str) -> str:
    """
    The whole file: one node that is broker and controller, on the loopback address only.

    It holds the administrator's password: keep it readable by this user only.
    """
    login = f'required username="{ADMIN}" password="{password}"'
    scram = f"org.apache.kafka.common.security.scram.ScramLoginModule {login};"
    plain = f"org.apache.kafka.common.security.plain.PlainLoginModule {login}"
    return f"""{_FIXED}
node.id={_NODE}
controller.quorum.voters={_NODE}@127.0.0.1:{controller_port}
listeners=CLIENT://127.0.0.1:{client_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=CLIENT://127.0.0.1:{client_port}
log.dirs={data}
super.users=User:{ADMIN}
listener.name.client.scram-sha-512.sasl.jaas.config={scram}
listener.name.controller.plain.sasl.jaas.config={plain} user_{ADMIN}="{password}";
"""
