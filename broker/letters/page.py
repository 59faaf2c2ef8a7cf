"""A letter or form being written: its parts in words, before it has a shape."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from broker.letters.facts import Facts
from broker.letters.items import Form, Recipient, Rows
from broker.letters.speaker import Speaker
from broker.policy.model import View
from broker.working_time import day_in_full, london_day
from schemas.message import Action
from schemas.placement import PlacementArrival, PlacementNotice, PlacementStage

_IN_A_WITHDRAWAL = ("child", "council")


class State(StrEnum):
    """Whether an item says something, or why it does not."""

    stated = "stated"
    not_stated = "not-stated"
    not_shown = "not-shown"
    not_for_recipient = "not-for-recipient"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a form: which, how it is called, what it says; `words` is never empty."""

    item: str
    label: str
    words: str
    state: State = State.stated


@dataclass(frozen=True, slots=True)
class Section:
    """Items under one heading."""

    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter or form: `type` is new, change, ending, ended, withdrawn, admitted or discharged."""

    form: Form
    type: str
    to: Recipient
    title: str
    marks: tuple[str, ...]  # what must be seen first, such as that it is a drill
    head: tuple[tuple[str, str], ...]
    greeting: str
    opening: tuple[str, ...]
    columns: tuple[str, ...]  # what stands above the items of a form; of a letter nothing
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    signature: tuple[str, ...]
    foot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page being written: what is said to whom, and what of it they may see."""

    message: PlacementNotice | PlacementArrival
    to: Recipient
    type: str
    speak: Speaker
    facts: Facts
    sees: frozenset[str]

    def letter(self, rows: Rows) -> Letter:
        """A letter with what is stated; risks are spoken of even where nothing is."""
        if self.type == "withdrawn":
            rows = {name: rows[name] for name in _IN_A_WITHDRAWAL}
        return Letter(
            form=Form.letter,
            type=self.type,
            to=self.to,
            title=self.say(f"letters.{self.type}.title"),
            marks=tuple(self._marks()),
            head=tuple(self._head()),
            greeting=self.say(f"recipients.{self.to}.greeting"),
            opening=tuple(self._opening()),
            columns=(),
            sections=tuple(self._sections(rows, always=("risks",))),
            notes=tuple(self._notes()),
            signature=tuple(self.say(f"signature.{name}") for name in ("closing", "for", "line")),
            foot=self._foot(),
        )

    def form(self, form: Form, name: str, opening: Iterable[str], rows: Rows) -> Letter:
        """A form with every item, whether it is stated or not."""
        return Letter(
            form=form,
            type=self.type,
            to=self.to,
            title=self.say(f"{name}.title"),
            marks=tuple(self._marks()),
            head=tuple(self._head()),
            greeting="",
            opening=tuple(map(self.say, opening)),
            columns=(self.say("head.item"), self.say("head.said")),
            sections=tuple(self._sections(rows, always=None)),
            notes=(),
            signature=tuple(self.say(f"signature.{name}") for name in ("for", "line")),
            foot=self._foot(),
        )

    def say(self, place: str) -> str:
        """Words of the file, with what this recipient may see put in."""
        words, seen = self.speak.words, self._seen
        no_date = words("words.no_date")
        return words(
            place,
            child=seen("name") or words("words.the_child"),
            responsible=seen("responsible_authority") or seen("placing_authority")
            or words("words.not_stated"),
            host=seen("host_authority") or words("words.not_named"),
            home=seen("home") or words("words.not_stated"),
            starts=seen("starts_at") or no_date,
            ends=seen("ends_at") or no_date,
            happened=seen("happened") or no_date,
            sender=self.speak.agency(self.message.sender),
            recipient=words(f"recipients.{self.to}.name"),
        )  # fmt: skip

    @property
    def _protected(self) -> bool:
        """Whether a notice is of a placement whose address is protected."""
        return isinstance(self.message, PlacementNotice) and self.message.address_protected

    def _seen(self, item: str) -> str:
        return self.facts.get(item, "") if item in self.sees else ""

    def _marks(self) -> Iterator[str]:
        if self.message.exercise:
            yield self.say("marks.exercise")
        if self.message.action is Action.cancel:
            yield self.say("marks.withdrawn")
        if self.message.action is Action.update:
            yield self.say("marks.corrected")
        if self._protected and "address" in self.sees:
            yield self.say("marks.protected_for_host")

    def _head(self) -> Iterator[tuple[str, str]]:
        message, speak = self.message, self.speak
        to = self.speak.words(f"recipients.{self.to}.name")
        if self.to is Recipient.host and (host := self._seen("host_authority")):
            to += f": {host}"
        lines = {
            "from": speak.agency(message.from_address),
            "to": to,
            "date": day_in_full(london_day(message.sent_at)),
            "reference": speak.text(message.placement),
        }
        for name, said in lines.items():
            if said:
                yield self.say(f"head.{name}"), said

    def _opening(self) -> Iterator[str]:
        yield self.say(f"letters.{self.type}.opening")
        if self.type == "withdrawn":
            return
        if self.message.stage is PlacementStage.emergency:
            yield self.say("letters.new.emergency")
        yield self.say(f"letters.{self.type}.to.{self.to}")

    def _notes(self) -> Iterator[str]:
        if self._protected and "address" not in self.sees:
            yield self.say("notes.protected")
        if isinstance(self.message, PlacementNotice):
            council = self.speak.directory.agency(self.message.responsible_authority)
            law = f"law.{council.nation if council else ''}.{self.type}"
            if self.speak.words.has(law):
                yield self.say(law)
        if self.speak.view is not View.full:
            yield self.say("notes.not_shown")

    def _foot(self) -> tuple[str, ...]:
        made_of = f"{self.message.KIND} {self.message.message_id}"
        return (self.say("foot.confidential"), made_of)

    def _sections(self, rows: Rows, always: Iterable[str] | None) -> Iterator[Section]:
        """Items that are stated, or that are always there; with None, every one."""
        for name, items in rows.items():
            wanted = tuple(
                self._item(item)
                for item in items
                if always is None or self._seen(item) or (item in self.sees and item in always)
            )
            if wanted:
                yield Section(self.say(f"sections.{name}"), wanted)

    def _item(self, item: str) -> Item:
        label, said = self.say(f"items.{item}"), self._seen(item)
        if said:
            return Item(item, label, said)
        if item not in self.sees:
            state = State.not_for_recipient
        else:
            state = State.not_stated if self.speak.view is View.full else State.not_shown
        return Item(item, label, self.say(f"words.{state.replace('-', '_')}"), state)
