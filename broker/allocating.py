"""Which desk holds a return interview, by the policy in force when the child came back. Pure."""

from datetime import datetime

from broker.decision import Rulebook
from broker.entitled import may_allocate
from broker.episode import State
from broker.policy.model import Allocation
from broker.policy.names import folded
from broker.routing import Scene, addresses
from broker.working_time import age_on, london_day


def allocated(state: State, nation: str, at: datetime, rules: Rulebook) -> str:
    """
    The desk that policy allocates the interview to; empty where no policy does.

    What was allocated stays with the service of the day of the return, until the council, or its
    hub, says that another one holds it.
    """
    if not rules.policies.allocate:
        return ""
    back = state.returned_at or state.closed_at or at
    policy = rules.policy(nation, state, back)
    for one in policy.allocate:
        if one.is_in_force(london_day(back)) and _fits(one, state, back):
            if state.interviewer and may_allocate(state.allocated_by, state, rules.directory):
                return f"{state.interviewer}/return-interviews"
            scene = Scene(state, "", back, rules.directory, {})
            for desk in addresses(one.to, scene):
                if rules.directory.entry(desk) is not None:
                    return desk
    return ""


def _fits(one: Allocation, state: State, back: datetime) -> bool:
    """Whether the child was so when it came back (rule N9: the age at return)."""
    facts: dict[str, object] = {
        "age": age_on(state.of_age_at, back),
        "sex": state.sex,
        "district": folded(state.district),
        "looked_after": state.looked_after,
        "protection_plan": bool(state.plan),
        "open_to_social_work": state.open_to_social_work,
        "lives_in_home": bool(state.home),
    }
    return all(facts[name] in fits for name, fits in one.when.items())
