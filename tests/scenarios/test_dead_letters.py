"""Refused records are worked off: sent again, repaired, replayed, dropped; each has an owner."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from broker import closure, questions
from broker.dead_letters import kept
from broker.dead_letters.owing import ON_CALL, SEND_AGAIN, SERVICE_OWNER, SETTLE
from broker.dead_letters.pace import (
    BEHIND,
    MANY_REFUSED,
    UNEXPECTED_AGAIN,
    Pace,
    Replaying,
    steps,
)
from broker.dead_letters.repair import drop, repair
from broker.dead_letters.replay import replay
from broker.decider import Decider
from broker.errors import IdChanged, Misuse, NotYours, UnknownAgency
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.refusing import OPEN
from broker.operators import Operator
from schemas.child import Place
from schemas.codec import encode, to_json
from tests.examples import FRIDAY_NIGHT, HOME, STOKE, WALSALL, notification, returned, update
from tests.scenarios.people import CONTROL_ROOM, EDT, NIGHT_STAFF
from tests.scenarios.test_bad_input import absence

ANNA = Operator("Anna Operator")
WRONG_PLACE = {"place": Place(authority="la.E99999999")}


class Breaks(Decider):
    """A bug, made on purpose, with every message, until it is mended."""

    mended = False

    def _fold_message(self, record, message, book, rulebook):
        if not self.mended:
            raise RuntimeError("a bug, made on purpose")
        return super()._fold_message(record, message, book, rulebook)


def broken(stage):
    play = stage(decider=Breaks)
    play.bugs_expected = True
    return play


def letters(play, state=OPEN):
    with play.ledger.reading() as connection:
        return kept.dead_letters(connection, 100, kept.Letters(state=state))[::-1]


def chosen(play, **which):
    with play.ledger.reading() as connection:
        return kept.to_replay(connection, 500, kept.Letters(state=OPEN, **which))


def again(play, *numbers, dry_run=False):
    done = replay(play.decider, numbers or chosen(play), ANNA, "mended", dry_run=dry_run)
    play.send()
    return done


def audit(play):
    with play.ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(select(t.audit.c.what, t.audit.c.about))]


def account(play):
    with play.ledger.reading() as connection:
        return questions.account(connection)


# -- an incident with an owner and a clock


def test_a_refusal_is_owed_by_its_sender_and_climbs_to_the_operator(both):
    play = both()
    play.arrive((HOME, b"not avro"))

    duty = play.duty(SEND_AGAIN)
    assert duty.owed_by == NIGHT_STAFF
    assert duty.due_at == FRIDAY_NIGHT + timedelta(hours=2)
    with play.ledger.reading() as connection:
        assert [one.occasion for one in closure.owed(connection)] == ["undecodable"]
        assert questions.status(connection).duties_open == 1
        assert questions.status(connection).dead_letters == 1

    play.after(hours=6)
    assert play.climbed(SEND_AGAIN) == [ON_CALL, SERVICE_OWNER]
    assert letters(play)[0].late
    notices = [got.message.change.value for got in play.inbox(HOME, "duty")]
    assert notices == ["opened", "climbed", "climbed"]


def test_a_fault_of_ours_is_owed_by_the_operator_and_quickly(stage):
    play = broken(stage)
    play.say(notification())

    duty = play.duty(SETTLE)
    assert (duty.owed_by, duty.due_at) == (ON_CALL, FRIDAY_NIGHT + timedelta(minutes=30))
    play.after(hours=2)
    assert play.climbed(SETTLE)[0] == SERVICE_OWNER
    assert play.inbox(HOME, "duty") == []  # nobody outside is chased for it


def test_homewards_operators_have_no_inbox_that_could_be_parked(stage):
    play = broken(stage)
    play.say(notification())
    play.after(hours=6)

    with play.ledger.reading() as connection:
        topics = {one.topic for one in questions.status(connection).inboxes}
    assert not any("broker" in topic for topic in topics)


def test_a_flood_of_one_agency_is_one_incident_and_a_later_record_is_another(stage):
    play = stage()
    play.arrive(*((HOME, b"noise") for _ in range(50)))
    play.after(minutes=5)
    play.arrive((HOME, b"noise"), (STOKE, b"noise"))
    assert len(play.duties(SEND_AGAIN)) == 2

    play.after(minutes=30)
    play.arrive((HOME, b"noise"))
    assert len(play.duties(SEND_AGAIN)) == 3


def test_an_incident_that_goes_on_has_the_clock_it_had(stage):
    play = stage()
    play.arrive((HOME, b"noise"))
    play.decider.operate(drop(1, ANNA, "A test record"))
    assert not play.duty(SEND_AGAIN).standing
    play.after(minutes=5)

    play.arrive((HOME, b"noise"))

    duty = play.duty(SEND_AGAIN)
    assert (duty.state, duty.owed_by) == ("open", NIGHT_STAFF)
    assert duty.due_at == FRIDAY_NIGHT + timedelta(hours=2)
    play.after(hours=6)
    assert play.climbed(SEND_AGAIN) == [ON_CALL, SERVICE_OWNER]


def test_a_drill_that_is_refused_joins_no_real_incident(stage):
    play = stage()
    play.say(absence(1, **WRONG_PLACE), absence(2, exercise=True, **WRONG_PLACE))

    assert len(play.duties(SEND_AGAIN)) == 2
    with play.ledger.reading() as connection:
        assert questions.status(connection).duties_open == 1


# -- sent again


@pytest.mark.parametrize("together", [True, False])
def test_what_is_sent_again_under_the_same_id_is_settled_by_itself(both, together):
    play = both()
    wrong = notification(**WRONG_PLACE)
    right = notification(message_id=wrong.message_id)
    if together:
        play.say(wrong, right)
    else:
        play.say(wrong)
        play.after(minutes=20)
        play.say(right)

    (letter,) = letters(play, "sent-again")
    assert letter.message is not None
    assert play.duty(SEND_AGAIN).state == "met"
    assert account(play).differences == ()


def test_an_incident_is_over_with_its_last_record_only(stage):
    play = stage()
    one, other = absence(1, **WRONG_PLACE), absence(2, **WRONG_PLACE)
    play.say(one, other)

    play.say(absence(1, message_id=one.message_id))
    assert play.duty(SEND_AGAIN).state == "open"
    play.say(absence(2, message_id=other.message_id))
    assert play.duty(SEND_AGAIN).state == "met"


def test_another_agency_settles_nothing_by_the_same_id(stage):
    play = stage()
    wrong = notification(**WRONG_PLACE)
    play.say(wrong)

    other = absence(5, sender="provider.SC999002", message_id=wrong.message_id)
    assert play.say(other).accepted == 1

    assert [letter.state for letter in letters(play)] == [OPEN]


def test_the_id_of_a_message_that_breaks_a_rule_of_its_own_is_known(stage):
    play = stage()
    said = notification()
    play.arrive((HOME, of_another_desk(said)))

    (letter,) = letters(play)
    assert (letter.code, letter.kind) == ("invalid", "missing.notification")
    assert letter.message_id == said.message_id == play.rejections(HOME)[0].of
    play.say(said)
    assert letters(play) == []


def of_another_desk(said):
    """Bytes that fit their schema and break a rule: the desk is of another agency."""
    value = encode(said)
    own, other = f"{HOME}/".encode(), f"{HOME[:-1]}9/".encode()
    assert own in value
    return value.replace(own, other, 1)


# -- replayed


def test_what_a_bug_refused_is_replayed_with_its_own_times(both):
    play = broken(both)
    said = notification()
    play.say(said)
    play.after(hours=8)
    play.decider.mended = True

    (done,) = again(play)

    assert (done.outcome, done.wakes > 0) == ("accepted", True)  # the child is missing still
    assert play.state().started_at == said.last_seen_at
    started = [duty for duty in play.duties() if duty.starts_at and duty.name != SETTLE]
    assert play.receipts(HOME)[0].of == said.message_id
    late = [duty for duty in started if duty.due_at and duty.due_at <= play.clock.now()]
    assert all(duty.state == "late" and duty.next_at > play.clock.now() for duty in late)
    assert play.duty(SETTLE).state == "met-late"
    assert [letter.state for letter in letters(play, "replayed")] == ["replayed"]
    assert account(play).differences == ()
    assert account(play).totals["rejected"] == 1


def test_a_replay_of_what_is_over_wakes_nobody_and_opens_no_answer(both):
    play = broken(both)
    said = notification()
    play.say(said)
    play.until(FRIDAY_NIGHT + timedelta(hours=8))
    play.say(returned(said, at=FRIDAY_NIGHT + timedelta(hours=8)))
    play.until(FRIDAY_NIGHT + timedelta(days=3))
    play.decider.mended = True

    done = again(play)

    assert [one.kind for one in done] == ["missing.return", "missing.notification"]
    assert play.state().over
    assert play.woken() == set()
    assert [duty for duty in play.duties("answer") if duty.standing] == []


def test_the_end_is_replayed_first_also_when_batches_are_small(stage):
    play = broken(stage)
    children = [absence(number) for number in range(5)]
    play.say(*children)
    play.after(hours=8)
    play.say(*(returned(each, at=play.clock.now()) for each in children))
    play.decider.mended = True

    work = Replaying(play.decider, play.ledger, play.clock, sleep=lambda _: None)
    for _ in steps(chosen(play), work, ANNA, "", Pace(2.0), dry_run=False):
        play.send()

    assert all(episode.state.over for episode in play.episodes())
    assert play.woken() == set()


def test_a_stale_clock_is_never_started_again(stage):
    """The interview is owed from the return, whenever Homeward could at last read of it."""
    play = broken(stage)
    said = notification()
    play.decider.mended = True
    play.say(said)
    play.decider.mended = False
    back = returned(said, at=FRIDAY_NIGHT + timedelta(hours=8))
    play.say_now(back)
    play.until(FRIDAY_NIGHT + timedelta(days=5))
    play.decider.mended = True

    again(play)

    interview = play.duty("hold-return-interview")
    assert interview.starts_at == back.occurred_at
    assert interview.due_at == back.occurred_at + timedelta(hours=72)
    assert interview.state == "late"
    assert interview.next_at > play.clock.now()  # and nobody is chased at once


def test_an_answer_that_was_given_in_time_and_replayed_late_was_in_time(stage):
    play = broken(stage)
    play.decider.mended = True
    play.say(notification())
    play.decider.mended = False
    play.after(minutes=5)
    play.answer(play.last(CONTROL_ROOM))
    play.after(days=1)
    play.decider.mended = True

    again(play)

    assert play.duty("answer", CONTROL_ROOM).state == "met"


def test_a_graver_risk_that_was_lowered_since_wakes_nobody_when_it_is_replayed(stage):
    play = broken(stage)
    said = notification()
    play.decider.mended = True
    play.say(said)
    play.decider.mended = False
    play.say_now(update(said, risk="high", at=FRIDAY_NIGHT + timedelta(minutes=20)))
    play.decider.mended = True
    play.say_now(update(said, risk="low", at=FRIDAY_NIGHT + timedelta(minutes=50)))
    play.after(hours=7)
    risk, rung = play.state().risk, [got.id for got in everybody(play) if got.wakes]

    (done,) = again(play)

    assert (done.outcome, done.wakes, play.state().risk) == ("accepted", 0, risk)
    assert [got.id for got in everybody(play) if got.wakes] == rung


def everybody(play):
    return sorted(play._everything(), key=lambda got: str(got.id))


def test_a_second_replay_changes_nothing(both):
    play = broken(both)
    play.say(notification())
    play.decider.mended = True
    again(play)
    before = everything(play)

    assert again(play, 1) == []
    assert everything(play) == before


def test_what_was_accepted_meanwhile_is_a_repeat_and_nobody_hears_of_it(both):
    play = both()
    said = notification()
    play.say(said)
    play.arrive((HOME, b"noise"))
    number = letters(play)[0].number
    act = repair(number, ANNA, "Telephoned", value=encode(said))
    play.decider.operate(act)
    before = everything(play)

    (done,) = again(play)

    assert (done.outcome, done.deliveries) == ("repeated", 0)
    assert everything(play) == before
    assert letters(play, "sent-again")[0].message == 1
    assert account(play).differences == ()


def everything(play):
    """What was ever sent, and every duty but those of refusals."""
    duties = [duty for duty in play.duties() if duty.name not in (SETTLE, SEND_AGAIN)]
    return play.words(), duties, play.receipts(HOME)


def test_a_dry_run_says_what_would_be_and_writes_nothing(both):
    play = broken(both)
    said = notification()
    play.say(said, absence(2))
    play.say(update(said))
    play.decider.mended = True
    before, done_before = everything(play), audit(play)

    done = again(play, dry_run=True)

    assert [one.outcome for one in done] == ["accepted"] * 3
    assert done[0].deliveries > 0
    assert everything(play) == before
    assert audit(play) == done_before
    assert len(letters(play)) == 3
    assert [one.deliveries for one in again(play)] == [one.deliveries for one in done]


def test_a_replay_that_is_refused_for_another_reason_is_told_and_owed_by_the_sender(both):
    play = broken(both)
    play.say(update(notification(), action="update", replaces=uuid4()))  # of what nobody accepted
    play.decider.mended = True

    (done,) = again(play)

    assert (done.outcome, done.code) == ("refused", "nothing-to-replace")
    assert [one.code for one in play.rejections(HOME)] == ["unexpected", "nothing-to-replace"]
    assert play.duty(SETTLE).state == "met"
    assert play.duty(SEND_AGAIN).standing
    assert letters(play)[0].code == "nothing-to-replace"
    again(play)
    assert len(play.rejections(HOME)) == 2  # and not told again


def test_the_rights_of_the_sender_hold_when_it_is_replayed(stage):
    play = broken(stage)
    play.say(notification())
    play.decider.mended = True
    with play.ledger.writing() as connection:
        connection.execute(
            t.agency.update()
            .where(t.agency.c.id == HOME)
            .values(channel="none", removed_at=play.clock.now())
        )

    (done,) = again(play)

    assert done.code == "sender-gone"
    assert play.episodes() == []
    with play.ledger.writing() as connection:
        play.clock.move(timedelta(minutes=1))
        agencies.add(connection, HOME, "The Beeches", STOKE, {}, play.clock.now())
    assert again(play)[0].outcome == "accepted"


def test_one_that_cannot_be_handled_again_harms_no_other(stage, monkeypatch):
    from broker.dead_letters import replay as module

    play = broken(stage)
    play.say(*(absence(number) for number in range(4)), absence(9, circumstances="stumble"))
    play.decider.mended = True
    real = module.fold

    def stumbling(message, *rest):
        if message.circumstances == "stumble":
            raise RuntimeError("a bug, made on purpose")
        return real(message, *rest)

    monkeypatch.setattr(module, "fold", stumbling)
    done = again(play)

    assert [one.outcome for one in done] == ["accepted"] * 4 + ["refused"]
    assert [(one.number, one.code) for one in letters(play)] == [(5, "unexpected")]


# -- at a pace


class Slept:
    """Time that passes by sleeping alone."""

    def __init__(self, play):
        self.play, self.now, self.each = play, 0.0, []

    def sleep(self, seconds):
        self.each.append(seconds)
        self.now += seconds
        self.play.send()

    def work(self):
        play = self.play
        return Replaying(play.decider, play.ledger, play.clock, self.sleep, lambda: self.now)


def test_replay_goes_no_faster_than_it_is_told_to(stage):
    play = broken(stage)
    play.say(*(absence(number) for number in range(10)))
    play.decider.mended = True
    slept = Slept(play)

    done = list(steps(chosen(play), slept.work(), ANNA, "", Pace(4.0), dry_run=False))

    assert [len(step.letters) for step in done] == [4, 4, 2]
    assert slept.each == [1.0, 1.0]


def test_replay_stops_by_itself_while_the_bug_is_there(stage, monkeypatch):
    from broker.dead_letters import replay as module

    def broken_still(*_):
        raise RuntimeError("a bug, made on purpose")

    play = broken(stage)
    play.say(*(absence(number) for number in range(10)))
    monkeypatch.setattr(module, "fold", broken_still)

    done = list(steps(chosen(play), Slept(play).work(), ANNA, "", Pace(2.0), dry_run=False))

    assert [step.stopped for step in done] == [UNEXPECTED_AGAIN]
    assert len(letters(play)) == 10


def test_replay_stops_by_itself_when_many_are_refused(stage):
    play = stage()
    play.say(*(absence(number, **WRONG_PLACE) for number in range(9)))

    done = list(steps(chosen(play), Slept(play).work(), ANNA, "", Pace(2.0, 3), dry_run=False))

    assert [step.stopped for step in done] == ["", MANY_REFUSED]
    assert len(play.rejections(HOME)) == 9  # nobody is told the same again


def test_replay_lets_what_is_new_go_first(stage):
    play = broken(stage)
    play.say(*(absence(number) for number in range(4)))
    play.decider.mended = True
    play.outage = True
    play.say(absence(7))
    play.clock.move(timedelta(minutes=2))

    done = list(steps(chosen(play), Slept(play).work(), ANNA, "", Pace(2.0), dry_run=False))

    assert [step.stopped for step in done] == [BEHIND]


# -- repaired


def test_a_repaired_message_is_accepted_and_its_sender_hears_what_was_corrected(both):
    play = both()
    said = notification(**WRONG_PLACE)
    play.say(said)
    right = {"place": {"authority": STOKE}}

    names = play.decider.operate(repair(1, ANNA, "The home says Stoke", fields=right))
    assert names == ["place"]
    assert play.told() == set()  # a repair sends nothing
    (done,) = again(play)

    assert done.outcome == "accepted"
    (receipt,) = play.receipts(HOME)
    assert receipt.of == said.message_id
    assert "operator corrected it before it was accepted (place)" in receipt.words
    assert play.duty(SEND_AGAIN).state == "met"
    assert EDT in play.told()
    what = [what for what, about in audit(play) if about == "dead letter 1"]
    assert what == ["dead letter repaired", "dead letter replayed: accepted"]
    with play.ledger.reading() as connection:
        sent, repaired = kept.bytes_of(connection, 1)
    assert sent == encode(said) != repaired


def test_a_field_is_left_out_by_null_and_the_rest_stays(stage):
    play = stage()
    said = notification(**WRONG_PLACE)
    play.say(said)

    fields = {"place": {"authority": WALSALL}, "circumstances": None}
    play.decider.operate(repair(1, ANNA, "Telephoned", fields=fields))
    again(play)

    taken = play.inbox(EDT, "missing.notification")[0].message
    assert (taken.circumstances, taken.place.authority) == (None, WALSALL)
    assert taken.last_seen_at == said.last_seen_at


def test_bytes_that_cannot_be_read_are_repaired_by_the_whole_message(stage):
    play = stage()
    play.arrive((HOME, b"Robin is missing"))
    whole = to_json(notification())

    play.decider.operate(repair(1, ANNA, "Read to me by telephone", fields=whole))

    assert again(play)[0].outcome == "accepted"


def test_a_repair_is_checked_like_any_message(stage):
    play = stage()
    said = notification(**WRONG_PLACE)
    play.say(said)
    other = {"sender": WALSALL, "from_address": EDT}

    for fields, fault in (
        ({}, UnknownAgency),
        ({"place": {"authority": STOKE}} | other, NotYours),
        ({"place": None, "message_id": str(notification().message_id)}, IdChanged),
    ):
        with pytest.raises(fault):
            play.decider.operate(repair(1, ANNA, "Trying", fields=fields))
    assert audit(play) == []


def test_an_id_that_was_used_before_gets_a_new_one_in_a_repair(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say(said.model_copy(update={"circumstances": "Something else"}))

    with pytest.raises(IdChanged):
        play.decider.operate(repair(1, ANNA, "Telephoned", fields={}))
    new = {"message_id": "0b7f4f0e-2f0d-4c38-9ac5-7b3c6d1f2e11"}
    play.decider.operate(repair(1, ANNA, "Telephoned", fields=new))

    assert again(play)[0].outcome == "accepted"
    assert len(play.episodes()) == 1


def test_a_repair_that_is_refused_on_replay_is_no_news_for_the_sender(stage):
    play = stage()
    said = notification(**WRONG_PLACE)
    play.say(said)
    play.decider.operate(
        repair(1, ANNA, "Telephoned", fields={"place": None, "action": "cancel",
                                              "replaces": str(said.message_id)})
    )  # fmt: skip

    assert again(play)[0].code == "nothing-to-replace"
    assert [one.code for one in play.rejections(HOME)] == ["unknown-agency"]


# -- dropped


def test_what_is_dropped_is_kept_and_owed_by_nobody(both):
    play = both()
    play.arrive((HOME, b"a test"))

    play.decider.operate(drop(1, ANNA, "A test of theirs"))
    play.send()

    assert letters(play) == []
    assert letters(play, "dropped")[0].size == 6
    assert play.duty(SEND_AGAIN).state == "cancelled"
    assert audit(play) == [("dead letter dropped", "dead letter 1")]
    assert len(play.rejections(HOME)) == 1
    assert account(play).differences == ()
    with pytest.raises(Misuse):
        play.decider.operate(drop(1, ANNA, "Again"))


def test_a_sender_who_was_told_to_wait_hears_that_nothing_will_follow(stage):
    play = broken(stage)
    said = notification()
    play.say(said)

    play.decider.operate(drop(1, ANNA, "Too old to matter"))
    play.send()

    first, second = play.rejections(HOME)
    assert (first.code, second.code) == ("unexpected", "dropped")
    assert (second.of, "Too old" in second.detail) == (said.message_id, False)


def test_who_and_why_are_always_said(stage):
    play = stage()
    play.arrive((HOME, b"noise"))

    with pytest.raises(Misuse):
        Operator(" ")
    with pytest.raises(Misuse):
        drop(1, ANNA, "  ")
    with pytest.raises(Misuse):
        repair(1, ANNA, "")


def test_the_account_names_a_replay_that_left_no_message(stage):
    play = stage()
    play.arrive((HOME, b"noise"))
    with play.ledger.writing() as connection:
        connection.execute(t.dead_letter.update().values(state="replayed"))

    (difference,) = account(play).differences
    assert difference.startswith("dead-letters: 1 replayed, but 0")


def test_a_replay_under_another_policy_does_not_happen(stage):
    from broker.errors import Unavailable

    play = stage()
    play.arrive((HOME, b"noise"))
    with play.ledger.writing() as connection:
        connection.execute(t.ledger.update().values(policy="another"))

    with pytest.raises(Unavailable):
        again(play)
