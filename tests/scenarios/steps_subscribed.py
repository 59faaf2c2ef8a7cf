"""Councils that ask to hear of placements: who may, what they get of whom, and until when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pytest_bdd import given, then, when
from sqlalchemy import select

from broker.ledger import tables as t
from broker.operators import Operator
from broker.subscriptions import overseeing
from schemas.subscription import SubscriptionRequest
from tests.scenarios.play import Got
from tests.scenarios.steps_placed import notice
from tests.scenarios.steps_scene import Scene
from tests.scenarios.steps_then import in_a_word
from tests.scenarios.steps_words import AGENCIES, MONTHS, NAMES, Moment, says

_OPERATOR = Operator("the operator on duty")
_SEVERAL = {"in": "hosts", "by": "placed_by", "homes": "homes", "stages": "stages"}
_BY_SUBSCRIPTION = "subscription "


def day(words: str) -> date:
    return datetime.strptime(words, "%d %B %Y").date()


# -- what is asked


@when(says("{moment:When}{agency:Agency} asks to hear of placements until {last:Day}:"))
def _(scene: Scene, moment: Moment, agency: str, last: str, datatable: list[list[str]]) -> None:
    scene.move(moment)
    ask(scene, agency, last, datatable)


@given(says("{agency:Agency} hears of placements by a subscription until {last:Day}:"))
@when(says("{agency:Agency} hears of placements by a subscription until {last:Day}:"))
def _(scene: Scene, agency: str, last: str, datatable: list[list[str]]) -> None:
    """Asked for, and approved at once."""
    ask(scene, agency, last, datatable)
    act(scene, overseeing.approve(_asked(scene, agency), _OPERATOR))


def ask(scene: Scene, agency: str, last: str, table: list[list[str]]) -> None:
    """A request that is complete, with the filters of the table."""
    said: dict[str, Any] = {
        "purpose": "To plan places in schools",
        "legal_basis": "Children Act 2004, section 10",
        "data_protection_contact": "Data protection desk",
        "until": day(last),
    }
    for key, value in table:
        if key in _SEVERAL:
            said[_SEVERAL[key]] = [AGENCIES.get(each, each) for each in value.split(", ")]
        else:
            said[key.replace(" ", "_")] = value or None
    _say(scene, agency, **said)


@when(says("{moment:When}{agency:Agency} says that it still needs its subscription, until {last:Day}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, agency: str, last: str) -> None:
    scene.move(moment)
    _say(scene, agency, ask="re-attest", subscription=_asked(scene, agency), until=day(last))


@when(says("{moment:When}{agency:Agency} ends its subscription"))
def _(scene: Scene, moment: Moment, agency: str) -> None:
    scene.move(moment)
    _say(scene, agency, ask="end", subscription=_asked(scene, agency))


def _say(scene: Scene, agency: str, **said: Any) -> None:
    message = SubscriptionRequest(**scene.envelope(f"{agency}/performance") | said)
    scene.begin()
    scene.said.append(("", message))
    scene.outcome = scene.play.say(message)


def _asked(scene: Scene, agency: str) -> UUID:
    """The subscription this agency asked for last, by the message id of its request."""
    requests = [said for _, said in scene.said if isinstance(said, SubscriptionRequest)]
    return [
        said.message_id for said in requests if (said.sender, said.ask.value) == (agency, "request")
    ][-1]


# -- what the operator decides


@when(says("{moment:When}the operator approves what {agency:Agency} asks for"))
def _(scene: Scene, moment: Moment, agency: str) -> None:
    scene.move(moment)
    act(scene, overseeing.approve(_asked(scene, agency), _OPERATOR))


@when(says("{moment:When}the operator refuses what {agency:Agency} asks for because {reason:Text}"))
def _(scene: Scene, moment: Moment, agency: str, reason: str) -> None:
    scene.move(moment)
    act(scene, overseeing.refuse(_asked(scene, agency), _OPERATOR, reason))


@given(says("{agency:Agency} acts for {council:Agency} by a recorded agreement until {last:Day}"))
@when(says("{agency:Agency} acts for {council:Agency} by a recorded agreement until {last:Day}"))
def _(scene: Scene, agency: str, council: str, last: str) -> None:
    act(scene, overseeing.agree(agency, council, "Agreement of 2025", day(last), _OPERATOR))


def act(scene: Scene, deed: overseeing.Act) -> None:
    """What the operator does, and what Homeward does because of it at once."""
    scene.begin()
    scene.play.decider.operate(deed)
    scene.play.until(scene.now)
    scene.play.send()


# -- many children


@when(says("{council:Agency} places {number:d} children in {host:Agency} from {start:Moment}"))
def _(scene: Scene, council: str, number: int, host: str, start: Moment) -> None:
    for one in range(number):
        name = f"Child{len(scene.people) + 1}"
        scene.meet(
            name,
            scene.aged(10 + one % 7),
            care_status="looked-after",
            responsible_authority=council,
        )
        carer = [["carer", f"FC-{len(scene.people)}"]]
        notice(scene, council, name, host, start, carer, stage="planned")


# -- what comes of it


@then(says("the subscription of {agency:Agency} is {state:w}"))
def _(scene: Scene, agency: str, state: str) -> None:
    s = t.subscription.c
    found = scene.play._one(select(s.state).where(s.id == _asked(scene, agency)))
    assert str(found) == state


@then(says("{agency:Agency} gets nothing by its subscription"))
def _(scene: Scene, agency: str) -> None:
    assert _got(scene, agency) == []


@then(says("{agency:Agency} gets by its subscription:"))
def _(scene: Scene, agency: str, datatable: list[list[str]]) -> None:
    """Rows in order: the child, what is said of it, how much is seen, and register or news."""
    found = [
        [
            next(name for name in scene.people if scene._is_about(got, name)),
            in_a_word(got),
            got.view,
            "register" if got.because.endswith("@register") else "news",
        ]
        for got in _got(scene, agency)
    ]
    assert found == datatable


def _got(scene: Scene, agency: str) -> list[Got]:
    news = [got for got in scene.play.inbox(agency) if got.because.startswith(_BY_SUBSCRIPTION)]
    kinds = ("placement.notice", "placement.arrival")
    return [got for got in news if got.message.KIND in kinds]


@then(says("{agency:Agency} is told that the subscription of {subscriber:Agency} is {state:w}"))
def _(scene: Scene, agency: str, subscriber: str, state: str) -> None:
    said = [got.message for got in scene.play.inbox(agency, "subscription")]
    states = [one.state.value for one in said if one.subscriber == subscriber]
    assert states[-1:] == [state]


@then(says("{agency:Agency} gets these numbers of {month:Text}:"))
def _(scene: Scene, agency: str, month: str, datatable: list[list[str]]) -> None:
    """Rows: the area; placed there at the end of the month, started in it, ended in it."""
    name, year = month.split()
    key = f"{year}-{MONTHS.index(name) + 1:02}"
    said = [got.message for got in scene.play.inbox(agency, "counts")]
    (counts,) = [one for one in said if one.month == key]
    found = [
        [NAMES[one.host], *map(_number, (one.placed, one.started, one.ended))]
        for one in counts.areas
    ]
    assert found == datatable


def _number(number: int | None) -> str:
    return "hidden" if number is None else str(number)


@then(says("{agency:Agency} is told of no child"))
def _(scene: Scene, agency: str) -> None:
    said = "".join(got.message.model_dump_json() for got in scene.play.inbox(agency))
    names = [person.given_name for person in scene.people.values()]
    assert not [name for name in names if f'"{name}"' in said]
    assert not [
        got for got in scene.news() if got.address.startswith(f"{agency}/") and _is_news(got)
    ]


def _is_news(got: Got) -> bool:
    return got.message.KIND not in ("counts", "subscription")
