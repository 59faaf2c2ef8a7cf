"""`monthly-missing`: what senior and team managers and independent chairs see of a month."""

from collections.abc import Iterator
from uuid import UUID

from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import both, items
from broker.reports.facts import Episode, Facts, children
from broker.reports.figures import Area, Item, Section, Table, Unit
from broker.reports.period import window
from broker.reports.states import check_words, interview_words
from broker.working_time import local
from schemas.casework import MeetingOutcome

STEPS = (3, 5, 9)  # St17 21a: of Staffordshire and Stoke, local
DAYS = 90


def make(facts: Facts) -> tuple[Section, ...]:
    missing, absent = facts.missing(), facts.absent()
    reached = {child: tuple(dict.fromkeys(_reached(facts, child))) for child in children(missing)}
    head = Section(
        "The month",
        figures=(
            *both("missing", "missing", missing),
            *both("absent", "absent", absent),
            *(
                items(
                    f"reached/{step}",
                    f"reached {step} missing episodes within {DAYS} days, in the month",
                    Unit.children,
                    [Item(child, says={"step": str(step)})
                     for child, steps in reached.items() if step in steps],
                )
                for step in STEPS
            ),
        ),
    )  # fmt: skip
    each = Section("Each child", tables=(_each_child(facts, missing, reached),))
    away = facts.elsewhere()
    own = Section(
        "Own children placed elsewhere",
        figures=both("elsewhere", "own, placed elsewhere, missing", [e for e in away if e.missing]),
        text="Not in the figures above.",
    )
    return (head, each, own) if facts.asked.area is Area.in_area else (head, each)


def _each_child(
    facts: Facts, missing: tuple[Episode, ...], reached: dict[UUID, tuple[int, ...]]
) -> Table:
    return Table(
        name="children",
        title="Children missing in the month",
        columns=(
            "child", "in the month", f"in the {DAYS} days to its end", "reached", "risk",
            "protection plan", "assessed", "check", "interview", "meeting",
        ),
        rows=tuple(
            (
                facts.pseudonym(child),
                str(len(each)),
                items(f"within-{DAYS}/{facts.pseudonym(child)}", "missing episodes", Unit.episodes,
                      _within(facts, child)),
                ", ".join(map(str, reached[child])),
                each[-1].risk or "not stated",
                facts.name_of(each[-1].plan) if each[-1].plan else "none stated",
                local(each[-1].risks[-1].at) if each[-1].risks else "",
                check_words(each[-1]),
                interview_words(each[-1]),
                _meeting(facts, child),
            )
            for child, each in children(missing).items()
        ),
        private=True,
    )  # fmt: skip


def _within(facts: Facts, child: UUID) -> Iterator[Item]:
    for one in facts.starts_within(child, facts.asked.period.back(DAYS)):
        yield Item(child, one.episode, one.started_at)


def _reached(facts: Facts, child: UUID) -> Iterator[int]:
    """The steps to which the count of the window rises in the period (rules N3 and N4)."""
    for one in facts.starts_within(child, facts.asked.period):
        counted = facts.starts_within(child, window(one.started_at, DAYS))
        number = [each.episode for each in counted].index(one.episode) + 1
        if number in STEPS:
            yield number


def _meeting(facts: Facts, child: UUID) -> str:
    """What became of the meeting about the last threshold that the child reached."""
    about = [one for one in facts.thresholds if one.child == child and not one.withdrawn]
    if not about:
        return ""
    last = max(about, key=lambda one: one.reached_at)
    held = [f for f in last.facts if f.kind == MeetingOutcome.KIND and f.said.get("held")]
    if held:
        return f"held {local(held[-1].at)}"
    owed = [duty for duty in last.duties if duty.standing]
    return owed[0].state if owed else "none owed"


REPORTS = (
    Entry(
        name="monthly-missing",
        title="Children missing in the month",
        readers="senior and team managers, independent chairs",
        periods=("month",),
        source="Staffordshire Select Committee, 2017, paragraphs 21 and 33",
        make=make,
        needs=Needs(starts=2 * DAYS, thresholds=True, duties=True),
    ),
)
