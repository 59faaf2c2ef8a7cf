"""
What is said of a placement: checked, decided, and carried into the child's other cases.

A notice that the law would not call one is refused, so that nobody takes it for given.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from broker.deciding import decide_beside
from broker.decision import Arrival, Decision, Picture, Rulebook
from broker.directory import Directory, kind_of
from broker.entitled import acts_for
from broker.episode import Episode, Fact, is_file, is_placement
from broker.errors import (
    EndsBeforeStart,
    Incomplete,
    Invalid,
    MayNotBeWithheld,
    NotResponsible,
    RiskBlockRequired,
    WrongDistance,
)
from broker.ledger.book import Book
from broker.notices import noticed
from broker.owing import recompute
from broker.placements.firsts import missing_beside
from broker.placements.placement import CURRENT, is_strange, linked, placement_of, placements_of
from broker.recognition import Recognition
from schemas.message import Action, ChildMessage
from schemas.placement import (
    BEGINNING,
    ENDING,
    MAY_BE_WITHHELD,
    ApprovalException,
    ArrivalStage,
    Distance,
    PlacementArrival,
    PlacementNotice,
    PlacementStage,
    WasTold,
)

# What is due some days later must still be a time that can be said.
_TOO_LATE = datetime(2099, 1, 1, tzinfo=UTC)

_ASKED_BY_REGULATION_41 = ("section_20_or_21", "care_or_supervision_order", "education_plan")


def check(message: PlacementNotice | PlacementArrival, directory: Directory) -> None:
    """Refuse what cannot be a notice or an arrival, in words that say what to do."""
    if message.action is Action.cancel:
        return
    if isinstance(message, PlacementNotice):
        _check_notice(message, directory)
    else:
        _check_arrival(message)


def _check_notice(message: PlacementNotice, directory: Directory) -> None:
    _check_sender(message, directory)
    _check_distance(message, directory)
    _check_times(message)
    if message.home is not None and kind_of(message.home) != "provider":
        raise Invalid("a home is a provider; leave it out for any other placement", "home")
    if message.stage in BEGINNING and not (message.risk and message.risk.said):
        raise RiskBlockRequired(
            "say which risks are known, or that none is (risk.none_known)", "risk"
        )
    exception = message.approval.exception if message.approval else None
    if exception is ApprovalException.emergency and message.stage is not PlacementStage.emergency:
        raise Invalid("an emergency is told as one: correct the stage", "approval.exception")
    if exception is ApprovalException.own_foster_carer and message.home is not None:
        raise Invalid("a home is no foster carer: correct this, or home", "approval.exception")
    if message.risk and message.risk.factors and message.risk.none_known:
        raise Invalid("risks are named, and none is known: which is it?", "risk.none_known")
    for told in message.told_outside:
        if told.told is WasTold.withheld and told.who not in MAY_BE_WITHHELD:
            raise MayNotBeWithheld(
                "only parents, holders of a contact order and the previous carer may be withheld "
                "from; of anyone else say not-practicable, and why",
                "told_outside",
            )
        not_told = told.told in (WasTold.withheld, WasTold.not_practicable)
        if not_told and not (told.reason or "").strip():
            raise Incomplete("whoever was not told needs the lawful reason", "told_outside.reason")


def _check_sender(message: PlacementNotice, directory: Directory) -> None:
    responsible = directory.canonical(message.responsible_authority)
    if directory.canonical(message.sender) == responsible:
        return
    if kind_of(message.sender) == "hub" and acts_for(
        message.sender, message.responsible_authority, directory
    ):
        return
    raise NotResponsible(
        "a placement is told by the council that looks after the child: correct this, or let that "
        "council send it",
        "responsible_authority",
    )


def _check_distance(message: PlacementNotice, directory: Directory) -> None:
    canonical = directory.canonical
    own = canonical(message.host_authority) == canonical(message.responsible_authority)
    if own and message.distance is not Distance.own_area:
        raise WrongDistance(
            "this is the council's own area: say own-area, or correct host_authority", "distance"
        )
    if not own and message.distance is Distance.own_area:
        raise WrongDistance(
            "this is another council's area: say adjoining or at-a-distance, or correct "
            "host_authority",
            "distance",
        )


def _check_times(message: PlacementNotice) -> None:
    if message.stage is PlacementStage.unrecognised:
        raise Invalid("this is no stage of a placement", "stage")
    for name in ("starts_at", "ends_at"):
        if (at := getattr(message, name)) is not None and at >= _TOO_LATE:
            raise Invalid("this lies too far ahead to be planned", name)
    if message.stage in ENDING and message.ends_at is None:
        raise Incomplete("say when the placement ends, or ended", "ends_at")
    if message.ends_at is not None and message.ends_at < message.starts_at:
        raise EndsBeforeStart("the placement ends before it starts: compare the two", "ends_at")
    until = message.expected_until
    if until is not None and until < message.starts_at.date():
        raise EndsBeforeStart("the placement is to end before it starts", "expected_until")


def _check_arrival(message: PlacementArrival) -> None:
    if message.stage is ArrivalStage.unrecognised:
        raise Invalid("say admitted or discharged", "stage")
    if message.stage is not ArrivalStage.admitted:
        return
    for name in _ASKED_BY_REGULATION_41:
        if getattr(message, name) is None:
            raise Incomplete("regulation 41 asks for this: yes, no, or not-known", name)
    if message.child.birth_date is None:
        raise Incomplete("regulation 41 asks for the date of birth", "child.birth_date")
    if message.expected_until and message.expected_until < message.occurred_at.date():
        raise EndsBeforeStart("the stay is to end before it began", "expected_until")


def check_quoted(message: PlacementNotice | PlacementArrival, case: Episode) -> None:
    """Refuse what quotes a placement that is not its sender's to speak of."""
    it = placement_of(case)
    if message.replaces is not None or it is None or not is_strange(message, it):
        return
    if isinstance(message, PlacementNotice):
        raise NotResponsible(
            "another council has told of this placement: leave its reference out, or let that "
            "council send it",
            "placement",
        )
    raise Invalid("this is the reference of a placement in another home: leave it out", "placement")


def rival(message: ChildMessage, case: Episode, cases: Iterable[Episode]) -> bool:
    """Whether another home has said that this child came, and nobody that the child left."""
    if not isinstance(message, PlacementArrival) or message.stage is not ArrivalStage.admitted:
        return False
    at = message.occurred_at
    return any(
        it.id != case.id
        and it.arrived
        and it.home not in ("", message.sender)
        and it.state(at) == CURRENT
        for it in placements_of(cases)
    )


def carry_over(arrival: Arrival, child: Recognition, book: Book, rulebook: Rulebook) -> None:
    """Carry what the child's placements say now into every other case that it bears on."""
    cases = book.episodes_of(child.child)
    placed = [case for case in cases if is_placement(case)]
    if not placed:
        return
    # Which placement ended which comes first, as where the child lived then hangs on it.
    for some in (placed, [case for case in cases if not is_placement(case)]):
        placements = placements_of(book.episodes[case.id] for case in placed)
        for case in some:
            after = linked(case, placements, arrival.now, missing_beside(case, cases, rulebook))
            if after is not case:
                picture = Picture(
                    recognition=child,
                    episode=case,
                    duties=book.duties_of(case.id),
                    placements=placements,
                    missing=missing_beside(case, cases, rulebook),
                    read=book.read,
                )
                book.apply(_in(after, picture, arrival, rulebook))


def _in(after: Episode, picture: Picture, arrival: Arrival, rulebook: Rulebook) -> Decision:
    before = picture.episode
    news = [fact for fact in after.facts if fact.beside and fact not in before.facts]
    for fact in reversed(news):
        own = fact.number == arrival.number
        message = arrival.message if own else picture.read(fact.number)
        if isinstance(message, ChildMessage) and _concerns(fact, before, after):
            return decide_beside(picture, arrival, rulebook, message, fact)
    changed = recompute(after, picture.duties, rulebook, arrival.now)
    contents, posts = noticed(changed, arrival, rulebook, arrival.message.message_id)
    return Decision(after, contents, posts, changed.duties, changed.events)


def _concerns(fact: Fact, before: Episode, after: Episode) -> bool:
    """Whether anybody is told: that a placement was followed by the next, or a missing child's."""
    if is_file(after):
        return False
    if is_placement(after):
        return "moved_on" in fact.said
    was, now = before.state, after.state
    if now.over or not now.heard:
        return False
    return (was.lead, was.host, was.home) != (now.lead, now.host, now.home)
