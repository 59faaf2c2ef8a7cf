"""The same absences as a second protocol classes them, for a table of its own. Pure."""

from dataclasses import replace

from broker.classing import classed
from broker.policy.agreed import Protocol
from broker.reports.facts import Episode, Facts, Start


def by_protocol(facts: Facts, protocol: Protocol) -> Facts:
    """What a report is made from, each absence with its category by this protocol."""

    def again(one: Episode | Start) -> str:
        as_at = facts.asked.as_at
        return classed(protocol, one.category, one.started_at, one.ended_at, as_at).category

    def each(starts: tuple[Start, ...]) -> tuple[Start, ...]:
        return tuple(replace(one, category=again(one)) for one in starts)

    return replace(
        facts,
        asked=replace(facts.asked, protocol=protocol.name),
        episodes=tuple(replace(one, category=again(one)) for one in facts.episodes),
        starts={child: each(starts) for child, starts in facts.starts.items()},
        trend=each(facts.trend),
    )
