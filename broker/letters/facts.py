"""What a placement notice or a home's arrival says, item by item, in words for paper."""

from datetime import date, datetime

from broker.letters.speaker import Speaker, clean
from broker.working_time import day_in_full, in_full
from schemas.child import Child, RiskFactor, Scheme, Sex
from schemas.placement import (
    FOR_THE_POLICE,
    Approval,
    Contact,
    PlacementArrival,
    PlacementNotice,
    RiskBlock,
    ToldOutside,
)
from schemas.values import Known

Facts = dict[str, str]  # an item that is not stated is not there, or empty


def of_notice(message: PlacementNotice, speak: Speaker) -> Facts:
    """Every item of a council's notice."""
    said, text = speak, speak.text
    return {
        **_of_child(message.child, speak),
        "stage": said.choice(message.stage, lambda it: said.words(f"stages.{it.value}")),
        "adcs_stage": said.choice(message.stage, lambda it: said.words(f"adcs_stages.{it.value}")),
        "placement": text(message.placement),
        "starts_at": in_full(message.starts_at),
        "ends_at": _time(message.ends_at),
        "expected_until": _day(message.expected_until),
        "host_authority": said.agency(message.host_authority),
        "distance": said.choice(
            message.distance, lambda it: said.words(f"distances.{it.value}")
        ),
        "type": said.code("type", message.type),
        "provider": said.code("provider", message.provider),
        "home": said.agency(message.home),
        "carer": text(message.carer),
        "provides": text(message.provides),
        "address": text(message.address),
        "carer_contact": said.contact(message.carer_contact),
        "reason_for_change": said.code("reason_for_change", message.reason_for_change),
        "immediate_risk": said.yes_no(message.immediate_risk or None),
        "decided_at": _time(message.decided_at),
        "approval": _approval(message.approval, speak),
        "impracticable": text(message.impracticable),
        "responsible_authority": said.agency(message.responsible_authority),
        **_of_contact("social_worker", message.social_worker, speak),
        "emergency_contact": said.contact(message.emergency_contact),
        "iro": said.contact(message.iro),
        "iro_informed_at": _time(message.iro_informed_at),
        "legal_status": said.code("legal_status", message.legal_status),
        "care_plan_sent": said.yes_no(message.care_plan_sent),
        "next_review_on": _day(message.next_review_on),
        "school": said.joined(", ", (message.school_name, said.agency(message.school))),
        "health": said.agency(message.health),
        "gp": text(message.gp),
        "needs": text(message.needs),
        "why_suitable": text(message.why_suitable),
        "education_plan": said.known(message.education_plan),
        "disability": said.known(message.disability),
        **(_of_risk(message.risk, speak) if message.risk else {}),
        "told_outside": "\n".join(_told(each, speak) for each in message.told_outside),
    }  # fmt: skip


def of_arrival(message: PlacementArrival, speak: Speaker, protected: bool) -> Facts:
    """Every item of a home's word of an arrival or a discharge; `protected`: not where to."""
    said, moved = speak, message.moved_to
    where_to = (
        (moved.address, said.agency(moved.home), said.agency(moved.authority)) if moved else ()
    )
    return {
        **_of_child(message.child, speak),
        "stage": said.choice(message.stage, lambda it: said.words(f"stages.{it.value}")),
        "home": said.agency(message.sender),
        "happened": in_full(message.occurred_at),
        "placement": said.text(message.placement),
        "setting": said.choice(message.setting).replace("childrens", "children's"),
        "expected_until": _day(message.expected_until),
        "section_20_or_21": said.known(message.section_20_or_21),
        "care_or_supervision_order": said.known(message.care_or_supervision_order),
        "placing_authority": said.agency(message.placing_authority),
        "placing_authority_contact": said.contact(message.placing_authority_contact),
        "iro": said.contact(message.iro),
        "education_plan": said.known(message.education_plan),
        "education_plan_authority": said.agency(message.education_plan_authority)
        or (said.words("words.does_not_apply") if message.education_plan is Known.no else ""),
        "moved_to": said.words("words.protected")
        if moved and protected
        else said.joined(", ", where_to),
        "remarks": said.text(message.remarks),
    }


def name_of(child: Child) -> str:
    """The child's name; empty where only references, or a view without names, are there."""
    parts = (clean(each) for each in (child.given_name, child.family_name) if each and each != "-")
    return " ".join(" ".join(parts).split())


def _of_child(child: Child, speak: Speaker) -> Facts:
    numbers: dict[str, list[str]] = {"nhs_number": [], "upn": [], "references": []}
    for each in child.references:
        value = speak.text(each.value)
        if each.scheme is Scheme.nhs_number:
            numbers["nhs_number"].append(f"{value[:3]} {value[3:6]} {value[6:]}")
        elif each.scheme is Scheme.upn:
            numbers["upn"].append(value)
        else:
            numbers["references"].append(f"{speak.agency(each.holder)}: {value}")
    return {
        "name": name_of(child),
        "also_known_as": speak.joined("; ", child.also_known_as),
        "birth_date": speak.born(child.birth_date),
        "sex": speak.choice(child.sex, lambda it: "not known" if it is Sex.not_known else it.value),
        **{name: "\n".join(dict.fromkeys(values)) for name, values in numbers.items()},
    }


def _of_contact(item: str, said: Contact | None, speak: Speaker) -> Facts:
    if said is None:
        return {}
    return {
        item: speak.contact(said),
        f"{item}_name": speak.joined(", ", (said.name, said.function)),
        f"{item}_phone": speak.text(said.phone),
        f"{item}_email": speak.text(said.email),
    }


def _of_risk(risk: RiskBlock, speak: Speaker) -> Facts:
    factors = risk.factors or ()
    named = [speak.choice(each) for each in dict.fromkeys(factors)]
    asked = risk.none_known or risk.factors is not None
    none_known = speak.words("words.none_known") if asked and not named else ""
    return {
        "risks": ", ".join(named) or none_known,
        "offending": _among(RiskFactor.offending, factors, none_known, speak),
        "mental_health": _among(RiskFactor.mental_health, factors, none_known, speak),
        "unaccompanied": speak.yes_no(risk.unaccompanied),
        "may_go_missing": speak.known(risk.may_go_missing),
        "measures": speak.text(risk.measures),
        "risk_notes": speak.text(risk.notes),
        "police": _for_the_police(risk, [*named, none_known], speak),
    }


def _among(
    factor: RiskFactor, factors: tuple[RiskFactor, ...], none_known: str, speak: Speaker
) -> str:
    if factor in factors:
        return speak.words("words.yes")
    return speak.words("words.not_among") if factors else none_known


def _for_the_police(risk: RiskBlock, stated: list[str], speak: Speaker) -> str:
    """Yes and why, where one of those risks is stated; no, where they were asked and none is."""
    why = [speak.choice(each) for each in risk.factors or () if each in FOR_THE_POLICE]
    why += ["unaccompanied"] if risk.unaccompanied else []
    if why:
        return f"{speak.words('words.yes')}: {', '.join(dict.fromkeys(why))}"
    return speak.words("words.no") if any(stated) else ""


def _approval(approval: Approval | None, speak: Speaker) -> str:
    if approval is None:
        return ""
    parts = [f"by {speak.choice(approval.by)}" if approval.by else ""]
    parts += [f"none needed beforehand: {speak.choice(approval.exception)}"] * bool(
        approval.exception
    )
    parts += [f"on {in_full(approval.at)}"] if approval.at else []
    parts += [f"with {', '.join(map(speak.text, approval.functions))}"] * bool(approval.functions)
    consulted = approval.host_consulted_at
    parts += [f"council of the area consulted on {in_full(consulted)}"] if consulted else []
    return "; ".join(part for part in parts if part)


def _told(each: ToldOutside, speak: Speaker) -> str:
    at = f" on {in_full(each.at)}" if each.at else ""
    reason = f" ({speak.text(each.reason)})" if each.reason else ""
    return f"{speak.choice(each.who)}: {speak.choice(each.told)}{at}{reason}"


def _time(at: datetime | None) -> str:
    return in_full(at) if at else ""


def _day(day: date | None) -> str:
    return day_in_full(day) if day else ""
