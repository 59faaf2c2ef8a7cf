"""What a council exports is what it told and was told, and comes back as the same list."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from broker.exchange.held import held
from broker.exchange.returns import ssd_missing, ssda903_missing
from broker.ledger import agencies
from tests.examples import (
    STAFFORDSHIRE_POLICE,
    WALSALL,
    child,
    notification,
    placement,
    returned,
)
from tests.scenarios.drops import listed_by, shipped
from tests.scenarios.play import Play

FIRST, LAST = date(2026, 4, 1), date(2027, 3, 31)


def utc(month, day, hour=12, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def exported(play: Play, council: str = WALSALL):
    with play.ledger.reading() as connection:
        known = agencies.directory_of(connection)
        return held(connection, council, FIRST, LAST, known)


def a_year(stage) -> Play:
    """One that is over, a drill, one whose placement ended meanwhile, one of another council."""
    play = stage(utc(10, 1))
    play.say(placement(utc(10, 1), starts_at=utc(10, 4)))
    play.until(utc(10, 20))
    over = notification(utc(10, 20, 21), last_seen_at=utc(10, 20, 21), episode="H-1")
    play.say_now(over)
    play.say_now(returned(over, at=utc(10, 21, 6)))
    drill = over.model_copy(update={"exercise": True, "episode": "H-2", "message_id": uuid4()})
    play.say(drill)
    gone = notification(utc(11, 3, 22), last_seen_at=utc(11, 3, 22), episode="H-3")
    play.say_now(gone)
    play.until(utc(11, 6))
    play.say(placement(utc(11, 6), stage="ended", starts_at=utc(10, 4), ends_at=utc(11, 6)))
    other = notification(
        utc(11, 7), last_seen_at=utc(11, 7), episode="SP-4", sender=STAFFORDSHIRE_POLICE,
        from_address=f"{STAFFORDSHIRE_POLICE}/control-room", care_status="not-looked-after",
        child=child(references=(), given_name="Kit"), responsible_authority=None,
    )  # fmt: skip
    play.say_now(other)
    return play


@pytest.mark.report("ssda903")
def test_the_return_ends_with_the_placement_while_the_absence_goes_on(stage):
    """of-trafficked, rule 575: the placement ended on Friday 6 November, the child is not back."""
    play = a_year(stage)

    made = ssda903_missing(exported(play), FIRST, LAST, date(2026, 11, 30))

    assert made.problems == ()
    assert made.rows == (
        ("4711", "16/05/2011", "M", "20/10/2026", "21/10/2026"),
        ("4711", "16/05/2011", "M", "03/11/2026", "06/11/2026"),
    )
    open_ones = [one for one in play.episodes() if one.state.status == "open"]
    assert [one.state.started_at for one in open_ones].count(utc(11, 3, 22)) == 1
    assert exported(play, "la.E08000025") == []


def test_what_was_exported_and_is_imported_again_is_the_same_on_both_sides(stage):
    play = a_year(stage)
    play.until(utc(12, 2))
    made = ssd_missing(exported(play))
    period = (FIRST, date(2026, 11, 30))

    listed_by(play, WALSALL, "performance", made.text.encode(), shipped("ssd-missing"), *period)

    said = play.inbox(f"{WALSALL}/performance", "differences")[-1].message
    assert (said.theirs, said.ours, said.both, said.differences) == (2, 2, 2, ())


def test_a_return_by_days_is_compared_by_days_with_children_looked_after_alone(stage):
    play = a_year(stage)
    play.until(utc(12, 2))
    made = ssda903_missing(exported(play), FIRST, LAST, date(2026, 11, 30))
    period = (FIRST, date(2026, 11, 30))

    listed_by(play, WALSALL, "performance", made.text.encode(), shipped("ssda903-missing"), *period)

    said = play.inbox(f"{WALSALL}/performance", "differences")[-1].message
    assert (said.scope, said.theirs, said.ours, said.both) == ("looked-after", 2, 2, 2)
    # The return has the end of the placement in it, which is no end of the absence.
    assert [[each.field for each in line.fields] for line in said.differences] == [["ended-at"]]


def test_a_list_of_children_looked_after_does_not_meet_what_is_owed_for_all(stage):
    play = stage(utc(5, 1))
    play.until(utc(7, 2))
    nobody = b"CHILD,DOB,MISSING,MIS_START,MIS_END\n"

    listed_by(play, WALSALL, "performance", nobody, shipped("ssda903-missing"),
              date(2026, 6, 1), date(2026, 6, 30))  # fmt: skip

    assert all(duty.standing for duty in play.duties("census", f"{WALSALL}/performance"))
