"""
What a place that cares for a child may be shown, as it may be the place the child is afraid of.

Policy says who is told; this takes away what no policy gives to a home. Pure.
"""

from broker.directory import kind_of
from broker.episode import State
from broker.policy.model import View
from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.missing import MissingReturn
from schemas.outcomes import ReturnInterviewOutcome
from schemas.placement import PlacementArrival, PlacementNotice

_ASKED_AND_ANSWERED = frozenset({Referral.KIND, MeetingRequest.KIND, MeetingOutcome.KIND})
_MAY_BE_A_CONCERN = ("yes", "not-known", "unrecognised")

# Desks that are asked because of a concern: that they were is told to nobody who may be it.
_QUIET = frozenset({"allegations-officer", "exploitation-team"})


def is_carer(agency_or_address: str) -> bool:
    return kind_of(agency_or_address) == "provider"


def was_left(agency: str, state: State) -> bool:
    """Whether a child was moved away from this home while missing, or did not go back to it."""
    return is_carer(agency) and state.rehoused and agency != state.home


def view_of(address: str, view: View, kind: str, role: str, state: State) -> View | None:
    """
    The view that an address gets of a message in place of the one policy names; None: nothing.

    A home hears of a return that it happened and how it ended, not what the child said on the way;
    a home that the child has left, only that something happened.
    """
    agency = address.partition("/")[0]
    if not is_carer(agency):
        return view
    concern = state.concern_about_carer
    if kind == ReturnInterviewOutcome.KIND and concern in _MAY_BE_A_CONCERN:
        return None
    if was_left(agency, state):
        return View.signal
    if kind == PlacementArrival.KIND and agency != state.home:  # what another home says
        return None
    if kind in _ASKED_AND_ANSWERED and (role == "asker" or concern == "yes"):
        return View.signal
    if kind in (MissingReturn.KIND, PlacementNotice.KIND) and view is View.full:
        return View.summary
    return view


def may_be_named(address: str, to: str, kind: str, state: State) -> bool:
    """Whether an agency's receipt names this address among those told."""
    agency, _, function = address.partition("/")
    if not is_carer(to) or agency == to:
        return True
    if was_left(to, state):
        return kind_of(agency) == "police"
    return not is_carer(agency) and (function not in _QUIET or kind == Referral.KIND)
