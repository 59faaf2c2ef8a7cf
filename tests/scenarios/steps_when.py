"""What happens: somebody reports, answers or corrects, and time passes."""

from datetime import timedelta
from typing import Any

from pytest_bdd import when

from schemas.catch_up import CatchUp
from schemas.codec import encode
from schemas.identity import IdentityStatement
from schemas.missing import MissingNotification, MissingReturn
from schemas.values import agency_of
from tests import examples
from tests.scenarios.play import NOTICES, Got
from tests.scenarios.steps_scene import Scene, Table
from tests.scenarios.steps_words import ENDS, Moment, says

# -- time


@when(says("{span:Span} pass"))
@when(says("{span:Span} passes"))
def _(scene: Scene, span: timedelta) -> None:
    scene.until(scene.now + span)


@when(says("it is {moment:Moment}"))
def _(scene: Scene, moment: Moment) -> None:
    scene.move(moment)


# -- a child is gone


@when(says("{moment:When}{who:Who} reports {name:Child} {category:Category}"))
def _(scene: Scene, moment: Moment, who: str, name: str, category: str, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    report(scene, who, name, category, datatable)


@when(says("{moment:When}{who:Who} reports {name:Child} {category:Category} again"))
def _(scene: Scene, moment: Moment, who: str, name: str, category: str, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    scene.people[name].absence += 1
    report(scene, who, name, category, datatable)


@when(says("{moment:When}{who:Who} reports {name:Child} {category:Category} since {start:Moment}"))
def _(scene: Scene, moment: Moment, who: str, name: str, category: str, start: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    report(scene, who, name, category, datatable, start)


@when(says("{moment:When}{who:Who} reports {name:Child} {category:Category} again since {start:Moment}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, who: str, name: str, category: str, start: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    scene.people[name].absence += 1
    report(scene, who, name, category, datatable, start)


@when(says("{moment:When}{who:Who} reports these missing together:"))
def _(scene: Scene, moment: Moment, who: str, datatable: list[list[str]]) -> None:
    scene.move(moment)
    for (name,) in datatable:
        report(scene, who, name, "missing", [["incident", "I-1"]])


def report(
    scene: Scene, who: str, name: str, category: str, table: Table, start: Moment | None = None
) -> None:
    """The report an agency would make: complete, unless the table says otherwise."""
    started = start.at(scene.now) if start else scene.now
    fields = scene.people[name].facts | scene.about(name, who, started)
    fields |= {"category": category, "last_seen_at": started, "episode": scene.reference(name)}
    fields |= {"risk": "medium", "risk_reason": "Out later than agreed, telephone off"}
    if who.startswith("police."):
        scene.given_by_police.add(scene.reference(name))
    else:
        fields["police_report"] = {
            "channel": "101",
            "at": started,
            "reference": scene.reference(name),
        }
    words = dict(table or [])
    rows = [[key, value] for key, value in words.items() if key not in ("police", "knows only")]
    if words.get("knows only") == "its own number":
        child = fields["child"]
        fields["child"] = child.model_copy(update={"references": child.references[:1]})
    if "risk" in words and not words["risk"]:
        fields["risk_reason"] = None
    if words.get("police") == "not told yet":
        fields["police_report"] = {"channel": "not-yet"}
    elif words.get("police") == "not mentioned":
        fields["police_report"] = None
    message = scene.message(MissingNotification.KIND, name, fields, rows)
    if message.police_report and message.police_report.reference:
        scene.given_by_police.add(scene.reference(name))
    scene.arrives(name, message)


# -- news


@when(says("{moment:When}{who:Who} adds about {name:Child} {facts:Text}"))
def _(scene: Scene, moment: Moment, who: str, name: str, facts: str, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    update(scene, who, name, datatable, facts=facts, reason="News")


@when(says("{moment:When}{who:Who} grades the risk of {name:Child} {grade:Grade} because {reason:Text}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, who: str, name: str, grade: str, reason: str) -> None:
    scene.move(moment)
    update(scene, who, name, None, risk=grade, reason=reason)


@when(says("{moment:When}{who:Who} says {name:Child} is {category:Category} now because {reason:Text}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, who: str, name: str, category: str, reason: str, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    update(scene, who, name, datatable, category=category, reason=reason)


@when(says("{moment:When}{who:Who} gives the police reference of {name:Child}"))
def _(scene: Scene, moment: Moment, who: str, name: str) -> None:
    scene.move(moment)
    scene.given_by_police.add(scene.reference(name))
    update(scene, who, name, None, reason="Rang 101")


@when(says("{moment:When}{who:Who} sets the next review of {name:Child} for {review:Moment}"))
def _(scene: Scene, moment: Moment, who: str, name: str, review: Moment) -> None:
    scene.move(moment)
    update(scene, who, name, None, next_review_at=review.at(scene.now), reason="Reviewed")


@when(says("{moment:When}{who:Who} updates {name:Child}:"))
def _(scene: Scene, moment: Moment, who: str, name: str, datatable: Table) -> None:
    scene.move(moment)
    update(scene, who, name, datatable, reason="News")


def update(scene: Scene, who: str, name: str, table: Table, **fields: Any) -> None:
    quoted = {"police_reference": scene.police_reference(name, who)}
    scene.say("missing.update", name, scene.about(name, who) | quoted | fields, table)


# -- a child is found or back


@when(says("{moment:When}{who:Who} reports {name:Child} {end:End}"))
def _(scene: Scene, moment: Moment, who: str, name: str, end: tuple[str, str], datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    ended(scene, who, name, end, datatable)


@when(says("{moment:When}{who:Who} reports {name:Child} {end:End} since {start:Moment}"))
def _(scene: Scene, moment: Moment, who: str, name: str, end: tuple[str, str], start: Moment, datatable: Table = None) -> None:  # fmt: skip # noqa: E501
    scene.move(moment)
    ended(scene, who, name, end, datatable, start)


@when(says("{moment:When}{who:Who} reports {name:Child} back, at a time it does not know"))
def _(scene: Scene, moment: Moment, who: str, name: str) -> None:
    scene.move(moment)
    ended(scene, who, name, ENDS["back"], [["time known", "no"]])


@when(says("{moment:When}{who:Who} closes the report on {name:Child}"))
def _(scene: Scene, moment: Moment, who: str, name: str, datatable: Table = None) -> None:
    scene.move(moment)
    ended(scene, who, name, ("closed", "safe"), datatable)


def ended(
    scene: Scene,
    who: str,
    name: str,
    end: tuple[str, str],
    table: Table = None,
    at: Moment | None = None,
) -> None:
    stage, outcome = end
    fields = scene.about(name, who, at.at(scene.now) if at else None)
    fields |= {"stage": stage, "outcome": outcome}
    fields["police_reference"] = scene.police_reference(name, who)
    scene.say(MissingReturn.KIND, name, fields, table)


# -- other messages


@when(says("{moment:When}{who:Who} sends a {kind:Kind} about {name:Child}:"))
@when(says("{moment:When}{who:Who} sends an {kind:Kind} about {name:Child}:"))
def _(scene: Scene, moment: Moment, who: str, kind: str, name: str, datatable: Table) -> None:
    scene.move(moment)
    scene.say(kind, name, scene.about(name, who), datatable)


@when(says("{moment:When}{who:Who} states that {one:Child} and {other:Child} are {verdict:Verdict}"))  # fmt: skip # noqa: E501
def _(scene: Scene, moment: Moment, who: str, one: str, other: str, verdict: bool) -> None:
    scene.move(moment)
    statement = IdentityStatement(
        **scene.envelope(who),
        one=_held(scene, one),
        other=_held(scene, other),
        same=verdict,
        reason="Compared the records",
    )
    scene.arrives(one, statement)


def _held(scene: Scene, name: str) -> Any:
    """The reference under which whoever reported the child first knows it."""
    first = next(message for about, message in scene.said if about == name)
    return scene.child(name, first.sender).references[0]


@when(says("{moment:When}{who:Who} asks to catch up"))
def _(scene: Scene, moment: Moment, who: str) -> None:
    scene.move(moment)
    scene.begin()
    scene.outcome = scene.play.say(CatchUp(**scene.envelope(who)))


# -- corrections and repeats


@when(says("{moment:When}{who:Who} cancels its {kind:Kind} about {name:Child}"))
def _(scene: Scene, moment: Moment, who: str, kind: str, name: str) -> None:
    scene.move(moment)
    said = scene.last(name, who, kind)
    taken_back = scene.envelope(who, said.occurred_at) | {"action": "cancel"}
    scene.arrives(name, said.model_copy(update=_whole(said, taken_back, said.message_id)))


@when(says("{who:Who} takes back the {kind:Kind} of {other:Agency} about {name:Child}"))
def _(scene: Scene, who: str, kind: str, other: str, name: str) -> None:
    said = scene.last(name, other, kind)
    taken_back = scene.envelope(who, said.occurred_at) | {"action": "cancel"}
    scene.begin()
    scene.outcome = scene.play.say(
        said.model_copy(update=_whole(said, taken_back, said.message_id))
    )


@when(says("{moment:When}{who:Who} corrects its {kind:Kind} about {name:Child}:"))
def _(scene: Scene, moment: Moment, who: str, kind: str, name: str, datatable: Table) -> None:
    scene.move(moment)
    said = scene.last(name, who, kind)
    fields = said.model_dump() | scene.envelope(who, said.occurred_at)
    fields |= {"action": "update", "replaces": said.message_id}
    scene.say(kind, name, fields, datatable)


def _whole(said: Any, fields: dict[str, Any], replaces: Any) -> dict[str, Any]:
    checked = type(said)(**said.model_dump() | fields | {"replaces": replaces})
    return {name: getattr(checked, name) for name in type(said).model_fields}


@when(says("{moment:When}{agency:Agency} sends its last message again"))
def _(scene: Scene, moment: Moment, agency: str) -> None:
    scene.move(moment)
    name, message = next(said for said in reversed(scene.said) if said[1].sender == agency)
    scene.arrives(name, message)


@when(says("{agency:Agency} uses the id of its last message for another content"))
def _(scene: Scene, agency: str) -> None:
    message = next(said for _, said in reversed(scene.said) if said.sender == agency)
    scene.begin()
    scene.outcome = scene.play.say(message.model_copy(update={"circumstances": "Another"}))


@when(says("{agency:Agency} writes {what:Text}, which is no message"))
def _(scene: Scene, agency: str, what: str) -> None:
    scene.begin()
    scene.outcome = scene.play.arrive((agency, what.encode()))


@when(says("{agency:Agency} writes an empty record"))
def _(scene: Scene, agency: str) -> None:
    scene.begin()
    scene.outcome = scene.play.arrive((agency, None))


@when(says("{agency:Agency} writes a report of {name:Child} in the name of {other:Agency}"))
def _(scene: Scene, agency: str, name: str, other: str) -> None:
    scene.begin()
    home = f"{other}/{'control-room' if other.startswith('police') else 'front-door'}"
    fields = scene.people[name].facts | scene.about(name, home) | {"category": "missing"}
    message = scene.message(MissingNotification.KIND, name, fields)
    scene.outcome = scene.play.arrive((agency, encode(message)))


# -- answers


@when(says("{moment:When}{desk:Desk} answers that it is acting"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    answer(scene, desk, "acting")


@when(says("{moment:When}{desk:Desk} answers that it has received it"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    answer(scene, desk, "received")


@when(says("{moment:When}{desk:Desk} answers that it is closed"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    answer(scene, desk, "closed")


@when(says("{moment:When}{desk:Desk} answers not ours"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    answer(scene, desk, "not-ours", reason="Not open to us")


@when(says("{moment:When}{desk:Desk} answers not ours, but {other:Desk}"))
def _(scene: Scene, moment: Moment, desk: str, other: str) -> None:
    scene.move(moment)
    answer(scene, desk, "not-ours", reason="Not open to us", whose=other)


@when(says("{moment:When}{desk:Desk} answers that it needs until {until:Moment}"))
def _(scene: Scene, moment: Moment, desk: str, until: Moment) -> None:
    scene.move(moment)
    answer(scene, desk, "need-until", reason="Checking", until=until.at(scene.now))


@when(says("{desk:Desk} answers what was delivered to {other:Desk}"))
def _(scene: Scene, desk: str, other: str) -> None:
    got = scene.play.last(other)
    scene.begin()
    scene.outcome = scene.play.say(examples.answer(got.id, desk, at=scene.now))


@when(says("{moment:When}{desk:Desk} answers the alert that it is acting"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    answer(scene, desk, "acting")


@when(says("{moment:When}{desk:Desk} answers every alert that it is acting"))
def _(scene: Scene, moment: Moment, desk: str) -> None:
    scene.move(moment)
    for got in scene.play.news(desk):
        scene.outcome = scene.play.answer(got)


def answer(scene: Scene, desk: str, state: str, **changes: Any) -> None:
    """A desk answers the last it was told that can be answered."""
    got = _answerable(scene, desk)
    scene.begin()
    scene.outcome = scene.play.answer(got, state, **changes)


def _answerable(scene: Scene, desk: str) -> Got:
    found = [got for got in scene.play.inbox(desk) if got.message.KIND not in NOTICES]
    assert found, f"{agency_of(desk)} has nothing to answer"
    asked = [got for got in found if got.answer_by is not None]
    return (asked or found)[-1]


# -- Homeward itself


@when(says("{moment:When}Homeward can send again"))
def _(scene: Scene, moment: Moment) -> None:
    scene.move(moment)
    scene.begin()
    scene.play.outage = False
    scene.play.send()


@when(says("{moment:When}Homeward can reach {agency:Agency} again"))
def _(scene: Scene, moment: Moment, agency: str) -> None:
    scene.move(moment)
    scene.begin()
    scene.play.park(agency, None)
    scene.play.send()


@when(says("the timekeeper is away for {span:Span}"))
def _(scene: Scene, span: timedelta) -> None:
    scene.begin()
    scene.play.clock.move(span)
    scene.play.decider.tick()
    scene.play.send()
