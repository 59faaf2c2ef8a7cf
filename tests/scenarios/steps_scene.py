"""The scene of one scenario: its children, what was said of them so far, and the play itself."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

from pydantic import BaseModel

from broker.episode import Episode, is_placement, is_threshold, state_of
from schemas.child import Child, Reference, Scheme
from schemas.kinds import FROM_AGENCIES
from schemas.message import ChildMessage, Message
from schemas.values import Choice, agency_of
from tests.scenarios.play import NOTICES, Got, Owing, Play
from tests.scenarios.steps_words import AGENCIES, AREAS, Moment, address_of, is_desk, is_moment

_SCHEMES = {
    "provider": Scheme.home_reference,
    "la": Scheme.la_person_id,
    "police": Scheme.police_reference,
}
Table = list[list[str]] | None


@dataclass
class Person:
    """A made-up child: what is true of them, whoever says it."""

    given_name: str
    birth_date: date
    facts: dict[str, Any]
    nhs_number: str | None = None
    absence: int = 1
    numbers: dict[str, str] = field(default_factory=dict)


class Scene:
    """
    What steps share: the play, the children by name, and what each sender said last.

    A message says what is true of its child, unless a table beside the sentence says otherwise.
    """

    def __init__(self, play: Play) -> None:
        self.play = play
        self.people: dict[str, Person] = {}
        self.said: list[tuple[str, Message]] = []
        self.given_by_police: set[str] = set()
        self.outcome: Any = None
        self._before: Counter[UUID] = Counter()

    @property
    def now(self) -> datetime:
        return self.play.clock.now()

    # -- who it is about

    def meet(self, name: str, birth_date: date, **facts: Any) -> Person:
        """A child comes on stage."""
        person = Person(name, birth_date, facts)
        self.people[name] = person
        return person

    def aged(self, years: int) -> date:
        """A birth date of somebody of that age, some months ago."""
        about = (self.now - timedelta(days=100)).date()
        return date(about.year - years, about.month, min(about.day, 28))

    def child(self, name: str, sender: str) -> Child:
        """The child as this sender knows it: by its own number, and by that of the council."""
        person = self.people[name]
        holders = dict.fromkeys((sender, person.facts.get("responsible_authority")))
        references = [self._number(name, holder) for holder in holders if holder]
        if person.nhs_number:
            references.append(
                Reference(holder=sender, scheme=Scheme.nhs_number, value=person.nhs_number)
            )
        return Child(
            references=tuple(references),
            given_name=person.given_name,
            family_name="Example",
            birth_date=person.birth_date,
        )

    def _number(self, name: str, holder: str) -> Reference:
        number = f"N-{self._number_of(name)}"  # a name has no place in a number
        value = self.people[name].numbers.setdefault(holder, number)
        scheme = _SCHEMES.get(agency_of(holder).partition(".")[0], Scheme.la_person_id)
        return Reference(holder=holder, scheme=scheme, value=value)

    def reference(self, name: str, absence: str = "") -> str:
        """Every agency's own reference of an absence, the present one if none is named."""
        return f"A-{self._number_of(name)}/{absence or self.people[name].absence}"

    def _number_of(self, name: str) -> int:
        return list(self.people).index(name) + 1

    def quoted(self, sender: str, reference: str) -> str:
        """How an agency names an absence: by its own reference, else by the one it was told."""
        sent = [message for _, message in self.said if getattr(message, "episode", "") == reference]
        if any(message.sender == sender for message in sent):
            return reference
        ids = {message.message_id for message in sent}
        shared = [
            got.message.episode
            for got in self.everything()
            if got.message.KIND == "receipt" and got.message.of in ids and got.message.episode
        ]
        told = {getattr(got.message, "episode", None) for got in self.play.inbox(sender)}
        return next((each for each in shared if each in told), reference)

    def police_reference(self, name: str, sender: str) -> str | None:
        """The police's reference, which others quote once the police have given it."""
        if sender.startswith("police."):
            return None
        return self.reference(name) if self.reference(name) in self.given_by_police else None

    # -- what is said

    def envelope(self, address: str, at: datetime | None = None) -> dict[str, Any]:
        return {
            "message_id": uuid4(),
            "sender": agency_of(address),
            "from_address": address,
            "occurred_at": at or self.now,
            "sent_at": self.now,
        }

    def about(self, name: str, address: str, at: datetime | None = None) -> dict[str, Any]:
        """What every message about a child says."""
        sender = agency_of(address)
        return self.envelope(address, at) | {
            "child": self.child(name, sender),
            "episode": self.quoted(sender, self.reference(name)),
        }

    def say(self, kind: str, name: str, fields: dict[str, Any], table: Table = None) -> Any:
        """A message is made and arrives."""
        message = self.message(kind, name, fields, table)
        self.arrives(name, message)
        return message

    def message(self, kind: str, name: str, fields: dict[str, Any], table: Table = None) -> Any:
        """A message, with what the table beside the sentence says otherwise."""
        model = FROM_AGENCIES[kind]
        keys = [_field(key) for key, value in table or () if value == "left out"]
        left_out = {key: "" if model.model_fields[key].is_required() else None for key in keys}
        # A model cannot be made without, so that it is taken out afterwards.
        filled = {field: _anything(model, field) for field in left_out}
        said = self.details(
            model, name, fields, [row for row in table or () if row[1] != "left out"]
        )
        return model(**{**fields, **said, **filled}).model_copy(update=left_out)

    def arrives(self, name: str, *messages: Message) -> None:
        self.begin()
        self.said += [(name, message) for message in messages]
        self.outcome = self.play.say(*messages)

    def last(self, name: str, sender: str, kind: str) -> ChildMessage:
        """The last message of a kind that this agency sent about this child."""
        found = [
            message
            for about, message in self.said
            if (about, message.sender, message.KIND) == (name, agency_of(sender), kind)
        ]
        assert isinstance(found[-1], ChildMessage)
        return found[-1]

    def details(
        self, model: type[BaseModel], about: str, fields: dict[str, Any], table: Table
    ) -> dict[str, Any]:
        """A table of two columns, as fields of a message: names in words, `part: name` inside."""
        said: dict[str, Any] = {}
        for name, value in table or ():
            if name == "absence":
                said["episode"] = self.quoted(fields["sender"], self.reference(about, value))
                continue
            outer, _, inner = name.partition(": ")
            key = _field(outer)
            assert key in model.model_fields, f"{model.__name__} has no {key}"
            if inner:
                parent = said.get(key, fields.get(key)) or {}
                said[key] = {**_plain(parent), inner.replace(" ", "_"): self.value(value)}
            elif key == "also_covers":
                said[key] = [self.quoted(fields["sender"], self.value(value))]
            elif _holds(model, key, tuple):
                items = [] if value in ("", "none") else value.split(", ")
                said[key] = [
                    item if _holds(model, key, Choice) else self.value(item) for item in items
                ]
            else:
                said[key] = (value or None) if _holds(model, key, Choice) else self.value(value)
        return said

    def value(self, text: str) -> Any:
        """A cell: yes or no, a moment, an agency, a desk, `Robin/2`, nothing, or what it says."""
        simple = {"yes": True, "no": False, "": None, "nothing": None}
        if text in simple:
            return simple[text]
        if text in AGENCIES:
            return AGENCIES[text]
        name, _, absence = text.partition("/")
        if name in self.people and absence.isdigit():
            return self.reference(name, absence)
        if is_desk(text):
            return address_of(text)
        return Moment(text).at(self.now) if is_moment(text) else text

    # -- the clock

    def until(self, at: datetime) -> None:
        if at > self.now:
            self.begin()
            self.play.until(at)

    def move(self, when: Moment) -> None:
        """To the moment a sentence names, if it names one."""
        if when:
            at = when.at(self.now)
            assert at >= self.now, f"{when.words} is past"
            self.until(at)

    # -- what came of it

    def begin(self) -> None:
        """From here on, what comes is new."""
        self._before = Counter(got.id for got in self.everything())

    def everything(self) -> Iterator[Got]:
        yield from self.play._everything()

    def news(self, name: str | None = None, new: bool = False) -> list[Got]:
        """What anybody was told about a child: neither receipts nor notices of duties."""
        return [
            got
            for got in self.everything()
            if got.message.KIND not in NOTICES
            and (not new or got.id not in self._before)
            and (name is None or self._is_about(got, name))
        ]

    def _is_about(self, got: Got, name: str) -> bool:
        child = getattr(got.message, "child", None)
        if isinstance(child, Child) and child.given_name not in (None, "-"):  # not taken away
            return child.given_name == self.people[name].given_name
        called = getattr(got.message, "episode", None) or getattr(got.message, "placement", None)
        return called in {str(id) for id in self.episodes(name)}

    def woken(self, new: bool = False) -> set[str]:
        return {
            got.address
            for got in self.everything()
            if got.wakes and (not new or got.id not in self._before)
        }

    def episodes(self, name: str) -> set[UUID]:
        """The shared references that senders were given for a child's absences and placements."""
        ours = {message.message_id for about, message in self.said if about == name}
        return {
            UUID(got.message.episode)
            for got in self.everything()
            if got.message.KIND == "receipt" and got.message.of in ours and got.message.episode
        }

    def absences(self, name: str) -> list[Episode]:
        ids = self.episodes(name)
        return [
            episode for episode in self.play.episodes() if episode.id in ids and is_absence(episode)
        ]

    def duties(self, duty: str, owed_by: str | None = None, name: str | None = None) -> list[Owing]:
        ids = self.episodes(name) if name else None
        return [
            owing
            for owing in self.play.duties(duty, owed_by)
            if ids is None or owing.episode in ids
        ]

    def state(self, name: str) -> Any:
        """What the facts of the child's latest absence add up to."""
        return state_of(self.absences(name)[-1].facts)


def is_absence(episode: Episode) -> bool:
    """Neither where a child is placed, nor what its absences reached."""
    return not is_placement(episode) and not is_threshold(episode)


def lives(words: str) -> dict[str, Any]:
    """Where somebody lives: a home, or with family in a council's area."""
    id = AGENCIES[words]
    if id.startswith("la."):
        return {"authority": id}
    return {"authority": AREAS[id], "home": id}


def _field(words: str) -> str:
    return words.replace(" ", "_").replace("-", "_")


def _plain(value: Any) -> dict[str, Any]:
    return value.model_dump() if isinstance(value, BaseModel) else dict(value)


def _holds(model: type[BaseModel], name: str, kind: type) -> bool:
    """Whether a field holds several values (`tuple`), or a word of a list (`Choice`)."""

    return any(
        part.__origin__ is kind if hasattr(part, "__origin__") else _is_kind(part, kind)
        for part in _within(model, name)
    )


def _anything(model: type[BaseModel], name: str) -> str:
    """Something that a field takes."""
    choices = [part for part in _within(model, name) if _is_kind(part, Choice)]
    return str(next(iter(choices[0]))) if choices else "-"


def _within(model: type[BaseModel], name: str) -> Iterator[Any]:
    """What a field may hold, and what that may hold."""

    def within(hint: Any) -> Iterator[Any]:
        yield hint
        for part in get_args(hint):
            yield from within(part)

    return within(model.model_fields[name].annotation)


def _is_kind(part: Any, kind: type) -> bool:
    return isinstance(part, type) and issubclass(part, kind)
