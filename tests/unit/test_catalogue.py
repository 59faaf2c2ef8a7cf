"""The catalogue in the repository says what the models, schemas and policies say now."""

import json
import re
from pathlib import Path

import pytest

from broker.catalogue import fields as shown
from broker.catalogue.pages import INDEX, pages, write
from broker.catalogue.words import glossary
from broker.cli import app
from broker.policy import load, wording
from broker.policy.facts import VALUES
from broker.policy.model import Situation
from schemas.codec import from_json
from schemas.kinds import FROM_AGENCIES, KINDS
from schemas.values import Known
from tests.filled import fields

FOLDER = Path(__file__).parents[2] / "schemas" / "catalogue"
MADE = pages()


def page(kind):
    return MADE[f"{kind}.md"]


def test_the_pages_in_the_repository_are_fresh():
    held = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}

    stale = {name for name in held.keys() | MADE if held.get(name) != MADE.get(name)}
    assert stale == set(), "run: homeward schemas catalogue --to schemas/catalogue"


def test_there_is_a_page_for_each_kind_and_the_first_one_names_them_all():
    assert set(MADE) == {f"{kind}.md" for kind in KINDS} | {INDEX}
    for kind in KINDS:
        assert f"[{kind}]({kind}.md)" in MADE[INDEX]


def rows(text):
    """The cells of every line of every table."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_on_its_page_with_words_of_its_own(kind):
    text = page(kind) + MADE[INDEX]
    named = {row[0]: row for row in rows(text) if row[0].startswith("`")}

    for one in fields(KINDS[kind]):
        if one.path[-1] == 0:
            continue
        row = named[f"`{one.path[-1]}`"]
        assert all(row[1:4]), one.name
        assert row[2] != shown.doc(Known, first=True).rstrip("."), f"{one.name} needs its own words"


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_that_is_allowed_is_on_the_page(kind):
    text = page(kind) + MADE[INDEX]

    for one in fields(KINDS[kind]):
        if one.type == "choice":
            for word in one.of:
                assert word.name == "unrecognised" or f"`{word.value}`" in text


@pytest.mark.parametrize("kind", KINDS)
def test_every_limit_of_a_text_is_on_the_page(kind):
    text = page(kind) + MADE[INDEX]

    for one in fields(KINDS[kind]):
        if one.free:
            assert f"to {one.longest:,} characters" in text
        if one.type == "list" and one.longest:
            assert f"up to {one.longest} of" in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_on_a_page_is_a_message_of_its_kind(kind):
    (example,) = re.findall(r"```json\n(.*?)\n```", page(kind), re.DOTALL)

    assert kind == from_json(json.loads(example)).KIND


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_about_a_kind_is_on_its_page_with_its_basis(kind):
    for policy in load.shipped().each.values():
        for rule in policy.rules:
            if kind in rule.when["kind"] and (rule.tell or rule.owe):
                assert f"`{rule.id}` ({wording.basis(rule)})" in page(kind) or (
                    policy.nation != "England"
                )
                for owe in rule.owe if policy.nation == "England" else ():
                    assert f"`{owe.duty}`" in page(kind)


@pytest.mark.parametrize("kind", FROM_AGENCIES)
def test_what_a_message_ends_is_on_its_page(kind):
    for rule in load.shipped().each["England"].rules:
        for owe in rule.owe:
            for token in (*owe.met_by, *owe.excused_by):
                if token.partition(":")[0] == kind:
                    assert f"| `{owe.duty}` |" in page(kind).partition("## What it ends")[2]


def test_a_local_number_is_never_shown_as_law():
    for rule in load.shipped().each["England"].rules:
        if rule.basis.value == "local":
            assert not any(f"`{rule.id}` (law)" in text for text in MADE.values())


def test_there_are_words_for_every_fact_that_a_rule_may_ask_for():
    wordless = VALUES.keys() - glossary()["facts"].keys() - {"kind"}

    assert wordless == set()
    for name, words in glossary()["facts"].items():
        assert len(words) == (2 if VALUES[name] == {True, False} else 1), name
        assert name in Situation.__dataclass_fields__


def test_the_glossary_has_no_word_that_nothing_uses():
    names = set()
    for kind, model in KINDS.items():
        for one in fields(model):
            names |= {str(one.path[-1]), f"{kind}.{one.path[-1]}"}
            if one.type == "record":
                names |= {f"{one.of.__name__}.{name}" for name in one.of.model_fields}

    assert set(glossary()["fields"]) <= names
    assert set(glossary()["asked"]) <= names
    assert set(glossary()["told"]) <= set(KINDS)


def test_versions_say_what_came_with_each():
    said = page("missing.notification")

    assert "- **2**: new fields: " in said
    row = next(row for row in rows(said) if row[0] == "`clothing`")
    assert row[-1] == "v2"
    assert next(row for row in rows(said) if row[0] == "`category`")[-1] == "v1"


def test_links_lead_somewhere():
    for name, text in MADE.items():
        for link in re.findall(r"\]\(([^)#]+)", text):
            assert (FOLDER / link).exists(), f"{name}: {link}"


def test_pages_are_written_and_those_of_kinds_that_are_gone_are_taken_away(tmp_path):
    (tmp_path / "mine.md").write_text("Mine")
    (tmp_path / "gone.md").write_text(MADE[INDEX])

    write(tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {*MADE, "mine.md"}


def test_the_command_writes_the_pages(tmp_path, capsys):
    commands = app.new()
    app.add_to(commands)

    assert app.run(commands, ["schemas", "catalogue", "--to", str(tmp_path / "a"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["written"]) == len(MADE)
    (tmp_path / "file").write_text("")
    assert app.run(commands, ["schemas", "catalogue", "--to", str(tmp_path / "file")]) == 2
