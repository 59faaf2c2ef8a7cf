"""
Whether a number that somebody quotes can be of the child they name. Pure, but for looking.

References are short, and police references follow each other: whoever quotes another agency's has
mistyped it, or guessed it, unless the child is like the one it is known for.
"""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from broker.episode import Episode
from broker.ledger.book import Book
from broker.recognition import NAME, NHS_NUMBER, ChildKey, plain
from schemas.child import Child
from schemas.identity import IdentityStatement
from schemas.message import ChildMessage


def is_like(child: Child, others: Iterable[Child]) -> bool:
    """Whether half of what both say of a child agrees, with any of the others; none: it may be."""
    known = [other for other in others if any(_marks(other))]
    return not known or any(_agree(child, other) for other in known)


def _agree(child: Child, other: Child) -> bool:
    both = [(a, b) for a, b in zip(_marks(child), _marks(other), strict=True) if a and b]
    same = sum(a == b for a, b in both)
    same += not same and plain(child.given_name or "") in map(plain, other.also_known_as)
    return same > 0 and 2 * same >= len(both)


def _marks(child: Child) -> tuple[object, object, object]:
    return plain(child.given_name or ""), plain(child.family_name or ""), child.birth_date


def named(book: Book, child: UUID) -> Iterator[Child]:
    """As whom others have named this child lately."""
    for episode in book.episodes_of(child):
        yield from named_in(book, episode)


def named_in(book: Book, episode: Episode) -> Iterator[Child]:
    for fact in episode.facts:
        message = book.read(fact.number)
        if isinstance(message, ChildMessage):
            yield message.child


def has_spoken(agency: str, episodes: Iterable[Episode]) -> bool:
    return any(fact.sender == agency for episode in episodes for fact in episode.facts)


def _knows(agency: str, episodes: Iterable[Episode]) -> bool:
    """Whether an agency has spoken of these absences, or was told of one."""
    episodes = list(episodes)
    told = (address for episode in episodes for address in episode.told)
    return has_spoken(agency, episodes) or any(each.startswith(f"{agency}/") for each in told)


def may_be_quoted(
    message: ChildMessage, episode: Episode, own: Sequence[ChildKey], book: Book
) -> bool:
    """Whether a message by somebody new to this absence can be about its child."""
    if has_spoken(message.sender, [episode]) or _shares_a_number(own, book, episode.child):
        return True
    return is_like(message.child, named_in(book, episode))


def can_tell(message: IdentityStatement, one: UUID, other: UUID, book: Book) -> bool:
    """
    Whether an agency can know that two children are one: it knows both, or they are alike.

    Else anybody would hear of another's child by making one up, and saying that they are one.
    """
    if {message.one.holder, message.other.holder} == {message.sender} or one == other:
        return True
    if all(_knows(message.sender, book.episodes_of(child)) for child in (one, other)):
        return True
    names = [{key.key for key in book.keys_of(each) if key.ground == NAME} for each in (one, other)]
    return bool(names[0] & names[1]) or any(
        is_like(child, named(book, other)) for child in named(book, one)
    )


def _shares_a_number(own: Sequence[ChildKey], book: Book, child: UUID) -> bool:
    return any(
        known.child == child and known.holds(key)
        for key in own
        for known in book.known.get(key.key, ())
    )


def believable(
    message: ChildMessage, own: Sequence[ChildKey], book: Book
) -> tuple[list[ChildKey], UUID | None]:
    """
    The keys that tell whose child this is, and the child of one that is not this child's.

    A number says nothing where the child it is known for is another by name and birth date, unless
    its sender has spoken of that child before. A health number comes with its birth date.
    """
    kept, strange = [], None
    unlike: dict[UUID, bool] = {}
    for key in own:
        held = () if key.ground in (NAME, NHS_NUMBER) else book.known.get(key.key, ())
        children = {known.child for known in held}
        for child in children - unlike.keys():
            unlike[child] = not has_spoken(message.sender, book.episodes_of(child)) and not is_like(
                message.child, named(book, child)
            )
        if any(unlike[child] for child in children):
            strange = next(child for child in children if unlike[child])
        else:
            kept.append(key)
    return kept, strange
