"""
A subscription comes to stand otherwise: who is told, which steps are set, what is no longer owed.

The desk that it goes to is told of each change; that it is suspended, and that it goes on after
that, is told to the councils too whose placements it is about.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from broker.decision import OPERATIONS, Content, Decision, Moment, Post, Rulebook, inbox
from broker.duties import Duty, excused, met
from broker.keys import derived
from broker.ledger.book import Book
from broker.notices import duty_notice
from broker.subscriptions.counts import next_counts
from broker.subscriptions.rights import COUNTS, LIVE, STEP, Subscription
from schemas.message import BROKER
from schemas.notices import DutyChange
from schemas.subscription import SubscriptionNotice, SubscriptionRequest, SubscriptionState

_TOLD_ELSEWHERE = "placements"  # the desk of a council whose placements it is about


def become(
    one: Subscription,
    state: str,
    words: str,
    moment: Moment,
    book: Book,
    rules: Rulebook,
    *,
    reason: str = "",
    both_sides: bool = False,
) -> None:
    """A subscription stands so from now on: those it concerns are told, its steps set anew."""
    after = replace(one, state=state, changed_at=moment.now, reason=reason)
    book.keep_subscription(after)
    if state not in LIVE:
        settle(after, moment, book, rules)
    book.apply(_told(after, words, [after.address], moment, rules, to_subscriber=True))
    if both_sides:
        book.apply(_told(after, words, _other_side(after, rules), moment, rules))
    schedule(after, moment, book)


def _told(
    one: Subscription,
    words: str,
    to: Iterable[str],
    moment: Moment,
    rules: Rulebook,
    *,
    to_subscriber: bool = False,
) -> Decision:
    who = rules.directory.name_of(one.address if to_subscriber else one.subscriber)
    side = "subscriber" if to_subscriber else "area"
    message = SubscriptionNotice(
        message_id=derived(
            "subscription", one.id, one.state, one.until, side, moment.now.isoformat()
        ),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=moment.now,
        sent_at=moment.now,
        exercise=one.exercise,
        subscription=one.id,
        state=SubscriptionState(one.state),
        subscriber=one.subscriber,
        hosts=one.filter.hosts if to_subscriber else (),
        until=one.until,
        reason=one.reason or None,
        words=f"The subscription of {who} to placements is {one.state}. {words}",
    )
    content = Content(next(moment.contents), message)
    posts = tuple(
        Post(
            id=derived("delivery", message.message_id, address),
            content=content.number,
            destination=inbox(address),
            address=address,
            because=one.name,
            exercise=one.exercise,
        )
        for address in to
    )
    return Decision(contents=(content,) if posts else (), posts=posts)


def _other_side(one: Subscription, rules: Rulebook) -> list[str]:
    """The councils on Homeward whose placements it is about: the areas, else whose they are."""
    asked = one.filter
    homes = (rules.directory.area_of(home) or "" for home in asked.homes)
    named = asked.areas(rules.directory) or asked.placed_by or tuple(homes)
    councils = (it for it in dict.fromkeys(named) if it != one.subscriber and it in rules.joined)
    return [f"{council}/{_TOLD_ELSEWHERE}" for council in councils]


def settle(
    one: Subscription,
    moment: Moment,
    book: Book,
    rules: Rulebook,
    by: SubscriptionRequest | None = None,
) -> None:
    """The duty to re-attest is met by a request, or nobody needs it any more."""
    duty = book.duty_called(one.duty_ids[2])
    if duty is None or not duty.standing:
        return
    if by is not None:
        id = str(by.message_id)
        after, event = met(duty, by.occurred_at, moment.now, by.from_address, id)
    else:
        after, event = excused(duty, moment.now, one.state)
    content, posts = duty_notice(after, DutyChange(after.state), moment, rules.directory)
    decision = Decision(contents=(content,), posts=tuple(posts), duties=(after,), events=(event,))
    book.apply(decision)


def schedule(one: Subscription, moment: Moment, book: Book) -> None:
    """Set Homeward's own steps anew; there are none once it is over."""
    steps, counts, _ = one.duty_ids
    at: dict[tuple[UUID, str], datetime | None] = {(steps, STEP): one.next_step(moment.now)}
    at[counts, COUNTS] = next_counts(moment.now) if one.state in LIVE else None
    changed = []
    for (id, name), next_at in at.items():
        held = book.duty_called(id) or _own_step(one, id, name, moment)
        state = "cancelled" if next_at is None else "open"
        changed.append(replace(held, next_at=next_at, due_at=next_at or held.due_at, state=state))
    book.apply(Decision(duties=tuple(changed)))


def _own_step(one: Subscription, id: UUID, name: str, moment: Moment) -> Duty:
    return Duty(
        id=id,
        name=name,
        owed_by=OPERATIONS,
        because=one.name,
        basis="local",
        met_by=(),
        message=one.message,
        opened_at=moment.now,
        exercise=one.exercise,
        ends_with_absence=False,
        occasion=str(one.id),
    )
