"""Who owes a return, and whom it climbs to when it is late. Pure."""

from datetime import datetime

from broker.directory import Directory
from broker.duties import Rung
from broker.episode import State
from broker.policy.model import Ladder
from broker.routing import Scene, climb

# The desk of each kind of agency that owes a return.
DESKS = {"la": "performance", "police": "missing-unit", "provider": "home-manager"}


def rungs(ladder: Ladder, owner: str, now: datetime, directory: Directory) -> tuple[Rung, ...]:
    """
    The steps of a ladder for one desk that owes a return.

    There is no child: the lead council of a council is itself, that of a home the one of its area.
    """
    area = directory.area_of(owner.partition("/")[0]) or ""
    scene = Scene(State(place=area), owner, now, directory, {})
    return climb(ladder.day, owner, scene, silent=ladder.silent)
