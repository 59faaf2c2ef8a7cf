"""
What agencies owe at the end of each month or quarter: a census, also where nobody was missing.

Homeward owes itself the step at each London month's end, opens the duties of the period that is
over, and tells nobody but who owes it, silently. The duty has no absence and no child.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from broker.census.asked import Asked, asked_of
from broker.census.checking import List
from broker.census.period import Period, month_ends, named
from broker.decision import OPERATIONS, Arrival, Decision, Moment, Rulebook
from broker.directory import Directory, kind_of
from broker.duties import Duty, DutyEvent, met
from broker.keys import derived
from broker.ledger.agencies import on_broker_since
from broker.ledger.book import Book
from broker.notices import duty_notice
from broker.policy.model import Every, Return
from broker.policy.returns import DESKS, rungs
from broker.reporting import given_before
from broker.working_time import add_working_days, day_ends, day_starts, london_day
from schemas.census import Census
from schemas.notices import DutyChange

ASK = "ask-for-returns"
ASK_ID: UUID = derived("duty", ASK)
_ONE_DAY = timedelta(days=1)


def last_period(every: Every, day: date) -> Period:
    """The period of that length that was over last on a day."""
    if every is Every.month:
        last = day.replace(day=1) - _ONE_DAY
        name = f"{last:%Y-%m}"
    else:
        last = date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - _ONE_DAY
        name = f"{last:%Y}-Q{(last.month + 2) // 3}"
    found = named(name)
    assert found is not None
    return found


def month_end_after(at: datetime) -> datetime:
    """The London midnight that ends the month a moment is in."""
    day = london_day(at)
    return day_ends(month_ends(day.year, day.month))


def due_of(period: Period, working_days: int) -> datetime:
    """The midnight that ends the last of so many working days after a period."""
    return add_working_days(day_starts(period.last), working_days)


def covers(lists: Iterable[List], period: Period) -> bool:
    """Whether these lists together hold every day of a period."""
    wanted = period.first
    for first, last in sorted((one.first, one.last) for one in lists):
        if first <= wanted <= last:
            wanted = last + _ONE_DAY
    return wanted > period.last


# -- the step at a month's end


def asking(now: datetime) -> Duty:
    """Homeward's own step, for the first time at the end of this month."""
    at = month_end_after(now)
    return Duty(
        id=ASK_ID,
        name=ASK,
        owed_by=OPERATIONS,
        because=ASK,
        basis="local",
        met_by=(),
        message=0,
        opened_at=now,
        ends_with_absence=False,
        state="waiting",  # it comes again and again, and is no duty that stands open
        due_at=at,
        next_at=at,
    )


def ask(duty: Duty, moment: Moment, book: Book, rules: Rulebook) -> None:
    """
    Open what is owed for the periods that ended since the last look.

    After an outage of months only the last period is asked for. Nobody owes for a period that they
    were not on the broker for from its first day.
    """
    now, since = moment.now, duty.due_at or moment.now
    later = month_end_after(now)
    book.apply(Decision(duties=(replace(duty, due_at=later, next_at=later),)))
    on_broker = on_broker_since(book.connection)
    wanted = [
        _owed(asked, period, agency, moment, rules.directory)
        for agency, joined_at in sorted(on_broker.items())
        for asked in asked_of(agency, london_day(since), rules.policies, rules.directory)
        if (period := last_period(asked.one.every, london_day(now))).ends_at >= since
        and owes(agency, joined_at, asked.one, period)
    ]
    wanted = list({one.id: one for one in reversed(wanted)}.values())[::-1]
    book.censuses.gather_of(kept.owed_by.partition("/")[0] for kept in wanted)
    held = book.duties_held({one.id for one in wanted})
    for one in wanted:
        if one.id not in held:
            _open(one, moment, book, rules.directory)


def owes(agency: str, joined_at: datetime, one: Return, period: Period) -> bool:
    """Whether an agency owes a return of its nation for a period: if it was there all the time."""
    return kind_of(agency) in one.owed_by and joined_at <= day_starts(period.first)


def _owed(asked: Asked, period: Period, agency: str, moment: Moment, directory: Directory) -> Duty:
    one = asked.one
    owner = f"{agency}/{DESKS[kind_of(agency)]}"
    due = due_of(period, one.working_days)
    duty = Duty(
        id=duty_id(agency, one.duty, period.name),
        name=one.duty,
        owed_by=owner,
        because=f"returns@{asked.version}",
        basis=one.basis.value,
        met_by=(one.kind,),
        message=0,
        opened_at=moment.now,
        ends_with_absence=False,
        rungs=rungs(asked.ladders[one.ladder], owner, moment.now, directory),
        starts_at=period.ends_at,
        due_at=due,
        next_at=due,
        occasion=period.name,
    )
    if due > moment.now:
        return duty
    again = add_working_days(moment.now, one.working_days)  # nobody could be in time (rule N12)
    return replace(duty, state="late", late_on_arrival=True, working_due_at=again, next_at=again)


def duty_id(agency: str, name: str, period: str) -> UUID:
    """The id of what an agency owes for a period."""
    return derived("duty", agency, name, period)


def _open(duty: Duty, moment: Moment, book: Book, directory: Directory) -> None:
    """Tell who owes it; what was here before it was asked for is met already."""
    period = named(duty.occasion)
    agency = duty.owed_by.partition("/")[0]
    done_at = _done_before(duty, agency, period, book) if period else None
    if done_at:
        done, event = met(duty, done_at, moment.now, duty.owed_by)
        book.apply(Decision(duties=(done,), events=(event,)))
        return
    content, posts = duty_notice(duty, DutyChange.opened, moment, directory)
    late = DutyEvent(duty.id, moment.now, "late-arrival", duty.owed_by)
    events = (late,) if duty.late_on_arrival else ()
    book.apply(Decision(contents=(content,), posts=tuple(posts), duties=(duty,), events=events))


def _done_before(duty: Duty, agency: str, period: Period, book: Book) -> datetime | None:
    if duty.name == Census.KIND:
        whole = covers(book.censuses.complete_of(agency), period)
        return period.ends_at if whole else None
    return given_before(book.connection, agency, duty.name, period.name)


# -- what ends it


def met_by(message: Census, book: Book, arrival: Arrival) -> list[tuple[Duty, DutyEvent]]:
    """What a sender owed that its census meets now: an exercise meets nothing."""
    return list(_met_by(message, book, arrival)) if not message.exercise else []


def _met_by(message: Census, book: Book, arrival: Arrival) -> Iterator[tuple[Duty, DutyEvent]]:
    here = list(book.censuses.complete_of(message.sender))
    for duty in book.duties_of(None):
        period = named(duty.occasion)
        mine = duty.owed_by.startswith(f"{message.sender}/")
        if duty.name == Census.KIND and duty.standing and mine and period and covers(here, period):
            at = min(message.sent_at, arrival.now)
            yield met(duty, at, arrival.now, message.from_address, str(message.message_id))
