"""
The demo: stories that are real runs, on a Homeward of their own with real clients of agencies.

Each is told as it goes, and looks up what it promises in the inboxes and in the ledger, so that it
is a test as well. Nothing is staged but the people and the clock.
"""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from broker.errors import Misuse
from producers.stories import STORIES
from producers.stories.showing import Paper
from producers.stories.telling import Play, Stage, Story

FIRST = "night"

# Overlays that stories need; each applies to the council of one story alone.
POLICIES = Path(__file__).parent / "stories" / "policy"


def sentences() -> Mapping[str, str]:
    """Every story there is, with one sentence on it."""
    return {story.name: story.sentence for story in STORIES}


def story(name: str) -> Story:
    """The story of that name; `Misuse` when there is none."""
    found = next((each for each in STORIES if each.name == name), None)
    if found is None:
        raise Misuse(f"no story is called {name}: there are {', '.join(sentences())}")
    return found


async def play(stage: Stage, screen: Console, story: Story) -> bool:
    """Play a story; returns whether everything came out as it is told."""
    stage.clock.set(story.begins)
    told = Play(stage, Paper(screen, stage.directory))
    async with told.with_cast(story.cast):
        told.paper.opens(story.sentence, story.before)
        await story.tell(told)
        told.ends()
    return not told.broken
