"""What is out and was not decided on again: whoever has it is told how it goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, select, update

from broker.decision import Moment, Rulebook
from broker.episode import Told
from broker.ledger import tables as t
from broker.ledger.book import Book
from broker.notices import joins_late
from broker.routing import OF_THE_ABSENCE
from broker.subscriptions.rights import is_by_subscription, is_taken_back
from schemas.codec import decode
from schemas.errors import Rejected


@dataclass(frozen=True, slots=True)
class Orphan:
    """A delivery that is out, and that this ledger did not decide on again."""

    delivery: UUID
    destination: str
    address: str
    because: str
    kind: str
    sequence: int
    episode: UUID | None
    view: str
    sent_at: datetime

    @property
    def joins(self) -> bool:
        """Whether its address knows by it of what is going on, and will be told the end."""
        aside = is_by_subscription(self.because) or is_taken_back(self.because)
        return bool(self.address) and self.kind in OF_THE_ABSENCE and not aside


def place(connection: Connection) -> list[Orphan]:
    """Put each where it belongs, as far as it says where that is."""
    a, d, c, m = t.already_out.c, t.delivery.c, t.content.c, t.message.c
    columns = (d.id, d.message, d.destination, d.address, d.because, d.sequence, d.view, a.sent_at)
    said = (c.kind, c.source, c.message_id, c.value, m.number, m.episode)
    query = (
        select(*columns, *said)
        .join(t.delivery, d.id == a.delivery)
        .join(t.content, c.number == d.content)
        .outerjoin(t.message, and_(m.sender == c.source, m.message_id == c.message_id))
        .order_by(d.destination, d.sequence)
    )
    found = []
    for row in connection.execute(query).all():
        e = t.episode.c
        named = select(e.id, e.child).where(e.id == (row.episode or _episode_said(row.value)))
        known = connection.execute(named).first()
        episode, child = (known.id, known.child) if known else (None, None)
        values = {"episode": episode, "child": child}
        if row.number is not None and row.message is None:
            values["message"] = row.number
        connection.execute(update(t.delivery).where(d.id == row.id).values(values))
        found.append(
            Orphan(
                row.id, row.destination, row.address, row.because, row.kind, row.sequence,
                episode, row.view, row.sent_at,
            )
        )  # fmt: skip
    return found


def join(orphans: Sequence[Orphan]) -> Callable[[Moment, Book, Rulebook], int]:
    """Let those who have them join what they were told of; how many had not joined before."""
    joining = [(one.episode, one) for one in orphans if one.joins and one.episode]

    def act(moment: Moment, book: Book, rulebook: Rulebook) -> int:
        book.look_up({id for id, _ in joining})
        joined = 0
        for id, one in joining:
            episode = book.episodes.get(id)
            if episode is None or one.address in episode.told:
                continue
            told, duties = Told(one.because, one.sent_at, one.view), book.duties_of(id)
            book.apply(joins_late(episode, duties, one.address, told, moment, rulebook, "restored"))
            joined += 1
        return joined

    return act


def _episode_said(value: bytes) -> UUID | None:
    try:
        return UUID(str(getattr(decode(value), "episode", "")))
    except (Rejected, ValueError):
        return None
