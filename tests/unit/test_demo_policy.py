"""What a story of the demo brings as its own policy holds for that story, and for no other."""

from broker.policy.load import with_folder
from producers.demo import POLICIES
from producers.stories import STORIES


def test_an_overlay_of_the_demo_is_of_one_storys_council_alone():
    overlays = with_folder(POLICIES).overlays

    for overlay in overlays:
        councils = {council for some in overlay.applies_to.values() for council in some}
        played = [story.name for story in STORIES if councils & {one.agency for one in story.cast}]
        assert played == [overlay.name]
    assert overlays


def test_each_story_has_agencies_of_its_own():
    cast = [one.agency for story in STORIES for one in story.cast]

    assert len(cast) == len(set(cast))


def test_the_stories_follow_each_other_in_time():
    begins = [story.begins for story in STORIES]

    assert begins == sorted(begins)
