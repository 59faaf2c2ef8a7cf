"""One step of one duty: late, up a rung, and what is said of it."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID

from broker.chasing import Chased, chase
from broker.decision import Moment, Rulebook
from broker.directory import Directory
from broker.duties import Duty, Rung
from broker.episode import Episode, Told
from broker.keys import Keys
from broker.policy import load
from broker.said import fact_of
from tests.examples import FRIDAY_NIGHT, STAFFORDSHIRE_POLICE, THURSDAY_NOON, WALSALL, notification

RULES = Rulebook(load.shipped(), Directory.shipped(), Keys(b"sixteen bytes or more"))
EDT = f"{WALSALL}/emergency-duty"
FRONT_DOOR = f"{WALSALL}/front-door"
DUTY_MANAGER = f"{WALSALL}/duty-manager"
ON_CALL = f"{WALSALL}/on-call-manager"
CONTROL_ROOM = f"{STAFFORDSHIRE_POLICE}/control-room"
MISSING_UNIT = f"{STAFFORDSHIRE_POLICE}/missing-unit"
MINUTE = timedelta(minutes=1)
ID = UUID(int=5)


def duty(at=THURSDAY_NOON, owner=FRONT_DOOR, rungs=((0, DUTY_MANAGER), (30, MISSING_UNIT)), **how):
    steps = tuple(Rung(after * MINUTE, address) for after, address in rungs)
    return Duty(
        **{
            "id": UUID(int=1), "name": "answer", "owed_by": owner, "because": "r@p",
            "basis": "local", "met_by": ("acting",), "message": 7, "opened_at": at,
            "episode": ID, "delivery": UUID(int=3), "starts_at": at, "due_at": at + 30 * MINUTE,
            "next_at": at + 30 * MINUTE, "rungs": steps,
        }
        | how
    )  # fmt: skip


def episode():
    return Episode(ID, UUID(int=6), False, (fact_of(notification(), 7, FRIDAY_NIGHT, 70, ID),))


def fire(one, at):
    return chase(Chased(one, episode()), Moment(at, count(100)), RULES)


def at(decision):
    return [(event.what, event.address) for event in decision.events]


def test_falling_due_marks_it_late_and_takes_it_up_the_first_rung():
    decision = fire(duty(), THURSDAY_NOON + 30 * MINUTE)

    (after,) = decision.duties
    assert (after.state, after.rung, after.asked) == ("late", 1, (DUTY_MANAGER,))
    assert after.next_at == THURSDAY_NOON + 60 * MINUTE
    assert at(decision) == [("late", FRONT_DOOR), ("climbed", DUTY_MANAGER)]


def test_whoever_it_climbs_to_gets_what_it_is_about_and_will_hear_the_end():
    decision = fire(duty(), THURSDAY_NOON + 30 * MINUTE)

    briefing = next(post for post in decision.posts if post.content == 70)
    assert (briefing.address, briefing.answer_by) == (DUTY_MANAGER, THURSDAY_NOON + 30 * MINUTE)
    assert decision.episode is not None
    assert DUTY_MANAGER in decision.episode.told


def test_the_owner_the_reached_and_the_record_have_the_notice():
    decision = fire(duty(), THURSDAY_NOON + 30 * MINUTE)

    (content,) = decision.contents
    assert content.message.change == "climbed"
    assert content.message.climbed_to == DUTY_MANAGER
    addressed = {post.address for post in decision.posts if post.content == content.number}
    assert addressed == {"", FRONT_DOOR, DUTY_MANAGER}


def test_a_first_rung_that_comes_later_leaves_it_late_until_then():
    later = duty(rungs=((20, DUTY_MANAGER),))

    decision = fire(later, THURSDAY_NOON + 30 * MINUTE)

    assert at(decision) == [("late", FRONT_DOOR)]
    assert decision.duties[0].next_at == THURSDAY_NOON + 50 * MINUTE
    assert decision.contents[0].message.change == "late"


def test_the_second_step_climbs_and_is_not_late_a_second_time():
    (once,) = fire(duty(), THURSDAY_NOON + 30 * MINUTE).duties

    decision = fire(once, THURSDAY_NOON + 60 * MINUTE)

    assert at(decision) == [("climbed", MISSING_UNIT)]
    assert decision.duties[0].next_at is None


def test_a_closed_rung_is_covered():
    decision = fire(duty(FRIDAY_NIGHT), FRIDAY_NIGHT + 30 * MINUTE)

    assert decision.duties[0].asked == (ON_CALL,)


def test_a_rung_whose_cover_was_asked_already_is_passed_over():
    night = duty(FRIDAY_NIGHT, EDT, ((0, DUTY_MANAGER), (5, ON_CALL), (15, CONTROL_ROOM)))
    (once,) = fire(night, FRIDAY_NIGHT + 30 * MINUTE).duties

    (twice,) = fire(once, FRIDAY_NIGHT + 45 * MINUTE).duties

    assert twice.asked == (ON_CALL, CONTROL_ROOM)


def test_a_ladder_that_has_ended_leaves_the_duty_late_and_is_looked_at_no_more():
    (after,) = fire(duty(rungs=()), THURSDAY_NOON + 30 * MINUTE).duties

    assert (after.state, after.next_at) == ("late", None)


def test_only_a_desk_that_rings_is_woken():
    def woken(one, when):
        return [post.wakes for post in fire(one, when).posts if post.content == 70]

    assert woken(duty(FRIDAY_NIGHT), FRIDAY_NIGHT + 30 * MINUTE) == [True]
    quiet = duty(FRIDAY_NIGHT, rungs=((0, f"{WALSALL}/social-work"),))
    assert woken(quiet, FRIDAY_NIGHT + 30 * MINUTE) == [False]


# -- never sent


def unsent():
    return duty(starts_at=None, due_at=None, within=30 * MINUTE, next_at=THURSDAY_NOON + 5 * MINUTE)


def test_what_was_not_sent_climbs_as_our_fault_and_is_not_late():
    decision = fire(unsent(), THURSDAY_NOON + 5 * MINUTE)

    (after,) = decision.duties
    assert (after.state, after.our_fault, after.starts_at) == ("open", True, None)
    assert [(event.what, event.detail) for event in decision.events] == [("climbed", "unsent")]
    assert decision.contents[0].message.our_fault


def test_what_is_still_not_sent_climbs_on_to_another_agency():
    (once,) = fire(unsent(), THURSDAY_NOON + 5 * MINUTE).duties
    assert once.next_at == THURSDAY_NOON + 35 * MINUTE

    (twice,) = fire(once, THURSDAY_NOON + 35 * MINUTE).duties

    assert twice.asked == (DUTY_MANAGER, MISSING_UNIT)


def test_who_was_told_before_stays_told_as_before():
    before = Told("earlier", FRIDAY_NIGHT, "summary", end_told=True)
    known = episode().with_told({DUTY_MANAGER: before})

    decision = chase(Chased(duty(), known), Moment(THURSDAY_NOON + 30 * MINUTE, count(1)), RULES)

    assert decision.episode is not None
    assert decision.episode.told[DUTY_MANAGER] == before


def test_one_duty_that_climbs_twice_to_one_desk_or_two_duties_brief_it_once():
    other, known = replace(duty(), id=UUID(int=2)), episode()
    when = Moment(THURSDAY_NOON + 30 * MINUTE, count(1))
    posts = [p for one in (duty(), other) for p in chase(Chased(one, known), when, RULES).posts]
    ids = {post.id for post in posts if post.message == 7 and post.content == 70}

    assert len(ids) == 1
