"""
Missing episodes by children's home, for a forum of providers, police and councils.

A home is named once it has agreed to be, and from that day on; its children never are.
"""

from collections.abc import Sequence
from datetime import date

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Episode, Facts, grouped
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit

_COLUMNS = ("home", "episodes", "children", "placing authorities", "checks done", "police contact")


def provider_forum(facts: Facts) -> tuple[Section, ...]:
    """Every home with an absence or a placed child in the period, named or numbered."""
    every = [one for one in facts.missing() if one.home]
    by_home = grouped(every, lambda one: one.home)
    homes = [*by_home, *sorted(_placed(facts) - by_home.keys())]
    agreed = facts.supplied.get("identify_homes") or {}
    rows = []
    for number, home in enumerate(homes, 1):
        each = by_home.get(home, ())
        named = _agreed(agreed.get(home), facts.asked.period.last)
        called = facts.name_of(home) if named else f"home {number}"
        rows.append(_row(facts, f"home/{number}", called, home, each))
    named_now = sum(_agreed(agreed.get(home), facts.asked.period.last) for home in homes)
    back = [one for one in every if one.back]
    return (
        Section(
            "All homes",
            figures=(
                counting.items(
                    "homes", "Homes", Unit.homes, [Item(says={"home": home}) for home in homes]
                ),
                *counting.both("missing", "Missing from a home", every),
                _checks("checks", "Checks done", back),
                *_contacts(facts, homes),
            ),
            tables=(
                Table(
                    "homes", "By home", _COLUMNS, tuple(rows),
                    f"Named: the {named_now} of {len(homes)} homes that agreed to be.",
                ),
            ),
        ),
    )  # fmt: skip


def _placed(facts: Facts) -> set[str]:
    period = facts.asked.period
    return {
        one.home
        for one in facts.placements
        if one.home
        and one.host in facts.asked.areas
        and one.starts_at < period.ends_at
        and (one.ends_at is None or one.ends_at > period.starts_at)
    }


def _agreed(since: object, day: date) -> bool:
    return isinstance(since, date) and since <= day


def _row(
    facts: Facts, name: str, called: str, home: str, each: Sequence[Episode]
) -> tuple[Cell, ...]:
    placing = {one.responsible for one in each if one.responsible}
    placing |= {one.responsible for one in facts.placements
                if one.home == home and one.starts_at < facts.asked.period.ends_at}  # fmt: skip
    return (
        called,
        counting.episodes(f"{name}/episodes", f"{called}: episodes", each,
                          part_of="missing/episodes", partition="home"),
        counting.children_of(f"{name}/children", f"{called}: children", each),
        counting.items(
            f"{name}/placing", f"{called}: placing authorities", "authorities",
            [Item(says={"authority": facts.name_of(one)}) for one in sorted(placing) if one],
        ),
        _checks(f"{name}/checks", f"{called}: checks done", [one for one in each if one.back]),
        "yes" if _contact(facts, home) else "none",
    )  # fmt: skip


def _checks(name: str, label: str, back: Sequence[Episode]) -> Figure:
    done = [one for one in back if one.check and one.check.done]
    return counting.episodes(name, label, done, back)


def _contact(facts: Facts, home: str) -> bool:
    """Whether the force of the area has a contact officer's desk for this home."""
    force = facts.directory.police_for(home)
    desk = f"{force}/contact.{home.partition('.')[2].lower()}"
    return facts.directory.entry(desk) is not None


def _contacts(facts: Facts, homes: Sequence[str]) -> tuple[Figure, ...]:
    items = {home: Item(says={"home": home}) for home in homes}
    with_one = [items[home] for home in homes if _contact(facts, home)]
    return (
        counting.items("contacts", "with a police contact", Unit.homes, with_one, items.values()),
    )


REPORTS = (
    Entry(
        name="provider-forum",
        title="Missing episodes by children's home",
        readers="Providers, police, council",
        periods=("quarter",),
        source="Ofsted, Missing children (120364), 2013, box after paragraph 84; Staffordshire "
        "Select Committee, 2017, paragraph 46",
        make=provider_forum,
        needs=Needs(placements=True),
        notes=("A home that has not agreed to be named has a number, and counts all the same.",),
    ),
)
