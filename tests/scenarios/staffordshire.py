"""What the plays of Staffordshire and Stoke are made of: their desks, made-up children, words."""

from functools import cache
from typing import Any

from broker.ledger import agencies
from broker.policy.load import scheme, shipped, with_overlays
from broker.policy.policies import Policies
from schemas.child import Place, Reference, Residence, Scheme
from schemas.missing import MissingNotification
from tests import examples
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, WALSALL, envelope
from tests.scenarios.play import Play
from tests.scenarios.thresholds import at

CHESHIRE_EAST = "la.E06000049"
H1, H2 = "provider.SC990001", "provider.SC990002"  # homes in Staffordshire
NORTH, COUNTYWIDE = "service.brighter-futures", "service.staffordshire-and-stoke"
EXPLOITATION = f"{STAFFORDSHIRE_POLICE}/exploitation-team"
CONTACT = f"{STAFFORDSHIRE_POLICE}/contact.sc990002"
CONTROL_ROOM = f"{STAFFORDSHIRE_POLICE}/control-room"
MISSING_UNIT = f"{STAFFORDSHIRE_POLICE}/missing-unit"

_MORE: tuple[tuple[str, str, str | None, dict[str, Any]], ...] = (
    (H1, "Heath House", STAFFORDSHIRE, {}),
    (H2, "Hill House", STAFFORDSHIRE, {}),
    (CHESHIRE_EAST, "Cheshire East", None, {}),
    (NORTH, "Brighter Futures", STAFFORDSHIRE, {}),
    (COUNTYWIDE, "Missing children service", STAFFORDSHIRE, {}),
    (
        STAFFORDSHIRE_POLICE,
        "Staffordshire Police",
        None,
        {"exploitation-team": {}, "contact.sc990002": {}},
    ),
)


@cache
def under(*schemes: str) -> Policies:
    """The national policies with these schemes laid upon them, as they are shipped."""
    return with_overlays(shipped(), [scheme(name) for name in schemes])


def join(play: Play) -> Play:
    """The cast of Staffordshire is on the broker."""
    with play.ledger.writing() as connection:
        for agency, name, area, desks in _MORE:
            agencies.add(connection, agency, name, area, desks, play.clock.now())
    return play


def child(letter: str, born: str = "2012-01-15", of: str = STAFFORDSHIRE, **changes: Any) -> Any:
    """Somebody made up, whom a council knows by a number."""
    references = (Reference(holder=of, scheme=Scheme.la_person_id, value=f"S-{letter}"),)
    said = {"references": references, "given_name": letter, "family_name": "Example"}
    return examples.child(**said | {"birth_date": born} | changes)


def missing(starts: str, of: Any, **changes: Any) -> MissingNotification:
    """The police report a child who lives with family in Staffordshire, as it happens."""
    start = at(starts)
    heard = at(changes.pop("heard", starts))
    return examples.notification(
        heard,
        **{
            "sender": STAFFORDSHIRE_POLICE,
            "from_address": CONTROL_ROOM,
            "child": of,
            "occurred_at": start,
            "last_seen_at": start,
            "lives": Residence(authority=STAFFORDSHIRE),
            "place": Place(authority=STAFFORDSHIRE, district="Stafford"),
            "care_status": "not-looked-after",
            "responsible_authority": None,
            "police_report": None,
            "episode": f"N-{of.given_name}-{starts}",
        }
        | changes,
    )


def from_home(
    starts: str, of: Any, home: str = H1, council: str = STAFFORDSHIRE, **changes: Any
) -> MissingNotification:
    """A home in Staffordshire reports a child whom a council looks after."""
    reference = f"H-{of.given_name}-{starts}"
    police = {"channel": "101", "at": at(starts), "reference": f"SP-{reference}"}
    said = {
        "sender": home,
        "from_address": f"{home}/night-staff",
        "lives": Residence(authority=STAFFORDSHIRE, home=home),
        "care_status": "looked-after",
        "responsible_authority": council,
        "police_report": police,
        "episode": reference,
    }
    return missing(starts, of, **said | changes)


def back(of: MissingNotification, when: str, **changes: Any) -> Any:
    return examples.returned(of, at=at(when), **changes)


def interview(of: MissingNotification, stage: str, when: str, by: str, **changes: Any) -> Any:
    """A service reports a step of the return interview."""
    said = {"sender": by, "episode": None}
    return examples.interview(of, stage, at=at(when), **said | changes)


def desk(agency: str, function: str) -> str:
    return f"{agency}/{function}"


__all__ = ["STAFFORDSHIRE", "WALSALL", "at", "envelope"]
