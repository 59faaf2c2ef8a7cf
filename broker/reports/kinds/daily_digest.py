"""What came in on one day about children who are missing or absent; that nothing did is said."""

from collections.abc import Iterable

from broker.episode import Fact
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts
from broker.reports.figures import Figure, Section, Table
from broker.working_time import local
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate

_BACK = 400  # days: what is new today may be of an absence that began long ago
_NEWS = (MissingNotification.KIND, MissingUpdate.KIND)


def daily_digest(facts: Facts) -> tuple[Section, ...]:
    """New, updated and returned, by when it was heard: so nothing falls between two days."""
    within = facts.asked.period
    known = [one for one in facts.episodes if facts.counts(one, facts.asked.area)]
    new = [one for one in known if one.heard_at in within]
    came = [(one, [fact for fact in one.facts if fact.heard in within]) for one in known]
    back = [one for one, said in came if any(map(_is_end, said))]
    updated = [
        one for one, said in came if one not in new and any(fact.kind in _NEWS for fact in said)
    ]
    figures = (
        _figure("new", "new", new),
        _figure("updated", "updated", updated),
        _figure("returned", "back or closed", back),
    )
    columns = ("child", "what", "category", "risk", "since", "missing from", "now")
    rows = [(one, "new") for one in new]
    rows += [(one, "updated") for one in updated]
    rows += [(one, "returned") for one in back if one not in new and one not in updated]
    listed = Table(
        "each",
        "Each absence that something was heard of",
        columns,
        tuple(_row(one, what, facts) for one, what in rows),
        none="0 absences: nothing was new, updated or over.",
        private=True,
    )
    return (Section(f"Digest of {within.words}", figures, (listed,)),)


def _is_end(fact: Fact) -> bool:
    return fact.kind == MissingReturn.KIND and fact.said.get("stage") in ("returned", "closed")


def _figure(name: str, label: str, some: Iterable[Episode]) -> Figure:
    return counting.episodes(name, label, some)


def _row(one: Episode, what: str, facts: Facts) -> tuple[str, ...]:
    ended = one.returned_at or one.closed_at or one.found_at
    return (
        facts.pseudonym(one.child),
        what,
        one.category,
        one.risk or "not stated",
        local(one.started_at),
        facts.name_of(one.place),
        f"{one.status} {local(ended)}" if ended else one.status,
    )


REPORTS = (
    Entry(
        name="daily-digest",
        title="Daily digest",
        readers="police, council",
        periods=("day",),
        source="Ofsted 2013, box after paragraph 57",
        make=daily_digest,
        needs=Needs(back=_BACK),
    ),
)
