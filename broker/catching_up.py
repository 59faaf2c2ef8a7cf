"""What an agency that asks to catch up is sent: where things stand first, then history. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from broker.decision import Arrival, Content, Decision, Post, Rulebook, inbox
from broker.duties import Duty
from broker.episode import Episode
from broker.keys import derived
from broker.notices import picture_post, short_receipt
from broker.subscriptions.rights import is_by_subscription, is_taken_back
from schemas.catch_up import CatchUp

SENT_AGAIN = 2_000  # records at once; the receipt says how to go on
BECAUSE = "catch-up"


@dataclass(frozen=True, slots=True)
class WantedAgain:
    """The absences that stand open to an agency, and what it was sent since, in order."""

    episodes: tuple[Episode, ...]
    sent: tuple[Any, ...]
    on_its_way: bool = False  # what was asked for before has not gone out yet
    duties: Mapping[UUID, tuple[Duty, ...]] = field(default_factory=dict)


def decide(message: CatchUp, wanted: WantedAgain, arrival: Arrival, rulebook: Rulebook) -> Decision:
    """
    Send pictures, then everything since, again; nobody is woken and no clock starts again.

    What is sent again comes under a delivery id of its own and names no time to answer by: answers
    go to the delivery that asked.
    """
    desk = message.from_address
    contents: list[Content] = []
    posts: list[Post] = []
    for episode in sorted(wanted.episodes, key=_began):
        duties = wanted.duties.get(episode.id, ())
        content, post = picture_post(episode, duties, desk, arrival, rulebook, BECAUSE)
        contents.append(content)
        posts.append(post)
    again = wanted.sent[:SENT_AGAIN]
    posts += [_again(row, message) for row in again]
    content, post = short_receipt(message, _words(wanted, again), arrival)
    return Decision(contents=(*contents, content), posts=(*posts, post))


def _began(episode: Episode) -> tuple[bool, Any, Any]:
    started = episode.state.started_at
    return started is None, started, episode.id


def _again(row: Any, message: CatchUp) -> Post:
    return Post(
        id=derived("again", message.sender, message.message_id, row.id),
        content=row.content,
        destination=inbox(message.sender),
        address=row.address,
        because=_because(row.because),
        view=row.view,
        message=row.message,
        child=row.child,
        episode=row.episode,
        exercise=row.exercise,
    )


def _because(before: str) -> str:
    """What came by a subscription, or was taken back, stays marked so."""
    if is_taken_back(before):
        return f"{before} {BECAUSE}"
    name = before.partition("@")[0]
    return f"{name}@{BECAUSE}" if is_by_subscription(before) else BECAUSE


def _words(wanted: WantedAgain, again: tuple[Any, ...]) -> str:
    if wanted.on_its_way:
        return "What you asked for before is still on its way: ask again when you have it."
    said = f"Children missing whom you were told of: {len(wanted.episodes)}. "
    said += f"Sent again: {len(again)} records."
    if len(wanted.sent) > len(again):
        said += f" There is more: ask again with since {again[-1].sequence}."
    return said
