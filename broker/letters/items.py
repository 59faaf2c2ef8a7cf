"""Who may be written to, which items each form has, and which of them each recipient may see."""

from collections.abc import Mapping
from enum import StrEnum


class Recipient(StrEnum):
    """Who may be written to."""

    host = "host"
    health = "health"
    school = "school"
    parent = "parent"
    contact_holder = "contact-holder"
    previous_carer = "previous-carer"
    gp = "gp"
    iro = "iro"


class Form(StrEnum):
    """What may be written: a letter, or one of the forms that councils and homes use."""

    letter = "letter"
    adcs = "adcs"
    regulation_41 = "regulation-41"


# The items of each form by section, in the order of the page.
Rows = Mapping[str, tuple[str, ...]]
LETTER: Rows = {
    "child": ("name", "also_known_as", "birth_date", "sex", "nhs_number", "upn", "references"),
    "placement": (
        "stage", "placement", "starts_at", "ends_at", "expected_until", "host_authority",
        "distance", "type", "provider", "home", "carer", "provides", "address", "carer_contact",
        "reason_for_change", "immediate_risk", "decided_at", "approval", "impracticable",
    ),
    "council": (
        "responsible_authority", "social_worker", "emergency_contact", "iro", "legal_status",
        "care_plan_sent", "next_review_on", "iro_informed_at",
    ),
    "services": ("school", "health", "gp"),
    "needs": ("needs", "why_suitable", "education_plan", "disability"),
    "risk": (
        "risks", "unaccompanied", "may_go_missing", "measures", "risk_notes", "police",
        "known_here",
    ),
    "told": ("told_outside",),
}  # fmt: skip

ARRIVAL: Rows = {
    "child": ("name", "also_known_as", "birth_date", "sex"),
    "placement": (
        "stage", "happened", "home", "setting", "placement", "expected_until", "moved_to",
    ),
    "council": ("placing_authority", "placing_authority_contact", "iro"),
    "needs": (
        "section_20_or_21", "care_or_supervision_order", "education_plan",
        "education_plan_authority",
    ),
    "remarks": ("remarks",),
}  # fmt: skip

# Suggested by the ADCS and the College of Policing for notices between areas (2018, 2021).
ADCS: Rows = {
    "child": ("name", "also_known_as", "birth_date", "sex"),
    "council": (
        "responsible_authority", "social_worker_name", "social_worker_phone",
        "social_worker_email", "emergency_contact", "iro", "legal_status",
    ),
    "placement": (
        "adcs_stage", "starts_at", "ends_at", "expected_until", "type", "home", "provides",
        "carer_contact", "address",
    ),
    "needs": ("education_plan", "disability", "needs", "care_plan_sent"),
    "risk": ("offending", "mental_health", "risks", "risk_notes", "unaccompanied", "police"),
}  # fmt: skip

# The same with what the council of the area knows of the home, where it knows anything.
ADCS_KNOWN: Rows = {**ADCS, "risk": (*ADCS["risk"], "known_here")}

# Children's Homes (England) Regulations 2015, regulation 41: this, and nothing else.
REGULATION_41: Rows = {
    "regulation": (
        "name", "birth_date", "section_20_or_21", "care_or_supervision_order", "placing_authority",
        "placing_authority_contact", "iro", "education_plan", "education_plan_authority",
    )
}  # fmt: skip

# An item that is a part of another is seen by whoever sees that.
_PART_OF = {
    "adcs_stage": "stage",
    "social_worker_name": "social_worker",
    "social_worker_phone": "social_worker",
    "social_worker_email": "social_worker",
    "offending": "risks",
    "mental_health": "risks",
    "police": "risks",
}

# What each recipient may see. It is set here and not in the words, which a council may change.
_EVERYTHING = frozenset(item for items in LETTER.values() for item in items)
_EVERYBODY = frozenset(
    {
        "stage", "name", "birth_date", "responsible_authority", "starts_at", "ends_at",
        "social_worker", "emergency_contact",
    }
)  # fmt: skip
_WHERE = frozenset({"host_authority", "home", "address", "carer_contact"})
_SEES: Mapping[Recipient, frozenset[str]] = {
    Recipient.host: _EVERYTHING,
    Recipient.iro: _EVERYTHING - {"known_here"},
    Recipient.health: _EVERYBODY | _WHERE | {
        "also_known_as", "sex", "nhs_number", "legal_status", "expected_until", "type", "iro",
        "next_review_on", "school", "health", "gp", "needs", "education_plan", "disability",
    },
    Recipient.gp: _EVERYBODY | _WHERE | {
        "also_known_as", "sex", "nhs_number", "legal_status", "expected_until", "type", "health",
        "gp", "disability",
    },
    Recipient.school: _EVERYBODY | _WHERE | {
        "also_known_as", "sex", "upn", "legal_status", "expected_until", "type", "school", "iro",
        "next_review_on", "education_plan",
    },
    Recipient.parent: _EVERYBODY | _WHERE | {
        "legal_status", "expected_until", "type", "iro", "next_review_on", "school", "gp",
    },
    Recipient.contact_holder: _EVERYBODY | _WHERE | {"expected_until"},
    Recipient.previous_carer: _EVERYBODY,
}  # fmt: skip

# A protected address is for the council of the area alone, and so is whatever leads to it.
_LEADS_TO_IT = frozenset({"address", "home", "carer", "carer_contact", "references"})
# Nor do those who are no agency hear of the area, or of who sees the child there.
_NO_AGENCY = frozenset({Recipient.parent, Recipient.contact_holder, Recipient.previous_carer})
_LEADS_TO_THE_AREA = frozenset({"host_authority", "distance", "school", "health", "gp"})


def visible_to(to: Recipient, hides_address: bool) -> frozenset[str]:
    """The items of a notice that a recipient may see, with or without what leads to the child."""
    seen = _SEES[to]
    if hides_address:
        seen -= _LEADS_TO_IT
    if hides_address and to in _NO_AGENCY:
        seen -= _LEADS_TO_THE_AREA
    return seen | {part for part, whole in _PART_OF.items() if whole in seen}
