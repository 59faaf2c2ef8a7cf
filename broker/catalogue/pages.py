"""
The catalogue of messages as pages: one for each kind, in plain words.

    homeward schemas catalogue --to schemas/catalogue

Read off the models, the published schemas and the shipped policies, so that no page can say
anything else than what is done.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from broker.catalogue import rules
from broker.catalogue.fields import doc, fields, parts, versions
from broker.catalogue.words import glossary, joined, table
from broker.cli.example import example, notice
from schemas import generate, values
from schemas.kinds import FROM_AGENCIES, KINDS, MADE, RECORD_TOPICS, TO_AGENCIES, event_type
from schemas.message import ChildMessage, Message

INDEX = "README.md"
_MADE = "<!-- Made by `homeward schemas catalogue`: do not edit. -->"
_NOW = datetime(2026, 3, 27, 22, 10, tzinfo=UTC)
_ID = UUID("6d1f8a3e-0c55-4a53-9a7e-3d1b1f0c2a11")


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {f"{kind}.md": _page(kind) for kind in KINDS} | {INDEX: _index()}


def write(folder: Path) -> list[Path]:
    """Write every page; what was made here before and is no page any more is taken away."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {folder / name: text for name, text in pages().items()}
    for file in set(folder.glob("*.md")) - made.keys():
        if file.read_text(encoding="utf-8").startswith(_MADE):
            file.unlink()
    for file, text in made.items():
        file.write_text(text, encoding="utf-8")
    return list(made)


def _index() -> str:
    rows = [
        (f"[{kind}]({kind}.md)", doc(model, first=True), _senders(kind))
        for kind, model in KINDS.items()
    ]
    return joined(
        _MADE,
        "# Messages",
        "What agencies say to each other through Homeward, one page for each kind. Numbers marked "
        "local are defaults that an agency may change in its own policy; they are never law.",
        table(("kind", "says", "sent by"), rows),
        "## What every message says",
        fields(ChildMessage, "", ChildMessage.model_fields),
        "A message that is about no one child (an answer, a statement of identity, a request to "
        "catch up, and most of what Homeward says) has neither `child` nor what is said of an "
        "absence.",
        *parts(ChildMessage, "", ChildMessage.model_fields),
        "## How to read a table of fields",
        "- **required**: a message without it is refused. **asked**: it is filled in, or said to "
        "be none known; leaving it out says that nobody asked. **optional**: it may be left out.\n"
        "- `not-known` says that somebody asked and nobody knew. `unrecognised` is what a reader "
        "of an older version sees for a word that is newer.\n"
        "- In JSON a word is written as it stands here; in Avro with underscores "
        "(`looked-after` is `looked_after`).\n"
        "- Control characters are refused in every text; tab and new line are text.",
    )


def _page(kind: str) -> str:
    model = KINDS[kind]
    own = {name: info for name, info in model.model_fields.items() if name not in _envelope(model)}
    about = f"{model.VERSION} ([Avro](../avro/{kind}.v{model.VERSION}.avsc)), schema id "
    facts = [
        ("sent by", _senders(kind)),
        ("version", f"{about}{generate.published()[f'{kind}.v{model.VERSION}']}"),
        ("`ce_type`", f"`{event_type(kind, model.VERSION)}`"),
        ("kept in the topic", f"`{RECORD_TOPICS[kind]}`" if kind in RECORD_TOPICS else "none"),
    ]
    return joined(
        _MADE,
        f"# {kind}",
        doc(model),
        table(("", ""), facts),
        *rules.told(kind),
        *rules.owed(kind),
        *rules.ended(kind),
        *rules.grounds(kind),
        "## Fields",
        f"Beside what [every message says]({INDEX}#what-every-message-says):",
        fields(model, kind, own),
        *parts(model, kind, own),
        "## Example",
        f"```json\n{json.dumps(_example(kind), indent=2, ensure_ascii=False)}\n```",
        "## Versions",
        *versions(kind),
    )


def _envelope(model: type[Message]) -> Iterable[str]:
    return (ChildMessage if issubclass(model, ChildMessage) else Message).model_fields


def _senders(kind: str) -> str:
    if kind in TO_AGENCIES or kind in MADE:
        return "Homeward"
    words = glossary()["senders"]
    named = ", ".join(words[sort] for sort in values.AGENCY_KINDS if sort in KINDS[kind].SENDERS)
    return (named or "any agency") + (", and Homeward from events" if rules.made_from(kind) else "")


def _example(kind: str) -> dict[str, Any]:
    make = example if kind in FROM_AGENCIES else notice
    return make(kind, _NOW, lambda: _ID)
