"""
What came of a scheme: its children before, during and after, visits, and how soon it was told.

Each child counts once: who stopped is a number of children, never an average that one who goes on
would hide in. Absences that are no missing episode, such as staying out late, are left out.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from broker.directory import kind_of
from broker.reports import comparing, counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.courses import WINDOW, Course, courses, missing_between
from broker.reports.facts import Began, Episode, Facts, Start, children
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit, slug
from broker.reports.period import Period
from broker.reports.traits import messages
from broker.working_time import local
from schemas.outcomes import InterviewStage, ReturnInterviewOutcome

REPEAT = 2  # so many episodes in a time make a repeat runner
_SERVICES = ("service", "hub")
_CHILD = ("child", "the child", "young person", "the young person")


def scheme_outcomes(facts: Facts) -> tuple[Section, ...]:
    """A part for each service of which something is known, and the area itself before and now."""
    every = courses(facts)
    services = {one.service for one in every} | set(_told(facts)) | set(_allocated(facts))
    reader = facts.asked.reader
    wanted = {reader} if kind_of(reader) in _SERVICES else services
    parts = [
        _service(facts, service, [one for one in every if one.service == service])
        for service in sorted(wanted)
    ]
    return (_area(facts), *parts)


# -- the area


def _area(facts: Facts) -> Section:
    now = facts.asked.period
    then = facts.asked.against or now.before
    rows: list[tuple[Cell, ...]] = []
    for name, label, only_care in (("all", "all children", False), ("care", "from care", True)):
        both = tuple((period, _within(facts, period, only_care)) for period in (then, now))
        for part, count in (("episodes", counting.episodes), ("repeat", _repeat_runners)):
            words = f"{label}: {'episodes' if part == 'episodes' else 'repeat runners'}"
            cells = comparing.beside(f"area/{name}/{part}", words, count, (both[0], both[1]))
            rows.append((words, *cells))
    note = f"Repeat runners: children with {REPEAT} or more in the period, of those with any. "
    table = Table(
        "area", "Missing", ("what", *comparing.columns(then, now)), tuple(rows),
        note + comparing.note(then, now),
    )  # fmt: skip
    return Section("The area, before and now", tables=(table,))


def _within(facts: Facts, period: Period, only_care: bool) -> tuple[Start, ...]:
    return tuple(one for one in facts.trending(period) if one.looked_after or not only_care)


def _repeat_runners(name: str, label: str, some: Sequence[Began]) -> Figure:
    often = [one for each in children(some).values() if len(each) >= REPEAT for one in each]
    return counting.children_of(name, label, often, some)


# -- one service


def _told(facts: Facts) -> dict[str, list[Episode]]:
    """The absences of which each service was told, whoever they are of."""
    found: dict[str, list[Episode]] = {}
    for one in facts.episodes:
        agencies = {address.partition("/")[0] for address in one.told}
        for agency in agencies:
            if kind_of(agency) in _SERVICES and one.started_at in facts.asked.period:
                found.setdefault(agency, []).append(one)
    return found


def _allocated(facts: Facts) -> dict[str, list[Episode]]:
    """The absences whose interview a service was asked to hold, or held."""
    found: dict[str, list[Episode]] = {}
    for one in facts.during():
        agencies = {one.interview.service, one.interview.held_by}
        for agency in agencies:
            if kind_of(agency) in _SERVICES:
                found.setdefault(agency, []).append(one)
    return found


def _service(facts: Facts, service: str, each: Sequence[Course]) -> Section:
    name, period = slug(service), facts.asked.period
    until = min(period.ends_at, facts.asked.as_at)
    served = [one for one in each if one.began_at and one.began_at < until
              and (one.ended_at is None or one.ended_at >= period.starts_at)]  # fmt: skip
    ended = [one for one in served if one.ended_at and one.ended_at < until]
    followed = [one for one in ended if one.ended_at and one.ended_at + WINDOW <= until]
    recent = [one for one in ended if one not in followed]
    at_entry = [one for one in served if _before(facts, one)]
    at_exit = [one for one in ended if not _at_end(facts, one)]
    stopped = [one for one in followed if not _after(facts, one)]
    return Section(
        facts.name_of(service),
        figures=(
            _children(f"{name}/served", "Children served", served),
            _children(f"{name}/entry", "missing in the 90 days before it began", at_entry, served),
            _children(f"{name}/ended", "of them ended", ended, served),
            _children(f"{name}/exit", "not missing in the 90 days to its end", at_exit, ended),
            _children(f"{name}/stopped", "not missing in the 90 days after it", stopped, followed),
            _children(f"{name}/too-recent", "ended too recently to tell", recent, ended),
            *_before_and_after(facts, name, followed),
            *_visits(facts, name, service),
            *_soon(facts, name, service),
        ),
        tables=(
            _each(facts, name, served),
            *_first_contacts(facts, name, service),
        ),
    )


def _children(
    name: str, label: str, counted: Iterable[Course], of: Iterable[Course] | None = None
) -> Figure:
    whole = None if of is None else [one.item for one in of]
    return counting.items(name, label, Unit.children, [one.item for one in counted], whole)


def _before(facts: Facts, one: Course) -> tuple[Start, ...]:
    assert one.began_at is not None
    return missing_between(facts, one.child, one.began_at - WINDOW, one.began_at)


def _during(facts: Facts, one: Course, until: datetime) -> tuple[Start, ...]:
    assert one.began_at is not None
    return missing_between(facts, one.child, one.began_at, one.ended_at or until)


def _at_end(facts: Facts, one: Course) -> tuple[Start, ...]:
    assert one.began_at is not None
    assert one.ended_at is not None
    first = max(one.began_at, one.ended_at - WINDOW)
    return missing_between(facts, one.child, first, one.ended_at)


def _after(facts: Facts, one: Course) -> tuple[Start, ...]:
    assert one.ended_at is not None
    return missing_between(facts, one.child, one.ended_at, one.ended_at + WINDOW)


def _before_and_after(facts: Facts, name: str, followed: Sequence[Course]) -> list[Figure]:
    found = []
    for when, label, look in (("before", "before", _before), ("after", "after", _after)):
        starts = [(one, look(facts, one)) for one in followed]
        items = [Item(start.child, start.episode, start.started_at) for _, some in starts
                 for start in some]  # fmt: skip
        found.append(
            counting.items(
                f"{name}/episodes/{when}", f"Episodes of those followed, 90 days {label}",
                Unit.episodes, items,
            )
        )  # fmt: skip
        found.append(
            _children(f"{name}/repeat/{when}", f"repeat runners, 90 days {label}",
                      [one for one, some in starts if len(some) >= REPEAT], followed)
        )  # fmt: skip
    return found


def _visits(facts: Facts, name: str, service: str) -> tuple[Figure, ...]:
    """Visits that were asked for, and given; one visit may be of several absences."""
    asked = _allocated(facts).get(service, [])
    given = [one for one in asked if one.interview.held_by == service]
    visits = {one.interview.held_id: one.item for one in given}
    return (
        counting.episodes(f"{name}/visited", "Episodes with a visit, of those asked for", given,
                          asked),
        counting.items(f"{name}/visits", "Visits given", Unit.interviews, visits.values()),
    )  # fmt: skip


def _soon(facts: Facts, name: str, service: str) -> tuple[Figure, ...]:
    """How long after the return the service was told, or asked."""
    told = _told(facts).get(service, [])
    waits: list[tuple[Episode, timedelta]] = []
    for one in told:
        times = [t.at for address, t in one.told.items() if address.startswith(f"{service}/")]
        times += [step.at for step in one.interview.steps if step.value == "allocated"]
        after = [at - one.returned_at for at in times if one.returned_at and at >= one.returned_at]
        if after:
            waits.append((one, min(after)))
    median = counting.median(wait for _, wait in waits)
    return (
        counting.episodes(f"{name}/told", "Episodes it was told of, of any age", told),
        Figure(
            f"{name}/hours", "Median hours from return to referral", Unit.hours,
            None if median is None else median.total_seconds() / 3600, decimals=1,
            items=tuple(one.item for one, _ in waits), missing="none after a return",
        ),
    )  # fmt: skip


def _each(facts: Facts, name: str, served: Sequence[Course]) -> Table:
    until = min(facts.asked.period.ends_at, facts.asked.as_at)
    rows: list[tuple[Cell, ...]] = []
    for one in served:
        cells = [("before", _before(facts, one)), ("during", _during(facts, one, until))]
        if one.ended_at:
            cells.append(("after", _after(facts, one)))
        rows.append(
            (
                facts.pseudonym(one.child),
                local(one.began_at) if one.began_at else "",
                local(one.ended_at) if one.ended_at else "goes on",
                *(
                    counting.items(f"{name}/{when}/{facts.pseudonym(one.child)}",
                                   f"Episodes {when}", Unit.episodes,
                                   [Item(s.child, s.episode, s.started_at) for s in some])
                    for when, some in cells
                ),
                *(() if one.ended_at else ("",)),
            )
        )  # fmt: skip
    columns = ("child", "began", "ended", "90 days before", "during", "90 days after")
    return Table(f"{name}/children", "Each child", columns, tuple(rows), private=True)


def _first_contacts(facts: Facts, name: str, service: str) -> tuple[Table, ...]:
    """Whether the child was spoken to first, and not the family; an attempt counts either way."""
    rows, child_first, all_first = [], [], []
    for one in facts.during():
        said = [m for m in messages(facts, one.facts) if isinstance(m, ReturnInterviewOutcome)]
        tried = [m for m in said if m.sender == service and m.first_contact
                 and m.stage is not InterviewStage.allocated]  # fmt: skip
        if not tried:
            continue
        all_first.append(one.item)
        to_child = (tried[0].first_contact or "").casefold() in _CHILD
        if to_child:
            child_first.append(one.item)
        rows.append(
            (
                facts.pseudonym(one.child),
                local(tried[0].occurred_at),
                "the child" if to_child else "family first",
                str(sum(m.stage in (InterviewStage.attempted, InterviewStage.held) for m in said)),
            )
        )
    if not rows:
        return ()
    figure = counting.items(
        f"{name}/child-first", "First attempt was to the child", Unit.interviews, child_first,
        all_first,
    )  # fmt: skip
    met = "met" if len(child_first) == len(all_first) else "not met"
    return (
        Table(f"{name}/rule", "The child is spoken to first", ("rule", "kept", "state"),
              (("first attempt to the child", figure, met),)),
        Table(f"{name}/first-contacts", "First attempts", ("child", "when", "to", "attempts"),
              tuple(rows), private=True),
    )  # fmt: skip


REPORTS = (
    Entry(
        name="scheme-outcomes",
        title="What came of schemes",
        readers="Scheme, funders",
        periods=("month", "quarter", "year"),
        source="Barnardo's, 2006, appendix 1, A1.1 to A1.6",
        make=scheme_outcomes,
        needs=Needs(
            trend=1, starts=2 * 366, on_file=True, referrals=True,
            bodies=frozenset({ReturnInterviewOutcome.KIND}),
        ),
        notes=(
            "A child's time with a service is read off referrals that were made, started and "
            "ended. Ninety days before and after are local.",
        ),
    ),
)  # fmt: skip
