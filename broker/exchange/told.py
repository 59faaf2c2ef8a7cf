"""One line of a file as the messages that its sender would have sent. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from broker.directory import kind_of
from broker.exchange.mapping import Mapping as Columns
from broker.exchange.problems import Problem
from broker.exchange.words import ENDS, INTERVIEWS, STARTS, WORDS
from broker.keys import derived
from schemas.child import Scheme
from schemas.message import ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome

_SCHEMES = {
    "la": Scheme.la_person_id,
    "police": Scheme.police_reference,
    "provider": Scheme.home_reference,
}
_NOT_CONTENT = {"message_id", "sent_at"}
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says it, at which desk, and when: now."""

    agency: str
    desk: str
    now: datetime

    @property
    def address(self) -> str:
        return f"{self.agency}/{self.desk}"


def messages(
    line: int, said: Mapping[str, Any], speaker: Speaker, mapping: Columns
) -> tuple[list[Message], list[Problem]]:
    """
    The messages of one line, in the order in which they are to be sent, or what is wrong with it.

    An absence that is over is told from its end: who first hears that a child is back is not woken
    because it was missing. The id of a message follows from all that it says, so what was sent
    before is known again, whatever file it stands in.
    """
    problems = list(_order(line, said, speaker, mapping))
    found: list[Message] = []
    for model, fields in [*reversed([*_ends(said)]), *_begins(said, speaker), *_follows(said)]:
        try:
            found.append(_made(model, fields, said, speaker))
        except ValidationError as error:
            more = _problems(line, error, mapping)
            problems += [one for one in more if one.column or not problems]
    return ([] if problems else found), sorted(set(problems))


def _made(
    model: type[ChildMessage], fields: Mapping[str, Any], said: Mapping[str, Any], speaker: Speaker
) -> Message:
    # In the system before, the absence had another number: by that one it is known.
    called = said.get("former_reference") or said.get("reference")
    message = model(
        message_id=_NOBODY,
        sender=speaker.agency,
        from_address=speaker.address,
        sent_at=speaker.now,
        child=_child(said, speaker),
        episode=called,
        incident=said.get("incident"),
        **{name: value for name, value in fields.items() if value is not None},
    )
    return message.model_copy(update={"message_id": content_id(message)})


def content_id(message: Message) -> UUID:
    """The id that follows from what a message says, but for when it was sent."""
    content = message.model_dump_json(exclude=_NOT_CONTENT)
    return derived("from a file", message.KIND, content)


def _child(said: Mapping[str, Any], speaker: Speaker) -> dict[str, Any]:
    references = []
    if number := said.get("child_reference"):
        scheme = _SCHEMES.get(kind_of(speaker.agency), Scheme.home_reference)
        references.append({"holder": speaker.agency, "scheme": scheme, "value": number})
    if number := said.get("nhs_number"):
        plain = number.replace(" ", "").replace("-", "")
        references.append({"holder": speaker.agency, "scheme": Scheme.nhs_number, "value": plain})
    names = ("given_name", "family_name", "birth_date", "sex")
    return {"references": references} | {name: said[name] for name in names if name in said}


_Fields = tuple[type[ChildMessage], Mapping[str, Any]]


def _begins(said: Mapping[str, Any], speaker: Speaker) -> Iterator[_Fields]:
    same = (
        "category", "last_seen_at", "noticed_at", "reported_at", "review_at", "circumstance",
        "circumstances", "risk", "risk_reason", "care_status", "responsible_authority",
    )  # fmt: skip
    fields = {name: said.get(name) for name in same}
    fields["occurred_at"] = next((said[n] for n in reversed(STARTS) if n in said), None)
    fields["place"] = _part(said, authority="place_authority", district="place_district",
                            description="place")  # fmt: skip
    fields["lives"] = _part(said, authority="lives_authority", home="home")
    fields["classified_by"] = speaker.agency
    yield MissingNotification, fields
    if "former_reference" in said and not any(name in said for name in ENDS):
        yield (
            MissingUpdate,
            {
                "occurred_at": fields["occurred_at"],
                "reason": "The number of this absence is that of another system now",
                "police_reference": said.get("reference"),
            },
        )


def _part(said: Mapping[str, Any], **names: str) -> dict[str, Any]:
    return {part: said[name] for part, name in names.items() if name in said}


def _ends(said: Mapping[str, Any]) -> Iterator[_Fields]:
    for name in ENDS:
        if name in said:
            yield (
                MissingReturn,
                {
                    "occurred_at": said[name],
                    "stage": name.removesuffix("_at"),
                    "outcome": said.get("outcome"),
                    "method": said.get("method"),
                    "place": _part(said, description="return_place"),
                    "police_reference": said.get("reference")
                    if "former_reference" in said
                    else None,
                },
            )


def _follows(said: Mapping[str, Any]) -> Iterator[_Fields]:
    if "checked_at" in said:
        concern = said.get("carer_concern")
        yield (
            SafeAndWellOutcome,
            {
                "occurred_at": said["checked_at"],
                "result": "done",
                "concern_about_carer": concern,
            },
        )
    for name, stage in INTERVIEWS.items():
        if name in said:
            held = stage == "held"
            independent = said.get("interview_independent")
            yield (
                ReturnInterviewOutcome,
                {
                    "occurred_at": said[name],
                    "stage": stage,
                    "interviewer": said.get("interviewer"),
                    "independent": independent == "yes" if held and independent else None,
                    "reason": said.get("interview_reason") if stage == "not-held" else None,
                    "concern_about_carer": said.get("carer_concern") if held else None,
                },
            )


# -- what is wrong with it


def _order(
    line: int, said: Mapping[str, Any], speaker: Speaker, mapping: Columns
) -> Iterator[Problem]:
    """What a line must say, and times that cannot be."""
    for name in ("reference", "category"):
        if name not in said:
            yield Problem(line, _column(mapping, name), "lacking", f"{name} is empty")
    start = next((said[name] for name in STARTS if name in said), None)
    if start is None:
        columns = [_column(mapping, name) for name in STARTS if name in mapping.words]
        yield Problem(line, ", ".join(columns), "lacking", "it does not say when it began")
    if any(name in said for name in ENDS) and "outcome" not in said:
        words = "there is an end, and not how the child is"
        yield Problem(line, _column(mapping, "outcome"), "lacking", words)
    for name in said:
        at = said[name]
        if not isinstance(at, datetime):
            continue
        if at > speaker.now + timedelta(hours=1) and name != "review_at":
            yield Problem(line, _column(mapping, name), "in-future", "this time is yet to come")
        if name in ENDS and start and at < start:
            words = "it ends before it began"
            yield Problem(line, _column(mapping, name), "ends-before-start", words)


def _column(mapping: Columns, name: str) -> str:
    column = mapping.columns.get(name)
    return column.name if column else f"values: {name}"


def _problems(line: int, error: ValidationError, mapping: Columns) -> Iterator[Problem]:
    """What a rule of the catalogue says, by the column that the field came from."""
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in each["loc"])
        name = _word_of(path, mapping)
        words = str(each["msg"]).removeprefix("Value error, ")
        yield Problem(line, _column(mapping, name) if name else path, "invalid", words)


def _word_of(path: str, mapping: Columns) -> str | None:
    for name in mapping.columns:
        part = WORDS[name].part
        if part and (path == part or path.startswith(f"{part}.")):
            return name
    return None
