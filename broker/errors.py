"""
Every error Homeward raises on purpose, by who is at fault.

    HomewardError
    ├── Rejected      the message is at fault: answered with a rejection, kept as a dead letter
    ├── Unavailable   the world is at fault: wait, try the same again
    └── Misuse        whoever runs Homeward is at fault: says what to do, exit code 2

Anything else is our bug.
"""

from typing import ClassVar


class HomewardError(Exception):
    """The root: nothing raises it itself."""


class Rejected(HomewardError):
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


class Undecodable(Rejected):
    """The bytes are not Avro in the Confluent framing."""

    code = "undecodable"


class UnknownSchema(Rejected):
    """The schema id is not one that Homeward publishes."""

    code = "unknown-schema"


class Empty(Rejected):
    """The record has no value."""

    code = "empty"


class Invalid(Rejected):
    """A field breaks its own rule (length, pattern, check digit, order of times)."""

    code = "invalid"


class KindNotServed(Rejected):
    """The kind is in the catalogue, but this version of Homeward does not take it."""

    code = "kind-not-served"


class NotYours(Rejected):
    """The sender speaks for an agency whose topic it does not own."""

    code = "not-your-topic"


class UnknownAgency(Rejected):
    """An authority, force or agency that is named is not in the directory."""

    code = "unknown-agency"


class IdReused(Rejected):
    """The message id was used before, with another content."""

    code = "id-reused"


class NotYourDelivery(Rejected):
    """An answer to a delivery that was never made, or was made to somebody else."""

    code = "not-your-delivery"


class NothingToReplace(Rejected):
    """An update or cancel names a message that is not the sender's, or of another kind."""

    code = "nothing-to-replace"


class Unexpected(Rejected):
    """A bug of ours: the record is kept for an operator, the sender need not do anything."""

    code = "unexpected"


class Unavailable(HomewardError):
    """Kafka, the ledger or another service is away: the same call may succeed later."""


class Superseded(Unavailable):
    """Another process has taken over what this one held: drop everything and start again."""


class Misuse(HomewardError):
    """A command or setting is wrong: the message says what to do."""
