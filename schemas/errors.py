"""The part of the error tree that reading bytes needs; `broker.errors` draws the whole."""

from typing import ClassVar


class Rejected(Exception):
    """
    A message cannot be accepted as it stands.

    `code` is stable: rejection, dead letter, metric and runbook use it. `field` is the dotted path
    of what is wrong, or empty. `detail` says in words what to do, and never quotes the value.
    """

    code: ClassVar[str] = "rejected"

    def __init__(self, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class Empty(Rejected):
    """The record has no value."""

    code = "empty"


class Undecodable(Rejected):
    """The bytes are not Avro in the Confluent framing."""

    code = "undecodable"


class UnknownSchema(Rejected):
    """The schema id is not one that Homeward publishes."""

    code = "unknown-schema"


class Invalid(Rejected):
    """A field breaks its own rule (length, pattern, check digit, order of times)."""

    code = "invalid"


class ReasonRequired(Invalid):
    """What changes, or was not done, is said without why."""

    code = "reason-required"


class KindNotServed(Rejected):
    """The kind is in the catalogue, but Homeward does not take it from agencies yet."""

    code = "kind-not-served"


class HomewardError(Exception):
    """The root of what is not the message's fault: nothing raises it itself."""


class Unavailable(HomewardError):
    """Kafka, the ledger or another service is away: the same call may succeed later."""


class Misuse(HomewardError):
    """A command or setting is wrong: the message says what to do."""
