"""The homes on Homeward: where each is, whose police look for its children, what it has ready."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from broker.decision import Arrival, Decision
from broker.directory import Directory
from broker.ledger import tables as t
from broker.ledger.agencies import on_broker_since
from broker.ledger.book import Book
from broker.notices import recorded, short_receipt
from schemas.codec import decode
from schemas.readiness import HomeReadiness


@dataclass(frozen=True, slots=True)
class Home:
    """One home; None: it has not said that it has it, or where it lies is not known."""

    home: str
    name: str
    area: str | None
    force: str | None
    care_pack: str | None = None
    care_pack_given_on: date | None = None
    procedure_of: date | None = None


def fold_readiness(message: HomeReadiness, arrival: Arrival, book: Book) -> None:
    """Record what a home says of itself."""
    content, post = recorded(message, arrival)
    words = "Your area's council and police can see it." if message.care_pack else (
        "You name no care pack: your home is listed as without one."
    )  # fmt: skip
    short = short_receipt(message, words, arrival)
    book.apply(Decision(contents=(content, short[0]), posts=(post, short[1])))


def homes(connection: Connection, directory: Directory, of: str | None = None) -> list[Home]:
    """The homes on the broker, in order of name; `of`: those in a council's or a force's area."""
    said = _said(connection)
    found = [
        _home(agency, directory, said.get(agency))
        for agency in on_broker_since(connection)
        if agency.startswith("provider.")
    ]
    whose = directory.today(of) if of else None
    return sorted(
        (one for one in found if whose in (None, one.area, one.force)),
        key=lambda one: (one.name, one.home),
    )


def _home(agency: str, directory: Directory, said: HomeReadiness | None) -> Home:
    return Home(
        home=agency,
        name=directory.name_of(agency),
        area=directory.area_of(agency),
        force=directory.police_for(agency),
        care_pack=said.care_pack if said else None,
        care_pack_given_on=said.care_pack_given_on if said else None,
        procedure_of=said.procedure_of if said else None,
    )


def _said(connection: Connection) -> dict[str, HomeReadiness]:
    """The last word of each home, by when it was so."""
    found: dict[str, HomeReadiness] = {}
    for message in _all(connection):
        held = found.get(message.sender)
        if held is None or held.occurred_at <= message.occurred_at:
            found[message.sender] = message
    return found


def _all(connection: Connection) -> Iterator[HomeReadiness]:
    m = t.message.c
    query = select(m.value).where(m.kind == HomeReadiness.KIND, m.exercise.is_(False))
    for value in connection.execute(query.order_by(m.number)).scalars():
        said = decode(value) if value else None
        if isinstance(said, HomeReadiness):
            yield said
