"""What is said to those who write policies: every word of it is one that a policy may use."""

import re
from importlib import resources

import pytest

from broker.directory import Directory
from broker.policy import wording
from broker.policy.check import overlay_problems
from broker.policy.facts import VALUES
from broker.policy.load import load_overlay, shipped, with_overlays
from broker.policy.model import Start, Tell, View
from broker.policy.overlay import REGION, ROLES_OF_AGENCIES
from broker.policy.overlay_reading import KEYS
from broker.policy.roles import ROLES

TEXT = resources.files("broker.policy").joinpath("WRITING.md").read_text("utf-8")
YEARS = "years, as `{from: 12, to: 16}`: both counted, either may be left out"
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def fact_rows() -> list[str]:
    return [
        f"| `{fact}` | {YEARS if fact == 'age' else shown(values)} |"
        for fact, values in VALUES.items()
    ]


def shown(values: frozenset[object]) -> str:
    if values == {True, False}:
        return "true, false"
    words = sorted(str(value) for value in values if value != "")
    return ", ".join([f"`{word}`" for word in words] + (['`""`'] if "" in values else []))


def role_rows() -> list[str]:
    return [f"| `{role.name}` | {role.means} |" for role in ROLES.values()]


def view_rows() -> list[str]:
    return [f"| `{view}` | {wording.sees(Tell('told', view))} |" for view in View]


def start_rows() -> list[str]:
    return [f"| `{start}` | {words} |" for start, words in wording.STARTS.items()]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0])
def test_every_example_loads_and_has_no_gap(block: str) -> None:
    overlay = load_overlay(block, "example.yaml")
    policies = with_overlays(shipped(), [overlay])

    found = overlay_problems(policies, overlay, Directory.shipped())

    assert [one for one in found if "provider.SC999001 is not in the directory" not in one] == []


def test_the_examples_may_lie_together() -> None:
    overlays = [load_overlay(block, "example.yaml") for block in BLOCKS]

    assert len(with_overlays(shipped(), overlays).overlays) == len(BLOCKS) > 2


@pytest.mark.parametrize("rows", [fact_rows, role_rows, view_rows, start_rows])
def test_the_tables_say_what_the_code_knows(rows) -> None:
    lines = TEXT.splitlines()

    first = lines.index(rows()[0])
    assert lines[first : first + len(rows())] == rows()
    assert not lines[first + len(rows())].startswith("|")


def test_every_start_has_words() -> None:
    assert wording.STARTS.keys() == set(Start)


def test_every_key_is_explained() -> None:
    keys = KEYS | {*ROLES_OF_AGENCIES, REGION}
    keys |= {"id", "when", "tell", "owe", "basis", "source", "role", "view", "wakes", "as_kind"}
    keys |= {"duty", "owed_by", "clock", "met_by", "excused_by", "ladder", "ends_with_absence"}
    keys |= {"until_18", "each", "covered", "by_itself", "of_child", "and_its_end"}

    assert [key for key in sorted(keys) if f"| `{key}` |" not in TEXT] == []
    assert all(
        f"`{word}`" in TEXT
        for word in ("within", "working_days", "high", "at_most", "before: true")
    )
    assert "## Thresholds" in TEXT
