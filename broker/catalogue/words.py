"""The words that the catalogue has beside the models, and how a page is put together."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML


@cache
def glossary() -> Mapping[str, Any]:
    """Read the words for what does not explain itself."""
    text = resources.files("broker").joinpath("data", "glossary.yaml").read_text("utf-8")
    found: Mapping[str, Any] = YAML(typ="safe", pure=True).load(text)
    return found


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Draw a table in Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def joined(*parts: str) -> str:
    """Put paragraphs together; empty ones are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"
