"""
What agencies say of a made-up absence, from the first report to the interview that is shared.

How well they do what is theirs is published in part: interviews by an average of councils, checks
of 50 cases in ten of them. The rest is assumed. What is answered to Homeward is said elsewhere, as
it hangs on what Homeward asks.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from broker.keys import derived
from schemas.child import Child, Place, Reference, Residence, RiskFactor, Scheme
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice, RiskBlock
from tests.bench.a_year import FAMILY, FOSTERED, HOME, LONDON, Absence, Area, Year, Young, is_welsh

# Published: offered after more than 90 of 100 in the best councils, 63 within 72 hours on average,
# 30 of 100 decline. Checks: 13 of 50 cases had clear evidence of one, in 2013; assumed better now.
_OFFERED, _IN_TIME, _HELD, _DECLINED, _SHARED = 0.80, 0.80, 0.58, 0.27, 0.7
_CHECKED, _CHECKED_IN_TIME, _NOT_DONE = 0.84, 0.85, 0.06
# Assumed: reports that the police make beside the home's, changes of risk, ends told by the police.
_POLICE_TOO, _RISK_CHANGES, _FOUND_FIRST, _CLOSED = 0.6, 0.3, 0.29, 0.85  # the third is published
_REASONS = {
    "stayed-out-longer": 20, "friends": 18, "no-apparent-reason": 10, "problems-in-care": 10,
    "unsettled-at-home": 12, "confrontation": 12, "boredom": 6, "family-ties": 6,
    "substances": 3, "possible-exploitation": 3,
}  # fmt: skip
_STREETS = (
    "Station Road",
    "Park Lane",
    "Mill Street",
    "Church Walk",
    "The Crescent",
    "High Street",
)
_NARRATIVE = (
    "Left after the evening meal with a rucksack and did not come back at the agreed time. "
    "The phone has been off since, and friends who were rung have not seen them."
)
Dice = random.Random
hours = lambda dice, low, high: timedelta(hours=dice.uniform(low, high))  # noqa: E731


def everything(year: Year, seed: int) -> Iterator[ChildMessage]:
    """All that is said, of one child after another; the same for the same seed."""
    for child in year.children:
        if child.placed_at:
            yield from _Placed(child, Dice(f"{seed}/placed/{child.key}")).messages()
    for absence in year.absences:
        dice = Dice(f"{seed}/said/{absence.child.key}/{absence.number}")
        yield from _Told(absence, dice).messages()


def identity(child: Young) -> Child:
    """The child as all who speak of it know it."""
    references = [Reference(holder=child.lead, scheme=Scheme.la_person_id, value=f"L-{child.key}")]
    if child.home:
        known = Reference(holder=child.home, scheme=Scheme.home_reference, value=f"R-{child.key}")
        references.append(known)
    return Child(
        references=tuple(references),
        given_name=("Robin", "Sam", "Alex", "Charlie", "Jamie", "Ash", "Kit")[child.number % 7],
        family_name=f"Example {child.key}",
        birth_date=child.born,
        sex=child.sex,
    )


class _Speaking:
    """Messages about one child, in any order of time."""

    def __init__(self, child: Young, dice: Dice) -> None:
        self.child, self.dice, self.area = child, dice, child.area
        self.identity = identity(child)

    def _envelope(self, address: str, at: datetime, **more: Any) -> dict[str, Any]:
        at = at.replace(second=0, microsecond=0)
        return {
            "message_id": UUID(int=self.dice.getrandbits(128), version=4),
            "sender": address.partition("/")[0],
            "from_address": address,
            "occurred_at": at,
            "sent_at": at + timedelta(minutes=self.dice.randint(0, 5)),
            "child": self.identity,
        } | more

    @property
    def residence(self) -> Residence:
        child = self.child
        home = child.home or None
        return Residence(authority=child.area.council, home=home, address=_street(child))


class _Placed(_Speaking):
    """The council's notice of a placement, and the home's word that the child came."""

    def messages(self) -> Iterator[ChildMessage]:
        child, dice = self.child, self.dice
        starts = child.placed_at
        assert starts is not None
        late = dice.random() < 0.2
        said = starts + hours(dice, 24, 200) if late else starts - hours(dice, 12, 240)
        risk = RiskBlock(none_known=True)
        if dice.random() < 0.6:
            risk = RiskBlock(factors=(RiskFactor.missing_before,), may_go_missing="yes")
        elsewhere = child.is_from_elsewhere
        approver = "panel" if is_welsh(child.lead) else "director"
        yield PlacementNotice(
            **self._envelope(f"{child.lead}/placements", said),
            stage="emergency" if late else "planned",
            placement=f"P-{child.key}",
            responsible_authority=child.lead,
            host_authority=self.area.council,
            distance="at-a-distance" if elsewhere else "own-area",
            starts_at=starts,
            home=child.home or None,
            carer=None if child.home else f"F-{child.key}",
            type="K2" if child.home else "U6",
            approval={"by": approver, "at": min(said, starts)},
            risk=risk,
        )
        if child.home and dice.random() < 0.85:
            yield PlacementArrival(
                **self._envelope(f"{child.home}/home-manager", starts + hours(dice, 0.2, 20)),
                stage="admitted",
                placing_authority=child.lead,
                section_20_or_21="no",
                care_or_supervision_order="yes",
                education_plan=dice.choice(("yes", "no")),
            )


class _Told(_Speaking):
    """One absence, as home or family, police and council tell of it."""

    def __init__(self, absence: Absence, dice: Dice) -> None:
        super().__init__(absence.child, dice)
        self.absence, self.force = absence, absence.child.area.force
        self.length = absence.ended_at - absence.began_at
        self.reference = f"{absence.child.key}-{absence.number:02}"
        self.reported_at = absence.began_at + min(hours(dice, 0.3, 3), self.length * 0.6)
        self.incident = {"incident": absence.incident} if absence.incident else {}

    def messages(self) -> Iterator[ChildMessage]:
        first = self._report(*self._reporter())
        yield first
        # As everybody reads it in what they are told.
        self.shared = str(derived("episode", first.sender, first.message_id))
        police = first.sender == self.force
        if not police and self.absence.category == "missing" and self.dice.random() < _POLICE_TOO:
            later = self.reported_at + min(hours(self.dice, 0.2, 1), self.length * 0.2)
            yield self._report(self.force, "control-room", later)
        yield from self._changes(first)
        yield from self._ends(first)
        yield from self._check()
        yield from self._interview()

    def _reporter(self) -> tuple[str, str, datetime]:
        child, at = self.child, self.reported_at
        if child.kind == HOME:
            by_day = 8 <= at.astimezone(LONDON).hour < 17
            return child.home, "home-manager" if by_day else "night-staff", at
        if child.kind == FOSTERED and self.dice.random() < 0.5:
            return child.lead, "emergency-duty", at
        return self.force, "control-room", at

    def _report(self, sender: str, function: str, at: datetime) -> MissingNotification:
        absence, child, dice = self.absence, self.child, self.dice
        risk = absence.risk
        by_police = sender == self.force
        told = {"channel": "101", "at": at, "reference": f"M-{self.reference}"}
        factors = (RiskFactor.criminal_exploitation,) if child.exploited else ()
        return MissingNotification(
            **self._envelope(f"{sender}/{function}", at, **self.incident),
            episode=f"M-{self.reference}" if by_police else f"E-{self.reference}",
            category=absence.category,
            last_seen_at=absence.began_at,
            place=Place(
                authority=self.area.council,
                district=f"District {1 + child.group % 4}",
                description=_street(child) if child.home else dice.choice(_STREETS),
            ),
            lives=self.residence,
            care_status="looked-after" if child.responsible else "not-looked-after",
            responsible_authority=child.responsible or None,
            open_to_social_work=child.known,
            protection_plan=self.area.council if child.plan else None,
            risk=risk,
            risk_reason="Out later than agreed, phone off" if risk else None,
            risk_factors=factors,
            circumstances=_NARRATIVE,
            circumstance=dice.choice(("ran-away", "did-not-return", "whereabouts-unknown")),
            police_report=None if by_police or absence.category != "missing" else told,
            next_review_at=at + timedelta(hours=8) if by_police and self.length.days else None,
        )

    def _changes(self, first: MissingNotification) -> Iterator[ChildMessage]:
        if first.risk and self.dice.random() >= _RISK_CHANGES:
            return
        at = self.reported_at + self.length * self.dice.uniform(0.25, 0.35)
        yield MissingUpdate(
            **self._envelope(first.from_address, at),
            episode=first.episode,
            reason="A friend rang",
            risk=self.dice.choice(("high", "medium")),
            next_review_at=at + timedelta(hours=12) if self.length.days else None,
        )

    def _ends(self, first: MissingNotification) -> Iterator[ChildMessage]:
        dice, ended = self.dice, self.absence.ended_at
        place = Place(authority=self.area.council, description=dice.choice(_STREETS))
        unit = f"{self.force}/missing-unit"
        by_police = dice.random() < _FOUND_FIRST
        if by_police and self.length > timedelta(hours=2):
            found = ended - min(hours(dice, 0.3, 2), self.length * 0.1)
            yield MissingReturn(
                **self._envelope(unit, found), episode=self.shared,
                stage="found", outcome="safe", place=place, method="found-by-police",
            )  # fmt: skip
        yield MissingReturn(
            **self._envelope(first.from_address, ended),
            episode=first.episode,
            stage="returned",
            outcome="safe" if dice.random() < 0.98 else "harmed",
            place=place,
            method="found-by-police" if by_police else "by-themselves",
        )
        if dice.random() < _CLOSED:
            yield MissingReturn(
                **self._envelope(unit, ended + hours(dice, 1, 40)),
                episode=self.shared, stage="closed", outcome="safe",
            )  # fmt: skip

    def _check(self) -> Iterator[ChildMessage]:
        dice, due = self.dice, timedelta(hours=24)
        done = dice.random()
        if done >= _CHECKED + _NOT_DONE:
            return
        at = self.absence.ended_at + hours(dice, 0.5, 22)
        if dice.random() >= _CHECKED_IN_TIME:
            at += due
        unit, not_done = f"{self.force}/missing-unit", done >= _CHECKED
        yield SafeAndWellOutcome(
            **self._envelope(unit, at),
            episode=self.shared,
            result="not-done" if not_done else "done",
            reason="frequent" if not_done else None,
            decided_by="Sergeant" if not_done else None,
            method=None if not_done else "face-to-face",
            seen_alone=None if not_done else dice.choice(("yes", "yes", "no")),
            harm="no",
            concern_about_carer="no",
        )

    def _interview(self) -> Iterator[ChildMessage]:
        dice = self.dice
        if dice.random() >= _OFFERED:
            return
        in_time = dice.random() < _IN_TIME
        at = self.absence.ended_at + (hours(dice, 3, 60) if in_time else hours(dice, 75, 240))
        yield self._step("offered", at)
        what = dice.random()
        at += hours(dice, 1, 10) if dice.random() < 0.75 else hours(dice, 20, 120)
        if what < _HELD:
            yield self._held(at)
            if dice.random() < _SHARED:
                with_whom = ("police", "social-work")
                yield self._step("shared", at + hours(dice, 2, 100), shared_with=with_whom)
        elif what < _HELD + _DECLINED:
            yield self._step("declined", at)
        else:
            reason = dice.choice(("not-engaged", "moved", "refused", "other"))
            yield self._step("not-held", at, reason=reason)

    def _held(self, at: datetime) -> ChildMessage:
        why = self.dice.choices(list(_REASONS), list(_REASONS.values()), k=2)
        return self._step(
            "held",
            at,
            interviewer="Youth worker",
            independent=self.dice.random() < 0.92,
            same_interviewer=self.dice.choice(("yes", "no", None)),
            pull_factors=tuple(dict.fromkeys(why)),
            concern_about_carer="no" if self.dice.random() < 0.96 else "not-known",
            findings="Went to friends; wants to see more of them.",
        )

    def _step(self, stage: str, at: datetime, **more: Any) -> ChildMessage:
        desk = f"{self.child.lead}/return-interviews"
        return ReturnInterviewOutcome(
            **self._envelope(desk, at), episode=self.shared, stage=stage, **more
        )


def _street(child: Young) -> str:
    """Where a child lives: one address for each family and home."""
    area: Area = child.area
    where = "The home" if child.kind != FAMILY else _STREETS[child.group % len(_STREETS)]
    return f"{where}, {child.group} {_STREETS[(child.group + area.number) % len(_STREETS)]}"
