"""A valid message of each kind about a made-up child, at real authorities, as if it came now."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from broker.errors import Misuse
from schemas.kinds import FROM_AGENCIES, NOT_SERVED, TO_AGENCIES

HOME, COUNCIL, HOST = "provider.SC999001", "la.E08000030", "la.E06000021"

_CHILD = {
    "references": [
        {"holder": HOME, "scheme": "home-reference", "value": "H-17"},
        {"holder": COUNCIL, "scheme": "la-person-id", "value": "4711"},
    ],
    "given_name": "Robin",
    "family_name": "Example",
    "birth_date": "2011-05-16",
}


def example(kind: str, now: datetime) -> dict[str, Any]:
    """
    One message of that kind in its JSON form: a home in Stoke-on-Trent, a child of Walsall.

    `Misuse` for a kind that agencies do not send, or not yet.
    """
    if kind in NOT_SERVED:
        raise Misuse(f"{kind} is in the catalogue, but not served yet")
    if kind in TO_AGENCIES:
        raise Misuse(f"{kind} is sent by Homeward; agencies send: {_sent()}")
    if kind not in FROM_AGENCIES:
        raise Misuse(f"no kind is called {kind}; agencies send: {_sent()}")
    return {"kind": kind, **_envelope(kind, now), **_BODIES[kind](now)}


def _sent() -> str:
    return ", ".join(sorted(FROM_AGENCIES))


def _envelope(kind: str, now: datetime) -> dict[str, Any]:
    address = f"{COUNCIL}/emergency-duty" if kind in _OF_COUNCIL else f"{HOME}/night-staff"
    return {
        "message_id": str(uuid4()),
        "sender": address.partition("/")[0],
        "from_address": address,
        "occurred_at": _written(now),
        "sent_at": _written(now),
    }


def _notification(now: datetime) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "episode": "H-17/3",
        "category": "missing",
        "last_seen_at": _written(now - timedelta(minutes=40)),
        "place": {"authority": HOST, "description": "The home"},
        "lives": {"authority": HOST, "home": HOME},
        "care_status": "looked-after",
        "responsible_authority": COUNCIL,
        "risk": "medium",
        "risk_reason": "Out later than agreed, phone off",
        "police_report": {
            "channel": "101",
            "at": _written(now - timedelta(minutes=5)),
            "reference": "SP-2026-0815",
        },
    }


def _update(now: datetime) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "episode": "H-17/3",
        "reason": "A friend says there is an adult Robin met online",
        "risk": "high",
    }


def _return(now: datetime) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "episode": "H-17/3",
        "stage": "returned",
        "outcome": "safe",
        "by_whom": "Came back alone",
        "feels_safe_to_return": True,
    }


def _alert(now: datetime) -> dict[str, Any]:
    return {
        "child": _CHILD,
        "event": "missing",
        "responsible_authority": COUNCIL,
        "asked": "early-review",
        "words": "Third absence this month",
    }


def _answer(now: datetime) -> dict[str, Any]:
    return {"delivery": str(uuid4()), "state": "acting"}


def _statement(now: datetime) -> dict[str, Any]:
    one, other = _CHILD["references"]
    return {"one": one, "other": other, "same": True, "reason": "Compared by telephone"}


def _written(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


_OF_COUNCIL = frozenset({"iro.alert", "answer", "identity.statement"})
_BODIES: Mapping[str, Callable[[datetime], dict[str, Any]]] = {
    "missing.notification": _notification,
    "missing.update": _update,
    "missing.return": _return,
    "iro.alert": _alert,
    "answer": _answer,
    "identity.statement": _statement,
}
