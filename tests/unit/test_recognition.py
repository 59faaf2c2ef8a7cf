"""Which child, which absence."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from broker.episode import Episode
from broker.errors import Invalid
from broker.keys import Keys
from broker.recognition import (
    NAME,
    Known,
    are_at_once,
    child_keys,
    clashes,
    episode_keys,
    is_another,
    join,
    recognise,
)
from broker.said import fact_of
from schemas.child import Reference, Scheme
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE_POLICE,
    WALSALL,
    child,
    notification,
    returned,
    update,
)

KEYS = Keys(b"sixteen bytes or more")
NHS = "9434765919"
ONE, OTHER = UUID(int=1), UUID(int=2)


def number(value="H-17", holder=HOME, scheme=Scheme.home_reference):
    return Reference(holder=holder, scheme=scheme, value=value)


def keys_of(*references, exercise=False, **about):
    return child_keys(child(references=references, **about), exercise, KEYS)


def known(**children):
    """What the ledger has: `known(ONE=[keys])` by the names of two children."""
    held = {}
    for name, keys in children.items():
        for key in keys:
            held.setdefault(key.key, []).append(Known({"ONE": ONE, "OTHER": OTHER}[name], key))
    return held


def found(own, held, quoted=None, clashing=None):
    return recognise(notification(), own, held, quoted, clashing)


HEALTH = number(NHS, scheme=Scheme.nhs_number)


def test_a_child_nobody_knows_is_new():
    own = keys_of(number())

    assert found(own, {}).is_new
    assert found(own, {}).new_keys == tuple(own)


def test_the_same_number_of_the_same_holder_is_the_same_child():
    held = known(ONE=keys_of(number()))

    assert found(keys_of(number(), given_name="Robyn"), held).child == ONE
    assert found(keys_of(number(holder=WALSALL), given_name="Robyn"), held).is_new


def test_the_same_value_in_another_scheme_is_no_ground():
    held = known(ONE=keys_of(number(scheme=Scheme.upn)))

    assert found(keys_of(number(), given_name="Robyn"), held).is_new


def test_a_health_number_is_a_ground_with_the_same_birth_date_only():
    held = known(ONE=keys_of(HEALTH))

    assert found(keys_of(HEALTH), held).child == ONE
    other = found(keys_of(HEALTH, birth_date="2012-01-01"), held)
    assert (other.is_new, other.contradicted) == (True, (ONE,))
    assert HEALTH.scheme not in {key.ground for key in keys_of(HEALTH, birth_date=None)}


def test_the_contradicting_child_is_remembered_by_its_number_too():
    own = keys_of(HEALTH, birth_date="2012-01-01")
    first = found(own, known(ONE=keys_of(HEALTH)))
    assert HEALTH.scheme.value in {key.ground for key in first.new_keys}

    again = found(own, known(ONE=keys_of(HEALTH), OTHER=first.new_keys))

    assert (again.child, again.contradicted) == (OTHER, ())


def test_a_name_and_birth_date_are_a_suspicion():
    held = known(ONE=keys_of(number()))
    own = keys_of(number("X-1", holder=WALSALL))

    seen = found(own, held)

    assert (seen.is_new, seen.suspected) == (True, (ONE,))


@pytest.mark.parametrize(
    ("given", "family"), [("ROBIN", "example"), ("Róbin", "Exam-ple"), ("Robin", "Exam ple")]
)
def test_a_suspicion_looks_past_capitals_accents_and_hyphens(given, family):
    own = keys_of(number("X-1", holder=WALSALL), given_name=given, family_name=family)

    assert found(own, known(ONE=keys_of(number()))).suspected == (ONE,)


def test_a_name_without_a_birth_date_is_not_even_a_suspicion():
    assert NAME not in {key.ground for key in keys_of(number(), birth_date=None)}


def test_an_exercise_has_keys_of_its_own():
    assert {k.key for k in keys_of(number(), HEALTH)}.isdisjoint(
        k.key for k in keys_of(number(), HEALTH, exercise=True)
    )


def test_a_scheme_we_do_not_know_is_no_ground():
    assert [k.ground for k in keys_of(number(scheme=Scheme.unrecognised))] == [NAME]


def test_a_quoted_absence_names_the_child():
    assert found(keys_of(number()), {}, quoted=ONE).child == ONE


def test_numbers_of_two_children_in_one_report_are_a_contradiction():
    first, second = number(), number("W-9", holder=WALSALL)
    held = known(ONE=keys_of(first), OTHER=keys_of(second, given_name="Wren"))

    seen = found(keys_of(first, second), held)

    assert (seen.child, seen.contradicted) == (ONE, (OTHER,))
    assert seen.new_keys == ()


def test_one_holder_gives_a_child_one_number_in_a_scheme():
    assert clashes(keys_of(number("H-17")), keys_of(number("H-18")))
    assert not clashes(keys_of(number("H-17")), keys_of(number("H-17")))
    assert not clashes(keys_of(number()), keys_of(number("P-1", holder=STAFFORDSHIRE_POLICE)))
    assert not clashes(keys_of(number()), keys_of(number("U-1", scheme=Scheme.upn)))


def test_a_child_has_one_health_number_whoever_states_it():
    theirs = number("4010232137", holder=WALSALL, scheme=Scheme.nhs_number)

    assert clashes(keys_of(HEALTH), keys_of(theirs))


def test_different_names_are_no_clash():
    assert not clashes(keys_of(given_name="Bob"), keys_of(given_name="Robert"))


def test_the_keys_of_an_absence_are_the_senders_and_the_police_ones():
    said = notification()
    assert len(episode_keys(said, STAFFORDSHIRE_POLICE, KEYS)) == 2
    police = notification(sender=STAFFORDSHIRE_POLICE, episode="SP-2026-0815", police_report=None)

    assert (
        episode_keys(police, STAFFORDSHIRE_POLICE, KEYS)
        == episode_keys(said, STAFFORDSHIRE_POLICE, KEYS)[1:]
    )
    assert len(episode_keys(said, "", KEYS)) == 1


# -- absences


def absence(*messages, id=None):
    id = id or uuid4()
    facts = [fact_of(m, n, FRIDAY_NIGHT, n, id) for n, m in enumerate(messages)]
    return Episode(id, ONE, False, tuple(facts))


HOURS = timedelta(hours=1)
DAY = timedelta(days=1)


def plain(at=FRIDAY_NIGHT, **changes):
    return notification(at, **{"episode": None, "police_report": None} | changes)


def test_a_second_report_joins_the_absence_that_is_on():
    on = absence(plain())

    assert join(plain(FRIDAY_NIGHT + HOURS), None, [on]) == on.id


def test_a_report_after_the_return_is_a_next_absence():
    over = absence(plain(), returned(plain()))

    assert join(plain(FRIDAY_NIGHT + DAY), None, [over]) != over.id
    late = plain(FRIDAY_NIGHT + DAY, last_seen_at=FRIDAY_NIGHT)
    assert join(late, None, [over]) == over.id


def test_news_joins_the_newest_absence_it_can_be_about():
    over, on = absence(plain(), returned(plain())), absence(plain(FRIDAY_NIGHT + 9 * DAY))

    assert join(update(plain(FRIDAY_NIGHT + 9 * DAY)), None, [over, on]) == on.id
    assert join(update(plain()), None, [over, on]) == over.id


def test_a_return_long_after_an_absence_ended_is_not_about_it():
    over = absence(plain(), returned(plain()))

    assert join(returned(plain(FRIDAY_NIGHT + 9 * DAY)), None, [over]) != over.id
    assert join(returned(plain(), at=FRIDAY_NIGHT + 9 * HOURS), None, [over]) == over.id


def test_the_police_may_close_an_absence_days_after_it_ended():
    over = absence(plain(), returned(plain()))
    closing = returned(plain(), stage="closed", at=FRIDAY_NIGHT + 4 * DAY)

    assert join(closing, None, [over]) == over.id


def test_a_report_of_another_reference_and_another_time_is_another_absence():
    on = absence(notification(episode="H-17/3"))

    assert join(notification(FRIDAY_NIGHT + DAY, episode="H-17/4"), None, [on]) != on.id
    assert join(notification(episode="H-17/3b"), None, [on]) == on.id  # the same hour: renamed


def test_a_return_under_another_reference_of_its_sender_is_kept_apart():
    on = absence(notification(episode="H-17/3"))
    other = returned(notification(episode="H-17/4"), at=FRIDAY_NIGHT - DAY)

    assert is_another(other, on)
    assert join(other, None, [on]) != on.id


def test_an_end_before_the_beginning_is_refused():
    on = absence(plain())
    early = returned(plain(), at=FRIDAY_NIGHT - DAY)

    for quoted, others in ((on, []), (None, [on])):
        with pytest.raises(Invalid, match="last seen"):
            join(early, quoted, others)


def test_an_end_of_unknown_time_is_not_judged_by_it():
    on = absence(plain())
    early = returned(plain(), at=FRIDAY_NIGHT - DAY, time_known=False)

    assert join(early, on, []) == on.id


def test_a_report_that_quotes_an_absence_that_was_over_is_refused():
    over = absence(plain(), returned(plain()))

    with pytest.raises(Invalid, match="new reference"):
        join(plain(FRIDAY_NIGHT + DAY), over, [])


def test_nothing_joins_what_was_taken_back():
    said = plain()
    gone = absence(said, plain(action="cancel", replaces=said.message_id))

    assert join(plain(), None, [gone]) != gone.id


def test_two_absences_are_one_only_if_neither_had_ended_when_the_other_began():
    over, on = absence(plain(), returned(plain())), absence(plain(FRIDAY_NIGHT + DAY))
    meanwhile = absence(plain(FRIDAY_NIGHT + HOURS))

    assert not are_at_once(over, on)
    assert not are_at_once(on, over)
    assert are_at_once(over, meanwhile)
    assert are_at_once(absence(update(plain())), on)


def test_the_same_message_names_the_same_new_child_and_absence_again():
    said = notification()

    assert recognise(said, [], {}, None).child == recognise(said, [], {}, None).child
    assert join(said, None, []) == join(said, None, [])
