"""Which reports there are: who reads each, for which periods, its source, and how it is made."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from broker.errors import Misuse
from broker.reports import kinds
from broker.reports.facts import Facts
from broker.reports.figures import Area, Section


@dataclass(frozen=True, slots=True)
class Needs:
    """
    What has to be looked up for a report, beside the absences of the period.

    `back`: so many days before the period too; `before`: the period of the same kind before it;
    `year_to_date`: from 1 April on at least.
    `starts`: the children's other absences, wherever they were, so many days before the period;
    `followed`: and those after it, up to `as_at`.
    `trend`: of so many periods of the same kind before, and of the year to date, the bare absences
    of the areas, for counts over time; much lighter than `back`.
    `late`: every duty that is late as at the report, owed by the reader, the areas, or because of
    these absences. `placed_back`: placements in force so many days before the period too.
    `meetings`: those held since the time began that these agencies held, came to or whose child it
    is about. `deliveries`: who was sent messages of these kinds about the absences; `told`: of that
    only what desks of these functions were sent.
    `bodies`: of these kinds the messages themselves, for what is not kept as a fact; what was
    erased since is not there.
    """

    absences: bool = True  # False: none of them is read
    back: int = 0
    before: bool = False
    year_to_date: bool = False
    starts: int = 0
    trend: int = 0
    duties: bool = False  # with each absence, placement and threshold
    duties_named: str = ""  # of these only those whose names end so
    threshold_duties: bool = False  # with each threshold alone: an absence has many times as many
    owed: bool = False  # every duty of, and about the children of, the agencies: by due time
    lateness: bool = False  # Homeward's own
    placements: bool = False
    thresholds: bool = False
    bands: bool = False  # the colour of each absence that a threshold counted, where policy has any
    on_file: bool = False
    referrals: bool = False  # also on file: of children who were referred, missing or not
    censuses: bool = False
    bodies: frozenset[str] = frozenset()
    followed: bool = False
    late: bool = False
    placed_back: int = 0
    meetings: bool = False
    deliveries: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One report of the catalogue. `make` is pure: the same facts give the same report."""

    name: str
    title: str
    readers: str
    periods: tuple[str, ...]  # day, week, month, quarter, year
    source: str  # a document and its paragraph
    make: Callable[[Facts], tuple[Section, ...]]
    needs: Needs = Needs()
    area: Area = Area.in_area
    ours: bool = False  # no document has such a report: its form is ours
    notes: tuple[str, ...] = ()


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every report by name, in order of name."""
    found: dict[str, Entry] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        for entry in importlib.import_module(f"{kinds.__name__}.{module.name}").REPORTS:
            if entry.name in found:
                raise ValueError(f"two reports are called {entry.name}")
            found[entry.name] = entry
    return {name: found[name] for name in sorted(found)}


def report_named(name: str) -> Entry:
    """The report of that name; `Misuse` says which it may be."""
    if entry := catalogue().get(name):
        return entry
    like = get_close_matches(name, catalogue(), 3, 0.4)
    perhaps = f"perhaps {' or '.join(like)}; " if like else ""
    raise Misuse(f"there is no report {name}: {perhaps}`homeward reports` lists them")
