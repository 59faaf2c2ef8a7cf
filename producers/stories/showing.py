"""How a story looks: plain lines that fit 80 columns, colour only on a terminal."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from broker.directory import Directory
from broker.placements.register import Entry
from broker.working_time import is_open, local, local_due
from producers.client import Delivery
from schemas.answer import Answer
from schemas.casework import MeetingOutcome
from schemas.iro_alert import IroAlert
from schemas.message import Action, Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.notices import DutyNotice, Picture, Rejection
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile
from schemas.subscription import Counts, SubscriptionNotice
from schemas.threshold import ThresholdReached

_WIDTH = 80
_LABEL = 10

_SHORTER = {
    "independent reviewing officer service": "reviewing officers",
    "missing persons unit": "missing unit",
    " Service control": " control",
}
_VIEWS = {
    "full": "in full",
    "summary": "no names",
    "signal": "only that it happened",
    "intelligence": "no names, what is for the police",
    "released": "what is released to it",
}
_ENDS = {"found": "found", "returned": "back", "closed": "report closed"}
_DUTIES = {
    "answer": "an answer",
    "answer-iro-alert": "an answer to the alert",
    "confirm-the-end": "a sign that the end was read",
    "review-absence": "a review of the absence",
    "review-risk": "a review of the risk",
    "safe-and-well-check": "the safe-and-well check",
    "offer-return-interview": "the offer of a return interview",
    "hold-return-interview": "the return interview",
    "share-interview-outcome": "the sharing of the interview",
    "give-placement-notice": "notice of the placement",
    "intervention-meeting": "a meeting about the child",
    "state-approval": "word of who approved the placement",
    "answer-placement-notice": "an answer to the notice",
    "tell-host-of-admission": "word of the admission to the host council",
}
_FATES = {
    "open": ("owed", "cyan"),
    "late": ("late", "red"),
    "met": ("met", "green"),
    "met-late": ("met late", "red"),
    "excused": ("excused", "yellow"),
    "cancelled": ("no longer", "dim"),
    "superseded": ("replaced", "dim"),
    "transferred": ("passed on", "yellow"),
}


class Paper:
    """Where a story is written down."""

    def __init__(self, console: Console, directory: Callable[[], Directory]) -> None:
        self._console = console
        self._width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
        self._directory = directory

    # -- the frame

    def opens(self, sentence: str, before: str) -> None:
        self._text(f"[bold]{escape(sentence)}[/]")
        self._text(escape(before))
        self._text(
            "[dim]People and homes are made up, authorities are real. The clock is the story's "
            "own. <...> names the rule; local: a timescale of this policy, not of law.[/]"
        )

    def scene(self, at: datetime, title: str, words: str) -> None:
        self._console.print()
        self._rule(f"[bold]{escape(_short(local(at)))}[/]  {escape(title)}")
        self._text(escape(words))

    def heading(self, title: str) -> None:
        self._console.print()
        self._rule(f"[bold]{escape(title)}[/]")

    def ends(self, kept: int, broken: Sequence[str]) -> None:
        self._console.print()
        if not broken:
            self._text(f"[bold green]All {kept} promises of this story were kept.[/]")
            return
        self._text(f"[bold red]{len(broken)} of {kept + len(broken)} promises were broken:[/]")
        for words in broken:
            self._line("broken", "red", escape(words))

    # -- what a scene brings

    def told(self, arrived: Iterable[Delivery], now: datetime) -> None:
        """Who was told what, how much of it, and by which rule; each desk with how it hears it."""
        groups: dict[tuple[str, str], list[str]] = {}
        for each in arrived:
            if (what := self._what(each)) is not None:
                desk = f"{escape(self._name(each.address))}{self._how(each, now)}"
                groups.setdefault((what, each.because.partition("@")[0]), []).append(desk)
        for (what, rule), desks in sorted(groups.items(), key=lambda one: not _ring(one[1])):
            self._line("told", "bold", f"{what} [dim]<{rule}>[/]: {_counted(desks)}")
        if not groups:
            self._line("told", "bold", "nobody new")

    def not_told(self, whom: Iterable[str], why: str, kept: bool) -> str:
        """Who has nothing of this, and why not; the same as one line."""
        names = self._names(whom)
        if kept:
            self._line("not told", "bold", f"{names}: {escape(why)}")
        else:
            self._line("broken", "bold red", f"should not have been told: {names}")
        return f"not told: {names}"

    def climbed(self, notices: Iterable[DutyNotice]) -> None:
        for notice in notices:
            what, owner = _duty(notice.name), self._name(notice.owed_by)
            self._line(
                "climbed", "red", f"{what} of {owner}, to {self._name(notice.climbed_to or '')}"
            )

    def duties(self, changed: Iterable[Mapping[str, Any]]) -> None:
        """What is owed now, by when and on what ground, and what became of what was owed."""
        groups: dict[tuple[str, str], list[str]] = {}
        for duty in changed:
            fate = duty["state"]
            text = _duty(duty["name"])
            if fate == "open":
                text += f" {self._by(duty)}"
            elif fate == "met-late":
                text += f", {_span(duty['settled_at'] - duty['due_at'])} after it was due"
            groups.setdefault((fate, text), []).append(duty["owed_by"])
        for (fate, text), owners in sorted(groups.items(), key=lambda each: each[0][0] == "open"):
            label, style = _FATES.get(fate, (fate, "bold"))
            self._line(label, style, f"{text}: {self._names(owners)}")

    def promise(self, words: str, kept: bool) -> None:
        self._line("kept" if kept else "broken", "green" if kept else "bold red", escape(words))

    def refused(self, rejections: Iterable[Rejection]) -> None:
        """What was refused, where, and what to do."""
        for each in rejections:
            words = f"{escape(each.field)}: " if each.field else ""
            self._line("refused", "red", f"{words}{escape(each.detail)} [dim]<{each.code}>[/]")

    def register(self, council: str, entries: Iterable[Entry]) -> None:
        """A line for each child on a council's register: by whom, where, told or not."""
        for each in entries:
            where = f"{self._name(each.responsible)} has placed a child in {self._name(each.home)}"
            notice = "notice given" if each.notice == "given" else "[bold red]NO NOTICE[/]"
            away = ", missing now" if each.missing else ""
            times = f"absences: {each.absences}{away}"
            self._line("register", "bold", f"{self._name(council)}: {where}; {notice}; {times}")

    def decided(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """What is in the audit: who decided what."""
        for each in entries:
            self._line("audit", "bold", f"{escape(each['what'])}, by {escape(each['who'])}")

    def inboxes(
        self, title: str, rows: Mapping[str, Sequence[str]], columns: Sequence[Sequence[str]]
    ) -> None:
        """Side by side, what each inbox really holds."""
        self._wrapped(" ", f"[bold]{escape(title)}[/]", 1)
        table = Table(box=SIMPLE_HEAD, width=self._width, padding=(0, 1), header_style="bold")
        table.add_column("", overflow="fold", width=16)
        for desks in columns:
            table.add_column(self._names(desks), overflow="fold", ratio=1)
        for name, cells in rows.items():
            table.add_row(escape(name), *(escape(cell) or "[dim]-[/]" for cell in cells))
        self._console.print(table)

    # -- how it ended

    def what_was_owed(self, duties: Sequence[Mapping[str, Any]]) -> None:
        self.heading("What was owed, and what became of it")
        groups: dict[tuple[str, str], list[str]] = {}
        for duty in duties:
            text = f"{_duty(duty['name'])} [dim]({_basis(duty)})[/]"
            groups.setdefault((duty["state"], text), []).append(duty["owed_by"])
        order = list(_FATES)
        for (fate, text), owners in sorted(groups.items(), key=lambda one: order.index(one[0][0])):
            label, style = _FATES[fate]
            self._line(label, style, f"{text}: {self._names(owners)}")

    def account(self, account: Mapping[str, Any]) -> None:
        self.heading("What must hold at the end of every story")
        read, decided = (
            " + ".join(f"{name} {account[name]}" for name in names)
            for names in (("accepted", "repeated", "rejected"), ("delivered", "pending", "parked"))
        )
        self._text(f"Read {account['read']} = {read}.")
        self._text(f"Decided {account['decided']} = {decided}.")

    # -- words

    def _what(self, delivery: Delivery) -> str | None:
        """What it says and how much of it; None for what is not listed: receipts, notices."""
        message = delivery.message
        view = _VIEWS.get(delivery.view, delivery.view)
        if isinstance(message, Answer):
            desk = self._name(message.from_address)
            return f"{desk} says {message.state.value.replace('-', ' ')}"
        if isinstance(message, Picture):
            return "where it stands, no names"
        if isinstance(message, SubscriptionNotice):
            return f"subscription {message.state.value}"
        if isinstance(message, Counts):
            return f"numbers of {message.month}"
        said = _said(message)
        if said is None:
            return None
        if isinstance(message, IroAlert) and view == _VIEWS["full"]:
            view = "made by Homeward"
        taken = "taken back: " if getattr(message, "action", None) is Action.cancel else ""
        return f"{taken}{said}, {view}"

    def _how(self, delivery: Delivery, now: datetime) -> str:
        desk = self._directory().entry(delivery.address)
        if delivery.wakes:
            return " [yellow](rings)[/]"
        return "" if desk is None or is_open(desk.hours, now) else " [dim](at opening)[/]"

    def _name(self, address: str) -> str:
        name = self._directory().name_of(address)
        for long, short in _SHORTER.items():
            name = name.replace(long, short)
        return name

    def _names(self, addresses: Iterable[str]) -> str:
        """Each once, in order, with how often if more than once."""
        return _counted(escape(self._name(each)) for each in addresses)

    def _by(self, duty: Mapping[str, Any]) -> str:
        if duty["due_at"] is None:
            return f"[dim]({_basis(duty)})[/]"
        return f"by {_short(local_due(duty['due_at']))} [dim]({_basis(duty)})[/]"

    # -- lines

    def _text(self, text: str) -> None:
        self._wrapped("", text, 0)

    def _rule(self, title: str) -> None:
        self._wrapped("[dim]--[/] ", title, 3)

    def _line(self, label: str, style: str, text: str) -> None:
        space = " " * (_LABEL - len(label))
        self._wrapped(f" [{style}]{label}[/]{space}", text, _LABEL + 1)

    def _wrapped(self, label: str, text: str, indent: int) -> None:
        """Lines that hang under their label, without spaces at their ends."""
        lines = Text.from_markup(text).wrap(self._console, self._width - indent)
        for line in lines:
            line.rstrip()
            self._console.print(Text.from_markup(label) + line, soft_wrap=True)
            label = " " * indent


def _ring(desks: Iterable[str]) -> bool:
    return any("(rings)" in desk for desk in desks)


def _counted(names: Iterable[str]) -> str:
    return ", ".join(
        f"{name} x{times}" if times > 1 else name for name, times in Counter(names).items()
    )


def _said(message: Message | None) -> str | None:
    match message:
        case MissingNotification():
            return message.category.value
        case MissingUpdate():
            return "news"
        case MissingReturn():
            stage = _ENDS.get(message.stage.value, message.stage.value)
            return f"{stage}, {message.outcome.value.replace('-', ' ')}"
        case SafeAndWellOutcome():
            return f"check {message.result.value.replace('-', ' ')}"
        case ReturnInterviewOutcome():
            return f"interview {message.stage.value.replace('-', ' ')}"
        case ChildProfile():
            return "what is kept ready"
        case PlacementNotice():
            return f"notice of placement: {message.stage.value}"
        case PlacementArrival():
            return f"{message.stage.value} to a home"
        case ThresholdReached():
            return f"threshold reached, absences: {len(message.episodes)}"
        case MeetingOutcome():
            return "meeting held" if message.held else "meeting not held"
        case IroAlert():
            return f"alert: {message.event.value.replace('-', ' ')}"
    return None


def _duty(name: str) -> str:
    return _DUTIES.get(name, name.replace("-", " "))


def _basis(duty: Mapping[str, Any]) -> str:
    return str(duty["basis"]).replace("-", " ")


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"


def _short(time: str) -> str:
    """Without the year: a story is soon over."""
    day, month_year_time = time[:6], time[6:]
    return day + " ".join(part for part in month_year_time.split(" ") if not part.isdigit())
