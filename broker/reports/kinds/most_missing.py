"""
The children who are missing most often: who they are, and whether they are missing less.

Staffordshire compared a second cohort of its top 15 with the first; Gwent claimed a fall of its top
ten without saying whether they were the same children. So a cohort is always shown both ways:
frozen, and picked again.
"""

from collections.abc import Sequence
from statistics import fmean

from broker.reports import comparing, counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Began, Facts, children
from broker.reports.figures import Chart, Figure, Item, Look, Section, Series, Table, Unit
from broker.reports.period import Period
from broker.reports.ranking import Ranked, top
from broker.reports.traits import NO, YES, Traits

TOP, TEN = 15, 10


def top_n(facts: Facts) -> tuple[Section, ...]:
    """Who is among the n with most missing episodes, with what is known of them."""
    n = int(facts.supplied.get("top", TOP))
    now, before = top(facts.missing(), n), top(_began(facts, _before(facts)), n)
    earlier = {one.child for one in before}
    traits = Traits(facts)
    asked = (
        ("offending", "Offending", traits.offending),
        ("special-needs", "Special educational needs", traits.special_needs),
        ("exploitation", "Exploitation", traits.exploitation),
    )
    listed = tuple(_line(facts, one) for one in now)
    again = tuple(_line(facts, one) for one in now if one.child in earlier)
    tied = tuple(_line(facts, one) for one in now if one.tied and one.rank == now[-1].rank)
    figures = [
        counting.items("listed", f"Among the {n} most often missing", Unit.children, listed),
        counting.items(
            "tied", "of them tied at the last place", Unit.children,
            tied if len(listed) > n else (), listed,
        ),
        counting.items("overlap", "also in the earlier cohort", Unit.children, again, listed),
    ]  # fmt: skip
    for name, label, known in asked:
        yes = tuple(_line(facts, one) for one in now if known(one.child) == YES)
        unknown = tuple(_line(facts, one) for one in now if known(one.child) not in (YES, NO))
        figures += [
            counting.items(name, label, Unit.children, yes, listed),
            counting.items(
                f"{name}/not-known", f"{label}: not known", Unit.children, unknown, listed
            ),
        ]
    rows = tuple(
        (
            one.place,
            facts.pseudonym(one.child),
            counting.episodes(
                f"child/{facts.pseudonym(one.child)}", f"Episodes of rank {one.place}", one.episodes
            ),
            "yes" if one.child in earlier else "no",
            *(known(one.child) for _, _, known in asked),
        )
        for one in now
    )
    columns = ("rank", "child", "episodes", "earlier cohort", "offending", "special needs",
               "exploitation")  # fmt: skip
    note = f"Ranked by missing episodes; ties are included. Earlier cohort: {_before(facts).words}."
    return (
        Section(
            title=f"The {n} most often missing",
            figures=tuple(figures),
            tables=(Table("cohort", "Each child once", columns, rows, note, private=True),),
        ),
        _annex(facts),
    )


def _annex(facts: Facts) -> Section:
    """Own children who live outside the area: not ranked with those who live in it."""
    away = tuple(e for e in facts.elsewhere() if e.missing and e.child_then)
    rows = tuple(
        (
            facts.pseudonym(child),
            facts.name_of(each[-1].lives_in),
            counting.episodes(f"elsewhere/{facts.pseudonym(child)}", "Episodes", each),
        )
        for child, each in sorted(
            children(away).items(), key=lambda one: (-len(one[1]), one[0].bytes)
        )
    )
    columns = ("child", "placed in", "episodes")
    return Section(
        title="Annex: own children placed elsewhere",
        figures=counting.both("elsewhere", "Own, placed elsewhere", away),
        tables=(Table("elsewhere", "Own children placed elsewhere", columns, rows, private=True),),
    )


def top_ten_trend(facts: Facts) -> tuple[Section, ...]:
    """Ten children a year ago against the same ten now, and against the ten of now."""
    n = int(facts.supplied.get("top", TEN))
    before, now = _before(facts), facts.asked.period
    then_ten, now_ten = top(_began(facts, before), n), top(facts.missing(now), n)
    same = children(facts.missing(now))
    base = _mean("mean/before", f"Mean of the {n} highest, {before.name}", then_ten)
    frozen = _mean_of(
        "mean/same-children", f"Mean of the same children, {now.name}",
        [same.get(one.child, ()) for one in then_ten],
    )  # fmt: skip
    picked = _mean("mean/re-picked", f"Mean of the {n} highest, {now.name}", now_ten)
    falling = tuple(
        _line(facts, one) for one in then_ten if len(same.get(one.child, ())) < len(one.episodes)
    )
    cohort = tuple(_line(facts, one) for one in then_ten)
    stayed = {one.child for one in now_ten}
    figures = (
        base,
        frozen,
        comparing.change("change/same-children", "Same children", base, frozen),
        picked,
        comparing.change("change/re-picked", "Ten picked again", base, picked),
        counting.items("falling", "Children with fewer episodes", Unit.children, falling, cohort),
        counting.items(
            "overlap", "still among the highest", Unit.children,
            tuple(_line(facts, one) for one in then_ten if one.child in stayed), cohort,
        ),
    )  # fmt: skip
    rows = tuple(
        (
            one.place,
            facts.pseudonym(one.child),
            counting.episodes(
                f"before/{facts.pseudonym(one.child)}", f"{before.name}", one.episodes
            ),
            counting.episodes(
                f"now/{facts.pseudonym(one.child)}", f"{now.name}", same.get(one.child, ())
            ),
        )
        for one in then_ten
    )
    note = (
        "A child who has left the area has no more episodes here; that is not the same as being "
        "missing less."
    )
    table = Table(
        "cohort", f"The {n} highest of {before.name}",
        ("rank", "child", before.name, now.name), rows, note, private=True,
    )  # fmt: skip
    chart = Chart(
        name="trend",
        title="Mean episodes a child",
        says=f"{base.label}: {base.value}. {frozen.label}: {frozen.value}. "
        f"{picked.label}: {picked.value}.",
        look=Look.bars,
        labels=(f"{before.name}, highest", f"{now.name}, the same", f"{now.name}, picked again"),
        series=(Series("mean", (base, frozen, picked)),),
        axis="missing episodes a child",
    )
    return (Section("The ten highest, frozen and picked again", figures, (table,), (chart,)),)


def _before(facts: Facts) -> Period:
    return facts.asked.period.before


def _began(facts: Facts, period: Period) -> Sequence[Began]:
    """The missing episodes of the time before, in as few words as were looked up."""
    return facts.trending(period) or facts.missing(period)


def _line(facts: Facts, one: Ranked) -> Item:
    said = {"rank": one.place, "episodes": str(len(one.episodes))}
    return Item(one.child, None, one.episodes[0].started_at, said)


def _mean(name: str, label: str, cohort: Sequence[Ranked]) -> Figure:
    return _mean_of(name, label, [one.episodes for one in cohort])


def _mean_of(name: str, label: str, each: Sequence[Sequence[Began]]) -> Figure:
    counts = [len(episodes) for episodes in each]
    return Figure(
        name=name,
        label=label,
        unit=Unit.per_child,
        count=fmean(counts) if counts else None,
        items=tuple(one.item for episodes in each for one in episodes),
        decimals=1,
        missing="nobody was missing",
        follows=("falling",),
        note=f"{sum(counts)} episodes / {len(counts)} children",
    )


REPORTS = (
    Entry(
        name="top-n",
        title="The children most often missing",
        readers="Strategic board, audit",
        periods=("month", "quarter", "year"),
        source="Staffordshire Select Committee, 2017, paragraphs 22h and 47",
        make=top_n,
        needs=Needs(trend=1, placements=True, on_file=True),
        notes=("An education, health and care plan is known from placements only.",),
    ),
    Entry(
        name="top-ten-trend",
        title="The ten most often missing, a year on",
        readers="Project board",
        periods=("year",),
        source="Gwent Hub evaluation, 2015, paragraphs 3.20 and 3.64 to 3.67",
        make=top_ten_trend,
        needs=Needs(trend=1),
    ),
)
