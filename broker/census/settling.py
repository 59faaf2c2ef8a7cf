"""
What differs between a census and Homeward is owed an end: corrected, or a reason why it stays.

Whoever was told of differences owes it, the sender and the other side each for its own part. It is
the same duty for all censuses of one period, so a list that is drawn again resets no clock.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from broker.answering import Delivered
from broker.census.checking import List
from broker.census.period import period_name
from broker.decision import Arrival, Content, Decision, Moment, Post, Rulebook, inbox
from broker.directory import kind_of
from broker.duties import Duty, DutyEvent, met
from broker.errors import Invalid
from broker.keys import derived
from broker.notices import duty_notice
from broker.policy.returns import rungs
from broker.working_time import add_working_days
from schemas.answer import Answer, AnswerState
from schemas.kinds import RECORD_TOPICS
from schemas.notices import DutyChange
from schemas.values import agency_of

SETTLE = "settle-differences"
EXPLAINED = "explained"  # how such a duty ended: by a reason, with the difference left


def occasion(one: List) -> str:
    """What the duties of one period of one sender have in common."""
    return f"{one.agency} {period_name(one.first, one.last)}"[:40]


def duty_id(one: List, address: str) -> UUID:
    return derived("duty", SETTLE, address, *one.period)


def due_for(one: List, address: str, rules: Rulebook, now: datetime) -> datetime | None:
    """By when a desk is to settle what differs, if it is told now; None: nobody asks for it."""
    days = _working_days(one, address, rules)
    return add_working_days(now, days) if days else None


def _working_days(one: List, address: str, rules: Rulebook) -> int | None:
    if one.exercise:
        return None
    agency = agency_of(address)
    policy = rules.policies.national(rules.directory.nation_of(agency))
    asked = (each for each in policy.returns if kind_of(agency) in each.owed_by)
    return next((each.settle_working_days for each in asked), None)


def owed(
    one: List, address: str, held: Duty | None, moment: Moment, rules: Rulebook
) -> tuple[Duty, DutyEvent | None, DutyChange] | None:
    """The duty of a desk that something differs for: opened, or opened again if it had ended."""
    due = due_for(one, address, rules, moment.now)
    if due is None:
        return None
    number = one.parts[1].number
    if held is not None and held.standing:
        return replace(held, message=number), None, DutyChange.opened
    agency = agency_of(address)
    policy = rules.policies.national(rules.directory.nation_of(agency))
    asked = next(each for each in policy.returns if kind_of(agency) in each.owed_by)
    duty = Duty(
        id=duty_id(one, address),
        name=SETTLE,
        owed_by=address,
        because=f"returns@{policy.version}",
        basis=asked.basis.value,
        met_by=("closed",),
        message=number,
        opened_at=held.opened_at if held else moment.now,
        ends_with_absence=False,
        rungs=rungs(policy.ladders[asked.ladder], address, moment.now, rules.directory),
        starts_at=moment.now,
        due_at=due,
        next_at=due,
        occasion=occasion(one),
    )
    change = DutyChange.reopened if held else DutyChange.opened
    event = DutyEvent(duty.id, moment.now, "reopened", address) if held else None
    return duty, event, change


def follow(
    one: List,
    unsettled: Iterable[str],
    held: Iterable[Duty],
    moment: Moment,
    rules: Rulebook,
) -> Decision:
    """
    After a comparison: who owes what now. `unsettled` are the desks that something differs for.

    Who said why it stays (`closed`) owes nothing for this list; for a later list of the period only
    if something differs again.
    """
    by_desk = {duty.owed_by: duty for duty in held}
    wanted = tuple(dict.fromkeys(unsettled))
    duties, events = list[Duty](), list[DutyEvent]()
    contents, posts = list[Content](), list[Post]()
    for address in wanted:
        before = by_desk.get(address)
        closed_it = before is not None and not before.standing and before.settled_why == EXPLAINED
        if before is not None and closed_it and before.message == one.parts[1].number:
            continue
        found = owed(one, address, before, moment, rules)
        if found is None:
            continue
        duty, event, change = found
        duties.append(duty)
        events += [event] if event else []
        if before is None or not before.standing:
            content, post = duty_notice(duty, change, moment, rules.directory)
            contents.append(content)
            posts += post
    for address, duty in by_desk.items():
        if duty.standing and address not in wanted:
            after, event = met(duty, moment.now, moment.now, address)
            duties.append(after)
            events.append(event)
    return Decision(
        contents=tuple(contents), posts=tuple(posts), duties=tuple(duties), events=tuple(events)
    )


def answer(
    delivery: Delivered, to: Iterable[str], held: Iterable[Duty], arrival: Arrival
) -> Decision:
    """
    What a desk says of the differences it was told: `closed` with the reason why they stay.

    The answer goes to the others who were told of the same census, so that both sides have it.
    """
    message = arrival.message
    assert isinstance(message, Answer)
    if message.state is AnswerState.not_ours:
        raise Invalid("say closed, with the reason why it stays as it is", "state")
    if message.state is AnswerState.closed and not message.reason:
        raise Invalid("say why what differs stays as it is", "reason")
    content = Content(next(arrival.contents), message)
    topic = RECORD_TOPICS[Answer.KIND]
    told = [("", topic)]
    duties, events = list[Duty](), list[DutyEvent]()
    if message.state is AnswerState.closed:
        others = sorted({address for address in to if agency_of(address) != message.sender})
        told += [(address, inbox(address)) for address in others]
        for duty in held:
            mine = duty.owed_by.startswith(f"{message.sender}/")
            if duty.standing and mine and duty.message == delivery.message:
                at = min(arrival.now, max(message.occurred_at, duty.opened_at))
                by = (message.from_address, str(message.message_id))
                after, event = met(duty, at, arrival.now, *by)
                duties.append(replace(after, settled_why=EXPLAINED))
                events.append(event)
    posts = tuple(
        Post(
            id=derived("delivery", message.sender, message.message_id, address or destination),
            content=content.number,
            destination=destination,
            address=address,
            because="record" if not address else delivery.because,
            message=arrival.number,
            exercise=delivery.exercise,
        )
        for address, destination in told
    )
    return Decision(contents=(content,), posts=posts, duties=tuple(duties), events=tuple(events))
