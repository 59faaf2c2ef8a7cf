"""Whose word ends what somebody owes: nobody meets or excuses a stranger's duty. Pure."""

from collections.abc import Collection, Iterable

from broker.directory import Directory, kind_of
from broker.duties import Duty, asked_of
from broker.episode import Fact, State
from schemas.casework import MeetingOutcome
from schemas.missing import MissingUpdate
from schemas.outcomes import CheckResult, ReturnInterviewOutcome, SafeAndWellOutcome


def may_end(
    duty: Duty, fact: Fact, state: State, directory: Directory, named: Collection[str] = ()
) -> bool:
    """
    Whether this is for its sender to say, as far as this duty goes.

    `named` are further councils whose child it was: what they did while it was theirs counts.
    """
    if asked_of(duty, fact.address):
        return True
    if fact.kind == SafeAndWellOutcome.KIND:  # that a child was seen counts, whoever saw the child
        return fact.said.get("result") == CheckResult.done.value
    if fact.kind == ReturnInterviewOutcome.KIND:
        return _holds_interviews(fact.sender, state, directory, named)
    if fact.kind == MeetingOutcome.KIND:
        asked = bool(duty.occasion) and fact.said.get("request") == duty.occasion
        return asked or fact.sender in _councils(state, directory, named)
    if fact.kind == MissingUpdate.KIND:  # a review that the police set themselves is theirs
        return duty.name != "review-risk"
    return True


def _holds_interviews(
    agency: str, state: State, directory: Directory, named: Collection[str]
) -> bool:
    if agency == state.interviewer and may_allocate(state.allocated_by, state, directory, named):
        return True
    councils = _councils(state, directory, named)
    commissioned = kind_of(agency) == "service" and directory.area_of(agency) in councils
    return commissioned or may_allocate(agency, state, directory, named)


def may_allocate(
    agency: str, state: State, directory: Directory, named: Collection[str] = ()
) -> bool:
    """Whether it is for this agency to say who holds the interview: lead, host, or their hub."""
    councils = _councils(state, directory, named)
    if kind_of(agency) == "hub":
        return any(acts_for(agency, council, directory) for council in councils)
    return directory.today(agency) in councils


def acts_for(hub: str, council: str, directory: Directory) -> bool:
    """Whether a hub is a team for this council: one acts for those of one force's area."""
    force = directory.police_for(hub)
    return force is not None and force == directory.police_for(council)


def _councils(state: State, directory: Directory, named: Collection[str]) -> frozenset[str]:
    each = (*state.leads, state.host, *named)
    return frozenset(directory.today(council) for council in each if council)


def councils_named(stand: Iterable[Fact], said: Iterable[Fact]) -> frozenset[str]:
    """Every council whose child it was said to be, by what stands and by what that corrects."""
    by_id = {(fact.sender, fact.message_id): fact for fact in said}
    found: set[str] = set()
    for fact in stand:
        each: Fact | None = fact
        while each is not None:
            found |= {each.said.get("responsible", ""), each.said.get("lives_in", "")}
            each = by_id.get((each.sender, each.replaces)) if each.replaces else None
    return frozenset(found - {""})
