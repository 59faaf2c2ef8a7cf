"""What became of the check and the interview of an absence, in few words. Pure."""

from datetime import datetime, timedelta

from broker.reports.counting import span
from broker.reports.facts import Episode

INTERVIEW_HOURS = timedelta(hours=72)  # statutory guidance, England


def offered_in_time(one: Episode) -> bool:
    """Within 72 hours of the return, or before it."""
    return _in_time(one, one.interview.offered_at)


def held_in_time(one: Episode) -> bool:
    return _in_time(one, one.interview.held_at)


def _in_time(one: Episode, at: datetime | None) -> bool:
    back = one.returned_at or one.closed_at
    return at is not None and back is not None and at <= back + INTERVIEW_HOURS


def check_words(one: Episode) -> str:
    """`done`, `not done: frequent`, `no outcome`; `missing still`, while nothing can be done."""
    if one.check is None:
        return "no outcome" if one.ended_at else "missing still"
    if one.check.done:
        after = one.check.at - one.ended_at if one.ended_at else None
        return f"done{f', {span(after)} after' if after and after > timedelta(0) else ''}"
    return f"not done: {one.check.reason or 'no reason'}"


def interview_words(one: Episode) -> str:
    """`held in 72 h`, `held late`, `declined`, `offered`, `not offered`, `missing still`."""
    if one.interview.held_at:
        return "held in 72 h" if held_in_time(one) else "held, after 72 h"
    if one.interview.state:
        return one.interview.state.replace("-", " ")
    return "not offered" if one.back else "missing still"
