"""Thresholds for the plays: the national policy with some of one place laid upon it."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from broker.episode import is_threshold
from broker.policy import load
from broker.policy.policies import Policies
from schemas.casework import MeetingOutcome
from schemas.child import Place, Reference, Residence, Scheme
from schemas.missing import MissingNotification, MissingReturn
from tests import examples
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, envelope
from tests.scenarios.play import Play

LONDON = ZoneInfo("Europe/London")

HEAD = """
policy: place
version: place-1
nation: England
extends: england
valid: {from: 2006-01-01}
thresholds:
"""

STAFFS = """
  - id: staffs-3-5-9
    any:
      - count: {steps: [3, 5, 9], window: {days: 90}}
    source: "Staffordshire Select Committee, 2017, paragraph 40"
rules:
  - id: intervention
    when: {kind: threshold.reached, threshold: staffs-3-5-9}
    tell: [lead-social-work, lead-front-door, police-missing-unit]
    owe:
      - duty: intervention-meeting
        owed_by: lead-social-work
        clock: {starts: occurred, working_days: 5}
        met_by: [meeting.outcome:held=true&type=intervention]
        ladder: quiet
        ends_with_absence: false
    basis: local
    source: "Staffordshire Select Committee, 2017, paragraph 40. Five working days is local."
  - id: intervention-placed
    when: {kind: threshold.reached, threshold: staffs-3-5-9, looked_after: true}
    tell: [host-front-door, {role: lead-iro-service, as_kind: iro.alert}]
    basis: local
    source: "Staffordshire Select Committee, 2017, paragraph 21"
  - id: intervention-home
    when: {kind: threshold.reached, threshold: staffs-3-5-9, lives_in_home: true}
    tell: [{role: home, view: signal}]
    basis: local
    source: "Staffordshire Select Committee, 2017, paragraph 40"
"""

SLEUTH = """
  - id: sleuth
    any:
      - count: {at_least: 3, window: {days: 90}, reported_to_police: true}
    source: "Barnardo's, 2006, appendix 1"
rules:
  - id: sleuth-referral
    when: {kind: threshold.reached, threshold: [sleuth]}
    tell: ["address:service.lamp/return-interviews"]
    owe:
      - duty: answer-threshold
        owed_by: "address:service.lamp/return-interviews"
        clock: {starts: sent, working_days: 2}
        met_by: [acting]
        ladder: quiet
        ends_with_absence: false
    basis: local
    source: "Barnardo's, 2006, appendix 1. Two working days is local."
"""

LAMP = """
  - id: lamp
    any:
      - overnight: {from: "00:00", to: "06:00"}
      - count: {at_least: 5, window: {days: 30}}
    when: {age: {from: 10, to: 17}, looked_after: true}
    source: "Barnardo's, 2006, appendix 1"
rules:
  - id: lamp-referral
    when: {kind: threshold.reached, threshold: lamp, step: 5}
    tell: ["address:service.lamp/return-interviews"]
    basis: local
    source: "Barnardo's, 2006, appendix 1"
"""

HERTS = """
  - id: herts
    any:
      - count: {at_least: 3, window: {days: 90}}
      - missing_for: {hours: 24}
    source: "Ofsted, Missing children (120364), 2013, box after paragraph 57"
rules:
  - id: herts-group
    when: {kind: threshold.reached, threshold: herts}
    tell: [lead-social-work]
    basis: local
    source: "Ofsted, Missing children (120364), 2013, box after paragraph 57"
"""

MIRAF = """
  - id: miraf
    any:
      - count: {at_least: 5, window: {days: 30}}
    source: "Gwent Hub evaluation, 2015, paragraph 3.9"
rules:
  - id: miraf-update
    when: {kind: threshold.reached, threshold: miraf}
    tell: [police-missing-unit]
    owe:
      - duty: update-risk-assessment
        owed_by: police-missing-unit
        clock: {starts: occurred, working_days: 2}
        met_by: [missing.update:risk]
        ladder: quiet
        ends_with_absence: false
    basis: local
    source: "Gwent Hub evaluation, 2015, paragraph 3.9. Two working days is local."
"""

HOMES = """
  - id: home-concern
    about: home
    any:
      - count: {at_least: 5, window: {days: 30}}
      - exploitation: true
    source: "Staffordshire Select Committee, 2017, paragraph 38"
rules:
  - id: home-visit
    when: {kind: threshold.reached, threshold: home-concern}
    tell: [lead-front-door, police-missing-unit]
    owe:
      - duty: quality-visit
        owed_by: lead-front-door
        clock: {starts: occurred, working_days: 10}
        met_by: [meeting.outcome:type=visit&held=true]
        ladder: quiet
        ends_with_absence: false
    basis: local
    source: "Staffordshire Select Committee, 2017, paragraph 38. Ten working days is local."
"""


@cache
def policies(text: str) -> Policies:
    """The national policies, England's with these thresholds and rules laid upon it."""
    return read(HEAD + text)


def read(text: str) -> Policies:
    """The national policies, and this one in England's place."""
    return load.together((*load.shipped().each.values(), load.load(text, "place")))


def at(text: str) -> datetime:
    """A London time of 2026, or of another year where that is written too."""
    text = text if text[4:5] == "-" else f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


def child(number: int = 1, **changes: Any) -> Any:
    """Somebody whom Staffordshire looks after."""
    references = (Reference(holder=STAFFORDSHIRE, scheme=Scheme.la_person_id, value=f"S-{number}"),)
    return examples.child(references=references, family_name=f"Example {number}", **changes)


def missing(starts: str, of: Any = None, **changes: Any) -> MissingNotification:
    """A home in Stoke reports a child of Staffordshire, as it happens or when it is `heard`."""
    start = at(starts)
    heard = at(changes.pop("heard", starts))
    of = of or child()
    return examples.notification(
        heard,
        **{
            "child": of,
            "occurred_at": start,
            "last_seen_at": start,
            "responsible_authority": STAFFORDSHIRE,
            "episode": f"{of.references[0].value} {starts}",
            "police_report": None,
        }
        | changes,
    )


def at_home(starts: str, of: Any = None, **changes: Any) -> MissingNotification:
    """The same, reported by the police of a child who lives with family in Staffordshire."""
    return missing(
        starts,
        of,
        **{
            "sender": STAFFORDSHIRE_POLICE,
            "from_address": f"{STAFFORDSHIRE_POLICE}/control-room",
            "lives": Residence(authority=STAFFORDSHIRE),
            "place": Place(authority=STAFFORDSHIRE),
            "care_status": "not-looked-after",
            "responsible_authority": None,
        }
        | changes,
    )


def back(of: MissingNotification, when: str) -> MissingReturn:
    return examples.returned(of, at=at(when))


def met(of: Any, when: str, **changes: Any) -> MeetingOutcome:
    """Staffordshire's social work reports that a meeting was held."""
    said = {"child": of, "type": "intervention", "held": True}
    return MeetingOutcome(**envelope(STAFFORDSHIRE, "social-work", at(when)) | said | changes)


def cases(play: Play) -> list[Any]:
    """What was reached, by when it was."""
    held = [episode for episode in play.episodes() if is_threshold(episode)]
    return sorted(held, key=lambda case: case.facts[0].at)


def told_of_it(play: Play, address: str) -> list[Any]:
    """The messages about thresholds that an address got."""
    return [got.message for got in play.inbox(address, "threshold.reached")]


HOST = STOKE
