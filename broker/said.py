"""What a message says, as a fact: reduced to what rules and clocks ask about. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from broker.episode import Fact
from broker.paper import was_printed_by
from broker.recognition import own_reference
from broker.working_time import eighteenth_birthday, london_day
from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.child import EXPLOITATION
from schemas.iro_alert import IroAlert
from schemas.message import Action, ChildMessage
from schemas.missing import LOOKED_AFTER, MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import InterviewStage, ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import (
    FOR_THE_POLICE,
    ArrivalStage,
    PlacementArrival,
    PlacementNotice,
    RiskBlock,
)
from schemas.threshold import ThresholdReached
from schemas.values import Known


def fact_of(
    message: ChildMessage,
    number: int,
    heard: datetime,
    content: int,
    episode: UUID,
    identity: str = "",
) -> Fact:
    """What a message contributes to its absence; `identity`: whether the child is in question."""
    said = _said(message)
    said["sent_at"] = message.sent_at
    said["own_reference"] = own_reference(message) not in (None, str(episode)) or None
    said["identity"] = identity
    if message.child.birth_date:
        said["of_age_at"] = eighteenth_birthday(message.child.birth_date)
    if message.child.sex:
        said["sex"] = message.child.sex.value
    return Fact(
        number=number,
        message_id=str(message.message_id),
        kind=message.KIND,
        sender=message.sender,
        address=message.from_address,
        at=message.occurred_at,
        heard=heard,
        content=content,
        said={name: value for name, value in said.items() if value not in (None, "")},
        replaces=str(message.replaces or ""),
        cancels=message.action is Action.cancel,
    )


def asked(message: ChildMessage, fact: Fact, forms: Mapping[str, frozenset[str]]) -> dict[str, Any]:
    """Which of the fields that a form asks for the message states, and which it leaves out."""
    if message.action is Action.cancel or message.KIND not in forms:
        return {}
    wanted = sorted(forms[message.KIND])
    stated = {name for name in wanted if name in fact.said or _is_stated(message, name)}
    said: dict[str, Any] = {name: True for name in wanted if name in stated - fact.said.keys()}
    lacks = [name for name in wanted if name not in stated]
    return said | ({"lacks": lacks} if lacks else {})


def _is_stated(message: ChildMessage, path: str) -> bool:
    """Whether a field is neither left out nor empty; that there is none is a statement."""
    value: Any = message
    for name in path.split("."):
        if value is None:
            return False
        left_out = type(value).model_fields[name].default
        value = getattr(value, name)
    blank = isinstance(value, str) and not value.strip()
    return value is not None and value != left_out and not blank


def _said(message: ChildMessage) -> dict[str, Any]:
    say = _SAY.get(type(message))
    return say(message) if say else {}


def _of_notification(message: MissingNotification) -> dict[str, Any]:
    report = message.police_report
    police = message.sender.startswith("police.")
    return {
        "category": message.category.value,
        "started_at": message.started_at,
        "gone_at": message.last_seen_at or message.noticed_at,
        "review_at": message.review_at,
        "next_review_at": message.next_review_at,
        "risk": message.risk and message.risk.value,
        "risk_at": message.risk_obtained_at,
        "risk_likelihood": level(message.risk_likelihood),
        "risk_consequence": level(message.risk_consequence),
        "risk_reason": bool(message.risk_reason) or None,
        "immediate_danger": message.immediate_danger or None,
        "looked_after": message.care_status in LOOKED_AFTER or None,
        "responsible": message.responsible_authority,
        "lives_in": message.lives.authority,
        "home": message.lives.home,
        "address_protected": message.lives.address_protected or None,
        "place": message.place.authority,
        "district": message.place.district,
        "plan": message.protection_plan,
        "open_to_social_work": message.open_to_social_work,
        "care_status": message.care_status.value,
        "circumstance": message.circumstance and message.circumstance.value,
        "risk_factors": _codes(message.risk_factors),
        "police_report": _police_report(message),
        "police_report.reference": bool(police or (report and report.reference)) or None,
        "concern_stated": bool(message.concern) or None,
        "exploitation": _exploited(message.risk_factors) or bool(message.trafficked) or None,
        "trafficked": message.trafficked or None,
        "unaccompanied": message.unaccompanied or None,
        "care_review": message.next_care_review_on and message.next_care_review_on.isoformat(),
        "risk_reviewed": bool(message.risk_reviewed_by) or None,
    }


def level(written: str | None) -> str | None:
    """A level as one word, such as almost-certain; what is no word is only known to be stated."""
    if written is None:
        return None
    word = "-".join(written.lower().split())
    return word if _WORD.match(word) else "stated"


# No narrative and no name is kept as a fact: a level is a word or two.
_WORD = re.compile(r"^[a-z]{1,20}(-[a-z]{1,20}){0,2}$")


def _of_update(message: MissingUpdate) -> dict[str, Any]:
    lives = message.lives
    risk = message.risk and message.risk.value
    looked_after = message.care_status and message.care_status in LOOKED_AFTER
    return {
        "category": "missing"
        if message.danger_call
        else message.category and message.category.value,
        "risk_at": message.risk_obtained_at,
        "risk_likelihood": level(message.risk_likelihood),
        "risk_consequence": level(message.risk_consequence),
        "risk_reason": bool(message.reason.strip()) or None,
        "review_at": message.review_at,
        "next_review_at": message.next_review_at,
        "risk": "high" if message.danger_call else risk,
        "immediate_danger": message.immediate_danger or message.danger_call or None,
        "no_danger": message.immediate_danger is False or None,
        "police_report": "made" if message.police_reference else None,
        "police_reference": bool(message.police_reference) or None,
        "looked_after": looked_after,
        "responsible": message.responsible_authority,
        "lives_in": lives and lives.authority,
        "home": lives and (lives.home or "-"),
        "address_protected": (lives and lives.address_protected) or None,
        "plan": message.protection_plan,
        "open_to_social_work": message.open_to_social_work,
        "need_to_know": message.need_to_know or None,
        "risk_reviewed": bool(message.risk_reviewed_by) or None,
        "exploitation": _exploited(message.risk_factors) or None,
        "risk_factors": _codes(message.risk_factors),
    }


def _of_return(message: MissingReturn) -> dict[str, Any]:
    lives = message.lives
    return {
        "stage": message.stage.value,
        "outcome": message.outcome.value,
        "time_known": message.time_known,
        "found_in": message.place.authority,
        "found_district": message.place.district,
        "method": message.method and message.method.value,
        "police_report": "made" if message.police_reference else None,
        "lives_in": lives and lives.authority,
        "home": lives and (lives.home or "-"),
    }


def _of_check(message: SafeAndWellOutcome) -> dict[str, Any]:
    return {
        "result": message.result.value,
        "reason": message.reason and message.reason.value,
        "concern_about_carer": message.concern_about_carer and message.concern_about_carer.value,
        "exploitation": _exploited(message.risk_factors) or None,
        "risk_factors": _codes(message.risk_factors),
    }


_TALKED = (InterviewStage.held, InterviewStage.shared)


def _of_interview(message: ReturnInterviewOutcome) -> dict[str, Any]:
    concern = message.concern_about_carer or Known.not_known
    talked = message.stage in _TALKED
    return {
        "stage": message.stage.value,
        "reason": message.reason and message.reason.value,
        "independent": message.independent,
        "service": message.service,
        # Before they have talked, nobody has been asked yet.
        "concern_about_carer": concern.value if talked or concern is Known.yes else None,
        "exploitation": _exploited(message.risk_factors) or None,
        "risk_factors": _codes(message.risk_factors),
        "shared_with": [each.value for each in message.shared_with] or None,
        "referral_ended": any(each.ended_at for each in message.referrals) or None,
        "same_interviewer": message.same_interviewer and message.same_interviewer.value,
        "factors": _codes((*message.push_factors, *message.pull_factors)) or None,
    }


def _of_placement(message: PlacementNotice) -> dict[str, Any]:
    approval, risk = message.approval, message.risk
    return {
        "stage": message.stage.value,
        "looked_after": True,
        "responsible": message.responsible_authority,
        "lives_in": message.host_authority,
        "home": message.home or "-",
        "carer": message.carer or "-",
        "address_protected": message.address_protected or None,
        "distance": message.distance.value,
        "starts_at": message.starts_at,
        "ends_at": message.ends_at,
        "approval.by": approval and approval.by and approval.by.value,
        "approval.exception": approval and approval.exception and approval.exception.value,
        "at_once": message.immediate_risk or bool((message.impracticable or "").strip()) or None,
        "school": message.school,
        "health": message.health,
        "exploitation": _exploited(risk and risk.factors) or None,
        "police_risk": _is_for_the_police(risk) or None,
        "risk_named": _risk_named(risk),
        "may_go_missing": risk and risk.may_go_missing and risk.may_go_missing.value,
        "legal_status": message.legal_status and message.legal_status.value,
        "type": message.type and message.type.value,
        "provider": message.provider and message.provider.value,
        "education_plan": message.education_plan and message.education_plan.value,
        "social_worker_stated": bool(message.social_worker) or None,
        "care_plan_sent": message.care_plan_sent,
        "iro_stated": bool(message.iro) or None,
        "contact_stated": bool(message.emergency_contact) or None,
        "care_review": message.next_review_on and message.next_review_on.isoformat(),
        "paper": _from_paper(message),
    }


def _from_paper(message: ChildMessage) -> bool | None:
    """Whether it was written on a printed form while Homeward was away: then its times count."""
    day = london_day(message.sent_at)
    return bool(message.paper_form and was_printed_by(message.paper_form, day)) or None


def _is_for_the_police(risk: RiskBlock | None) -> bool:
    """Missing before, exploited, trafficked, in a gang, unaccompanied (ADCS, 2018)."""
    if risk is None:
        return False
    return bool(risk.unaccompanied) or bool(FOR_THE_POLICE.intersection(risk.factors or ()))


def _risk_named(risk: RiskBlock | None) -> str:
    if risk is None or not risk.said:
        return "not-stated"
    return "none-known" if risk.none_known else "named"


def _of_arrival(message: PlacementArrival) -> dict[str, Any]:
    moved_to = message.moved_to
    return {
        "stage": message.stage.value,
        "looked_after": bool(message.placing_authority) or None,
        "responsible": message.placing_authority,
        "home": message.sender,
        "carer": "-",
        "address_protected": message.address_protected or None,
        "setting": message.setting.value,
        "education_plan": message.education_plan and message.education_plan.value,
        "starts_at": message.occurred_at if message.stage is ArrivalStage.admitted else None,
        "ends_at": message.occurred_at if message.stage is ArrivalStage.discharged else None,
        "moved_to": moved_to and moved_to.authority,
        "iro_stated": bool(message.iro) or None,
        "contact_stated": bool(message.placing_authority_contact) or None,
        "paper": _from_paper(message),
    }


_SAY: Mapping[type, Any] = {
    PlacementNotice: _of_placement,
    PlacementArrival: _of_arrival,
    MissingNotification: _of_notification,
    MissingUpdate: _of_update,
    MissingReturn: _of_return,
    SafeAndWellOutcome: _of_check,
    ReturnInterviewOutcome: _of_interview,
    IroAlert: lambda m: {
        "looked_after": True,
        "responsible": m.responsible_authority,
        "event": m.event.value,
        "care_review": m.next_review_on and m.next_review_on.isoformat(),
    },
    Referral: lambda m: {
        "to": m.to.value,
        "stage": m.stage.value,
        "of": m.of and str(m.of),
        "addressee": m.service,
        "consent": m.consent.value,
        "sessions": m.sessions,
        "concern_about_carer": "yes" if m.concern_about_carer is Known.yes else None,
    },
    ThresholdReached: lambda m: {"threshold": m.threshold, "step": m.step},
    MeetingRequest: lambda m: {"type": m.type.value, "addressee": m.convenor},
    MeetingOutcome: lambda m: {
        "type": m.type.value,
        "held": m.held,
        "request": m.request and str(m.request),
        "next_meeting_at": m.next_meeting_at,
        "owners": sorted({action.owner for action in m.actions}) or None,
    },
}


def _codes(choices: Any) -> list[str] | None:
    """The words of a list of choices; None where it was not asked."""
    return None if choices is None else list(dict.fromkeys(each.value for each in choices))


def _exploited(factors: Any) -> bool:
    return bool(EXPLOITATION.intersection(factors or ()))


def _police_report(message: MissingNotification) -> str | None:
    if message.sender.startswith("police."):
        return "made"
    report = message.police_report
    if report is None:
        return None
    return "not-yet" if report.channel.value == "not-yet" and not report.reference else "made"
