"""
Whether a child is missing for the first time since it was placed where it lives.

It is known in each absence, and read off anew when another absence of the child comes, goes or
changes, so that it is the same in whatever order reports arrive.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from broker.decision import Decision, Moment, Rulebook
from broker.episode import CaseKind, Episode, case_kind
from broker.ledger.book import Book
from broker.notices import noticed
from broker.owing import recompute
from broker.placements.placement import linked, missing_starts, placements_of


def missing_beside(
    case: Episode, cases: Iterable[Episode], rules: Rulebook
) -> Sequence[datetime] | None:
    """When the child went missing but for this case; None where no policy asks."""
    if not rules.policies.first_here:
        return None
    return missing_starts(one for one in cases if one.id != case.id)


def follow(children: Iterable[UUID], moment: Moment, book: Book, rules: Rulebook) -> None:
    """Bring what each absence of these children knows of the others up to date."""
    for child in dict.fromkeys(children):
        cases = book.episodes_of(child)
        placements = placements_of(cases)
        for case in cases:
            if case_kind(case) is CaseKind.absence and book.may_owe(case.id):
                missing = missing_beside(case, cases, rules)
                after = linked(case, placements, moment.now, missing)
                if after is not case:
                    book.apply(_in(after, moment, book, rules))


def _in(after: Episode, moment: Moment, book: Book, rules: Rulebook) -> Decision:
    changed = recompute(after, book.duties_of(after.id), rules, moment.now)
    contents, posts = noticed(changed, moment, rules, None)
    return Decision(after, contents, posts, changed.duties, changed.events)
