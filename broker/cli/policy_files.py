"""What `homeward policy` is asked about: the active policy, the shipped one, a file or a folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from broker.cli import home as homes
from broker.cli import joining
from broker.clock import Clock
from broker.directory import Directory
from broker.errors import Misuse
from broker.ledger import activation, agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.policy.load import load_any, shipped, together, with_folder, with_one
from broker.policy.overlay import Overlay
from broker.policy.policies import Policies
from broker.settings import Settings

ACTIVE, SHIPPED = "active", "shipped"


def named(name: str, settings: Settings, ledger: Ledger | None) -> Policies:
    """
    The policies that a word or a path names.

    An overlay's file is laid upon what is active, in place of another of its name; the policy of a
    nation takes the place of the shipped one.
    """
    if name == SHIPPED:
        return shipped()
    if name == ACTIVE:
        return active(settings, ledger)
    return at(Path(name), settings, ledger)


def at(path: Path, settings: Settings, ledger: Ledger | None) -> Policies:
    """The policies that a file or a folder holds, as they would be in force here."""
    if path.is_dir():
        return with_folder(path)
    if not path.is_file():
        raise Misuse(f"cannot read {path}: there is no such file")
    found = load_any(path)
    if isinstance(found, Overlay):
        return with_one(active(settings, ledger), found)
    return together((*shipped().each.values(), found))


def active(settings: Settings, ledger: Ledger | None) -> Policies:
    """What decides here: as the ledger keeps it, else what lies in this home's folder."""
    known = active_version(ledger)
    if known is None or ledger is None:
        return homes.policies(settings)
    with ledger.reading() as connection:
        kept = activation.texts(connection, known.digest)
    if kept is not None:
        return kept
    here = homes.policies(settings)
    if known.digest != here.digest:
        raise Misuse(
            f"the text of the active policy {known.version} was not kept, as an earlier Homeward "
            "made it active: name `shipped`, a file or a folder in its place, or make what is here "
            "active with `homeward policy activate`"
        )
    return here


def active_version(ledger: Ledger | None) -> activation.Active | None:
    """Which policy decides; None where there is no ledger, or nothing was decided in it yet."""
    if ledger is None:
        return None
    with ledger.reading() as connection:
        return activation.active(connection)


@contextmanager
def ledger_here(settings: Settings) -> Iterator[Ledger | None]:
    """The ledger of this home; None where there is none yet."""
    opened = homes.open_ledger(settings)
    try:
        yield opened
    finally:
        if opened is not None:
            opened.close()


def directory(ledger: Ledger | None) -> Directory:
    """Everybody who is known here."""
    return Directory.shipped() if ledger is None else joining.directory(ledger)


@contextmanager
def empty(clock: Clock, known: Ledger | None) -> Iterator[Ledger]:
    """A ledger in memory with the agencies of another one, and nothing else."""
    made = Ledger("sqlite://")
    try:
        made.create(clock)
        if known is not None:
            copy_agencies(known, made)
        yield made
    finally:
        made.close()


def copy_agencies(known: Ledger, made: Ledger) -> None:
    with known.reading() as connection:
        rows = connection.execute(select(t.agency)).all()
    with made.deciding() as connection:
        for row in rows:
            functions = json.loads(row.functions)
            agencies.add(connection, row.id, row.name, row.area, functions, row.added_at)
