"""What a council lays upon the policy of its nation: whom it is for, and from which day on."""

from datetime import UTC, datetime, timedelta

import pytest

from broker.errors import Unavailable
from broker.ledger.activation import activate
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.policies import Policies
from tests.examples import (
    FRIDAY_NIGHT,
    HOME,
    STAFFORDSHIRE,
    STOKE,
    WALSALL,
    notification,
    returned,
)

ENGLAND = shipped().national("England").version
MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)  # in London, too: summer time starts a day later
WALSALL_DIRECTOR = f"{WALSALL}/director"
FRONT_DOOR = f"{WALSALL}/front-door"
NIGHT_DESK = f"{WALSALL}/emergency-duty"
WORKER = f"{WALSALL}/social-work"

ANSWER = """
  - id: missing-lead
    when:
      - {kind: missing.notification, category: [missing, unrecognised], of_age: false}
      - {kind: missing.update, upgraded: true, of_age: false}
    tell:
      - {role: lead-front-door, wakes: true}
    owe:
      - duty: answer
        owed_by: lead-front-door
        clock: {starts: sent, within: {minutes: 12}, high: {minutes: 10}}
        met_by: [acting]
        ladder: council-answer
    basis: local
    source: our own
"""
RISK = """
  - id: risk-not-stated
    when: {kind: missing.notification, category: [missing, unrecognised], risk: ""}
    owe:
      - duty: state-the-risk
        owed_by: sender
        clock: {starts: accepted, within: {minutes: 20}}
        met_by: [missing.update:risk, missing.notification:risk]
        ladder: sender-reminder
    basis: local
    source: our own
"""
PANEL = """
  - id: %s
    when: {kind: missing.return, stage: returned}
    tell: [%s]
    owe:
      - duty: %s
        owed_by: lead-social-work
        clock: {starts: returned, working_days: 2}
        met_by: [meeting.outcome:held=true]
        ladder: quiet
        ends_with_absence: false
    basis: local
    source: our own
"""
DIRECTOR = """
  - id: our-director
    when: {kind: missing.notification, category: missing}
    tell: [{role: lead-director, view: summary}]
    basis: local
    source: our own
"""


def overlay(
    *rules: str, name: str = "ours", applies_to: str = "", since: str = "2026-01-01", to: str = ""
) -> str:
    until = f", to: {to}" if to else ""
    whom = applies_to or f"responsible: [{WALSALL}]"
    return (
        f"overlay: {name}\nversion: {name}-1\nextends: england\napplies_to: {{{whom}}}\n"
        f"valid: {{from: {since}{until}}}\nrules:{''.join(rules)}"
    )


def laid(*overlays: str) -> Policies:
    return with_overlays(shipped(), [load_overlay(one) for one in overlays])


def test_a_council_adds_whom_it_tells_and_the_reason_cites_its_overlay(stage):
    play = stage(policies=laid(overlay(DIRECTOR)))

    play.say(notification())

    (got,) = play.news(WALSALL_DIRECTOR)
    assert (got.because, got.view) == ("our-director@ours-1", "summary")
    assert play.last(NIGHT_DESK).because == f"missing-lead@{ENGLAND}"


def test_an_overlay_shortens_a_local_clock(stage):
    play = stage(policies=laid(overlay(ANSWER)))

    play.say(notification())

    duty = play.duty("answer", NIGHT_DESK)
    assert duty.due_at == FRIDAY_NIGHT + timedelta(minutes=12)
    assert play.last(NIGHT_DESK).because == "missing-lead@ours-1"


@pytest.mark.parametrize(
    ("applies_to", "told"),
    [
        (f"responsible: [{WALSALL}]", True),
        (f"host: [{WALSALL}]", False),
        (f"host: [{STOKE}]", True),
        (f"responsible: [{STOKE}]", False),
        (f"place: [{STOKE}]", True),
        ("force: [police.E23000015]", True),
        ("force: [police.E23000014]", False),
        (f"provider: [{HOME}]", True),
        ("region: [West Midlands]", True),
        ("region: [London]", False),
    ],
)
def test_an_overlay_is_for_those_who_have_the_role_it_names(stage, applies_to, told):
    """Walsall looks after the child, the home is in Stoke."""
    play = stage(policies=laid(overlay(DIRECTOR, applies_to=applies_to)))

    play.say(notification())

    assert bool(play.news(WALSALL_DIRECTOR)) is told


def test_what_happened_before_its_first_day_keeps_the_clocks_of_the_nation(stage):
    play = stage(policies=laid(overlay(ANSWER, RISK, since="2026-03-28")))
    first = notification(risk=None, risk_reason=None)

    play.say(first)

    assert play.duty("answer", NIGHT_DESK).due_at == FRIDAY_NIGHT + timedelta(minutes=30)
    assert play.duty("state-the-risk").due_at == FRIDAY_NIGHT + timedelta(hours=1)

    # Read off again after its first day, from the same facts.
    again = notification(
        MIDNIGHT + timedelta(minutes=5), sender="police.E23000015", risk=None, risk_reason=None,
        episode="SP-1", last_seen_at=first.last_seen_at,
    )  # fmt: skip
    play.say_at(MIDNIGHT + timedelta(minutes=5), again)
    by_home = play.duty("state-the-risk", first.from_address)
    assert by_home.due_at == FRIDAY_NIGHT + timedelta(hours=1)
    by_police = play.duty("state-the-risk", again.from_address)
    assert by_police.due_at == MIDNIGHT + timedelta(minutes=25)


def test_a_report_that_comes_late_is_told_by_todays_overlay_and_timed_by_that_days(stage):
    play = stage(policies=laid(overlay(ANSWER, DIRECTOR, since="2026-03-28")))
    late = notification(MIDNIGHT - timedelta(minutes=10))

    play.say_at(MIDNIGHT + timedelta(minutes=20), late)

    assert play.news(WALSALL_DIRECTOR)
    assert play.duty("answer", NIGHT_DESK).due_at == MIDNIGHT + timedelta(minutes=50)


def test_an_overlay_that_has_ended_tells_nobody_and_its_duties_stay(stage):
    ended = overlay(PANEL % ("ours-panel", "lead-director", "hold-panel"), to="2026-03-28")
    play = stage(policies=laid(ended))
    first = notification()
    play.say(first)
    end = returned(first, at=datetime(2026, 3, 28, 20, 0, tzinfo=UTC))

    play.say_at(datetime(2026, 3, 29, 9, 0, tzinfo=UTC), end)

    assert not play.news(WALSALL_DIRECTOR)
    assert play.duty("hold-panel").owed_by == WORKER


def test_two_overlays_at_once_both_count(stage):
    host = overlay(
        PANEL % ("host-panel", "host-social-work", "hold-host-panel"),
        name="stoke",
        applies_to=f"host: [{STOKE}]",
    )
    own = overlay(ANSWER, PANEL % ("own-panel", "lead-director", "hold-own-panel"))
    play = stage(policies=laid(host, own))
    first = notification()
    play.say(first)
    play.say_at(FRIDAY_NIGHT + timedelta(hours=8), returned(first))

    assert {name for name, _ in play.standing()} >= {"hold-host-panel", "hold-own-panel"}
    assert play.last(WALSALL_DIRECTOR).because == "own-panel@ours-1"
    assert play.last(f"{STOKE}/social-work").because == "host-panel@stoke-1"


def test_a_child_of_another_council_in_the_same_force_keeps_the_policy_of_the_nation(stage):
    play = stage(policies=laid(overlay(ANSWER, DIRECTOR)))

    play.say(notification(responsible_authority=STAFFORDSHIRE))

    answer = play.duty("answer", f"{STAFFORDSHIRE}/emergency-duty")
    assert answer.due_at == FRIDAY_NIGHT + timedelta(minutes=30)
    assert not play.news(f"{STAFFORDSHIRE}/director")


def test_the_order_of_arrival_changes_no_duty_of_an_overlay(stage):
    policies = laid(overlay(RISK, PANEL % ("p", "lead-director", "hold-panel"), since="2026-03-28"))
    first = notification(risk=None, risk_reason=None)
    end = returned(first, at=MIDNIGHT + timedelta(hours=1))
    owed = []
    for messages in ((first, end), (end, first)):
        play = stage(MIDNIGHT + timedelta(hours=2), policies=policies)
        for message in messages:
            play.say(message)
        owed.append({(one.name, one.owed_by, one.due_at) for one in play.duties("hold-panel")})

    assert owed[0] == owed[1] != set()


def test_a_part_with_another_policy_decides_nothing(stage):
    play = stage()
    with play.ledger.deciding() as connection:
        activate(connection, laid(overlay(DIRECTOR)), "somebody", FRIDAY_NIGHT)

    with pytest.raises(Unavailable, match=r"the ledger's policy is .*\+ours-1, this part has .*: "):
        play.say(notification())
