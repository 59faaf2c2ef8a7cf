"""The quiet end that most stories share: everybody reads, and the interview is held."""

from datetime import datetime

from producers.stories.saying import Person, interview
from producers.stories.telling import Play
from schemas.outcomes import InterviewStage, SharedWith


async def wind_up(play: Play, at: datetime, who: Person, interviewers: str) -> None:
    """A working day later all that is still owed is done."""
    await play.scene(
        at,
        "The next working day: what is left is done",
        "Each agency's system says by itself that it has the end. The independent return interview "
        "is held, and shared with the child's worker.",
        *play.everybody_has_read(),
        *play.officers_have_read(),
        interview(who, interviewers, at, InterviewStage.held, findings="Was with friends"),
        interview(
            who, interviewers, at, InterviewStage.shared, shared_with=(SharedWith.social_work,)
        ),
    )
