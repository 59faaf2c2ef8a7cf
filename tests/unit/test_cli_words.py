"""What people read on a narrow screen: whole ids, what is answered or late, whom one meant."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from rich.console import Console

from broker import questions
from broker.cli import asking, screen
from broker.cli.joining import perhaps
from broker.cli.register import _row as register_row
from broker.cli.standing import Standing, answer_words, standings
from broker.clock import SetClock
from broker.decider import Decider
from broker.directory import Directory
from broker.errors import Misuse
from broker.keys import Keys
from broker.ledger import agencies
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Stamping
from broker.placements.register import HERE, Entry
from broker.policy.load import shipped
from broker.questions import Event
from broker.records import Record
from producers.cli import answer, lines_of
from producers.client import Delivery
from schemas.answer import Answer, AnswerState
from schemas.child import Child
from schemas.codec import encode
from tests import examples as e

DUE = datetime(2026, 3, 27, 22, 40, tzinfo=UTC)
REFERENCE = "ac3469d1-1ed0-5b04-940d-1bc73df15546"
LONG = "provider.SC999001/night-staff"


@pytest.fixture
def narrow(monkeypatch):
    """A screen of 80 columns, and what is on it."""
    written = StringIO()
    console = Console(file=written, width=80, highlight=False)
    monkeypatch.setattr(screen, "out", lambda: console)
    return written


# -- tables


def test_no_id_is_broken_on_a_narrow_screen(narrow):
    rows = [(REFERENCE, LONG, "missing-lead@england-2026.2", DUE)] * 2
    screen.table("Title", ("episode", "address", "because", "due"), rows, "nothing")

    shown = narrow.getvalue()
    for word in (REFERENCE, LONG, "missing-lead@england-2026.2", "Fri 27 Mar 2026 22:40 GMT"):
        assert shown.count(word) == 2
    assert max(map(len, shown.splitlines())) <= 80


def test_a_table_that_fits_stays_a_table(narrow):
    screen.table("Title", ("id", "words"), [(REFERENCE, "some words " * 10)], "nothing")

    assert "─" in narrow.getvalue()
    assert REFERENCE in narrow.getvalue()
    assert max(map(len, narrow.getvalue().splitlines())) <= 80


def test_a_cell_of_several_lines_is_a_list_where_rows_are_blocks(narrow):
    owed = "\n".join(f"answer: {LONG}, due Fri 27 Mar 2026 22:4{n} GMT" for n in range(3))
    row = (REFERENCE, "open\nmissing", LONG, "", owed)
    screen.table("", ("episode", "status", "by", "nothing", "owed"), [row], "none")

    lines = narrow.getvalue().splitlines()
    assert [line for line in lines if line.startswith("      answer: ")] == [
        f"      {each}" for each in owed.split("\n")
    ]
    assert any("status: open; missing" in line for line in lines)
    assert "nothing:" not in narrow.getvalue()


def test_what_looks_like_markup_is_shown_as_it_is(narrow):
    rows = [(f"[bold]{n}", "x" * 70, "y" * 40) for n in range(2)]
    screen.table("", ("a", "b", "c"), rows, "none")

    assert "[bold]1" in narrow.getvalue()


# -- the timeline


def test_a_timeline_is_by_london_s_clock_with_names():
    at = datetime(2026, 3, 28, 23, 59, tzinfo=UTC)
    team = f"{e.WALSALL}/emergency-duty"
    detail = f"answer owed by {team}, due 2026-03-29T02:00Z"
    events = [Event(at, "sent", e.WALSALL, team, detail=detail)]
    events.append(replace(events[0], at=at + timedelta(hours=2)))

    assert [*asking.timeline_lines(events, Directory.shipped())] == [
        ("Sat 28 Mar 2026, GMT", True),
        (
            "23:59:00  sent: Walsall emergency duty team; answer owed by Walsall emergency duty "
            "team, due Sun 29 Mar 2026 03:00 BST",
            False,
        ),
        ("Sun 29 Mar 2026, BST", True),
        (
            "02:59:00  sent: Walsall emergency duty team; answer owed by Walsall emergency duty "
            "team, due Sun 29 Mar 2026 03:00 BST",
            False,
        ),
    ]


# -- whom somebody meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("E08000030", "did you mean la.E08000030, Walsall?"),
        ("la.E0800030", "did you mean la.E08000030, Walsall?"),
        ("walsall", "did you mean la.E08000030, Walsall?"),
        ("police.E2300015", "did you mean police.E23000015, Staffordshire Police?"),
        ("la.E0800003", "several ids are like it"),
        ("police.E23000099", "several ids are like it"),
    ],
)
def test_one_agency_is_suggested_only_where_no_other_is_as_near(typed, meant):
    assert meant in perhaps(typed, Directory.shipped())


def test_nobody_is_suggested_for_what_is_like_nothing():
    assert perhaps("nonsense", Directory.shipped()) == ""


# -- what an inbox says of an answer


@pytest.mark.parametrize(
    ("standing", "minutes", "words"),
    [
        (None, -5, ["answer by Fri 27 Mar 2026 22:40 GMT, rings"]),
        (None, 5, ["answer by Fri 27 Mar 2026 22:40 GMT, rings: that time has passed"]),
        (Standing("open"), -5, ["answer by Fri 27 Mar 2026 22:40 GMT, rings"]),
        (Standing("late"), 5, ["LATE: answer by Fri 27 Mar 2026 22:40 GMT, rings"]),
        (Standing("cancelled"), 5, ["no answer is needed any more"]),
        (Standing("met", "acting", DUE), 5, ["answered acting, Fri 27 Mar 2026 22:40 GMT"]),
        (
            Standing("late", "received", DUE),
            5,
            [
                "answered received, Fri 27 Mar 2026 22:40 GMT",
                "LATE: answer by Fri 27 Mar 2026 22:40 GMT, rings",
            ],
        ),
    ],
)
def test_a_delivery_says_whether_it_is_answered_or_late(standing, minutes, words):
    assert answer_words(DUE, True, standing, DUE + timedelta(minutes=minutes)) == words


def test_a_delivery_that_asks_for_no_answer_says_nothing_of_one():
    assert answer_words(None, False, None, DUE) == []
    assert answer_words(None, False, Standing("", "acting", DUE), DUE) == [
        "answered acting, Fri 27 Mar 2026 22:40 GMT"
    ]


def test_the_ledger_knows_what_was_answered_and_what_is_owed_still():
    clock, ledger = SetClock(e.FRIDAY_NIGHT), Ledger("sqlite://")
    ledger.create(clock)
    decider = Decider(ledger, clock, shipped(), Keys(b"a secret of this test"))
    decider.activate()
    with ledger.deciding() as connection:
        agencies.add(connection, e.HOME, "A home", e.STOKE, {}, clock.now())
        agencies.add(connection, e.WALSALL, "Walsall", None, {}, clock.now())
    team = f"{e.WALSALL}/emergency-duty"
    take(decider, e.notification(), 0)
    stamping = Stamping(ledger, 0, clock, "a test")
    assert stamping.hold()
    stamping.confirm(stamping.stamp(stamping.last()).number)
    with ledger.reading() as connection:
        before = standings(connection, e.WALSALL)
        d = t.delivery.c
        (asked,) = connection.execute(t.delivery.select().where(d.address == team)).all()
    take(decider, said(asked.id, team), 0)
    with ledger.reading() as connection:
        after, others = standings(connection, e.WALSALL), standings(connection, e.STOKE)
    ledger.close()

    assert before[asked.id] == Standing("open")
    assert (after[asked.id].duty, after[asked.id].said) == ("met", "acting")
    assert asked.id not in others


def take(decider, message, offset):
    record = Record(f"outbox.{message.sender}", "its id", offset, encode(message))
    assert decider.take([record]).accepted == 1


def said(delivery, desk):
    return Answer(
        message_id=uuid4(),
        sender=e.WALSALL,
        from_address=desk,
        occurred_at=e.FRIDAY_NIGHT,
        sent_at=e.FRIDAY_NIGHT,
        delivery=delivery,
        state=AnswerState.acting,
    )


def test_a_child_whom_a_view_does_not_name_has_no_name_of_dashes():
    message = e.notification()
    hidden = Child.model_construct(references=(), given_name="-", family_name="-")
    shown = lines_of(delivered(message.model_copy(update={"child": hidden})), None, DUE)

    assert "child not named to this desk" in shown
    named = f"child {message.child.given_name} {message.child.family_name}"
    assert named in lines_of(delivered(message), None, DUE)


def test_a_notice_of_placement_says_in_words_from_when_and_of_which_placement():
    message = e.placement(placement="PL-1")

    shown = "\n".join(lines_of(delivered(message), None, DUE))

    assert f"starts {screen.time_of(message.starts_at)}" in shown
    assert "placement PL-1" in shown
    assert "{" not in shown


def test_a_child_who_came_before_the_day_of_the_notice_is_there_already():
    starts = DUE + timedelta(days=7)
    told = Entry(
        "1", "child-1", HERE, e.WALSALL, e.STOKE, e.HOME, "", starts, None, "current", "given",
        True, False, 0, "named", True, True, False,
    )  # fmt: skip

    planned = told._replace(state="planned", arrived=False)
    rows = [register_row(one, Directory.shipped(), DUE) for one in (told, planned)]

    assert "there already" in rows[0][3]
    assert rows[1][3].endswith("(planned)")


def delivered(message):
    return Delivery(
        sequence=1,
        delivery=uuid4(),
        address=f"{e.WALSALL}/front-door",
        kind=message.KIND,
        view="full",
        because="a-rule@england-1",
        answer_by=None,
        exercise=False,
        wakes=False,
        subject=None,
        message=message,
    )


@pytest.mark.parametrize("typed", ["nonsense", REFERENCE[:-3], ""])
def test_a_mistyped_delivery_is_explained_in_our_words(typed):
    with pytest.raises(Misuse, match=re.escape(f"`homeward inbox {e.WALSALL}` shows it")):
        answer(e.WALSALL, typed, "acting")


# -- what is owed


def test_a_duty_that_could_not_be_sent_says_to_telephone():
    duty = questions.Outstanding(
        uuid4(), "answer", f"{e.WALSALL}/front-door", "open", None, "local", (), our_fault=True
    )
    known = Directory.shipped()

    assert asking.owed_words(duty, known) == (
        "answer: Walsall front door, NOT SENT, so please telephone"
    )
    assert asking.owed_words(replace(duty, our_fault=False), known).endswith("no start yet")
