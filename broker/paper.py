"""
What people work with while Homeward is down: whom to telephone, and numbered forms to write on.

The boxes of a form are read off the message it is entered as afterwards, so the two never differ.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel

from broker.directory import Directory, Entry, kind_of
from broker.policy.roles import ROLES
from broker.working_time import OpeningHours
from schemas.kinds import FROM_AGENCIES
from schemas.message import Message
from schemas.values import Address, AgencyId, Choice, CouncilId, Text

# -- numbers

_NUMBER = re.compile(r"P-([0-9]{8})-([0-9]{8})-([0-9X])")
NUMBERS = 10**8


def form_numbers(day: date, first: int, count: int) -> list[str]:
    """
    So many numbers for the forms of one print, counted on from the first, none of them twice.

    Nobody hands out numbers while Homeward is down: `first` is drawn by lot for each print.
    """
    if not 0 <= count <= NUMBERS:
        raise ValueError("there are a hundred million numbers to a day")
    counted = ((first + number) % NUMBERS for number in range(count))
    return [_checked(f"{day:%Y%m%d}", f"{number:08d}") for number in counted]


def form_number_is_right(number: str) -> bool:
    """
    Check the last character of a form number (ISO 7064, MOD 11-2).

    One wrong digit, or two that changed places, are always noticed.
    """
    parts = _NUMBER.fullmatch(number)
    return parts is not None and number == _checked(parts[1], parts[2])


def was_printed_by(number: str, day: date) -> bool:
    """Whether a right form number is of a form that was printed by this day."""
    return form_number_is_right(number) and number[2:10] <= f"{day:%Y%m%d}"


def _checked(day: str, number: str) -> str:
    rest = reduce(lambda rest, digit: (rest + int(digit)) * 2 % 11, day + number, 0)
    return f"P-{day}-{number}-{'0123456789X'[(12 - rest) % 11]}"


# -- whom to telephone


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk as a contact sheet has it, in words; `phone` is empty where none was recorded."""

    address: str
    name: str
    hours: str
    cover: str
    phone: str


@dataclass(frozen=True, slots=True)
class Contact:
    """An agency on a contact sheet: why it is there, and its desks."""

    agency: str
    name: str
    why: str
    desks: tuple[Desk, ...]


def concerned(directory: Directory, agency: str, met: Collection[str] = ()) -> list[Contact]:
    """
    Whom an agency may have to telephone: its own desks, police, councils and homes round it.

    `met` are agencies it has had to do with over an absence, such as councils that place children
    in a home.
    """
    why = {agency: "this agency"}
    if force := directory.police_for(agency):
        why.setdefault(force, "the police force")
    if area := directory.area_of(agency):
        why.setdefault(area, "the council of the area")
    for other in met:
        why.setdefault(directory.today(other), "had to do with an absence of yours")
    for each in directory.agencies():
        if kind_of(agency) == "police" and each.force == agency:
            why.setdefault(each.id, "in the area of the force")
        elif kind_of(agency) == "la" and directory.area_of(each.id) == agency:
            why.setdefault(each.id, "in the area of the council")
    return _contacts(directory, why)


def everyone(directory: Directory, joined: Collection[str] = ()) -> list[Contact]:
    """
    Every agency on this Homeward with its council and force.

    If there is none, all of England and Wales, but of each only the desk that speaks for it and
    those that ring: anything more would be too long to find somebody in.
    """
    why: dict[str, str] = {}
    for agency in sorted(joined):
        for other in (agency, directory.area_of(agency), directory.police_for(agency)):
            if other:
                why.setdefault(other, "")
    if why:
        return _contacts(directory, why)
    return _contacts(directory, {each.id: "" for each in directory.agencies()}, brief=True)


def _contacts(directory: Directory, why: Mapping[str, str], brief: bool = False) -> list[Contact]:
    found = [
        Contact(id, directory.name_of(id), reason, tuple(_desks(directory, id, brief)))
        for id, reason in why.items()
        if kind_of(id) != "broker"
    ]
    return [contact for contact in found if contact.desks]


def _desks(directory: Directory, agency: str, brief: bool) -> Iterator[Desk]:
    """The desks that a rule tells or rings, those that cover them, and all that have a number."""
    desks = directory.desks(agency)
    told = {role.function for role in ROLES.values()}
    speaks = {desk.address for desk in desks[:1]}
    if not brief:
        speaks |= {desk.address for desk in desks if desk.address.partition("/")[2] in told}
    kept = [desk for desk in desks if desk.address in speaks or desk.rings or desk.phone]
    wanted = {desk.address for desk in kept} | {desk.cover for desk in kept}
    for desk in desks:
        if desk.address in wanted:
            yield _desk(directory, desk)


def _desk(directory: Directory, entry: Entry) -> Desk:
    covered = entry.cover and not entry.hours.never_closes
    cover = directory.name_of(entry.cover or "") if covered else ""
    return Desk(entry.address, entry.name, hours_in_words(entry.hours), cover, entry.phone)


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def hours_in_words(hours: OpeningHours) -> str:
    """Opening hours for people: `Monday to Friday 08:30 to 17:00, not on bank holidays`."""
    if hours.never_closes:
        return "day and night"
    days = sorted(hours.weekdays)
    names = [_WEEKDAYS[day] for day in days]
    row = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    which = f"{names[0]} to {names[-1]}" if row else ", ".join(names)
    holidays = "also" if hours.on_bank_holidays else "not"
    return f"{which} {hours.opens:%H:%M} to {hours.closes:%H:%M}, {holidays} on bank holidays"


# -- what to write on


class Way(StrEnum):
    """How a box is filled in."""

    line = "line"
    lines = "lines"
    time = "time"
    date = "date"
    tick_one = "tick-one"
    tick_any = "tick-any"
    heading = "heading"


@dataclass(frozen=True, slots=True)
class Box:
    """One box of a form: the field it is entered as, what stands beside it, how it is filled in."""

    field: str
    words: str
    way: Way
    choices: tuple[str, ...] = ()
    required: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """One numbered form, for one message."""

    number: str
    kind: str
    title: str
    says: str
    boxes: tuple[Box, ...]


FORMS = {
    "missing.notification": "Missing",
    "missing.update": "Update",
    "missing.return": "Return",
    "safe-and-well.outcome": "Safe and well check",
    "return-interview.outcome": "Return interview",
    "answer": "Answer by telephone",
}

# What every form has at its head, or what Homeward fills in.
HEAD = frozenset({*Message.model_fields, "action", "replaces", "paper_form"})

# Where the field's own name or note would not do on paper.
WORDS = {
    "authority": "Council",
    "delivery": "Delivery or form that is answered",
    "episode": "Absence",
    "holder": "Whose number",
    "home": "Home (provider)",
    "incident": "Incident",
    "lives": "Where the child lives",
    "risk_author": "Who judged the risk",
    "risk_reviewed_by": "Who checked it",
    "scheme": "Kind of number",
    "value": "Number",
    "whose": "Whose it is",
}
HINTS = {
    "also_covers": "Other absences that this covers",
    "risk_factors": "Nothing ticked: not asked",
    "time_known": "No: the time at the head is when you heard",
    "with_whom": "Passed on to few: others have a right to privacy too",
    "where_and_with_whom": "Passed on to few: others have a right to privacy too",
    "against": "Passed on to few: others have a right to privacy too",
}


def forms_for(agency_kind: str | None) -> list[str]:
    """The kinds of which an agency of this kind may need forms; of None, all."""
    return [
        kind
        for kind in FORMS
        if kind in FROM_AGENCIES
        and (agency_kind is None or agency_kind in (FROM_AGENCIES[kind].SENDERS or {agency_kind}))
    ]


def forms(kinds: Iterable[str], copies: int, day: date, first: int) -> list[Form]:
    """So many forms of each kind, each with a number of its own."""
    wanted = [kind for kind in kinds for _ in range(copies)]
    numbers = form_numbers(day, first, len(wanted))
    return [_form(kind, number) for kind, number in zip(wanted, numbers, strict=True)]


def _form(kind: str, number: str) -> Form:
    model = FROM_AGENCIES[kind]
    says = " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())
    return Form(number, kind, FORMS[kind], says, tuple(boxes(model)))


def boxes(model: type[BaseModel], within: str = "", required: bool = True) -> Iterator[Box]:
    """
    The boxes for a message's own fields, in the order of the message.

    Within a part of it, what may come several times is last, so that a name is above references.
    """
    hints = get_type_hints(model, include_extras=True)
    names = [name for name in model.model_fields if within or name not in HEAD]
    for name in sorted(names, key=lambda name: within != "" and _comes_often(_plain(hints[name]))):
        info = model.model_fields[name]
        needed = required and info.is_required()
        note = HINTS.get(name, info.description or "")
        yield from _boxes(f"{within}{name}", _plain(hints[name]), needed, note)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A type without what is wrapped round it: may be left out, and rules for its text."""

    type: Any
    optional: bool
    rules: tuple[Any, ...]


def _plain(hint: Any, optional: bool = False, rules: tuple[Any, ...] = ()) -> _Plain:
    inner = get_args(hint)
    if get_origin(hint) is Annotated:
        return _plain(inner[0], optional, rules + inner[1:])
    if get_origin(hint) in (Union, UnionType):
        (present,) = (part for part in inner if part is not type(None))
        return _plain(present, True, rules)
    return _Plain(hint, optional, rules)


def _boxes(field: str, plain: _Plain, required: bool, hint: str) -> Iterator[Box]:
    many = _comes_often(plain)
    item = _plain(get_args(plain.type)[0]) if many else plain
    words = _words(field)
    if issubclass(item.type, BaseModel):
        for number in (1, 2) if many else (0,):
            heading = f"{words} ({number})" if number else words
            yield Box(field, heading, Way.heading, (), required, hint)
            yield from boxes(item.type, f"{field}.", required)
        return
    way, choices = _way(item)
    if many:
        way = Way.tick_any if choices else Way.lines
        # An empty list says something else than no list.
        choices = ("none known", *choices) if choices and plain.optional else choices
    elif plain.optional and item.type is bool:
        choices = (*choices, "not known")
    yield Box(field, words, way, choices, required, hint or _kind_of_text(item, words))


def _comes_often(plain: _Plain) -> bool:
    return get_origin(plain.type) is tuple


def _way(item: _Plain) -> tuple[Way, tuple[str, ...]]:
    if issubclass(item.type, Choice):
        return Way.tick_one, tuple(_spoken(each) for each in item.type if each != "unrecognised")
    if item.type is bool:
        return Way.tick_one, ("yes", "no")
    if issubclass(item.type, AwareDatetime | datetime):
        return Way.time, ()
    if item.type is date:
        return Way.date, ()
    return (Way.lines if _has_rules_of(Text, item) else Way.line), ()


def _kind_of_text(item: _Plain, words: str) -> str:
    kinds = ((CouncilId, "Council"), (AgencyId, "Agency"), (Address, "Agency and desk"))
    found = (name for kind, name in kinds if _has_rules_of(kind, item) and name != words)
    return next(found, "")


def _has_rules_of(kind: Any, item: _Plain) -> bool:
    return get_args(kind)[1] in item.rules


def _words(field: str) -> str:
    name = field.rpartition(".")[2]
    words = " ".join(name.split("_"))
    return WORDS.get(name, words[:1].upper() + words[1:])


_SHORT = {"iro", "la", "nhs", "upn"}


def _spoken(choice: Choice) -> str:
    words = choice.value.split("-")
    return " ".join(word.upper() if word in _SHORT else word for word in words)
