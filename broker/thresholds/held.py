"""What was held to be reached, what of it stands, and what of it is kept. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from broker.episode import Episode, Fact, standing
from broker.thresholds.counting import Reached
from schemas.threshold import ThresholdReached


@dataclass(frozen=True, slots=True)
class Held:
    """What was reached, as the ledger has it: the last that was said of it."""

    case: Episode
    fact: Fact
    withdrawn: bool

    @classmethod
    def of(cls, case: Episode) -> "Held":
        said = [fact for fact in case.facts if fact.kind == ThresholdReached.KIND]
        stands = [fact for fact in standing(said) if not fact.cancels]
        last = stands[-1] if stands else [fact for fact in said if not fact.cancels][-1]
        return cls(case, last, not stands)

    @property
    def key(self) -> tuple[str, int]:
        return self.fact.said["threshold"], self.fact.said["index"]

    @property
    def about(self) -> str:
        return str(self.fact.said["about"])

    @property
    def opener(self) -> UUID:
        return UUID(self.fact.said["opener"])

    @property
    def revision(self) -> int:
        """The number of what is said next."""
        said = (fact.said.get("revision", -1) for fact in self.case.facts)
        return int(max(said)) + 1

    def is_of(self, one: Reached) -> bool:
        return one.opener.id == self.opener or one.at == self.fact.at

    def shares(self, one: Reached) -> bool:
        return bool({str(each.id) for each in one.absences} & set(self.fact.said["counted"]))


def paired(
    wanted: Iterable[Reached], held: Iterable[Held]
) -> tuple[list[tuple[Reached, Held | None]], list[Held]]:
    """
    What is reached with what was held to be, and those held that nothing stands for any more.

    The absence that reached it tells; where that is another now, what they have in common does.
    """
    free = sorted(held, key=lambda one: (one.withdrawn, one.fact.at, one.case.id))
    pairs: list[tuple[Reached, Held | None]] = []
    left = []
    for one in wanted:
        same = next((each for each in free if each.is_of(one)), None)
        if same is None:
            left.append(one)
        else:
            free.remove(same)
            pairs.append((one, same))
    for one in left:
        near = [each for each in free if not each.withdrawn and each.shares(one)]
        like = min(near, key=lambda each, at=one.at: abs(each.fact.at - at), default=None)  # type: ignore[misc]
        if like is not None:
            free.remove(like)
        pairs.append((one, like))
    return pairs, [each for each in free if not each.withdrawn]


def shortened(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """
    Of all that was said of what stands, the first and the last: that is what clocks run from.

    However many absences join, a case stays small.
    """
    by_id = {fact.message_id: fact for fact in facts}
    last = next((fact for fact in standing(facts) if fact.kind == ThresholdReached.KIND), None)
    if last is None or not last.replaces:
        return facts
    between, first = [], last
    while first.replaces in by_id:
        first = by_id[first.replaces]
        between.append(first)
    gone = {fact.message_id for fact in between[:-1]}
    return tuple(
        replace(fact, replaces=first.message_id) if fact is last else fact
        for fact in facts
        if fact.message_id not in gone
    )


def with_outcome(fact: Fact, at: datetime | None) -> Fact:
    """Whether it had its outcome stands with what was said of it."""
    if fact.kind != ThresholdReached.KIND or fact.said.get("settled_at") == at:
        return fact
    said = {name: value for name, value in fact.said.items() if name != "settled_at"}
    return replace(fact, said=said | ({"settled_at": at} if at else {}))
