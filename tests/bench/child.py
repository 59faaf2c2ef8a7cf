"""What the bench tells a process that it measures, and what that process tells it."""

import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from broker.connection import KafkaAccess, access
from broker.settings import Settings


class Task(BaseModel):
    """What one process has to do."""

    model_config = ConfigDict(frozen=True)

    home: Path
    bootstrap: str
    ledger: str
    messages: int
    parts: tuple[str, ...] = ()
    clock_offset_seconds: float = 0.0
    returns: float = 0.0
    limit_seconds: float = 120.0

    def access(self, user: str) -> KafkaAccess:
        """How one of our users connects."""
        return access(Settings(home=self.home), self.bootstrap, user)


class Told(BaseModel):
    """What the process saw, in seconds since 1970, and what it used."""

    began_at: float = 0.0
    took_at: float = 0.0
    taken: int = 0
    sent: int = 0
    peak_bytes: int = 0
    processor_seconds: float = 0.0


def told(arguments: Sequence[str]) -> Task:
    """The task from the command line."""
    return Task.model_validate_json(arguments[1])


class Marks:
    """When the first record was at hand, when the last one was in the ledger."""

    def __init__(self) -> None:
        self._began = self._took = 0.0
        self._taken = self._sent = 0
        self._processor = time.process_time()  # what it took to start does not count

    def began(self) -> None:
        """A batch is at hand."""
        if not self._began:
            self._began = time.time()

    def took(self, count: int) -> None:
        """So many more are in the ledger."""
        self._taken += count
        self._took = time.time()

    def sent(self, count: int) -> None:
        """So many more are in Kafka."""
        self._sent += count

    def tell(self) -> None:
        """Write it all to standard output, as the last line."""
        said = Told(
            began_at=self._began,
            took_at=self._took,
            taken=self._taken,
            sent=self._sent,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            processor_seconds=time.process_time() - self._processor,
        )
        print(json.dumps(said.model_dump()), flush=True)
