"""Meetings and courses: who was invited and came, whether the worker heard, who was trained."""

from collections.abc import Iterable, Sequence

from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Facts
from broker.reports.figures import Cell, Figure, Item, Section, Table, Unit, slug
from broker.reports.telling import Came, Meeting
from broker.working_time import local

_COURSE = "training"
_WHOM = {
    "agency": "staff of agencies",
    "home": "staff of homes and hostels",
    "carer": "parents and foster carers",
}


def meetings(facts: Facts) -> tuple[Section, ...]:
    """Of the meetings of the period: attended of those invited, by agency and type; told after."""
    every = [one for one in facts.meetings if one.at in facts.asked.period and one.type != _COURSE]
    held = [one for one in every if one.held]
    figures = (
        counting.items("held", "meetings held", Unit.meetings, _items(held), _items(every)),
        _attended("attended", "attended, of those invited", held),
        *_discussed(held),
    )
    tables = (_by_agency(facts, held), _by_type(held), _listed(facts, every))
    return (Section("Meetings", figures, tables),)


def _items(some: Iterable[Meeting]) -> tuple[Item, ...]:
    return tuple(one.item for one in some)


def _attended(name: str, label: str, some: Sequence[Meeting], agency: str = "") -> Figure:
    """Whoever came without being asked is counted nowhere here."""
    invited = [
        (meeting, came)
        for meeting in some
        for came in meeting.came
        if came.invited and agency in ("", came.agency)
    ]
    return counting.items(
        name,
        label,
        "attendances",
        (_place(meeting, came) for meeting, came in invited if came.attended),
        (_place(meeting, came) for meeting, came in invited),
    )


def _place(meeting: Meeting, came: Came) -> Item:
    says = {"agency": came.agency, "type": meeting.type, "meeting": str(meeting.number)}
    return Item(None, None, meeting.at, says)


def _discussed(held: Sequence[Meeting]) -> tuple[Figure, ...]:
    about = [one for one in held if one.child is not None]
    told = [one for one in about if one.worker_told_at is not None]
    children = {one.child: Item(one.child, None, one.at) for one in about}
    return (
        counting.items("discussed", "children discussed", Unit.children, children.values()),
        counting.items(
            "worker-told",
            "child's worker told of it, of the meetings about a child",
            Unit.meetings,
            _items(told),
            _items(about),
        ),
    )


def _by_agency(facts: Facts, held: Sequence[Meeting]) -> Table:
    """Every agency with every type of meeting that it was invited to."""
    pairs = sorted(
        {(came.agency, one.type) for one in held for came in one.came if came.invited},
    )
    rows: list[tuple[Cell, ...]] = [
        (
            facts.name_of(agency),
            type.replace("-", " "),
            _attended(
                f"agency/{slug(agency)}/{type}",
                f"{agency}, {type}",
                [one for one in held if one.type == type],
                agency,
            ),
        )
        for agency, type in pairs
    ]
    columns = ("agency", "type of meeting", "attended, of those invited")
    none = "Nobody was invited."
    return Table("by-agency", "By agency and type", columns, tuple(rows), none=none)


def _by_type(held: Sequence[Meeting]) -> Table:
    types = sorted({one.type for one in held})
    rows: list[tuple[Cell, ...]] = []
    for type in types:
        those = [one for one in held if one.type == type]
        words = type.replace("-", " ")
        rows.append(
            (
                words,
                counting.items(f"type/{type}/held", f"held, {words}", Unit.meetings, _items(those)),
                _attended(f"type/{type}/attended", f"attended, {words}", those),
            )
        )
    columns = ("type", "held", "attended, of those invited")
    return Table("by-type", "By type", columns, tuple(rows), none="No meeting was held.")


def _listed(facts: Facts, every: Sequence[Meeting]) -> Table:
    rows = tuple(
        (
            local(one.at),
            one.type.replace("-", " "),
            facts.pseudonym(one.child) if one.child else "",
            "held" if one.held else "NOT HELD",
            f"{sum(c.invited and c.attended for c in one.came)}/{sum(c.invited for c in one.came)}",
            local(one.worker_told_at) if one.worker_told_at else "NOT TOLD",
        )
        for one in every
    )
    columns = ("when", "type", "child", "", "attended", "worker told")
    return Table("each", "Each meeting", columns, rows, none="No meeting.", private=True)


def training(facts: Facts) -> tuple[Section, ...]:
    """Who was at courses, as counted by those who held them; never an estimate."""
    held = [
        one
        for one in facts.meetings
        if one.at in facts.asked.period and one.type == _COURSE and one.held
    ]
    figures = (
        counting.items("courses", "courses", "courses", _items(held)),
        _people("trained", "people trained", held),
        *(
            _people(f"trained/{audience}", words, held, audience)
            for audience, words in _WHOM.items()
        ),
    )
    agencies = sorted({each.agency for one in held for each in one.trained if each.agency})
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            facts.name_of(agency),
            _people(f"agency/{slug(agency)}", f"people of {agency}", held, agency=agency),
        )
        for agency in agencies
    )
    none = "No course said whose people were there."
    table = Table("by-agency", "By agency", ("agency", "people trained"), rows, none=none)
    return (Section("Training", figures, (table,)),)


def _people(
    name: str, label: str, held: Sequence[Meeting], audience: str = "", agency: str = ""
) -> Figure:
    counted = [
        (one, each)
        for one in held
        for each in one.trained
        if audience in ("", each.audience) and agency in ("", each.agency)
    ]
    items = tuple(
        Item(
            None,
            one.case,
            one.at,
            {"people": str(each.people), "for": each.audience, "agency": each.agency},
        )
        for one, each in counted
    )
    return Figure(name, label, "people", sum(each.people for _, each in counted), items=items)


_NEEDS = Needs(meetings=True)

REPORTS = (
    Entry(
        name="meetings",
        title="Meetings",
        readers="Hub board, groups",
        periods=("quarter", "month"),
        source="Gwent Hub evaluation 2015, 3.34; Ofsted 2013, paragraph 56",
        make=meetings,
        needs=_NEEDS,
    ),
    Entry(
        name="training",
        title="Training",
        readers="Hub board, groups",
        periods=("quarter", "month"),
        source="Gwent Hub evaluation 2015, 3.36, recommendation 7",
        make=training,
        needs=_NEEDS,
    ),
)
