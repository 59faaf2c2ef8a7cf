"""What follows when two children are said to be one, and when one is said to be two."""

from datetime import timedelta

from sqlalchemy import event, select

from broker.ledger import tables as t
from broker.records import Record
from schemas.child import Scheme
from schemas.codec import encode
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    answer,
    returned,
    update,
)
from tests.scenarios.people import (
    BIRMINGHAM,
    CONTROL_ROOM,
    EDT,
    OTHER_HOME,
    SOCIAL_WORK,
)
from tests.scenarios.two_children import (
    BIRMINGHAM_EDT,
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
    statuses,
    two_councils,
)

# -- joining by a statement


def test_absences_at_the_same_time_become_one_and_everyone_who_knew_is_shown_it(both):
    play = both()
    two_councils(play)
    play.until(LATER)
    knew = {address for episode in play.episodes() for address in episode.told}

    say_they_are(play, True)

    merged = play.episode()
    assert set(merged.told) == knew >= {EDT, BIRMINGHAM_EDT, CONTROL_ROOM}
    for address in knew:
        (shown,) = pictures(play, address, "joined")
        assert (shown.episode, shown.status) == (str(merged.id), "open")
    assert not any(got.wakes for got in play.inbox(EDT, "picture"))


def test_a_picture_of_a_join_names_nobody(stage):
    play = stage()
    two_councils(play, family_name="Quillfeather")
    say_they_are(play, True)

    shown = [each.model_dump_json() for each in pictures(play, STOKE) + pictures(play, WALSALL)]

    assert shown
    assert not any(word in text for text in shown for word in ("Robin", "Quill", "H-17"))


def test_what_both_absences_made_one_desk_owe_is_owed_once(both):
    play = both()
    two_councils(play)

    say_they_are(play, True)

    standing = [(duty.name, duty.owed_by) for duty in play.duties() if duty.standing]
    assert len(standing) == len(set(standing))
    assert ("answer", CONTROL_ROOM) in standing
    assert "superseded" in {duty.state for duty in play.duties("answer", CONTROL_ROOM)}


def test_an_answer_to_either_of_the_two_deliveries_meets_what_is_owed_once(stage):
    play = stage()
    two_councils(play)
    _, second = play.news(CONTROL_ROOM)
    say_they_are(play, True)

    play.answer(second)

    assert not [duty for duty in play.duties("answer", CONTROL_ROOM) if duty.standing]


def test_an_answer_in_the_batch_of_the_join_still_finds_its_absence(stage):
    play = stage()
    two_councils(play)
    _, second = play.news(CONTROL_ROOM)

    play.say(statement(True), answer(second.id, second.address, at=play.clock.now()))

    assert play.episode().told[CONTROL_ROOM].acting


def test_absences_at_different_times_stay_two(both):
    play = both()
    before = FRIDAY_NIGHT - timedelta(days=3)
    first = report(HOME, OURS, at=before)
    play.say(first, returned(first, at=before + timedelta(hours=2)))
    play.say(report(OTHER_HOME, THEIRS))

    say_they_are(play, True)

    assert len(play.episodes()) == 2
    assert len(play.children()) == 1
    assert {got.address for got in play.inbox(WALSALL, "picture")} == {SOCIAL_WORK}


def test_the_end_of_the_joined_absence_goes_to_those_told_of_either(both):
    play = both()
    _, theirs = two_councils(play)
    say_they_are(play, True)

    play.say_now(returned(theirs, at=LATER + timedelta(hours=1)))

    assert play.state().status == "returned"
    assert all(told.end_told for told in play.episode().told.values())
    for address in (EDT, BIRMINGHAM_EDT, CONTROL_ROOM):
        assert play.last(address).message.KIND in ("missing.return", "iro.alert"), address


def test_a_join_is_kept_with_its_ground_and_the_message_that_said_so(both):
    play = both()
    two_councils(play)

    say_they_are(play, True)

    (join,) = rows(play, t.child_join)
    assert (join.ground, join.at, join.undone_at) == ("statement", LATER, None)
    assert join.kept in play.children()
    with play.ledger.reading() as connection:
        said = connection.execute(select(t.message).where(t.message.c.number == join.message)).one()
    assert (said.kind, said.sender) == ("identity.statement", HOME)


def test_a_join_without_a_statement_is_kept_with_its_ground_too(both):
    play = both()
    home = report(HOME, OURS, episode="H-17/3")
    police = report(
        STAFFORDSHIRE_POLICE,
        reference(STAFFORDSHIRE_POLICE, "N-991", Scheme.police_reference),
        episode="SP-2026-0815",
    )
    play.say(home)
    play.say(police)

    play.say_now(update(home, police_reference="SP-2026-0815"))

    assert len(play.episodes()) == 1
    assert [join.ground for join in rows(play, t.child_join)] == ["quoted"]


def test_the_sender_of_a_statement_hears_in_words_what_came_of_it(both):
    play = both()
    two_councils(play)

    say_they_are(play, True)

    said = play.receipts(HOME)[-1]
    assert "one child" in said.words
    assert {line.because for line in said.told} == {"joined"}
    assert EDT in {line.address for line in said.told}


def test_saying_again_that_they_are_one_changes_nothing(both):
    play = both()
    two_councils(play)
    say_they_are(play, True)
    shown = len(pictures(play, EDT))

    say_they_are(play, True, at=LATER + timedelta(hours=1), sender=OTHER_HOME)

    assert len(rows(play, t.child_join)) == 1
    assert len(pictures(play, EDT)) == shown
    assert "already" in play.receipts(OTHER_HOME)[-1].words


# -- splitting


def test_a_split_gives_each_child_its_own_absence_and_references_back(both):
    play = both()
    _, theirs = two_councils(play)
    play.until(LATER + timedelta(hours=1))
    before = {(episode.id, episode.child) for episode in play.episodes()}
    knew = {episode.id: set(episode.told) for episode in play.episodes()}
    play.say_now(statement(True))

    play.say_now(statement(False))

    assert {(episode.id, episode.child) for episode in play.episodes()} == before
    assert {episode.id: set(episode.told) for episode in play.episodes()} == knew
    (join,) = rows(play, t.child_join)
    assert join.undone_at is not None
    play.say_now(returned(theirs, at=LATER + timedelta(hours=2)))
    assert sorted(statuses(play)) == ["open", "returned"]


def test_a_split_shows_each_who_knew_where_its_own_child_stands(both):
    play = both()
    two_councils(play)
    of_walsall, of_birmingham = sorted(play.episodes(), key=lambda one: one.facts[0].number)
    say_they_are(play, True)

    say_they_are(play, False, at=LATER + timedelta(hours=1))

    def shown(address):
        return {each.episode: each.status for each in pictures(play, address, "split")}

    assert shown(EDT) == {str(of_walsall.id): "open"}
    assert shown(BIRMINGHAM_EDT) == {str(of_birmingham.id): "open"}
    assert shown(CONTROL_ROOM) == {str(of_walsall.id): "open", str(of_birmingham.id): "open"}


def test_whoever_was_told_of_a_child_that_is_not_theirs_is_told_so(both):
    play = both()
    _, theirs = two_councils(play)
    of_birmingham = max(play.episodes(), key=lambda one: one.facts[0].number)
    say_they_are(play, True)
    half_past = LATER + timedelta(minutes=30)
    play.say_now(update(theirs, facts="Seen in Digbeth", at=half_past))
    wrong = play.last(EDT)
    assert wrong.message.facts == "Seen in Digbeth"

    say_they_are(play, False, at=LATER + timedelta(hours=1))

    (taken_back,) = [each for each in pictures(play, EDT) if each.status == "not-yours"]
    assert taken_back.episode == str(of_birmingham.id)
    assert taken_back.risk is None
    assert taken_back.lead is None
    assert str(wrong.id) in taken_back.words
    assert not [
        duty
        for duty in standing(play)
        if duty.episode == of_birmingham.id and duty.owed_by.startswith(WALSALL)
    ]
    assert not [each for each in pictures(play, CONTROL_ROOM) if each.status == "not-yours"]
    assert not [each for each in pictures(play, BIRMINGHAM_EDT) if each.status == "not-yours"]


def test_after_a_split_news_of_one_child_reaches_nobody_of_the_other(both):
    play = both()
    _, theirs = two_councils(play)
    say_they_are(play, True)
    say_they_are(play, False, at=LATER + timedelta(hours=1))
    held = len(play.news(WALSALL))

    play.say_now(update(theirs, risk="high", at=LATER + timedelta(hours=2)))
    play.say_now(returned(theirs, at=LATER + timedelta(hours=3)))

    assert len(play.news(WALSALL)) == held
    assert play.last(BIRMINGHAM_EDT).message.KIND in ("missing.return", "iro.alert")


def test_after_a_split_every_desk_owes_for_each_child_what_it_owed_before(both):
    play = both()
    two_councils(play)
    before = sorted((duty.name, duty.owed_by, duty.episode) for duty in standing(play))
    play.say_now(statement(True))

    play.say_now(statement(False))

    after = sorted((duty.name, duty.owed_by, duty.episode) for duty in standing(play))
    assert after == [each for each in before if each[0] != "settle-identity"]


def test_the_sender_of_a_split_is_told_nothing_of_whom_the_other_childs_news_went_to(stage):
    play = stage()
    two_councils(play)
    say_they_are(play, True)

    say_they_are(play, False, at=LATER + timedelta(hours=1))

    said = play.receipts(HOME)[-1]
    assert "two children" in said.words
    assert {line.because for line in said.told} == {"split"}
    assert not [line for line in said.told if line.address.startswith(BIRMINGHAM)]
    assert "Birmingham" not in said.words


def stored(play):
    return {episode.id: episode for episode in play.episodes()}


def test_a_second_split_changes_nothing(both):
    play = both()
    two_councils(play)
    say_they_are(play, True)
    say_they_are(play, False, at=LATER + timedelta(hours=1))
    before, shown = stored(play), len(pictures(play, EDT))

    play.say_now(statement(False, sender=OTHER_HOME))

    assert stored(play) == before
    assert len(pictures(play, EDT)) == shown


def test_joined_split_and_joined_again_is_joined(both):
    play = both()
    _, theirs = two_councils(play)
    say_they_are(play, True)
    once = play.episode()
    say_they_are(play, False, at=LATER + timedelta(hours=1))

    say_they_are(play, True, at=LATER + timedelta(hours=2))

    again = play.episode()
    assert (again.id, again.child, set(again.told)) == (once.id, once.child, set(once.told))
    assert [fact.number for fact in again.facts] == [fact.number for fact in once.facts]
    assert [join.undone_at is None for join in rows(play, t.child_join)] == [False, True]
    owed = [(duty.name, duty.owed_by) for duty in standing(play)]
    assert len(owed) == len(set(owed))
    play.say_now(returned(theirs, at=LATER + timedelta(hours=3)))
    assert statuses(play) == ["returned"]


def test_everything_from_the_reports_to_the_split_may_come_in_one_batch(both):
    play = both()

    outcome = play.say(
        report(HOME, OURS),
        report(OTHER_HOME, THEIRS, responsible_authority=BIRMINGHAM),
        statement(True),
        report(OTHER_HOME, THEIRS, risk="high", risk_reason="New", sent_at=LATER),
        statement(False),
        statement(True),
        statement(False),
    )

    assert outcome.accepted == 7
    assert len(play.episodes()) == len(play.children()) == 2
    assert sorted(risks(play)) == ["high", "medium"]


def test_children_that_were_taken_for_one_from_the_start_can_be_split(both):
    play = both()
    nhs = (reference(HOME, NHS, Scheme.nhs_number), reference(OTHER_HOME, NHS, Scheme.nhs_number))
    play.say(report(HOME, OURS, nhs[0], responsible_authority=WALSALL))
    play.say_now(report(OTHER_HOME, THEIRS, nhs[1], responsible_authority=BIRMINGHAM))
    assert len(play.episodes()) == 1

    say_they_are(play, False)

    assert len(play.episodes()) == len(play.children()) == 2
    known = {str(one.id) for one in play.episodes()}
    assert {each.episode for each in pictures(play, CONTROL_ROOM, "split")} == known


def test_a_desk_that_the_second_child_never_reached_gets_its_news_after_the_split(both):
    play = both()
    nhs = (reference(HOME, NHS, Scheme.nhs_number), reference(OTHER_HOME, NHS, Scheme.nhs_number))
    play.say(report(HOME, OURS, nhs[0]))
    second = report(OTHER_HOME, THEIRS, nhs[1])
    play.say_now(second)
    assert [got.message.sender for got in play.news(CONTROL_ROOM)] == [HOME]

    play.say_now(statement(False))

    assert [got.message.sender for got in play.inbox(CONTROL_ROOM, "missing.notification")] == [
        HOME,
        OTHER_HOME,
    ]
    of_second = max(play.episodes(), key=lambda one: one.facts[-1].number)
    assert ("answer", CONTROL_ROOM, of_second.id) in {
        (duty.name, duty.owed_by, duty.episode) for duty in standing(play)
    }


def test_what_is_not_sent_yet_goes_out_under_the_right_child(both):
    play = both()
    _, theirs = two_councils(play)
    children = {episode.id: episode.child for episode in play.episodes()}
    say_they_are(play, True)
    play.outage = True
    play.say_now(update(theirs, facts="Seen in Digbeth", at=LATER + timedelta(minutes=5)))

    play.say_now(statement(False, at=LATER + timedelta(minutes=10)))

    with play.ledger.reading() as connection:
        waiting = connection.execute(
            select(t.delivery).where(
                t.delivery.c.sequence.is_(None), t.delivery.c.episode.isnot(None)
            )
        ).all()
    assert waiting
    assert all(children[each.episode] == each.child for each in waiting)


def test_one_reference_twice_is_no_statement_that_they_differ(stage):
    play = stage()
    two_councils(play)

    outcome = play.say(statement(False, other=OURS))

    assert outcome.codes == {"invalid": 1}


def test_a_health_number_settles_nothing_by_itself(stage):
    play = stage()
    play.say(report(HOME, OURS, reference(HOME, NHS, Scheme.nhs_number)))
    play.say(report(OTHER_HOME, THEIRS))

    mine = reference(HOME, NHS, Scheme.nhs_number)

    assert play.say(statement(True, one=mine)).codes == {"invalid": 1}
    assert len(play.children()) == 2


def test_statements_are_looked_up_in_as_many_queries_whatever_their_number(stage):
    def asked_for(pairs):
        play, asked = stage(), []
        for n in range(pairs):
            play.say(report(HOME, reference(HOME, f"H-{n}")))
            play.say(report(OTHER_HOME, reference(OTHER_HOME, f"L-{n}")))
        event.listen(play.ledger.engine, "before_cursor_execute", lambda *how: asked.append(how[2]))
        play.decider.take(
            [
                Record(
                    f"outbox.{HOME}",
                    "topic-id",
                    1_000 + n,
                    encode(
                        statement(
                            False,
                            one=reference(HOME, f"H-{n}"),
                            other=reference(OTHER_HOME, f"L-{n}"),
                        )
                    ),
                )
                for n in range(pairs)
            ]
        )
        return sum(text.lstrip().startswith("SELECT") for text in asked)

    assert asked_for(1) == asked_for(7)
