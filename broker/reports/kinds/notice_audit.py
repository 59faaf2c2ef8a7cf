"""`notice-audit`: what notices of children placed in an area say, and whether they are in time."""

from collections.abc import Callable, Mapping, Sequence

from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import items
from broker.reports.facts import Facts, Placement
from broker.reports.figures import Cell, Figure, Section, Table, Unit, slug
from broker.working_time import local
from schemas.placement import PlacementNotice

_DUTY = "give-placement-notice"


def make(facts: Facts) -> tuple[Section, ...]:
    """Placements that began in the period, of children whom another council placed here."""
    here = [one for one in facts.placements if _is_of_others(facts, one)]
    by_council: dict[str, list[Placement]] = {}
    for one in here:
        by_council.setdefault(one.responsible, []).append(one)
    councils = sorted(by_council, key=lambda one: (-len(by_council[one]), one))
    rows = [_row(facts, council, by_council[council]) for council in councils]
    columns = (
        "placed by", "notices", "in time", "social worker", "legal status", "risks stated",
        "risks named", "care plan",
    )  # fmt: skip
    return (
        Section("All of them", figures=_figures("all", "all", here)),
        Section(
            "By placing authority",
            tables=(
                Table(
                    "councils", "By placing authority", columns, tuple(rows),
                    none="Nobody was placed here by others.",
                ),
            ),
        ),
        Section("Each placement", tables=(_each(facts, here),)),
    )  # fmt: skip


def _is_of_others(facts: Facts, one: Placement) -> bool:
    areas = facts.asked.areas
    return (
        one.host in areas and one.responsible not in areas and one.starts_at in facts.asked.period
    )


def _row(facts: Facts, council: str, placed: Sequence[Placement]) -> tuple[Cell, ...]:
    name = facts.name_of(council)
    return (name, *_figures(f"by/{slug(council)}", name, placed))


def _figures(name: str, label: str, placed: Sequence[Placement]) -> tuple[Figure, ...]:
    noticed = [one for one in placed if one.noticed]
    due = [one for one in placed if any(duty.name == _DUTY for duty in one.duties)]

    def of(
        part: str, words: str, counted: Sequence[Placement], whole: Sequence[Placement]
    ) -> Figure:
        unit = Unit.notices if whole is noticed else Unit.placements
        said = f"{label}: {words}" if label != "all" else words
        each = (one.item for one in counted)
        return items(f"{name}/{part}", said, unit, each, (one.item for one in whole))

    said = (
        of(part, words, [one for one in noticed if holds(one)], noticed)
        for part, (words, holds) in _SAID.items()
    )
    return (
        of("notices", "notices received, of placements known", noticed, placed),
        of("on-time", "in time, of notices due", [one for one in due if _is_on_time(one)], due),
        *said,
    )


def _is_on_time(one: Placement) -> bool:
    return any(duty.state == "met" for duty in one.duties if duty.name == _DUTY)


def _says(name: str) -> Callable[[Placement], bool]:
    def says(one: Placement) -> bool:
        return any(fact.said.get(name) for fact in one.facts if fact.kind == PlacementNotice.KIND)

    return says


_SAID: Mapping[str, tuple[str, Callable[[Placement], bool]]] = {
    "social-worker": ("social worker named", _says("social_worker_stated")),
    "legal-status": ("legal status stated", _says("legal_status")),
    "risk-stated": ("risks stated, or said to be none", lambda one: one.risk != "not-stated"),
    "risk-named": ("a risk named", lambda one: one.risk == "named"),
    "care-plan": ("care plan sent", _says("care_plan_sent")),
}


def _each(facts: Facts, placed: Sequence[Placement]) -> Table:
    rows = tuple(
        (
            facts.pseudonym(one.child),
            facts.name_of(one.responsible),
            facts.name_of(one.home) if one.home else "a foster carer or family",
            local(one.starts_at),
            _notice(one),
            *("yes" if holds(one) else "no" for _, holds in _SAID.values()),
        )
        for one in placed
    )
    columns = (
        "child", "placed by", "home", "since", "notice", "social worker", "legal status",
        "risks stated", "risks named", "care plan",
    )  # fmt: skip
    return Table("each", "Each placement that began in the period", columns, rows, private=True)


def _notice(one: Placement) -> str:
    heard = [fact.heard for fact in one.facts if fact.kind == PlacementNotice.KIND]
    owed = [duty for duty in one.duties if duty.name == _DUTY]
    state = owed[-1].state.replace("-", " ") if owed else ""
    return ", ".join(part for part in (local(min(heard)) if heard else "none", state) if part)


REPORTS = (
    Entry(
        name="notice-audit",
        title="Notices of children placed in the area by others",
        readers="placements, board",
        periods=("quarter",),
        source="Staffordshire Select Committee, 2017, paragraphs 22i and 36; Ofsted 2013, "
        "paragraph 78",
        make=make,
        needs=Needs(absences=False, placements=True, duties=True, duties_named=_DUTY),
        notes=("A notice belongs to the period in which the placement began.",),
    ),
)
