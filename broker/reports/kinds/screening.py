"""How many police reports the team that acts for several councils has screened, and how soon."""

from collections.abc import Sequence
from datetime import timedelta

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit
from broker.working_time import local, local_due
from schemas.missing import MissingNotification, MissingUpdate

_SCREEN = "screen"  # how the names of duties to screen end
_SOON = timedelta(minutes=1)
_CITED = (MissingNotification.KIND, MissingUpdate.KIND)


def screening(facts: Facts) -> tuple[Section, ...]:
    """Every police report of a missing or absent child; whoever screens it, the council is told."""
    reported = reports(facts)
    whole = _row("all", "all councils", reported, facts)
    councils: tuple[tuple[Cell, ...], ...] = tuple(
        (facts.name_of(area), *_row(area, facts.name_of(area), those, facts))
        for area in facts.asked.areas
        for those in [[one for one in reported if one.is_in((area,))]]
    )
    columns = ("council", "screened", "hours to screen (median)", "council told in a minute")
    by_council = Table("by-council", "By council", columns, councils)
    waiting = [one for one in reported if not screened(one)]
    listed = Table(
        "not-screened",
        "Not screened yet",
        ("child", "reported", "screening is due"),
        tuple((facts.pseudonym(one.child), _heard(one), _due(one)) for one in waiting),
        none="Every report was screened.",
        private=True,
    )
    return (Section("Police reports screened", whole, (by_council, listed)),)


def reports(facts: Facts) -> list[Episode]:
    """The absences in the area that a police force reported, missing and absent."""
    return [
        one
        for one in (*facts.missing(), *facts.absent())
        if any(agency.startswith("police.") for agency in one.reported_by)
    ]


def screened(one: Episode) -> Duty | None:
    """The screening that was done; None: it is owed still, or nobody owes one here."""
    return next((duty for duty in _owed(one) if duty.met), None)


def _owed(one: Episode) -> list[Duty]:
    return [duty for duty in one.duties if duty.name.endswith(_SCREEN)]


def _row(code: str, name: str, some: Sequence[Episode], facts: Facts) -> tuple[Figure, ...]:
    done = [one for one in some if screened(one)]
    told = [one for one in some if _told_soon(one, facts)]
    return (
        counting.episodes(f"{code}/screened", f"screened, {name}", done, some),
        _hours(f"{code}/hours-to-screen", f"hours to screen (median), {name}", done),
        counting.episodes(f"{code}/told", f"council told in a minute, {name}", told, some),
    )


def _hours(name: str, label: str, done: Sequence[Episode]) -> Figure:
    """From when the report lay with those who screen to the screening."""
    took = [
        (one, duty.done_at - duty.opened_at)
        for one in done
        if (duty := screened(one)) and duty.done_at
    ]
    middle = counting.median(length for _, length in took)
    items = tuple(
        Item(one.child, one.id, one.started_at, {"took": counting.span(length)})
        for one, length in took
    )
    hours = None if middle is None else middle.total_seconds() / 3600
    return Figure(name, label, Unit.hours, hours, items=items, missing="none screened", decimals=1)


def _told_soon(one: Episode, facts: Facts) -> bool:
    """Whether a desk of the lead council that never sleeps, or was open, had it in a minute."""
    return any(
        told.agency == one.lead
        and told.function in ("front-door", "emergency-duty")
        and told.sent_within(_SOON)
        for told in facts.deliveries.get(one.id, ())
    )


def _heard(one: Episode) -> str:
    return local(one.heard_at) if one.heard_at else ""


def _due(one: Episode) -> str:
    due = [duty.due_at for duty in _owed(one) if duty.due_at]
    return local_due(due[0]) if due else "none owed"


REPORTS = (
    Entry(
        name="screening",
        title="Police reports screened",
        readers="Hub board",
        periods=("month",),
        source="Gwent Hub evaluation 2015, 3.6 and logic model",
        make=screening,
        needs=Needs(duties=True, deliveries=frozenset(_CITED)),
        notes=(
            "A screening is owed by whichever duty of a local policy has a name ending in screen.",
        ),
    ),
)
