"""The targets that a council's policy sets, beside the figures that they are of. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from broker.directory import Directory
from broker.policy.agreed import Target
from broker.policy.overlay import Where
from broker.policy.policies import Policies
from broker.reports.figures import Figure, Report
from broker.working_time import day_in_full


def targets_for(
    areas: Iterable[str], at: datetime, policies: Policies, directory: Directory
) -> tuple[Target, ...]:
    """The targets that all of these councils share, by the policies in force."""
    of_each = [_of_one(area, at, policies, directory) for area in areas]
    first, others = of_each[:1], of_each[1:]
    return tuple(one for each in first for one in each if all(one in other for other in others))


def _of_one(
    area: str, at: datetime, policies: Policies, directory: Directory
) -> tuple[Target, ...]:
    agencies = {("responsible", area)}
    if force := directory.force_of(area):
        agencies.add(("force", force))
    where = Where(directory.nation_of(area), frozenset(agencies))
    return policies.of(where, at).agreed.targets


def with_targets(report: Report, targets: Iterable[Target]) -> Report:
    """The report, each figure that has a target with what it is, and how it is measured."""
    figures, changed = report.figures, {}
    for target in targets:
        name, _, of = target.figure.partition("/")
        one = figures.get(of) if name == report.name else None
        if one is not None:
            note = ". ".join(filter(None, (one.note, _words(target, one))))
            changed[one.name] = replace(one, note=note)
    return report.with_figures(changed)


def _words(target: Target, one: Figure) -> str:
    bounds = (("at least", target.at_least), ("at most", target.at_most))
    asked = " and ".join(f"{word} {number:g}" for word, number in bounds if number is not None)
    by = f" by {day_in_full(target.by)}" if target.by else ""
    return f"Target: {asked}{by}, {_state(target, one)} ({target.how}; {target.source})"


def _state(target: Target, one: Figure) -> str:
    """Of a figure that is out of something the target is a percentage; else a number."""
    now = one.count if one.of is None else None if one.share is None else one.share * 100
    if now is None:
        return "nothing to compare"
    low = target.at_least is None or now >= target.at_least
    high = target.at_most is None or now <= target.at_most
    return "met" if low and high else "not met"
