"""
One night, played on the real thing: a child placed by another council goes missing.

Every agency here is a Kafka client with its own credential. The people are made up, the
authorities are real, and the clock is the demo's own, so that a night takes seconds.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from broker.clock import SetClock
from broker.directory import Directory
from broker.working_time import is_open, local, local_due
from producers.client import AgencyClient, Delivery
from schemas.answer import Answer, AnswerState
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.message import Message
from schemas.missing import (
    CareStatus,
    Category,
    MissingNotification,
    MissingReturn,
    Outcome,
    PoliceReport,
    ReportChannel,
    ReturnStage,
    Risk,
)
from schemas.notices import DutyNotice, Heartbeat, Receipt

HOME = "provider.SC999001"
WALSALL = "la.E08000030"
STOKE = "la.E06000021"
POLICE = "police.E23000015"
AGENCIES = ((HOME, "Beech House"), (WALSALL, ""), (STOKE, ""), (POLICE, ""))

_LONDON = ZoneInfo("Europe/London")


def _at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=_LONDON).astimezone(UTC)


BEGINS = _at(27, 22, 10)  # a Friday


class Stage(Protocol):
    """What the demo plays on: a running Homeward whose clock it holds."""

    clock: SetClock

    async def join(self, agency: str, name: str, area: str | None) -> AgencyClient:
        """Put an agency on the broker and give its client."""
        ...

    async def quiet(self) -> None:
        """Wait until everything decided is sent, and no duty is due."""
        ...

    def directory(self) -> Directory: ...

    def duties(self, episode: UUID) -> list[dict[str, Any]]:
        """Every duty of the absence: name, owed_by, due_at, settled_at, state, met_by."""
        ...

    def account(self) -> dict[str, Any]:
        """The counts, from the ledger and from Kafka."""
        ...


@dataclass
class _Night:
    """The play: who is on stage, what each has read so far."""

    stage: Stage
    screen: Console
    clients: dict[str, AgencyClient] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    got: list[Delivery] = field(default_factory=list)
    episode: UUID | None = None

    async def scene(
        self, at: datetime, title: str, words: str, act: Callable[[], Awaitable[Any]] | None = None
    ) -> None:
        """Move the clock, let one thing happen, and show what reached whom."""
        self.stage.clock.set(at)
        self.screen.print()
        self.screen.rule(f"[bold]{local(at)}[/bold]  {title}", align="left")
        self.screen.print(words)
        if act is not None:
            await act()
        await self.stage.quiet()
        self.show(await self.arrivals())

    async def arrivals(self) -> list[Delivery]:
        new: list[Delivery] = []
        for agency, client in self.clients.items():
            async for delivery in client.read(since=self.read.get(agency, 0) + 1):
                if isinstance(delivery.message, Heartbeat):
                    continue
                self.read[agency] = delivery.sequence or self.read.get(agency, 0)
                new.append(delivery)
        self.got += new
        return new

    def show(self, arrived: Iterable[Delivery]) -> None:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        columns = ["told", "what", "how", "answer by", "because of"]
        if self.screen.width < 120:  # the story comes before the rule
            columns.pop()
        for column in columns:
            table.add_column(column, overflow="fold")
        for delivery in arrived:
            if not isinstance(delivery.message, Receipt):
                table.add_row(*self.line(delivery)[: len(columns)])
        if table.row_count:
            self.screen.print(table)

    def line(self, delivery: Delivery) -> tuple[str, str, str, str, str]:
        directory, message = self.stage.directory(), delivery.message
        what = delivery.kind
        if isinstance(message, DutyNotice):
            what = f"{message.name.replace('-', ' ')} {message.change.value.replace('-', ' ')}"
        elif isinstance(message, Answer):
            what = f"{directory.name_of(message.from_address)}: {message.state.value}"
        elif isinstance(message, MissingReturn):
            what = f"{message.stage.value}, {message.outcome.value}"
        desk = directory.entry(delivery.address)
        there = desk is None or is_open(desk.hours, self.stage.clock.now())
        how = "[yellow]rings[/]" if delivery.wakes else "now" if there else "[dim]at opening[/]"
        by = self.due(delivery.answer_by) if delivery.answer_by else ""
        name = directory.name_of(delivery.address)
        return escape(name), what, how, by, escape(delivery.because.split("@")[0])

    def due(self, by: datetime) -> str:
        """When an answer is due, or was: a late duty climbs with the time it had."""
        text = local_due(by).replace(" 2026", "")
        return f"[red]was {text}[/]" if by < self.stage.clock.now() else f"[cyan]{text}[/]"

    def delivered(self, address: str, kind: str) -> UUID:
        """The last delivery of a kind to an address."""
        for delivery in reversed(self.got):
            if delivery.address == address and delivery.kind == kind and delivery.delivery:
                return delivery.delivery
        raise LookupError(f"{address} has no {kind}")

    async def send(self, message: Message) -> None:
        said = await self.clients[message.sender].send_and_wait(message)
        if not isinstance(said, Receipt):
            raise RuntimeError(f"refused: {said}")
        self.episode = UUID(said.episode) if said.episode else self.episode
        self.screen.print(f"[green]Receipt:[/] {escape(said.words)}")

    async def answer(
        self, address: str, state: AnswerState, reason: str = "", whose: str | None = None
    ) -> None:
        agency = address.partition("/")[0]
        delivery = self.delivered(address, MissingNotification.KIND)
        await self.clients[agency].answer(
            delivery, state, reason=reason or None, whose=whose, from_address=address
        )


async def play(stage: Stage, screen: Console) -> bool:
    """Play the night; returns whether everything came out as it must."""
    night = _Night(stage, screen)
    screen.print(
        "[bold]Robin, 14, is looked after by Walsall and lives in a children's home in "
        "Stoke-on-Trent.[/]\nFour agencies are on the broker, each with its own topics and "
        "password. All people are made up.\n"
        "[dim]iro.alert: what a looked-after child's independent reviewing officer is told. "
        "local: a timescale of this policy, not of law.[/]"
    )
    for agency, name in AGENCIES:
        night.clients[agency] = await stage.join(agency, name, STOKE if agency == HOME else None)
    try:
        await _begins(night)
        await _is_silent(night)
        await _ends(night)
    finally:
        for client in night.clients.values():
            await client.close()
    return _sums_up(night)


async def _begins(night: _Night) -> None:
    await night.scene(
        BEGINS,
        "The home reports Robin missing",
        "Last seen at 21:30. The carer has rung 101 and has the police reference. Walsall's front "
        "door is closed, so its emergency duty team is woken; those who need not be are not.",
        lambda: night.send(_report(BEGINS)),
    )
    confirmed = _at(27, 22, 18)
    await night.scene(
        confirmed,
        "Staffordshire Police confirm, and raise the risk",
        "Their report quotes the same reference: it is the same absence, not a second one. What is "
        "new is the risk, so those who know of Robin are told that.",
        lambda: night.send(_confirmation(confirmed)),
    )
    await night.scene(
        _at(27, 22, 24),
        "Stoke says: not ours",
        "Somebody at Stoke's front door is still there, sees the delivery and says whose it is. "
        "The police, who sent it, are told so; Walsall was asked already, and stays liable.",
        lambda: night.answer(
            f"{STOKE}/front-door",
            AnswerState.not_ours,
            "Placed by Walsall, not open to us",
            f"{WALSALL}/emergency-duty",
        ),
    )


async def _is_silent(night: _Night) -> None:
    await night.scene(
        _at(27, 22, 41),
        "Walsall's emergency duty team is silent",
        "Its time to answer is over. The duty is late, and climbs to the manager on call.",
    )
    await night.scene(
        _at(27, 22, 57),
        "So is the manager on call",
        "The next rung is in another organisation: the police control room.",
    )
    await night.scene(
        _at(27, 23, 4),
        "The control room answers for it",
        "It is acting. That meets the duty, late; Walsall's lateness stays on record.",
        lambda: night.answer(f"{POLICE}/control-room", AnswerState.acting),
    )


async def _ends(night: _Night) -> None:
    back = _at(28, 3, 10)
    await night.scene(
        back,
        "Robin is back",
        "The home says so. Everyone who was told that Robin was missing is told that Robin is "
        "back, and nobody is woken for good news. The police owe the safe-and-well check.",
        lambda: night.send(_return(HOME, "night-staff", back, ReturnStage.returned, "H-17/3")),
    )
    closed = _at(28, 11, 30)
    await night.scene(
        closed,
        "The police have seen Robin, and close the report",
        "Only now does it end for them. That was the check they owed.",
        lambda: night.send(
            _return(POLICE, "control-room", closed, ReturnStage.closed, "SP-2026-0815")
        ),
    )


def _child(holder: str, scheme: Scheme, value: str) -> Child:
    return Child(
        references=(Reference(holder=holder, scheme=scheme, value=value),),
        given_name="Robin",
        family_name="Example",
        birth_date=datetime(2011, 5, 16).date(),
    )


def _envelope(sender: str, function: str, at: datetime) -> dict[str, Any]:
    return {
        "message_id": uuid4(),
        "sender": sender,
        "from_address": f"{sender}/{function}",
        "occurred_at": at,
        "sent_at": at,
    }


def _report(at: datetime) -> MissingNotification:
    return MissingNotification(
        **_envelope(HOME, "night-staff", at),
        child=_child(HOME, Scheme.home_reference, "H-17"),
        episode="H-17/3",
        category=Category.missing,
        last_seen_at=_at(27, 21, 30),
        place=Place(authority=STOKE, description="Beech House"),
        lives=Residence(authority=STOKE, home=HOME),
        care_status=CareStatus.looked_after,
        responsible_authority=WALSALL,
        risk=Risk.medium,
        risk_reason="Later than agreed, telephone switched off",
        police_report=PoliceReport(
            channel=ReportChannel.non_emergency_101, at=at, reference="SP-2026-0815"
        ),
    )


def _confirmation(at: datetime) -> MissingNotification:
    return MissingNotification(
        **_envelope(POLICE, "control-room", at),
        child=_child(POLICE, Scheme.police_reference, "N-20471"),
        episode="SP-2026-0815",
        category=Category.missing,
        last_seen_at=_at(27, 21, 30),
        place=Place(authority=STOKE),
        lives=Residence(authority=STOKE, home=HOME),
        care_status=CareStatus.looked_after,
        responsible_authority=WALSALL,
        risk=Risk.high,
        risk_reason="Seen getting into a car that is known to us",
        next_review_at=_at(28, 4, 0),
    )


def _return(
    sender: str, function: str, at: datetime, stage: ReturnStage, episode: str
) -> MissingReturn:
    scheme = Scheme.home_reference if sender == HOME else Scheme.police_reference
    value = "H-17" if sender == HOME else "N-20471"
    return MissingReturn(
        **_envelope(sender, function, at),
        child=_child(sender, scheme, value),
        episode=episode,
        stage=stage,
        outcome=Outcome.safe,
        place=Place(authority=STOKE),
    )


def _sums_up(night: _Night) -> bool:
    screen, stage = night.screen, night.stage
    screen.print()
    screen.rule("[bold]What was owed, and what became of it[/]", align="left")
    assert night.episode is not None
    duties = stage.duties(night.episode)
    screen.print(_duty_table(duties, stage.directory()))
    account = stage.account()
    balanced = bool(account["balanced"])
    told = {address for address in _told(night, MissingNotification.KIND)}
    told_end = {address for address in _told(night, MissingReturn.KIND)}
    forgotten = sorted(told - told_end)
    screen.print()
    screen.print(
        f"Read {account['read']} = accepted {account['accepted']} + repeated "
        f"{account['repeated']} + rejected {account['rejected']}.  Decided {account['decided']} = "
        f"delivered {account['delivered']} + pending {account['pending']} + parked "
        f"{account['parked']}."
    )
    counted = "[green]The counts close[/]" if balanced else "[red]The counts do not close[/]"
    screen.print(f"{counted}, counted once in the ledger and once in Kafka.")
    if forgotten:
        screen.print(f"[red]Not told the end: {', '.join(forgotten)}[/]")
    else:
        screen.print(f"All {len(told)} desks that were told Robin was missing were told the end.")
    return balanced and not forgotten


def _told(night: _Night, kind: str) -> list[str]:
    return [delivery.address for delivery in night.got if delivery.kind == kind]


def _duty_table(duties: Iterable[dict[str, Any]], directory: Directory) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("duty", "owed by", "due", "what became of it", "timescale"):
        table.add_column(column)
    for duty in duties:
        due, settled = duty["due_at"], duty["settled_at"]
        fate = duty["state"].replace("-", " ")
        if fate == "met late" and due and settled:
            fate = f"[red]{fate}, by {round((settled - due).total_seconds() / 60)} minutes[/]"
        elif fate == "met":
            fate = f"[green]{fate}[/]"
        table.add_row(
            duty["name"].replace("-", " "),
            escape(directory.name_of(duty["owed_by"])),
            local_due(due) if due else "",
            fate,
            duty["basis"].replace("-", " "),
        )
    return table
