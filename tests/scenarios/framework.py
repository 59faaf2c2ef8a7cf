"""The children of Staffordshire's performance framework, July to September 2026, as a play."""

from broker.ledger import agencies
from schemas.child import Place, Residence
from tests import examples
from tests.examples import STAFFORDSHIRE, WALSALL
from tests.scenarios.play import Play
from tests.scenarios.thresholds import at, at_home, child

CHESHIRE_EAST = "la.E06000049"
LICHFIELD_HOME = "provider.SC999010"
AWAY_HOME = "provider.SC999011"
QUARTER = "2026-Q3"


def person(number, birth_date, **changes):
    return child(number, birth_date=birth_date, given_name=f"Child{number}", **changes)


P, R, S, T = (
    person(1, "2011-01-10"),
    person(2, "2014-02-10"),
    person(3, "2012-03-10"),
    person(4, "2010-04-10"),
)
V = examples.child(given_name="Val", birth_date="2012-01-20", references=(
    {"holder": WALSALL, "scheme": "la-person-id", "value": "W-22"},))  # fmt: skip


def in_district(district):
    return {"place": Place(authority=STAFFORDSHIRE, district=district)}


def told_off(play, report, ends):
    """Missing, and back."""
    play.say_now(report)
    play.say_now(examples.returned(report, at=at(ends)))


def interviewed(play, report, when, stage="held", **changes):
    play.say_now(examples.interview(report, stage, at=at(when), sender=STAFFORDSHIRE, **changes))


def in_home(of, starts, home, area, lead):
    """The home reports a looked-after child who lives there."""
    return examples.notification(
        at(starts),
        child=of,
        sender=home,
        from_address=f"{home}/night-staff",
        last_seen_at=at(starts),
        lives=Residence(authority=area, home=home),
        place=Place(authority=area, district="Lichfield" if area == STAFFORDSHIRE else None),
        responsible_authority=lead,
        police_report=None,
        episode=f"{home} {starts}",
    )


def play_the_quarter(play: Play) -> None:
    """P, R, S, T and V of the proof, and U who never left."""
    with play.ledger.writing() as connection:
        for home, area in ((LICHFIELD_HOME, STAFFORDSHIRE), (AWAY_HOME, CHESHIRE_EAST)):
            agencies.add(connection, home, home, area, {}, play.clock.now())
    play.say(
        examples.placement(
            at("06-30T12:00"), child=V, host_authority=STAFFORDSHIRE, home=LICHFIELD_HOME,
            starts_at=at("07-01T10:00"), provider="PR4",
        )
    )  # fmt: skip
    firsts = [at_home(f"07-{day}T20:00", P, **in_district("Stafford")) for day in (10, 12, 14)]
    for day, one in zip((11, 13, 15), firsts, strict=True):
        told_off(play, one, f"07-{day}T02:00")
    interviewed(play, firsts[0], "07-12T10:00", push_factors=("boredom",))
    interviewed(play, firsts[2], "07-17T10:00", pull_factors=("friends",))
    # U, R's brother, is named in the incident, and never left: nothing is said of him by itself.
    named = {"incident": "SP-2026-77", "circumstances": "Left a brother at home"}
    refuses = at_home("08-03T21:00", R, **in_district("Tamworth"), **named)
    told_off(play, refuses, "08-04T01:00")
    interviewed(play, refuses, "08-05T10:00", "declined")
    absent = at_home("08-10T21:00", T, category="absent", **in_district("Stafford"))
    told_off(play, absent, "08-10T23:00")
    interviewed(play, absent, "08-11T10:00")
    for day in (1, 5):
        away = in_home(S, f"09-0{day}T20:00", AWAY_HOME, CHESHIRE_EAST, STAFFORDSHIRE)
        told_off(play, away, f"09-0{day}T23:30")
    late = in_home(V, "09-30T23:00", LICHFIELD_HOME, STAFFORDSHIRE, WALSALL)
    told_off(play, late, "10-02T09:00")
    interviewed(play, late, "10-04T12:00", push_factors=("problems-in-care", "boredom"))
    play.until(at("10-06T09:00"))
