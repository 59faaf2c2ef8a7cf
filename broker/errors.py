"""
Every error Homeward raises on purpose, by who is at fault.

    Rejected          the message is at fault: answered with a rejection, kept as a dead letter
    HomewardError
    ├── Unavailable   the world is at fault: wait, try the same again
    └── Misuse        whoever runs Homeward is at fault: says what to do, exit code 2

Anything else is our bug.
"""

from schemas.errors import Empty, Invalid, KindNotServed, Rejected, Undecodable, UnknownSchema

__all__ = [
    "Empty",
    "HomewardError",
    "IdReused",
    "Invalid",
    "KindNotServed",
    "Misuse",
    "NotYourDelivery",
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


class HomewardError(Exception):
    """The root of what is not the message's fault: nothing raises it itself."""


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
