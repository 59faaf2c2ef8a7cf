"""A made-up quarter of Staffordshire and Stoke, seeded: reports are looked at as a whole."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from broker.ledger import agencies
from schemas.child import Place, Reference, Scheme
from schemas.message import Message
from tests.examples import STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL, placement
from tests.scenarios.play import Play
from tests.scenarios.thresholds import at
from tests.scenarios.worlds import (
    census,
    checked,
    entry,
    gone,
    interviewed,
    joined,
    met,
    referred,
    said,
    young,
)

BIRMINGHAM, CHESHIRE_EAST = "la.E08000025", "la.E06000049"
NAMES = ("Beech House", "Cedar Lodge", "Elm View", "Hawthorn House", "Rowan Court")
HOMES = tuple(f"provider.SC90001{n}" for n in range(5))
SERVICE = "service.return-home"
DISTRICTS = ("Stafford", "Cannock Chase", "Lichfield", "Tamworth", "Newcastle-under-Lyme")
PLACES = ("Riverside School", "12 High Street", "High Street", "Bus Station", "Mill Lane")
FOUND = (STAFFORDSHIRE, STAFFORDSHIRE, STOKE, STOKE, WALSALL, BIRMINGHAM, CHESHIRE_EAST, None)
FACTORS = ("sexual-exploitation", "criminal-exploitation", "substance-misuse", "offending",
           "self-harm", "family-conflict", "missing-before", "out-of-education")  # fmt: skip
ETHNICITIES = ("White British", "Asian or Asian British", "Mixed", None)
STARTS, DAYS = datetime(2026, 4, 1, 12, tzinfo=UTC), 182


def play_it(play: Play, children: int = 40, seed: int = 7) -> None:
    """From April to September: the quarter to report is the third of 2026."""
    chance = Random(seed)
    joined(play, SERVICE, area=STAFFORDSHIRE)
    with play.ledger.writing() as connection:
        for home, name in zip(HOMES, NAMES, strict=True):
            agencies.add(connection, home, name, STAFFORDSHIRE, {}, at("2025-01-01 09:00"))
    messages: list[Message] = []
    for number in range(children):
        messages += _child(number, chance)
    said(play, messages)
    said(play, _lists(chance))
    play.after(seconds=1)  # they are compared a moment later
    play.clock.set(at("2026-10-08 09:00"))


def _child(number: int, chance: Random) -> list[Message]:
    """A few are missing very often, and most of those who come back once go within four weeks."""
    placed_by = chance.choice((None, None, STAFFORDSHIRE, WALSALL, BIRMINGHAM))
    child = young(
        f"q{number}", by=placed_by or STAFFORDSHIRE, sex=chance.choice(("female", "male")),
        born=f"{2026 - chance.choice((11, 12, 13, 14, 15, 15, 16, 17))}-0{1 + number % 9}-11",
        ethnicity=chance.choice(ETHNICITIES),
    )  # fmt: skip
    area = chance.choice((STAFFORDSHIRE, STAFFORDSHIRE, STAFFORDSHIRE, STOKE))
    home = chance.choice(HOMES) if placed_by else None
    found: list[Message] = []
    if placed_by:
        found.append(
            placement(
                STARTS - timedelta(days=20), sender=placed_by, responsible_authority=placed_by,
                host_authority=area, home=home, child=child, type="K2", provider="PR4",
                distance="own-area" if area == placed_by else "at-a-distance",
                education_plan=chance.choice(("yes", "no", "not-known")),
                risk={"factors": (chance.choice(FACTORS),)},
            )
        )  # fmt: skip
    began = STARTS + timedelta(days=chance.randrange(130), minutes=chance.randrange(1440))
    for _ in range(min(14, 1 + int(chance.paretovariate(0.8)))):
        evening = began.replace(hour=chance.choice((8, 15, 17, 19, 20, 21, 21, 22, 23)))
        found += _absence(child, evening, area, home, placed_by, chance)
        began += timedelta(days=chance.choice((2, 5, 9, 20, 40)))
        if began > STARTS + timedelta(days=DAYS):
            break
    return found


def _absence(
    child: Any, start: datetime, area: str, home: str | None, placed_by: str | None, chance: Random
) -> list[Message]:
    written = start.astimezone(UTC).isoformat()[:16]
    hours = chance.choice((2, 4, 6, 9, 14, 20, 27, 50))
    where = chance.choice((None, None, *PLACES))
    place = Place(authority=area, district=chance.choice(DISTRICTS), description=where)
    council = chance.choice(FOUND)
    category = chance.choice(("missing", "missing", "missing", "absent"))
    found = Place(authority=council, description=chance.choice(PLACES)) if council else None
    each = gone(
        child, written, area=area, home=home, placed_by=placed_by, place=place, category=category,
        hours=hours, found=found, risk_factors=_factors(chance),
        sender=home if home and chance.random() < 0.3 else STAFFORDSHIRE_POLICE,
        **({"review_at": start + timedelta(hours=6)} if category == "absent" else {}),
    )  # fmt: skip
    said_ = each[0]
    ended = start + timedelta(hours=hours)
    if category == "missing" and chance.random() < 0.85:
        done = chance.random() < 0.8
        more: dict[str, Any] = {} if done else {
            "result": "not-done", "reason": "frequent", "decided_by": "Inspector",
            "concern_about_carer": None,
        }  # fmt: skip
        if done and chance.random() < 0.15:
            more = {"risk_factors": ("sexual-exploitation",)}
        each.append(
            checked(said_, _london(ended + timedelta(hours=chance.choice((3, 12, 30)))), **more)
        )
    if chance.random() < 0.7:
        council = placed_by or area
        steps = {"sender": council}
        day = ended + timedelta(hours=chance.choice((20, 44, 90)))
        each.append(interviewed(said_, "offered", _london(day), **steps))
        stage = chance.choice(("held", "held", "declined"))
        held = {"push_factors": ("boredom",)} if stage == "held" else {}
        each.append(interviewed(said_, stage, _london(day + timedelta(hours=3)), **steps, **held))
    if chance.random() < 0.1:
        owner = f"{STAFFORDSHIRE}/social-work"
        action = {"what": "Made up", "owner": owner, "due_on": "2026-09-30"}
        each.append(met(child, _london(ended + timedelta(days=4)), actions=(action,)))
    if chance.random() < 0.05:
        asked = referred(child, f"{SERVICE}/return-interviews", "made",
                         _london(ended + timedelta(days=1)))  # fmt: skip
        started = referred(child, f"{SERVICE}/return-interviews", "started",
                           _london(ended + timedelta(days=2)), sender=SERVICE,
                           of=asked.message_id)  # fmt: skip
        each += [asked, started]
    return each


def _factors(chance: Random) -> tuple[str, ...] | None:
    return chance.choice((None, None, (), (chance.choice(FACTORS),)))


def _london(when: datetime) -> str:
    return when.isoformat()[:16]


def _lists(chance: Random) -> list[Message]:
    """Three of five homes return their quarter, one of them nil; the police return September."""
    child = Reference(holder=STAFFORDSHIRE, scheme=Scheme.la_person_id, value="P-q3")
    entries = [
        entry(f"h-{n}", f"2026-0{7 + n % 3}-1{n % 9} 21:00", child=child, home=HOMES[0],
              category=chance.choice(("missing", "absent")))
        for n in range(11)
    ]  # fmt: skip
    first, last, when = "2026-07-01", "2026-09-30", "2026-10-05 10:00"
    return [
        census(HOMES[0], first, last, *entries, when=when),
        census(HOMES[1], first, last, when=when),
        census(HOMES[2], "2026-07-01", "2026-07-31", when=when),
        census(STAFFORDSHIRE_POLICE, "2026-09-01", "2026-09-30",
               *[entry(f"p-{n}", f"2026-09-0{n} 21:00", authority=STAFFORDSHIRE)
                 for n in range(1, 5)], when=when),
    ]  # fmt: skip
