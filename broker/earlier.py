"""
What was said of a child in an earlier absence, brought to whoever meets the child next. Pure.

So that nobody asks a child the same again, and the police have the risk as it was last assessed.
"""

from collections.abc import Iterable
from datetime import datetime

from broker.assessments import entry_of
from broker.episode import CaseKind, Episode, Fact, case_kind, standing
from broker.policy.model import EARLIER_INTERVIEW
from schemas.outcomes import InterviewStage, ReturnInterviewOutcome


def latest(what: str, episodes: Iterable[Episode]) -> tuple[Episode, Fact] | None:
    """The last interview that was held, or the last assessment of the risk, and its absence."""
    found = [
        (at, fact.number, episode, fact)
        for episode in episodes
        if case_kind(episode) is CaseKind.absence and not episode.state.cancelled
        for fact in standing(episode.facts)
        if (at := _when(what, fact)) is not None
    ]
    if not found:
        return None
    _, _, episode, fact = max(found, key=lambda one: one[:2])
    return episode, fact


def _when(what: str, fact: Fact) -> datetime | None:
    if what == EARLIER_INTERVIEW:
        held = fact.kind == ReturnInterviewOutcome.KIND
        return fact.at if held and fact.said.get("stage") == InterviewStage.held else None
    entry = entry_of(fact)
    return entry.obtained_at if entry and entry.graded else None
