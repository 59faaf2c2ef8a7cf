"""
Looked-after children who were away for more than 24 hours: a council's own, wherever placed.

Hours are counted by elapsed time, so the night in which clocks go back has one more; who is still
away counts from the moment it has been longer.
"""

from broker.reports import counting
from broker.reports.catalogue import Entry
from broker.reports.counting import DAY
from broker.reports.facts import Episode, Facts
from broker.reports.figures import Area, Section, Table
from broker.working_time import london_day


def over_24h(facts: Facts) -> tuple[Section, ...]:
    """Count and list; days only, as the SSDA903 return has them."""
    as_at = facts.asked.as_at
    missing = [one for one in facts.missing() if one.looked_after]
    away = [one for one in facts.during() if one.looked_after and one.child_then
            and not one.missing]  # fmt: skip
    long = [one for one in missing if one.lasted(as_at) > DAY]
    long_away = [one for one in away if one.lasted(as_at) > DAY]
    still = [one for one in long if one.ended_at is None]
    rows = tuple(
        (
            facts.pseudonym(one.child),
            "M" if one.missing else "A",
            london_day(one.started_at).isoformat(),
            london_day(one.ended_at).isoformat() if one.ended_at else "still away",
            counting.span(one.lasted(as_at)),
            facts.name_of(one.lives_in),
        )
        for one in sorted([*long, *long_away], key=_began)
    )
    columns = ("child", "M / A", "start", "end", "lasted", "lived in")
    return (
        Section(
            "Longer than 24 hours",
            figures=(
                *counting.both("over-24h", "Missing for more than 24 hours", long, missing),
                *counting.both("still-missing", "of them still missing", still, long),
                *counting.both(
                    "away-over-24h", "Away or absent for more than 24 hours", long_away, away
                ),
            ),
            tables=(Table("over-24h", "Each of them", columns, rows, _NOTE, private=True),),
        ),
    )


def _began(one: Episode) -> tuple[object, bytes]:
    return one.started_at, one.id.bytes


_NOTE = "M missing, A away from placement without authorisation. Days are London's."

REPORTS = (
    Entry(
        name="over-24h",
        title="Looked-after children missing for more than 24 hours",
        readers="Council, Department for Education",
        periods=("day", "month", "quarter", "year"),
        source="Ofsted, Missing children (120364), 2013, paragraph 2",
        make=over_24h,
        area=Area.own,
    ),
)
