"""
What Homeward logs, and the guarantee that a log never holds anything about a person.

A line is an event and fields. Fields that are not on the list below are dropped, whoever logged
them. Of an error that is not our own only its kind and place are kept: the texts of libraries quote
values. Libraries are let through from warnings on.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

from broker.errors import HomewardError

Fields = MutableMapping[str, Any]

SAFE = frozenset(
    {
        *("event", "level", "at", "library", "error", "where", "suppressed"),
        *("part", "holder", "shard", "batch", "topic", "partition", "offset", "agency"),
        *("records", "accepted", "repeated", "rejected", "deliveries", "fired", "failed", "codes"),
        *("code", "outcome", "because", "state", "of", "count", "seconds", "limit_seconds"),
        *("difference_seconds", "lateness_seconds", "attempt", "version", "host", "port", "signal"),
    }
)

_QUIET = {
    "aiokafka": logging.WARNING,
    # It warns at every start that it makes no topics, which is what we want.
    "faststream": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.WARNING,
}
_LONGEST = 300
_FRAMES = 5


def set_up(stream: TextIO | None = None) -> None:
    """Log to stderr: one JSON object a line, or for reading when it is a terminal."""
    out = stream or sys.stderr
    renderer = (
        structlog.dev.ConsoleRenderer(colors=True)
        if out.isatty()
        else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            describe_error,
            only_safe,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[FromLibraries()], level=logging.WARNING, force=True)
    for name, level in _QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(level)


def only_safe(_: Any, __: str, fields: Fields) -> Fields:
    """Drop every field that is not known to be safe."""
    return {name: value for name, value in fields.items() if name in SAFE}


def describe_error(_: Any, __: str, fields: Fields) -> Fields:
    """Turn `exc_info` into what may be shown: kinds and places, and the words of our own errors."""
    given = fields.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given
    error = error[1] if isinstance(error, tuple) else error
    if isinstance(error, BaseException):
        fields["error"] = " from ".join(_named(error))
        fields["where"] = _places(error.__traceback__)
    return fields


def _named(error: BaseException | None) -> list[str]:
    names: list[str] = []
    while error is not None and len(names) < _FRAMES:
        ours = isinstance(error, HomewardError)
        names.append(f"{type(error).__name__}: {error}" if ours else type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return names


def _places(trace: TracebackType | None) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-_FRAMES:]


class FromLibraries(logging.Handler):
    """Hands what libraries log to structlog; what repeats itself comes twice a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, every: float = 30) -> None:
        super().__init__()
        self._clock, self._every = clock, every
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}
        self._seen_lock = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        suppressed = self._suppressed((record.name, str(record.msg)[:_LONGEST]))
        if suppressed is None:
            return
        error = record.exc_info[1] if record.exc_info else None
        fields: dict[str, Any] = {"library": record.name}
        if error is not None:
            fields["exc_info"] = error
        if suppressed:
            fields["suppressed"] = suppressed
        structlog.get_logger().log(record.levelno, _text(record, error), **fields)

    def _suppressed(self, key: tuple[str, str]) -> int | None:
        """How often this was held back since it was last let through; None: hold it back now."""
        now = self._clock()
        with self._seen_lock:
            last, held = self._seen.get(key, (-self._every, 0))
            if now - last < self._every:
                self._seen[key] = (last, held + 1)
                return None
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[key] = (now, 0)
            return held


def _text(record: logging.LogRecord, error: BaseException | None) -> str:
    """The first line; where it goes with an error, only up to what that error says."""
    line = record.getMessage().strip().partition("\n")[0][:_LONGEST]
    return line.partition(":")[0] if error is not None else line
