"""The absences that thresholds count, however long ago: columns alone, without their pictures."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from sqlalchemy import or_, select

from broker.episode import Episode, is_threshold
from broker.keys import derived
from broker.ledger import tables as t
from broker.ledger.moving import Moving
from broker.ledger.rows import absence_of
from broker.thresholds.counted import Absence, counted
from schemas.threshold import ThresholdReached

_NOT_COUNTED = ("cancelled", "unheard", "reached", "settled", "withdrawn")


def placed_child(placed_with: str, exercise: bool) -> UUID:
    """What stands in for the child where a threshold is about a home or a foster carer."""
    about = "carer" if "/" in placed_with else "home"
    return derived(about, placed_with, *(["exercise"] if exercise else []))


class Counting(Moving):
    """The part of a working set that absences are counted in, those at hand as they are now."""

    def __init__(self) -> None:
        super().__init__()
        self._light: dict[UUID, dict[UUID, Absence]] = {}  # by child
        self._placed: dict[str, dict[UUID, Absence]] = {}
        self._places: dict[UUID, set[str]] = {}  # by child
        self._read: dict[UUID, tuple[Episode, Absence | None]] = {}

    # -- gather

    def _gather_counted(self, children: set[UUID], placed_with: set[str]) -> set[UUID]:
        """
        The absences of these children, and of all who are placed where they are, or as named.

        Gives back what stands in for a child where a threshold is about one of those places.
        """
        known = (self.absence(episode) for episode in list(self.episodes.values()))
        places = {one.placed_with for one in known if one} | placed_with
        places |= {episode.state.placed_with for episode in self.episodes.values()}
        places |= {
            fact.said.get("placed_with", "")
            for episode in self.episodes.values()
            for fact in episode.facts
            if fact.kind == ThresholdReached.KIND
        }
        places.discard("")
        e = t.episode.c
        query = select(
            e.id, e.child, e.exercise, e.category, e.started_at, e.ended_at, e.placed_with,
            e.at_start,
        ).where(
            or_(self._among(e.child, children), self._among(e.placed_with, places)),
            e.started_at.is_not(None),
            e.status.not_in(_NOT_COUNTED),
        )  # fmt: skip
        for row in self._rows(query, children or places):
            absence = absence_of(row)
            if absence.child in children:
                self._light.setdefault(absence.child, {})[absence.id] = absence
            if absence.placed_with in places:
                self._placed.setdefault(absence.placed_with, {})[absence.id] = absence
        for place in places:
            self._placed.setdefault(place, {})
        return {placed_child(place, drill) for place in places for drill in (False, True)}

    # -- look at it

    def places_of(self, child: UUID) -> set[str]:
        """The homes and carers at hand where a child is, or was as this transaction began."""
        places = self._places.setdefault(child, set())
        for each in self._ids_of(child):
            places |= self._places.get(each, set())
            places |= {one.placed_with for one in self._light.get(each, {}).values()}
        places |= {one.placed_with for one in self._at_hand(self.of_child.get(child, ()))}
        places |= {
            place
            for id in self.of_child.get(child, ())
            for fact in self.episodes[id].facts
            if (place := fact.said.get("placed_with"))
        }
        return places & self._placed.keys()

    def _ids_of(self, child: UUID) -> list[UUID]:
        """A child's id, and those of children that this transaction found to be the same."""
        rows = (row for row in self._joins if row["kept"] == child and not row["undone_at"])
        return [child, *(row["joined"] for row in rows)]

    def absences_of(self, child: UUID) -> list[Absence]:
        """Every absence of a child that stands."""
        old = [one for each in self._ids_of(child) for one in self._light.get(each, {}).values()]
        return [*self._not_at_hand(old), *self._at_hand(self.of_child.get(child, ()))]

    def absences_at(self, placed_with: str, exercise: bool) -> list[Absence]:
        """Every absence that stands of children placed in a home, or with a carer."""
        old = self._not_at_hand(self._placed.get(placed_with, {}).values())
        found = [*old, *self._at_hand(self.episodes)]
        return [one for one in found if one.placed_with == placed_with and one.exercise == exercise]

    def thresholds_of(self, child: UUID) -> list[Episode]:
        """What was reached about a child, or about a home or carer, and was held to be so."""
        each = (self.episodes[id] for id in self.of_child.get(child, ()))
        return [episode for episode in each if is_threshold(episode)]

    def _not_at_hand(self, absences: Iterable[Absence]) -> Iterator[Absence]:
        for one in absences:
            joined = one.id.bytes in self.episode_by_key
            if one.id not in self.episodes and not joined:
                yield one

    def _at_hand(self, ids: Iterable[UUID]) -> Iterator[Absence]:
        for id in ids:
            absence = self.absence(self.episodes[id])
            if absence is not None:
                yield absence

    def absence(self, episode: Episode) -> Absence | None:
        """An absence at hand as it is counted; None for what is not."""
        held = self._read.get(episode.id)
        if held is None or held[0] is not episode:
            held = self._read[episode.id] = (episode, counted(episode))
        return held[1]
