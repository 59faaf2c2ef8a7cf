"""What changed in a report since it was first made, figure by figure, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from broker.reports.facts import Facts
from broker.reports.figures import Figure, Item, Report
from broker.working_time import local


@dataclass(frozen=True, slots=True)
class Run:
    """What the figures of a report were when it was made: count and whole of each, by name."""

    as_at: datetime
    figures: Mapping[str, tuple[float | None, int | None]]


def differs(report: Report, run: Run) -> bool:
    """Whether any figure is another now; a figure that was not in the report then is none."""
    return any(_changed(one, run) for one in report.figures.values())


def marked(report: Report, facts: Facts, run: Run, then: Report, facts_then: Facts) -> Report:
    """
    The report, each figure that changed with what it was and why.

    `then` is the report made again as it was known at that time; where that gives other numbers
    than it did then, children were joined or split since, or it is counted in another way now.
    """
    changed = {
        name: replace(one, changed=_words(one, run, then.figures.get(name), facts, facts_then))
        for name, one in report.figures.items()
        if _changed(one, run)
    }
    return report.with_figures(changed)


def _changed(one: Figure, run: Run) -> bool:
    return one.name in run.figures and run.figures[one.name] != (one.count, one.of)


def _words(one: Figure, run: Run, again: Figure | None, facts: Facts, facts_then: Facts) -> str:
    count, of = run.figures[one.name]
    was = replace(one, count=count, of=of).value
    return f"was {was} as at {local(run.as_at)}: {_why(one, run, again, facts, facts_then)}"


def _why(one: Figure, run: Run, again: Figure | None, facts: Facts, then: Facts) -> str:
    if again is None or (again.count, again.of) != run.figures[one.name]:
        return "children were joined or split since, or it is counted in another way"
    added, gone = _moved(again, one)
    known = {str(each.id) for each in then.episodes} | {str(each.child) for each in then.episodes}
    stands = {str(each.id) for each in facts.episodes} | {str(e.child) for e in facts.episodes}
    reasons = {
        "reported since": sum(key not in known for key in added),
        "more was said of since": sum(key in known for key in added),
        "taken back": sum(key not in stands for key in gone),
        "corrected": sum(key in stands for key in gone),
    }
    words = [f"{number} {why}" for why, number in reasons.items() if number]
    return ", ".join(words) or "what it is made of changed"


def _moved(then: Figure, now: Figure) -> tuple[list[str], list[str]]:
    """What is counted now and was not, and what was and is not any more; of the whole, if not."""
    for before, after in ((then.items, now.items), (then.of_items, now.of_items)):
        old, new = _keys(before), _keys(after)
        if old.keys() != new.keys():
            return (
                [about for key, about in new.items() if key not in old],
                [about for key, about in old.items() if key not in new],
            )
    return [], []


def _keys(items: tuple[Item, ...]) -> dict[str, str]:
    """What each line is about: its case, else its child."""
    return {item.key: str(item.episode or item.child or "") for item in items}
