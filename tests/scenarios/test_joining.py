"""Which reports are of one absence, and whichever comes first."""

from datetime import timedelta

import pytest

from broker.episode import state_of
from schemas.child import Reference, Scheme
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    THURSDAY_NOON,
    WALSALL,
    checked,
    child,
    notification,
    returned,
    update,
)
from tests.scenarios.people import (
    CONTROL_ROOM,
    EDT,
    FRONT_DOOR,
    HOST,
    INTERVIEWS,
    IRO_SERVICE,
    MONDAY_OPENING,
    ON_CALL,
    OTHER_HOME,
    SOCIAL_WORK,
)

HALF_AN_HOUR = timedelta(minutes=30)
REFERENCE = "SP-2026-0815"
POLICE_CHILD = child(
    references=(
        Reference(holder=STAFFORDSHIRE_POLICE, scheme=Scheme.police_reference, value="N-991"),
    )
)


def by_police(at=FRIDAY_NIGHT + timedelta(minutes=20), **changes):
    said = {
        "sender": STAFFORDSHIRE_POLICE,
        "child": POLICE_CHILD,
        "police_report": None,
        "episode": REFERENCE,
        "last_seen_at": FRIDAY_NIGHT - timedelta(minutes=40),
    }
    return notification(at, **said | changes)


def test_the_home_first_then_the_police_quoting_their_reference_are_one_episode(both):
    play = both()
    play.say(notification())

    play.say_now(by_police())

    assert len(play.episodes()) == 1
    assert len(play.children()) == 1
    assert len(play.state().claims["responsible"]) == 1


def test_the_police_first_then_the_home_quoting_the_reference_are_one_episode(both):
    play = both()
    play.say(by_police(FRIDAY_NIGHT))

    play.say_now(notification(FRIDAY_NIGHT + timedelta(minutes=15)))

    assert len(play.episodes()) == 1
    assert len(play.children()) == 1


def test_without_the_reference_the_police_report_is_only_suspected_to_be_the_same(stage):
    play = stage()
    play.say(notification(police_report=None))

    play.say_now(by_police())

    assert len(play.children()) == 2
    assert play.duties("settle-identity")


def test_a_police_reference_given_later_joins_the_two_reports_and_settles_the_question(both):
    play = both()
    home = notification(police_report={"channel": "not-yet"})
    play.say(home)
    play.say_now(by_police())
    assert len(play.episodes()) == 2
    assert ("settle-identity", CONTROL_ROOM) in play.standing()

    play.say_now(
        update(home, police_reference=REFERENCE, reason="Rang 101", at=FRIDAY_NIGHT + HALF_AN_HOUR)
    )

    assert len(play.episodes()) == 1
    assert len(play.children()) == 1
    assert "settle-identity" not in {name for name, _ in play.standing()}
    assert {fact.sender for fact in play.episode().facts} == {HOME, STAFFORDSHIRE_POLICE}


def test_after_joining_one_end_ends_it_for_everyone_and_for_both_references(both):
    play = both()
    home, police = notification(police_report=None), by_police()
    play.say(home)
    play.say_now(police)
    receipts = {play.receipts(agency)[0].episode for agency in (HOME, STAFFORDSHIRE_POLICE)}
    assert len(receipts) == 2
    play.say_now(update(home, police_reference=REFERENCE, at=FRIDAY_NIGHT + HALF_AN_HOUR))

    for number, shared in enumerate(receipts):
        at = FRIDAY_NIGHT + timedelta(hours=2 + number)
        play.say_now(returned(home, at=at, stage=("returned", "closed")[number], episode=shared))

    assert play.state().status == "closed"
    assert all(told.end_told for told in play.episode().told.values())
    play.say_now(checked(home))
    climbed = play.climbed()
    play.until(MONDAY_OPENING)
    assert play.climbed() == climbed


def test_explaining_a_message_that_would_join_two_reports_changes_nothing(both):
    play = both()
    home = notification(police_report=None)
    play.say(home, by_police())
    before = play.episodes()

    explained = play.decider.explain(update(home, police_reference=REFERENCE))

    assert explained.episode is not None
    assert play.episodes() == before


def test_a_child_known_before_whom_the_police_report_first_is_no_contradiction(stage):
    play = stage(THURSDAY_NOON)
    before = notification(THURSDAY_NOON - timedelta(days=9), episode="H-17/1", police_report=None)
    play.say(before, returned(before))

    police = by_police(THURSDAY_NOON, last_seen_at=THURSDAY_NOON - timedelta(hours=1))
    play.say(police, notification(THURSDAY_NOON))

    assert len(play.children()) == 1
    assert len(play.episodes()) == 2
    assert "settle-identity" not in {name for name, _ in play.standing()}


def test_an_old_police_reference_quoted_by_mistake_does_not_end_the_absence_that_is_on(both):
    play = both()
    old = notification(FRIDAY_NIGHT - timedelta(days=9), episode="H-17/1")
    play.say(old, returned(old))
    now = notification(police_report=None)
    play.say(now)

    play.say_now(update(now, police_reference=REFERENCE))

    assert [_state(episode).over for episode in play.episodes()] == [True, False]


def test_what_is_known_already_is_not_told_again(both):
    play = both()
    play.say(notification())
    held = {address: len(play.news(address)) for address in play.told()}

    play.say_now(by_police())

    assert {address: len(play.news(address)) for address in held} == held


def test_a_difference_between_two_reports_is_told(both):
    play = both()
    play.say(notification())

    play.say_now(by_police(risk="high", risk_reason="Exploited before"))

    assert play.last(EDT).message.risk == "high"
    assert play.state().risk == "high"


def test_a_police_report_shows_that_the_police_are_acting(stage):
    play = stage()
    play.say(notification())

    play.say_now(by_police())

    assert play.duty("answer", CONTROL_ROOM).state == "met"


def test_the_highest_risk_counts_until_its_own_author_lowers_it(both):
    play = both()
    home = notification(risk="high", risk_reason="Threats")
    play.say(home)
    play.say_now(by_police(risk="low", risk_reason="Known friend"))
    assert play.state().risk == "high"

    play.say_now(update(home, risk="medium", at=FRIDAY_NIGHT + timedelta(hours=1)))

    assert play.state().risk == "medium"


def test_an_update_for_an_episode_never_heard_of_is_kept_and_told_when_it_is(both):
    play = both()
    said = notification()
    news = update(said, facts="Seen at Stoke station")

    assert play.say_at(news.occurred_at, news).accepted == 1
    assert play.told() == set()
    play.say(said)

    assert len(play.episodes()) == 1
    assert [got.message.KIND for got in play.news(EDT)] == [
        "missing.notification",
        "missing.update",
    ]


def test_found_before_missing_is_told_as_was_missing_is_back(both):
    play = both()
    said = notification()
    end = returned(said)
    play.say_at(end.occurred_at, end)

    play.say(said)

    assert play.state().status == "returned"
    assert [getattr(got.message, "event", "") for got in play.news(IRO_SERVICE)] == [
        "missing",
        "returned",
    ]
    for address in (CONTROL_ROOM, FRONT_DOOR, SOCIAL_WORK, HOST):
        kinds = [got.message.KIND for got in play.news(address)]
        assert kinds == ["missing.notification", "missing.return"], address
    assert play.last(INTERVIEWS).message.KIND == "missing.return"
    assert all(told.end_told for told in play.episode().told.values())


def test_a_late_report_of_a_child_who_is_back_wakes_nobody_and_asks_for_no_answer(both):
    play = both()
    said = notification()
    end = returned(said, at=FRIDAY_NIGHT + timedelta(hours=1))
    play.say_at(end.occurred_at, end)

    play.say(said)

    assert EDT not in play.told()
    assert play.duties("answer") == []
    assert play.duty("safe-and-well-check").starts_at == end.occurred_at


def test_closed_before_returned_leaves_no_check_open(both):
    play = both()
    said = notification()
    play.say(said)
    closed = returned(said, stage="closed", at=FRIDAY_NIGHT + timedelta(hours=10))
    play.say_now(closed)

    play.say_now(checked(said, at=FRIDAY_NIGHT + timedelta(hours=9)))
    play.say(returned(said))

    assert play.duty("safe-and-well-check").state == "met"
    assert "safe-and-well-check" not in {name for name, _ in play.standing()}


def test_a_find_that_is_told_after_the_return_wakes_nobody(stage):
    play = stage()
    said = notification()
    play.say(said)
    at = FRIDAY_NIGHT + timedelta(hours=3)
    play.say_now(returned(said, at=at))
    held = len(play.news(EDT))

    hospital = returned(said, stage="found", outcome="hospital", at=at - timedelta(hours=1))
    play.say(hospital)

    assert play.state().outcome == "safe"
    assert not any(got.wakes for got in play.news(EDT)[held:])
    assert play.duty("safe-and-well-check").starts_at == hospital.occurred_at


def test_the_return_of_the_first_reporter_and_of_the_second_is_told_once(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(by_police())
    play.say_now(returned(said))
    held = len(play.news(SOCIAL_WORK))

    late = returned(by_police(), child=POLICE_CHILD, at=FRIDAY_NIGHT + timedelta(hours=9))
    play.say_now(late)

    assert len(play.news(SOCIAL_WORK)) == held
    assert len(play.episodes()) == 1


def test_a_next_absence_is_another_episode(stage):
    play = stage()
    first = notification()
    play.say(first)
    play.say_now(returned(first))

    play.say_now(notification(FRIDAY_NIGHT + timedelta(days=1), episode="H-17/4"))

    assert [state.over for state in map(_state, play.episodes())] == [True, False]
    assert len(play.children()) == 1


def test_the_alert_says_how_many_absences_there_were(stage):
    play = stage()
    for day in range(3):
        said = notification(FRIDAY_NIGHT + timedelta(days=day), episode=f"H-17/{day}",
                            police_report=None)  # fmt: skip
        play.say_now(said)
        play.say_now(returned(said, at=said.occurred_at + timedelta(hours=2)))

    counts = [got.message.episodes_in_90_days for got in play.news(IRO_SERVICE)]
    assert counts == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("reference", ["H-17/4", None])
def test_a_return_that_overtakes_its_notification_does_not_land_in_an_earlier_absence(
    both, reference
):
    play = both()
    first = notification()
    play.say(first)
    play.say_now(returned(first))
    second = notification(FRIDAY_NIGHT + timedelta(days=20), episode=reference, police_report=None)

    play.say_at(FRIDAY_NIGHT + timedelta(days=21), returned(second))
    play.say(second)

    first_state, second_state = map(_state, play.episodes())
    assert first_state.returned_at == FRIDAY_NIGHT + timedelta(hours=8)
    assert second_state.started_at == second.started_at
    assert second_state.over


def test_an_earlier_absence_that_is_told_late_does_not_end_the_one_that_is_on(both):
    play = both(MONDAY_OPENING)
    now = notification(MONDAY_OPENING, episode="H-17/4", police_report=None)
    play.say(now)
    earlier = notification(episode="H-17/3", police_report=None)

    outcome = play.say(returned(earlier), earlier)

    assert outcome.accepted == 2
    by_start = {state.started_at: state.over for state in map(_state, play.episodes())}
    assert by_start == {earlier.started_at: True, now.started_at: False}


def test_an_end_before_the_child_was_last_seen_is_refused(both):
    play = both()
    said = notification()
    play.say(said)

    outcome = play.say(returned(said, at=FRIDAY_NIGHT - timedelta(hours=2)))

    assert outcome.codes == {"invalid": 1}
    assert play.rejections(HOME)[0].field == "occurred_at"
    assert not play.state().over


def test_a_reference_of_an_absence_that_ended_is_refused_for_a_next_one(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(returned(said))

    outcome = play.say_now(notification(FRIDAY_NIGHT + timedelta(days=2)))

    assert outcome.codes == {"invalid": 1}
    assert "use a new reference" in play.rejections(HOME)[0].detail


def siblings(**changes):
    def sibling(given, reference):
        held = Reference(holder=HOME, scheme=Scheme.home_reference, value=reference)
        return child(references=(held,), given_name=given)

    return [
        notification(child=sibling(given, reference), incident="H-2026-5", **changes | own)
        for given, reference, own in (
            ("Robin", "H-17", {"episode": changes.get("episode", "H-17/3")}),
            ("Wren", "H-18", {"episode": changes.get("episode", "H-18/1")}),
        )
    ]


@pytest.mark.parametrize("changes", [{}, {"episode": None}], ids=["own references", "none"])
def test_siblings_with_one_incident_and_one_police_reference_stay_apart(both, changes):
    play = both()
    first, second = siblings(**changes)

    play.say(first, second)
    play.say_now(returned(second))

    assert len(play.children()) == 2
    assert sorted(_state(episode).over for episode in play.episodes()) == [False, True]
    assert play.duties("settle-identity") == []


def test_a_police_reference_quoted_for_another_child_joins_nothing_and_asks(stage):
    play = stage()
    play.say(notification())
    other = child(
        references=(Reference(holder=HOME, scheme=Scheme.home_reference, value="H-99"),),
        given_name="Alex",
        family_name="Different",
    )

    play.say(notification(child=other, episode=None))

    assert len(play.children()) == 2
    assert play.duties("settle-identity")


def test_an_exercise_never_joins_a_real_child(both):
    play = both()
    play.say(notification())

    play.say(notification(exercise=True))

    assert len(play.children()) == 2
    assert len(play.episodes()) == 2
    assert [episode.exercise for episode in play.episodes()].count(True) == 1
    assert play.duties("settle-identity") == []


def test_a_report_taken_back_is_told_to_all_who_were_told_and_asks_nothing_more(both):
    play = both()
    said = notification()
    play.say(said)
    told = play.told()

    play.say_now(
        notification(FRIDAY_NIGHT + timedelta(minutes=5), action="cancel", replaces=said.message_id)
    )

    assert play.state().cancelled
    assert play.told() == told
    assert all(
        play.last(address).message.KIND == "iro.alert"
        or play.last(address).message.action == "cancel"
        for address in told
    )
    play.until(MONDAY_OPENING + timedelta(days=1))
    assert play.climbed("answer") == []


def test_a_correction_goes_where_the_corrected_message_went(both):
    play = both()
    said = notification(episode=None, police_report=None, child=child(references=()))
    play.say(said)

    right = notification(
        episode=None, police_report=None, child=child(references=(), given_name="Robyn"),
        action="update", replaces=said.message_id, risk="high", risk_reason="Was a slip",
    )  # fmt: skip
    play.say(right)

    assert len(play.episodes()) == 1
    assert play.state().risk == "high"


def test_nobody_corrects_what_they_did_not_send(stage):
    play = stage()
    said = notification()
    play.say(said)

    outcome = play.say(notification(sender=OTHER_HOME, action="cancel", replaces=said.message_id))

    assert outcome.codes == {"nothing-to-replace": 1}
    assert not play.state().cancelled


def test_a_withdrawn_close_does_not_meet_the_check(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.say_now(returned(said))
    wrong = returned(said, stage="closed", at=FRIDAY_NIGHT + timedelta(hours=9))

    play.say_now(returned(said, stage="closed", action="cancel", replaces=wrong.message_id,
                          at=FRIDAY_NIGHT + timedelta(hours=9)))  # fmt: skip

    assert play.duty("safe-and-well-check").state == "open"


def test_a_desk_that_a_ladder_reached_is_told_the_end(stage):
    play = stage()
    said = notification()
    play.say(said)
    play.after(minutes=50)
    assert ON_CALL in play.told()

    play.say_now(returned(said))

    assert play.last(ON_CALL).message.KIND == "missing.return"


def test_a_child_known_to_walsall_by_number_is_found_by_it(stage):
    play = stage(THURSDAY_NOON)
    play.say(notification(THURSDAY_NOON, police_report=None))
    known = child(references=(Reference(holder=WALSALL, scheme="la-person-id", value="4711"),))

    play.say(notification(THURSDAY_NOON, sender=WALSALL, episode="W-1", child=known))

    assert len(play.episodes()) == 1


def _state(episode):
    return state_of(episode.facts)
