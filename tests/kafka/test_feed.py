"""A folder of drops on a real Kafka: killed, repeated, half-written, with bad lines."""

import asyncio
import csv
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from broker.__main__ import System
from broker.settings import Settings
from tests.examples import HOME, STAFFORDSHIRE, STAFFORDSHIRE_POLICE, STOKE, WALSALL
from tests.scenarios.drops import as_csv, compact
from tests.servers import _CACHE
from tests.signals import heeds_ctrl_c
from tests.waiting import LIMIT_SECONDS, until_asked

LINES = 80  # two messages each: more than Homeward decides on at once


@pytest.fixture(scope="module")
async def system(tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("feed"), cache=_CACHE)
    async with System(settings) as running:
        await running.add_agency(STAFFORDSHIRE_POLICE)
        for agency in (STOKE, WALSALL, STAFFORDSHIRE):
            await running.add_agency(agency)
        await running.add_agency(HOME, "The Beeches", STOKE)
        yield running


def feed(system, folder, *arguments):
    """The command as a process of its own."""
    home = str(system.settings.home)
    how = ("--as", STAFFORDSHIRE_POLICE, "--format", "police-extract", "--kafka", system.bootstrap)
    return subprocess.Popen(
        [sys.executable, "-m", "broker", "feed", str(folder), *how, "--home", home, *arguments],
        env={**os.environ, "HOMEWARD_CACHE": str(_CACHE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeds_ctrl_c,
    )


async def ended(running):
    """Homeward runs in this event loop, so the wait is elsewhere."""
    _, err = await asyncio.to_thread(running.communicate, timeout=3 * LIMIT_SECONDS)
    return running.returncode, err


def lines(count, first=0):
    """Absences that are over, of nine children, each on an evening of its own."""
    found = []
    for number in range(first, first + count):
        gone = datetime(2026, 1, 1, 18) + timedelta(hours=7 * number)
        back = gone + timedelta(hours=5)
        found.append(
            compact(
                REPORT_NO=f"F-{number}", NOMINAL_REF=f"N-{number % 9}",
                FORENAME=f"MADE-UP {number % 9}", SURNAME="EXAMPLE",
                DATE_LAST_SEEN=f"{gone:%d/%m/%Y}", TIME_LAST_SEEN=f"{gone:%H:%M}",
                DATE_REPORTED=f"{gone:%d/%m/%Y}", TIME_REPORTED=f"{gone:%H:%M}",
                DATE_RETURNED=f"{back:%d/%m/%Y}", TIME_RETURNED=f"{back:%H:%M}", OUTCOME="SAFE",
            )
        )  # fmt: skip
    return found


def written(rows):
    return as_csv(*rows, encoding="cp1252")


def answers(file):
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def accepted(home):
    """How many messages the feed's memory holds as accepted."""
    file = home / "feeds" / f"{STAFFORDSHIRE_POLICE}.sqlite"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as held:
        try:
            return held.execute("SELECT count(accepted_at) FROM taken").fetchone()[0]
        except sqlite3.OperationalError:  # its table is being made
            return 0


def in_ledger(system):
    """How many messages of the force were accepted, how many absences, how many refused."""
    with closing(
        sqlite3.connect(f"file:{system.settings.home}/ledger.sqlite?mode=ro", uri=True)
    ) as held:
        of = "SELECT count(*) FROM message WHERE sender = ?"
        messages = held.execute(of, (STAFFORDSHIRE_POLICE,)).fetchone()[0]
        rejected = held.execute("SELECT coalesce(sum(rejected), 0) FROM position").fetchone()[0]
        return messages, held.execute("SELECT count(*) FROM episode").fetchone()[0], rejected


@pytest.mark.anyio
async def test_a_feed_that_is_killed_takes_nothing_twice_and_loses_nothing(system, tmp_path):
    home = system.settings.home
    (tmp_path / "drop.csv").write_bytes(written(lines(LINES)))
    running = feed(system, tmp_path, "--quiet", "0.1")
    try:
        await until_asked(lambda: accepted(home) > 0)
    finally:
        running.send_signal(signal.SIGKILL)
        await ended(running)
    assert (tmp_path / "drop.csv").exists(), "what was not answered stays"

    code, err = await ended(feed(system, tmp_path, "--once", "--quiet", "0.1"))

    assert code == 0, err
    assert not (tmp_path / "drop.csv").exists()
    said = answers(tmp_path / "taken" / "drop.csv.answers.csv")
    assert [int(one["line"]) for one in said] == [n for n in range(2, LINES + 2) for _ in range(2)]
    assert {one["outcome"] for one in said} <= {"accepted", "taken before"}
    assert all(one["episode"] for one in said)
    assert in_ledger(system) == (2 * LINES, LINES, 0)

    # Tomorrow's file holds the same again, one line that nobody can read, and one that is new; a
    # second one is still being written, and another has lost its memory of what was taken.
    tomorrow = [*lines(LINES), *lines(2, LINES)]
    tomorrow[-2]["CATEGORY"] = "MISPER"
    (tmp_path / "drop.csv").write_bytes(written(tomorrow))
    half = written(lines(5, 900))[:-40]
    (tmp_path / "half.csv").write_bytes(half)
    running = feed(system, tmp_path, "--quiet", "0.1", "--patience", "600")
    try:
        goal = tmp_path / "taken" / "drop.2.csv.answers.csv"
        await until_asked(goal.exists)
        said = answers(goal)
        assert [one["outcome"] for one in said].count("taken before") == 2 * LINES
        (bad,) = [one for one in said if one["outcome"] == "refused"]
        assert (bad["line"], bad["column"]) == (str(LINES + 2), "CATEGORY")
        assert "MISPER" not in bad["words"]
        assert [one["line"] for one in said if one["outcome"] == "accepted"] == [str(LINES + 3)] * 2
        assert (tmp_path / "half.csv").read_bytes() == half, "left alone"
        (tmp_path / "half.csv").write_bytes(written(lines(5, 900)))
        await until_asked((tmp_path / "taken" / "half.csv").exists)
    finally:
        running.send_signal(signal.SIGINT)
        code, err = await ended(running)
    assert code == 0, err
    assert in_ledger(system) == (2 * (LINES + 6), LINES + 6, 0)


@pytest.mark.anyio
async def test_a_memory_that_is_lost_leaves_it_to_homeward_to_know_what_it_has(system, tmp_path):
    before = in_ledger(system)
    (tmp_path / "drop.csv").write_bytes(written(lines(3)))
    for file in (system.settings.home / "feeds").glob("*.sqlite*"):
        file.unlink()

    code, err = await ended(feed(system, tmp_path, "--once", "--quiet", "0.1"))

    assert code == 0, err
    assert (tmp_path / "taken" / "drop.csv").exists()
    said = answers(tmp_path / "taken" / "drop.csv.answers.csv")
    assert [one["outcome"] for one in said] == ["taken before"] * 6
    assert in_ledger(system)[:2] == before[:2]
