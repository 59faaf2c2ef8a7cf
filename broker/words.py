"""What Homeward says to people, in plain words and without names of children."""

from collections.abc import Collection, Iterable

from broker.directory import Directory
from broker.duties import Duty
from broker.episode import State
from broker.working_time import local_due
from schemas.census import Census
from schemas.notices import DutyChange, Told

RING_THE_POLICE = (
    "Homeward is not a report to the police. Ring 101 now, or 999 if the child is in danger, and "
    "send the police reference within 15 minutes."
)

_CHANGES = {
    DutyChange.opened: "is owed",
    DutyChange.late: "is late",
    DutyChange.climbed: "is late and was taken further",
    DutyChange.met: "was met",
    DutyChange.met_late: "was met late",
    DutyChange.excused: "is no longer owed",
    DutyChange.cancelled: "is no longer owed",
    DutyChange.not_ours: "was said to be somebody else's",
    DutyChange.superseded: "was replaced by another",
    DutyChange.transferred: "is now owed by another",
    DutyChange.reopened: "is owed after all: what had ended it was taken back",
}


_OF_REFUSALS = ("send-again", "settle-dead-letter")


def receipt_words(
    told: Iterable[Told],
    state: State,
    directory: Directory,
    joined: Collection[str],
    warnings: Iterable[str] = (),
) -> str:
    """
    One paragraph for the sender: whom Homeward told, whom it cannot reach, what to do oneself.

    `joined` are the agencies that are on this Homeward; what is for others is kept for them.
    """
    reached = [line.address for line in told if line.address.partition("/")[0] in joined]
    others = [line.address for line in told if line.address not in reached]
    said = "Accepted."
    if reached:
        said += f" Told: {', '.join(map(directory.name_of, reached))}."
    if others:
        names = ", ".join(map(directory.name_of, others))
        said += f" Not on Homeward yet, so please telephone: {names}."
    if not reached and not others:
        said += " Nobody new was told."
    said += "".join(f" {warning}" for warning in warnings)
    return f"{RING_THE_POLICE} {said}" if state.police_report == "not-yet" else said


def differing(leads: Iterable[str], directory: Directory) -> str:
    """What two reports differ in, for those who are to settle it."""
    names = [directory.name_of(directory.today(lead)) for lead in leads]
    return f" Reports name different councils: {' and '.join(names)}." if len(names) > 1 else ""


def lacking(fields: Iterable[str]) -> str:
    """What a form asks for that a message does not state."""
    names = [one.replace(".", " ").replace("_", " ") for one in fields]
    return f" Not stated: {', '.join(names)}." if names else ""


def duty_words(
    duty: Duty, change: DutyChange, directory: Directory, climbed_to: str | None = None
) -> str:
    """One sentence on a duty: what, who, what happened, by when, and whether it is law."""
    what = duty.name.replace("-", " ")
    if duty.name in (Census.KIND, "settle-differences"):
        what += f" of {duty.occasion}"
    if duty.name in _OF_REFUSALS:
        what += f" what was refused ({duty.occasion})"
    text = f"{what}, by {directory.name_of(duty.owed_by)}, {_CHANGES.get(change, 'changed')}"
    if climbed_to:
        text += f", to {directory.name_of(climbed_to)}"
    if duty.late_on_arrival and duty.due_at and duty.working_due_at:
        text += f"; it was due {local_due(duty.due_at)}, before Homeward knew of it: please do it"
        text += f" by {local_due(duty.working_due_at)}"
    elif duty.due_at:
        text += f"; due {local_due(duty.due_at)}"
    elif duty.starts_at is None and duty.delivery is None:
        text += "; no start recorded: please send the time"
    if duty.our_fault:
        text += "; Homeward could not send in time"
    basis = duty.basis.replace("-", " ")
    if duty.basis == "law-number-local":
        text += " (law: without delay; the number of hours is local)"
    elif duty.basis == "police-practice":
        text += " (police practice timescale; a number of hours is local)"
    else:
        text += f" ({basis} timescale)" if duty.basis != "law" else " (law)"
    return text[0].upper() + text[1:] + "."
