"""
Where children go missing from, live and are found: places that can be counted without a name. Pure.

A place is a home, a foster carer's reference, or a street or site as the report words it, with its
council and without the number of a house. A family's own home is none: it would be an address.
"""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

from broker.reports.facts import Episode, Facts, Home
from broker.reports.traits import messages
from schemas.child import Place
from schemas.missing import MissingNotification, MissingReturn, ReturnStage

FAMILY, NOT_STATED = "family home", "not stated"
LEAST = 5  # a place with fewer events is no hot spot; local

_HOME = re.compile(r"(at |from )?((the|her|his|their) )?(children'?s |care )?(home|placement|unit)")
_NUMBER = re.compile(r"^(flat |unit |apartment )?\d+[a-z]?([-/]\d+[a-z]?)?,? +")
_POSTCODE = re.compile(r",? *\b[a-z]{1,2}\d[a-z\d]? *\d[a-z]{2}\b")


def placement(one: Episode, facts: Facts) -> str:
    """Where the child lived as it began: a home, a foster carer's reference, or a family."""
    if one.home:
        return facts.name_of(one.home)
    if one.carer:
        return f"foster carer {one.carer}"
    return FAMILY if one.lives is Home.family else NOT_STATED


def missing_from(one: Episode, facts: Facts) -> str:
    """The place it began at: where the child lives, unless a report says another."""
    for message in messages(facts, one.facts):
        if isinstance(message, MissingNotification):
            place = message.place
            where = street(place)
            if where and not _is_home(where, one, facts):
                return _in_area(where, str(place.authority or one.place or one.lives_in), facts)
            if not where and place.authority not in (None, one.lives_in):
                return facts.name_of(str(place.authority))
    return placement(one, facts)


def found(one: Episode, facts: Facts) -> str:
    """Where the child was found; not where it came back by itself."""
    for message in messages(facts, one.facts):
        if isinstance(message, MissingReturn) and message.stage is not ReturnStage.closed:
            place = message.place
            if where := street(place):
                return _in_area(where, str(place.authority or one.found_in), facts)
    return facts.name_of(one.found_in) if one.found_in else NOT_STATED


def district(one: Episode) -> str:
    return one.district or NOT_STATED


def street(place: Place) -> str:
    """The words of a place, so that those of one street are one: `High Street, Stafford`."""
    words = " ".join((place.description or "").casefold().split()).strip(" .")
    words = _NUMBER.sub("", _POSTCODE.sub("", words)).strip(" ,.")
    return words.title().replace("'S", "'s") if words else ""


def _is_home(where: str, one: Episode, facts: Facts) -> bool:
    called = where.casefold()
    return bool(_HOME.fullmatch(called)) or called == facts.name_of(one.home).casefold()


def _in_area(where: str, council: str, facts: Facts) -> str:
    """Two councils have a High Street each."""
    return f"{where}, {facts.name_of(council)}" if council else where


@cache
def coordinates() -> Mapping[str, tuple[float, float]]:
    """Latitude and longitude of each council area, as shipped."""
    text = resources.files("broker").joinpath("data", "authorities.csv").read_text("utf-8")
    return {
        f"la.{row['gss_code']}": (float(row["latitude"]), float(row["longitude"]))
        for row in csv.DictReader(text.splitlines())
        if row["latitude"] and row["longitude"]
    }
