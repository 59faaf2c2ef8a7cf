"""Whether an agency may send what it sent, and names whom the directory knows. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from broker.directory import Directory, kind_of
from broker.errors import Invalid, KindNotServed, NotYourKind, NotYours, UnknownAgency
from schemas.child import Place, Residence
from schemas.kinds import FROM_AGENCIES
from schemas.message import Message

AHEAD = timedelta(days=1)  # how far a sender's clock may be wrong; no duty is put off for longer


def check_sender(message: Message, agency: str, known: Directory) -> None:
    """Refuse what an agency may not send; `agency` owns the topic that it was written to."""
    if type(message) not in FROM_AGENCIES.values():
        raise KindNotServed(f"{message.KIND} is sent by Homeward only", "kind")
    if message.sender != agency:
        raise NotYours("the sender must be the agency that owns the topic", "sender")
    if message.SENDERS and kind_of(agency) not in message.SENDERS:
        who = ", ".join(sorted(message.SENDERS))
        raise NotYourKind(f"{message.KIND} is sent by agencies of kind: {who}", "sender")
    for name, council in _councils(message):
        if council and known.canonical(council) is None:
            raise _unknown(council, name, known)


def check_times(message: Message, now: datetime) -> None:
    """Refuse what lies in the future."""
    for name in ("occurred_at", "sent_at"):
        if getattr(message, name) > now + AHEAD:
            raise Invalid("this lies in the future: compare the clock", name)


def _unknown(council: str, field: str, known: Directory) -> UnknownAgency:
    names = [f"{known.name_of(one)} ({one})" for one in known.successors(council)]
    if names:
        return UnknownAgency(f"this council was divided: name {' or '.join(names)}", field)
    return UnknownAgency("this council is not in the directory", field)


_COUNCILS = (
    "responsible_authority",
    "protection_plan",
    "host_authority",
    "placing_authority",
    "education_plan_authority",
)


def _councils(message: Message) -> Iterable[tuple[str, str | None]]:
    """Every council a message names, with its field."""
    said = vars(message)  # pydantic is slow to say that a message has no such field
    for name in _COUNCILS:
        yield name, said.get(name)
    for name in ("hosts", "placed_by"):
        for council in said.get(name, ()):
            yield name, council
    for name in ("place", "lives", "sighted", "moved_to"):
        part = said.get(name)
        if isinstance(part, Place | Residence):
            yield f"{name}.authority", part.authority
