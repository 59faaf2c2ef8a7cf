"""What agencies send that mean no good, or take no care; and what came of it for each."""

from datetime import timedelta
from typing import Any

from broker.ledger import agencies
from schemas.casework import MeetingOutcome, Referral
from schemas.catch_up import CatchUp
from schemas.iro_alert import IroAlert
from schemas.profile import ChildProfile
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    WALSALL,
    child,
    envelope,
    notification,
    returned,
)
from tests.scenarios.people import (
    BIRMINGHAM,
)

BACK = FRIDAY_NIGHT + timedelta(hours=8)
SECRET = "was hit by a member of staff"
OFFICER = f"{WALSALL}/allegations-officer"
OTHER_FORCE = "police.E23000014"
SERVICE = "service.SV1"
SCHOOL = "school.100001"


def back(stage: Any, **changes: Any) -> Any:
    """A child of the home was missing, and is back."""
    play = stage()
    said = notification(**changes)
    play.say(said)
    play.say_now(returned(said, at=BACK))
    return play, said


def on_homeward(play: Any, agency: str, area: str = BIRMINGHAM) -> str:
    with play.ledger.writing() as connection:
        agencies.add(connection, agency, agency, area, {}, play.clock.now())
    return agency


def in_place_of(message: Any, action: str = "cancel", **changes: Any) -> Any:
    """The same again, as its correction or its withdrawal, with all that it said."""
    return type(message).model_validate(
        message.model_dump()
        | {
            "message_id": type(message.message_id)(int=message.message_id.int ^ 1),
            "action": action,
            "replaces": message.message_id,
        }
        | changes
    )


def seen_by(play: Any, agency: str) -> str:
    """Everything an agency was ever sent, with what stands beside it."""
    return "\n".join(
        f"{got.address} {got.because} {got.message.model_dump_json()}" for got in play.inbox(agency)
    )


def referral(at: Any = BACK, **changes: Any) -> Referral:
    said = {"child": child(), "to": "allegations-officer", "reason": SECRET}
    return Referral(
        **envelope(STAFFORDSHIRE_POLICE, "missing-unit", at)
        | said
        | {"concern_about_carer": "yes"}
        | changes
    )


def meeting(sender: str, function: str, at: Any, **changes: Any) -> MeetingOutcome:
    said = {"child": child(), "type": "strategy", "held": True, "summary": SECRET}
    return MeetingOutcome(**envelope(sender, function, at) | said | changes)


def profile(**changes: Any) -> ChildProfile:
    said = {
        "child": child(),
        "obtained_at": FRIDAY_NIGHT,
        "description": "Tall",
        "none_known": ("associates", "medical", "risk-factors", "places"),
        "child_view": SECRET,
    }
    return ChildProfile(**envelope(HOME, "home-manager", FRIDAY_NIGHT) | said | changes)


def alert(sender: str, responsible: str, at: Any, **changes: Any) -> IroAlert:
    said = {"child": child(), "event": "other", "responsible_authority": responsible}
    return IroAlert(**envelope(sender, "iro-service", at) | said | changes)


def catch_up(agency: str, function: str, at: Any, since: int = 0) -> CatchUp:
    return CatchUp(**envelope(agency, function, at), since=since)
