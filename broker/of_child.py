"""
What is owed of a child ends with what is said of the child, whichever absence that stands with.

A meeting about the last absence is the next of those held every six weeks, and so is one about
none; a plan is looked at again when another is kept. After every message what ends such duties is
gathered anew from all of the child's cases, so that order, repeats and corrections change nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from uuid import UUID

from broker.decision import Decision, Moment, Rulebook
from broker.duties import fits
from broker.episode import ELSEWHERE, CaseKind, Episode, Fact, case_kind, standing
from broker.ledger.book import Book
from broker.notices import noticed
from broker.owing import recompute
from schemas.profile import ChildProfile

_CASES = (CaseKind.absence, CaseKind.file)


def follow(children: Iterable[UUID], moment: Moment, book: Book, rules: Rulebook) -> None:
    """Let what was said of these children end what is owed of them elsewhere."""
    for child in children:
        cases = [case for case in book.episodes_of(child) if case_kind(case) in _CASES]
        at_hand = {fact.number for case in cases for fact in case.facts if not _is_of_another(fact)}
        for case in cases:
            tokens = _tokens(case, book, rules)
            if tokens:
                _follow(case, cases, tokens, at_hand, moment, book, rules)


def _tokens(case: Episode, book: Book, rules: Rulebook) -> frozenset[str]:
    """What ends such duties of a case; nothing, where it has none."""
    if case.state.over and not book.may_owe(case.id):
        return frozenset()
    ends = rules.policies.of_child
    names = {duty.name for duty in book.duties_of(case.id)} & ends.keys()
    return frozenset(token for name in names for token in ends[name])


def _follow(
    case: Episode,
    cases: Iterable[Episode],
    tokens: frozenset[str],
    at_hand: set[int],
    moment: Moment,
    book: Book,
    rules: Rulebook,
) -> None:
    theirs = {
        fact.number: replace(fact, said={**fact.said, ELSEWHERE: True}, replaces="")
        for fact in (*_said_elsewhere(case, cases), *_kept(case.child, moment, book))
        if any(fits(token, fact) for token in tokens)
    }
    # What stands with a case that is not at hand any more goes on to count.
    known = {fact.number: fact for fact in case.facts if _is_of_another(fact)}
    theirs |= {number: fact for number, fact in known.items() if number not in at_hand}
    if theirs.keys() == known.keys():
        return
    own = tuple(fact for fact in case.facts if not _is_of_another(fact))
    after = replace(case, facts=(*own, *(fact for _, fact in sorted(theirs.items()))))
    changed = recompute(after, book.duties_of(case.id), rules, moment.now)
    contents, posts = noticed(changed, moment, rules, None)
    book.apply(Decision(after, contents, posts, changed.duties, changed.events))


def _is_of_another(fact: Fact) -> bool:
    return ELSEWHERE in fact.said


def _said_elsewhere(case: Episode, cases: Iterable[Episode]) -> Iterator[Fact]:
    for other in cases:
        if other.id != case.id:
            yield from (fact for fact in standing(other.facts) if not _is_of_another(fact))


def _kept(child: UUID, moment: Moment, book: Book) -> Iterator[Fact]:
    """The profiles that are kept ready of a child, which stand with no case."""
    for kept in book.profiles_of(child):
        yield Fact(
            number=kept.message,
            message_id=str(kept.message_id),
            kind=ChildProfile.KIND,
            sender=kept.sender,
            address=kept.sender,
            at=kept.obtained_at,
            heard=moment.now,
            content=kept.content,
            said={},
        )
