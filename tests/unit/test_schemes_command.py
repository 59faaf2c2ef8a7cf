"""`homeward policy schemes`: what is shipped, and how a scheme is taken into use."""

import json

import pytest

from broker.__main__ import commands
from broker.cli import app as cli
from broker.policy.load import load_overlay, scheme_text, schemes


@pytest.fixture
def homeward(tmp_path, capsys, monkeypatch):
    """Runs a command in a home of its own; the answer is exit code, output and errors."""
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HOMEWARD_POLICIES", raising=False)

    def run(*arguments):
        code = cli.run(commands(), ["policy", "schemes", *arguments])
        said = capsys.readouterr()
        return code, said.out, " ".join(said.err.split())

    run.folder = tmp_path / "home" / "policy"
    return run


def test_every_scheme_is_listed_with_what_it_is(homeward):
    code, out, _ = homeward("--json")

    listed = {one["scheme"]: one for one in json.loads(out)}
    assert code == 0
    assert tuple(listed) == schemes()
    assert listed["miss-u"]["title"] == "Miss-U: Young Women's Project, London, 2006"
    assert listed["miss-u"]["applies_to"] == {"region": ["London"]}


def test_a_scheme_is_printed_as_it_stands(homeward):
    code, out, _ = homeward("lamp")

    assert (code, out) == (0, scheme_text("lamp"))


def test_a_scheme_that_is_used_lies_in_the_folder_and_is_never_written_over(homeward):
    assert homeward("lamp", "--use")[0] == 0
    assert load_overlay(homeward.folder / "lamp.yaml").version == "lamp-1"

    code, _, err = homeward("lamp", "--use")

    assert code == 2
    assert "is there already" in err


def test_an_unknown_scheme_is_a_mistake_that_names_what_is_meant(homeward):
    code, _, err = homeward("lmp")

    assert code == 2
    assert "did you mean 'lamp'?" in err
