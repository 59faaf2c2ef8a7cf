"""A folder of drops taken in through Kafka, one file after another, each line answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broker.clock import Clock
from broker.directory import Directory
from broker.errors import Misuse, Unavailable
from broker.exchange import listing, periods
from broker.exchange.mapping import Mapping, Sends
from broker.exchange.problems import Problem
from broker.exchange.reading import Prepared, Read, as_entries, as_messages
from broker.exchange.told import Speaker
from producers.client import AgencyClient
from producers.exchange import answers
from producers.exchange.answers import Answered
from producers.exchange.folder import REFUSED, TAKEN, Folder, content_of
from producers.exchange.taken import Taken
from producers.exchange.telling import tell

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Fed:
    """What came of one file: its lines, those that were refused, and what became of messages."""

    file: str
    answers: Path
    lines: int
    accepted: int
    before: int
    refused: int


class Feed:
    """
    One agency's folder.

    A file is put away, with its answers beside it, when every line of it is answered. Until then it
    stays, and is taken again from its beginning after a crash: nothing is told twice by that.
    """

    def __init__(
        self,
        folder: Folder,
        mapping: Mapping,
        speaker: Callable[[], Speaker],
        client: AgencyClient,
        taken: Taken,
        directory: Directory,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._mapping, self._speaker = folder, mapping, speaker
        self._client, self._taken, self._directory = client, taken, directory
        self._clock, self._say = clock, say

    async def run(self, *, once: bool = False) -> AsyncIterator[Fed]:
        """
        Take what is there and what comes, for ever; `once` ends when nothing is waiting any more.

        While Kafka or Homeward is away it waits and tries again; `once` raises `Unavailable`.
        """
        links = frozenset[str]()
        async for _ in self._looks(once):
            ready = self._folder.ready(time.monotonic())
            for name in sorted(self._folder.links - links):
                self._say(f"{shown(name)} is left alone: it is a link; drop the file itself")
            links = self._folder.links
            for file in ready:
                fed = await (self._take(file) if once else self._take_or_wait(file))
                if fed is not None:
                    yield fed
            if once and not self._folder.waiting():
                return

    async def _looks(self, once: bool) -> AsyncIterator[None]:
        """When to look: at once, when something changed, and each second for what grew still."""
        try:
            from watchfiles import awatch  # an extra: only who feeds needs it
        except ImportError:
            raise Misuse("watching a folder needs homeward[feeds]: install it") from None
        yield
        if once:
            while True:
                await asyncio.sleep(_LOOK_SECONDS / 4)
                yield
        async for _ in awatch(
            self._folder.path,
            watch_filter=None,
            recursive=False,
            rust_timeout=int(_LOOK_SECONDS * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            yield

    async def _take_or_wait(self, file: Path) -> Fed | None:
        try:
            return await self._take(file)
        except FileNotFoundError:  # taken away by who dropped it
            return None
        except Unavailable as error:
            why = str(error)
        except OSError as error:  # it may not be read, or not be put away
            why = error.strerror or type(error).__name__
        self._say(f"{shown(file.name)} waits: {why}")
        await asyncio.sleep(_AGAIN_SECONDS)
        return None

    async def _take(self, file: Path) -> Fed:
        content = await asyncio.to_thread(content_of, file)
        speaker = self._speaker()
        read, lines = self._read(file, content, speaker)
        told = await tell(self._client, self._taken, lines, self._clock) if lines else []
        answered = [*answers.of_problems(read.problems), *told]
        return self._put_away(file, read, answered, some=bool(lines))

    def _read(
        self, file: Path, content: bytes, speaker: Speaker
    ) -> tuple[Read, tuple[Prepared, ...]]:
        if self._mapping.sends is Sends.messages:
            read = as_messages(content, self._mapping, speaker, self._directory)
            return read, read.prepared
        period = periods.in_name(file.name)
        if period is None:
            words = f"a list needs its period in the name of the file: {periods.HOW}"
            return Read(problems=(Problem(0, "", "no-period", words),)), ()
        read = as_entries(content, self._mapping, speaker.agency, period, self._directory)
        if read.wrong:  # a list with a line missing would differ where nothing does
            return read, ()
        drawn_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        entries = [one.entry for one in read.entries]
        scope = self._mapping.scope
        parts = listing.census(entries, period, speaker, drawn_at, scope)
        return read, (Prepared(0, "", tuple(parts)),)

    def _put_away(self, file: Path, read: Read, answered: list[Answered], *, some: bool) -> Fed:
        """The answers first, then the file: a crash between them repeats it, and loses nothing."""
        goal = self._folder.put_away(file, TAKEN if some else REFUSED)
        beside = goal.with_name(f"{goal.name}.answers.csv")
        answers.write(beside, answered)
        file.replace(goal)
        count = [one.outcome for one in answered].count
        return Fed(
            file=file.name,
            answers=beside,
            lines=read.lines,
            accepted=count(answers.ACCEPTED),
            before=count(answers.BEFORE),
            refused=len({one.line for one in answered if one.outcome == answers.REFUSED}),
        )


def shown(name: str) -> str:
    """The name of a file on one line of a screen: it is another's, and may hold anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def require_folder(path: Path) -> None:
    """`Misuse` unless it is a folder that can be written to."""
    if not path.is_dir():
        raise Misuse(f"there is no folder {path}: make it, and let the other system write to it")
