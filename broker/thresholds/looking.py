"""
An absence that goes on may reach a threshold as time goes by: Homeward looks at it again then.

What it does when it looks is in `reaching`, as after every message.
"""

from datetime import datetime
from uuid import UUID

from broker.decision import Moment, Rulebook
from broker.duties import Duty
from broker.episode import CaseKind, Episode, case_kind
from broker.ledger.book import Book
from broker.looks import keep, look
from broker.thresholds.applying import set_for
from broker.thresholds.counting import next_moment

LOOK = "look-at-thresholds"  # Homeward's own duty


def look_later(child: UUID, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Look again when an absence that goes on may reach a threshold; never at one that is over."""
    for episode in book.episodes_of(child):
        if case_kind(episode) is not CaseKind.absence:
            continue
        if episode.state.over and not book.may_owe(episode.id):
            continue
        wanted = _to_look(episode, moment.now, book, rules)
        keep(LOOK, wanted, episode, moment.now, book)


def _to_look(episode: Episode, now: datetime, book: Book, rules: Rulebook) -> Duty | None:
    absence = book.absence(episode)
    if absence is None:
        return None
    thresholds = [
        one for about in ("child", "home", "carer") for one in set_for(absence, about, rules)
    ]
    at = next_moment(thresholds, absence, now)
    return look(LOOK, episode, at, now) if at else None
