"""Which policy a ledger decides by, the texts of each that ever was active, and who made it so."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from broker.ledger import tables as t
from broker.ledger.audit import note
from broker.policy.load import of_texts, shipped
from broker.policy.policies import Policies

ACTIVATED = "policy-activate"


@dataclass(frozen=True, slots=True)
class Active:
    """The policy in force: a part that has another one does not decide."""

    digest: str
    version: str


def active(connection: Connection) -> Active | None:
    """The policy in force; None before the first start."""
    row = connection.execute(select(t.ledger.c.policy, t.ledger.c.policy_version)).first()
    return Active(row.policy, row.policy_version or "") if row and row.policy else None


def texts(connection: Connection, digest: str) -> Policies | None:
    """
    The policy of a digest as it was when it was active; None where its texts were not kept.

    Raises `PolicyFault` where they say what this version of Homeward does not understand.
    """
    if digest == shipped().digest:
        return shipped()
    query = select(t.policy.c.texts).where(t.policy.c.digest == digest)
    kept = connection.execute(query).scalar_one_or_none()
    return None if kept is None else of_texts(json.loads(kept))


def make_active(connection: Connection, policies: Policies, now: datetime) -> None:
    """Decide by these from now on."""
    values = {"policy": policies.digest, "policy_version": policies.version}
    connection.execute(update(t.ledger).values(**values))
    keep(connection, policies, now)


def keep(connection: Connection, policies: Policies, now: datetime) -> None:
    """Keep the texts of the active policy, so that it can be compared with what follows it."""
    known = active(connection)
    if known is None or known.digest != policies.digest:
        return
    held = select(t.policy.c.digest).where(t.policy.c.digest == policies.digest)
    if connection.execute(held).first() is None:
        row = {
            "digest": policies.digest,
            "version": policies.version,
            "since": now,
            "texts": json.dumps(dict(policies.files)),
        }
        connection.execute(insert(t.policy).values(row))


def activate(connection: Connection, policies: Policies, who: str, now: datetime) -> Active | None:
    """
    Make policies the active ones, and record who did it; the answer is what was active before.

    Activating what is active already changes and records nothing.
    """
    before = active(connection)
    if before is not None and before.digest == policies.digest:
        return before
    make_active(connection, policies, now)
    reason = f"in place of {before.version}" if before else "the first"
    note(connection, now, who, ACTIVATED, policies.version, reason)
    return before
