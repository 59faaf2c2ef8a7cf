"""Who is one child, who only may be, and what crosses between them."""

from datetime import timedelta

from schemas.child import Reference, Residence, Scheme
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
)
from tests.scenarios.people import CONTROL_ROOM, EDT, OTHER_HOME, SOCIAL_WORK

NHS = "9434765919"


def reference(holder, value, scheme=Scheme.home_reference):
    return Reference(holder=holder, scheme=scheme, value=value)


OURS = reference(HOME, "H-17")
THEIRS = reference(OTHER_HOME, "L-4")


def report(sender, *references, **changes):
    """A report that quotes nothing, by a sender that knows the child by these numbers."""
    about = changes.pop("child", {})
    plain = {"police_report": None, "episode": None}
    return notification(
        sender=sender, child=child(references=references, **about), **plain | changes
    )


def statement(same, sender=HOME, one=OURS, other=THEIRS, at=FRIDAY_NIGHT):
    return IdentityStatement(
        **envelope(sender, "night-staff", at), one=one, other=other, same=same, reason="Same"
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
