"""What the check finds in a policy that loads: nobody told, nobody reached, all told twice."""

import pytest

from broker.directory import Directory, Override, Registered
from broker.policy.check import all_problems, problems
from broker.policy.load import load, shipped, together
from schemas.kinds import FROM_AGENCIES

DIRECTORY = Directory.shipped()
STAFFORDSHIRE = "la.E10000028"
CARDIFF = "la.W06000015"

RULE = """
  - id: {id}
    when: {{{when}}}
    tell: [{tell}]
    basis: local
    source: none
"""
OWED = """
  - id: owed
    when: {kind: missing.notification, sender: police}
    tell: [lead-front-door, police-of-place]
    owe:
      - duty: answer
        owed_by: %s
        clock: {starts: sent, within: {minutes: 30}}
        met_by: [acting]
        ladder: way
    basis: local
    source: none
"""
WAY = """
ladders:
  way:
    day: [{role: %s, after: {minutes: 0}}]
    night: [{role: %s, after: {minutes: 0}}]
"""
NOT_TOLD = {"answer", "catch-up", "child.profile"}  # the last is released, in one way only
RELEASED = RULE.format(
    id="released",
    when="kind: child.profile, still_missing: true",
    tell="{role: police-of-place, as_kind: child.profile}",
)
ALL_KINDS = f"kind: [{', '.join(sorted(FROM_AGENCIES.keys() - NOT_TOLD))}]"


def checked(
    *rules: str, ladders: str = "", directory: Directory = DIRECTORY, nation: str = "England"
) -> list[str]:
    whole = RULE.format(id="whole", when=ALL_KINDS, tell="lead-social-work")
    head = f"policy: x\nversion: x-1\nnation: {nation}\nvalid: {{from: 2026-01-01}}\n"
    text = f"{head}{ladders}\nrules:\n{whole}{RELEASED}{''.join(rules)}"
    return problems(load(text), directory)


def rule(tell: str, when: str = "kind: missing.notification", id: str = "rule") -> str:
    return RULE.format(id=id, when=when, tell=tell)


def test_a_sound_policy_has_no_problems() -> None:
    assert checked(rule("{role: lead-front-door, wakes: true}")) == []


def test_a_kind_without_a_rule_is_a_problem() -> None:
    text = "policy: x\nversion: x-1\nnation: England\nvalid: {from: 2026-01-01}\nrules:\n"

    found = problems(load(text + rule("{role: lead-iro-service, as_kind: iro.alert}")), DIRECTORY)

    assert "no rule says who is told of missing.return" in found
    assert "rule: iro.alert is made here, and no rule is about it" in found


def test_every_kind_that_an_agency_sends_needs_a_rule_but_those_that_go_to_nobody_else() -> None:
    text = "policy: x\nversion: x-1\nnation: England\nvalid: {from: 2026-01-01}\nrules:\n"

    found = problems(load(text + rule("lead-front-door")), DIRECTORY)

    needless = {"answer", "catch-up", "subscription.request", "census", "missing.notification"}
    needless |= {"profile.request", "report.given", "home.readiness"}
    assert [one for one in found if one.startswith("no rule")] == [
        f"no rule says who is told of {kind}" for kind in sorted(FROM_AGENCIES.keys() - needless)
    ]


@pytest.mark.parametrize(
    ("tell", "when", "problem"),
    [
        (
            "found-force",
            "kind: missing.notification",
            "rule: nobody is found-force here, as kind is never missing.return",
        ),
        (
            "plan-chair",
            "kind: missing.update, protection_plan: false",
            "rule: nobody is plan-chair here, as protection_plan is never true",
        ),
        (
            "home",
            "kind: missing.update, lives_in_home: false",
            "rule: nobody is home here, as lives_in_home is never true",
        ),
    ],
)
def test_a_role_that_nobody_can_have_is_a_problem(tell: str, when: str, problem: str) -> None:
    assert checked(rule(tell, when)) == [problem]


def test_waking_a_desk_that_has_no_night_cover_is_a_problem() -> None:
    (problem,) = checked(rule("{role: lead-iro-service, wakes: true}"))

    assert problem.startswith("rule: wakes lead-iro-service, and at night nobody is there at la.")
    assert problem.endswith(" more)")


def test_one_council_without_night_cover_is_named() -> None:
    front_door = Override(cover="")
    without = DIRECTORY.with_agencies(
        [Registered(STAFFORDSHIRE, functions={"front-door": front_door})]
    )

    assert checked(rule("{role: lead-front-door, wakes: true}"), directory=without) == [
        f"rule: wakes lead-front-door, and at night nobody is there at {STAFFORDSHIRE}"
    ]


def test_a_desk_that_is_open_at_night_but_does_not_ring_wakes_nobody() -> None:
    quiet = DIRECTORY.with_agencies(
        [Registered(STAFFORDSHIRE, functions={"emergency-duty": Override(rings=False)})]
    )

    assert checked(rule("{role: lead-front-door, wakes: true}"), directory=quiet) == [
        f"rule: wakes lead-front-door, and at night nobody is there at {STAFFORDSHIRE}"
    ]


def test_a_desk_that_is_named_is_known_and_there_when_it_is_woken() -> None:
    asleep = f"address:{STAFFORDSHIRE}/iro-service"

    assert checked(rule("address:service.nobody/head")) == [
        "rule: service.nobody/head is not in the directory"
    ]
    assert checked(rule(asleep)) == []
    assert checked(rule(f"{{role: {asleep}, wakes: true}}")) == [
        f"rule: wakes {asleep}, and at night nobody is there at {STAFFORDSHIRE}"
    ]


def test_waking_everybody_is_a_problem() -> None:
    assert checked(rule("{role: told, wakes: true}")) == [
        "rule: wakes told: name the desks that may be woken"
    ]


@pytest.mark.parametrize(
    ("owner", "day", "night", "problem"),
    [
        ("lead-front-door", "owner-duty-manager", "owner-on-call-manager", ""),
        ("lead-front-door", "police-missing-unit", "police-of-place", ""),
        ("police-of-place", "owner-missing-unit", "lead-front-door", ""),
        ("police-of-place", "owner-missing-unit", "owner-head-of-service", "by night"),
        ("police-of-place", "police-of-place", "lead-front-door", "by day"),
        ("lead-front-door", "owner-missing-unit", "owner-cover", "by day"),
        ("police-of-place", "lead-front-door", "owner-cover", "by night"),
        ("lead-front-door", "lead-director", "address:service.nobody/head", "by night"),
        ("lead-front-door", "lead-director", "address:la.E10000028/front-door", "by night"),
    ],
)
def test_a_ladder_that_reaches_nobody_is_a_problem(
    owner: str, day: str, night: str, problem: str
) -> None:
    found = checked(OWED % owner, ladders=WAY % (day, night))

    assert len(found) == bool(problem)
    assert all(text.startswith(f"owed: ladder way {problem} reaches nobody") for text in found)


@pytest.mark.parametrize(
    ("owner", "role", "idle"),
    [
        ("lead-front-door", "owner-missing-unit", True),  # no council has one
        ("lead-front-door", "lead-front-door", True),  # it is late itself
        ("lead-front-door", "host-front-door", False),  # another council's, with the same name
        ("lead-front-door", "home", False),  # no home is known yet
        ("police-of-place", "owner-director", True),
        ("police-of-place", "lead-director", False),
        ("police-of-place", "address:service.nobody/head", True),
    ],
)
def test_a_single_step_that_can_reach_nobody_is_a_problem(
    owner: str, role: str, idle: bool
) -> None:
    way = WAY % ("lead-duty-manager", "lead-duty-manager")
    way = way.replace("day: [", f'day: [{{role: "{role}", after: {{minutes: 0}}}}, ')

    found = checked(OWED % owner, ladders=way)

    assert found == [f"ladder way: {role} by day is nobody, whoever is late"] * idle


def test_a_step_that_reaches_somebody_for_one_of_two_duties_is_none() -> None:
    way = WAY % ("lead-duty-manager", "lead-duty-manager")
    way = way.replace("day: [", "day: [{role: owner-missing-unit, after: {minutes: 0}}, ")
    both = [OWED % "lead-front-door", OWED.replace("owed", "more", 1) % "police-of-place"]

    found = checked(*both, ladders=way)

    assert [text for text in found if text.startswith("ladder")] == []


def test_a_ladder_that_no_duty_climbs_is_a_problem() -> None:
    assert checked(ladders=WAY % ("owner-duty-manager", "owner-cover")) == [
        "ladder way: no duty climbs it"
    ]


def test_telling_one_role_the_same_twice_is_a_problem() -> None:
    narrow = rule("lead-front-door", "kind: missing.update, category: [missing]", "narrow")
    wide = rule("lead-front-door", "kind: missing.update, category: [missing, away]", "wide")

    assert checked(narrow, wide) == ["narrow: tells lead-front-door what wide tells already"]


def test_telling_one_role_in_two_ways_is_a_problem() -> None:
    silent = rule("lead-front-door", id="silent")
    waking = rule("{role: lead-front-door, wakes: true}", id="waking")

    assert checked(silent, waking) == [
        "silent: tells lead-front-door otherwise than waking does",
        "waking: tells lead-front-door otherwise than silent does",
    ]


def without_night_cover(council: str) -> Directory:
    front_door = Override(cover="")
    return DIRECTORY.with_agencies([Registered(council, functions={"front-door": front_door})])


def test_each_policy_is_tried_with_the_agencies_of_its_nation() -> None:
    waking = rule("{role: lead-front-door, wakes: true}")

    for nation, council in (("England", STAFFORDSHIRE), ("Wales", CARDIFF)):
        gap = f"rule: wakes lead-front-door, and at night nobody is there at {council}"
        for one in ("England", "Wales"):
            found = checked(waking, nation=one, directory=without_night_cover(council))
            assert found == ([gap] if one == nation else [])


def test_every_nation_has_a_policy_and_each_problem_says_in_which() -> None:
    head = "policy: x\nversion: x-1\nnation: Wales\nvalid: {from: 2026-01-01}\nrules:"
    lone = together([load(head + rule("lead-front-door"))])

    found = all_problems(lone, DIRECTORY)

    assert found[0] == "no policy is for England"
    assert "x-1: no rule says who is told of missing.return" in found


def test_what_is_shipped_has_no_problems() -> None:
    assert all_problems(shipped(), DIRECTORY) == []


@pytest.mark.parametrize(
    ("owner", "when", "day", "reached"),
    [
        ("told", "kind: iro.alert", "owner-cover", False),
        ("told", "kind: iro.alert", "lead-duty-manager", True),
        ("acting", "kind: iro.alert", "police-of-place", False),
        ("interviewer", "kind: return-interview.outcome", "owner-duty-manager", True),
        ("interviewer", "kind: return-interview.outcome", "owner-cover", False),
        ("addressee", "kind: referral, addressed: true", "lead-front-door", False),
        ("sender", "kind: safe-and-well.outcome", "lead-front-door", True),
        ("sender", "kind: return-interview.outcome", "owner-missing-unit", False),
    ],
)
def test_a_ladder_reaches_somebody_whoever_may_owe(
    owner: str, when: str, day: str, reached: bool
) -> None:
    owed = f"""
  - id: owed
    when: {{{when}}}
    tell: [{owner}, police-of-place, lead-front-door]
    owe:
      - duty: do
        owed_by: {owner}
        clock: {{starts: sent, working_days: 1}}
        met_by: [acting]
        ladder: way
    basis: local
    source: none
"""
    found = [text for text in checked(owed, ladders=WAY % (day, day)) if "by day" in text]

    assert (found == []) is reached, found
