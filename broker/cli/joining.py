"""Bringing an agency onto the broker, and taking it off: Kafka first, then the ledger."""

import difflib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from broker import provision
from broker.connection import ADMIN, PARTS, KafkaAccess, access, replace_secret
from broker.directory import Directory, Override, Registered, kind_of
from broker.errors import Misuse
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.settings import Settings
from schemas.values import AGENCY_KINDS

_ID = re.compile(rf"^(?:{'|'.join(AGENCY_KINDS)})\.[A-Za-z0-9][A-Za-z0-9-]{{0,39}}$")
_GONE = "no-channel"

Functions = Mapping[str, Mapping[str, Any]]


def add(
    settings: Settings,
    bootstrap: str,
    ledger: Ledger,
    now: datetime,
    agency: str,
    name: str = "",
    area: str | None = None,
    functions: Functions | None = None,
    reads: Mapping[str, int] | None = None,
    quota: Mapping[str, float] | None = None,
) -> KafkaAccess:
    """
    Give an agency its topics, its credential and its entry; the answer is how it connects.

    Adding one again brings its entry up to date and keeps its password. The ledger comes last:
    from then on deliveries go out to it, and everything they need is there.
    """
    functions = functions or {}
    known = directory(ledger)
    area = area or known.area_of(agency) if kind_of(agency) == "provider" else area
    entry = checked(known, agency, name, area, functions)
    theirs = access(settings, bootstrap, agency)
    administrator = access(settings, bootstrap, ADMIN)
    provision.add_agency(administrator, agency, theirs.password(), quota=quota)
    with ledger.deciding() as connection:
        agencies.add(connection, agency, entry, area, functions, now, reads)
    return theirs


def checked(
    known: Directory, agency: str, name: str, area: str | None, functions: Functions
) -> str:
    """The name the agency will go by; `Misuse` when its entry would leave somebody untold."""
    if not _ID.fullmatch(agency):
        raise Misuse(
            f"{agency} is not an agency id: it is a kind and a code, such as la.E10000028, "
            f"police.E23000015 or provider.SC123456{perhaps(agency, known)}"
        )
    if kind_of(agency) == "broker":
        raise Misuse("the broker itself is not added")
    today = known.canonical(agency)
    if today not in (None, agency):
        raise Misuse(f"{agency} has another code today: add {today} ({known.name_of(today or '')})")
    if today is None and kind_of(agency) in ("la", "police") and not name:
        raise Misuse(
            f"{agency} is not in the directory{perhaps(agency, known)}; if it is new, give its "
            "--name, and the --area of a council with the same police force"
        )
    overrides = {function: Override(**given) for function, given in functions.items()}
    after = known.with_agencies([Registered(agency, name, area, overrides)])
    found = [text for text in after.problems() if text.startswith((f"{agency}:", f"{agency}/"))]
    if found:
        advice = "; give its --area, the council it is in" if area is None else ""
        raise Misuse("; ".join(found) + advice)
    return name or after.name_of(agency)


def remove(settings: Settings, bootstrap: str, ledger: Ledger, now: datetime, agency: str) -> None:
    """
    Take an agency's rights and credential away: what is decided for it from now on waits.

    Its topics, and what is in them, stay.
    """
    require(ledger, agency)
    provision.remove_agency(access(settings, bootstrap, ADMIN), agency)
    with ledger.deciding() as connection:
        connection.execute(
            update(t.agency).where(t.agency.c.id == agency).values(channel="none", removed_at=now)
        )
        connection.execute(
            update(t.inbox)
            .where(t.inbox.c.destination == provision.inbox(agency))
            .values(parked=_GONE, parked_at=now)
        )
        agencies.end_returns(connection, agency, now)
    (settings.secrets / f"{agency}.password").unlink(missing_ok=True)


def rotate(settings: Settings, bootstrap: str, ledger: Ledger, agency: str) -> KafkaAccess:
    """Give an agency another password; the old one opens no new connection."""
    require(ledger, agency)
    theirs = access(settings, bootstrap, agency)
    password = secrets.token_urlsafe(32)
    provision.rotate(access(settings, bootstrap, ADMIN), agency, password)
    assert theirs.password_file is not None
    replace_secret(theirs.password_file, password)
    return theirs


def make_again(
    settings: Settings, bootstrap: str, ledger: Ledger, *, with_agencies: bool
) -> list[str]:
    """
    Make what a Kafka lost: topics, users, rights; the answer is the agencies that lost something.

    What is there stays as it is, passwords of agencies too.
    """
    admin = access(settings, bootstrap, ADMIN)
    passwords = {user: access(settings, bootstrap, user).password() for user in PARTS}
    with ledger.reading() as connection:
        shards = connection.execute(select(func.count()).select_from(t.shard)).scalar_one()
        here = sorted(agencies.on_broker_since(connection))
    provision.prepare(admin, passwords, shards=shards)
    if not with_agencies:
        return []
    topics = [name(agency) for agency in here for name in (provision.outbox, provision.inbox)]
    there = provision.topic_ids(admin, topics).keys()
    without = [
        agency
        for agency in here
        if not {provision.outbox(agency), provision.inbox(agency)} <= there
    ]
    for agency in without:
        provision.make_again(admin, agency, access(settings, bootstrap, agency).password)
    return without


def directory(ledger: Ledger) -> Directory:
    """Everybody who is known: shipped, and added."""
    with ledger.reading() as connection:
        return agencies.directory_of(connection)


def require(ledger: Ledger, agency: str) -> None:
    """`Misuse` unless the agency is on the broker."""
    with ledger.reading() as connection:
        a = t.agency.c
        ids = list(connection.execute(select(a.id).where(a.channel != "none")).scalars())
        known = agencies.directory_of(connection)
    if agency not in ids:
        near = _nearest(agency, ids, 0.7) if known.agency(agency) is None else None
        hint = f"; did you mean {near}?" if near else ""
        raise Misuse(
            f"{agency} is not on this broker: add it with `homeward agency add {agency}`, or see "
            f"`homeward agency list`{hint}"
        )


def in_directory(agency: str, known: Directory) -> str:
    """The id by which an agency that somebody typed goes today."""
    found = known.canonical(agency)
    if found is None:
        near = perhaps(agency, known) or ": `homeward agency list --find NAME` finds it"
        raise Misuse(f"{agency} is not in the directory{near}")
    return found


def perhaps(typed: str, known: Directory) -> str:
    """
    Whom somebody may have meant, in brackets; nothing when nobody is near.

    One is named only if no other is as near: a wrong agency that is added is told about children.
    """
    each = {agency.id: agency.name for agency in known.agencies()}
    named = [id for id, name in each.items() if name.casefold() == typed.strip().casefold()]
    near = named[0] if len(named) == 1 else _nearest(typed, [*each], 0.8)
    if near is None:
        return ""
    if near:
        return f" (did you mean {near}, {each[near]}?)"
    return " (several ids are like it: `homeward agency list --find NAME` finds the right one)"


def _nearest(typed: str, ids: Sequence[str], least: float) -> str | None:
    """The id nearest to what was typed; empty when several are, None when none is near."""
    near = difflib.get_close_matches(typed, ids, 2, least)
    if not near:
        return None
    first, *others = (difflib.SequenceMatcher(None, id, typed).ratio() for id in near)
    return "" if others and others[0] >= first else near[0]
