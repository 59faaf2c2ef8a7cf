"""What Homeward itself says to agencies: receipts, and what happened to duties. Pure."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from broker.decision import OPERATIONS, Content, Moment, Post, Rulebook, inbox
from broker.directory import Directory
from broker.duties import (
    Duty,
)
from broker.episode import Episode, State
from broker.keys import derived
from broker.words import duty_words, receipt_words
from schemas.kinds import RECORD_TOPICS
from schemas.message import BROKER, ChildMessage
from schemas.notices import DutyChange, DutyNotice, Receipt
from schemas.notices import Told as ToldLine


def answer_by(post: Post, now: datetime) -> datetime | None:
    """When an answer will be due if the delivery is sent at once."""
    if post.answer_by or post.answer_within is None:
        return post.answer_by
    return max(now, post.answer_not_before or now) + post.answer_within


def receipt(
    message: ChildMessage,
    episode: Episode,
    lines: tuple[ToldLine, ...],
    now: datetime,
    rules: Rulebook,
    state: State,
    repeat_of: object = None,
) -> Receipt:
    """The receipt of a message: what became of it, in words too."""
    return Receipt(
        message_id=derived("receipt", message.sender, message.message_id, repeat_of or ""),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=now,
        sent_at=now,
        exercise=message.exercise,
        of=message.message_id,
        repeated=repeat_of is not None,
        child=rules.keys.pseudonym(episode.child, message.sender),
        episode=str(episode.id),
        told=lines,
        words=receipt_words(lines, state, rules.directory, rules.joined),
    )


def duty_notice(
    duty: Duty,
    change: DutyChange,
    moment: Moment,
    directory: Directory,
    about: UUID | None = None,
    to: Iterable[str] = (),
    climbed_to: str | None = None,
) -> tuple[Content, list[Post]]:
    """Tell the owner of a duty, and the record, what happened to it."""
    message = DutyNotice(
        message_id=derived("notice", duty.id, change.value, duty.rung, climbed_to or ""),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=moment.now,
        sent_at=moment.now,
        exercise=duty.exercise,
        duty=duty.id,
        name=duty.name,
        change=change,
        owed_by=duty.owed_by,
        about=about,
        delivery=duty.delivery,
        episode=str(duty.episode) if duty.episode else None,
        starts_at=duty.starts_at,
        due_at=duty.due_at,
        climbed_to=climbed_to,
        our_fault=duty.our_fault,
        basis=duty.basis,
        words=duty_words(duty, change, directory, climbed_to),
    )
    content = Content(next(moment.contents), message)
    recipients = [("", RECORD_TOPICS["duty"])]
    recipients += [(address, inbox(address)) for address in dict.fromkeys((duty.owed_by, *to))]
    posts = [
        Post(
            id=derived("delivery", message.message_id, address, destination),
            content=content.number,
            destination=destination,
            address=address,
            because=duty.because,
            message=duty.message,
            child=duty.child,
            episode=duty.episode,
            exercise=duty.exercise,
            urgent=change in (DutyChange.late, DutyChange.climbed),
        )
        for address, destination in recipients
    ]
    return content, posts
