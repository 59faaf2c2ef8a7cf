"""The small words that messages are made of: ids, times, texts and lists of choices."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializationInfo,
    StringConstraints,
)
from pydantic.functional_serializers import PlainSerializer
from pydantic_core import PydanticCustomError

NO_REASON = "reason_required"

AGENCY_KINDS = ("la", "police", "provider", "service", "hub", "health", "school", "broker")
_AGENCY = rf"(?:{'|'.join(AGENCY_KINDS)})\.[A-Za-z0-9][A-Za-z0-9-]{{0,39}}"
_FUNCTION = r"[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*"

# Control characters break logs, terminals and PostgreSQL's text (NUL); tab and new line are text.
_CLEAN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

AgencyId = Annotated[str, StringConstraints(pattern=rf"^{_AGENCY}$")]
CouncilId = Annotated[str, StringConstraints(pattern=r"^la\.[EW][0-9]{8}$")]
Address = Annotated[str, StringConstraints(pattern=rf"^{_AGENCY}/{_FUNCTION}$", max_length=120)]
Label = Annotated[str, StringConstraints(pattern=_CLEAN, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(pattern=_CLEAN, max_length=20_000)]
OwnReference = Annotated[str, StringConstraints(pattern=_CLEAN, min_length=1, max_length=100)]

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)


def _in_utc(at: datetime) -> datetime:
    if not _EARLIEST <= at < _LATEST:
        raise ValueError("the time must lie between 1990 and 2100")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]


def agency_of(address: str) -> str:
    """The agency an address belongs to."""
    return address.partition("/")[0]


def no_reason(words: str, field: str = "reason") -> PydanticCustomError:
    """What a model raises where a reason is left out: it is refused as `reason-required`."""
    return PydanticCustomError(NO_REASON, "{words}", {"words": words, "field": field})


class Choice(StrEnum):
    """
    One of a fixed list of words.

    The value is the word people and JSON use; the member's name is its Avro symbol, which may hold
    no hyphen. Every list has `unrecognised`: what a reader sees in place of a word that was added
    after the version it reads.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        return cls.__members__.get(value) if isinstance(value, str) else None


class Known(Choice):
    """Whether something is so; `not-known` says that it was asked, where silence does not."""

    yes = "yes"
    no = "no"
    not_known = "not-known"
    unrecognised = "unrecognised"


def _symbol(choice: Choice, info: SerializationInfo) -> str:
    return choice.name if info.mode == "python" else choice.value


AS_SYMBOL = PlainSerializer(_symbol, when_used="unless-none")


class Value(BaseModel):
    """A frozen part of a message: equal when its fields are equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


NHS_NUMBER = re.compile(r"[0-9]{10}")


def nhs_number_is_valid(number: str) -> bool:
    """
    Check ten digits by modulus 11 (weights 10 to 2; NHS Data Dictionary).

    A number of ten equal digits passes the sum but is never issued, so it is refused.
    """
    if not NHS_NUMBER.fullmatch(number) or len(set(number)) == 1:
        return False
    rest = 11 - sum(int(d) * w for d, w in zip(number, range(10, 1, -1), strict=False)) % 11
    return rest != 10 and rest % 11 == int(number[9])
