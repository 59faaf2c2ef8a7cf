"""The stories of the demo, in the order in which they are listed."""

from producers.stories.concern import CONCERN
from producers.stories.easter import EASTER
from producers.stories.night import NIGHT
from producers.stories.profile import PROFILE
from producers.stories.refusing import REFUSING
from producers.stories.siblings import SIBLINGS
from producers.stories.subscription import SUBSCRIPTION
from producers.stories.taken_back import TAKEN_BACK
from producers.stories.telling import Story
from producers.stories.three_in_ninety import THREE_IN_NINETY
from producers.stories.two_forces import TWO_FORCES

STORIES: tuple[Story, ...] = (
    NIGHT,
    EASTER,
    TWO_FORCES,
    REFUSING,
    SIBLINGS,
    THREE_IN_NINETY,
    CONCERN,
    TAKEN_BACK,
    PROFILE,
    SUBSCRIPTION,
)
