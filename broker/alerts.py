"""What a reviewing officer is told, made from events so that it hangs on no busy worker. Pure."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from broker.decision import OPERATIONS
from broker.duties import Duty
from broker.episode import PLACED, Fact, State
from broker.keys import derived
from broker.working_time import london_day
from schemas.iro_alert import Asked, IroAlert, IroEvent, Progress
from schemas.message import BROKER, Action, ChildMessage
from schemas.missing import Category, MissingReturn, Risk
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.threshold import ThresholdReached

CHECK, INTERVIEW = "safe-and-well-check", "hold-return-interview"
APPROVAL = "state-approval"
_WINDOW = timedelta(days=90)


def iro_alert(
    message: ChildMessage,
    fact: Fact,
    state: State,
    episode: UUID,
    lead: str,
    duties: tuple[Duty, ...],
    starts: Iterable[datetime],
    now: datetime,
    early_review_at: int | None,
    *,
    begins: bool = False,
) -> IroAlert:
    """
    The alert that one fact makes.

    It says what the officer needs: the absence, how many there were in 90 days, how far the check
    and the interview have come, when the care plan is reviewed next, and what is asked. Of a
    placement that `begins` it says so if the approval which the rules ask for is still owed.
    """
    unapproved = begins and any(duty.name == APPROVAL and duty.standing for duty in duties)
    taken_back = message.replaces if message.action is Action.cancel else None
    count = absences_in_90_days(state.started_at or message.occurred_at, starts)
    if not state.heard:  # a placement is no absence
        count -= 1
    review = early_review_at is not None and count >= early_review_at
    # Of one message there may be an alert for a placement, and one for the absence it bears on.
    of = (fact.message_id, episode) if fact.beside else (fact.message_id,)
    return IroAlert(
        message_id=derived("iro-alert", fact.sender, *of),
        sender=BROKER,
        from_address=OPERATIONS,
        occurred_at=fact.at,
        sent_at=now,
        exercise=message.exercise,
        action=Action.cancel if taken_back else Action.new,
        replaces=derived("iro-alert", fact.sender, taken_back) if taken_back else None,
        child=message.child,
        episode=str(episode),
        event=IroEvent.approval_missing if unapproved else _event(fact),
        responsible_authority=lead,
        episodes_in_90_days=count,
        safe_and_well=Progress(progress(duties, CHECK)),
        return_interview=Progress(progress(duties, INTERVIEW)),
        next_review_on=date.fromisoformat(state.care_review) if state.care_review else None,
        asked=Asked.early_review if review and not taken_back else Asked.know,
        category=Category(state.category) if state.category else None,
        risk=Risk(state.risk) if state.risk else None,
        started_at=state.started_at,
        ended_at=state.ended_at,
    )


def absences_in_90_days(newest: datetime, others: Iterable[datetime]) -> int:
    """Absences in the 90 London days that end with the day the newest began (window N3)."""
    last = london_day(newest)
    first = last - _WINDOW + timedelta(days=1)
    return 1 + sum(first <= london_day(start) <= last for start in others)


def _event(fact: Fact) -> IroEvent:
    concerned = fact.said.get("concern_about_carer") == "yes"
    if fact.kind in PLACED and not fact.beside:
        return IroEvent.placement_change
    if fact.kind == ThresholdReached.KIND:
        return IroEvent.threshold
    if fact.kind == MissingReturn.KIND:
        return IroEvent.returned
    if fact.kind in (SafeAndWellOutcome.KIND, ReturnInterviewOutcome.KIND) and concerned:
        return IroEvent.concern_about_carer
    if fact.kind == SafeAndWellOutcome.KIND:
        return IroEvent.check_not_done
    if fact.kind == ReturnInterviewOutcome.KIND:
        return IroEvent.interview_not_held
    return IroEvent.missing


def progress(duties: Iterable[Duty], name: str) -> str:
    """How far a check or an interview has come, in the words of an `iro.alert`."""
    states = [duty.state for duty in duties if duty.name == name]
    if not states:
        return "not-due"
    if any(state.startswith("met") for state in states):
        return "done"
    if "late" in states:
        return "late"
    return "owed" if "open" in states else "not-known"
