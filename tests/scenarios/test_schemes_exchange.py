"""The schemes in which two systems are to count the same: police systems, returns, siblings."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from broker.exchange.mapping import Mapping, read, shipped_text
from broker.ledger import agencies
from schemas.census import Census
from schemas.child import Place, Reference, Residence, Scheme
from tests.examples import (
    HOME,
    STAFFORDSHIRE,
    STAFFORDSHIRE_POLICE,
    STOKE,
    child,
    envelope,
    notification,
    returned,
)
from tests.scenarios import thresholds as of
from tests.scenarios.drops import as_csv, as_lines, compact, listed_by, shipped, told_by
from tests.scenarios.people import OTHER_HOME
from tests.scenarios.reports import report, rows
from tests.scenarios.test_undone import taken_back
from tests.scenarios.thresholds import at, at_home, cases, told_of_it

GWENT, NEWPORT = "police.W15000002", "la.W06000022"
WEST_MIDLANDS, BIRMINGHAM = "police.E23000014", "la.E08000025"
MISSING_UNIT = f"{STAFFORDSHIRE_POLICE}/missing-unit"
FIGURES = f"{STOKE}/performance"
MANAGER = f"{HOME}/home-manager"


def summary(message):
    kinds = [line.what.value for line in message.differences]
    both = message.both
    return message.theirs, message.ours, both, kinds.count("only-them"), kinds.count("only-us")


def differences(play, address):
    return [got.message for got in play.inbox(address, "differences")]


# -- compact-niche-feeds


def gwents(name: str) -> Mapping:
    """A mapping that comes with Homeward, its words of places written anew for Gwent."""
    text = shipped_text(name).replace("STOKE: la.E06000021", f"NEWPORT: {NEWPORT}")
    return read(text.encode(), "gwent.yaml")


def _is_own(address, message):
    return address.startswith(f"{message.sender}/")


@pytest.mark.scheme("compact-niche-feeds")
def test_a_force_that_changes_its_system_has_one_absence_counted_in_february(stage):
    """
    compact-niche-feeds: P, 15, Newport. Naive: two episodes, one never closed, one in March.
    """
    saturday = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    sunday = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    play = stage(saturday)
    with play.ledger.writing() as connection:
        agencies.add(connection, GWENT, "Gwent Police", None, {}, saturday)
        agencies.add(connection, NEWPORT, "Newport", None, {}, saturday)
    old = compact(
        REPORT_NO="C-26-0815", FORENAME="P", DOB="16/05/2010", DISTRICT="NEWPORT",
        HOME_DISTRICT="NEWPORT", IN_CARE="N", PLACING_AUTHORITY="",
    )  # fmt: skip
    p = child(given_name="P", birth_date="2010-05-16", references=())
    of_the_home = notification(
        saturday + timedelta(minutes=20), child=p, episode="H-9/1", last_seen_at=saturday,
        place=Place(authority=NEWPORT), lives=Residence(authority=NEWPORT, home=HOME),
        care_status="not-looked-after", responsible_authority=None,
        police_report={"channel": "101", "at": saturday, "reference": "C-26-0815"},
    )  # fmt: skip
    new = {
        "occurrence": "N-26-0001", "previousReference": "C-26-0815", "classification": "missing",
        "subject": {"nominal": "N-77", "given": "P", "family": "EXAMPLE", "born": "2010-05-16",
                    "council": NEWPORT, "care": "not-looked-after"},
        "lastSeen": "2026-02-28T22:40:00Z", "reported": "2026-02-28T23:00:00Z",
        "location": {"council": NEWPORT}, "returned": "2026-03-01T10:00:00Z", "outcome": "safe",
    }  # fmt: skip

    told_by(play, GWENT, as_csv(old, encoding="cp1252"), gwents("police-extract"))
    for got in play.inbox(NEWPORT, "missing.notification"):
        play.answer(got)
    play.say_now(of_the_home)
    for got in play.inbox(GWENT, "missing.notification"):
        play.answer(got)
    reports = [*play.receipts(GWENT), *play.receipts(HOME)]
    told_by_reports = {line.address for receipt in reports for line in receipt.told}
    play.until(sunday)
    told_by(play, GWENT, as_lines(new), gwents("niche-extract"))

    episode = play.episode()
    assert (episode.state.status, episode.state.ended_at) == ("returned", sunday)
    assert len({receipt.episode for receipt in reports}) == 1
    assert len(reports) == 2
    for address in told_by_reports:  # of the absence once, and once that it is over
        others = [got.message for got in play.news(address) if not _is_own(address, got.message)]
        kinds = [message.KIND for message in others]
        assert kinds.count("missing.notification") == 1, address
        assert kinds.count("missing.return") == (not address.startswith(GWENT)), address
    for number in ("C-26-0815", "N-26-0001"):  # either number finds it
        by = {"sender": GWENT, "from_address": f"{GWENT}/missing-unit"}
        when = sunday + timedelta(hours=2)
        closed = returned(of_the_home, at=when, stage="closed", episode=number, **by)
        play.say_now(closed)
    assert len(play.episodes()) == 1
    play.until(datetime(2026, 4, 2, 9, tzinfo=UTC))
    february = (date(2026, 2, 1), date(2026, 2, 28))
    march = (date(2026, 3, 1), date(2026, 3, 31))
    line = dict(new, previousReference="")
    niche = replace(gwents("niche-extract"), sends="census")
    listed_by(play, GWENT, "missing-unit", as_lines(line), niche, *february)
    assert summary(differences(play, f"{GWENT}/missing-unit")[-1]) == (1, 1, 1, 0, 0)
    nobody, *_ = as_csv(old).splitlines(keepends=True)  # the columns, and no line
    listed_by(play, GWENT, "missing-unit", nobody, gwents("police-extract"), *march)
    assert summary(differences(play, f"{GWENT}/missing-unit")[-1]) == (0, 0, 0, 0, 0)


# -- of-reconciled


def sibling(age: int, starts: str, **changes):
    """One of three who live with family in Staffordshire; the police count them all."""
    number = Reference(holder=STAFFORDSHIRE, scheme=Scheme.la_person_id, value=f"S-{age}")
    who = child(given_name=f"Age {age}", references=(number,), birth_date=f"{2026 - age}-01-02")
    return at_home(starts, who, **changes)


@pytest.mark.scheme("of-reconciled")
def test_of_three_siblings_in_a_police_record_two_were_missing_wherever_they_were_found(stage):
    """of-reconciled: 9 June 2026, siblings of 9, 12 and 15. Naive: 3, or 1."""
    play = stage(at("06-01T10:00"), policies=of.policies(of.STAFFS))
    for day in (2, 5):  # the youngest twice before in 90 days
        before = sibling(9, f"06-0{day}T18:00", episode=f"SP-{day}")
        play.say_now(before)
        play.say_now(returned(before, at=before.last_seen_at + timedelta(hours=2)))
    together = [
        sibling(age, "06-09T19:00", incident="SP-7", episode=f"SP-7/{age}") for age in (9, 12, 15)
    ]
    play.until(at("06-09T19:05"))
    play.say(*together)
    (case,) = cases(play)
    told = {address for address in play.told() if told_of_it(play, address)}
    play.until(at("06-09T21:30"))

    play.say(taken_back(together[0], play.clock.now()))

    (case,) = cases(play)
    assert case.state.status == "withdrawn"
    assert play.duty("intervention-meeting").state == "cancelled"
    for address in told:
        assert [one.action for one in told_of_it(play, address)] == ["new", "cancel"]
    had = {
        address
        for address in play.told()
        if not address.startswith(STAFFORDSHIRE_POLICE)
        if any(got.message.message_id == together[0].message_id for got in play.news(address))
    }
    assert had
    for address in had:  # everyone told of the third gets the cancel
        cancels = [got for got in play.news(address) if getattr(got.message, "replaces", None)]
        assert together[0].message_id in {got.message.replaces for got in cancels}, address
    found = {"at": at("06-10T02:00"), "sender": WEST_MIDLANDS, "stage": "found",
             "from_address": f"{WEST_MIDLANDS}/missing-unit", "episode": None}  # fmt: skip
    play.say_now(returned(together[1], place=Place(authority=BIRMINGHAM), **found))
    for one in together[1:]:
        play.say_now(returned(one, at=at("06-10T08:00")))
    went = [one for one in play.episodes() if one.state.started_at == at("06-09T19:00")]
    assert len(went) == 2
    assert len({one.child for one in went}) == 2
    assert [one.state.found_in for one in went].count(BIRMINGHAM) == 1  # that force: found 1
    play.until(at("07-02T10:00"))
    rows = [
        compact(REPORT_NO=f"SP-7/{age}", NOMINAL_REF="", DISTRICT="STAFFORD",
                DATE_LAST_SEEN="09/06/2026", TIME_LAST_SEEN="19:00",
                DATE_RETURNED="10/06/2026", TIME_RETURNED="08:00", OUTCOME="SAFE")
        for age in (9, 12, 15)
    ]  # fmt: skip
    june = (date(2026, 6, 9), date(2026, 6, 30))
    police = replace(shipped("police-extract"), sends="census")
    listed_by(
        play, STAFFORDSHIRE_POLICE, "missing-unit", as_csv(*rows, encoding="cp1252"), police, *june
    )
    theirs = differences(play, MISSING_UNIT)[-1]
    assert summary(theirs) == (3, 2, 2, 1, 0)
    (line,) = theirs.differences
    assert (line.reference, line.why) == ("SP-7/9", "cancelled-by-sender")
    assert "cancelled by your own message: 1." in theirs.words
    council = differences(play, f"{STAFFORDSHIRE}/performance")[-1]
    assert "cancelled by their own message: 1." in council.words
    assert not play.duties("settle-differences")  # what is left has its reason


# -- of-provider-returns, and what becomes of what differs


def home_list(*starts: datetime) -> bytes:
    """What the home's own system writes at the end of the quarter."""
    rows = [
        {"Ref": f"H5-{number}", "Gone": f"{one:%d/%m/%Y %H:%M}", "Back": f"{end:%d/%m/%Y %H:%M}"}
        for number, one in enumerate(starts)
        for end in (one + timedelta(hours=8),)
    ]
    return as_csv(*rows)


HOME_SYSTEM = read(
    b"""
mapping: our-home
says: The list that our recording system prints each quarter
sends: census
columns:
  reference: Ref
  started_on: {column: Gone, time: "%d/%m/%Y %H:%M"}
  ended_on: {column: Back, time: "%d/%m/%Y %H:%M"}
""",
    "ours.yaml",
)
QUARTER = (date(2026, 4, 1), date(2026, 6, 30))
DAYS = ["04-11T21:00", "04-25T21:00", "05-09T21:00", "05-30T21:00", "06-06T21:00"]
MISSED, UNHEARD = "06-20T21:00", "06-27T21:00"


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def a_quarter(stage):
    """
    Five that the home told of, one that only the police did, one that nobody was told of.

    All is told late, as nothing here hangs on when: the clocks of three months are not played.
    """
    now = at("07-02T10:00")
    play = stage(now)
    for number, day in enumerate(DAYS):
        said = notification(
            at(day), last_seen_at=at(day), episode=f"H5-{number}", police_report=None, sent_at=now
        )
        play.say(said, returned(said, at=at(day) + timedelta(hours=8), sent_at=now))
    other = notification(
        at(MISSED), sender=STAFFORDSHIRE_POLICE, last_seen_at=at(MISSED), episode="SP-9",
        from_address=f"{STAFFORDSHIRE_POLICE}/control-room", police_report=None, sent_at=now,
    )  # fmt: skip
    play.say(other, returned(other, at=at(MISSED) + timedelta(hours=8), sent_at=now))
    play.after(minutes=1)
    return play


@pytest.mark.scheme("of-provider-returns")
def test_six_and_six_are_not_the_same_six_and_both_sides_owe_an_end_of_it(stage):
    """of-provider-returns: April to June 2026, H5 and H6. Naive: 6 = 6, no difference."""
    play = a_quarter(stage)
    assert play.duty("census", MANAGER).due_at == at("07-08T00:00")  # 24:00 Tuesday 7 July

    listed_by(
        play, HOME, "home-manager", home_list(*map(local, [*DAYS, UNHEARD])), HOME_SYSTEM, *QUARTER
    )

    for address in (MANAGER, FIGURES):
        (said,) = differences(play, address)
        assert summary(said) == (6, 6, 5, 1, 1)
        duty = play.duty("settle-differences", address)
        assert (duty.state, duty.due_at) == ("open", at("07-17T00:00"))  # ten working days: local
        assert "the 2 that nothing explains by Thu 16 Jul 2026 24:00 BST (local)" in said.words
    play.until(at("07-08T00:00"))
    assert play.duty("census", MANAGER).state == "met"
    assert play.duty("census", f"{OTHER_HOME}/home-manager").state == "late"  # H6: no return


def test_once_both_sides_are_corrected_they_count_the_same_and_nothing_is_owed(stage):
    """The home tells what it had not, and takes up what it had missed; then 7, 7, 7 on both."""
    play = a_quarter(stage)
    listed_by(
        play, HOME, "home-manager", home_list(*map(local, [*DAYS, UNHEARD])), HOME_SYSTEM, *QUARTER
    )
    late = notification(
        play.clock.now(), occurred_at=at(UNHEARD), last_seen_at=at(UNHEARD), episode="H5-5",
        police_report=None,
    )  # fmt: skip
    play.say(late)
    play.say(returned(late, at=at(UNHEARD) + timedelta(hours=8), sent_at=play.clock.now()))

    play.until(at("07-03T00:30"))  # it was compared again at the end of the day

    assert summary(differences(play, MANAGER)[-1]) == (6, 7, 6, 0, 1)
    assert play.duty("settle-differences", MANAGER).standing
    made = report(play, "differences", STOKE, period="2026-Q2")
    assert [row[1:] for row in rows(made, "senders")] == [("6", "7", "6", "0", "1", "0")]
    told = len(differences(play, MANAGER))
    play.until(at("07-06T12:00"))
    assert len(differences(play, MANAGER)) == told  # nothing new is said again
    whole = [*DAYS, UNHEARD, MISSED]
    listed_by(play, HOME, "home-manager", home_list(*map(local, whole)), HOME_SYSTEM, *QUARTER)
    assert summary(differences(play, MANAGER)[-1]) == (7, 7, 6, 1, 1)  # no number to match it by
    number = {"child": Reference(holder=HOME, scheme=Scheme.home_reference, value="H-17")}
    entries = [
        {"reference": f"H5-{n}", "started_at": at(day), "ended_at": at(day) + timedelta(hours=8)}
        for n, day in enumerate(whole)
    ]
    entries[-1] |= number
    play.after(hours=1)
    play.say(
        Census(**envelope(HOME, "home-manager", play.clock.now()), period_from=QUARTER[0],
               period_to=QUARTER[1], entries=entries)
    )  # fmt: skip
    play.after(seconds=1)
    last = differences(play, MANAGER)[-1]
    assert (last.theirs, last.ours, last.both, last.differences) == (7, 7, 7, ())
    assert {duty.state for duty in play.duties("settle-differences")} == {"met"}


def test_what_stays_different_is_listed_with_the_reason_each_side_gives(both):
    """The home explains by line in its list, the council by its answer; both can read both."""
    play = a_quarter(both)
    listed_by(
        play, HOME, "home-manager", home_list(*map(local, [*DAYS, UNHEARD])), HOME_SYSTEM, *QUARTER
    )
    (theirs,) = [got for got in play.inbox(FIGURES, "differences")]
    words = "Both are known to us and were looked into with the home"
    play.answer(theirs, "closed")
    assert play.rejections(STOKE)[-1].field == "reason"
    assert play.duty("settle-differences", FIGURES).standing

    play.answer(theirs, "closed", reason=words)

    assert play.duty("settle-differences", FIGURES).state == "met"
    assert [got.message.reason for got in play.inbox(MANAGER, "answer")] == [words]
    assert play.duty("settle-differences", MANAGER).standing
    play.after(hours=2)
    entries = [
        {"reference": f"H5-{n}", "started_at": at(day), "ended_at": at(day) + timedelta(hours=8)}
        for n, day in enumerate([*DAYS, UNHEARD])
    ]
    explained = [
        {"reference": "H5-5", "reason": "not-recorded"},
        {"started_at": at(MISSED), "reason": "counted-otherwise"},
    ]
    play.say(
        Census(**envelope(HOME, "home-manager", play.clock.now()), period_from=QUARTER[0],
               period_to=QUARTER[1], entries=entries, explained=explained)
    )  # fmt: skip
    play.after(seconds=1)
    assert play.duty("settle-differences", MANAGER).state == "met"
    for address in (MANAGER, FIGURES):
        last = differences(play, address)[-1]
        assert summary(last) == (6, 6, 5, 1, 1)
        assert [line.explained for line in last.differences] == [
            "not-recorded",
            "counted-otherwise",
        ]
    assert "You say of 2 differences why it stays." in differences(play, MANAGER)[-1].words


def test_a_difference_that_nobody_settles_is_late_and_climbs_and_wakes_nobody(stage):
    play = a_quarter(stage)
    woken = play.woken()
    listed_by(
        play, HOME, "home-manager", home_list(*map(local, [*DAYS, UNHEARD])), HOME_SYSTEM, *QUARTER
    )

    play.until(at("07-17T00:01"))

    assert {duty.state for duty in play.duties("settle-differences")} == {"late"}
    assert play.climbed("settle-differences")
    assert play.woken() == woken
