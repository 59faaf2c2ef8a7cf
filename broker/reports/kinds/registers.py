"""`placed-here` and `placed-elsewhere`: who lives where at the end of a day, placed by whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import items
from broker.reports.facts import MISSING, Facts, Placement, Start
from broker.reports.figures import Area, Section, Table, Unit
from broker.working_time import local

_LONG = 18 * 366  # days: as long as a placement may have lasted
_MOMENT = timedelta(microseconds=1)


def here(facts: Facts) -> tuple[Section, ...]:
    """Children whom other councils placed in the areas."""
    areas = facts.asked.areas
    placed = [one for one in _standing(facts) if one.host in areas and one.responsible not in areas]
    return _register(facts, placed, "placed by", [facts.name_of(one.responsible) for one in placed])


def elsewhere(facts: Facts) -> tuple[Section, ...]:
    """Children whom these councils placed outside their areas."""
    areas = facts.asked.areas
    placed = [one for one in _standing(facts) if one.responsible in areas and one.host not in areas]
    return _register(facts, placed, "placed in", [facts.name_of(one.host) for one in placed])


def _moment(facts: Facts) -> datetime:
    """The end of the last day, or the time of the report, if that is before."""
    return min(facts.asked.period.ends_at - _MOMENT, facts.asked.as_at)


def _standing(facts: Facts) -> list[Placement]:
    return [one for one in facts.placements if one.covers(_moment(facts))]


def _register(
    facts: Facts, placed: Sequence[Placement], heading: str, councils: Sequence[str]
) -> tuple[Section, ...]:
    each = [one.item for one in placed]
    unnoticed = [one.item for one in placed if not one.noticed]
    away = [one.item for one in placed if any(_is_away(e, facts) for e in _since(facts, one))]
    rows = tuple(
        (
            facts.pseudonym(one.child),
            council,
            facts.name_of(one.home) if one.home else "a foster carer or family",
            local(one.starts_at),
            "yes" if one.iro_stated else "no",
            "yes" if one.contact_stated else "no",
            "given" if one.noticed else "NONE",
            one.risk.replace("-", " "),
            "yes" if any(_is_away(e, facts) for e in _since(facts, one)) else "no",
            str(sum(e.category in MISSING for e in _since(facts, one))),
        )
        for one, council in zip(placed, councils, strict=True)
    )
    columns = (
        "child", heading, "home", "since", "IRO named", "contact named", "notice", "risks",
        "missing now", "missing episodes since",
    )  # fmt: skip
    return (
        Section(
            "How many",
            figures=(
                items("placed", "placed", Unit.placements, each),
                items("without-notice", "without notice", Unit.placements, unnoticed, each),
                items("missing-now", "missing now", Unit.placements, away, each),
            ),
        ),
        Section(
            "Each child",
            tables=(
                Table(
                    "register", f"As it stood on {local(_moment(facts))}", columns, rows,
                    private=True, none="Nobody.",
                ),
            ),
        ),
    )  # fmt: skip


def _since(facts: Facts, one: Placement) -> list[Start]:
    """The child's absences since the placement began, up to then."""
    return [
        each
        for each in facts.starts.get(one.child, ())
        if one.starts_at <= each.started_at <= _moment(facts)
    ]


def _is_away(one: Start, facts: Facts) -> bool:
    return one.category in MISSING and (one.ended_at is None or one.ended_at > _moment(facts))


_NEEDS = Needs(placements=True, starts=_LONG)

REPORTS = (
    Entry(
        name="placed-here",
        title="Children placed in the area by others",
        readers="host council",
        periods=("day",),
        source="Ofsted 2013, paragraphs 78 and 81; the law on notices of placements",
        make=here,
        needs=_NEEDS,
        ours=True,
    ),
    Entry(
        name="placed-elsewhere",
        title="Own children placed elsewhere",
        readers="responsible authority",
        periods=("day",),
        source="Ofsted 2013, paragraphs 78 and 81; the law on notices of placements",
        make=elsewhere,
        needs=_NEEDS,
        area=Area.own,
        ours=True,
    ),
)
