"""What an answer to a delivery leads to."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from broker.answering import Asked, Delivered, answer, waiting_for
from broker.decision import Arrival, Rulebook
from broker.directory import Directory
from broker.duties import Duty
from broker.episode import Episode, Told
from broker.errors import Invalid, NotYourDelivery, UnknownAgency
from broker.keys import Keys
from broker.policy import load
from broker.said import fact_of
from tests import examples
from tests.examples import HOME, STOKE, THURSDAY_NOON, WALSALL, notification

RULES = Rulebook(load.shipped(), Directory.shipped(), Keys(b"sixteen bytes or more"))
FRONT_DOOR, EDT = f"{WALSALL}/front-door", f"{WALSALL}/emergency-duty"
IRO = f"{WALSALL}/iro-service"
OTHER = "la.E08000025/front-door"
NOW = THURSDAY_NOON
MINUTE = timedelta(minutes=1)
ID = UUID(int=5)


def delivery(address=FRONT_DOOR, kind="missing.notification", id=3):
    return Delivered(UUID(int=id), address, kind, 70, 7, "r@p", UUID(int=6), ID, False)


def duty(id=1, owner=FRONT_DOOR, to=3, **changes):
    return Duty(
        **{
            "id": UUID(int=id), "name": "answer", "owed_by": owner, "because": "r@p",
            "basis": "local", "met_by": ("acting",), "message": 7, "opened_at": NOW,
            "episode": ID, "delivery": UUID(int=to), "starts_at": NOW, "due_at": NOW + 30 * MINUTE,
            "next_at": NOW + 30 * MINUTE,
        }
        | changes
    )  # fmt: skip


def episode():
    told = {FRONT_DOOR: Told("r@p", NOW, "full")}
    return Episode(ID, UUID(int=6), False, (fact_of(notification(), 7, NOW, 70, ID),), told)


def say(state, *duties, about=None, at=NOW, by=FRONT_DOOR, now=None, **changes):
    about = about or delivery(by)
    said = examples.answer(about.id, by, state, at=at, **changes)
    arrival = Arrival(now or at, count(100), 9, said)
    return answer(Asked(about, episode(), duties or (duty(),)), arrival, RULES)


def test_acting_meets_the_duty_and_is_remembered():
    decision = say("acting", at=NOW + 10 * MINUTE)

    assert decision.duties[0].state == "met"
    assert decision.episode is not None
    assert decision.episode.told[FRONT_DOOR].acting


def test_an_answer_counts_from_when_it_was_given():
    decision = say("acting", at=NOW + 10 * MINUTE, now=NOW + 90 * MINUTE)
    late = say("acting", at=NOW + 31 * MINUTE)

    assert (decision.duties[0].state, late.duties[0].state) == ("met", "met-late")


def test_an_answer_dated_before_the_question_is_in_time_and_no_earlier():
    assert say("acting", at=NOW - 60 * MINUTE, now=NOW).duties[0].state == "met"


def test_an_answer_dated_in_the_future_is_taken_as_of_now():
    decision = say("acting", at=NOW + 600 * MINUTE, now=NOW + 5 * MINUTE)

    assert decision.duties[0].state == "met"


def test_received_meets_only_what_a_machine_may_meet():
    machine = duty(met_by=("received",))

    assert say("received").duties == ()
    assert say("received", machine).duties[0].state == "met"
    assert say("acting", machine).duties[0].state == "met"


def test_every_answer_goes_to_the_record():
    decision = say("received")

    assert [post.destination for post in decision.posts] == ["answers"]
    assert decision.contents[0].message.state == "received"


def test_one_desk_of_an_agency_answers_for_the_others_what_they_were_asked_too():
    night, day, alert = duty(), duty(2, EDT, 4), duty(3, IRO, 5, name="answer-iro-alert")

    assert waiting_for(delivery(EDT, id=4), (night, day, alert)) == [night, day]
    assert waiting_for(delivery(IRO, "iro.alert", 5), (night, day, alert)) == [alert]


def test_what_is_settled_waits_for_nobody():
    assert waiting_for(delivery(), (duty(state="met"), duty(2, state="cancelled"))) == []
    assert waiting_for(delivery(), (duty(state="late"),)) == [duty(state="late")]


def test_whoever_was_asked_in_passing_answers_for_it():
    passed = duty(asked=(OTHER,))

    assert waiting_for(delivery(OTHER, id=8), (passed,)) == [passed]
    assert waiting_for(delivery(f"{STOKE}/front-door", id=8), (passed,)) == []


def test_the_most_pressing_comes_first():
    pressing, later = duty(2), duty(1, EDT, due_at=NOW + 900 * MINUTE)

    assert waiting_for(delivery(), (later, pressing)) == [pressing, later]


def test_need_until_puts_off_the_step_once_and_never_the_due_time():
    until = NOW + 50 * MINUTE
    (once,) = say("need-until", reason="x", until=until).duties

    assert (once.next_at, once.due_at, once.put_off) == (until, NOW + 30 * MINUTE, True)
    assert say("need-until", once, reason="x", until=until + 90 * MINUTE).duties == ()


def test_need_until_brings_no_step_forward():
    assert say("need-until", reason="x", until=NOW + 5 * MINUTE).duties == ()


def test_not_ours_asks_the_one_named_under_the_same_clock_and_leaves_the_duty():
    decision = say("not-ours", reason="Moved", whose=OTHER)

    (after,) = decision.duties
    passed = next(post for post in decision.posts if post.address == OTHER and post.content == 70)
    assert passed.answer_by == NOW + 30 * MINUTE
    assert (after.standing, after.asked, after.refused) == (True, (OTHER,), (FRONT_DOOR,))
    assert after.next_at == NOW + 30 * MINUTE


def test_not_ours_is_told_to_the_sender_of_the_message():
    decision = say("not-ours", reason="Moved", whose=OTHER)
    notice = next(one for one in decision.contents if one.message.KIND == "duty")

    addressed = {post.address for post in decision.posts if post.content == notice.number}
    assert f"{HOME}/night-staff" in addressed


def test_two_duties_of_one_agency_ask_the_one_named_once():
    decision = say("not-ours", duty(), duty(2, EDT, 4), reason="Moved", whose=OTHER)

    ids = {post.id for post in decision.posts if post.address == OTHER and post.content == 70}
    assert len(ids) == 1
    assert all(after.asked == (OTHER,) for after in decision.duties)


def test_a_second_refusal_climbs_at_once_to_the_managers_of_both():
    once = duty(refused=(FRONT_DOOR,), asked=(OTHER,))
    decision = say("not-ours", once, about=delivery(OTHER, id=8), by=OTHER, reason="No")

    (after,) = decision.duties
    assert {f"{WALSALL}/duty-manager", "la.E08000025/duty-manager"} <= set(after.asked)
    climbed = {event.address for event in decision.events if event.what == "climbed"}
    assert climbed >= {f"{WALSALL}/duty-manager", "la.E08000025/duty-manager"}
    assert after.next_at == once.next_at, "the ladder goes on from the due time"


def test_not_ours_with_nobody_to_name_climbs_at_once():
    nowhere = Episode(ID, UUID(int=6), False)
    said = examples.answer(UUID(int=3), FRONT_DOOR, "not-ours", at=NOW, reason="No")
    asked = Asked(delivery(), nowhere, (duty(),))
    (after,) = answer(asked, Arrival(NOW, count(1), 9, said), RULES).duties

    assert after.asked == (f"{WALSALL}/duty-manager",)


def test_the_agency_that_refuses_is_not_asked_again():
    decision = say("not-ours", reason="No", whose=EDT)

    assert EDT not in decision.duties[0].asked


def test_a_quiet_desk_that_is_asked_is_not_woken():
    decision = say("not-ours", reason="No", whose=OTHER)

    assert not any(post.wakes for post in decision.posts)


@pytest.mark.parametrize(
    ("about", "by"),
    [(None, FRONT_DOOR), (delivery(f"{STOKE}/front-door"), FRONT_DOOR)],
    ids=["made to nobody", "made to somebody else"],
)
def test_only_whoever_it_was_made_to_answers_a_delivery(about, by):
    said = examples.answer(UUID(int=3), by, at=NOW)

    with pytest.raises(NotYourDelivery) as fault:
        answer(Asked(about, None, ()), Arrival(NOW, count(1), 9, said), RULES)
    assert fault.value.field == "delivery"


@pytest.mark.parametrize("kind", ["receipt", "rejection", "duty", "answer"])
def test_what_homeward_says_itself_needs_no_answer(kind):
    with pytest.raises(Invalid):
        say("acting", about=delivery(kind=kind))


def test_a_word_we_do_not_know_is_no_answer():
    with pytest.raises(Invalid) as fault:
        say("unrecognised")
    assert fault.value.field == "state"


def test_not_ours_names_an_address_we_know():
    with pytest.raises(UnknownAgency):
        say("not-ours", reason="x", whose="la.E99999999/front-door")


def test_an_answer_changes_nothing_it_was_given():
    before = duty()

    say("acting", before)

    assert before == replace(duty())
