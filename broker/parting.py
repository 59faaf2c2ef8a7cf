"""
Which of two children each thing belongs to that was kept as one child's. Pure.

Two references turned out to be of two children. What was said goes to the child whose numbers it
names; keys, absences and duties follow what was said.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from broker.duties import Duty
from broker.episode import FILED, PLACED, Episode, Fact
from broker.keys import derived
from broker.recognition import NAME, NHS_NUMBER, ChildKey

Mark = tuple[bytes, bytes | None]
Sides = Mapping[int, int]  # of messages by number: 0 is the first reference's child


@dataclass(frozen=True, slots=True)
class Said:
    """
    What tells whose a message is.

    `child` is the child it was accepted for, which joins do not move; `keys` are what it calls the
    child, `quoted` what it calls the absence; `to` are the addresses that had news by it.
    """

    number: int
    child: UUID
    sender: str
    keys: tuple[ChildKey, ...] = ()
    quoted: tuple[bytes, ...] = ()
    to: frozenset[str] = frozenset()
    answers: int | None = None  # the message it answers, for an answer

    @property
    def numbers(self) -> set[Mark]:
        return {(key.key, key.birth) for key in self.keys if key.ground != NAME}

    @property
    def beside(self) -> set[Mark]:
        """What tells whose it is where numbers do not: the name, the absence's references."""
        names = {(key.key, None) for key in self.keys if key.ground == NAME}
        return names | {(quote, None) for quote in self.quoted}


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is kept as one child's."""

    child: UUID
    said: tuple[Said, ...]
    keys: tuple[ChildKey, ...]
    episodes: tuple[Episode, ...]
    duties: tuple[Duty, ...] = ()


@dataclass(frozen=True, slots=True)
class Half:
    """What is one child's: `ids` are this child's earlier ids, its own among them."""

    child: UUID
    ids: frozenset[UUID]
    messages: frozenset[int]
    keys: tuple[ChildKey, ...]
    episodes: tuple[Episode, ...]
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """An absence that was taken out of another: `quoted` are the references that name it now."""

    old: UUID
    new: UUID
    quoted: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Parting:
    """One child that turned out to be two: the first half is the first reference's child."""

    was: UUID
    halves: tuple[Half, Half]
    moved: tuple[Moved, ...]


def part(whole: Whole, seeds: tuple[bytes, bytes], fresh: UUID) -> Parting:
    """
    Give each of two references its own child again.

    The child that was joined lives again under its old id, and so does an absence that was one
    with another; where there never were two, `fresh` is the new child's id.
    """
    claims = _Claims(seeds)
    sides = _sides(whole, claims)
    ids = _ids(whole, sides, fresh)
    kept = 0 if whole.child in ids[0] else 1
    keys = _keys(whole, sides, claims, seeds, kept)
    parts = [(episode, _parted(episode, whole, sides)) for episode in whole.episodes]
    child = (ids[0][0], ids[1][0])
    halves = [
        Half(
            child=child[side],
            ids=frozenset(ids[side]),
            messages=frozenset(number for number, its in sides.items() if its == side),
            keys=tuple(keys[side]),
            episodes=tuple(replace(by[side], child=child[side]) for _, by in parts if side in by),
            duties=tuple(
                replace(duty, child=child[side], episode=by[side].id)
                for episode, by in parts
                for duty in whole.duties
                if duty.episode == episode.id and _side_of(duty, episode, by, sides) == side
            ),
        )
        for side in (0, 1)
    ]
    moved = tuple(
        Moved(old.id, new.id, _quoted(whole, new, side, sides, old))
        for old, by in parts
        for side, new in by.items()
        if new.id != old.id
    )
    return Parting(whole.child, (halves[0], halves[1]), moved)


# -- messages


class _Claims:
    """Which side each number and name is claimed by; what both claim tells nothing."""

    def __init__(self, seeds: tuple[bytes, bytes]) -> None:
        self._seeds = {(seed, None) for seed in seeds}
        self._sides: dict[Mark, set[int]] = {(seed, None): {n} for n, seed in enumerate(seeds)}

    def make(self, one: Said, side: int) -> None:
        for mark in one.numbers | one.beside:
            self._sides.setdefault(mark, set()).add(side)

    def touched(self, marks: Iterable[Mark]) -> set[int]:
        each = (self._sides.get(mark, set()) for mark in marks)
        return {side for claimed in each if len(claimed) == 1 for side in claimed}

    def by_numbers(self, one: Said) -> set[int]:
        """The two references themselves go before what else the children are known by."""
        return self.touched(one.numbers & self._seeds) or self.touched(one.numbers)

    def names_both(self, one: Said) -> bool:
        return len(self.by_numbers(one)) == 2


def _sides(whole: Whole, claims: _Claims) -> Sides:
    """
    The side of each message, by the best there is to tell it by.

    The reference it names; the child it was accepted for, if that was joined; numbers that others
    name together with that reference; the child it was accepted for at all; the name, and what it
    calls the absence; else it stays with the first child.
    """
    about = [one for one in whole.said if one.answers is None]
    sides: dict[int, int] = {}
    _place(about, claims.by_numbers, sides, claims)
    _stay([one for one in about if one.child != whole.child], sides, claims)
    _grow(about, sides, claims, beside=False)
    for one in about:
        if one.number not in sides and (side := _holders_side(one, claims)) is not None:
            sides[one.number] = side
    _stay(about, sides, claims)
    _grow(about, sides, claims, beside=True)
    first = _first(about, sides)
    for one in about:
        sides.setdefault(one.number, first.get(one.child, 0))
    for one in whole.said:
        if one.answers is not None:
            sides[one.number] = sides.get(one.answers, first.get(one.child, 0))
    return sides


def _place(
    about: Iterable[Said],
    touched: Callable[[Said], set[int]],
    sides: dict[int, int],
    claims: _Claims,
) -> bool:
    """Place what touches one side only; whether there was any."""
    each = [(one, touched(one)) for one in about if one.number not in sides]
    found = [(one, min(touches)) for one, touches in each if len(touches) == 1]
    for one, side in found:
        sides[one.number] = side
        claims.make(one, side)
    return bool(found)


def _grow(about: Iterable[Said], sides: dict[int, int], claims: _Claims, *, beside: bool) -> None:
    """Place all that numbers connect, and with `beside`, what names and absences connect."""
    about = list(about)

    def by_all(one: Said) -> set[int]:
        return claims.by_numbers(one) or claims.touched(one.beside)

    while _place(about, claims.by_numbers, sides, claims) or (
        beside and _place(about, by_all, sides, claims)
    ):
        pass


def _holders_side(one: Said, claims: _Claims) -> int | None:
    """What names both children is its sender's own child's."""
    own = {(key.key, key.birth) for key in one.keys if key.holder == one.sender}
    touched = claims.touched(own & one.numbers)
    return touched.pop() if len(touched) == 1 else None


def _stay(about: Iterable[Said], sides: dict[int, int], claims: _Claims) -> None:
    """What was accepted for a child of whom all that is placed is on one side, is there too."""
    found: dict[UUID, set[int]] = {}
    for one in about:
        if one.number in sides and not claims.names_both(one):
            found.setdefault(one.child, set()).add(sides[one.number])
    left = [one for one in about if one.number not in sides and not claims.names_both(one)]
    for one in left:
        if len(found.get(one.child, ())) == 1:
            sides[one.number] = min(found[one.child])
            claims.make(one, sides[one.number])


def _first(about: Iterable[Said], sides: Sides) -> dict[UUID, int]:
    """The side of each earlier child: where the first that was said of it is."""
    found: dict[UUID, int] = {}
    for one in sorted(about, key=lambda one: one.number):
        if one.number in sides:
            found.setdefault(one.child, sides[one.number])
    return found


def _ids(whole: Whole, sides: Sides, fresh: UUID) -> tuple[list[UUID], list[UUID]]:
    """The earlier ids of each child, the one it goes by first."""
    about = [one for one in whole.said if one.answers is None]
    first = {whole.child: 0} | _first(about, sides)
    ids = tuple(
        sorted((id for id, its in first.items() if its == side), key=lambda id: id != whole.child)
        for side in (0, 1)
    )
    return ids[0] or [fresh], ids[1] or [fresh]


# -- keys


def _keys(
    whole: Whole, sides: Sides, claims: _Claims, seeds: tuple[bytes, bytes], kept: int
) -> tuple[list[ChildKey], list[ChildKey]]:
    """
    The keys that each child is known by: those that what was said of it names.

    A name or a health number may be both children's; a reference is one child's alone.
    """
    found: tuple[list[ChildKey], list[ChildKey]] = ([], [])
    for key in whole.keys:
        naming = [
            (one, each, sides[one.number])
            for one in sorted(whole.said, key=lambda one: one.number)
            for each in one.keys
            if each.key == key.key
        ]
        naming = [entry for entry in naming if not claims.names_both(entry[0])] or naming
        if key.key in seeds:
            belongs = {seeds.index(key.key)}
        elif not naming:
            belongs = {kept}
        elif key.ground in (NAME, NHS_NUMBER):
            belongs = {side for _, _, side in naming}
        else:  # who gave the number knows best whose it is
            belongs = {min(naming, key=lambda entry: entry[0].sender != key.holder)[2]}
        for side in sorted(belongs):
            found[side].append(next((each for _, each, its in naming if its == side), key))
    return found


# -- absences


def _parted(episode: Episode, whole: Whole, sides: Sides) -> dict[int, Episode]:
    """An absence by side: one that is of one child as it is, one of both as two."""
    facts: dict[int, list[Fact]] = {}
    for fact in sorted(episode.facts, key=lambda fact: fact.number):
        facts.setdefault(sides.get(fact.number, 0), []).append(fact)
    if len(facts) < 2:
        return {side: episode for side in facts}
    openers = {side for side in facts for fact in facts[side] if episode.id in _opened(fact)}
    keeps = openers.pop() if openers else min(facts, key=lambda side: facts[side][0].number)
    reached = {
        side: {address for one in whole.said if sides[one.number] == side for address in one.to}
        | {fact.address for fact in facts[side]}
        for side in facts
    }
    taken = {each.id for each in whole.episodes}
    parts = {}
    for side in facts:
        to = (
            reached[side]
            if side != keeps
            else episode.told.keys() - (reached[1 - side] - reached[side])
        )
        parts[side] = Episode(
            id=episode.id if side == keeps else _own_id(facts[side], episode.id, taken),
            child=episode.child,
            exercise=episode.exercise,
            facts=tuple(fact for fact in episode.facts if fact in facts[side]),
            told={address: told for address, told in episode.told.items() if address in to},
        )
    return parts


def _opened(fact: Fact) -> tuple[UUID, ...]:
    """The ids an absence, or a child's file, has that this message opens."""
    kinds: tuple[str, ...] = ("episode",)
    if fact.kind in FILED:
        kinds = ("file", "episode")
    elif fact.kind in PLACED:
        kinds = ("placement",)
    return tuple(derived(kind, fact.sender, fact.message_id) for kind in kinds)


def _own_id(facts: Iterable[Fact], of: UUID, taken: set[UUID]) -> UUID:
    """The id that these facts had as an absence of their own, or would have had."""
    first = next(iter(facts))
    own = _opened(first)[0]
    return derived("episode", own, of) if own in taken else own


def _side_of(duty: Duty, episode: Episode, by: Mapping[int, Episode], sides: Sides) -> int:
    """A duty goes with the message that it follows from."""
    keeps = next(side for side, each in by.items() if each.id == episode.id)
    side = sides.get(duty.message, keeps)
    return side if side in by else keeps


def _quoted(whole: Whole, new: Episode, side: int, sides: Sides, old: Episode) -> frozenset[bytes]:
    """The references that name this absence, and no more the one that it was taken out of."""
    facts = {fact.number for fact in old.facts}
    first: dict[bytes, int] = {}
    # A police reference that both quote is of the child whom the police reported under it.
    for one in sorted(
        whole.said, key=lambda one: (not one.sender.startswith("police."), one.number)
    ):
        if one.number in facts:
            for quote in one.quoted:
                first.setdefault(quote, sides[one.number])
    former = {id.bytes for fact in new.facts for id in _opened(fact)} - {new.id.bytes}
    return frozenset({quote for quote, its in first.items() if its == side} | former)
