"""The processes that are measured: started, waited for, and heard at their end."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.child import Task, Told

LIMIT_SECONDS = 180.0
_ROOT = Path(__file__).parent.parent.parent


def start(module: str, task: Task) -> subprocess.Popen[str]:
    """A module of these benches as a process of its own."""
    command = [sys.executable, "-m", f"tests.bench.{module}", task.model_dump_json()]
    return subprocess.Popen(
        command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str]) -> Told:
    """What it told at its end."""
    try:
        out, err = process.communicate(timeout=LIMIT_SECONDS)
    except ValueError:  # it ended by itself, and that was said already
        return Told()
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == 0, f"a measured process failed:\n{err[-4000:]}"
    return Told.model_validate_json(out.strip().splitlines()[-1])


def until(
    true: Callable[[], bool],
    running: Iterable[subprocess.Popen[str]] = (),
    limit_seconds: float = LIMIT_SECONDS,
) -> None:
    """Return when it is true; an `AssertionError` after the limit, or when a process ended."""
    deadline = time.monotonic() + limit_seconds
    while not true():
        assert time.monotonic() < deadline, f"not done within {limit_seconds:g} s"
        for one in running:
            if one.poll() is not None:
                raise AssertionError(f"a measured process ended by itself:\n{one.communicate()[1]}")
        time.sleep(0.1)


@dataclass(frozen=True)
class Ran:
    """A command that ended well: what it printed, and what it took."""

    out: str
    seconds: float
    processor_seconds: float
    peak_bytes: int


def run(command: Sequence[str], limit_seconds: float = LIMIT_SECONDS) -> Ran:
    """Run a command to its end; an `AssertionError` if it ends badly, or not within the limit."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began, peak = time.monotonic(), 0
        process = subprocess.Popen(command, cwd=_ROOT, env=_as_installed(), stdout=out, stderr=err)
        while True:
            # Waited for by hand, as only so the system tells what this one child used. The memory
            # it tells of counts that of whoever started the child, so that is looked up meanwhile.
            peak = _most_memory(process.pid) or peak
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - began > limit_seconds:
                process.kill()
                limit_seconds = float("inf")
            time.sleep(0.005)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        assert process.returncode == 0, f"{command[1:4]} failed:\n{err.read()[-4000:]}"
        processor = used.ru_utime + used.ru_stime
        return Ran(out.read(), seconds, processor, peak)


def _as_installed() -> dict[str, str]:
    """Python keeps what it has compiled, also where whoever runs the bench has it not do so."""
    return {name: said for name, said in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _most_memory(pid: int) -> int:
    """The most that a running process has had in memory, in bytes; 0 if it cannot be told."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    said = next((line.split() for line in lines if line.startswith("VmHWM:")), None)
    return int(said[1]) * 1024 if said else 0
