"""What the people of the stories say: the messages, with what every one of them needs."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from schemas.casework import MeetingOutcome, MeetingType
from schemas.child import Child, Place, Reference, Residence, Scheme
from schemas.message import Action, ChildMessage
from schemas.missing import (
    CareStatus,
    Category,
    MissingNotification,
    MissingReturn,
    MissingUpdate,
    Outcome,
    PoliceReport,
    ReportChannel,
    ReturnStage,
    Risk,
)
from schemas.outcomes import (
    CheckMethod,
    CheckResult,
    InterviewStage,
    ReturnInterviewOutcome,
    SafeAndWellOutcome,
)
from schemas.placement import ArrivalStage, Distance, PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile
from schemas.subscription import SubscriptionRequest
from schemas.values import Known, agency_of

_LONDON = ZoneInfo("Europe/London")
_SCHEMES = {
    "provider": Scheme.home_reference,
    "la": Scheme.la_person_id,
    "police": Scheme.police_reference,
}

Said = TypeVar("Said", bound=ChildMessage)


def london(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment as the clocks on the wall in London show it, in UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=_LONDON).astimezone(UTC)


@dataclass(frozen=True)
class Person:
    """A made-up child: the numbers they go by, where they live, who looks after them."""

    given_name: str
    born: date
    numbers: dict[str, str]  # by the agency that gave each
    lives: Residence
    looked_after_by: str | None = None
    family_name: str = "Example"
    nhs_number: str | None = None
    more: tuple[tuple[str, Any], ...] = ()  # what a report says of this child beside

    @property
    def child(self) -> Child:
        numbered = [
            (holder, _SCHEMES[holder.partition(".")[0]], value)
            for holder, value in self.numbers.items()
        ]
        if self.nhs_number:
            holder, *_ = self.numbers
            numbered.append((holder, Scheme.nhs_number, self.nhs_number))
        return Child(
            references=tuple(
                Reference(holder=holder, scheme=scheme, value=value)
                for holder, scheme, value in numbered
            ),
            given_name=self.given_name,
            family_name=self.family_name,
            birth_date=self.born,
        )

    def as_numbered_by(self, agency: str, number: str) -> "Person":
        """The same child, under another agency's number alone."""
        return replace(self, numbers={agency: number})


def missing(who: Person, by: str, at: datetime, **more: Any) -> MissingNotification:
    """A desk reports a child missing."""
    care = CareStatus.looked_after if who.looked_after_by else CareStatus.not_looked_after
    said: dict[str, Any] = {
        "category": Category.missing,
        "last_seen_at": at,
        "place": Place(authority=who.lives.authority),
        "lives": who.lives,
        "care_status": care,
        "responsible_authority": who.looked_after_by,
        "risk": Risk.medium,
        "risk_reason": "Later than agreed, telephone switched off",
    }
    return MissingNotification(**_envelope(who, by, at) | said | dict(who.more) | more)


def rang_the_police(at: datetime, reference: str) -> PoliceReport:
    """The carer has rung 101, and has the reference of the police."""
    return PoliceReport(channel=ReportChannel.non_emergency_101, at=at, reference=reference)


def news(who: Person, by: str, at: datetime, **more: Any) -> MissingUpdate:
    """Something has changed while the child is missing."""
    return MissingUpdate(**_envelope(who, by, at) | more)


def found(who: Person, by: str, at: datetime, outcome: Outcome, **more: Any) -> MissingReturn:
    """A desk knows where the child is; that is not yet a return."""
    return _end(who, by, at, stage=ReturnStage.found, outcome=outcome, **more)


def back(who: Person, by: str, at: datetime, **more: Any) -> MissingReturn:
    """The child is where it lives."""
    said: dict[str, Any] = {"stage": ReturnStage.returned, "outcome": Outcome.safe}
    return _end(who, by, at, **said | more)


def closed(who: Person, by: str, at: datetime, **more: Any) -> MissingReturn:
    """The police close the report."""
    return _end(who, by, at, stage=ReturnStage.closed, outcome=Outcome.safe, **more)


def _end(who: Person, by: str, at: datetime, **more: Any) -> MissingReturn:
    said: dict[str, Any] = {"place": Place(authority=who.lives.authority)}
    return MissingReturn(**_envelope(who, by, at) | said | more)


def checked(who: Person, by: str, at: datetime, **more: Any) -> SafeAndWellOutcome:
    """The police have seen the child."""
    said: dict[str, Any] = {
        "result": CheckResult.done,
        "method": CheckMethod.face_to_face,
        "seen_alone": Known.yes,
        "concern_about_carer": Known.no,
    }
    return SafeAndWellOutcome(**_envelope(who, by, at) | said | more)


def interview(
    who: Person, by: str, at: datetime, stage: InterviewStage, **more: Any
) -> ReturnInterviewOutcome:
    """The interviewers report a step of the return interview."""
    said: dict[str, Any] = {
        "stage": stage,
        "interviewer": "Youth worker",
        "independent": True,
        "concern_about_carer": Known.no,
    }
    return ReturnInterviewOutcome(**_envelope(who, by, at) | said | more)


def profile(who: Person, by: str, at: datetime, **more: Any) -> ChildProfile:
    """A carer keeps ready what the police will ask."""
    return ChildProfile(**_envelope(who, by, at) | {"obtained_at": at} | more)


def placed(who: Person, by: str, at: datetime, **more: Any) -> PlacementNotice:
    """The council gives notice of where it places the child."""
    said: dict[str, Any] = {
        "responsible_authority": who.looked_after_by,
        "host_authority": who.lives.authority,
        "home": who.lives.home,
        "distance": Distance.at_a_distance,
    }
    return PlacementNotice(**_envelope(who, by, at) | said | more)


def admitted(who: Person, by: str, at: datetime, **more: Any) -> PlacementArrival:
    """The home says that the child came, with what regulation 41 asks for."""
    said: dict[str, Any] = {
        "stage": ArrivalStage.admitted,
        "placing_authority": who.looked_after_by,
        "section_20_or_21": Known.no,
        "care_or_supervision_order": Known.yes,
        "education_plan": Known.no,
    }
    return PlacementArrival(**_envelope(who, by, at) | said | more)


def meeting(who: Person, by: str, at: datetime, **more: Any) -> MeetingOutcome:
    """Whoever called it reports that a meeting about the child was held."""
    said: dict[str, Any] = {"type": MeetingType.intervention, "held": True}
    return MeetingOutcome(**_envelope(who, by, at) | said | more)


def asks(by: str, at: datetime, **more: Any) -> SubscriptionRequest:
    """A desk of a council asks to hear of placements, or ends its asking."""
    envelope = {"message_id": uuid4(), "sender": agency_of(by), "from_address": by}
    return SubscriptionRequest(**envelope, occurred_at=at, sent_at=at, **more)


def taken_back(said: Said, at: datetime) -> Said:
    """Whoever said it takes it back."""
    changes = {"message_id": uuid4(), "sent_at": at, "action": Action.cancel}
    return said.model_copy(update={**changes, "replaces": said.message_id})


def _envelope(who: Person, by: str, at: datetime) -> dict[str, Any]:
    return {
        "message_id": uuid4(),
        "sender": agency_of(by),
        "from_address": by,
        "occurred_at": at,
        "sent_at": at,
        "child": who.child,
    }
