"""
The framework of Mountains into Molehills, Lancashire: what three times in ninety days led to.

It sees what the police were told of; what only others know of stands on a line of its own.
"""

from collections.abc import Callable, Sequence

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts, Start, Threshold, children
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit, slug

OFTEN, DAYS, YEAR = 3, 90, 365
_SERVICES = ("service", "hub")
# Where policy has no colours: how often the child was missing in the window.
_BANDS = ((9, "9 or more in 90 days"), (5, "5 to 8 in 90 days"), (0, "3 or 4 in 90 days"))


def performance_framework(facts: Facts) -> tuple[Section, ...]:
    """Referrals that followed by themselves, who answered; and how much the police had to do."""
    referred = [one for one in facts.thresholds if _asked_of(one)
                and one.reached_at in facts.asked.period and not one.withdrawn]  # fmt: skip
    by_id = {str(one.id): one for one in facts.episodes}
    return (
        Section(
            "Referrals",
            figures=_referrals("referrals", "Referrals", referred),
            tables=(
                _by("district", "By district", referred, lambda one: _district(one, by_id)),
                _by("band", "By band", referred, lambda one: _band(one, by_id, facts)),
                _by("threshold", "By threshold", referred, lambda one: one.name),
            ),
        ),
        _often(facts),
        _police(facts),
    )


def _asked_of(one: Threshold) -> tuple[Duty, ...]:
    """What a service owes because of a threshold: so it was referred to it."""
    return tuple(duty for duty in one.duties if duty.agency.partition(".")[0] in _SERVICES)


def _referrals(name: str, label: str, each: Sequence[Threshold]) -> tuple[Figure, ...]:
    whole = [one.item for one in each]
    answered = [one.item for one in each if any(duty.met for duty in _asked_of(one))]
    late = [one.item for one in each if any(duty.state in ("late", "met-late")
            for duty in _asked_of(one))]  # fmt: skip
    joined = max((len(one.counted) for one in each), default=0)
    return (
        counting.items(name, label, "referrals", whole, note=f"the longest counts {joined}"
                       if joined > OFTEN else ""),
        counting.items(f"{name}/answered", "answered", "referrals", answered, whole),
        counting.items(f"{name}/late", "answered late, or not yet", "referrals", late, whole),
        counting.items(
            f"{name}/children", "Children referred", Unit.children,
            {one.child: Item(one.child) for one in each}.values(),
        ),
    )  # fmt: skip


def _by(name: str, title: str, each: Sequence[Threshold], key: Callable[[Threshold], str]) -> Table:
    groups: dict[str, list[Threshold]] = {}
    for one in each:
        groups.setdefault(key(one), []).append(one)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (value, *_referrals(f"{name}/{slug(value)}", value, some)) for value, some in ordered
    )
    columns = (name, "referrals", "answered", "late", "children")
    return Table(name, title, columns, rows, as_written=name == "district")


def _newest(one: Threshold, by_id: dict[str, Episode]) -> Episode | None:
    """The last to begin of the absences that were counted."""
    counted = [by_id[id] for id in one.counted if id in by_id]
    return max(counted, key=lambda each: each.started_at, default=None)


def _district(one: Threshold, by_id: dict[str, Episode]) -> str:
    newest = _newest(one, by_id)
    return (newest.district if newest else "") or "not stated"


def _band(one: Threshold, by_id: dict[str, Episode], facts: Facts) -> str:
    """The colour that the policy gives the newest absence; without colours, how often it was."""
    newest = _newest(one, by_id)
    if newest and (band := facts.bands.get(str(newest.id))):
        return band
    return next(label for least, label in _BANDS if len(one.counted) >= least)


def _often(facts: Facts) -> Section:
    year = facts.asked.period.back(YEAR)
    reported = [one for one in facts.trending(year) if one.police]
    often = [one for each in children(reported).values() if len(each) >= OFTEN for one in each]
    most = _of_most(reported)
    return Section(
        "The year to the end of the period",
        figures=(
            counting.children_of("often", f"Missing {OFTEN} times or more", often, reported),
            counting.episodes("often/investigations", "investigations of these", often, reported),
        ),
        tables=(
            Table(
                "most", "The child with most", ("child", "investigations"),
                ((facts.pseudonym(most[0].child),
                  counting.episodes("most", "The most of one child", most, reported)),)
                if most else (),
                private=True,
            ),
        ),
        text="Missing episodes that were reported to the police.",
    )  # fmt: skip


def _of_most(reported: Sequence[Start]) -> tuple[Start, ...]:
    return max(children(reported).values(), key=len, default=())


def _police(facts: Facts) -> Section:
    every = facts.missing()
    reported = [one for one in every if _is_reported(one)]
    others = [one for one in every if not _is_reported(one)]
    rows = tuple(
        (facts.pseudonym(one.child), one.day.isoformat(), facts.name_of(one.reported_by[0]))
        for one in others
        if one.reported_by
    )
    return Section(
        "The police",
        figures=(
            *counting.both("missing", "Missing", every),
            counting.episodes("investigations", "Investigations", reported, every),
            counting.episodes(
                "not-reported", "Known to Homeward, not reported to police", others, every
            ),
        ),
        tables=(
            Table("not-reported", "Not reported to the police", ("child", "began", "known from"),
                  rows, private=True),
        ),
    )  # fmt: skip


def _is_reported(one: Episode) -> bool:
    return one.police_report == "made"


REPORTS = (
    Entry(
        name="performance-framework",
        title="Performance framework: three times in ninety days",
        readers="Health, social care and education leads, police",
        periods=("quarter",),
        source="Barnardo's, 2006, appendix 1, A1.4",
        make=performance_framework,
        needs=Needs(trend=4, thresholds=True, threshold_duties=True, bands=True),
        notes=("What an investigation cost is not known to Homeward, and neither are arrests.",),
    ),
)
