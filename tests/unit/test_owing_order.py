"""Whatever order messages come in, and whatever is taken back, the same is owed."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.owing import Changed
from tests.examples import (
    FRIDAY_NIGHT,
    STAFFORDSHIRE_POLICE,
    checked,
    interview,
    notification,
    returned,
    update,
)
from tests.unit.test_owing import BIRMINGHAM, CONTROL_ROOM, Ledger, cancelled

HOUR = timedelta(hours=1)
NOT_NEEDED = ("absence-over", "of-age")
POLICE = {"sender": STAFFORDSHIRE_POLICE, "from_address": CONTROL_ROOM, "episode": None}
NOW = FRIDAY_NIGHT + 40 * HOUR


def pool():
    """What agencies may say of one absence, in the order in which it happened."""
    first = notification(risk=None, risk_reason=None, police_report={"channel": "not-yet"})
    by_police = notification(FRIDAY_NIGHT + HOUR, **POLICE, next_review_at=FRIDAY_NIGHT + 4 * HOUR)
    elsewhere = notification(FRIDAY_NIGHT + 2 * HOUR, **POLICE, responsible_authority=BIRMINGHAM)
    absent = notification(category="absent", review_at=FRIDAY_NIGHT + 3 * HOUR)
    ends = [
        returned(first, at=FRIDAY_NIGHT - HOUR / 4),
        returned(first, at=FRIDAY_NIGHT + 5 * HOUR, stage="found", outcome="refuses"),
        returned(first, at=FRIDAY_NIGHT + 6 * HOUR),
        returned(first, at=FRIDAY_NIGHT + 7 * HOUR, time_known=False),
        returned(first, at=FRIDAY_NIGHT + 9 * HOUR, **POLICE),
        returned(first, at=FRIDAY_NIGHT + 10 * HOUR, stage="closed", **POLICE),
        returned(first, at=FRIDAY_NIGHT + 11 * HOUR, outcome="reported-in-error"),
    ]
    news = [
        update(first, at=FRIDAY_NIGHT + HOUR / 2, risk="high"),
        update(first, at=FRIDAY_NIGHT + 2 * HOUR, police_reference="SP-1"),
        update(absent, at=FRIDAY_NIGHT + 2 * HOUR, category="missing"),
        update(
            by_police, at=FRIDAY_NIGHT + 4 * HOUR, from_address=CONTROL_ROOM,
            next_review_at=FRIDAY_NIGHT + 60 * HOUR,
        ),
        update(first, at=FRIDAY_NIGHT + 3 * HOUR, responsible_authority=BIRMINGHAM),
    ]  # fmt: skip
    after = [
        checked(first, at=FRIDAY_NIGHT + 12 * HOUR),
        checked(first, at=FRIDAY_NIGHT + 8 * HOUR, result="not-done", reason="refused",
                decided_by="Sergeant"),
        interview(first, "offered", at=FRIDAY_NIGHT + 13 * HOUR),
        interview(first, "declined", at=FRIDAY_NIGHT + 14 * HOUR),
        interview(first, at=FRIDAY_NIGHT + 15 * HOUR),
        interview(first, "not-held", at=FRIDAY_NIGHT + 16 * HOUR, reason="gone-again"),
        interview(first, "shared", at=FRIDAY_NIGHT + 30 * HOUR, shared_with=["social-work"]),
    ]  # fmt: skip
    said = [first, by_police, elsewhere, absent, *news, *ends, *after]
    return said, [cancelled(message) for message in said]


ALL, TAKEN_BACK = pool()
STORIES = st.lists(st.sampled_from(range(len(ALL))), min_size=1, max_size=9, unique=True).flatmap(
    lambda chosen: st.tuples(
        st.just([ALL[i] for i in chosen]),
        st.lists(st.sampled_from([TAKEN_BACK[i] for i in chosen]), max_size=2, unique=True),
    ).map(lambda both: [*both[0], *both[1]])
)


def heard(messages):
    return Ledger().hear(*messages, at=NOW)


def at_once(ledger):
    """All that was said, read off in one go."""
    fresh = Ledger()
    fresh.episode = ledger.episode
    fresh.read(NOW)
    return fresh


def owed(ledger, keys=None):
    """Each duty as it stands, but for what says only in which order we heard of it."""
    return {
        duty.key: (
            "not needed" if duty.settled_why in NOT_NEEDED else duty.state,
            duty.starts_at,
            duty.due_at,
            duty.settled_by,
            duty.standing and duty.late_on_arrival,
            duty.message and ledger.episode.facts[duty.message - 1].message_id,
        )
        for duty in ledger.held.values()
        if keys is None or duty.key in keys
    }


def resting_on_nothing(ledger):
    """What was opened on a ground that is gone: in another order it never was."""
    grounds = {duty.key for duty in at_once(ledger).held.values()}
    return [duty for duty in ledger.held.values() if duty.key not in grounds]


@settings(max_examples=100, deadline=None)
@given(STORIES, st.randoms(use_true_random=False))
def test_whatever_the_order_of_arrival_the_same_is_owed(messages, random):
    ledger = heard(random.sample(messages, len(messages)))
    fresh = at_once(ledger)

    assert owed(ledger, {duty.key for duty in fresh.held.values()}) == owed(fresh)
    assert not any(duty.standing for duty in resting_on_nothing(ledger))


@settings(max_examples=100, deadline=None)
@given(STORIES)
def test_reading_twice_changes_nothing(messages):
    assert heard(messages).read(NOW) == Changed()


@settings(max_examples=100, deadline=None)
@given(STORIES, st.sampled_from(ALL))
def test_said_and_taken_back_is_as_if_never_said(messages, one):
    messages = [m for m in messages if one.message_id not in (m.message_id, m.replaces)]
    ledger = heard(messages)
    grounds = {duty.key for duty in at_once(ledger).held.values()}
    before = owed(ledger, grounds)

    ledger.hear(one, cancelled(one), at=NOW)

    assert owed(ledger, grounds) == before
    assert not any(duty.standing for duty in resting_on_nothing(ledger))


@settings(max_examples=100, deadline=None)
@given(STORIES)
def test_of_each_duty_there_is_one_and_what_stands_and_has_a_due_time_is_looked_at(messages):
    ledger = heard(messages)
    keys = [duty.key for duty in ledger.held.values()]

    assert len(keys) == len(set(keys))
    for duty in ledger.held.values():
        if duty.standing and duty.due_at:
            assert duty.next_at is not None
        if not duty.standing:
            assert duty.next_at is None
            assert duty.settled_at is not None
