"""Every story of the demo comes out as it is told, and the command plays them."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from datetime import date

import pytest
from rich.console import Console

from broker.__main__ import Stage, System, commands
from broker.cli import app as cli
from broker.clock import SetClock
from broker.errors import Misuse
from broker.local import process
from broker.settings import Settings
from producers import demo
from producers.stories import STORIES
from producers.stories.saying import Person, london, missing
from producers.stories.telling import Member, Story
from schemas.child import Residence
from tests.servers import _CACHE
from tests.signals import heeds_ctrl_c

NAMES = [story.name for story in STORIES]
# Of stories that show no inbox.
CHILDREN = ("Robin", "Lee", "Noor", "Kit", "Cass", "Bo", "Ari", "Remy", "Sam", "Max")


@pytest.fixture(scope="module")
async def stage(tmp_path_factory):
    """One Homeward for all stories; each has a part of the country and a month of its own."""
    clock = SetClock(STORIES[0].begins)
    home = tmp_path_factory.mktemp("demo")
    settings = Settings(home=home, cache=_CACHE, policies=demo.POLICIES)
    async with System(settings, clock=clock) as system:
        yield Stage(system, clock)


@pytest.mark.anyio
@pytest.mark.parametrize("story", STORIES, ids=NAMES)
async def test_a_story_keeps_what_it_promises(stage, story):
    page = io.StringIO()
    began = time.monotonic()
    good = await demo.play(stage, Console(file=page, width=80), story)

    told = page.getvalue()
    assert good, told
    assert "promises of this story were kept" in told
    assert not [line for line in told.splitlines() if len(line.rstrip()) > 80]
    assert "\x1b" not in told, "colour is for a terminal"
    assert not re.search(rf"\b({'|'.join(CHILDREN)})\b", told)
    assert time.monotonic() - began < 25


@pytest.mark.anyio
async def test_a_story_that_does_not_come_out_as_told_is_not_good(stage):
    """Promises are looked up: here nobody answers, and the child never comes back."""
    council, force = "la.E06000023", "police.E23000036"
    at = london(2027, 1, 19, 12)
    child = Person("Gray", date(2012, 1, 1), {force: "N-1"}, Residence(authority=council))

    async def tell(play):
        await play.scene(at, "Missing", "-", missing(child, f"{force}/control-room", at))
        play.not_told("which is not so", council)

    cast = (Member(council), Member(force))
    story = Story("unkept", "Nothing comes out as told.", at, cast, "-", tell)
    page = io.StringIO()

    assert not await demo.play(stage, Console(file=page, width=80), story)
    told = page.getvalue()
    assert "3 of 5 promises were broken" in told
    assert "should not have been told: City of Bristol" in told
    assert "Nothing is owed any more" in told.partition("promises were broken")[2]


def test_the_stories_are_named_with_a_sentence_each(capsys):
    assert cli.run(commands(), ["demo", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert all(line.endswith((".", "?")) and len(line) <= 80 for line in lines)


def test_a_story_that_is_not_there_is_wrong_use(capsys):
    assert cli.run(commands(), ["demo", "nobody"]) == 2

    assert "two-forces" in capsys.readouterr().err
    with pytest.raises(Misuse, match="no story"):
        demo.story("nobody")


def test_ctrl_c_ends_the_demo_and_leaves_nothing(tmp_path):
    environ = {**os.environ, "HOMEWARD_CACHE": str(_CACHE), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "broker", "demo"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_ctrl_c,
    ) as playing:
        try:
            assert playing.stdout is not None
            assert any("22:10" in line for line in playing.stdout), "the first scene begins"
            (kafka,) = tmp_path.glob("homeward-demo-*")
            playing.send_signal(signal.SIGINT)
            _, said = playing.communicate(timeout=30)
        finally:
            playing.kill()

    assert playing.returncode == 130
    assert said == ""
    assert process.wait_until(lambda: not kafka.exists(), 10)
    assert not [*tmp_path.glob("homeward-demo-*")]
