"""Where a child is placed: who is told, what is owed by law, and what the police need not know."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.placements.placement import placement_of
from schemas.casework import Referral
from schemas.child import Reference, Scheme
from schemas.identity import IdentityStatement
from schemas.message import Action
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    STAFFORDSHIRE_POLICE,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    arrival,
    child,
    envelope,
    notification,
    placement,
    returned,
)

HOST = f"{STOKE}/placements"
OURS = f"{WALSALL}/placements"
IRO = f"{WALSALL}/iro-service"
OTHER_HOME = "provider.SC999002"
DAY = timedelta(days=1)


def kinds(play, address):
    return [got.message.KIND for got in play.news(address)]


def the_placement(play):
    (it,) = [it for episode in play.episodes() if (it := placement_of(episode)) and it.noticed]
    return it


# -- told


def test_a_planned_placement_outside_the_area_is_told_to_all_whom_the_law_names(both):
    play = both(THURSDAY_NOON)

    play.say(
        placement(school="school.S999", health="health.H999", risk={"factors": ["missing-before"]})
    )

    assert play.told() == {
        HOST,
        IRO,
        f"{HOME}/home-manager",
        f"{STAFFORDSHIRE_POLICE}/missing-unit",
    }
    assert play.last(HOST).message.needs is None
    assert play.last(f"{HOME}/home-manager").view == "summary"
    assert play.last(IRO).message.event == "placement-change"
    assert play.duty("give-placement-notice").state == "met"
    assert play.duty("state-approval").state == "met"
    assert play.woken() == set()


def test_the_police_of_the_area_hear_of_it_only_where_a_risk_is_theirs(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement())

    assert kinds(play, f"{STAFFORDSHIRE_POLICE}/missing-unit") == []


def test_a_placement_in_the_own_area_goes_to_no_host_and_owes_no_notice(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(host_authority=WALSALL, distance="own-area", home=None, carer="FC-7"))

    assert play.told() == {IRO}
    assert play.duties("give-placement-notice") == []


def test_a_protected_address_reaches_nobody_but_the_register_knows_the_council(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(address="1 Secret Lane", address_protected=True))

    assert play.last(HOST).message.address is None
    assert the_placement(play).host == STOKE


# -- by when


@pytest.mark.parametrize(
    ("sent", "state"), [(timedelta(hours=1), "met"), (timedelta(0), "met-late")]
)
def test_before_has_no_grace(stage, sent, state):
    start = THURSDAY_NOON + 3 * DAY
    play = stage(start - sent)

    play.say(placement(start - sent, starts_at=start))

    assert play.duty("give-placement-notice").state == state


def test_an_emergency_over_easter_has_five_working_days_from_its_start(stage):
    thursday = datetime(2026, 4, 2, 16, tzinfo=UTC)  # 17:00 BST, the day before Good Friday
    play = stage(thursday)

    play.say(placement(thursday, stage="emergency", starts_at=thursday, approval=None))

    notice = play.duty("give-placement-notice")
    assert notice.due_at == datetime(2026, 4, 13, 23, tzinfo=UTC)  # 24:00 BST on Monday 13th
    assert notice.state == "met"
    assert play.duties("state-approval") == []


def test_a_distant_placement_without_the_director_stays_owed_and_the_officers_hear_it(stage):
    play = stage(THURSDAY_NOON)

    said = placement(approval=None)
    play.say(said)

    assert play.last(IRO).message.event == "approval-missing"
    assert play.duty("state-approval").state == "open"
    by_officer = said.model_copy(update={"message_id": placement().message_id})
    play.say(placement(approval={"by": "nominated-officer"}, placement=None))
    assert play.duty("state-approval").state == "open"
    play.until(THURSDAY_NOON + DAY)
    play.say(placement(THURSDAY_NOON + DAY, starts_at=by_officer.starts_at))
    assert play.duty("state-approval").state == "met"


def test_the_officers_hear_that_one_who_is_not_the_director_approved_a_distant_placement(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(approval={"by": "nominated-officer"}))

    assert play.last(IRO).message.event == "approval-missing"


def test_an_emergency_waits_for_no_approval_and_the_officers_do_not_hear_of_one(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(stage="emergency", starts_at=THURSDAY_NOON, approval=None))

    assert play.last(IRO).message.event == "placement-change"


def test_an_officer_is_enough_in_an_adjoining_area(stage):
    play = stage(THURSDAY_NOON)

    play.say(placement(distance="adjoining", approval={"by": "nominated-officer"}))

    assert play.duty("state-approval").state == "met"


# -- arrivals


def test_an_arrival_without_notice_is_owed_one_by_the_council_that_placed_the_child(both):
    came = datetime(2026, 12, 24, 17, tzinfo=UTC)
    play = both(came + timedelta(minutes=70))
    play.say(arrival(came + timedelta(minutes=70), occurred_at=came))

    told = {HOST, OURS, IRO, f"{STOKE}/emergency-duty", f"{WALSALL}/emergency-duty"}
    assert play.told() == told
    assert play.woken() == set()
    assert play.duty("give-placement-notice").due_at == datetime(2027, 1, 6, tzinfo=UTC)
    play.until(datetime(2027, 1, 4, 12, tzinfo=UTC))
    late = {"stage": "emergency", "starts_at": came, "approval": {"exception": "emergency"}}
    play.say(placement(play.clock.now(), risk=None, **late))
    assert play.rejections(WALSALL)[0].code == "risk-block-required"
    assert play.duty("give-placement-notice").state == "open"
    play.until(datetime(2027, 1, 5, 16, tzinfo=UTC))
    play.say(placement(play.clock.now(), **late))
    assert play.duty("give-placement-notice").state == "met"


def test_a_plan_that_was_never_told_is_late_whenever_the_home_told_of_it(stage):
    play = stage(THURSDAY_NOON)
    play.say(arrival())
    play.after(days=1)

    play.say(placement(play.clock.now(), starts_at=THURSDAY_NOON))

    assert play.duty("give-placement-notice").state == "met-late"


def test_a_home_that_says_nothing_of_an_arrival_is_late_after_a_day(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())

    play.until(THURSDAY_NOON + 4 * DAY + timedelta(minutes=1))

    admission = play.duty("tell-host-of-admission")
    assert (admission.owed_by, admission.state) == (f"{HOME}/home-manager", "late")
    assert play.climbed("tell-host-of-admission") == [HOST]


def test_a_home_may_say_it_before_the_council_does(stage):
    play = stage(THURSDAY_NOON)
    play.say(arrival())

    assert play.duty("tell-host-of-admission").state == "met"


def test_two_homes_that_claim_one_child_are_asked_about(stage):
    play = stage(THURSDAY_NOON)
    play.say(arrival())

    play.say(arrival(sender=OTHER_HOME))

    asked = play.duty("settle-where-the-child-lives")
    assert (asked.owed_by, asked.state) == (OURS, "open")
    play.answer(play.last(OURS))
    assert play.duty("settle-where-the-child-lives").state == "met"


# -- it ends


def test_the_end_is_told_before_it_and_at_once_within_ten_working_days(stage):
    play = stage(THURSDAY_NOON)
    start, end = THURSDAY_NOON - 30 * DAY, THURSDAY_NOON + DAY
    play.say(placement(THURSDAY_NOON - 40 * DAY, sent_at=THURSDAY_NOON, starts_at=start))

    play.say(placement(stage="ended", starts_at=start, ends_at=THURSDAY_NOON - DAY,
                       immediate_risk=True, risk=None))  # fmt: skip

    ending = play.duty("give-end-notice")
    assert ending.state == "met"
    assert ending.due_at == datetime(2026, 4, 10, 23, tzinfo=UTC)  # Easter is not counted
    assert end > start


def test_a_move_ends_the_placement_before_and_the_area_that_is_left_hears_it(stage):
    play = stage(THURSDAY_NOON)
    first = placement()
    play.say(first)
    play.after(days=20)
    moved = placement(
        play.clock.now(), stage="planned", starts_at=play.clock.now() + DAY, home=None,
        carer="FC-9", host_authority=STAFFORDSHIRE,
    )  # fmt: skip

    play.say(moved)

    assert [got.rule for got in play.news(HOST)][-1:] == ["moved-on"]
    assert play.last(HOST).view == "summary"
    assert play.duty("give-end-notice").state == "open"
    play.say(placement(play.clock.now(), stage="ending", starts_at=first.starts_at,
                       ends_at=moved.starts_at, risk=None))  # fmt: skip
    assert play.duty("give-end-notice").state == "met"


def test_a_change_says_itself_that_the_placement_before_it_ends(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement())
    play.after(days=20)

    play.say(placement(play.clock.now(), stage="change", starts_at=play.clock.now() + DAY,
                       home=OTHER_HOME))  # fmt: skip

    assert play.duty("give-end-notice").state == "met"


def test_a_notice_that_is_taken_back_is_taken_back_from_all_who_had_it(stage):
    play = stage(THURSDAY_NOON)
    said = placement()
    play.say(said)

    play.say(said.model_copy(update={
        "action": Action.cancel, "replaces": said.message_id, "message_id": placement().message_id,
    }))  # fmt: skip

    assert play.last(HOST).message.action == "cancel"
    assert {duty.state for duty in play.duties() if duty.name.startswith("give-")} == {"cancelled"}


def test_a_host_that_was_named_by_mistake_is_not_shown_where_the_child_lives_instead(both):
    play = both(THURSDAY_NOON)
    said = placement(home=None, carer="FC-9")
    play.say(said)

    play.say(placement(
        action=Action.update, replaces=said.message_id, host_authority=STAFFORDSHIRE, home=None,
        carer="FC-9", address="2 New Road",
    ))  # fmt: skip

    old, new = play.last(HOST), play.last(f"{STAFFORDSHIRE}/placements")
    assert (old.message.action, old.message.replaces) == ("cancel", said.message_id)
    assert old.because.startswith("taken-back@")
    assert (old.message.host_authority, old.message.address) == (STOKE, None)
    assert new.message.address == "2 New Road"


def test_nobody_answers_a_notice_that_was_taken_back_though_the_child_is_there(stage):
    play = stage(THURSDAY_NOON)
    said = placement(starts_at=THURSDAY_NOON)
    play.say(said, arrival())
    assert play.duty("answer-placement-notice").standing

    play.say(said.model_copy(update={
        "action": Action.cancel, "replaces": said.message_id, "message_id": placement().message_id,
    }))  # fmt: skip

    assert play.duty("answer-placement-notice").state == "cancelled"


# -- and a child who is missing


def by_police(at, **changes):
    """A report of an officer who knows nothing of the child's care."""
    return notification(
        at, sender=STAFFORDSHIRE_POLICE, from_address=f"{STAFFORDSHIRE_POLICE}/control-room",
        police_report=None, care_status="not-known", responsible_authority=None,
        lives={"authority": STOKE}, episode=None, **changes,
    )  # fmt: skip


def test_the_register_knows_what_the_police_do_not(both):
    play = both(THURSDAY_NOON)
    play.say(placement(starts_at=THURSDAY_NOON + timedelta(hours=1)))
    play.after(days=2)

    play.say(by_police(play.clock.now()))

    assert {f"{WALSALL}/front-door", f"{WALSALL}/social-work", f"{STOKE}/front-door"} <= play.told()
    assert play.last(IRO).message.event == "missing"
    assert kinds(play, f"{HOME}/night-staff") == ["missing.notification"]


def test_a_notice_that_comes_while_the_child_is_missing_reaches_whom_the_report_did_not(stage):
    play = stage(THURSDAY_NOON)
    play.say(by_police(THURSDAY_NOON))
    assert f"{WALSALL}/front-door" not in play.told()

    play.after(hours=1)
    play.say(placement(play.clock.now(), starts_at=THURSDAY_NOON - 40 * DAY))

    assert [*dict.fromkeys(kinds(play, f"{WALSALL}/front-door"))] == [
        "picture", "missing.notification", "placement.notice",
    ]  # fmt: skip
    assert play.duty("answer", f"{WALSALL}/front-door").standing
    alerts = play.inbox(IRO, "iro.alert")
    assert [got.message.event for got in alerts] == ["placement-change", "missing"]


def test_a_move_while_missing_briefs_the_new_host_and_ends_it_for_the_old(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))
    said = notification(THURSDAY_NOON)
    play.say(said)
    play.after(hours=5)

    play.say(placement(play.clock.now(), stage="change", starts_at=play.clock.now(), home=None,
                       carer="FC-9", host_authority=STAFFORDSHIRE))  # fmt: skip

    new = kinds(play, f"{STAFFORDSHIRE}/front-door")
    assert new == ["picture", "missing.notification", "placement.notice"]
    play.say(returned(said, at=play.clock.now()))
    assert kinds(play, f"{STAFFORDSHIRE}/front-door")[-1] == "missing.return"


def test_the_absence_goes_on_when_the_placement_ends(stage):
    play = stage(THURSDAY_NOON)
    start = THURSDAY_NOON - 9 * DAY
    play.say(placement(start, sent_at=THURSDAY_NOON, starts_at=start))
    play.say(notification(THURSDAY_NOON))
    play.after(days=3)

    play.say(placement(play.clock.now(), stage="ended", starts_at=start,
                       ends_at=play.clock.now(), risk=None))  # fmt: skip

    (absence,) = [episode for episode in play.episodes() if episode.state.heard]
    assert absence.state.status == "open"
    assert absence.state.placement_ended_at == play.clock.now()
    assert absence.state.lead == WALSALL


def test_a_placement_that_is_taken_back_leaves_nothing_in_the_absence(stage):
    play = stage(THURSDAY_NOON)
    said = placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON)
    play.say(said, by_police(THURSDAY_NOON))

    play.say(said.model_copy(update={
        "action": Action.cancel, "replaces": said.message_id, "message_id": placement().message_id,
    }))  # fmt: skip

    (absence,) = [episode for episode in play.episodes() if episode.state.heard]
    assert (absence.state.looked_after, absence.state.home) == (False, "")


def test_a_home_that_claims_a_child_is_told_nothing_while_the_council_says_otherwise(stage):
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))
    play.say(arrival(sender=OTHER_HOME))

    play.say(by_police(play.clock.now()))

    assert play.news(OTHER_HOME) == []
    assert "missing.notification" in kinds(play, f"{HOME}/home-manager")


def test_a_referral_of_a_child_who_is_not_missing_reaches_the_council_that_the_register_names(
    stage,
):
    play = stage(THURSDAY_NOON)
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON))

    by = envelope(HOME, "home-manager", play.clock.now())
    play.say(Referral(**by, child=child(), to="exploitation-team", reason="A lift offered"))

    assert kinds(play, f"{WALSALL}/social-work") == ["referral"]
    assert kinds(play, f"{WALSALL}/exploitation-team") == ["referral"]


# -- children who turn out to be one, or two

OF_POLICE = Reference(holder=STAFFORDSHIRE_POLICE, scheme=Scheme.police_reference, value="N-9")
OF_COUNCIL = Reference(holder=WALSALL, scheme=Scheme.la_person_id, value="4711")


def stated(play, same):
    by = envelope(WALSALL, "social-work", play.clock.now())
    said = {"one": OF_COUNCIL, "other": OF_POLICE, "same": same, "reason": "Compared"}
    play.say(IdentityStatement(**by, **said))


def a_child_of_two_records(play):
    """The council has placed a child; the police have another record of a child who is missing."""
    play.say(placement(THURSDAY_NOON - 9 * DAY, sent_at=THURSDAY_NOON,
                       child=child(references=(OF_COUNCIL,))))  # fmt: skip
    play.say(by_police(THURSDAY_NOON, child=child(references=(OF_POLICE,))))


def absence(play):
    (found,) = [episode for episode in play.episodes() if episode.state.heard]
    return found


def test_once_they_are_one_child_the_placement_is_known_of_in_the_absence(stage):
    play = stage(THURSDAY_NOON)
    a_child_of_two_records(play)
    assert f"{WALSALL}/front-door" not in play.told()

    stated(play, same=True)

    assert absence(play).state.responsible == WALSALL
    assert f"{WALSALL}/front-door" in play.told()
    assert play.duty("answer", f"{WALSALL}/front-door").standing


def test_once_they_are_two_again_it_is_known_of_no_more(stage):
    play = stage(THURSDAY_NOON)
    a_child_of_two_records(play)
    stated(play, same=True)

    stated(play, same=False)

    assert absence(play).state.responsible == ""
    assert the_placement(play).child != absence(play).child
