"""Who interviews, what turns into missing, what a form asks for: read, checked, compared."""

from datetime import date, timedelta

import pytest

from broker.directory import Directory
from broker.policy.check import overlay_problems
from broker.policy.difference import changes
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.nodes import PolicyFault

HEAD = """\
overlay: ours
version: ours-1
extends: england
applies_to: {responsible: [la.E08000030]}
valid: {from: 2026-01-01}
"""
ALLOCATE = """\
allocate:
  - id: ours-north
    to: host-return-interviews
    when: {district: [Newcastle-under-Lyme], age: {from: 11}, looked_after: true}
    valid: {from: 2026-01-01, to: 2026-06-30}
    source: our own
"""
RECLASSIFY = """\
reclassify:
  - id: ours-young
    after: {hours: 6}
    when: {age: {to: 13}}
    source: our own
"""
REQUIRE = """\
rules:
  - id: ours-form
    when: {kind: placement.notice, stage: planned}
    require: [social_worker, risk.may_go_missing]
    owe:
      - duty: ours-complete
        owed_by: sender
        clock: {starts: accepted, working_days: 2}
        met_by: [placement.notice:social_worker]
        given_up_by: [placement.notice:stage=ended]
        ladder: quiet
    basis: local
    source: our own
"""


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyFault) as fault:
        load_overlay(HEAD + text, "ours.yaml")
    return list(fault.value.problems)


def test_an_allocation_says_to_whom_for_whom_and_when():
    (one,) = load_overlay(HEAD + ALLOCATE).allocate

    assert (one.id, one.to) == ("ours-north", "host-return-interviews")
    assert one.when["district"] == {"newcastle under lyme"}
    assert 11 in one.when["age"]
    assert 10 not in one.when["age"]
    assert [one.is_in_force(day) for day in (date(2026, 6, 30), date(2026, 7, 1))] == [True, False]


def test_an_absence_turns_after_so_long_for_those_of_an_age():
    (one,) = load_overlay(HEAD + RECLASSIFY).reclassify

    assert (one.after, one.categories, one.version) == (timedelta(hours=6), {"absent"}, "ours-1")


def test_a_rule_knows_the_fields_that_it_asks_for():
    policies = with_overlays(shipped(), [load_overlay(HEAD + REQUIRE)])

    assert policies.required == {"placement.notice": {"social_worker", "risk.may_go_missing"}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (ALLOCATE.replace("host-return", "hosts-return"), "ours.yaml:8: unknown role"),
        (ALLOCATE.replace("district", "town"), "ours.yaml:9: unknown condition 'town'"),
        (ALLOCATE.replace("to: 2026-06-30", "to: 2025-06-30"), "ours.yaml:10: valid to lies"),
        (ALLOCATE.replace("    source: our own\n", ""), "ours.yaml:7: 'source' is missing"),
        (ALLOCATE + ALLOCATE.partition("\n")[2], "ours.yaml:12: allocate 'ours-north' is already"),
        (ALLOCATE.replace("host-return-interviews", "told"), "ours.yaml:8: role 'told' is many"),
        (ALLOCATE.replace("host-return-interviews", '"address:provider.SC1/home-manager"'),
         "ours.yaml:8: 'address:provider.SC1/home-manager' holds no independent interviews"),
        (RECLASSIFY.replace("hours: 6", "ours: 6"), "ours.yaml:8: unknown unit 'ours'"),
        (RECLASSIFY.replace("age:", "district:"), "ours.yaml:9: unknown condition 'district'"),
        (RECLASSIFY + "    categories: [missing]\n", "ours.yaml:11: unknown category 'missing'"),
        (REQUIRE.replace("social_worker, risk", "social_worke, risk"),
         "ours.yaml:9: PlacementNotice has no field 'social_worke'; did you mean"),
        (REQUIRE.replace("stage=ended", "stage=over"), "ours.yaml:15: unknown stage 'over'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(text, problem):
    assert any(one.startswith(problem) for one in faults(text)), faults(text)


def test_a_service_that_is_not_in_the_directory_is_named_with_its_line():
    text = ALLOCATE.replace("host-return-interviews", '"address:service.ours/return-interviews"')
    overlay = load_overlay(HEAD + text, "ours.yaml")

    (problem,) = overlay_problems(with_overlays(shipped(), [overlay]), overlay, Directory.shipped())

    assert problem.startswith("ours.yaml:7: allocate ours-north: service.ours/return-interviews is")
    assert "homeward agency add" in problem


def test_two_overlays_that_send_one_interview_to_two_desks_are_not_loaded_together():
    theirs = HEAD.replace("ours", "theirs") + ALLOCATE.replace("ours", "theirs").replace(
        "host-return", "lead-return"
    )
    one, other = load_overlay(HEAD + ALLOCATE, "ours.yaml"), load_overlay(theirs, "theirs.yaml")

    with pytest.raises(PolicyFault, match=r"ours.yaml:7: ours-north and theirs-north allocate"):
        with_overlays(shipped(), [one, other])


@pytest.mark.parametrize(
    ("before", "after"),
    [("Newcastle-under-Lyme", "Stafford"), ("2026-01-01, to: 2026-06-30", "2026-07-01")],
)
def test_two_that_never_meet_are(before, after):
    text = ALLOCATE.replace("ours", "theirs").replace("host-return", "lead-return")
    theirs = HEAD.replace("ours", "theirs") + text.replace(before, after)

    both = [load_overlay(HEAD + ALLOCATE), load_overlay(theirs)]

    assert len(with_overlays(shipped(), both).overlays) == 2


def test_what_changes_is_said_in_words():
    was = with_overlays(shipped(), [load_overlay(HEAD + ALLOCATE + RECLASSIFY + REQUIRE)])
    text = (ALLOCATE + RECLASSIFY + REQUIRE).replace("host-return", "lead-return")
    text = text.replace("hours: 6", "hours: 4").replace("[social_worker, ", "[")
    now = with_overlays(shipped(), [load_overlay(HEAD + text)])

    said = changes(was, now)

    days = ", from 2026-01-01 to 2026-06-30"
    whom = "(district newcastle under lyme, age 11 or over, looked_after)"
    holds = "ours-north: lead-return-interviews holds return interviews"
    assert f"ours-1: allocate: now: {holds} {whom}{days}" in said
    turns = "ours-young: absent is missing after 6 hours (age 0 to 13)"
    assert f"ours-1: reclassify: no longer: {turns}" in said
    assert "ours-1: rule ours-form: it asks for risk.may_go_missing" in said


REWRITTEN = """\
rules:
  - id: return-interview
    when:
      kind: missing.return
      stage: [returned, closed]
      outcome: {not: [died, harmed, reported-in-error]}
      of_age: false
    tell: [interviewer]
    owe:
      - duty: offer-return-interview
        owed_by: lead-return-interviews
        clock: {starts: returned, within: {hours: 72}}
        met_by: [return-interview.outcome:stage=offered]
        ladder: return-interview
        ends_with_absence: false
      - duty: hold-return-interview
        owed_by: lead-return-interviews
        clock: {starts: returned, within: {hours: 72}}
        met_by: [return-interview.outcome:stage=held&independent=true]
        ladder: return-interview
        ends_with_absence: false
    basis: statutory-guidance
    source: "T14: DfE, 2014"
"""


def test_the_guidance_on_interviews_may_be_written_anew_as_strictly():
    assert load_overlay(HEAD + REWRITTEN).ids == {"return-interview"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("        ladder: return-interview\n",
         "        given_up_by: [missing.return]\n        ladder: return-interview\n",
         "given_up_by may not name further grounds"),
        ("    tell: [interviewer]", "    require: [condition]\n    tell: [interviewer]",
         "its conditions must hold whenever they do there"),
    ],
)  # fmt: skip
def test_no_overlay_lets_go_of_the_guidance_by_giving_up_or_by_a_form(old, new, problem):
    assert any(problem in one for one in faults(REWRITTEN.replace(old, new)))
