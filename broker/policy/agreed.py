"""
What an overlay agrees beside rules and thresholds: the colours of cases, the words for levels of
risk, a second protocol by which absences are classed, and targets. Values only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from types import MappingProxyType

Facts = Mapping[str, frozenset[object]]


@dataclass(frozen=True, slots=True)
class Band:
    """One colour of cases: any of `when` is enough, and none at all is what is left over."""

    name: str
    when: tuple[Facts, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a scale, with what is meant by it."""

    word: str
    means: str


@dataclass(frozen=True, slots=True)
class Scale:
    """The words for how likely, or how grave, harm is held to be: the least first."""

    of: str  # likelihood or consequence
    levels: tuple[Level, ...]
    source: str

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(level.word for level in self.levels)


@dataclass(frozen=True, slots=True)
class LongerThan:
    """The absence lasts longer than this, as time elapses."""

    length: timedelta


@dataclass(frozen=True, slots=True)
class Past:
    """The absence goes on past this time of day in London."""

    clock: time


@dataclass(frozen=True, slots=True)
class Class:
    """Absences of some categories count as another one: at once, or once any of `any` is so."""

    counts_as: str
    category: frozenset[str]
    any: tuple[LongerThan | Past, ...]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A second protocol, by which the same absences are classed for a table of its own."""

    id: str
    name: str
    classes: tuple[Class, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure of a report is to come to, and how it is measured."""

    figure: str  # report/figure
    how: str
    source: str
    at_least: float | None = None
    at_most: float | None = None
    by: date | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """All of these of one overlay, or of a policy with overlays laid upon it."""

    bands: tuple[Band, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=lambda: MappingProxyType({}))
    protocols: tuple[Protocol, ...] = ()
    targets: tuple[Target, ...] = ()

    def said(self) -> Iterator[tuple[str, object]]:
        """Each of these by its name in words; no two overlays can both set one."""
        if self.bands:
            yield "the bands", self.bands
        for of, scale in self.scales.items():
            yield f"the levels of {of}", scale
        for protocol in self.protocols:
            yield f"a protocol {protocol.id!r}", protocol
        for target in self.targets:
            yield f"a target of {target.figure!r}", target


NOTHING = Agreed()


NOTHING = Agreed()


def together(each: Iterable[Agreed]) -> Agreed:
    """What several agree; each later one takes the place of what it says anew."""
    bands: tuple[Band, ...] = ()
    scales: dict[str, Scale] = {}
    protocols: dict[str, Protocol] = {}
    targets: dict[str, Target] = {}
    for one in each:
        bands = one.bands or bands
        scales |= one.scales
        protocols |= {protocol.id: protocol for protocol in one.protocols}
        targets |= {target.figure: target for target in one.targets}
    return Agreed(
        bands, MappingProxyType(scales), tuple(protocols.values()), tuple(targets.values())
    )
