"""What a play comes to when its messages are told again: at once, in another order, some twice."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from broker.episode import PLACED, Episode, State, is_threshold, state_of
from broker.keys import derived
from broker.ledger.engine import Ledger
from broker.placements.placement import placement_of
from broker.policy.policies import Policies
from broker.recognition import is_file
from schemas.message import ChildMessage, Message
from schemas.threshold import ThresholdReached
from tests.scenarios.play import Play

# Asked of those who were told: it hangs on who knew what when, and rightly so.
ASKED = frozenset(
    {
        "answer",
        "answer-iro-alert",
        "answer-placement-notice",
        "answer-referral",
        "confirm-the-end",
    }
)
_LATER = timedelta(days=30)


class Recorded(Play):
    """A play that keeps what was said to it and accepted, in the order in which it came."""

    def __init__(self, ledger: Ledger, at: datetime) -> None:
        super().__init__(ledger, at)
        self.said: list[Message] = []
        self.policies: Policies | None = None

    def under(self, policies: Policies) -> None:
        super().under(policies)
        self.policies = policies

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
    again = [*shuffled(said, dice), *dice.choices(said, k=2)] if said else []
    straight, otherwise = (come_to(each, fresh(), late, play.policies) for each in (said, again))
    return straight, otherwise


def shuffled(said: Iterable[ChildMessage], dice: random.Random) -> list[ChildMessage]:
    """
    Another order; but whoever corrects itself does so after it spoke.

    A shared reference is made from the first message of an absence or a placement, and nobody can
    quote it before: so what is quoted comes first.
    """
    order = list(said)
    dice.shuffle(order)
    quoted = {message.episode for message in order}
    quoted |= {getattr(message, "placement", None) for message in order}
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
    of = "placement" if message.KIND in PLACED else "episode"
    return str(derived(of, message.sender, message.message_id))


def come_to(
    said: list[ChildMessage], ledger: Ledger, at: datetime, policies: Policies | None = None
) -> dict[str, Any]:
    """
    The absences and placements, what they reach, and what is owed, when all of it is told at once.
    """
    play = Play(ledger, at, policies=policies)
    if said:
        outcome = play.say(*said)
        assert outcome.rejected == 0, outcome.codes
    cases = [episode for episode in play.episodes() if not is_file(episode)]
    duties: dict[Any, set[Any]] = {}
    for duty in play.duties():
        gone = duty.state in ("cancelled", "superseded", "transferred")
        if duty.name not in ASKED and not gone and not duty.name.startswith("settle-"):
            owed = (duty.name, duty.owed_by, duty.state, duty.starts_at, duty.due_at)
            duties.setdefault(duty.episode, set()).add(owed)
    found = sorted(
        (
            _plain(state_of(episode.facts)),
            str(_placed(episode)),
            sorted(duties.get(episode.id, ()), key=str),
        )
        for episode in cases
        if not is_threshold(episode)
    )
    reached = sorted(
        (_last_word(play, episode), sorted(duties.get(episode.id, ()), key=str))
        for episode in cases
        if is_threshold(episode) and state_of(episode.facts).status != "withdrawn"
    )
    ledger.close()
    return {"absences": found, "reached": reached}


def _last_word(play: Play, case: Episode) -> str:
    """What was told last of something that was reached: when, and by which absences."""
    told = [
        got.message
        for got in play._everything()
        if got.message.KIND == ThresholdReached.KIND and got.message.episode == str(case.id)
    ]
    said = max(told, key=lambda message: (message.sent_at, len(message.episodes)))
    starts = [one.started_at for one in said.episodes]
    what = (said.threshold, said.step, said.occurred_at, said.count, said.criteria, starts)
    return str((state_of(case.facts).status, *what))


def _placed(episode: Episode) -> Any:
    it = placement_of(episode)
    if it is None:
        return None
    began = (it.responsible, it.host, it.home, it.carer, it.starts_at, it.ends_at)
    return began, it.moved, it.noticed, it.arrived, it.cancelled


def _plain(state: State) -> str:
    claims = {name: sorted(each) for name, each in state.claims.items()}
    names = [name for name in state.__dataclass_fields__ if name not in ("claims",)]
    return str(({name: getattr(state, name) for name in names}, claims))
