"""What a play comes to when its messages are told again: at once, in another order, some twice."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from broker.episode import State, state_of
from broker.keys import derived
from broker.ledger.engine import Ledger
from broker.recognition import is_file
from schemas.message import ChildMessage, Message
from tests.scenarios.play import Play

# Asked of those who were told: it hangs on who knew what when, and rightly so.
ASKED = frozenset({"answer", "answer-iro-alert", "confirm-the-end", "answer-referral"})
_LATER = timedelta(days=30)


class Recorded(Play):
    """A play that keeps what was said to it and accepted, in the order in which it came."""

    def __init__(self, ledger: Ledger, at: datetime) -> None:
        super().__init__(ledger, at)
        self.said: list[Message] = []

    def say(self, *messages: Message, by: str | None = None) -> Any:
        outcome = super().say(*messages, by=by)
        if outcome.accepted == len(messages):
            self.said += messages
        return outcome


def told_again(play: Recorded, fresh: Callable[[], Ledger], seed: str) -> tuple[Any, Any]:
    """What the messages come to in the order they came, and in another, with repeats."""
    said = [message for message in play.said if isinstance(message, ChildMessage)]
    late = max((message.sent_at for message in said), default=play.clock.now()) + _LATER
    dice = random.Random(seed)
    return (
        come_to(said, fresh(), late),
        come_to([*shuffled(said, dice), *dice.choices(said, k=2)] if said else [], fresh(), late),
    )


def shuffled(said: Iterable[ChildMessage], dice: random.Random) -> list[ChildMessage]:
    """
    Another order; but whoever corrects itself does so after it spoke.

    A shared reference is made from the first message of an absence, and nobody can quote it before:
    so what is quoted comes first.
    """
    order = list(said)
    dice.shuffle(order)
    quoted = {message.episode for message in order}
    quoted |= {each for message in order for each in getattr(message, "also_covers", ())}
    order.sort(key=lambda one: _shared(one) not in quoted)
    by_id = {message.message_id: message for message in order}
    told: list[ChildMessage] = []

    def tell(message: ChildMessage) -> None:
        for name in ("replaces", "of", "request"):
            before = by_id.get(getattr(message, name, None) or message.message_id)
            if before is not None and before is not message:
                tell(before)
        if message not in told:
            told.append(message)

    for message in order:
        tell(message)
    return told


def _shared(message: ChildMessage) -> str:
    return str(derived("episode", message.sender, message.message_id))


def come_to(said: list[ChildMessage], ledger: Ledger, at: datetime) -> dict[str, Any]:
    """The absences, and what is owed for each, when all of it is told at once."""
    play = Play(ledger, at)
    if said:
        outcome = play.say(*said)
        assert outcome.rejected == 0, outcome.codes
    absences = {episode.id: episode for episode in play.episodes() if not is_file(episode)}
    duties: dict[Any, set[Any]] = {}
    for duty in play.duties():
        gone = duty.state in ("cancelled", "superseded", "transferred")
        if duty.name not in ASKED and not gone and not duty.name.startswith("settle-"):
            owed = (duty.name, duty.owed_by, duty.state, duty.starts_at, duty.due_at)
            duties.setdefault(duty.episode, set()).add(owed)
    found = sorted(
        (_plain(state_of(episode.facts)), sorted(duties.get(id, ()), key=str))
        for id, episode in absences.items()
    )
    ledger.close()
    return {"absences": found}


def _plain(state: State) -> str:
    claims = {name: sorted(each) for name, each in state.claims.items()}
    names = [name for name in state.__dataclass_fields__ if name not in ("claims",)]
    return str(({name: getattr(state, name) for name in names}, claims))
