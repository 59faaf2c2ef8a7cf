"""What is kept ready of a child goes to the police when the child is missing, and not before."""

from datetime import date
from functools import partial

from producers.stories.ending import wind_up
from producers.stories.saying import (
    Person,
    back,
    checked,
    london,
    missing,
    news,
    profile,
)
from producers.stories.telling import Member, Play, Story, acting
from schemas.child import Residence
from schemas.missing import Category
from schemas.profile import Associate, ChildProfile, ProfilePart

HOME = "provider.SC999105"
KENT = "la.E10000016"
POLICE = "police.E23000032"

MANAGER = f"{HOME}/home-manager"
CARERS = f"{HOME}/night-staff"
CONTROL_ROOM = f"{POLICE}/control-room"
FRONT_DOOR = f"{KENT}/front-door"
EMERGENCY_DUTY = f"{KENT}/emergency-duty"
SOCIAL_WORK = f"{KENT}/social-work"

november = partial(london, 2026, 11)
CHILD = Person("Alex", date(2013, 3, 3), {HOME: "Z-2"}, Residence(authority=KENT, home=HOME), KENT)
COAT = "Slight, red hair, a green coat"


async def _tell(play: Play) -> None:
    at = november(2, 10)
    await play.scene(
        at,
        "The home writes down what the police would ask",
        "On a quiet Monday, not in the night that it is needed. It is taken in, and lies there. "
        "Of what must be asked, each part is filled in, or said to be not known.",
        profile(
            CHILD,
            MANAGER,
            at,
            description=COAT,
            associates=(Associate(name="A cousin", relation="cousin", where="Dover"),),
            places=("The harbour", "The skate park"),
            none_known=(ProfilePart.medical, ProfilePart.risk_factors),
        ),
    )
    play.not_told("the child is not missing", POLICE, KENT)

    at = november(5, 16, 30)
    absent = missing(
        CHILD,
        MANAGER,
        at,
        category=Category.absent,
        category_reason="Not on the bus from school, often walks",
        review_at=november(5, 17, 30),
        police_report=None,
    )
    await play.scene(
        at,
        "Late from school: absent, not missing",
        "Kent is told. The police are not, as nobody states a concern; so they get nothing that is "
        "kept ready either. The home has set itself a time to look again.",
        absent,
    )
    play.not_told("absent, with no concern stated", POLICE)

    at = november(5, 17, 20)
    await play.scene(
        at,
        "Not at the friend's: now missing",
        "The absence becomes a missing child. The police get the report, and with it what was kept "
        "ready. Nobody else gets that.",
        news(
            CHILD,
            CARERS,
            at,
            category=Category.missing,
            reason="Not at the friend's",
            police_reference="KP-88",
        ),
        acting(CONTROL_ROOM),
        acting(EMERGENCY_DUTY),
    )
    _show(play)
    at = november(5, 19, 40)
    await play.scene(
        at,
        "Found, back, and seen by the police",
        "He was at the skate park, one of the places that were written down.",
        back(CHILD, CARERS, at),
        checked(CHILD, CONTROL_ROOM, at),
    )
    await wind_up(play, november(6, 11), CHILD, f"{KENT}/return-interviews")


def _show(play: Play) -> None:
    play.side_by_side(
        "What each inbox really holds of the profile",
        (CONTROL_ROOM, FRONT_DOOR, SOCIAL_WORK, CARERS),
        ChildProfile,
        {
            "child": lambda kept: kept.child.given_name,
            "description": lambda kept: kept.description,
            "may be with": lambda kept: ", ".join(one.name for one in kept.associates),
            "may be at": lambda kept: ", ".join(kept.places),
        },
    )
    play.promise("The police have it, once", play.everything_in(POLICE).count(COAT) == 1)
    play.promise("Nobody else has", not any(COAT in play.everything_in(a) for a in (KENT, HOME)))


PROFILE = Story(
    name="profile",
    sentence="What is kept ready goes to the police when needed, not before.",
    begins=november(2, 9),
    cast=(Member(HOME, "Hazel House", KENT), Member(KENT), Member(POLICE)),
    before="A child of 13 is looked after by Kent and lives in a children's home there, Hazel "
    "House.",
    tell=_tell,
)
