"""What the machines have in common: a broken promise, what may happen, how long is searched."""

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine


class Broken(AssertionError):
    """A promise that does not hold."""


def promise(holds: bool, words: str) -> None:
    if not holds:
        raise Broken(words)


def tries(number: int, steps: int) -> settings:
    """So many runs of so many steps, the same ones each time."""
    return settings(
        max_examples=number,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )


def event(name: str, *arguments: st.SearchStrategy[Any], weight: int = 1) -> list[Any]:
    """One thing that may happen, by the name of the method and its arguments."""
    # Each made anew: of one that is named twice, Hypothesis would use one.
    return [st.tuples(st.just(name), *arguments) for _ in range(weight)]


class Eventful(RuleBasedStateMachine):
    """
    A machine of one rule, that draws what happens.

    Hypothesis leaves out some rules of every run; here nearly every promise needs all of them.
    """

    def happens(self, event: tuple[Any, ...]) -> None:
        name, *arguments = event
        getattr(self, name)(*arguments)
