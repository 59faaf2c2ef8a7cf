"""A placement that cannot be one is refused in words that say what to do, and nothing follows."""

from datetime import timedelta

import pytest

from tests.examples import (
    HOME,
    STOKE,
    THURSDAY_NOON,
    WALSALL,
    arrival,
    child,
    placement,
)

NOON = THURSDAY_NOON
DIVIDED = "la.E10000006"
TOLD_LATE = {"who": "parent", "told": "withheld", "reason": " "}
ONLY_SOME = {"who": "gp", "told": "withheld", "reason": "A court said so"}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"sender": STOKE}, "not-responsible", "responsible_authority"),
        ({"sender": STOKE, "host_authority": WALSALL}, "not-responsible", "responsible_authority"),
        ({"host_authority": WALSALL}, "wrong-distance", "distance"),
        ({"distance": "own-area"}, "wrong-distance", "distance"),
        ({"host_authority": DIVIDED}, "unknown-agency", "host_authority"),
        ({"host_authority": "la.E99999999"}, "unknown-agency", "host_authority"),
        ({"stage": "ended", "ends_at": NOON - timedelta(days=9)}, "ends-before-start", "ends_at"),
        ({"stage": "ended"}, "incomplete", "ends_at"),
        ({"expected_until": NOON.date()}, "ends-before-start", "expected_until"),
        ({"risk": None}, "risk-block-required", "risk"),
        ({"told_outside": [TOLD_LATE]}, "incomplete", "told_outside.reason"),
        ({"told_outside": [ONLY_SOME]}, "may-not-be-withheld", "told_outside"),
        ({"home": STOKE}, "invalid", "home"),
    ],
)
def test_a_notice_that_cannot_be_one_is_refused(both, changes, code, field):
    play = both(NOON)

    play.say(placement(**changes))

    (said,) = play.rejections(changes.get("sender", WALSALL))
    assert (said.code, said.field) == (code, field)
    assert said.detail
    assert play.told() == set()
    assert play.episodes() == []


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"education_plan": None}, "incomplete", "education_plan"),
        ({"child": child(birth_date=None)}, "incomplete", "child.birth_date"),
        (
            {"expected_until": NOON.date() - timedelta(days=1)},
            "ends-before-start",
            "expected_until",
        ),
        ({"placing_authority": DIVIDED}, "unknown-agency", "placing_authority"),
    ],
)
def test_an_arrival_that_lacks_what_the_law_asks_is_refused(stage, changes, code, field):
    play = stage(NOON)

    play.say(arrival(**changes))

    (said,) = play.rejections(HOME)
    assert (said.code, said.field) == (code, field)
    assert play.told() == set()


def test_who_was_divided_is_named_with_those_it_became(stage):
    play = stage(NOON)

    play.say(placement(host_authority=DIVIDED))

    (said,) = play.rejections(WALSALL)
    assert "Cumberland" in said.detail
    assert "Westmorland" in said.detail


def test_what_is_corrected_after_a_refusal_is_taken_in(stage):
    play = stage(NOON)
    play.say(placement(host_authority=WALSALL))

    play.say(placement())

    assert f"{STOKE}/placements" in play.told()
    assert len(play.rejections(WALSALL)) == 1
