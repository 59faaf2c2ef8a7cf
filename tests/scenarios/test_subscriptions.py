"""Councils that subscribe to placements: who gets what, by which tie, and when it ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from broker.errors import Misuse, NotInThisState, SinglesOut, UntilOutOfRange
from broker.subscriptions import overseeing
from schemas.catch_up import CatchUp
from schemas.subscription import SubscriptionRequest
from tests import examples as e
from tests.scenarios.subscribers import (
    ANNA,
    BIRMINGHAM,
    HUB,
    SHROPSHIRE,
    agreed,
    approve,
    arrival,
    by_subscription,
    corrected,
    ended,
    joined,
    notice,
    re_attest,
    request,
    somebody,
    state,
    subscribed,
)

OWN_STEPS = ("subscription-step", "subscription-counts", "re-attest")
DESK = f"{e.STOKE}/performance"
NOON = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)


@pytest.fixture
def play(stage):
    return joined(stage(NOON))


def test_a_request_waits_for_the_operator_and_nothing_is_sent_before(play):
    asked = request(NOON)
    play.say(asked)

    play.say(notice(NOON))

    assert state(play, asked) == "requested"
    assert [got.message.state for got in play.inbox(DESK, "subscription")] == ["requested"]
    assert by_subscription(play, e.STOKE) == []


@pytest.mark.parametrize(
    ("field", "named"), [("hosts", "la.E10000006"), ("placed_by", "la.E99999999")]
)
def test_a_council_that_was_divided_or_never_was_is_refused_by_name(play, field, named):
    play.say(request(NOON, **{field: [named]}))

    (said,) = play.rejections(e.STOKE)
    assert (said.code, said.field) == ("unknown-agency", field)
    assert ("Cumberland" in said.detail) is (named == "la.E10000006")


def test_only_councils_and_their_hubs_subscribe(play):
    said = request(NOON).model_dump() | e.envelope(e.STAFFORDSHIRE_POLICE, "missing-unit", NOON)

    assert play.say(SubscriptionRequest(**said)).codes == {"not-your-kind": 1}


def test_one_id_names_one_subscription_whoever_asks_with_it_again(play):
    asked = subscribed(play)
    theirs = request(NOON, e.WALSALL, message_id=asked.message_id)

    assert play.say(theirs).codes == {"invalid": 1}
    assert state(play, asked) == "approved"


def test_a_repeat_of_a_notice_is_told_to_nobody_again(play):
    subscribed(play)
    said = notice(NOON)
    play.say(said, said)
    play.say(said)

    assert len(by_subscription(play, e.STOKE)) == 1
    (repeated,) = [one for one in play.receipts(e.WALSALL) if one.repeated][-1:]
    assert DESK not in {line.address for line in repeated.told}


def test_the_host_sees_all_of_it_and_hears_which_subscription_it_is(play):
    asked = subscribed(play)

    play.say(notice(NOON))

    (got,) = by_subscription(play, e.STOKE)
    assert (got.address, got.view) == (DESK, "full")
    assert got.because.startswith(f"subscription {str(asked.message_id)[:8]}@")
    assert got.message.child.family_name == "Example-1"
    assert not got.wakes
    assert got.answer_by is None


def test_the_responsible_council_sees_all_of_its_own_children_wherever_they_are(play):
    subscribed(play, e.WALSALL, hosts=[], placed_by=[e.WALSALL])

    play.say(notice(NOON, host_authority=SHROPSHIRE, home=None, carer="F-1"))
    play.say(
        notice(NOON, somebody(2), responsible_authority=BIRMINGHAM, host_authority=SHROPSHIRE,
               home=None, carer="F-2")
    )  # fmt: skip

    (got,) = by_subscription(play, e.WALSALL)
    assert got.message.host_authority == SHROPSHIRE
    assert got.view == "full"


def test_who_acts_for_a_council_by_a_recorded_agreement_sees_a_summary(play):
    agreed(play, HUB, e.WALSALL)
    subscribed(play, HUB, hosts=[], placed_by=[e.WALSALL], homes=[e.HOME])

    play.say(notice(NOON))

    (got,) = by_subscription(play, HUB)
    said = got.message.model_dump_json()
    assert got.view == "summary"
    for hidden in ("Robin", "Example-1", "1 Example Road", "Sam Carer", "2011-05-16"):
        assert hidden not in said
    assert "W-1" in said


def test_an_agreement_that_is_recorded_later_brings_the_register_of_its_children(play):
    play.say(notice(NOON))
    subscribed(play, HUB, hosts=[e.STOKE])
    assert by_subscription(play, HUB) == []

    agreed(play, HUB, e.WALSALL)
    play.until(NOON)

    (got,) = by_subscription(play, HUB)
    assert (got.view, got.because.partition("@")[2]) == ("summary", "register")


def test_a_home_that_names_another_council_shows_the_child_to_no_other_subscriber(play):
    subscribed(play, BIRMINGHAM, hosts=[], placed_by=[BIRMINGHAM])
    play.say(notice(NOON))

    play.say_at(
        NOON + timedelta(days=1), arrival(NOON + timedelta(days=1), placing_authority=BIRMINGHAM)
    )

    assert by_subscription(play, BIRMINGHAM) == []


def test_the_tie_of_an_agreement_ends_with_it(play):
    agreed(play, HUB, e.WALSALL, until=date(2026, 4, 10))
    subscribed(play, HUB, hosts=[], placed_by=[e.WALSALL])
    play.say(notice(NOON))
    play.until(datetime(2026, 4, 11, 12, tzinfo=UTC))

    play.say(notice(play.clock.now(), somebody(2)))

    assert len(by_subscription(play, HUB)) == 1


def test_a_homes_own_word_comes_by_the_same_tie(play):
    subscribed(play, stages=["planned"])
    play.say(notice(NOON))

    play.say_at(NOON + timedelta(days=1), arrival(NOON + timedelta(days=1)))

    kinds = [got.message.KIND for got in by_subscription(play, e.STOKE)]
    assert kinds == ["placement.notice", "placement.arrival"]


def test_a_correction_and_a_withdrawal_go_where_the_notice_went(play):
    subscribed(play)
    first = notice(NOON)
    play.say(first)
    second = corrected(first, NOON, carer_contact={"name": "Kim Carer"})
    play.say(second)

    play.say(corrected(second, NOON, action="cancel"))

    actions = [got.message.action.value for got in by_subscription(play, e.STOKE)]
    assert actions == ["new", "update", "cancel"]


def test_a_correction_that_ends_the_tie_takes_back_what_was_said_and_shows_no_more(play):
    subscribed(play)
    first = notice(NOON)
    play.say(first)

    play.say(corrected(first, NOON, host_authority=SHROPSHIRE, home=None, address="2 New Road"))

    back = by_subscription(play, e.STOKE)[-1].message
    assert (back.action, back.replaces) == ("cancel", first.message_id)
    assert back.host_authority == e.STOKE
    assert "2 New Road" not in back.model_dump_json()


def test_a_desk_that_a_rule_tells_is_not_told_twice(play):
    subscribed(play, to=f"{e.STOKE}/placements")

    play.say(notice(NOON))

    told = [got for got in play.inbox(f"{e.STOKE}/placements", "placement.notice")]
    assert len(told) == 1


def test_exercises_and_real_life_never_meet(play):
    subscribed(play)
    drill = subscribed(play, e.STOKE, exercise=True, to=f"{e.STOKE}/director")

    play.say(notice(NOON), notice(NOON, somebody(2), exercise=True))

    got = {one.address: one.message.exercise for one in by_subscription(play, e.STOKE)}
    assert got == {DESK: False, f"{e.STOKE}/director": True}
    assert drill.exercise


def test_an_address_that_is_protected_is_in_no_view(play):
    subscribed(play)

    play.say(notice(NOON, address_protected=True))

    (got,) = by_subscription(play, e.STOKE)
    assert "1 Example Road" not in got.message.model_dump_json()


def test_what_comes_by_a_subscription_is_passed_on_to_nobody(play):
    agreed(play, HUB, e.WALSALL)
    subscribed(play, HUB, hosts=[], placed_by=[e.WALSALL])
    play.say(notice(NOON))
    play.say(CatchUp(**e.envelope(HUB, "performance", NOON), since=0))
    got = by_subscription(play, HUB)
    assert len(got) == 2

    said = {"reason": "Not ours", "whose": f"{SHROPSHIRE}/front-door"}
    for one in got:
        assert play.answer(one, "not-ours", **said).codes == {"invalid": 1}
        assert play.answer(one, "acting").codes == {"invalid": 1}

    assert play.news(SHROPSHIRE) == []


def test_what_is_sent_again_is_not_doubled_when_it_is_asked_for_once_more(play):
    subscribed(play)
    play.say(notice(NOON))
    for _ in range(3):
        play.say(CatchUp(**e.envelope(e.STOKE, "performance", NOON), since=0))

    assert len(by_subscription(play, e.STOKE)) == 4
    assert len({got.because for got in by_subscription(play, e.STOKE)}) == 2


# -- the register


def test_the_register_comes_first_the_oldest_placement_before_the_others_then_news(both):
    play = joined(both(NOON))
    late = notice(NOON, somebody(2), starts_at=NOON + timedelta(days=20))
    soon = notice(NOON, somebody(1), starts_at=NOON - timedelta(days=3))
    gone = notice(NOON, somebody(3), starts_at=NOON - timedelta(days=30))
    over = notice(NOON, somebody(3), stage="ended", starts_at=gone.starts_at,
                  ends_at=NOON - timedelta(days=1))  # fmt: skip
    withdrawn = notice(NOON, somebody(4))
    play.say(late, soon, gone, over, withdrawn, corrected(withdrawn, NOON, action="cancel"))

    subscribed(play)
    news = notice(NOON, somebody(5))
    play.say(news)

    got = by_subscription(play, e.STOKE)
    ids = [one.message.message_id for one in got]
    assert ids == [soon.message_id, late.message_id, news.message_id]
    assert [one.because.partition("@")[2] for one in got[:2]] == ["register", "register"]
    assert {one.view for one in got} == {"full"}


def test_the_register_has_no_withdrawn_placement_and_none_of_a_drill(play):
    stands, withdrawn = notice(NOON), notice(NOON, somebody(2))
    play.say(stands, withdrawn, notice(NOON, somebody(3), exercise=True))
    play.say(corrected(withdrawn, NOON, action="cancel"))

    subscribed(play)

    (got,) = by_subscription(play, e.STOKE)
    assert got.message.message_id == stands.message_id


def test_the_register_has_those_stages_alone_that_were_asked_for(play):
    planned, sudden = notice(NOON), notice(NOON, somebody(2), stage="emergency")
    play.say(planned, sudden)

    subscribed(play, stages=["emergency"])

    (got,) = by_subscription(play, e.STOKE)
    assert got.message.message_id == sudden.message_id


def test_the_register_is_a_summary_for_who_acts_for_another(both):
    play = joined(both(NOON))
    play.say(notice(NOON), notice(NOON, somebody(2), responsible_authority=BIRMINGHAM))
    agreed(play, HUB, e.WALSALL)

    subscribed(play, HUB, hosts=[e.STOKE])

    (got,) = by_subscription(play, HUB)
    assert got.view == "summary"
    assert "Robin" not in got.message.model_dump_json()


def test_what_comes_between_the_approval_and_the_register_is_in_the_register_alone(play):
    asked = request(NOON)
    play.say(asked)
    play.decider.operate(overseeing.approve(asked.message_id, ANNA))

    play.say(notice(NOON))
    play.until(NOON)

    (got,) = by_subscription(play, e.STOKE)
    assert got.because.endswith("@register")


# -- the operator


def test_nobody_approves_twice_and_nobody_approves_as_nobody(play):
    asked = subscribed(play)

    with pytest.raises(NotInThisState):
        approve(play, asked)
    with pytest.raises(Misuse):
        overseeing.approve(asked.message_id, overseeing.Operator(" "))


def test_a_refusal_is_told_with_its_reason_and_nothing_follows(play):
    asked = request(NOON)
    play.say(asked)

    play.decider.operate(overseeing.refuse(asked.message_id, ANNA, "No such legal basis"))
    play.send()
    play.say(notice(NOON))

    last = play.inbox(DESK, "subscription")[-1].message
    assert (last.state, last.reason) == ("refused", "No such legal basis")
    assert by_subscription(play, e.STOKE) == []
    assert not any(duty.next_at for duty in play.duties() if duty.name in OWN_STEPS)


def test_an_agreement_that_has_ended_meanwhile_is_no_ground_to_approve(play):
    agreed(play, HUB, e.WALSALL)
    asked = request(NOON, HUB, hosts=[], placed_by=[e.WALSALL])
    play.say(asked)
    play.decider.operate(overseeing.end_agreement(1, ANNA))

    with pytest.raises(SinglesOut):
        approve(play, asked)
    assert state(play, asked) == "requested"


def test_an_agreement_that_has_ended_meanwhile_is_no_ground_to_re_attest(play):
    agreed(play, HUB, e.WALSALL)
    asked = subscribed(play, HUB, hosts=[], placed_by=[e.WALSALL], until=date(2026, 6, 30))
    play.decider.operate(overseeing.end_agreement(1, ANNA))

    outcome = play.say(re_attest(asked, NOON, date(2026, 9, 30)))

    assert outcome.codes == {"singles-out": 1}


def test_a_request_whose_last_day_is_over_is_approved_by_nobody(play):
    asked = request(NOON, until=date(2026, 4, 1))
    play.say(asked)
    play.clock.set(datetime(2026, 4, 2, 12, tzinfo=UTC))  # nothing has fired

    with pytest.raises(UntilOutOfRange):
        approve(play, asked)


def test_no_drill_touches_a_real_subscription(play):
    asked = subscribed(play)
    drill = ended(asked, NOON).model_dump() | {"exercise": True}

    assert play.say(type(asked)(**drill)).codes == {"not-your-subscription": 1}
    assert state(play, asked) == "approved"


# -- in time


def test_both_sides_hear_that_it_goes_on_after_it_was_suspended(play):
    agreed(play, HUB, e.STOKE)
    asked = subscribed(play, HUB, hosts=[e.STOKE], until=date(2026, 6, 30))
    play.until(datetime(2026, 7, 5, 12, tzinfo=UTC))

    play.say(re_attest(asked, play.clock.now(), date(2027, 6, 30)))

    told = [got.message for got in play.inbox(f"{e.STOKE}/placements", "subscription")]
    assert [one.state for one in told] == ["suspended", "approved"]
    assert {one.hosts for one in told} == {()}  # whom else it asks about concerns nobody else


def test_an_unmet_duty_to_re_attest_suspends_it_and_both_sides_are_told(both):
    play = joined(both(NOON))
    agreed(play, HUB, e.STOKE)
    asked = subscribed(play, HUB, hosts=[e.STOKE], until=date(2026, 6, 30))
    play.until(datetime(2026, 5, 30, 22, 59, tzinfo=UTC))
    assert play.duties("re-attest") == []

    play.until(datetime(2026, 5, 30, 23, 1, tzinfo=UTC))  # midnight in London
    duty = play.duty("re-attest")
    play.until(datetime(2026, 6, 30, 23, 1, tzinfo=UTC))

    assert (duty.owed_by, duty.state) == (f"{HUB}/performance", "open")
    assert duty.due_at == datetime(2026, 6, 30, 23, 0, tzinfo=UTC)
    assert play.duty("re-attest").state == "late"
    assert state(play, asked) == "suspended"
    (told,) = play.inbox(f"{e.STOKE}/placements", "subscription")
    assert (told.message.state, told.message.subscriber) == ("suspended", HUB)
    assert play.inbox(HUB, "subscription")[-1].message.state == "suspended"


def test_a_suspended_one_gets_no_news_and_comes_back_with_what_stood_meanwhile(play):
    asked = subscribed(play, until=date(2026, 6, 30))
    play.until(datetime(2026, 7, 5, 12, tzinfo=UTC))
    meanwhile = notice(play.clock.now())
    play.say(meanwhile)
    assert by_subscription(play, e.STOKE) == []

    play.say(re_attest(asked, play.clock.now(), date(2027, 6, 30)))
    play.until(play.clock.now())

    (got,) = by_subscription(play, e.STOKE)
    assert got.message.message_id == meanwhile.message_id
    assert state(play, asked) == "approved"
    assert play.duty("re-attest").state == "met-late"


def test_a_re_attest_in_time_meets_the_duty_and_nothing_is_sent_again(play):
    asked = subscribed(play, until=date(2026, 6, 30))
    play.say(notice(NOON))
    play.until(datetime(2026, 6, 20, 12, tzinfo=UTC))

    play.say(re_attest(asked, play.clock.now(), date(2027, 6, 1)))
    play.until(datetime(2026, 8, 30, tzinfo=UTC))

    assert play.duty("re-attest").state == "met"
    assert state(play, asked) == "approved"
    assert len(by_subscription(play, e.STOKE)) == 1


def test_thirty_days_suspended_and_it_is_over(play):
    asked = subscribed(play, until=date(2026, 12, 15))

    play.until(datetime(2027, 1, 14, 23, 59, tzinfo=UTC))
    assert state(play, asked) == "suspended"
    play.until(datetime(2027, 1, 15, 0, 1, tzinfo=UTC))

    assert state(play, asked) == "expired"
    assert play.duty("re-attest").state == "excused"
    assert play.say(re_attest(asked, play.clock.now(), date(2027, 6, 1))).codes == {
        "not-in-this-state": 1
    }
    assert not any(duty.next_at for duty in play.duties() if duty.name in OWN_STEPS)


def test_a_request_that_nobody_decides_on_lapses(play):
    asked = request(NOON, until=date(2026, 4, 1))
    play.say(asked)

    play.until(datetime(2026, 4, 2, tzinfo=UTC))

    assert state(play, asked) == "expired"


def test_whoever_ends_it_hears_no_more(play):
    asked = subscribed(play)

    play.say(ended(asked, NOON))
    play.say(notice(NOON))

    assert state(play, asked) == "ended"
    assert by_subscription(play, e.STOKE) == []
    assert not any(duty.next_at for duty in play.duties() if duty.name in OWN_STEPS)


def test_nobody_ends_or_re_attests_what_is_anothers(play):
    asked = subscribed(play)
    theirs = ended(asked, NOON).model_dump() | e.envelope(e.WALSALL, "performance", NOON)

    outcome = play.say(type(asked)(**theirs), re_attest(asked, NOON, date(2026, 4, 1)))

    assert outcome.codes == {"not-your-subscription": 1, "invalid": 1}
    assert state(play, asked) == "approved"


def test_a_repeat_of_a_request_changes_nothing(play):
    asked = subscribed(play)

    assert play.say(asked).repeated == 1
    assert state(play, asked) == "approved"


def test_an_outage_over_the_last_day_suspends_it_and_says_nothing_meanwhile(play):
    asked = subscribed(play, until=date(2026, 6, 30))
    play.clock.set(datetime(2026, 7, 2, 12, tzinfo=UTC))  # nothing has fired

    play.say(notice(play.clock.now()))
    play.until(play.clock.now())

    assert by_subscription(play, e.STOKE) == []
    assert state(play, asked) == "suspended"
