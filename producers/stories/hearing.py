"""What deliveries come to: what is news of a child, what climbed, who still waits for an end."""

from collections.abc import Iterable

from producers.client import Delivery
from schemas.answer import Answer
from schemas.iro_alert import IroAlert, IroEvent
from schemas.message import Action, ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn, ReturnStage
from schemas.notices import DutyChange, DutyNotice, Picture


def news(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """What is about a child: neither receipts nor notices of duties."""
    kinds = ChildMessage, Answer, Picture
    return [each for each in deliveries if isinstance(each.message, kinds)]


def climbs(deliveries: Iterable[Delivery]) -> list[DutyNotice]:
    """Each step of a ladder once: who owes, and who was asked besides, are both told of it."""
    notices = [each.message for each in deliveries if isinstance(each.message, DutyNotice)]
    climbs = [notice for notice in notices if notice.change is DutyChange.climbed]
    return list({(notice.duty, notice.climbed_to): notice for notice in climbs}.values())


def closure(deliveries: Iterable[Delivery]) -> dict[tuple[str, str | None], bool]:
    """Every desk that was told a beginning, by child, and whether it still waits for the end."""
    waiting: dict[tuple[str, str | None], bool] = {}
    for each in deliveries:
        who = each.address, each.subject
        if _begins(each.message):
            waiting[who] = True
        elif who in waiting and (ends := is_end(each.message)) is not None:
            waiting[who] = not ends
    return waiting


def _begins(message: Message | None) -> bool:
    if isinstance(message, IroAlert):
        return message.event is IroEvent.missing and message.action is not Action.cancel
    return isinstance(message, MissingNotification) and message.action is not Action.cancel


def is_end(message: Message | None) -> bool | None:
    """Whether it ends the absence for its reader; False: the end was taken back; None: neither."""
    match message:
        case MissingNotification(action=Action.cancel) | IroAlert(event=IroEvent.returned):
            return message.action is Action.cancel or isinstance(message, IroAlert)
        case MissingReturn(stage=ReturnStage.returned | ReturnStage.closed):
            return message.action is not Action.cancel
    return None
