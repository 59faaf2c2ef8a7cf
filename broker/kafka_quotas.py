"""
Quotas of users of Kafka, by its own protocol.

librdkafka, and so confluent-kafka's AdminClient, cannot set quotas; Kafka's own tool needs Java and
takes seconds. aiokafka knows the protocol, and half of these requests.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from broker.connection import KafkaAccess
from broker.errors import Misuse, Unavailable

_LIMIT_SECONDS = 30.0
_ALTER, _EXACTLY = 49, 0
_NOT_ALLOWED = 31  # CLUSTER_AUTHORIZATION_FAILED

_TEXT = String("utf-8")
_ENTITY = ("entity", Array(("entity_type", _TEXT), ("entity_name", _TEXT)))

Answer = TypeVar("Answer")
# By Kafka's names, from what a user has to what it is to have.
Change = Callable[[Mapping[str, float]], Mapping[str, float | None]]


class _Altered(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = _ALTER
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", _TEXT), _ENTITY)),
    )


class _Alter(RequestStruct):  # type: ignore[misc]
    API_KEY = _ALTER
    API_VERSION = 0
    RESPONSE_TYPE = _Altered
    SCHEMA = Schema(
        (
            "entries",
            Array(_ENTITY, ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean)))),
        ),
        ("validate_only", Boolean),
    )


class _AlterRequest(Request[_Alter]):  # type: ignore[misc]
    API_KEY = _ALTER

    def __init__(self, user: str, values: Mapping[str, float | None]) -> None:
        self._user, self._values = user, values

    def build(self, request_struct_class: type[_Alter]) -> _Alter:
        changes = [(key, value or 0.0, value is None) for key, value in self._values.items()]
        return request_struct_class([([("user", self._user)], changes)], False)


def change_quotas(access: KafkaAccess, user: str, change: Change) -> None:
    """Give a user the quotas that follow from those it has; None takes one away."""

    async def alter(client: AIOKafkaClient) -> None:
        values = change(await _describe(access, client, user))
        answer = await _send(client, _AlterRequest(user, values))
        for code, words, _ in answer.entries:
            _require(access, code, words)

    _run(access, alter)


def quotas(access: KafkaAccess, user: str) -> dict[str, float]:
    """The quotas that a user has of its own, by Kafka's names."""
    return _run(access, lambda client: _describe(access, client, user))


async def _describe(access: KafkaAccess, client: AIOKafkaClient, user: str) -> dict[str, float]:
    asked = DescribeClientQuotasRequest([("user", _EXACTLY, user)], True)
    answer = await _send(client, asked)
    _require(access, answer.error_code, answer.error_message)
    return {name: value for _, values in answer.entries or () for name, value in values}


async def _send(client: AIOKafkaClient, request: Any) -> Any:
    return await client.send(client.get_random_node(), request)


def _require(access: KafkaAccess, code: int, words: str | None) -> None:
    if code == _NOT_ALLOWED:
        raise Misuse(f"{access.username} may not administer this Kafka ({words})")
    if code:
        raise Unavailable(f"Kafka refused a quota: {for_code(code).__name__} ({words})")


def _run(
    access: KafkaAccess, ask: Callable[[AIOKafkaClient], Coroutine[Any, Any, Answer]]
) -> Answer:
    async def connected() -> Answer:
        client = AIOKafkaClient(**access.for_aiokafka())
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await client.bootstrap()
                return await ask(client)
        except (KafkaError, TimeoutError) as error:
            name = type(error).__name__
            raise Unavailable(f"Kafka at {access.bootstrap_servers}: {name}") from error
        finally:
            await client.close()

    # In a thread of its own: the caller may have an event loop, which it must not wait in.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, connected()).result()
