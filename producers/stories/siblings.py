"""Three children in one incident, of whom one was never missing."""

from datetime import date
from functools import partial

from producers.stories.saying import (
    Person,
    back,
    checked,
    interview,
    london,
    missing,
    taken_back,
)
from producers.stories.telling import Member, Play, Story, acting
from schemas.child import Residence
from schemas.outcomes import InterviewStage, SharedWith

SALFORD = "la.E08000006"
POLICE = "police.E23000005"

CONTROL_ROOM = f"{POLICE}/control-room"
FRONT_DOOR = f"{SALFORD}/front-door"
EMERGENCY_DUTY = f"{SALFORD}/emergency-duty"
INTERVIEWERS = f"{SALFORD}/return-interviews"

july = partial(london, 2026, 7)
AT_HOME = Residence(authority=SALFORD)
ELDEST = Person("Cass", date(2011, 1, 9), {POLICE: "N-901"}, AT_HOME)
MIDDLE = Person("Bo", date(2013, 9, 30), {POLICE: "N-902"}, AT_HOME)
YOUNGEST = Person("Ari", date(2017, 4, 5), {POLICE: "N-903"}, AT_HOME)


async def _tell(play: Play) -> None:
    at = july(7, 20, 10)
    reports = [
        missing(who, CONTROL_ROOM, at, incident="GMP-INC-7", last_seen_at=july(7, 18))
        for who in (ELDEST, MIDDLE, YOUNGEST)
    ]
    await play.scene(
        at,
        "The police report three children missing",
        "One incident, and one message for each child. Each is an absence of its own: an answer "
        "for one is no answer for another.",
        *reports,
    )
    play.promise("Three absences", len(play.stage.still_away(play.episodes)) == 3)
    play.promise("Salford's duty team owes three answers", _owed(play, EMERGENCY_DUTY) == 3)
    play.not_told("none of the three is looked after", f"{SALFORD}/iro-service")

    await play.scene(
        july(7, 20, 20),
        "Salford is acting for the two elder ones",
        "Its emergency duty team says so of each. The answer on the youngest is still owed.",
        acting(EMERGENCY_DUTY, of=reports[0]),
        acting(EMERGENCY_DUTY, of=reports[1]),
    )
    play.promise("One answer is still owed", _owed(play, EMERGENCY_DUTY) == 1)

    at = july(7, 20, 35)
    await play.scene(
        at,
        "The youngest was never missing",
        "At an aunt's, by agreement. The police take that report back. Everyone who was told of "
        "the youngest is told so, what was owed for the youngest is owed no longer, and nothing "
        "climbs for it. The two others are as missing as they were.",
        taken_back(reports[2], at),
    )
    play.promise(
        "Whoever was told of the youngest is told so", {FRONT_DOOR, EMERGENCY_DUTY} == play.told()
    )
    play.promise("Nobody owes anything for the youngest", _owed(play, EMERGENCY_DUTY) == 0)
    play.promise("Two absences remain", len(play.stage.still_away(play.episodes)) == 2)

    await _come_back(play)


async def _come_back(play: Play) -> None:
    at = july(7, 22, 40)
    await play.scene(
        at,
        "The two are back, and seen by the police",
        "Two ends, two checks, and two interviews owed; none for the youngest.",
        *(back(who, CONTROL_ROOM, at) for who in (ELDEST, MIDDLE)),
        *(checked(who, CONTROL_ROOM, at) for who in (ELDEST, MIDDLE)),
    )
    play.promise(
        "Two interviews are owed, not three",
        play.states("hold-return-interview", INTERVIEWERS) == ["open", "open"],
    )
    at = july(8, 16)
    await play.scene(
        at,
        "The next day: each of the two is interviewed",
        "One after the other, and alone: what one says is not put to the other.",
        *play.everybody_has_read(),
        *(interview(who, INTERVIEWERS, at, InterviewStage.held) for who in (ELDEST, MIDDLE)),
        *(
            interview(
                who, INTERVIEWERS, at, InterviewStage.shared, shared_with=(SharedWith.social_work,)
            )
            for who in (ELDEST, MIDDLE)
        ),
    )
    play.promise(
        "Both interviews are held",
        play.states("hold-return-interview", INTERVIEWERS) == ["met", "met"],
    )


def _owed(play: Play, desk: str) -> int:
    return play.states("answer", desk).count("open")


SIBLINGS = Story(
    name="siblings",
    sentence="Three children, one incident; one was never missing: told too.",
    begins=july(7, 20),
    cast=(Member(SALFORD), Member(POLICE)),
    before="Three children of 9, 12 and 15 live with their family in Salford.",
    tell=_tell,
)
