"""The messages of a file on their way through Kafka, with what became of each."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from broker.clock import Clock
from broker.exchange.reading import Prepared
from producers.client import AgencyClient
from producers.exchange.answers import ACCEPTED, BEFORE, REFUSED, Answered
from producers.exchange.taken import Taken
from schemas.message import Message
from schemas.notices import Receipt, Rejection

AT_ONCE = 500
_WAIT_SECONDS = 60.0


async def tell(
    client: AgencyClient, taken: Taken, lines: Sequence[Prepared], clock: Clock
) -> list[Answered]:
    """
    Send what was not taken before, and answer every line.

    May be called again after anything that it raises, or a kill: what was sent is the same then,
    and what was accepted is not sent again.
    """
    wanted = {message.message_id: message for line in lines for message in line.messages}
    before = taken.first_sent([*wanted], clock.now())
    # The same to the last byte as when it was first sent, or Homeward would take it for another.
    new = [
        message.model_copy(update={"sent_at": before[id].sent_at})
        for id, message in wanted.items()
        if not before[id].accepted
    ]
    outcomes: dict[UUID, Receipt | Rejection] = {}
    for at in range(0, len(new), AT_ONCE):
        async for outcome in client.send_each(new[at : at + AT_ONCE], _WAIT_SECONDS):
            assert outcome.of is not None
            outcomes[outcome.of] = outcome
            if isinstance(outcome, Receipt):
                taken.accepted(outcome.of, outcome.episode, clock.now())
    return [
        _answered(line, message, outcomes.get(id), before[id].episode)
        for line in lines
        for message in line.messages
        for id in (message.message_id,)
    ]


def _answered(
    line: Prepared, message: Message, outcome: Receipt | Rejection | None, episode: str | None
) -> Answered:
    said = Answered(
        line=line.line,
        outcome=BEFORE,
        reference=line.reference,
        kind=message.KIND,
        message=str(message.message_id),
        episode=episode or "",
    )
    match outcome:
        case Receipt():
            state = BEFORE if outcome.repeated else ACCEPTED
            return replace(said, outcome=state, episode=outcome.episode or "", words=outcome.words)
        # Its id follows from all it says: who knows the id knows the message, from another file.
        case Rejection(code="id-reused"):
            return said
        case Rejection():
            return replace(
                said,
                outcome=REFUSED,
                code=outcome.code,
                column=outcome.field,
                words=outcome.detail,
            )
    return said
