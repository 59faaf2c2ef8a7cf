"""The words of the scenarios: moments, spans, agencies, desks and duties as people say them."""

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pytest_bdd import parsers

from broker.directory import Directory
from tests.scenarios.play import EVERYBODY

_LONDON = ZoneInfo("Europe/London")
_WEEKDAYS = list(calendar.day_name)
MONTHS = list(calendar.month_name)[1:]

MORE_OF_THE_CAST = {
    "la.E06000049": ("Cheshire East", None),
    "la.E06000062": ("West Northamptonshire", None),
    "la.E06000019": ("Herefordshire", None),
    "la.E08000006": ("Salford", None),
    "la.E08000026": ("Coventry", None),
    "la.E08000034": ("Kirklees", None),
    "la.E08000036": ("Wakefield", None),
    "la.E09000011": ("Greenwich", None),
    "la.E09000033": ("Westminster", None),
    "la.E10000012": ("Essex", None),
    "la.W06000018": ("Caerphilly", None),
    "la.W06000021": ("Monmouthshire", None),
    "la.W06000022": ("Newport", None),
    "police.E23000001": ("Metropolitan Police", None),
    "police.E23000005": ("Greater Manchester Police", None),
    "police.E23000010": ("West Yorkshire Police", None),
    "police.E23000022": ("Northamptonshire Police", None),
    "police.E23000028": ("Essex Police", None),
    "police.W15000002": ("Gwent Police", None),
    "provider.SC999003": ("Oak Lodge", "la.E10000028"),
    "provider.SC999004": ("Hill House", "la.E08000026"),
    "provider.SC999005": ("Moor View", "la.E08000034"),
    "provider.SC999006": ("Elm Court", "la.E08000006"),
    "provider.W999007": ("Fern House", "la.W06000022"),
    "provider.W999008": ("Wye Lodge", "la.W06000021"),
    "hub.west-midlands": ("The regional hub", "la.E08000030"),
    "service.lamp": ("LAMP", None),
}
CAST: dict[str, tuple[str, str | None]] = {**EVERYBODY, **MORE_OF_THE_CAST}
# In the directory, but not on this Homeward.
NOT_ON_HOMEWARD = {
    "la.E10000007": ("Derbyshire", None),
    "la.E06000057": ("Northumberland", None),
}

AGENCIES = {name: id for id, (name, _) in (CAST | NOT_ON_HOMEWARD).items()}
AREAS = {id: area for id, (_, area) in CAST.items()}
NAMES = {id: name for name, id in AGENCIES.items()}

LABELS = {
    "front door": "front-door",
    "emergency duty team": "emergency-duty",
    "on-call manager": "on-call-manager",
    "duty manager": "duty-manager",
    "head of service": "head-of-service",
    "director": "director",
    "social work": "social-work",
    "reviewing officers": "iro-service",
    "child protection chair": "child-protection-chair",
    "placements team": "placements",
    "return interview service": "return-interviews",
    "allegations officer": "allegations-officer",
    "exploitation team": "exploitation-team",
    "virtual school": "virtual-school",
    "leaving care team": "leaving-care",
    "youth justice team": "youth-justice",
    "performance team": "performance",
    "control room": "control-room",
    "missing persons unit": "missing-unit",
    "home manager": "home-manager",
    "night staff": "night-staff",
}
_FUNCTIONS = {function: label for label, function in LABELS.items()}
SPEAKS_FOR = {"la": "front-door", "police": "control-room", "provider": "night-staff"}

# What is owed, as people say it. What is not listed is the policy's name with spaces for hyphens.
DUTIES = {
    "an answer": "answer",
    "an answer to the alert": "answer-iro-alert",
    "the risk": "state-the-risk",
    "a police reference": "give-police-reference",
    "a review of the risk": "review-risk",
    "a review of the absence": "review-absence",
    "the safe-and-well check": "safe-and-well-check",
    "the telephone calls": "telephone",
    "a word on who the child is": "settle-identity",
    "the offer of an interview": "offer-return-interview",
    "the interview": "hold-return-interview",
    "the sharing of the interview": "share-interview-outcome",
    "a sign that the end was read": "confirm-the-end",
    "a word on whose the child is": "settle-contradiction",
    "an answer to the referral": "answer-referral",
    "the next meeting": "hold-next-meeting",
    "a decision on a debrief": "decide-on-a-debrief",
    "the meeting": "hold-meeting",
    "notice of the placement": "give-placement-notice",
    "word of who approved the placement": "state-approval",
    "notice of the end of the placement": "give-end-notice",
    "an answer to the notice": "answer-placement-notice",
    "word that the child came": "tell-host-of-admission",
    "word that the child left": "tell-host-of-discharge",
    "a word on where the child lives": "settle-where-the-child-lives",
    "a census": "census",
    "the intervention meeting": "intervention-meeting",
    "the visit": "quality-visit",
    "a word that it is still needed": "re-attest",
    "the message to be sent again": "send-again",
}

# How an absence ends, as people say it: the stage and the outcome.
ENDS = {
    "found safe": ("found", "safe"),
    "found, in hospital": ("found", "hospital"),
    "found, in custody": ("found", "custody"),
    "found, elsewhere": ("found", "elsewhere"),
    "found, refusing to come back": ("found", "refuses"),
    "found, harmed": ("found", "harmed"),
    "found, dead": ("found", "died"),
    "back": ("returned", "safe"),
    "reported in error": ("returned", "reported-in-error"),
}

KINDS = {
    "report": "missing.notification",
    "update": "missing.update",
    "return": "missing.return",
    "alert": "iro.alert",
    "safe-and-well outcome": "safe-and-well.outcome",
    "return interview outcome": "return-interview.outcome",
    "profile": "child.profile",
    "referral": "referral",
    "meeting request": "meeting.request",
    "meeting outcome": "meeting.outcome",
    "regulator notice": "regulator.notice",
    "notice of a placement": "placement.notice",
    "word of an arrival": "placement.arrival",
}

# What a notice of a placement says, and what a home says of it.
PLACING = {
    "a planned placement": "planned",
    "an emergency placement": "emergency",
    "a change of placement": "change",
}
CAME_OR_LEFT = {"came": "admitted", "left": "discharged"}


def address_of(desk: str) -> str:
    """The address of a desk: `Walsall emergency duty team` is la.E08000030/emergency-duty."""
    name = next(name for name in _longest(AGENCIES) if desk.startswith(f"{name} "))
    label = desk.removeprefix(name).strip()
    return f"{AGENCIES[name]}/{LABELS[label]}"


def speaker(words: str) -> str:
    """Who speaks: a desk, or the desk that speaks for an agency."""
    if words in AGENCIES:
        agency = AGENCIES[words]
        return f"{agency}/{SPEAKS_FOR[agency.partition('.')[0]]}"
    return address_of(words)


def reader(words: str) -> str:
    """Whose inbox is looked into: a desk's, or all of an agency's."""
    return AGENCIES[words] if words in AGENCIES else address_of(words)


def desk_of(address: str) -> str:
    """The words for an address: the way back."""
    agency, _, function = address.partition("/")
    return f"{NAMES.get(agency, agency)} {_FUNCTIONS.get(function, function)}"


def duty_named(words: str) -> str:
    """The policy's name of what is owed."""
    plain = re.sub(r"^(an?|the) ", "", words).replace(" ", "-")
    return DUTIES.get(words, plain)


def in_words(duty: str) -> str:
    """What is owed, as people say it: the way back."""
    return next((words for words, name in DUTIES.items() if name == duty), duty)


# -- time


@dataclass(frozen=True, slots=True)
class Moment:
    """
    A moment as it is said, in London time, that needs to know the present to be complete.

    Empty words are the present itself.
    """

    words: str

    def __bool__(self) -> bool:
        return bool(self.words)

    def at(self, now: datetime) -> datetime:
        """In UTC; a weekday that is wrong, or an hour that does not exist, fails."""
        if not self.words:
            return now
        if later := re.fullmatch(rf"({_SPAN}) later", self.words):
            return now + span(later[1])
        found = re.fullmatch(_MOMENT, self.words)
        assert found, f"not a moment: {self.words}"
        today = now.astimezone(_LONDON)
        weekday, day, month, year, hour, minute, zone = found.groups()
        days = 0
        if hour == "24":
            hour, days = "0", 1
        local = datetime(
            int(year or today.year),
            MONTHS.index(month) + 1 if month else today.month,
            int(day or today.day),
            int(hour),
            int(minute),
            tzinfo=_LONDON,
        )
        assert weekday in (None, _WEEKDAYS[local.weekday()]), f"{self.words}: not a {weekday}"
        local += timedelta(days=days)
        if zone:
            folds = (local.replace(fold=0), local.replace(fold=1))
            local = next(each for each in folds if each.tzname() == zone)
        return local.astimezone(UTC)


def shown(at: datetime | None) -> str:
    """A moment in words, as scenarios say it; due before twelve is due at twelve, and late then."""
    if at is None:
        return "no start recorded"
    upto = at + timedelta(microseconds=1)
    return upto.astimezone(_LONDON).strftime("%A %-d %B %Y at %H:%M %Z")


_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_ONE_SPAN = rf"\d+ (?:{'|'.join(_UNITS)})s?"
_SPAN = rf"{_ONE_SPAN}(?: and {_ONE_SPAN})*"
_MOMENT = (
    rf"(?:(?:({'|'.join(_WEEKDAYS)}) )?(\d{{1,2}}) ({'|'.join(MONTHS)})(?: (\d{{4}}))? at )?"
    r"(\d\d):(\d\d)(?: (BST|GMT))?"
)


def span(words: str) -> timedelta:
    """`3 days and 2 hours`."""
    parts = [part.split() for part in words.split(" and ")]
    return timedelta(seconds=sum(int(n) * _UNITS[unit.removesuffix("s")] for n, unit in parts))


# -- patterns of sentences


def _longest(names: Mapping[str, Any]) -> list[str]:
    return sorted(names, key=len, reverse=True)


def _one_of(names: Mapping[str, Any]) -> str:
    return "|".join(re.escape(name) for name in _longest(names))


def _word(pattern: str, convert: Callable[[str], Any]) -> Callable[[str], Any]:
    def converted(text: str) -> Any:
        return convert(text)

    converted.pattern = rf"(?:{pattern})"  # type: ignore[attr-defined]
    converted.regex_group_count = re.compile(pattern).groups  # type: ignore[attr-defined]
    return converted


def _ungrouped(pattern: str) -> str:
    return re.sub(r"\((?!\?)", "(?:", pattern)


_A_MOMENT = _ungrouped(_MOMENT)
_DESK = rf"(?:{_one_of(AGENCIES)}) (?:{_one_of(LABELS)})"
_WHEN = rf"(?:on (?:{_A_MOMENT}) |at \d\d:\d\d |{_SPAN} later )?"


def is_desk(words: str) -> bool:
    """Whether these words name a desk."""
    return re.fullmatch(_DESK, words) is not None


def is_moment(words: str) -> bool:
    """Whether these words name a moment."""
    return re.fullmatch(_A_MOMENT, words) is not None


_ENDINGS = "open|late|met late|met|excused|cancelled|transferred|superseded"
TYPES = {
    # `on Friday 27 March 2026 at 22:10 `, `at 22:10 `, `35 minutes later `, or nothing: now.
    "When": _word(_WHEN, lambda text: Moment(re.sub(r"^(on|at) ", "", text).strip())),
    "Moment": _word(_A_MOMENT, Moment),
    "Day": _word(rf"\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}", str),
    "Span": _word(_SPAN, span),
    "Agency": _word(_one_of(AGENCIES), AGENCIES.__getitem__),
    "Desk": _word(_DESK, address_of),
    "Reader": _word(rf"{_DESK}|{_one_of(AGENCIES)}", reader),
    "Who": _word(rf"{_DESK}|{_one_of(AGENCIES)}", speaker),
    "Child": _word(r"[A-Z][a-z]+", str),
    "Duty": _word(_one_of(DUTIES), duty_named),
    "What": _word(
        "missing|absent|away|back|found|closed|in the news|reported in error|taken back|"
        "checked|not checked|moved|interview-not-held|concern-about-carer|in an interview [a-z-]+|"
        "to be placed|placed in an emergency|to move|to leave|placed no longer|admitted|discharged|"
        "in a change of placement|placed without approval",
        str,
    ),
    "Status": _word("open|found|returned|closed|cancelled", str),
    "Category": _word("missing|absent|away", str),
    "Grade": _word("very low|low|medium|high", lambda text: text.replace(" ", "-")),
    "End": _word(_one_of(ENDS), ENDS.__getitem__),
    "Basis": _word("by law|on local ground", lambda text: text.split()[1]),
    "Placing": _word(_one_of(PLACING), PLACING.__getitem__),
    "CameOrLeft": _word(_one_of(CAME_OR_LEFT), CAME_OR_LEFT.__getitem__),
    "Kind": _word(_one_of(KINDS), KINDS.__getitem__),
    "Verdict": _word("one child|two children", lambda text: text == "one child"),
    "Ending": _word(_ENDINGS, lambda text: text.replace(" ", "-")),
    "Text": _word(r'"[^"]*"', lambda text: text[1:-1]),
    "Number": _word(r"\d+|no|one|two|three|four|five|once|twice", lambda text: _number(text)),
    "s": _word("s?", str),
}


def _number(text: str) -> int:
    words = ["no", "one", "two", "three", "four", "five"]
    if text in ("once", "twice"):
        return 1 + (text == "twice")
    return words.index(text) if text in words else int(text)


def says(sentence: str) -> parsers.StepParser:
    """A step's sentence, with our words in its gaps."""
    return parsers.parse(sentence, extra_types=TYPES)


def names_are_those_of_the_directory() -> bool:
    """Whether every council and force of the cast has the code that goes with its name."""
    shipped = Directory.shipped()
    return all(
        (found := shipped.agency(id)) is not None and found.name.startswith(name)
        for name, id in AGENCIES.items()
        if id.startswith(("la.", "police."))
    )
