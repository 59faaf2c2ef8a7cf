"""
What differs between a census and Homeward is owed an end: corrected, or a reason why it stays.

Whoever was told of differences owes it, the sender and the other side each for its own part. It is
the same duty for all censuses of one period, so a list that is drawn again resets no clock.
"""

from collections.abc import Iterable
from dataclasses import replace
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
from broker.policy.model import Policy, Return
from broker.policy.returns import rungs
from broker.working_time import add_working_days
from schemas.answer import Answer, AnswerState
from schemas.census import Census
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


def _asked(one: List, address: str, rules: Rulebook) -> tuple[Policy, Return] | None:
    """By which policy a desk is asked to settle what differs; None: by none, or in a drill."""
    agency, directory = agency_of(address), rules.directory
    policy = rules.policies.national(directory.nation_of(directory.area_of(agency) or agency))
    for asked in policy.returns:
        of_a_census = asked.kind == Census.KIND and kind_of(agency) in asked.owed_by
        if of_a_census and asked.settle_working_days and not one.exercise:
            return policy, asked
    return None


def owed(
    one: List, address: str, held: Duty | None, moment: Moment, rules: Rulebook
) -> tuple[Duty, DutyEvent | None] | None:
    """The duty of a desk that something differs for: opened, or opened again if it had ended."""
    number, now = one.parts[1].number, moment.now
    if held is not None and held.standing:
        return replace(held, message=number), None
    if (found := _asked(one, address, rules)) is None:
        return None
    policy, asked = found
    assert asked.settle_working_days is not None
    due = add_working_days(now, asked.settle_working_days)
    duty = Duty(
        id=duty_id(one, address),
        name=SETTLE,
        owed_by=address,
        because=f"returns@{policy.version}",
        basis=asked.basis.value,
        met_by=("closed",),
        message=number,
        opened_at=held.opened_at if held else now,
        ends_with_absence=False,
        rungs=rungs(policy.ladders[asked.ladder], address, now, rules.directory),
        starts_at=now,
        due_at=due,
        next_at=due,
        occasion=occasion(one),
    )
    return duty, DutyEvent(duty.id, now, "reopened", address) if held else None


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
        duty, event = found
        duties.append(duty)
        events += [event] if event else []
        if before is None or not before.standing:
            change = DutyChange.reopened if before else DutyChange.opened
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
