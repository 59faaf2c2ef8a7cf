"""Whether reviewing officers and child protection chairs were told, and what they answered."""

from collections.abc import Sequence
from datetime import datetime

from broker.episode import NEWS
from broker.reports import counting
from broker.reports.catalogue import Entry, Needs
from broker.reports.facts import Duty, Episode, Facts
from broker.reports.figures import Area, Figure, Item, Section, Table, Unit
from broker.reports.telling import Delivery
from broker.working_time import local, london_day
from schemas.iro_alert import Asked, IroAlert, IroEvent

_IRO, _CHAIR = "iro-service", "child-protection-chair"


def iro_told(facts: Facts) -> tuple[Section, ...]:
    """Of each looked-after child's absence: was the IRO service told, did it answer, and act."""
    counted = [one for one in facts.missing() if one.looked_after]
    alerted = [one for one in counted if _missing_alerts(one, facts)]
    sent = [told for one in counted for told in _alerts(one, facts)]
    figures = (
        counting.episodes("alerted", "IRO service alerted", alerted, counted),
        _alert_count(sent),
        *_answered([duty for one in counted for duty in one.duties if duty.function == _IRO]),
        _early(counted, facts),
    )
    columns = ("child", "missing since", "alerted", "answered", "review asked for")
    each = Table(
        "each-absence",
        "Each absence of a looked-after child",
        columns,
        tuple(_iro_row(one, facts) for one in counted),
        none="No looked-after child was missing.",
        private=True,
    )
    return (Section("Independent reviewing officers", figures, (each,)),)


def chair_told(facts: Facts) -> tuple[Section, ...]:
    """Of each absence of a child on a plan of this council: was the chair told, of the end too."""
    counted = [
        one
        for one in facts.episodes
        if one.started_at in facts.asked.period
        and one.missing
        and one.child_then
        and one.plan in facts.asked.areas
    ]
    first = {one.id: at for one in counted if (at := _first_told(one, facts))}
    told = [one for one in counted if one.id in first]
    over = [one for one in told if one.back]
    ended = [one for one in over if (known := one.told.get(_chair(one))) and known.end_told]
    figures = (
        counting.episodes("told", "chair told", told, counted),
        *_answered([duty for one in counted for duty in one.duties if duty.function == _CHAIR]),
        counting.episodes("told-the-end", "chair told the end", ended, over),
        _early_conferences(counted, facts),
    )
    rows = tuple(
        (
            facts.pseudonym(one.child),
            local(one.started_at),
            local(first[one.id]) if one in told else "NOT TOLD",
            "yes" if one in ended else "not back" if not one.back else "NO",
            "yes" if one.looked_after else "no",
        )
        for one in counted
    )
    columns = ("child", "missing since", "told", "told the end", "looked after")
    none = "No child on a plan was missing."
    each = Table("each-absence", "Each absence", columns, rows, none=none, private=True)
    return (Section("Child protection chairs", figures, (each,)),)


def _chair(one: Episode) -> str:
    return f"{one.plan}/{_CHAIR}"


def _first_told(one: Episode, facts: Facts) -> datetime | None:
    """When the chair was first sent anything of the absence."""
    return min(
        (
            told.sent_at
            for told in facts.deliveries.get(one.id, ())
            if told.address == _chair(one) and told.sent_at
        ),
        default=None,
    )


def _alerts(one: Episode, facts: Facts) -> tuple[Delivery, ...]:
    """What the reviewing officers of the council that looks after the child were sent."""
    desk = f"{one.responsible or one.lead}/{_IRO}"
    return tuple(
        told
        for told in facts.deliveries.get(one.id, ())
        if told.kind == IroAlert.KIND and told.address == desk
    )


def _missing_alerts(one: Episode, facts: Facts) -> tuple[Delivery, ...]:
    return tuple(told for told in _alerts(one, facts) if told.event == IroEvent.missing)


def _alert_count(sent: Sequence[Delivery]) -> Figure:
    items = (
        Item(None, told.episode, told.sent_at or told.heard_at, {"event": told.event})
        for told in sent
    )
    return counting.items("alerts", "alerts of every kind about them", Unit.notices, items)


def _answered(duties: Sequence[Duty]) -> tuple[Figure, ...]:
    """Of the answers that are due or given: how many came in time."""
    owed = [one for one in duties if one.met or one.state == "late"]
    in_time = [one for one in owed if one.state == "met"]
    waiting = [one for one in duties if one.state == "open"]
    return (
        counting.items(
            "answered-in-time", "answered in time", Unit.duties, _items(in_time), _items(owed)
        ),
        counting.items("not-due", "not due yet", Unit.duties, _items(waiting)),
    )


def _items(duties: Sequence[Duty]) -> tuple[Item, ...]:
    return tuple(
        Item(one.child, one.episode, one.due_at, {"duty": str(one.id), "state": one.state})
        for one in duties
    )


def _early(counted: Sequence[Episode], facts: Facts) -> Figure:
    asked = [
        one
        for one in counted
        if any(told.asked == Asked.early_review for told in _alerts(one, facts))
    ]
    held = [one for one in asked if _review_after(one, "care-review", facts)]
    return counting.episodes("early-reviews", "early reviews held, of those asked for", held, asked)


def _early_conferences(counted: Sequence[Episode], facts: Facts) -> Figure:
    held = [one for one in counted if _review_after(one, "child-protection", facts)]
    return counting.episodes("early-reviews", "followed by a conference", held, counted)


def _review_after(one: Episode, type: str, facts: Facts) -> bool:
    """Whether one was held since, before the day that was planned for it, where that was said."""
    planned = [str(fact.said["care_review"]) for fact in one.facts if "care_review" in fact.said]
    return any(
        meeting.type == type
        and meeting.held
        and meeting.child == one.child
        and meeting.at >= one.started_at
        and (not planned or london_day(meeting.at).isoformat() < planned[-1])
        for meeting in facts.meetings
    )


def _iro_row(one: Episode, facts: Facts) -> tuple[str, ...]:
    alerts = _missing_alerts(one, facts)
    at = alerts[0].sent_at if alerts else None
    answered = min((told.acted_at for told in alerts if told.acted_at), default=None)
    asks = any(told.asked == Asked.early_review for told in _alerts(one, facts))
    held = asks and _review_after(one, "care-review", facts)
    return (
        facts.pseudonym(one.child),
        local(one.started_at),
        local(at) if at else "waiting" if alerts else "NO ALERT",
        local(answered) if answered else "no",
        "held early" if held else "asked for" if asks else "no",
    )


_NEEDS = Needs(duties=True, meetings=True, deliveries=NEWS)

REPORTS = (
    Entry(
        name="iro-told",
        title="Whether reviewing officers were told",
        readers="managers of the reviewing officers",
        periods=("month",),
        source="Ofsted 2013, paragraphs 24, 75 and 76",
        make=iro_told,
        needs=_NEEDS,
        area=Area.own,
        ours=True,
    ),
    Entry(
        name="chair-told",
        title="Whether child protection chairs were told",
        readers="managers of the child protection chairs",
        periods=("month",),
        source="Ofsted 2013, paragraph 24; Gwent Hub evaluation 2015, paragraph 3.22",
        make=chair_told,
        needs=_NEEDS,
        area=Area.own,
        ours=True,
    ),
)
