"""What a child says never goes to a place that it may be about."""

from datetime import date
from functools import partial

from producers.stories.saying import (
    Person,
    back,
    checked,
    interview,
    london,
    missing,
    rang_the_police,
)
from producers.stories.telling import Member, Play, Story, acting
from schemas.child import Residence
from schemas.outcomes import InterviewStage, ReturnInterviewOutcome, SharedWith
from schemas.values import Known

HOME = "provider.SC999103"
SWINDON = "la.E06000030"
OXFORDSHIRE = "la.E10000025"
POLICE = "police.E23000029"

CARERS = f"{HOME}/home-manager"
CONTROL_ROOM = f"{POLICE}/control-room"
MISSING_UNIT = f"{POLICE}/missing-unit"
FRONT_DOOR = f"{SWINDON}/front-door"
SOCIAL_WORK = f"{SWINDON}/social-work"
OFFICERS = f"{SWINDON}/iro-service"
INTERVIEWERS = f"{SWINDON}/return-interviews"
ALLEGATIONS = f"{SWINDON}/allegations-officer"
ALLEGATIONS_THERE = f"{OXFORDSHIRE}/allegations-officer"

september = partial(london, 2026, 9)
CHILD = Person(
    "Jess",
    date(2012, 7, 1),
    {HOME: "A-12"},
    Residence(authority=OXFORDSHIRE, home=HOME),
    SWINDON,
)
FLAT = "Sleeps at a flat above the corner shop"
SAID = "A member of staff hits us when nobody looks"


async def _tell(play: Play) -> None:
    at = september(8, 14)
    await play.scene(
        at,
        "Missing; police and Swindon are acting",
        "A Tuesday afternoon. The home reports it, and both say at once that they have it in hand.",
        missing(CHILD, CARERS, at, police_report=rang_the_police(at, "TVP-5")),
        acting(CONTROL_ROOM),
        acting(FRONT_DOOR),
    )
    at = september(8, 16, 30)
    await play.scene(
        at,
        "The child is back, and the police have seen her",
        "In the home, with a carer in the next room. She said nothing against anybody; the home "
        "hears that the check was done, and no more, in case she did.",
        back(CHILD, CARERS, at),
        checked(CHILD, CONTROL_ROOM, at, seen_alone=Known.no, concern_about_carer=Known.not_known),
    )
    at = september(9, 10)
    await play.scene(
        at,
        "To the independent interviewer she says more",
        "The interviewer, who does not care for her, reports a concern about a carer. Social work "
        "gets all of it, and so do both officers for allegations: of the council that looks after "
        "her, and of the one where the home is.",
        *play.everybody_has_read(),
        interview(
            CHILD,
            INTERVIEWERS,
            at,
            InterviewStage.held,
            concern_about_carer=Known.yes,
            findings=SAID,
            intelligence=FLAT,
            released_to_home="Would like her own room",
        ),
    )
    play.not_told("it may be about the home: not even that there was an interview", HOME)
    play.promise(
        "Both officers for allegations are told", {ALLEGATIONS, ALLEGATIONS_THERE} <= play.told()
    )
    _show(play)
    at = september(9, 11)
    await play.scene(
        at,
        "The officers have it in hand, the worker has it",
        "The reviewing officers' alert says that there is a concern about a carer, and not what it "
        "is. The interview is shared with the child's worker; the home hears nothing of that.",
        *play.officers_have_read(),
        interview(
            CHILD,
            INTERVIEWERS,
            at,
            InterviewStage.shared,
            concern_about_carer=Known.yes,
            shared_with=(SharedWith.social_work,),
        ),
    )
    play.not_told("for the same reason", HOME)
    await play.scene(
        september(9, 12),
        "The officers answer the second alert too",
        "It was the same concern, told with the second message.",
        *play.officers_have_read(),
    )


def _show(play: Play) -> None:
    desks = (SOCIAL_WORK, ALLEGATIONS, ALLEGATIONS_THERE, MISSING_UNIT, OFFICERS, CARERS)
    play.side_by_side(
        "What each inbox really holds of the interview; - and not-known: taken away",
        desks,
        ReturnInterviewOutcome,
        {
            "child": lambda talk: talk.child.given_name,
            "stage": lambda talk: talk.stage.value,
            "a concern about a carer": lambda talk: talk.concern_about_carer,
            "findings": lambda talk: talk.findings,
            "for the police": lambda talk: talk.intelligence,
            "released to the home": lambda talk: talk.released_to_home,
        },
    )
    home, police = play.everything_in(HOME), play.everything_in(POLICE)
    play.promise(
        "The home's inbox holds nothing of the interview", SAID not in home and FLAT not in home
    )
    play.promise(
        "The police hold the flat, not what she said", FLAT in police and SAID not in police
    )


CONCERN = Story(
    name="concern",
    sentence="A concern about a carer: who is told what, and the home nothing.",
    begins=september(8, 13),
    cast=(
        Member(HOME, "Ash Lodge", OXFORDSHIRE),
        Member(SWINDON),
        Member(OXFORDSHIRE),
        Member(POLICE),
    ),
    before="A child of 14 is looked after by Swindon and lives in a children's home, Ash Lodge, in "
    "Oxfordshire.",
    tell=_tell,
)
