"""
What a policy is: who is told, what follows, on what ground. Values only; `load` reads the YAML.

A rule is matched against a `Situation`: the structured facts of one message and of the absence it
belongs to. There is no expression language: a condition names a field and the values that fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Situation:
    """
    The structured facts a rule may ask about; each is a short word or a truth value.

    Lists of people, addresses and times are not here: roles and clocks look those up.
    """

    kind: str
    sender: str = ""  # kind of agency: police, la, provider ...
    category: str = ""  # as it stands after this message
    stage: str = ""
    outcome: str = ""
    risk: str = ""  # the highest that stands; empty: none stated
    event: str = ""  # of an iro.alert
    looked_after: bool = False
    protection_plan: bool = False
    open_to_social_work: bool = False
    place_elsewhere: bool = False  # the council of the place is not the lead council
    lives_in_home: bool = False
    immediate_danger: bool = False
    police_report: str = ""  # made, not-yet, or empty when nothing is said
    review_stated: bool = False
    time_known: bool = True
    ended: bool = False  # the absence had already ended when this message was taken in
    upgraded: bool = False  # this message made an absence one of a missing child
    identity: str = ""  # suspected, contradiction, or empty
    nation: str = "England"


class View(StrEnum):
    """How much of a message a recipient sees."""

    full = "full"
    summary = "summary"
    signal = "signal"


class Basis(StrEnum):
    """What a rule rests on; a local number is never shown as law."""

    law = "law"
    statutory_guidance = "statutory-guidance"
    police_practice = "police-practice"
    local = "local"


class Start(StrEnum):
    """What a clock starts from."""

    accepted = "accepted"  # when Homeward accepted the message
    sent = "sent"  # when the delivery is confirmed sent; a closed desk: its opening
    occurred = "occurred"  # when the thing happened
    found = "found"  # when the child was found, else returned
    returned = "returned"  # when the child was back; no time known: no start
    stated = "stated"  # at the time the message states (`review_at`, `next_review_at`)


@dataclass(frozen=True, slots=True)
class Clock:
    """
    When a duty is due: `within` elapsed time, or `working_days`, after its start.

    `high` replaces `within` while the risk is high. With `Start.stated` the stated time is the due
    time, and `within` counts from acceptance where none is stated.
    """

    starts: Start
    within: timedelta | None = None
    working_days: int | None = None
    high: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: this role, so long after the due time."""

    after: timedelta
    role: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs a late duty climbs, by day (the desk that owes it is open) and by night."""

    name: str
    day: tuple[Step, ...]
    night: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """
    One recipient by role.

    `wakes`: a closed desk is covered at once by the address its directory entry names. Without it
    the delivery lies there silently until opening (immediate danger wakes all the same).
    `as_kind`: the recipient gets this kind, made from the event, in place of the message.
    """

    role: str
    view: View = View.full
    wakes: bool = False
    as_kind: str = ""


@dataclass(frozen=True, slots=True)
class Owe:
    """
    One duty that follows: `duty` is its name, `owed_by` the role that owes it.

    `met_by` lists what ends it: `acting` (an answer), or a kind, or `kind:field` (that kind, when
    it states the field), or `kind:stage=closed`. `ends_with_absence`: cancelled when the child is
    back, as nobody needs it any more.
    """

    duty: str
    owed_by: str
    clock: Clock
    met_by: tuple[str, ...]
    ladder: str = ""
    ends_with_absence: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """
    When its conditions fit, these are told and these duties follow.

    `when` maps a field of `Situation` to the values that fit.
    """

    id: str
    when: Mapping[str, frozenset[object]]
    tell: tuple[Tell, ...]
    owe: tuple[Owe, ...]
    basis: Basis
    source: str

    def fits(self, situation: Situation) -> bool:
        return all(getattr(situation, name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Policy:
    """
    One version of the rules of one nation.

    `version` is what every delivery and duty cites: `because` is `<rule id>@<version>`.
    `digest` is of the file's bytes: a part whose digest is not the ledger's does not decide.
    """

    version: str
    nation: str
    valid_from: date
    valid_to: date | None
    rules: tuple[Rule, ...]
    ladders: Mapping[str, Ladder]
    digest: str
    by_kind: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def matching(self, situation: Situation) -> list[Rule]:
        """The rules that fit, in the order of the file."""
        return [rule for rule in self.by_kind.get(situation.kind, ()) if rule.fits(situation)]

    def because(self, rule: Rule) -> str:
        return f"{rule.id}@{self.version}"
