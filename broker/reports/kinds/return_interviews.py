"""`return-interviews` and `not-held-reasons`: what boards and commissioners see of interviews."""

from collections.abc import Iterable, Sequence

from broker.reports.catalogue import Entry, Needs
from broker.reports.counting import both, episodes, items, span, split, where
from broker.reports.facts import Episode, Facts, children, grouped
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit
from broker.reports.states import held_in_time, interview_words, offered_in_time
from broker.working_time import local

# Why there was no interview; what is none of these is `other`. The words of St17 22k.
_REASONS = {
    "declined": "declined, or refused",
    "moved": "moved out of the area",
    "not-engaged": "not engaging",
    "other": "another reason",
    "open": "no reason said",
}
_AS = {
    "refused": "declined",
    "declined": "declined",
    "moved": "moved",
    "not-engaged": "not-engaged",
}
_IN_CARE = "social-work"  # who is told of what was said, when it is shared with the worker


def make(facts: Facts) -> tuple[Section, ...]:
    missing = _returned(facts.missing())
    own = where(missing, lambda one: not facts.from_elsewhere(one))
    others = where(missing, facts.from_elsewhere)
    absent = _returned(facts.absent())
    return (
        Section("All children missing and back", figures=_figures("", missing)),
        Section("Not held", tables=(_reasons("reasons", missing),)),
        Section(
            "Own and other authorities' children",
            tables=(
                _apart(
                    (
                        ("own children", "own", own),
                        ("other authorities' children", "others", others),
                    )
                ),
            ),
        ),
        Section(
            "Children absent and back",
            figures=_held("absent-", absent),
            text="An absence is no missing episode, and is in none of the figures above.",
        ),
        Section("Attempts", tables=(_attempts(facts, missing),)),
    )


def _returned(episodes: Iterable[Episode]) -> tuple[Episode, ...]:
    return where(episodes, lambda one: one.back)


def _figures(prefix: str, back: Sequence[Episode]) -> tuple[Figure, ...]:
    held = where(back, _is_held)
    known = where(held, lambda one: one.interview.independent is not None)
    repeat = {child: each for child, each in children(held).items() if _interviews(each) > 1}
    same = {
        child: each
        for child, each in repeat.items()
        if all(one.interview.same_interviewer == "yes" for one in each[1:])
    }
    shared = where(held, lambda one: _IN_CARE in one.interview.shared_with)
    return (
        episodes(f"{prefix}returns", "returns", back),
        episodes(
            f"{prefix}offered-in-time", "offered within 72 hours", where(back, offered_in_time),
            back,
        ),
        *_held(prefix, back),
        items(
            f"{prefix}same-worker", "seen by the same worker each time", Unit.children,
            map(Item, same), map(Item, repeat),
            note="of children with more than one interview",
        ),
        episodes(
            f"{prefix}not-independent", "held by somebody who is not independent",
            where(known, lambda one: one.interview.independent is False), known,
        ),
        episodes(f"{prefix}shared-with-worker", "shared with the child's worker", shared, held),
    )  # fmt: skip


def _held(prefix: str, back: Sequence[Episode]) -> tuple[Figure, ...]:
    return (
        *both(f"{prefix}held", "held", where(back, _is_held), back),
        episodes(f"{prefix}held-in-time", "held within 72 hours", where(back, held_in_time), back),
    )


def _is_held(one: Episode) -> bool:
    return one.interview.held_at is not None


def _interviews(each: Iterable[Episode]) -> int:
    return len({one.interview.held_id for one in each})


def _reasons(name: str, back: Sequence[Episode]) -> Table:
    """Those that were not held, by the last word on why."""
    not_held = where(back, lambda one: not _is_held(one))
    groups = grouped(not_held, _reason)
    each = {words: groups.get(code, ()) for code, words in _REASONS.items()}
    return split(name, "Why it was not held", "reason", each, not_held, whole="not-held")


def _reason(one: Episode) -> str:
    why = one.interview.not_held
    return "open" if not why else _AS.get(why, "other")


def _apart(groups: Iterable[tuple[str, str, Sequence[Episode]]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    columns: tuple[str, ...] = ()
    for label, prefix, back in groups:
        figures = _figures(f"{prefix}/", back)
        columns = tuple(f"{one.label}, {one.unit}" for one in figures)
        rows.append((label, *figures))
    return Table("apart", "Own and others' apart", ("", *columns), tuple(rows))


def _attempts(facts: Facts, back: Sequence[Episode]) -> Table:
    rows = tuple(
        (
            facts.pseudonym(one.child),
            local(one.returned_at or one.closed_at or one.started_at),
            str(one.interview.attempts),
            interview_words(one),
            span(one.interview.held_at - back_at)
            if one.interview.held_at and (back_at := one.returned_at or one.closed_at)
            else "",
        )
        for one in back
    )
    columns = ("child", "back", "attempts", "interview", "after the return")
    return Table("attempts", "Attempts for each", columns, rows, private=True)


def not_held(facts: Facts) -> tuple[Section, ...]:
    back = _returned(facts.missing())
    waiting = where(back, lambda one: not _is_held(one))
    rows = tuple(
        (
            facts.pseudonym(one.child),
            local(one.returned_at or one.closed_at or one.started_at),
            _REASONS[_reason(one)],
            one.interview.state.replace("-", " ") or "nothing was said",
            str(one.interview.attempts),
        )
        for one in waiting
    )
    columns = ("child", "back", "reason", "last step", "attempts")
    return (
        Section(
            "Not held",
            figures=both("not-held", "interviews not held", waiting, back),
            tables=(
                _reasons("reasons", back),
                Table("each", "Each of them", columns, rows, private=True),
            ),
        ),
    )


_NOTE = (
    "An interview of several absences counts for each of them. Whoever accepts, declines or is "
    "interviewed was offered one."
)

REPORTS = (
    Entry(
        name="return-interviews",
        title="Return interviews",
        readers="board, commissioners, police",
        periods=("month", "quarter"),
        source="Staffordshire Select Committee, 2017, paragraphs 22k, 24 and 27; Ofsted 2013, "
        "paragraphs 37 to 48",
        make=make,
        notes=(_NOTE,),
    ),
    Entry(
        name="not-held-reasons",
        title="Return interviews that were not held, and why",
        readers="board, commissioners, police",
        periods=("month", "quarter"),
        source="Staffordshire Select Committee, 2017, paragraphs 22k and 27",
        make=not_held,
        needs=Needs(),
        notes=(_NOTE,),
    ),
)
