"""Two councils ask to hear of placements: one has a tie to the children, the other has none."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from broker.operators import Operator
from broker.subscriptions.overseeing import approve
from producers.client import Delivery
from producers.stories.saying import Person, asks, london, placed
from producers.stories.telling import Decides, Member, Play, Says, Story, acting
from schemas.child import Residence
from schemas.placement import (
    Approval,
    Approver,
    Distance,
    PlacementNotice,
    PlacementStage,
    RiskBlock,
)
from schemas.subscription import AreaCount, Counts, SubscriptionAsk, SubscriptionRequest

GATESHEAD = "la.E08000037"
NEWCASTLE = "la.E08000021"
DURHAM = "la.E06000047"
SUNDERLAND = "la.E08000024"
DARLINGTON = "la.E06000005"

WITH_A_TIE = f"{DURHAM}/performance"
WITHOUT = f"{DARLINGTON}/performance"
OPERATOR = Operator("the operator on duty")

december = partial(london, 2026, 12)
UNTIL = date(2027, 6, 30)
GROUND = {
    "purpose": "To plan places in schools",
    "legal_basis": "Children Act 2004, section 10",
    "data_protection_contact": "Data protection desk",
}


async def _tell(play: Play) -> None:
    at = december(14, 10)
    where = [(GATESHEAD, DURHAM)] * 5 + [(NEWCASTLE, DURHAM)] * 4 + [(NEWCASTLE, SUNDERLAND)] * 2
    before = [_placed(by, host, number, at) for number, (by, host) in enumerate(where, 1)]
    await play.scene(
        at,
        "Eleven children are placed, before anybody asked",
        "Gateshead and Newcastle place nine in County Durham and two in Sunderland, with foster "
        "carers. The placements teams there are told, and the reviewing officers.",
        *before,
        *_in_hand(*before),
    )
    asked = await _ask(play)
    await _hear(play)
    await _end(play, asked)


async def _ask(play: Play) -> tuple[SubscriptionRequest, ...]:
    at = december(15, 10)
    durham = asks(WITH_A_TIE, at, hosts=(DURHAM,), until=UNTIL, **GROUND)
    darlington = asks(WITHOUT, at, hosts=(DURHAM, SUNDERLAND), until=UNTIL, **GROUND)
    await play.scene(
        at,
        "County Durham and Darlington ask for notices",
        "Durham's performance team of children placed in Durham; Darlington's of those placed in "
        "Durham or Sunderland, where it has nobody. Each names its purpose, its legal ground and a "
        "last day. Until the operator has looked at it, nothing is sent.",
        *play.officers_have_read(),
        durham,
        darlington,
    )
    play.not_told("nobody has approved it", WITH_A_TIE, DARLINGTON)
    await play.scene(
        december(15, 14),
        "The operator approves both",
        "It is written down who did. What stands comes first: Durham gets the nine who are there, "
        "in full, as it is the area they are placed in. Darlington has no tie to any of them, and "
        "gets numbers: of November, and there were none.",
        *(Decides(approve(each.message_id, OPERATOR)) for each in (durham, darlington)),
    )
    play.promise(
        "The audit names who approved it",
        play.decided(str(durham.message_id)) == ["subscription approved"],
    )
    register = _by_subscription(play)
    play.promise(
        "Durham has the register: nine notices, in full",
        [(one.view, one.because.partition("@")[2]) for one in register]
        == [("full", "register")] * 9,
    )
    play.not_told("it has no tie to these children", DARLINGTON)
    return durham, darlington


async def _hear(play: Play) -> None:
    at = december(17, 11)
    news = _placed(NEWCASTLE, DURHAM, 12, at)
    await play.scene(
        at,
        "News: a tenth child is placed in Durham",
        "It goes to Durham's placements team by law, and to its performance team because that "
        "subscribed. Every delivery says which subscription it comes from.",
        news,
        *_in_hand(news),
        acting(f"{NEWCASTLE}/iro-service"),
    )
    (got,) = _by_subscription(play)
    play.promise(
        "Durham has it, in full, and hears that it is by its subscription",
        got.view == "full" and got.because.startswith("subscription "),
    )
    play.not_told("it has no tie to this child", DARLINGTON)

    await play.scene(
        london(2027, 1, 1, 6),
        "The first of the month: Darlington gets its numbers",
        "To the nearest five, and nothing under five; nor where fewer than five would be left "
        "without the children of one council, which knows its own.",
    )
    play.side_by_side(
        "What each inbox really holds of December; -: nothing is said",
        (WITHOUT, WITH_A_TIE),
        Counts,
        {
            "in County Durham": lambda counts: _number(counts.areas, DURHAM),
            "in Sunderland": lambda counts: _number(counts.areas, SUNDERLAND),
        },
    )
    held = play.holds(WITHOUT, Counts.KIND)
    areas = held.message.areas if held and isinstance(held.message, Counts) else ()
    play.promise(
        "Ten in County Durham, and not a word on the two in Sunderland",
        {one.host: one.placed for one in areas if one.placed} == {DURHAM: 10},
    )
    everything = play.everything_in(DARLINGTON)
    play.promise(
        "Darlington's inbox holds nothing of any child",
        not any(word in everything for word in (_GIVEN, _FAMILY, "placement.notice")),
    )


async def _end(play: Play, asked: Iterable[SubscriptionRequest]) -> None:
    at = london(2027, 1, 5, 10)
    ends = [
        asks(one.from_address, at, ask=SubscriptionAsk.end, subscription=one.message_id)
        for one in asked
    ]
    await play.scene(
        at,
        "Both end it",
        "They need it no longer, and need not wait for the last day. Each is told that it ended.",
        *ends,
    )
    at = london(2027, 1, 5, 11)
    news = _placed(GATESHEAD, DURHAM, 13, at)
    await play.scene(
        at,
        "One more child is placed",
        "Who must know by law is told, as ever.",
        news,
        *_in_hand(news),
        acting(f"{GATESHEAD}/iro-service"),
    )
    play.not_told("its subscription has ended", WITH_A_TIE, DARLINGTON)


_GIVEN, _FAMILY = "Max", "Example-"


def _placed(by: str, host: str, number: int, at: datetime) -> PlacementNotice:
    """A council places a child with a foster carer in an adjoining area, from the next day on."""
    child = Person(
        _GIVEN, date(2014, 1, number), {by: f"G-{number}"}, Residence(authority=host), by
    )
    return placed(
        replace(child, family_name=f"{_FAMILY}{number}"),
        f"{by}/placements",
        at,
        stage=PlacementStage.planned,
        starts_at=at + timedelta(days=1),
        distance=Distance.adjoining,
        carer=f"F-{number}",
        approval=Approval(by=Approver.nominated_officer, at=at),
        risk=RiskBlock(none_known=True),
    )


def _in_hand(*notices: PlacementNotice) -> list[Says]:
    """The area in which each child is placed answers."""
    return [acting(f"{one.host_authority}/placements", of=one) for one in notices]


def _by_subscription(play: Play) -> list[Delivery]:
    return [
        each
        for each in play.arrived
        if each.address == WITH_A_TIE and isinstance(each.message, PlacementNotice)
    ]


def _number(areas: Iterable[AreaCount], host: str) -> str:
    return next((str(one.placed or "") for one in areas if one.host == host), "")


SUBSCRIPTION = Story(
    name="subscription",
    sentence="Two councils subscribe; without a tie there are numbers only.",
    begins=december(14, 9),
    cast=(
        Member(GATESHEAD),
        Member(NEWCASTLE),
        Member(DURHAM),
        Member(SUNDERLAND),
        Member(DARLINGTON),
    ),
    before="Gateshead and Newcastle look after children whom they place with foster carers in the "
    "areas beside theirs. No home and no police force plays a part.",
    tell=_tell,
)
