"""What the plays of single areas are made of: their desks, made-up children, and what is said."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any
from uuid import uuid4

from broker.episode import is_threshold
from broker.ledger import agencies
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.policies import Policies
from schemas.casework import MeetingOutcome
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from tests.examples import envelope
from tests.scenarios.play import EVERYBODY, Owing, Play
from tests.scenarios.steps_scene import lives
from tests.scenarios.steps_words import AGENCIES, CAST, speaker
from tests.scenarios.steps_words import address_of as desk
from tests.scenarios.thresholds import at

__all__ = ["at", "desk"]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@cache
def under(*schemes: str) -> Policies:
    """The national policies with these schemes, as they are shipped, laid upon them."""
    folder = resources.files("broker.policy").joinpath("schemes")
    return with_overlays(
        shipped(),
        [
            load_overlay(folder.joinpath(f"{name}.yaml").read_text("utf-8"), f"{name}.yaml")
            for name in schemes
        ],
    )


def join(play: Play, *more: tuple[str, str, str | None]) -> Play:
    """Everybody of the library's cast is on the broker, and whoever else is named."""
    others = [(id, *said) for id, said in CAST.items() if id not in EVERYBODY]
    with play.ledger.writing() as connection:
        for agency, name, area in (*others, *more):
            agencies.add(connection, agency, name, area, {}, play.clock.now())
    return play


def child(number: int = 1, of: str = "Kirklees", **changes: Any) -> Child:
    """Somebody made up, whom the council knows by a number; fourteen, unless said otherwise."""
    number_there = Reference(
        holder=AGENCIES[of], scheme=Scheme.la_person_id, value=f"{of[:2]}-{number}"
    )
    said = {"references": (number_there,), "given_name": "Sam", "family_name": f"Example {number}"}
    return Child(**said | {"birth_date": "2012-01-15"} | changes)


def missing(
    who: Child,
    starts: str,
    by: str,
    living: str,
    looked_after_by: str = "",
    heard: str = "",
    **changes: Any,
) -> MissingNotification:
    """Somebody reports a child, as it happens or when it is `heard`."""
    start, said_at = at(starts), at(heard or starts)
    sender = speaker(by)
    residence = Residence(**lives(living))
    said = {
        "child": who,
        "category": "missing",
        "occurred_at": start,
        "last_seen_at": start,
        "lives": residence,
        "place": Place(authority=residence.authority),
        "care_status": "looked-after" if looked_after_by else "not-looked-after",
        "responsible_authority": AGENCIES[looked_after_by] if looked_after_by else None,
        "risk": "medium",
        "risk_reason": "Out later than agreed",
        "episode": f"{who.references[0].value} {starts}",
    }
    return MissingNotification(
        **envelope(sender.partition("/")[0], speaker(by).partition("/")[2], said_at)
        | said
        | changes
    )


def _about(report: ChildMessage, by: str, when: str) -> dict[str, Any]:
    """An agency quotes its own reference of an absence, and no other agency's."""
    sender, _, function = speaker(by).partition("/")
    own = report.episode if sender == report.sender else None
    return envelope(sender, function, at(when)) | {"child": report.child, "episode": own}


def back(report: MissingNotification, when: str, by: str = "", **changes: Any) -> MissingReturn:
    said = {"stage": "returned", "outcome": "safe"}
    return MissingReturn(**_about(report, by or _sender(report), when) | said | changes)


def update(report: MissingNotification, when: str, by: str = "", **changes: Any) -> MissingUpdate:
    said = {"reason": "News"}
    return MissingUpdate(**_about(report, by or _sender(report), when) | said | changes)


def check(report: MissingNotification, when: str, by: str, **changes: Any) -> SafeAndWellOutcome:
    said = {"result": "done", "concern_about_carer": "no"}
    return SafeAndWellOutcome(**_about(report, by, when) | said | changes)


def interview(
    report: MissingNotification, when: str, by: str, stage: str = "held", **changes: Any
) -> ReturnInterviewOutcome:
    said = {"stage": stage, "independent": True, "concern_about_carer": "no"}
    return ReturnInterviewOutcome(**_about(report, by, when) | said | changes)


def meeting(who: Child, when: str, by: str, type: str, **changes: Any) -> MeetingOutcome:
    sender, _, function = speaker(by).partition("/")
    said = {"child": who, "type": type, "held": True}
    return MeetingOutcome(**envelope(sender, function, at(when)) | said | changes)


def cancelled(message: ChildMessage, when: str) -> Any:
    """The same message is taken back."""
    said = {"message_id": uuid4(), "action": "cancel", "replaces": message.message_id}
    times = {"sent_at": at(when)}
    return type(message).model_validate(message.model_dump() | said | times)


def _sender(report: ChildMessage) -> str:
    return next(name for name, id in AGENCIES.items() if id == report.sender)


def kinds(play: Play, words: str, *only: str) -> list[str]:
    """What a desk was told of children, in order: the kinds of messages."""
    return [
        got.message.KIND for got in play.news(desk(words)) if not only or got.message.KIND in only
    ]


def told(play: Play) -> set[str]:
    """The desks that were told of a child, by their addresses."""
    return play.told()


def desks(*words: str) -> set[str]:
    return {desk(each) for each in words}


def owes(play: Play, duty: str, words: str) -> list[tuple[str, datetime | None]]:
    """What a desk owes of that name, in order of the due times: the state, and by when."""
    found = play.duties(duty, desk(words))
    return sorted(((one.state, one.due_at) for one in found), key=_due)


def _due(one: tuple[str, datetime | None]) -> Any:
    return one[1] is None, one[1]


def standing(play: Play, duty: str) -> list[Owing]:
    return [one for one in play.duties(duty) if one.standing]


def reached(play: Play) -> list[Any]:
    """What was reached, in order."""
    found = [case for case in play.episodes() if is_threshold(case)]
    return sorted(found, key=lambda case: case.facts[0].at)


def alerts(play: Play, words: str) -> list[Any]:
    return [got.message for got in play.inbox(desk(words), "iro.alert")]


def all_of(messages: Iterable[Any], name: str) -> list[Any]:
    return [getattr(message, name) for message in messages]
