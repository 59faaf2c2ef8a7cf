"""What each side is told of a compared census: by the least it needs, without names. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from broker.census.checking import List
from broker.census.comparing import Absence, Comparison, Listed, part_of
from broker.decision import OPERATIONS, Content, Moment, Post, inbox
from broker.directory import Directory, kind_of
from broker.keys import derived
from broker.working_time import local_due, london_day
from schemas.census import Difference, DifferenceKind, Differences, Scope, WhyOnlyThem
from schemas.message import BROKER
from schemas.values import agency_of

LINES = 300  # of one message
CENSUS = "census"

# Where the other side reads it: councils their figures, a force its missing people.
_DESKS = {"la": "performance", "police": "missing-unit"}


@dataclass(frozen=True, slots=True)
class Compared:
    """A census that was compared, and the earlier one of its period, if there was one."""

    list: List
    whole: Comparison
    known_to: Mapping[UUID, frozenset[str]]  # of the absences that differ: who knows of them
    replaced: List | None = None
    told_before: tuple[str, ...] = ()  # addresses that were told of the earlier one
    told: tuple[tuple[str, Differences], ...] = ()  # of this one, by earlier comparisons


def differing_absences(whole: Comparison) -> tuple[Absence, ...]:
    return (*(pair.absence for pair in whole.differing), *whole.only_us)


def others_told(compared: Compared, directory: Directory) -> tuple[str, ...]:
    """
    The addresses of the other side that something differs for, or that were told it did.

    Of a provider the council of its area; of a force the lead councils, and the council that an
    entry names; of a council the forces of the places.
    """
    found: dict[str, None] = {}
    for one in differing_absences(compared.whole):
        found.update(dict.fromkeys(_concerned(compared.list.agency, one, directory)))
    for alone in compared.whole.only_them:
        found.update(dict.fromkeys(_named(compared.list.agency, alone.listed, directory)))
    own = directory.today(compared.list.agency)
    agencies = sorted(agency for agency in found if agency != own)
    told = [f"{agency}/{_DESKS[kind_of(agency)]}" for agency in agencies]
    before = [one for one in compared.told_before if agency_of(one) not in (own, *agencies)]
    return (*told, *before)


def _concerned(sender: str, one: Absence, directory: Directory) -> Iterator[str]:
    """Whom of the other side an absence concerns."""
    match kind_of(sender):
        case "provider":
            agency = directory.area_of(sender)
        case "police":
            agency = one.lead
        case _:
            agency = one.force
    if agency and kind_of(agency) in _DESKS:
        yield directory.today(agency)


def _named(sender: str, one: Listed, directory: Directory) -> Iterator[str]:
    """Whom of the other side an entry concerns that we know no absence for."""
    match kind_of(sender):
        case "provider":
            agency = directory.area_of(sender)
        case "police":
            agency = directory.canonical(one.authority) if one.authority else None
        case _:
            agency = directory.police_for(one.authority) if one.authority else None
    if agency:
        yield agency


def shown_to(compared: Compared, directory: Directory) -> dict[str, Comparison]:
    """What the sender sees, and what each address of the other side does: its own part."""
    shown = {compared.list.parts[1].address: compared.whole}
    for address in others_told(compared, directory):
        agency = agency_of(address)

        def theirs(one: Listed, agency: str = agency) -> bool:
            return agency in _named(compared.list.agency, one, directory)

        def ours(one: Absence, agency: str = agency) -> bool:
            return agency in _concerned(compared.list.agency, one, directory)

        shown.setdefault(address, part_of(compared.whole, theirs, ours))
    return shown


def said(
    compared: Compared,
    shown: Mapping[str, Comparison],
    settle_by: Mapping[str, datetime],
    because: str,
    moment: Moment,
    directory: Directory,
) -> tuple[list[Content], list[Post]]:
    """What is told to each of them; nothing to whom it says nothing new."""
    contents, posts = list[Content](), list[Post]()
    for address, part in shown.items():
        more = _to(address, compared, part, settle_by.get(address), because, moment, directory)
        contents += more[0]
        posts += more[1]
    return contents, posts


def _to(
    address: str,
    compared: Compared,
    shown: Comparison,
    settle_by: datetime | None,
    because: str,
    moment: Moment,
    directory: Directory,
) -> tuple[list[Content], list[Post]]:
    one = compared.list
    lines = list(_lines(shown, agency_of(address), compared.known_to))
    told = [message for to, message in compared.told if to == address]
    if told and _is_the_same(told, shown, lines):
        return [], []
    again = [moment.now.isoformat()] if told else []
    pages = [lines[at : at + LINES] for at in range(0, len(lines), LINES)] or [[]]
    contents, posts = [], []
    for number, page in enumerate(pages, 1):
        message = Differences(
            message_id=derived("differences", one.id, address, number, *again),
            sender=BROKER,
            from_address=OPERATIONS,
            occurred_at=moment.now,
            sent_at=moment.now,
            exercise=one.exercise,
            of=one.parts[1].message_id,
            replaces=compared.replaced.parts[1].message_id if compared.replaced else None,
            by=one.agency,
            period_from=one.first,
            period_to=one.last,
            part=number,
            parts=len(pages),
            theirs=shown.theirs,
            ours=shown.ours,
            both=len(shown.pairs),
            differences=tuple(page),
            words=words(compared, shown, address, directory, settle_by),
            scope=Scope(one.scope),
            settle_by=settle_by if shown.unsettled else None,
        )
        content = Content(next(moment.contents), message)
        contents.append(content)
        posts.append(
            Post(
                id=derived("delivery", message.message_id),
                content=content.number,
                destination=inbox(address),
                address=address,
                because=because,
                message=one.parts[1].number,
                exercise=one.exercise,
            )
        )
    return contents, posts


def _is_the_same(
    told: Sequence[Differences], shown: Comparison, lines: Sequence[Difference]
) -> bool:
    """Whether the last comparison that this address was told says all of it already."""
    latest = [message for message in told if message.sent_at == told[-1].sent_at]
    counts = (shown.theirs, shown.ours, len(shown.pairs))
    before = [line for message in latest for line in message.differences]
    return before == list(lines) and counts == (told[-1].theirs, told[-1].ours, told[-1].both)


def _lines(
    shown: Comparison, reader: str, known_to: Mapping[UUID, frozenset[str]]
) -> Iterator[Difference]:
    """
    What differs; the shared reference only for who was told of the absence or reported it.

    Whoever quotes a shared reference is believed to mean that absence, so nobody new is given it.
    """

    def shared(one: Absence) -> str | None:
        return str(one.id) if reader in known_to.get(one.id, ()) else None

    for pair in shown.differing:
        yield Difference(
            what=DifferenceKind.different,
            reference=pair.listed.reference,
            episode=shared(pair.absence),
            started_at=pair.listed.started_at,
            fields=pair.fields,
            explained=shown.why_it_stays(pair),
        )
    for alone in shown.only_them:
        yield Difference(
            what=DifferenceKind.only_them,
            reference=alone.listed.reference,
            started_at=alone.listed.started_at,
            why=alone.why,
            explained=shown.why_it_stays(alone),
        )
    for one in shown.only_us:
        yield Difference(
            what=DifferenceKind.only_us,
            episode=shared(one),
            started_at=one.started_at,
            explained=shown.why_it_stays(one),
        )


def words(
    compared: Compared,
    shown: Comparison,
    address: str,
    directory: Directory,
    settle_by: datetime | None = None,
) -> str:
    """A census compared, in a few sentences for one side."""
    one = compared.list
    to_sender = agency_of(address) == one.agency
    whose = "you" if to_sender else directory.name_of(one.agency)
    them = f"{len(shown.only_them)} only with {whose}"
    counts = (
        f"{shown.theirs} in the census, {shown.ours} with Homeward: {len(shown.pairs)} on both "
        f"sides, {them}, {len(shown.only_us)} only with us."
    )
    of = " (looked-after children)" if one.scope == Scope.looked_after else ""
    said = [f"Census for {period_words(one.first, one.last)}{of}:"]
    if not to_sender:
        reader = directory.name_of(agency_of(address))
        said = [f"{said[0][:-1]} of {whose}, what concerns {reader}:"]
    said.append(counts)
    if shown.differing:
        said.append(
            f"Of those on both sides {len(shown.differing)} differ (times by more than 15 minutes, "
            "a local number)."
        )
    said += _why(shown, "your" if to_sender else "their")
    if stays := sum(line.explained is not None for line in _lines(shown, "", {})):
        who = "You say" if to_sender else f"{whose} says"
        said.append(f"{who} of {stays} difference{'' if stays == 1 else 's'} why it stays.")
    if compared.replaced:
        said.append(f"It takes the place of the census of {_day(compared.replaced)}.")
    if one.nil and to_sender:
        said.append("You said that there was no absence.")
    said.append("Nothing was merged or changed.")
    if shown.unsettled and settle_by:
        said.append(
            f"Please settle the {shown.unsettled} that nothing explains by {local_due(settle_by)} "
            "(local): correct what is wrong by a message, or answer this with closed and the "
            "reason. Homeward compares again each night."
        )
    return " ".join(said)


def _why(shown: Comparison, whose: str) -> Iterator[str]:
    each = [alone.why for alone in shown.only_them]
    for why, text in (
        (WhyOnlyThem.cancelled_by_sender, f"cancelled by {whose} own message"),
        (WhyOnlyThem.cancelled, "cancelled by who reported it"),
        (WhyOnlyThem.same_absence, "the same absence as another line of the census"),
    ):
        if count := each.count(why):
            yield f"Only in the census, {text}: {count}."


def _day(one: List) -> str:
    return _written(london_day(one.drawn_at))


def period_words(first: date, last: date) -> str:
    """`1 Jun to 30 Jun 2026`."""
    start = f"{first.day} {first:%b}" + (f" {first:%Y}" if first.year != last.year else "")
    return f"{start} to {_written(last)}"


def _written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def receipt_words(one: List, *, replaced: List | None, outdated: bool, met: Iterable[str]) -> str:
    """What became of a census, or of a part of one."""
    period = period_words(one.first, one.last)
    if not one.is_complete:
        return f"{len(one.parts)} of {one.of} parts of the census for {period} are here."
    absences = f"{one.entries} absence{'' if one.entries == 1 else 's'}"
    what = "nil return" if one.nil else f"census of {absences}"
    said = f"The {what} for {period} is complete."
    if outdated:
        said += " A later one of this period is held already, so it is kept and not compared."
    elif replaced:
        said += f" It takes the place of the census of {_day(replaced)}."
    if not outdated:
        said += " The differences follow."
    months = ", ".join(met)
    return f"{said} What was owed is met: {months}." if months else said
