"""`homeward agency`: who is on the broker, and how each connects."""

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from sqlalchemy import func, select

from broker import provision, quotas
from broker.cli import home as homes
from broker.cli import joining, screen
from broker.cli.options import Home, Json, Kafka, LedgerUrl
from broker.clock import SystemClock
from broker.connection import KafkaAccess
from broker.directory import Directory, Registered
from broker.errors import HomewardError, Misuse
from broker.ledger import tables as t
from broker.ledger.agencies import versions_read
from broker.ledger.engine import Ledger
from broker.settings import Settings
from schemas import generate
from schemas.kinds import KINDS

_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{1,24}(?: ext [0-9]{1,6})?")

Id = Annotated[str, typer.Argument(metavar="AGENCY", help="Such as la.E10000028.")]

commands = typer.Typer(
    help="Who is on the broker: topics, credential, rights and directory entry.",
    no_args_is_help=True,
)


@commands.command(
    epilog="Example: homeward agency add provider.SC999001 --name 'Hill House' --area la.E06000021"
)
def add(
    agency: Id,
    name: Annotated[
        str, typer.Option(help="Its name; councils and forces have theirs already.")
    ] = "",
    area: Annotated[str | None, typer.Option(help="The council it is in, for a provider.")] = None,
    function: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DESK[:cover=D][:rings=yes]",
            help="A desk that differs from those its kind has, or one more; may be repeated.",
        ),
    ] = None,
    phone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DESK=NUMBER",
            help="The telephone number of a desk, never of a person, for `homeward paper`; may be "
            "repeated.",
        ),
    ] = None,
    reads: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=VERSION",
            help="The highest version of a kind that it reads, if not the newest; may be repeated. "
            "`newest` alone: the newest of all.",
        ),
    ] = None,
    quota: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=MOST",
            help="The most it may ask of Kafka: write=512k or read=4M (bytes a second), time=50 "
            "(per cent of a thread); may be repeated. `default` alone: the usual.",
        ),
    ] = None,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Put an agency on the broker: its two topics, its credential, its rights, quota and entry.

    Doing it again brings the entry up to date and keeps the password, what it --reads and its
    --quota.
    """
    settings = homes.settings(home, kafka, ledger)
    functions = with_phones(agency, dict(desk(text) for text in function or ()), phone or ())
    versions = versions_of(reads) if reads else None
    most = quotas.typed(quota) if quota else None
    with homes.ledger(settings) as opened:
        now = SystemClock().now()
        bootstrap = homes.kafka(settings)
        joining.add(settings, bootstrap, opened, now, agency, name, area, functions, versions, most)
        shown = entry(settings, opened, agency)
    if as_json:
        screen.print_json(shown)
        return
    screen.out().print(f"[bold green]{escape(agency)}[/] ({escape(shown['name'])}) is on Homeward")
    _print_entry(shown)


@commands.command("list", epilog="Example: homeward agency list --find Stoke")
def list_(
    find: Annotated[
        str | None, typer.Option(help="Search the whole directory, by name or id.")
    ] = None,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """List the agencies on this broker, or find one in the directory of England and Wales."""
    settings = homes.settings(home, None, ledger)
    if find:
        rows = _found(settings, find)
        none = f"Nobody in the directory is called anything like {find}."
    else:
        with homes.ledger(settings) as opened:
            rows = _on_broker(opened)
        none = "No agency is on this broker yet: homeward agency add AGENCY"
    if as_json:
        screen.print_json(rows)
    else:
        columns = ("agency", "name", "area", "force", "on the broker")
        screen.table(
            "Agencies",
            columns,
            [(r["agency"], r["name"], r["area"], r["force"], r["on_broker"]) for r in rows],
            none,
        )


@commands.command(epilog="Example: homeward agency show la.E06000021 --json")
def show(
    agency: Id,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show everything an agency needs to connect, and what of it works already."""
    settings = homes.settings(home, kafka, ledger)
    with homes.ledger(settings) as opened:
        joining.require(opened, agency)
        shown = entry(settings, opened, agency)
    if as_json:
        screen.print_json(shown)
    else:
        _print_entry(shown)


@commands.command("test", epilog="Example: homeward agency test la.E06000021")
def try_(
    agency: Id,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Try an agency's credential and topics; exit code 1 when something does not work."""
    settings = homes.settings(home, kafka, ledger)
    homes.kafka(settings)
    with homes.ledger(settings) as opened:
        joining.require(opened, agency)
        checks = _connection(settings, agency)
    if as_json:
        lines = [{"what": what, "good": good, "detail": why} for what, good, why in checks]
        screen.print_json(lines)
    else:
        for line in _words(checks):
            screen.out().print(escape(line))
    if not all(good for _, good, _ in checks):
        raise typer.Exit(1)


@commands.command(epilog="Example: homeward agency rotate la.E06000021")
def rotate(
    agency: Id,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Give an agency a new password; the old one opens no new connection."""
    settings = homes.settings(home, kafka, ledger)
    with homes.ledger(settings) as opened:
        theirs = joining.rotate(settings, homes.kafka(settings), opened, agency)
    if as_json:
        screen.print_json({"agency": agency, "password_file": theirs.password_file})
    else:
        screen.out().print(
            f"The new password of {escape(agency)} is in {theirs.password_file}: hand it over by "
            "another way than this screen."
        )


@commands.command(epilog="Example: homeward agency remove provider.SC999001")
def remove(
    agency: Id,
    home: Home = None,
    kafka: Kafka = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Take an agency's credential and rights away.

    What is for it from now on waits; its topics and what is in them stay.
    """
    settings = homes.settings(home, kafka, ledger)
    with homes.ledger(settings) as opened:
        joining.remove(settings, homes.kafka(settings), opened, SystemClock().now(), agency)
    if as_json:
        screen.print_json({"agency": agency, "removed": True})
    else:
        screen.out().print(
            f"{escape(agency)} can connect no more. What is for it waits until it is added again."
        )


def with_phones(
    agency: str, functions: Mapping[str, dict[str, Any]], phones: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The desks of an agency with numbers as typed: `front-door=01922 555 0100`."""
    known = Directory.shipped().with_agencies([Registered(agency)]).desks(agency)
    desks = {each.address.partition("/")[2] for each in known} | functions.keys()
    found = dict(functions)
    for text in phones:
        name, _, number = text.partition("=")
        if name not in desks:
            raise Misuse(f"--phone {text}: {agency} has no desk {name}; it has {sorted(desks)}")
        if not _PHONE.fullmatch(number):
            raise Misuse(f"--phone {text}: write it like {name}=01922 555 0100")
        found[name] = {**found.get(name, {}), "phone": number}
    return found


def desk(text: str) -> tuple[str, dict[str, Any]]:
    """A desk as typed: `on-call`, `on-call:rings=yes`, `front-door:cover=on-call`."""
    name, *parts = text.split(":")
    given: dict[str, Any] = {}
    for part in parts:
        key, mark, value = part.partition("=")
        if not mark or key not in ("cover", "rings", "label"):
            raise Misuse(f"--function {text}: after the desk come cover=, rings= or label=")
        if key == "rings" and value not in ("yes", "no"):
            raise Misuse(f"--function {text}: rings is yes or no")
        given[key] = value == "yes" if key == "rings" else value
    return name, given


def versions_of(texts: Sequence[str]) -> dict[str, int]:
    """What an agency reads as typed: `missing.notification=1`, or `newest` alone."""
    if list(texts) == ["newest"]:
        return {}
    found = {}
    for text in texts:
        kind, _, version = text.partition("=")
        if kind not in KINDS:
            near = difflib.get_close_matches(kind, KINDS, 1)
            raise Misuse(
                f"--reads {text}: no kind is called {kind}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        if f"{kind}.v{version}" not in generate.published():
            newest = KINDS[kind].VERSION
            raise Misuse(f"--reads {text}: the versions of {kind} are 1 to {newest}")
        found[kind] = int(version)
    return found


def entry(settings: Settings, ledger: Ledger, agency: str) -> dict[str, Any]:
    """An agency as `agency show --json` shows it."""
    known = joining.directory(ledger)
    theirs = homes.agency_access(settings, agency) if _reachable(settings, agency) else None
    return {
        "agency": agency,
        "name": known.name_of(agency),
        "area": known.area_of(agency),
        "addresses": [each.address for each in known.desks(agency)],
        "topics": {"write": provision.outbox(agency), "read": provision.inbox(agency)},
        "kafka": _kafka(settings, agency, theirs),
        "quota": quota.shown() if (quota := _quota(settings, agency)) else None,
        "reads": _reads(ledger, agency),
        "ready": [*_words(_connection(settings, agency)), *_use(ledger, agency)],
    }


def _kafka(settings: Settings, agency: str, theirs: KafkaAccess | None) -> dict[str, Any]:
    return {
        "bootstrap_servers": theirs.bootstrap_servers if theirs else None,
        "security_protocol": settings.kafka_protocol,
        "sasl_mechanism": "SCRAM-SHA-512",
        "username": agency,
        "password_file": settings.secrets / f"{agency}.password",
        "ca_file": settings.kafka_ca_file,
        "group_prefix": f"{agency}.",
    }


def _quota(settings: Settings, agency: str) -> quotas.Quota | None:
    """The most it may ask of Kafka; None where that has no limit, or cannot be asked from here."""
    if not (settings.kafka or homes.running(settings)):
        return None
    try:
        return provision.quota_of(homes.admin(settings), agency)
    except HomewardError:
        return None


def _reads(ledger: Ledger, agency: str) -> dict[str, int]:
    """The highest version it gets of each kind, as `homeward agency add --reads` said."""
    with ledger.reading() as connection:
        lag = versions_read(connection).get(agency, {})
    return {kind: min(lag.get(kind, model.VERSION), model.VERSION) for kind, model in KINDS.items()}


def _reachable(settings: Settings, agency: str) -> bool:
    file = settings.secrets / f"{agency}.password"
    return file.exists() and bool(settings.kafka or homes.running(settings))


def _connection(settings: Settings, agency: str) -> list[tuple[str, bool, str]]:
    """What is tried with the agency's own credential: what, whether it works, and why not."""
    file = settings.secrets / f"{agency}.password"
    checks = [("its password is on this machine", file.exists(), f"no {file}")]
    if not (settings.kafka or homes.running(settings)):
        return [*checks, ("Kafka runs", False, "start it with `homeward up`")]
    if not file.exists():
        return checks
    theirs = homes.agency_access(settings, agency)
    try:
        provision.check(theirs, limit_seconds=10)
        names = {provision.outbox(agency), provision.inbox(agency)}
        seen = provision.topic_ids(theirs, names).keys()
    except HomewardError as error:
        return [*checks, ("its credential works", False, str(error))]
    lacking = ", ".join(sorted(names - seen))
    topics = ("it sees its two topics", not lacking, f"{lacking}: add the agency again")
    return [*checks, ("its credential works", True, ""), topics]


def _words(checks: list[tuple[str, bool, str]]) -> list[str]:
    return [f"yes: {what}" if good else f"no: {what}: {why}" for what, good, why in checks]


def _use(ledger: Ledger, agency: str) -> list[str]:
    """What the agency has done with it, as the ledger knows."""
    m, i = t.message.c, t.inbox.c
    with ledger.reading() as connection:
        sent = connection.execute(
            select(func.count(), func.max(m.accepted_at)).where(
                m.sender == agency, m.kind != "answer"
            )
        ).one()
        answered = connection.execute(
            select(func.count()).where(m.sender == agency, m.kind == "answer")
        ).scalar_one()
        inbox = connection.execute(
            select(i.sent, i.decided, i.parked).where(i.destination == provision.inbox(agency))
        ).one_or_none()
    return [
        f"yes: it has sent {sent[0]}, last {_time(sent[1])}"
        if sent[0]
        else "not yet: nothing sent",
        f"yes: it has answered {answered} deliveries" if answered else "not yet: nothing answered",
        _inbox_words(inbox),
    ]


def _inbox_words(inbox: Any) -> str:
    if inbox is None:
        return "no: it has no inbox"
    if inbox.parked:
        return f"no: its inbox is parked ({inbox.parked}), {inbox.decided - inbox.sent} wait"
    return f"yes: {inbox.sent} of {inbox.decided} deliveries are in its inbox"


def _time(at: datetime | None) -> str:
    return screen.time_of(at)


def _on_broker(ledger: Ledger) -> list[dict[str, Any]]:
    known = joining.directory(ledger)
    with ledger.reading() as connection:
        rows = connection.execute(select(t.agency).order_by(t.agency.c.id)).all()
    return [_line(known, row.id, row.channel != "none") for row in rows]


def _found(settings: Settings, text: str) -> list[dict[str, Any]]:
    opened = homes.open_ledger(settings)
    known, on_broker = Directory.shipped(), set[str]()
    if opened is not None:
        known = joining.directory(opened)
        on_broker = {row["agency"] for row in _on_broker(opened) if row["on_broker"]}
        opened.close()
    wanted = text.casefold()
    return [
        _line(known, each.id, each.id in on_broker)
        for each in known.agencies()
        if wanted in each.name.casefold() or wanted in each.id.casefold()
    ]


def _line(known: Directory, agency: str, on_broker: bool) -> dict[str, Any]:
    return {
        "agency": agency,
        "name": known.name_of(agency),
        "area": known.area_of(agency),
        "force": known.police_for(agency),
        "on_broker": on_broker,
    }


def _print_entry(shown: dict[str, Any]) -> None:
    kafka = shown["kafka"]
    lines = [
        ("writes to", shown["topics"]["write"]),
        ("reads", shown["topics"]["read"]),
        ("Kafka", kafka["bootstrap_servers"] or "not running"),
        ("login", f"{kafka['security_protocol']}, {kafka['sasl_mechanism']}, {kafka['username']}"),
        ("password in", kafka["password_file"]),
        ("consumer groups", f"whose name begins with {kafka['group_prefix']}"),
        ("at most", quotas.Quota(**shown["quota"]).words() if shown["quota"] else "not known here"),
        ("versions", _lag_words(shown["reads"])),
        ("addresses", ", ".join(each.partition("/")[2] for each in shown["addresses"])),
    ]
    for name, value in lines:
        screen.print_folded(f"{name:<16} {value}", "  ", " " * 19)
    for line in shown["ready"]:
        colour = "green" if line.startswith("yes") else "yellow"
        screen.out().print(f"  [{colour}]{escape(line)}[/]")


def _lag_words(reads: Mapping[str, int]) -> str:
    older = [
        f"{kind} up to version {version}"
        for kind, version in reads.items()
        if version < KINDS[kind].VERSION
    ]
    return ", ".join([*older, "the newest version of all else" if older else "the newest versions"])
