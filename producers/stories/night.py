"""A night, from the first report to the last thing that is owed."""

from datetime import date
from functools import partial

from producers.stories.saying import (
    Person,
    back,
    checked,
    closed,
    interview,
    london,
    missing,
    rang_the_police,
)
from producers.stories.telling import Member, Play, Story, acting, not_ours
from schemas.child import Place, Residence
from schemas.missing import Risk
from schemas.outcomes import InterviewStage, SharedWith

HOME = "provider.SC999001"
WALSALL = "la.E08000030"
STOKE = "la.E06000021"
POLICE = "police.E23000015"

CARERS = f"{HOME}/night-staff"
CONTROL_ROOM = f"{POLICE}/control-room"
EMERGENCY_DUTY = f"{WALSALL}/emergency-duty"
ON_CALL = f"{WALSALL}/on-call-manager"
INTERVIEWERS = f"{WALSALL}/return-interviews"
SOCIAL_WORK = f"{WALSALL}/social-work"
HOST = f"{STOKE}/front-door"

march = partial(london, 2026, 3)
LAST_SEEN = march(27, 21, 30)
CHILD = Person(
    "Robin", date(2011, 5, 16), {HOME: "H-17"}, Residence(authority=STOKE, home=HOME), WALSALL
)
TO_THE_POLICE = CHILD.as_numbered_by(POLICE, "N-20471")
REFERENCE = "SP-2026-0815"


async def _tell(play: Play) -> None:
    await _begins(play)
    await _is_silent(play)
    await _comes_back(play)
    await _is_seen_to(play)


async def _begins(play: Play) -> None:
    at = march(27, 22, 10)
    await play.scene(
        at,
        "The home reports the child missing",
        "Last seen at 21:30. The carer has rung 101 and has the police reference. Walsall's front "
        "door is closed, so its emergency duty team is rung.",
        missing(
            CHILD,
            CARERS,
            at,
            episode="H-17/3",
            last_seen_at=LAST_SEEN,
            place=Place(authority=STOKE, description="Beech House"),
            police_report=rang_the_police(at, REFERENCE),
        ),
    )
    play.promise(
        "Only those who must act tonight are rung: the police and Walsall's duty team",
        play.woken() == {CONTROL_ROOM, EMERGENCY_DUTY},
    )
    play.not_told("there is no concern about a carer", f"{WALSALL}/allegations-officer")

    at = march(27, 22, 18)
    await play.scene(
        at,
        "Staffordshire Police confirm, and raise the risk",
        "Their report quotes the same reference: it is the same absence, not a second one. What is "
        "new is the risk. At high risk an answer is due in 10 minutes, not 30.",
        missing(
            TO_THE_POLICE,
            CONTROL_ROOM,
            at,
            episode=REFERENCE,
            last_seen_at=LAST_SEEN,
            lives=CHILD.lives,
            risk=Risk.high,
            risk_reason="Seen getting into a car that is known to us",
            next_review_at=march(28, 4),
        ),
    )
    play.promise("Two reports, one absence", len(play.episodes) == 1)

    await play.scene(
        march(27, 22, 24),
        "Stoke says: not ours",
        "Somebody at Stoke's front door is still there, and says whose it is. The police, who sent "
        "it, are told so. Walsall was asked already, and stays liable.",
        not_ours(HOST, "Placed by Walsall, not open to us", EMERGENCY_DUTY),
    )
    play.promise("The police know what Stoke said", play.told() == {CONTROL_ROOM})


async def _is_silent(play: Play) -> None:
    await play.scene(
        march(27, 22, 41),
        "Walsall's emergency duty team is silent",
        "Its time to answer is over. The answer is late, and climbs to the manager on call.",
    )
    play.promise("The manager on call is rung", play.woken() == {ON_CALL})
    await play.scene(
        march(27, 22, 57),
        "So is the manager on call",
        "The next rung is in another organisation: the police control room.",
    )
    play.promise("The police are rung for it", play.woken() == {CONTROL_ROOM})
    await play.scene(
        march(27, 23, 4),
        "The control room answers for it",
        "It is acting. That meets what was owed, late; Walsall's lateness stays on record.",
        acting(CONTROL_ROOM),
    )
    play.promise(
        "Walsall's answer counts as late",
        play.duty("answer", EMERGENCY_DUTY)["state"] == "met-late",
    )


async def _comes_back(play: Play) -> None:
    at = march(28, 3, 10)
    await play.scene(
        at,
        "The child is back",
        "The home says so. Everyone who was told the beginning is told the end, and nobody is rung "
        "for good news. What is owed now: the police have to see the child, and Walsall has to "
        "offer and hold an independent return interview within 72 hours.",
        back(CHILD, CARERS, at, episode="H-17/3"),
    )
    play.promise("Nobody is rung for good news", not play.woken())
    at = march(28, 11, 30)
    await play.scene(
        at,
        "The police have seen the child, and close",
        "Seen alone, well, nothing said against a carer. That they closed the report would not do: "
        "the outcome of the check is what they owed. The home hears that it was done, no more.",
        checked(TO_THE_POLICE, CONTROL_ROOM, at, episode=REFERENCE, condition="Tired, hungry"),
        closed(TO_THE_POLICE, CONTROL_ROOM, at, episode=REFERENCE),
    )
    play.promise(
        "The check is met, in time",
        play.duty("safe-and-well-check", CONTROL_ROOM)["state"] == "met",
    )


async def _is_seen_to(play: Play) -> None:
    at = march(30, 9, 15)
    await play.scene(
        at,
        "Monday: it is read, the interview is offered",
        "Desks that were closed have opened. Each agency's system says by itself that it has the "
        "end; a person at the reviewing officers' desk says that they have it in hand.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        interview(CHILD, INTERVIEWERS, at, InterviewStage.offered),
    )
    at = march(30, 16)
    await play.scene(
        at,
        "The interview is held, and shared",
        "By somebody who does not care for the child. Social work gets all of it, the police what "
        "is meant for them, the home what the interviewer lets it see.",
        interview(
            CHILD,
            INTERVIEWERS,
            at,
            InterviewStage.held,
            findings="Bored in the evenings; no friends near",
            intelligence="A silver car waits behind the station on Fridays",
            released_to_home="Would like to go to football again",
        ),
        interview(
            CHILD, INTERVIEWERS, at, InterviewStage.shared, shared_with=(SharedWith.social_work,)
        ),
    )
    play.promise(
        "The interview is held within 72 hours of the return",
        play.duty("hold-return-interview", INTERVIEWERS)["state"] == "met",
    )


NIGHT = Story(
    name="night",
    sentence="One night: missing, silence, a ladder, back, seen, interviewed.",
    begins=march(27, 22),
    cast=(
        Member(HOME, "Beech House", STOKE),
        Member(WALSALL),
        Member(STOKE),
        Member(POLICE),
    ),
    before="A child of 14 is looked after by Walsall and lives in a children's home, Beech House, "
    "in Stoke-on-Trent. It is a Friday night.",
    tell=_tell,
)
