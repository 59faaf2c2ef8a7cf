"""An overlay from its text: what it may say, what it may not weaken, each mistake with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.directory import Directory, Override, Registered
from broker.policy.check import overlay_problems
from broker.policy.load import load_overlay, of_texts, shipped, with_folder, with_overlays
from broker.policy.model import BINDING
from broker.policy.nodes import PolicyFault
from broker.policy.overlay import Where, composed
from broker.policy.policies import Policies
from tests.examples import HOME, STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL

ENGLAND = shipped().national("England")
JANUARY, JULY = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 7))

HEAD = """\
overlay: {name}
version: {name}-2026.1
extends: england
applies_to: {{{applies_to}}}
valid: {{from: {since}{to}}}
"""
TELL = """\
rules:
  - id: {id}
    when: {{kind: missing.notification, risk: high}}
    tell: [{role}]
    basis: local
    source: our own
"""


def text(
    name: str = "ours",
    applies_to: str = f"responsible: [{WALSALL}]",
    since: str = "2026-06-01",
    to: str = "",
    body: str = TELL.format(id="ours-director", role="lead-director"),
) -> str:
    until = f", to: {to}" if to else ""
    return HEAD.format(name=name, applies_to=applies_to, since=since, to=until) + body


def where(**agencies: str) -> Where:
    return Where("England", frozenset(agencies.items()))


def laid(*texts: str) -> Policies:
    return with_overlays(shipped(), [load_overlay(one, "ours.yaml") for one in texts])


def faults(*texts: str) -> list[str]:
    with pytest.raises(PolicyFault) as caught:
        laid(*texts)
    return list(caught.value.problems)


def test_an_overlay_adds_a_rule_that_cites_its_own_version() -> None:
    policies = laid(text())

    policy = policies.of(where(responsible=WALSALL), JULY)
    added = policy.rules[-1]
    assert policy.because(added) == "ours-director@ours-2026.1"
    assert policy.rules[:-1] == ENGLAND.rules
    assert policy.because(ENGLAND.rules[0]) == ENGLAND.because(ENGLAND.rules[0])


def test_whom_it_does_not_apply_to_keeps_the_very_same_policy() -> None:
    policies = laid(text())

    assert policies.of(where(responsible=STOKE, host=WALSALL), JULY) is policies.each["England"]
    assert policies.of(where(responsible=WALSALL), JANUARY) is policies.each["England"]
    assert policies.of(Where("Wales"), JULY) is policies.each["Wales"]


def test_a_policy_is_put_together_once() -> None:
    policies = laid(text())

    first = policies.of(where(responsible=WALSALL), JULY)
    assert policies.of(where(responsible=WALSALL, host=STOKE), JULY) is first


@pytest.mark.parametrize(
    ("applies_to", "there"),
    [
        (f"host: [{STOKE}]", {"host": STOKE}),
        (f"place: [{STOKE}]", {"place": STOKE}),
        (f"force: {STAFFORDSHIRE_POLICE}", {"force": STAFFORDSHIRE_POLICE}),
        (f"provider: [{HOME}]", {"provider": HOME}),
        ("region: West Midlands", {"region": "West Midlands"}),
        ("responsible: [la.E10000009]", {"responsible": "la.E06000059"}),  # Dorset's former code
    ],
)
def test_it_applies_to_who_is_named_in_that_role(applies_to: str, there: dict[str, str]) -> None:
    policies = laid(text(applies_to=applies_to))

    assert policies.of(where(**there), JULY).overlays == ("ours-2026.1",)
    others = {role + "x": agency for role, agency in there.items()}
    assert policies.of(where(**others), JULY).overlays == ()


def test_its_days_are_london_days() -> None:
    policies = laid(text(since="2026-06-01", to="2026-06-30"))
    first = datetime(2026, 5, 31, 23, 0, tzinfo=UTC)  # midnight, in summer time
    last = datetime(2026, 6, 30, 22, 59, tzinfo=UTC)

    def holds(at: datetime) -> bool:
        return bool(policies.of(where(responsible=WALSALL), at).overlays)

    minute = timedelta(minutes=1)
    assert [holds(at) for at in (first - minute, first, last, last + minute)] == [
        False,
        True,
        True,
        False,
    ]


def test_an_overlay_may_extend_another_and_brings_it_along(tmp_path: Path) -> None:
    (tmp_path / "region.yaml").write_text(
        text("region", "region: [London]", body=TELL.format(id="r", role="lead-director"))
    )
    (tmp_path / "ours.yaml").write_text(
        text(body=TELL.format(id="r", role="lead-head-of-service")).replace(
            "extends: england", "extends: region"
        )
    )

    policy = with_folder(tmp_path).of(where(responsible=WALSALL), JULY)

    assert policy.overlays == ("region-2026.1", "ours-2026.1")
    assert [tell.role for rule in policy.rules if rule.id == "r" for tell in rule.tell] == [
        "lead-head-of-service"
    ]


def test_digest_and_version_cover_overlays_and_survive_their_texts() -> None:
    policies = laid(text())

    assert policies.version == f"{shipped().version}+ours-2026.1"
    assert policies.digest != shipped().digest
    assert policies.digest != laid(text(since="2026-06-02")).digest
    again = of_texts(policies.files)
    assert (again.digest, again.version) == (policies.digest, policies.version)


def test_many_overlays_have_a_version_that_the_ledger_has_room_for() -> None:
    many = laid(*(text(f"council-of-number-{n}", f"host: [{STOKE}]", body=TELL.format(
        id=f"rule-{n}", role="lead-director")) for n in range(9)))  # fmt: skip

    assert len(many.version) <= 80


def test_the_longest_rule_of_the_longest_version_can_be_cited() -> None:
    name = "a" * 32
    policies = laid(text(name, body=TELL.format(id="b" * 80, role="lead-director")))

    policy = policies.of(where(responsible=WALSALL), JULY)
    assert len(policy.because(policy.rules[-1])) <= 120


MISTAKES = [
    (text().replace("overlay:", "overley:"), "ours.yaml:1: unknown key 'overley'; did you mean"),
    (text(body=""), "ours.yaml:1: 'rules' is missing: it adds nothing"),
    (
        text(applies_to=""),
        "ours.yaml:4: applies_to names agencies by: district, force, host, place",
    ),
    (text(applies_to="hosts: []"), "ours.yaml:4: unknown key 'hosts'; did you mean 'host'?"),
    (text(applies_to="host: []"), "ours.yaml:4: the list of agencies is empty"),
    (
        text(applies_to=f"force: {STOKE}"),
        "ours.yaml:4: force is named like police.E23000015, not 'la.E06000021'",
    ),
    (
        text(applies_to="host: la.E10000006"),
        "ours.yaml:4: la.E10000006 was divided: name Cumberland (la.E06000063) or Westmorland",
    ),
    (
        text(applies_to="region: West Midland"),
        "ours.yaml:4: unknown region 'West Midland'; did you mean 'West Midlands'?",
    ),
    (text(to="2026-05-01"), "ours.yaml:5: valid to lies before valid from"),
    (
        text().replace("extends: england", "extends: scotland"),
        "ours.yaml:3: there is no policy 'scotland' to extend",
    ),
    (
        text().replace("version: ours-2026.1", "version: theirs-1"),
        "ours.yaml:2: version must start with 'ours-'",
    ),
    (
        text(body=TELL.format(id="x", role="lead-directer")),
        "ours.yaml:9: unknown role 'lead-directer'; did you mean 'lead-director'?",
    ),
    (
        text().replace("risk: high", "risks: high"),
        "ours.yaml:8: unknown condition 'risks'; did you mean 'risk'?",
    ),
    (
        text().replace("basis: local\n    source: our own", "basis: local"),
        "ours.yaml:7: 'source' is missing",
    ),
    (
        text().replace("basis: local", "basis: law"),
        "ours.yaml:11: basis law: source must name a row (T14) or a document with its year",
    ),
    (text(body="without: [missing-leed]\n"), "ours.yaml:6: unknown rule 'missing-leed'; did you"),
]


@pytest.mark.parametrize(("written", "problem"), MISTAKES)
def test_a_mistake_is_named_with_its_line(written: str, problem: str) -> None:
    assert any(one.startswith(problem) for one in faults(written)), faults(written)


def test_an_overlay_does_not_extend_itself(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(text().replace("england", "ours"))
    (tmp_path / "one.yaml").write_text(text("one").replace("england", "other"))
    (tmp_path / "other.yaml").write_text(text("other").replace("england", "one"))

    with pytest.raises(PolicyFault) as caught:
        with_folder(tmp_path)

    assert caught.value.problems == (
        "other.yaml:3: policy 'one' would extend itself",
        "one.yaml:3: policy 'other' would extend itself",
        "ours.yaml:3: policy 'ours' would extend itself",
    )


def test_a_folder_holds_overlays_alone(tmp_path: Path) -> None:
    (tmp_path / "england.yaml").write_text(text())
    (tmp_path / "own.yaml").write_text(
        "policy: own\nversion: own-1\nnation: England\nvalid: {from: 2026-01-01}\n"
        "extends: england\n"
    )

    with pytest.raises(PolicyFault) as caught:
        with_folder(tmp_path)

    assert [one.partition(": ")[0] for one in caught.value.problems] == [
        "england.yaml:1",
        "own.yaml:1",
    ]


@pytest.mark.parametrize(
    ("applies_to", "extends", "problem"),
    [
        (
            "host: [la.E09999999]",
            "england",
            "ours.yaml:4: la.E09999999 is not in the directory, so it applies to nobody there",
        ),
        (
            "responsible: [la.W06000015]",
            "england",
            "ours.yaml:4: Cardiff is in Wales, where the rules of England never count",
        ),
        ("region: [London]", "wales", "ours.yaml:4: London is not in Wales"),
    ],
)
def test_an_overlay_for_nobody_is_a_problem(applies_to: str, extends: str, problem: str) -> None:
    written = text(applies_to=applies_to).replace("extends: england", f"extends: {extends}")
    overlay = load_overlay(written, "ours.yaml")

    (found,) = overlay_problems(with_overlays(shipped(), [overlay]), overlay, Directory.shipped())

    assert found.startswith(problem)


OWED = """
    owe:
      - duty: {duty}
        owed_by: lead-front-door
        clock: {{starts: {starts}, within: {{minutes: {minutes}}}}}
        met_by: [acting]{ladder}
"""


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            TELL.format(id="x", role="{role: lead-iro-service, wakes: true}"),
            f"ours.yaml:7: x: wakes lead-iro-service, and at night nobody is there at {WALSALL}",
        ),
        (
            "without: [regulator-notice]\n",
            "ours-2026.1: no rule says who is told of regulator.notice",
        ),
        (
            TELL.format(id="x", role="home").replace("risk: high", "lives_in_home: false"),
            "ours.yaml:7: x: nobody is home here, as lives_in_home is never true",
        ),
        (
            TELL.format(id="x", role="{role: lead-front-door, wakes: true}").replace(
                "risk: high", "category: missing, of_age: false"
            ),
            "ours.yaml:7: x: tells lead-front-door what missing-lead tells already",
        ),
        (
            "ladders:\n  way:\n    day: [{role: owner-cover, after: {minutes: 0}}]\n"
            "    night: [{role: owner-cover, after: {minutes: 0}}]\n",
            "ours.yaml:8: ladder way: no duty climbs it",
        ),
        (
            "ladders:\n  way:\n    day: [{role: owner-cover, after: {minutes: 0}}]\n"
            "    night: [{role: owner-cover, after: {minutes: 0}}]\n"
            + TELL.format(id="x", role="police-of-place").replace(
                "    basis",
                "    owe:\n      - duty: look\n        owed_by: police-of-place\n"
                "        clock: {starts: sent, within: {hours: 1}}\n"
                "        met_by: [acting]\n        ladder: way\n    basis",
            ),
            "ours.yaml:11: x: ladder way by day reaches nobody when police.",
        ),
        (
            TELL.format(id="x", role="lead-front-door").replace(
                "    basis",
                "    owe:\n      - duty: answer\n        owed_by: lead-front-door\n"
                "        clock: {starts: sent, within: {minutes: 5}}\n"
                "        met_by: [acting]\n    basis",
            ),
            "ours.yaml:7: x: lead-front-door owes 'answer' by missing-lead already, with another",
        ),
    ],
)
def test_a_gap_is_found_as_it_would_be_in_force(body: str, problem: str) -> None:
    overlay = load_overlay(text(body=body), "ours.yaml")

    found = overlay_problems(with_overlays(shipped(), [overlay]), overlay, Directory.shipped())

    assert any(one.startswith(problem) for one in found), found
    assert all(one.startswith(("ours.yaml:", "ours-2026.1: no rule")) for one in found)


def test_it_is_tried_with_the_agencies_that_it_is_for() -> None:
    body = TELL.format(id="x", role="{role: lead-iro-service, wakes: true}")
    overlay = load_overlay(text(body=body), "ours.yaml")
    policies = with_overlays(shipped(), [overlay])
    on_call = Override(cover="on-call-manager")
    known = Directory.shipped().with_agencies(
        [Registered(WALSALL, functions={"iro-service": on_call})]
    )

    assert overlay_problems(policies, overlay, known) == []


# -- two at once


def test_two_overlays_both_count_in_a_fixed_order() -> None:
    one = text("one", body=TELL.format(id="one", role="lead-director"))
    two = text("two", f"host: [{STOKE}]", body=TELL.format(id="two", role="lead-head-of-service"))

    policies, other_way_round = laid(one, two), laid(two, one)

    there = where(responsible=WALSALL, host=STOKE)
    assert policies.of(there, JULY).overlays == ("one-2026.1", "two-2026.1")
    assert other_way_round.of(there, JULY) == policies.of(there, JULY)


NATIONAL = TELL.format(id="missing-lead", role="lead-front-door")


def owing(id: str, minutes: int, risk: str = "high") -> str:
    """A rule by which the front door owes to look within so many minutes."""
    body = TELL.format(id=id, role="lead-front-door").replace("risk: high", f"risk: {risk}")
    return body.replace(
        "    basis",
        "    owe:\n      - duty: look\n        owed_by: lead-front-door\n"
        f"        clock: {{starts: sent, within: {{minutes: {minutes}}}}}\n"
        "        met_by: [acting]\n    basis",
    )


@pytest.mark.parametrize(
    ("body", "other", "problem"),
    [
        (NATIONAL, NATIONAL, "both write rule 'missing-lead' anew"),
        (
            TELL.format(id="x", role="lead-director"),
            TELL.format(id="x", role="lead-head-of-service"),
            "both bring a rule 'x'",
        ),
        (
            "without: [missing-lead]\n",
            NATIONAL,
            "one takes out rule 'missing-lead', the other writes it anew",
        ),
    ],
)
def test_a_conflict_names_both_files_and_lines(body: str, other: str, problem: str) -> None:
    one = load_overlay(text("one", body=body), "one.yaml")
    two = load_overlay(text("two", f"host: [{STOKE}]", body=other), "two.yaml")

    with pytest.raises(PolicyFault) as caught:
        with_overlays(shipped(), [one, two])

    (found,) = caught.value.problems
    line = 6 if "without" in body else 7
    assert found == f"one.yaml:{line}: {problem}: one-2026.1 and two-2026.1 (two.yaml:7)"


LADDER = """\
ladders:
  way:
    day: [{{role: lead-director, after: {{hours: {hours}}}}}]
    night: [{{role: lead-director, after: {{hours: {hours}}}}}]
"""
THRESHOLD = """\
thresholds:
  - id: often
    any: [{count: {at_least: 3, window: {days: 90}}}]
    source: our own
"""


@pytest.mark.parametrize(
    ("body", "other", "problem"),
    [
        (NATIONAL, "without: [missing-lead]\n", "one takes out rule 'missing-lead', the other"),
        (THRESHOLD, THRESHOLD, "both set a threshold 'often'"),
        (LADDER.format(hours=1), LADDER.format(hours=2), "both bring a ladder 'way'"),
    ],
)
def test_a_conflict_is_found_whichever_of_the_two_says_what(
    body: str, other: str, problem: str
) -> None:
    both = text("one", body=body), text("two", f"host: [{STOKE}]", body=other)

    (found,) = faults(*both)
    (turned,) = faults(*reversed(both))

    assert problem in found
    assert problem in turned


def test_what_two_overlays_say_alike_or_for_situations_that_never_meet_is_no_conflict() -> None:
    body, other = owing("x", 10, "low"), owing("y", 20)
    alike = LADDER.format(hours=1)

    assert len(laid(text("one", body=body), text("two", f"host: [{STOKE}]", body=other)).overlays)
    assert len(laid(text("one", body=alike), text("two", f"host: [{STOKE}]", body=alike)).overlays)


def test_one_duty_of_one_owner_by_two_clocks_is_a_conflict() -> None:
    one = text("one", body=owing("x", 10))
    two = text("two", f"host: [{STOKE}]", body=owing("y", 20))

    found = faults(one, two)

    assert found == [
        "ours.yaml:7: lead-front-door owes 'look' by different clocks: one-2026.1 and two-2026.1 "
        "(ours.yaml:7)"
    ]


def test_councils_of_one_role_do_not_meet() -> None:
    one, two = (
        text(name, f"responsible: [{council}]", body=NATIONAL)
        for name, council in (("one", WALSALL), ("two", STAFFORDSHIRE))
    )

    policies = laid(one, two)
    for council, version in ((WALSALL, "one-2026.1"), (STAFFORDSHIRE, "two-2026.1")):
        assert policies.of(where(responsible=council), JULY).overlays == (version,)


def test_one_version_may_follow_another_but_not_beside_it() -> None:
    first = text(to="2026-06-30")
    second = text(since="2026-07-01").replace("ours-2026.1", "ours-2026.2")

    assert laid(first, second).of(where(responsible=WALSALL), JULY).overlays == ("ours-2026.2",)
    assert "in force at once" in faults(first.replace("06-30", "07-01"), second)[0]
    lower, higher = text(since="2026-07-01"), text(to="2026-07-01").replace("2026.1", "2026.2")
    assert "in force at once" in faults(lower, higher)[0]
    (found,) = faults(text(), second)
    assert "two versions of ours are in force at once" in found
    (found,) = faults(text(), text())
    assert "both are version ours-2026.1" in found


def test_no_local_rule_of_an_overlay_comes_before_what_binds() -> None:
    body = TELL.format(id="return-died-or-harmed", role="lead-duty-manager").replace(
        "kind: missing.notification, risk: high", "kind: missing.return"
    )
    first = TELL.format(id="missing-profile", role="lead-director").replace(
        "kind: missing.notification, risk: high", "kind: [missing.notification, missing.return]"
    )
    both = body + first.removeprefix("rules:\n")

    policy = laid(text(body=both)).of(where(responsible=WALSALL), JULY)

    ids = [rule.id for rule in policy.rules]
    binding = max(
        at
        for at, rule in enumerate(policy.rules)
        if rule.basis in BINDING and "missing.return" in rule.when["kind"]
    )
    assert ids.index("missing-profile") > binding
    assert set(ids) == {rule.id for rule in ENGLAND.rules}


def test_nothing_laid_upon_a_policy_leaves_it_as_it_is() -> None:
    assert composed(ENGLAND, ()).rules == ENGLAND.rules
