"""Which returns an agency is asked for: by its nation, and by the overlays of its area."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from broker.directory import Directory
from broker.policy.model import Ladder, Return
from broker.policy.overlay import REGION, Overlay, composed
from broker.policy.policies import Policies


@dataclass(frozen=True, slots=True)
class Asked:
    """One return that is asked for, by which version, and the ladders of that policy."""

    one: Return
    version: str
    ladders: Mapping[str, Ladder]


def asked_of(agency: str, day: date, policies: Policies, directory: Directory) -> Iterator[Asked]:
    """
    Every return that an agency is asked for, as the policy is on a London day.

    An overlay asks those that it names, and those in the area of a council or force that it names.
    """
    national = policies.national(directory.nation_of(directory.area_of(agency) or agency))
    for one in national.returns:
        yield Asked(one, national.version, national.ladders)
    names = _names(agency, directory)
    for overlay in policies.overlays:
        named = {
            (role == REGION, name) for role, each in overlay.applies_to.items() for name in each
        }
        if overlay.nation == national.nation and overlay.is_in_force(day) and named & names:
            for layer in overlay.layers:
                for one in layer.returns:
                    yield Asked(one, layer.version, composed(national, overlay.layers).ladders)


def _applies(overlay: Overlay, names: frozenset[tuple[bool, str]]) -> bool:
    each = overlay.applies_to.items()
    return any((role == REGION, name) in names for role, named in each for name in named)


def _names(agency: str, directory: Directory) -> frozenset[tuple[bool, str]]:
    """The agency, the council and the force of its area; and its region, marked as one."""
    area = directory.area_of(agency)
    known = {directory.today(agency), area, directory.police_for(agency)}
    there = directory.agency(area) if area else None
    found = {(False, one) for one in known if one}
    return frozenset(found | ({(True, there.region)} if there and there.region else set()))
