"""How the values of a message become words on paper, and what no paper may hold."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from broker.directory import Directory, Registered, kind_of
from broker.letters.words import Words
from broker.policy.model import View
from broker.views import TAKEN_AWAY
from broker.working_time import day_in_full
from schemas.message import Message
from schemas.placement import Contact
from schemas.values import Choice, Known


@dataclass(frozen=True, slots=True)
class Speaker:
    """How values become words; `hidden` is an address that no text may quote."""

    words: Words
    directory: Directory
    view: View = View.full
    hidden: re.Pattern[str] | None = None

    def text(self, said: str | None) -> str:
        """What a sender wrote, without what could forge a screen, and without a hidden address."""
        if not said or said in ("-", TAKEN_AWAY):
            return ""
        cleaned = clean(said)
        if self.hidden is None:
            return cleaned
        protected = self.words("words.protected")
        return self.hidden.sub(lambda _: protected, cleaned)

    def choice(self, said: Choice | None, words: Callable[[Choice], str] | None = None) -> str:
        if said is None:
            return ""
        if said.value == "unrecognised":
            return self.words("words.newer")
        return words(said) if words else said.value.replace("-", " ")

    def known(self, said: Known | None) -> str:
        return self.choice(said, lambda it: self.words(f"words.{it.value.replace('-', '_')}"))

    def yes_no(self, said: bool | None) -> str:
        return "" if said is None else self.words("words.yes" if said else "words.no")

    def code(self, of: str, said: Choice | None) -> str:
        return self.choice(said, lambda it: self.words.meaning(of, it.value))

    def agency(self, said: str | None) -> str:
        return clean(self.directory.name_of(said)) if said else ""

    def contact(self, said: Contact | None) -> str:
        if said is None:
            return ""
        phone = self.words("words.telephone", number=said.phone) if said.phone else None
        return self.joined(", ", (said.name, said.function, phone, said.email))

    def joined(self, between: str, parts: Iterable[str | None]) -> str:
        return between.join(text for part in parts if (text := self.text(part)))

    def born(self, day: date | None) -> str:
        if day is None:
            return ""
        if self.view is View.full:
            return day_in_full(day)
        return self.words("words.born_in", year=str(day.year))  # a view keeps no more of it


def with_named(directory: Directory, message: Message) -> Directory:
    """The directory with whoever the message names that is not in it, by its number."""
    fields = ("sender", "home", "school", "health")
    named = {str(found) for field in fields if (found := getattr(message, field, None))}
    new = [each for each in sorted(named) if directory.agency(each) is None]
    return directory.with_agencies([Registered(each, _by_number(each)) for each in new])


def _by_number(agency: str) -> str:
    kind, number = kind_of(agency), agency.partition(".")[2]
    sort = {"la": "council", "health": "health body"}.get(kind, kind)
    return f"{sort} {number}"


def hiding(address: str | None) -> re.Pattern[str] | None:
    """
    What finds an address in a text: the whole of it, and each of its parts between commas.

    A town that is hidden where it would not have to be costs less than one that gives a child away.
    """
    lines = clean(address or "")
    parts = [part.strip() for part in re.split(r"[,;\n]", lines) if part.strip()]
    telling = [part for part in parts if len(part) > 2 or re.search(r"\d", part)]
    found = sorted({lines, *telling} - {""}, key=lambda each: (-len(each), each))
    either = "|".join(r"\s+".join(map(re.escape, each.split())) for each in found)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if either else None


def clean(text: str) -> str:
    """Lines of visible characters: nothing that moves a cursor or turns the writing round."""
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    return "\n".join("".join(_visible(line)) for line in lines).strip()


_TURNS_ROUND = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _visible(line: str) -> Iterator[str]:
    for character in line:
        if character in _TURNS_ROUND or unicodedata.category(character) in ("Cc", "Zl", "Zp"):
            yield " "
        else:
            yield character
