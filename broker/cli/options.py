"""The options that many commands have, once."""

import os
import pwd
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from broker.errors import Misuse
from broker.operators import Operator

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="HOMEWARD_HOME",
        help="All state of this machine; ~/.homeward if not given. Two homes never meet.",
        show_default=False,
        show_envvar=True,
        file_okay=False,
        resolve_path=True,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        envvar="HOMEWARD_KAFKA",
        help="Bootstrap servers of a Kafka that is not ours, HOST:PORT[,...].",
        show_default=False,
    ),
]
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        envvar="HOMEWARD_LEDGER",
        help="The ledger as SQLAlchemy names it; SQLite in the home if not given.",
        show_default=False,
    ),
]
PolicyFolder = Annotated[
    Path | None,
    typer.Option(
        "--policies",
        envvar="HOMEWARD_POLICIES",
        help="A folder of overlays beside what is shipped; `policy` in the home if not given.",
        show_default=False,
        file_okay=False,
        resolve_path=True,
    ),
]
SchemaRegistry = Annotated[
    str | None,
    typer.Option(
        "--schema-registry",
        envvar="HOMEWARD_SCHEMA_REGISTRY",
        help="Address of a Confluent-compatible registry; schema ids come from there. Its "
        "credential, user:password, is read from schema-registry.credential in the secrets.",
        show_default=False,
    ),
]

By = Annotated[
    str | None,
    typer.Option("--by", help="Who does it, where several share this account.", show_default=False),
]

_WHO = 80  # letters the audit has for whoever did it


def moment(given: str, option: str) -> datetime:
    """A time as somebody typed it: RFC 3339, with its zone."""
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise Misuse(
            f"{option} {given} is not a time: write it like 2026-03-27T22:10:00Z"
        ) from None
    if found.tzinfo is None:
        raise Misuse(f"{option} {given} has no time zone: write {given}Z for UTC, or {given}+01:00")
    return found.astimezone(UTC)


def day(given: str, option: str) -> date:
    """A day as somebody typed it."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise Misuse(f"{option} {given} is not a day: write it like 2026-03-27") from None


def operator(by: str | None) -> Operator:
    """Who acts: the user of the operating system, and whom they name."""
    try:
        account = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container: only a number
        account = ""
    if by is None:
        return Operator(account[:_WHO])
    named = Operator(by.strip()).who
    return Operator((f"{named} ({account})" if account else named)[:_WHO])
