"""Imports point inwards: words know nobody, decisions know the words, the edges know both."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "broker": {"schemas", "broker"},
    "consumers": {"schemas", "broker", "consumers"},
    "producers": {"schemas", "broker", "producers"},
}
WIRING = ROOT / "broker" / "__main__.py"


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_inwards(package):
    outwards = {
        f"{file.relative_to(ROOT)} imports {name}"
        for file in (ROOT / package).rglob("*.py")
        if file != WIRING
        for name in imported(file)
        if name.partition(".")[0] in MAY_IMPORT.keys() - MAY_IMPORT[package]
    }

    assert outwards == set()


def test_nobody_imports_the_wiring_or_the_tests():
    users = {
        str(file.relative_to(ROOT))
        for package in MAY_IMPORT
        for file in (ROOT / package).rglob("*.py")
        if any(name == "broker.__main__" or name.startswith("tests") for name in imported(file))
    }

    assert users == set()


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file} imports relatively"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
