"""
What goes out because of a subscription: the register as it starts, then news, and monthly counts.

Each thing about a child hangs on the tie at the moment it goes out. Nobody is woken. Who had
something by a subscription hears of its correction and its withdrawal by the same; where the
correction ends the tie, what was said is taken back, and nothing of the correction is shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from broker.decision import OPERATIONS, Arrival, Content, Decision, Moment, Post, Rulebook, inbox
from broker.episode import Episode, Fact, standing
from broker.keys import derived
from broker.ledger.book import Book
from broker.placements.placement import placement_of
from broker.policy.model import View
from broker.subscriptions.counts import Cells, Month
from broker.subscriptions.rights import (
    TAKEN_BACK,
    Placed,
    Subscription,
    areas_counted,
    matches,
    placed,
)
from broker.views import seen, taken_back
from schemas.codec import decode
from schemas.message import BROKER, Action, ChildMessage, Message
from schemas.subscription import AreaCount, Counts

REGISTER = "register"

_COUNTED = (
    "Children placed in each area by other councils, to the nearest five. Nothing is shown where "
    "there are fewer than five, or fewer than five beside those whom one agency placed or acts for."
)


def follow(
    message: ChildMessage, decision: Decision, arrival: Arrival, book: Book, rules: Rulebook
) -> None:
    """Tell subscribers of something said of a placement, after those whom policy tells."""
    episode = decision.episode
    running = [one for one in book.subscriptions.values() if one.runs(arrival.now)]
    running = [one for one in running if one.exercise == message.exercise]
    if not running or episode is None:
        return
    fact = next(one for one in episode.facts if one.number == arrival.number and not one.beside)
    found, told = _placed(fact, episode, rules), _told_by_rule(message, decision)
    before = book.before.get((message.sender, message.replaces)) if message.replaces else None
    had = book.had_by_subscription(before.number) if before else {}
    contents: dict[tuple[View, bool], Content] = {}

    def content(view: View, back: bool) -> int:
        if view is View.full and not back:
            return decision.contents[0].number
        if (view, back) not in contents:
            said = message
            if back and before is not None:
                said = taken_back(decode(before.value), message)
            shown = seen(said, view, episode.id, episode.state.address_protected)
            contents[view, back] = Content(next(arrival.contents), shown)
        return contents[view, back].number

    posts: list[Post] = []
    for one in running:
        view = book.ties.view(one.subscriber, found.host, found.placed_by)
        held = had.get((one.name, one.address))
        stands = message.action is not Action.cancel and matches(one.filter, found)
        if one.address in told:
            continue
        if view is not None and stands:
            number, version = content(view, False), rules.policies.version
        elif held is not None:
            view = View(held)
            number, version = content(view, True), TAKEN_BACK
        else:
            continue
        told.add(one.address)
        because = f"{one.name}@{version}"
        posts.append(_post(one, fact, episode, number, view, because))
        if version != TAKEN_BACK:  # who has nothing of this has nothing of its correction either
            book.had_now(arrival.number, because, one.address, view.value)
    book.apply(Decision(contents=tuple(contents.values()), posts=tuple(posts)))


def start(one: Subscription, moment: Moment, book: Book, rules: Rulebook) -> Subscription:
    """Send the register as it stands, and the counts of the last whole month; news follows."""
    started = replace(one, started_at=moment.now)
    councils = book.ties.councils(one.subscriber)
    areas = one.filter.areas(rules.directory)
    said: dict[int, Message] = {}

    def read(number: int) -> Message:
        if not said:  # for all of them at once, and only where it must be written anew
            said.update(book.register_messages(one, councils, areas))
        return said[number]

    contents: list[Content] = []
    posts: list[Post] = []
    for case, fact, view in _standing(started, councils, areas, book, rules):
        number = fact.content
        if view is not View.full or _hidden_since(case, fact):
            message = read(fact.number)
            assert isinstance(message, ChildMessage)
            shown = seen(message, view, case.id, case.state.address_protected)
            number = next(moment.contents)
            contents.append(Content(number, shown))
        because = f"{one.name}@{REGISTER}"
        posts.append(_post(started, fact, case, number, view, because, moment.now))
    book.apply(Decision(contents=tuple(contents), posts=tuple(posts)))
    say_counts(started, Month.before(moment.now), moment, book, rules)
    return started


def _standing(
    one: Subscription, councils: frozenset[str], areas: tuple[str, ...], book: Book, rules: Rulebook
) -> Iterator[tuple[Episode, Fact, View]]:
    """What was said of each placement that stands, and counts still, in the view of the tie."""
    for case in book.register(one, councils, areas) if councils else ():
        own = [fact for fact in case.facts if not fact.beside]
        for fact in standing(own):
            found = _placed(fact, case, rules)
            view = book.ties.view(one.subscriber, found.host, found.placed_by)
            if view is not None and matches(one.filter, found):
                yield case, fact, view


def say_counts(
    one: Subscription, month: Month, moment: Moment, book: Book, rules: Rulebook
) -> None:
    """
    Send the counts of a month, of the areas that are asked for and are not the subscriber's own.

    An area of which nothing may be said is named all the same: silence tells nothing either. A
    drill gets no numbers, as these are of real children.
    """
    areas = areas_counted(one.filter, book.ties.councils(one.subscriber), rules.directory)
    if not areas:
        return
    cells: Mapping[str, Cells] = {} if one.exercise else book.counts_of(month)
    each = ((area, cells.get(area, Cells())) for area in areas)
    message = Counts(
        message_id=derived("counts", one.id, month.name, moment.now.isoformat()),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=month.ends_at,
        sent_at=moment.now,
        exercise=one.exercise,
        subscription=one.id,
        month=month.name,
        areas=tuple(
            AreaCount(host=area, placed=c.placed, started=c.started, ended=c.ended)
            for area, c in each
        ),
        words=_COUNTED,
    )
    content = Content(next(moment.contents), message)
    post = Post(
        id=derived("delivery", message.message_id),
        content=content.number,
        destination=inbox(one.address),
        address=one.address,
        because=f"{one.name}@{month.name}",
        exercise=one.exercise,
    )
    book.apply(Decision(contents=(content,), posts=(post,)))


def _placed(fact: Fact, case: Episode, rules: Rulebook) -> Placed:
    it = placement_of(case)
    known = (it.host, it.responsible) if it else ("", "")
    return placed(fact, *known, rules.directory)


def _told_by_rule(message: ChildMessage, decision: Decision) -> set[str]:
    """The desks that get this message anyhow, and the one that sent it."""
    these = {one.number for one in decision.contents if one.message.KIND == message.KIND}
    told = {post.address for post in decision.posts if post.content in these and post.address}
    return told | {message.from_address}


def _hidden_since(case: Episode, fact: Fact) -> bool:
    """Whether an address that this says was protected after it was said."""
    return case.state.address_protected and "address_protected" not in fact.said


def _post(
    one: Subscription,
    fact: Fact,
    case: Episode,
    content: int,
    view: View,
    because: str,
    register_at: datetime | None = None,
) -> Post:
    occasion = register_at.isoformat() if register_at else ""
    about = (one.id, occasion, fact.sender, fact.message_id, one.address)
    return Post(
        id=derived("subscription", *about),
        content=content,
        destination=inbox(one.address),
        address=one.address,
        because=because,
        view=view.value,
        message=fact.number,
        child=case.child,
        episode=case.id,
        exercise=one.exercise,
    )
