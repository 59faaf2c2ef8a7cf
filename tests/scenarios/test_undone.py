"""What followed from a message that is taken back is undone, and those who had it know."""

from datetime import timedelta

from schemas.child import Residence
from schemas.message import Action
from tests.examples import FRIDAY_NIGHT, STOKE, WALSALL, checked, interview, notification, returned
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    FRONT_DOOR,
    INTERVIEWS,
    MONDAY_OPENING,
    SOCIAL_WORK,
)

LATER = FRIDAY_NIGHT + timedelta(hours=3)


def taken_back(message, at, **changes):
    return message.model_copy(
        update={
            "message_id": type(message.message_id)(int=message.message_id.int ^ 1),
            "action": Action.cancel,
            "replaces": message.message_id,
            "sent_at": at,
        }
        | changes
    )


def test_an_end_that_is_taken_back_wakes_those_who_stood_down(both):
    play = both()
    said = notification()
    play.say(said)
    play.answer(play.last(EDT))
    end = returned(said, at=LATER)
    play.say_now(end)
    assert ("offer-return-interview", INTERVIEWS) in play.standing()

    play.until(LATER + timedelta(minutes=5))
    play.say(taken_back(end, play.clock.now()))

    assert play.state().status == "open"
    assert play.last(EDT).wakes
    assert play.last(EDT).rule == "missing-after-all"
    assert play.last(CONTROL_ROOM).wakes
    standing = play.standing()
    assert ("answer", EDT) in standing
    assert ("answer", CONTROL_ROOM) in standing
    assert not {"offer-return-interview", "hold-return-interview"} & {name for name, _ in standing}
    assert play.duty("safe-and-well-check").state == "cancelled"


def test_everyone_who_was_told_the_end_is_told_that_it_was_wrong(both):
    play = both()
    said = notification()
    play.say(said)
    end = returned(said, at=LATER)
    play.say_now(end)
    told = {got.address for got in play.inbox(WALSALL) + play.inbox(STOKE) if got.view == "full"}

    play.say(taken_back(end, play.clock.now()))

    knew = {address for address in told if play.news(address)}
    assert {a for a in knew if play.last(a).message.action.value == "cancel"} == knew
    assert not any(entry.end_told for entry in play.episode().told.values())


def test_a_check_that_is_taken_back_is_owed_again(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=LATER))
    check = checked(said, at=LATER + timedelta(hours=2))
    play.say_now(check)
    assert play.duty("safe-and-well-check").state == "met"

    play.say(taken_back(check, play.clock.now()))

    assert play.duty("safe-and-well-check").state == "open"
    assert play.duty("safe-and-well-check").due_at == LATER + timedelta(hours=24)
    notices = [got.message.change.value for got in play.inbox(CONTROL_ROOM, "duty")]
    assert notices[-1] == "reopened"


def test_a_corrected_time_of_return_moves_what_is_owed(both):
    play = both()
    said = notification()
    play.say(said)
    end = returned(said, at=LATER)
    play.say_now(end)

    right = returned(said, at=LATER - timedelta(hours=1), action="update", replaces=end.message_id)
    play.say(right)

    offer = play.duty("offer-return-interview")
    assert offer.due_at == LATER - timedelta(hours=1) + timedelta(hours=72)


def test_a_corrected_council_takes_over_what_the_other_owed(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=LATER))
    assert play.duty("hold-return-interview").owed_by == INTERVIEWS

    right = said.model_copy(
        update={
            "message_id": type(said.message_id)(int=5),
            "action": Action.update,
            "replaces": said.message_id,
            "responsible_authority": BIRMINGHAM,
        }
    )
    play.say(right)

    states = {d.owed_by: d.state for d in play.duties("hold-return-interview")}
    assert states == {INTERVIEWS: "transferred", f"{BIRMINGHAM}/return-interviews": "open"}
    assert f"{BIRMINGHAM}/return-interviews" in play.told()
    words = [got.message.words for got in play.inbox(INTERVIEWS, "duty")]
    assert "now owed by another" in words[-1]


def test_a_report_that_is_withdrawn_ends_everything(both):
    play = both()
    said = notification()
    play.say(said)

    play.say(taken_back(said, FRIDAY_NIGHT + timedelta(minutes=10)))

    assert play.state().cancelled
    assert {name for name, _ in play.standing()} <= {"answer-iro-alert"}
    assert all(entry.end_told for entry in play.episode().told.values())


def test_one_interview_may_meet_two_absences(both):
    play = both()
    first = notification()
    play.say(first)
    play.say_now(returned(first, at=LATER))
    again = FRIDAY_NIGHT + timedelta(hours=9)
    second = notification(again, episode="H-17/4", police_report=None)
    play.say_now(second)
    play.say_now(returned(second, at=again + timedelta(hours=6)))
    assert len(play.episodes()) == 2

    talk = interview(
        second, at=again + timedelta(hours=30), also_covers=("H-17/3",), sender=WALSALL
    )
    rejected = play.say_now(talk)
    assert rejected.codes == {"invalid": 1}, "the reference is the home's, not the council's"
    shared = [str(episode.id) for episode in play.episodes()]
    talk = interview(
        second, at=again + timedelta(hours=30), episode=shared[1], also_covers=(shared[0],)
    )
    play.say_now(talk)

    assert [duty.state for duty in play.duties("hold-return-interview")] == ["met", "met"]
    assert [duty.state for duty in play.duties("offer-return-interview")] == ["met", "met"]


def test_what_was_done_for_an_end_that_never_was_counts_for_nothing(both):
    play = both()
    said = notification()
    play.say(said)
    end = returned(said, at=LATER)
    play.say_now(end)
    play.say_now(checked(said, at=LATER + timedelta(hours=1)))
    assert play.duty("safe-and-well-check").state == "met"

    play.say(taken_back(end, play.clock.now()))

    assert play.duty("safe-and-well-check").state == "cancelled"
    again = returned(said, at=LATER + timedelta(hours=3))
    play.say_now(again)
    assert play.duty("safe-and-well-check").state == "met", "the child had been seen before"


def test_when_reports_name_different_councils_both_are_told_and_both_see_why(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(
        notification(
            FRIDAY_NIGHT + timedelta(minutes=5),
            sender="police.E23000015",
            responsible_authority=BIRMINGHAM,
            last_seen_at=said.last_seen_at,
            police_report=None,
            episode="SP-2026-0815",
        )
    )

    for council in (WALSALL, BIRMINGHAM):
        assert ("settle-contradiction", f"{council}/front-door") in play.standing()
        words = [got.message.words for got in play.inbox(f"{council}/front-door", "duty")]
        assert any("Reports name different councils: Walsall and Birmingham" in w for w in words)
    assert any(got.wakes for got in play.news(f"{BIRMINGHAM}/emergency-duty"))

    play.answer(play.news(f"{BIRMINGHAM}/emergency-duty")[0])
    owed = {duty.owed_by: duty.state for duty in play.duties("settle-contradiction")}
    assert owed[f"{WALSALL}/front-door"] in ("cancelled", "transferred")


def test_a_child_who_moves_while_missing_is_the_new_council_s(both):
    from tests.examples import update

    play = both()
    said = notification()
    play.say(said)
    moved = update(
        said,
        at=FRIDAY_NIGHT + timedelta(hours=1),
        sender=WALSALL,
        from_address=SOCIAL_WORK,
        reason="The placement ended; a new one begins",
        lives=Residence(authority="la.E06000051", home="provider.SC999002"),
        responsible_authority=BIRMINGHAM,
    )
    play.say_now(moved)

    new = f"{BIRMINGHAM}/emergency-duty"
    kinds = [got.message.KIND for got in play.news(new)]
    assert kinds == ["picture", "missing.notification", "missing.update"]
    assert play.last(new).wakes
    assert play.news(f"{BIRMINGHAM}/iro-service")[-1].message.KIND == "iro.alert"
    before = len(play.news(FRONT_DOOR)), len(play.news(f"{STOKE}/front-door"))
    play.say_now(returned(said, at=LATER))
    assert (len(play.news(FRONT_DOOR)), len(play.news(f"{STOKE}/front-door"))) == before
    assert play.last("la.E06000051/front-door").message.KIND == "missing.return"
    assert play.duty("hold-return-interview").owed_by == f"{BIRMINGHAM}/return-interviews"


def test_what_is_unread_climbs_and_what_was_read_does_not(both):
    play = both()
    said = notification()
    play.say(said)
    play.say_now(returned(said, at=LATER))
    play.answer(play.last(EDT), "received")

    play.until(MONDAY_OPENING + timedelta(days=2))

    states = {d.owed_by: d.state for d in play.duties("confirm-the-end")}
    assert states[EDT] == states[SOCIAL_WORK] == "met", "one system reads for all desks"
    assert states[f"{STOKE}/front-door"] == "late"
    assert f"{STOKE}/duty-manager" in play.climbed("confirm-the-end")


def test_an_interview_that_is_taken_back_is_owed_again_for_every_absence_it_covered(both):
    play = both()
    first = notification()
    play.say(first)
    play.say_now(returned(first, at=LATER))
    again = FRIDAY_NIGHT + timedelta(hours=9)
    second = notification(again, episode="H-17/4", police_report=None)
    play.say_now(second)
    play.say_now(returned(second, at=again + timedelta(hours=6)))
    shared = [str(episode.id) for episode in play.episodes()]
    talk = interview(
        second, at=again + timedelta(hours=30), episode=shared[1], also_covers=(shared[0],)
    )
    play.say_now(talk)

    play.say(taken_back(talk, play.clock.now(), also_covers=()))

    assert [duty.state for duty in play.duties("hold-return-interview")] == ["open", "open"]
