"""
Every channel and message as an AsyncAPI 3 document, read off the published schemas.

Made here and not by FastStream, which describes the subscribers and publishers it runs itself:
that is one subscriber to a pattern of raw bytes. It knows nothing of the relay, of an agency's
name in a channel's, or of Avro.
"""

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from schemas import generate
from schemas.kinds import FROM_AGENCIES, KINDS, RECORD_TOPICS, event_type
from schemas.notices import Heartbeat

OUTBOX, INBOX = "outbox.{agency}", "inbox.{agency}"

_AVRO = "application/vnd.apache.avro+json;version=1.9.0"
_BINDING = {"bindingVersion": "0.5.0"}


def document() -> dict[str, Any]:
    """The whole document, as JSON would have it."""
    channels = {
        "outbox": _channel(OUTBOX, "What an agency writes; only that agency may.", _sent()),
        "inbox": _channel(INBOX, "What an agency reads; only that agency may.", _delivered()),
        **{
            topic: _channel(topic, "The record of what was accepted, for the operator.", _of(topic))
            for topic in sorted(set(RECORD_TOPICS.values()))
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Homeward",
            "version": version("homeward"),
            "description": "Who must know that a child is missing, found or back. A value is a "
            "zero byte, the schema id in four bytes, then the Avro body.",
        },
        "defaultContentType": "application/avro",
        "channels": channels,
        "operations": {
            name: {
                "action": "receive" if name == "outbox" else "send",
                "channel": {"$ref": f"#/channels/{name}"},
            }
            for name in channels
        },
        "components": {
            "messageTraits": {
                "advice": _trait(_EVENT, _EVENT),
                "event": _trait(_EVENT),
                "delivery": _trait(_EVENT | _DELIVERY, _EVENT_OPTIONAL | {"answer_by"}),
                "record": _trait(_EVENT | _RECORD),
            },
            "schemas": {name: _avro(name) for name in generate.published()},
        },
    }


def _sent() -> dict[str, Any]:
    """The topic says who wrote and the schema what it is, so headers of an agency are advice."""
    return {name: _message(name, "advice") for name in _versions(FROM_AGENCIES)}


def _delivered() -> dict[str, Any]:
    """Heartbeats are no deliveries: they take no sequence number."""
    found = {name: _message(name, "delivery") for name in _versions(KINDS)}
    beats = {name: _message(name, "event") for name in _versions([Heartbeat.KIND])}
    return found | beats


def _of(topic: str) -> dict[str, Any]:
    kinds = [kind for kind, its_topic in RECORD_TOPICS.items() if its_topic == topic]
    return {name: _message(name, "record") for name in _versions(kinds)}


def _versions(kinds: Iterable[str]) -> list[str]:
    wanted = set(kinds)
    return [name for name in generate.published() if name.rpartition(".v")[0] in wanted]


def _channel(address: str, description: str, messages: dict[str, Any]) -> dict[str, Any]:
    channel = {"address": address, "description": description, "messages": messages}
    if "{" in address:
        channel["parameters"] = {
            "agency": {
                "description": "The id of an agency.",
                "examples": ["la.E10000028", "police.E23000015", "provider.SC123456"],
            }
        }
        channel["bindings"] = {"kafka": {"partitions": 1, **_BINDING}}
    return channel


def _message(name: str, trait: str) -> dict[str, Any]:
    kind, _, number = name.rpartition(".v")
    return {
        "name": event_type(kind, int(number)),
        "title": name,
        "summary": json.loads(generate.text(name))["doc"],
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "traits": [{"$ref": f"#/components/messageTraits/{trait}"}],
    }


def _avro(name: str) -> dict[str, Any]:
    return {"schemaFormat": _AVRO, "schema": json.loads(generate.text(name))}


_TIME = {"type": "string", "format": "date-time"}
_YES_OR_NO = {"type": "string", "enum": ["true", "false"]}

_EVENT: dict[str, Any] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "The message id"},
    "ce_type": {"type": "string", "description": "Kind and version"},
    "ce_source": {"type": "string", "description": "The agency that said it"},
    "ce_time": _TIME,
    "ce_subject": {"type": "string", "description": "The child: a pseudonym for this reader alone"},
    "content-type": {"type": "string", "const": "application/avro"},
}
_EVENT_OPTIONAL = {"ce_subject"}
_DELIVERY: dict[str, Any] = {
    "delivery": {"type": "string", "format": "uuid", "description": "What an answer names"},
    "sequence": {"type": "string", "description": "Gapless in one inbox"},
    "address": {"type": "string", "description": "The function it is for"},
    "view": {"type": "string", "enum": ["full", "summary", "signal"]},
    "wakes": _YES_OR_NO | {"description": "Whether it may ring at night"},
    "because": {"type": "string", "description": "The rule @ the version of the policy"},
    "answer_by": _TIME,
    "exercise": _YES_OR_NO,
}
_RECORD: dict[str, Any] = {
    "delivery": {"type": "string", "format": "uuid", "description": "The record's own id"},
    "sequence": {"type": "string", "description": "Gapless in one topic"},
    "acceptance": {"type": "string", "description": "Orders all that was accepted"},
    "decided_at": _TIME,
    "exercise": _YES_OR_NO,
}


def _trait(
    headers: dict[str, Any], optional: Iterable[str] = frozenset(_EVENT_OPTIONAL)
) -> dict[str, Any]:
    return {
        "contentType": "application/avro",
        "headers": {
            "type": "object",
            "properties": headers,
            "required": [name for name in headers if name not in set(optional)],
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "As ce_subject; none where there is none"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "schemaLookupStrategy": "RecordNameStrategy",
                **_BINDING,
            }
        },
    }
