"""Any message of every kind, for property tests: valid, and different each time."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from schemas.answer import Answer
from schemas.casework import (
    Attendance,
    Audience,
    MeetingAction,
    MeetingOutcome,
    MeetingRequest,
    MeetingType,
    Referral,
    RegulatorNotice,
    Trained,
)
from schemas.catch_up import CatchUp
from schemas.census import Census, CensusEntry, Difference, Differences
from schemas.child import Child, Place, Reference, Residence, RiskFactor, Scheme
from schemas.digest import Digest, DigestLine
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.message import Message
from schemas.missing import (
    LegalBasis,
    LegalMeasure,
    MissingNotification,
    MissingReturn,
    MissingUpdate,
    Risk,
)
from schemas.notices import DutyNotice, Heartbeat, Outstanding, Picture, Receipt, Rejection
from schemas.outcomes import (
    CheckNotDone,
    Factor,
    InterviewReason,
    OnwardReferral,
    ReturnInterviewOutcome,
    SafeAndWellOutcome,
    SharedWith,
)
from schemas.placement import (
    Approval,
    ApprovalException,
    Approver,
    Contact,
    LegalStatus,
    Outside,
    PlacementArrival,
    PlacementNotice,
    PlacementType,
    RiskBlock,
    ToldOutside,
    WasTold,
)
from schemas.profile import Associate, ChildProfile, Photo, ProfilePart, ProfileRequest
from schemas.readiness import HomeReadiness
from schemas.report_given import ReportGiven
from schemas.subscription import AreaCount, Counts, SubscriptionNotice, SubscriptionRequest
from schemas.threshold import Counted, ThresholdReached
from schemas.values import Choice, Known
from tests.examples import HOME, STOKE, WALSALL

letters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), include_characters="\t\n")
labels = st.text(letters, min_size=1, max_size=40)
texts = st.text(letters, max_size=200)
agencies = st.sampled_from([HOME, WALSALL, STOKE, "police.E23000015"])
councils = st.sampled_from([WALSALL, STOKE, "la.W06000015"])
addresses = st.sampled_from([f"{HOME}/night-staff", f"{WALSALL}/front-door"])
instants = st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))
days = st.dates(date(1990, 1, 1), date(2100, 1, 1))
HEALTH_NUMBERS = ["9434765919", "4010232137", "9876543210"]


def choices(of: type[Choice]):
    return st.sampled_from(list(of))


@st.composite
def references(draw):
    scheme = draw(choices(Scheme))
    health = scheme is Scheme.nhs_number
    value = draw(st.sampled_from(HEALTH_NUMBERS) if health else labels)
    return Reference(holder=draw(agencies), scheme=scheme, value=value)


children = st.builds(
    Child,
    references=st.lists(references(), min_size=1, max_size=3).map(tuple),
    given_name=st.none() | labels,
    family_name=st.none() | labels,
    also_known_as=st.lists(labels, max_size=2).map(tuple),
    birth_date=st.none() | days,
)
places = st.builds(Place, authority=st.none() | councils, description=st.none() | labels)
homes = st.builds(
    Residence, authority=st.none() | councils, address=st.none() | labels,
    address_protected=st.booleans(),
)  # fmt: skip
ENVELOPE = {
    "message_id": st.uuids(),
    "sender": st.just(HOME),
    "from_address": st.just(f"{HOME}/night-staff"),
    "occurred_at": instants,
    "sent_at": st.just(datetime(2099, 12, 31, 23, tzinfo=UTC)),
    "exercise": st.booleans(),
}
ABOUT = {"child": children, "episode": st.none() | labels, "incident": st.none() | labels}
maybe_times = {name: st.none() | instants for name in ("review_at", "last_seen_at", "noticed_at")}


def built(model: type[Message], **fields):
    return st.builds(model, **ENVELOPE, **fields)


def of(model: Any, name: str):
    return choices(model.model_fields[name].annotation)


def some(of, at_least: int = 0):
    return st.lists(of, min_size=at_least, max_size=3).map(tuple)


factors = some(choices(RiskFactor))
measures = st.builds(LegalMeasure, basis=choices(LegalBasis), against=st.none() | labels)
onward = st.builds(OnwardReferral, service=labels, consent=choices(Known))


SOME = {
    MissingNotification: built(
        MissingNotification, **ABOUT, **maybe_times,
        category=choices(MissingNotification.model_fields["category"].annotation),
        place=places, lives=homes,
        responsible_authority=st.none() | councils,
        risk=st.none() | choices(Risk), risk_reason=labels, circumstances=st.none() | texts,
    ),
    MissingUpdate: built(
        MissingUpdate, **ABOUT, reason=labels, risk=st.none() | choices(Risk),
        immediate_danger=st.none() | st.booleans(), facts=st.none() | texts,
    ),
    MissingReturn: built(
        MissingReturn, **ABOUT,
        stage=choices(MissingReturn.model_fields["stage"].annotation),
        outcome=choices(MissingReturn.model_fields["outcome"].annotation),
        time_known=st.booleans(), place=places,
    ),
    IroAlert: built(
        IroAlert, **ABOUT, event=choices(IroAlert.model_fields["event"].annotation),
        responsible_authority=councils, episodes_in_90_days=st.none() | st.integers(0, 1000),
        next_review_on=st.none() | days,
    ),
    Answer: built(
        Answer, delivery=st.uuids(),
        state=choices(Answer.model_fields["state"].annotation), reason=labels, until=instants,
        whose=st.none() | addresses,
    ),
    IdentityStatement: built(
        IdentityStatement, one=references(), other=references(), same=st.booleans(), reason=labels
    ),
    Receipt: built(Receipt, of=st.uuids(), repeated=st.booleans(), words=texts),
    Rejection: built(
        Rejection, of=st.none() | st.uuids(), topic=labels, partition=st.integers(0, 9),
        offset=st.integers(0, 2**62), code=labels, detail=texts,
    ),
    DutyNotice: built(
        DutyNotice, duty=st.uuids(), name=labels, owed_by=addresses, basis=labels,
        change=choices(DutyNotice.model_fields["change"].annotation), due_at=st.none() | instants,
    ),
    SafeAndWellOutcome: built(
        SafeAndWellOutcome, **ABOUT, result=of(SafeAndWellOutcome, "result"),
        reason=choices(CheckNotDone), decided_by=labels, harm=st.none() | choices(Known),
        harm_detail=st.none() | texts, risk_factors=st.none() | factors, legal_measure=st.none()
        | measures, also_covers=st.lists(labels, max_size=3).map(tuple),
    ),
    ReturnInterviewOutcome: built(
        ReturnInterviewOutcome, **ABOUT, stage=of(ReturnInterviewOutcome, "stage"),
        reason=choices(InterviewReason), independent=st.booleans(), findings=st.none() | texts,
        push_factors=some(choices(Factor)), concern_about_carer=choices(Known),
        risk_factors=st.none() | factors, referrals=some(onward),
        shared_with=some(choices(SharedWith), 1),
    ),
    ChildProfile: built(
        ChildProfile, **ABOUT, obtained_at=instants, description=labels,
        associates=some(st.builds(Associate, name=labels, where=st.none() | labels), 1),
        places=some(labels, 1), medical=labels, risk_factors=factors, review_on=st.none() | days,
        photo=st.none() | st.builds(Photo, held_by=labels, taken_on=st.none() | days),
        none_known=some(st.sampled_from([ProfilePart.money, ProfilePart.transport])),
    ),
    Referral: built(
        Referral, **ABOUT, to=of(Referral, "to"), stage=of(Referral, "stage"), of=st.uuids(),
        reason=labels, sessions=st.none() | st.integers(0, 1000), consent=choices(Known),
    ),
    MeetingRequest: built(
        MeetingRequest, **ABOUT, type=choices(MeetingType), why=labels, invite=some(labels),
        wanted_by=st.none() | instants, convenor=st.none() | addresses,
    ),
    MeetingOutcome: built(
        MeetingOutcome, **ABOUT, type=choices(MeetingType), held=st.booleans(), reason=labels,
        attendance=some(st.builds(Attendance, agency=agencies, attended=st.booleans())),
        actions=some(st.builds(MeetingAction, what=labels, owner=addresses, due_on=days)),
        trained=some(
            st.builds(Trained, audience=choices(Audience), agency=st.none() | agencies,
                      people=st.integers(0, 10_000)),
        ),
    ),
    RegulatorNotice: built(
        RegulatorNotice, **ABOUT, regulator=of(RegulatorNotice, "regulator"), told_at=instants,
        about=labels,
    ),
    PlacementNotice: built(
        PlacementNotice, **ABOUT, stage=of(PlacementNotice, "stage"), placement=st.none() | labels,
        responsible_authority=councils, host_authority=councils,
        distance=of(PlacementNotice, "distance"),
        starts_at=st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),
        ends_at=st.datetimes(datetime(2050, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
        home=st.none() | st.just(HOME), carer=st.none() | labels,
        type=st.none() | choices(PlacementType), legal_status=st.none() | choices(LegalStatus),
        approval=st.none() | st.builds(
            Approval, by=st.none() | choices(Approver),
            exception=st.none() | choices(ApprovalException), functions=some(labels),
        ),
        iro=st.none() | st.builds(Contact, name=labels, phone=labels),
        risk=st.none() | st.builds(
            RiskBlock, factors=st.none() | factors, none_known=st.booleans(),
            unaccompanied=st.none() | st.booleans(), notes=st.none() | texts,
        ),
        told_outside=some(st.builds(
            ToldOutside, who=choices(Outside), reason=st.just("It is said"),
            told=st.sampled_from([WasTold.told, WasTold.not_practicable]),
        )),
    ),
    PlacementArrival: built(
        PlacementArrival, child=st.just(Child(given_name="Kim", family_name="Example",
        birth_date=date(2012, 2, 29))), stage=of(PlacementArrival, "stage"),
        placing_authority=st.none() | councils, section_20_or_21=choices(Known),
        care_or_supervision_order=choices(Known), education_plan=choices(Known),
        moved_to=st.none() | homes, expected_until=st.none() | days,
    ),
    ThresholdReached: built(
        ThresholdReached, **ABOUT, threshold=labels, policy=labels,
        about=of(ThresholdReached, "about"), step=st.none() | st.integers(1, 99),
        criteria=some(labels), known_at=instants, count=st.integers(0, 999),
        window_from=st.none() | days,
        episodes=some(st.builds(Counted, episode=labels, started_at=instants)),
    ),
    SubscriptionRequest: built(
        SubscriptionRequest, ask=of(SubscriptionRequest, "ask"), subscription=st.uuids(),
        hosts=some(councils), placed_by=some(councils), purpose=texts.filter(bool),
        legal_basis=texts.filter(bool), data_protection_contact=labels, until=days,
    ),
    SubscriptionNotice: built(
        SubscriptionNotice, subscription=st.uuids(), state=of(SubscriptionNotice, "state"),
        subscriber=agencies, hosts=some(councils), until=st.none() | days, words=texts,
    ),
    Counts: built(
        Counts, subscription=st.uuids(), month=labels,
        areas=some(st.builds(AreaCount, host=councils, placed=st.none() | st.integers(5, 500))),
    ),
    Census: built(
        Census, period_from=st.just(date(2026, 1, 1)), period_to=st.just(date(2026, 1, 31)),
        entries=st.lists(st.builds(
            CensusEntry, reference=labels, shared=st.none() | st.uuids(), started_at=instants,
            child=st.none() | references(), category=of(CensusEntry, "category"),
            ended_at=st.none() | instants,
        ), min_size=1, max_size=3, unique_by=lambda entry: entry.reference).map(tuple),
    ),
    Differences: built(
        Differences, of=st.uuids(), by=agencies, period_from=days, period_to=days,
        theirs=st.integers(0, 99), ours=st.integers(0, 99), both=st.integers(0, 99),
        differences=some(st.builds(
            Difference, what=of(Difference, "what"), reference=st.none() | labels,
            started_at=st.none() | instants,
        )),
    ),
    ProfileRequest: built(ProfileRequest, **ABOUT, why=texts.filter(bool)),
    ReportGiven: built(
        ReportGiven, report=st.sampled_from(["corporate-parenting", "patterns"]),
        period=st.sampled_from(["2026", "2026-Q3", "2026-07"]), to=st.none() | labels,
        note=st.none() | texts,
    ),
    HomeReadiness: built(
        HomeReadiness, care_pack=st.none() | labels, care_pack_given_on=st.none() | days,
        procedure_of=st.none() | days, note=st.none() | texts,
    ),
    Digest: built(
        Digest, day=days, since=instants, until=instants, words=texts, open=st.integers(0, 999),
        **{name: some(st.builds(
            DigestLine, episode=labels, started_at=st.none() | instants,
            category=st.none() | of(MissingNotification, "category"),
        )) for name in ("new", "updated", "returned")},
    ),
    CatchUp: built(CatchUp, since=st.none() | st.integers(0, 2**62)),
    Picture: built(
        Picture, child=labels, episode=labels, status=labels, because=labels, words=texts,
        outcome=st.none() | labels, lead=st.none() | agencies,
        outstanding=some(st.builds(Outstanding, name=labels, owed_by=addresses, state=labels)),
    ),
    Heartbeat: built(Heartbeat, inbox=agencies, last_sequence=st.integers(0, 2**62)),
}  # fmt: skip
any_message = st.one_of(list(SOME.values()))
