"""`homeward import` and `homeward feed`: files of other systems, sent as an agency."""

import asyncio
import fcntl
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.markup import escape

from broker.cli import home as homes
from broker.cli import message_file, screen
from broker.cli.options import Home, Json, Kafka
from broker.clock import SystemClock
from broker.directory import Directory, kind_of
from broker.errors import Misuse
from broker.exchange import listing, mapping, periods
from broker.exchange.mapping import Mapping, Sends
from broker.exchange.reading import Prepared, Read, as_entries, as_messages
from broker.exchange.told import Speaker
from broker.policy.returns import DESKS
from broker.settings import Settings
from producers.exchange import answers
from schemas.census import Census, Differences

if TYPE_CHECKING:
    from producers.client import AgencyClient
    from producers.exchange.answers import Answered
    from producers.exchange.feeding import Fed

_File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="As exported.")]
_Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the other system drops.")]
_Format = Annotated[
    str | None, typer.Option("--format", help="A mapping that comes with Homeward.")
]
_MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", help="A mapping of your own, instead of --format.", dir_okay=False),
]
_As = Annotated[
    Sends | None,
    typer.Option("--as", help="census: a list to compare. messages: told as if sent then."),
]
_SHOWN = 50
_COMPARED_SECONDS = 20.0


def add_to(app: typer.Typer) -> None:
    app.command(
        "import",
        epilog="Example: homeward import missing.csv --format ssda903-missing --for la.E10000028 "
        "--period 2025-26 --dry-run",
    )(import_)
    app.command(
        epilog="Example: homeward feed /srv/drops --as police.E23000015 --mapping ours.yaml"
    )(feed)
    app.command(
        epilog="Example: homeward mappings police-extract > ours.yaml",
    )(mappings)


def mappings(
    name: Annotated[str | None, typer.Argument(help="The one to print.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a file that it reads instead, made up.")
    ] = False,
    as_json: Json = False,
) -> None:
    """
    List the mappings of files that come with Homeward, or print one, to write your own from.

    `homeward import --dry-run` with the written one says what is still wrong, by line and column.
    """
    if name is not None:
        text = mapping.example_text(name) if example else mapping.shipped_text(name)
        screen.out().print(text, markup=False, soft_wrap=True, end="")
        return
    each = [mapping.read(mapping.shipped_text(one).encode(), one) for one in mapping.shipped()]
    if as_json:
        screen.print_json(
            [
                {"mapping": one.name, "says": one.says, "sends": str(one.sends),
                 "columns": {word: column.name for word, column in one.columns.items()}}
                for one in each
            ]
        )  # fmt: skip
        return
    rows = [(one.name, str(one.sends), one.says) for one in each]
    screen.table("Mappings", ("name", "sends", "what it reads"), rows, "")


def import_(
    file: _File,
    agency: Annotated[str, typer.Option("--for", metavar="AGENCY", help="Whose file it is.")],
    format: _Format = None,
    mapping_file: _MappingFile = None,
    period: Annotated[
        str | None, typer.Option("--period", help=f"Of a census: {periods.HOW}.")
    ] = None,
    sends: _As = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent, and what is wrong.")
    ] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Send the sound lines, without the wrong ones.")
    ] = False,
    answers_to: Annotated[
        Path | None,
        typer.Option("--answers", help="Write what became of each line there, as CSV."),
    ] = None,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Take in a period from a file of another system, with that agency's credential.

    As a census, unless said otherwise: the list is compared with what Homeward knows, nobody is
    told of absences long over, and nothing is changed. --as messages tells them as if they were
    sent now, for what Homeward has never heard of: whoever must know is told, and what is owed for
    them may be late on arrival.

    Exit code 1 when a line is wrong, or is refused. The same file again changes nothing.
    """
    known = Directory.shipped()
    chosen = _mapping(format, mapping_file)
    kind = sends or Sends.census
    if kind is Sends.messages and not chosen.can_be_messages:
        raise Misuse(
            f"{chosen.name} has no times, so no message can be made of it: leave out --as, and it "
            "is compared as a census"
        )
    content = _bytes(file)
    speaker = _speaker(agency, chosen, kind, known)
    read, days = _read(content, chosen, kind, speaker, period, known)
    stops = bool(read.wrong) and not leave_out
    if dry_run or stops or not (read.prepared or read.entries or not read.problems):
        _preview(read, kind, days, dry_run=dry_run, as_json=as_json)
        if answers_to:
            answers.write(answers_to, answers.of_problems(read.problems))
        raise typer.Exit(1 if read.wrong else 0)
    lines = _to_send(file, read, chosen, kind, days, speaker)
    told, compared = _run(_imported(homes.settings(home, kafka), agency, lines))
    all_of_it = [*answers.of_problems(read.problems), *told]
    if answers_to:
        answers.write(answers_to, all_of_it)
    _show(all_of_it, compared, kind, as_json)
    if any(one.outcome == answers.REFUSED for one in all_of_it):
        raise typer.Exit(1)


def feed(
    folder: _Folder,
    agency: Annotated[str, typer.Option("--as", metavar="AGENCY", help="Who sends it.")],
    format: _Format = None,
    mapping_file: _MappingFile = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when nothing is waiting; for a timer.")
    ] = False,
    quiet: Annotated[
        float, typer.Option(min=0.1, help="A file that looks whole is ready after so many seconds.")
    ] = 2,
    patience: Annotated[
        float, typer.Option(min=1, help="One that does not is read as it is after so many.")
    ] = 60,
    home: Home = None,
    kafka: Kafka = None,
    as_json: Json = False,
) -> None:
    """
    Take in what a system drops into a folder, with that agency's credential, until Ctrl-C.

    Each file is moved to `taken`, with its answers beside it, line by line; to `refused`, if
    nothing of it could be taken. A file that is being written is left alone: surest is to write it
    under a name that ends in .part, and to rename it. A link is never followed. Nothing is taken
    twice, whatever is dropped again.
    """
    from producers.exchange.feeding import require_folder

    require_folder(folder)
    settings, known = homes.settings(home, kafka), Directory.shipped()
    chosen = _mapping(format, mapping_file)
    homes.agency_access(settings, agency)
    _speaker(agency, chosen, chosen.sends, known)
    if not as_json:
        screen.say(f"Watching {folder} as {known.name_of(agency)}; Ctrl-C ends it")
    refused = 0
    with _alone(settings, agency, folder):
        try:
            refused = _run(_fed(settings, agency, chosen, folder, (quiet, patience), once, as_json))
        except KeyboardInterrupt:  # how watching ends
            raise typer.Exit(0) from None
    if refused:
        raise typer.Exit(1)


# -- what is read


def _mapping(format: str | None, file: Path | None) -> Mapping:
    if (format is None) == (file is None):
        raise Misuse(
            f"name a --format ({', '.join(mapping.shipped())}), or a --mapping FILE of your own"
        )
    if format is not None:
        return mapping.read(mapping.shipped_text(format).encode(), format)
    assert file is not None
    return mapping.read(_bytes(file), str(file))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misuse(f"cannot read {file}: {error.strerror}") from error


def _speaker(agency: str, chosen: Mapping, kind: Sends, known: Directory) -> Speaker:
    if kind_of(agency) not in DESKS:
        raise Misuse(f"{agency} cannot: police forces, councils and homes send such lists")
    usual = message_file.default_desk(agency, known).partition("/")[2]
    desk = DESKS[kind_of(agency)] if kind is Sends.census else chosen.desk or usual
    return Speaker(agency, desk, SystemClock().now())


def _read(
    content: bytes,
    chosen: Mapping,
    kind: Sends,
    speaker: Speaker,
    period: str | None,
    known: Directory,
) -> tuple[Read, periods.Days | None]:
    if kind is Sends.messages:
        return as_messages(content, chosen, speaker, known), None
    if period is None:
        raise Misuse(f"a census is of a period: say --period, {periods.HOW}")
    days = periods.read(period)
    return as_entries(content, chosen, speaker.agency, days, known), days


def _to_send(
    file: Path,
    read: Read,
    chosen: Mapping,
    kind: Sends,
    days: periods.Days | None,
    speaker: Speaker,
) -> tuple[Prepared, ...]:
    if kind is Sends.messages:
        return read.prepared
    assert days is not None
    drawn_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    entries = [one.entry for one in read.entries]
    parts = listing.census(entries, days, speaker, drawn_at, chosen.scope)
    return (Prepared(0, "", tuple(parts)),)


# -- what is sent


async def _imported(
    settings: Settings, agency: str, lines: tuple[Prepared, ...]
) -> "tuple[list[Answered], list[Differences]]":
    """What became of each message; and of a census that is new, what it differs in."""
    from producers.client import AgencyClient  # slow to load
    from producers.exchange.taken import Taken
    from producers.exchange.telling import tell

    access = homes.agency_access(settings, agency)
    with Taken(_memory(settings, agency)) as taken:
        async with AgencyClient(access, agency) as client:
            told = await tell(client, taken, lines, SystemClock())
            news = any(one.outcome == answers.ACCEPTED for one in told)
            first = lines[0].messages[0]
            is_list = isinstance(first, Census)
            return told, await _compared(client, first.message_id) if news and is_list else []


async def _compared(client: "AgencyClient", census: UUID) -> list[Differences]:
    """What differs, if it comes soon: it is compared a moment after it was accepted."""
    deadline = asyncio.get_running_loop().time() + _COMPARED_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        read = [one.message async for one in client.read()]
        found = [one for one in read if isinstance(one, Differences) and one.of == census]
        if found and len(found) >= found[0].parts:
            return found
        await asyncio.sleep(1)
    return []


async def _fed(
    settings: Settings,
    agency: str,
    chosen: Mapping,
    path: Path,
    waits: tuple[float, float],
    once: bool,
    as_json: bool,
) -> int:
    from producers.client import AgencyClient  # slow to load
    from producers.exchange.feeding import Feed
    from producers.exchange.folder import Folder
    from producers.exchange.taken import Taken

    known, clock, refused = Directory.shipped(), SystemClock(), 0
    access = homes.agency_access(settings, agency)
    with Taken(_memory(settings, agency)) as taken:
        async with AgencyClient(access, agency) as client:
            feed = Feed(
                Folder(path, chosen.shape.type, *waits),
                chosen,
                lambda: _speaker(agency, chosen, chosen.sends, known),
                client,
                taken,
                known,
                clock,
                screen.say,
            )
            async for fed in feed.run(once=once):
                refused += fed.refused
                _show_fed(fed, as_json)
    return refused


def _memory(settings: Settings, agency: str) -> Path:
    return settings.home / "feeds" / f"{agency}.sqlite"


@contextmanager
def _alone(settings: Settings, agency: str, folder: Path) -> Iterator[None]:
    """Have the feeds of this agency for this process alone: `Misuse` while another one has them."""
    where = settings.home / "feeds"
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (where / f"{agency}.lock").open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misuse(
                f"another process feeds for {agency} from this home: one is enough, and a second "
                f"one for {folder} would answer its files too"
            ) from None
        yield


def _run(work: Any) -> Any:
    # It logs each attempt to connect; what is wrong is raised anyway.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(work)


# -- what is shown


def _preview(
    read: Read, kind: Sends, days: periods.Days | None, *, dry_run: bool, as_json: bool
) -> None:
    kinds = Counter(message.KIND for line in read.prepared for message in line.messages)
    ready = len(read.prepared) + len(read.entries)
    if as_json:
        screen.print_json(
            {
                "lines": read.lines,
                "ready": ready,
                "wrong": read.wrong_lines,
                "sent": False,
                "sends": str(kind),
                "messages": dict(kinds),
                "period": [day.isoformat() for day in days] if days else None,
                "unknown_columns": list(read.unknown),
                "problems": [asdict(one) | {"notes": one.notes} for one in read.problems],
            }
        )
        return
    out = screen.out()
    rows = [(one.line or "file", one.column, one.code, one.words) for one in read.problems]
    screen.table("What is wrong", ("line", "column", "code", "what to do"), rows[:_SHOWN], "")
    if len(rows) > _SHOWN:
        out.print(f"... and {len(rows) - _SHOWN} more; --answers FILE has them all")
    if read.unknown:
        out.print(escape(f"Columns that the mapping does not speak of: {', '.join(read.unknown)}"))
    what = ", ".join(f"{count} {name}" for name, count in kinds.items())
    if kind is Sends.census and days:
        what = f"a census of {ready} from {days[0]} to {days[1]}"
    out.print(f"{read.lines} lines: {ready} ready, {read.wrong_lines} wrong.")
    if dry_run:
        out.print(escape(f"Nothing was sent. It would be {what or 'nothing'}."))
    else:
        out.print(
            "Nothing was sent: mend what is wrong, or send the rest with --leave-out.",
            style="bold",
        )


def _show(told: "list[Answered]", compared: list[Differences], kind: Sends, as_json: bool) -> None:
    if as_json:
        lines = [line.model_dump(mode="json") for one in compared for line in one.differences]
        words = compared[0].words if compared else None
        said = {"answers": [asdict(one) for one in told], "differences": lines, "words": words}
        screen.print_json(said)
        return
    refused = [one for one in told if one.outcome == answers.REFUSED]
    rows = [(one.line or "file", one.column, one.code, one.words) for one in refused]
    screen.table("Refused", ("line", "column", "code", "what to do"), rows[:_SHOWN], "")
    count = Counter(one.outcome for one in told)
    screen.out().print(", ".join(f"{number} {what}" for what, number in count.items()) + ".")
    if kind is not Sends.census:
        return
    if not compared:
        screen.out().print("What differs comes to the inbox, and to whom it concerns.")
        return
    screen.print_folded(compared[0].words)
    differing = [line for one in compared for line in one.differences]
    shown = [
        (
            line.what.replace("-", " "),
            line.reference or "",
            line.episode or "",
            line.started_at,
            ", ".join(each.field.replace("-", " ") for each in line.fields) or line.why or "",
        )
        for line in differing
    ]
    columns = ("what", "your reference", "episode", "started", "why")
    screen.table("", columns, shown[:_SHOWN], "")


def _show_fed(fed: "Fed", as_json: bool) -> None:
    if as_json:
        screen.print_json(asdict(fed), one_line=True)
        return
    from producers.exchange.feeding import shown

    name = shown(fed.file)
    if not fed.accepted + fed.before:
        said = f"{name}: nothing of it could be taken"
    else:
        said = f"{name}: {fed.lines} lines, {fed.accepted} messages accepted"
        said += f", {fed.before} taken before" if fed.before else ""
        said += f", {fed.refused} lines refused" if fed.refused else ""
    screen.out().print(escape(f"{said}; see {shown(str(fed.answers))}"), soft_wrap=True)
