"""`homeward policy list`, `activate` and `diff`: what is in force, and what a change would do."""

import getpass
import hashlib
import json
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from broker.__main__ import commands
from broker.cli import app as cli
from broker.cli import home as homes
from broker.clock import SetClock
from broker.errors import Misuse
from broker.ledger import activation
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.policy.load import shipped, with_folder
from broker.settings import Settings
from schemas.codec import to_json
from tests.examples import (
    FRIDAY_NIGHT,
    OVERLAY_HEAD,
    STAFFORDSHIRE_POLICE,
    WALSALL,
    notification,
    returned,
)
from tests.scenarios.play import Play, prepared

OVERLAY = (
    OVERLAY_HEAD
    + """\
rules:
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
  - id: ours-director
    when: {kind: missing.notification, category: missing}
    tell: [{role: lead-director, view: summary}]
    basis: local
    source: our own
"""
)
THRESHOLDS = """\
ladders:
  ours-worker:
    silent: true
    day: [{role: lead-head-of-service, after: {days: 1}}]
    night: [{role: lead-head-of-service, after: {days: 1}}]
thresholds:
  - id: ours-nights
    any: [overnight: {from: "00:00", to: "06:00"}]
    when: {age: {from: 0, to: 12}}
    source: our own
rules:
  - id: ours-after-a-night
    when: {kind: threshold.reached, threshold: ours-nights}
    owe:
      - duty: ours-meeting
        owed_by: lead-social-work
        clock: {starts: occurred, working_days: 3}
        met_by: [meeting.outcome:held=true]
        ladder: ours-worker
        ends_with_absence: false
    basis: local
    source: our own
"""
PERIOD = ("--from", "2026-03-27", "--until", "2026-03-28")


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("HOMEWARD_KAFKA", "HOMEWARD_LEDGER", "HOMEWARD_POLICIES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "policy").mkdir(parents=True)
    (tmp_path / "home" / "secrets").mkdir()
    (tmp_path / "home" / "secrets" / "pseudonym.key").write_bytes(b"a secret of the tests only")
    return tmp_path / "home"


@pytest.fixture
def homeward(home, capsys):
    def run(*arguments):
        code = cli.run(commands(), ["policy", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    file = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    made = Ledger(f"sqlite:///{file}")
    prepared(made, SetClock(FRIDAY_NIGHT))
    made.close()
    return file


@pytest.fixture
def ledger(home, empty):
    shutil.copy(empty, home / "ledger.sqlite")
    opened = Ledger(f"sqlite:///{home / 'ledger.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def ours(tmp_path):
    file = tmp_path / "ours.yaml"
    file.write_text(OVERLAY)
    return file


def laid(home, text=OVERLAY):
    (home / "policy" / "ours.yaml").write_text(text)


def audited(ledger):
    a = t.audit.c
    with ledger.reading() as connection:
        return [tuple(row) for row in connection.execute(select(a.who, a.what, a.about, a.reason))]


# -- check and explain


def test_an_overlay_and_a_folder_of_them_are_checked(homeward, home, ours):
    code, out = homeward("check", ours, "--json")
    assert (code, json.loads(out)) == (0, {"policy": "ours-1", "good": True, "problems": []})

    ours.write_text(OVERLAY.replace("role: lead-director", "role: lead-directer"))
    code, out = homeward("check", ours)
    assert code == 1
    assert out.startswith("ours.yaml:23: unknown role 'lead-directer'; did you mean")

    laid(home, OVERLAY.replace("basis: local", "basis: law", 1))
    code, out = homeward("check", home / "policy")
    assert code == 1
    assert out.startswith("ours.yaml:20: basis law: source must name a row")


def test_a_conflict_with_what_is_here_already_is_found(homeward, home, ours):
    laid(home, OVERLAY.replace("ours", "theirs").replace("responsible", "host"))

    code, out = homeward("check", ours)

    assert code == 1
    words = " ".join(out.split())
    assert "both write rule 'missing-lead' anew: ours-1 and theirs-1 (ours.yaml:7)" in words


def test_a_message_is_explained_by_an_overlay_before_it_is_active(homeward, home, ours, tmp_path):
    file = tmp_path / "message.json"
    said = notification().model_dump(mode="json", exclude_none=True)
    file.write_text(json.dumps(said | {"kind": "missing.notification"}))
    at = ("--at", FRIDAY_NIGHT.isoformat(), "--json")

    by_default = json.loads(homeward("explain", file, *at)[1])
    by_ours = json.loads(homeward("explain", file, *at, "--policy", ours)[1])
    laid(home)
    from_here = json.loads(homeward("explain", file, *at)[1])

    told = [{one["role"] for one in shown["recipients"]} for shown in (by_default, by_ours)]
    assert told[1] - told[0] == {"lead-director"}
    assert (by_default["overlays"], by_ours["overlays"]) == ([], ["ours-1"])
    assert from_here["recipients"] == by_ours["recipients"]
    (answer,) = [one for one in by_ours["duties"] if one["owed_by"].endswith("/emergency-duty")]
    assert (answer["because"], answer["source"]) == ("missing-lead@ours-1", "our own")
    assert answer["why"].startswith("12 minutes after it is sent")


def test_an_overlay_that_is_not_for_a_message_is_said_not_to_count(homeward, home, tmp_path):
    file, other = tmp_path / "message.json", tmp_path / "other.yaml"
    file.write_text(json.dumps(to_json(notification())))
    other.write_text(OVERLAY.replace(WALSALL, "la.E08000034"))
    at = ("--at", FRIDAY_NIGHT.isoformat())

    said = " ".join(homeward("explain", file, *at, "--policy", other)[1].split())

    assert "ours-1 does not count for this message: it holds from 2026-01-01, in England" in said
    assert f"applies to responsible la.E08000034; here: force {STAFFORDSHIRE_POLICE}" in said
    assert f"responsible {WALSALL}" in said


# -- list


def test_the_list_shows_what_is_active_and_what_lies_here(homeward, home, ledger):
    laid(home)

    shown = json.loads(homeward("list", "--json")[1])

    assert (shown["active"], shown["is_active"]) == (shipped().version, False)
    assert shown["here"] == f"{shipped().version}+ours-1"
    assert shown["overlays"] == [
        {
            "version": "ours-1",
            "extends": [shipped().national("England").version],
            "valid_from": "2026-01-01",
            "valid_to": None,
            "applies_to": {"responsible": [WALSALL]},
        }
    ]
    code, out = homeward("list")
    assert code == 0
    assert "from 2026-01-01" in out
    assert WALSALL in out


# -- activate


def test_activating_says_what_changes_and_who_did_it_is_kept(homeward, home, ledger):
    laid(home)

    code, out = homeward("activate")

    words = " ".join(out.split())
    version = f"{shipped().version}+ours-1"
    assert code == 0
    assert f"ours-1: new, from 2026-01-01; it applies to responsible {WALSALL}" in words
    assert "ours-1: rule ours-director is new: tells lead-director (a summary" in words
    assert "12 minutes after it is sent; at high risk 10 minutes" in words
    assert audited(ledger) == [
        (getpass.getuser(), "policy-activate", version, f"in place of {shipped().version}")
    ]
    with ledger.reading() as connection:
        known = activation.active(connection)
        assert known
        assert known.version == version
        kept = activation.texts(connection, known.digest)
    assert kept
    assert kept.digest == known.digest == with_folder(home / "policy").digest


def test_activating_says_what_is_written_anew_and_from_when_on_absences_are_too_many(
    homeward, home, ledger
):
    laid(home, OVERLAY.replace("rules:\n", THRESHOLDS))

    code, out = homeward("activate", "--json")

    said = json.loads(out)["changes"]
    anew = next(one for one in said if "missing-lead" in one)
    assert code == 0
    assert anew.startswith("ours-1: rule missing-lead is written anew: no longer: lead-front-door ")
    assert "owes answer 30 minutes" in anew
    assert "now: lead-front-door owes answer 12 minutes" in anew
    assert (
        "ours-1: threshold ours-nights is new: missing overnight (00:00 to 06:00); asks for age"
        in said[-2]
    )
    assert said[-1].startswith("ours-1: ladder ours-worker is new: ")

    laid(home, OVERLAY.replace("rules:\n", THRESHOLDS.replace("00:00", "01:00")))
    (said,) = json.loads(homeward("activate", "--json")[1])["changes"]
    assert (
        "(00:00 to 06:00); asks for age; about each child becomes missing overnight (01:00" in said
    )


def test_activating_again_changes_and_records_nothing(homeward, home, ledger):
    laid(home)
    homeward("activate")

    code, out = homeward("activate", "--json")

    assert (code, json.loads(out)["changed"]) == (0, False)
    assert len(audited(ledger)) == 1


def test_a_changed_rule_is_told_in_words(homeward, home, ledger):
    laid(home)
    homeward("activate")
    laid(
        home,
        OVERLAY.replace("minutes: 12", "minutes: 15").replace("from: 2026-01", "from: 2026-02"),
    )

    out = json.loads(homeward("activate", "--json")[1])

    first, second = out["changes"]
    assert first == "ours-1: in force: from 2026-01-01 becomes from 2026-02-01"
    assert second.startswith("ours-1: rule missing-lead: no longer: lead-front-door owes answer 12")
    assert "now: lead-front-door owes answer 15 minutes" in second


def test_a_policy_with_problems_is_not_activated(homeward, home, ledger):
    laid(home, OVERLAY.replace("role: lead-director", "role: lead-iro-service, wakes: true"))

    code, out = homeward("activate")

    assert code == 1
    assert "ours-director: wakes lead-iro-service, and at night nobody is there" in out
    assert "Nothing was changed" in out
    assert audited(ledger) == []
    with ledger.reading() as connection:
        known = activation.active(connection)
    assert known
    assert known.version == shipped().version


def test_what_came_with_an_earlier_homeward_is_replaced_in_the_same_way(homeward, home, ledger):
    with ledger.deciding() as connection:
        values = {"policy": "0" * 64, "policy_version": "england-2025.1+wales-2025.1"}
        connection.execute(update(t.ledger).values(**values))
    with pytest.raises(Misuse, match="homeward policy activate"):
        homes.require_policy(ledger, shipped())

    code, out = homeward("activate")

    assert code == 0
    words = " ".join(out.split())
    assert "The text of england-2025.1+wales-2025.1 was not kept" in words
    homes.require_policy(ledger, shipped())


def test_every_part_loads_what_lies_in_the_home_or_the_folder_named(home, tmp_path, ours):
    laid(home)
    settings = Settings.read({"HOMEWARD_HOME": str(home)})
    elsewhere = Settings.read({"HOMEWARD_HOME": str(home), "HOMEWARD_POLICIES": str(tmp_path)})

    assert homes.policies(settings).version == f"{shipped().version}+ours-1"
    assert homes.policies(elsewhere).digest == homes.policies(settings).digest
    missing = Settings.read({"HOMEWARD_HOME": str(home), "HOMEWARD_POLICIES": "/nowhere"})
    with pytest.raises(Misuse, match="there is no folder /nowhere"):
        homes.policies(missing)


# -- diff


def played(ledger):
    """A report, an answer that is still in time by one clock and late by the other, the end."""
    play = Play(ledger, FRIDAY_NIGHT)
    first = notification()
    play.say(first)
    desk = f"{WALSALL}/emergency-duty"
    play.until(FRIDAY_NIGHT + timedelta(minutes=20))
    play.answer(play.last(desk))
    play.say_at(FRIDAY_NIGHT + timedelta(hours=8), returned(first))
    return first


def test_two_policies_are_compared_by_what_was_accepted(homeward, ledger, ours):
    first = played(ledger)

    code, out = homeward("diff", "active", ours, *PERIOD, "--json")

    shown = json.loads(out)
    assert (code, shown["messages"], shown["refused"]) == (1, 3, {"a": {}, "b": {}})
    one, end = shown["differences"]
    assert one["message"] == str(first.message_id)
    assert one["only_a"] == []
    assert [(told["address"], told["view"], told["because"]) for told in one["only_b"]] == [
        (f"{WALSALL}/director", "summary", "ours-director@ours-1"),
        (f"{WALSALL}/on-call-manager", "full", "missing-lead@ours-1"),  # late, it climbed
    ]
    (owed,) = [each for each in one["owed"] if each["owed_by"] == f"{WALSALL}/emergency-duty"]
    assert owed["duty"] == "answer"
    assert (owed["a"]["state"], owed["b"]["state"]) == ("met", "met-late")
    assert owed["a"]["due_at"] == "2026-03-27T22:40:00Z"
    assert owed["b"]["due_at"] == "2026-03-27T22:22:00Z"
    assert end["kind"] == "missing.return"
    assert [told["address"] for told in end["only_b"]] == [  # who was told is told the end
        f"{WALSALL}/director",
        f"{WALSALL}/on-call-manager",
    ]


def test_a_person_reads_the_same_and_no_name_of_a_child(homeward, ledger, ours):
    played(ledger)

    code, out = homeward("diff", "shipped", ours, *PERIOD)

    words = " ".join(out.split())
    assert code == 1
    assert f"told only under B: {WALSALL}/director (summary) by ours-director@ours-1" in words
    assert "Robin" not in words
    assert "Example" not in words


def test_a_comparison_leaves_the_ledger_as_it_was(homeward, home, ledger, ours):
    played(ledger)
    ledger.close()
    file = home / "ledger.sqlite"
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    assert homeward("diff", "active", ours, *PERIOD)[0] == 1

    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_nothing_differs_between_a_policy_and_itself(homeward, ledger):
    played(ledger)

    code, out = homeward("diff", "active", "shipped", *PERIOD)

    assert code == 0
    assert "Nothing would be told or owed otherwise" in out


def test_only_the_period_asked_for_is_compared(homeward, ledger, ours):
    played(ledger)

    code, out = homeward(
        "diff", "active", ours, "--from", "2026-03-28", "--until", "2026-03-28", "--json"
    )

    shown = json.loads(out)
    assert (code, shown["messages"], shown["refused"]) == (1, 1, {"a": {}, "b": {}})
    assert [one["kind"] for one in shown["differences"]] == ["missing.return"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("active", "/no/such.yaml"), "cannot read /no/such.yaml"),
        (("active", "shipped", "--from", "yesterday"), "--from yesterday is not a day"),
        (
            ("active", "shipped", "--from", "2026-03-02", "--until", "2026-03-01"),
            "--until 2026-03-01 lies before --from 2026-03-02",
        ),
    ],
)
def test_wrong_use_is_said(homeward, ledger, arguments, words):
    code, out = homeward("diff", *arguments)

    assert code == 2
    assert words in " ".join(out.split())
