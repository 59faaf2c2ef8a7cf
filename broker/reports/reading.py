"""What was said of an absence, a placement, a threshold, read into what reports count. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from broker import episode as kept
from broker.duties import Duty as Owed
from broker.episode import CaseKind, Fact, case_kind, standing, state_at_start
from broker.placements.placement import placement_of
from broker.reports.facts import (
    Check,
    Duty,
    Episode,
    Home,
    Interview,
    OnFile,
    Placement,
    Said,
    Threshold,
)
from broker.thresholds.held import Held
from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.missing import MissingNotification, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.threshold import ThresholdReached

_FILED = frozenset({MeetingOutcome.KIND, MeetingRequest.KIND, Referral.KIND})
_NO_RISKS: tuple[str, ...] = ()

Today = Callable[[str], str]  # the id by which an agency goes today


def known_by(episode: kept.Episode, as_at: datetime) -> kept.Episode:
    """As it was known then: without what was heard, and who was told, afterwards."""
    if all(fact.heard <= as_at for fact in episode.facts):
        return episode
    facts = tuple(fact for fact in episode.facts if fact.heard <= as_at)
    told = {address: one for address, one in episode.told.items() if one.at <= as_at}
    return kept.Episode(episode.id, episode.child, episode.exercise, facts, told)


def episode_of(
    held: kept.Episode, as_at: datetime, force: str, today: Today, duties: Iterable[Duty] = ()
) -> Episode | None:
    """The absence as reports count it; None for what was no absence then, or was taken back."""
    episode = known_by(held, as_at)
    state = episode.state
    if not state.heard or state.cancelled or state.started_at is None:
        return None
    if case_kind(episode) is not CaseKind.absence:
        return None
    facts = tuple(standing(episode.facts))
    began = state_at_start(episode)
    reports = [fact for fact in facts if fact.kind == MissingNotification.KIND]
    beside = [fact for fact in facts if fact.beside and fact.at <= state.started_at]
    return Episode(
        id=episode.id,
        child=episode.child,
        started_at=state.started_at,
        category=state.category,
        status=state.status,
        outcome=state.outcome,
        found_at=state.found_at,
        returned_at=state.returned_at,
        closed_at=state.closed_at,
        heard_at=min((fact.heard for fact in reports), default=None),
        categories=_said(facts, "category"),
        risks=_said(facts, "risk"),
        risk=state.risk,
        lives_in=today(began.lives_in),
        lead=today(began.lead),
        responsible=today(began.responsible),
        place=today(began.place),
        district=_last(reports, "district"),
        found_in=today(state.found_in),
        force=force,
        looked_after=began.looked_after,
        care_status=_last(reports, "care_status"),
        plan=today(began.plan),
        social_work=began.open_to_social_work,
        home=began.home,
        carer=began.carer,
        lives=_lives(began, _last(beside, "type"), _last(beside, "provider")),
        provider_code=_last(beside, "provider"),
        sex=state.sex,
        of_age_at=state.of_age_at,
        exploitation=state.exploitation,
        risk_factors=_all(facts, "risk_factors"),
        circumstance=_last(reports, "circumstance"),
        unaccompanied=_flag(reports, "unaccompanied"),
        trafficked=_flag(reports, "trafficked"),
        reported_by=tuple(
            dict.fromkeys(f.sender for f in sorted(reports, key=lambda f: (f.heard, f.number)))
        ),
        police_report=state.police_report,
        interview=_interview(facts, state),
        checks=tuple(_checks(facts)),
        told=episode.told,
        facts=facts,
        duties=tuple(duties),
    )


# A type or provider of the SSDA903 return that says in what sort of place a child lives.
_BY_TYPE = {
    **dict.fromkeys(("U1", "U2", "U3", "U4", "U5", "U6"), Home.foster),
    **dict.fromkeys(("A3", "A4", "A5", "A6", "P1"), Home.family),
    **dict.fromkeys(("P2", "Z1", "H5", "R2", "R3", "R5"), Home.other),
}
_BY_PROVIDER = {
    "PR1": Home.own,
    "PR2": Home.other,
    "PR3": Home.other,
    "PR4": Home.independent,
    "PR5": Home.independent,
}


def _lives(began: kept.State, type: str, provider: str) -> Home:
    """In what sort of place the child lived, by the notice of the placement, else by reports."""
    if type in _BY_TYPE:
        return _BY_TYPE[type]
    if began.home:
        return _BY_PROVIDER.get(provider, Home.home)
    if began.carer:
        return Home.foster
    if began.looked_after:
        return Home.not_known
    return Home.family if began.lives_in else Home.not_known


def _interview(facts: Sequence[Fact], state: kept.State) -> Interview:
    said = [fact for fact in facts if fact.kind == ReturnInterviewOutcome.KIND]
    if not said:
        return Interview()
    held = [fact for fact in said if fact.said.get("stage") == "held"]
    independent = [fact.said["independent"] for fact in held if "independent" in fact.said]
    same = [f.said["same_interviewer"] for f in held if "same_interviewer" in f.said]
    return Interview(
        steps=_said(said, "stage"),
        service=state.interviewer,
        held_by=held[0].sender if held else "",
        independent=independent[-1] if independent else None,
        same_interviewer=same[-1] if same else "",
        factors=_all(said, "factors"),
        shared_with=_all(said, "shared_with"),
    )


def _checks(facts: Iterable[Fact]) -> Iterable[Check]:
    for fact in facts:
        if fact.kind == SafeAndWellOutcome.KIND:
            yield Check(
                at=fact.at,
                done=fact.said.get("result") == "done",
                reason=fact.said.get("reason", ""),
                by=fact.sender,
                heard=fact.heard,
                message_id=fact.message_id,
            )


def _said(facts: Iterable[Fact], name: str) -> tuple[Said, ...]:
    return tuple(
        Said(
            at=fact.said.get("risk_at", fact.at) if name == "risk" else fact.at,
            value=fact.said[name],
            by=fact.sender,
            heard=fact.heard,
            message_id=fact.message_id,
            reason=fact.said.get("reason", ""),
        )
        for fact in facts
        if name in fact.said
    )


def _last(facts: Sequence[Fact], name: str) -> str:
    return str(next((fact.said[name] for fact in reversed(facts) if name in fact.said), ""))


def _flag(facts: Sequence[Fact], name: str) -> bool | None:
    said = [fact.said[name] for fact in facts if name in fact.said]
    return any(said) if said else None


def _all(facts: Iterable[Fact], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for fact in facts for one in fact.said.get(name, ())))


# -- what stands beside absences


def stay_of(
    held: kept.Episode, as_at: datetime, today: Today, duties: Iterable[Duty] = ()
) -> Placement | None:
    """The placement as reports count it; None: nobody had told of it then, or it was taken back."""
    episode = known_by(held, as_at)
    it = placement_of(episode)
    if it is None or it.cancelled:
        return None
    return Placement(
        id=it.id,
        child=it.child,
        responsible=today(it.responsible),
        host=today(it.host),
        home=it.home,
        carer=it.carer,
        starts_at=it.starts_at,
        ends_at=it.ends_at,
        noticed=it.noticed,
        arrived=it.arrived,
        iro_stated=it.iro_stated,
        contact_stated=it.contact_stated,
        risk=it.risk,
        moved=it.moved,
        facts=tuple(fact for fact in standing(episode.facts) if not fact.beside),
        duties=tuple(duties),
    )


def threshold_of(
    held: kept.Episode, as_at: datetime, duties: Iterable[Duty] = ()
) -> Threshold | None:
    """A threshold that had been reached by then; `withdrawn`: it was taken back."""
    case = known_by(held, as_at)
    if not any(f.kind == ThresholdReached.KIND and not f.cancels for f in case.facts):
        return None
    last = Held.of(case)
    said = last.fact.said
    about = [f for f in case.facts if f.kind == ThresholdReached.KIND and not f.cancels]
    return Threshold(
        id=case.id,
        name=said["threshold"],
        step=said["step"],
        child=case.child,
        about=last.about,
        reached_at=last.fact.at,
        known_at=min(fact.heard for fact in about),
        counted=tuple(said["counted"]),
        withdrawn=last.withdrawn,
        place=said.get("placed_with", ""),
        facts=tuple(standing(case.facts)),
        duties=tuple(duties),
    )


def on_file(held: kept.Episode, as_at: datetime) -> tuple[OnFile, ...]:
    """Meetings, what was asked for, and referrals that stand with a case."""
    episode = known_by(held, as_at)
    return tuple(
        OnFile(episode.child, episode.id, fact)
        for fact in standing(episode.facts)
        if fact.kind in _FILED and kept.ELSEWHERE not in fact.said
    )


def duty_of(
    owed: Owed, as_at: datetime, done_at: datetime | None, climbed_to: tuple[str, ...] = ()
) -> Duty | None:
    """The duty as it stood then; None: it was not opened yet."""
    if owed.opened_at > as_at:
        return None
    state = owed.state
    settled = owed.settled_at is not None and owed.settled_at <= as_at
    if not settled:
        state = "late" if owed.due_at is not None and owed.due_at <= as_at else "open"
    return Duty(
        id=owed.id,
        name=owed.name,
        owed_by=owed.owed_by,
        state=state,
        opened_at=owed.opened_at,
        basis=owed.basis,
        because=owed.because,
        episode=owed.episode,
        child=owed.child,
        starts_at=owed.starts_at,
        due_at=owed.due_at,
        done_at=(done_at or owed.settled_at) if settled and state.startswith("met") else None,
        settled_why=owed.settled_why if settled else "",
        late_on_arrival=owed.late_on_arrival,
        working_due_at=owed.working_due_at,
        our_fault=owed.our_fault,
        occasion=owed.occasion,
        climbed_to=climbed_to,
    )


def changes_of(facts: Iterable[Fact]) -> tuple[Said, ...]:
    """Every time that the risk was stated anew, with when it was obtained."""
    kinds = (MissingNotification.KIND, MissingUpdate.KIND)
    return _said((fact for fact in facts if fact.kind in kinds), "risk")
