"""A council has agreed to meet about a child who is missing three times in ninety days."""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from producers.client import Delivery
from producers.stories.saying import (
    Person,
    back,
    checked,
    interview,
    london,
    meeting,
    missing,
    rang_the_police,
    taken_back,
)
from producers.stories.telling import Happening, Member, Play, Story, acting
from schemas.child import Residence
from schemas.iro_alert import IroAlert, IroEvent
from schemas.message import Action
from schemas.missing import MissingNotification
from schemas.outcomes import InterviewStage, SharedWith
from schemas.threshold import ThresholdReached

HOME = "provider.SC999107"
ESSEX = "la.E10000012"
POLICE = "police.E23000028"

MANAGER = f"{HOME}/home-manager"
CONTROL_ROOM = f"{POLICE}/control-room"
MISSING_UNIT = f"{POLICE}/missing-unit"
FRONT_DOOR = f"{ESSEX}/front-door"
SOCIAL_WORK = f"{ESSEX}/social-work"
OFFICERS = f"{ESSEX}/iro-service"
INTERVIEWERS = f"{ESSEX}/return-interviews"

MEETING = "intervention-meeting"
TO_BE_TOLD = {SOCIAL_WORK, MISSING_UNIT, OFFICERS}

august = partial(london, 2026, 8)
CHILD = Person(
    "Remy",
    date(2012, 10, 30),
    {HOME: "M-9"},
    Residence(authority=ESSEX, home=HOME),
    ESSEX,
    nhs_number="9990004226",
)
TO_THE_POLICE = CHILD.as_numbered_by(POLICE, "N-3301")


async def _tell(play: Play) -> None:
    first = await _is_away_twice(play)
    await _is_away_a_third_time(play)
    await _was_never_missing(play, first)
    await _is_away_again(play)


async def _is_away_twice(play: Play) -> MissingNotification:
    at = august(3, 14)
    first = missing(TO_THE_POLICE, CONTROL_ROOM, at, episode="EP-1")
    await play.scene(
        at,
        "Monday: missing, and back two hours later",
        "A passer-by has rung the police, and the police report it.",
        first,
        acting(FRONT_DOOR),
        *_is_back(at, "EP-1"),
    )
    at = august(4, 14)
    await play.scene(
        at,
        "Tuesday: missing, and back two hours later",
        "This time the home reports it.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        _reported(at, "EP-2"),
        acting(CONTROL_ROOM),
        acting(FRONT_DOOR),
        *_is_back(at, "EP-2"),
    )
    play.promise("Twice is not three times: nobody is told of a threshold", not _of_it(play.got))
    return first


async def _is_away_a_third_time(play: Play) -> None:
    at = august(5, 14)
    third = _reported(at, "EP-3")
    await play.scene(
        at,
        "Wednesday: the third time in ninety days",
        "Essex has agreed, in a policy of its own, that this is when people meet. Social work, the "
        "reviewing officers and the missing unit are told which absences were counted, and nobody "
        "is rung for it. A meeting is owed within five working days.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        third,
        acting(CONTROL_ROOM),
        acting(FRONT_DOOR),
    )
    told = _of_it(play.arrived)
    play.promise(
        "Social work, reviewing officers and missing unit are told, each once",
        sorted(each.address for each in told) == sorted(TO_BE_TOLD),
    )
    play.promise("Nobody is rung for it", not any(each.wakes for each in told))
    play.promise(
        "The meeting is due at 24:00 on Wednesday 12 August",
        play.duty(MEETING, SOCIAL_WORK)["due_at"] == august(13, 0),
    )
    at = august(5, 14, 40)
    await play.scene(
        at,
        "The same absence, said twice more",
        "The home repeats its message, and the police report it too, by the same reference. It is "
        "one absence, and it was counted.",
        third,
        missing(TO_THE_POLICE, CONTROL_ROOM, at, episode="EP-3", last_seen_at=august(5, 14)),
        *_is_back(august(5, 14), "EP-3"),
    )
    play.promise("Nobody is told of the threshold again", not _of_it(play.arrived))


async def _was_never_missing(play: Play, first: MissingNotification) -> None:
    at, (_, tuesday, *_) = august(6, 15), play.episodes
    await play.scene(
        at,
        "Thursday: on Monday the child was not missing",
        "It was another child whom the passer-by saw, and the police take that report back. Two "
        "absences are left, of which one interview is held, and the threshold was not reached: "
        "everyone who was told hears that, and no meeting is owed.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        *_interviewed(at, tuesday),
        taken_back(first, at),
    )
    withdrawn = [each for each in _of_it(play.arrived) if _is_taken_back(each)]
    play.promise(
        "Everyone who was told of the threshold is told that it was not reached",
        {each.address for each in withdrawn} == TO_BE_TOLD,
    )
    play.promise(
        "The meeting is no longer owed", play.duty(MEETING, SOCIAL_WORK)["state"] == "cancelled"
    )


async def _is_away_again(play: Play) -> None:
    at = august(7, 14)
    await play.scene(
        at,
        "Friday: missing again, so the third time after all",
        "It is reached anew, by another absence, and another meeting is owed.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        _reported(at, "EP-4"),
        acting(CONTROL_ROOM),
        acting(FRONT_DOOR),
        *_is_back(at, "EP-4"),
    )
    told = [each for each in _of_it(play.arrived) if not _is_taken_back(each)]
    play.promise("All three are told again", {each.address for each in told} == TO_BE_TOLD)
    play.promise(
        "One meeting is owed, by 24:00 on Friday 14 August",
        [play.duty(MEETING, SOCIAL_WORK)[name] for name in ("state", "due_at")]
        == ["open", august(15, 0)],
    )
    at = august(10, 15)
    await play.scene(
        at,
        "Monday: they meet",
        "Social work reports that the meeting was held. The interview is held and shared too.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        *_interviewed(at),
        meeting(CHILD, SOCIAL_WORK, at),
    )
    play.promise(
        "One meeting was called off, the other held",
        play.states(MEETING, SOCIAL_WORK) == ["cancelled", "met"],
    )


def _reported(at: datetime, reference: str) -> MissingNotification:
    return missing(
        CHILD, MANAGER, at, episode=reference, police_report=rang_the_police(at, reference)
    )


def _is_back(since: datetime, reference: str) -> list[Happening]:
    """Two hours later the police bring the child back, and have seen them."""
    at = since + timedelta(hours=2)
    return [
        back(TO_THE_POLICE, CONTROL_ROOM, at, episode=reference),
        checked(TO_THE_POLICE, CONTROL_ROOM, at, episode=reference),
    ]


def _interviewed(at: datetime, *also: UUID) -> list[Happening]:
    """The interview about the newest absence, and others, is held and shared."""
    covers: dict[str, Any] = {"also_covers": tuple(str(one) for one in also)}
    shared = covers | {"shared_with": (SharedWith.social_work,)}
    return [
        interview(CHILD, INTERVIEWERS, at, InterviewStage.held, **covers),
        interview(CHILD, INTERVIEWERS, at, InterviewStage.shared, **shared),
    ]


def _of_it(deliveries: list[Delivery]) -> list[Delivery]:
    """What tells of a threshold: the message, or the alert in its place."""
    return [
        each
        for each in deliveries
        if isinstance(each.message, ThresholdReached)
        or (isinstance(each.message, IroAlert) and each.message.event is IroEvent.threshold)
    ]


def _is_taken_back(delivery: Delivery) -> bool:
    return getattr(delivery.message, "action", None) is Action.cancel


THREE_IN_NINETY = Story(
    name="three-in-ninety",
    sentence="A council's own threshold: reached, taken back, reached again.",
    begins=august(3, 13),
    cast=(Member(HOME, "Maple House", ESSEX), Member(ESSEX), Member(POLICE)),
    before="A child of 13 is looked after by Essex and lives in a children's home there, Maple "
    "House. That Essex meets at the third absence in 90 days is made up for this story.",
    tell=_tell,
)
