"""The cursor: what Kafka holds, beside the batches of a relay shard, of how far they went out."""

import json
from typing import NamedTuple
from uuid import UUID

from broker.errors import Misuse


class Cursor(NamedTuple):
    """The last batch that went out of one shard, and of which ledger it was."""

    ledger: str
    batch: int

    def written(self) -> bytes:
        """As a record's value."""
        return json.dumps({"ledger": self.ledger, "batch": self.batch}).encode()


def read(value: bytes | None) -> Cursor:
    """What a record's value says."""
    said = json.loads(value or b"")
    return Cursor(str(said["ledger"]), int(said["batch"]))


def last_sent(cursor: Cursor | None, ledger: UUID, last: int) -> int:
    """The last batch Kafka has; `Misuse` if this ledger cannot have stamped it."""
    if cursor is None:
        cursor = Cursor(str(ledger), 0)
    if cursor.ledger != str(ledger):
        raise Misuse(
            f"the cursor in Kafka belongs to ledger {cursor.ledger}, this one is {ledger}: "
            "connect the ledger it belongs to, or run `homeward restore`"
        )
    done = cursor.batch
    if done > last:
        raise Misuse(
            f"the cursor is ahead of the ledger (batch {done} was sent, the ledger knows {last}): "
            "the ledger was restored from a backup: run `homeward restore`"
        )
    if done < last - 1:
        raise Misuse(
            f"the cursor is behind the ledger (batch {done} was sent, the ledger knows {last}): "
            "this is not the Kafka that the ledger's deliveries went to"
        )
    return done
