"""
Who owes what for a record that was refused, by when, and whom it climbs to. Pure.

Records of one agency that are refused for one reason within a few minutes are one incident, so
that a flood of them wakes nobody twice. Its clock is that of the first.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from broker.directory import Directory, kind_of
from broker.duties import Duty, DutyEvent, Rung
from broker.errors import Unexpected
from broker.keys import derived
from broker.ledger.tables import micros
from schemas.message import BROKER

SETTLE, SEND_AGAIN = "settle-dead-letter", "send-again"
NAMES = (SETTLE, SEND_AGAIN)
ON_CALL, SERVICE_OWNER = f"{BROKER}/on-call", f"{BROKER}/service-owner"

# Local numbers: no law knows of refused records.
OURS_WITHIN, THEIRS_WITHIN = timedelta(minutes=30), timedelta(hours=2)
_TOGETHER = 6  # an incident gathers what comes in a sixth of its time

# Who looks after a desk that does not send again, before Homeward's operator telephones.
_MANAGERS = {"la": "duty-manager", "police": "control-room", "provider": "home-manager"}


def is_ours(code: str) -> bool:
    """Whether the fault is Homeward's own, so that the sender need not do anything."""
    return code == Unexpected.code


def incident(
    agency: str, desk: str, code: str, exercise: bool, at: datetime, directory: Directory
) -> Duty:
    """
    What is owed for a record that was refused at a time.

    One and the same duty for all records of an agency, a code and a few minutes.
    """
    ours = is_ours(code)
    within = OURS_WITHIN if ours else THEIRS_WITHIN
    part = micros(at) // ((within / _TOGETHER) // timedelta(microseconds=1))
    owner = ON_CALL if ours else desk
    return Duty(
        id=derived("duty", "dead-letters", agency, code, exercise, part),
        name=SETTLE if ours else SEND_AGAIN,
        owed_by=owner,
        because="dead-letter",
        basis="local",
        met_by=(),
        message=0,
        opened_at=at,
        exercise=exercise,
        ends_with_absence=False,
        rungs=_rungs(agency, owner, ours, directory),
        starts_at=at,
        due_at=at + within,
        next_at=at + within,
        occasion=code,
    )


def _rungs(agency: str, owner: str, ours: bool, directory: Directory) -> tuple[Rung, ...]:
    hour = timedelta(hours=1)
    if ours:
        return (Rung(timedelta(0), SERVICE_OWNER), Rung(hour, ON_CALL))
    manager = f"{agency}/{_MANAGERS.get(kind_of(agency), '')}"
    first = (manager,) if directory.entry(manager) and manager != owner else ()
    each = (*first, ON_CALL, SERVICE_OWNER)
    return tuple(Rung(hour * number, address) for number, address in enumerate(each))


def reopened(duty: Duty, now: datetime) -> tuple[Duty, DutyEvent]:
    """The same incident goes on: another record of it came after the others were settled."""
    again = replace(
        duty, state="open", settled_at=None, settled_by="", settled_why="", next_at=duty.due_at
    )
    return again, DutyEvent(duty.id, now, "reopened", duty.owed_by)
