"""What a recipient sees of a message: everything its role may, a summary, or that it happened."""

from typing import Any
from uuid import UUID

from broker.policy.model import View
from schemas.child import Child
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate

TAKEN_AWAY = "(not shown in this view)"

# Narrative and detail that a summary leaves out; a signal leaves out the child too.
_NARRATIVE: dict[type[ChildMessage], tuple[str, ...]] = {
    MissingNotification: ("circumstances", "risk_author", "parents_told", "trafficking_referral"),
    MissingUpdate: ("facts", "risk_author"),
    MissingReturn: ("condition", "by_whom", "feels_safe_to_return"),
}


def seen(
    message: ChildMessage, view: View, episode: UUID, address_protected: bool = False
) -> ChildMessage:
    """
    The message as one view shows it, under the shared reference of the absence.

    An address that this or another report protects is in no view: whoever may know it has it from
    its own record.
    """
    changes: dict[str, Any] = {"episode": str(episode)}
    if isinstance(message, MissingNotification):
        if message.lives.address_protected or address_protected:
            changes["lives"] = message.lives.model_copy(update={"address": None})
    if view is not View.full:
        changes |= _reduced(message)
        changes["child"] = _child(message.child, view)
    return message.model_copy(update=changes)


def _reduced(message: ChildMessage) -> dict[str, Any]:
    changes: dict[str, Any] = {name: None for name in _NARRATIVE.get(type(message), ())}
    if getattr(message, "risk_reason", None):
        changes["risk_reason"] = TAKEN_AWAY
    if isinstance(message, MissingUpdate):
        changes["reason"] = TAKEN_AWAY
    if isinstance(message, MissingNotification):
        changes["lives"] = message.lives.model_copy(update={"address": None})
        changes["place"] = message.place.model_copy(update={"description": None})
    return changes


def _child(child: Child, view: View) -> Child:
    """A summary keeps the references and the year of birth; a signal the bare minimum."""
    if view is View.signal:
        return Child.model_construct(references=(), given_name="-", family_name="-")
    year = child.birth_date.replace(month=1, day=1) if child.birth_date else None
    return child.model_copy(
        update={
            "given_name": "-",
            "family_name": "-",
            "also_known_as": (),
            "birth_date": year,
            "ethnicity": None,
        }
    )
