"""
Every error Homeward raises on purpose, by who is at fault.

    Rejected          the message is at fault: answered with a rejection, kept as a dead letter
    HomewardError
    ├── Unavailable   the world is at fault: wait, try the same again
    └── Misuse        whoever runs Homeward is at fault: says what to do, exit code 2

Anything else is our bug.
"""

from schemas.errors import (
    Empty,
    HomewardError,
    Invalid,
    KindNotServed,
    Misuse,
    Rejected,
    Unavailable,
    Undecodable,
    UnknownSchema,
)

__all__ = [
    "Empty",
    "HomewardError",
    "IdReused",
    "Invalid",
    "KindNotServed",
    "Misuse",
    "NotYourDelivery",
    "NotYourKind",
    "NotYours",
    "NothingToReplace",
    "Rejected",
    "Superseded",
    "Unavailable",
    "Undecodable",
    "Unexpected",
    "UnknownAgency",
    "UnknownSchema",
]


class NotYours(Rejected):
    """The sender speaks for an agency whose topic it does not own."""

    code = "not-your-topic"


class NotYourKind(Rejected):
    """Agencies of this sort do not send messages of this kind."""

    code = "not-your-kind"


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


class Superseded(Unavailable):
    """Another process has taken over what this one held: drop everything and start again."""
