"""
Letters and forms from a placement notice or a home's arrival, in words, before they have a shape.

Councils, homes and families still work with paper. A letter holds what its recipient may see and no
more; from whom the notice is withheld gets none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from broker.directory import Directory
from broker.errors import Misuse
from broker.letters.facts import of_arrival, of_notice
from broker.letters.items import (
    ADCS,
    ADCS_KNOWN,
    ARRIVAL,
    LETTER,
    REGULATION_41,
    Form,
    Recipient,
    visible_to,
)
from broker.letters.page import Letter, Page
from broker.letters.speaker import Speaker, hiding, with_named
from broker.letters.words import Words
from broker.policy.model import View
from schemas.message import Action, Message
from schemas.placement import (
    MAY_BE_WITHHELD,
    ArrivalStage,
    Outside,
    PlacementArrival,
    PlacementNotice,
    PlacementStage,
    Setting,
    WasTold,
)


@dataclass(frozen=True, slots=True)
class Withheld:
    """No letter may go out: the notice is withheld from this recipient, on this ground."""

    to: Recipient
    ground: str


# How a notice names those who are told outside Homeward.
_OUTSIDE = {
    Recipient.health: Outside.health_body,
    Recipient.school: Outside.school,
    Recipient.parent: Outside.parent,
    Recipient.contact_holder: Outside.contact_holder,
    Recipient.previous_carer: Outside.previous_carer,
    Recipient.gp: Outside.gp,
}

_TYPES: Mapping[PlacementStage | ArrivalStage, str] = {
    PlacementStage.planned: "new",
    PlacementStage.emergency: "new",
    PlacementStage.change: "change",
    PlacementStage.ending: "ending",
    PlacementStage.ended: "ended",
    ArrivalStage.admitted: "admitted",
    ArrivalStage.discharged: "discharged",
}


def render(
    message: Message,
    to: Recipient,
    form: Form | None = None,
    words: Words | None = None,
    view: View = View.full,
    known_here: Sequence[str] = (),
) -> Letter | Withheld:
    """
    Write to a recipient what a placement notice or an arrival says, as far as they may know it.

    `view` is that of the delivery it came in. Without a form: a letter, and of a children's home's
    arrival the notification of regulation 41. `known_here`: what the council of the area knows of
    the home, for its own eyes. `Misuse` for what cannot be made of this message.
    """
    if not isinstance(message, PlacementNotice | PlacementArrival):
        raise Misuse(
            "letters are made of placement.notice and placement.arrival, and this is "
            f"{message.KIND}"
        )
    directory = with_named(Directory.shipped(), message)
    speak = Speaker(words or Words.shipped(), directory, view)
    if isinstance(message, PlacementNotice):
        return _of_notice(message, to, form or Form.letter, speak, known_here)
    if form is None:
        regular = message.setting is Setting.childrens_home
        form = Form.regulation_41 if regular else Form.letter
    return _of_arrival(message, to, form, speak)


def _of_notice(
    message: PlacementNotice, to: Recipient, form: Form, speak: Speaker, known_here: Sequence[str]
) -> Letter | Withheld:
    if form is Form.regulation_41:
        raise Misuse(
            "regulation 41 is for a home's placement.arrival, and this is a placement.notice: "
            "choose --form letter or adcs"
        )
    hides_address = _hides_address(message, to, speak.view)
    if hides_address:
        speak = replace(speak, hidden=hiding(message.address))
    if (ground := _withheld(message, to, speak)) is not None:
        return Withheld(to, ground)
    facts, sees = of_notice(message, speak), visible_to(to, hides_address)
    facts["known_here"] = "\n".join(known_here)
    page = Page(message, to, _type(message), speak, facts, sees)
    if form is Form.adcs:
        return page.form(form, "adcs", ("adcs.opening",), ADCS_KNOWN if known_here else ADCS)
    return page.letter(LETTER)


def _hides_address(message: PlacementNotice, to: Recipient, view: View) -> bool:
    if to is Recipient.host:
        return message.address_protected and view is not View.full
    # A part of a notice may not say whether its address is protected.
    return message.address_protected or view is not View.full


def _of_arrival(message: PlacementArrival, to: Recipient, form: Form, speak: Speaker) -> Letter:
    if to is not Recipient.host:
        raise Misuse(
            "a home writes to the council of its area: choose --to host. The council that placed "
            "the child writes to everybody else, from its placement.notice"
        )
    if form is Form.adcs:
        raise Misuse(
            "the ADCS items are those of a council's placement.notice, and this is a "
            "placement.arrival: choose --form regulation-41 or letter"
        )
    if form is Form.regulation_41 and message.setting is not Setting.childrens_home:
        raise Misuse(
            "regulation 41 is for children's homes, and the message says that this is none: "
            "choose --form letter"
        )
    moved = message.moved_to
    protected = message.address_protected or bool(moved and moved.address_protected)
    if protected and moved:
        speak = replace(speak, hidden=hiding(moved.address))
    facts = of_arrival(message, speak, protected)
    sees = frozenset(
        item for rows in (ARRIVAL, REGULATION_41) for all in rows.values() for item in all
    )
    page = Page(message, to, _type(message), speak, facts, sees)
    if form is Form.regulation_41:
        places = (f"regulation-41.{_TYPES[message.stage]}", "regulation-41.opening")
        return page.form(form, "regulation-41", places, REGULATION_41)
    return page.letter(ARRIVAL)


def _type(message: PlacementNotice | PlacementArrival) -> str:
    if message.stage not in _TYPES:
        raise Misuse("the stage of this message is one that this Homeward does not know: update it")
    return "withdrawn" if message.action is Action.cancel else _TYPES[message.stage]


def _withheld(message: PlacementNotice, to: Recipient, speak: Speaker) -> str | None:
    """On what ground nothing may be written, if so; a ground the law does not know counts too."""
    who = _OUTSIDE.get(to)
    for each in message.told_outside:
        if each.who is who and each.told is WasTold.withheld:
            reason = speak.text(each.reason)
            given = f"The reason given: {reason}" if reason else "The notice gives no reason."
            return f"the notice is withheld. {_lawful(message, to)} {given}"
    return None


def _lawful(message: PlacementNotice, to: Recipient) -> str:
    council = Directory.shipped().agency(message.responsible_authority)
    by_law = " (regulation 13(3))" if council and council.nation == "England" else ""
    if _OUTSIDE[to] in MAY_BE_WITHHELD:
        return f"Telling them would put the child at risk of significant harm{by_law}."
    return (
        f"That is lawful{by_law} only from parents, contact holders and previous carers: correct "
        "the notice if it is wrong."
    )
