"""A child who lives in one force's area is last seen in another's."""

from datetime import date
from functools import partial

from producers.stories.ending import wind_up
from producers.stories.saying import (
    Person,
    back,
    checked,
    found,
    london,
    missing,
    rang_the_police,
)
from producers.stories.telling import Member, Play, Story, acting, not_ours
from schemas.child import Place, Residence
from schemas.missing import Outcome

WAKEFIELD = "la.E08000036"
DONCASTER = "la.E08000017"
WEST_YORKSHIRE = "police.E23000010"
SOUTH_YORKSHIRE = "police.E23000011"

WORKER = f"{WAKEFIELD}/social-work"
FRONT_DOOR = f"{WAKEFIELD}/front-door"
WEST = f"{WEST_YORKSHIRE}/control-room"
SOUTH = f"{SOUTH_YORKSHIRE}/control-room"

may = partial(london, 2026, 5)
CHILD = Person(
    "Noor",
    date(2010, 11, 2),
    {WAKEFIELD: "W-2231"},
    Residence(authority=WAKEFIELD),
    more=(("open_to_social_work", True),),
)


async def _tell(play: Play) -> None:
    await _is_passed_on(play)
    await _is_found(play)


async def _is_passed_on(play: Play) -> None:
    at = may(21, 15, 30)
    await play.scene(
        at,
        "Wakefield's social worker reports it",
        "Last seen at Doncaster station at 14:10. The mother has rung 101. The police of the place "
        "are asked, which is South Yorkshire. The front doors of both councils are told.",
        missing(
            CHILD,
            WORKER,
            at,
            last_seen_at=may(21, 14, 10),
            place=Place(authority=DONCASTER, description="Doncaster station"),
            police_report=rang_the_police(at, "WY-311"),
        ),
    )
    play.promise("Both councils are told", {FRONT_DOOR, f"{DONCASTER}/front-door"} <= play.told())
    play.not_told("nothing points to it but where the family lives", WEST_YORKSHIRE)
    play.not_told("the child is not looked after", f"{WAKEFIELD}/iro-service")

    due = play.duty("answer", SOUTH)["due_at"]
    await play.scene(
        may(21, 15, 41),
        "South Yorkshire says: not ours, West Yorkshire's",
        "West Yorkshire is asked at once, gets the whole report, and no new clock: a third of the "
        "time is gone. South Yorkshire stays liable until West Yorkshire is acting, so that not "
        "each waits for the other.",
        not_ours(SOUTH, "Lives in Wakefield, the mother reported it there", WEST),
    )
    play.promise("West Yorkshire is rung, with the whole report", WEST in play.woken())
    asked = play.holds(WEST, "missing.notification")
    play.promise(
        "... and under the clock that runs already", asked is not None and asked.answer_by == due
    )
    play.promise("South Yorkshire still owes it", play.duty("answer", SOUTH)["state"] == "open")

    await play.scene(
        may(21, 15, 52),
        "West Yorkshire is acting",
        "In time. Now South Yorkshire is free.",
        acting(WEST),
    )
    play.promise("South Yorkshire's answer is met", play.duty("answer", SOUTH)["state"] == "met")


async def _is_found(play: Play) -> None:
    at = may(21, 19, 20)
    home = Place(authority=WAKEFIELD)
    await play.scene(
        at,
        "West Yorkshire finds the child, in Wakefield",
        "At a friend's. Found is not back: no all-clear yet. The force where the child was found "
        "owes the safe-and-well check, counted from now.",
        found(CHILD, WEST, at, Outcome.safe, place=home),
    )
    play.promise(
        "West Yorkshire owes the check", play.duty("safe-and-well-check", WEST)["state"] == "open"
    )
    play.not_told("it is not over: no all-clear", f"{DONCASTER}/front-door")

    at = may(21, 20, 5)
    await play.scene(
        at,
        "The child is home, and the police have seen her",
        "West Yorkshire has seen her alone. Now everyone who was told is told the end, Doncaster "
        "and South Yorkshire too.",
        back(CHILD, WEST, at, place=home),
        checked(CHILD, WEST, at),
    )
    play.promise(
        "Those who had it first are told the end",
        {SOUTH, f"{DONCASTER}/front-door"} <= play.told(),
    )
    play.promise(
        "South Yorkshire never owed a check", not play.states("safe-and-well-check", SOUTH)
    )
    await wind_up(play, may(22, 10), CHILD, f"{WAKEFIELD}/return-interviews")


TWO_FORCES = Story(
    name="two-forces",
    sentence="Lives in one force's area, last seen in another's: whose is it?",
    begins=may(21, 15),
    cast=(Member(WAKEFIELD), Member(DONCASTER), Member(WEST_YORKSHIRE), Member(SOUTH_YORKSHIRE)),
    before="A child of 15 lives with family in Wakefield, where West Yorkshire Police are. "
    "She did not come back from a trip to Doncaster, where South Yorkshire Police are.",
    tell=_tell,
)
