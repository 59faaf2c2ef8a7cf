"""What a request for a subscription must say, and may not ask for. Pure."""

from datetime import date, datetime

from broker.directory import Directory, kind_of
from broker.errors import (
    Incomplete,
    Invalid,
    NotAHome,
    NotYourDesk,
    SinglesOut,
    TooBroad,
    UnknownRegion,
    UntilOutOfRange,
)
from broker.subscriptions.rights import Filter, Ties, latest_until, singling_out
from broker.working_time import london_day
from schemas.placement import PlacementStage
from schemas.subscription import SubscriptionRequest
from schemas.values import agency_of

_REQUIRED = {
    "purpose": "say what you need the notices for",
    "legal_basis": "name the law that lets you have them",
    "data_protection_contact": "name the desk that answers for data protection",
}


def asked_for(
    message: SubscriptionRequest, ties: Ties, now: datetime, directory: Directory
) -> Filter:
    """The filter that a request asks for; `Rejected` in words that say what to do."""
    for name, words in _REQUIRED.items():
        if not (getattr(message, name) or "").strip():
            raise Incomplete(words, name)
    check_until(message.until, now)
    if message.to is not None and agency_of(message.to) != message.sender:
        raise NotYourDesk("it goes to a desk of your own: name one, or leave this out", "to")
    asked = _filter(message, directory)
    check_filter(asked, ties.councils(message.sender), directory)
    return asked


def required(until: date | None) -> date:
    """The last day, which must be named."""
    if until is None:
        raise Incomplete("name the last day, at most twelve months ahead", "until")
    return until


def check_until(until: date | None, now: datetime) -> None:
    """Refuse a last day that has passed, or lies more than twelve months ahead (local)."""
    latest = latest_until(now)
    if required(until) < london_day(now):
        raise UntilOutOfRange(f"this day has passed: name one up to {latest}", "until")
    if required(until) > latest:
        raise UntilOutOfRange(
            f"at most twelve months ahead: name {latest} or an earlier day, and re-attest then",
            "until",
        )


def check_filter(asked: Filter, councils: frozenset[str], directory: Directory) -> None:
    """Refuse a filter that asks for everything, for nothing, or could single out a child."""
    if asked.is_empty:
        raise TooBroad("a subscription to everything is none: name areas or a region", "hosts")
    if asked.region and not asked.areas(directory):
        raise Invalid("none of the councils in hosts is in this region: leave one out", "region")
    if finer := singling_out(asked, councils, directory):
        raise SinglesOut(
            "you have no tie to every child that this could match: ask for areas alone (hosts or "
            "region), or let the agreement by which you act for these councils be recorded first",
            finer,
        )


def _filter(message: SubscriptionRequest, directory: Directory) -> Filter:
    for home in message.homes:
        if kind_of(home) != "provider":
            raise NotAHome("a home is a provider, such as provider.SC123456", "homes")
    if PlacementStage.unrecognised in message.stages:
        raise Invalid("this is no stage of a placement", "stages")
    return Filter(
        hosts=_today(message.hosts, directory),
        region=_region(message.region, directory) if message.region else "",
        placed_by=_today(message.placed_by, directory),
        homes=tuple(dict.fromkeys(message.homes)),
        stages=tuple(dict.fromkeys(stage.value for stage in message.stages)),
    )


def _today(councils: tuple[str, ...], directory: Directory) -> tuple[str, ...]:
    """Councils by their codes of today, each once."""
    return tuple(dict.fromkeys(directory.today(one) for one in councils))


def _region(named: str, directory: Directory) -> str:
    known = {one.region for one in directory.agencies("la")} - {""}
    for region in known:
        if region.casefold() == named.strip().casefold():
            return region
    raise UnknownRegion(
        f"no region is called this: use one of {', '.join(sorted(known))}", "region"
    )
