"""What senior managers were told of because they need to know, by child and by home."""

from datetime import datetime

from broker.episode import NEWS
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, grouped
from broker.reports.figures import Area, Cell, Section, Table, slug
from broker.working_time import local

_DIRECTOR = "/director"
_FLAG = "need_to_know"
_BACK = 400  # days: who is away for long stays on the list
_NO_HOME = "at home, or with foster carers"


def need_to_know(facts: Facts) -> tuple[Section, ...]:
    """
    The absences that a worker or a rule raised: open until the child is back.

    It is a summary, as managers were told: the reason is who or which rule raised it, and never
    what was written.
    """
    raised = [one for one in facts.episodes if _counts(one, facts)]
    still = [one for one in raised if not one.back]
    figures = (
        *counting.both("raised", "raised with senior managers", raised),
        *counting.both("open", "open: the child is not back", still, raised),
    )
    homes = Table(
        "by-home",
        "By home",
        ("home", "children", "episodes", "open"),
        tuple(
            _home(facts.name_of(home) if home else _NO_HOME, slug(home) or "none", those)
            for home, those in grouped(raised, lambda one: one.home).items()
        ),
        none="Nothing was raised.",
    )
    listed = Table(
        "by-child",
        "By child",
        ("child", "missing since", "raised", "reason", "risk", "state"),
        tuple(_row(one, facts) for one in raised),
        none="Nothing was raised.",
        private=True,
    )
    return (Section("Need to know", figures, (listed, homes)),)


def grounds(one: Episode, facts: Facts) -> list[tuple[datetime, str]]:
    """When it was raised, and who or which rule did so, the first first."""
    flagged = [
        (fact.at, f"raised by {facts.name_of(fact.address)}")
        for fact in one.facts
        if _FLAG in fact.said
    ]
    by_rule = [
        (told.at, f"rule {told.because.partition('@')[0]}")
        for address, told in one.told.items()
        if address.endswith(_DIRECTOR)
    ]
    first = [
        (told.sent_at or told.heard_at, f"rule {told.rule}")
        for told in facts.deliveries.get(one.id, ())
        if told.function == _DIRECTOR.removeprefix("/")
    ]
    return sorted(flagged) or sorted(first) or sorted(by_rule)


def _counts(one: Episode, facts: Facts) -> bool:
    """Raised in the period; or before it, and the child was not back as it began."""
    said = grounds(one, facts)
    if not said or not one.child_then or not facts.counts(one, facts.asked.area):
        return False
    period, back = facts.asked.period, one.returned_at or one.closed_at
    raised = said[0][0]
    return raised < period.ends_at and (
        raised >= period.starts_at or back is None or back >= period.starts_at
    )


def _home(name: str, code: str, those: tuple[Episode, ...]) -> tuple[Cell, ...]:
    still = [one for one in those if not one.back]
    children, episodes = counting.both(f"home/{code}", name, those)
    return name, children, episodes, counting.episodes(f"home/{code}/open", name, still, those)


def _row(one: Episode, facts: Facts) -> tuple[str, ...]:
    at, why = grounds(one, facts)[0]
    back = one.returned_at or one.closed_at
    return (
        facts.pseudonym(one.child),
        local(one.started_at),
        local(at),
        why,
        one.risk or "not stated",
        f"closed: back {local(back)}" if back else "OPEN",
    )


REPORTS = (
    Entry(
        name="need-to-know",
        title="Need to know",
        readers="director",
        periods=("day", "month"),
        source="Ofsted 2013, paragraphs 25 and 70",
        make=need_to_know,
        needs=Needs(back=_BACK, deliveries=NEWS),
        area=Area.own,
        ours=True,
    ),
)
