"""
Which lived-through area stands for which councils, and what each copy of it changes.

Whatever is changed keeps its length: ids of agencies, of children and absences, references, names.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from broker.directory import Directory
from broker.keys import Keys
from tests.bench import a_year
from tests.bench.a_year import TAG, Area

# Absences of the areas that are lived through.
ENGLISH = (500, 250, 120, 60, 30, 15, 6)
WELSH = (120, 60, 30, 12, 6)
_BUSY = 3  # so many of a council's copies share the first home: one with thirty absences a month
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Everything in a text or in what travelled that differs between copies.
DIFFERS = re.compile(
    rb"(?P<text>" + _UUID + rb")"
    rb"|(?P<tag>" + TAG.encode() + rb")"
    rb"|(?P<agency>(?:la|police)\.[EW]\d{8}|provider\.SC\d{6})"
    rb"|(?P<name>Made-up (?:[EW]\d{8}|SC\d{6}))"
    rb"|(?P<pseudonym>child-[0-9a-f]{24})"
    rb'|(?P<number>"~[mc]\d+~")'
)


class Remembered(Keys):
    """Keys that remember what each hash is of, so that a copy's can be made."""

    def __init__(self, secret: bytes) -> None:
        super().__init__(secret)
        self.parts: dict[bytes, tuple[str, ...]] = {}
        self.named: dict[str, tuple[UUID, str]] = {}

    def of(self, *parts: str) -> bytes:
        key = super().of(*parts)
        self.parts[key] = parts
        return key

    def pseudonym(self, child: UUID, recipient: str) -> str:
        name = super().pseudonym(child, recipient)
        self.named[name] = (child, recipient)
        return name


def lived_areas(seed: int, share: float = 1.0) -> tuple[Area, ...]:
    """The areas that are lived through; with a smaller share only the small ones."""
    english, welsh = "la.E10000028", "la.W06000022"
    sizes = [(english, size) for size in ENGLISH if size <= max(ENGLISH) * share]
    sizes += [(welsh, size) for size in WELSH if size <= max(ENGLISH) * share]
    return tuple(
        a_year.area(number, council, size, seed) for number, (council, size) in enumerate(sizes)
    )


@dataclass(frozen=True)
class Copy:
    """One area written as that of a council: whom each agency in it becomes, and its number."""

    number: int
    area: Area  # as it was lived through
    agencies: Mapping[str, str]

    @cached_property
    def ids(self) -> bytes:
        """What each hexadecimal digit of an id becomes: ids stay different from one another."""
        digits = list("0123456789abcdef")
        random.Random(f"ids/{self.number}").shuffle(digits)
        return bytes.maketrans(b"0123456789abcdef", "".join(digits).encode())

    @property
    def tag(self) -> bytes:
        return f"year{self.number:04}".encode()

    def id(self, of: UUID) -> UUID:
        return UUID(of.hex.translate(self.ids.decode("latin-1")))

    def topic(self, topic: str) -> str:
        """An outbox or inbox of an agency here; a topic of the record is everybody's."""
        sort, _, agency = topic.partition(".")
        return f"{sort}.{self.agencies[agency]}" if sort in ("inbox", "outbox") else topic

    def renamed(self, name: bytes) -> bytes:
        """The made-up name of an agency, which ends with its code."""
        words, _, code = name.decode().rpartition(" ")
        (agency,) = (it for known, it in self.agencies.items() if known.endswith(f".{code}"))
        return f"{words} {agency.partition('.')[2]}".encode()

    def instead_of(self, found: re.Match[bytes]) -> bytes:
        """What one thing that differs between copies is here."""
        match found.lastgroup:
            case "tag":
                return self.tag
            case "agency":
                return self.agencies[found[0].decode()].encode()
            case "text":
                return found[0].translate(self.ids)
        raise AssertionError(found.lastgroup)

    @property
    def homes(self) -> Mapping[str, str]:
        """Each home, and the council it is in."""
        council = self.agencies[self.area.council]
        return {self.agencies[home]: council for home in self.area.homes}


def copies(lived: Sequence[Area], absences: int, seed: int) -> list[Copy]:
    """As many of each area as make up so many absences, dealt to the councils by their share."""
    found: list[Copy] = []
    shares = a_year.weights(seed)
    for council, quota in a_year.quotas(absences, seed).items():
        dice = random.Random(f"{seed}/copies/{council}")
        made_of = _made_of(council, quota, lived, dice)
        busy = a_year.home_of(len(found) + 1, 0)
        for place, area in enumerate(made_of):
            number = len(found) + 1
            others = {
                c: w
                for c, w in shares.items()
                if c != council and a_year.is_welsh(c) == a_year.is_welsh(council)
            }
            elsewhere = a_year.sample(others, len(area.elsewhere), dice)
            homes = [a_year.home_of(number, home) for home in range(len(area.homes))]
            homes[0] = busy if place < _BUSY else homes[0]
            force = Directory.shipped().police_for(council)
            assert force
            becomes = (council, force, *homes, *elsewhere)
            found.append(Copy(number, area, dict(zip(area.agencies, becomes, strict=True))))
    return found


def _made_of(
    council: str, absences: int, lived: Sequence[Area], dice: random.Random
) -> Iterator[Area]:
    left = absences
    fit = [area for area in lived if a_year.is_welsh(area.council) == a_year.is_welsh(council)]
    while sizes := [area.absences for area in fit if area.absences <= left]:
        area = dice.choice([one for one in fit if one.absences == max(sizes)])
        left -= area.absences
        yield area
