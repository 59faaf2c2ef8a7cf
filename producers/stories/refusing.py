"""A child is found, and will not come back."""

from datetime import date
from functools import partial

from producers.stories.saying import (
    Person,
    back,
    checked,
    found,
    interview,
    london,
    missing,
    rang_the_police,
)
from producers.stories.telling import Member, Play, Story, acting
from schemas.child import Residence
from schemas.missing import Outcome
from schemas.outcomes import InterviewStage

HOME = "provider.SC999102"
SOLIHULL = "la.E08000029"
COVENTRY = "la.E08000026"
POLICE = "police.E23000014"

CARERS = f"{HOME}/night-staff"
CONTROL_ROOM = f"{POLICE}/control-room"
EMERGENCY_DUTY = f"{SOLIHULL}/emergency-duty"
SOCIAL_WORK = f"{SOLIHULL}/social-work"
OFFICERS = f"{SOLIHULL}/iro-service"
INTERVIEWERS = f"{SOLIHULL}/return-interviews"
HOST = f"{COVENTRY}/front-door"

june = partial(london, 2026, 6)
CHILD = Person(
    "Kit", date(2010, 2, 20), {HOME: "L-4"}, Residence(authority=COVENTRY, home=HOME), SOLIHULL
)


async def _tell(play: Play) -> None:
    await _is_found(play)
    await _comes_back(play)


async def _is_found(play: Play) -> None:
    at = june(12, 21, 40)
    await play.scene(
        at,
        "The home reports the child missing",
        "Friday night. The police and Solihull's emergency duty team are rung.",
        missing(CHILD, CARERS, at, police_report=rang_the_police(at, "WMP-77")),
    )
    await play.scene(
        june(12, 21, 55),
        "Both are acting",
        "In time. From now on these two are the ones who act.",
        acting(CONTROL_ROOM),
        acting(EMERGENCY_DUTY),
    )
    at = june(12, 23, 15)
    await play.scene(
        at,
        "Found at a friend's, and refuses to come home",
        "The police know where the child is, and that is all. Those who act are told and go on; "
        "Solihull is rung, as it has to find a way tonight. The check is owed from now.",
        found(CHILD, CONTROL_ROOM, at, Outcome.refuses),
    )
    play.promise("Solihull's duty team is rung", EMERGENCY_DUTY in play.woken())
    play.promise(
        "The home is told, and keeps the place ready", f"{HOME}/night-staff" in play.told()
    )
    play.not_told("it is no all-clear, and they do not act tonight", SOCIAL_WORK, OFFICERS, HOST)
    play.promise(
        "No interview is owed before a return",
        not play.states("offer-return-interview", INTERVIEWERS),
    )
    at = june(13, 0, 30)
    await play.scene(
        at,
        "Elsewhere for the night, by agreement",
        "Solihull agrees that the child stays with the friend's mother. That is not back either. "
        "The police are told, as they go on looking until they are.",
        found(CHILD, EMERGENCY_DUTY, at, Outcome.elsewhere),
    )
    play.promise("The police are told", CONTROL_ROOM in play.told())
    play.not_told("still no all-clear", SOCIAL_WORK, OFFICERS, HOST)
    play.promise(
        "The child still counts as missing", len(play.stage.still_away(play.episodes)) == 1
    )


async def _comes_back(play: Play) -> None:
    at = june(13, 11)
    await play.scene(
        at,
        "The child is back",
        "Now it is over: everyone who was told is told, and nobody is rung.",
        back(CHILD, CARERS, at),
    )
    play.promise("All are told now", {SOCIAL_WORK, OFFICERS, HOST} <= play.told())
    play.promise("Nobody is rung for good news", not play.woken())
    at = june(13, 14)
    await play.scene(
        at,
        "The police see the child",
        "Within 24 hours of when the child was found, not of the return.",
        checked(CHILD, CONTROL_ROOM, at),
    )
    play.promise(
        "The check is met", play.duty("safe-and-well-check", CONTROL_ROOM)["state"] == "met"
    )
    at = june(15, 10)
    await play.scene(
        at,
        "Monday: an interview is offered; the child declines",
        "A child may say no. That meets the offer, and excuses the interview; it is not late, and "
        "it is not held. The police and the home are told so.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        interview(CHILD, INTERVIEWERS, at, InterviewStage.declined),
    )
    play.promise(
        "The offer is met", play.duty("offer-return-interview", INTERVIEWERS)["state"] == "met"
    )
    play.promise(
        "The interview is excused",
        play.duty("hold-return-interview", INTERVIEWERS)["state"] == "excused",
    )


REFUSING = Story(
    name="refusing",
    sentence="Found, but refuses to come home: no all-clear until back.",
    begins=june(12, 21),
    cast=(
        Member(HOME, "Larch House", COVENTRY),
        Member(SOLIHULL),
        Member(COVENTRY),
        Member(POLICE),
    ),
    before="A child of 16 is looked after by Solihull and lives in a children's home, Larch House, "
    "in Coventry.",
    tell=_tell,
)
