"""A time has come at which something is owed again: read it off the facts, and tell who owes it."""

from broker.decision import OPERATIONS, Decision, Moment, Rulebook
from broker.duties import Duty, met
from broker.ledger.book import Book
from broker.notices import noticed
from broker.owing import recompute


def look_again(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Open what is owed from now on; nothing, where the child is back."""
    done, event = met(duty, moment.now, moment.now, OPERATIONS)
    episode = book.episodes.get(duty.episode) if duty.episode else None
    if episode is None:
        book.apply(Decision(duties=(done,), events=(event,)))
        return
    changed = recompute(episode, book.duties_of(episode.id), rules, moment.now)
    contents, posts = noticed(changed, moment, rules, None)
    duties, events = (done, *changed.duties), (event, *changed.events)
    book.apply(Decision(episode, contents, posts, duties, events))
