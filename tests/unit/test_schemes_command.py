"""`homeward policy schemes`: what comes with Homeward, to be read, changed and used."""

import json

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.policy.load import load_overlay, scheme, schemes


def run(capsys, *arguments):
    code = cli.run(commands(), ["policy", "schemes", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_every_scheme_loads_and_says_in_a_sentence_what_it_is(capsys):
    code, out, _ = run(capsys)

    assert code == 0
    for name in schemes():
        assert scheme(name).name == name
        assert name in out


def test_they_are_listed_for_programs(capsys):
    _, out, _ = run(capsys, "--json")

    assert [one["name"] for one in json.loads(out)] == list(schemes())


def test_one_is_printed_as_it_stands_so_that_it_can_be_changed_and_used(capsys):
    _, out, _ = run(capsys, "staffs-3-5-9")

    assert load_overlay(out).name == "staffs-3-5-9"


@pytest.mark.parametrize("name", ["staffs-359", "../england"])
def test_one_that_there_is_not_is_refused_in_words(capsys, name):
    code, out, err = run(capsys, name)

    assert (code, out) == (2, "")
    assert "there is no scheme" in err
