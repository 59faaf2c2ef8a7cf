"""Whatever the order in which a child's placements and absences are told, they come to the same."""

from datetime import timedelta
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.episode import state_of
from broker.placements.placement import placement_of
from schemas.message import Action
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    THURSDAY_NOON,
    arrival,
    notification,
    placement,
    returned,
)

DAY = timedelta(days=1)
START = THURSDAY_NOON - 30 * DAY
LATER = THURSDAY_NOON + 40 * DAY
OTHER_HOME = "provider.SC999002"


def story():
    """Placed, admitted, missing, moved while missing, back, the first placement ended, again."""
    said = {"sent_at": THURSDAY_NOON}
    first = placement(START, starts_at=START + DAY, **said)
    came = arrival(START + DAY, **said)
    missing = notification(THURSDAY_NOON - 10 * DAY, episode="H-17/1", **said)
    moved = placement(
        THURSDAY_NOON - 9 * DAY, stage="emergency", starts_at=THURSDAY_NOON - 9 * DAY, home=None,
        carer="FC-9", host_authority=STAFFORDSHIRE, **said,
    )  # fmt: skip
    back = returned(missing, at=THURSDAY_NOON - 8 * DAY, **said)
    ended = placement(
        THURSDAY_NOON - 8 * DAY, stage="ended", starts_at=START + DAY,
        ends_at=THURSDAY_NOON - 9 * DAY, risk=None, immediate_risk=True, **said,
    )  # fmt: skip
    left = arrival(THURSDAY_NOON - 9 * DAY, stage="discharged", **said)
    again = notification(
        THURSDAY_NOON - 2 * DAY, sender=HOME, episode="H-17/2", lives={"authority": STAFFORDSHIRE},
        **said,
    )  # fmt: skip
    wrong = placement(
        THURSDAY_NOON - 3 * DAY, starts_at=THURSDAY_NOON - 3 * DAY, home=OTHER_HOME, **said
    )
    back_out = wrong.model_copy(
        update={"action": Action.cancel, "replaces": wrong.message_id, "message_id": uuid4()}
    )
    return [first, came, missing, moved, back, ended, left, again, wrong, back_out]


TOLD = story()


def comes_to(stage, messages):
    play = stage(LATER)
    assert play.say(*messages).rejected == 0
    cases = sorted(str(_plain(state_of(episode.facts))) for episode in play.episodes())
    placements = sorted(
        (it.starts_at, it.home, it.carer, it.ends_at, it.noticed, it.arrived, it.cancelled)
        for episode in play.episodes()
        if (it := placement_of(episode))
    )
    owed = sorted(
        str((duty.name, duty.owed_by, duty.state, duty.due_at))
        for duty in play.duties()
        if not duty.name.startswith(("answer", "confirm", "settle"))
        and duty.state not in ("cancelled", "superseded", "transferred")
    )
    return cases, placements, owed


def _plain(state):
    claims = {name: sorted(each) for name, each in state.claims.items()}
    names = [name for name in state.__dataclass_fields__ if name != "claims"]
    return {name: getattr(state, name) for name in names}, claims


@given(st.permutations(range(len(TOLD))), st.lists(st.integers(0, len(TOLD) - 1), max_size=4))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_any_repeats_come_to_the_same(stage, order, repeats):
    wrong, back_out = TOLD.index(TOLD[-2]), len(TOLD) - 1
    order = [one for one in order if one != back_out]
    order.insert(order.index(wrong) + 1, back_out)

    told = [TOLD[one] for one in order] + [TOLD[one] for one in repeats]

    assert comes_to(stage, told) == comes_to(stage, TOLD)


def test_the_story_leaves_two_placements_and_two_absences(stage):
    cases, placements, owed = comes_to(stage, TOLD)

    assert [it[1:3] for it in placements if not it[-1]] == [(HOME, ""), ("", "FC-9")]
    assert placements[0][3] == THURSDAY_NOON - 9 * DAY
    assert len(cases) == 5
    assert any("give-placement-notice" in one for one in owed)
