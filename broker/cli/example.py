"""A valid message of each kind about a made-up child, at real authorities, as if it came now."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from broker.errors import Misuse
from schemas.kinds import FROM_AGENCIES, MADE, TO_AGENCIES
from schemas.message import BROKER

HOME, COUNCIL, HOST = "provider.SC999001", "la.E08000030", "la.E06000021"
POLICE = "police.E23000015"

_DESKS = {
    HOME: f"{HOME}/night-staff",
    COUNCIL: f"{COUNCIL}/social-work",
    HOST: f"{HOST}/placements",
    POLICE: f"{POLICE}/missing-unit",
    BROKER: f"{BROKER}/operations",
}

_CHILD = {
    "references": [
        {"holder": HOME, "scheme": "home-reference", "value": "H-17"},
        {"holder": COUNCIL, "scheme": "la-person-id", "value": "4711"},
    ],
    "given_name": "Robin",
    "family_name": "Example",
    "birth_date": "2011-05-16",
}

_ABSENCE = {"child": _CHILD, "episode": "H-17/3"}  # by the home's own reference
_POLICE_REFERENCE = "SP-2026-0815"

Ids = Callable[[], UUID]


def example(kind: str, now: datetime, ids: Ids = uuid4) -> dict[str, Any]:
    """
    One message of that kind in its JSON form: a home in Stoke-on-Trent, a child of Walsall.

    `Misuse` for a kind that agencies do not send.
    """
    if kind in TO_AGENCIES or kind in MADE:
        raise Misuse(f"{kind} is sent by Homeward; agencies send: {_sent()}")
    if kind not in FROM_AGENCIES:
        raise Misuse(f"no kind is called {kind}; agencies send: {_sent()}")
    return _message(kind, now, ids)


def notice(kind: str, now: datetime, ids: Ids = uuid4) -> dict[str, Any]:
    """What Homeward itself says, of a kind that no agency sends, about the same night."""
    return _message(kind, now, ids)


def _sent() -> str:
    return ", ".join(sorted(FROM_AGENCIES))


def _message(kind: str, now: datetime, ids: Ids) -> dict[str, Any]:
    sender, body = _BODIES[kind]
    envelope = {
        "message_id": str(ids()),
        "sender": sender,
        "from_address": _DESKS[sender],
        "occurred_at": _written(now),
        "sent_at": _written(now),
    }
    return {"kind": kind, **envelope, **body(now, ids)}


# ------------------------------------------------------------------ an absence


def _notification(now: datetime, ids: Ids) -> dict[str, Any]:
    return _ABSENCE | {
        "category": "missing",
        "category_reason": "Never late before, and does not answer",
        "last_seen_at": _written(now - timedelta(minutes=40)),
        "noticed_at": _written(now - timedelta(minutes=10)),
        "place": {"authority": HOST, "description": "The home"},
        "lives": {"authority": HOST, "home": HOME},
        "care_status": "looked-after",
        "responsible_authority": COUNCIL,
        "open_to_social_work": True,
        "risk": "medium",
        "risk_reason": "Out later than agreed, phone off",
        "risk_author": "Senior on shift",
        "risk_factors": ["missing-before", "online-contact"],
        "police_report": {
            "channel": "101",
            "at": _written(now - timedelta(minutes=5)),
            "reference": _POLICE_REFERENCE,
        },
        "parents_told": {"told": False},
        "circumstance": "did-not-return",
        "circumstances": "Went to the shop at half past eight and did not come back",
        "whereabouts_known": "no",
        "clothing": "Grey hooded top, black jeans, white trainers",
        "carrying": "Phone, about five pounds, no medication",
        "likely_places": ["The bus station"],
        "checks_made": "Room and garden searched, phone rung three times",
        "ring_back": "Night staff, 01632 960001",
        "next_care_review_on": _day(now + timedelta(days=40)),
    }


def _update(now: datetime, ids: Ids) -> dict[str, Any]:
    return _ABSENCE | {
        "reason": "A friend says there is an adult Robin met online",
        "risk": "high",
        "risk_author": "Senior on shift",
        "risk_factors": ["missing-before", "online-contact", "sexual-exploitation"],
        "source": "public",
        "sighted": {"authority": HOST, "description": "The bus station"},
    }


def _return(now: datetime, ids: Ids) -> dict[str, Any]:
    return _ABSENCE | {
        "stage": "returned",
        "outcome": "safe",
        "method": "by-themselves",
        "place": {"authority": HOST, "description": "The home"},
        "by_whom": "Came back alone",
        "condition": "Tired and hungry",
        "injuries": "no",
        "feels_safe_to_return": True,
    }


def _check(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "police_reference": _POLICE_REFERENCE,
        "result": "done",
        "method": "face-to-face",
        "seen_alone": "yes",
        "in_uniform": "no",
        "condition": "Tired, no injuries",
        "harm": "no",
        "offences_against": "not-known",
        "offences_by": "no",
        "where_and_with_whom": "At the bus station, with a school friend",
        "reasons": "Wanted to see a brother",
        "concern_about_carer": "no",
        "risk_factors": [],
        "action_taken": "Intelligence report made",
        "others_told": ["School"],
    }


def _interview(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "stage": "held",
        "interviewer": "Youth worker of the return interview service",
        "independent": True,
        "same_interviewer": "not-known",
        "place": "School",
        "seen_alone": "yes",
        "push_factors": ["placement-move"],
        "pull_factors": ["family-ties"],
        "risk_factors": [],
        "concern_about_carer": "no",
        "harm": "no",
        "findings": "Misses a brother since the move",
        "child_view": "I want to see my brother on Saturdays",
        "intelligence": "Was offered a lift by somebody in a silver car",
        "released_to_home": "Would like help with ringing the brother",
        "actions": "Social work to arrange contact",
        "referrals": [{"service": "Mediation", "consent": "yes"}],
    }


def _profile(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "obtained_at": _written(now - timedelta(days=2)),
        "obtained_by": "Key worker",
        "description": "Slim, 1.60 m, short brown hair, a scar on the left hand",
        "photo": {"held_by": "The home's office", "taken_on": _day(now - timedelta(days=90))},
        "associates": [{"name": "Sam Sample", "relation": "Brother", "where": "Walsall"}],
        "places": ["The bus station", "The canal"],
        "previous_missing": "Twice this year, back by midnight both times",
        "phones": ["01632 960002"],
        "languages": ["English"],
        "risk_factors": ["missing-before"],
        "risk_measures": "The home rings the brother first",
        "child_view": "Text me before you ring",
        "review_on": _day(now + timedelta(days=90)),
        "none_known": ["medical", "social-media", "money"],
    }


# ------------------------------------------------------------------ what follows


def _alert(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "event": "missing",
        "responsible_authority": COUNCIL,
        "episodes_in_90_days": 3,
        "safe_and_well": "done",
        "return_interview": "owed",
        "next_review_on": _day(now + timedelta(days=40)),
        "asked": "early-review",
        "words": "Third absence this month",
    }


def _referral(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "to": "exploitation-team",
        "stage": "made",
        "service": f"{COUNCIL}/exploitation-team",
        "consent": "yes",
        "concern_about_carer": "no",
        "reason": "Was offered a lift by a stranger",
    }


def _request(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "type": "missing",
        "why": "Third absence this month",
        "convenor": f"{COUNCIL}/social-work",
        "wanted_by": _written(now + timedelta(days=7)),
        "invite": ["The home", "School"],
    }


def _meeting(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "type": "missing",
        "held": True,
        "attendance": [
            {"agency": HOME, "attended": True},
            {"agency": POLICE, "attended": False},
        ],
        "actions": [
            {
                "what": "Arrange contact with the brother",
                "owner": f"{COUNCIL}/social-work",
                "due_on": _day(now + timedelta(days=7)),
            }
        ],
        "summary": "Contact is what would help most",
        "next_meeting_at": _written(now + timedelta(days=28)),
    }


def _regulator(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "regulator": "ofsted",
        "told_at": _written(now - timedelta(hours=1)),
        "reference": "N-2026-104",
        "about": "Concern that a child may be exploited",
    }


def _statement(now: datetime, ids: Ids) -> dict[str, Any]:
    one, other = _CHILD["references"]
    return {"one": one, "other": other, "same": True, "reason": "Compared by telephone"}


def _answer(now: datetime, ids: Ids) -> dict[str, Any]:
    return {"delivery": str(ids()), "state": "acting"}


def _catch_up(now: datetime, ids: Ids) -> dict[str, Any]:
    return {"since": 12}


# ------------------------------------------------------------------ placements and censuses


def _placement(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "stage": "planned",
        "placement": "PL-4711/2",
        "responsible_authority": COUNCIL,
        "host_authority": HOST,
        "distance": "at-a-distance",
        "starts_at": _written(now + timedelta(days=7)),
        "expected_until": _day(now + timedelta(days=180)),
        "decided_at": _written(now - timedelta(days=1)),
        "home": HOME,
        "type": "K2",
        "provider": "PR4",
        "legal_status": "C2",
        "approval": {
            "by": "director",
            "at": _written(now - timedelta(hours=4)),
            "host_consulted_at": _written(now - timedelta(days=2)),
        },
        "iro": {"function": "Reviewing officers", "phone": "01632 960010"},
        "social_worker": {"function": "Children in care team", "phone": "01632 960011"},
        "emergency_contact": {"function": "Emergency duty team", "phone": "01632 960012"},
        "school_name": "Sample Academy",
        "gp": "Sample Surgery",
        "care_plan_sent": True,
        "needs": "A calm home and help with ringing a brother",
        "why_suitable": "Near the brother, and the school place stays",
        "education_plan": "no",
        "risk": {"factors": ["missing-before"], "may_go_missing": "yes"},
        "told_outside": [
            {"who": "parent", "told": "told", "at": _written(now - timedelta(hours=3))},
            {"who": "previous-carer", "told": "withheld", "reason": "Risk of significant harm"},
        ],
        "next_review_on": _day(now + timedelta(days=40)),
    }


def _arrival(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "stage": "admitted",
        "placement": "H-17",
        "placing_authority": COUNCIL,
        "setting": "childrens-home",
        "section_20_or_21": "no",
        "care_or_supervision_order": "yes",
        "placing_authority_contact": {"function": "Children in care team", "phone": "01632 960011"},
        "iro": {"function": "Reviewing officers", "phone": "01632 960010"},
        "education_plan": "no",
        "expected_until": _day(now + timedelta(days=180)),
    }


def _subscription(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "ask": "request",
        "hosts": [HOST],
        "purpose": "To plan places in schools and health services for children placed here",
        "legal_basis": "Children Act 2004, section 10",
        "data_protection_contact": "Data protection desk, 01632 960020",
        "until": _day(now + timedelta(days=300)),
    }


def _census(now: datetime, ids: Ids) -> dict[str, Any]:
    began = now.replace(day=1) - timedelta(days=10)
    return {
        "period_from": _day(began.replace(day=1)),
        "period_to": _day(now.replace(day=1) - timedelta(days=1)),
        "entries": [
            {
                "reference": _POLICE_REFERENCE,
                "category": "missing",
                "started_at": _written(began),
                "ended_at": _written(began + timedelta(hours=8)),
                "authority": HOST,
            }
        ],
    }


# ------------------------------------------------------------------ what Homeward says


def _threshold(now: datetime, ids: Ids) -> dict[str, Any]:
    starts = [now - timedelta(days=days) for days in (60, 21, 0)]
    return {
        "child": _CHILD,
        "threshold": "three-in-ninety-days",
        "policy": "our-council-2026.1",
        "about": "child",
        "step": 3,
        "criteria": ["3 absences in 90 days"],
        "known_at": _written(now),
        "count": 3,
        "window_from": _day(now - timedelta(days=89)),
        "window_to": _day(now),
        "episodes": [
            {"episode": str(ids()), "started_at": _written(start), "category": "missing"}
            for start in starts
        ],
        "home": HOME,
        "responsible_authority": COUNCIL,
        "host_authority": HOST,
        "words": "The third absence in 90 days. A meeting is due.",
    }


def _differences(now: datetime, ids: Ids) -> dict[str, Any]:
    began = now.replace(day=1) - timedelta(days=10)
    return {
        "of": str(ids()),
        "by": POLICE,
        "period_from": _day(began.replace(day=1)),
        "period_to": _day(now.replace(day=1) - timedelta(days=1)),
        "theirs": 1,
        "ours": 1,
        "both": 1,
        "differences": [
            {
                "what": "different",
                "reference": _POLICE_REFERENCE,
                "episode": str(ids()),
                "started_at": _written(began),
                "fields": [{"field": "category", "ours": "absent", "theirs": "missing"}],
            }
        ],
        "words": "1 in the census, 1 with Homeward: 1 on both sides, of which 1 differs.",
    }


def _subscribed(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "subscription": str(ids()),
        "state": "approved",
        "subscriber": HOST,
        "hosts": [HOST],
        "until": _day(now + timedelta(days=300)),
        "words": "Approved. What is placed there now comes first, then news.",
    }


def _counts(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "subscription": str(ids()),
        "month": _day(now.replace(day=1) - timedelta(days=1))[:7],
        "areas": [{"host": HOST, "placed": 85, "started": 10}],
        "words": "To the nearest five; nothing is shown where there are fewer than five.",
    }


def _plan(now: datetime, ids: Ids) -> dict[str, Any]:
    return {"child": _CHILD, "why": "Reported missing; nobody is at the day team"}


def _report_given(now: datetime, ids: Ids) -> dict[str, Any]:
    last = now.replace(day=1) - timedelta(days=1)
    quarter = f"{last.year}-Q{(last.month - 1) // 3 + 1}"
    said = {"report": "corporate-parenting", "period": quarter}
    return said | {"to": "Corporate parenting board"}


def _readiness(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "care_pack": "2026-1",
        "care_pack_given_on": _day(now - timedelta(days=30)),
        "procedure_of": _day(now - timedelta(days=200)),
    }


def _digest(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "day": _day(now),
        "since": _written(now - timedelta(days=1)),
        "until": _written(now),
        "new": [
            {
                "episode": str(ids()),
                "category": "missing",
                "started_at": _written(now - timedelta(hours=9)),
            }
        ],
        "open": 1,
        "words": "1 new, 0 updated, 0 returned. Going on: 1.",
    }


def _receipt(now: datetime, ids: Ids) -> dict[str, Any]:
    told = {
        "address": f"{COUNCIL}/emergency-duty",
        "because": "missing-lead@england-2026.3",
        "answer_by": _written(now + timedelta(minutes=30)),
    }
    return {
        "of": str(ids()),
        "child": "child-5f0c2d7be19a4c63d8071e2a",
        "episode": str(ids()),
        "told": [told],
        "words": "Accepted. Told: emergency duty team of Walsall.",
    }


def _rejection(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "of": str(ids()),
        "topic": f"outbox.{HOME}",
        "partition": 0,
        "offset": 41,
        "code": "invalid",
        "field": "place.authority",
        "detail": "place.authority: String should match pattern '^la\\.[EW][0-9]{8}$'",
    }


def _duty(now: datetime, ids: Ids) -> dict[str, Any]:
    return {
        "duty": str(ids()),
        "name": "offer-return-interview",
        "change": "opened",
        "owed_by": f"{COUNCIL}/return-interviews",
        "about": str(ids()),
        "episode": str(ids()),
        "starts_at": _written(now),
        "due_at": _written(now + timedelta(hours=72)),
        "basis": "statutory-guidance",
        "words": "Offer return interview, by return interviews of Walsall, is owed.",
    }


def _picture(now: datetime, ids: Ids) -> dict[str, Any]:
    outstanding = {
        "name": "answer",
        "owed_by": f"{COUNCIL}/front-door",
        "state": "open",
        "due_at": _written(now + timedelta(minutes=30)),
    }
    return {
        "child": "child-5f0c2d7be19a4c63d8071e2a",
        "episode": str(ids()),
        "status": "open",
        "category": "missing",
        "risk": "medium",
        "started_at": _written(now - timedelta(minutes=40)),
        "lead": COUNCIL,
        "host": HOST,
        "force": POLICE,
        "outstanding": [outstanding],
        "because": "catch-up",
    }


def _heartbeat(now: datetime, ids: Ids) -> dict[str, Any]:
    return {"inbox": COUNCIL, "last_sequence": 12}


def _written(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _day(at: datetime) -> str:
    return at.date().isoformat()


_Body = Callable[[datetime, Ids], dict[str, Any]]
_BODIES: Mapping[str, tuple[str, _Body]] = {
    "missing.notification": (HOME, _notification),
    "missing.update": (HOME, _update),
    "missing.return": (HOME, _return),
    "safe-and-well.outcome": (POLICE, _check),
    "return-interview.outcome": (COUNCIL, _interview),
    "child.profile": (HOME, _profile),
    "iro.alert": (COUNCIL, _alert),
    "referral": (COUNCIL, _referral),
    "meeting.request": (HOME, _request),
    "meeting.outcome": (COUNCIL, _meeting),
    "regulator.notice": (HOME, _regulator),
    "identity.statement": (COUNCIL, _statement),
    "answer": (COUNCIL, _answer),
    "profile.request": (HOST, _plan),
    "report.given": (COUNCIL, _report_given),
    "home.readiness": (HOME, _readiness),
    "digest": (BROKER, _digest),
    "catch-up": (COUNCIL, _catch_up),
    "placement.notice": (COUNCIL, _placement),
    "placement.arrival": (HOME, _arrival),
    "subscription.request": (HOST, _subscription),
    "census": (POLICE, _census),
    "threshold.reached": (BROKER, _threshold),
    "differences": (BROKER, _differences),
    "subscription": (BROKER, _subscribed),
    "counts": (BROKER, _counts),
    "receipt": (BROKER, _receipt),
    "rejection": (BROKER, _rejection),
    "duty": (BROKER, _duty),
    "picture": (BROKER, _picture),
    "heartbeat": (BROKER, _heartbeat),
}
