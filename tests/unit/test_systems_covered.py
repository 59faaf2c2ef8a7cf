"""Every scheme, report and local threshold of the five reports is proved by a test that says so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

TESTS = Path(__file__).parents[1]
KINDS = {"schemes": "scheme", "reports": "report", "triggers": "trigger"}


def listed() -> dict[str, list[str]]:
    found: dict[str, list[str]] = YAML(typ="safe").load(TESTS / "systems.yaml")
    return found


def marks(file: Path) -> Iterator[tuple[str, str]]:
    """Kind and name of every mark in a file that is on a test, not in a comment or a string."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="mark"), attr=kind),
                args=[ast.Constant(value=str(name))],
            ) if kind in KINDS.values():
                yield kind, name


@pytest.fixture(scope="module")
def proved() -> set[tuple[str, str]]:
    return {mark for file in TESTS.rglob("test_*.py") for mark in marks(file)}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(KINDS[kind], name) for kind, names in listed().items() for name in names],
)
def test_what_the_reports_describe_is_proved(proved, kind, name):
    assert (kind, name) in proved


def test_nothing_is_proved_under_a_name_that_nobody_listed(proved):
    named = {(KINDS[kind], name) for kind, names in listed().items() for name in names}
    assert proved <= named
