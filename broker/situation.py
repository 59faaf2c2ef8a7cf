"""What policy asks about one fact: what rules are matched against. Pure."""

from datetime import datetime
from typing import Any

from broker.directory import Directory
from broker.episode import NEWS, PLACED, Fact, State
from broker.policy.model import Situation
from broker.working_time import age_on
from schemas.missing import MissingReturn, MissingUpdate


def situation_of(
    fact: Fact, state: State, before: State, directory: Directory, *, taken_back: bool = False
) -> Situation:
    """What policy asks about one fact, with what was so after it and before it."""
    said = fact.said
    place, lead = directory.today(state.place), directory.today(state.lead)
    is_end = fact.kind == MissingReturn.KIND
    named = {} if taken_back else said
    of_placement = fact.kind in PLACED and (not fact.beside or "moved_on" in said)
    return Situation(
        # Where the child is placed from now on is news of an absence, like any other update.
        kind=fact.kind if of_placement or not fact.beside else MissingUpdate.KIND,
        sender=fact.sender.partition(".")[0],
        category=state.category,
        stage=named.get("stage", ""),
        outcome=named.get("outcome", ""),
        risk=state.risk,
        event=named.get("event", ""),
        result=named.get("result", ""),
        reason=named.get("reason", ""),
        to=named.get("to", ""),
        type=named.get("type", ""),
        held=bool(named.get("held")) or named.get("stage") == "held",
        addressed="addressee" in named,
        consent=named.get("consent", ""),
        concern_about_carer=state.concern_about_carer,
        looked_after=state.looked_after,
        protection_plan=bool(state.plan),
        open_to_social_work=state.open_to_social_work,
        place_elsewhere=bool(place) and place != lead,
        lives_in_home=bool(state.home),
        immediate_danger=state.immediate_danger and not state.over,
        police_report=state.police_report,
        review_stated=bool({"review_at", "next_review_at", "next_meeting_at"} & said.keys()),
        time_known=bool(said.get("time_known", True)),
        ended=fact.kind in NEWS and state.over and (not is_end or _is_old_news(fact, before)),
        upgraded=before.heard
        and before.category in ("absent", "away")
        and state.category == "missing",
        reopened=taken_back and before.over and not state.over and state.heard,
        moved=before.heard and (before.lead, before.host) != (state.lead, state.host),
        taken_into_care=before.heard and not before.looked_after and state.looked_after,
        leads_differ=len({directory.today(lead) for lead in state.leads}) > 1,
        concern_stated=state.concern_stated,
        exploitation=bool(said.get("exploitation")),
        named_exploitation=state.exploitation,
        trafficked=state.trafficked,
        unaccompanied=state.unaccompanied,
        need_to_know=bool(said.get("need_to_know")),
        of_age=state.of_age_at is not None and fact.at >= state.of_age_at,
        age=age_on(state.of_age_at, fact.at),
        sex=state.sex,
        still_missing=state.heard
        and not state.over
        and state.category in ("missing", "unrecognised"),
        identity=said.get("identity", ""),
        school_named=bool(state.school),
        threshold=named.get("threshold", ""),
        step=named.get("step", 0),
        first_here=state.first_here,
        lacks=frozenset(said.get("lacks", ())),
        nation=directory.nation_of(state.lead),
        **(_of_placement(fact, state, directory) if of_placement else {}),
    )


def as_it_stands(state: State, at: datetime) -> Situation:
    """What policy may ask of an absence as it stands, whatever was said last."""
    return Situation(
        kind="",
        category=state.category,
        risk=state.risk,
        immediate_danger=state.immediate_danger and not state.over,
        looked_after=state.looked_after,
        protection_plan=bool(state.plan),
        open_to_social_work=state.open_to_social_work,
        lives_in_home=bool(state.home),
        named_exploitation=state.exploitation,
        concern_about_carer=state.concern_about_carer,
        of_age=state.of_age_at is not None and at >= state.of_age_at,
        age=age_on(state.of_age_at, at),
        sex=state.sex,
    )


def _of_placement(fact: Fact, state: State, directory: Directory) -> dict[str, Any]:
    """What policy asks about a notice of placement or an arrival beside."""
    said = fact.said
    host, responsible = (directory.today(one) for one in (state.lives_in, state.responsible))
    at_home = directory.area_of(state.home) if state.home else None
    at = directory.agency(host)
    begins = said["stage"] in _BEGINS or state.began_by == fact.message_id
    return {
        "distance": said.get("distance", ""),
        "setting": said.get("setting", ""),
        "approver": said.get("approval.by", ""),
        "approval_exempt": "approval.exception" in said,
        # Where the directory has the home elsewhere, both areas are told.
        "out_of_area": host != responsible or at_home not in (None, responsible),
        "begins": begins and not fact.beside,
        "noticed": state.noticed,
        "moved_on": "moved_on" in said,
        "at_once": bool(said.get("at_once")),
        "police_risk": bool(said.get("police_risk")),
        "supported": "K3" in said.get("type", "") or "supported" in said.get("setting", ""),
        "rival": bool(said.get("rival")),
        "health_named": bool(state.health),
        "host_nation": at.nation if at and at.nation in _NATIONS else "",
    }


_BEGINS = ("planned", "emergency")
_NATIONS = ("England", "Wales")


def _is_old_news(end: Fact, before: State) -> bool:
    """Whether a later end was known already."""
    return before.over and before.ended_at is not None and end.at <= before.ended_at
