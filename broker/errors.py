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
    ReasonRequired,
    Rejected,
    Unavailable,
    Undecodable,
    UnknownSchema,
)

__all__ = [
    "Dropped",
    "Empty",
    "EndsBeforeStart",
    "EntryEndsFirst",
    "EntryOutside",
    "HomewardError",
    "IdChanged",
    "IdReused",
    "Incomplete",
    "Invalid",
    "KindNotServed",
    "MayNotBeWithheld",
    "Misuse",
    "NilOrEntries",
    "NotAHome",
    "NotInThisState",
    "NotResponsible",
    "NotYourChild",
    "NotYourDelivery",
    "NotYourDesk",
    "NotYourKind",
    "NotYourSubscription",
    "NotYours",
    "NothingToReplace",
    "PartsDiffer",
    "PeriodNotOver",
    "PeriodWrong",
    "ReasonRequired",
    "ReferenceTwice",
    "Rejected",
    "RiskBlockRequired",
    "SenderGone",
    "SinglesOut",
    "Superseded",
    "TooBroad",
    "Unavailable",
    "Undecodable",
    "Unexpected",
    "UnknownAgency",
    "UnknownRegion",
    "UnknownSchema",
    "UntilOutOfRange",
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


class NotYourChild(Rejected):
    """What is kept of a child is asked for by an agency that has nothing to do with the child."""

    code = "not-your-child"


class NotYourDelivery(Rejected):
    """An answer to a delivery that was never made, or was made to somebody else."""

    code = "not-your-delivery"


class NothingToReplace(Rejected):
    """An update or cancel names a message that is not the sender's, or of another kind."""

    code = "nothing-to-replace"


class UntilOutOfRange(Rejected):
    """The last day has passed, or lies more than twelve months ahead."""

    code = "until-out-of-range"


class TooBroad(Rejected):
    """A subscription to everything."""

    code = "too-broad"


class SinglesOut(Rejected):
    """A filter that could tell of a single child to whoever has no tie to it."""

    code = "singles-out"


class UnknownRegion(Rejected):
    """No region is called this."""

    code = "unknown-region"


class NotAHome(Rejected):
    """What is named as a home is not an agency that provides care."""

    code = "not-a-home"


class NotYourDesk(Rejected):
    """It is to go to a desk of another agency."""

    code = "not-your-desk"


class NotYourSubscription(Rejected):
    """A subscription that there is not, or that is not the sender's."""

    code = "not-your-subscription"


class NotInThisState(Rejected):
    """As the subscription stands, this cannot be done with it, or was done already."""

    code = "not-in-this-state"


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


class PeriodWrong(Rejected):
    """A period ends before it starts, or is longer than a year."""

    code = "period-wrong"


class PeriodNotOver(Rejected):
    """A period has not ended yet: what starts in it cannot be counted."""

    code = "period-not-over"


class EntryOutside(Rejected):
    """An absence does not start on a London day of the period."""

    code = "entry-outside-period"


class EntryEndsFirst(Rejected):
    """An absence ends before it starts."""

    code = "entry-ends-first"


class ReferenceTwice(Rejected):
    """One reference stands for two absences of one census."""

    code = "reference-twice"


class NilOrEntries(Rejected):
    """A census has neither absences nor the word that there were none, or both."""

    code = "nil-or-entries"


class PartsDiffer(Rejected):
    """A part does not belong to the other parts of its list."""

    code = "parts-differ"


class Unexpected(Rejected):
    """A bug of ours: the record is kept for an operator, the sender need not do anything."""

    code = "unexpected"


class IdChanged(Rejected):
    """A repaired message has another id than the sender gave it, or one that is taken."""

    code = "id-changed"


class SenderGone(Rejected):
    """Whose record it was is not on Homeward any more."""

    code = "sender-gone"


class Dropped(Rejected):
    """An operator decided that nothing follows from a record that was set aside."""

    code = "dropped"


class Superseded(Unavailable):
    """Another process has taken over what this one held: drop everything and start again."""
