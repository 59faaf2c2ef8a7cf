"""A return that was reported in error is taken back."""

from datetime import date
from functools import partial

from producers.stories.ending import wind_up
from producers.stories.saying import (
    Person,
    back,
    checked,
    london,
    missing,
    rang_the_police,
    taken_back,
)
from producers.stories.telling import Member, Play, Story, acting
from schemas.child import Residence

HOME = "provider.SC999104"
SUFFOLK = "la.E10000029"
NORFOLK = "la.E10000020"
POLICE = "police.E23000024"

CARERS = f"{HOME}/night-staff"
CONTROL_ROOM = f"{POLICE}/control-room"
EMERGENCY_DUTY = f"{SUFFOLK}/emergency-duty"
INTERVIEWERS = f"{SUFFOLK}/return-interviews"
OWED_AFTER = (
    ("safe-and-well-check", CONTROL_ROOM),
    ("offer-return-interview", INTERVIEWERS),
    ("hold-return-interview", INTERVIEWERS),
)

october = partial(london, 2026, 10)
CHILD = Person(
    "Sam", date(2011, 12, 12), {HOME: "D-8"}, Residence(authority=NORFOLK, home=HOME), SUFFOLK
)


async def _tell(play: Play) -> None:
    at = october(10, 22)
    await play.scene(
        at,
        "Missing; police and Suffolk are acting",
        "A Saturday night. The home reports it, and both say at once that they have it in hand.",
        missing(CHILD, CARERS, at, police_report=rang_the_police(at, "NC-19")),
        acting(CONTROL_ROOM),
        acting(EMERGENCY_DUTY),
    )
    at = october(11, 0, 40)
    wrong = back(CHILD, CARERS, at)
    await play.scene(
        at,
        "The home says that the child is back",
        "Everyone is told the end. Police and duty team stand down; check and interview are owed.",
        wrong,
    )
    told_the_end = play.told()
    play.promise("Check and interview are owed", _states(play) == ["open"] * 3)

    at = october(11, 0, 55)
    await play.scene(
        at,
        "The home takes it back",
        "It was another boy at the door: the child is missing after all. Those who stood down are "
        "rung and have to answer anew; everyone else who was told the end is told that it was "
        "wrong. What the return had opened is undone.",
        taken_back(wrong, at),
    )
    play.promise("Those who stood down are rung", play.woken() == {CONTROL_ROOM, EMERGENCY_DUTY})
    play.promise(
        "Everyone who was told the end is told that it was wrong", told_the_end <= play.told()
    )
    play.promise(
        "Both owe an answer again",
        [play.duty("answer", desk)["state"] for desk in (CONTROL_ROOM, EMERGENCY_DUTY)]
        == ["open", "open"],
    )
    play.promise("Check and interview are no longer owed", _states(play) == ["cancelled"] * 3)

    await play.scene(
        october(11, 1, 5),
        "Both are acting again",
        "In time.",
        acting(CONTROL_ROOM),
        acting(EMERGENCY_DUTY),
    )
    at = october(11, 5, 30)
    await play.scene(
        at,
        "The police bring the child back",
        "This time it is him, and they have seen him alone. What is owed counts from this return, "
        "not from the wrong one.",
        back(CHILD, CONTROL_ROOM, at),
        checked(CHILD, CONTROL_ROOM, at),
    )
    due = play.duty("hold-return-interview", INTERVIEWERS)["due_at"]
    play.promise("The interview is due 72 hours from now", due == october(14, 5, 30))
    await wind_up(play, october(12, 10), CHILD, INTERVIEWERS)


def _states(play: Play) -> list[str]:
    return [play.duty(*owed)["state"] for owed in OWED_AFTER]


TAKEN_BACK = Story(
    name="taken-back",
    sentence="A return reported in error is taken back; the search goes on.",
    begins=october(10, 21),
    cast=(
        Member(HOME, "Alder House", NORFOLK),
        Member(SUFFOLK),
        Member(NORFOLK),
        Member(POLICE),
    ),
    before="A child of 14 is looked after by Suffolk and lives in a children's home, Alder House, "
    "in Norfolk.",
    tell=_tell,
)
