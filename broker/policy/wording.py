"""A policy in plain words: when a rule holds, who is told, what is owed and what ends it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from broker.policy.facts import AGES, NAMED_BY_POLICY, values_of
from broker.policy.model import (
    EARLIER_INTERVIEW,
    EARLIER_RISK,
    Basis,
    Clock,
    Ladder,
    Owe,
    Rule,
    Start,
    Tell,
    View,
)
from broker.policy.roles import role_of
from schemas.iro_alert import IroAlert
from schemas.profile import ChildProfile

# Where a clock starts, in words that follow "72 hours after".
AFTER = {
    Start.accepted: "it was accepted",
    Start.sent: "it is sent",
    Start.occurred: "it happened",
    Start.found: "the child was found",
    Start.returned: "the return",
    Start.placed: "the placement starts",
    Start.ends: "the placement ends",
    Start.came: "the child came",
    Start.left: "the child left",
    Start.began: "the absence began",
}

STARTS = {
    Start.accepted: "when Homeward accepted the message",
    Start.sent: "when what is to be answered was sent; at a closed desk, when that opens",
    Start.occurred: "when it happened",
    Start.found: "when the child was found; else, when the child returned",
    Start.returned: "when the child was back; no time known: no start",
    Start.stated: "at the time that the message states, which is the due time",
    Start.placed: "when the placement starts, as the message says",
    Start.ends: "when the placement ends, as the message says",
    Start.came: "when the child came to the home; else, when the placement starts",
    Start.left: "when the child left the home; else, when the placement ends",
    Start.began: "when the absence began: last seen; else, noticed; else, reported",
}

_SEES = {
    View.full: "everything",
    View.summary: "a summary: no names, no narrative",
    View.signal: "that it happened",
    View.intelligence: "a summary, with the risks and what is meant for the police",
    View.released: "that it happened, and what the interviewer releases",
}

_MADE = {
    IroAlert.KIND: "an `iro.alert` in its place",
    EARLIER_INTERVIEW: "the last return interview before (its record), beside it",
    EARLIER_RISK: "the risk as it was last assessed before, beside it",
    ChildProfile.KIND: "what is kept ready of the child (`child.profile`), beside it",
}

_BASES = {
    Basis.law: "law",
    Basis.law_number_local: "law, the number local",
    Basis.statutory_guidance: "statutory guidance",
    Basis.police_practice: "police practice",
    Basis.local: "local",
}

Facts = Mapping[str, Sequence[str]]


def condition(rule: Rule, facts: Facts) -> str:
    """When a rule holds, beside its kind; empty for always. `facts` are the words for each."""
    asked = [
        _asked(name, values, facts[name]) for name, values in rule.when.items() if name in facts
    ]
    return ", ".join(asked)


def _asked(name: str, fits: frozenset[object], words: Sequence[str]) -> str:
    if name == "age":
        return f"{words[0]} {years(fits)}"
    if name in NAMED_BY_POLICY:
        return f"{words[0]} {_either(fits)}"
    if fits <= {True, False}:
        return " or ".join(words[not value] for value in (True, False) if value in fits)
    others = values_of(name) - fits
    if len(others) < len(fits) and "" not in others:
        return f"{words[0]} not {_either(others)}"
    return f"{words[0]} {_either(fits)}"


def years(fits: Iterable[object]) -> str:
    """The ages that fit: from the first to the last of them."""
    known = sorted(age for age in fits if isinstance(age, int))
    if not known:
        return "not known"
    if known[-1] == AGES[-1]:
        return f"{known[0]} or over"
    return f"{known[0]} to {known[-1]}"


def _either(values: Iterable[object]) -> str:
    # `unrecognised` is what an older reader sees: always taken for the more serious word.
    said = sorted(str(value) or "not stated" for value in values if value != "unrecognised")
    return " or ".join(said) or "unrecognised"


def _means(name: str) -> str:
    role = role_of(name)
    return role.means if role else name


def recipient(tell: Tell) -> str:
    """Who is told."""
    return _means(tell.role)


def sees(tell: Tell) -> str:
    """How much of it they see, and whether a closed desk is woken."""
    seen = _MADE.get(tell.as_kind) or _SEES[tell.view]
    if tell.covered:
        seen += "; while the desk is closed its cover gets it too, silently"
    return f"{seen}; at once, day and night" if tell.wakes else seen


def owner(owe: Owe) -> str:
    """Who owes it."""
    return _means(owe.owed_by)


def due(clock: Clock) -> str:
    """By when."""
    if clock.starts is Start.stated:
        if clock.within is None:
            return "at the time that is stated"
        return f"at the time that is stated, else {length_of(clock.within)} after it was accepted"
    after = AFTER[clock.starts]
    if clock.before:
        return f"before {after}"
    if clock.working_days:
        return f"{days_of(clock)} after {after}"
    if clock.days:
        return f"at the end of the day, {days_of(clock)} after {after}"
    assert clock.within is not None
    text = f"{length_of(clock.within)} after {after}"
    if clock.again:
        times = " and ".join(length_of(each) for each in (clock.within, *clock.then))
        text = f"{times} after {after}, then each {length_of(clock.again)} while it lasts"
    return f"{text}; at high risk {length_of(clock.high)}" if clock.high else text


def days_of(clock: Clock) -> str:
    """How many days a clock allows that counts days; empty for any other."""
    number = clock.working_days or clock.days
    sort = "working day" if clock.working_days else "day"
    return f"{number} {sort}{'' if number == 1 else 's'}" if number else ""


def length_of(length: timedelta) -> str:
    """A length of time as a rule states it: 72 hours stay 72 hours."""
    minutes = int(length.total_seconds()) // 60
    if length > timedelta(hours=72) and minutes % 1440 == 0:
        return f"{length.days} days"
    if minutes % 60 == 0:
        return f"{minutes // 60} hour{'' if minutes == 60 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def ends(owe: Owe) -> str:
    """What ends a duty: done, on a lawful ground, or by itself."""
    said = f"done by {_tokens(owe.met_by)}"
    if owe.excused_by:
        said += f"; excused by {_tokens(owe.excused_by)}"
    if owe.ends_with_absence:
        said += "; no longer owed when the child is back"
    if owe.until_18:
        said += "; no longer owed from the eighteenth birthday"
    return said


def _tokens(tokens: Iterable[str]) -> str:
    return " or ".join(map(token, tokens))


def token(text: str) -> str:
    """One thing that ends a duty, as a policy names it."""
    kind, _, conditions = text.partition(":")
    if kind in ("acting", "received"):
        return f"the answer `{kind}`"
    return f"`{kind}` {having(conditions)}".rstrip()


def having(conditions: str) -> str:
    """The fields a message must have, so that it ends a duty; empty where any will do."""
    if not conditions:
        return ""
    said = [part.partition("=") for part in conditions.split("&")]
    words = [f"`{name}` {_yes_or_no(value)}" if value else f"`{name}`" for name, _, value in said]
    return f"with {' and '.join(words)}"


def _yes_or_no(value: str) -> str:
    return {"true": "yes", "false": "no"}.get(value, value)


def climbs(ladder: Ladder | None) -> str:
    """Whom a late duty is taken on to, by day and by night."""
    if ladder is None:
        return "nobody"
    day, night = (
        [_step(step.role, step.after) for step in each] for each in (ladder.day, ladder.night)
    )
    if day == night:
        return "; ".join(day)
    return f"by day {'; '.join(day)}; by night {'; '.join(night)}"


def _step(role: str, after: timedelta) -> str:
    when = f"after {length_of(after)}" if after else "at once"
    return f"{when} {_means(role)}"


def basis(rule: Rule) -> str:
    """What a rule rests on, in a word or two."""
    return _BASES[rule.basis]


def source(rule: Rule) -> str:
    """Where that stands."""
    return " ".join(rule.source.split())
