"""
Homeward's own steps at a set time, that look at more than one absence.

Each is a duty that Homeward owes itself, so that the timekeeper takes it once and at its time.
"""

from collections.abc import Callable, Mapping

from broker.census.returns import ASK, ask
from broker.census.taking import COMPARE, compare_census
from broker.decision import Moment, Rulebook
from broker.digests import SEND, send
from broker.duties import Duty
from broker.ledger.book import Book
from broker.looking_again import look_again
from broker.reclassifying import RECLASSIFY, reclassify_now
from broker.recurring import LOOK as LOOK_AGAIN
from broker.subscriptions import subscribing
from broker.subscriptions.rights import COUNTS, STEP
from broker.thresholds import reaching
from broker.thresholds.looking import LOOK

Step = Callable[[Duty, Moment, Book, Rulebook], None]

# By the name of the duty.
TIMERS: Mapping[str, Step] = {
    COMPARE: compare_census,
    ASK: ask,
    STEP: subscribing.step,
    COUNTS: subscribing.send_counts,
    LOOK: reaching.look_again,
    RECLASSIFY: reclassify_now,
    LOOK_AGAIN: look_again,
    SEND: send,
}
