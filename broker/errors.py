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
    "EndsBeforeStart",
    "HomewardError",
    "IdReused",
    "Incomplete",
    "Invalid",
    "KindNotServed",
    "MayNotBeWithheld",
    "Misuse",
    "NotResponsible",
    "NotYourDelivery",
    "NotYourKind",
    "NotYours",
    "NothingToReplace",
    "Rejected",
    "RiskBlockRequired",
    "Superseded",
    "Unavailable",
    "Undecodable",
    "Unexpected",
    "UnknownAgency",
    "UnknownSchema",
    "WrongDistance",
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


class NotResponsible(Rejected):
    """A placement is told by the council that looks after the child, or by a hub acting for it."""

    code = "not-responsible"


class WrongDistance(Rejected):
    """What is said of the distance does not go with the two councils that are named."""

    code = "wrong-distance"


class EndsBeforeStart(Rejected):
    """Something ends before it starts."""

    code = "ends-before-start"


class RiskBlockRequired(Rejected):
    """A notice says what risks are known, or that none is: silence is neither."""

    code = "risk-block-required"


class MayNotBeWithheld(Rejected):
    """Somebody was not told, and the law knows no ground for that."""

    code = "may-not-be-withheld"


class Incomplete(Rejected):
    """The law or the form asks for something that is not there."""

    code = "incomplete"


class Unexpected(Rejected):
    """A bug of ours: the record is kept for an operator, the sender need not do anything."""

    code = "unexpected"


class Superseded(Unavailable):
    """Another process has taken over what this one held: drop everything and start again."""
