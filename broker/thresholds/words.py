"""What a threshold counts, in words for people."""

from collections.abc import Sequence

from broker.policy.model import Count, Criterion, MissingFor, Overnight, ReferralBy
from broker.thresholds.counting import Window


def criterion_words(criterion: Criterion, index: int = 0) -> str:
    """One ground on which a threshold is reached: `3 in 90 days`, `missing overnight`."""
    if isinstance(criterion, Count):
        window = "one calendar month" if criterion.days is None else f"{criterion.days} days"
        reported = ", reported to the police" if criterion.reported_to_police else ""
        return f"{criterion.steps[index]} in {window}{reported}"
    if isinstance(criterion, Overnight):
        return f"missing overnight ({criterion.starts:%H:%M} to {criterion.ends:%H:%M})"
    if isinstance(criterion, MissingFor):
        return f"missing for more than {criterion.longer_than.total_seconds() / 3600:g} hours"
    if isinstance(criterion, ReferralBy):
        return f"asked for by {' or '.join(sorted(criterion.functions))}"
    return "a risk of exploitation"


def words(criteria: Sequence[str], count: int, window: Window | None) -> str:
    """The whole in a sentence."""
    said = f"Reached by: {'; '.join(criteria)}."
    if window is None:
        return said
    first, last = (f"{day.day} {day:%b %Y}" for day in (window.first, window.last))
    return f"{said} {count} from {first} to {last}."
