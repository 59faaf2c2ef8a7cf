"""An agency asks for what it missed: where things stand first, then everything since, again."""

from datetime import timedelta
from typing import Any

from schemas.catch_up import CatchUp
from tests.examples import FRIDAY_NIGHT, WALSALL, child, envelope, notification, returned, update
from tests.scenarios.people import EDT, FRONT_DOOR


def catch_up(at, **said: Any):
    return CatchUp(**envelope(WALSALL, "front-door", at), **said)


def test_pictures_come_first_then_history_and_nobody_is_woken(both):
    play = both()
    said = notification()
    play.say(said, update(said, risk="high", reason="A threat was found", at=FRIDAY_NIGHT))
    before = play.inbox(WALSALL)
    since = before[1].sequence

    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=20), since=since))

    again = play.inbox(WALSALL)[len(before) :]
    kinds = [got.message.KIND for got in again]
    assert kinds[0] == "picture"
    assert kinds[-1] == "receipt"
    missed = [got for got in before if got.sequence > since]
    assert [got.message for got in again[1:-1]] == [got.message for got in missed]
    assert not any(got.wakes for got in again)
    assert {got.because for got in again[:-1]} == {"catch-up"}
    picture = again[0].message
    assert (picture.status, picture.risk, picture.lead) == ("open", "high", WALSALL)
    assert "Robin" not in picture.model_dump_json()


def test_without_a_number_only_pictures_come(both):
    play = both()
    play.say(notification())
    play.say(notification(child=child(references=(), given_name="Kim"), episode="H-18/1"))
    before = len(play.inbox(WALSALL))

    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=20)))

    kinds = [got.message.KIND for got in play.inbox(WALSALL)[before:]]
    assert kinds.count("picture") == 2
    assert set(kinds) == {"picture", "receipt"}


def test_what_was_sent_again_is_not_sent_again_with_the_next_request(both):
    play = both()
    play.say(notification())
    first = len(play.inbox(WALSALL))
    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=5), since=0))
    second = len(play.inbox(WALSALL))

    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=8), since=0))

    receipt = play.inbox(WALSALL)[second - 1]
    assert receipt.message.KIND == "receipt"
    # The receipt of the first request is new, and so is nothing else.
    assert len(play.inbox(WALSALL)) - second == second - first + 1


def test_a_picture_names_what_is_outstanding(both):
    play = both()
    play.say(notification())

    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=20)))

    (picture,) = [got.message for got in play.inbox(WALSALL, "picture")]
    assert ("answer", EDT) in {(one.name, one.owed_by) for one in picture.outstanding}


def test_a_child_who_is_back_is_history_only(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said))
    before = len(play.inbox(WALSALL))

    play.say_now(catch_up(play.clock.now(), since=0))

    kinds = [got.message.KIND for got in play.inbox(WALSALL)[before:]]
    assert "picture" not in kinds
    assert "missing.return" in kinds


def test_catching_up_starts_no_clock_and_repeats_no_duty(both):
    play = both()
    play.say(notification())
    owed = play.standing()
    before = play.duties()

    play.say_now(catch_up(FRIDAY_NIGHT + timedelta(minutes=10), since=0))

    assert play.standing() == owed
    assert play.duties() == before
    play.answer(play.news(EDT)[-1])
    assert ("answer", EDT) not in play.standing(), "an answer to the copy counts as well"
    assert play.news(FRONT_DOOR)


def test_the_same_request_twice_is_answered_once(both):
    play = both()
    play.say(notification())
    asked = catch_up(FRIDAY_NIGHT + timedelta(minutes=20), since=0)
    play.say_now(asked)
    held = len(play.inbox(WALSALL))

    assert play.say(asked).repeated == 1
    (again,) = play.inbox(WALSALL)[held:]
    assert (again.message.KIND, again.message.repeated) == ("receipt", True)
