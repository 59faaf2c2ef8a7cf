"""
What a policy is: who is told, what follows, on what ground. Values only; `load` reads the YAML.

A rule is matched against a `Situation`: the structured facts of one message and of the absence it
belongs to. There is no expression language: a condition names a field and the values that fit.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from enum import StrEnum

from broker.policy.agreed import NOTHING, Agreed


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
    result: str = ""  # of a safe-and-well.outcome
    reason: str = ""  # why a check or an interview did not take place
    to: str = ""  # of a referral
    type: str = ""  # of a meeting
    held: bool = False  # a meeting or an interview was held
    addressed: bool = False  # the message itself names the address it is for
    consent: str = ""  # to a referral: yes, no, not-known
    referral_ended: bool = False  # an interview says that what a child was referred to has ended
    concern_about_carer: str = ""  # of the absence: yes, not-known, no, or empty: nobody said
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
    reopened: bool = False  # an end was taken back: the child is not back after all
    moved: bool = False  # this message says that the child's home or council changed
    taken_into_care: bool = False  # this message says that a council looks after the child now
    leads_differ: bool = False  # reports name different councils as the lead
    concern_stated: bool = False  # with absent or away: why it is a concern all the same
    exploitation: bool = False  # a risk factor of exploitation was named
    named_exploitation: bool = False  # in this absence, by whomever
    trafficked: bool = False  # the child may have been trafficked, as some report says
    unaccompanied: bool = False  # an unaccompanied child, as some report says
    need_to_know: bool = False  # the sender says that senior managers should know
    of_age: bool = False  # eighteen or over when it happened
    age: int | None = None  # in years when it happened; None: no birth date is known
    sex: str = ""
    first_here: bool = False  # the first time missing since the child was placed where it lives
    still_missing: bool = False  # an absence of category missing stands open
    threshold: str = ""  # of a threshold.reached: its id in the policy
    step: int = 0  # of a threshold.reached: which step
    band: str = ""  # the colour of the case, where a policy has bands
    identity: str = ""  # suspected, contradiction, or empty
    distance: str = ""  # of a placement: own-area, adjoining, at-a-distance
    setting: str = ""  # of an arrival: the sort of home
    approver: str = ""  # of a placement: nominated-officer, director, panel, not-yet, or empty
    approval_exempt: bool = False  # an exception that the law knows is stated
    out_of_area: bool = False  # the host is not the council that looks after the child
    begins: bool = False  # a notice by which a placement begins
    noticed: bool = False  # the council's notice of the placement is on file
    moved_on: bool = False  # the next placement ends this one
    at_once: bool = False  # it ended at once: immediate risk, or it was not practicable
    police_risk: bool = False  # a risk of which the police of the host area are told
    supported: bool = False  # it is supported accommodation, no children's home
    lacks: frozenset[str] = frozenset()  # of what forms ask for: what the message does not state
    rival: bool = False  # another home says that the child lives there
    school_named: bool = False
    health_named: bool = False
    host_nation: str = ""  # of the council in whose area the child is placed
    nation: str = "England"


class View(StrEnum):
    """How much of a message a recipient sees."""

    full = "full"
    summary = "summary"
    signal = "signal"
    intelligence = "intelligence"  # a summary, with the risks and what is for the police
    released = "released"  # a signal, with what the interviewer releases to the home


class Basis(StrEnum):
    """What a rule rests on; a local number is never shown as law."""

    law = "law"
    law_number_local = "law-number-local"  # the law says without delay; how long is local
    statutory_guidance = "statutory-guidance"
    police_practice = "police-practice"
    local = "local"


# What no overlay takes away, delays or lengthens; it is called so only with the text at hand.
BINDING = (Basis.law, Basis.law_number_local, Basis.statutory_guidance)


class Start(StrEnum):
    """What a clock starts from."""

    accepted = "accepted"  # when Homeward accepted the message
    sent = "sent"  # when the delivery is confirmed sent; a closed desk: its opening
    occurred = "occurred"  # when the thing happened
    found = "found"  # when the child was found, else returned
    returned = "returned"  # when the child was back; no time known: no start
    stated = "stated"  # at the time the message states (`review_at`, `next_review_at` ...)
    placed = "placed"  # when the placement starts, as the message says
    ends = "ends"  # when the placement ends, as the message says
    came = "came"  # when the child came to the home, else when the placement starts
    left = "left"  # when the child left the home, else when the placement ends
    began = "began"  # when the absence began: last seen, else noticed, else reported


@dataclass(frozen=True, slots=True)
class Clock:
    """
    When a duty is due: `within` elapsed time, `working_days` or `days`, after its start.

    `high` replaces `within` while the risk is high. With `Start.stated` the stated time is the due
    time, but no later than `at_most` after it was stated; `within` counts from acceptance where
    none is stated. `before`: it must be done before its start, and there is no grace. `days` are
    those of the calendar: due at the midnight in London that ends the last.

    With `again` it comes again and again while the child is missing: due `within` its start, then
    at each of `then` after it, and from the last of those on each so long after the one before.
    """

    starts: Start
    within: timedelta | None = None
    working_days: int | None = None
    high: timedelta | None = None
    at_most: timedelta | None = None
    before: bool = False
    days: int | None = None
    then: tuple[timedelta, ...] = ()
    again: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a ladder: this role, so long after the due time."""

    after: timedelta
    role: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """
    The rungs a late duty climbs, by day (the desk that owes it is open) and by night.

    A `silent` one wakes nobody: it lies at each desk until that opens, and goes to no cover.
    """

    name: str
    day: tuple[Step, ...]
    night: tuple[Step, ...]
    silent: bool = False


# What is brought beside a message, from an earlier absence of the child.
EARLIER_INTERVIEW, EARLIER_RISK = "earlier.interview", "earlier.risk"
EARLIER = frozenset({EARLIER_INTERVIEW, EARLIER_RISK})


@dataclass(frozen=True, slots=True)
class Tell:
    """
    One recipient by role.

    `wakes`: a closed desk is covered at once by the address its directory entry names. Without it
    the delivery lies there silently until opening (immediate danger wakes all the same).
    `covered`: the cover of a closed desk gets it too, silently. `as_kind`: the recipient gets this
    kind, made from the event, in place of the message; or, for one of `EARLIER`, the last of that
    which was said in an earlier absence, beside the message. `and_its_end`: whoever is told of a
    threshold hears how the absence that reached it goes on, and its end.
    """

    role: str
    view: View = View.full
    wakes: bool = False
    as_kind: str = ""
    covered: bool = False
    and_its_end: bool = False


@dataclass(frozen=True, slots=True)
class Owe:
    """
    One duty that follows: `duty` is its name, `owed_by` the role that owes it.

    `met_by` lists what ends it: `acting` (an answer), or a kind, or `kind:field` (that kind, when
    it states the field), or `kind:stage=closed`, or several such joined by `&`. `excused_by` lists
    in the same way what ends it on a lawful ground without its being done. `ends_with_absence`:
    cancelled when the child is back, as nobody needs it any more. `until_18`: it ends, as of age,
    on the eighteenth birthday. `given_up_by` lists what excuses it once its time is over, and not
    before: so that whoever is to keep trying does. `each`: one for each message, not one for the
    absence. `by_itself`: the message that makes it owed may be the doing of it, in time or late (a
    notice of placement).
    `of_child`: what is said of the child ends it, with whatever absence it stands.
    `basis`: where it is not that of its rule, as what is told may be law and the answer local.
    """

    duty: str
    owed_by: str
    clock: Clock
    met_by: tuple[str, ...]
    ladder: str = ""
    ends_with_absence: bool = True
    excused_by: tuple[str, ...] = ()
    until_18: bool = False
    each: bool = False
    by_itself: bool = False
    basis: Basis | None = None
    given_up_by: tuple[str, ...] = ()
    of_child: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """
    When its conditions fit, these are told and these duties follow.

    `when` maps a field of `Situation` to the values that fit. `require` are fields that the message
    is to state: the rule holds where it leaves one of them out. `version` is of the overlay that it
    stands in; empty in the policy of a nation.
    """

    id: str
    when: Mapping[str, frozenset[object]]
    tell: tuple[Tell, ...]
    owe: tuple[Owe, ...]
    basis: Basis
    source: str
    lasting: tuple[Owe, ...] = field(init=False, compare=False)
    """Those of its duties that do not wait for an answer."""
    version: str = ""
    require: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lasting = tuple(owe for owe in self.owe if owe.clock.starts is not Start.sent)
        object.__setattr__(self, "lasting", lasting)

    def fits(self, situation: Situation) -> bool:
        if self.require and situation.lacks.isdisjoint(self.require):
            return False
        return all(getattr(situation, name) in values for name, values in self.when.items())


class Every(StrEnum):
    """How often a return is owed."""

    month = "month"
    quarter = "quarter"


@dataclass(frozen=True, slots=True)
class Return:
    """
    What every agency of some kinds on the broker owes for each period that is over.

    It is due when the last of so many working days after the period ends; what differs in it is to
    be settled in so many working days after it was told, if any are named.
    """

    kind: str
    owed_by: tuple[str, ...]
    every: Every
    working_days: int
    ladder: str
    basis: Basis
    source: str
    report: str = ""  # of a `report.given`: which report
    settle_working_days: int | None = None

    @property
    def duty(self) -> str:
        """The name of what is owed."""
        return f"report-{self.report}" if self.report else self.kind


@dataclass(frozen=True, slots=True)
class Digest:
    """
    What some desks are sent each day of the absences that their agencies know of.

    `at` is the London time at which it is made, on every day of the week.
    """

    id: str
    at: time
    to: tuple[str, ...]
    basis: Basis = Basis.local
    source: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """
    So many absences in a window: the number reached is a step.

    The window is `days` London days that end with the day the newest began, or, without `days`,
    the London calendar month in which it began.
    """

    steps: tuple[int, ...]
    days: int | None = None
    categories: frozenset[str] = frozenset({"missing"})
    reported_to_police: bool = False


@dataclass(frozen=True, slots=True)
class Overnight:
    """The absence covers this span of London time, which may go over midnight."""

    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class MissingFor:
    """The absence lasts longer than this, as time elapses."""

    longer_than: timedelta


@dataclass(frozen=True, slots=True)
class Exploitation:
    """Somebody names a risk of exploitation with the absence."""


@dataclass(frozen=True, slots=True)
class ReferralBy:
    """A partner asks for a meeting about the child, or refers it to a group: one of these desks."""

    functions: frozenset[str]


Criterion = Count | Overnight | MissingFor | Exploitation | ReferralBy


@dataclass(frozen=True, slots=True)
class Threshold:
    """
    A local threshold on the absences of one child, one home or one foster carer.

    It is reached when any criterion is; those that are no counts count as the first step. `when`
    holds of the child as at the start of the newest absence: facts by name, and `age` as years.
    """

    id: str
    any: tuple[Criterion, ...]
    about: str = "child"  # child, home or carer
    when: Mapping[str, frozenset[object]] = field(default_factory=dict)
    basis: Basis = Basis.local
    source: str = ""

    @property
    def steps(self) -> tuple[int, ...]:
        """Every step that a rule may ask for; one without a count has the first alone."""
        counted = {step for one in self.any if isinstance(one, Count) for step in one.steps}
        return tuple(sorted(counted)) or (1,)


@dataclass(frozen=True, slots=True)
class Allocation:
    """
    Which desk is to hold the return interview of a child who fits.

    `to` is a role or one certain desk. `when` holds of the child as it came back: `age` in years,
    `sex`, `district`, and facts by name. The one in force on the London day of the return counts.
    """

    id: str
    to: str
    when: Mapping[str, frozenset[object]]
    valid_from: date
    valid_to: date | None
    basis: Basis
    source: str

    def is_in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Reclassification:
    """
    An absence that goes on so long is one of a missing child: Homeward says so by itself.

    `when` holds of the child as at the start of the absence, as with a threshold. `categories` are
    those that turn into missing.
    """

    id: str
    after: timedelta
    categories: frozenset[str]
    when: Mapping[str, frozenset[object]]
    basis: Basis
    source: str
    version: str = ""  # of the overlay that it stands in


@dataclass(frozen=True, slots=True)
class Policy:
    """
    One version of the rules of one nation.

    `version` is what every delivery and duty cites: `because` is `<rule id>@<version>`, with the
    version of the overlay where the rule stands in one. `digest` is of the file's bytes: a part
    whose digest is not the ledger's does not decide. `places` says in which file and line a rule
    or ladder stands, `files` holds the texts.
    """

    version: str
    nation: str
    valid_from: date
    valid_to: date | None
    rules: tuple[Rule, ...]
    ladders: Mapping[str, Ladder]
    digest: str
    by_kind: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    early_review_at: int | None = None  # absences in 90 days from which an early review is asked
    overlays: tuple[str, ...] = ()  # the versions of those that were laid upon it
    places: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    returns: tuple[Return, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    agreed: Agreed = NOTHING
    asks: frozenset[str] = field(init=False, compare=False, repr=False)
    """Every fact that some rule or band asks for."""
    allocate: tuple[Allocation, ...] = ()
    reclassify: tuple[Reclassification, ...] = ()

    def __post_init__(self) -> None:
        asked = {name for rule in self.rules for name in rule.when}
        asked |= {name for band in self.agreed.bands for when in band.when for name in when}
        object.__setattr__(self, "asks", frozenset(asked))

    def matching(self, situation: Situation) -> list[Rule]:
        """The rules that fit, in the order of the file."""
        situation = self.banded(situation)
        return [rule for rule in self.by_kind.get(situation.kind, ()) if rule.fits(situation)]

    def lasting(self, situation: Situation) -> Iterator[Rule]:
        """The rules that fit and open a duty that does not wait for an answer."""
        situation = self.banded(situation)
        for rule in self.by_kind.get(situation.kind, ()):
            if rule.lasting and rule.fits(situation):
                yield rule

    def banded(self, situation: Situation) -> Situation:
        """The situation with the colour of the case: of the first band that fits."""
        for band in self.agreed.bands:
            alternatives = band.when or ({},)
            if any(
                all(getattr(situation, name) in fits for name, fits in when.items())
                for when in alternatives
            ):
                return replace(situation, band=band.name)
        return situation

    def because(self, rule: Rule) -> str:
        return f"{rule.id}@{rule.version or self.version}"


def by_id(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """The alternatives that have one id, at the place of the first of them."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.id, []).append(rule)
    return found


def by_kind(rules: Iterable[Rule]) -> dict[str, tuple[Rule, ...]]:
    """The rules about each kind, in their order."""
    rules = tuple(rules)
    return {
        kind: tuple(rule for rule in rules if kind in rule.when.get("kind", ()))
        for kind in sorted({str(kind) for rule in rules for kind in rule.when.get("kind", ())})
    }
