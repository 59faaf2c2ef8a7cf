"""
An agency's own list of absences against what Homeward knows. Pure: nothing is merged or changed.

An entry and an absence are one on a ground: the sender's own reference, the shared reference, or
the number of the child with about the same time; never a name. Each of them is one of a pair once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from broker.working_time import london_day
from schemas.census import Compared as Field
from schemas.census import Explained, Explanation, FieldDifference, WhyOnlyThem

# Both local: no text says how near two times are to be.
SAME_TIME = timedelta(minutes=15)
NEAR = timedelta(hours=12)

_FAR = timedelta.max
_AWAY = {"absent", "away"}
_UNKNOWN = "unrecognised"  # a word added since we were built is no difference


@dataclass(frozen=True, slots=True)
class Listed:
    """
    One entry of a census.

    `key` is the sender's reference as the ledger indexes it; `children` are those who have the
    number that is stated, `numbered` who gives that number, and in which scheme.
    """

    reference: str
    key: bytes
    category: str
    started_at: datetime
    ended_at: datetime | None = None
    shared: UUID | None = None
    children: frozenset[UUID] = frozenset()
    numbered: tuple[str, str] | None = None
    authority: str = ""
    day_only: bool = False


@dataclass(frozen=True, slots=True)
class Absence:
    """
    One absence as the ledger has it.

    `counted`: it is the sender's own and starts in the period. `known_to` are the agencies that
    were told of it or said something of it, `cancelled_by` those who withdrew it.
    """

    id: UUID
    child: UUID
    category: str
    started_at: datetime | None
    ended_at: datetime | None
    counted: bool
    lead: str = ""
    force: str = ""
    keys: frozenset[bytes] = frozenset()
    numbered: frozenset[tuple[str, str]] = frozenset()  # who has given the child a number
    cancelled: bool = False
    cancelled_by: frozenset[str] = frozenset()
    known_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry and the absence it is, and in which fields they differ."""

    listed: Listed
    absence: Absence
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """An entry that is no absence with us, and what we know of it all the same."""

    listed: Listed
    why: WhyOnlyThem | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every entry and every absence that counts, each once."""

    pairs: tuple[Pair, ...] = ()
    only_them: tuple[Alone, ...] = ()
    only_us: tuple[Absence, ...] = ()
    explained: tuple[Explained, ...] = ()

    @property
    def differing(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.fields)

    @property
    def theirs(self) -> int:
        return len(self.pairs) + len(self.only_them)

    @property
    def ours(self) -> int:
        """What is on both sides counts here too when it starts outside the period with us."""
        return len(self.pairs) + len(self.only_us)

    def why_it_stays(self, one: Pair | Alone | Absence) -> Explanation | None:
        """What the sender said of a difference that it leaves as it is."""
        for each in self.explained:
            match one:
                case Pair():
                    named = each.reference == one.listed.reference or each.episode == one.absence.id
                case Alone():
                    named = each.reference == one.listed.reference
                case Absence():
                    at = one.started_at
                    named = each.episode == one.id or (at is not None and each.started_at == at)
            if named:
                return each.reason
        return None

    @property
    def unsettled(self) -> int:
        """The differences that nothing explains: neither the sender, nor what we know."""
        alone = [one for one in self.only_them if one.why is None]
        each: list[Pair | Alone | Absence] = [*self.differing, *alone, *self.only_us]
        return sum(self.why_it_stays(one) is None for one in each)


def compare(
    sender: str,
    listed: Iterable[Listed],
    absences: Iterable[Absence],
    explained: Iterable[Explained] = (),
) -> Comparison:
    """Match a census of this sender; the order of either list makes no difference."""
    entries = sorted(listed, key=lambda one: (one.started_at, one.reference))
    held = sorted(absences, key=lambda one: one.id.bytes)
    matched = _matched(entries, [one for one in held if not one.cancelled])
    alone = [one for one in entries if one.reference not in matched]
    cancelled = _matched(alone, [one for one in held if one.cancelled])
    taken = {absence.id for absence in matched.values()}
    return Comparison(
        pairs=tuple(
            Pair(one, absence, tuple(differing(one, absence)))
            for one in entries
            if (absence := matched.get(one.reference))
        ),
        only_them=tuple(
            Alone(one, _why(sender, one, cancelled.get(one.reference), matched.values()))
            for one in alone
        ),
        only_us=tuple(
            sorted(
                (one for one in held if one.counted and not one.cancelled and one.id not in taken),
                key=lambda one: (_began(one), one.id.bytes),
            )
        ),
        explained=tuple(explained),
    )


def _matched(entries: Sequence[Listed], absences: Sequence[Absence]) -> dict[str, Absence]:
    """The absence of each entry that has one, by the entry's reference; the surest ground first."""
    found: dict[str, Absence] = {}
    taken: set[UUID] = set()
    for candidates in (_by_key, _by_shared, _by_child):
        left = [one for one in entries if one.reference not in found]
        free = [one for one in absences if one.id not in taken]
        near = sorted(
            candidates(left, free),
            key=lambda pair: (*_distance(*pair), pair[0].reference, pair[1].id.bytes),
        )
        for listed, absence in near:
            if listed.reference not in found and absence.id not in taken:
                found[listed.reference] = absence
                taken.add(absence.id)
    return found


_Candidates = Iterator[tuple[Listed, Absence]]


def _by_key(entries: Iterable[Listed], absences: Iterable[Absence]) -> _Candidates:
    called = {key: absence for absence in absences for key in absence.keys}
    for one in entries:
        if one.key in called:
            yield one, called[one.key]


def _by_shared(entries: Iterable[Listed], absences: Iterable[Absence]) -> _Candidates:
    by_id = {absence.id: absence for absence in absences}
    for one in entries:
        if one.shared in by_id:
            yield one, by_id[one.shared]


def _by_child(entries: Iterable[Listed], absences: Iterable[Absence]) -> _Candidates:
    of_child: dict[UUID, list[Absence]] = {}
    for absence in absences:
        of_child.setdefault(absence.child, []).append(absence)
    for one in entries:
        for child in sorted(one.children):
            for absence in of_child.get(child, ()):
                if _at_one_time(one, absence):
                    yield one, absence


def _at_one_time(one: Listed, absence: Absence) -> bool:
    """They overlap, or begin on one London day or within half a day of each other."""
    began = absence.started_at
    if began is None:
        return False
    if abs(one.started_at - began) <= NEAR or london_day(one.started_at) == london_day(began):
        return True
    first, second = sorted([(one.started_at, one.ended_at), (began, absence.ended_at)], key=_start)
    return first[1] is None or second[0] < first[1]


def _start(span: tuple[datetime, datetime | None]) -> datetime:
    return span[0]


def _distance(one: Listed, absence: Absence) -> tuple[timedelta, timedelta, bool]:
    return (
        _apart(one.started_at, absence.started_at),
        _apart(one.ended_at, absence.ended_at),
        one.category != absence.category,
    )


def _apart(one: datetime | None, other: datetime | None) -> timedelta:
    if one is None or other is None:
        return timedelta(0) if one is other else _FAR
    return abs(one - other)


def differing(one: Listed, absence: Absence) -> Iterator[FieldDifference]:
    """
    The fields in which two sides of one absence differ.

    Times that are no more than a quarter of an hour apart are the same: that is local. Where the
    sender keeps days only, those are compared. Of a child only that the numbers clash is said,
    never the numbers.
    """
    ours, theirs = absence.category, one.category
    # Statutory returns know two: missing, and away from placement without authorisation.
    if one.day_only and {ours, theirs} <= _AWAY:
        ours = theirs
    if ours and ours != theirs and _UNKNOWN not in (ours, theirs):
        yield FieldDifference(field=Field.category, ours=ours, theirs=theirs)
    times = (
        (Field.started_at, absence.started_at, one.started_at),
        (Field.ended_at, absence.ended_at, one.ended_at),
    )
    for field, our_time, their_time in times:
        if _differ(our_time, their_time, one.day_only):
            yield FieldDifference(field=field, ours=_written(our_time), theirs=_written(their_time))
    if _clashes(one, absence):
        yield FieldDifference(field=Field.child)


def _differ(ours: datetime | None, theirs: datetime | None, day_only: bool) -> bool:
    if day_only and ours and theirs:
        return london_day(ours) != london_day(theirs)
    return _apart(ours, theirs) > SAME_TIME


def _clashes(one: Listed, absence: Absence) -> bool:
    """The number is another child's, or whoever gave it gave this child another one."""
    if one.numbered is None or absence.child in one.children:
        return False
    return bool(one.children) or one.numbered in absence.numbered


def _written(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _why(
    sender: str, one: Listed, cancelled: Absence | None, matched: Iterable[Absence]
) -> WhyOnlyThem | None:
    if cancelled is not None:
        own = sender in cancelled.cancelled_by
        return WhyOnlyThem.cancelled_by_sender if own else WhyOnlyThem.cancelled
    if any(one.key in other.keys or one.shared == other.id for other in matched):
        return WhyOnlyThem.same_absence
    return None


def _began(absence: Absence) -> datetime:
    return absence.started_at or datetime.max.replace(tzinfo=UTC)


def part_of(
    whole: Comparison,
    theirs: Callable[[Listed], bool],
    ours: Callable[[Absence], bool],
) -> Comparison:
    """What of a comparison is about certain absences only; what is on both sides goes by ours."""
    return Comparison(
        pairs=tuple(pair for pair in whole.pairs if ours(pair.absence)),
        only_them=tuple(one for one in whole.only_them if theirs(one.listed)),
        only_us=tuple(one for one in whole.only_us if ours(one)),
        explained=whole.explained,
    )
