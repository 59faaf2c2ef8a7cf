"""What one message leads to, as values: no ledger, no clock but the one that is handed in."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from broker.deciding import decide
from broker.decision import Arrival, Picture, Rulebook, inbox
from broker.directory import Directory, Registered
from broker.episode import Episode, state_of
from broker.keys import Keys
from broker.policy import load
from broker.policy.model import Situation
from broker.recognition import Recognition
from broker.routing import Scene
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    notification,
    returned,
    update,
)

DIRECTORY = Directory.shipped().with_agencies([Registered(HOME, "The Beeches", STOKE)])
RULES = Rulebook(load.shipped(), DIRECTORY, Keys(b"sixteen bytes or more"))
CHILD, ID = UUID(int=1), UUID(int=2)
EMPTY = Picture(Recognition(CHILD, True, ()), Episode(ID, CHILD, False))
EDT = f"{WALSALL}/emergency-duty"
IRO = f"{WALSALL}/iro-service"


def said(message, picture=EMPTY, number=1, at=None):
    arrival = Arrival(at or message.occurred_at, count(number * 100), number, message)
    return decide(picture, arrival, RULES)


def then(picture, decision):
    """The picture after a decision."""
    held = {duty.id: duty for duty in (*picture.duties, *decision.duties)}
    return replace(picture, episode=decision.episode, duties=tuple(held.values()))


def story(*messages, at=None):
    """The last decision, and the picture before it."""
    picture = EMPTY
    for number, message in enumerate(messages[:-1], 1):
        picture = then(picture, said(message, picture, number, at))
    return said(messages[-1], picture, len(messages), at), picture


def addressed(decision):
    return {post.address for post in decision.posts if post.because != "receipt" and post.address}


def test_the_same_message_and_picture_lead_to_the_same_decision():
    message = notification()

    assert said(message) == said(message)


def test_ids_follow_from_the_message_and_the_address():
    message = notification()
    first = {post.id for post in said(message).posts}

    assert {post.id for post in said(message, at=FRIDAY_NIGHT + timedelta(days=1)).posts} == first
    other = message.model_copy(update={"message_id": uuid4()})
    assert {post.id for post in said(other).posts}.isdisjoint(first)
    assert len(first) == len(said(message).posts)


def test_every_delivery_goes_to_the_inbox_of_its_agency_but_the_record():
    for post in said(notification()).posts:
        expected = inbox(post.address) if post.address else "missing.notifications"
        assert post.destination == expected


def test_every_post_and_its_contents_are_there():
    decision = said(notification())
    contents = {content.number for content in decision.contents}

    assert {post.content for post in decision.posts} == contents


def test_each_duty_that_waits_for_an_answer_names_a_delivery_that_is_made():
    decision = said(notification())
    waiting = {duty.delivery: duty.owed_by for duty in decision.duties if duty.delivery}
    made = {post.id: post.address for post in decision.posts}

    assert waiting
    assert waiting.items() <= made.items()


def test_one_content_serves_all_who_see_the_same():
    decision = said(notification())
    full = [post.content for post in decision.posts if post.address in (EDT, f"{STOKE}/front-door")]

    assert len(set(full)) == 1


def test_recipients_see_the_shared_reference_and_not_the_senders():
    decision = said(notification(episode="H-17/3"))

    assert {content.message.episode for content in decision.contents} == {str(ID)}


def test_the_receipt_names_the_child_by_the_senders_own_pseudonym():
    (receipt,) = [c.message for c in said(notification()).contents if c.message.KIND == "receipt"]

    assert receipt.child == RULES.keys.pseudonym(CHILD, HOME)
    assert receipt.child != RULES.keys.pseudonym(CHILD, WALSALL)


def test_the_sender_is_counted_among_those_who_must_hear_the_end():
    assert said(notification()).episode.told[f"{HOME}/night-staff"].because == "reported"


def test_a_return_excuses_what_nobody_needs_any_more():
    first = notification()
    decision, before = story(first, returned(first))

    after = {duty.id: duty.state for duty in decision.duties}
    asked = [duty.id for duty in before.duties if duty.name == "answer"]
    assert [after[id] for id in asked] == ["cancelled"] * len(asked)


def test_all_who_were_told_are_told_the_end():
    first = notification()
    decision, before = story(first, returned(first))

    assert set(before.episode.told) - {f"{HOME}/night-staff"} <= addressed(decision)
    assert all(told.end_told for told in decision.episode.told.values())


def test_good_news_wakes_nobody_and_bad_news_does():
    first = notification()
    good, _ = story(first, returned(first))
    refuses, _ = story(first, returned(first, stage="found", outcome="refuses"))

    assert not any(post.wakes for post in good.posts)
    assert EDT in {post.address for post in refuses.posts if post.wakes}
    assert not any(told.end_told for told in refuses.episode.told.values())


def test_what_adds_nothing_is_told_to_nobody_again():
    first = notification()
    decision, _ = story(first, notification(FRIDAY_NIGHT + timedelta(minutes=9)))

    assert addressed(decision) == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"risk": "high", "risk_reason": "x"},
        {"place": {"authority": WALSALL}},
        {"immediate_danger": True},
        {"protection_plan": WALSALL},
        {"category": "away"},
    ],
)
def test_a_difference_is_told(changes):
    later = notification(FRIDAY_NIGHT + timedelta(minutes=9), **changes)
    decision, _ = story(notification(), later)

    assert f"{WALSALL}/front-door" in addressed(decision)


def test_who_is_told_late_gets_what_was_said_before_and_in_their_order():
    absent = notification(category="absent")
    news = update(absent, facts="Seen in town", at=FRIDAY_NIGHT + timedelta(minutes=5))
    up = update(absent, category="missing", at=FRIDAY_NIGHT + timedelta(minutes=9))
    decision, before = story(absent, news, up)

    room = f"{STAFFORDSHIRE_POLICE}/control-room"
    contents = [post.content for post in decision.posts if post.address == room]
    assert room not in before.episode.told
    assert contents[:2] == [fact.content for fact in before.episode.facts]
    assert len(contents) == 3


def test_a_child_found_before_it_was_missing_is_told_with_its_end():
    first = notification()
    end = returned(first)
    decision, _ = story(end, first, at=end.occurred_at)

    told_end = {post.address for post in decision.posts if post.content == 100 and post.address}
    assert {f"{STOKE}/front-door", f"{WALSALL}/return-interviews"} <= told_end
    assert "safe-and-well-check" in {duty.name for duty in decision.duties}
    assert "answer" not in {duty.name for duty in decision.duties}


def test_the_alert_to_the_reviewing_officers_counts_absences_of_90_days():
    starts = tuple(FRIDAY_NIGHT - timedelta(days=days) for days in (1, 40, 88, 95, 200))
    decision = said(notification(), replace(EMPTY, starts=starts))

    (alert,) = [c.message for c in decision.contents if c.message.KIND == "iro.alert"]
    assert alert.episodes_in_90_days == 4
    assert alert.responsible_authority == WALSALL


def test_a_report_taken_back_is_taken_back_from_the_reviewing_officers_too():
    first = notification()
    back = notification(
        FRIDAY_NIGHT + timedelta(minutes=5), action="cancel", replaces=first.message_id
    )
    decision, before = story(first, back)

    (alert,) = [post for post in decision.posts if post.address == IRO]
    message = next(c.message for c in decision.contents if c.number == alert.content)
    first_alert = next(p for p in said(first).posts if p.address == IRO)
    assert message.action == "cancel"
    assert message.replaces == next(
        c.message.message_id for c in said(first).contents if c.number == first_alert.content
    )
    assert set(before.episode.told) - {f"{HOME}/night-staff"} == addressed(decision)
    assert state_of(decision.episode.facts).cancelled


def test_an_exercise_is_marked_on_everything_that_follows():
    decision = said(notification(exercise=True), replace(EMPTY, episode=Episode(ID, CHILD, True)))

    assert all(post.exercise for post in decision.posts)
    assert all(content.message.exercise for content in decision.contents)
    assert all(duty.exercise for duty in decision.duties)


def test_a_high_risk_is_urgent_until_the_child_is_back():
    first = notification(risk="high", risk_reason="x")
    end, _ = story(first, returned(first))

    assert all(post.urgent for post in said(first).posts if post.address == IRO)
    assert not any(post.urgent for post in end.posts if post.address == IRO)


def test_what_the_decision_was_made_of_is_not_changed():
    picture = then(EMPTY, said(notification()))
    copy = replace(picture)

    said(returned(notification()), picture, 2)

    assert picture == copy


@pytest.mark.parametrize(("asks", "worked_out"), [(False, 1), (True, 2)])
def test_reports_of_children_of_any_age_share_the_work_where_no_rule_asks_for_it(asks, worked_out):
    situation = Situation("missing.notification", category="missing")
    national = load.shipped().each["England"]
    rule = replace(national.rules[0], when={"kind": {"missing.notification"}, "age": {12}})
    policy = replace(national, rules=(*national.rules, rule)) if asks else national
    rules = replace(RULES, routes={})
    scene = Scene(state_of(()), "", FRIDAY_NIGHT, DIRECTORY, {})

    for age in (12, 15):
        rules.route(policy, replace(situation, age=age), scene, policy)

    assert len(rules.routes) == worked_out
