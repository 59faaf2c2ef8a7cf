"""What was said of absences that are long over is erased; what was decided, and counts, stay."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from broker import questions
from broker.dead_letters.replay import REFUSED, replay
from broker.episode import ERASED
from broker.errors import Misuse
from broker.ledger import erasing
from broker.ledger import tables as t
from broker.operators import Operator
from tests.examples import FRIDAY_NIGHT, answer, checked, interview, notification, returned
from tests.scenarios.attackers import profile
from tests.scenarios.people import EDT

YEAR = timedelta(days=365)


@pytest.fixture
def play(stage):
    return stage()


@pytest.fixture
def long_over(play):
    return _long_over(play)


def _long_over(play, *more):
    """An absence of more than a year ago, of which everything was answered and done."""
    missing = notification()
    play.say(missing, *more)
    play.say(*_answers(play))
    play.say_at(FRIDAY_NIGHT + timedelta(hours=8), returned(missing))
    play.say_at(FRIDAY_NIGHT + timedelta(hours=20), checked(missing))
    play.say_at(FRIDAY_NIGHT + timedelta(hours=48), interview(missing))
    play.say(*_answers(play))
    _settle(play)
    play.clock.move(YEAR + timedelta(days=1))
    return missing


def _answers(play):
    d, w = t.delivery.c, t.duty.c
    query = select(d.id, d.address).join(t.duty, w.delivery == d.id).where(w.state == "open")
    with play.ledger.reading() as connection:
        found = connection.execute(query).all()
    return [answer(id, address, at=play.clock.now()) for id, address in found]


def _settle(play):
    """What is left of duties that another story would meet."""
    with play.ledger.writing() as connection:
        connection.execute(
            t.duty.update()
            .where(t.duty.c.episode.is_not(None))
            .values(state="excused", next_at=None)
        )


def _erase(play, kept_for=YEAR):
    return sum(erasing.erase(play.ledger, play.clock, kept_for, "an operator"))


def _bodies(play):
    with play.ledger.reading() as connection:
        return [
            connection.execute(
                select(func.count()).where(
                    func.length(table.c.value) > 0, table.c.kind.startswith("missing.")
                )
            ).scalar_one()
            for table in (t.message, t.content)
        ]


def _sent_empty(play, message):
    """How many deliveries followed from a message, and have no body."""
    m, d, c = t.message.c, t.delivery.c, t.content.c
    query = select(func.length(c.value)).join(t.delivery, d.content == c.number)
    query = query.join(t.message, m.number == d.message)
    with play.ledger.reading() as connection:
        sent = connection.execute(query.where(m.message_id == message.message_id)).scalars().all()
    assert sent
    return sent.count(0)


def _account(play):
    with play.ledger.reading() as connection:
        return questions.account(connection)


def test_it_loses_every_body_and_no_count(both):
    play = both()
    _long_over(play)
    before = _account(play)

    assert _erase(play) == 1
    assert _bodies(play) == [0, 0]
    assert _account(play) == before
    assert before.differences == ()


def test_what_would_be_erased_is_said_before(play, long_over):
    before = erasing.oldest_kept(play.clock.now(), YEAR)
    with play.ledger.reading() as connection:
        found = erasing.erasable(connection, before)

    assert (found.absences, found.owed, found.waiting) == (1, 0, 0)
    assert found.bytes > 0
    assert _bodies(play) != [0, 0]


def test_it_is_done_once_and_recorded(play, long_over):
    _erase(play)

    assert _erase(play) == 0
    with play.ledger.reading() as connection:
        recorded = connection.execute(select(t.audit)).all()
    assert [(one.who, one.what, one.about) for one in recorded] == [
        ("an operator", "retention", "1 absences")
    ]


@pytest.mark.parametrize(("still_rings", "erased"), [(True, 0), (False, 1)])
def test_a_duty_that_still_runs_keeps_an_absence(play, long_over, still_rings, erased):
    late = {"state": "late", "next_at": play.clock.now() if still_rings else None}
    with play.ledger.writing() as connection:
        connection.execute(t.duty.update().where(t.duty.c.name == "answer").values(late))

    assert _erase(play) == erased


def test_what_waits_to_be_sent_keeps_an_absence(play, long_over):
    with play.ledger.writing() as connection:
        connection.execute(
            t.delivery.update().where(t.delivery.c.address == EDT).values(sequence=None)
        )

    assert _erase(play) == 0


def test_what_ended_lately_is_kept(play, long_over):
    assert _erase(play, 2 * YEAR) == 0


def test_nothing_is_erased_that_may_still_be_shown(play, long_over):
    with pytest.raises(Misuse, match="120 days"):
        _erase(play, timedelta(days=30))


def test_a_repeat_of_what_was_erased_is_known_still(play, long_over):
    _erase(play)

    outcome = play.say(long_over)

    assert (outcome.accepted, outcome.repeated) == (0, 1)


def test_the_id_of_what_was_erased_is_used_still_also_when_a_refusal_is_replayed(play, long_over):
    _erase(play)
    other = long_over.model_copy(update={"circumstances": "Something else"})
    assert play.say(other).codes == {"id-reused": 1}

    (again,) = replay(play.decider, [1], Operator("Anna Operator"), "asked to")

    assert (again.outcome, again.code) == (REFUSED, "id-reused")


def test_what_is_kept_ready_of_a_child_is_kept(play):
    _long_over(play, profile())

    _erase(play)

    with play.ledger.reading() as connection:
        p, m, c = t.profile.c, t.message.c, t.content.c
        lengths = select(func.length(m.value), func.length(c.value)).select_from(t.profile)
        kept = lengths.join(t.message, m.number == p.message)
        (found,) = connection.execute(kept.join(t.content, c.number == p.content)).all()
    assert all(found)


def test_what_was_erased_is_shown_to_nobody_who_comes_to_know_of_it(play, long_over):
    _erase(play)

    assert {fact.content for fact in play.episode().facts} == {ERASED}


def test_what_was_erased_is_not_corrected_by_message(play, long_over):
    _erase(play)

    outcome = play.say(
        notification(action="update", replaces=long_over.message_id, sent_at=play.clock.now())
    )

    assert outcome.codes == {"nothing-to-replace": 1}


def test_a_late_outcome_of_what_was_erased_is_accepted_and_shows_nothing_of_it(play, long_over):
    _erase(play)

    with play.ledger.reading() as connection:
        shared = str(connection.execute(select(t.episode.c.id)).scalar_one())
    late = interview(long_over, at=play.clock.now(), episode=shared)
    outcome = play.say(late)

    assert outcome.accepted == 1
    assert _sent_empty(play, late) == 0
    _settle(play)
    assert _erase(play) == 1  # what was said since goes too


def test_the_child_is_known_again_when_missing_again(play, long_over):
    _erase(play)
    at = play.clock.now()

    again = notification(at, episode="H-17/4", last_seen_at=at - timedelta(hours=1),
                         police_report=None)  # fmt: skip
    play.say(again)

    with play.ledger.reading() as connection:
        children = connection.execute(select(func.count()).select_from(t.child)).scalar_one()
        known = connection.execute(select(t.episode.c.erased_at)).scalars().all()
    assert children == 1
    assert sorted(at is None for at in known) == [False, True]
    assert _sent_empty(play, again) == 0
