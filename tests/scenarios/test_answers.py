"""What recipients answer, and what comes of it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    answer,
    notification,
    returned,
)
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    DUTY_MANAGER,
    EDT,
    FRONT_DOOR,
    HEAD_OF_SERVICE,
    HOST,
    HOST_EDT,
    IRO_SERVICE,
    NIGHT_STAFF,
    ON_CALL,
)

BIRMINGHAM_DOOR = f"{BIRMINGHAM}/front-door"
BIRMINGHAM_EDT = f"{BIRMINGHAM}/emergency-duty"


def by_day(stage):
    play = stage(THURSDAY_NOON)
    play.say(notification(THURSDAY_NOON))
    play.answer(play.last(CONTROL_ROOM))
    return play


def by_night(stage):
    play = stage()
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))
    return play


def not_ours(play, address, **changes):
    return play.answer(play.last(address), "not-ours", reason="Moved", **changes)


def test_not_ours_asks_whom_it_names_at_once_and_keeps_the_clock(both):
    play = by_day(both)
    play.after(minutes=5)

    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    asked = play.last(BIRMINGHAM_DOOR)
    assert asked.message.KIND == "missing.notification"
    assert asked.answer_by == THURSDAY_NOON + timedelta(minutes=30)
    assert play.duty("answer", FRONT_DOOR).standing


def test_whoever_says_not_ours_stays_liable_until_another_is_acting(both):
    play = by_day(both)
    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    play.after(minutes=10)
    play.answer(play.last(BIRMINGHAM_DOOR))

    assert play.duty("answer", FRONT_DOOR).state == "met"
    play.after(hours=3)
    assert play.climbed() == []


def test_the_sender_hears_that_it_was_called_somebody_elses(stage):
    play = by_day(stage)

    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    notice = play.inbox(NIGHT_STAFF, "duty")[-1].message
    assert notice.change == "not-ours"
    assert notice.climbed_to == BIRMINGHAM_DOOR


def test_not_ours_at_night_asks_the_desk_that_is_there_and_asks_it_once(both):
    play = by_night(both)

    not_ours(play, EDT, whose=BIRMINGHAM_DOOR)

    (asked,) = play.news(BIRMINGHAM_EDT)
    assert asked.answer_by == FRIDAY_NIGHT + timedelta(minutes=30)
    assert play.news(BIRMINGHAM_DOOR) == []


def test_not_ours_without_a_name_asks_a_council_that_the_facts_name(stage):
    play = by_night(stage)

    not_ours(play, EDT)

    assert play.last(HOST_EDT).message.KIND == "missing.notification"


def test_a_second_not_ours_climbs_at_once_to_both_duty_managers(both):
    play = by_day(both)
    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    not_ours(play, BIRMINGHAM_DOOR)
    play.after(seconds=1)

    assert play.last(DUTY_MANAGER).message.KIND == "missing.notification"
    assert play.last(f"{BIRMINGHAM}/duty-manager").message.KIND == "missing.notification"


def test_each_address_is_asked_once_however_often_it_is_named(stage):
    play = by_day(stage)
    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)
    not_ours(play, BIRMINGHAM_DOOR, whose=FRONT_DOOR)
    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    assert len(play.news(FRONT_DOOR)) == 1
    assert len(play.news(BIRMINGHAM_DOOR)) == 1


def test_whoever_was_asked_by_not_ours_is_told_the_end(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    not_ours(play, FRONT_DOOR, whose=BIRMINGHAM_DOOR)

    play.say_now(returned(said, at=THURSDAY_NOON + timedelta(hours=1)))

    assert play.last(BIRMINGHAM_DOOR).message.KIND == "missing.return"


def test_a_desk_that_owes_nothing_can_still_say_whose_it_is(stage):
    play = by_night(stage)

    not_ours(play, HOST, whose=BIRMINGHAM_DOOR)

    assert play.last(BIRMINGHAM_DOOR).message.KIND == "missing.notification"


def test_not_ours_naming_nobody_we_know_is_refused(stage):
    play = by_day(stage)

    outcome = not_ours(play, FRONT_DOOR, whose="la.E99999999/front-door")

    assert outcome.codes == {"unknown-agency": 1}


def test_need_until_moves_the_ladder_once_and_not_the_due_time(both):
    play = by_day(both)
    until = THURSDAY_NOON + timedelta(minutes=50)

    play.answer(play.last(FRONT_DOOR), "need-until", reason="Checking", until=until)
    assert play.duty("answer", FRONT_DOOR).due_at == THURSDAY_NOON + timedelta(minutes=30)
    play.after(minutes=49)
    assert play.climbed() == []
    later = until + timedelta(hours=2)
    play.answer(play.last(FRONT_DOOR), "need-until", reason="Still", until=later)
    play.after(minutes=1)

    assert play.climbed() == [DUTY_MANAGER]
    play.after(minutes=16)
    assert play.climbed() == [DUTY_MANAGER, HEAD_OF_SERVICE]


def test_closed_answers_as_acting_does(stage):
    play = by_day(stage)

    play.answer(play.last(FRONT_DOOR), "closed")

    assert play.duty("answer", FRONT_DOOR).state == "met"


def test_the_reviewing_officers_answer_their_alert_in_a_working_day(both):
    play = by_day(both)
    duty = play.duty("answer-iro-alert")
    assert duty.due_at == (THURSDAY_NOON + timedelta(days=2)).replace(hour=0)

    play.answer(play.last(IRO_SERVICE))

    assert play.duty("answer-iro-alert").state == "met"


def test_the_answer_of_the_front_door_is_not_that_of_the_reviewing_officers(stage):
    play = by_day(stage)

    play.answer(play.last(FRONT_DOOR))

    assert play.duty("answer-iro-alert").state == "open"


def test_an_answer_to_somebody_elses_delivery_is_refused(both):
    play = by_day(both)
    theirs = play.last(FRONT_DOOR)

    outcome = play.say(answer(theirs.id, HOST, at=THURSDAY_NOON))

    assert outcome.codes == {"not-your-delivery": 1}
    assert play.rejections(STOKE)[0].code == "not-your-delivery"
    assert play.duty("answer", FRONT_DOOR).standing


def test_an_answer_to_no_delivery_at_all_is_refused_in_the_same_words(stage):
    play = by_day(stage)

    outcome = play.say(answer(uuid4(), HOST, at=THURSDAY_NOON))

    assert outcome.codes == {"not-your-delivery": 1}


def test_a_receipt_needs_no_answer(stage):
    play = by_day(stage)

    outcome = play.answer(play.inbox(NIGHT_STAFF, "receipt")[0])

    assert outcome.codes == {"invalid": 1}


def test_an_answer_in_a_word_we_do_not_know_is_refused_and_settles_nothing(stage):
    play = by_day(stage)

    outcome = play.answer(play.last(FRONT_DOOR), "unrecognised")

    assert outcome.codes == {"invalid": 1}
    assert play.duty("answer", FRONT_DOOR).standing
    assert play.climbed() == []


def test_an_answer_given_twice_is_one_answer(stage):
    play = by_day(stage)
    said = answer(play.last(FRONT_DOOR).id, FRONT_DOOR, at=THURSDAY_NOON)

    first, second = play.say(said), play.say(said)

    assert (first.accepted, second.repeated) == (1, 1)
    assert play.duty("answer", FRONT_DOOR).state == "met"


def test_who_is_acting_is_told_when_the_child_is_found_but_not_back(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.answer(play.last(IRO_SERVICE))
    play.answer(play.last(HOST))

    play.say_now(
        returned(said, stage="found", outcome="hospital", at=THURSDAY_NOON + timedelta(hours=1))
    )

    assert play.last(HOST).message.outcome == "hospital"


def test_an_answer_by_true_time_is_in_time_though_it_comes_late(stage):
    play = by_day(stage)
    got = play.last(FRONT_DOOR)
    play.after(hours=1)

    play.say(answer(got.id, FRONT_DOOR, at=THURSDAY_NOON + timedelta(minutes=10)))

    assert play.duty("answer", FRONT_DOOR).state == "met"


# -- what was never sent


def test_what_is_not_sent_in_five_minutes_climbs_as_our_fault(both):
    play = both()
    play.park(WALSALL)
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))

    play.after(minutes=4)
    assert play.climbed() == []
    play.after(minutes=1)

    assert play.climbed() == [ON_CALL]
    assert play.duty("answer", EDT).our_fault
    assert play.duty("answer", EDT).due_at is None


def test_a_council_that_cannot_be_reached_at_all_is_told_to_the_police(both):
    play = both()
    play.park(WALSALL)
    play.say(notification())
    play.answer(play.last(CONTROL_ROOM))

    play.after(minutes=20)

    assert play.climbed() == [ON_CALL, CONTROL_ROOM]
    notice = play.inbox(CONTROL_ROOM, "duty")[-1].message
    assert notice.our_fault
    assert "could not send" in notice.words


def test_a_silent_delivery_that_is_not_sent_wakes_nobody_before_its_desk_opens(stage):
    play = stage()
    play.outage = True
    play.say(notification())

    play.after(hours=20)

    assert play.duty("answer", FRONT_DOOR).our_fault is False
    assert play.duty("answer-iro-alert").our_fault is False


def test_our_outage_is_not_counted_against_the_recipient(both):
    play = both(THURSDAY_NOON)
    play.outage = True
    play.say(notification(THURSDAY_NOON))
    play.after(minutes=40)

    play.outage = False
    play.send()

    assert play.duty("answer", FRONT_DOOR).due_at == THURSDAY_NOON + timedelta(minutes=70)


def test_an_agency_that_is_not_on_the_broker_has_its_cover_asked(stage):
    play = stage(THURSDAY_NOON)

    play.say(notification(THURSDAY_NOON, responsible_authority="la.E10000014"))
    play.after(minutes=40)

    assert CONTROL_ROOM in play.told()
    assert f"{STAFFORDSHIRE_POLICE}/missing-unit" in play.climbed()


def test_a_ladder_keeps_its_spacing_after_the_timekeeper_was_away(both):
    play = by_night(both)

    play.clock.move(timedelta(hours=3))  # nobody fires anything in between
    play.decider.tick()
    play.decider.tick()

    assert play.climbed() == [ON_CALL]
    play.after(minutes=15)
    assert play.climbed() == [ON_CALL, CONTROL_ROOM]


@pytest.mark.parametrize("sender", [HOME])
def test_a_repeat_gets_its_receipt_again_marked_repeated_and_changes_nothing(both, sender):
    play = both()
    said = notification(police_report={"channel": "not-yet"})
    play.say(said)
    before = play.duties()
    told = len(play.news(EDT))

    outcome = play.say(said)

    assert outcome.repeated == 1
    first, again = play.receipts(sender)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.told == first.told
    assert again.words == first.words
    assert (play.duties(), len(play.news(EDT))) == (before, told)


def test_a_repeat_in_the_same_batch_says_who_was_told_too(stage):
    play = stage()
    said = notification()

    outcome = play.say(said, said)

    assert (outcome.accepted, outcome.repeated) == (1, 1)
    receipts = sorted(play.receipts(HOME), key=lambda receipt: receipt.repeated)
    assert receipts[0].told == receipts[1].told
