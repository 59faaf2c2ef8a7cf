"""`homeward paper`: contact sheets and forms for the hours in which Homeward itself is down."""

import secrets
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from broker import paper
from broker.cli import home as homes
from broker.cli import pages, screen
from broker.cli.options import Home, Json, LedgerUrl
from broker.clock import SystemClock
from broker.directory import Directory, kind_of
from broker.errors import Misuse, Unavailable
from broker.ledger import tables as t
from broker.ledger.agencies import Agencies
from broker.ledger.engine import Ledger
from broker.provision import inbox
from broker.settings import Settings
from broker.working_time import london_day

_MET_WITHIN = timedelta(days=365)


def add_to(app: typer.Typer) -> None:
    app.command(
        "paper", epilog="Example: homeward paper --for la.E08000030 --copies 5 > paper.txt"
    )(print_)


def print_(
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="AGENCY", help="For one agency; else for the whole area."),
    ] = None,
    copies: Annotated[
        int, typer.Option(min=0, max=200, help="Forms of each kind; 0: the contact sheet alone.")
    ] = 2,
    home: Home = None,
    ledger: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """
    Print what to work with while Homeward is down: whom to telephone, and numbered forms.

    Print it before it is needed, and again when desks change: text of 80 columns, with page breaks.

    The contact sheet has the desks of the agencies concerned: hours, cover, and the number that
    `homeward agency add --phone` recorded, or a line to write it on. With --for these are the
    agency's own desks, its police, council and homes, and whom it has had to do with in a year.

    There is a form for each kind of message: a child is missing, news, back; safe and well check;
    return interview; an answer by telephone. Each has its own number with a check character, so
    print more of them instead of copying one. Write TRUE times on them: when it happened, when and
    by whom you were told, whom you telephoned and when.

    When Homeward is back, each form is entered as a message: its number as paper_form, the true
    time as occurred_at. That pages nobody, and timescales are judged by the true times.

    It needs neither Kafka nor Homeward to run. Without a ledger it prints from the directory of
    councils and police forces that Homeward is shipped with.
    """
    now = SystemClock().now()
    known = _look_up(homes.settings(home, None, ledger), for_)
    contacts = _contacts(known, for_)
    kinds = paper.forms_for(kind_of(for_) if for_ else None)
    first = secrets.randbelow(paper.NUMBERS)
    forms = paper.forms(kinds, copies, london_day(now), first)
    if as_json:
        said = {"printed_at": now, "for": for_, "ledger": known.from_ledger}
        lists = {"contacts": map(asdict, contacts), "forms": map(asdict, forms)}
        screen.print_json(said | {name: list(each) for name, each in lists.items()})
        return
    for_whom = known.directory.name_of(for_) if for_ else "the whole area"
    printed = pages.contact_pages(contacts, for_whom, now)
    printed += [page for form in forms for page in pages.form_pages(form)]
    sys.stdout.write(pages.text_of(printed))


@dataclass(frozen=True, slots=True)
class _Known:
    """Who is known: from the ledger, or only as shipped."""

    directory: Directory = field(default_factory=Directory.shipped)
    joined: Collection[str] = ()
    met: Collection[str] = ()
    from_ledger: bool = False


def _contacts(known: _Known, agency: str | None) -> list[paper.Contact]:
    if agency is None:
        return paper.everyone(known.directory, known.joined)
    today = known.directory.canonical(agency)
    if today is None:
        raise Misuse(
            f"{agency} is not known here: see `homeward agency list --find`, or print for the "
            "council it is in"
        )
    return paper.concerned(known.directory, today, known.met)


def _look_up(settings: Settings, agency: str | None) -> _Known:
    """What the ledger knows; what is shipped when there is none, or it does not answer."""
    try:
        ledger = homes.open_ledger(settings)
        if ledger is None:
            screen.say("There is no ledger here: councils and police forces as shipped.")
            return _Known()
        try:
            return _asked(ledger, agency)
        finally:
            ledger.close()
    # Paper is for the day when things are broken: whatever the ledger has, it must not stop it.
    except (Unavailable, SQLAlchemyError) as error:
        screen.say(
            f"The ledger cannot be read ({type(error).__name__}): councils and police forces as "
            "shipped, without homes and telephone numbers."
        )
        return _Known()


def _asked(ledger: Ledger, agency: str | None) -> _Known:
    agencies, d, m = Agencies(), t.delivery.c, t.message.c
    with ledger.reading() as connection:
        directory = agencies.refresh(connection)
        met: set[str] = set()
        if agency:
            since = SystemClock().now() - _MET_WITHIN
            both = select(m.sender, d.destination).join(t.message, d.message == m.number)
            recent = both.where(d.decided_at > since, ~d.exercise)
            for ours in (m.sender == agency, d.destination == inbox(agency)):
                rows = connection.execute(recent.where(ours, d.address != "").distinct())
                met |= {each for row in rows for each in (row[0], row[1].removeprefix("inbox."))}
    return _Known(directory, agencies.joined, sorted(met - {agency}), from_ledger=True)
