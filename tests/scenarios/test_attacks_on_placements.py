"""
What a careless or hostile agency does not reach by what it says of where a child is placed.

Whoever sends a notice or an arrival moves duties, and who is told, for everybody else: so nobody
does that for a child of another council, for another home, or backwards in time.
"""

from datetime import UTC, datetime, timedelta

import pytest

from broker.paper import form_numbers
from broker.placements.placement import placement_of
from broker.placements.register import register
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    arrival,
    notification,
    placement,
    update,
)
from tests.scenarios.attackers import catch_up, on_homeward, seen_by
from tests.scenarios.people import BIRMINGHAM, OTHER_HOME
from tests.scenarios.subscribers import HUB, agreed, joined, subscribed
from tests.scenarios.test_placements import by_police

HOST = f"{STOKE}/placements"
OURS = f"{WALSALL}/placements"
LODGE = "provider.SC999003"
SECRET = "1 Secret Lane"
DAY = timedelta(days=1)


def again(said, **changes):
    """The same notice once more, corrected."""
    new = {"message_id": placement().message_id, "replaces": said.message_id, "action": "update"}
    return type(said).model_validate(said.model_dump() | new | changes)


def by_stranger(at=THURSDAY_NOON, **changes):
    """Another council says that it looks after the child of Walsall."""
    desk = {"sender": BIRMINGHAM, "from_address": f"{BIRMINGHAM}/placements"}
    return placement(at, **desk | {"responsible_authority": BIRMINGHAM} | changes)


def in_register(play, council):
    with play.ledger.reading() as connection:
        found = register(connection, council, play.clock.now(), lambda child, _: str(child))
    return [(entry.responsible, entry.home, entry.state) for entry in found]


def placed(play):
    return [it for episode in play.episodes() if (it := placement_of(episode))]


def states_of(play, name="give-placement-notice"):
    return sorted(duty.state for duty in play.duties(name))


# -- whose child it is


def test_a_council_does_not_take_over_the_placement_of_anothers_child(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    play.after(days=5)

    play.say(by_stranger(play.clock.now(), starts_at=THURSDAY_NOON + 3 * DAY))

    assert in_register(play, WALSALL) == [(WALSALL, HOME, "current")]
    play.say(by_police(play.clock.now()))
    assert f"{WALSALL}/front-door" in play.told()


def test_a_council_does_not_end_anothers_placement_by_telling_of_one_of_its_own(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    play.after(days=5)

    play.say(by_stranger(play.clock.now(), starts_at=play.clock.now() - DAY, home=None,
                         carer="FC-9", host_authority=BIRMINGHAM, distance="own-area"))  # fmt: skip

    assert in_register(play, WALSALL) == [(WALSALL, HOME, "current")]
    play.say(by_police(play.clock.now()))
    assert f"{WALSALL}/front-door" in play.told()


def test_a_council_does_not_put_another_out_of_the_case_of_its_missing_child(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))
    play.say(notification(THURSDAY_NOON))
    play.after(hours=2)

    play.say(by_stranger(play.clock.now(), starts_at=play.clock.now(), home=None, carer="FC-9",
                         host_authority=BIRMINGHAM, distance="own-area"))  # fmt: skip

    (absence,) = [episode for episode in play.episodes() if episode.state.heard]
    assert WALSALL in absence.state.leads
    assert not absence.told[f"{WALSALL}/front-door"].left


def test_the_host_does_not_end_a_placement_by_the_shared_reference(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    shared = play.last(HOST).message.placement

    play.say(placement(sender=STOKE, from_address=HOST, responsible_authority=STOKE,
                       distance="own-area", placement=shared, stage="ended",
                       starts_at=THURSDAY_NOON, ends_at=THURSDAY_NOON))  # fmt: skip

    (refused,) = play.rejections(STOKE)
    assert (refused.code, refused.field) == ("not-responsible", "placement")
    (it,) = placed(play)
    assert (it.responsible, it.ends_at) == (WALSALL, None)


def test_another_home_does_not_say_that_the_child_came(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    shared = play.last(HOST).message.placement
    play.after(days=3)

    play.say(arrival(play.clock.now(), sender=OTHER_HOME, placement=shared))

    (refused,) = play.rejections(OTHER_HOME)
    assert (refused.code, refused.field) == ("invalid", "placement")
    assert play.duty("tell-host-of-admission").owed_by == f"{HOME}/home-manager"
    assert play.duty("tell-host-of-admission").state == "open"


def test_a_home_that_discharges_a_missing_child_does_not_hide_whose_child_it_is(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(starts_at=THURSDAY_NOON + DAY))
    play.after(days=3)
    play.say(arrival(play.clock.now(), stage="discharged"))
    play.after(days=1)

    play.say(by_police(play.clock.now()))

    assert "missing.notification" in [
        got.message.KIND for got in play.news(f"{WALSALL}/front-door")
    ]


def test_a_home_does_not_draw_a_missing_child_to_itself(stage):
    play = stage(THURSDAY_NOON)
    said = notification(THURSDAY_NOON)
    play.say(said)

    play.say(arrival(sender=OTHER_HOME, placing_authority=BIRMINGHAM))

    (absence,) = [episode for episode in play.episodes() if episode.state.heard]
    assert (absence.state.leads, absence.state.home) == ((WALSALL,), HOME)
    play.after(hours=1)
    play.say(update(said))
    assert "missing.update" not in [got.message.KIND for got in play.news(OTHER_HOME)]


def test_a_home_that_names_no_council_makes_none_owe_what_the_law_asks(stage):
    play = stage(THURSDAY_NOON)

    play.say(arrival(placing_authority=None))
    play.after(days=20)
    play.say(placement(play.clock.now(), host_authority=WALSALL, distance="own-area", home=None,
                       carer="FC-9"))  # fmt: skip

    assert [duty.name for duty in play.duties() if duty.owed_by == HOST] == []
    assert HOST in play.told()


# -- who is shown it


def test_a_correction_shows_the_area_that_was_named_by_mistake_nothing_new(stage):
    play = stage(THURSDAY_NOON)
    said = placement(address="1 First Road")
    play.say(said)

    right = again(said, host_authority=BIRMINGHAM, address=SECRET, home=None, carer="FC-9")
    play.say(right)

    back = play.last(HOST)
    assert (back.rule, back.message.action) == ("taken-back", "cancel")
    assert back.message.host_authority == STOKE
    play.say(catch_up(STOKE, "placements", THURSDAY_NOON))
    more = again(right, gp="Example Surgery")
    play.say(more, again(more, action="cancel"))
    assert SECRET not in seen_by(play, STOKE)
    assert "FC-9" not in seen_by(play, STOKE)
    assert SECRET in seen_by(play, BIRMINGHAM)


def test_a_correction_shows_the_home_and_school_of_before_nothing_new(stage):
    play = stage(THURSDAY_NOON)
    school = on_homeward(play, "school.100001", STOKE)
    said = placement(school=school)
    play.say(said)

    play.say(again(said, home=OTHER_HOME, school="school.100002"))

    assert OTHER_HOME not in seen_by(play, HOME)
    assert OTHER_HOME not in seen_by(play, school)


def test_a_subscriber_without_a_tie_hears_no_correction_of_a_correction(stage):
    play = joined(stage(THURSDAY_NOON))
    agreed(play, HUB, STOKE)
    subscribed(play, HUB, hosts=[STOKE])
    said = placement()
    play.say(said)

    right = again(said, host_authority=BIRMINGHAM, home=None, carer="FC-9", school="school.100002")
    play.say(right)
    play.say(catch_up(HUB, "performance", THURSDAY_NOON))
    play.say(again(right, gp="Example Surgery"))

    assert "school.100002" not in seen_by(play, HUB)


def test_the_area_that_a_child_left_is_not_shown_the_way_to_a_protected_address(stage):
    play = stage(THURSDAY_NOON)
    on_homeward(play, LODGE, STAFFORDSHIRE)
    play.say(placement())
    play.after(days=20)
    hidden = placement(
        play.clock.now(), home=LODGE, host_authority=STAFFORDSHIRE, address=SECRET,
        address_protected=True, school="school.100002",
    )  # fmt: skip

    play.say(hidden)
    more = again(hidden, gp="Example Surgery")
    play.say(more)

    assert play.last(HOST).rule == "moved-on"
    play.say(again(more, action="cancel"))
    for near in (SECRET, LODGE, "school.100002"):
        assert near not in seen_by(play, STOKE)
        assert near not in seen_by(play, HOME)


def test_a_withdrawal_shows_no_address_that_was_protected(stage):
    play = stage(THURSDAY_NOON)
    said = placement(address=SECRET, address_protected=True, carer_contact={"name": "Sam Carer"})
    play.say(said)

    play.say(again(said, action="cancel", address_protected=False))

    assert play.last(HOST).message.action == "cancel"
    assert SECRET not in seen_by(play, STOKE)
    assert "Sam Carer" not in seen_by(play, STOKE)


@pytest.mark.parametrize("who", [HOST, f"{HOME}/home-manager", "school.100001/head"])
def test_nobody_passes_a_notice_on_to_an_agency_of_its_choice(stage, who):
    play = stage(THURSDAY_NOON)
    on_homeward(play, "school.100001", STOKE)
    play.say(placement(address=SECRET, school="school.100001"))
    (got,) = [got for got in play.news(who.partition("/")[0]) if "notice" in got.message.KIND]

    play.answer(got, "not-ours", reason="Not here", whose=f"{BIRMINGHAM}/front-door")

    assert play.rejections(who.partition("/")[0]) == []
    assert play.inbox(BIRMINGHAM) == []
    assert "answer" in [got.message.KIND for got in play.news(OURS)]


# -- what the law asks for, and when


@pytest.mark.parametrize(
    "how", [{"action": "cancel"}, {"host_authority": BIRMINGHAM, "home": None}]
)
def test_nobody_owes_an_answer_to_what_was_taken_back_from_it(stage, how):
    play = stage(THURSDAY_NOON)
    said = placement()
    play.say(said)
    assert play.duty("answer-placement-notice", HOST).standing

    play.say(again(said, **how))

    assert play.duty("answer-placement-notice", HOST).state == "cancelled"
    play.after(days=20)
    assert "duty" not in [got.message.KIND for got in play.inbox(f"{STOKE}/duty-manager")]


def test_a_home_in_another_area_is_no_placement_in_the_own_area(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(host_authority=WALSALL, distance="own-area"))

    assert HOST in play.told()
    assert play.duty("give-placement-notice").state == "met"


def test_a_notice_to_the_wrong_area_is_no_notice_in_time_to_the_right_one(stage):
    play = stage(THURSDAY_NOON)
    said = placement(host_authority=BIRMINGHAM, starts_at=THURSDAY_NOON + 100 * DAY, home=None,
                     carer="FC-9")  # fmt: skip
    play.say(said)
    play.after(days=30)
    now = play.clock.now()

    play.say(again(said, host_authority=STOKE, home=HOME, starts_at=now - DAY, sent_at=now))

    assert play.duty("give-placement-notice").state == "met-late"


def test_an_approval_that_is_added_afterwards_was_not_stated_before(stage):
    play = stage(THURSDAY_NOON)
    said = placement(approval=None, starts_at=THURSDAY_NOON + DAY)
    play.say(said)
    play.after(days=3)

    play.say(again(said, approval={"by": "director", "at": THURSDAY_NOON}))

    assert play.duty("state-approval").state == "met-late"
    assert play.duty("give-placement-notice").state == "met"


def test_a_start_after_the_child_was_there_is_no_start(stage):
    play = stage(THURSDAY_NOON)
    play.say(arrival())
    play.after(days=13)
    assert play.duty("give-placement-notice").state == "late"

    play.say(placement(play.clock.now(), starts_at=play.clock.now() + DAY))

    assert play.duty("give-placement-notice").state == "met-late"


def test_what_a_home_says_afterwards_makes_no_council_late(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    play.after(days=3)

    play.say(arrival(play.clock.now(), occurred_at=THURSDAY_NOON - DAY))

    assert play.duty("give-placement-notice").state == "met"


def test_a_form_proves_nothing_of_before_it_was_printed(stage):
    play = stage(THURSDAY_NOON)
    (number,) = form_numbers(THURSDAY_NOON.date(), 5, 1)
    long_ago = THURSDAY_NOON - 10 * DAY

    play.say(placement(long_ago, starts_at=THURSDAY_NOON - DAY, paper_form=number))

    assert play.duty("give-placement-notice").state == "met-late"


def test_a_child_who_comes_again_is_placed_again(stage):
    play = stage(THURSDAY_NOON)
    start, end = THURSDAY_NOON + DAY, THURSDAY_NOON + 3 * DAY
    play.say(placement(starts_at=start))
    play.until(end)
    play.say(placement(end, stage="ended", starts_at=start, ends_at=end, risk=None))
    play.after(days=5)

    play.say(placement(play.clock.now(), starts_at=play.clock.now() - timedelta(hours=1)))

    assert in_register(play, STOKE) == [(WALSALL, HOME, "current")]
    assert states_of(play) == ["met", "met-late"]


def test_blanks_are_no_reason_why_a_notice_came_late(stage):
    play = stage(THURSDAY_NOON)
    start = THURSDAY_NOON - 30 * DAY
    play.say(placement(starts_at=start))

    play.say(placement(stage="ended", starts_at=start, ends_at=THURSDAY_NOON - DAY,
                       impracticable=" ", risk=None))  # fmt: skip

    assert play.duty("give-end-notice").state == "met-late"


@pytest.mark.parametrize("exception", ["emergency", "own-foster-carer"])
def test_an_exception_that_cannot_be_is_no_way_round_an_approval(stage, exception):
    play = stage(THURSDAY_NOON)

    play.say(placement(approval={"exception": exception}))

    (refused,) = play.rejections(WALSALL)
    assert (refused.code, refused.field) == ("invalid", "approval.exception")


# -- taking in


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("starts_at", {"stage": "emergency", "starts_at": datetime(2099, 12, 31, tzinfo=UTC)}),
        (
            "ends_at",
            {"stage": "ended", "ends_at": datetime(2099, 12, 31, tzinfo=UTC), "immediate_risk": 1},
        ),
    ],
)
def test_what_lies_at_the_end_of_time_is_refused_by_name(stage, field, said):
    play = stage(THURSDAY_NOON)

    play.say(placement(**said))

    assert [(each.code, each.field) for each in play.rejections(WALSALL)] == [("invalid", field)]


def test_an_exercise_ends_no_placement(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    shared = play.last(HOST).message.placement

    play.say(placement(exercise=True, placement=shared, stage="ended",
                       starts_at=THURSDAY_NOON, ends_at=THURSDAY_NOON))  # fmt: skip

    assert [it.ends_at for it in placed(play) if not it.exercise] == [None]


@pytest.mark.parametrize("code", ["la.E99999999", "la.E10000021"])
def test_a_council_that_is_none_or_was_divided_is_refused(stage, code):
    play = stage(THURSDAY_NOON)
    hub = on_homeward(play, "hub.nowhere", "")

    play.say(placement(sender=hub, from_address=f"{hub}/front-door", responsible_authority=code))
    play.say(placement(host_authority=code))

    assert [each.code for each in play.rejections(hub)] == ["unknown-agency"]
    assert [each.code for each in play.rejections(WALSALL)] == ["unknown-agency"]


def test_nothing_of_a_carer_or_an_address_is_logged(stage, logged):
    play = stage(THURSDAY_NOON)

    said = {"address": SECRET, "carer_contact": {"name": "Sam Carer"}, "home": None}
    play.say(placement(**said, carer="FC-Example"))
    play.say(placement(**said, host_authority="la.E99999999"))
    play.after(days=9)

    assert not any(word in str(logged) for word in (SECRET, "Sam Carer", "FC-Example", "Robin"))
