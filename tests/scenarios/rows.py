"""
Every clock of the catalogue (section 5) that concerns an absence: one line a row.

Placements, censuses and subscriptions have none of theirs here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.casework import MeetingOutcome, MeetingRequest, Referral
from schemas.child import Reference, Scheme
from schemas.identity import IdentityStatement
from tests.examples import (
    HOME,
    STAFFORDSHIRE_POLICE,
    WALSALL,
    checked,
    child,
    envelope,
    interview,
    notification,
    returned,
    update,
)
from tests.scenarios.people import (
    CONTROL_ROOM,
    DUTY_MANAGER,
    FRONT_DOOR,
    HEAD_OF_SERVICE,
    INTERVIEWS,
    IRO_SERVICE,
    MISSING_UNIT,
    NIGHT_STAFF,
    NOT_YET,
    SOCIAL_WORK,
)
from tests.scenarios.play import Play

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 9, 9, tzinfo=UTC)  # an ordinary one, in office hours
OTHER = "la.E08000025"


# -- what makes it owed, and what is the doing of it


def a_report(**changes) -> Callable[[Play], Any]:
    def say(play):
        said = notification(play.clock.now(), **changes)
        play.say(said)
        return said

    return say


def a_police_report(**changes) -> Callable[[Play], Any]:
    return a_report(
        sender=STAFFORDSHIRE_POLICE, from_address=CONTROL_ROOM, police_report=None, **changes
    )


def a_police_report_reviewed_in(time) -> Callable[[Play], Any]:
    return lambda play: a_police_report(next_review_at=play.clock.now() + time)(play)


def an_absence(review=None) -> Callable[[Play], Any]:
    def say(play):
        at = play.clock.now() + review if review else None
        return a_report(category="absent", review_at=at)(play)

    return say


def a_return(**changes) -> Callable[[Play], Any]:
    def say(play):
        said = a_report()(play)
        play.say(returned(said, at=play.clock.now(), **changes))
        return said

    return say


def an_interview(play) -> Any:
    said = a_return()(play)
    play.say(interview(said, at=play.clock.now()))
    return said


OF_HOME = Reference(holder=HOME, scheme=Scheme.home_reference, value="H-17")
OF_POLICE = Reference(holder=STAFFORDSHIRE_POLICE, scheme=Scheme.police_reference, value="N-9")


def two_records(play) -> Any:
    """The same name and birth date at two agencies, with no reference in common."""
    by_home, by_police = child(references=(OF_HOME,)), child(references=(OF_POLICE,))
    said = a_report(child=by_home, episode=None, police_report=None)(play)
    a_police_report(child=by_police, episode=None)(play)
    return said


def two_councils(play) -> Any:
    said = a_report()(play)
    play.after(minutes=1)
    a_police_report(responsible_authority=OTHER, child=said.child, episode=None)(play)
    return said


def an_answer(play, said, owner) -> None:
    """To what waits for one, by whoever owes it."""
    play.answer(next(got for got in play.news(owner)))


def by_update(**changes) -> Callable[..., None]:
    def say(play, said, owner):
        sender = owner.partition("/")[0]
        episode = said.episode if sender == said.sender else None
        by = {"sender": sender, "from_address": owner, "episode": episode}
        play.say(update(said, at=play.clock.now(), **by, **changes))

    return say


def next_review(name) -> Callable[..., None]:
    return lambda play, said, owner: by_update(**{name: play.clock.now() + 30 * DAY})(
        play, said, owner
    )


def the_check(play, said, owner) -> None:
    play.say(checked(said, at=play.clock.now()))


def the_interview(stage, **changes) -> Callable[..., None]:
    def say(play, said, owner):
        play.say(interview(said, stage, at=play.clock.now(), **changes))

    return say


def the_time(play, said, owner) -> None:
    at = play.clock.now() - 10 * MINUTE
    play.say(returned(said, at=at, sent_at=play.clock.now()))


def answer_to(kind, state="acting") -> Callable[..., None]:
    """To what was told of this kind, which is not all that this desk was told."""

    def say(play, said, owner):
        play.answer(next(got for got in play.news(owner) if kind == got.message.KIND), state)

    return say


def a_statement(play, said, owner) -> None:
    by = envelope(HOME, "home-manager", play.clock.now())
    play.say(IdentityStatement(**by, one=OF_HOME, other=OF_POLICE, same=False, reason="Seen both"))


def of_social_work(play, said, kind, **stated) -> Any:
    by = envelope(WALSALL, "social-work", play.clock.now())
    message = kind(**by | {"child": said.child} | stated)
    play.say(message)
    return message


def a_referral(play) -> Any:
    said = a_report()(play)
    of_social_work(play, said, Referral, to="section-47", reason="A bruise")
    return said


def a_request(play) -> Any:
    said = a_report()(play)
    return of_social_work(play, said, MeetingRequest, type="missing", why="The third time")


def a_meeting(play, said, owner) -> None:
    of_social_work(play, said, MeetingOutcome, type="missing", held=True)


@dataclass(frozen=True)
class Row:
    """One duty: who owes it, what makes it owed, what is the doing of it, how long, its ladder."""

    duty: str
    owner: str
    opened: Callable[[Play], Any]
    done: Callable[..., None]
    due: datetime
    basis: str
    ladder: tuple[tuple[timedelta, str], ...]


def row(duty, owner, opened, done, due, ladder, basis="local"):
    return Row(duty, owner, opened, done, due, basis, tuple(ladder))


NOW = timedelta(0)
COUNCIL = [(NOW, DUTY_MANAGER), (15 * MINUTE, HEAD_OF_SERVICE), (30 * MINUTE, MISSING_UNIT)]
FORCE = [(NOW, MISSING_UNIT), (15 * MINUTE, FRONT_DOOR)]
REMINDER = [(30 * MINUTE, FRONT_DOOR), (HOUR, DUTY_MANAGER)]
POLICE_NOT_TOLD = [(NOW, FRONT_DOOR), (15 * MINUTE, CONTROL_ROOM)]
POLICE_WORK = [(NOW, MISSING_UNIT), (2 * HOUR, FRONT_DOOR)]
REVIEW = [(NOW, FRONT_DOOR), (HOUR, DUTY_MANAGER)]
INTERVIEW = [(NOW, SOCIAL_WORK), (24 * HOUR, DUTY_MANAGER), (48 * HOUR, IRO_SERVICE)]
QUIET = [(NOW, SOCIAL_WORK), (6 * DAY, DUTY_MANAGER)]
BOTH_QUIET = [
    (NOW, SOCIAL_WORK),
    (NOW, f"{OTHER}/social-work"),
    (6 * DAY, DUTY_MANAGER),
    (6 * DAY, f"{OTHER}/duty-manager"),
]

ONE_DAY = datetime(2026, 3, 11, tzinfo=UTC)  # the midnight that ends Tuesday
TWO_DAYS, THREE_DAYS = ONE_DAY + DAY, ONE_DAY + 2 * DAY
HIGH = {"risk": "high", "risk_reason": "Threatened"}
NO_RISK = {"risk": None, "risk_reason": None}
GUIDANCE, PRACTICE = "statutory-guidance", "police-practice"

# fmt: off
ROWS = {
    "answer acting: lead council": row(
        "answer", FRONT_DOOR, a_report(), an_answer, MONDAY + 30 * MINUTE, COUNCIL),
    "answer acting: lead council, high risk": row(
        "answer", FRONT_DOOR, a_report(**HIGH), an_answer, MONDAY + 10 * MINUTE, COUNCIL),
    "answer acting: police": row(
        "answer", CONTROL_ROOM, a_report(), an_answer, MONDAY + 30 * MINUTE, FORCE),
    "answer acting: police, high risk": row(
        "answer", CONTROL_ROOM, a_report(**HIGH), an_answer, MONDAY + 10 * MINUTE, FORCE),
    "state the risk": row(
        "state-the-risk", NIGHT_STAFF, a_report(**NO_RISK), by_update(risk="low"),
        MONDAY + HOUR, REMINDER),
    "give the police reference": row(
        "give-police-reference", NIGHT_STAFF, a_report(police_report=NOT_YET),
        by_update(police_reference="SP-1"), MONDAY + 15 * MINUTE, POLICE_NOT_TOLD),
    "next review of risk": row(
        "review-risk", CONTROL_ROOM, a_police_report_reviewed_in(3 * HOUR),
        next_review("next_review_at"), MONDAY + 3 * HOUR, POLICE_WORK, PRACTICE),
    "next review of risk: met by a grade": row(
        "review-risk", CONTROL_ROOM, a_police_report_reviewed_in(3 * HOUR), by_update(risk="high"),
        MONDAY + 3 * HOUR, POLICE_WORK, PRACTICE),
    "review of an absence, at the stated time": row(
        "review-absence", NIGHT_STAFF, an_absence(2 * HOUR), next_review("review_at"),
        MONDAY + 2 * HOUR, REVIEW),
    "review of an absence, no time stated": row(
        "review-absence", NIGHT_STAFF, an_absence(), by_update(category="missing"),
        MONDAY + 6 * HOUR, REVIEW),
    "safe-and-well check, found": row(
        "safe-and-well-check", CONTROL_ROOM, a_return(stage="found"), the_check,
        MONDAY + 24 * HOUR, POLICE_WORK, PRACTICE),
    "safe-and-well check, returned": row(
        "safe-and-well-check", CONTROL_ROOM, a_return(), the_check,
        MONDAY + 24 * HOUR, POLICE_WORK, PRACTICE),
    "offer a return interview": row(
        "offer-return-interview", INTERVIEWS, a_return(), the_interview("offered"),
        MONDAY + 72 * HOUR, INTERVIEW, GUIDANCE),
    "offer a return interview: a decline meets it": row(
        "offer-return-interview", INTERVIEWS, a_return(), the_interview("declined"),
        MONDAY + 72 * HOUR, INTERVIEW, GUIDANCE),
    "hold a return interview": row(
        "hold-return-interview", INTERVIEWS, a_return(), the_interview("held"),
        MONDAY + 72 * HOUR, INTERVIEW, GUIDANCE),
    "share the outcome": row(
        "share-interview-outcome", INTERVIEWS, an_interview,
        the_interview("shared", shared_with=["social-work"]), THREE_DAYS, INTERVIEW),
    "reviewing officers answer an alert": row(
        "answer-iro-alert", IRO_SERVICE, a_report(), an_answer, ONE_DAY, QUIET),
    "settle who it is": row(
        "settle-identity", FRONT_DOOR, two_records, a_statement, TWO_DAYS, QUIET),
    "settle whose child it is": row(
        "settle-contradiction", FRONT_DOOR, two_councils,
        by_update(responsible_authority=WALSALL), TWO_DAYS, BOTH_QUIET),
    "confirm the end": row(
        "confirm-the-end", FRONT_DOOR, a_return(), answer_to("missing.return", "received"), ONE_DAY,
        [(NOW, DUTY_MANAGER), (2 * DAY, HEAD_OF_SERVICE)]),
    "telephone, as a child was harmed": row(
        "telephone", DUTY_MANAGER, a_return(outcome="harmed"), answer_to("missing.return"),
        MONDAY + 30 * MINUTE,
        [(NOW, HEAD_OF_SERVICE), (15 * MINUTE, MISSING_UNIT)]),
    "answer a referral of harm": row(
        "answer-referral", FRONT_DOOR, a_referral, answer_to("referral"),
        MONDAY + 24 * HOUR, COUNCIL),
    "hold a meeting that was asked for": row(
        "hold-meeting", SOCIAL_WORK, a_request, a_meeting, datetime(2026, 3, 17, tzinfo=UTC),
        QUIET[1:]),
    "state the time of a return": row(
        "state-the-time", NIGHT_STAFF, a_return(time_known=False), the_time,
        MONDAY + 4 * HOUR, QUIET),
}
# fmt: on
