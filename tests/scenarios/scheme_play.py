"""Schemes that are shipped, played: their overlays laid upon the nations', and short reports."""

from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from broker.ledger import agencies
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.policies import Policies
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.missing import MissingNotification, MissingReturn
from schemas.outcomes import ReturnInterviewOutcome
from tests.examples import envelope
from tests.scenarios.play import Play

LONDON = ZoneInfo("Europe/London")
FOLDER = Path(str(resources.files("broker.policy").joinpath("schemes")))


def at(text: str) -> datetime:
    """A London time of 2026, or of another year where that is written too."""
    text = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(ZoneInfo("UTC"))


@cache
def schemes(*names: str) -> Policies:
    """The national policies with these schemes laid upon them."""
    return with_overlays(shipped(), [load_overlay(FOLDER / f"{name}.yaml") for name in names])


def joined(play: Play, agency: str, name: str, area: str | None = None, *desks: str) -> None:
    """One more agency on the broker, with desks of its own beside those of its kind."""
    with play.ledger.writing() as connection:
        agencies.add(connection, agency, name, area, {d: {} for d in desks}, play.clock.now())


def child(council: str, number: str, born: str, sex: str = "female") -> Child:
    """A made-up child whom a council knows by a number."""
    return Child(
        references=(Reference(holder=council, scheme=Scheme.la_person_id, value=number),),
        given_name="Sam",
        family_name=f"Example {number}",
        birth_date=born,
        sex=sex,
    )


def missing(
    of: Child, police: str, council: str, starts: str, **changes: Any
) -> MissingNotification:
    """The police report a child who lives with family in the council's area, as it happens."""
    start = at(starts)
    sender = changes.get("sender", police)
    desk = {"police": "control-room", "provider": "night-staff", "la": "front-door"}
    return MissingNotification(
        **envelope(sender, desk[sender.partition(".")[0]], changes.pop("heard", start))
        | {
            "child": of,
            "occurred_at": start,
            "last_seen_at": start,
            "category": "missing",
            "place": Place(authority=council),
            "lives": Residence(authority=council),
            "care_status": "not-looked-after",
            "risk": "medium",
            "risk_reason": "Not where they said they would be",
            "episode": f"{of.references[0].value} {starts}",
        }
        | changes
    )


def back(of: MissingNotification, when: str, **changes: Any) -> MissingReturn:
    """Whoever reported the child says that it is back."""
    function = of.from_address.partition("/")[2]
    said = {"child": of.child, "episode": of.episode, "stage": "returned", "outcome": "safe"}
    return MissingReturn(**envelope(of.sender, function, at(when)) | said | changes)


def talked(
    of: MissingNotification, sender: str, function: str, when: str, stage: str, **changes: Any
) -> ReturnInterviewOutcome:
    """A step of the return interview about an absence."""
    said = {"child": of.child, "stage": stage, "concern_about_carer": "no"}
    if stage == "held":
        said |= {"independent": True, "interviewer": "Debrief worker"}
    return ReturnInterviewOutcome(**envelope(sender, function, at(when)) | said | changes)


def away(play: Play, report: MissingNotification, hours: float = 3) -> MissingNotification:
    """The child is reported missing, and is back some hours later."""
    play.say_now(report)
    ended = report.occurred_at + timedelta(hours=hours)
    function = report.from_address.partition("/")[2]
    play.say_now(
        MissingReturn(
            **envelope(report.sender, function, ended),
            child=report.child,
            episode=report.episode,
            stage="returned",
            outcome="safe",
        )
    )
    return report


def shared_reference(play: Play, report: MissingNotification) -> str:
    """The shared reference that the receipt of a report names."""
    receipts = [one for one in play.receipts(report.sender) if one.of == report.message_id]
    assert receipts[0].episode is not None
    return receipts[0].episode
