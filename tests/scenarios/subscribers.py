"""What councils ask to hear of placements, and what is said of them: made-up children only."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from broker.ledger import agencies
from broker.ledger import tables as t
from broker.operators import Operator
from broker.subscriptions import overseeing
from broker.working_time import day_starts
from schemas.child import Child, Reference, Scheme
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.subscription import SubscriptionRequest
from tests import examples as e
from tests.scenarios.play import Play

BIRMINGHAM, SHROPSHIRE = "la.E08000025", "la.E06000051"
HUB = "hub.west-midlands"
HUB_DESK = f"{HUB}/front-door"
ANNA = Operator("anna")
LIMES = "provider.SC999002"


def joined(play: Play) -> Play:
    """The hub is on Homeward too."""
    with play.ledger.writing() as connection:
        agencies.add(connection, HUB, "West Midlands hub", e.WALSALL, {}, play.clock.now())
    return play


def somebody(number: int) -> Child:
    """One of many made-up children, by the number of the council that looks after them."""
    reference = Reference(holder=e.WALSALL, scheme=Scheme.la_person_id, value=f"W-{number}")
    return Child(
        references=(reference,),
        given_name="Robin",
        family_name=f"Example-{number}",
        birth_date="2011-05-16",
    )


def notice(at: datetime, child: Child | None = None, **changes: Any) -> PlacementNotice:
    """Walsall places a child in a home in Stoke."""
    sender = changes.get("responsible_authority", e.WALSALL)
    said = {
        "child": child or somebody(1),
        "stage": "planned",
        "responsible_authority": sender,
        "host_authority": e.STOKE,
        "distance": "at-a-distance",
        "starts_at": at + timedelta(days=1),
        "home": e.HOME,
        "address": "1 Example Road",
        "approval": {"by": "director", "at": at},
        "risk": {"none_known": True},
        "carer_contact": {"name": "Sam Carer", "phone": "01632 960021"},
    }
    return PlacementNotice(**e.envelope(sender, "placements", at) | said | changes)


def corrected(of: PlacementNotice, at: datetime, **changes: Any) -> PlacementNotice:
    again = e.envelope(of.sender, "placements", at)
    again |= {"action": "update", "replaces": of.message_id} | changes
    return PlacementNotice(**of.model_dump(mode="json") | again)


def arrival(at: datetime, child: Child | None = None, **changes: Any) -> PlacementArrival:
    """The home says that the child came."""
    sender = changes.get("sender", e.HOME)
    said = {
        "child": child or somebody(1),
        "stage": "admitted",
        "placing_authority": e.WALSALL,
        "section_20_or_21": "no",
        "care_or_supervision_order": "yes",
        "education_plan": "no",
    }
    return PlacementArrival(**e.envelope(sender, "home-manager", at) | said | changes)


def request(at: datetime, sender: str = e.STOKE, **changes: Any) -> SubscriptionRequest:
    """Stoke asks to hear of every child who is placed in its area."""
    said = {
        "hosts": [sender] if sender.startswith("la.") else [e.STOKE],
        "purpose": "To plan places in schools",
        "legal_basis": "Children Act 2004, section 10",
        "data_protection_contact": "Data protection desk",
        "until": date(at.year, at.month, at.day) + timedelta(days=300),
    }
    return SubscriptionRequest(**e.envelope(sender, "performance", at) | said | changes)


def re_attest(of: SubscriptionRequest, at: datetime, until: date) -> SubscriptionRequest:
    said = {"ask": "re-attest", "subscription": of.message_id, "until": until}
    return SubscriptionRequest(**e.envelope(of.sender, "performance", at) | said)


def ended(of: SubscriptionRequest, at: datetime) -> SubscriptionRequest:
    said = {"ask": "end", "subscription": of.message_id}
    return SubscriptionRequest(**e.envelope(of.sender, "performance", at) | said)


def approve(play: Play, asked: SubscriptionRequest) -> None:
    """The operator approves it, and what stands goes out."""
    play.decider.operate(overseeing.approve(asked.message_id, ANNA))
    play.until(play.clock.now())
    play.send()


def subscribed(play: Play, sender: str = e.STOKE, **changes: Any) -> SubscriptionRequest:
    """Asked for now, and approved at once."""
    asked = request(play.clock.now(), sender, **changes)
    assert play.say(asked).accepted == 1, play.dead_letters()
    approve(play, asked)
    return asked


def agreed(play: Play, agency: str, council: str, until: date = date(2027, 12, 31)) -> None:
    act = overseeing.agree(agency, council, "Shared service agreement of 2025", until, ANNA)
    play.decider.operate(act)


def state(play: Play, asked: SubscriptionRequest) -> str:
    """How a subscription stands."""
    s = t.subscription.c
    return str(play._one(select(s.state).where(s.id == asked.message_id)))


def by_subscription(play: Play, agency: str) -> list[Any]:
    """What an agency got of children because it subscribed."""
    kinds = (PlacementNotice.KIND, PlacementArrival.KIND)
    return [
        got
        for got in play.inbox(agency)
        if got.message.KIND in kinds and got.because.startswith("subscription ")
    ]


def first_of(year: int, month: int) -> datetime:
    return day_starts(date(year, month, 1)) + timedelta(hours=6)
