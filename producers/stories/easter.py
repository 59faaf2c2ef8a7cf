"""A child is placed in an emergency, over Easter, and the area hears it from the home."""

from datetime import date
from functools import partial

from producers.stories.ending import wind_up
from producers.stories.saying import (
    Person,
    admitted,
    back,
    checked,
    closed,
    london,
    missing,
    placed,
)
from producers.stories.telling import Member, Play, Story, acting, refused
from schemas.child import Place, Residence
from schemas.missing import CareStatus
from schemas.placement import Approval, ApprovalException, PlacementStage, RiskBlock

HOME = "provider.SC999106"
LANCASHIRE = "la.E10000017"
CUMBERLAND = "la.E06000063"
POLICE = "police.E23000002"

MANAGER = f"{HOME}/home-manager"
CARERS = f"{HOME}/night-staff"
OURS = f"{LANCASHIRE}/placements"
OFFICERS = f"{LANCASHIRE}/iro-service"
SOCIAL_WORK = f"{LANCASHIRE}/social-work"
EMERGENCY_DUTY = f"{LANCASHIRE}/emergency-duty"
INTERVIEWERS = f"{LANCASHIRE}/return-interviews"
HOST = f"{CUMBERLAND}/placements"
CONTROL_ROOM = f"{POLICE}/control-room"

april = partial(london, 2026, 4)
CAME = april(2, 17)
DUE = april(14, 0)  # the midnight that ends Monday 13 April
NOTICE = "give-placement-notice"
CHILD = Person(
    "Lee",
    date(2011, 8, 19),
    {HOME: "R-3"},
    Residence(authority=CUMBERLAND, home=HOME),
    LANCASHIRE,
    nhs_number="9990004218",
)
TO_LANCASHIRE = CHILD.as_numbered_by(LANCASHIRE, "L-60718")
TO_THE_POLICE = CHILD.as_numbered_by(POLICE, "N-1120")
EMERGENCY = {
    "stage": PlacementStage.emergency,
    "starts_at": CAME,
    "approval": Approval(exception=ApprovalException.emergency),
}


async def _tell(play: Play) -> None:
    await _comes(play)
    await _is_told(play)
    await _is_missing(play)


async def _comes(play: Play) -> None:
    await play.scene(
        april(2, 17, 40),
        "The home says that a child came at 17:00",
        "It is the Thursday before Easter, and the offices have closed. The home tells the area "
        "it is in, as it must. Lancashire, which placed the child, has given no notice. It owes "
        "one within five working days: the 7th to the 10th, and the 13th.",
        admitted(CHILD, MANAGER, april(2, 17, 40), occurred_at=CAME),
    )
    play.promise("Both councils have it, and its reviewing officers", _all_know(play))
    play.promise("Nobody is rung", not play.woken())
    play.promise(
        "Notice is due at 24:00 on Monday 13 April: Easter is not counted",
        play.duty(NOTICE, OURS)["due_at"] == DUE,
    )
    (entry,) = play.register(CUMBERLAND)
    play.promise(
        "Cumberland's register has the child, with no notice",
        (entry.where, entry.notice) == ("placed-here", "none"),
    )


async def _is_told(play: Play) -> None:
    at = april(7, 10)
    await play.scene(
        at,
        "Lancashire gives notice, and says nothing of risks",
        "Offices are open again. A notice that leaves out what the area must know is no notice: "
        "what is known of risks must be said, also when nothing is.",
        *play.officers_have_read(),
        refused(placed(TO_LANCASHIRE, OURS, at, **EMERGENCY), "risk-block-required"),
    )
    play.not_told("what is refused goes nowhere", CUMBERLAND, HOME)
    play.promise("The notice is still owed", play.duty(NOTICE, OURS)["state"] == "open")

    at = april(7, 11, 30)
    await play.scene(
        at,
        "The corrected notice is taken",
        "No risk is known, and it says so. The reviewing officers hear of it by an alert again.",
        placed(TO_LANCASHIRE, OURS, at, risk=RiskBlock(none_known=True), **EMERGENCY),
    )
    play.promise("The notice is met, in time", play.duty(NOTICE, OURS)["state"] == "met")
    play.not_told("no risk is stated that is theirs", POLICE)
    await play.scene(
        april(8, 9, 30),
        "Cumberland and the reviewing officers answer",
        "Each has it in hand. From here the child's coming and going is known to both areas.",
        acting(HOST),
        *play.officers_have_read(),
    )


async def _is_missing(play: Play) -> None:
    at = april(11, 23, 20)
    await play.scene(
        at,
        "Saturday night: a hospital rings the police",
        "A child has walked out of it. The police have the NHS number and the birth date, and do "
        "not know that the child is in care. The register of placements does, so those are told "
        "whom the report does not name.",
        missing(
            TO_THE_POLICE,
            CONTROL_ROOM,
            at,
            episode="CP-411",
            place=Place(authority=CUMBERLAND, description="The hospital"),
            lives=Residence(),
            care_status=CareStatus.not_known,
            responsible_authority=None,
        ),
        acting(EMERGENCY_DUTY),
    )
    play.promise(
        "Reviewing officers, social work and home are told",
        {OFFICERS, SOCIAL_WORK, CARERS} <= play.told(),
    )
    play.promise("Only Lancashire's duty team is rung", play.woken() == {EMERGENCY_DUTY})
    play.promise("The register says so", play.register(CUMBERLAND)[0].missing)

    at = april(12, 2, 30)
    await play.scene(
        at,
        "The child is back in the home, seen, and closed",
        "The police have brought the child there, and close their report.",
        back(TO_THE_POLICE, CONTROL_ROOM, at, episode="CP-411"),
        checked(TO_THE_POLICE, CONTROL_ROOM, at, episode="CP-411"),
        closed(TO_THE_POLICE, CONTROL_ROOM, at, episode="CP-411"),
    )
    await wind_up(play, april(13, 10), CHILD, INTERVIEWERS)
    (entry,) = play.register(CUMBERLAND)
    play.promise(
        "Cumberland's register: notice given, one absence",
        (entry.notice, entry.absences, entry.missing) == ("given", 1, False),
    )


def _all_know(play: Play) -> bool:
    return {HOST, OURS, OFFICERS} <= play.told()


EASTER = Story(
    name="easter",
    sentence="An emergency placement over Easter: who tells whom, and by when.",
    begins=CAME,
    cast=(
        Member(HOME, "Cedar House", CUMBERLAND),
        Member(LANCASHIRE),
        Member(CUMBERLAND),
        Member(POLICE),
    ),
    before="Lancashire places a child of 14 whom it looks after in a children's home, Cedar House, "
    "in Cumberland. It is the Thursday before Easter, and the office is about to close.",
    tell=_tell,
)
