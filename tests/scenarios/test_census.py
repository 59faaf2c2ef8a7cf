"""Censuses: an agency's own list against the ledger, and what each side is told of it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from sqlalchemy import select

from broker.ledger import tables as t
from schemas.census import Census, CensusEntry
from schemas.codec import encode
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    STAFFORDSHIRE_POLICE,
    STOKE,
    WALSALL,
    child,
    envelope,
    notification,
    returned,
)
from tests.scenarios.people import MISSING_UNIT, OTHER_HOME
from tests.scenarios.test_undone import taken_back

JUNE_9 = datetime(2026, 6, 9, 20, 0, tzinfo=UTC)
JULY_2 = datetime(2026, 7, 2, 9, 0, tzinfo=UTC)
MANAGER, FIGURES = f"{HOME}/home-manager", f"{STOKE}/performance"


def utc(month, day, hour=0, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def references(number, by=STOKE):
    return ({"holder": by, "scheme": "la-person-id", "value": f"P-{number}"},)


def somebody(number, **changes):
    names = {"given_name": f"Made-up {number}", "family_name": "Example", "birth_date": None}
    return child(references=references(number), **names | changes)


def entry(reference, at, hours=8, **changes):
    ended = None if hours is None else at + timedelta(hours=hours)
    said = {"reference": reference, "started_at": at, "ended_at": ended}
    return CensusEntry(**said | changes)


def census(sender, first, last, *entries, at=JULY_2, **changes):
    function = {"police": "missing-unit", "la": "performance", "provider": "home-manager"}
    desk = function.get(sender.partition(".")[0], "safeguarding-lead")
    said = {"period_from": first, "period_to": last, "nil": not entries, "entries": entries}
    return Census(**envelope(sender, desk, at) | said | changes)


def june(sender, *entries, **changes):
    return census(sender, "2026-06-01", "2026-06-30", *entries, **changes)


def gone(play, number, at, by=STAFFORDSHIRE_POLICE, hours=8, **changes):
    """A child is missing, and back; the reference is the reporter's own."""
    said = notification(
        at, sender=by, child=somebody(number), episode=f"{by[:2]}-{number}", last_seen_at=at,
        police_report=None, **changes,
    )  # fmt: skip
    play.say_at(at, said)
    if hours is not None:
        play.say_now(returned(said, at=at + timedelta(hours=hours)))
    return said


def told(play, address):
    """What an address was told of censuses, the last one."""
    return play.inbox(address, "differences")[-1].message


def send(play, *messages):
    """They are taken in, and compared a moment later."""
    outcome = play.say(*messages)
    play.after(seconds=1)
    return outcome


def summary(message):
    kinds = [line.what.value for line in message.differences]
    both = message.both
    return message.theirs, message.ours, both, kinds.count("only-them"), kinds.count("only-us")


# -- the schemes


def test_a_home_that_returns_six_of_which_five_match_differs_in_two(both):
    play = both(utc(4, 10, 12))
    days = [utc(4, 11, 20), utc(4, 25, 20), utc(5, 9, 20), utc(5, 30, 20), utc(6, 6, 20)]
    for number, at in enumerate(days):
        gone(play, number, at, by=HOME)
    missed = gone(play, 9, utc(6, 20, 20))  # by the police; the home has no record of it
    list_ = [entry(f"pr-{number}", at) for number, at in enumerate(days)]
    play.until(JULY_2)

    send(play, census(HOME, "2026-04-01", "2026-06-30", *list_, entry("pr-X", utc(6, 27, 20))))

    for address in (MANAGER, FIGURES):
        assert summary(told(play, address)) == (6, 6, 5, 1, 1)
    assert (
        "6 in the census, 6 with Homeward: 5 on both sides, 1 only with you, 1 only with us."
        in (told(play, MANAGER).words)
    )
    lines = {line.what.value: line for line in told(play, MANAGER).differences}
    assert lines["only-them"].reference == "pr-X"
    assert lines["only-us"].started_at == missed.last_seen_at
    assert play.duty("census", MANAGER).state == "met"
    (other,) = play.duties("census", f"{OTHER_HOME}/home-manager")
    assert (other.state, other.due_at) == ("open", utc(7, 7, 23))  # 24:00 on Tuesday 7 July


def test_of_siblings_whose_police_record_names_three_one_was_cancelled_by_the_police(both):
    play = both(JUNE_9)
    together = [
        notification(
            JUNE_9, sender=STAFFORDSHIRE_POLICE, child=somebody(age), episode=f"SP-7/{age}",
            incident="SP-7", police_report=None, last_seen_at=JUNE_9,
        )
        for age in (9, 12, 15)
    ]  # fmt: skip
    play.say(*together)
    play.until(JUNE_9 + timedelta(hours=1, minutes=30))
    play.say(taken_back(together[0], play.clock.now()))
    for said in together[1:]:
        play.say_now(returned(said, at=JUNE_9 + timedelta(hours=8)))
    play.until(JULY_2)

    entries = [entry(said.episode, JUNE_9, authority=STOKE) for said in together]
    send(play, june(STAFFORDSHIRE_POLICE, *entries))

    found = told(play, MISSING_UNIT)
    assert summary(found) == (3, 2, 2, 1, 0)
    assert [(line.reference, line.why) for line in found.differences] == [
        ("SP-7/9", "cancelled-by-sender")
    ]
    assert "cancelled by your own message: 1." in found.words
    assert "cancelled by their own message: 1." in told(play, FIGURES).words
    assert summary(told(play, FIGURES))[3] == 1
    assert len([one for one in play.episodes() if not one.state.cancelled]) == 2


def test_a_force_that_changes_its_system_has_one_absence_under_two_numbers(both):
    at = utc(2, 28, 23)
    play = both(at)
    said = notification(
        at, sender=STAFFORDSHIRE_POLICE, child=somebody(1), episode="COMPACT-1", last_seen_at=at,
        police_report=None,
    )  # fmt: skip
    play.say(said)
    home = notification(
        at + timedelta(minutes=20), child=somebody(1), episode="H-1", last_seen_at=at,
        police_report={"channel": "101", "at": at, "reference": "COMPACT-1"},
    )  # fmt: skip
    play.say_now(home)
    back = returned(said, at=utc(3, 1, 10), police_reference="NICHE-900")
    play.say_now(back)
    play.until(utc(3, 3, 9))

    february = census(
        STAFFORDSHIRE_POLICE, "2026-02-01", "2026-02-28", entry("NICHE-900", at, 11),
        at=play.clock.now(),
    )  # fmt: skip
    send(play, february)

    assert len(play.episodes()) == 1
    assert summary(told(play, MISSING_UNIT)) == (1, 1, 1, 0, 0)
    march = census(STAFFORDSHIRE_POLICE, "2026-03-01", "2026-03-31", at=utc(4, 1, 9))
    play.until(utc(4, 1, 9))
    send(play, march)
    assert summary(told(play, MISSING_UNIT)) == (0, 0, 0, 0, 0)


def test_a_council_hears_what_differs_and_the_force_of_the_place_what_concerns_it(both):
    play = both(JUNE_9)
    gone(play, 1, JUNE_9, by=HOME, responsible_authority=WALSALL)
    gone(play, 2, utc(6, 12, 20), by=HOME)
    play.until(JULY_2)

    number = {"child": {"holder": STOKE, "scheme": "la-person-id", "value": "P-1"}}
    send(
        play,
        june(
            WALSALL,
            entry("W-1", JUNE_9 + timedelta(minutes=40), 8, category="absent", **number),
            entry("W-9", utc(6, 20, 20)),
        ),
    )

    found = told(play, f"{WALSALL}/performance")
    assert summary(found) == (2, 2, 1, 1, 1)
    fields = {each.field: each for line in found.differences for each in line.fields}
    assert set(fields) == {"category", "started-at", "ended-at"}
    assert (fields["category"].ours, fields["category"].theirs) == ("missing", "absent")
    police = told(play, MISSING_UNIT)
    assert summary(police) == (1, 2, 1, 0, 1)  # nobody knows which force W-9 would concern


# -- who sees what


def test_the_other_side_sees_no_child_and_no_shared_reference_that_it_was_not_given(both):
    play = both(JUNE_9)
    at = utc(6, 13, 20)
    known = gone(play, 1, JUNE_9, responsible_authority=WALSALL)
    gone(play, 2, at, by=STAFFORDSHIRE_POLICE, category="away", care_status="not-looked-after",
         responsible_authority=None, lives={"authority": STAFFORDSHIRE},
         place={"authority": STOKE})  # fmt: skip
    play.until(JULY_2)
    ours = {one.state.started_at: str(one.id) for one in play.episodes()}

    secret = {"child": {"holder": STOKE, "scheme": "la-person-id", "value": "P-1"}}
    send(
        play,
        june(
            STAFFORDSHIRE_POLICE,
            entry(known.episode, JUNE_9, 2, **secret),
            entry("po-2", at, 1),
            entry("po-3", utc(6, 20), authority=STAFFORDSHIRE),
        ),
    )

    walsall, staffordshire = (
        told(play, f"{WALSALL}/performance"),
        told(play, f"{STAFFORDSHIRE}/performance"),
    )
    assert [line.episode for line in walsall.differences] == [ours[known.last_seen_at]]
    assert {line.reference for line in staffordshire.differences} == {"po-2", "po-3"}
    assert (walsall.theirs, walsall.ours) == (1, 1)
    text = walsall.model_dump_json() + staffordshire.model_dump_json()
    assert "P-1" not in text
    assert "Made-up" not in text
    assert "child-" not in text
    assert not play.inbox(FIGURES, "differences")  # the council of the place is not the lead


def test_the_shared_reference_is_shown_to_who_was_told_of_the_absence_only(both):
    play = both(JUNE_9)
    gone(play, 1, JUNE_9, by=HOME)
    play.until(JULY_2)

    send(play, june(STOKE))  # a nil return of the host, that was told
    episode = str(play.episode().id)
    assert [line.episode for line in told(play, FIGURES).differences] == [episode]

    away = gone(play, 2, JULY_2 + timedelta(hours=1), by=HOME, category="away")
    play.until(utc(8, 3, 9))
    july = census(STOKE, "2026-07-01", "2026-07-31", at=play.clock.now())
    send(play, july)
    (line,) = told(play, FIGURES).differences
    assert (line.started_at, line.episode) == (away.last_seen_at, None)


def test_nobody_learns_of_a_strange_childs_absence_by_asking_for_a_number(both):
    play = both(JUNE_9)
    gone(play, 1, JUNE_9, by=HOME)
    play.until(JULY_2)
    number = {"holder": STOKE, "scheme": "la-person-id", "value": "P-1"}
    shared = play.episode().id

    send(play, june("police.E23000014", entry("W-1", JUNE_9, child=number, shared=shared)))

    (line,) = told(play, "police.E23000014/missing-unit").differences
    assert (line.what, line.why) == ("only-them", None)


def test_what_the_police_are_not_told_of_is_not_missing_from_their_census(both):
    play = both(JUNE_9)
    gone(play, 1, JUNE_9, by=HOME, category="absent", review_at=JUNE_9 + timedelta(hours=6))
    play.until(JULY_2)

    send(play, june(STAFFORDSHIRE_POLICE))

    assert summary(told(play, MISSING_UNIT)) == (0, 0, 0, 0, 0)


def test_an_exercise_is_compared_with_exercises_and_meets_nothing(both):
    play = both(utc(5, 20, 9))
    gone(play, 1, JUNE_9)
    gone(play, 2, utc(6, 10, 20), exercise=True)
    play.until(JULY_2)

    send(play, june(STAFFORDSHIRE_POLICE, entry("po-2", utc(6, 10, 20)), exercise=True))

    found = play.inbox(MISSING_UNIT, "differences")[-1].message
    assert found.exercise
    assert summary(found) == (1, 1, 1, 0, 0)
    assert all(duty.standing for duty in play.duties("census", MISSING_UNIT))


# -- parts, repeats, and later ones


def in_parts(number, **changes):
    """A list of the police in parts, one absence in each."""
    return [
        june(
            STAFFORDSHIRE_POLICE, entry(f"po-{part}", utc(6, part, 20)), part=part, parts=number,
            list_id="june", **changes,
        )
        for part in range(1, number + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_are_compared_together_in_whatever_order_they_come(stage, order):
    play = stage(utc(6, 1, 12))
    for number in (1, 2, 3):
        gone(play, number, utc(6, number, 20))
    play.until(JULY_2)
    parts = in_parts(3)

    for place in order[:2]:
        send(play, parts[place])
    assert not play.inbox(MISSING_UNIT, "differences")
    assert "2 of 3 parts" in play.receipts(STAFFORDSHIRE_POLICE)[-1].words
    send(play, parts[order[2]])

    (found,) = play.inbox(MISSING_UNIT, "differences")
    assert summary(found.message) == (3, 3, 3, 0, 0)
    assert found.message.of == parts[0].message_id


def test_parts_of_one_batch_are_one_list(stage):
    play = stage(JULY_2)

    assert send(play, *in_parts(3)).accepted == 3

    assert told(play, MISSING_UNIT).theirs == 3


def test_a_later_census_takes_the_place_of_the_earlier_one_and_tells_whoever_was_told(both):
    play = both(JUNE_9)
    gone(play, 1, JUNE_9)
    play.until(JULY_2)
    first = june(STAFFORDSHIRE_POLICE, entry("po-8", JUNE_9, authority=STAFFORDSHIRE))
    send(play, first)
    assert summary(told(play, f"{STAFFORDSHIRE}/performance")) == (1, 0, 0, 1, 0)

    play.after(hours=1)
    right = june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9), at=play.clock.now())
    send(play, right)

    assert "takes the place of the census of 2 Jul 2026" in (
        play.receipts(STAFFORDSHIRE_POLICE)[-1].words
    )
    assert told(play, MISSING_UNIT).replaces == first.message_id
    assert summary(told(play, f"{STAFFORDSHIRE}/performance")) == (0, 0, 0, 0, 0)
    assert told(play, f"{STAFFORDSHIRE}/performance").replaces == first.message_id
    rows = kept(play)
    assert [row.replaced_by is not None for row in rows] == [True, False]


def test_an_older_list_that_comes_late_is_kept_and_not_compared(stage):
    play = stage(JULY_2)
    send(play, june(STAFFORDSHIRE_POLICE, at=JULY_2))

    send(play, june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9), at=JULY_2 - timedelta(hours=1)))

    assert len(play.inbox(MISSING_UNIT, "differences")) == 1
    assert "A later one of this period is held" in play.receipts(STAFFORDSHIRE_POLICE)[-1].words


def test_two_lists_that_come_together_are_compared_once(stage):
    play = stage(JULY_2)
    lists = [
        june(STAFFORDSHIRE_POLICE, at=JULY_2),
        june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9), at=JULY_2 - timedelta(hours=1)),
    ]
    for each in permutations(lists):
        again = [one.model_copy(update={"message_id": uuid4()}) for one in each]
        before = len(play.inbox(MISSING_UNIT, "differences"))
        send(play, *again)
        assert len(play.inbox(MISSING_UNIT, "differences")) == before + 1
        assert told(play, MISSING_UNIT).theirs == 0


def test_a_repeat_changes_nothing(both):
    play = both(JULY_2)
    said = june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9, authority=STOKE))
    send(play, said)

    outcome = send(play, said)

    assert outcome.repeated == 1
    assert len(play.inbox(MISSING_UNIT, "differences")) == 1
    assert len(play.inbox(FIGURES, "differences")) == 1
    assert len(kept(play)) == 1


def test_what_comes_in_the_same_batch_as_a_census_is_compared_with_it(stage):
    play = stage(JULY_2)
    said = notification(
        JUNE_9, sender=STAFFORDSHIRE_POLICE, child=somebody(1), episode="po-1",
        last_seen_at=JUNE_9, police_report=None,
    )  # fmt: skip

    send(play, june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9, None)), said)

    assert summary(told(play, MISSING_UNIT)) == (1, 1, 1, 0, 0)


def test_long_lists_of_differences_come_in_parts(stage):
    play = stage(JULY_2)
    entries = [entry(f"po-{n}", JUNE_9, authority=STOKE) for n in range(601)]

    send(play, june(STAFFORDSHIRE_POLICE, *entries))

    for address in (MISSING_UNIT, FIGURES):
        pages = [got.message for got in play.inbox(address, "differences")]
        assert [(page.part, page.parts, len(page.differences)) for page in pages] == [
            (1, 3, 300), (2, 3, 300), (3, 3, 1)
        ]  # fmt: skip


# -- what is refused


REFUSED = {
    "ends first": ("period-wrong", "period_to", {"period_from": "2026-06-30",
                                                 "period_to": "2026-06-01"}),
    "too long": ("period-wrong", "period_to", {"period_from": "2025-06-01"}),
    "not over": ("period-not-over", "period_to", {"period_to": "2026-07-02"}),
    "in the future": ("period-not-over", "period_to", {"period_from": "2026-08-01",
                                                       "period_to": "2026-08-31"}),
    "nil with entries": ("nil-or-entries", "nil", {"nil": True}),
    "nothing at all": ("nil-or-entries", "entries", {"entries": ()}),
    "outside": ("entry-outside-period", "entries.0.started_at",
                {"entries": (entry("po-1", utc(6, 30, 23, 30)),)}),
    "ends before it starts": ("entry-ends-first", "entries.0.ended_at",
                              {"entries": (entry("po-1", JUNE_9, -1),)}),
    "named twice": ("reference-twice", "entries.1.reference",
                    {"entries": (entry("po-1", JUNE_9), entry("po-1", utc(6, 10)))}),
    "no such council": ("unknown-agency", "entries.0.authority",
                        {"entries": (entry("po-1", JUNE_9, authority="la.E99999999"),)}),
    "more than its parts": ("parts-differ", "part",
                            {"part": 3, "parts": 2, "list_id": "june"}),
    "parts of no list": ("parts-differ", "list_id", {"part": 1, "parts": 2}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "field", "changes"), REFUSED.values(), ids=REFUSED)
def test_what_a_census_cannot_say_is_refused_and_kept(stage, code, field, changes):
    play = stage(JULY_2)
    said = june(STAFFORDSHIRE_POLICE, entry("po-1", JUNE_9)).model_dump() | changes

    play.say(Census.model_validate(said))

    (refusal,) = play.rejections(STAFFORDSHIRE_POLICE)
    assert (refusal.code, refusal.field) == (code, field)
    assert play.dead_letters() == [code]
    assert kept(play) == []


CONTRADICTING = {
    "another number of parts": ("parts-differ", "parts", {"parts": 4}),
    "another period": ("parts-differ", "period_from", {"period_from": "2026-05-31"}),
    "the same part": ("parts-differ", "part", {"part": 1}),
    "the same reference": ("reference-twice", "entries.0.reference",
                           {"entries": (entry("po-1", utc(6, 2)),)}),
}  # fmt: skip


@pytest.mark.parametrize(("code", "field", "changes"), CONTRADICTING.values(), ids=CONTRADICTING)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_parts_that_contradict_each_other_are_refused(stage, code, field, changes, together):
    play = stage(JULY_2)
    first, second, third = in_parts(3)
    wrong = Census.model_validate(second.model_dump() | changes)

    outcomes = [play.say(first, wrong)] if together else [play.say(first), play.say(wrong)]

    assert sum(one.accepted for one in outcomes) == 1
    (refusal,) = play.rejections(STAFFORDSHIRE_POLICE)
    assert (refusal.code, refusal.field) == (code, field)
    right = second.model_copy(update={"message_id": uuid4()})
    send(play, right, third)
    assert told(play, MISSING_UNIT).theirs == 3


def test_a_school_sends_no_census(stage):
    play = stage(JULY_2)
    said = census("school.100001", "2026-06-01", "2026-06-30")

    play.arrive(("school.100001", encode(said)))

    assert play.dead_letters() == ["not-your-kind"]


def kept(play):
    with play.ledger.reading() as connection:
        return connection.execute(select(t.census).order_by(t.census.c.drawn_at)).all()
