"""
How a story is told: scene by scene, each a real run, and each promise looked up in real inboxes.

Every agency is a client with its own credential that reads its own inbox all the while. The clock
is the story's own: it stops at every moment at which something falls due, so that what is late
climbs when it would.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from broker.clock import SetClock
from broker.directory import Directory
from broker.errors import Unavailable
from broker.placements.register import Entry
from broker.subscriptions.overseeing import Act
from producers.client import AgencyClient, Delivery
from producers.stories.hearing import climbs, closure, is_end, news
from producers.stories.showing import Paper
from schemas.answer import AnswerState
from schemas.iro_alert import IroAlert
from schemas.message import ChildMessage, Message
from schemas.missing import MissingReturn
from schemas.notices import Receipt, Rejection
from schemas.threshold import ThresholdReached
from schemas.values import agency_of

_LIMIT_SECONDS = 30.0

Duty = Mapping[str, Any]


class Stage(Protocol):
    """What a story is played on: a running Homeward whose clock it holds."""

    clock: SetClock

    async def join(self, agency: str, name: str, area: str | None) -> AgencyClient:
        """Put an agency on the broker, if it is not there, and give its client."""
        ...

    async def quiet(self) -> Mapping[str, int]:
        """Wait until all is sent and no duty is due; the last number of each agency's inbox."""
        ...

    def next_due(self) -> datetime | None:
        """When the next duty falls due or climbs."""
        ...

    def directory(self) -> Directory: ...

    def duties(self, episodes: Iterable[UUID]) -> list[dict[str, Any]]:
        """Every duty: id, episode, name, owed_by, due_at, settled_at, state, basis."""
        ...

    def still_away(self, episodes: Iterable[UUID]) -> set[UUID]:
        """Which of these absences are not over."""
        ...

    def register(self, council: str) -> list[Entry]:
        """Who lives where, as that council sees it now."""
        ...

    def decide(self, act: Act) -> None:
        """Carry out what the operator decides."""
        ...

    def decided(self, about: str) -> list[dict[str, Any]]:
        """The audit of what operators decided about something: at, who, what, reason."""
        ...

    def account(self) -> dict[str, Any]:
        """The counts, from the ledger and from Kafka."""
        ...


@dataclass(frozen=True)
class Member:
    """One of the cast: a council or a force by its code, a home with a name and an area too."""

    agency: str
    name: str = ""
    area: str | None = None


@dataclass(frozen=True)
class Says:
    """A desk answers a delivery: the newest that asks for it, unless it or its message is named."""

    desk: str
    state: AnswerState
    reason: str | None = None
    whose: str | None = None
    delivery: UUID | None = None
    of: Message | None = None


@dataclass(frozen=True)
class Refused:
    """A message that the story knows will be refused, and with which code."""

    message: Message
    code: str


@dataclass(frozen=True)
class Decides:
    """Homeward's operator decides something, as with a command of theirs."""

    act: Act


Happening = Message | Says | Refused | Decides


@dataclass(frozen=True)
class Story:
    """One story: its name, one sentence on it, who plays, and how it goes."""

    name: str
    sentence: str
    begins: datetime
    cast: tuple[Member, ...]
    before: str  # what one must know before the first scene
    tell: Callable[["Play"], Awaitable[None]]


def acting(desk: str, of: Message | None = None) -> Says:
    """The desk has it in hand."""
    return Says(desk, AnswerState.acting, of=of)


def not_ours(desk: str, reason: str, whose: str) -> Says:
    """The desk says whose it is."""
    return Says(desk, AnswerState.not_ours, reason, whose)


def refused(message: Message, code: str) -> Refused:
    """It is said, and Homeward will not have it."""
    return Refused(message, code)


@dataclass
class _Inbox:
    """What one agency's own client has read of its inbox since the story began."""

    client: AgencyClient
    since: int
    got: list[Delivery] = field(default_factory=list)
    shown: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        async for delivery in self.client.read(since=self.since, follow=True):
            self.got.append(delivery)
            self.moved.set()

    @property
    def last(self) -> int:
        return self.got[-1].sequence if self.got else self.since

    def new(self) -> list[Delivery]:
        """What has come since this was last asked."""
        before, self.shown = self.shown, len(self.got)
        return self.got[before:]

    async def reach(self, number: int, reading: "asyncio.Task[None]") -> None:
        """Wait until the client has read that far."""
        while self.last < number:
            if reading.done():
                reading.result()
            self.moved.clear()
            async with asyncio.timeout(_LIMIT_SECONDS):  # wait_for may lose a Ctrl-C
                await self.moved.wait()


class Play:
    """A story on stage: what has been said, what each has read, what was promised."""

    def __init__(self, stage: Stage, paper: Paper) -> None:
        self.stage, self.paper = stage, paper
        self.got: list[Delivery] = []  # everything read, scene after scene
        self.arrived: list[Delivery] = []  # in this scene
        self.episodes: list[UUID] = []
        self.broken: list[str] = []
        self.kept = 0
        self._inboxes: dict[str, tuple[_Inbox, asyncio.Task[None]]] = {}
        self._duties: dict[UUID, Duty] = {}
        self._answered: set[UUID] = set()
        self._to_refuse: set[UUID] = set()
        self._said_the_end: set[tuple[str, str | None]] = set()

    @asynccontextmanager
    async def with_cast(self, cast: Iterable[Member]) -> AsyncIterator[None]:
        """Everybody joins, and reads until the story is over."""
        async with AsyncExitStack() as open_clients:
            for one in cast:
                client = await self.stage.join(one.agency, one.name, one.area)
                open_clients.push_async_callback(client.close)
                ends = await self.stage.quiet()
                inbox = _Inbox(client, ends.get(one.agency, 0))
                reading = asyncio.create_task(inbox.read())
                open_clients.push_async_callback(_end, reading)
                self._inboxes[one.agency] = inbox, reading
            yield

    # -- what happens

    async def scene(self, at: datetime, title: str, words: str, *said: Happening) -> None:
        """
        Let time pass, let this be said, and show what reached whom and what is owed.

        A message of a later time is said when that has come.
        """
        self.paper.scene(at, title, words)
        self.arrived = []
        await self._until(at)
        for each in said:
            await self._say(each)
        await self._all_read()
        self.paper.told(self.arrived, self.stage.clock.now())
        self.paper.climbed(climbs(self.arrived))
        self._show_duties()

    async def _until(self, at: datetime) -> None:
        """Time passes, and stops wherever something falls due."""
        while (due := self.stage.next_due()) is not None and due <= at:
            self.stage.clock.set(max(due, self.stage.clock.now()))
            await self.stage.quiet()
        self.stage.clock.set(at)
        await self._all_read()

    async def _say(self, said: Happening) -> None:
        # A client of Kafka may lose a cancellation: a Ctrl-C counts all the same.
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise asyncio.CancelledError
        match said:
            case Says():
                await self._answer(said)
            case Refused():
                await self._try(said)
            case Decides():
                await asyncio.to_thread(self.stage.decide, said.act)
                await self._all_read()
            case _:
                await self._send(said)

    async def _try(self, said: Refused) -> None:
        self._to_refuse.add(said.message.message_id)
        inbox, _ = self._inboxes[said.message.sender]
        await inbox.client.send(said.message)
        await self._all_read()
        answers = [each.message for each in self.arrived if isinstance(each.message, Rejection)]
        mine = [each for each in answers if each.of == said.message.message_id]
        self.paper.refused(mine)
        self.promise(f"It is refused, as {said.code}", [each.code for each in mine] == [said.code])

    async def _send(self, message: Message) -> None:
        if message.sent_at > self.stage.clock.now():
            await self._all_read()
            await self._until(message.sent_at)
        inbox, _ = self._inboxes[message.sender]
        await inbox.client.send(message)
        await self._all_read()
        for delivery in self.arrived:
            answer = delivery.message
            if isinstance(answer, Receipt) and answer.of == message.message_id:
                if is_end(message):  # whoever says the end need not be told it
                    self._said_the_end.add((message.from_address, answer.child))
                self._follow(answer.episode)
                return
        raise Unavailable("a message of the story got no receipt")

    def _follow(self, episode: str | None) -> None:
        """From here on what is owed because of it is shown."""
        if episode and UUID(episode) not in self.episodes:
            self.episodes.append(UUID(episode))

    async def _answer(self, said: Says) -> None:
        delivery = said.delivery or self._asked(said.desk, said.of)
        self._answered.add(delivery)
        inbox, _ = self._inboxes[agency_of(said.desk)]
        await inbox.client.answer(
            delivery,
            said.state,
            reason=said.reason,
            whose=said.whose,
            from_address=said.desk,
        )

    def _asked(self, desk: str, of: Message | None) -> UUID:
        """What a desk would answer: the newest that asks for it, else the newest of all."""
        theirs = [
            each
            for each in self.got
            if each.address == desk and isinstance(each.message, ChildMessage)
            if of is None or each.message.message_id == of.message_id
        ]
        asked = [each for each in theirs if each.answer_by] or theirs
        if not asked:
            raise Unavailable(f"{desk} was told nothing that it could answer")
        return asked[-1].delivery

    async def _all_read(self) -> None:
        ends = await self.stage.quiet()
        for agency, (inbox, reading) in self._inboxes.items():
            await inbox.reach(ends.get(agency, 0), reading)
            new = inbox.new()
            for answer in (each.message for each in new if isinstance(each.message, Rejection)):
                if answer.of not in self._to_refuse:
                    raise Unavailable(f"something that the story says was refused: {answer.detail}")
            for each in new:
                if isinstance(each.message, ThresholdReached):
                    self._follow(each.message.episode)
            self.got += new
            self.arrived += new

    def _show_duties(self) -> None:
        now = {duty["id"]: duty for duty in self.stage.duties(self.episodes)}
        changed = [duty for id, duty in now.items() if _differs(duty, self._duties.get(id))]
        self.paper.duties(changed)
        self._duties = dict(now)

    def everybody_has_read(self) -> list[Says]:
        """What each agency's system says by itself of an end: that it has received it."""
        return self._to_each(MissingReturn, AnswerState.received)

    def officers_have_read(self) -> list[Says]:
        """A person at each reviewing officers' desk has every alert in hand."""
        return self._to_each(IroAlert, AnswerState.acting)

    def _to_each(self, kind: type[Message], state: AnswerState) -> list[Says]:
        asked = [each for each in self.got if isinstance(each.message, kind) and each.answer_by]
        return [
            Says(each.address, state, delivery=each.delivery)
            for each in asked
            if each.delivery not in self._answered
        ]

    # -- what is promised, and looked up

    def promise(self, words: str, kept: bool) -> None:
        """Something that the story says must hold; looked up, not assumed."""
        self.paper.promise(words, kept)
        self._count(words, kept)

    def not_told(self, why: str, *whom: str) -> None:
        """Nothing of this scene went to these desks, or to any desk of these agencies."""
        told = [
            each for each in news(self.arrived) if {each.address, agency_of(each.address)} & {*whom}
        ]
        self._count(self.paper.not_told(whom, why, kept=not told), not told)

    def _count(self, words: str, kept: bool) -> None:
        if kept:
            self.kept += 1
        else:
            self.broken.append(words)

    def register(self, council: str) -> list[Entry]:
        """Show who lives in a council's area, or elsewhere, as `homeward register` does."""
        entries = self.stage.register(council)
        self.paper.register(council, entries)
        return entries

    def decided(self, about: str) -> list[str]:
        """Show who decided what about something, by the audit; what was decided."""
        entries = self.stage.decided(about)
        self.paper.decided(entries)
        return [entry["what"] for entry in entries]

    def told(self) -> set[str]:
        """The desks that this scene told something of a child."""
        return {each.address for each in news(self.arrived)}

    def woken(self) -> set[str]:
        """The desks that this scene rang."""
        return {each.address for each in self.arrived if each.wakes}

    def holds(self, address: str, kind: str) -> Delivery | None:
        """The newest of a kind that lies in a desk's inbox."""
        found = [each for each in self.got if each.address == address and each.kind == kind]
        return found[-1] if found else None

    def everything_in(self, agency: str) -> str:
        """All that an agency's inbox holds, as text."""
        inbox, _ = self._inboxes[agency]
        return "\n".join(each.message.model_dump_json() for each in inbox.got if each.message)

    def side_by_side(
        self,
        title: str,
        desks: Iterable[str],
        kind: type[Message],
        rows: Mapping[str, Callable[[Any], str | None]],
    ) -> None:
        """Show what the newest of a kind says at each desk; desks that hold the same, together."""
        columns: dict[tuple[str, ...], list[str]] = {}
        for desk in desks:
            held = [each.message for each in self.got if each.address == desk]
            newest = next((each for each in reversed(held) if isinstance(each, kind)), None)
            cells = tuple((say(newest) or "") if newest else "nothing" for say in rows.values())
            columns.setdefault(cells, []).append(desk)
        lines = [*zip(*columns, strict=True)]
        self.paper.inboxes(title, dict(zip(rows, lines, strict=True)), [*columns.values()])

    def duty(self, name: str, owed_by: str) -> Duty:
        """What a desk owes or owed: the newest of that name."""
        found = [
            duty
            for duty in self._duties.values()
            if (duty["name"], duty["owed_by"]) == (name, owed_by)
        ]
        return found[-1] if found else {"state": "never owed", "due_at": None}

    def states(self, name: str, owed_by: str) -> list[str]:
        """What became of each duty of that name that a desk owed, in order."""
        return [
            duty["state"]
            for duty in self._duties.values()
            if (duty["name"], duty["owed_by"]) == (name, owed_by)
        ]

    # -- how it ends

    def ends(self) -> None:
        """What must hold at the end of every story."""
        duties = [*self._duties.values()]
        self.paper.what_was_owed(duties)
        account = self.stage.account()
        self.paper.account(account)
        self.promise(
            "The counts close: in the ledger, and read again from Kafka", account["balanced"]
        )
        waiting = closure(self.got)
        forgotten = [who for who, waits in waiting.items() if waits]
        self.promise(
            f"Everyone who was told the beginning knows the end (desks: {len(waiting)})",
            {*forgotten} <= self._said_the_end,
        )
        gaps = [each for each in self.got if each.missing_before]
        self.promise("No inbox has a gap: every number came, each once", not gaps)
        owed = [duty for duty in duties if duty["state"] in ("open", "late")]
        self.promise("Nothing is owed any more", not owed)
        self.paper.ends(self.kept, self.broken)


async def _end(reading: "asyncio.Task[None]") -> None:
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading


def _differs(duty: Duty, before: Duty | None) -> bool:
    return before is None or any(duty[name] != before[name] for name in ("state", "due_at"))
