"""What the facts of an absence add up to."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.episode import Episode, standing, state_of
from broker.said import fact_of
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

EPISODE = UUID(int=7)
AT = FRIDAY_NIGHT


def facts(*messages):
    return [
        fact_of(message, number, AT, number, EPISODE) for number, message in enumerate(messages)
    ]


def state(*messages):
    return state_of(facts(*messages))


def by_police(**changes):
    said = {"sender": STAFFORDSHIRE_POLICE, "episode": "SP-1", "police_report": None}
    return notification(**said | changes)


def test_nothing_said_is_nothing_known():
    assert state().status == "unheard"
    assert state_of([]) == state()


def test_a_report_opens_the_absence_when_the_child_was_last_seen():
    assert state(notification()).status == "open"
    assert state(notification()).started_at == AT - timedelta(minutes=40)


def test_without_a_last_sight_it_began_when_noticed_then_reported_then_as_said():
    noticed = {"noticed_at": AT - timedelta(minutes=9), "reported_at": AT - timedelta(minutes=3)}
    assert state(notification(last_seen_at=None, **noticed)).started_at == noticed["noticed_at"]
    assert state(notification(last_seen_at=None)).started_at == AT


def test_it_began_when_the_earliest_report_says():
    later = by_police(last_seen_at=AT - timedelta(minutes=10))

    assert state(later, notification()).started_at == AT - timedelta(minutes=40)


def test_news_without_a_report_leaves_it_unheard():
    assert state(update(notification(), risk="high")).status == "unheard"


def test_the_lead_is_the_responsible_council_of_a_looked_after_child():
    known = state(notification())

    assert (known.lead, known.host) == (WALSALL, STOKE)


def test_the_lead_of_any_other_child_is_the_council_where_it_lives():
    known = state(notification(care_status="not-looked-after"))

    assert (known.lead, known.host) == (STOKE, "")


def test_two_reports_that_name_two_councils_make_both_the_lead():
    known = state(notification(), by_police(responsible_authority=STOKE))

    assert set(known.leads) == {WALSALL, STOKE}


def test_the_highest_of_the_last_grades_counts():
    home = notification(risk="high", risk_reason="x")
    police = by_police(risk="low", risk_reason="x")

    assert state(home, police).risk == "high"
    lowered = update(home, risk="very-low")
    assert state(home, police, lowered).risk == "low"


def test_a_grade_we_do_not_know_is_more_serious_than_medium():
    home = notification(risk="unrecognised", risk_reason="x")

    assert state(home, by_police(risk="medium", risk_reason="x")).risk == "unrecognised"
    assert state(home, by_police(risk="high", risk_reason="x")).risk == "high"


def test_three_ends_are_kept_apart():
    said = notification()
    found = returned(said, stage="found", outcome="hospital", at=AT + timedelta(hours=1))
    back = returned(said, at=AT + timedelta(hours=2))
    closed = returned(said, stage="closed", at=AT + timedelta(hours=3))

    assert (state(said, found).status, state(said, found).over) == ("found", False)
    assert (state(said, found, back).status, state(said, back).over) == ("returned", True)
    assert state(said, found, back, closed).status == "closed"
    assert state(said, found, back, closed).ended_at == back.occurred_at


def test_the_death_of_a_child_ends_the_search():
    assert state(notification(), returned(notification(), stage="found", outcome="died")).over


def test_whoever_saw_the_child_after_it_was_back_or_missed_it_then_says_that_it_is_gone_again():
    said, later = notification(), {"at": AT + timedelta(hours=3), "last_seen_at": None}
    hour, there = AT + timedelta(hours=1), {"place": {"authority": STOKE}}
    ends = (
        returned(said, stage="found", outcome="hospital", at=hour, **there),
        returned(said, at=AT + timedelta(hours=2), time_known=False),
        returned(said, stage="closed", at=AT + timedelta(hours=2)),
    )
    for when in ("last_seen_at", "noticed_at"):
        again = state(said, *ends, by_police(**later | {when: AT + timedelta(hours=2, minutes=1)}))
        assert (again.status, again.over, again.ended_at) == ("open", False, None)
        assert (again.outcome, again.found_in, again.unsure) == ("", "", ())
    assert state(said, *ends, by_police(**later)).status == "closed"  # said later, seen never


@pytest.mark.parametrize("seen", [timedelta(hours=2), timedelta(hours=3)])
def test_a_child_seen_before_it_was_back_or_as_it_came_back_is_not_gone_again(seen):
    said = notification()
    found = returned(said, stage="found", at=AT + timedelta(hours=1))
    back = returned(said, at=AT + timedelta(hours=3))
    late = by_police(at=AT + timedelta(hours=4), last_seen_at=AT + seen)

    assert state(said, found, back, late).status == "returned"


def test_a_child_who_died_is_not_gone_again():
    said = notification()
    died = returned(said, stage="found", outcome="died", at=AT + timedelta(hours=1))
    late = by_police(at=AT + timedelta(hours=3), last_seen_at=AT + timedelta(hours=2))

    assert state(said, died, late).over


def test_an_end_whose_time_is_not_known_gives_way_to_one_whose_time_is():
    said = notification()
    heard = returned(said, time_known=False, at=AT + timedelta(hours=9))
    sure = returned(said, at=AT + timedelta(hours=6))

    assert state(said, heard).unsure
    for order in ([said, heard, sure], [sure, heard, said]):
        assert not state(*order).unsure
        assert state(*order).returned_at == sure.occurred_at
    earlier = returned(said, time_known=False, at=AT + timedelta(hours=3))
    assert state(said, earlier, sure).returned_at == sure.occurred_at


def test_where_the_child_was_found_is_not_where_it_was_brought():
    said = notification()
    there = {"place": {"authority": "la.E08000025"}}
    found = returned(said, stage="found", at=AT + timedelta(hours=1), **there)
    back = returned(said, at=AT + timedelta(hours=2), place={"authority": STOKE})

    assert state(said, found, back).found_in == "la.E08000025"
    assert state(said, back).found_in == STOKE


def test_a_correction_takes_the_place_of_what_it_corrects():
    said = notification(risk="high", risk_reason="x")
    right = notification(risk="low", risk_reason="x", action="update", replaces=said.message_id)

    assert state(said, right).risk == "low"
    assert len(standing(facts(said, right))) == 1


def test_a_report_taken_back_leaves_nothing():
    said = notification()
    back = notification(action="cancel", replaces=said.message_id)

    assert state(said, back).status == "cancelled"
    assert state(said, by_police(), back).status == "open"


def test_nobody_takes_back_what_another_said_under_the_same_id():
    said = notification()
    theirs = by_police(action="cancel", replaces=said.message_id)

    assert state(said, theirs).status == "open"


def test_a_police_report_once_made_is_made():
    not_yet = notification(police_report={"channel": "not-yet"})

    assert state(not_yet).police_report == "not-yet"
    assert state(not_yet, update(not_yet, police_reference="SP-1")).police_report == "made"
    given = {"channel": "not-yet", "reference": "SP-1"}
    assert state(notification(police_report=given)).police_report == "made"
    assert state(notification(police_report=None)).police_report == ""
    assert state(by_police(police_report=None)).police_report == "made"  # the police know


def test_an_address_that_one_report_protects_stays_protected():
    protected = notification(lives={"authority": STOKE, "address_protected": True})

    assert state(protected, by_police()).address_protected
    assert not state(by_police()).address_protected


def test_a_fact_holds_no_name_and_no_narrative():
    (fact,) = facts(notification(circumstances="Ran to a friend", risk_author="Sergeant Example"))
    text = repr(fact)

    for word in ("Robin", "Example", "friend", "Sergeant", "2011-05"):
        assert word not in text


def test_the_shared_reference_is_no_reference_of_the_senders_own():
    own, shared = facts(notification(), notification(episode=str(EPISODE)))

    assert "own_reference" in own.said
    assert "own_reference" not in shared.said


STORY = [
    notification(),
    by_police(risk="low", risk_reason="x", at=AT + timedelta(minutes=5)),
    update(notification(), risk="high", at=AT + timedelta(hours=1)),
    update(notification(), category="missing", immediate_danger=True, at=AT + timedelta(hours=1)),
    returned(notification(), stage="found", outcome="hospital", at=AT + timedelta(hours=2)),
    returned(notification(), time_known=False, at=AT + timedelta(hours=3)),
    returned(notification(), at=AT + timedelta(hours=3)),
    returned(by_police(), stage="closed", at=AT + timedelta(hours=3)),
]


@given(st.permutations(STORY))
def test_the_state_does_not_hang_on_the_order(story):
    assert state(*story) == state(*STORY)


def test_the_picture_of_an_absence_is_never_changed_in_place():
    empty = Episode(EPISODE, uuid4(), exercise=False)
    (fact,) = facts(notification())

    assert empty.with_fact(fact).facts == (fact,)
    assert empty.facts == ()
    assert fact.sender == HOME
