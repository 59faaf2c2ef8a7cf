"""
The roles a policy may name: who is meant, without naming an agency.

A role is resolved from a message and from what the ledger holds. The lead council is the
responsible authority of a looked-after child, else the council where the child lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from schemas.values import Address

_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


class Whose(StrEnum):
    """At which agency the desk of a role is."""

    place_force = "force of the place"
    found_force = "force where the child was found"
    home_force = "force of the home's area"
    lead = "lead council"
    plan = "council that holds the protection plan"
    place = "council of the place"
    host = "council where the child is placed"
    home = "home"
    school = "school"
    health = "health body"
    sender = "sender"
    owner = "agency that owes the duty"
    stated = "the agency the message names"
    named = "the agency the policy names"
    many = "several agencies"


_KINDS = {
    Whose.place_force: "police",
    Whose.found_force: "police",
    Whose.home_force: "police",
    Whose.lead: "la",
    Whose.plan: "la",
    Whose.place: "la",
    Whose.host: "la",
    Whose.home: "provider",
    Whose.school: "school",
    Whose.health: "health",
}


@dataclass(frozen=True, slots=True)
class Role:
    """
    One role: in words, at whose agency it is, and which function there.

    `function` is empty where the role is not one certain desk. `needs` are facts of a situation
    without which nobody is meant, so that a rule that excludes them tells nobody.
    """

    name: str
    means: str
    whose: Whose
    function: str = ""
    needs: Mapping[str, object] = field(default_factory=dict)

    @property
    def agency_kind(self) -> str:
        """The kind of agency it is at; empty where that hangs on the message."""
        return _KINDS.get(self.whose, "")

    @property
    def is_one_desk(self) -> bool:
        return self.whose is not Whose.many


_RETURN = {"kind": "missing.return"}
_PLAN = {"protection_plan": True}
_ELSEWHERE = {"place_elsewhere": True}
_PLACED = {"looked_after": True}
_IN_HOME = {"lives_in_home": True}
_ADDRESSED = {"addressed": True}
_OUT_OF_AREA = {"out_of_area": True}

_ALL = (
    Role(
        "police-of-place",
        "the control room of the force of the place; no place known: of where the child lives",
        Whose.place_force,
        "control-room",
    ),
    Role(
        "police-missing-unit",
        "the missing persons unit of the force of the place",
        Whose.place_force,
        "missing-unit",
    ),
    Role(
        "police-exploitation-team",
        "the exploitation team of the force of the place, where it has such a desk",
        Whose.place_force,
        "exploitation-team",
    ),
    Role(
        "home-police-contact",
        "the contact officer whom the force of the home's area names for it: the desk "
        "`contact.` with the home's number in small letters",
        Whose.home_force,
        "",
        _IN_HOME,
    ),
    Role(
        "found-force",
        "the control room of the force of the area where the child was found",
        Whose.found_force,
        "control-room",
        _RETURN,
    ),
    Role("lead-front-door", "the lead council's front door", Whose.lead, "front-door"),
    Role("lead-social-work", "the lead council's social work", Whose.lead, "social-work"),
    Role(
        "lead-iro-service",
        "the reviewing officers of the council that looks after the child",
        Whose.lead,
        "iro-service",
        {"looked_after": True},
    ),
    Role(
        "lead-return-interviews",
        "the service that the policy allocates the return interview to, else that of the lead "
        "council",
        Whose.lead,
        "return-interviews",
    ),
    Role("lead-duty-manager", "the lead council's duty manager", Whose.lead, "duty-manager"),
    Role(
        "lead-on-call-manager", "the lead council's manager on call", Whose.lead, "on-call-manager"
    ),
    Role(
        "lead-head-of-service", "the lead council's head of service", Whose.lead, "head-of-service"
    ),
    Role(
        "lead-director",
        "the lead council's director of children's services",
        Whose.lead,
        "director",
    ),
    Role("lead-leaving-care", "the lead council's leaving care team", Whose.lead, "leaving-care"),
    Role(
        "lead-allegations-officer",
        "the lead council's officer for allegations against those who work with children",
        Whose.lead,
        "allegations-officer",
    ),
    Role(
        "lead-exploitation-team",
        "the lead council's exploitation team",
        Whose.lead,
        "exploitation-team",
    ),
    Role(
        "lead-youth-justice", "the lead council's youth justice team", Whose.lead, "youth-justice"
    ),
    Role("lead-virtual-school", "the lead council's virtual school", Whose.lead, "virtual-school"),
    Role(
        "host-allegations-officer",
        "the allegations officer of the council in whose area a looked-after child lives",
        Whose.host,
        "allegations-officer",
        _PLACED,
    ),
    Role(
        "lead-placements",
        "the placements team of the council that looks after the child",
        Whose.lead,
        "placements",
    ),
    Role(
        "host-placements",
        "the placements team of the council in whose area the child is placed, by the notice or by "
        "where the home is",
        Whose.host,
        "placements",
        _OUT_OF_AREA,
    ),
    Role("home-manager", "the manager of the home", Whose.home, "home-manager", _IN_HOME),
    Role(
        "placement-school",
        "the school that the notice names",
        Whose.school,
        "safeguarding-lead",
        {"school_named": True},
    ),
    Role(
        "placement-health",
        "the designated nurse of the health body that the notice names",
        Whose.health,
        "designated-nurse",
        {"health_named": True},
    ),
    Role(
        "interviewer",
        "the service the return interview was allocated to, else that of the lead council",
        Whose.stated,
    ),
    Role("asker", "whoever sent the referral or request that this answers", Whose.many),
    Role("addressee", "the address that the message itself names", Whose.stated, "", _ADDRESSED),
    Role(
        "plan-social-work",
        "social work of the council that holds the child-protection plan",
        Whose.plan,
        "social-work",
        _PLAN,
    ),
    Role(
        "plan-chair",
        "the child protection chair of the council that holds the plan",
        Whose.plan,
        "child-protection-chair",
        _PLAN,
    ),
    Role(
        "place-front-door",
        "the front door of the council of the place, where that is not the lead council",
        Whose.place,
        "front-door",
        _ELSEWHERE,
    ),
    Role(
        "host-front-door",
        "the front door of the council in whose area a looked-after child lives, where that is "
        "not the council that looks after the child",
        Whose.host,
        "front-door",
        _PLACED,
    ),
    Role(
        "host-social-work",
        "social work of the council in whose area a looked-after child lives, where that is not "
        "the council that looks after the child",
        Whose.host,
        "social-work",
        _PLACED,
    ),
    Role(
        "host-return-interviews",
        "the return interview service of the council in whose area a looked-after child lives, "
        "where that is not the council that looks after the child",
        Whose.host,
        "return-interviews",
        _PLACED,
    ),
    Role(
        "home",
        "the manager of the home the child lives in, and the night staff while the manager is away",
        Whose.home,
        "home-manager",
        _IN_HOME,
    ),
    Role(
        "told",
        "everyone who was told of this absence, and everyone who reported it",
        Whose.many,
    ),
    Role(
        "former-councils",
        "everyone told at a council that the child has moved away from",
        Whose.many,
        "",
        {"moved": True},
    ),
    Role("acting", "everyone who answered that they are acting on this absence", Whose.many),
    Role(
        "action-owners",
        "each desk that is to do what a meeting decided, where its agency has to do with the child",
        Whose.many,
        "",
        {"kind": "meeting.outcome"},
    ),
    Role("sender", "the address the message came from", Whose.sender),
    Role("owner-cover", "the desk that covers the one that owes the duty", Whose.owner),
    Role("owner-duty-manager", "its duty manager", Whose.owner, "duty-manager"),
    Role("owner-on-call-manager", "its manager on call", Whose.owner, "on-call-manager"),
    Role("owner-head-of-service", "its head of service", Whose.owner, "head-of-service"),
    Role(
        "owner-missing-unit", "the missing persons unit of that force", Whose.owner, "missing-unit"
    ),
    Role("owner-director", "its director of children's services", Whose.owner, "director"),
    Role("owner-control-room", "the control room of that force", Whose.owner, "control-room"),
)

ROLES: Mapping[str, Role] = {role.name: role for role in _ALL}

# A role may also be one certain desk: `address:service.lamp/return-interviews`.
_NAMED = "address:"


def is_address(name: str) -> bool:
    """Whether a role names one certain desk, by a well-formed address."""
    if not name.startswith(_NAMED):
        return False
    try:
        _ADDRESS.validate_python(address_of(name))
    except ValidationError:
        return False
    return True


def address_of(name: str) -> str:
    """The desk that a role names; empty where it names none."""
    return name.removeprefix(_NAMED) if name.startswith(_NAMED) else ""


def role_of(name: str) -> Role | None:
    """The role of that name; one that names a desk is made for it."""
    address = address_of(name)
    if not address:
        return ROLES.get(name)
    return Role(name, address, Whose.named, address.partition("/")[2])
