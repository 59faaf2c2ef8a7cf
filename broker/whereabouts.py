"""Whom an absence is about, in the words that overlays use of themselves (`applies_to`). Pure."""

from broker.directory import Directory
from broker.episode import State
from broker.policy.names import folded
from broker.policy.overlay import DISTRICT, REGION, Where


def whereabouts(nation: str, state: State, directory: Directory) -> Where:
    """
    The agencies of an absence by role, and the regions of its councils.

    Where reports name different councils the last word counts, so that one of them is responsible.
    """
    councils = {"responsible": state.lead, "host": state.host, "place": state.place}
    others = {
        "force": directory.police_for(state.place or state.lives_in) or "",
        "provider": state.home,
    }
    known = {(role, directory.today(id)) for role, id in {**councils, **others}.items()}
    found = (directory.agency(council) for council in councils.values())
    regions = {(REGION, agency.region) for agency in found if agency and agency.region}
    districts = {(DISTRICT, folded(state.district))} if state.district else set()
    return Where(nation, frozenset({pair for pair in known if pair[1]} | regions | districts))
