"""A log line is JSON, says what happened, and cannot hold anything about a person."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from broker import logs, timekeeper
from broker.errors import Unavailable


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where it goes; everything is as it was afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logs._QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_an_event_with_fields_level_and_time(out):
    structlog.get_logger().info("took in", records=3)

    [line] = lines(out)
    assert line.pop("at").endswith("Z")
    assert line == {"event": "took in", "records": 3, "level": "info"}


def test_a_field_that_is_not_on_the_list_is_dropped(out):
    structlog.get_logger().info("took in", given_name="Jack", body={"a": 1}, records=3)

    assert "Jack" not in out.getvalue()
    assert lines(out)[0]["records"] == 3


def test_an_error_that_is_not_ours_shows_its_kind_and_place_only(out):
    try:
        raise ValueError("Jack Example")
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)

    assert "Jack" not in out.getvalue()
    assert lines(out)[0]["error"] == "ValueError"
    assert "test_logs.py" in lines(out)[0]["where"][0]


def test_our_own_error_shows_its_words_and_the_kind_of_its_cause(out):
    error = Unavailable("the ledger does not answer")
    error.__cause__ = OSError("Jack Example")

    structlog.get_logger().error("failed", exc_info=error)

    assert lines(out)[0]["error"] == "Unavailable: the ledger does not answer from OSError"


def test_libraries_are_heard_from_warnings_on(out):
    logging.getLogger("aiokafka.cluster").info("quiet")
    logging.getLogger("aiokafka.cluster").warning("node %s is away", 3)

    [line] = lines(out)
    assert (line["event"], line["library"]) == ("node 3 is away", "aiokafka.cluster")
    assert line["level"] == "warning"


def test_what_a_library_says_with_an_error_is_cut_before_the_words_of_the_error(out):
    try:
        raise ValueError("Jack Example")
    except ValueError as error:
        logging.getLogger("faststream").error(f"ValueError: {error}", exc_info=error)

    assert "Jack" not in out.getvalue()
    assert lines(out)[0]["event"] == "ValueError"


def test_a_library_that_repeats_itself_is_heard_twice_a_minute(out):
    now = [0.0]
    handler = logs.FromLibraries(clock=lambda: now[0])
    record = logging.makeLogRecord({"name": "aiokafka", "msg": "away", "levelno": 40})

    for now[0] in (0.0, 1.0, 2.0, 31.0):
        handler.emit(record)

    assert [line.get("suppressed", 0) for line in lines(out)] == [0, 2]


def test_a_terminal_gets_lines_for_reading(capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    logs.set_up(out)
    structlog.get_logger().info("took in", records=3, given_name="Jack")
    structlog.reset_defaults()

    assert "took in" in out.getvalue()
    assert "Jack" not in out.getvalue()


def test_the_parts_log_through_it_although_they_were_imported_before(out):
    timekeeper.log.info("fired", fired=3, given_name="Jack")

    [line] = lines(out)
    assert (line["part"], line["fired"]) == ("timekeeper", 3)
    assert "given_name" not in line


def test_no_module_binds_its_logger_while_it_is_imported():
    # That would fix the settings of before `set_up`, which drop nothing.
    root = Path(__file__).parents[2]
    files = [
        file
        for each in ("broker", "consumers", "producers")
        for file in root.glob(f"{each}/**/*.py")
    ]

    assert [file.name for file in files if "get_logger().bind" in file.read_text()] == []
