"""
The life of a subscription: asked for, re-attested, suspended, over.

Its steps in time are Homeward's own (`timers`): the register when it starts, the duty to re-attest
thirty days before its last day, suspended when that day is over, expired thirty days later (all
local). The operator's part is in `overseeing`.
"""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from broker.decision import Arrival, Decision, Moment, Rulebook
from broker.duties import Duty
from broker.errors import Invalid, NotInThisState, NotYourSubscription
from broker.ledger.book import Book
from broker.notices import duty_notice, recorded, short_receipt
from broker.subscriptions.counts import Month
from broker.subscriptions.following import say_counts, start
from broker.subscriptions.request import asked_for, check_filter, check_until, required
from broker.subscriptions.rights import LIVE, RE_ATTEST, Subscription
from broker.subscriptions.states import become, schedule, settle
from schemas.notices import DutyChange
from schemas.subscription import (
    SubscriptionAsk,
    SubscriptionRequest,
)

_WAITS = "It waits for Homeward's operator to approve it."
_RUNS = "What stands now comes first, then news."


def fold_request(
    message: SubscriptionRequest, arrival: Arrival, book: Book, rules: Rulebook
) -> None:
    """Carry a council's request through, or refuse it in words that say what to do."""
    if message.ask is SubscriptionAsk.request:
        words = _request(message, arrival, book, rules)
    elif message.ask is SubscriptionAsk.re_attest:
        words = _re_attest(message, arrival, book, rules)
    elif message.ask is SubscriptionAsk.end:
        one = _own(message, book, LIVE)
        become(one, "ended", "You ended it.", arrival, book, rules)
        words = "The subscription has ended."
    else:
        raise Invalid("ask for request, re-attest or end", "ask")
    record, kept = recorded(message, arrival)
    receipt, post = short_receipt(message, words, arrival)
    book.apply(Decision(contents=(record, receipt), posts=(kept, post)))


def _request(message: SubscriptionRequest, arrival: Arrival, book: Book, rules: Rulebook) -> str:
    if message.subscription is not None:
        raise Invalid("a request for a new one names none: leave this out", "subscription")
    if book.want_subscription(message.message_id) is not None:
        raise Invalid("this id names another subscription: use a fresh one", "message_id")
    asked = asked_for(message, book.ties, arrival.now, rules.directory)
    one = Subscription(
        id=message.message_id,
        message=arrival.number,
        subscriber=message.sender,
        address=message.to or message.from_address,
        exercise=message.exercise,
        filter=asked,
        until=required(message.until),
        asked_at=arrival.now,
        changed_at=arrival.now,
    )
    become(one, "requested", _WAITS, arrival, book, rules)
    return _WAITS


def _re_attest(message: SubscriptionRequest, arrival: Arrival, book: Book, rules: Rulebook) -> str:
    one = _own(message, book, ("approved", "suspended"))
    if message.hosts or message.region or message.placed_by or message.homes or message.stages:
        raise Invalid(
            "what is asked for cannot be changed so: leave the filter out here, or end this one "
            "and ask for another",
            "hosts",
        )
    check_until(message.until, arrival.now)
    until = required(message.until)
    if until <= one.until:
        raise Invalid(f"it runs until {one.until} already: name a later day", "until")
    check_filter(one.filter, book.ties.councils(one.subscriber), rules.directory)
    settle(one, arrival, book, rules, by=message)
    suspended = one.state == "suspended"
    started_at = None if suspended else one.started_at
    again = replace(one, until=until, started_at=started_at)
    words = f"It runs until {until}." + (f" {_RUNS}" if suspended else "")
    become(again, "approved", words, arrival, book, rules, both_sides=suspended)
    return words


def _own(message: SubscriptionRequest, book: Book, states: Iterable[str]) -> Subscription:
    """The sender's own subscription; another's, and none at all, look the same."""
    one = book.want_subscription(message.subscription) if message.subscription else None
    if one is None or one.subscriber != message.sender or one.exercise != message.exercise:
        raise NotYourSubscription(
            "you have no such subscription: name the message id of your request", "subscription"
        )
    if one.state not in states:
        raise NotInThisState(
            f"this subscription is {one.state}: {message.ask.value} is for one that is "
            f"{' or '.join(states)}",
            "subscription",
        )
    return one


# -- in time


def step(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Take the step of one subscription whose time has come, whatever came between."""
    one = book.subscriptions[UUID(duty.occasion)]
    now = moment.now
    if one.state not in LIVE:
        return
    over = now >= one.ends_at
    if one.state == "requested" and over:
        become(one, "expired", "Nobody decided on it in time.", moment, book, rules)
        return
    if one.state == "approved" and over:
        words = "It was not re-attested in time: nothing more is sent."
        become(one, "suspended", words, moment, book, rules, both_sides=True)
        return
    if one.state == "suspended" and now >= one.gone_at:
        words = "It was not re-attested while it was suspended. Ask for another."
        become(one, "expired", words, moment, book, rules)
        return
    if one.state == "approved" and one.started_at is None:
        one = start(one, moment, book, rules)
        book.keep_subscription(one)
    if one.state == "approved" and now >= one.warns_at:
        _warn(one, moment, book, rules)
    schedule(one, moment, book)


def send_counts(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """Send one subscriber the counts of the month that is over."""
    one = book.subscriptions[UUID(duty.occasion)]
    if one.state not in LIVE:
        return
    if one.runs(moment.now):
        say_counts(one, Month.before(moment.now), moment, book, rules)
    schedule(one, moment, book)


def _warn(one: Subscription, moment: Moment, book: Book, rules: Rulebook) -> None:
    """The subscriber owes to say again that it needs this; once for each last day."""
    _, _, id = one.duty_ids
    if book.duty_called(id) is not None:
        return
    duty = Duty(
        id=id,
        name=RE_ATTEST,
        owed_by=one.address,
        because=one.name,
        basis="local",
        met_by=("subscription.request:ask=re-attest",),
        message=one.message,
        opened_at=moment.now,
        exercise=one.exercise,
        ends_with_absence=False,
        starts_at=moment.now,
        due_at=one.ends_at,
        next_at=one.ends_at,
        occasion=str(one.id),
    )
    why = (
        f" If you still need it, send a subscription.request that asks to re-attest {one.id}, "
        "with a later last day."
    )
    content, posts = duty_notice(duty, DutyChange.opened, moment, rules.directory, why=why)
    book.apply(Decision(contents=(content,), posts=tuple(posts), duties=(duty,)))
