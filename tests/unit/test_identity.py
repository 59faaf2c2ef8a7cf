"""Which of two children each thing belongs to, once what was one child's is two children's."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.duties import Duty
from broker.episode import Episode, Fact, Told
from broker.keys import Keys, derived
from broker.parting import Said, Whole, part
from broker.recognition import NAME, NHS_NUMBER, ChildKey, child_keys, known_child, recognise
from broker.recognition import Known as Held
from schemas.child import Reference, Scheme
from tests.examples import FRIDAY_NIGHT, HOME, STAFFORDSHIRE_POLICE, STOKE, child, notification

KEYS = Keys(b"sixteen bytes or more")
OTHER_HOME = "provider.SC999002"
HOMES = (HOME, OTHER_HOME)
A, B, FRESH = UUID(int=1), UUID(int=2), UUID(int=9)
BIRTH, OTHER_BIRTH = KEYS.of("a birthday"), KEYS.of("another")
NAMED = ChildKey(KEYS.of("Robin Example"), NAME, "")
HEALTH = "9434765919"


def number(value, holder=HOME):
    return ChildKey(KEYS.of(holder, value), "home-reference", holder)


def health(birth=BIRTH, holder=HOME):
    return ChildKey(KEYS.of(HEALTH), NHS_NUMBER, holder, birth)


SEEDS = (number("H-17"), number("L-4", OTHER_HOME))
OURS, THEIRS = SEEDS
QUOTED = KEYS.of("SP-2026-0815")


def said(number, *keys, of=A, sender=HOME, quoted=(), to=(), answers=None):
    return Said(number, of, sender, keys, tuple(quoted), frozenset(to), answers)


def fact(number, sender=HOME, kind="missing.notification"):
    at = FRIDAY_NIGHT + timedelta(minutes=number)
    address = f"{sender}/desk"
    return Fact(number, str(UUID(int=number)), kind, sender, address, at, at, number, {})


def opened(first):
    return derived("episode", first.sender, first.message_id)


def absence(*facts, of=A, told=()):
    known = {address: Told("rule", FRIDAY_NIGHT, "full") for address in told}
    return Episode(opened(facts[0]), of, False, facts, known)


def whole(*messages, keys=SEEDS, episodes=(), duties=(), of=A):
    return Whole(of, messages, tuple(keys), tuple(episodes), tuple(duties))


def parted(one):
    return part(one, (OURS.key, THEIRS.key), FRESH)


def sides(one):
    first, second = parted(one).halves
    return sorted(first.messages), sorted(second.messages)


# -- whose a message is


def test_a_message_goes_to_the_child_whose_number_it_names():
    assert sides(whole(said(1, OURS), said(2, THEIRS), said(3, OURS))) == ([1, 3], [2])


def test_a_number_named_together_with_another_tells_as_much():
    police = number("N-991", STAFFORDSHIRE_POLICE)

    assert sides(whole(said(1, OURS), said(2, THEIRS, police), said(3, police))) == ([1], [2, 3])


def test_a_number_that_both_were_given_tells_nothing():
    shared = health()

    both = whole(said(1, OURS, shared), said(2, THEIRS, shared, of=B), said(3, shared, of=B))

    assert sides(both) == ([1], [2, 3])


def test_one_number_with_another_birth_date_tells_whose_it_is():
    first, second = health(), health(OTHER_BIRTH, OTHER_HOME)

    assert sides(whole(said(1, OURS, first), said(2, THEIRS, second), said(3, second))) == (
        [1],
        [2, 3],
    )


@pytest.mark.parametrize(("sender", "side"), [(HOME, 0), (OTHER_HOME, 1)])
def test_what_names_both_is_its_senders_own_childs(sender, side):
    both = whole(said(1, OURS), said(2, THEIRS), said(3, OURS, THEIRS, sender=sender))

    assert 3 in sides(both)[side]


def test_what_names_both_joins_no_other_numbers_to_either():
    police = number("N-991", STAFFORDSHIRE_POLICE)
    bridge = said(3, OURS, THEIRS, police, of=B, sender=STAFFORDSHIRE_POLICE)

    assert sides(whole(said(1, OURS), said(2, THEIRS, of=B), bridge, said(4, police, of=B))) == (
        [1],
        [2, 3, 4],
    )


def test_what_names_neither_stays_with_the_child_it_was_accepted_for():
    assert sides(whole(said(1, OURS), said(2, THEIRS, of=B), said(3, of=B), said(4))) == (
        [1, 4],
        [2, 3],
    )


def test_of_twins_the_name_tells_where_no_number_does():
    robin, wren = NAMED, ChildKey(KEYS.of("Wren Example"), NAME, "")

    both = whole(said(1, OURS, robin), said(2, THEIRS, wren), said(3, wren), said(4, robin))

    assert sides(both) == ([1, 4], [2, 3])


def test_what_it_calls_the_absence_tells_where_nothing_else_does():
    both = whole(said(1, OURS), said(2, THEIRS, quoted=[QUOTED]), said(3, quoted=[QUOTED]))

    assert sides(both) == ([1], [2, 3])


def test_what_tells_nothing_stays_with_the_first_child():
    assert sides(whole(said(1))) == ([1], [])


def test_an_answer_goes_with_what_it_answers():
    both = whole(said(1, OURS), said(2, THEIRS), said(3, answers=2, sender=STOKE))

    assert sides(both) == ([1], [2, 3])


# -- ids, keys, absences, duties


def test_the_child_that_was_joined_lives_again():
    first, second = parted(whole(said(1, OURS), said(2, THEIRS, of=B), said(3, THEIRS))).halves

    assert (first.child, second.child) == (A, B)


def test_where_there_never_were_two_the_second_is_new():
    first, second = parted(whole(said(1, OURS), said(2, THEIRS))).halves

    assert (first.child, second.child) == (A, FRESH)


def test_the_child_keeps_its_id_by_what_was_said_first_of_it():
    first, second = parted(whole(said(1, THEIRS), said(2, OURS))).halves

    assert (first.child, second.child) == (FRESH, A)


def test_a_name_and_a_health_number_may_be_both_childrens():
    shared = (NAMED, health())
    both = whole(said(1, OURS, *shared), said(2, THEIRS, *shared), keys=(*SEEDS, *shared))

    first, second = parted(both).halves

    assert set(first.keys) == {OURS, *shared}
    assert set(second.keys) == {THEIRS, *shared}


def test_a_number_that_both_gave_is_of_the_child_whose_holder_gave_it():
    council = number("4711", STOKE)
    both = whole(
        said(1, OURS, council),
        said(2, THEIRS, council, sender=STOKE),
        keys=(*SEEDS, council),
    )

    first, second = parted(both).halves

    assert (council in first.keys, council in second.keys) == (False, True)


def test_a_key_of_another_child_is_not_taken_because_a_message_names_it():
    first, _ = parted(whole(said(1, OURS, number("X-1")), said(2, THEIRS))).halves

    assert first.keys == (OURS,)


def test_an_absence_of_one_child_goes_to_it_as_it_is():
    mine, theirs = absence(fact(1)), absence(fact(2, OTHER_HOME), told=["la.x/desk"])

    first, second = parted(whole(said(1, OURS), said(2, THEIRS), episodes=[mine, theirs])).halves

    assert first.episodes == (mine,)
    assert second.episodes == (replace(theirs, child=FRESH),)


def test_an_absence_of_both_is_two_and_each_is_known_where_it_was_told():
    together = replace(
        absence(fact(1), fact(2, OTHER_HOME), told=["la.a/desk", "la.b/desk", f"{OTHER_HOME}/desk"])
    )
    both = whole(
        said(1, OURS, to=["la.a/desk"], quoted=[QUOTED]),
        said(2, THEIRS, to=["la.b/desk"], quoted=[KEYS.of("L-4/1"), QUOTED]),
        episodes=[together],
    )

    parting = parted(both)
    ((mine,), (theirs,)) = (half.episodes for half in parting.halves)

    assert (mine.id, theirs.id) == (together.id, opened(fact(2, OTHER_HOME)))
    assert [each.number for each in mine.facts] == [1]
    assert [each.number for each in theirs.facts] == [2]
    assert mine.told.keys() == {"la.a/desk"}
    assert theirs.told.keys() == {"la.b/desk", f"{OTHER_HOME}/desk"}
    (moved,) = parting.moved
    assert (moved.old, moved.new, moved.quoted) == (mine.id, theirs.id, {KEYS.of("L-4/1")})


def test_a_police_reference_that_both_quote_is_of_the_child_the_police_mean():
    police = number("N-991", STAFFORDSHIRE_POLICE)
    both = whole(
        said(1, OURS, quoted=[QUOTED]),
        said(2, THEIRS, police),
        said(3, police, quoted=[QUOTED], sender=STAFFORDSHIRE_POLICE),
        episodes=[absence(fact(1), fact(2, OTHER_HOME), fact(3, STAFFORDSHIRE_POLICE))],
    )

    assert parted(both).moved[0].quoted == {QUOTED, opened(fact(3, STAFFORDSHIRE_POLICE)).bytes}


def duty(episode, message):
    return Duty(
        uuid4(), "answer", "la.a/desk", "rule", "local", (), message, FRIDAY_NIGHT, episode, A
    )


def test_a_duty_goes_with_the_message_it_follows_from():
    together = absence(fact(1), fact(2, OTHER_HOME))
    mine, theirs = duty(together.id, 1), duty(together.id, 2)

    first, second = parted(
        whole(said(1, OURS), said(2, THEIRS), episodes=[together], duties=[mine, theirs])
    ).halves

    assert first.duties == (mine,)
    assert second.duties == (replace(theirs, child=FRESH, episode=second.episodes[0].id),)


# -- what was joined can be split


@dataclass(frozen=True)
class Alone:
    """A child before the join."""

    said: tuple
    keys: tuple
    episodes: tuple


EXTRAS = (
    [number("P-1", STAFFORDSHIRE_POLICE), number("4711", STOKE)],
    [number("P-2", STAFFORDSHIRE_POLICE), number("4712", STOKE)],
)


@st.composite
def two_children(draw):
    """Two children with messages in any order, some of which name nobody, and their absences."""
    births = draw(st.sampled_from([(BIRTH, BIRTH), (BIRTH, OTHER_BIRTH)]))
    whose = draw(st.lists(st.sampled_from([0, 1]), min_size=2, max_size=12))
    whose = [0, *whose, 1]
    found = []
    for side in (0, 1):
        numbers = [n for n, its in enumerate(whose, 1) if its == side]
        id, holder = (A, B)[side], HOMES[side]
        shared = [NAMED, health(births[side], holder)]
        extras = draw(st.lists(st.sampled_from(EXTRAS[side]), unique=True))
        messages = [said(numbers[0], SEEDS[side], *extras, of=id, sender=holder)]
        for n in numbers[1:]:
            named = draw(st.lists(st.sampled_from([SEEDS[side], *extras, *shared]), unique=True))
            if shared[1] in named and births[0] == births[1]:
                named.append(SEEDS[side])  # by that number alone it would be the other child's
            messages.append(said(n, *named, of=id, sender=holder, quoted=[QUOTED]))
        cut = draw(st.integers(0, len(numbers) - 1))
        groups = [each for each in (numbers[:cut], numbers[cut:]) if each]
        keys = list({key.key: key for one in messages for key in one.keys}.values())
        episodes = [absence(*(fact(n, holder) for n in group), of=id) for group in groups]
        found.append(Alone(tuple(messages), tuple(keys), tuple(episodes)))
    return found, draw(st.booleans())


def joined(one, other, *, together):
    """What the ledger makes of two children that are said to be one."""
    keys = {key.key: key for key in (*other.keys, *one.keys)}
    episodes = [replace(each, child=A) for each in (*one.episodes, *other.episodes)]
    if together:
        first, last = sorted(
            (one.episodes[-1], other.episodes[-1]), key=lambda each: each.facts[0].number
        )
        episodes = [each for each in episodes if each.id not in (first.id, last.id)]
        episodes.append(replace(first, child=A, facts=(*first.facts, *last.facts)))
    return whole(*one.said, *other.said, keys=keys.values(), episodes=episodes)


def as_it_is(child, keys, episodes):
    return child, set(keys), {each.id: {f.number for f in each.facts} for each in episodes}


@given(two_children())
@settings(deadline=None)
def test_a_split_gives_back_exactly_what_a_join_put_together(drawn):
    (one, other), together = drawn

    halves = parted(joined(one, other, together=together)).halves

    for id, half, alone in zip((A, B), halves, (one, other), strict=True):
        assert as_it_is(half.child, half.keys, half.episodes) == as_it_is(
            id, alone.keys, alone.episodes
        )
        assert {each.child for each in half.episodes} <= {id}
        assert half.messages == {each.number for each in alone.said}


@given(two_children(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_what_is_known_does_not_matter(drawn, random):
    (one, other), together = drawn
    both = joined(one, other, together=together)
    shuffled = replace(both, said=tuple(random.sample(both.said, len(both.said))))

    for half, again in zip(parted(both).halves, parted(shuffled).halves, strict=True):
        assert (half.child, half.messages, half.ids) == (again.child, again.messages, again.ids)


@given(two_children(), two_children(), st.booleans())
@settings(deadline=None)
def test_nothing_is_lost_and_nothing_is_in_both_halves(drawn, more, together):
    (one, other), _ = drawn
    (third, _), _ = more
    stray = [replace(each, number=each.number + 100) for each in third.said]
    both = joined(one, other, together=together)
    both = replace(both, said=(*both.said, *stray))

    first, second = parted(both).halves

    assert first.messages | second.messages == {each.number for each in both.said}
    assert not first.messages & second.messages
    assert {key.key for key in (*first.keys, *second.keys)} == {key.key for key in both.keys}
    facts = [each.number for half in (first, second) for ep in half.episodes for each in ep.facts]
    assert sorted(facts) == sorted(each.number for ep in both.episodes for each in ep.facts)
    assert len({ep.id for half in (first, second) for ep in half.episodes}) == len(
        [ep for half in (first, second) for ep in half.episodes]
    )


# -- those who were told apart


def held(**children):
    found = {}
    for name, keys in children.items():
        for key in keys:
            found.setdefault(key.key, []).append(Held({"A": A, "B": B}[name], key))
    return found


APART = {A: frozenset({B}), B: frozenset({A})}


def reference(value, holder=HOME, scheme=Scheme.home_reference):
    return Reference(holder=holder, scheme=scheme, value=value)


def keys_of(*references, **about):
    return child_keys(child(references=references, **about), False, KEYS)


OUR_KEYS = keys_of(reference("H-17"))
THEIR_KEYS = keys_of(reference("L-4", OTHER_HOME))
HEALTH_NUMBER = reference(HEALTH, scheme=Scheme.nhs_number)


def test_nobody_is_asked_again_about_two_who_only_look_alike():
    known = held(A=OUR_KEYS, B=[key for key in THEIR_KEYS if key.ground != NAME])

    assert recognise(notification(), THEIR_KEYS, known, None).suspected == (A,)
    assert recognise(notification(), THEIR_KEYS, known, None, apart=APART).suspected == ()


def test_one_health_number_for_two_who_were_told_apart_is_asked_about_once():
    known = held(A=keys_of(reference("H-17"), HEALTH_NUMBER), B=THEIR_KEYS)
    own = keys_of(reference("L-4", OTHER_HOME), HEALTH_NUMBER)

    first = recognise(notification(), own, known, None, apart=APART)

    assert (first.child, first.contradicted) == (B, (A,))
    assert [key.ground for key in first.new_keys] == [NHS_NUMBER]
    for key in first.new_keys:
        known[key.key].append(Held(B, key))
    again = recognise(notification(), own, known, None, apart=APART)
    assert (again.child, again.contradicted, again.new_keys) == (B, (), ())


def test_a_holders_own_number_goes_before_a_health_number():
    known = held(A=keys_of(reference("H-17"), HEALTH_NUMBER), B=THEIR_KEYS)

    assert known_child(keys_of(HEALTH_NUMBER, reference("L-4", OTHER_HOME)), known) == B


@pytest.mark.parametrize(("given", "whose"), [("Robin", A), ("Wren", B), ("Jay", None)])
def test_of_two_with_one_health_number_the_name_decides_and_else_it_is_neither(given, whose):
    robin = keys_of(reference("H-17"), HEALTH_NUMBER)
    wren = keys_of(reference("L-4", OTHER_HOME), HEALTH_NUMBER, given_name="Wren")

    own = keys_of(HEALTH_NUMBER, given_name=given)

    assert known_child(own, held(A=robin, B=wren), APART) == whose


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë", "Zoe\u0308"),
        ("محمد", "\u200fمُحَمَّد"),
        ("Nguyễn", "Nguyen"),
        ("Robin 🦊", "Robin"),
        ("ΣΟΦΙΑ", "Σοφία"),
    ],
)
def test_names_that_are_written_differently_raise_a_suspicion(one, other):
    known = held(A=keys_of(reference("H-17"), given_name=one))
    own = keys_of(reference("L-4", OTHER_HOME), given_name=other)

    assert recognise(notification(), own, known, None).suspected == (A,)


@pytest.mark.parametrize(("one", "other"), [("राम", "रमा"), ("🦊", "🐻"), ("佐藤", "加藤")])
def test_names_that_differ_raise_none(one, other):
    known = held(A=keys_of(reference("H-17"), given_name=one, family_name=one))
    own = keys_of(reference("L-4", OTHER_HOME), given_name=other, family_name=other)

    assert recognise(notification(), own, known, None).suspected == ()
