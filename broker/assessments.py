"""
How the risk of a child was assessed, entry by entry: nothing is overwritten. Pure.

An entry counts from when its facts were obtained, so that one that comes late is filed where it
belongs and never takes the place of a newer one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from broker.episode import ELSEWHERE, Fact, standing
from schemas.missing import MissingNotification, MissingUpdate

_KINDS = (MissingNotification.KIND, MissingUpdate.KIND)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: who said what of the risk, when it was obtained and when it was stated."""

    number: int  # of the message
    message_id: str
    author: str  # the address
    obtained_at: datetime
    stated_at: datetime
    heard_at: datetime
    risk: str = ""
    likelihood: str = ""
    consequence: str = ""
    reasoned: bool = False

    @property
    def graded(self) -> bool:
        """Whether it grades the risk; else it only adds a fact to what grades rest on."""
        return bool(self.risk or self.likelihood or self.consequence)


def entry_of(fact: Fact) -> Entry | None:
    """What a fact says of the risk; None where it says nothing of it."""
    said = fact.said
    names = ("risk", "risk_likelihood", "risk_consequence", "risk_at")
    if fact.kind not in _KINDS or fact.beside or ELSEWHERE in said:
        return None
    if not any(name in said for name in names):
        return None
    return Entry(
        number=fact.number,
        message_id=fact.message_id,
        author=fact.address,
        obtained_at=said.get("risk_at") or fact.at,
        stated_at=fact.sent_at,
        heard_at=fact.heard,
        risk=said.get("risk", ""),
        likelihood=said.get("risk_likelihood", ""),
        consequence=said.get("risk_consequence", ""),
        reasoned=bool(said.get("risk_reason")),
    )


def entries(facts: Iterable[Fact]) -> tuple[Entry, ...]:
    """Every entry that stands, in the order in which its facts were obtained."""
    found = (entry for fact in standing(facts) if (entry := entry_of(fact)))
    return tuple(sorted(found, key=lambda one: (one.obtained_at, one.stated_at, one.message_id)))


def current(each: Iterable[Entry]) -> Entry | None:
    """The grade that stands: the last that was obtained."""
    graded = [entry for entry in each if entry.graded]
    return graded[-1] if graded else None
