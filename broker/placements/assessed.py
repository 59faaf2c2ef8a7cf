"""What was said of risks as a child was placed, for whoever hears that it is missing. Pure."""

from collections.abc import Iterable
from datetime import datetime

from broker.placements.placement import Placement
from broker.working_time import date_of, london_day

_RISKS = {"none-known": "no risk known", "named": "risks named, see the notice"}
_MAY_GO = {"yes": "may go missing: yes", "no": "may go missing: no"}


def assessed_words(placements: Iterable[Placement], at: datetime, home: str) -> str:
    """
    What stands in place of a risk that nobody stated; empty where none was assessed.

    Only where the report has the child in the home of that placement: no other home learns of it.
    """
    here = [
        it
        for it in placements
        if it.covers(at, at) and it.noticed and it.assessed_at and it.home == home
    ]
    last = max(here, key=lambda it: (it.starts_at, it.id), default=None)
    if last is None or last.assessed_at is None:
        return ""
    day = date_of(london_day(last.assessed_at))
    said = [_MAY_GO.get(last.may_go_missing, ""), _RISKS.get(last.risk, "")]
    known = "; ".join(one for one in said if one)
    return f"No risk is stated. Placement assessment of {day}: {known}. None since."
