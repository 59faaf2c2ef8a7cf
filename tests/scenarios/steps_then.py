"""What came of it: who is told, who is woken, who owes what by when, and where it stands."""

from collections.abc import Iterable

from pytest_bdd import then

from broker.episode import state_of
from schemas.iro_alert import IroAlert
from schemas.missing import MissingReturn
from tests.scenarios.play import Got
from tests.scenarios.steps_scene import Scene, is_absence
from tests.scenarios.steps_words import Moment, desk_of, duty_named, in_words, says, shown

Table = list[list[str]]


# How alerts and what is said of placements is put in a few words.
_EVENTS = {
    "returned": "back",
    "placement-change": "in a change of placement",
    "approval-missing": "placed without approval",
}
_STAGES = {
    "planned": "to be placed",
    "emergency": "placed in an emergency",
    "change": "to move",
    "ending": "to leave",
    "ended": "placed no longer",
    "admitted": "admitted",
    "discharged": "discharged",
}


def desks(addresses: Iterable[str]) -> list[str]:
    return sorted({desk_of(address) for address in addresses})


def column(table: Table) -> list[str]:
    return [row[0] for row in table]


# -- who is told


@then(says("these are told of {name:Child}:"))
def _(scene: Scene, name: str, datatable: Table) -> None:
    assert desks(got.address for got in scene.news(name)) == sorted(column(datatable))


@then(says("these are now told of {name:Child}:"))
def _(scene: Scene, name: str, datatable: Table) -> None:
    assert desks(got.address for got in scene.news(name, new=True)) == sorted(column(datatable))


@then(says("nobody is told of {name:Child}"))
def _(scene: Scene, name: str) -> None:
    assert desks(got.address for got in scene.news(name)) == []


@then(says("nobody is now told of {name:Child}"))
def _(scene: Scene, name: str) -> None:
    assert desks(got.address for got in scene.news(name, new=True)) == []


@then(says("{desk:Desk} is not told of {name:Child}"))
def _(scene: Scene, desk: str, name: str) -> None:
    assert heard(scene, desk, name) == []


@then(says("{desk:Desk} is told that {name:Child} is {what:What}"))
def _(scene: Scene, desk: str, name: str, what: str) -> None:
    assert what in heard(scene, desk, name)


@then(says("{desk:Desk} is not told that {name:Child} is {what:What}"))
def _(scene: Scene, desk: str, name: str, what: str) -> None:
    assert what not in heard(scene, desk, name)


@then(says("{desk:Desk} is now told that {name:Child} is {what:What}"))
def _(scene: Scene, desk: str, name: str, what: str) -> None:
    assert what in heard(scene, desk, name, new=True)


@then(says("{desk:Desk} is told {number:Number} that {name:Child} is {what:What}"))
@then(says("{desk:Desk} is told {number:Number} times that {name:Child} is {what:What}"))
def _(scene: Scene, desk: str, number: int, name: str, what: str) -> None:
    assert heard(scene, desk, name).count(what) == number


@then(says("{desk:Desk} is told of {name:Child} in this order:"))
def _(scene: Scene, desk: str, name: str, datatable: Table) -> None:
    assert heard(scene, desk, name) == column(datatable)


@then(says("{desk:Reader} is told {words:Text}"))
def _(scene: Scene, desk: str, words: str) -> None:
    assert any(words in got.message.model_dump_json() for got in scene.play.inbox(desk))


@then(says("{desk:Reader} is never told {words:Text}"))
def _(scene: Scene, desk: str, words: str) -> None:
    assert not [got for got in scene.play.inbox(desk) if words in got.message.model_dump_json()]


@then(says("nobody is ever told {words:Text}"))
def _(scene: Scene, words: str) -> None:
    assert words not in scene.play.words()


@then(says("everyone who was told of {name:Child} is told the end"))
def _(scene: Scene, name: str) -> None:
    spoke = {message.from_address for about, message in scene.said if about == name}
    told = {address for each in scene.absences(name) for address in each.told} - spoke
    ended = {got.address for got in scene.news(name) if is_end(got)}
    assert desks(told - ended) == []
    assert told


def heard(scene: Scene, desk: str, name: str, new: bool = False) -> list[str]:
    """What a desk was told of a child, in order, each in a word or two."""
    news = sorted(
        (got for got in scene.news(name, new) if got.address == desk), key=lambda got: got.sequence
    )
    return [in_a_word(got) for got in news]


def in_a_word(got: Got) -> str:
    message = got.message
    if getattr(message, "action", "new") == "cancel":
        return "taken back"
    if isinstance(message, IroAlert):
        return _EVENTS.get(message.event.value, message.event.value)
    if isinstance(message, MissingReturn):
        if message.outcome.value == "reported-in-error":
            return "reported in error"
        if message.stage.value == "found":
            return "found"
        return "closed" if message.stage.value == "closed" else "back"
    if message.KIND == "safe-and-well.outcome":
        return "checked" if message.result.value == "done" else "not checked"
    if message.KIND == "return-interview.outcome":
        return f"in an interview {message.stage.value}"
    if message.KIND in ("placement.notice", "placement.arrival"):
        return _STAGES[message.stage.value]
    if message.KIND == "missing.notification":
        return str(message.category.value)
    if message.KIND == "missing.update":
        return str(message.category.value) if message.category else "in the news"
    return str(message.KIND)


def is_end(got: Got) -> bool:
    return in_a_word(got) in ("back", "closed", "reported in error", "taken back")


@then(says("{agency:Agency} gets a picture of {name:Child}: {status:Status}, the risk {grade:Grade}"))  # fmt: skip # noqa: E501
def _(scene: Scene, agency: str, name: str, status: str, grade: str) -> None:
    ids = {str(id) for id in scene.episodes(name)}
    pictures = [got.message for got in scene.play.inbox(agency, "picture")]
    assert [(p.status, p.risk) for p in pictures if p.episode in ids] == [(status, grade)]


@then(says("{desk:Desk} sees no name of {name:Child}"))
def _(scene: Scene, desk: str, name: str) -> None:
    got = scene.play.news(desk)
    assert got
    assert name not in "".join(each.message.model_dump_json() for each in got)


# -- who is woken


@then("only these are woken:")
def _(scene: Scene, datatable: Table) -> None:
    assert desks(scene.woken()) == sorted(column(datatable))


@then("only these are now woken:")
def _(scene: Scene, datatable: Table) -> None:
    assert desks(scene.woken(new=True)) == sorted(column(datatable))


@then("nobody is woken")
def _(scene: Scene) -> None:
    assert desks(scene.woken()) == []


@then("nobody is now woken")
def _(scene: Scene) -> None:
    assert desks(scene.woken(new=True)) == []


@then(says("{desk:Desk} is never woken"))
def _(scene: Scene, desk: str) -> None:
    assert desk not in scene.woken()


# -- who owes what


@then(says("{desk:Desk} owes {duty:Duty} by {due:Moment}"))
def _(scene: Scene, desk: str, duty: str, due: Moment) -> None:
    standing = [owing for owing in scene.duties(duty, desk) if owing.standing]
    assert shown(due.at(scene.now)) in [shown(owing.due_at) for owing in standing]


@then(says("{desk:Desk} owes {duty:Duty} about {name:Child} by {due:Moment}"))
def _(scene: Scene, desk: str, duty: str, name: str, due: Moment) -> None:
    standing = [owing for owing in scene.duties(duty, desk, name) if owing.standing]
    assert shown(due.at(scene.now)) in [shown(owing.due_at) for owing in standing]


@then(says("{desk:Desk} owes {duty:Duty}, with no start recorded"))
def _(scene: Scene, desk: str, duty: str) -> None:
    assert [shown(owing.due_at) for owing in scene.duties(duty, desk) if owing.standing] == [
        shown(None)
    ]


@then(says("{desk:Desk} owed {duty:Duty} by {due:Moment}, and it is {ending:Ending}"))
def _(scene: Scene, desk: str, duty: str, due: Moment, ending: str) -> None:
    found = [(shown(owing.due_at), owing.state) for owing in scene.duties(duty, desk)]
    assert (shown(due.at(scene.now)), ending) in found


@then(says("{duty:Duty} of {desk:Desk} is {ending:Ending}"))
def _(scene: Scene, duty: str, desk: str, ending: str) -> None:
    assert [owing.state for owing in scene.duties(duty, desk)] == [ending]


@then(says("{duty:Duty} of {desk:Desk} about {name:Child} is {ending:Ending}"))
def _(scene: Scene, duty: str, desk: str, name: str, ending: str) -> None:
    assert [owing.state for owing in scene.duties(duty, desk, name)] == [ending]


@then(says("nobody owes {duty:Duty}"))
def _(scene: Scene, duty: str) -> None:
    assert desks(owing.owed_by for owing in scene.duties(duty) if owing.standing) == []


@then(says("nobody ever owed {duty:Duty}"))
def _(scene: Scene, duty: str) -> None:
    assert scene.duties(duty) == []


@then(says("{desk:Desk} does not owe {duty:Duty}"))
def _(scene: Scene, desk: str, duty: str) -> None:
    assert [owing for owing in scene.duties(duty, desk) if owing.standing] == []


@then(says("only these owe {duty:Duty}:"))
def _(scene: Scene, duty: str, datatable: Table) -> None:
    owed_by = [owing.owed_by for owing in scene.duties(duty) if owing.standing]
    assert desks(owed_by) == sorted(column(datatable))


@then("these duties stand:")
def _(scene: Scene, datatable: Table) -> None:
    standing = [owing for owing in scene.play.duties() if owing.standing]
    found = {(in_words(owing.name), desk_of(owing.owed_by), shown(owing.due_at)) for owing in standing}  # fmt: skip # noqa: E501
    expected = {
        (in_words(duty_named(duty)), desk, shown(Moment(due).at(scene.now) if due else None))
        for duty, desk, due in datatable
    }
    assert sorted(found) == sorted(expected)


@then(says("{duty:Duty} of {desk:Desk} was late by our fault"))
def _(scene: Scene, duty: str, desk: str) -> None:
    assert [owing.our_fault for owing in scene.duties(duty, desk)] == [True]


# -- climbing


@then("nothing has climbed")
def _(scene: Scene) -> None:
    assert [desk_of(address) for address in scene.play.climbed()] == []


@then("it has climbed to:")
def _(scene: Scene, datatable: Table) -> None:
    assert [desk_of(address) for address in scene.play.climbed()] == column(datatable)


@then(says("{duty:Duty} has climbed to:"))
def _(scene: Scene, duty: str, datatable: Table) -> None:
    assert [desk_of(address) for address in scene.play.climbed(duty)] == column(datatable)


@then(says("{duty:Duty} has not climbed"))
def _(scene: Scene, duty: str) -> None:
    assert [desk_of(address) for address in scene.play.climbed(duty)] == []


# -- where it stands


@then(says("there is {absences:Number} absence of {children:Number} child"))
@then(says("there are {absences:Number} absences of {children:Number} child"))
@then(says("there are {absences:Number} absences of {children:Number} children"))
def _(scene: Scene, absences: int, children: int) -> None:
    found = [each for each in scene.play.episodes() if is_absence(each)]
    assert (len(found), len({each.child for each in found})) == (absences, children)


@then(says("the absence of {name:Child} is {status:Status}"))
def _(scene: Scene, name: str, status: str) -> None:
    assert scene.state(name).status == status


@then(says("the absences of {name:Child} are:"))
def _(scene: Scene, name: str, datatable: Table) -> None:
    found = [state_of(each.facts) for each in scene.absences(name)]
    expected = [(shown(Moment(start).at(scene.now)), status) for start, status in datatable]
    assert [(shown(state.started_at), state.status) for state in found] == expected


@then(says("the absence of {name:Child} counts as {category:Category}"))
def _(scene: Scene, name: str, category: str) -> None:
    assert scene.state(name).category == category


@then(says("the risk of {name:Child} stands at {grade:Grade}"))
def _(scene: Scene, name: str, grade: str) -> None:
    assert scene.state(name).risk == grade


@then(says("{name:Child} was back on {moment:Moment}"))
def _(scene: Scene, name: str, moment: Moment) -> None:
    assert shown(scene.state(name).returned_at) == shown(moment.at(scene.now))


@then(says("the alerts to {desk:Desk} count these absences in 90 days:"))
def _(scene: Scene, desk: str, datatable: Table) -> None:
    alerts = [got.message for got in scene.play.inbox(desk, "iro.alert")]
    assert [(a.event.value, str(a.episodes_in_90_days)) for a in alerts] == [
        tuple(row) for row in datatable
    ]


# -- receipts and rejections


@then(says("{agency:Agency} has {number:Number} receipt{s:s}"))
def _(scene: Scene, agency: str, number: int, s: str) -> None:
    assert len(scene.play.receipts(agency)) == number


@then(says("the receipt tells {agency:Agency} {words:Text}"))
def _(scene: Scene, agency: str, words: str) -> None:
    assert words in scene.play.receipts(agency)[-1].words


@then(says("the receipt does not tell {agency:Agency} {words:Text}"))
def _(scene: Scene, agency: str, words: str) -> None:
    assert words not in scene.play.receipts(agency)[-1].words


@then(says("the receipt names these to {agency:Agency}, and by when they answer:"))
def _(scene: Scene, agency: str, datatable: Table) -> None:
    lines = scene.play.receipts(agency)[-1].told
    found = {(desk_of(line.address), shown(line.answer_by) if line.answer_by else "") for line in lines}  # fmt: skip # noqa: E501
    assert sorted(found) == sorted(
        (desk, shown(Moment(by).at(scene.now)) if by else "") for desk, by in datatable
    )


@then(says("{agency:Agency} is refused with {code:Text}"))
def _(scene: Scene, agency: str, code: str) -> None:
    assert [said.code for said in scene.play.rejections(agency)][-1:] == [code]


@then(says("{agency:Agency} is refused with {code:Text} at {field:Text}"))
def _(scene: Scene, agency: str, code: str, field: str) -> None:
    said = scene.play.rejections(agency)[-1]
    assert (said.code, said.field) == (code, field)


@then("the message is accepted")
def _(scene: Scene) -> None:
    assert (scene.outcome.accepted, scene.outcome.rejected) == (1, 0)


@then("the message is taken for a repeat")
def _(scene: Scene) -> None:
    assert (scene.outcome.accepted, scene.outcome.repeated) == (0, 1)
