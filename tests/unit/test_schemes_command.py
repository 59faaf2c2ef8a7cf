"""`homeward policy schemes`: what is shipped, and how its text is had."""

import json

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.policy.load import scheme_text, schemes


@pytest.fixture
def homeward(capsys):
    """Runs the command; the answer is exit code, output and errors."""

    def run(*arguments):
        code = cli.run(commands(), ["policy", "schemes", *arguments])
        said = capsys.readouterr()
        return code, said.out, " ".join(said.err.split())

    return run


def test_every_scheme_is_listed(homeward):
    code, out, _ = homeward("--json")

    assert code == 0
    assert tuple(one["name"] for one in json.loads(out)) == schemes()


def test_a_scheme_is_printed_as_it_stands(homeward):
    code, out, _ = homeward("lamp")

    assert (code, out) == (0, scheme_text("lamp"))


def test_an_unknown_scheme_is_a_mistake_that_names_what_is_meant(homeward):
    code, _, err = homeward("lmp")

    assert code == 2
    assert "did you mean 'lamp'?" in err
