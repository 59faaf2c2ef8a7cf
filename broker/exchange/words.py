"""The words that columns are mapped to: what one line of a file can say of an absence."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.child import Sex
from schemas.missing import CareStatus, Category, Circumstance, Outcome, ReturnMethod, Risk
from schemas.outcomes import InterviewReason
from schemas.values import Choice, Known


class Sort(StrEnum):
    """How a cell is read."""

    text = "text"
    moment = "time"
    day = "day"
    day_or_moment = "day or time"
    word = "one of a list"
    council = "a council, such as la.E06000021"
    agency = "an agency, such as provider.SC999001"
    yes_no = "yes or no"


@dataclass(frozen=True, slots=True)
class Word:
    """One word, how its cells are read, and what it says."""

    sort: Sort
    says: str
    choice: type[Choice] | None = None
    part: str = ""  # the field of the message that it becomes, for what a rule of the field says

    @property
    def choices(self) -> tuple[str, ...]:
        """What a cell may turn into."""
        if self.sort is Sort.yes_no:
            return ("yes", "no")
        each = self.choice or ()
        return tuple(str(one) for one in each if str(one) != "unrecognised")


def _text(says: str, part: str) -> Word:
    return Word(Sort.text, says, part=part)


WORDS: Mapping[str, Word] = {
    # which absence
    "reference": _text("Your number of the absence: each absence once", "episode"),
    "former_reference": _text("Its number in the system before this one", "episode"),
    "incident": _text("The same for all children who left together", "incident"),
    "shared_reference": _text("Homeward's own number of the absence", "shared"),
    # which child
    "child_reference": _text("Your number of the child", "child.references"),
    "nhs_number": _text("Ten digits; it counts with the birth date only", "child.references"),
    "given_name": _text("First name", "child.given_name"),
    "family_name": _text("Last name", "child.family_name"),
    "birth_date": Word(Sort.day, "The day of birth", part="child.birth_date"),
    "sex": Word(Sort.word, "As your record has it", Sex, "child.sex"),
    # what kind of absence, and when
    "category": Word(Sort.word, "What kind of absence it is", Category, "category"),
    "last_seen_at": Word(Sort.moment, "When the child was last seen", part="last_seen_at"),
    "noticed_at": Word(Sort.moment, "When it was noticed", part="noticed_at"),
    "reported_at": Word(Sort.moment, "When it was reported to you", part="reported_at"),
    "started_on": Word(Sort.day_or_moment, "When it began, where a list has no more than that"),
    "ended_on": Word(Sort.day_or_moment, "When it ended, where a list has no more than that"),
    "review_at": Word(Sort.moment, "When an absence is looked at again", part="review_at"),
    "circumstance": Word(Sort.word, "How the child came to be gone", Circumstance, "circumstance"),
    "circumstances": _text("The same in words", "circumstances"),
    "risk": Word(Sort.word, "The grade of risk", Risk, "risk"),
    "risk_reason": _text("Why it is graded so: a grade needs it", "risk_reason"),
    # where
    "place_authority": Word(Sort.council, "The council of the place", part="place.authority"),
    "place_district": _text("The district of the place", "place.district"),
    "place": _text("The place in words", "place.description"),
    "lives_authority": Word(Sort.council, "Where the child lives", part="lives.authority"),
    "home": Word(Sort.agency, "The home the child lives in", part="lives.home"),
    "care_status": Word(Sort.word, "Whether a council looks after the child", CareStatus,
                        "care_status"),
    "responsible_authority": Word(Sort.council, "The council that does",
                                  part="responsible_authority"),
    # how it ended
    "found_at": Word(Sort.moment, "When the child was found", part="occurred_at"),
    "returned_at": Word(Sort.moment, "When the child was back", part="occurred_at"),
    "closed_at": Word(Sort.moment, "When the police closed the report", part="occurred_at"),
    "outcome": Word(Sort.word, "How the child is: needed with an end", Outcome, "outcome"),
    "method": Word(Sort.word, "How the child came back", ReturnMethod, "method"),
    "return_place": _text("Where the child was, in words", "place.description"),
    # what followed
    "interview_offered_at": Word(Sort.moment, "When a return interview was offered"),
    "interview_declined_at": Word(Sort.moment, "When it was declined"),
    "interview_held_at": Word(Sort.moment, "When it was held"),
    "interview_not_held_at": Word(Sort.moment, "When it was given up: needs the reason"),
    "interview_reason": Word(Sort.word, "Why it was not held", InterviewReason, "reason"),
    "interviewer": _text("The interviewer's function, never a name", "interviewer"),
    "interview_independent": Word(Sort.yes_no, "Whether the interviewer is independent",
                                  part="independent"),
    "carer_concern": Word(Sort.word, "Whether there is a concern about a carer", Known,
                          "concern_about_carer"),
    "checked_at": Word(Sort.moment, "When the police saw the child safe and well"),
    # what is read, checked, and not sent: the list has no time for it
    "interview_offered": Word(Sort.word, "Whether one was offered", Known),
    "interview_accepted": Word(Sort.word, "Whether it was accepted", Known),
}  # fmt: skip

STARTS = ("last_seen_at", "noticed_at", "reported_at")
ENDS = ("found_at", "returned_at", "closed_at")
# What a list says of each absence; the rest of a line is not looked at.
OF_A_LIST = frozenset(
    (
        "reference", "shared_reference", "child_reference", "birth_date", "category", "started_on",
        "ended_on", "place_authority", "home", "interview_offered", "interview_accepted",
        *STARTS, *ENDS,
    )
)  # fmt: skip
INTERVIEWS = {
    "interview_offered_at": "offered",
    "interview_declined_at": "declined",
    "interview_held_at": "held",
    "interview_not_held_at": "not-held",
}
