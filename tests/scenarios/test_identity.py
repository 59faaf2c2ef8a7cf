"""Who is one child, who only may be, and what crosses between them."""

from datetime import timedelta

import pytest

from broker.ledger import tables as t
from schemas.child import Residence, Scheme
from schemas.identity import IdentityStatement
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    child,
    envelope,
    notification,
    returned,
    update,
)
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    HOST_EDT,
    IRO_SERVICE,
    NIGHT_STAFF,
    OTHER_HOME,
    SOCIAL_WORK,
)
from tests.scenarios.two_children import (
    LATER,
    NHS,
    OURS,
    THEIRS,
    pictures,
    reference,
    report,
    risks,
    rows,
    say_they_are,
    standing,
    statement,
    two_councils,
)


def test_equal_names_and_birth_dates_are_a_suspicion_and_join_nothing(both):
    play = both()

    play.say(report(HOME, OURS), report(OTHER_HOME, THEIRS))

    assert len(play.children()) == 2
    assert {duty.owed_by for duty in play.duties("settle-identity")} == {
        f"{OTHER_HOME}/night-staff",
        f"{WALSALL}/front-door",
    }


def test_a_suspicion_is_raised_once_and_not_with_every_message(stage):
    play = stage()
    play.say(report(HOME, OURS))
    second = report(OTHER_HOME, THEIRS)
    play.say(second)
    held = len(play.duties("settle-identity"))

    play.say(returned(second, at=FRIDAY_NIGHT + timedelta(hours=1)))

    assert len(play.duties("settle-identity")) == held


def test_nothing_of_a_suspected_child_crosses_to_the_other(stage):
    play = stage()
    play.say(report(HOME, OURS, responsible_authority=WALSALL))

    other = report(OTHER_HOME, THEIRS, responsible_authority=STOKE)
    play.say(other)

    (held,) = [got for got in play.news(EDT)]
    assert held.message.sender == HOME
    assert not [got for got in play.inbox(WALSALL) if got.message.sender == OTHER_HOME]


def test_the_same_health_number_and_birth_date_are_one_child(both):
    play = both()

    nhs = reference(HOME, NHS, Scheme.nhs_number)
    play.say(report(HOME, OURS, nhs))
    play.say(report(OTHER_HOME, THEIRS, reference(OTHER_HOME, NHS, Scheme.nhs_number)))

    assert len(play.children()) == 1
    assert len(play.episodes()) == 1


def test_the_same_health_number_with_another_birth_date_is_never_joined(both):
    play = both()
    play.say(report(HOME, OURS, reference(HOME, NHS, Scheme.nhs_number)))

    other = {"birth_date": "2012-01-01", "given_name": "Someone"}
    numbers = (THEIRS, reference(OTHER_HOME, NHS, Scheme.nhs_number))
    play.say(report(OTHER_HOME, *numbers, child=other))

    assert len(play.children()) == 2
    assert play.duties("settle-identity")


def test_two_reports_of_the_contradicting_child_are_one_child(stage):
    play = stage()
    nhs = reference(HOME, NHS, Scheme.nhs_number)
    other = {"birth_date": "2012-01-01", "given_name": "Someone"}
    play.say(report(HOME, nhs))

    play.say(report(OTHER_HOME, nhs, child=other), report(OTHER_HOME, nhs, child=other))
    play.say(report(STAFFORDSHIRE_POLICE, nhs, child=other))

    assert len(play.children()) == 2


def test_a_statement_joins_two_children_and_settles_the_question(both):
    play = both()
    play.say(report(HOME, OURS))
    play.say(report(OTHER_HOME, THEIRS))

    play.say(statement(same=True))

    assert len(play.children()) == 1
    assert {duty.state for duty in play.duties("settle-identity")} == {"met"}


def test_what_comes_after_a_join_is_about_the_one_child(both):
    play = both()
    play.say(report(HOME, OURS))
    second = report(OTHER_HOME, THEIRS)
    play.say(second)
    play.say(statement(same=True))

    play.say(report(OTHER_HOME, THEIRS, risk="high", risk_reason="New"))

    assert len(play.children()) == 1


def test_reports_and_the_statement_that_joins_them_may_come_in_one_batch(both):
    play = both()

    outcome = play.say(report(HOME, OURS), report(OTHER_HOME, THEIRS), statement(same=True))

    assert outcome.accepted == 3
    assert len(play.children()) == 1


def test_a_statement_that_they_differ_settles_the_question_and_joins_nothing(stage):
    play = stage()
    play.say(report(HOME, OURS), report(OTHER_HOME, THEIRS))

    play.say(statement(same=False))

    assert len(play.children()) == 2
    assert {duty.state for duty in play.duties("settle-identity")} == {"met"}


def test_only_an_agency_that_holds_the_child_may_say_who_it_is(stage):
    play = stage()
    play.say(report(HOME, OURS), report(OTHER_HOME, THEIRS))

    outcome = play.say(
        IdentityStatement(
            **envelope(STOKE, "front-door", FRIDAY_NIGHT),
            one=OURS, other=THEIRS, same=True, reason="We think so",
        )
    )  # fmt: skip

    assert outcome.codes == {"not-your-topic": 1}
    assert len(play.children()) == 2


def test_a_statement_about_a_child_nobody_reported_is_refused(stage):
    play = stage()
    play.say(report(HOME, OURS))

    assert play.say(statement(same=True)).codes == {"invalid": 1}


def test_a_protected_address_is_in_nothing_that_anybody_is_sent(both):
    play = both()
    lives = Residence(authority=STOKE, home=HOME, address="1 Refuge Row", address_protected=True)
    said = notification(lives=lives)
    play.say(said)
    play.after(hours=2)
    play.say_now(returned(said))

    assert "Refuge Row" not in play.words()


def test_an_address_that_one_report_protects_is_not_shown_by_another(both):
    play = both()
    play.say(notification(lives=Residence(authority=STOKE, home=HOME, address_protected=True)))

    told = notification(
        FRIDAY_NIGHT + timedelta(minutes=5),
        sender=STAFFORDSHIRE_POLICE,
        episode="SP-2026-0815",
        police_report=None,
        child=child(references=()),
        lives=Residence(authority=STOKE, home=HOME, address="1 Refuge Row"),
        risk="high",
        risk_reason="Pursued",
    )
    play.say_now(told)

    assert len(play.episodes()) == 1
    assert play.last(EDT).message.risk == "high"
    assert "Refuge Row" not in play.words()


def test_an_address_that_is_not_protected_is_shown(stage):
    play = stage()

    play.say(notification(lives=Residence(authority=STOKE, home=HOME, address="1 Open Street")))

    assert play.last(CONTROL_ROOM).message.lives.address == "1 Open Street"


def test_two_recipients_see_one_shared_reference_of_the_absence(stage):
    play = stage()

    play.say(notification())

    shared = str(play.episode().id)
    assert play.last(EDT).message.episode == shared
    assert play.last(SOCIAL_WORK).message.episode == shared
    assert play.receipts(HOME)[0].episode == shared


def test_the_shared_reference_may_be_quoted_back(both):
    play = both()
    play.say(report(HOME, OURS))
    shared = play.last(EDT).message.episode

    play.say(report(WALSALL, reference(WALSALL, "W-9", Scheme.la_person_id), episode=shared))

    assert len(play.episodes()) == 1
    assert len(play.children()) == 1


# -- those who were told apart


def test_two_who_were_told_apart_are_not_asked_about_again(both):
    play = both()
    two_councils(play)
    play.say_now(statement(False))
    held = len(play.duties("settle-identity"))
    nine_days = FRIDAY_NIGHT + timedelta(days=9)

    for message in (report(HOME, OURS, at=nine_days), report(OTHER_HOME, THEIRS, at=nine_days)):
        play.say_now(message)

    assert len(play.duties("settle-identity")) == held
    assert len(play.children()) == 2


def test_one_health_number_does_not_join_two_who_were_told_apart_but_asks(both):
    play = both()
    ours = report(HOME, OURS, reference(HOME, NHS, Scheme.nhs_number))
    theirs = report(OTHER_HOME, THEIRS, child={"given_name": "Wren"})
    play.say(ours, theirs)
    play.say_now(statement(False))
    assert play.duties("settle-identity") == []

    number = reference(OTHER_HOME, NHS, Scheme.nhs_number)
    play.say_now(report(OTHER_HOME, number, THEIRS, child={"given_name": "Wren"}, at=LATER))

    assert len(play.children()) == 2
    assert {duty.state for duty in play.duties("settle-identity")} == {"open"}


def test_quoting_the_others_absence_does_not_join_two_who_were_told_apart_but_asks(both):
    play = both()
    ours = report(HOME, OURS, police_report=REPORTED)
    theirs = report(OTHER_HOME, THEIRS, child={"given_name": "Wren"})
    play.say(ours, theirs)
    play.say_now(statement(False))

    play.say_now(update(theirs, police_reference="SP-2026-0815", at=LATER))

    assert len(play.children()) == len(play.episodes()) == 2
    assert play.duties("settle-identity")
    assert not [got for got in play.news(WALSALL) if got.message.KIND == "picture"]


REPORTED = {"channel": "101", "at": FRIDAY_NIGHT, "reference": "SP-2026-0815"}


def test_who_were_told_apart_may_be_said_to_be_one_after_all(both):
    play = both()
    two_councils(play)
    play.say_now(statement(False))

    say_they_are(play, True)

    assert len(play.episodes()) == 1
    assert all(row.undone_at == LATER for row in rows(play, t.told_apart))
    play.say_now(report(OTHER_HOME, THEIRS, at=LATER + timedelta(minutes=5)))
    assert len(play.children()) == 1


# -- names, homonyms, twins


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("Robin", "Example"), ("Róbin", "Exam-ple")),
        (("Zoë", "O\u2019Neill"), ("Zoe\u0308", "ONEILL")),
        (("Robin 🦊", "Example"), ("Robin", "Example")),
        (("\u202bمحمد\u202c", "الصغير"), ("مُحَمَّد", "الصغير")),
        (("Nguyễn", "Thị Hoa"), ("Nguyen", "Thi-Hoa")),
    ],
)
def test_one_name_written_in_two_ways_is_a_suspicion_and_joins_nothing(stage, ours, theirs):
    play = stage()

    play.say(report(HOME, OURS, child=dict(zip(("given_name", "family_name"), ours, strict=True))))
    play.say(
        report(
            OTHER_HOME, THEIRS, child=dict(zip(("given_name", "family_name"), theirs, strict=True))
        )
    )

    assert len(play.children()) == 2
    assert play.duties("settle-identity")


def test_names_of_signs_alone_raise_no_suspicion(stage):
    play = stage()

    play.say(report(HOME, OURS, child={"given_name": "🦊", "family_name": "?"}))
    play.say(report(OTHER_HOME, THEIRS, child={"given_name": "🐻", "family_name": "?"}))

    assert play.duties("settle-identity") == []


def test_homonyms_in_one_authority_are_kept_apart_by_its_own_numbers(both):
    play = both()
    one, other = (reference(WALSALL, value, Scheme.la_person_id) for value in ("4711", "4712"))
    play.say(report(HOME, OURS, one), report(OTHER_HOME, THEIRS, other))
    play.say_now(statement(False, sender=WALSALL, one=one, other=other))

    play.say_now(report(HOME, OURS, one, risk="high", risk_reason="New", at=LATER))

    assert len(play.children()) == 2
    assert sorted(risks(play)) == ["high", "medium"]
    assert not [duty for duty in standing(play) if duty.name == "settle-identity"]


def test_homonyms_in_two_authorities_have_nothing_cross_between_them(both):
    play = both()
    _, theirs = two_councils(play)
    play.say_now(statement(False))

    play.say_now(update(theirs, facts="Seen in Digbeth", at=LATER))

    assert "Digbeth" not in "".join(
        got.message.model_dump_json() for got in play.inbox(WALSALL) + play.inbox(HOME)
    )
    assert HOST_EDT not in {got.address for got in play.inbox(WALSALL)}
    assert not pictures(play, NIGHT_STAFF)
    assert not [got for got in play.news(IRO_SERVICE) if got.message.child == theirs.child]


def test_twins_of_one_home_who_left_together_are_two(both):
    play = both()
    twin = reference(HOME, "H-18")
    shared = {"police_report": REPORTED, "incident": "twins-1"}
    play.say(
        report(HOME, OURS, child={"given_name": "Robin"}, episode="H-17/3", **shared),
        report(HOME, twin, child={"given_name": "Wren"}, episode="H-18/1", **shared),
    )
    assert len(play.children()) == 2

    play.say_now(statement(False, one=OURS, other=twin))

    assert len(play.episodes()) == len(play.children()) == 2
    assert play.duties("settle-identity") == []


def test_twins_with_one_health_number_by_mistake_are_told_apart_by_name_from_then_on(both):
    play = both()
    nhs = reference(HOME, NHS, Scheme.nhs_number)
    robin, wren = {"given_name": "Robin"}, {"given_name": "Wren"}
    play.say(report(HOME, OURS, nhs, child=robin))
    play.say_now(report(OTHER_HOME, THEIRS, nhs, child=wren))
    assert len(play.children()) == 1
    say_they_are(play, False)

    play.say_now(report(BIRMINGHAM, nhs, child=wren, risk="high", risk_reason="New", at=LATER))

    assert len(play.children()) == len(play.episodes()) == 2
    (raised,) = [each for each in play.episodes() if BIRMINGHAM in {f.sender for f in each.facts}]
    assert OTHER_HOME in {fact.sender for fact in raised.facts}


def test_what_was_settled_is_asked_again_when_something_new_raises_it(both):
    play = both()
    play.say(report(HOME, OURS, reference(HOME, NHS, Scheme.nhs_number)))
    play.say(report(OTHER_HOME, THEIRS))
    play.say_now(statement(False))
    assert {duty.state for duty in play.duties("settle-identity")} == {"met"}

    number = reference(OTHER_HOME, NHS, Scheme.nhs_number)
    play.say_now(report(OTHER_HOME, number, THEIRS, at=LATER))

    assert len(play.children()) == 2
    assert {duty.state for duty in play.duties("settle-identity")} == {"open"}
