"""What is wrong between a ledger and a Kafka, read off what both hold. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from broker.catching_up import BECAUSE as CATCH_UP
from broker.cursor import Cursor
from broker.errors import Misuse
from broker.ledger.agencies import shard_of
from broker.restoring.marking import Standing
from broker.restoring.out import Out, Topic

_INBOX = "inbox."


@dataclass(frozen=True, slots=True)
class Found:
    """
    How ledger and Kafka differ.

    `older`: Kafka knows what the ledger does not. `gone`: Kafka lost numbers up to these. `lost`:
    numbers that were given out and that neither holds. `unread`: places that outboxes begin at now,
    after one that was not read. `shorter`: outboxes that end before what was read of them.
    """

    older: bool = False
    cursor_wrong: bool = False
    missing: Sequence[str] = ()
    gone: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, Sequence[int]] = field(default_factory=dict)
    unread: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shorter: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)
    batches: Mapping[int, int] = field(default_factory=dict)
    agencies: Sequence[str] = ()
    policies: Sequence[str] = ()

    @property
    def agree(self) -> bool:
        """Nothing is to be done."""
        return not (self.older or self.cursor_wrong or self.missing or self.gone or self.shorter)

    @property
    def cannot_be_recovered(self) -> bool:
        return bool(self.lost or self.unread)


def compare(
    ledger: Standing,
    cursors: Mapping[int, Cursor],
    topics: Mapping[str, Topic],
    outboxes: Mapping[str, Topic],
    places: Mapping[str, int],
    beyond: Sequence[Out],
    known: Collection[UUID],
    versions: Collection[str],
) -> Found:
    """
    `beyond` is what is out after the last number that the ledger knows to be sent, `known` what of
    that it has stamped; `versions` are of the policy that decides here.
    """
    told = {
        topic: max(holds.told or 0, ledger.sent.get(topic, 0))
        for topic, holds in topics.items()
        if holds.told or topic in ledger.sent
    }
    ahead = [shard for shard, last in ledger.shards.items() if _batch(cursors, shard) > last]
    strange = any(str(ledger.ledger) != each.ledger for each in cursors.values())
    higher = any(last >= ledger.next.get(topic, 1) for topic, last in told.items())
    older = bool(ahead or strange or higher) or any(out.delivery not in known for out in beyond)
    if older:
        told |= _perhaps_told(ledger, topics)
    lost = {
        topic: numbers
        for topic, last in told.items()
        if older and (numbers := _absent(ledger.sent.get(topic, 0), last, topics[topic]))
    }
    names = {topic.removeprefix(_INBOX) for topic in topics if topic.startswith(_INBOX)}
    return Found(
        older=older,
        cursor_wrong=any(
            _batch(cursors, shard) not in _fitting(ledger, shard) for shard in ledger.shards
        ),
        missing=sorted(ledger.sent.keys() - topics.keys() - _without_topic(ledger)),
        gone=_gone(ledger, topics),
        lost=lost,
        unread={
            topic: (places.get(topic, 0), holds.first)
            for topic, holds in outboxes.items()
            if holds.first > places.get(topic, 0)
        },
        shorter={
            topic: holds.end
            for topic, holds in outboxes.items()
            if holds.end < places.get(topic, 0)
        },
        told=told,
        batches=_batches(
            ledger,
            cursors,
            older,
            {shard_of(out.destination, len(ledger.shards)) for out in beyond},
        ),
        agencies=sorted(names - ledger.agencies),
        policies=_policies(ledger, beyond, versions),
    )


def _perhaps_told(ledger: Standing, topics: Mapping[str, Topic]) -> dict[str, int]:
    """Of an inbox from which even the heartbeats were dropped, the highest number there can be."""
    return {
        topic: max(ledger.gone.get(topic, 0) + holds.end, ledger.sent.get(topic, 0))
        for topic, holds in topics.items()  # each number takes one place at least
        if holds.told is None and holds.first and topic.startswith(_INBOX)
        if topic in ledger.sent
    }


def _without_topic(ledger: Standing) -> set[str]:
    return {topic for topic, why in ledger.parked.items() if why == "no-channel"}


def _batch(cursors: Mapping[int, Cursor], shard: int) -> int:
    return cursors[shard].batch if shard in cursors else 0


def _fitting(ledger: Standing, shard: int) -> tuple[int, ...]:
    """Where the cursor of a shard may stand: at its last batch, or before one not sent yet."""
    last = ledger.shards[shard]
    return (last, last - 1) if shard in ledger.unsent else (last,)


def _batches(
    ledger: Standing, cursors: Mapping[int, Cursor], older: bool, out: Collection[int]
) -> dict[int, int]:
    """
    What the cursors are to say: a new batch of what is out, or the last that was sent.

    `out` are the shards of which something of the batch in doubt is out.
    """
    if older:
        return {s: max(last, _batch(cursors, s)) + 1 for s, last in ledger.shards.items()}
    found = {}
    for shard, last in ledger.shards.items():
        if shard not in ledger.unsent:
            found[shard] = last
        elif shard in cursors and _batch(cursors, shard) in _fitting(ledger, shard):
            found[shard] = _batch(cursors, shard)
        else:  # all of a batch is out, or nothing; if nobody can tell, its numbers go out again
            found[shard] = last if shard in out else last - 1
    return found


def _absent(after: int, last: int, topic: Topic) -> list[int]:
    return [number for number in range(after + 1, last + 1) if number not in topic.held]


def _gone(ledger: Standing, topics: Mapping[str, Topic]) -> dict[str, int]:
    """Kafka drops what is old from the beginning of a topic: that alone is no loss."""
    found = {}
    for topic, sent in ledger.sent.items():
        if (holds := topics.get(topic)) is None:
            continue
        from_here = 1 if holds.first == 0 else min(holds.held, default=sent + 1)
        absent = _absent(max(from_here - 1, ledger.gone.get(topic, 0)), sent, holds)
        if absent:
            found[topic] = absent[-1]
    return found


def _policies(ledger: Standing, beyond: Sequence[Out], versions: Collection[str]) -> list[str]:
    """The versions of policy that decided what is out, and that the ledger never had."""
    before = {one for together in ledger.policies for one in together.split("+")}
    cited = {out.because.rpartition("@")[2] for out in beyond if "@" in out.because}
    return sorted(cited - before - set(versions) - {CATCH_UP})


def require_same(ledger: Standing, last_of: Mapping[str, UUID], outs: Sequence[Out]) -> None:
    """`Misuse` when the deliveries that both must have are not the same ones."""
    both = [out for out in outs if out.sequence == ledger.sent.get(out.destination)]
    if both and all(last_of.get(out.destination) != out.delivery for out in both):
        raise Misuse(
            "this is not the Kafka that the ledger's deliveries went to: no inbox has under the "
            "last number of the ledger what the ledger sent. Connect the ledger or the Kafka that "
            "belong together (--ledger, --kafka, --home)"
        )
